"""The roll-ups of calls, counted again from the calls themselves. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.outreach.calls import EFFECTIVE, INTENDED, Connection, Outcome, Period, offset_periods
from storage.calls import DAY_FIGURES, HOUR_FIGURES, DayKey, HourKey, add_hour, drop_empty_hour
from storage.members import NO_SYNC
from storage.statements import table, team_of
from storage.tables import Account, Base, Call, CallDay, CallHour, Lead, Team

Days = dict[DayKey, tuple[int, ...]]
"""Figures in the order of DAY_FIGURES."""
Hours = dict[HourKey, tuple[int, ...]]
"""Figures in the order of HOUR_FIGURES."""


async def steady(session: AsyncSession) -> None:
    """Let all questions of this session see the same calls and roll-ups. SQLite's sessions do so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def hold(session: AsyncSession) -> None:
    """Let nobody write a call down until the end of the transaction, after those who are about to.

    Every call adds to its day in its own transaction, so that table says who is about to.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("LOCK TABLE call_days IN SHARE ROW EXCLUSIVE MODE"))


async def periods(session: AsyncSession) -> list[Period]:
    """The time of all the team's calls, in stretches in which its zone keeps one distance from UTC; [] for none."""
    first, last = (await session.execute(sa.select(sa.func.min(Call.called_at), sa.func.max(Call.called_at)))).one()
    if first is None or last is None:
        return []
    zone = await session.scalar(sa.select(Team.zone).where(Team.id == team_of(session)))
    return offset_periods(ZoneInfo(zone or "UTC"), first, last)


async def kept_days(session: AsyncSession) -> Days:
    """The roll-up by day as it stands."""
    columns = [getattr(CallDay, name) for name in (*DayKey._fields, *DAY_FIGURES)]
    rows = await session.execute(sa.select(*columns))
    return {DayKey(*row[:3]): tuple(row[3:]) for row in rows}


async def kept_hours(session: AsyncSession) -> Hours:
    """The roll-up by hour as it stands."""
    columns = [getattr(CallHour, name) for name in (*HourKey._fields, *HOUR_FIGURES)]
    rows = await session.execute(sa.select(*columns))
    return {HourKey(*row[:3]): tuple(row[3:]) for row in rows}


async def counted_days(session: AsyncSession, periods: Sequence[Period]) -> Days:
    """The roll-up by day as the calls say."""
    found: Days = {}
    for period in periods:
        there = _Local(session, period.offset)
        statement = (
            sa.select(there.day, Call.member_id, Lead.source, *_figures(DAY_FIGURES))
            .join(Lead, Lead.id == Call.lead_id)
            .where(Call.called_at >= period.start, Call.called_at < period.end)
            .group_by(there.day, Call.member_id, Lead.source)
        )
        for row in await session.execute(statement):
            # The day on which the clocks change is in two periods.
            day = row[0] if isinstance(row[0], date) else date.fromisoformat(row[0])
            _add(found, DayKey(day, row[1], row[2]), row[3:])
    return found


async def counted_hours(
    session: AsyncSession, periods: Sequence[Period], accounts: Sequence[int] | None = None
) -> Hours:
    """The roll-up by hour as the calls say, or the part of it that calls to some companies make."""
    found: Hours = {}
    for period in periods:
        there = _Local(session, period.offset)
        statement = (
            sa.select(Account.industry, there.weekday, there.hour, *_figures(HOUR_FIGURES))
            .select_from(Call)
            .join(Lead, Lead.id == Call.lead_id)
            .join(Account, Account.id == Lead.account_id)
            .where(Call.called_at >= period.start, Call.called_at < period.end)
            .group_by(Account.industry, there.weekday, there.hour)
        )
        if accounts is not None:
            statement = statement.where(Account.id.in_(accounts))
        for row in await session.execute(statement):
            _add(found, HourKey(row[0], int(row[1]), int(row[2])), row[3:])
    return found


