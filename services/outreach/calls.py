"""Recording calls, and taking back a slip of the finger.

A dial by one click is what a rep waits for most often, so it runs as a brief transaction (storage/brief.py); whatever
has to ask more than once takes the longer way through the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import Stage
from domain.members import Permission, require
from domain.outreach.calls import (
    CALL_RULES,
    INTENDED,
    UNDO_WITHIN,
    CallResult,
    CallRules,
    LeadState,
    Outcome,
    Plan,
    after_call,
    undone,
)
from domain.outreach.natural_time import Reading, read
from services import rules
from services.deps import Actor, Deps
from services.outreach import call_records as records
from services.outreach import inbound, suppressions
from services.outreach.call_records import Recorded, SeenCall
from services.outreach.stages import move
from services.teams import team_calendar
from storage import calls as queries
from storage import leads as lead_queries
from storage import scripts as script_queries
from storage.members import audit
from storage.statements import Transaction

MAX_NOTE = 3000
RECORDED = "lead.call"
"""The audit log's name for a call; from its entry a call is taken back."""
TAKEN_BACK = "lead.call.undo"
CAP_REACHED = "call-cap"
"""The delivery that offers a lead's owner to nurture it, when somebody else made the last attempt."""


@dataclass(frozen=True, slots=True)
class CallDraft:
    """What the form of a call starts from. `since_last` is set when the last dial is not as long ago as the team
    wants it to be."""

    lead_id: int
    contact_id: int
    contact: str
    account: str
    phone: str
    email: str
    state: LeadState
    rules: CallRules
    do_not_call_at: datetime | None
    since_last: timedelta | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A call that was taken back."""

    lead_id: int
    contact: str
    account: str
    owner_id: int
    state: LeadState


class _NeedsMore(Exception):
    """The brief way is not enough for this call."""


async def prepare(deps: Deps, actor: Actor, lead_id: int) -> CallDraft:
    """What the form shows about a lead. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.asking(actor.team_id) as session:
        lead = await queries.lead_to_call(session, lead_id, CALL_RULES)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    team = rules.parse(lead.rules, CallRules())
    return CallDraft(
        lead.id,
        lead.contact_id,
        lead.contact,
        lead.account,
        lead.phone,
        lead.email,
        records.state_of(lead),
        team,
        lead.do_not_call_at,
        records.since_last(lead.last_called_at, deps.now(), team),
    )


async def when(deps: Deps, actor: Actor, words: str, on: date | None, clock: time | None) -> Reading:
    """The moment somebody means by words, or where there are none by a day and perhaps a time, in the actor's zone.

    Raises `Unreadable` for words that mean none. Refused: REQUIRED `when`, DATE_IN_PAST `on`.
    """
    now, zone = deps.now(), ZoneInfo(actor.zone)
    async with deps.reading(actor.team_id) as session:
        calendar = await team_calendar(session, actor.team_zone, now)
    if words.strip():
        return read(words, now, zone, calendar)
    if on is None and clock is not None:
        on = now.astimezone(zone).date()
    if on is None:
        raise Refused(Code.REQUIRED, "when")
    at = datetime.combine(on, clock or calendar.opens, zone)
    if at <= now:
        raise Refused(Code.DATE_IN_PAST, "on")
    return Reading(at, clock is not None, calendar.is_business_day(at.astimezone(calendar.zone).date()))


async def record(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    result: CallResult,
    *,
    called_at: datetime | None = None,
    request_key: str | None = None,
    plan: Plan | None = None,
) -> int:
    """Write down a call; its id. See `log`."""
    done = await log(deps, actor, lead_id, result, called_at=called_at, request_key=request_key, plan=plan)
    return done.call_id


