"""No use case reaches another team's rows, whatever ids it is given.

Every public function of the services that is given the world (`deps`) is called for one team with ids of both teams'
records, in an installation where the other team has something in every table. Afterwards the other team's rows are what
they were, and nothing that was told or refused holds a text of theirs.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import io
import pkgutil
import types
import typing
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

import services
from bot.settings import Settings
from domain.errors import Code, Refused
from domain.leads import NextStep
from domain.model import MOST_BUDGET_YEN, Sharing
from domain.outreach.calls import CallResult, Connection
from domain.outreach.calls import Plan as CallPlan
from domain.performance.kpis import CATALOGUE
from domain.qualification.bant import Answers
from domain.qualification.handoff import Package
from prompts.library import LIBRARY
from prompts.llm import LanguageModel
from services import model
from services.data.exports import export_team
from services.deps import Actor, Deps
from services.outreach.call_queue import QUEUE_RULES, QueueRules
from services.outreach.leads import NextStepInput
from services.pipeline import knowledge
from services.qualification.meeting_records import Plan, Write, WriteOffer
from storage.database import connect
from storage.migrations import sync_url
from storage.outbox import Outbox
from tests.servers.model import Answer, Asked, Json, ModelServer, Spoken, Text, Vectors, vector
from tests.services.office import NOT_QUALIFIED, NOW, PACKAGE, QUALIFIED, TODAY, Clock, Office, open_office
from tests.services.outreach.website import YAMADA
from tests.services.two_teams import PLAN, brought, contents, ids, mark, move_in, slot, words

OURS, THEIRS = "T1", "T2"
RAW = {"speech_recognition": {"raw": "0:00 (取引先) 隣工業です。"}}
MARK = "隣社の秘密"
EXAMPLES = 2
"""Calls of each function: the first with ids of the other team only, the next with both teams'."""

OVER_ALL_TEAMS = {
    "audit.seal": "Seals every team's log, each in its own transaction.",
    "erasure.erase_due": "Erases the teams that went, each in its own transaction.",
    "installations.everybody": "The operator's list of workspaces names every team.",
    "installations.expiring": "Says whose token is to be renewed.",
    "installations.stopped": "Says which teams have removed the app.",
    "clock.beat": "What the processes last ran is no team's.",
    "clock.forget": "Deletes what all teams' due times of long ago were.",
    "clock.overview": "The operator's list of jobs names every team.",
    "clock.read": "Plans every team's work.",
    "clock.sweep": "Begins every team's work.",
    "operator.known_teams": "The operator is asked which team is meant.",
    "outreach.call_queue.mornings": "Plans every team's work.",
    "outreach.inbound.teams_with_work": "Says which teams have work to do.",
    "outreach.reminders.friday_plan": "Plans every team's work.",
    "outreach.reminders.overdue_plan": "Plans every team's work.",
    "outreach.reminders.remind_promised": "Does every team's work, each in its own transaction.",
    "performance.digests.plan": "Plans every team's work.",
    "pipeline.knowledge.index": "Does every team's work, each in its own transaction.",
    "qualification.handoff.teams_with_waiting": "Says which teams have work to do.",
    "qualification.meeting_offers.teams_due": "Says which teams have work to do.",
    "qualification.meeting_reminders.teams_due": "Says which teams have work to do.",
    "timetables.by_member_zone": "Plans every team's work.",
    "timetables.by_team": "Plans every team's work.",
}
"""What works for all teams, and why; it names teams and nothing else of theirs."""

SIGNED = {
    "installations.spend_state": "The state that we signed is of no team yet.",
    "calendars.connecting.agreed": "The token that we signed names the team.",
    "calendars.connecting.asked": "The token that we signed names the team.",
    "calendars.connecting.provider_address": "What it is given comes from a token that we signed.",
    "mail.opt_out": "The token that we signed names the team.",
    "mail.opting_out": "The token that we signed names the team.",
    "pipeline.telephone_systems.prove": "The token, which only MiiTel was told, says which system, and so which team.",
    "outreach.forms.prove": "The signature proves which form, and so which team.",
}
"""What is told its team by something that only we, or whoever knows the secret, can sign."""

ELSEWHERE = {
    "data.exports.import_team": "tests/services/data/test_exports.py: ids of other teams are neither taken nor…",
}

RECORDS = {
    "account_id": "accounts",
    "but": "meetings",
    "call_id": "calls",
    "contact_id": "contacts",
    "contact_ids": "contacts",
    "handoff_id": "handoffs",
    "lead_id": "leads",
    "leave_id": "absences",
    "meeting_id": "meetings",
    "member_id": "members",
    "member_ids": "members",
    "offer_id": "meeting_offers",
    "objection_id": "objections",
    "only": "members",
    "proposal_id": "proposals",
    "qualification_id": "qualifications",
    "script_id": "scripts",
    "script_version_id": "script_versions",
    "recording_id": "recordings",
    "source_id": "form_sources",
    "submission_id": "form_submissions",
    "to_member_id": "members",
    "version_id": "script_versions",
}
"""The table whose ids a parameter or a field of this name takes."""


