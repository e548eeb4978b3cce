"""An invented history into a database: places become ids, seconds become moments, and what the product keeps beside
each record (roll-ups, audit trail, search index, taken time) is written with it."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.demo_history import History
from bot.demo_names import PLACES, company, person
from bot.demo_records import DemoLead
from bot.demo_sales import cells_of
from bot.demo_words import FORMS
from domain.data.quality import person_key
from domain.qualification.handoff import HandoffStatus
from services.data.quality import account_keys
from services.deps import Deps
from services.qualification.verdict import make_defaults
from storage import account_search, bulk
from storage import qualification as qualification_queries
from storage.tables import (
    Absence,
    Account,
    AuditLog,
    Base,
    Call,
    CallDay,
    CallHour,
    Contact,
    FormSource,
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

Audit = tuple[int, int | None, str, str, dict[str, Any]]
"""Moment, member, action, subject, detail."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The members' ids: `inside` in the order of the model's reps."""

    inside: tuple[int, ...]
    field: tuple[int, ...]
    manager: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the history begins in each table, and which handoffs there are: (id, status), oldest first."""

    lead: int
    call: int
    handoffs: tuple[tuple[int, HandoffStatus], ...]
    forms: tuple[tuple[str, str], ...]
    """The forms of the website: the name in each one's address, and the secret that signs what it sends."""


def moment(at: int) -> datetime:
    """A moment of the history."""
    return datetime.fromtimestamp(at, UTC)


def phone(number: int) -> str:
    """A number that nobody has: a local exchange never begins with 1."""
    return f"+813{10_000_000 + number}"


async def store(deps: Deps, team_id: str, history: History, staff: Staff, channel: str) -> Stored:
    """Write a history as the team's, in one transaction. Handoffs stand in `channel`.

    The team and its members are there; its business days and its other records are its own matter.
    """
    async with deps.writing(team_id) as session:
        return await _Writer(session, deps, team_id, history, staff, channel).all()


