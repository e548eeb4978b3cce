"""All data of a team as one file, and back again.

The file is JSON, a line each: what it is, then every row, then how many there were and a checksum of everything before.
The same rows give the same bytes, on either database.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Refused
from services import mail
from services.deps import Deps
from storage import exports as queries
from storage import outbox, restore
from storage.exports import Part, Unfit, parts
from storage.restore import NotStored

FORMAT = "kakehashi-export"
VERSION = 1
"""Of the file. The tables and columns in it are the schema's matter, whose revision stands beside."""
BATCH = 2_000
"""Rows that are held at a time on the way back."""
LONGEST = 64 << 20
"""Bytes of a line: no row comes near, so what is longer is no export."""
HEAD = 4096
"""Bytes of the first line."""


class Problem(StrEnum):
    """Why an export is not taken back. What a `detail` says stands beside each."""

    NO_EXPORT = "no_export"
    """It does not begin like one, or not like one of this version."""
    CUT_OFF = "cut_off"
    """The last line is missing."""
    CHANGED = "changed"
    """It is not what was written: the checksum differs, or there is more than the last line says."""
    OTHER_SCHEMA = "other_schema"
    """`detail`: its revision, and the database's."""
    OTHER_TEAM = "other_team"
    """`detail`: whose it is, and whose it was to be."""
    NOT_EMPTY = "not_empty"
    """The team has data here. `detail`: the team, and a table with some."""
    UNREADABLE = "unreadable"
    """A line is no row of its table. `detail`: the line's number, and what does not fit."""
    TAKEN = "taken"
    """Rows of other teams have these ids. `detail`: the table, and the database's words."""
    REFERS = "refers"
    """A row refers to a record that the file does not hold. `detail` as above."""
    UNSTORABLE = "unstorable"
    """The database cannot hold a value. `detail` as above."""


class Unusable(Exception):
    """An export is not taken back, and nothing of it was kept."""

    def __init__(self, problem: Problem, *detail: str) -> None:
        super().__init__(": ".join((problem, *detail)))
        self.problem = problem
        self.detail = detail


class Head(NamedTuple):
    """What the first line says, and how many rows the last."""

    schema: str
    team_id: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: rows by table, of those that have any, and the checksum of its last line."""

    tables: dict[str, int]
    sha256: str

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `deliveries` and `letters` were on their way and are taken up again. `calendars` and `forms` are
    those whose secrets this installation's key does not open; None: it has no key, so nobody can tell."""

    team_id: str
    rows: int
    deliveries: int
    letters: int
    calendars: int | None
    forms: int | None


# There


def line(content: Any) -> bytes:
    """A line as it is written: always the same for the same content. Half characters, which JSON may carry and UTF-8
    may not, stay as JSON writes them."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _head(schema: str, team_id: str) -> bytes:
    # In this order, so that the beginning alone tells what the file is.
    return b'{"format":"%s",' % FORMAT.encode() + line({"schema": schema, "team": team_id, "version": VERSION})[1:]


def _row(part: Part, row: dict[str, Any]) -> bytes:
    return b'{"table":"%s","row":' % part.name.encode() + line(row)[:-1] + b"}\n"


def _end(rows: int, sha256: str) -> bytes:
    return line({"end": {"rows": rows, "sha256": sha256}})


async def export_team(deps: Deps, team_id: str, write: Callable[[bytes], object]) -> Exported:
    """Write all data of a team as it is at this moment, piece by piece. `write` raises what it likes."""
    digest = hashlib.sha256()
    counts: dict[str, int] = {}

    def put(content: bytes) -> None:
        digest.update(content)
        write(content)

    async with deps.database.snapshot(team_id) as session:
        put(_head(await queries.revision(session), team_id))
        for part in parts():
            async for rows in queries.rows(session, part):
                put(b"".join([_row(part, row) for row in rows]))
                counts[part.name] = counts.get(part.name, 0) + len(rows)
    exported = Exported(counts, digest.hexdigest())
    write(_end(exported.rows, exported.sha256))
    return exported


# And back


def is_export(path: Path) -> bool:
    """Whether a file is an export, by how it begins."""
    beginning = b'{"format":"%s"' % FORMAT.encode()
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


async def import_team(
    deps: Deps, path: Path, team_id: str | None, progress: Callable[[float], object] = lambda _share: None
) -> Restored:
    """Take an export back, all of it or nothing. `team_id`: whose it is to be; None: whosever it is. `progress` is told
    the share of the work that is done, 0 to 1. Raises `Unusable`."""
    head = await asyncio.to_thread(examine, path)
    if team_id is not None and head.team_id != team_id:
        raise Unusable(Problem.OTHER_TEAM, head.team_id, team_id)
    try:
        async with deps.writing(head.team_id) as session:
            return await _take(deps, session, path, head, progress)
    except NotStored as refused:
        problems = {restore.Trouble.TAKEN: Problem.TAKEN, restore.Trouble.REFERS: Problem.REFERS}
        raise Unusable(problems.get(refused.trouble, Problem.UNSTORABLE), refused.name, refused.said) from refused


def examine(path: Path) -> Head:
    """What the first and the last line say of a whole export that nobody has changed. Raises `Unusable`."""
    with path.open("rb") as file:
        head = _read_head(file.readline(HEAD))
        file.seek(0)
        return head._replace(rows=sum(1 for _ in _lines(file)) - 1)


def _read_head(first: bytes) -> Head:
    content = _parsed(first)
    if content is None or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise Unusable(Problem.NO_EXPORT)
    head = Head(str(content.get("schema")), str(content.get("team")))
    if first != _head(head.schema, head.team_id):
        raise Unusable(Problem.CHANGED)
    return head


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines before the last. Raises `Unusable` at the end when the last is not there or does not fit them."""
    digest, count = hashlib.sha256(), 0
    last = file.readline(LONGEST)
    while following := file.readline(LONGEST):
        digest.update(last)
        count += 1
        yield last
        last = following
    content = _parsed(last)
    if not last.endswith(b"\n") or content is None or "end" not in content:
        raise Unusable(Problem.CUT_OFF)
    if last != _end(count - 1, digest.hexdigest()):
        raise Unusable(Problem.CHANGED)


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