async def log(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    result: CallResult,
    *,
    called_at: datetime | None = None,
    request_key: str | None = None,
    plan: Plan | None = None,
    script_version_id: int | None = None,
    seen: SeenCall | None = None,
) -> Recorded:
    """Write down a call, its roll-ups with it, and move the lead as the result and the plan say.

    `called_at` is aware; None: now. `request_key` names the click or submission: sent twice it makes one call, and the
    second time gives the first one's answer. A result DO_NOT_CALL stops the number in the same transaction.
    `script_version_id`: the script that was open, where it is one of the team's. `seen`: what was known of the lead
    when the form was opened; None: does not matter.

    Refused: NOT_ALLOWED, NOT_FOUND, DO_NOT_CALL, INVALID `called_at` in the future, TOO_LONG `note`, DATE_IN_PAST
    `callback_at` before the call, INVALID `step` for a plan beside an outcome that decides by itself, WRONG_STAGE;
    `CalledMeanwhile` where the lead was called after what was `seen`.
    Rejected: axes that contradict each other, a plan that is incomplete.
    """
    require(actor.role, Permission.LOG_CALLS)
    result.check()
    now = deps.now()
    at = called_at or now
    if at > now:
        raise Refused(Code.INVALID, "called_at")
    if result.callback_at is not None and result.callback_at < at:
        raise Refused(Code.DATE_IN_PAST, "callback_at")
    if len(result.note) > MAX_NOTE:
        raise Refused(Code.TOO_LONG, "note", most=MAX_NOTE)
    if plan is not None:
        plan.check(at)
    # Every call has a key, because the audit log names it by one; a key given is the lead's own.
    key = f"{lead_id}:{request_key or uuid4().hex}"
    if script_version_id is not None:
        # Only from the form: the one-click ways have no script open, and so ask nothing.
        script_version_id = await _script_of_ours(deps, actor, script_version_id)
    late = called_at is not None
    done: Recorded | None
    try:
        done = await _record(deps, actor, lead_id, result, at, now, key, plan, script_version_id, seen, late=late)
    except Refused:
        # Perhaps it was this very click that changed the lead.
        done = await _before(deps, actor, lead_id, result, key) if request_key else None
        if done is None:
            raise
        return done
    if done is None:
        done = await _before(deps, actor, lead_id, result, key)
    if done is None:
        raise Refused(Code.NOT_FOUND)
    return done


async def _script_of_ours(deps: Deps, actor: Actor, version_id: int) -> int | None:
    async with deps.asking(actor.team_id) as session:
        found = await script_queries.version(session, version_id)
    return found.id if found else None


async def _record(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    result: CallResult,
    at: datetime,
    now: datetime,
    key: str,
    plan: Plan | None,
    script_version_id: int | None,
    seen: SeenCall | None,
    *,
    late: bool,
) -> Recorded | None:
    """`log` in one transaction; None when this click was written down before."""
    if not late and result.outcome is not Outcome.DO_NOT_CALL:
        try:
            async with deps.brief(actor.team_id) as brief:
                return await _save(deps, brief, actor, lead_id, result, at, now, key, plan, script_version_id, seen)
        except _NeedsMore:
            pass
        except _Repeated:
            return None
    try:
        async with deps.writing(actor.team_id) as session:
            return await _save(deps, session, actor, lead_id, result, at, now, key, plan, script_version_id, seen)
    except _Repeated:
        return None


class _Repeated(Exception):
    """This click was written down before; the transaction must leave nothing."""


