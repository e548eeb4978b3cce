"""Files and calls become records, stage by stage, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.queue import QUEUES
from bot.settings import Settings
from domain.errors import Code, Refused
from domain.model import Sharing
from domain.pipeline.notes import Field
from domain.pipeline.recordings import Decision, Failed, Progress, Trouble, names_in
from domain.pipeline.transcripts import Side
from domain.qualification.bant import Status
from prompts.llm import LanguageModel
from services import mail, model
from services.pipeline import proposals, recording_work, recordings, telephone_systems
from services.pipeline.recording_records import RecordingView
from services.pipeline.telephone_systems import Paused, Unproven
from services.qualification import bant
from storage.outbox import RECORDING_QUEUE
from storage.tables import Delivery, Utterance
from tests.domain.pipeline.test_transcripts import miitel
from tests.servers.model import Failure, ModelServer, Spoken
from tests.services.office import Office

CALL = """WEBVTT

00:00:00.000 --> 00:00:04.000
<v 佐藤 花子>お世話になっております、佐藤と申します。資料の件でお電話いたしました。</v>

00:00:04.000 --> 00:00:09.000
<v 青葉 一郎>はい。月末の集計に三日かかっていて困っています。</v>

00:00:12.500 --> 00:00:15.000
<v 佐藤 花子>ご予算はもうお決まりでしょうか。</v>

00:00:15.000 --> 00:00:20.000
<v 青葉 一郎>今期の予算として500万円を確保しています。</v>