def functions() -> dict[str, Callable[..., Any]]:
    """Every public use case, by its place."""
    found = {}
    for module in pkgutil.walk_packages(services.__path__, "services."):
        for name, value in vars(importlib.import_module(module.name)).items():
            awaited = inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value)
            public = awaited and value.__module__ == module.name and name[0] != "_"
            if public and next(iter(typing.get_type_hints(value).values()), None) is Deps:
                found[f"{module.name.removeprefix('services.')}.{name}"] = value
    return found


CALLABLES = (Write, WriteOffer)
ACTOR = (Actor, Actor | None)


class Unknown(TypeError):
    """Nobody has said how to make a value of this type."""


@dataclasses.dataclass
class Arguments:
    """Values for parameters, made of both teams' records."""

    records: Mapping[str, Sequence[Any]]
    slots: Sequence[Any]

    def of(self, place: str, function: Callable[..., Any]) -> st.SearchStrategy[dict[str, Any]]:
        """What the function may be called with, `deps` and `session` left out."""
        hints = typing.get_type_hints(function)
        made = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if hints[name] in (Deps, AsyncSession, *ACTOR):
                continue
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            optional = parameter.default is not inspect.Parameter.empty
            if optional and name not in RECORDS:
                continue
            made[name] = self.value(hints[name], name, place)
        return st.fixed_dictionaries(made)

    def value(self, hint: Any, name: str, place: str) -> st.SearchStrategy[Any]:
        """One value; the names tell what is an id, and of what."""
        if (place, name) in self.special:
            return self.special[place, name]
        if name in RECORDS and hint is int:
            return st.sampled_from(self.records[RECORDS[name]])
        if name in self.named and hint in (str, *CALLABLES):
            return self.named[name]
        if hint is str:
            return self.text(name, place)
        if hint in self.fixed:
            return self.fixed[hint]
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            some = [each for each in inner if each is not type(None)]
            return self.value(some[0], name, place)
        if origin in (Sequence, Collection, list, AbstractSet, frozenset, tuple):
            kind = origin if origin in (list, frozenset, tuple) else frozenset if origin is AbstractSet else tuple
            return st.lists(self.value(inner[0], name, place), min_size=1, max_size=3).map(kind)
        if origin is Mapping:
            return st.just({})
        if inspect.isclass(hint) and issubclass(hint, Enum):
            return st.sampled_from(list(hint))
        if dataclasses.is_dataclass(hint) and inspect.isclass(hint):
            return self.record(hint, place)
        raise Unknown(f"{place}: {name}: {hint}")

    def record(self, kind: type[Any], place: str) -> st.SearchStrategy[Any]:
        hints = typing.get_type_hints(kind)
        made = {}
        for field in dataclasses.fields(kind):
            given_otherwise = (
                field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            )
            if field.init and (not given_otherwise or field.name in RECORDS):
                made[field.name] = self.value(hints[field.name], field.name, place)
        return st.builds(kind, **made)

    def __post_init__(self) -> None:
        texts = st.sampled_from(["隣工業", "青葉", "架電", "x"])
        moments = st.integers(-48, 96).map(lambda hours: NOW + timedelta(hours=hours))
        self.fixed: dict[Any, st.SearchStrategy[Any]] = {
            Answers: st.sampled_from([QUALIFIED, NOT_QUALIFIED]),
            CallPlan: st.just(CallPlan(NextStep.CALL, NOW + timedelta(days=1))),
            CallResult: st.just(CallResult(Connection.NO_ANSWER)),
            NextStepInput: st.just(NextStepInput(NextStep.CALL, TODAY + timedelta(days=1), time(10))),
            Package: st.just(PACKAGE),
            Plan: st.just(PLAN),
            bool: st.booleans(),
            bytes: st.just(b"{}"),
            date: st.integers(0, 40).map(lambda days: TODAY + timedelta(days=days)),
            datetime: moments,
            float: st.sampled_from([0.0, 0.5, 1.0]),
            int: st.integers(1, 30),
            str: texts,
            time: st.sampled_from([time(9), time(18)]),
            type(slot(1, 10)): st.sampled_from(self.slots),
        }
        both = {table: st.sampled_from(self.records[table]) for table in ("deliveries", "mails", "members", "leads")}
        kpis = st.sampled_from([kpi.key for kpi in CATALOGUE])
        self.named: dict[str, st.SearchStrategy[Any]] = {
            "channel": st.just("C0FIELD"),
            "kind": st.just("caldav"),
            "language": st.sampled_from(["ja", "en"]),
            "slack_user": st.sampled_from(["USATO", "UBOSS", "UNEW"]),
            "team_id": st.just(OURS),
            "write": st.just(words),
            "zone": st.just("Asia/Tokyo"),
        }
        uid = st.sampled_from([f"meeting-{number}@kakehashi" for number in self.records["meetings"]])
        self.special: dict[tuple[str, str], st.SearchStrategy[Any]] = {
            ("calendars.perform", "arguments"): st.fixed_dictionaries(
                {"member_id": both["members"], "uid": uid, "key": st.just("k")}
            ),
            ("clock.failed", "name"): st.just("digest"),
            ("data.exports.export_team", "write"): st.builds(Pieces),
            ("data.integrations.import_accounts", "source"): st.builds(
                lambda: io.BytesIO("会社名,住所\n隣工業,東京都大田区\n".encode())
            ),
            ("model.ask", "output_type"): st.just(None),
            **{
                (f"model.{verb}", name): value
                for verb in ("ask", "stream")
                for name, value in (
                    ("prompt_id", st.just("assistant/answer")),
                    ("variables", st.just({"language": "ja", "results": "青葉", "question": "架電"})),
                )
            },
            ("model.transcribe", "sound"): st.just(b"RIFF"),
            ("members.give_role", "people"): st.just({"USATO": "佐藤", "UNEW": "新人"}),
            ("outreach.forms.receive", "raw"): st.just(YAMADA),
            ("outreach.call_queue.set_morning", "morning"): st.just("08:30"),
            # What is in every one of their texts, and a name of theirs.
            ("pipeline.knowledge.search", "text"): st.sampled_from([MARK, f"メモ{MARK}"]),
            ("rules.change", "kind"): st.just(QUEUE_RULES),
            ("rules.change", "rules"): st.just(QueueRules()),
            ("rules.read", "default"): st.just(QueueRules()),
            ("rules.read", "kind"): st.just(QUEUE_RULES),
            # Any file will do: the server of the tests hears what it likes.
            ("listening.transcript", "recording"): st.just(Path(__file__)),
            ("pipeline.recordings.receive", "filename"): st.just("隣工業.vtt"),
            ("pipeline.recording_work.work", "fetch"): st.just(brought),
            ("pipeline.telephone_systems.receive", "content"): st.just({"call": {"id": "1", "details": [RAW]}}),
            **{
                (f"pipeline.telephone_systems.{verb}", "source_id"): st.sampled_from(self.records["recording_sources"])
                for verb in ("receive", "rotate", "set_active")
            },
            ("tasks.start", "arguments"): st.just({}),
            ("tasks.start", "kind"): st.just("import"),
        }
        self.keys = {"deliveries": both["deliveries"], "mail": both["mails"], "performance": kpis}

    def text(self, name: str, place: str) -> st.SearchStrategy[str]:
        """A text, which may be a key of something."""
        return self.keys.get(place.partition(".")[0], self.fixed[str]) if name == "key" else self.fixed[str]


