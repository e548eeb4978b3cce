"""The demonstration: an embedded workspace, an invented team with a history made from a seed, and the bot in it.

`play` gives the team a long history whose true rates are known (bot/demo_history.py); `populate` only a few leads, for
tests that need a team and no past."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time as stopwatch
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncSession

from bot import demo_playbook
from bot import demo_words as words
from bot.app import all_routes
from bot.demo_history import History, invent
from bot.demo_names import person, team_of
from bot.demo_state import Plan
from bot.demo_store import Staff, Stored, store
from bot.demo_team import CALLS, COMPANIES, COVERAGE, NOTES, PEOPLE, ROLES, SOURCES
from bot.demo_truth import model
from bot.demo_welcome import Cast, Hint, welcome
from bot.manifest import manifest
from bot.run import running, storage
from bot.settings import DEMO_DATABASE, Settings
from bot.slack_client import web_client
from bot.workspace.team import EXAMPLE, Team
from domain.calendar import BusinessCalendar
from domain.clock import Due
from domain.leads import BuyingRole, NextStep, Source, Stage
from domain.mail import Sender
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.inbound import InboundRules
from domain.performance.digests import DEFAULTS, DigestKind
from domain.performance.windows import Span
from domain.qualification.handoff import HandoffStatus
from handlers.block_json import as_json
from handlers.outreach.inbound_webhook import SIGNATURE, TIMESTAMP
from handlers.routes import Routes
from services import mail, members, teams
from services.deps import Actor, Deps
from services.outreach import call_queue, calls, inbound, leads
from services.outreach.forms import signature
from services.outreach.leads import NewLead, NextStepInput
from services.performance import digests, targets
from services.qualification import handoff
from services.targeting import accounts
from services.targeting.accounts import NewAccount
from storage.tables import TeamDay

LEADS = 28
"""Of `populate`."""
HISTORY_DAYS = 30
SHOWN = 4
"""Handoffs that were answered and stand in the channel."""
HANDOFFS, GENERAL, INSIDE, INBOUND = "fs-handoff", "general", "is-team", "inbound"
"""Channels of the workspace."""
SENDER_ADDRESS, SENDER_CONTACT = "東京都千代田区（架空の住所）", "info@hoshimi.example"
"""What stands under the team's letters."""

Printed = Mapping[str, Any]
"""What the workspace prints about itself: addresses, tokens, users, channels."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is invented: from which seed, for how many reps of inside sales, over how many months until now."""

    seed: int = 1
    reps: int = 3
    months: int = 3


