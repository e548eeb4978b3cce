"""Recordings too long for one request are cut where it is quiet, heard piece by piece, and put together again."""

from __future__ import annotations

import base64
import json
import math
import struct
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import av
import pytest

from domain.errors import Code, Refused
from domain.model import Sharing
from services import listening, model, sound
from tests.servers.model import ModelServer, Spoken
from tests.services.office import Office
from tests.services.test_model import asking as asking

RATE = 16_000


def recording(path: Path, seconds: float, quiet: tuple[float, float] = (0, 0)) -> Path:
    """A hum, with silence between two moments."""
    samples = [
        0 if quiet[0] <= at / RATE < quiet[1] else round(8000 * math.sin(at / 11)) for at in range(int(seconds * RATE))
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def length(path: Path) -> float:
    """Seconds that can be heard."""
    with av.open(str(path)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


async def test_long_recording_is_cut_where_it_is_quiet_and_nothing_is_lost(tmp_path: Path) -> None:
    whole = recording(tmp_path / "a.wav", 10, quiet=(3.0, 3.6))
    assert [(each.path, each.seconds) for each in await sound.pieces(whole, tmp_path)] == [(whole, 10.0)]
    cut = await sound.pieces(whole, tmp_path, most=4)
    first = cut[0]
    assert first.start == 0
    assert first.seconds is not None
    assert 3.0 < first.seconds < 3.6
    at = 0.0
    for each in cut:
        assert each.start == pytest.approx(at)
        assert each.seconds is not None
        assert each.seconds <= 4
        # An MP3 file is a little longer than what is in it.
        assert length(each.path) == pytest.approx(each.seconds, abs=0.2)
        at += each.seconds
    assert at == pytest.approx(10)
    (clip,) = await sound.clips(cut[0].path, tmp_path, [(0.5, 2.5)])
    (tmp_path / "clip.mp3").write_bytes(clip)
    assert length(tmp_path / "clip.mp3") == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no sound at all",
        b"#EXTM3U\n#EXTINF:5,\n/etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"RIFF\xff\xff\xff\x7fWAVEfmt ",
    ],
)
async def test_what_is_no_recording_is_refused_and_opens_nothing_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(sound.Unreadable):
        await sound.pieces(path, tmp_path)


async def test_list_that_names_a_real_recording_is_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As FFmpeg reads it: beside the folder it is started in.
    monkeypatch.chdir(tmp_path)
    recording(tmp_path / "a.wav", 1)
    (tmp_path / "list.mp3").write_text("ffconcat version 1.0\nfile a.wav\n", "utf-8")
    with pytest.raises(sound.Unreadable):
        await sound.pieces(tmp_path / "list.mp3", tmp_path, most=0.5)


def test_process_that_may_have_less_than_the_limits_already_reads_recordings(tmp_path: Path) -> None:
    whole = recording(tmp_path / "a.wav", 0.5)
    # A shell lowers its own limit, and nobody can raise it again.
    limited = f'ulimit -v {sound.MEMORY // 1024 - 1000}; exec "$@"'
    cut = [sys.executable, "-I", sound.__file__, "cut", str(whole), str(tmp_path), "4"]
    told = subprocess.run(["/bin/sh", "-c", limited, "sh", *cut], capture_output=True, check=True)  # noqa: S603 - ours
    assert json.loads(told.stdout) == {"pieces": [{"path": str(whole), "start": 0.0, "seconds": 0.5}]}


async def test_what_would_be_heard_after_the_end_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(sound.Unreadable):
        await sound.clips(recording(tmp_path / "a.wav", 1), tmp_path, [(0.0, 0.5), (3.0, 5.0)])


async def test_recording_of_days_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav", 0.1)
    content = bytearray(path.read_bytes())
    # A day, at a sample a second.
    content[24:28] = struct.pack("<I", 1)
    content[28:32] = struct.pack("<I", 2)
    path.write_bytes(bytes(content) + bytes(2 * 86_400))
    header = path.read_bytes()
    path.write_bytes(header[:40] + struct.pack("<I", 2 * 86_400) + header[44:])
    with pytest.raises(sound.TooLong):
        await sound.pieces(path, tmp_path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_pieces_are_heard_as_one_conversation_with_the_same_people_in_it(
    asking: Any, office: Office, model_server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "MOST_SECONDS", 4.0)
    await model.set_rules(asking, office.mori, Sharing.FULL, 1000, recordings=True)
    whole = recording(tmp_path / "a.wav", 7, quiet=(3.0, 3.6))
    model_server.enqueue(
        # Nobody is heard after the end of a piece, whatever the server says.
        Spoken([(0.0, 2.5, "A", "ご予算はいかがですか。"), (2.5, 2.9, "B", "はい。"), (9.0, 12.0, "B", "")]),
        # Who speaks most has been shown; the other one is new to it, and so is called by a letter that is taken.
        Spoken([(0.1, 1.0, "voice_A", "来月ご返事をください。"), (1.2, 2.0, "A", "承知しました。")]),
    )
    heard = await listening.transcript(asking, "T1", whole, "ja", member_id=office.sato.member_id)
    first, second = model_server.requests
    assert first.filename == "part-1.mp3"
    assert "known_speaker_names[]" not in first.body
    assert second.body["known_speaker_names[]"] == ["voice_A"]
    (voice,) = second.body["known_speaker_references[]"]
    kind, _, content = voice.partition(",")
    assert kind == "data:audio/mpeg;base64"
    (tmp_path / "voice.mp3").write_bytes(base64.b64decode(content))
    assert 2.0 <= length(tmp_path / "voice.mp3") <= 3.0
    assert [(each.speaker, each.text) for each in heard.utterances] == [
        ("A", "ご予算はいかがですか。"),
        ("B", "はい。"),
        ("A", "来月ご返事をください。"),
        ("C", "承知しました。"),
    ]
    start = heard.utterances[2].start_ms
    assert start is not None
    assert 3_000 < start - 100 < 3_600


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_recording_that_nobody_can_read_and_is_too_large_is_not_sent(
    asking: Any, office: Office, model_server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "MOST_BYTES", 10)
    await model.set_rules(asking, office.mori, Sharing.FULL, 1000, recordings=True)
    path = tmp_path / "a.mp3"
    path.write_bytes(b"no sound at all")
    with pytest.raises(Refused, match=Code.INVALID):
        await listening.transcript(asking, "T1", path, "ja")
    assert model_server.requests == []