00:00:20.000 --> 00:00:24.000
<v 佐藤 花子>来週の火曜日のご都合はいかがでしょうか。</v>
""".encode("cp932")


class Slack:
    """Where files are fetched from."""

    def __init__(self, content: bytes | Failed) -> None:
        self.content, self.fetched = content, 0

    async def __call__(self, file_id: str, path: Path, most: int) -> None:
        self.fetched += 1
        if isinstance(self.content, Failed):
            raise self.content
        await asyncio.to_thread(path.write_bytes, self.content)


async def drop(office: Office, filename: str, file_id: str = "F1") -> int | None:
    return await recordings.receive(
        office.deps, office.sato, file_id=file_id, filename=filename, channel="D1", thread_ts="1.0"
    )


async def posted(office: Office) -> list[str]:
    """The keys of what goes to Slack."""
    async with office.deps.reading(office.team_id) as session:
        return list(await session.scalars(sa.select(Delivery.key).order_by(Delivery.key)))


async def test_dropped_transcript_becomes_a_record_once_its_lead_is_confirmed(office: Office) -> None:
    deps = office.deps
    lead = await office.lead("青葉 一郎")
    other = await office.lead("他の人")
    number = await drop(office, "20260331_青葉様_初回架電.vtt")
    assert number is not None
    assert await drop(office, "20260331_青葉様_初回架電.vtt") is None
    slack = Slack(CALL)
    await recording_work.work(deps, office.team_id, number, slack)
    before = await recordings.view(deps, office.team_id, number)
    assert (before.progress, before.held_on) == (Progress.ARRANGING, date(2026, 3, 31))
    assert (before.lead, before.proposed and before.proposed.lead_id) == (None, lead)

    await recordings.confirm(deps, office.sato, number, other)
    await recordings.confirm(deps, office.sato, number, lead)
    await recording_work.work(deps, office.team_id, number, slack)
    # A task that is run again after a crash finds nothing to do.
    await recording_work.work(deps, office.team_id, number, slack)
    done = await recordings.view(deps, office.team_id, number)
    assert (done.progress, done.lead and done.lead.lead_id, slack.fetched) == (Progress.DONE, lead, 1)
    assert done.speakers == (("佐藤 花子", Side.OURS), ("青葉 一郎", Side.THEIRS))
    assert done.measures is not None
    assert (done.measures.ours_ms, done.measures.theirs_ms, done.measures.silences) == (10_500, 10_000, 1)
    assert done.note is not None
    assert done.note.unavailable == "not_configured"
    amount = next(each for each in done.proposals if each.proposed.field is Field.BUDGET_AMOUNT)
    assert (amount.proposed.value, amount.proposed.source.start_ms, amount.decision) == (
        5_000_000,
        15_000,
        Decision.OPEN,
    )
    results = {f"recording:{number}", f"recording:{number}:result", f"recording:{number}:proposals"}
    assert results <= set(await posted(office))
    with pytest.raises(Refused) as late:
        await recordings.confirm(deps, office.sato, number, other)
    assert late.value.code is Code.ALREADY_DONE

    await proposals.decide(deps, office.sato, amount.proposal_id, Decision.EDITED, 6_000_000)
    with pytest.raises(Refused):
        await proposals.decide(deps, office.sato, amount.proposal_id, Decision.EDITED, "many")
    with pytest.raises(Refused):
        await proposals.decide(deps, office.success, amount.proposal_id, Decision.REJECTED)
    # What was accepted stands in the form, and what was said in the summary, each with its source.
    form = await bant.prepare(deps, office.sato, lead)
    assert (form.answers.budget.amount_yen, form.answers.budget.status) == (6_000_000, Status.CONFIRMED)
    assert [each.proposal_id for each in form.from_call] == [amount.proposal_id]
    assert [(line.text, line.source.start_ms) for line in form.summary][:1] == [
        ("月末の集計に三日かかっていて困っています。", 4_000)
    ]
    await office.judged(lead, form.answers)
    assert (await bant.prepare(deps, office.sato, lead)).from_call == ()
    await recordings.swap(deps, office.sato, number)
    await recording_work.work(deps, office.team_id, number, slack)
    swapped = await recordings.view(deps, office.team_id, number)
    assert swapped.progress is Progress.DONE
    assert swapped.speakers == (("佐藤 花子", Side.THEIRS), ("青葉 一郎", Side.OURS))
    # What somebody has decided about stays, whatever is proposed then.
    assert [
        (each.proposed.value, each.decision) for each in swapped.proposals if each.decision is not Decision.OPEN
    ] == [(6_000_000, Decision.EDITED)]
    assert any(key.startswith(f"recording:{number}:result:v") for key in await posted(office))


async def test_what_cannot_be_read_says_why_and_can_be_tried_again(office: Office) -> None:
    deps = office.deps
    troubles: dict[str, tuple[str, bytes | Failed, Trouble]] = {
        "F1": ("a.vtt", b"WEBVTT\n\n", Trouble.EMPTY),
        "F2": ("b.json", b"{", Trouble.UNREADABLE),
        "F3": ("c.srt", Failed(Trouble.NOT_SEEN), Trouble.NOT_SEEN),
    }
    for file_id, (name, content, trouble) in troubles.items():
        number = await drop(office, name, file_id)
        assert number is not None
        await recording_work.work(deps, office.team_id, number, Slack(content))
        failed = await recordings.view(deps, office.team_id, number)
        assert (failed.progress, failed.trouble) == (Progress.FAILED, trouble)
    again = await recordings.retry(deps, office.sato, number)
    assert (again.progress, again.trouble) == (Progress.RECEIVED, None)
    await recording_work.work(deps, office.team_id, number, Slack("予算は未定です。".encode("utf-16")))
    assert (await recordings.view(deps, office.team_id, number)).progress is Progress.ARRANGING
    with pytest.raises(Refused) as unread:
        await drop(office, "a.docx")
    assert unread.value.field == "file"
    with pytest.raises(Refused) as forbidden:
        await recordings.receive(deps, office.success, file_id="F9", filename="a.vtt", channel="D1", thread_ts=None)
    assert forbidden.value.code is Code.NOT_ALLOWED


async def test_sound_waits_for_its_lead_and_then_for_a_model(office: Office, model_server: ModelServer) -> None:
    lead = await office.lead("青葉 一郎")
    number = await drop(office, "青葉様.m4a")
    assert number is not None
    slack = Slack(b"sound")
    await recording_work.work(office.deps, office.team_id, number, slack)
    assert (await recordings.view(office.deps, office.team_id, number)).progress is Progress.RECEIVED
    await recordings.confirm(office.deps, office.sato, number, lead)
    await recording_work.work(office.deps, office.team_id, number, slack)
    mute = await recordings.view(office.deps, office.team_id, number)
    assert (mute.trouble, slack.fetched) == (Trouble.NO_MODEL, 0)

    settings = Settings(_env_file=None, **model_server.settings).language_model
    assert settings is not None
    deps = replace(office.deps, model=LanguageModel(settings))
    await model.set_rules(deps, office.boss, Sharing.FULL, 5_000, recordings=True)
    model_server.enqueue(Spoken([(0.0, 2.5, "A", "予算は500万円です。")]))
    # The questions about the note are not answered: then it is made without the model.
    model_server.answer = lambda _asked: Failure(400)
    await recordings.retry(deps, office.sato, number)
    await recording_work.work(deps, office.team_id, number, slack)
    await deps.model.close() if deps.model else None
    heard: RecordingView = await recordings.view(deps, office.team_id, number)
    assert (heard.progress, slack.fetched) == (Progress.DONE, 1)
    async with deps.reading(office.team_id) as session:
        said = (await session.execute(sa.select(Utterance.text, Utterance.start_ms, Utterance.end_ms))).one()
    assert tuple(said) == ("予算は500万円です。", 0, 2500)


async def test_call_of_the_telephone_system_is_taken_on_once_by_whoever_knows_its_address(office: Office) -> None:
    deps = replace(office.deps, public_url="https://bot.example/")
    lead = await office.lead("高橋 修", phone="03-1234-5678")
    with pytest.raises(Refused):
        await telephone_systems.add(deps, office.sato, "MiiTel")
    made = await telephone_systems.add(deps, office.boss, "MiiTel")
    token = made.url.removeprefix("https://bot.example/webhooks/miitel/")
    source = await telephone_systems.prove(deps, token)
    call: dict[str, Any] = miitel()
    detail = call["call"]["details"][0]
    detail |= {"to_number": "0312345678", "dial_answered_at": "2026-03-31T15:41:54+00:00"}
    received = await telephone_systems.receive(deps, source, call)
    assert received.new
    assert received.recording_id is not None
    assert await telephone_systems.receive(deps, source, call) == replace(received, new=False)
    view = await recordings.view(deps, office.team_id, received.recording_id)
    assert (view.progress, view.proposed and view.proposed.lead_id) == (Progress.ARRANGING, lead)
    # The day in Tokyo; the bot tells whoever made the call, here by default who set it up.
    assert (view.held_on, view.channel) == (date(2026, 4, 1), office.boss.slack_user)
    assert [key for key in await posted(office) if key.startswith("recording")] == [f"recording:{view.recording_id}"]
    silent = await telephone_systems.receive(deps, source, {"call": {"id": "missed", "details": [{}]}})
    assert (silent.recording_id, silent.new) == (None, False)
    with pytest.raises(Refused):
        await telephone_systems.receive(deps, source, {"call": {"details": []}})

    await telephone_systems.set_active(deps, office.boss, source.source_id, False)
    with pytest.raises(Paused):
        await telephone_systems.prove(deps, token)
    await telephone_systems.rotate(deps, office.boss, source.source_id)
    with pytest.raises(Unproven):
        await telephone_systems.prove(deps, token)


@pytest.mark.parametrize(
    ("filename", "names"),
    [
        ("20260401_山田商事_青葉様_初回.vtt", ("山田商事", "青葉")),
        ("GMT20260401-013000_Recording.transcript.vtt", ()),
        ("【商談】株式会社あおば（高橋 修 様）2026年4月1日.m4a", ("株式会社あおば", "高橋")),
        ("MiiTel 090-0000-1111", ()),
        ("Meeting with Aoba Inc.txt", ("Aoba",)),
    ],
)
def test_names_are_found_in_the_names_of_files(filename: str, names: tuple[str, ...]) -> None:
    assert names_in(filename) == names


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_listening_takes_no_place_from_letters(office: Office) -> None:
    await drop(office, "会議.mp3")
    started = await office.deps.outbox._client.list_workflows_async(workflow_id_prefix="recording:1:work:")
    assert [each.queue_name for each in started] == [RECORDING_QUEUE]
    assert RECORDING_QUEUE in QUEUES
    assert mail.OUTSIDE_QUEUE != RECORDING_QUEUE
