"""What is counted and measured, as Prometheus reads it.

Labels hold names from the route tables, states, Slack's methods and error codes: a bounded number, and nothing about
customers or members. The registry belongs to one running bot.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

import sqlalchemy as sa
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.logs import SLACK_ERROR
from bot.settings import ALL_ROLES, ProcessRole
from domain.model import YEN
from domain.model import Outcome as ModelOutcome
from handlers import trail
from handlers.routes import Routes
from handlers.trail import UNKNOWN, Outcome
from prompts.llm import Ended
from services import mail
from services.deliveries import REPORT, DeliveryState
from storage.database import Database
from storage.watch import waiting

log = logging.getLogger(__name__)

# Slack waits for 3 seconds: what comes near that must be seen.
ACKNOWLEDGEMENT_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 3.0, 5.0, 10.0)
CALL_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
MODEL_BUCKETS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 600.0)
READ_SECONDS = 5.0
"""What is read from the database is at most this old."""
OK: Final = "none"
"""In place of an error where there was none."""
_METHOD = re.compile(r"[a-z][A-Za-z]*(\.[a-zA-Z]+){1,3}")
BEARER: Final = "Bearer "


class Metrics:
    """The registry of one running bot, and everything in it."""

    def __init__(self, routes: Routes, roles: frozenset[ProcessRole] = ALL_ROLES) -> None:
        """Those of a process with these roles: what it does not do it does not tell of either."""
        self.registry = CollectorRegistry()
        self._routes = routes
        edge, worker, clock, calls = (
            self.registry if wanted & roles else None
            for wanted in (
                {ProcessRole.EDGE},
                {ProcessRole.WORKER},
                {ProcessRole.CLOCK},
                {ProcessRole.EDGE, ProcessRole.WORKER},
            )
        )
        self._acknowledged = Histogram(
            "kakehashi_acknowledgement_seconds",
            "From the arrival of what somebody did to its acknowledgement.",
            ["kind", "route"],
            buckets=ACKNOWLEDGEMENT_BUCKETS,
            registry=edge,
        )
        self._interactions = Counter(
            "kakehashi_interactions",
            "What people did, and how it ended.",
            ["kind", "route", "outcome"],
            registry=edge,
        )
        self._deliveries = Counter(
            "kakehashi_deliveries",
            "Tries at messages to Slack, and how they ended.",
            ["kind", "outcome"],
            registry=worker,
        )
        self._tasks = Counter(
            "kakehashi_tasks", "Tries at longer work, and how they ended.", ["kind", "outcome"], registry=worker
        )
        self._mails = Counter("kakehashi_mails", "Tries at letters, and how they ended.", ["outcome"], registry=worker)
        self._turns = Counter(
            "kakehashi_clock_turns",
            "Jobs that the clock fired or missed.",
            ["job", "outcome"],
            registry=clock,
        )
        self._calls = Counter(
            "kakehashi_slack_calls",
            "Calls of Slack's Web API, each try of its own.",
            ["method", "error"],
            registry=calls,
        )
        self._call_seconds = Histogram(
            "kakehashi_slack_call_seconds",
            "How long Slack took to answer.",
            ["method"],
            buckets=CALL_BUCKETS,
            registry=calls,
        )
        self._model_calls = Counter(
            "kakehashi_model_calls",
            "Calls of the language model, and how they ended.",
            ["prompt", "model", "outcome"],
            registry=calls,
        )
        self._model_seconds = Histogram(
            "kakehashi_model_call_seconds",
            "How long an answer of the language model took, tries repeated included.",
            ["prompt", "model"],
            buckets=MODEL_BUCKETS,
            registry=calls,
        )
        self._model_yen = Counter(
            "kakehashi_model_cost_yen", "What the language model has cost.", ["prompt", "model"], registry=calls
        )
        self._depth = Gauge(
            "kakehashi_queue_depth",
            "Work in the queues, over all processes.",
            ["queue", "state"],
            registry=self.registry,
        )
        self._oldest = Gauge(
            "kakehashi_queue_oldest_seconds",
            "How long ago the oldest of it was enqueued.",
            ["queue", "state"],
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._begin()

    def _begin(self) -> None:
        """What somebody is to be woken for begins at 0: a rate over the first of its kind is else not seen."""
        for kind, names in names_of(self._routes).items():
            for name in names:
                self._interactions.labels(kind, name, Outcome.FAULT)
        for state in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
            self._mails.labels(state)
            for kind in self._routes.deliveries:
                self._deliveries.labels(kind, state)
        for kind in self._routes.tasks:
            self._tasks.labels(kind, Outcome.FAULT)
        for job in [*self._routes.jobs, *self._routes.dailies]:
            self._turns.labels(job, Outcome.MISSED)
            self._turns.labels(job, Outcome.FAULT)

    def interaction(self, kind: str, route: str, outcome: str, seconds: float) -> None:
        """Something a person did has been acknowledged, after so long."""
        self._acknowledged.labels(kind, route).observe(seconds)
        self._interactions.labels(kind, route, outcome).inc()

    def delivery(self, kind: str, outcome: str) -> None:
        """A try at a delivery has ended."""
        known = kind in self._routes.deliveries or kind == REPORT
        self._deliveries.labels(kind if known else UNKNOWN, outcome).inc()

    def task(self, kind: str, outcome: str) -> None:
        """A try at a task has ended; letters are counted by themselves too."""
        self._tasks.labels(kind if kind in self._routes.tasks else UNKNOWN, outcome).inc()
        if kind == mail.SEND:
            self._mails.labels(outcome).inc()

    def turn(self, job: str, outcome: str) -> None:
        """The clock has fired a job, or missed it."""
        self._turns.labels(job, outcome).inc()

    async def call(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """A client middleware that measures calls of Slack's Web API; everything that the session is used for passes
        here."""
        method = request.url.path.rpartition("/")[2]
        # Files go to addresses of their own, and whoever gets one reads it piece by piece.
        known = _METHOD.fullmatch(method) is not None
        method = method if known else "upload"
        began = time.perf_counter()
        error = "lost"
        with trail.step(f"slack {method}") as span:
            try:
                answer = await handler(request)
                # Slack says in the body what is wrong. It is kept for whoever called.
                error = error_of(answer, await answer.read() if known else b"")
            finally:
                self._call_seconds.labels(method).observe(time.perf_counter() - began)
                self._calls.labels(method, error).inc()
                trail.close(span, error, fault=error != OK)
        return answer

    @contextmanager
    def model_call(self, prompt: str, model: str) -> Iterator[Ended]:
        """A call of the language model is under way until the block ends; both names are of a bounded number."""
        began = time.perf_counter()
        with trail.step(f"model {prompt}") as span:

            def ended(how: ModelOutcome, cost: int) -> None:
                self._model_calls.labels(prompt, model, how).inc()
                self._model_seconds.labels(prompt, model).observe(time.perf_counter() - began)
                self._model_yen.labels(prompt, model).inc(cost / YEN)
                trail.close(span, how, fault=how not in (ModelOutcome.OK, ModelOutcome.CANCELLED))

            yield ended

    async def read(self, database: Database) -> None:
        """Measure the queues. Where the database does not answer, nothing is said about them."""
        found = []
        try:
            async with asyncio.timeout(READ_SECONDS), database.sessions() as session:
                found = await waiting(session)
        except (sa.exc.SQLAlchemyError, OSError, TimeoutError):
            log.warning("The queues could not be read")
        now = time.time()
        self._depth.clear()
        self._oldest.clear()
        for each in found:
            self._depth.labels(each.queue, each.state).set(each.count)
            self._oldest.labels(each.queue, each.state).set(max(0.0, now - each.oldest_at))


def names_of(routes: Routes) -> dict[str, list[str]]:
    """Every name that an interaction's `route` may have, by its kind; `UNKNOWN` beside them."""
    return {
        "command": [f"{command} {verb}".strip() for command, verbs in routes.commands.items() for verb in verbs],
        "view": [*routes.views],
        "action": [*routes.actions],
        "options": [*routes.options],
        "shortcut": [*routes.shortcuts],
        "event": [*routes.events],
    }


