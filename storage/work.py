"""What the queue keeps of its work: the arguments with which tasks were started, and what became of them.

Deliveries and letters are named by keys there. Other tasks carry what they need, and that may name people: whoever is
erased has to go from there too, from what is still to be done and from what was done and is kept for a month.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from dbos._serialization import DefaultSerializer  # dbos shows it under no other name
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.outbox import TASK_WORKFLOW

_INPUTS = ("workflow_status", "workflow_input")
"""The tables in which the engine keeps arguments: the second since its version 3, the first before."""
_AT_ONCE = 500

Arguments = dict[str, Any]


async def rewrite(session: AsyncSession, change: Callable[[str, Arguments], Arguments]) -> int:
    """Give the team's tasks other arguments, those that wait and those that were done; how many were changed. `change`
    is asked with a task's kind and its arguments."""
    schema = "dbos" if session.get_bind().dialect.name == "postgresql" else None
    team_id, serializer, changed = statements.team_of(session), DefaultSerializer(), 0
    connection = await session.connection()
    status = _table("workflow_status", schema)
    for name in _INPUTS:
        target = _table(name, schema)
        ids = sa.select(status.c.workflow_uuid).where(status.c.name == TASK_WORKFLOW)
        page = (
            sa.select(target.c.workflow_uuid, target.c.inputs)
            .where(target.c.workflow_uuid.in_(ids), target.c.inputs.is_not(None))
            .order_by(target.c.workflow_uuid)
            .limit(_AT_ONCE)
        )
        after = ""
        while found := (await connection.execute(page.where(target.c.workflow_uuid > after))).all():
            after = found[-1].workflow_uuid
            for row in found:
                inputs = serializer.deserialize(row.inputs)
                given = inputs["args"]
                if len(given) != 3 or given[0] != team_id or not isinstance(given[2], dict):
                    continue
                fresh = change(str(given[1]), given[2])
                if fresh != given[2]:
                    text = serializer.serialize({**inputs, "args": (given[0], given[1], fresh)})
                    own = target.c.workflow_uuid == row.workflow_uuid
                    await connection.execute(sa.update(target).where(own).values(inputs=text))
                    changed += 1
    return changed


def _table(name: str, schema: str | None) -> sa.TableClause:
    columns = (sa.column("workflow_uuid", sa.Text), sa.column("name", sa.Text), sa.column("inputs", sa.Text))
    return sa.table(name, *columns, schema=schema)
