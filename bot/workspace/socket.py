"""Socket Mode: tickets, connections, envelopes, acknowledgements, and redelivery of events that nobody acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.workspace.delivery import ACKNOWLEDGE_SECONDS, Answer, EnvelopeKind
from bot.workspace.faults import Fault
from bot.workspace.state import Workspace

logger = logging.getLogger(__name__)

CONNECTION_LIMIT = 10
TICKET_SECONDS = 30.0
# Slack tries an event three more times: at once, after a minute, after five.
RETRY_DELAYS = (0.0, 60.0, 300.0)
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


class SocketMode:
    """Delivers each payload to exactly one connection of the app, the healthy ones taking turns.

    `acknowledge_seconds` and `retry_delays` are Slack's unless a test makes them shorter.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        acknowledge_seconds: float = ACKNOWLEDGE_SECONDS,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self._workspace = workspace
        self.acknowledge_seconds = acknowledge_seconds
        self.retry_delays = retry_delays
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

    async def welcome(self, connection: Connection) -> bool:
        """Takes a connection in and says hello; refuses the eleventh with `too_many_websockets`."""
        if len(self.connections) >= CONNECTION_LIMIT:
            await connection.send(_dump(self._goodbye("too_many_websockets")))
            await connection.close()
            return False
        hello = {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {"host": "embedded", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._workspace.app_id},
        }
        await connection.send(_dump(hello))
        # Only now: no envelope may overtake the greeting.
        self.connections.append(connection)
        self._arrived.set()
        return True

    def lost(self, connection: Connection) -> None:
        """Forgets a connection; what it had not acknowledged counts as failed, so that events go to another."""
        if connection in self.connections:
            self.connections.remove(connection)
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
            if reason != "warning":
                connection.leaving = True
            with contextlib.suppress(Exception):  # A socket that is already gone needs no farewell.
                await connection.send(_dump(self._goodbye(reason)))
            task = asyncio.get_running_loop().create_task(self._close_later(connection, reason, grace))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if not self.connected:
            self._arrived.clear()

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
            with contextlib.suppress(Exception):  # The end of the server must not fail on a dead socket.
                await connection.close()

    # Envelopes

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """See `Delivery.deliver`."""
        if kind != "events_api":
            return await self._attempt({"payload": payload, "type": kind, "accepts_response_payload": accepts_answer})
        answer = Answer(False, reason="dispatch_failed")
        retry_reason = ""
        for attempt in range(len(self.retry_delays) + 1):
            if attempt:
                await asyncio.sleep(self.retry_delays[attempt - 1])
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
            answer = await self._attempt(envelope)
            if answer.acknowledged:
                return answer
            retry_reason = "timeout" if answer.reason == "operation_timeout" else "connection_failed"
        return answer

    def _next(self) -> Connection | None:
        healthy = [connection for connection in self.connections if not connection.leaving]
        if not healthy:
            return None
        self._turn += 1
        return healthy[self._turn % len(healthy)]

    async def _attempt(self, envelope: dict[str, Any]) -> Answer:
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
        except Exception:  # noqa: BLE001 # Whatever broke the socket, the envelope did not arrive.
            return Answer(False, reason="dispatch_failed")
        finally:
            del self._pending[ident]
            connection.pending.discard(ident)


def _reason(fault: Fault) -> DisconnectReason:
    reasons: dict[str, DisconnectReason] = {"warning": "warning", "link_disabled": "link_disabled"}
    return reasons.get(fault.reason, "refresh_requested")


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
