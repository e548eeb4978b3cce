"""Recordings cut into pieces that a language model's server takes, in a process of their own.

What is decoded here comes from anybody, by libraries written in C: so it happens in a process that knows no secret, may
take so much memory and time and no more, opens nothing but the file it was given, and can fall over alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

if TYPE_CHECKING:
    import numpy as np
    from av.container import InputContainer

MOST_SECONDS: Final = 1_300.0
"""Of a piece. gpt-4o-transcribe-diarize takes 1,400 seconds at the most, its siblings 1,500."""
MOST_BYTES: Final = 24_000_000
"""Of a piece; OpenAI takes 25 MB."""
LONGEST_SECONDS: Final = 8 * 3600.0
"""Of a recording."""
WORK_SECONDS: Final = 900.0
"""Of waiting for the process."""
MEMORY: Final = 2 * 1024**3

RATE: Final = 16_000
"""Samples a second: speech holds nothing above what these can tell."""
BIT_RATE: Final = 48_000
SEARCHED: Final = 30
"""Seconds before the end of a piece in which the quietest moment is looked for."""
BLOCK: Final = RATE // 5
FORMATS: Final = "aac,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,wav"
"""Containers that hold what they play. Play lists name other files and addresses, and are none."""


class Unreadable(Exception):
    """Nothing here can tell what is in the file."""


class TooLong(Exception):
    """A recording of more than `LONGEST_SECONDS`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a recording, in a file of its own: from when on, and how long (None: nobody knows), in seconds."""

    path: Path
    start: float
    seconds: float | None


async def pieces(source: Path, folder: Path, *, most: float = MOST_SECONDS) -> list[Piece]:
    """The recording as pieces that are short and small enough, in their order: the file itself where it is, else MP3
    files in the folder, cut where it is quiet. Raises Unreadable, TooLong."""
    told = await _child("cut", str(source), str(folder), str(most))
    return [Piece(Path(each["path"]), float(each["start"]), float(each["seconds"])) for each in told]


async def clips(source: Path, folder: Path, spans: Sequence[tuple[float, float]]) -> list[bytes]:
    """What is heard between these seconds (at least one pair), each as an MP3 file. Raises Unreadable, also
    where a pair is after the end."""
    told = await _child("clips", str(source), str(folder), json.dumps(spans))
    return await asyncio.gather(*(asyncio.to_thread(Path(each["path"]).read_bytes) for each in told))


async def _child(*arguments: str) -> list[dict[str, Any]]:
    # Isolated (-I): nothing of the environment or of the folder it is started in changes what it runs.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        __file__,
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
    )
    try:
        async with asyncio.timeout(WORK_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        raise Unreadable from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Unreadable
    told: dict[str, Any] = json.loads(said)
    if "trouble" in told:
        raise TooLong if told["trouble"] == "long" else Unreadable
    made: list[dict[str, Any]] = told["pieces"]
    return made


# In the process of its own


def _limited() -> None:
    """So much memory and time and no more, where the system can be told so."""
    try:
        import resource
    except ImportError:
        # Windows.
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(WORK_SECONDS)),
        (resource.RLIMIT_CORE, 0),
    ):
        # A process may be held to less already, and cannot be allowed more again; macOS knows no limit of memory.
        with contextlib.suppress(ValueError):
            resource.setrlimit(kind, (most, most))


def _elsewhere(*_: object) -> NoReturn:
    raise PermissionError("a recording names another file")


def _opened(file: BinaryIO) -> InputContainer:
    import av

    container = av.open(file, "r", container_options={"format_whitelist": FORMATS}, io_open=_elsewhere)
    if not container.streams.audio:
        raise ValueError("no sound")
    return container


def _seconds(container: InputContainer) -> float | None:
    """How long it says it is."""
    import av

    stream = container.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _samples(container: InputContainer) -> Iterator[np.ndarray[Any, Any]]:
    """The sound in mono, at our rate, a second or more at a time. What is damaged is left out."""
    import av
    import numpy as np
    from av.audio.resampler import AudioResampler

    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    found: list[np.ndarray[Any, Any]] = []
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            frame.pts = None
            found += [each.to_ndarray().reshape(-1) for each in resampler.resample(frame)]
        if sum(each.size for each in found) >= RATE:
            yield np.concatenate(found)
            found.clear()
    found += [each.to_ndarray().reshape(-1) for each in resampler.resample(None)]
    if found:
        yield np.concatenate(found)


class _Written:
    """An MP3 file in the making."""

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        self.samples = 0
        self._container = av.open(str(path), "w", format="mp3")
        self._stream = self._container.add_stream("libmp3lame", rate=RATE, layout="mono", bit_rate=BIT_RATE)

    def write(self, samples: np.ndarray[Any, Any]) -> None:
        """What follows."""
        from av.audio.frame import AudioFrame

        if not samples.size:
            return
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16p", layout="mono")
        frame.sample_rate = RATE
        self.samples += samples.size
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """The end of it."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