@asynccontextmanager
async def embedded_workspace(port: int, *, page: bool = True, team: Team = EXAMPLE) -> AsyncIterator[Printed]:
    """The workspace as a process of its own; ends with the block. Raises RuntimeError when it does not start."""
    with tempfile.TemporaryDirectory(prefix="kakehashi-") as folder:
        installed = Path(folder) / "manifest.json"
        installed.write_text(json.dumps(manifest(all_routes()), ensure_ascii=False), encoding="utf-8")
        described = Path(folder) / "team.json"
        described.write_text(json.dumps(team.to_json(), ensure_ascii=False), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "workspace", "--port", str(port), "--manifest", str(installed), "--team", str(described)),
            *(() if page else ("--no-page",)),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above; tells the type checker
            line = await process.stdout.readline()
            if not line:
                raise RuntimeError(
                    f"The workspace did not start on port {port}. Is the port taken? Try PORT=… make run."
                )
            yield json.loads(line)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def populate(deps: Deps, printed: Printed, seed: int) -> None:
    """The invented team with a few leads and calls. The same seed, the same leads."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    everybody = await _arrive(deps, printed)
    manager = everybody["manager"][0]
    account_ids = [
        await accounts.create(
            deps,
            manager,
            NewAccount(
                name=company.name,
                reading=company.reading,
                name_en=company.name_en,
                industry=company.industry,
                address=company.address,
                website=company.website,
            ),
        )
        for company in COMPANIES
    ]
    for number in range(LEADS):
        await _lead(deps, chance, everybody["is"][number % len(everybody["is"])], account_ids, number)


async def play(deps: Deps, printed: Printed, scale: Scale) -> tuple[History, Stored]:
    """The invented team with a history until now, in which today is a morning half done, whatever day it is."""
    everybody = await _arrive(deps, printed)
    manager = everybody["manager"][0]
    now = deps.now()
    async with deps.writing(manager.team_id) as session:
        calendar = await _working_today(session, manager, now)
    # The team's own calendar knows the holidays of the years around now.
    first = now.year - scale.months // 12 - 1
    older = (teams.business_calendar(manager.team_zone, year).holidays for year in range(first, now.year))
    calendar = replace(calendar, holidays=frozenset().union(calendar.holidays, *older))
    history = await asyncio.to_thread(
        invent, model(scale.seed, scale.reps), Plan(scale.seed, scale.months, now, calendar)
    )
    staff = Staff(
        tuple(each.member_id for each in everybody["is"][: scale.reps]),
        tuple(each.member_id for each in everybody["fs"]),
        manager.member_id,
    )
    await _aims(deps, manager, printed, staff, history)
    channel = _channel(printed, HANDOFFS)
    stored = await store(deps, manager.team_id, history, staff, channel)
    await demo_playbook.write(deps, manager, scale.seed, history, stored, staff)
    answered = [key for key, status in stored.handoffs if status is not HandoffStatus.WAITING][-SHOWN:]
    waiting = [key for key, status in stored.handoffs if status is HandoffStatus.WAITING]
    async with deps.writing(manager.team_id) as session:
        # The channel has a past as well: the last handoffs are posted as they stand.
        for key in answered + waiting:
            await deps.outbox.enqueue(
                session,
                key=f"handoff:{key}",
                kind=handoff.POST,
                channel=channel,
                arguments={"handoff_id": key},
                now=now,
            )
    # And the manager finds last week's figures.
    await digests.send_again(deps, manager, DigestKind.WEEKLY, "demo")
    # Each rep has the list of the morning, whatever the hour: the clock of half past eight sends no second one.
    for table in await call_queue.mornings(deps):
        await call_queue.send_mornings(deps, Due(table.team_id, table.zone, deps.today(table.zone), now))
    return history, stored


async def _aims(deps: Deps, manager: Actor, printed: Printed, staff: Staff, history: History) -> None:
    """What the manager has decided: targets that are sometimes met, and where the daily digest stands."""
    habits = history.truth.model.reps
    for member_id, each in zip(staff.inside, habits, strict=True):
        await targets.set_(deps, manager, "dials", Span.DAY, 5 * round(each.dials / 5), member_id=member_id)
    for key, span, value in (
        ("dials", Span.DAY, 5 * round(sum(each.dials for each in habits) / 5)),
        ("connect_rate", Span.MONTH, 0.18),
        ("meetings_set", Span.WEEK, 3 * len(habits)),
        ("meetings_set", Span.MONTH, 12 * len(habits)),
        ("bant_completion", Span.MONTH, 0.8),
        ("first_response_share", Span.MONTH, 0.8),
    ):
        await targets.set_(deps, manager, key, span, value)
    await inbound.set_rules(deps, manager, InboundRules(channel=_channel(printed, INBOUND)))
    daily = replace(DEFAULTS[DigestKind.DAILY], channel=_channel(printed, INSIDE))
    await digests.change(deps, manager, DigestKind.DAILY, daily)


async def _working_today(session: AsyncSession, manager: Actor, now: datetime) -> BusinessCalendar:
    """The team's working time; today the invented team works, or a visitor of a Sunday would see nobody call."""
    today = now.astimezone(ZoneInfo(manager.team_zone)).date()
    calendar = await teams.team_calendar(session, manager.team_zone, now)
    if calendar.is_business_day(today):
        return calendar
    session.add(TeamDay(team_id=manager.team_id, day=today, works=True, name="デモの営業日"))
    await session.flush()
    return await teams.team_calendar(session, manager.team_zone, now)


