"""Socket Mode: tickets, connections, envelopes, acknowledgements, and redelivery of events that nobody acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.workspace.delivery import RETRY_DELAYS, Answer, EnvelopeKind
from bot.workspace.faults import Fault
from bot.workspace.state import Workspace

logger = logging.getLogger(__name__)

CONNECTION_LIMIT = 10
TICKET_SECONDS = 30.0
# So long a connection lives, about five hours; SDKs ask for the short life to see how they bear it.
CONNECTION_SECONDS = 18_060
SHORT_CONNECTION_SECONDS = 360
# A connection that is to end is told so this much earlier.
WARNING_SECONDS = 10.0
_ENVELOPE_FAULTS = frozenset({"duplicate", "unacknowledged", "disconnect"})

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass(eq=False, slots=True)
class Connection:
    """One WebSocket of the app. `leaving` is set once it was told to disconnect: it gets no new envelopes."""

    id: str
    send: Callable[[str], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    pending: set[str] = field(default_factory=set)
    leaving: bool = False
    ageing: asyncio.Task[None] | None = None


class SocketMode:
    """Delivers each payload to exactly one connection of the app, the healthy ones taking turns.

    `acknowledge_seconds` is the workspace's patience, and `retry_delays` are Slack's, unless a test makes them shorter.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        acknowledge_seconds: float | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self._workspace = workspace
        self.acknowledge_seconds = workspace.patience if acknowledge_seconds is None else acknowledge_seconds
        self.retry_delays = retry_delays
        self.enabled = True
        self.connections: list[Connection] = []
        self._turn = 0
        self._tickets: dict[str, float] = {}
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._overlooked: set[str] = set()
        self._arrived = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether any connection can take an envelope."""
        return any(not connection.leaving for connection in self.connections)

    # Connections

    def ticket(self) -> str:
        """A ticket for one connection within the next half minute."""
        now = self._workspace.clock()
        self._tickets = {ticket: until for ticket, until in self._tickets.items() if until >= now}
        ticket = self._workspace.mint.secret()
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether the ticket opens a connection; it does so once."""
        until = self._tickets.pop(ticket, None)
        return until is not None and until >= self._workspace.clock()

    async def welcome(self, connection: Connection, *, seconds: float = CONNECTION_SECONDS) -> bool:
        """Takes a connection in and says hello; it is asked to go after `seconds`. The eleventh is refused with
        `too_many_websockets`, each one with `link_disabled` where the app has switched to HTTP."""
        if not self.enabled or len(self.connections) >= CONNECTION_LIMIT:
            await connection.send(_dump(self._goodbye("too_many_websockets" if self.enabled else "link_disabled")))
            await connection.close()
            return False
        # Taken in before the greeting, so that eleven who come at once are counted; no envelope may overtake it.
        connection.leaving = True
        self.connections.append(connection)
        hello = {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "embedded", "build_number": 1, "approximate_connection_time": round(seconds)},
            "connection_info": {"app_id": self._workspace.app_id},
        }
        try:
            await connection.send(_dump(hello))
        except Exception:
            self.lost(connection)
            raise
        connection.leaving = False
        connection.ageing = asyncio.get_running_loop().create_task(self._age(connection, seconds))
        self._arrived.set()
        return True

    async def _age(self, connection: Connection, seconds: float) -> None:
        """Ends a connection when its time has come: a warning first, so that the app can connect anew beside it."""
        warning = min(WARNING_SECONDS, seconds / 2)
        await asyncio.sleep(seconds - warning)
        await self._tell(connection, "warning")
        await asyncio.sleep(warning)
        await self._dismiss(connection, "refresh_requested", WARNING_SECONDS)

    def lost(self, connection: Connection) -> None:
        """Forgets a connection; what it had not acknowledged counts as failed, so that events go to another."""
        if connection in self.connections:
            self.connections.remove(connection)
        if connection.ageing is not None:
            connection.ageing.cancel()
        if not self.connected:
            self._arrived.clear()
        for envelope in connection.pending:
            future = self._pending.get(envelope)
            if future is not None and not future.done():
                future.set_exception(ConnectionError("the connection was lost"))

    def received(self, connection: Connection, text: str) -> None:
        """Takes what the app sent: an acknowledgement, with or without a payload. Anything else is ignored."""
        try:
            frame = json.loads(text)
        except ValueError:
            logger.warning("The app sent something that is not JSON over Socket Mode.")
            return
        envelope = frame.get("envelope_id") if isinstance(frame, dict) else None
        if not isinstance(envelope, str):
            return
        if envelope in self._overlooked:
            self._overlooked.discard(envelope)
            return
        connection.pending.discard(envelope)
        future = self._pending.get(envelope)
        if future is not None and not future.done():
            future.set_result(frame.get("payload"))

    async def disconnect(self, reason: DisconnectReason = "refresh_requested", *, grace: float = 10.0) -> None:
        """Asks every connection to go. It stays open for `grace` seconds, so that the app can acknowledge what it has
        and connect anew before it closes the old one itself; then it is closed here. After a `warning` it gets
        envelopes as before until then, after the other reasons no new ones. `link_disabled` closes at once."""
        for connection in tuple(self.connections):
            await self._dismiss(connection, reason, grace)

    async def _dismiss(self, connection: Connection, reason: DisconnectReason, grace: float) -> None:
        if reason != "warning":
            connection.leaving = True
        if not self.connected:
            self._arrived.clear()
        await self._tell(connection, reason)
        task = asyncio.get_running_loop().create_task(self._close_later(connection, reason, grace))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _tell(self, connection: Connection, reason: DisconnectReason) -> None:
        with contextlib.suppress(Exception):  # A socket that is already gone needs no farewell.
            await connection.send(_dump(self._goodbye(reason)))

    async def _close_later(self, connection: Connection, reason: DisconnectReason, grace: float) -> None:
        if reason != "link_disabled":
            await asyncio.sleep(grace)
        connection.leaving = True
        pending = [self._pending[envelope] for envelope in connection.pending]
        if pending:
            await asyncio.wait(pending, timeout=grace)
        with contextlib.suppress(Exception):  # The other side may have closed it in between.
            await connection.close()

    def _goodbye(self, reason: DisconnectReason) -> dict[str, Any]:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "embedded"}}

    async def shut(self) -> None:
        """Closes everything, for the end of the server."""
        for task in tuple(self._closing):
            task.cancel()
        for connection in tuple(self.connections):
            if connection.ageing is not None:
                connection.ageing.cancel()
            with contextlib.suppress(Exception):  # The end of the server must not fail on a dead socket.
                await connection.close()

    # Envelopes

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """See `Delivery.deliver`."""
        if kind != "events_api":
            told: dict[str, Any] = {"payload": payload, "type": kind, "accepts_response_payload": accepts_answer}
            try:
                answer = await self._attempt(told)
            except ConnectionError:
                return Answer(False, reason="dispatch_failed")
            return answer if accepts_answer else replace(answer, payload=None)
        delays = iter(self.retry_delays)
        attempt, retry_reason = 0, ""
        while True:
            if not self.connected:
                # Nothing is lost while the app is away for a moment: the attempt waits for a connection.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), self.acknowledge_seconds + sum(self.retry_delays))
            envelope: dict[str, Any] = {
                "payload": payload,
                "type": kind,
                "accepts_response_payload": False,
                "retry_attempt": attempt,
                "retry_reason": retry_reason,
            }
            attempt += 1
            try:
                answer = await self._attempt(envelope)
            except ConnectionError:
                # What went down with its connection goes to the next one at once, as often as it takes: the app has
                # had no chance to take it.
                retry_reason = "connection_failed"
                continue
            delay = None if answer.acknowledged else next(delays, None)
            if delay is None:
                return answer
            retry_reason = "timeout" if answer.reason == "operation_timeout" else "connection_failed"
            await asyncio.sleep(delay)

    def _next(self) -> Connection | None:
        healthy = [connection for connection in self.connections if not connection.leaving]
        if not healthy:
            return None
        self._turn += 1
        return healthy[self._turn % len(healthy)]

    async def _attempt(self, envelope: dict[str, Any]) -> Answer:
        """Sends an envelope once. Raises ConnectionError when the connection went down before it acknowledged."""
        fault = self._workspace.faults.take(_ENVELOPE_FAULTS, envelope["type"])
        if fault is not None and fault.kind == "disconnect":
            await self.disconnect(_reason(fault))
        connection = self._next()
        if connection is None:
            return Answer(False, reason="dispatch_failed")
        ident = str(uuid.uuid4())
        text = _dump({"envelope_id": ident, **envelope})
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[ident] = future
        connection.pending.add(ident)
        if fault is not None and fault.kind == "unacknowledged":
            self._overlooked.add(ident)
        try:
            await connection.send(text)
            if fault is not None and fault.kind == "duplicate":
                await connection.send(text)
            async with asyncio.timeout(self.acknowledge_seconds):
                return Answer(True, await future)
        except TimeoutError:
            return Answer(False, reason="operation_timeout")
        except Exception as broken:  # Whatever broke the socket, the envelope did not arrive, and no other will.
            connection.leaving = True
            raise ConnectionError("the connection was lost") from broken
        finally:
            del self._pending[ident]
            connection.pending.discard(ident)


def _reason(fault: Fault) -> DisconnectReason:
    reasons: dict[str, DisconnectReason] = {"warning": "warning", "link_disabled": "link_disabled"}
    return reasons.get(fault.reason, "refresh_requested")


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