def _quietest(samples: np.ndarray[Any, Any]) -> int:
    """Where to cut: in the middle of the quietest fifth of a second."""
    import numpy as np

    count = samples.size // BLOCK
    if not count:
        return int(samples.size)
    blocks = samples[: count * BLOCK].astype(np.float64).reshape(count, BLOCK)
    return int(np.argmin((blocks**2).mean(axis=1))) * BLOCK + BLOCK // 2


def _cut(source: Path, folder: Path, most: float) -> list[dict[str, Any]]:
    import numpy as np

    with source.open("rb") as file, _opened(file) as container:
        known = _seconds(container)
        if known is not None and known > LONGEST_SECONDS:
            raise OverflowError
        small = source.stat().st_size <= MOST_BYTES
        # Some files say that they end before they begin.
        if known is not None and 0 < known <= most and small:
            return [{"path": str(source), "start": 0.0, "seconds": known}]
        whole, searched = int(most * RATE), int(min(SEARCHED, most / 2) * RATE)
        made: list[_Written] = [_Written(folder / "part-1.mp3")]
        held, total = np.zeros(0, dtype=np.int16), 0
        for samples in _samples(container):
            total += samples.size
            if total > LONGEST_SECONDS * RATE:
                raise OverflowError
            held = np.concatenate((held, samples))
            while made[-1].samples + held.size >= whole:
                room = whole - made[-1].samples
                begin = max(0, room - searched)
                at = begin + _quietest(held[begin:room])
                made[-1].write(held[:at])
                made[-1].close()
                made.append(_Written(folder / f"part-{len(made) + 1}.mp3"))
                held = held[at:]
            if held.size > 2 * searched:
                made[-1].write(held[:-searched])
                held = held[-searched:]
        made[-1].write(held)
        made[-1].close()
    if small and len(made) == 1:
        return [{"path": str(source), "start": 0.0, "seconds": total / RATE}]
    found, start = [], 0
    for each in made:
        if each.samples:
            found.append({"path": str(each.path), "start": start / RATE, "seconds": each.samples / RATE})
        start += each.samples
    return found


def _clips(source: Path, folder: Path, spans: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    made = [_Written(folder / f"clip-{number}.mp3") for number, _ in enumerate(spans, 1)]
    with source.open("rb") as file, _opened(file) as container:
        at = 0
        for samples in _samples(container):
            for (begin, end), clip in zip(spans, made, strict=True):
                first, last = int(begin * RATE) - at, int(end * RATE) - at
                clip.write(samples[max(0, first) : max(0, last)])
            at += samples.size
            if at > max(end for _, end in spans) * RATE:
                break
    if not all(clip.samples for clip in made):
        raise ValueError("nothing is heard there")
    for clip in made:
        clip.close()
    return [{"path": str(clip.path)} for clip in made]


def _main(task: str, source: str, folder: str, given: str) -> dict[str, Any]:
    import av

    try:
        if task == "cut":
            return {"pieces": _cut(Path(source), Path(folder), float(given))}
        return {"pieces": _clips(Path(source), Path(folder), json.loads(given))}
    except OverflowError:
        return {"trouble": "long"}
    except (av.error.FFmpegError, ValueError, OSError, MemoryError):
        return {"trouble": "unreadable"}


if __name__ == "__main__":
    _limited()
    sys.stdout.write(json.dumps(_main(*sys.argv[1:])))
