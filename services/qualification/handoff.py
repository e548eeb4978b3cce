"""The handoff to field sales: prepared, posted, answered, overdue (work item 3-6).

Words are made elsewhere: a draft gives facts from which the handlers fill in the sections in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import NextStep, Stage
from domain.members import Permission, Role, may, require
from domain.qualification.handoff import HandoffStatus, Package, ReturnReason
from services.deps import Actor, Deps
from services.outreach.records import ContactFacts, LeadLine, contact_facts, lead_line
from services.outreach.stages import move
from services.pipeline import proposals
from services.pipeline.proposals import SummaryLine
from services.qualification.records import (
    FieldRep,
    HandoffView,
    QualificationView,
    Return,
    is_overdue,
    qualification_view,
    ranked,
    return_of,
)
from services.targeting.records import AccountFacts, account_facts
from services.teams import team_calendar
from storage import handoffs as handoff_queries
from storage import leads as lead_queries
from storage import members as member_queries
from storage import qualification as queries
from storage.handoffs import AnsweredRow, HandoffRow
from storage.leads import LeadRow
from storage.members import audit
from storage.qualification import QualificationRow

MAX_PEOPLE = 20
MAX_COMMENT = 1000

POST = "handoff.post"
UPDATE = "handoff.update"
ANSWERED = "handoff.answered"
REMINDER = "handoff.reminder"
OVERDUE = "handoff.overdue"


@dataclass(frozen=True, slots=True)
class HandoffDraft:
    """What the form of a handoff starts from.

    `package` carries the texts that were already written (notes, the call's summary, an earlier handoff's sections);
    company, key persons and BANT are put into words from `account`, `people` and `qualification`. `channel` None: the
    team chose none yet. `returned`: why field sales gave this lead back last time.
    """

    lead: LeadLine
    account: AccountFacts
    contact: ContactFacts
    people: tuple[ContactFacts, ...]
    """The others at the company."""
    qualification: QualificationView
    package: Package
    suggestions: tuple[FieldRep, ...]
    channel: str | None
    acknowledge_minutes: int
    returned: Return | None
    summary: tuple[SummaryLine, ...] = ()
    """What the newest conversation came to, each sentence with its source, where nobody has written a summary."""


async def prepare(deps: Deps, actor: Actor, lead_id: int) -> HandoffDraft:
    """Everything the form shows.

    Refused: NOT_ALLOWED, NOT_FOUND, WRONG_STAGE for a lead that is not sales qualified, ALREADY_DONE (`by`) for one
    that was handed off.
    """
    require(actor.role, Permission.HAND_OFF)
    async with deps.reading(actor.team_id) as session:
        lead = await lead_queries.line(session, lead_id)
        if lead is None:
            raise Refused(Code.NOT_FOUND)
        judged = await _ready(session, lead)
        account = await lead_queries.account(session, lead.account_id)
        people = await lead_queries.people(session, lead.account_id, MAX_PEOPLE)
        contact = await lead_queries.contact(session, lead.contact_id)
        note = await lead_queries.note(session, lead_id)
        earlier = await handoff_queries.handoffs(session, lead_id, 1)
        returns = await handoff_queries.returns(session, lead_id, 1)
        reps = await handoff_queries.field_reps(session)
        team = await member_queries.team(session, actor.team_id)
        summary = await proposals.summary(session, lead_id)
    if account is None or contact is None or team is None:
        raise Refused(Code.NOT_FOUND)
    view = qualification_view(judged)
    written = Package.from_json(earlier[0].package) if earlier else Package()
    return HandoffDraft(
        lead=lead_line(lead),
        account=account_facts(account),
        contact=contact_facts(contact),
        people=tuple(contact_facts(person) for person in people if person.id != lead.contact_id),
        qualification=view,
        package=Package(
            background=written.background or note,
            worries=written.worries or view.answers.need.note,
            hopes=written.hopes,
            # The newest call is what field sales goes on from.
            call_summary=view.answers.call_summary or written.call_summary,
        ),
        suggestions=ranked(reps, account.address, account.industry),
        channel=team.handoff_channel,
        acknowledge_minutes=team.acknowledge_minutes,
        returned=return_of(returns[0]) if returns else None,
        summary=summary,
    )


async def post(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    qualification_id: int,
    package: Package,
    to_member_id: int,
    channel: str,
    *,
    request_key: str | None = None,
) -> HandoffView:
    """Save a handoff and enqueue its post in the same transaction.

    `request_key` names the submission: sent twice it makes one handoff, and the second call gives the first one's.

    Refused: NOT_ALLOWED, NOT_FOUND, NO_CHANNEL `channel`, WRONG_STAGE for a lead that is not sales qualified,
    ALREADY_DONE (`by`) for one that was handed off, STALE when it was judged again since, INVALID `to_member_id` for
    somebody who takes no handoffs. Rejected: each empty section (`company`, `key_persons`, `bant`, `background`,
    `worries`, `call_summary`) as REQUIRED, texts too long as TOO_LONG.
    """
    require(actor.role, Permission.HAND_OFF)
    package.check()
    if not channel:
        raise Refused(Code.NO_CHANNEL, "channel")
    now = deps.now()
    key = f"{lead_id}:{request_key}" if request_key else None
    async with deps.writing(actor.team_id) as session:
        lead = await lead_queries.line(session, lead_id, lock=True)
        if lead is None:
            raise Refused(Code.NOT_FOUND)
        before = await handoff_queries.handoff_of_request(session, key) if key else None
        if before is not None:
            return await _view(session, before, deps)
        judged = await _ready(session, lead)
        if judged.id != qualification_id:
            raise Refused(Code.STALE)
        receiver = await member_queries.by_id(session, to_member_id)
        if receiver is None or not may(Role(receiver.role), Permission.TAKE_HANDOFF):
            raise Refused(Code.INVALID, "to_member_id")
        team = await member_queries.team(session, actor.team_id)
        if team is None:
            raise Refused(Code.NOT_FOUND)
        calendar = await team_calendar(session, team.zone, now)
        made = await handoff_queries.add_handoff(
            session,
            lead_id=lead_id,
            qualification_id=qualification_id,
            from_member_id=actor.member_id,
            to_member_id=to_member_id,
            channel=channel,
            package=package.to_json(),
            created_at=now,
            due_at=calendar.add_minutes(now, team.acknowledge_minutes),
            request_key=key,
        )
        if made is None:
            raise Refused(Code.ALREADY_DONE)
        await move(
            session,
            actor,
            lead_id,
            Stage(lead.stage),
            Stage.HANDED_OFF,
            now,
            next_step=NextStep.WAIT_FOR_FIELD_SALES.value,
            next_step_at=None,
        )
        detail = {"handoff_id": made, "to_member_id": to_member_id, "channel": channel}
        await audit(session, actor.member_id, "lead.hand_off", f"leads:{lead_id}", detail, now)
        await deps.outbox.enqueue(
            session, key=f"handoff:{made}", kind=POST, channel=channel, arguments={"handoff_id": made}, now=now
        )
        row = await handoff_queries.handoff(session, made)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        return await _view(session, row, deps)


async def view(deps: Deps, team_id: str, handoff_id: int) -> HandoffView:
    """Everything the post of a handoff shows. Refused: NOT_FOUND."""
    async with deps.reading(team_id) as session:
        row = await handoff_queries.handoff(session, handoff_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        return await _view(session, row, deps)


async def accept(deps: Deps, actor: Actor, handoff_id: int) -> HandoffView:
    """Take a lead. Of all who answer a handoff at once, one gets it.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`by`, `status`) for the others.
    """
    require(actor.role, Permission.TAKE_HANDOFF)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        done = await _answer(session, actor, handoff_id, HandoffStatus.WAITING, HandoffStatus.ACCEPTED, now)
        await move(
            session, actor, done.lead_id, Stage.HANDED_OFF, Stage.ACCEPTED, now, next_step=None, next_step_at=None
        )
        await audit(
            session, actor.member_id, "handoff.accept", f"leads:{done.lead_id}", {"handoff_id": handoff_id}, now
        )
        return await _tell(session, deps, handoff_id, done, "")


async def return_(
    deps: Deps,
    actor: Actor,
    handoff_id: int,
    reason: ReturnReason,
    comment: str,
    *,
    after_acceptance: bool = False,
) -> HandoffView:
    """Give a lead back to inside sales, who call again at the next working hour.

    `after_acceptance`: the handoff had been accepted, and the meeting showed otherwise. Of all who answer a waiting
    handoff at once, one gets through.

    Refused: NOT_ALLOWED, NOT_FOUND, REQUIRED `comment` for the reason OTHER, TOO_LONG `comment`, ALREADY_DONE (`by`,
    `status`) when the handoff was answered otherwise.
    """
    require(actor.role, Permission.TAKE_HANDOFF)
    comment = comment.strip()
    if reason is ReturnReason.OTHER and not comment:
        raise Refused(Code.REQUIRED, "comment")
    if len(comment) > MAX_COMMENT:
        raise Refused(Code.TOO_LONG, "comment", most=MAX_COMMENT)
    now = deps.now()
    current = HandoffStatus.ACCEPTED if after_acceptance else HandoffStatus.WAITING
    async with deps.writing(actor.team_id) as session:
        done = await _answer(session, actor, handoff_id, current, HandoffStatus.RETURNED, now)
        await handoff_queries.add_return(session, handoff_id, actor.member_id, reason.value, comment, now)
        calendar = await team_calendar(session, actor.team_zone, now)
        await move(
            session,
            actor,
            done.lead_id,
            Stage.ACCEPTED if after_acceptance else Stage.HANDED_OFF,
            Stage.WORKING,
            now,
            reason=reason.value,
            next_step=NextStep.CALL.value,
            next_step_at=calendar.add_minutes(now, 0),
        )
        detail = {"handoff_id": handoff_id, "reason": reason.value, "comment": comment}
        await audit(session, actor.member_id, "handoff.return", f"leads:{done.lead_id}", detail, now)
        # The first answer was told under the plain keys; what follows it is another piece of news.
        return await _tell(session, deps, handoff_id, done, ":returned" if after_acceptance else "")


async def remind_overdue(deps: Deps, team_id: str) -> int:
    """Enqueue a reminder for every handoff that nobody answered in time: on its post, in its thread, to each manager.

    How many there were. Each is reminded of once, whoever asks and however many ask at once.
    """
    now = deps.now()
    async with deps.writing(team_id) as session:
        overdue = await handoff_queries.mark_overdue(session, now)
        if not overdue:
            return 0
        # A team without a manager has an admin.
        bosses = await member_queries.of_roles(session, [Role.MANAGER.value]) or await member_queries.of_roles(
            session, [Role.ADMIN.value]
        )
        for late in overdue:
            arguments = {"handoff_id": late.id}
            await deps.outbox.enqueue(
                session,
                key=f"handoff:{late.id}:reminder",
                kind=REMINDER,
                channel=late.channel,
                arguments=arguments,
                now=now,
            )
            await deps.outbox.enqueue(
                session,
                key=f"handoff:{late.id}:late",
                kind=UPDATE,
                channel=late.channel,
                arguments=arguments,
                now=now,
            )
            for boss in bosses:
                await deps.outbox.enqueue(
                    session,
                    key=f"handoff:{late.id}:overdue:{boss.slack_user}",
                    kind=OVERDUE,
                    channel=boss.slack_user,
                    arguments=arguments | {"member_id": boss.id},
                    now=now,
                )
        return len(overdue)


async def teams_with_waiting(deps: Deps) -> list[str]:
    """The teams in which a handoff waits that nobody was reminded of yet."""
    async with deps.database.reading_across_teams() as session:
        return await handoff_queries.teams_with_waiting(session)


async def _ready(session: AsyncSession, lead: LeadRow) -> QualificationRow:
    """The judgement on which a lead is handed off."""
    stage = Stage(lead.stage)
    judged = await queries.qualifications(session, lead.id, 1)
    if stage in (Stage.HANDED_OFF, Stage.ACCEPTED):
        done = await handoff_queries.handoffs(session, lead.id, 1)
        raise Refused(Code.ALREADY_DONE, by=done[0].from_name if done else lead.owner)
    if stage is not Stage.SALES_QUALIFIED or not judged or not judged[0].sales_qualified:
        raise Refused(Code.WRONG_STAGE, current=stage.value, target=Stage.HANDED_OFF.value)
    return judged[0]


async def _answer(
    session: AsyncSession,
    actor: Actor,
    handoff_id: int,
    current: HandoffStatus,
    target: HandoffStatus,
    now: datetime,
) -> AnsweredRow:
    done = await handoff_queries.answer(session, handoff_id, current, target, actor.member_id, now)
    if done is not None:
        return done
    row = await handoff_queries.handoff(session, handoff_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    by = row.by_name or ""
    if row.status == HandoffStatus.RETURNED.value:
        by = (await _return(session, row)).by
    raise Refused(Code.ALREADY_DONE, by=by, status=row.status)


async def _tell(session: AsyncSession, deps: Deps, handoff_id: int, done: AnsweredRow, suffix: str) -> HandoffView:
    """Enqueue the news of an answer: the post is changed in place, whoever handed the lead off is told."""
    row = await handoff_queries.handoff(session, handoff_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    for key, kind, channel in (
        (f"handoff:{handoff_id}:status{suffix}", UPDATE, done.channel),
        (f"handoff:{handoff_id}:answered{suffix}", ANSWERED, row.from_slack_user),
    ):
        await deps.outbox.enqueue(
            session, key=key, kind=kind, channel=channel, arguments={"handoff_id": handoff_id}, now=deps.now()
        )
    return await _view(session, row, deps)


async def _return(session: AsyncSession, row: HandoffRow) -> Return:
    found = [r for r in await handoff_queries.returns(session, row.lead_id, 100) if r.handoff_id == row.id]
    if not found:
        raise Refused(Code.NOT_FOUND)
    return return_of(found[0])


async def _view(session: AsyncSession, row: HandoffRow, deps: Deps) -> HandoffView:
    account = await lead_queries.account(session, row.account_id)
    people = await lead_queries.people(session, row.account_id, MAX_PEOPLE)
    contact = await lead_queries.contact(session, row.contact_id)
    judged = await queries.qualification(session, row.qualification_id)
    returned = await _return(session, row) if row.status == HandoffStatus.RETURNED.value else None
    if account is None or contact is None or judged is None:
        raise Refused(Code.NOT_FOUND)
    return HandoffView(
        handoff_id=row.id,
        lead_id=row.lead_id,
        status=HandoffStatus(row.status),
        account=account_facts(account),
        contact=contact_facts(contact),
        people=tuple(contact_facts(person) for person in people if person.id != row.contact_id),
        qualification=qualification_view(judged),
        package=Package.from_json(row.package),
        channel=row.channel,
        from_member_id=row.from_id,
        from_name=row.from_name,
        from_slack_user=row.from_slack_user,
        from_language=row.from_language,
        from_zone=row.from_zone,
        to_member_id=row.to_id,
        to_name=row.to_name,
        to_slack_user=row.to_slack_user,
        created_at=row.created_at,
        due_at=row.due_at,
        overdue=is_overdue(row, deps.now()),
        reminded_at=row.reminded_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.by_name,
        acknowledged_by_slack_user=row.by_slack_user,
        returned=returned,
        posted_channel=row.posted_channel,
        ts=row.ts,
    )
