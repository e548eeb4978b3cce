"""A record belongs to a lead and may be given to another; two people at once neither lose nor pay twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from domain.errors import Code, Refused
from domain.model import Sharing
from domain.pipeline.recordings import Decision, Progress
from prompts.llm import LanguageModel
from services import model
from services.deps import Deps
from services.outreach import lead_card
from services.outreach.lead_card import RecordEntry
from services.pipeline import proposals, recording_work, recordings
from services.pipeline.recording_records import RecordingView
from storage import recordings as queries
from storage.tables import Proposal
from tests.servers.model import Failure, Json, ModelServer, Spoken
from tests.services.office import Office
from tests.services.pipeline.test_recordings import CALL, Slack, drop


@pytest.fixture
async def asking(deps: Deps, office: Office, model_server: ModelServer) -> AsyncIterator[Deps]:
    settings = Settings(_env_file=None, **model_server.settings).language_model
    assert settings is not None
    configured = LanguageModel(settings)
    found = replace(deps, model=configured)
    await model.set_rules(found, office.boss, Sharing.FULL, 5_000, recordings=True)
    yield found
    await configured.close()


async def record(office: Office, lead: int, file_id: str = "F1") -> RecordingView:
    """A record of the call, about a lead."""
    number = await drop(office, "call.vtt", file_id)
    assert number is not None
    await recordings.confirm(office.deps, office.sato, number, lead)
    await recording_work.work(office.deps, office.team_id, number, Slack(CALL))
    return await recordings.view(office.deps, office.team_id, number)


async def accepted(office: Office, lead: int) -> list[int]:
    async with office.deps.reading(office.team_id) as session:
        return [each.proposal_id for each in await proposals.accepted(session, lead, None)]


async def entries(office: Office, lead: int) -> list[int]:
    """The records in the history on a lead's card, as field sales see it."""
    shown = await lead_card.card(office.deps, office.ito, lead)
    return [entry.recording_id for entry in shown.history if isinstance(entry, RecordEntry)]


async def test_record_moves_to_another_lead_and_what_was_accepted_stays(office: Office) -> None:
    deps, sato = office.deps, office.sato
    wrong, right = await office.lead("別の人"), await office.lead("青葉 一郎")
    begun = await drop(office, "begun.vtt", "F0")
    assert begun is not None
    with pytest.raises(Refused) as early:
        await recordings.move(deps, sato, begun, right)
    assert early.value.code is Code.INCOMPLETE
    made = await record(office, wrong)
    number = made.recording_id
    first, second, third = (each.proposal_id for each in made.proposals[:3])
    for decided, decision in ((first, Decision.ACCEPTED), (second, Decision.ACCEPTED), (third, Decision.REJECTED)):
        await proposals.decide(deps, sato, decided, decision)
    assert (await entries(office, wrong), await entries(office, right)) == ([number], [])

    with pytest.raises(Refused) as forbidden:
        await recordings.move(deps, office.success, number, right)
    with pytest.raises(Refused) as unknown:
        await recordings.move(deps, sato, number, 999)
    assert (forbidden.value.code, unknown.value.code) == (Code.NOT_ALLOWED, Code.NOT_FOUND)
    moved = await recordings.move(deps, sato, number, right)
    await recordings.move(deps, sato, number, right)
    assert await office.audited("recording.move") == [{"lead_id": right, "from": wrong}]
    assert (await entries(office, wrong), await entries(office, right)) == ([], [number])
    assert (moved.progress, moved.lead and moved.lead.lead_id) == (Progress.DONE, right)
    stayed = {each.proposal_id: each.elsewhere.lead_id for each in moved.proposals if each.elsewhere is not None}
    assert stayed == {first: wrong, second: wrong}
    assert (await accepted(office, wrong), await accepted(office, right)) == ([first, second], [])
    edited = {key for key in await office.deliveries() if key.startswith(f"recording:{number}:")}
    assert {f"recording:{number}:{part}v{moved.version}" for part in ("", "result:", "proposals:")} <= edited

    # What is decided from now on is decided for the lead that the record is about.
    await proposals.decide(deps, sato, first, Decision.ACCEPTED)
    await proposals.decide(deps, sato, second, Decision.REJECTED)
    await proposals.decide(deps, sato, third, Decision.EDITED, made.proposals[2].proposed.value)
    assert (await accepted(office, wrong), await accepted(office, right)) == ([], [first, third])
    after = await recordings.view(deps, office.team_id, number)
    assert not any(each.elsewhere for each in after.proposals)


