"""Recordings are listened to: by an engine on this machine where one is installed, else by the language model's server.

faster-whisper is such an engine. It is no part of the product: whoever runs it installs it beside it, and then no sound
leaves the house. Which of its models, the environment variable WHISPER_MODEL says.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

from domain.model import Unavailable
from domain.pipeline.transcripts import Transcript, from_pieces
from services import model
from services.deps import Deps

ENGINE = "faster_whisper"


@cache
def local() -> bool:
    """Whether an engine of our own is there."""
    return importlib.util.find_spec(ENGINE) is not None


async def check(deps: Deps, team_id: str) -> None:
    """Raise `Unavailable` where nobody would listen."""
    if local():
        return
    reason = await model.available(deps, team_id, recording=True)
    if reason is not None:
        raise Unavailable(reason)


async def transcript(
    deps: Deps, team_id: str, sound: Path, language: str, *, member_id: int | None = None
) -> Transcript:
    """What is said in a recording. Raises `Unavailable`; Refused: REQUIRED `transcript` where nothing is said."""
    if local():
        return await asyncio.to_thread(_heard, sound, language)
    segments = await model.transcribe(deps, team_id, sound, sound.name, language, member_id=member_id)
    return from_pieces((each.speaker, each.start_ms, each.end_ms, each.text) for each in segments)


def _heard(sound: Path, language: str) -> Transcript:
    segments, _about = _engine().transcribe(str(sound), language=language or None, vad_filter=True)
    return from_pieces(("", round(each.start * 1000), round(each.end * 1000), each.text) for each in segments)


@cache
def _engine() -> Any:
    """The engine, which takes seconds to load."""
    return importlib.import_module(ENGINE).WhisperModel(os.environ.get("WHISPER_MODEL", "small"))