class _Writer:
    def __init__(
        self, session: AsyncSession, deps: Deps, team_id: str, history: History, staff: Staff, channel: str
    ) -> None:
        self.session, self.deps, self.team_id, self.channel = session, deps, team_id, channel
        self.history, self.records = history, history.records
        self.people = (*staff.inside, *staff.field[: history.truth.model.field], staff.manager)
        self.inside = len(history.truth.model.reps)
        self.staff = staff
        self.zone = history.plan.calendar.zone.key
        self.forms = tuple((f"{name}-{secrets.token_urlsafe(12)}", secrets.token_urlsafe(32)) for name, _ in FORMS)

    async def all(self) -> Stored:
        """Everything, what others refer to first."""
        records = self.records
        self.account = await bulk.reserve(self.session, Account, self.companies)
        self.contact = await bulk.reserve(self.session, Contact, len(records.leads))
        self.lead = await bulk.reserve(self.session, Lead, len(records.leads))
        self.call = await bulk.reserve(self.session, Call, len(records.calls))
        self.judgement = await bulk.reserve(self.session, Qualification, len(records.judgements))
        self.handoff = await bulk.reserve(self.session, Handoff, len(records.handoffs))
        self.meeting = await bulk.reserve(self.session, Meeting, len(records.meetings))
        self.submission = await bulk.reserve(self.session, FormSubmission, len(records.submissions))
        await self._companies()
        await self._leads()
        await self._calls()
        await self._judgements()
        await self._handoffs()
        await self._meetings()
        await self._submissions()
        await self._rest()
        audits = (
            (self.team_id, who, action, subject, detail, moment(at))
            for at, who, action, subject, detail in self._audits()
        )
        await self._write(AuditLog, "member_id action subject detail created_at", audits)
        handoffs = tuple((self.handoff + place, each.status) for place, each in enumerate(records.handoffs))
        return Stored(self.lead, self.call, handoffs, self.forms)

    @cached_property
    def companies(self) -> int:
        """How many companies the leads are at."""
        return max((lead.account for lead in self.records.leads), default=-1) + 1

    @cached_property
    def begun(self) -> int:
        """When the team had its forms, its companies and its rules."""
        return min((lead.created for lead in self.records.leads), default=int(self.history.plan.now.timestamp())) - 60

    async def _write(self, model: type[Base], columns: str, rows: Iterable[bulk.Row]) -> None:
        """Rows that begin with the team."""
        await bulk.write(self.session, model, ("team_id", *columns.split()), rows)

    async def _companies(self) -> None:
        at = moment(self.begun)
        postgresql = account_search.is_postgresql(self.session)
        rows, entries = [], []
        for number in range(self.companies):
            about, key = company(number), self.account + number
            keys = account_keys(about.name, reading=about.reading, name_en=about.name_en, website=about.website)
            entry = account_search.Entry(key, keys.name_key, keys.search_text)
            entries.append(entry)
            grams = (
                sorted(account_search.numbers(self.team_id, entry.name_key, entry.search_text)) if postgresql else None
            )
            shown = (about.name, about.reading, about.name_en, about.industry, about.address, about.website)
            rows.append((self.team_id, key, *shown, keys.name_key, keys.search_text, grams, at, at))
        columns = "id name reading name_en industry address website name_key search_text grams created_at updated_at"
        await self._write(Account, columns, rows)
        if not postgresql:
            await account_search.replace_sqlite(self.session, [], entries)

    async def _leads(self) -> None:
        def contacts() -> Iterator[bulk.Row]:
            for lead in self.records.leads:
                surname, given = person(lead.person)
                department, title, role = PLACES[lead.person % len(PLACES)]
                name, email = f"{surname.ja} {given.ja}", email_of(lead)
                yield (
                    *(self.team_id, self.contact + lead.number, self.account + lead.account),
                    *(name, f"{surname.kana} {given.kana}", person_key(name), department, title),
                    *(phone(lead.number), email, email, role),
                    *(moment(lead.stopped) if lead.stopped else None, moment(lead.created)),
                )

        columns = "id account_id name reading name_key department title phone email email_key buying_role"
        await self._write(Contact, f"{columns} do_not_call_at created_at", contacts())
        rows = (
            (
                *(self.team_id, self.lead + lead.number, self.account + lead.account, self.contact + lead.number),
                *(self.people[lead.owner], lead.stage.value, lead.source.value, lead.note),
                lead.step.value if lead.step else None,
                moment(lead.due) if lead.due else None,
                lead.out.value if lead.out else None,
                moment(lead.called) if lead.called else None,
                *(lead.attempts, moment(lead.created), moment(lead.updated), lead.version),
            )
            for lead in self.records.leads
        )
        columns = "id account_id contact_id owner_id stage source note next_step next_step_at disqualify_reason"
        await self._write(Lead, f"{columns} last_called_at attempts created_at updated_at version", rows)
        moves = (
            (
                *(self.team_id, self.lead + move.lead, None if move.person is None else self.people[move.person]),
                *(move.before.value if move.before else None, move.after.value, move.reason, moment(move.at)),
            )
            for move in self.records.moves
        )
        await self._write(StageChange, "lead_id member_id from_stage to_stage reason created_at", moves)

    async def _calls(self) -> None:
        rows = (
            (
                *(self.team_id, self.call + place, self.lead + call.lead, self.people[call.rep], moment(call.at)),
                *(call.connection.value, call.party.value, call.outcome.value if call.outcome else None),
                *(call.reason.value if call.reason else None, call.note),
            )
            for place, call in enumerate(self.records.calls)
        )
        await self._write(Call, "id lead_id member_id called_at connection party outcome reason note", rows)
        counts = self.history.truth.counts
        days = (
            (self.team_id, day, self.people[rep], source.value, *_figures(tally))
            for (day, rep, source), tally in sorted(counts.calls.items())
        )
        await self._write(CallDay, "day member_id source dials answered connected effective meetings_set", days)
        hours = (
            (self.team_id, industry, weekday, hour, tally.dials, tally.connected)
            for (industry, weekday, hour), tally in sorted(counts.hours.items())
        )
        await self._write(CallHour, "segment weekday hour dials connected", hours)
        stops = [lead for lead in self.records.leads if lead.stopped]
        rows_ = (
            (self.team_id, "phone", phone(each.number), self.contact + each.number, self.people[each.owner], moment(at))
            for each in stops
            if (at := each.stopped)
        )
        await self._write(Suppression, "channel key contact_id member_id created_at", rows_)

    async def _judgements(self) -> None:
        await make_defaults(self.session, moment(self.begun))
        policy = await qualification_queries.policy(self.session)
        if policy is None:
            raise RuntimeError("The team has no rules for the verdict.")
        rows = (
            (
                *(self.team_id, self.judgement + place, self.lead + each.lead, self.people[each.rep]),
                *(
                    policy.policy.id,
                    each.day.isoformat(),
                    each.answers.to_json(),
                    each.sales_qualified,
                    moment(each.at),
                ),
            )
            for place, each in enumerate(self.records.judgements)
        )
        columns = "id lead_id member_id policy_id judged_on answers sales_qualified created_at"
        await self._write(Qualification, columns, rows)

    async def _handoffs(self) -> None:
        now = self.history.plan.now
        rows, returns = [], []
        for place, each in enumerate(self.records.handoffs):
            due, to = moment(each.due), self.people[self.inside + each.to]
            late = each.status is HandoffStatus.WAITING and due <= now
            answered = moment(each.answered) if each.answered else None
            rows.append(
                (
                    *(self.team_id, self.handoff + place, self.lead + each.lead, self.judgement + each.judgement),
                    *(self.people[each.rep], to, self.channel, each.status.value, each.package.to_json()),
                    *(moment(each.at), due, answered, to if answered else None, due if late else None),
                )
            )
            if each.why is not None and answered is not None:
                reason, comment = each.why
                returns.append((self.team_id, self.handoff + place, to, reason.value, comment, answered))
        columns = "id lead_id qualification_id from_member_id to_member_id channel status package created_at due_at"
        await self._write(Handoff, f"{columns} acknowledged_at acknowledged_by reminded_at", rows)
        await self._write(HandoffReturn, "handoff_id member_id reason comment created_at", returns)

    async def _meetings(self) -> None:
        rows, slots = [], []
        for place, each in enumerate(self.records.meetings):
            lead, to = self.records.leads[each.lead], self.people[self.inside + each.to]
            cancelled = each.status == "cancelled"
            rows.append(
                (
                    *(self.team_id, self.meeting + place, self.lead + each.lead, to, self.people[each.rep]),
                    *(self.judgement + each.judgement, each.status, moment(each.starts), moment(each.ends)),
                    *(self.zone, "ja", f"お打ち合わせ（{company(lead.account).name}様）", [email_of(lead)]),
                    *(f"demo-{self.meeting + place}@{self.team_id.lower()}.example", int(cancelled), each.reason),
                    *(each.cancelled_by, moment(each.told) if each.told else None, moment(each.booked)),
                    1 + int(each.status != "booked"),
                )
            )
            if not cancelled:
                slots += [(self.team_id, to, cell, self.meeting + place) for cell in cells_of(each)]
        columns = "id lead_id member_id booked_by qualification_id status starts_at ends_at customer_zone language"
        more = "subject guests uid sequence cancel_reason cancelled_by outcome_at created_at version"
        await self._write(Meeting, f"{columns} {more}", rows)
        await self._write(MeetingSlot, "member_id cell meeting_id", slots)

    async def _submissions(self) -> None:
        first = await bulk.reserve(self.session, FormSource, len(FORMS))
        forms: list[bulk.Row] = [
            (
                *(self.team_id, first + place, name, FORMS[place][1], self.deps.keys.encrypt(secret), {}),
                *(self.staff.manager, moment(self.begun)),
            )
            for place, (name, secret) in enumerate(self.forms)
        ]
        await self._write(FormSource, "id name title secret mapping created_by created_at", forms)
        rows = []
        for place, each in enumerate(self.records.submissions):
            lead = self.records.leads[each.lead]
            surname, given = person(lead.person)
            fields = {
                "company": company(lead.account).name,
                "name": f"{surname.ja} {given.ja}",
                "email": email_of(lead),
                "message": lead.note,
            }
            told = [moment(due) if each.responded > due else None for due in (each.team_due, each.manager_due)]
            if each.claimed <= each.team_due:
                # Who has claimed it is on the way: the team need not be told.
                told[0] = None
            rows.append(
                (
                    *(self.team_id, self.submission + place, first + each.form, f"demo-{place + 1}"),
                    *(self.lead + each.lead, fields, each.urgency, moment(each.received)),
                    *(moment(each.team_due), moment(each.manager_due), *told),
                    *(self.people[each.rep], moment(each.claimed), moment(each.responded), each.seconds),
                )
            )
        columns = "id source_id submission_id lead_id fields urgency received_at team_due_at manager_due_at"
        more = "team_told_at manager_told_at claimed_by claimed_at responded_at response_seconds"
        await self._write(FormSubmission, f"{columns} {more}", rows)

    async def _rest(self) -> None:
        leaves = [
            (self.team_id, self.people[each.rep], each.first, each.last, moment(self.begun))
            for each in self.records.leaves
        ]
        await self._write(Absence, "member_id first_day last_day created_at", leaves)

    # The audit trail -------------------------------------------------------------------------------------------------

    def _audits(self) -> Iterator[Audit]:
        """What the product would have written down, in the order of time."""
        others = sorted(self._deeds(), key=lambda audit: audit[0])
        return heapq.merge(self._dials(), others, key=lambda audit: audit[0])

    def _of(self, lead: int) -> str:
        return f"leads:{self.lead + lead}"

    def _dials(self) -> Iterator[Audit]:
        leads = self.records.leads
        for call in self.records.calls:
            lead = leads[call.lead]
            detail = {
                "connection": call.connection.value,
                "party": call.party.value,
                "outcome": call.outcome.value if call.outcome else None,
                "source": lead.source.value,
                "segment": company(lead.account).industry,
            }
            yield call.at, self.people[call.rep], "lead.call", self._of(call.lead), detail

    def _deeds(self) -> Iterator[Audit]:
        records, people = self.records, self.people
        inbound = {each.lead: place for place, each in enumerate(records.submissions)}
        for lead in records.leads:
            place = inbound.get(lead.number)
            ids = {"contact_id": self.contact + lead.number, "account_id": self.account + lead.account}
            if place is None:
                added = ids | {"despite_duplicates": False}
                yield lead.created, people[lead.owner], "lead.add", self._of(lead.number), added
            else:
                came = {"submission_id": self.submission + place}
                yield lead.created, None, "lead.inbound", self._of(lead.number), came
                claimed = records.submissions[place].claimed
                yield claimed, people[lead.owner], "inbound.claim", self._of(lead.number), came
        for step in records.decided:
            planned = {
                "step": step.step.value,
                "due": moment(step.due).isoformat() if step.due else None,
                "reason": step.reason.value if step.reason else None,
                "note": step.note,
            }
            yield step.at, people[step.rep], "lead.next_step", self._of(step.lead), planned
        for again in records.reopened:
            yield again.at, people[again.rep], "lead.reopen", self._of(again.lead), {"from": "nurturing"}
        for each in records.judgements:
            judged = {"sales_qualified": each.sales_qualified, "policy_version": 1, "stage": each.stage.value}
            yield each.at, people[each.rep], "lead.qualify", self._of(each.lead), judged
        for place, handoff in enumerate(records.handoffs):
            to, key = people[self.inside + handoff.to], {"handoff_id": self.handoff + place}
            handed = key | {"to_member_id": to, "channel": self.channel}
            yield handoff.at, people[handoff.rep], "lead.hand_off", self._of(handoff.lead), handed
            if handoff.answered is not None and handoff.why is None:
                yield handoff.answered, to, "handoff.accept", self._of(handoff.lead), key
            elif handoff.answered is not None and handoff.why is not None:
                why = key | {"reason": handoff.why[0].value, "comment": handoff.why[1]}
                yield handoff.answered, to, "handoff.return", self._of(handoff.lead), why
        for place, meeting in enumerate(records.meetings):
            to, key = people[self.inside + meeting.to], {"meeting_id": self.meeting + place}
            booked = key | {"member_id": to, "starts_at": moment(meeting.starts).isoformat()}
            yield meeting.booked, people[meeting.rep], "meeting.book", self._of(meeting.lead), booked
            if meeting.told is not None:
                yield meeting.told, to, "meeting.close", self._of(meeting.lead), key | {"status": meeting.status}
            elif meeting.status == "cancelled":
                who = None if meeting.cancelled_by == "customer" else to
                yield meeting.changed, who, "meeting.cancel", self._of(meeting.lead), key | {"reason": meeting.reason}


def email_of(lead: DemoLead) -> str:
    """The address of a lead's person."""
    surname, given = person(lead.person)
    domain = company(lead.account).website.removeprefix("https://")
    return f"{surname.en}.{given.en}{lead.person + 1}@{domain}".lower()


def _figures(tally: Any) -> tuple[int, int, int, int, int]:
    return tally.dials, tally.answered, tally.connected, tally.effective, tally.meetings_set
