"""What a person is told where they cannot do something."""

from __future__ import annotations


class PersonError(Exception):
    """A person cannot do that; `status` is a 4xx code, `sentence` says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
