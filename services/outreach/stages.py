"""Moving a lead from stage to stage, inside the transaction of the use case that decides it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.leads import NextStep, Stage, check_move
from services.deps import Actor
from storage import leads as queries
from storage.statements import Transaction


async def move(
    transaction: Transaction,
    actor: Actor,
    lead_id: int,
    current: Stage,
    target: Stage,
    now: datetime,
    *,
    reason: str = "",
    **columns: Any,
) -> None:
    """Put a lead into `target`, set `columns` with it, count its version up and write the move down if it is one.

    Refused: WRONG_STAGE. The caller holds the lead's lock.
    """
    check_move(current, target)
    await queries.change(transaction, lead_id, now, stage=target.value, **columns)
    if target is not current:
        await queries.add_stage_change(
            transaction, lead_id, actor.member_id, current.value, target.value, now, reason=reason
        )


def steps_of_verdict(sales_qualified: bool, next_step: str | None) -> dict[str, Any]:
    """The columns of the next step after a verdict, given the one there was.

    A qualified lead waits for its handoff, and nothing else; without the verdict there is nothing to hand off, while
    any other step somebody planned still holds.
    """
    if sales_qualified:
        return {"next_step": NextStep.HAND_OFF.value, "next_step_at": None, "disqualify_reason": None}
    if next_step == NextStep.HAND_OFF.value:
        return {"next_step": None, "next_step_at": None}
    return {}
