"""What was written down is found by its words, kept in step with its rows, and stays within the team."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.objections import Objection
from domain.outreach.scripts import Heading, Scene, Script, Stage
from domain.qualification.handoff import ReturnReason
from services.deps import Deps
from services.outreach import calls, objections, scripts
from services.outreach.form_sources import NewSecret
from services.pipeline import knowledge, recording_work, recordings
from services.qualification import handoff
from storage.tables import Call, Delivery, FormSubmission, Passage, PassageDue, Recording, Utterance
from tests import knowledge as labelled
from tests.services.office import Clock, Office
from tests.services.outreach.website import YAMADA, form, send
from tests.services.pipeline.test_recordings import CALL, Slack, drop

__all__ = ["form"]  # a fixture

TALKED = (Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED)


async def found(office: Office, typed: str, limit: int = 5, offset: int = 0) -> list[str]:
    page = await knowledge.search(office.deps, office.sato, typed, limit, offset)
    return [hit.snippet for hit in page.hits]


async def test_answers_are_among_the_first_five_for_nine_of_ten_questions_that_share_words(
    deps: Deps, office: Office, neighbours: Office
) -> None:
    made = await labelled.write_down(deps, office.sato)
    assert len(made) >= 150
    asked = labelled.questions()
    assert len(asked) >= 60
    missed = await labelled.missed(deps, office.sato, made)
    assert 1 - len(missed) / len(asked) >= 0.9, missed
    # Nobody next door finds any of it.
    for text, _ in asked[::20]:
        assert await knowledge.search(deps, neighbours.sato, text) == knowledge.Page()


async def test_work_that_takes_longer_than_a_turn_goes_on_with_the_next_and_holds_up_no_other_team(
    deps: Deps, office: Office, neighbours: Office
) -> None:
    for note in ("棚卸し", "月次の締め", "在庫の差異"):
        await office.lead(note=note)
    await neighbours.lead(note="配車の手配")
    assert await knowledge.index(deps, 60.0, most=1) == 4
    for note in ("検品の手間", "返品の処理"):
        await office.lead(note=note)
    await neighbours.lead(note="燃料の値上がり")
    assert await knowledge.index(deps, 0.0, most=1) == 1
    assert await knowledge.index(deps, 60.0, most=1) == 2
    assert await found(office, "返品") == ["返品の処理"]
    assert await found(neighbours, "燃料") == ["燃料の値上がり"]


async def test_passages_follow_their_rows_and_until_then_nothing_stale_is_shown(
    deps: Deps, office: Office, clock: Clock
) -> None:
    lead_id = await office.lead(note="備考：受付の方がとても親切")
    call_id = await calls.record(deps, office.sato, lead_id, CallResult(*TALKED, note="リース契約が残り一年半ある"))
    await calls.record(deps, office.sato, await office.lead("無言 電話"), CallResult(Connection.NO_ANSWER))
    handed = await office.handed_off(lead_id)
    await handoff.return_(deps, office.ito, handed.handoff_id, ReturnReason.OTHER, "稟議の時期がまだ合わない")
    assert await found(office, "リース契約") == []
    # One for the lead, the call, the judgement, the handoff and the return; none for a dial without a note.
    assert await knowledge.index(deps) == 5
    assert await knowledge.index(deps) == 0
    (hit,) = (await knowledge.search(deps, office.sato, "ﾘｰｽ契約")).hits
    assert (hit.kind, hit.source_id, hit.lead_id, hit.member) == (knowledge.Kind.CALL, call_id, lead_id, "sato")
    assert (hit.contact, hit.account) == ("青葉 一郎", "株式会社あおば精機")
    assert hit.said_at == clock.now
    for typed, kind, section in (
        ("受付 親切", knowledge.Kind.LEAD, ""),
        ("月末の入力", knowledge.Kind.QUALIFICATION, "need"),
        ("背景", knowledge.Kind.HANDOFF, "background"),
        ("稟議の時期", knowledge.Kind.RETURN, ""),
    ):
        best = (await knowledge.search(deps, office.sato, typed)).hits[0]
        assert (best.kind, best.section) == (kind, section), typed
    # The handoff's post, once it stands.
    async with deps.writing("T1") as session:
        await session.execute(
            sa.update(Delivery)
            .where(Delivery.key == f"handoff:{handed.handoff_id}")
            .values(ts="1.2", posted_channel="C0FIELD")
        )
    assert (await knowledge.search(deps, office.sato, "背景")).hits[0].place == ("C0FIELD", "1.2")

    # Changed: neither the old words nor the new ones before the next look, then the new ones only.
    async with deps.writing("T1") as session:
        await session.execute(sa.update(Call).where(Call.id == call_id).values(note="違約金は払えない"))
    assert await found(office, "リース契約") == []
    assert await knowledge.bring_up(deps, "T1") == 1
    assert await found(office, "リース契約") == []
    assert await found(office, "違約金") == ["違約金は払えない"]
    # Gone with its row.
    async with deps.writing("T1") as session:
        await session.execute(sa.delete(Call).where(Call.id == call_id))
    assert await found(office, "違約金") == []
    await knowledge.index(deps)
    async with deps.reading("T1") as session:
        kinds = list(await session.scalars(sa.select(Passage.kind).distinct().order_by(Passage.kind)))
    assert kinds == ["handoff", "lead", "qualification", "return"]
    assert await office.rows(PassageDue) == 0


async def test_playbook_is_found_as_it_holds_and_not_once_it_is_retired(deps: Deps, office: Office) -> None:
    said = {stage: f"{stage.value}のひとこと" for stage in Stage} | {Stage.VALUE: "転記の手間が半分になります"}
    heading = Heading("初回", Scene.FIRST_CALL)
    made = await scripts.add(deps, office.mori, Script(heading, said))
    objection = Objection("予算がない", ("来期の計画に載せるための資料をお持ちします",))
    objection_id = await objections.add(deps, office.mori, objection)
    await knowledge.index(deps)

    async def best(typed: str) -> tuple[knowledge.Kind, int, str] | None:
        hits = (await knowledge.search(deps, office.sato, typed)).hits
        return (hits[0].kind, hits[0].source_id, hits[0].section) if hits else None

    assert await best("転記の手間") == (knowledge.Kind.SCRIPT, made.script_id, "value")
    assert await best("来期の計画") == (knowledge.Kind.OBJECTION, objection_id, "")
    said[Stage.VALUE] = "月末の締めが一日で済みます"
    await scripts.change(deps, office.mori, made.script_id, made.number, Script(heading, said))
    await objections.retire(deps, office.mori, objection_id, 1)
    assert await best("転記の手間") is None
    await knowledge.index(deps)
    assert await best("転記の手間") is None
    assert await best("来期の計画") is None
    assert await best("月末の締め") == (knowledge.Kind.SCRIPT, made.script_id, "value")
    await scripts.retire(deps, office.mori, made.script_id)
    await knowledge.index(deps)
    assert await office.rows(Passage) == 0


async def test_conversation_is_found_once_it_is_known_whom_it_is_about(deps: Deps, office: Office) -> None:
    lead_id = await office.lead("青葉 一郎")
    number = await drop(office, "会話.vtt")
    assert number is not None
    await recording_work.work(deps, office.team_id, number, Slack(CALL))
    await knowledge.index(deps)
    assert (await knowledge.search(deps, office.sato, "月末の集計")).hits == ()
    await recordings.confirm(deps, office.sato, number, lead_id)
    async with deps.writing("T1") as session:
        await session.execute(sa.update(Recording).values(permalink="https://x.example/archives/D1/p1"))
    await knowledge.index(deps)
    (hit,) = (await knowledge.search(deps, office.sato, "月末の集計")).hits
    assert (hit.kind, hit.source_id, hit.lead_id) == (knowledge.Kind.RECORDING, number, lead_id)
    assert hit.link == "https://x.example/archives/D1/p1"
    # As an erasure does it: at once, and for good.
    async with deps.writing("T1") as session:
        await session.execute(sa.update(Utterance).where(Utterance.text.contains("月末")).values(text=""))
        await knowledge.forget(session)
        assert list(await session.scalars(sa.select(Passage.id).where(Passage.kind == "recording"))) == []
    await knowledge.index(deps)
    assert [hit.kind for hit in (await knowledge.search(deps, office.sato, "500万円")).hits] == ["recording"]
    assert (await knowledge.search(deps, office.sato, "月末の集計")).hits == ()


async def test_note_of_a_conversation_is_found_in_its_own_words_and_goes_with_them(deps: Deps, office: Office) -> None:
    lead_id = await office.lead("青葉 一郎")
    number = await drop(office, "会話.vtt")
    assert number is not None
    await recording_work.work(deps, office.team_id, number, Slack(CALL))
    await recordings.confirm(deps, office.sato, number, lead_id)
    line = {"kind": "pain", "text": "締め処理の属人化に悩んでいる", "quote": "締めが私しかできなくて", "source": {}}
    same = {"kind": "pain", "text": "締めが私しかできなくて", "quote": "締めが私しかできなくて", "source": {}}
    note = {"items": [line, same], "summary": [{"text": "来期の刷新を望む", "source": {}}]}
    async with deps.writing("T1") as session:
        await session.execute(sa.update(Recording).values(note=note))
    await knowledge.index(deps)
    for typed in ("属人化", "刷新"):
        hits = (await knowledge.search(deps, office.sato, typed)).hits
        assert [(hit.kind, hit.section, hit.lead_id) for hit in hits] == [(knowledge.Kind.RECORDING, "note", lead_id)]
        assert "私しか" not in hits[0].snippet
    # Changed without anything else of the conversation, as an erasure does it.
    async with deps.writing("T1") as session:
        await session.execute(sa.update(Recording).values(note={"items": [], "summary": []}))
        await knowledge.forget(session)
    assert (await knowledge.search(deps, office.sato, "属人化")).hits == ()


async def test_inquiry_is_found_by_what_was_typed_with_its_card(
    deps: Deps, office: Office, form: NewSecret, neighbours: Office
) -> None:
    first = await send(office, form, YAMADA | {"ご希望の時期": "繁忙期の前"}, "1")
    again = await send(office, form, YAMADA | {"お問い合わせ内容": "倉庫の温度管理もできますか"}, "2")
    assert first.lead_id == again.lead_id
    async with deps.writing("T1") as session:
        await session.execute(
            sa.update(Delivery)
            .where(Delivery.key == f"inbound:{again.submission_id}")
            .values(ts="1700000000.000100", posted_channel="C0INBOUND")
        )
    await knowledge.index(deps)
    (hit,) = (await knowledge.search(deps, office.sato, "温度管理")).hits
    assert (hit.kind, hit.source_id, hit.lead_id) == (knowledge.Kind.INQUIRY, again.submission_id, first.lead_id)
    assert hit.place == ("C0INBOUND", "1700000000.000100")
    (hit,) = (await knowledge.search(deps, office.sato, "繁忙期")).hits
    assert (hit.kind, hit.source_id) == (knowledge.Kind.INQUIRY, first.submission_id)
    # What became the lead's note is found there, once; who typed it is no text.
    assert [hit.kind for hit in (await knowledge.search(deps, office.sato, "資料を見ました")).hits] == ["lead"]
    assert [hit.kind for hit in (await knowledge.search(deps, office.sato, "yamada@aoba.example")).hits] == []
    assert (await knowledge.search(deps, neighbours.sato, "温度管理")).hits == ()
    async with deps.writing("T1") as session:
        await session.execute(sa.update(FormSubmission).values(fields={}))
    await knowledge.index(deps)
    assert (await knowledge.search(deps, office.sato, "温度管理")).hits == ()


async def test_address_of_a_message_finds_what_belongs_to_it_within_the_team(
    deps: Deps, office: Office, form: NewSecret, neighbours: Office
) -> None:
    handed = await office.handed_off()
    asked = await send(office, form, YAMADA, "1")
    number = await drop(office, "会話.vtt")
    assert number is not None
    await recording_work.work(deps, office.team_id, number, Slack(CALL))
    await recordings.confirm(deps, office.sato, number, handed.lead_id)
    keys = {
        f"handoff:{handed.handoff_id}": "1700000000.000100",
        f"inbound:{asked.submission_id}": "1700000000.000200",
    }
    async with deps.writing("T1") as session:
        for key, ts in keys.items():
            placed = sa.update(Delivery).where(Delivery.key == key).values(ts=ts, posted_channel="C0FIELD")
            await session.execute(placed)
        link = "https://x.example/archives/D0SATO/p1700000000000300"
        await session.execute(sa.update(Recording).values(permalink=link))

    async def belonging(typed: str) -> list[tuple[knowledge.Kind, int, int | None, str]]:
        page = await knowledge.search(deps, office.sato, typed)
        return [(hit.kind, hit.source_id, hit.lead_id, hit.account) for hit in page.hits]

    where = "https://x.example/archives/C0FIELD/p1700000000000100"
    handoff_ = (knowledge.Kind.HANDOFF, handed.handoff_id, handed.lead_id, "株式会社あおば精機")
    assert await belonging(f"<{where}>") == [handoff_]
    # An answer in its thread belongs to it too.
    reply = "https://x.example/archives/C0FIELD/p1700000099000100?thread_ts=1700000000.000100&cid=C0FIELD"
    assert await belonging(f"{reply} は何の件？") == [handoff_]
    (inquiry,) = await belonging("https://x.example/archives/C0FIELD/p1700000000000200")
    assert inquiry[:3] == (knowledge.Kind.INQUIRY, asked.submission_id, asked.lead_id)
    assert [row[:3] for row in await belonging(link)] == [(knowledge.Kind.RECORDING, number, handed.lead_id)]
    # The same places in another channel, and asked from next door.
    assert await belonging(where.replace("C0FIELD", "C0OTHER")) == []
    assert await knowledge.search(deps, neighbours.sato, where) == knowledge.Page()
    assert await knowledge.search(deps, neighbours.sato, link) == knowledge.Page()


async def test_row_that_changes_while_its_passages_are_made_is_made_again(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_id = await office.lead(note="")
    call_id = await calls.record(deps, office.sato, lead_id, CallResult(*TALKED, note="旧い話"))
    sources = knowledge.queries.sources

    async def overtaken(*arguments: object) -> object:
        read = await sources(*arguments)  # type: ignore[arg-type]
        monkeypatch.undo()
        async with deps.writing("T1") as session:
            await session.execute(sa.update(Call).where(Call.id == call_id).values(note="新しい話"))
        return read

    monkeypatch.setattr(knowledge.queries, "sources", overtaken)
    assert await knowledge.bring_up(deps, "T1") == 1
    assert await office.rows(Passage) == 0
    assert await knowledge.bring_up(deps, "T1") == 1
    assert await found(office, "新しい話") == ["新しい話"]


async def test_pages_follow_each_other_with_the_newer_of_equal_answers_first(
    deps: Deps, office: Office, clock: Clock
) -> None:
    lead_id = await office.lead()
    for number in range(7):
        clock.forward(minutes=5)
        note = f"見積もりの話 {number}"
        await calls.record(deps, office.sato, lead_id, CallResult(*TALKED, note=note), request_key=str(number))
    long = "前置き。" * 200 + "見積もりの話 長い"
    await calls.record(deps, office.sato, lead_id, CallResult(*TALKED, note=long), request_key="long")
    await knowledge.index(deps)
    first = await knowledge.search(deps, office.sato, "見積もりの話", 5)
    second = await knowledge.search(deps, office.sato, "見積もりの話", 5, 5)
    assert (first.more, second.more) == (True, False)
    shown = [hit.snippet for hit in (*first.hits, *second.hits)]
    assert shown[0].endswith("見積もりの話 長い")
    assert shown[1:] == [f"見積もりの話 {number}" for number in range(6, -1, -1)]
    assert all(len(hit.snippet) < 130 for hit in first.hits)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    written=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60),
    typed=st.text(max_size=60) | st.sampled_from(['"', "a AND b", "grams:x", "予*", "\0", "NEAR(a b)", "\ud800", "-"]),
)
async def test_any_text_is_searched_without_a_fault_and_found_in_its_own_team_only(
    deps: Deps, office: Office, neighbours: Office, written: str, typed: str
) -> None:
    lead_id = await neighbours.lead(note=written)
    await knowledge.bring_up(deps, "T2")
    for text in (written, typed):
        for hit in (await knowledge.search(deps, office.sato, text)).hits:
            assert hit.lead_id != lead_id
        await knowledge.search(deps, neighbours.sato, text)
