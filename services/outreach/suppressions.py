"""Whom nobody may call or write to any more: do-not-call and opt-out.

Either stops the number or the address and everybody who has it, at once and also whoever is added with it later. Every
list and every job looks at the two marks this keeps on contacts: `do_not_call_at` and `opted_out_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, NextStep, Stage, after_step, may_qualify
from domain.members import Permission, require
from services.data.quality import email_key
from services.deps import Actor, Deps
from services.outreach.stages import move
from storage import leads as lead_queries
from storage import suppressions as queries
from storage.leads import ContactRow, LeadRow
from storage.members import audit
from storage.suppressions import MAIL, PHONE

__all__ = [
    "MAIL",
    "PHONE",
    "allow_calling",
    "allow_writing",
    "lift",
    "opt_out",
    "stop",
    "stop_calling",
    "stop_writing",
]

MAX_REASON = 500


async def stop(
    session: AsyncSession,
    channel: str,
    contact_id: int,
    key: str,
    member_id: int | None,
    reason: str,
    now: datetime,
) -> list[int]:
    """Stop a number or an address in the caller's transaction; the contacts that were not stopped before.

    `key` is the contact's own number or folded address, "" where none is known: then the person alone is stopped.
    """
    named = queries.key_of(contact_id, key)
    await queries.hold(session, channel, named)
    await queries.add(
        session, channel, named, contact_id=contact_id, member_id=member_id, reason=reason[:MAX_REASON], now=now
    )
    return await queries.flag(session, channel, contact_id, key, now)


async def lift(
    session: AsyncSession, channel: str, contact_id: int, key: str, only: Sequence[int] | None = None
) -> list[int]:
    """Take a stop back in the caller's transaction; the contacts that may be reached again (`only` among these)."""
    named = queries.key_of(contact_id, key)
    await queries.hold(session, channel, named)
    await queries.remove(session, channel, named)
    return await queries.unflag(session, channel, contact_id, key, only)


async def stop_calling(deps: Deps, actor: Actor, lead_id: int, reason: str) -> list[int]:
    """Nobody calls this lead's person, nor the number, from now on; the lead is out. The contacts that this stopped.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE.
    """
    require(actor.role, Permission.LOG_CALLS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        lead, contact = await _locked(session, lead_id)
        stopped = await stop(session, PHONE, contact.id, contact.phone, actor.member_id, reason, now)
        if not stopped:
            raise Refused(Code.ALREADY_DONE)
        stage = Stage(lead.stage)
        if may_qualify(stage) and stage is not Stage.DISQUALIFIED:
            await move(
                session,
                actor,
                lead_id,
                stage,
                after_step(stage, NextStep.DISQUALIFY),
                now,
                reason=reason,
                next_step=None,
                next_step_at=None,
                disqualify_reason=DisqualifyReason.DO_NOT_CALL.value,
            )
        await _remember(session, actor.member_id, "contact.stop_calling", contact.id, reason, stopped, now)
    return stopped


async def stop_writing(deps: Deps, actor: Actor, lead_id: int, reason: str) -> list[int]:
    """Nobody writes to this lead's person, nor to the address, from now on. The contacts that this stopped.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE.
    """
    require(actor.role, Permission.LOG_CALLS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        _, contact = await _locked(session, lead_id)
        key = email_key(contact.email)
        stopped = await stop(session, MAIL, contact.id, key, actor.member_id, reason, now)
        if not stopped:
            raise Refused(Code.ALREADY_DONE)
        await _remember(session, actor.member_id, "contact.stop_writing", contact.id, reason, stopped, now)
    return stopped


async def opt_out(deps: Deps, team_id: str, contact_id: int) -> bool:
    """The person's own wish, by the link in a mail: nobody writes to the address from now on; False when nobody did so
    before either. Refused: NOT_FOUND."""
    now = deps.now()
    async with deps.writing(team_id) as session:
        contact = await lead_queries.contact(session, contact_id)
        if contact is None:
            raise Refused(Code.NOT_FOUND)
        stopped = await stop(session, MAIL, contact.id, email_key(contact.email), None, "", now)
        if stopped:
            await _remember(session, None, "contact.opt_out", contact.id, "", stopped, now)
    return bool(stopped)


async def allow_calling(deps: Deps, actor: Actor, lead_id: int, reason: str) -> list[int]:
    """Take a do-not-call back, for everybody with this number; the contacts that may be called again.

    The lead stays out until somebody reopens it. Refused: NOT_ALLOWED (managers and admins), NOT_FOUND, REQUIRED
    `reason`, ALREADY_DONE.
    """
    return await _allow(deps, actor, lead_id, PHONE, "contact.allow_calling", reason)


async def allow_writing(deps: Deps, actor: Actor, lead_id: int, reason: str) -> list[int]:
    """Take an opt-out back, for everybody with this address; the contacts that may be written to again.

    Refused: NOT_ALLOWED (managers and admins), NOT_FOUND, REQUIRED `reason`, ALREADY_DONE.
    """
    return await _allow(deps, actor, lead_id, MAIL, "contact.allow_writing", reason)


async def _allow(deps: Deps, actor: Actor, lead_id: int, channel: str, action: str, reason: str) -> list[int]:
    require(actor.role, Permission.EDIT_TEAM)
    if not reason.strip():
        raise Refused(Code.REQUIRED, "reason")
    if len(reason) > MAX_REASON:
        raise Refused(Code.TOO_LONG, "reason", most=MAX_REASON)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        _, contact = await _locked(session, lead_id)
        key = contact.phone if channel == PHONE else email_key(contact.email)
        lifted = await lift(session, channel, contact.id, key)
        if not lifted:
            raise Refused(Code.ALREADY_DONE)
        await _remember(session, actor.member_id, action, contact.id, reason.strip(), lifted, now)
    return lifted


async def _locked(session: AsyncSession, lead_id: int) -> tuple[LeadRow, ContactRow]:
    lead = await lead_queries.line(session, lead_id, lock=True)
    contact = await lead_queries.contact(session, lead.contact_id) if lead else None
    if lead is None or contact is None:
        raise Refused(Code.NOT_FOUND)
    return lead, contact


async def _remember(
    session: AsyncSession,
    member_id: int | None,
    action: str,
    contact_id: int,
    reason: str,
    contacts: Sequence[int],
    now: datetime,
) -> None:
    detail = {"reason": reason[:MAX_REASON], "contacts": list(contacts)}
    await audit(session, member_id, action, f"contacts:{contact_id}", detail, now)