async def replace(session: AsyncSession, days: Days, hours: Hours) -> None:
    """Put these in place of the roll-ups that stand. The caller holds them (`hold`)."""
    await _replace(session, CallDay, days, DAY_FIGURES)
    await _replace(session, CallHour, hours, HOUR_FIGURES)


async def hours_of(session: AsyncSession, accounts: Sequence[int]) -> Hours:
    """What calls to these companies make of the roll-up by hour, in their present segments. Most have none."""
    called = sa.select(Lead.account_id).join(Call, Call.lead_id == Lead.id).where(Lead.account_id.in_(accounts))
    ids = list(await session.scalars(called.distinct()))
    return await counted_hours(session, await periods(session), ids) if ids else {}


async def regroup(session: AsyncSession, before: Hours, accounts: Sequence[int]) -> None:
    """Move the calls to these companies to the segments they are in now; `before` is what `hours_of` said."""
    if not before:
        return
    after = await hours_of(session, accounts)
    nothing = (0,) * len(HOUR_FIGURES)
    for key in sorted(before.keys() | after.keys()):
        moved = [b - a for a, b in zip(before.get(key, nothing), after.get(key, nothing), strict=True)]
        if any(moved):
            await add_hour(session, key, dict(zip(HOUR_FIGURES, moved, strict=True)))
            await drop_empty_hour(session, key)


async def _replace(session: AsyncSession, model: type[Base], rows: Days | Hours, names: Sequence[str]) -> None:
    target, team = table(model), team_of(session)
    await session.execute(sa.delete(target).where(target.c.team_id == team), execution_options=NO_SYNC)
    values = [
        {"team_id": team, **key._asdict(), **dict(zip(names, figures, strict=True))} for key, figures in rows.items()
    ]
    for start in range(0, len(values), 1000):
        await session.execute(sa.insert(target), values[start : start + 1000])


def _add(found: Any, key: DayKey | HourKey, figures: Sequence[Any]) -> None:
    before = found.get(key, (0,) * len(figures))
    found[key] = tuple(a + int(b) for a, b in zip(before, figures, strict=True))


class _Local:
    """Day, weekday and hour of a call at a distance from UTC, as SQL."""

    def __init__(self, session: AsyncSession, offset: timedelta) -> None:
        self.day: sa.ColumnElement[Any]
        self.weekday: sa.ColumnElement[Any]
        self.hour: sa.ColumnElement[Any]
        seconds = int(offset.total_seconds())
        if session.get_bind().dialect.name == "postgresql":
            there = sa.func.timezone("UTC", Call.called_at) + sa.literal_column(f"interval '{seconds} seconds'")
            self.day = sa.cast(there, sa.Date)
            self.weekday = sa.extract("isodow", there) - 1
            self.hour = sa.extract("hour", there)
        else:
            shift = f"{seconds:+d} seconds"
            self.day = sa.func.date(Call.called_at, sa.literal_column(f"'{shift}'"))
            sunday_first = sa.cast(sa.func.strftime("%w", Call.called_at, sa.literal_column(f"'{shift}'")), sa.Integer)
            self.weekday = (sunday_first + 6) % 7
            self.hour = sa.cast(sa.func.strftime("%H", Call.called_at, sa.literal_column(f"'{shift}'")), sa.Integer)


def _figures(names: Sequence[str]) -> list[sa.ColumnElement[int]]:
    connected = sa.and_(
        Call.connection == Connection.ANSWERED.value, Call.party.in_(sorted(party.value for party in INTENDED))
    )
    conditions: dict[str, sa.ColumnElement[bool]] = {
        "answered": Call.connection == Connection.ANSWERED.value,
        "connected": connected,
        "effective": sa.and_(connected, Call.outcome.in_(sorted(outcome.value for outcome in EFFECTIVE))),
        "meetings_set": Call.outcome == Outcome.MEETING_SET.value,
    }
    return [sa.func.count() if name == "dials" else sa.func.count().filter(conditions[name]) for name in names]
