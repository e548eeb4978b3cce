"""A process of its own that listens to one recording: `python -P listening_engine.py RECORDING LANGUAGE`.

It writes a JSON line for every part that it has heard (`start`, `end` in seconds, `text`), then `{"done": true}`; or
`{"failed": "model"|"sound", "why": ...}`. With `--check` it only says whether the model can be loaded as it lies here,
and brings nothing from anywhere. It ends as soon as its standard input does: nobody waits for it any more.

Whatever the engine's native code does to its process, the bot goes on; its memory is given back; and it can be ended
at once. It is run by its path and imports nothing of ours, so it starts quickly.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

ENGINE = "faster_whisper"
MODEL = "WHISPER_MODEL"
"""The environment variable that names the engine's model: its name, or a folder in which it lies."""
DEFAULT = "small"
LONGEST_WHY = 500


def main(arguments: list[str]) -> None:
    """Listen, or check."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    # What packages print by themselves goes elsewhere: the lines are ours alone.
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**said: object) -> None:
        lines.write(f"{json.dumps(said)}\n")
        lines.flush()

    check = arguments == ["--check"]
    try:
        model = _model(only_here=check)
    except Exception as fault:  # noqa: BLE001 - whatever the engine raises, whoever runs the bot reads it
        say(failed="model", why=_why(fault))
        return
    if not check:
        sound, language = arguments
        try:
            for part in _parts(model, sound, language):
                say(start=float(part.start), end=float(part.end), text=str(part.text))
        except Exception as fault:  # noqa: BLE001 - the same; each version has its own errors
            say(failed="sound", why=_why(fault))
            return
    say(done=True)


def _end_with_input() -> None:
    # Nothing ever comes. It ends when whoever has started us does, however that happens.
    os.read(0, 1)
    os._exit(1)


def _model(*, only_here: bool) -> Any:
    engine = __import__(ENGINE)
    return engine.WhisperModel(os.environ.get(MODEL) or DEFAULT, local_files_only=only_here)


def _parts(model: Any, sound: str, language: str) -> Iterable[Any]:
    """What is heard, one after the other: the engine listens while this is read. Silence is left out."""
    parts, _about = model.transcribe(sound, language=language or None, vad_filter=True)
    found: Iterable[Any] = parts
    return found


def _why(fault: Exception) -> str:
    return f"{type(fault).__name__}: {' '.join(str(fault).split())}"[:LONGEST_WHY]


if __name__ == "__main__":
    main(sys.argv[1:])