def error_of(answer: ClientResponse, body: bytes) -> str:
    """Slack's error code, `http_…`, or `OK`; `UNKNOWN` for what does not look like a code."""
    if answer.status != 200:
        return f"http_{answer.status}"
    if body.startswith(b'{"ok":true'):
        return OK
    found = re.search(rb'"error"\s*:\s*"([^"]*)"', body) if re.search(rb'"ok"\s*:\s*false', body) else None
    if found is None:
        return OK
    error = found[1].decode("utf-8", "replace")
    return error if SLACK_ERROR.fullmatch(error) else UNKNOWN


@dataclass(slots=True)
class Page:
    """`GET /metrics`, for whoever brings the token; where none is set there is no such page."""

    metrics: Metrics
    database: Database
    token: str = field(repr=False)
    _read_at: float = field(default=float("-inf"), init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def answer(self, request: Request) -> Response:
        """All metrics, or that the token is not right."""
        given = request.headers.get("authorization", "")
        if not given.startswith(BEARER) or not compare_digest(given[len(BEARER) :].encode(), self.token.encode()):
            return PlainTextResponse("The token is missing or wrong.", 401, {"WWW-Authenticate": "Bearer"})
        async with self._turn:
            if time.monotonic() - self._read_at >= READ_SECONDS:
                await self.metrics.read(self.database)
                self._read_at = time.monotonic()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        # In a thread: thousands of lines take longer to write than a click may wait.
        content = await asyncio.to_thread(encode, self.metrics.registry)
        return Response(content, media_type=content_type)
