"""A team's rules in one matter, as the frozen dataclass that the domain has for them."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

from domain.members import Permission, require
from services.deps import Actor, Deps
from storage import rules as queries
from storage.members import audit
from storage.statements import Transaction

R = TypeVar("R")


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


async def of(transaction: Transaction, kind: str, default: R) -> R:
    """The team's rules; fields it decided nothing about have the default's values."""
    return parse(await queries.read(transaction, kind), default)


def parse(stored: dict[str, Any] | None, default: R) -> R:
    """Rules from what is stored. What a newer or older version wrote and this one does not know is left out."""
    if not stored:
        return default
    adapter = _adapter(type(default))
    known: dict[str, Any] = adapter.dump_python(default, mode="json")
    parsed: R = adapter.validate_python(known | {name: value for name, value in stored.items() if name in known})
    return parsed


async def read(deps: Deps, team_id: str, kind: str, default: R) -> R:
    """The team's rules, in a question of its own."""
    async with deps.asking(team_id) as session:
        return await of(session, kind, default)


async def change(
    deps: Deps, actor: Actor, kind: str, rules: object, permission: Permission = Permission.EDIT_TEAM
) -> None:
    """Put down the team's rules. Refused: NOT_ALLOWED. Whether they make sense is for the caller to check before."""
    require(actor.role, permission)
    values = _adapter(type(rules)).dump_python(rules, mode="json")
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        await queries.write(session, kind, values, actor.member_id, now)
        await audit(session, actor.member_id, "rules.change", f"rules:{kind}", values, now)