async def _save(
    deps: Deps,
    transaction: Transaction,
    actor: Actor,
    lead_id: int,
    result: CallResult,
    at: datetime,
    now: datetime,
    key: str,
    plan: Plan | None,
    script_version_id: int | None,
    seen: SeenCall | None,
) -> Recorded:
    lead = await queries.lead_to_call(transaction, lead_id, CALL_RULES, lock=True)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    if lead.do_not_call_at is not None:
        raise Refused(Code.DO_NOT_CALL)
    team = rules.parse(lead.rules, CallRules())
    before = records.state_of(lead)
    if seen is not None:
        seen.check(before)
    after = after_call(before, result, at, team, plan)
    if before.last_called_at is not None and at < before.last_called_at:
        after = await _entered_late(transaction, lead_id, before, after, result, at)
    reaches_cap = records.at_cap(after, team) and not records.at_cap(before, team)
    if reaches_cap and lead.owner_id != actor.member_id:
        session = _session(transaction)
        arguments = {"lead": lead_id, "attempts": after.attempts}
        channel = lead.owner_slack_user
        await deps.outbox.enqueue(
            session, key=f"call-cap:{key}", kind=CAP_REACHED, channel=channel, arguments=arguments, now=now
        )
    stopped: list[int] = []
    if result.outcome is Outcome.DO_NOT_CALL:
        stopped = await suppressions.stop(
            _session(transaction), suppressions.PHONE, lead.contact_id, lead.phone, actor.member_id, result.note, now
        )
    await _change(transaction, actor, lead_id, before, after, now)
    day, hour = records.roll_ups(actor, lead.source, lead.segment, at)
    await queries.add_up(transaction, day, hour, records.figures(result))
    detail = {
        "key": key,
        "connection": result.connection.value,
        "party": result.party.value,
        "outcome": result.outcome.value if result.outcome else None,
        "source": lead.source,
        "segment": lead.segment,
        "before": records.to_json(before),
        "after": records.to_json(after),
        **({"stopped": stopped} if stopped else {}),
    }
    await audit(transaction, actor.member_id, RECORDED, f"leads:{lead_id}", detail, now)
    await inbound.responded(transaction, lead_id, actor.member_id, at)
    # Last, because its answer is waited for: what comes before goes along.
    made = await queries.add(
        transaction,
        lead_id=lead_id,
        member_id=actor.member_id,
        called_at=at,
        connection=result.connection.value,
        party=result.party.value,
        outcome=result.outcome.value if result.outcome else None,
        reason=result.reason.value if result.reason else None,
        note=result.note,
        request_key=key,
        script_version_id=script_version_id,
    )
    if made is None:
        raise _Repeated
    since = records.since_last(before.last_called_at, at, team)
    return records.recorded(made, key, lead, result, after, team, since_last=since, repeated=False)


def _session(transaction: Transaction) -> AsyncSession:
    """The session, where what follows is more than a brief transaction can do."""
    if not isinstance(transaction, AsyncSession):
        raise _NeedsMore
    return transaction


async def _entered_late(
    transaction: Transaction, lead_id: int, before: LeadState, after: LeadState, result: CallResult, at: datetime
) -> LeadState:
    """A call entered late does not hide a later one, and counts only if nobody was reached since."""
    intended = [party.value for party in INTENDED]
    later, connected = await queries.later_calls(_session(transaction), lead_id, at, intended)
    if connected:
        attempts = before.attempts
    elif result.connected:
        attempts = min(before.attempts, later)
    else:
        attempts = after.attempts
    return replace(after, attempts=attempts, last_called_at=before.last_called_at)


async def _change(
    transaction: Transaction, actor: Actor, lead_id: int, before: LeadState, after: LeadState, now: datetime
) -> None:
    """Write what a call changes of a lead; only what somebody decides counts its version up."""
    if records.decisions(before) == records.decisions(after):
        await queries.count_dial(transaction, lead_id, attempts=after.attempts, last_called_at=after.last_called_at)
        return
    await move(
        transaction,
        actor,
        lead_id,
        before.stage,
        after.stage,
        now,
        next_step=after.next_step.value if after.next_step else None,
        next_step_at=after.next_step_at,
        disqualify_reason=after.disqualify_reason.value if after.disqualify_reason else None,
        attempts=after.attempts,
        last_called_at=after.last_called_at,
    )


async def _before(deps: Deps, actor: Actor, lead_id: int, result: CallResult, key: str) -> Recorded | None:
    """The answer a click got the first time, with the lead as it stands now; None when it is the first time."""
    async with deps.reading(actor.team_id) as session:
        made = await queries.by_request(session, key)
        lead = await queries.lead_to_call(session, lead_id, CALL_RULES) if made else None
    if made is None or lead is None:
        return None
    team = rules.parse(lead.rules, CallRules())
    return records.recorded(made.id, key, lead, result, records.state_of(lead), team, since_last=None, repeated=True)