# On SQLite there is one who writes at a time.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_decision_holds_nothing_while_it_waits_for_a_note_that_is_made_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await office.lead()
    made = await record(office, lead)
    number, gone = made.recording_id, made.proposals[0].proposal_id
    locking, waits = queries.recording, asyncio.Event()

    async def watched(*args: Any, **options: Any) -> Any:
        waits.set()
        return await locking(*args, **options)

    async with office.deps.writing(office.team_id) as session:
        await locking(session, number, lock=True)
        monkeypatch.setattr(queries, "recording", watched)
        click = asyncio.create_task(proposals.decide(office.deps, office.sato, gone, Decision.ACCEPTED))
        async with asyncio.timeout(30):
            await waits.wait()
        await queries.replace_proposals(session, number, [], Decision.OPEN.value)
    with pytest.raises(Refused) as late:
        await click
    assert late.value.code is Code.NOT_FOUND


async def test_two_clicks_at_once_leave_one_decision_with_its_lead(office: Office) -> None:
    lead = await office.lead()
    one = (await record(office, lead)).proposals[0].proposal_id
    clicks = [(office.sato, Decision.ACCEPTED), (office.suzuki, Decision.REJECTED)] * 3
    await asyncio.gather(*(proposals.decide(office.deps, who, one, decision) for who, decision in clicks))
    async with office.deps.reading(office.team_id) as session:
        row = (await session.execute(sa.select(Proposal).where(Proposal.id == one))).scalar_one()
    assert (row.state, row.lead_id) in (("accepted", lead), ("rejected", None))
    assert (await accepted(office, lead)) == ([one] if row.state == "accepted" else [])


async def test_lead_chosen_while_somebody_listens_costs_nothing_more(
    office: Office, asking: Deps, model_server: ModelServer
) -> None:
    first, second = await office.lead("青葉 一郎"), await office.lead("別の人")
    number = await drop(office, "call.m4a")
    assert number is not None
    begun = await recordings.confirm(asking, office.sato, number, first)
    slack = Slack(b"sound")

    async def fetch(file_id: str, path: Path, most: int) -> None:
        await slack(file_id, path, most)
        if slack.fetched == 1:
            await recordings.confirm(asking, office.sato, number, second)

    def answer(asked: Any) -> Any:
        if asked.path.endswith("/transcriptions"):
            return Spoken([(0.0, 2.5, "A", "今期の予算として500万円を確保しています。")])
        return Json({"lines": []})

    model_server.answer = answer
    # A task that another has taken the place of does nothing.
    await recording_work.work(asking, office.team_id, number, fetch, 1)
    assert (slack.fetched, begun.progress) == (0, Progress.RECEIVED)
    await recording_work.work(asking, office.team_id, number, fetch, 2)
    done = await recordings.view(asking, office.team_id, number)
    assert (done.progress, done.lead and done.lead.lead_id) == (Progress.DONE, second)
    assert [asked.output for asked in model_server.requests] == ["", "MeetingNote", "BantReading"]


async def test_file_that_two_people_drop_is_listened_to_once_and_said_to_be_the_same(
    office: Office, asking: Deps, model_server: ModelServer
) -> None:
    lead = await office.lead()
    model_server.answer = lambda asked: (
        Spoken([(0.0, 2.5, "A", "今期の予算は500万円です。")]) if asked.sound else Failure(400)
    )
    views = []
    for who, file_id in ((office.sato, "F1"), (office.suzuki, "F2")):
        number = await recordings.receive(
            asking, who, file_id=file_id, filename="call.m4a", channel="D1", thread_ts="1.0"
        )
        assert number is not None
        await recordings.confirm(asking, who, number, lead)
        await recording_work.work(asking, office.team_id, number, Slack(b"sound"))
        views.append(await recordings.view(asking, office.team_id, number))
    assert [view.progress for view in views] == [Progress.DONE] * 2
    assert [view.same and view.same.by for view in views] == [None, office.sato.name]
    assert sum(bool(asked.sound) for asked in model_server.requests) == 1
    assert len(await entries(office, lead)) == 2
