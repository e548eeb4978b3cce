"""Leads that came by themselves: who takes each, when the team and the manager are told, how fast they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar
from domain.errors import Code, Refused
from domain.members import Permission, Role, may, require
from domain.outreach.form_fields import Filled
from domain.outreach.inbound import FIRST_RESPONSE_SECONDS, RULES, Finding, InboundRules, Speed, Urgency, judge, speed
from services import rules
from services.deps import Actor, Deps
from services.outreach.records import ContactFacts, LeadLine, contact_facts, lead_line
from services.targeting.records import AccountFacts, account_facts
from services.teams import team_calendar
from storage import inbound as queries
from storage import leads as lead_queries
from storage import members as member_queries
from storage.inbound import ClockRow, SubmissionRow
from storage.leads import LeadRow
from storage.members import MemberRow, audit
from storage.statements import Transaction

CARD = "inbound.card"
UPDATE = "inbound.update"
TEAM_TOLD = "inbound.team"
TEAM_UPDATE = "inbound.team_update"
MANAGER_TOLD = "inbound.manager"
MANAGER_UPDATE = "inbound.manager_update"
PASSED_ON = "inbound.passed_on"

LONGEST_LIST = 20


class Claimed(Refused):
    """Somebody else was faster; nothing was changed. `by` is the name, `slack_user` whom to mention."""

    def __init__(self, by: str, slack_user: str) -> None:
        super().__init__(Code.ALREADY_DONE, by=by)
        self.by = by
        self.slack_user = slack_user


@dataclass(frozen=True, slots=True)
class Person:
    """A member, by name and Slack user."""

    member_id: int
    name: str
    slack_user: str


@dataclass(frozen=True, slots=True)
class InboundView:
    """Everything the card of a submission shows. Moments are in UTC.

    `told_at` is when it last was said that nobody had answered. `responder` None with `responded_at`: nobody knows
    any more who it was. `calls_allowed` False: this person must not be called.
    """

    submission_id: int
    form: str
    lead: LeadLine
    account: AccountFacts
    contact: ContactFacts
    filled: Filled
    urgency: Urgency
    findings: tuple[Finding, ...]
    repeated: int
    received_at: datetime
    team_due_at: datetime
    manager_due_at: datetime
    team_told_at: datetime | None
    manager_told_at: datetime | None
    claimed: Person | None
    claimed_at: datetime | None
    responder: str | None
    responded_at: datetime | None
    response_seconds: int | None
    calls_allowed: bool
    posted_channel: str | None
    ts: str | None


# Rules


async def settings(deps: Deps, actor: Actor) -> InboundRules:
    """The team's rules. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    return await rules.read(deps, actor.team_id, RULES, InboundRules())


async def set_rules(deps: Deps, actor: Actor, changed: InboundRules) -> None:
    """Decide where the cards stand, whose new leads are and how long the clocks run.

    What already came keeps its clock. Refused: NOT_ALLOWED, INVALID `owner_id` for who may not own leads. Rejected:
    as `InboundRules.check`.
    """
    require(actor.role, Permission.EDIT_TEAM)
    changed.check()
    if changed.owner_id is not None:
        async with deps.reading(actor.team_id) as session:
            owner = await member_queries.by_id(session, changed.owner_id)
        if owner is None or not may(Role(owner.role), Permission.CLAIM):
            raise Refused(Code.INVALID, "owner_id")
    await rules.change(deps, actor, RULES, changed)


async def fallback_owner(session: AsyncSession, team: InboundRules) -> MemberRow:
    """Whose a lead is until somebody claims it: the chosen member, else a manager, an admin, anybody.

    Refused: NOT_FOUND in a team without members.
    """
    if team.owner_id is not None:
        chosen = await member_queries.by_id(session, team.owner_id)
        if chosen is not None:
            return chosen
    for roles in ([Role.MANAGER.value], [Role.ADMIN.value], [role.value for role in Role]):
        found = await member_queries.of_roles(session, roles)
        if found:
            return found[0]
    raise Refused(Code.NOT_FOUND)


# Seeing


