"""A team with something in every table, made the way people make it, and its texts marked so that they can be found
wherever they turn up."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from domain.outreach.calls import CallResult, Connection
from domain.outreach.objections import Objection
from domain.outreach.scripts import Heading, Scene, Script, Stage
from domain.performance.windows import Span
from domain.pipeline.recordings import Decision
from domain.qualification.handoff import ReturnReason
from domain.qualification.meetings import Slot
from services import leave, teams
from services.outreach import calls, form_sources, inbound, objections, reminders, scripts, suppressions
from services.performance import targets
from services.pipeline import proposals, recording_work, recordings, telephone_systems
from services.qualification import handoff, meeting_offers, meetings, verdict
from services.qualification.meeting_records import Plan, Words
from storage import calendars as calendar_queries
from storage.exports import parts
from storage.tables import AuditPermit
from tests.services.data.any_team import Pool, fill
from tests.services.office import NOW, Office
from tests.services.outreach.website import YAMADA, send

PLAN = Plan("お打ち合わせ", "", ("aoki@customer.example",), "Asia/Tokyo", "ja")


def words(*_about: object) -> Words:
    return Words("件名", "本文")


def slot(rep: int, hour: int) -> Slot:
    """An hour of the day after the office's, in its working time."""
    start = datetime(2026, 4, 2, hour - 9, tzinfo=UTC)
    return Slot(start, start + timedelta(hours=1), rep)


async def brought(_file_id: str, path: Path, _most: int) -> None:
    """A transcript, fetched."""
    await asyncio.to_thread(path.write_text, "佐藤: ご予算は？\n青葉: 予算は500万円を確保しています。", "utf-8")


async def move_in(office: Office, first: int) -> None:
    """Let the team do something of everything; rows that nobody makes get ids from `first` on."""
    deps = office.deps

    async def lead(name: str) -> int:
        return await office.lead(name, email="aoki@customer.example", phone="03-1234-5678", note="メモ")

    called = await lead("架電 済")
    await calls.record(deps, office.sato, called, CallResult(Connection.NO_ANSWER, note="不在"))
    await reminders.promise(deps, office.sato, called, NOW + timedelta(minutes=4))
    script = Script(Heading("新規", Scene.FIRST_CALL), dict.fromkeys(Stage, "{担当者}様"))
    opened = await scripts.add(deps, office.mori, script)
    objection = await objections.add(deps, office.mori, Objection("予算がない", ("来期の資料を渡す",)))
    await objections.count(deps, office.sato, objection, handled=True, lead_id=called)
    await calls.log(deps, office.sato, called, CallResult(Connection.BUSY), script_version_id=opened.version_id)
    await office.handed_off(await lead("引継 待ち"), request_key="handed-off")
    accepted = await office.handed_off(await lead("引継 受諾"))
    await handoff.accept(deps, office.ito, accepted.handoff_id)
    returned = await office.handed_off(await lead("引継 差戻"))
    await handoff.return_(deps, office.ito, returned.handoff_id, ReturnReason.OTHER, "時期が合わない")
    await meetings.book(deps, office.sato, await lead("面談 予定"), slot(office.ito.member_id, 10), PLAN, words)
    candidates = [slot(office.ito.member_id, hour) for hour in (13, 15, 16)]
    await meeting_offers.send(deps, office.sato, await lead("候補 提示"), candidates, PLAN, words)
    await suppressions.stop_calling(deps, office.sato, await lead("架電 停止"), "本人の希望")
    recorded = await recordings.receive(
        deps, office.sato, file_id="F1", filename="通話.vtt", channel="C0FIELD", thread_ts=None
    )
    assert recorded is not None
    await recordings.confirm(deps, office.sato, recorded, called)
    await recording_work.work(deps, office.team_id, recorded, brought)
    view = await recordings.view(deps, office.team_id, recorded)
    await proposals.decide(deps, office.sato, view.proposals[0].proposal_id, Decision.ACCEPTED)
    await telephone_systems.add(deps, office.mori, "MiiTel")
    form = await form_sources.add(deps, office.mori, "お問い合わせ")
    claimed = await send(office, form, YAMADA, "1")
    await inbound.claim(deps, office.sato, claimed.submission_id)
    await send(office, form, {**YAMADA, "お名前": "山田 花子"}, "2")
    await leave.add(deps, office.boss, office.ito.member_id, date(2026, 5, 1), None)
    await teams.add_days(deps, office.boss, date(2026, 5, 7), None, works=False, name="創立日")
    await targets.set_(deps, office.mori, "dials", Span.DAY, 40.0)
    policy = await verdict.policy(deps, office.mori)
    await verdict.change_policy(deps, office.mori, policy.policy, based_on=policy.version)
    async with deps.writing(office.team_id) as session:
        await calendar_queries.connect(
            session,
            office.kato.member_id,
            kind="caldav",
            url="http://127.0.0.1:1/",
            calendar="",
            secret=deps.keys.encrypt("{}"),
            now=NOW,
        )
        await fill(session, Pool(), first)


def mark(connection: sa.Connection, team_id: str, text: str) -> None:
    """Write the mark behind every text that people typed into the team's rows. For the owner of the tables."""
    connection.execute(sa.insert(AuditPermit).values(team_id=team_id))
    for part in parts():
        named = [column for column in part.target.c if isinstance(column.type, sa.String) and column.name == "name"]
        free = [*named, *(column for column in part.target.c if isinstance(column.type, sa.Text | sa.JSON))]
        # A form's name is in its address.
        free = [column for column in free if not column.primary_key and not column.unique]
        free = list(dict.fromkeys(free))
        if not free:
            continue
        key = list(part.target.primary_key.columns)
        rows = connection.execute(sa.select(*key, *free).where(part.team == team_id)).all()
        for row in rows:
            same = sa.and_(*(column == value for column, value in zip(key, row, strict=False)))
            values = dict(zip((column.name for column in free), row[len(key) :], strict=True))
            marked = {name: _marked(value, text) for name, value in values.items()}
            connection.execute(sa.update(part.target).where(same).values(marked))
    connection.execute(sa.delete(AuditPermit).where(AuditPermit.team_id == team_id))


def _marked(value: Any, text: str) -> Any:
    match value:
        case str():
            return value + text
        case dict():
            return {key: _marked(each, text) for key, each in value.items()}
        case list():
            return [_marked(each, text) for each in value]
    return value


def ids(connection: sa.Connection, team_id: str) -> dict[str, list[Any]]:
    """The primary keys of the team's rows, of each table that has one column for them."""
    found = {}
    for part in parts():
        key = list(part.target.primary_key.columns)
        if len(key) == 1:
            found[part.name] = list(connection.scalars(sa.select(*key).where(part.team == team_id).order_by(*key)))
    return found


def contents(connection: sa.Connection, team_id: str) -> list[str]:
    """All of the team's rows, to be compared with what they were."""
    if connection.dialect.name == "postgresql":
        each = [
            f"SELECT '{part.name} ' || x::text FROM {part.name} AS x WHERE {part.team.name} = '{team_id}'"  # noqa: S608 - our own names
            for part in parts()
        ]
        return sorted(connection.scalars(sa.text(" UNION ALL ".join(each))))
    return sorted(
        f"{part.name} {tuple(row)}"
        for part in parts()
        for row in connection.exec_driver_sql(f"SELECT * FROM {part.name} WHERE {part.team.name} = '{team_id}'")  # noqa: S608 - see above
    )
