"""Recordings are listened to: by an engine on this machine where one is installed, else by the language model's server.

faster-whisper is such an engine. It is no part of the product: whoever runs it installs it beside it, and then no sound
leaves the house. Which of its models, the environment variable WHISPER_MODEL says.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import string
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from domain.errors import Code, Refused
from domain.model import Unavailable
from domain.pipeline.transcripts import Transcript, from_pieces
from services import model, sound
from services.deps import Deps
from services.model import Segment

ENGINE = "faster_whisper"
MOST_VOICES: Final = 4
"""So many the server can be shown."""
VOICE: Final = "voice_"
"""Before the names of voices that it is shown: whom it does not know it calls by letters."""
LEAST_SAMPLE, MOST_SAMPLE = 2.0, 8.0
"""Seconds of a voice that it is shown; it takes 2 to 10."""


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
    deps: Deps, team_id: str, recording: Path, language: str, *, member_id: int | None = None
) -> Transcript:
    """What is said in a recording. Raises `Unavailable`; Refused on `transcript`: REQUIRED where nothing is said,
    TOO_LONG, INVALID where it is no recording."""
    if local():
        return await asyncio.to_thread(_heard, recording, language)
    with tempfile.TemporaryDirectory(prefix="kakehashi-") as folder:
        segments = await _in_pieces(deps, team_id, recording, Path(folder), language, member_id)
    return from_pieces((each.speaker, each.start_ms, each.end_ms, each.text) for each in segments)


async def _in_pieces(
    deps: Deps, team_id: str, recording: Path, folder: Path, language: str, member_id: int | None
) -> list[Segment]:
    """What the server hears in each piece, as if it had heard the whole."""
    heard: list[Segment] = []
    voices: dict[str, bytes] = {}
    cut = await _cut(recording, folder)
    for piece in cut:
        segments = await model.transcribe(
            deps,
            team_id,
            piece.path,
            piece.path.name,
            language,
            member_id=member_id,
            length=piece.seconds,
            voices={f"{VOICE}{name}": voice for name, voice in voices.items()},
        )
        heard += _placed(segments, round(piece.start * 1000), {each.speaker for each in heard}, voices)
        if piece is cut[0] and len(cut) > 1:
            voices = await _voices(piece.path, folder, segments)
    return heard


async def _cut(recording: Path, folder: Path) -> list[sound.Piece]:
    try:
        return await sound.pieces(recording, folder, most=sound.MOST_SECONDS)
    except sound.TooLong:
        raise Refused(Code.TOO_LONG, "transcript") from None
    except sound.Unreadable:
        if (await asyncio.to_thread(recording.stat)).st_size > sound.MOST_BYTES:
            raise Refused(Code.INVALID, "transcript") from None
        # The server may know more kinds of files than we do.
        return [sound.Piece(recording, 0.0, None)]


def _placed(
    segments: Iterable[Segment], start_ms: int, before: Iterable[str], voices: Iterable[str]
) -> Iterable[Segment]:
    """A piece's segments as parts of the whole: their times, and nobody taken for somebody of another piece."""
    known = {"": ""} | {f"{VOICE}{name}": name for name in voices}
    free = [letter for letter in string.ascii_uppercase if letter not in {*before}]
    for each in segments:
        if each.speaker not in known:
            again = start_ms and (free.pop(0) if free else f"{each.speaker} {start_ms // 60_000}")
            known[each.speaker] = again or each.speaker
        yield replace(
            each,
            speaker=known[each.speaker],
            start_ms=None if each.start_ms is None else each.start_ms + start_ms,
            end_ms=None if each.end_ms is None else each.end_ms + start_ms,
        )


async def _voices(piece: Path, folder: Path, segments: Sequence[Segment]) -> dict[str, bytes]:
    """How those sound who speak most, by what the server calls them: it can tell them again in the next piece."""
    longest: dict[str, tuple[float, float]] = {}
    spoken: dict[str, float] = {}
    for each in segments:
        if each.speaker and each.start_ms is not None and each.end_ms is not None:
            begin, end = each.start_ms / 1000, each.end_ms / 1000
            spoken[each.speaker] = spoken.get(each.speaker, 0.0) + end - begin
            known_begin, known_end = longest.get(each.speaker, (0.0, 0.0))
            if end - begin > known_end - known_begin:
                longest[each.speaker] = (begin, end)
    names = [
        name
        for name in sorted(spoken, key=lambda name: -spoken[name])
        if name in longest and longest[name][1] - longest[name][0] >= LEAST_SAMPLE
    ][:MOST_VOICES]
    if not names:
        return {}
    spans = [(longest[name][0], min(longest[name][1], longest[name][0] + MOST_SAMPLE)) for name in names]
    try:
        return dict(zip(names, await sound.clips(piece, folder, spans), strict=True))
    except sound.Unreadable:
        return {}


def _heard(recording: Path, language: str) -> Transcript:
    segments, _about = _engine().transcribe(str(recording), language=language or None, vad_filter=True)
    return from_pieces(("", round(each.start * 1000), round(each.end * 1000), each.text) for each in segments)


@cache
def _engine() -> Any:
    """The engine, which takes seconds to load."""
    return importlib.import_module(ENGINE).WhisperModel(os.environ.get("WHISPER_MODEL", "small"))
