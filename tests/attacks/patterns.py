"""A process of its own: each of our patterns against texts made to hold it up. Prints each one's name before it starts.

`python -m tests.attacks.patterns`
"""

from __future__ import annotations

import collections
import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOMS = ("domain", "services", "storage", "handlers")
LENGTH = 20_000
MOST_SECONDS = 2.0
"""Of computing, for one pattern on all texts: twenty times what the slowest of them takes."""
# Times and requests as people say them: no more than natural_time.MOST_TYPED and assistant.MOST_CHARACTERS characters
# come this far.
BOUNDED = {"domain.outreach.time_words", "domain.assistant"}
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


def main() -> None:
    """Each of them on each text, as it is used."""
    for name, pattern, methods in patterns():
        print(name, flush=True)  # noqa: T201 - the test reads it
        begun = time.process_time()
        for pump in PUMPS:
            for end in ENDS:
                text: Any = pump * (LENGTH // len(pump)) + end
                if isinstance(pattern.pattern, bytes):
                    text = text.encode()
                for method in methods:
                    # Where it is found is enough: a replacement takes no longer than finding all.
                    use = getattr(pattern, "finditer" if method in ("sub", "findall", "split") else method)
                    found = use(text)
                    if method in ("sub", "findall", "split", "finditer"):
                        collections.deque(found, maxlen=0)
                if time.process_time() - begun > MOST_SECONDS:
                    sys.exit(f"{name} is held up by {pump!r} and then {end!r}")


if __name__ == "__main__":
    main()