async def _arrive(deps: Deps, printed: Printed) -> dict[str, list[Actor]]:
    """The members, by the workspace's roles, with what field sales covers and the channel of the handoffs."""
    team = printed["team"]
    everybody: dict[str, list[Actor]] = {}
    client = web_client(printed["bot_token"], printed["api"])
    # An admin first, who then sets up the others.
    for user in sorted(printed["users"], key=lambda u: u["role"] != "admin"):
        info = (await client.users_info(user=user["id"], include_locale=True))["user"]
        actor = await members.arrive(
            deps,
            team["id"],
            user["id"],
            team_name=team["name"],
            name=info["real_name"],
            language="ja" if info["locale"].startswith("ja") else "en",
            zone=info["tz"],
            email=info["profile"].get("email", ""),
            role=ROLES[user["role"]],
        )
        everybody.setdefault(user["role"], []).append(actor)
    admin, manager = everybody["admin"][0], everybody["manager"][0]
    for rep, coverage in zip(everybody["fs"], cycle(COVERAGE), strict=False):
        await members.set_coverage(
            deps, admin, rep.member_id, territories=coverage.territories, industries=coverage.industries
        )
    await teams.set_handoffs(deps, manager, channel=_channel(printed, HANDOFFS))
    await mail.set_sender(deps, admin, Sender(team["name"], SENDER_ADDRESS, SENDER_CONTACT))
    return everybody


def _channel(printed: Printed, name: str) -> str:
    """The id of a channel of the workspace."""
    return str(next(c["id"] for c in printed["channels"] if c["name"] == name))


