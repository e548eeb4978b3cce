"""The durable workflow that renders and posts one delivery, exactly once.

Slack has no idempotency key for `chat.postMessage`. So the delivery is marked `sending` before the call, and every post
carries its key as message metadata; when it is made again (after a crash, or because the answer was lost), we first
look for the key in the channel's history since the mark and take that message instead of posting again.

Pictures are uploaded before the mark: a file that no message names is seen by nobody, so it may be uploaded again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import aiohttp
from dbos import DBOS, StepOptions
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from domain.errors import Refused
from domain.pacing import Budget
from handlers import trail
from handlers.block_json import as_json
from handlers.blocks import section
from handlers.charts import drawn
from handlers.clients import Clients
from handlers.i18n import Markup, channel, mention, translator
from handlers.messages import Reader, Rendered
from handlers.pacing import (
    BUDGETS,
    DEFAULT_AFTER,
    FILES,
    POST,
    UPDATE,
    PutOff,
    call_of,
    calling,
    delivering,
    in_turn,
    patiently,
    retry_after,
    times_put_off,
)
from handlers.pictures import upload
from handlers.posted import HISTORY_REFUSED, LOOK_BACK_SECONDS, carrying, message_of
from handlers.routes import Compose, NotYet, Outgoing, Picture, Task
from handlers.trail import UNKNOWN, UNWATCHED, Outcome, Watch
from services import deliveries
from services.deliveries import (
    REPORT,
    TASK_WORKFLOW,
    TIMED_WORKFLOW,
    WORKFLOW,
    Claim,
    DeliveryState,
    NoRoom,
)
from services.deps import Deps, in_no_hurry
from services.installations import NotInstalled

log = logging.getLogger(__name__)

USER = ("U", "W")
"""How the ids of users begin; a message for one goes into the direct message with them."""
SETTLE_SECONDS = 5.0
"""How long we wait before we look: a request of a process that died may still be on its way into the channel."""

GIVE_UP_AFTER = timedelta(hours=24)
"""For how long a delivery is tried again while Slack cannot take it."""
LONGEST_PAUSE = 600.0
LONGEST_WAIT = 30.0
"""Between two looks whether the message that another builds on is there: it comes without our doing."""
FAULTY_TURNS = 8
"""How often a delivery is tried again that a fault of our own keeps from being made."""

# An admin can mend a token within the day; until then nothing is lost.
TOKEN_REFUSED = frozenset({"invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive"})
NOTHING_TAKEN = frozenset({"ratelimited", "rate_limited"}) | TOKEN_REFUSED
"""Answers that may change, after which the message is certainly not posted."""
TRANSIENT = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Answers that may change and leave it open whether the message is posted."""


PATIENT: StepOptions = {"retries_allowed": True, "max_attempts": 20, "interval_seconds": 1.0, "backoff_rate": 2.0}
"""A step only raises when our database is away; a workflow that ended for it would leave its delivery undone."""


class TryAgain(Exception):
    """The delivery is to be tried again, not before `after` seconds if that is given."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class TaskFailed(Exception):
    """A task failed for this type of fault. The queue engine logs and keeps what workflows raise, and what the fault
    itself says may hold what people typed."""


class TaskStopped(TaskFailed):
    """A task that did not come to its end for something that passes, such as a database or a Slack that is away: it is
    done again (bot/stranded.py)."""


class Unreadable(Exception):
    """The channel's history cannot be read, so nobody knows whether the message was posted."""


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """To whoever is waiting for a message that Slack would not take. `to` is a channel or a user."""

    to: str
    error: str

    def render(self, reader: Reader) -> Rendered:
        """Where it should have gone, why it did not, and what to do."""
        text = reader.t.md(
            "A message could not be posted to {channel}: Slack answered “{error}”. "
            "Please invite me to the channel (/invite) or choose another one, and post again.",
            channel=mention(self.to) if self.to.startswith(USER) else channel(self.to),
            error=self.error,
        )
        return Rendered(text, [section(Markup(f":warning: {text}"))])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """To a channel, and to a person."""
        return [cls("C0123456789", "not_in_channel"), cls("U0123456789", "user_not_found")]


