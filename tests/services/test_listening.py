"""The engine on this machine listens in a process of its own; whatever happens to that is told in words.

tests/stand_ins/faster_whisper.py stands for the engine, which is no part of the product.
"""

from __future__ import annotations

import asyncio
import io
import os
import wave
from pathlib import Path

import pytest

from bot.doctor import State
from bot.doctor_model import recordings as diagnosis
from domain.model import Reason, Unavailable
from domain.pipeline.recordings import Failed, Progress, Trouble
from handlers.i18n import translator
from services import listening
from services.pipeline import recording_work, recordings
from tests.services.office import Office
from tests.services.pipeline.test_recordings import Slack, drop
from tests.stand_ins.faster_whisper import SAID

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STAND_INS = str(Path(__file__).parent.parent / "stand_ins")
DEADLINE = 30.0


def speech(said: str) -> bytes:
    """A recording of a tenth of a second, behind which stands what the stand-in hears in it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(1600))
    return file.getvalue() + SAID + said.encode()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an engine, and its model lies in a folder."""
    monkeypatch.syspath_prepend(STAND_INS)
    monkeypatch.setenv("PYTHONPATH", STAND_INS)
    monkeypatch.setenv("WHISPER_MODEL", str(tmp_path))


async def test_recording_is_heard_on_this_machine_though_there_is_no_model_server(
    office: Office, engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listening.local()
    deps, lead = office.deps, await office.lead("青葉 一郎")
    troubles = {
        "noise": Trouble.NO_SOUND,
        "一つ目です。\ndie": Trouble.ENGINE,
        "\n\n": Trouble.EMPTY,
    }
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "xyz")
    playlist = await drop(office, "list.m4a", "F9")
    assert playlist is not None
    await recordings.confirm(deps, office.sato, playlist, lead)
    await recording_work.work(deps, office.team_id, playlist, Slack(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"))
    assert (await recordings.view(deps, office.team_id, playlist)).trouble is Trouble.NO_SOUND
    for number, (sound, trouble) in enumerate(troubles.items()):
        made = await drop(office, "call.m4a", f"F{number}")
        assert made is not None
        await recordings.confirm(deps, office.sato, made, lead)
        await recording_work.work(deps, office.team_id, made, Slack(speech(sound)))
        failed = await recordings.view(deps, office.team_id, made)
        assert (failed.progress, failed.trouble) == (Progress.FAILED, trouble)
    # What failed once is tried again by a click, here with what can be heard.
    await recordings.retry(deps, office.sato, made)
    said = "お世話になっております、佐藤と申します。\n\n今期の予算として500万円を確保しています。"
    await recording_work.work(deps, office.team_id, made, Slack(speech(said)))
    done = await recordings.view(deps, office.team_id, made)
    assert (done.progress, done.trouble) == (Progress.DONE, None)
    assert [(each.proposed.value, each.proposed.source.start_ms) for each in done.proposals][:1] == [(5_000_000, 5_000)]


async def test_engine_ends_with_whoever_waits_for_it_and_the_bot_goes_on_meanwhile(
    office: Office, engine: None, tmp_path: Path
) -> None:
    sound, mark = tmp_path / "long.wav", tmp_path / "pid"
    sound.write_bytes(speech(f"forever {mark}"))
    waiting = asyncio.create_task(listening.transcript(office.deps, office.team_id, sound, "ja"))
    async with asyncio.timeout(DEADLINE):
        # This loop goes on, though the engine never gives anything back.
        while not (mark.exists() and mark.read_text("utf-8")):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        pid = int(mark.read_text("utf-8"))
        os.kill(pid, 0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_model_that_is_not_there_is_said_to_people_and_by_the_doctor(
    office: Office, engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    t = translator("ja")
    (good,) = await diagnosis(t)
    assert good.state is State.GOOD
    sound = tmp_path / "call.wav"
    sound.write_bytes(speech("はい。"))
    for name, words in (("small", "cached snapshot"), ("smal", "Invalid model size 'smal'")):
        monkeypatch.setenv("WHISPER_MODEL", name)
        with pytest.raises(Failed) as failed:
            await listening.transcript(office.deps, office.team_id, sound, "ja")
        assert failed.value.trouble is Trouble.ENGINE
        (bad,) = await diagnosis(t)
        assert (bad.state, words in bad.found, "WHISPER_MODEL" in bad.remedy) == (State.BAD, True, True)
    monkeypatch.setenv("WHISPER_MODEL", "hanging")
    monkeypatch.setattr(listening, "CHECK_SECONDS", 0.5)
    (bad,) = await diagnosis(t)
    assert (bad.state, "モデル hanging を読み込めませんでした" in bad.found) == (State.BAD, True)


async def test_without_an_engine_the_model_server_is_asked_and_the_doctor_is_silent(office: Office) -> None:
    assert not listening.local()
    assert await diagnosis(translator("en")) == []
    with pytest.raises(Unavailable) as unavailable:
        await listening.check(office.deps, office.team_id)
    assert unavailable.value.reason is Reason.NOT_CONFIGURED
