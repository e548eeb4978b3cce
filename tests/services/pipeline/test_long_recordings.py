"""A recording that is heard in pieces goes on at the piece it had come to, whatever stopped it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.model import Sharing
from domain.pipeline.recordings import Progress, Trouble
from handlers.i18n import translator
from handlers.messages import Reader
from handlers.pipeline.recording_card import RecordingCard
from services import model, sound
from services.data import personal
from services.outreach import leads
from services.pipeline import recording_work, recordings
from tests.servers.model import Asked, Failure, ModelServer, Spoken
from tests.services.office import NOW, Office
from tests.services.pipeline.test_recordings import Slack, drop
from tests.services.test_model import asking as asking
from tests.services.test_sound import recording

WAIT = 20.0
FIRST = Spoken([(0.0, 2.5, "A", "今期の予算として500万円を確保しています。")])
SECOND = Spoken([(0.0, 2.0, "voice_A", "稟議は部長が決裁します。")])
THIRD = Spoken([(0.0, 1.0, "voice_A", "来月から使いたいです。")])


def unread(_asked: Asked) -> Failure:
    """The note is plain: it is not what is looked at here."""
    return Failure(400)


@pytest.fixture
async def dropped(
    asking: Any, office: Office, model_server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, Slack]:
    """A recording of nine seconds, of which four at a time are heard, and where it comes from."""
    model_server.answer = unread
    monkeypatch.setattr(sound, "MOST_SECONDS", 4.0)
    await model.set_rules(asking, office.mori, Sharing.FULL, 1000, recordings=True)
    number = await drop(office, "call.wav")
    assert number is not None
    await recordings.confirm(asking, office.sato, number, await office.lead("青葉 一郎"))
    return number, Slack(recording(tmp_path / "a.wav", 9, quiet=(3.0, 3.6)).read_bytes())


async def heard(asking: Any, office: Office, number: int) -> list[str]:
    """What is in the record."""
    assert (await recordings.view(asking, office.team_id, number)).progress is Progress.DONE
    async with asking.reading(office.team_id) as session:
        return [each.text for each in await recording_work.queries.utterances(session, number)]


def sounds(model_server: ModelServer) -> list[str]:
    return [asked.filename for asked in model_server.requests if asked.sound]


async def test_pieces_that_were_heard_before_a_fault_are_not_heard_again(
    asking: Any, office: Office, model_server: ModelServer, dropped: tuple[int, Slack]
) -> None:
    number, slack = dropped
    model_server.enqueue(FIRST, SECOND, Failure(413))
    await recording_work.work(asking, office.team_id, number, slack)
    failed = await recordings.view(asking, office.team_id, number)
    assert (failed.progress, failed.trouble) == (Progress.FAILED, Trouble.MODEL_REJECTED)
    assert sounds(model_server) == ["part-1.mp3", "part-2.mp3", "part-3.mp3"]
    model_server.requests.clear()
    model_server.enqueue(THIRD)
    await recordings.retry(asking, office.sato, number)
    await recording_work.work(asking, office.team_id, number, slack)
    assert sounds(model_server) == ["part-3.mp3"]
    # The first piece's voice is shown with the third too, though nobody heard the first again.
    assert model_server.requests[0].body["known_speaker_names[]"] == ["voice_A"]
    assert await heard(asking, office, number) == [said.segments[0][3] for said in (FIRST, SECOND, THIRD)]


async def test_recording_whose_work_was_killed_shows_how_far_it_is_and_goes_on_there(
    asking: Any, office: Office, model_server: ModelServer, dropped: tuple[int, Slack]
) -> None:
    number, slack = dropped
    model_server.enqueue(FIRST, Spoken(SECOND.segments, holds=True))
    work = asyncio.create_task(recording_work.work(asking, office.team_id, number, slack))
    async with asyncio.timeout(WAIT):
        while len(sounds(model_server)) < 2:  # noqa: ASYNC110 - the server is another thread's
            await asyncio.sleep(0.01)
    view = await recordings.view(asking, office.team_id, number)
    assert view.heard == (1, 3)
    shown = RecordingCard(view).render(Reader(translator("ja"), "Asia/Tokyo", NOW))
    assert "⏳ 文字起こし 1/3" in str([block.to_dict() for block in shown.blocks])
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    model_server.release()
    model_server.clear()
    model_server.answer = unread
    model_server.enqueue(SECOND, THIRD)
    await recording_work.work(asking, office.team_id, number, slack)
    assert sounds(model_server) == ["part-2.mp3", "part-3.mp3"]
    assert await heard(asking, office, number) == [said.segments[0][3] for said in (FIRST, SECOND, THIRD)]
    assert (await recordings.view(asking, office.team_id, number)).heard is None


async def test_what_was_heard_of_another_file_is_heard_anew(
    asking: Any, office: Office, model_server: ModelServer, dropped: tuple[int, Slack], tmp_path: Path
) -> None:
    number, slack = dropped
    model_server.enqueue(FIRST, Failure(413))
    await recording_work.work(asking, office.team_id, number, slack)
    model_server.requests.clear()
    other = Slack(recording(tmp_path / "b.wav", 9, quiet=(3.1, 3.6)).read_bytes())
    model_server.enqueue(FIRST, SECOND, THIRD)
    await recordings.retry(asking, office.sato, number)
    await recording_work.work(asking, office.team_id, number, other)
    assert sounds(model_server) == ["part-1.mp3", "part-2.mp3", "part-3.mp3"]
    assert len(await heard(asking, office, number)) == 3


async def test_recording_of_somebody_who_is_erased_meanwhile_is_let_go_of_and_can_be_somebody_elses(
    asking: Any, office: Office, model_server: ModelServer, dropped: tuple[int, Slack]
) -> None:
    number, slack = dropped
    model_server.enqueue(FIRST, Spoken(SECOND.segments, holds=True))
    work = asyncio.create_task(recording_work.work(asking, office.team_id, number, slack, 2))
    async with asyncio.timeout(WAIT):
        while len(sounds(model_server)) < 2:  # noqa: ASYNC110 - the server is another thread's
            await asyncio.sleep(0.01)
        (lead,) = await leads.find(asking, office.sato, "青葉 一郎")
        chosen = personal.Chosen(contact_ids=(lead.contact_id,))
        await personal.erase(asking, office.boss, chosen, personal.Words("削除済み", "商談"))
        model_server.release()
        await work
    view = await recordings.view(asking, office.team_id, number)
    assert (view.progress, view.trouble) == (Progress.FAILED, Trouble.ERASED)
    async with asking.reading(office.team_id) as session:
        assert await recording_work.queries.heard(session, number) is None
        assert await recording_work.queries.utterances(session, number) == []
    # It was a call with somebody else.
    model_server.clear()
    model_server.answer = unread
    model_server.enqueue(FIRST, SECOND, THIRD)
    await recordings.confirm(asking, office.sato, number, await office.lead("白石 二郎"))
    await recordings.retry(asking, office.sato, number)
    await recording_work.work(asking, office.team_id, number, slack)
    assert len(await heard(asking, office, number)) == 3


async def test_what_was_heard_is_deleted_where_nobody_tries_again(
    asking: Any, office: Office, model_server: ModelServer, dropped: tuple[int, Slack]
) -> None:
    number, slack = dropped
    model_server.enqueue(FIRST, Failure(413))
    await recording_work.work(asking, office.team_id, number, slack)
    assert await recordings.forget_heard(asking) == 0
    later = replace(asking, now=lambda: NOW + recordings.HEARD_KEPT + timedelta(days=1))
    assert await recordings.forget_heard(later) == 1
    assert await recordings.forget_heard(later) == 0
    async with asking.reading(office.team_id) as session:
        assert await recording_work.queries.heard(session, number) is None