async def _take(
    deps: Deps, session: AsyncSession, path: Path, head: Head, progress: Callable[[float], object]
) -> Restored:
    present = await queries.revision(session)
    if head.schema != present:
        raise Unusable(Problem.OTHER_SCHEMA, head.schema, present)
    occupied = await restore.occupied(session)
    if occupied is not None:
        raise Unusable(Problem.NOT_EMPTY, head.team_id, occupied)
    count = 0
    with path.open("rb") as file:
        # Read to the end and checked once more: what is kept is what the checksum is of.
        lines = enumerate(_lines(file), start=1)
        next(lines)
        held: set[str] = set()
        while batch := list(islice(lines, BATCH)):
            rows = [_parsed_row(number, text, head.team_id) for number, text in batch]
            for part, same in groupby(rows, key=lambda row: row[0]):
                if part.name not in held:
                    await restore.hold(session, part)
                    held.add(part.name)
                await restore.add(session, part, [values for _, values in same])
            count += len(batch)
            progress(count / head.rows)
    await restore.settle(session)
    calendars, forms = await _closed(deps, session)
    deliveries, letters = await _resume(deps, session)
    return Restored(head.team_id, count, deliveries, letters, calendars, forms)


_PARTS = {part.name: part for part in parts()}


def _parsed_row(number: int, text: bytes, team_id: str) -> tuple[Part, tuple[Any, ...]]:
    content = _parsed(text)
    part = _PARTS.get(str(content.get("table"))) if content is not None and content.keys() == {"table", "row"} else None
    if content is None or part is None:
        raise Unusable(Problem.UNREADABLE, str(number), "")
    try:
        return part, part.values(content["row"], team_id)
    except Unfit as unfit:
        raise Unusable(Problem.UNREADABLE, str(number), f"{part.name}.{unfit}") from unfit


async def _closed(deps: Deps, session: AsyncSession) -> tuple[int | None, int | None]:
    """How many secrets, of calendars and of forms, the installation's key does not open."""
    if deps.keys.secret is None:
        return None, None
    calendars, forms = await restore.secrets(session)
    return _unopened(deps, calendars), _unopened(deps, forms)


def _unopened(deps: Deps, secrets: list[str]) -> int:
    closed = 0
    for secret in secrets:
        try:
            deps.keys.decrypt(secret)
        except Refused:
            closed += 1
    return closed


async def _resume(deps: Deps, session: AsyncSession) -> tuple[int, int]:
    """Take up what was on its way: the queue that knew of it stayed where the team was."""
    run = f"restored:{uuid4().hex}"
    deliveries = await outbox.unfinished(session)
    for key, channel in deliveries:
        await deps.outbox.resume(session, key=key, channel=channel, run=run)
    return len(deliveries), await mail.resume(deps, session, run)
