"""faster-whisper as far as it is used: names, orders, defaults and kinds of errors are those of its version 1.2.1.

What it hears stands behind `SAID` at the end of the file, a part for each line; some words there, and some names of
models, make it do what goes wrong with the real one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAID = b"SAID:"
MODELS = ("tiny", "small")
LANGUAGES = ("ja", "en")


@dataclass
class Segment:
    """A part of what was said; seconds."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: None
    temperature: float | None


class WhisperModel:
    """The engine. A name is brought from the network, a folder is read."""

    def __init__(
        self,
        model_size_or_path: str,
        device: str = "auto",
        device_index: int = 0,
        compute_type: str = "default",
        cpu_threads: int = 0,
        num_workers: int = 1,
        download_root: str | None = None,
        local_files_only: bool = False,
        **_more: Any,
    ) -> None:
        if model_size_or_path == "hanging":
            time.sleep(600)
        if not os.path.isdir(model_size_or_path):  # noqa: PTH112 - as the real one does
            if model_size_or_path not in MODELS:
                raise ValueError(f"Invalid model size '{model_size_or_path}', expected one of: {', '.join(MODELS)}")
            raise FileNotFoundError("Cannot find an appropriate cached snapshot folder")
        # What packages say by themselves goes where it likes.
        print("loading")  # noqa: T201 - see above

    def transcribe(
        self,
        audio: str,
        language: str | None = None,
        task: str = "transcribe",
        log_progress: bool = False,
        beam_size: int = 5,
        *,
        vad_filter: bool = False,
        **_more: Any,
    ) -> tuple[Iterator[Segment], object]:
        """Parts, which are heard while they are read, and something about the whole."""
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"'{language}' is not a valid language code")
        content = Path(audio).read_bytes().partition(SAID)[2].decode()
        if content == "noise":
            raise ValueError("Invalid data found when processing input")
        if any("SECRET" in name for name in os.environ):
            raise RuntimeError("Somebody has told it a secret")
        return self._heard(content, silence=not vad_filter), object()

    def _heard(self, content: str, *, silence: bool) -> Iterator[Segment]:
        for number, line in enumerate(content.splitlines()):
            if line.startswith("forever"):
                Path(line.partition(" ")[2]).write_text(str(os.getpid()), "utf-8")
                while True:
                    time.sleep(0.05)
            if line == "die":
                os._exit(137)
            if line or silence:
                yield Segment(number, 0, number * 2.5, number * 2.5 + 2.0, f" {line}", [], -0.3, 1.0, 0.1, None, 0.0)
