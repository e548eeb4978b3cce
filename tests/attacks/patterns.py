"""A process of its own: each of our patterns against texts made to hold it up. Prints each one's name before it starts.

`python -m tests.attacks.patterns`
"""

from __future__ import annotations

import collections
import importlib
import itertools
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOMS = ("domain", "services", "storage", "handlers")
SHORT, LONG = 8_000, 32_000
"""Characters: what takes noticeably long for a short text is tried with one four times as long."""
NOTICED = 0.008
"""Seconds of computing for one short text; most patterns take less than a tenth of it."""
GROWTH = 8.0
"""Four times the text may take four times as long, and with some unevenness twice that; where each character is a new
beginning it takes sixteen times as long."""
# Times and requests as people say them: no more than natural_time.MOST_TYPED and assistant.MOST_CHARACTERS characters
# come this far; nor sentences of more than plain_notes' 500.
BOUNDED = {
    "domain.outreach.time_words",
    "domain.pipeline.objections",
    *(f"domain.assistant.{room}" for room in ("requests", "orders", "questions", "lookups")),
    "domain.assistant",
}
WORDS = """
    a A 1 0 - + . , @ < > ( ) [ # / : & あ ア ー 一 十 株 株式会社 不 oh ou tch ext
    <@ <@A| a. a@ a@a. 1, 1. (株 午後一 v1= %(a
"""
PUMPS = [
    *WORDS.split(),
    " ",
    "　",
    "\t",
    "\n",
    "\0",
    "\x01",
    "\x03",
    "内線 ",
    "ext ",
    "(カ ",
    "( ",
    "1 ",
    " a",
    ". ",
    "\n ",
]
ENDS = ["", "x", "\n\nx", "@"]


USED = re.compile(r"\.(search|match|fullmatch|sub|findall|split|finditer)\(")


def patterns() -> Iterator[tuple[str, re.Pattern[Any], set[str]]]:
    """Every compiled pattern that a module of ours holds, with its name, and what it is used for there."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations." in info.name or info.name in BOUNDED:
                continue
            module = importlib.import_module(info.name)
            source = Path(str(module.__file__)).read_text(encoding="utf-8")
            for name, value in vars(module).items():
                called = {found[1] for found in USED.finditer(source) if source[: found.start()].endswith(name)}
                for found, method in _within(value):
                    yield f"{info.name}.{name}", found, {method} if method else called or {"search"}


def _within(value: Any) -> Iterator[tuple[re.Pattern[Any], str]]:
    if isinstance(value, re.Pattern):
        yield value, ""
    elif isinstance(getattr(value, "__self__", None), re.Pattern):
        yield value.__self__, value.__name__
    elif isinstance(value, dict):
        yield from _within(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _within(part)


def seconds(pattern: re.Pattern[Any], method: str, pump: str, end: str, length: int) -> float:
    """The computing time of one use on such a text."""
    text: Any = pump * (length // len(pump)) + end
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    # Where it is found is enough: a replacement takes no longer than finding all.
    many = method in ("sub", "findall", "split", "finditer")
    use = getattr(pattern, "finditer" if many else method)
    begun = time.process_time()
    found = use(text)
    if many:
        collections.deque(found, maxlen=0)
    return time.process_time() - begun


def held_up(pattern: re.Pattern[Any], method: str, pump: str, end: str) -> bool:
    """Whether a longer text takes more than its share. Measured three times where it seems so: others compute too."""
    if seconds(pattern, method, pump, end, SHORT) < NOTICED:
        return False
    short = min(seconds(pattern, method, pump, end, SHORT) for _ in range(3))
    return min(seconds(pattern, method, pump, end, LONG) for _ in range(3)) > GROWTH * max(short, NOTICED / 4)


def main() -> None:
    """Each of them on each text, as it is used."""
    for name, pattern, methods in patterns():
        print(name, flush=True)  # noqa: T201 - the test reads it
        for pump, end, method in itertools.product(PUMPS, ENDS, sorted(methods)):
            if held_up(pattern, method, pump, end):
                sys.exit(f"{name} is held up by {pump!r} and then {end!r}")


if __name__ == "__main__":
    main()
