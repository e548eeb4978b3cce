"""Recordings are listened to: by an engine on this machine where one is installed, else by the language model's server.

faster-whisper is such an engine. It is no part of the product: whoever runs it installs it beside it, and then no sound
leaves the house, also when the engine cannot be used. It works in a process of its own (listening_engine.py), one
recording at a time: each takes all of the machine's processors, and much of its memory.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import math
import os
import string
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from domain.errors import Code, Refused
from domain.model import Unavailable
from domain.pipeline.recordings import Failed, Trouble
from domain.pipeline.transcripts import Transcript, from_pieces, tidy
from services import model, scratch, sound
from services.deps import Deps
from services.listening_engine import ENGINE
from services.model import Segment

log = logging.getLogger(__name__)

PROCESS: Final = Path(__file__).with_name("listening_engine.py")
SILENT_SECONDS: Final = 1800.0
"""An engine that has said nothing for so long hangs. The first time it may have its model to fetch."""
CHECK_SECONDS: Final = 60.0
"""So long whoever asks whether the engine can be used waits for it to load its model; it fetches nothing then."""
KEPT: Final = (
    *("PATH", "PYTHONPATH", "HOME", "USERPROFILE", "LOCALAPPDATA", "SYSTEMROOT", "TMP", "TEMP", "LANG", "LC_"),
    *("WHISPER_", "HF_", "XDG_CACHE_", "OMP_", "CUDA_", "NVIDIA_", "LD_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_"),
)
"""How the names begin of what the engine knows of our environment: it decodes what comes from anybody, and has no use
for our secrets."""
_TROUBLES: Final = {"model": Trouble.ENGINE, "sound": Trouble.NO_SOUND}
_one_at_a_time: Final = asyncio.Lock()
MOST_VOICES: Final = 4
"""So many the server can be shown."""
VOICE: Final = "voice_"
"""Before the names of voices that it is shown: whom it does not know it calls by letters."""
LEAST_SAMPLE, MOST_SAMPLE = 2.0, 8.0
"""Seconds of a voice that it is shown; it takes 2 to 10."""


def local() -> bool:
    """Whether an engine of our own is there."""
    return importlib.util.find_spec(ENGINE) is not None


async def engine_fault() -> str:
    """Why the engine of our own cannot be used as things are here, in its own words; "" where it can. Raises
    TimeoutError where it says nothing for `CHECK_SECONDS`."""
    async with asyncio.timeout(CHECK_SECONDS), aclosing(_said("--check")) as lines:
        async for said in lines:
            if "failed" in said:
                return str(said.get("why", ""))
            if said.get("done"):
                return ""
    return "It ended without a word."


async def check(deps: Deps, team_id: str) -> None:
    """Raise `Unavailable` where nobody would listen."""
    if local():
        return
    reason = await model.available(deps, team_id, recording=True)
    if reason is not None:
        raise Unavailable(reason)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server heard in a piece of a recording: from when on, and how long (None: nobody knows), in seconds. The
    segments' moments are the piece's own."""

    start: float
    seconds: float | None
    segments: tuple[Segment, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it, in words that a database holds."""
        said = [[tidy(each.text), each.start_ms, each.end_ms, tidy(each.speaker)] for each in self.segments]
        return {"start": self.start, "seconds": self.seconds, "said": said}

    @classmethod
    def from_json(cls, piece: Mapping[str, Any]) -> Heard:
        """What `to_json` gave."""
        return cls(piece["start"], piece["seconds"], tuple(Segment(*each) for each in piece["said"]))


Keep = Callable[[Sequence[Heard], int], Awaitable[None]]
"""(the pieces that have been heard, of how many): puts them down before the next is listened to."""


async def transcript(
    deps: Deps,
    team_id: str,
    recording: Path,
    language: str,
    *,
    member_id: int | None = None,
    heard: Sequence[Heard] = (),
    keep: Keep | None = None,
) -> Transcript:
    """What is said in a recording. `heard`: pieces that were put down before, to which nobody listens again.

    Raises `Unavailable`; `Failed` where our own engine cannot be used; Refused on `transcript`: REQUIRED where nothing
    is said, TOO_LONG, INVALID where it is no recording.
    """
    with scratch.folder() as folder:
        if local():
            async with _one_at_a_time:
                return await _heard(recording, folder, language)
        segments = await _in_pieces(deps, team_id, recording, folder, language, member_id, heard, keep)
    return from_pieces((each.speaker, each.start_ms, each.end_ms, each.text) for each in segments)


async def _in_pieces(
    deps: Deps,
    team_id: str,
    recording: Path,
    folder: Path,
    language: str,
    member_id: int | None,
    before: Sequence[Heard],
    keep: Keep | None,
) -> list[Segment]:
    """What the server hears in each piece, as if it had heard the whole."""
    heard: list[Heard] = []
    whole: list[Segment] = []
    voices: dict[str, bytes] = {}
    cut = await _cut(recording, folder)
    for number, piece in enumerate(cut):
        known = before[number] if number < len(before) else None
        if known is None or (known.start, known.seconds) != (piece.start, piece.seconds):
            # Cut elsewhere, or by another version: what was put down of the later pieces does not fit either.
            before = ()
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
            known = Heard(piece.start, piece.seconds, tuple(segments))
            if keep is not None and number + 1 < len(cut):
                await keep([*heard, known], len(cut))
        heard.append(known)
        whole += _placed(known.segments, round(piece.start * 1000), {each.speaker for each in whole}, voices)
        if number == 0 and len(cut) > 1:
            voices = await _voices(piece, folder, known.segments)
    return whole


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


async def _voices(piece: sound.Piece, folder: Path, segments: Sequence[Segment]) -> dict[str, bytes]:
    """How those sound who speak most, by what the server calls them: it can tell them again in the next piece."""
    # Listening models now and then hear somebody after the end.
    last = math.inf if piece.seconds is None else piece.seconds
    longest: dict[str, tuple[float, float]] = {}
    spoken: dict[str, float] = {}
    for each in segments:
        if each.speaker and each.start_ms is not None and each.end_ms is not None:
            begin, end = (min(ms / 1000, last) for ms in (each.start_ms, each.end_ms))
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
        return dict(zip(names, await sound.clips(piece.path, folder, spans), strict=True))
    except sound.Unreadable:
        return {}


async def _heard(recording: Path, folder: Path, language: str) -> Transcript:
    """What our own engine hears."""
    try:
        # The engine opens whatever a file asks for; what has been looked into here asks for nothing.
        (whole,) = await sound.pieces(recording, folder, most=sound.LONGEST_SECONDS)
    except sound.TooLong:
        raise Refused(Code.TOO_LONG, "transcript") from None
    except (sound.Unreadable, ValueError):
        raise Refused(Code.INVALID, "transcript") from None
    pieces: list[tuple[str, int | None, int | None, str]] = []
    async with aclosing(_said(str(whole.path), language)) as lines:
        async for said in lines:
            if said.get("done"):
                return from_pieces(pieces)
            if "failed" in said:
                log.error("The engine that listens failed: %s", said.get("why"))
                raise Failed(_TROUBLES[said["failed"]])
            pieces.append(("", round(said["start"] * 1000), round(said["end"] * 1000), said["text"]))
    # Killed, for its hunger for memory perhaps.
    log.error("The engine that listens ended in the middle of its work")
    raise Failed(Trouble.ENGINE)


async def _said(*arguments: str) -> AsyncGenerator[dict[str, Any], None]:
    """What an engine's process says, line by line; it ends with the block."""
    async with _process(*arguments) as output:
        while True:
            async with asyncio.timeout(SILENT_SECONDS):
                line = await output.readline()
            if not line:
                return
            yield json.loads(line)


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    # -P: its own folder is full of modules that have other modules' names.
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(PROCESS), *arguments),
        stdin=pipe,
        stdout=pipe,
        stderr=nothing,
        env={name: value for name, value in os.environ.items() if name.upper().startswith(KEPT)},
    )
    try:
        if started.stdout is None:
            raise RuntimeError("There is no pipe to read from.")
        yield started.stdout
    finally:
        # Also when whoever waited is being cancelled.
        if started.returncode is None:
            started.kill()
        await asyncio.shield(started.wait())
