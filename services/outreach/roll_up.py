"""Whether the roll-ups of calls equal the calls, and counting them anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.members import Permission, require
from services.deps import Actor, Deps
from storage import roll_up as queries
from storage.calls import DAY_FIGURES, HOUR_FIGURES
from storage.roll_up import Days, Hours


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of a roll-up that is not what the calls say. `table` is `call_days` or `call_hours`, `key` names the row,
    `kept` and `counted` are its figures by name: those that stand, and those that the calls give (0 for no row)."""

    table: str
    key: str
    kept: Mapping[str, int]
    counted: Mapping[str, int]


async def check(deps: Deps, actor: Actor) -> list[Difference]:
    """Every row of the team's roll-ups that is not what its calls say; [] when all are. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        await queries.steady(session)
        days, hours = await _counted(session)
        return [
            *_compare("call_days", await queries.kept_days(session), days, DAY_FIGURES),
            *_compare("call_hours", await queries.kept_hours(session), hours, HOUR_FIGURES),
        ]


async def rebuild(deps: Deps, actor: Actor) -> None:
    """Count the team's roll-ups anew from its calls. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    await recount(deps, actor.team_id)


async def recount(deps: Deps, team_id: str) -> None:
    """Count a team's roll-ups anew from its calls, by the days and hours of its present zone."""
    async with deps.writing(team_id) as session:
        await queries.hold(session)
        await queries.replace(session, *await _counted(session))


async def _counted(session: AsyncSession) -> tuple[Days, Hours]:
    periods = await queries.periods(session)
    return await queries.counted_days(session, periods), await queries.counted_hours(session, periods)


def _compare(
    name: str, kept: Mapping[Any, tuple[int, ...]], counted: Mapping[Any, tuple[int, ...]], figures: Sequence[str]
) -> Iterator[Difference]:
    nothing = (0,) * len(figures)
    for key in sorted(kept.keys() | counted.keys()):
        stands, right = kept.get(key, nothing), counted.get(key, nothing)
        if stands != right:
            where = " ".join(f"{field}={value}" for field, value in key._asdict().items())
            yield Difference(
                name, where, dict(zip(figures, stands, strict=True)), dict(zip(figures, right, strict=True))
            )