async def view(deps: Deps, team_id: str, submission_id: int) -> InboundView:
    """Everything the card of a submission shows. Refused: NOT_FOUND."""
    async with deps.reading(team_id) as session:
        row = await queries.submission(session, submission_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        return await _view(session, row)


async def waiting(deps: Deps, actor: Actor) -> list[InboundView]:
    """Submissions that nobody has responded to, the one due first first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return [await _view(session, row) for row in await queries.unanswered(session, LONGEST_LIST)]


async def _view(session: AsyncSession, row: SubmissionRow) -> InboundView:
    lead = await lead_queries.line(session, row.lead_id)
    account = await lead_queries.account(session, row.account_id)
    contact = await lead_queries.contact(session, row.contact_id)
    if lead is None or account is None or contact is None:
        raise Refused(Code.NOT_FOUND)
    filled = Filled.from_json(row.fields)
    repeated = await queries.earlier(session, row.lead_id, row.id)
    claimed = (
        Person(row.claimed_by, row.claimed_name or "", row.claimed_slack_user or "")
        if row.claimed_by is not None
        else None
    )
    responder = await queries.first_responder(session, row.lead_id, row.responded_at) if row.responded_at else None
    return InboundView(
        submission_id=row.id,
        form=row.source,
        lead=lead_line(lead),
        account=account_facts(account),
        contact=contact_facts(contact),
        filled=filled,
        urgency=Urgency(row.urgency),
        findings=judge(filled, repeated=repeated).findings,
        repeated=repeated,
        received_at=row.received_at,
        team_due_at=row.team_due_at,
        manager_due_at=row.manager_due_at,
        team_told_at=row.team_told_at,
        manager_told_at=row.manager_told_at,
        claimed=claimed,
        claimed_at=row.claimed_at,
        responder=responder,
        responded_at=row.responded_at,
        response_seconds=row.response_seconds if row.responded_at else None,
        calls_allowed=await queries.do_not_call(session, row.contact_id) is None,
        posted_channel=row.posted_channel,
        ts=row.ts,
    )


# Claims


async def claim(deps: Deps, actor: Actor, submission_id: int) -> LeadLine:
    """Take a lead that came by itself: its owner from now on. Of all who try at once, one gets it.

    It stops the team's clock, not the one to the first response. Claiming what one has changes nothing.

    Refused: NOT_ALLOWED, NOT_FOUND, `Claimed` for all others.
    """
    require(actor.role, Permission.CLAIM)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        lead_id = await queries.claim(session, submission_id, actor.member_id, now)
        if lead_id is None:
            row = await queries.submission(session, submission_id)
            if row is None:
                raise Refused(Code.NOT_FOUND)
            if row.claimed_by != actor.member_id:
                raise Claimed(row.claimed_name or "", row.claimed_slack_user or "")
            return lead_line(await _lead(session, row.lead_id))
        await _own(session, actor, lead_id, actor.member_id, now)
        detail = {"submission_id": submission_id}
        await audit(session, actor.member_id, "inbound.claim", f"leads:{lead_id}", detail, now)
        await _redraw(deps, session, submission_id, f"claimed:{actor.member_id}:{now.timestamp()}", now)
        return lead_line(await _lead(session, lead_id))


async def release(deps: Deps, actor: Actor, submission_id: int) -> LeadLine:
    """Give back what one had claimed, so that others may take it. The clocks have gone on all the time.

    Managers may give back anybody's. Refused: NOT_ALLOWED, NOT_FOUND, `Claimed` when somebody else has it, ALREADY_DONE
    when nobody has it or it was answered.
    """
    return await _pass_on(deps, actor, submission_id, None)


async def pass_on(deps: Deps, actor: Actor, submission_id: int, to_member_id: int) -> LeadLine:
    """Give what one had claimed to somebody else, who is told.

    Refused as `release`, and INVALID `to_member_id` for who may not claim.
    """
    return await _pass_on(deps, actor, submission_id, to_member_id)


async def _pass_on(deps: Deps, actor: Actor, submission_id: int, to_id: int | None) -> LeadLine:
    require(actor.role, Permission.CLAIM)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        row = await queries.submission(session, submission_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        receiver = await _receiver(session, to_id)
        leads_team = may(actor.role, Permission.EDIT_TEAM)
        if row.claimed_by is None or (to_id is None and row.responded_at is not None):
            raise Refused(Code.ALREADY_DONE)
        if row.claimed_by != actor.member_id and not leads_team:
            raise Claimed(row.claimed_name or "", row.claimed_slack_user or "")
        lead_id = await queries.pass_on(session, submission_id, row.claimed_by, to_id, now)
        if lead_id is None:
            raise Refused(Code.STALE)
        if receiver is not None:
            await _own(session, actor, lead_id, receiver.id, now)
        detail = {"submission_id": submission_id, "from": row.claimed_by, "to": to_id}
        await audit(session, actor.member_id, "inbound.pass_on", f"leads:{lead_id}", detail, now)
        await _redraw(deps, session, submission_id, f"passed:{to_id}:{now.timestamp()}", now)
        if receiver is not None and receiver.id != actor.member_id:
            await deps.outbox.enqueue(
                session,
                key=f"inbound:{submission_id}:passed_on:{receiver.id}:{now.timestamp()}",
                kind=PASSED_ON,
                channel=receiver.slack_user,
                arguments={"submission_id": submission_id, "by": actor.name},
                now=now,
            )
        return lead_line(await _lead(session, lead_id))


async def _receiver(session: AsyncSession, member_id: int | None) -> MemberRow | None:
    if member_id is None:
        return None
    found = await member_queries.by_id(session, member_id)
    if found is None or not may(Role(found.role), Permission.CLAIM):
        raise Refused(Code.INVALID, "to_member_id")
    return found


async def _lead(session: AsyncSession, lead_id: int) -> LeadRow:
    lead = await lead_queries.line(session, lead_id)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    return lead


async def _own(session: AsyncSession, actor: Actor, lead_id: int, owner_id: int, now: datetime) -> None:
    lead = await lead_queries.line(session, lead_id, lock=True)
    if lead is not None and lead.owner_id != owner_id:
        await lead_queries.change(session, lead_id, now, owner_id=owner_id)
        detail = {"from": lead.owner_id, "to": owner_id}
        await audit(session, actor.member_id, "lead.take_over", f"leads:{lead_id}", detail, now)


def card_key(submission_id: int) -> str:
    """The key of a submission's card."""
    return f"inbound:{submission_id}"


def team_key(submission_id: int) -> str:
    """The key of the news to the team that nobody has taken a submission."""
    return f"inbound:{submission_id}:team"


def manager_key(submission_id: int, slack_user: str) -> str:
    """The key of the news to a manager that nobody has answered a submission."""
    return f"inbound:{submission_id}:manager:{slack_user}"


async def _redraw(
    deps: Deps, session: AsyncSession, submission_id: int, why: str, now: datetime, *, card_only: bool = False
) -> None:
    """Have the card edited in place, and the news that nobody took it or answered; `why` names the change."""
    kinds = {card_key(submission_id): UPDATE}
    if not card_only:
        kinds[team_key(submission_id)] = TEAM_UPDATE
        # Whoever was told as a manager may be an admin by now.
        leading = await member_queries.of_roles(session, [Role.MANAGER.value, Role.ADMIN.value])
        kinds |= {manager_key(submission_id, member.slack_user): MANAGER_UPDATE for member in leading}
    for key, channel in sorted((await queries.were_sent(session, list(kinds))).items()):
        await deps.outbox.enqueue(
            session,
            key=f"{key}:{why}",
            kind=kinds[key],
            channel=channel,
            arguments={"submission_id": submission_id},
            now=now,
        )


# First response


async def responded(transaction: Transaction, lead_id: int, member_id: int, at: datetime) -> None:
    """A person tried to reach the lead at `at`, by a call, a letter or a meeting: the first response to what waited. In
    the transaction that writes the attempt down; the figure and the card follow (`keep_time`)."""
    await queries.responded(transaction, lead_id, member_id, at)


async def taken_back(deps: Deps, session: AsyncSession, lead_id: int, call_id: int, at: datetime) -> None:
    """A call made at `at` is undone: what it responded to waits again, unless another attempt responded too, and its
    card says so. In the transaction that takes the call back."""
    now = deps.now()
    for submission_id in await queries.taken_back(session, lead_id, call_id, at):
        await _redraw(deps, session, submission_id, f"waits:{now.timestamp()}", now)


async def teams_with_work(deps: Deps) -> list[str]:
    """The teams in which `keep_time` has something to do."""
    async with deps.database.reading_across_teams() as session:
        return await queries.teams_with_work(session, deps.now())


async def keep_time(deps: Deps, team_id: str) -> int:
    """Tell the team what nobody took in time and the managers what nobody answered in time, and put what was answered
    into figures. How many submissions that concerned.

    Each is told of once, whoever asks and however many ask at once.
    """
    now = deps.now()
    async with deps.writing(team_id) as session:
        team = await member_queries.team(session, team_id)
        if team is None:
            return 0
        answered = await queries.unsettled(session)
        if answered:
            calendar = await team_calendar(session, team.zone, now)
            for row in answered:
                await _settle(deps, session, row, calendar, now)
        for_team = await queries.mark_team_told(session, now)
        for_manager = await queries.mark_manager_told(session, now)
        overdue = {row.id for row in for_manager}
        for late in for_team:
            # Where both clocks ran out unseen, the managers' news says it all; a team's channel hears it all the same.
            for channel in (await queries.were_sent(session, [card_key(late.id)])).values():
                await deps.outbox.enqueue(
                    session,
                    key=team_key(late.id),
                    kind=TEAM_TOLD,
                    channel=channel,
                    arguments={"submission_id": late.id},
                    now=now,
                )
            if late.id not in overdue:
                await _redraw(deps, session, late.id, "late", now, card_only=True)
        if for_manager:
            bosses = await member_queries.of_roles(session, [Role.MANAGER.value]) or await member_queries.of_roles(
                session, [Role.ADMIN.value]
            )
            for late in for_manager:
                await _redraw(deps, session, late.id, "overdue", now)
                for boss in bosses:
                    await deps.outbox.enqueue(
                        session,
                        key=manager_key(late.id, boss.slack_user),
                        kind=MANAGER_TOLD,
                        channel=boss.slack_user,
                        arguments={"submission_id": late.id},
                        now=now,
                    )
        concerned = {row.id for row in answered} | {row.id for row in for_team} | overdue
        return len(concerned)


async def _settle(deps: Deps, session: AsyncSession, row: ClockRow, calendar: BusinessCalendar, now: datetime) -> None:
    if row.responded_at is None:
        return
    await queries.settle(session, row.id, _seconds(calendar, row.received_at, row.responded_at))
    if row.auto and row.claimed_by is not None:
        # Who answered without claiming has taken it.
        lead = await lead_queries.line(session, row.lead_id, lock=True)
        if lead is not None and lead.owner_id != row.claimed_by:
            await lead_queries.change(session, row.lead_id, now, owner_id=row.claimed_by)
            detail = {"from": lead.owner_id, "to": row.claimed_by}
            await audit(session, row.claimed_by, "lead.take_over", f"leads:{row.lead_id}", detail, now)
    await _redraw(deps, session, row.id, f"answered:{row.responded_at.timestamp()}:{now.timestamp()}", now)


def _seconds(calendar: BusinessCalendar, start: datetime, end: datetime) -> int:
    return round(calendar.minutes_between(start, end) * 60)


# Speed to lead


async def speed_to_lead(
    session: AsyncSession, first: datetime, last: datetime, *, zone: str, now: datetime, member_id: int | None = None
) -> Speed:
    """Speed to lead (glossary) of what forms brought from `first` until before `last` (aware), in business time of the
    team's `zone`; `member_id`: of what that member claimed. An indicator of the framework: share within five minutes.
    """
    rows = await queries.clocks(session, first, last, member_id=member_id)
    if not rows:
        return speed([])
    calendar = await team_calendar(session, zone, now)
    seconds: list[float] = []
    unanswered = waiting = 0
    for row in rows:
        if row.responded_at is None:
            overdue = _seconds(calendar, row.received_at, now) > FIRST_RESPONSE_SECONDS
            unanswered, waiting = unanswered + overdue, waiting + (not overdue)
        elif row.response_seconds is not None:
            seconds.append(row.response_seconds)
        else:
            seconds.append(_seconds(calendar, row.received_at, row.responded_at))
    return speed(seconds, unanswered=unanswered, waiting=waiting)


async def speed_of_days(deps: Deps, actor: Actor, days: int) -> Speed:
    """Speed to lead of the last `days` times 24 hours. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        return await speed_to_lead(session, now - timedelta(days=days), now, zone=actor.team_zone, now=now)
