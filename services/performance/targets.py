"""What the team aims at."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Code, Refused
from domain.members import Permission, Role, require
from domain.performance.kpis import BY_KEY, TARGETABLE, Kpi, Unit, find
from domain.performance.windows import Span
from services.deps import Actor, Deps
from storage import kpis as queries
from storage import members as member_queries
from storage.members import audit

MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a KPI should reach, for the team (`member` "") or one member. `span` None: in each window the same."""

    kpi: Kpi
    span: Span | None
    member_id: int | None
    member: str
    value: float


@dataclass(frozen=True, slots=True)
class Targets:
    """What is set, in the catalogue's order, and for whom something can be set: (member id, name)."""

    targets: tuple[Target, ...]
    reps: tuple[tuple[int, str], ...]


async def read(deps: Deps, actor: Actor) -> Targets:
    """Every target that counts. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        found = await queries.targets(session)
        reps = await member_queries.of_roles(session, [Role.INSIDE_SALES.value])
        names = await queries.member_names(session, [row.member_id for row in found if row.member_id is not None])
    newest: dict[tuple[str, int | None, Span | None], Target] = {}
    for row in found:
        kpi = BY_KEY.get(row.kpi)
        if kpi is not None:
            span = Span(row.window) if kpi.additive else None
            newest[row.kpi, row.member_id, span] = Target(
                kpi, span, row.member_id, names.get(row.member_id or 0, ""), row.value
            )
    order = {kpi.key: place for place, kpi in enumerate(TARGETABLE)}
    listed = sorted(newest.values(), key=lambda each: (order.get(each.kpi.key, 0), each.member_id or 0))
    return Targets(tuple(listed), tuple((rep.id, rep.name) for rep in reps))


async def set_(
    deps: Deps, actor: Actor, key: str, span: Span, value: float | None, *, member_id: int | None = None
) -> None:
    """Set a target, or take it back (None). A share is between 0 and 1, a duration in the KPI's unit.

    Refused: NOT_ALLOWED, NOT_FOUND `kpi` or `member_id`, INVALID `value`.
    """
    require(actor.role, Permission.EDIT_TARGETS)
    kpi = find(key)
    if kpi not in TARGETABLE:
        raise Refused(Code.NOT_FOUND, "kpi")
    most = 1 if kpi.unit is Unit.SHARE else MOST
    if value is not None and not 0 <= value <= most:
        raise Refused(Code.INVALID, "value")
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if member_id is not None and await member_queries.by_id(session, member_id) is None:
            raise Refused(Code.NOT_FOUND, "member_id")
        # What does not depend on the window's length is written down for each, so that the newest always counts.
        for each in [span] if kpi.additive else list(Span):
            await queries.add_target(
                session,
                kpi=key,
                member_id=member_id,
                window=each.value,
                value=value,
                set_by=actor.member_id,
                created_at=now,
            )
        detail = {"kpi": key, "member_id": member_id, "window": span.value, "value": value}
        await audit(session, actor.member_id, "kpi.target", f"kpi:{key}", detail, now)