async def compose_report(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The news of a failure, in the language of whoever gets it."""
    reader = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, reader)
    message = NotDelivered(str(arguments["to"]), str(arguments["error"]))
    return Outgoing(message, voice.language, voice.zone, reader)


@dataclass(frozen=True, slots=True)
class Deliverer:
    """What the workflow needs from the house."""

    deps: Deps
    clients: Clients
    composers: Mapping[str, Compose]
    settle_seconds: float = SETTLE_SECONDS
    budgets: Mapping[str, Budget] = field(default_factory=lambda: BUDGETS)

    async def deliver(self, team_id: str, key: str, *, timed: bool = False) -> str:
        """Send one delivery; the answer is its final state. `timed`: the clock sends it, and people come first. Raises
        `TryAgain` or `NotYet` when it is to be tried again, `NoRoom` when Slack's limits leave no room for it,
        `NotInstalled` when there is nobody to send it to.
        """
        waiting = await deliveries.look(self.deps, team_id, key)
        if waiting is None:
            return "gone"
        trail.note(kind=waiting.kind)
        if waiting.settled:
            return waiting.state
        client = await self.clients.of(team_id)
        outgoing = await self._compose(team_id, waiting)
        if outgoing is None:
            where, ts = await self._left_behind(client, waiting)
            return await deliveries.sent(self.deps, team_id, key, ts=ts, channel=where)
        files: dict[Picture, str] = {}
        if waiting.first and outgoing.pictures:
            await in_turn(lambda: deliveries.room(self.deps, team_id, call_of(FILES, self.budgets, timed=timed)))
            with calling(delivering(FILES)):
                await self._upload(client, team_id, outgoing, files)
        method = POST if outgoing.update_ts is None else UPDATE
        call = call_of(method, self.budgets, timed=timed, channel=outgoing.channel)
        claim = await in_turn(lambda: deliveries.claim(self.deps, team_id, key, call))
        if claim is None or claim.settled:
            return "gone" if claim is None else claim.state
        try:
            with calling(delivering(method)):
                found = None
                if not claim.first:
                    # What an earlier try sent may still be on its way: an old edit that arrived after ours would stay.
                    await asyncio.sleep(self.settle_seconds)
                    if outgoing.update_ts is None:
                        found = await self._find(client, claim, outgoing.channel, outgoing.thread_ts)
                where, ts = found or await self._send(client, team_id, claim, outgoing, files)
                if outgoing.update_ts is not None:
                    await self._catch_up(client, claim, team_id, outgoing, files)
        except SlackApiError as refused:
            return await self._refused(client, team_id, claim, outgoing, refused)
        except Unreadable as unreadable:
            log.error("Delivery %s may have been posted already: the history of %s is closed to us", key, unreadable)
            return await deliveries.uncertain(self.deps, team_id, key)
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise TryAgain(f"The connection to Slack failed: {type(lost).__name__}") from lost
        return await deliveries.sent(self.deps, team_id, key, ts=ts, channel=where)

    async def attempt(self, team_id: str, key: str, turn: int, *, timed: bool = False) -> str | float | PutOff:
        """The `turn`th try at a delivery: its final state, or when the next try is to be made."""
        put_off = None
        try:
            return await self.deliver(team_id, key, timed=timed)
        except NotInstalled:
            # It stays as it is: should the workspace come back soon, it is taken up again.
            return Outcome.DROPPED
        except NoRoom as full:
            reason, pause, put_off = "ratelimited", full.seconds, PutOff(full.seconds)
        except NotYet as not_yet:
            reason, pause = str(not_yet), _pause(turn, LONGEST_WAIT)
        except TryAgain as again:
            reason, pause = str(again), max(again.after or 0.0, _pause(turn, LONGEST_PAUSE))
        except Refused as refused:
            return await self._given_up(team_id, key, refused.code.value)
        except Exception as fault:
            # Whatever else goes wrong is ours. It may pass (a database that restarts), and if it does not, the
            # delivery must end as failed, where an admin sees it, rather than in the queue's own records.
            log.exception("Delivery %s could not be made", key)
            reason, pause = type(fault).__name__, _pause(turn, LONGEST_PAUSE)
            if turn >= FAULTY_TURNS:
                return await self._given_up(team_id, key, reason)
        delivery = await deliveries.look(self.deps, team_id, key)
        if delivery is not None and self.deps.now() - delivery.created_at > GIVE_UP_AFTER:
            return await self._given_up(team_id, key, reason, delivery)
        if put_off is not None:
            return put_off
        log.warning("Delivery %s is tried again in %.0f s: %s", key, pause, reason)
        return pause

    async def _given_up(self, team_id: str, key: str, reason: str, delivery: Claim | None = None) -> str:
        log.error("Delivery %s was given up: %s", key, reason)
        if delivery is None:
            return await deliveries.failed(self.deps, team_id, key, reason)
        if delivery.state is DeliveryState.SENDING:
            return await deliveries.uncertain(self.deps, team_id, key)
        outgoing = None
        with contextlib.suppress(NotYet, Refused):
            outgoing = await self._compose(team_id, delivery)
        to, report_to = (outgoing.channel, outgoing.report_to) if outgoing else (delivery.channel, None)
        return await deliveries.failed(self.deps, team_id, key, reason, to=to, report_to=report_to)

    async def _compose(self, team_id: str, delivery: Claim) -> Outgoing | None:
        compose = compose_report if delivery.kind == REPORT else self.composers[delivery.kind]
        return await compose(self.deps, team_id, {**delivery.arguments, "channel": delivery.channel})

    async def _upload(
        self, client: AsyncWebClient, team_id: str, outgoing: Outgoing, files: dict[Picture, str]
    ) -> None:
        """Upload the pictures that are not in `files` yet. One that Slack will not have stands there as "": the message
        goes without it. Raises `TryAgain` when Slack cannot be reached."""
        for picture in outgoing.pictures:
            if picture in files:
                continue
            content = await drawn(picture.chart, translator(outgoing.language))
            try:
                files[picture] = await upload(client, f"{picture.name}.png", content, picture.alt)
            except SlackApiError as refused:
                status, error, after = _answer(refused)
                if await self.clients.refused(team_id, client, error):
                    raise NotInstalled(team_id) from refused
                if status == 429:
                    call = call_of(FILES, self.budgets, timed=False)
                    await deliveries.closed(self.deps, team_id, call, after or DEFAULT_AFTER)
                if status == 429 or status >= 500 or error in NOTHING_TAKEN | TRANSIENT:
                    raise TryAgain(error, after) from refused
                log.error("Slack refused the picture %s: %s; the message goes without it", picture.name, error)
                files[picture] = ""
            except (aiohttp.ClientError, TimeoutError, OSError) as lost:
                raise TryAgain(f"The connection to Slack failed: {type(lost).__name__}") from lost

    async def _send(
        self, client: AsyncWebClient, team_id: str, claim: Claim, outgoing: Outgoing, files: dict[Picture, str]
    ) -> tuple[str, str]:
        await self._upload(client, team_id, outgoing, files)
        pictures = {picture.name: files[picture] for picture in outgoing.pictures if files[picture]}
        reader = Reader(translator(outgoing.language), outgoing.zone, self.deps.now(), pictures)
        rendered = outgoing.message.render(reader)
        blocks = [as_json(block) for block in rendered.blocks]
        if outgoing.update_ts is not None:
            response = await client.chat_update(
                channel=outgoing.channel, ts=outgoing.update_ts, text=rendered.text, blocks=blocks
            )
        else:
            response = await client.chat_postMessage(
                channel=outgoing.channel,
                text=rendered.text,
                blocks=blocks,
                thread_ts=outgoing.thread_ts,
                metadata=carrying(claim.key),
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(response["channel"]), str(response["ts"])

    async def _catch_up(
        self, client: AsyncWebClient, claim: Claim, team_id: str, shown: Outgoing, files: dict[Picture, str]
    ) -> None:
        """Edit again if what the message shows has changed while the edit was under way.

        Two edits of one message may overtake each other; whichever arrives last then shows the newest state.
        """
        for _ in range(3):
            newest = await self._compose(team_id, claim)
            if newest is None or newest == shown:
                return
            await self._send(client, team_id, claim, newest, files)
            shown = newest

    async def _left_behind(self, client: AsyncWebClient, waiting: Claim) -> tuple[str, str] | tuple[None, None]:
        """Where the message stands that an earlier try may have posted though there is nothing to say any more: whoever
        edits it has to know. Messages in threads are not looked for."""
        if waiting.first:
            return None, None
        try:
            with calling(delivering()):
                await asyncio.sleep(self.settle_seconds)
                return await self._find(client, waiting, waiting.channel, None) or (None, None)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as fault:
            if _passes(fault):
                raise TryAgain(type(fault).__name__) from fault
        except Unreadable:
            log.warning("Delivery %s may have been posted before there was nothing to say any more", waiting.key)
        return None, None

    async def _find(
        self, client: AsyncWebClient, claim: Claim, where: str, thread_ts: str | None
    ) -> tuple[str, str] | None:
        """The message that an earlier try posted to a channel, as (channel, ts)."""
        oldest = claim.claimed_at.timestamp() - LOOK_BACK_SECONDS
        try:
            if where.startswith(USER):
                opened = await client.conversations_open(users=where)
                where = str(opened["channel"]["id"])
            ts = await message_of(client, where, claim.key, oldest, thread_ts)
            return None if ts is None else (where, ts)
        except SlackApiError as refused:
            if _answer(refused)[1] in HISTORY_REFUSED:
                raise Unreadable(where) from refused
            raise

    async def _refused(
        self, client: AsyncWebClient, team_id: str, claim: Claim, outgoing: Outgoing, refused: SlackApiError
    ) -> str:
        status, error, after = _answer(refused)
        method = str(getattr(refused.response, "api_url", "")).rpartition("/")[2]
        if status == 429 and method in self.budgets:
            # For every process: whoever else asked now would be told the same.
            call = call_of(method, self.budgets, timed=False, channel=outgoing.channel)
            await deliveries.closed(self.deps, team_id, call, after or DEFAULT_AFTER)
        if status == 429 or error in NOTHING_TAKEN:
            if claim.first:
                await deliveries.untouched(self.deps, team_id, claim.key)
            if await self.clients.refused(team_id, client, error):
                raise NotInstalled(team_id) from refused
            raise TryAgain(error, after) from refused
        if error in TRANSIENT or status >= 500:
            raise TryAgain(error, after) from refused
        log.error("Slack refused delivery %s for good: %s", claim.key, error)
        return await deliveries.failed(
            self.deps, team_id, claim.key, error, to=outgoing.channel, report_to=outgoing.report_to
        )


def _pause(turn: int, longest: float) -> float:
    # The exponent is bounded because a day has more turns than a float has doublings.
    return min(longest, 2.0 ** min(turn, 30))


def _answer(refused: SlackApiError) -> tuple[int, str, float | None]:
    """HTTP status, Slack's error and Retry-After. What stands between us and Slack may answer with a page of its own;
    the SDK then hands on that text, or the bare response, in place of Slack's answer."""
    response = refused.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 502
    data = getattr(response, "data", None)
    error = data.get("error") if isinstance(data, Mapping) else None
    after = retry_after(getattr(response, "headers", {}))
    # Without an error of Slack's the answer was not Slack's, whatever its status says.
    return (int(status), str(error), after) if error else (502, f"http_{status}", after)


def _passes(fault: Exception) -> bool:
    """Whether what Slack answered, or that it could not be reached, may be otherwise in a while."""
    if isinstance(fault, SlackApiError):
        status, error, _after = _answer(fault)
        return status == 429 or status >= 500 or error in NOTHING_TAKEN | TRANSIENT
    return isinstance(fault, aiohttp.ClientError | TimeoutError | OSError)


@dataclass(slots=True)
class UnderWay:
    """What this process is working on."""

    workflows: int = 0
    """Those that have begun and not ended here."""
    attempts: set[asyncio.Task[Any]] = field(default_factory=set)
    """The tries to send something."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a workflow ends."""

    @contextlib.contextmanager
    def workflow(self) -> Iterator[None]:
        """Counted until the block ends. Nobody waits for it, who clicks for a connection least of all."""
        self.workflows += 1
        try:
            with in_no_hurry():
                yield
        finally:
            self.workflows -= 1
            self.ended.set()

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """The current task can be let go of until the block ends."""
        current = asyncio.current_task()
        assert current is not None  # noqa: S101 - a coroutine always runs in a task; tells the type checker
        self.attempts.add(current)
        try:
            yield
        finally:
            self.attempts.discard(current)

    async def finish(self, seconds: float) -> None:
        """Wait until nothing is under way, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.workflows:
                    self.ended.clear()
                    await self.ended.wait()

    async def let_go(self) -> None:
        """End the tries that are left; they are taken up again later."""
        left = list(self.attempts)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def register(
    deliverer: Deliverer, tasks: Mapping[str, Task], patient: Collection[str] = (), watch: Watch = UNWATCHED
) -> UnderWay:
    """Make both workflows known to the queue engine. Called once, when the house is wired. Tasks of a `patient` kind
    are done again when they fail. `watch` counts the tries."""
    under_way = UnderWay()

    async def attempt(team_id: str, key: str, turn: int, timed: bool = False) -> str | float | PutOff:
        with under_way.attempt(), trail.following(team=team_id, delivery=key) as followed:
            result = await deliverer.attempt(team_id, key, turn, timed=timed)
            kind = followed.fields.get("kind", UNKNOWN)
            followed.outcome = result if isinstance(result, str) else Outcome.POSTPONED
            watch.delivery(kind, followed.outcome)
            return result

    async def work(team_id: str, kind: str, arguments: dict[str, Any]) -> None:
        with trail.following(team=team_id, kind=kind) as followed, calling(patiently()):
            try:
                client = await deliverer.clients.of(team_id)
                try:
                    await tasks[kind](deliverer.deps, client, team_id, arguments)
                except SlackApiError as refused:
                    if not await deliverer.clients.refused(team_id, client, _answer(refused)[1]):
                        raise
                    raise NotInstalled(team_id) from refused
            except NotInstalled:
                followed.outcome = Outcome.DROPPED
            except Exception as fault:
                followed.outcome = Outcome.FAULT
                log.exception("The task %s failed", kind)
                passes = _passes(fault) or deliverer.deps.database.at_fault(fault)
                raise (TaskStopped if passes else TaskFailed)(type(fault).__name__) from None
            finally:
                watch.task(kind, followed.outcome or Outcome.OK)

    async def deliver(team_id: str, key: str, turn: int = 0) -> str:
        return await in_line(team_id, key, turn, None)

    async def deliver_timed(team_id: str, key: str, turn: int, place: int) -> str:
        return await in_line(team_id, key, turn, place)

    async def in_line(team_id: str, key: str, turn: int, place: int | None) -> str:
        with under_way.workflow():
            timed = place is not None
            result = await DBOS.run_step_async({"name": "send", **PATIENT}, attempt, team_id, key, turn, timed)
            if isinstance(result, str):
                return result
            put_off = isinstance(result, PutOff)
            # A step of its own: were it part of the first, a crash after it would make that try twice, once in this
            # workflow and at the same time in the next.
            await DBOS.run_step_async(
                {"name": "postpone", **PATIENT},
                deliveries.postponed,
                deliverer.deps,
                team_id,
                key,
                turn=turn if put_off else turn + 1,
                seconds=result.seconds if isinstance(result, PutOff) else result,
                place=place,
                again=times_put_off(DBOS.workflow_id) + 1 if put_off else 0,
            )
            return "postponed"

    async def perform(team_id: str, kind: str, arguments: dict[str, Any]) -> None:
        options: StepOptions = {"name": kind, **PATIENT} if kind in patient else {"name": kind}
        with under_way.workflow():
            await DBOS.run_step_async(options, work, team_id, kind, arguments)

    # No bound on recoveries: each restart of a process is one, and a delivery must outlive any number of them.
    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(deliver)
    DBOS.workflow(name=TIMED_WORKFLOW, max_recovery_attempts=None)(deliver_timed)
    DBOS.workflow(name=TASK_WORKFLOW)(perform)
    return under_way