class Pieces(list[bytes]):
    """What was written."""

    def __call__(self, piece: bytes) -> None:
        self.append(piece)


class Told(AssertionError):
    """Something of the other team's was told."""


def repeated(asked: Asked) -> Answer:
    """A language model that says again whatever it is told, wherever its answer has room for a text."""
    if asked.path.endswith("/embeddings"):
        return Vectors([vector(text) for text in asked.body["input"]])
    if asked.path.endswith("/transcriptions"):
        return Spoken([(0.0, 2.0, "A", "お世話になっております。"), (2.0, 4.0, "B", "予算は500万円です。")])
    if not asked.output:
        return Text(asked.input)
    schema = asked.body["text"]["format"]["schema"]
    return Json(_filled(schema, schema.get("$defs", {}), asked.input))


def _filled(schema: Mapping[str, Any], known: Mapping[str, Any], told: str) -> Any:
    if "$ref" in schema:
        return _filled(known[schema["$ref"].rpartition("/")[2]], known, told)
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: _filled(each, known, told) for name, each in schema["properties"].items()}
        case "array":
            return [_filled(schema["items"], known, told)]
        case "string":
            return told
        case "boolean":
            return True
    return 1


class House:
    """Two teams in one database, and a loop for what is called. Where there is a server of language models, both teams
    let it read everything."""

    def __init__(self, database_url: str, owner_url: str, client: DBOSClient, model_server: ModelServer | None) -> None:
        self.runner = asyncio.Runner()
        self.database = connect(database_url)
        given = Settings(_env_file=None, **model_server.settings).language_model if model_server else None
        self.model = LanguageModel(given) if given else None
        outbox = Outbox(client)
        self.deps = Deps(self.database, outbox, Clock(), public_url="https://bot.example/", model=self.model)
        self.offices = [self.run(self._open(team, number)) for number, team in enumerate((OURS, THEIRS), 1)]
        # Who looks whether anything has changed must see everything.
        self.engine = sa.create_engine(sync_url(owner_url))
        with self.engine.begin() as connection:
            mark(connection, THEIRS, MARK)
            self.records = {team: ids(connection, team) for team in (OURS, THEIRS)}
        for office in self.offices if model_server else ():
            self.run(model.set_rules(self.deps, office.mori, Sharing.FULL, MOST_BUDGET_YEN, recordings=True))
        if model_server:
            model_server.answer = repeated
        self.run(knowledge.index(self.deps))
        self.asked = model_server.requests if model_server else []
        # So far of both teams; from now on only ours is asked for.
        self.asked.clear()
        self.exported = self.export()

    async def _open(self, team: str, number: int) -> Office:
        office = await open_office(self.deps, Clock(), team)
        await move_in(office, 100 * number)
        return office

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def arguments(self) -> Arguments:
        """Ids of their records, and some of ours: most functions ask for more than one."""
        ours, theirs = (self.records[team] for team in (OURS, THEIRS))
        slots = [slot(office.members[name].member_id, 11) for office in self.offices for name in ("ito", "kato")]
        return Arguments({t: theirs[t] + ours[t] for t in theirs}, slots)

    def export(self) -> bytes:
        pieces = Pieces()
        self.run(export_team(self.deps, THEIRS, pieces))
        return b"".join(pieces)

    def theirs(self) -> list[str]:
        with self.engine.connect() as connection:
            return contents(connection, THEIRS)

    async def call(self, function: Callable[..., Any], given: Mapping[str, Any]) -> bool:
        """Call a function as whoever is allowed to; False where nobody is. Raises `Told`."""
        acting = [name for name, hint in typing.get_type_hints(function).items() if hint in ACTOR]
        for actor in self.offices[0].members.values():
            if await self._call(function, {**given, **dict.fromkeys(acting, actor)}):
                return True
        return False

    async def _call(self, function: Callable[..., Any], given: Mapping[str, Any]) -> bool:
        told: list[Any] = []
        allowed = True
        try:
            if AsyncSession in typing.get_type_hints(function).values():
                async with self.deps.writing(OURS) as session:
                    told.append(await function(self.deps, session=session, **given))
            elif inspect.isasyncgenfunction(function):
                told += [piece async for piece in function(self.deps, **given)]
            else:
                told.append(await function(self.deps, **given))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must tell nothing
            allowed = not (isinstance(error, Refused) and error.code is Code.NOT_ALLOWED)
            told += [str(error), *vars(error).values()]
        told += [b"".join(value).decode() for value in given.values() if isinstance(value, Pieces)]
        if MARK in repr(told):
            raise Told(repr(told))
        return allowed

    def close(self) -> None:
        if self.model is not None:
            self.run(self.model.close())
        self.run(self.database.dispose())
        self.engine.dispose()
        self.runner.close()