async def undo(deps: Deps, actor: Actor, call_id: int, mark: str = "") -> Undone:
    """Take back a call of one's own within 60 seconds: the call goes, and the lead, its roll-ups and its number's stop
    are as they were before it. What somebody decided about the lead since stays. The audit log keeps both.

    `mark`, from `Recorded`, tells the call from a later one that was given the number of one taken back.

    Refused: NOT_ALLOWED, ALREADY_DONE, TOO_LATE, STALE when another call of this lead was written down since.
    """
    require(actor.role, Permission.LOG_CALLS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        seen = await queries.by_id(session, call_id)
        lead = await queries.lead_to_call(session, seen.lead_id, CALL_RULES, lock=True) if seen else None
        # Asked again under the lock: two clicks on the same button take one call back.
        call = await queries.by_id(session, call_id) if lead else None
        if call is None or lead is None or (mark and mark != records.mark_of(call.request_key)):
            raise Refused(Code.ALREADY_DONE)
        if call.member_id != actor.member_id:
            raise Refused(Code.NOT_ALLOWED, permission=Permission.LOG_CALLS.value)
        written = await queries.written_down(session, f"leads:{lead.id}", RECORDED, call.request_key or "")
        if await queries.newest_id(session, lead.id) != call_id:
            raise Refused(Code.STALE)
        if written is None or now - written.created_at > UNDO_WITHIN:
            raise Refused(Code.TOO_LATE)
        detail = written.detail
        before, after, current = (
            records.from_json(detail["before"]),
            records.from_json(detail["after"]),
            records.state_of(lead),
        )
        restored = undone(before, after, current)
        if detail.get("stopped"):
            await suppressions.lift(session, suppressions.PHONE, lead.contact_id, lead.phone, detail["stopped"])
        await _restore(session, lead.id, current, restored, now)
        result = records.result_of(call)
        day, hour = records.roll_ups(actor, detail["source"], detail["segment"], call.called_at)
        await queries.add_up(session, day, hour, records.figures(result), sign=-1)
        await queries.drop_empty(session, day, hour)
        await queries.delete(session, call_id)
        await inbound.taken_back(deps, session, lead.id, call_id, call.called_at)
        taken = {
            "key": call.request_key,
            "called_at": call.called_at.isoformat(),
            "connection": call.connection,
            "party": call.party,
            "outcome": call.outcome,
            "note": call.note,
            "restored": records.to_json(restored),
        }
        await audit(session, actor.member_id, TAKEN_BACK, f"leads:{lead.id}", taken, now)
    return Undone(lead.id, lead.contact, lead.account, lead.owner_id, restored)


async def _restore(session: AsyncSession, lead_id: int, current: LeadState, restored: LeadState, now: datetime) -> None:
    if records.decisions(current) == records.decisions(restored):
        await queries.count_dial(session, lead_id, attempts=restored.attempts, last_called_at=restored.last_called_at)
        return
    if current.stage is not restored.stage:
        # It was never moved: the history of stages does not tell of it, the audit log does.
        await queries.delete_stage_change(session, lead_id, restored.stage.value, current.stage.value)
    columns = {
        name: value
        for name, value in records.to_json(restored).items()
        if name not in ("next_step_at", "last_called_at")
    }
    await lead_queries.change(
        session,
        lead_id,
        now,
        **columns,
        next_step_at=restored.next_step_at,
        last_called_at=restored.last_called_at,
    )


@dataclass(frozen=True, slots=True)
class LeftTheLists:
    """A lead that has had all its attempts."""

    lead_id: int
    contact: str
    account: str
    attempts: int


async def left_the_lists(deps: Deps, team_id: str, lead_id: int) -> LeftTheLists | None:
    """A lead that has had all its attempts and waits for a decision; None when it has been made, or it may be called
    again."""
    async with deps.asking(team_id) as session:
        lead = await queries.lead_to_call(session, lead_id, CALL_RULES)
    if lead is None or lead.do_not_call_at is not None or Stage(lead.stage) is Stage.NURTURING:
        return None
    if not records.at_cap(records.state_of(lead), rules.parse(lead.rules, CallRules())):
        return None
    return LeftTheLists(lead.id, lead.contact, lead.account, lead.attempts)


async def call_rules(deps: Deps, actor: Actor) -> CallRules:
    """The team's rules of calling. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    return await rules.read(deps, actor.team_id, CALL_RULES, CallRules())


async def change_rules(deps: Deps, actor: Actor, changed: CallRules) -> None:
    """Put down the team's rules of calling. Refused: NOT_ALLOWED. Rejected: each rule that is out of bounds."""
    require(actor.role, Permission.EDIT_TEAM)
    changed.check()
    await rules.change(deps, actor, CALL_RULES, changed)