async def _lead(deps: Deps, chance: random.Random, owner: Actor, account_ids: list[int], number: int) -> None:
    """A lead that came some weeks ago, and the calls since."""
    name, reading, department, title, role = PEOPLE[number % len(PEOPLE)]
    place = (number + number // len(PEOPLE)) % len(COMPANIES)
    domain = COMPANIES[place].website.removeprefix("https://")
    today = deps.today(owner.team_zone)
    called = sorted(chance.sample(range(1, HISTORY_DAYS), chance.choice((0, 0, 1, 1, 2, 3))), reverse=True)
    came = (called[0] if called else chance.randrange(1, 5)) + chance.randrange(1, 6)

    def then(days: int) -> Deps:
        """The same world, so many days ago."""
        moment = _working_hour(chance, today - timedelta(days=days), owner.team_zone)
        return replace(deps, now=lambda: moment)

    lead_id = await leads.add(
        then(came),
        owner,
        NewLead(
            account_id=account_ids[place],
            name=name,
            reading=reading,
            department=department,
            title=title,
            # A local exchange never begins with 1, so nobody's telephone rings.
            phone=f"03-1000-{5000 + number:04d}",
            email=f"contact{number}@{domain}",
            buying_role=BuyingRole(role),
            source=Source(chance.choice(SOURCES)),
            note=chance.choice(NOTES),
        ),
        despite_duplicates=True,
    )
    for days in called:
        await calls.record(then(days), owner, lead_id, _result(chance))
    if called and chance.random() < 0.6:
        soon = _working_hour(chance, today + timedelta(days=chance.randrange(2, 8)), owner.team_zone)
        plan = NextStepInput(NextStep.CALL, on=soon.date(), time=time(10))
        await leads.set_next_step(then(called[-1]), owner, lead_id, plan)


def _working_hour(chance: random.Random, day: date, zone: str) -> datetime:
    """A moment between nine and six on that day, or on the working day before it."""
    calendar = teams.business_calendar(zone, day.year)
    while not calendar.is_business_day(day):
        day -= timedelta(days=1)
    return datetime.combine(day, time(9 + chance.randrange(9), chance.randrange(60)), ZoneInfo(zone))


def _result(chance: random.Random) -> CallResult:
    """One of the commonest results, with a note that says the same."""
    connection, party, outcome, note = chance.choice(CALLS)
    return CallResult(Connection(connection), Party(party), Outcome(outcome) if outcome else None, note)


async def reach_over_http(printed: Printed, request_url: str) -> None:
    """Makes the workspace tell the app everything at this address. Raises RuntimeError where it refuses to."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{printed['page']}app", json={"request_url": request_url}) as answer,
    ):
        told = await answer.json()
    if not told["ok"]:
        raise RuntimeError(told["error"])


def settings_for(printed: Printed, database: Path) -> Settings:
    """The bot's settings in this workspace; nothing is read from `.env`, so a demonstration never meets real tokens."""
    return Settings(
        _env_file=None,
        slack_bot_token=printed["bot_token"],
        slack_app_token=printed["app_token"],
        slack_signing_secret=printed["signing_secret"],
        web_host="127.0.0.1",
        web_port=0,
        slack_api_url=printed["api"],
        database_url=f"sqlite:///{database}",
        log_level="WARNING",
        # Whatever the environment says: no mail server is troubled with letters to invented people.
        smtp_host="",
        mail_shown=True,
        google_client_id="",
        microsoft_client_id="",
        openai_api_key=None,
        openai_base_url="",
    )


def _fresh_folder() -> None:
    """Forget the last demonstration: the workspace it was played in is gone too."""
    DEMO_DATABASE.parent.mkdir(parents=True, exist_ok=True)
    for leftover in DEMO_DATABASE.parent.glob(f"{DEMO_DATABASE.name}*"):
        leftover.unlink()


async def greet(printed: Printed, history: History, routes: Routes) -> None:
    """Say in the channel where everybody is what there is to try."""
    leads = history.records.leads

    def name(place: int) -> str:
        surname, given = person(leads[place].person)
        return f"{surname.ja} {given.ja}"

    def one_of(role: str) -> str:
        return str(next(user["id"] for user in printed["users"] if user["role"] == role))

    ready = next((lead.number for lead in leads if lead.stage is Stage.SALES_QUALIFIED), None)
    # Somebody who is still being worked, so that the lead can be judged.
    talked = next(
        (
            call.lead
            for call in reversed(history.records.calls)
            if call.outcome is Outcome.INTERESTED and leads[call.lead].stage is Stage.WORKING and call.rep == 0
        ),
        0,
    )
    cast = Cast(one_of("is"), one_of("fs"), one_of("manager"), _channel(printed, INBOUND))
    said = welcome(routes, cast, Hint(name(talked), None if ready is None else name(ready)))
    client = web_client(printed["bot_token"], printed["api"])
    blocks = [as_json(block) for block in said.blocks]
    await client.chat_postMessage(channel=_channel(printed, GENERAL), text=said.text, blocks=blocks)


async def submit(public_url: str, stored: Stored) -> None:
    """Let two people fill in the website's forms just now: their leads wait to be claimed, and the clocks run.

    Raises aiohttp.ClientError where the bot does not take them.
    """
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for (name, secret), fields in zip(stored.forms, words.SUBMITTED, strict=True):
            body, now = json.dumps(fields, ensure_ascii=False).encode(), str(int(stopwatch.time()))
            signed = {TIMESTAMP: now, SIGNATURE: f"v1={signature(secret, now, body)}"}
            headers = {"Content-Type": "application/json"} | signed
            await session.post(f"{public_url}webhooks/forms/{name}", data=body, headers=headers)


async def run_demo(port: int, scale: Scale, *, http: bool = False) -> None:
    """Start everything, print the address, run until stopped. The bot is reached over Socket Mode, or over HTTP."""
    console = Console()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop.
            loop.add_signal_handler(number, stopped.set)
    _fresh_folder()
    # The settings of the real bot must not reach the demonstration through the environment either.
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL", "DATABASE_URL"):
        os.environ.pop(name, None)
    begun = stopwatch.monotonic()
    async with embedded_workspace(port, team=team_of(scale.reps)) as printed:
        settings = settings_for(printed, DEMO_DATABASE)
        async with storage(settings) as deps:
            history, stored = await play(deps, printed, scale)
        async with running(settings, http=http) as house:
            if house.request_url is not None:
                await reach_over_http(printed, house.request_url)
            await greet(printed, history, house.routes)
            await submit(house.deps.public_url, stored)
            calls, leads_ = len(history.records.calls), len(history.records.leads)
            console.print("[bold]架け橋 Kakehashi[/bold]")
            console.print(f"  画面 / Page:  [link={printed['page']}]{printed['page']}[/link]")
            console.print("  試す / Try:   /call queue   /lead qualify   /lead add   data/companies-500.csv → DM")
            console.print(
                f"  履歴 / Past:  {scale.reps} reps, {scale.months} months, {leads_:,} leads, {calls:,} calls"
                f" (seed {scale.seed}, ready in {stopwatch.monotonic() - begun:.1f} s)"
            )
            console.print("  終了 / Stop:  Ctrl-C")
            await stopped.wait()