@pytest.fixture
def house(database_url: str, owner_url: str, queue_client: DBOSClient, model_server: ModelServer) -> Iterator[House]:
    """With a language model where nothing but the program itself keeps teams apart."""
    with_model = model_server if database_url.startswith("sqlite") else None
    opened = House(database_url, owner_url, queue_client, with_model)
    yield opened
    opened.close()


TRIED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_no_use_case_reaches_another_teams_rows(house: House) -> None:
    made, before = house.arguments(), house.theirs()
    assert sum(MARK in row for row in before) > 30
    excused = OVER_ALL_TEAMS.keys() | SIGNED.keys() | ELSEWHERE.keys()
    known = functions()
    assert excused <= known.keys()
    let_in: Counter[str] = Counter()

    def trial(place: str, function: Callable[..., Any]) -> Callable[[], None]:
        @TRIED
        @given(given=made.of(place, function))
        def reaches_nothing(given: dict[str, Any]) -> None:
            let_in[place] += house.run(house.call(function, given))
            assert house.theirs() == before, (place, given)

        return reaches_nothing

    for place in sorted(known.keys() - excused):
        trial(place, known[place])()
    assert house.export() == house.exported
    # The model was asked, for every purpose there is, and told nothing of theirs. (What is searched for may be said.)
    asked = [each for each in house.asked if not each.path.endswith("/embeddings")]
    if house.model is not None:
        types = [LIBRARY.prompt(prompt_id).output_type for prompt_id in LIBRARY.ids()]
        assert {each.output for each in asked} >= {kind.__name__ for kind in types if kind is not None}
    assert [each for each in asked if MARK in f"{each.instructions}{each.input}"] == []
    # Whom nobody lets in has been tried at nothing.
    assert {place for place in known.keys() - excused if not let_in[place]} == set()
