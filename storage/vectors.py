"""What texts mean, as vectors, and which are nearest to a question's.

The signs of all the team's vectors are read and compared, and of the nearest by their signs the vectors themselves.
That needs no extension of either database; docs/search.md has the figures by which it was chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.account_search import is_postgresql
from storage.statements import table
from storage.tables import Contact, Lead, Passage, PassageSigns, PassageVector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

MODEL = 100
"""Letters of a model's name that are kept."""
COMPARED = 1_000
"""So many of the nearest by their signs are compared in full."""


async def any_of(session: AsyncSession, model: str) -> bool:
    """Whether the team has vectors that this model made."""
    statement = sa.select(PassageSigns.passage_id).where(PassageSigns.model == model[:MODEL]).limit(1)
    return (await session.execute(statement)).first() is not None


async def without(session: AsyncSession, model: str, most: int) -> list[tuple[int, str, str | None]]:
    """The newest passages that have no vector of this model: id, text, and the name of whom they are about."""
    made = sa.and_(PassageSigns.passage_id == Passage.id, PassageSigns.model == model[:MODEL])
    statement = (
        sa.select(Passage.id, Passage.text, Contact.name)
        .outerjoin(PassageSigns, made)
        .outerjoin(Lead, Lead.id == Passage.lead_id)
        .outerjoin(Contact, Contact.id == Lead.contact_id)
        .where(PassageSigns.passage_id.is_(None))
        .order_by(Passage.id.desc())
        .limit(most)
    )
    return [(key, text, name) for key, text, name in await session.execute(statement)]


async def put(session: AsyncSession, model: str, vectors: Mapping[int, Sequence[float]]) -> None:
    """Keep the vectors of those passages that are still there; they replace others."""
    there = list(await session.scalars(sa.select(Passage.id).where(Passage.id.in_(list(vectors)))))
    if not there:
        return
    team_id = session.info["team_id"]
    packed = await asyncio.to_thread(_packed, [vectors[key] for key in there])
    connection = await session.connection()
    insert = (postgresql if is_postgresql(session) else sqlite).insert
    rows = [
        {"passage_id": key, "team_id": team_id, "model": model[:MODEL], "signs": signs, "vector": vector}
        for key, (signs, vector) in zip(there, packed, strict=True)
    ]
    for target in (table(PassageSigns), table(PassageVector)):
        names = [column.name for column in target.c]
        adding: Any = insert(target)
        changed = {name: adding.excluded[name] for name in names if name not in ("passage_id", "team_id")}
        adding = adding.on_conflict_do_update(index_elements=["passage_id"], set_=changed)
        await connection.execute(adding, [{name: row[name] for name in names} for row in rows])


async def nearest(session: AsyncSession, model: str, question: Sequence[float], most: int) -> list[int]:
    """The passages nearest to a question, the nearest first."""
    signed = sa.select(PassageSigns.passage_id, PassageSigns.signs).where(PassageSigns.model == model[:MODEL])
    rows = [(row[0], row[1]) for row in await session.execute(signed)]
    chosen = await asyncio.to_thread(_by_signs, rows, question)
    vectors = sa.select(PassageVector.passage_id, PassageVector.vector).where(PassageVector.passage_id.in_(chosen))
    full = [(row[0], row[1]) for row in await session.execute(vectors)]
    return await asyncio.to_thread(_in_full, full, question, most)


# numpy takes a while to load, which only those wait for who need it.


def _unit(rows: Sequence[Sequence[float]]) -> Matrix:
    import numpy as np

    matrix = np.asarray(rows, np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _packed(rows: Sequence[Sequence[float]]) -> list[tuple[bytes, bytes]]:
    import numpy as np

    matrix = _unit(rows)
    halves = matrix.astype("<f2")
    return [(np.packbits(row > 0).tobytes(), half.tobytes()) for row, half in zip(matrix, halves, strict=True)]


def _by_signs(rows: Sequence[tuple[int, bytes]], question: Sequence[float]) -> list[int]:
    import numpy as np

    own = np.packbits(_unit([question])[0] > 0)
    # Under one name there may be vectors of other lengths, where the server was exchanged.
    rows = [row for row in rows if len(row[1]) == len(own)]
    if not rows:
        return []
    bits = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(len(rows), -1)
    apart = np.bitwise_count(bits ^ own).sum(axis=1, dtype=np.uint32)
    most = min(COMPARED, len(rows))
    return [rows[place][0] for place in np.argpartition(apart, most - 1)[:most]]


def _in_full(rows: Sequence[tuple[int, bytes]], question: Sequence[float], most: int) -> list[int]:
    import numpy as np

    rows = [row for row in rows if len(row[1]) == 2 * len(question)]
    if not rows:
        return []
    matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f2").reshape(len(rows), -1).astype(np.float32)
    near = matrix @ _unit([question])[0]
    return [rows[place][0] for place in np.lexsort((np.array([-row[0] for row in rows]), -near))[:most]]
