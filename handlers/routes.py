"""The route tables: which handler answers which command, view, action, select, shortcut, event, job and delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from domain.clock import Due, Timetable
from domain.members import Permission
from handlers.charts import Chart
from handlers.interaction import Answer, Interaction
from handlers.messages import Message
from handlers.openapi import Described
from handlers.tools import Plan as ToolPlan
from handlers.tools import Run, Tool
from services.deps import Deps

Handler = Callable[[Interaction], Awaitable[Answer]]
Job = Callable[[Deps], Awaitable[object]]
DailyJob = Callable[[Deps, Due], Awaitable[object]]
"""A team's work of one day. Run again after a crash, so repeating it must change nothing: it enqueues under keys."""
Plan = Callable[[Deps], Awaitable[Sequence[Timetable]]]
WebAnswer = Callable[[Deps, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler and the permission it asks for."""

    handler: Handler
    permission: Permission


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of a command: `/lead qualify`. `usage` and `summary` are msgids."""

    route: Route
    usage: str
    summary: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job of the clock: every `seconds`."""

    run: Job
    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """A job of the clock that is due at local times; `plan` says for whom and when."""

    run: DailyJob
    plan: Plan


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A page or a webhook of our own web server. It authenticates whoever calls: everybody can."""

    path: str
    methods: tuple[str, ...]
    answer: WebAnswer
    described: Described = field(default_factory=dict)
    """What it takes and answers, for each method."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that goes with a message. `name` is its file's name without the ending; the message finds the uploaded
    file under it (`Reader.pictures`). `alt` says in words what it shows."""

    name: str
    chart: Chart
    alt: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery, made when it is sent.

    `update_ts` set: that message is edited; else a new one is posted, in `thread_ts` if set. `report_to` is the Slack
    user who is told when Slack refuses it for good. `pictures` are uploaded before it is posted.
    """

    message: Message
    language: str
    zone: str
    channel: str
    thread_ts: str | None = None
    update_ts: str | None = None
    report_to: str | None = None
    pictures: tuple[Picture, ...] = ()


class NotYet(Exception):
    """A delivery cannot be made now, because another it builds on is still on its way; it is tried again."""


Compose = Callable[[Deps, str, Mapping[str, Any]], Awaitable[Outgoing | None]]
"""(deps, team_id, arguments) → what to send, or None when there is nothing left to say.

`arguments` are those of the enqueue, and `channel`, the conversation or user it was enqueued for."""


Task = Callable[[Deps, AsyncWebClient, str, Mapping[str, Any]], Awaitable[None]]
"""(deps, client, team_id, arguments): longer work; run again after a crash, so repeating it must change nothing."""


@dataclass(slots=True)
class Routes:
    """Everything the wings answer, filled by their `register` functions when the house is wired."""

    commands: dict[str, dict[str, Verb]] = field(default_factory=dict)
    views: dict[str, Route] = field(default_factory=dict)
    actions: dict[str, Route] = field(default_factory=dict)
    options: dict[str, Route] = field(default_factory=dict)
    shortcuts: dict[str, tuple[Route, str, str]] = field(default_factory=dict)
    events: dict[str, Route] = field(default_factory=dict)
    jobs: dict[str, Schedule] = field(default_factory=dict)
    deliveries: dict[str, Compose] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    patient: set[str] = field(default_factory=set)
    """Tasks that only fail when our database is away, and are then done again."""
    dailies: dict[str, Daily] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)

    def command(
        self, command: str, verb: str, handler: Handler, permission: Permission, *, usage: str, summary: str
    ) -> None:
        """`/command verb`."""
        _add(self.commands.setdefault(command, {}), verb, Verb(Route(handler, permission), usage, summary))

    def view(self, callback_id: str, handler: Handler, permission: Permission) -> None:
        """A submitted modal."""
        _add(self.views, callback_id, Route(handler, permission))

    def action(self, action_id: str, handler: Handler, permission: Permission) -> None:
        """A click or a choice. What follows a `#` in an action_id only keeps it unique in its block."""
        _add(self.actions, action_id, Route(handler, permission))

    def select(self, action_id: str, handler: Handler, permission: Permission) -> None:
        """The options of a searching select."""
        _add(self.options, action_id, Route(handler, permission))

    def shortcut(self, callback_id: str, handler: Handler, permission: Permission, *, name: str, kind: str) -> None:
        """A shortcut; `kind` is `global` or `message`, `name` a msgid."""
        _add(self.shortcuts, callback_id, (Route(handler, permission), name, kind))

    def event(self, kind: str, handler: Handler, permission: Permission) -> None:
        """An event of the Events API."""
        _add(self.events, kind, Route(handler, permission))

    def job(self, name: str, run: Job, *, seconds: int) -> None:
        """Something the clock does."""
        _add(self.jobs, name, Schedule(run, seconds))

    def daily(self, name: str, run: DailyJob, *, plan: Plan) -> None:
        """Something the clock does at local times, once for each team, zone and date, over all processes."""
        _add(self.dailies, name, Daily(run, plan))

    def web(
        self, path: str, answer: WebAnswer, *, methods: Sequence[str], described: Described = MappingProxyType({})
    ) -> None:
        """A page or webhook beside Slack's own address; `path` as Starlette writes it. What is not described is not
        in docs/openapi.json, and a test asks for it."""
        _add(self.endpoints, path, Endpoint(path, tuple(methods), answer, described))

    def tool(
        self,
        name: str,
        summary: str,
        arguments: type[BaseModel],
        run: Run[Any],
        permission: Permission,
        *,
        writes: bool = False,
        plan: ToolPlan[Any] | None = None,
        public: bool = False,
    ) -> None:
        """Something the assistant can be asked for; `summary` is a msgid. One that writes needs the `plan` that says
        what it is going to do. `public`: a whole channel may see its
        answers, for they name no customer and are nobody's own."""
        _add(self.tools, name, Tool(name, summary, arguments, run, permission, writes, plan, public))

    def delivery(self, kind: str, compose: Compose) -> None:
        """How a kind of delivery is made."""
        _add(self.deliveries, kind, compose)

    def task(self, kind: str, task: Task, *, patient: bool = False) -> None:
        """How a kind of longer work is done. `patient`: it is done again when it fails, which only our own database
        makes it do; else whoever waits for it is told."""
        _add(self.tasks, kind, task)
        if patient:
            self.patient.add(kind)


def _add(table: dict[str, Any], key: str, value: Any) -> None:
    if key in table:
        raise ValueError(f"{key} is routed twice.")
    table[key] = value


def gather(registers: Iterable[Callable[[Routes], None]]) -> Routes:
    """One table from all wings'."""
    routes = Routes()
    for register in registers:
        register(routes)
    return routes
