"""Work that the queue engine (dbos) has let go of for something that passes, which is taken up again.

What a step did has to be written down. Where that fails (a disk that is full, say) the engine ends the workflow as an
error, for ever; where even that cannot be written down, the workflow stays as one that this process is working on,
which nobody does. Both ways a delivery that was only to be put off would never be sent. A task that Slack or the
database stopped in its midst ends as an error too.

A workflow that has ended is begun again under an id of its own, with the steps that were written down: they are not
done again. It does no harm to begin more again than was left undone: any work may be done twice after a crash.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from dbos import DBOS, SetWorkflowID, WorkflowStatus, error
from dbos._dbos import _get_dbos_instance  # dbos tells what runs in this process under no other name
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from handlers.delivery import TaskFailed, TaskStopped
from storage.outbox import TASK_WORKFLOW, TIMED_WORKFLOW, WORKFLOW, WORKFLOW_VERSION, begun_again, times_begun_again

log = logging.getLogger(__name__)

OURS = [WORKFLOW, TIMED_WORKFLOW, TASK_WORKFLOW]
LOOKED_BACK = timedelta(days=3)
"""What ended longer ago is not begun again: nobody waits for it any more."""
WHOLE_LOOK_SECONDS = 3600.0
"""So often a process looks through all of that time. In between it looks at what it has not judged yet."""
OVERLAP = timedelta(hours=1)
"""What others wrote down meanwhile may bear an earlier time than what we know: their clocks are not ours."""
AT_ONCE = 100
"""So many errors are read from the database in one go: an error may be large."""
LONGEST_PAUSE = 600.0
MOST_TIMES = 150
"""About a day, as long as a delivery is tried."""
LOST_AFTER = 30.0
"""Seconds after which work of this process that does not run here counts as lost: between the moment in which it is
taken from the queue and its beginning nothing is known of it."""


@dataclass(slots=True)
class Stranded:
    """What this process has found, and since when."""

    _since: dict[str, float] = field(default_factory=dict, init=False)
    """By workflow id, in seconds of the monotonic clock: those of the processes and of the database may differ."""
    _judged: dict[str, bool] = field(default_factory=dict, init=False)
    """By workflow id, whether it may go better another time: what has ended does not change any more."""
    _judged_to: datetime | None = field(default=None, init=False)
    """What ended before has been judged, and is not begun again."""
    _whole: float | None = field(default=None, init=False)
    """When all of the time was looked through, in seconds of the monotonic clock."""

    async def look(self, executor_id: str) -> int:
        """Take up what has been waiting long enough; how many pieces of work that was."""
        ended = await self._to_begin_again()
        lost = await _lost(executor_id)
        self._forget_others(each.workflow_id for each in (*ended, *lost))
        begun = 0
        for each in ended:
            if self._waited(each.workflow_id) >= _pause(each.workflow_id):
                begun += await _apart(each.workflow_id, _begin_again(each))
        for each in lost:
            if self._waited(each.workflow_id) >= LOST_AFTER:
                log.warning("Work %s was lost sight of by this process, and is taken up again", each.workflow_id)
                begun += await _apart(each.workflow_id, _resume(each))
        return begun

    async def _to_begin_again(self) -> Sequence[WorkflowStatus]:
        """What ended as an error and may go better another time."""
        now = time.monotonic()
        whole = self._judged_to is None or self._whole is None or now - self._whole >= WHOLE_LOOK_SECONDS
        back_to = datetime.now(UTC) - LOOKED_BACK
        if not whole and self._judged_to is not None:
            back_to = max(back_to, self._judged_to - OVERLAP)
        found = await _ended(back_to)
        if whole:
            # What is of no account any more is forgotten.
            ids = {each.workflow_id for each in found}
            self._judged = {each: may_go_on for each, may_go_on in self._judged.items() if each in ids}
        unknown = [each.workflow_id for each in found if each.workflow_id not in self._judged]
        for first in range(0, len(unknown), AT_ONCE):
            for each in await _with_errors(unknown[first : first + AT_ONCE]):
                self._judged[each.workflow_id] = _may_go_on(each)
        # One that somebody deleted meanwhile has not been judged.
        left = [each for each in found if self._judged.get(each.workflow_id)]
        ends = [each.completed_at for each in left or found if each.completed_at is not None]
        if ends:
            self._judged_to = datetime.fromtimestamp((min if left else max)(ends) / 1000, UTC)
        elif whole:
            self._judged_to = back_to + LOOKED_BACK
        if whole:
            self._whole = now
        return left

    def _waited(self, workflow_id: str) -> float:
        now = time.monotonic()
        return now - self._since.setdefault(workflow_id, now)

    def _forget_others(self, found: Iterable[str]) -> None:
        still = set(found)
        self._since = {workflow_id: since for workflow_id, since in self._since.items() if workflow_id in still}


async def _ended(back_to: datetime) -> Sequence[WorkflowStatus]:
    """Work that ended since then as an error and was not begun again; the errors are not read."""
    return await DBOS.list_workflows_async(
        status="ERROR",
        name=OURS,
        completed_after=back_to.isoformat(),
        was_forked_from=False,
        load_input=False,
        load_output=False,
    )


async def _with_errors(workflow_ids: list[str]) -> Sequence[WorkflowStatus]:
    return await DBOS.list_workflows_async(workflow_ids=workflow_ids, load_input=False)


def _may_go_on(ended: WorkflowStatus) -> bool:
    """Whether it may go better another time: a task that failed by a fault of our own fails again."""
    fault = ended.error
    if isinstance(fault, error.DBOSMaxStepRetriesExceeded) and fault.errors:
        # A patient task has been done again many times; how it failed last is what holds.
        fault = fault.errors[-1]
    given_up = isinstance(fault, TaskFailed) and not isinstance(fault, TaskStopped)
    return not given_up and times_begun_again(ended.workflow_id) < MOST_TIMES


def _pause(workflow_id: str) -> float:
    # The exponent is bounded because nobody asks for more than the longest pause.
    return min(LONGEST_PAUSE, 2.0 ** min(times_begun_again(workflow_id), 30))


async def _apart(workflow_id: str, taking_up: Awaitable[int]) -> int:
    """What `taking_up` gives. Where that fails the rest does not wait for it: it would fail again at every look."""
    try:
        return await taking_up
    except Exception:
        log.exception("Work %s could not be taken up again", workflow_id)
        return 0


async def _resume(lost: WorkflowStatus) -> int:
    await DBOS.resume_workflow_async(lost.workflow_id, queue_name=lost.queue_name)
    return 1


async def _begin_again(ended: WorkflowStatus) -> int:
    workflow_id = begun_again(ended.workflow_id)
    steps = await DBOS.list_workflow_steps_async(ended.workflow_id)
    # Steps are counted from 1; one that is written down as failed is done again, like those after it.
    done = 0
    for step in sorted(steps, key=lambda step: step["function_id"]):
        if step["error"] is not None or step["function_id"] != done + 1:
            break
        done += 1
    try:
        with SetWorkflowID(workflow_id):
            await DBOS.fork_workflow_async(
                ended.workflow_id,
                done + 1,
                application_version=WORKFLOW_VERSION,
                queue_name=ended.queue_name,
                queue_partition_key=ended.queue_partition_key,
            )
    except IntegrityError:
        # Another process has found it at the same moment.
        return 0
    if ended.priority:
        await asyncio.to_thread(_put_in_line, workflow_id, ended.priority)
    log.warning("Work %s was ended by something that passes, and is begun again as %s", ended.workflow_id, workflow_id)
    return 1


def _put_in_line(workflow_id: str, place: int) -> None:
    """Give it its place in the line of its queue. The engine begins work again in front of all that wait, and knows no
    other way: a morning's many letters would hold up the reminders. What is taken from the queue meanwhile is under way
    already, which is as well."""
    statuses = _get_dbos_instance()._sys_db.tables.workflow_status
    statement = sa.update(statuses).where(statuses.c.workflow_uuid == workflow_id, statuses.c.status == "ENQUEUED")
    try:
        with _get_dbos_instance()._sys_db.engine.begin() as connection:
            connection.execute(statement.values(priority=place))
    except SQLAlchemyError:
        log.warning("Work %s stands in front of all that wait", workflow_id, exc_info=True)


async def _lost(executor_id: str) -> Sequence[WorkflowStatus]:
    """Work that counts as this process's and does not run in it."""
    pending = await DBOS.list_workflows_async(
        status="PENDING", name=OURS, executor_id=executor_id, load_input=False, load_output=False
    )
    running = set(_get_dbos_instance()._active_workflows_set.activeList())
    return [each for each in pending if each.workflow_id not in running]
