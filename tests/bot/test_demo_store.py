"""What is stored of an invented history is the history, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from bot.demo_truth import Tally
from domain.members import Role
from services.deps import Actor
from services.outreach import leads as lead_services
from services.targeting import accounts
from storage.database import Database
from storage.tables import (
    Account,
    AuditLog,
    Call,
    CallDay,
    CallHour,
    Contact,
    FormSubmission,
    Handoff,
    HandoffReturn,
    Lead,
    Meeting,
    MeetingSlot,
    Qualification,
    StageChange,
    Suppression,
)
from tests.bot.invented import TEAM, ZONE, Invented, invented, keep


@pytest.fixture
async def kept(database: Database, queue_client: DBOSClient) -> Invented:
    return await keep(database, queue_client, invented(seed=3, months=2))


async def test_roll_ups_are_the_truths_counts_and_those_of_the_stored_calls(kept: Invented) -> None:
    truth = kept.history.truth.counts
    days = {
        (row.day, kept.rep(row.member_id), row.source): Tally(
            row.dials, row.answered, row.connected, row.effective, row.meetings_set
        )
        for row in await kept.rows(
            sa.select(
                CallDay.day,
                CallDay.member_id,
                CallDay.source,
                CallDay.dials,
                CallDay.answered,
                CallDay.connected,
                CallDay.effective,
                CallDay.meetings_set,
            )
        )
    }
    hours = {
        (row.segment, row.weekday, row.hour): (row.dials, row.connected)
        for row in await kept.rows(
            sa.select(CallHour.segment, CallHour.weekday, CallHour.hour, CallHour.dials, CallHour.connected)
        )
    }
    assert days == {(day, rep, source.value): tally for (day, rep, source), tally in truth.calls.items()}
    assert hours == {key: (tally.dials, tally.connected) for key, tally in truth.hours.items()}
    # And once more from the rows themselves.
    zone = ZoneInfo(ZONE)
    dials: Counter[tuple[Any, ...]] = Counter()
    connected: Counter[tuple[Any, ...]] = Counter()
    by_hour: Counter[tuple[Any, ...]] = Counter()
    calls = sa.select(
        Call.called_at, Call.member_id, Call.connection, Call.party, Lead.source, Account.industry
    ).select_from(Call)
    joined = calls.join(Lead, Lead.id == Call.lead_id).join(Account, Account.id == Lead.account_id)
    for row in await kept.rows(joined):
        local = row.called_at.astimezone(zone)
        key = (local.date(), kept.rep(row.member_id), row.source)
        dials[key] += 1
        connected[key] += row.connection == "answered" and row.party in ("contact", "decision_maker")
        by_hour[row.industry, local.weekday(), local.hour] += 1
    assert dials == {key: tally.dials for key, tally in days.items()}
    assert {key: n for key, n in connected.items() if n} == {k: t.connected for k, t in days.items() if t.connected}
    assert by_hour == {key: tally[0] for key, tally in hours.items()}


async def test_everything_that_happened_is_stored_once(kept: Invented) -> None:
    records = kept.history.records
    expected = {
        Lead: len(records.leads),
        Contact: len(records.leads),
        Call: len(records.calls),
        StageChange: len(records.moves),
        Qualification: len(records.judgements),
        Handoff: len(records.handoffs),
        HandoffReturn: sum(each.why is not None for each in records.handoffs),
        Meeting: len(records.meetings),
        FormSubmission: len(records.submissions),
        Suppression: sum(lead.stopped is not None for lead in records.leads),
    }
    assert {table: await kept.count(table) for table in expected} == expected


async def test_counts_of_judgements_meetings_and_responses_equal_the_rows(kept: Invented) -> None:
    counts, zone = kept.history.truth.counts, ZoneInfo(ZONE)

    def day(at: datetime) -> Any:
        return at.astimezone(zone).date()

    meetings = await kept.rows(sa.select(Meeting.starts_at, Meeting.booked_by, Meeting.status))
    assert counts.meetings == Counter((day(m.starts_at), kept.rep(m.booked_by), m.status) for m in meetings)
    handoffs = await kept.rows(sa.select(Handoff.created_at, Handoff.from_member_id, Handoff.status))
    assert counts.handoffs == Counter((day(h.created_at), kept.rep(h.from_member_id), h.status) for h in handoffs)
    responses = await kept.rows(
        sa.select(FormSubmission.received_at, FormSubmission.claimed_by, FormSubmission.response_seconds)
    )
    found = [(day(r.received_at), kept.rep(r.claimed_by), r.response_seconds) for r in responses]
    assert sorted(counts.responses) == sorted(found)
    judged = await kept.rows(sa.select(Qualification.judged_on, Qualification.answers, Qualification.sales_qualified))

    def asked(answers: Mapping[str, Any]) -> int:
        return sum(answers[each]["status"] != "not_asked" for each in ("budget", "authority", "need", "timeline"))

    assert counts.bant_completion() == (sum(asked(q.answers) for q in judged), 4 * len(judged))
    assert sum(qualified for *_, qualified in counts.judged) == sum(q.sales_qualified for q in judged)


async def test_time_of_field_sales_is_taken_by_meetings_that_stand(kept: Invented) -> None:
    slots = Counter(row.meeting_id for row in await kept.rows(sa.select(MeetingSlot.meeting_id)))
    meetings = await kept.rows(sa.select(Meeting.id, Meeting.status))
    assert {m.id for m in meetings if m.status != "cancelled"} == set(slots)
    assert set(slots.values()) == {15}, "an hour, and a quarter after it, in cells of five minutes"


async def test_nobody_is_called_who_must_not_be(kept: Invented) -> None:
    late = await kept.rows(
        sa.select(Call.id)
        .join(Lead, Lead.id == Call.lead_id)
        .join(Contact, Contact.id == Lead.contact_id)
        .where(Call.called_at > Contact.do_not_call_at)
    )
    assert late == []
    flagged = await kept.rows(sa.select(Contact.phone).where(Contact.do_not_call_at.is_not(None)))
    listed = await kept.rows(sa.select(Suppression.key).where(Suppression.channel == "phone"))
    assert {row.phone for row in flagged} == {row.key for row in listed} != set()


async def test_audit_trail_tells_the_history_in_the_order_of_time(kept: Invented) -> None:
    trail = await kept.rows(sa.select(AuditLog.action, AuditLog.created_at, AuditLog.subject).order_by(AuditLog.id))
    ours = [row for row in trail if row.subject.startswith("leads:")]
    assert [row.created_at for row in ours] == sorted(row.created_at for row in ours)
    actions, records = Counter(row.action for row in ours), kept.history.records
    assert actions["lead.call"] == len(records.calls)
    assert actions["lead.qualify"] == len(records.judgements)
    assert actions["lead.add"] + actions["lead.inbound"] == len(records.leads)
    assert actions["lead.hand_off"] == len(records.handoffs)
    assert actions["meeting.book"] == len(records.meetings)


async def test_product_reads_what_was_stored(kept: Invented) -> None:
    """Cards, lists and the search work on it as on what people typed."""
    rep = Actor(TEAM, kept.staff.inside[0], "U0", "人0", Role.INSIDE_SALES, "ja", ZONE, ZONE)
    records = kept.history.records
    handed = records.handoffs[0].lead
    card = await lead_services.card(kept.deps, rep, kept.stored.lead + handed)
    assert card.qualification is not None
    assert card.handoffs
    assert {type(entry).__name__ for entry in card.history} >= {"CallEntry", "StageEntry", "QualificationEntry"}
    assert await accounts.find(kept.deps, rep, card.account.name.replace("株式会社", "")[1:])
    assert await lead_services.find(kept.deps, rep, card.contact.name)
    mine = await lead_services.mine(kept.deps, rep, 1000)
    assert {line.owner_id for line in mine} == {rep.member_id}


async def test_next_lead_and_call_get_ids_of_their_own(kept: Invented) -> None:
    rep = Actor(TEAM, kept.staff.inside[0], "U0", "人0", Role.INSIDE_SALES, "ja", ZONE, ZONE)
    account = (await kept.rows(sa.select(sa.func.min(Account.id))))[0][0]
    made = await lead_services.add(kept.deps, rep, lead_services.NewLead(account, "新規 太郎"), despite_duplicates=True)
    assert made >= kept.stored.lead + len(kept.history.records.leads)


async def test_moments_are_stored_to_the_second(kept: Invented) -> None:
    call = kept.history.records.calls[-1]
    [row] = await kept.rows(sa.select(Call.called_at, Call.outcome).order_by(Call.id.desc()).limit(1))
    assert (row.called_at, row.outcome) == (
        datetime.fromtimestamp(call.at, UTC),
        call.outcome.value if call.outcome else None,
    )
    assert astuple(kept.history.truth.counts.total())[0] == len(kept.history.records.calls)
