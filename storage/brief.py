"""Brief transactions: a few prepared statements that go to the database in as few trips as possible.

A person waits while a form is saved, and most of that time is not the database's: it is spent between the statements,
in sessions, in results made for every purpose, in waiting for each answer before the next question. A brief
transaction hands SQLAlchemy's compiled statements to the driver itself. What nobody needs an answer to waits for the
next question and goes with it: on SQLite in one trip to the connection's thread, on PostgreSQL in one statement where
the tables differ.

Only statements written for it run in one (storage/statements.py); each of them names the team.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from storage.sqlite import OneTripConnection

Process = Callable[[Any], Any]


class _Prepared(NamedTuple):
    """A statement as the driver takes it."""

    text: str
    names: tuple[str, ...] | None
    """The order of the parameters; None where the driver takes them by name."""
    fixed: Mapping[str, Any]
    """Parameters whose values are part of the statement."""
    into: Mapping[str, Process]
    """How parameters become what the driver takes."""
    out_of: tuple[Process | None, ...]
    """How the columns of a row become what Python takes; empty for a change that brings no rows."""
    table: object | None
    """What a change changes; None for a question."""

    def bound(self, given: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **given}
        for name, process in self.into.items():
            values[name] = process(values[name])
        return values if self.names is None else [values[name] for name in self.names]

    def rows(self, raw: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        if not any(self.out_of):
            return [tuple(row) for row in raw]
        return [
            tuple(value if process is None else process(value) for process, value in zip(self.out_of, row, strict=True))
            for row in raw
        ]


class Answer:
    """The rows a statement brings; they are there once its trip has been made."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] | None = None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows. Raises RuntimeError before the trip."""
        if self._rows is None:
            raise RuntimeError("The statement has not been sent yet.")
        return iter(self._rows)

    def one_or_none(self) -> tuple[Any, ...] | None:
        """The first row."""
        return next(iter(self), None)

    def scalar_one_or_none(self) -> Any | None:
        """The first column of the first row."""
        row = self.one_or_none()
        return None if row is None else row[0]


class Brief:
    """One brief transaction of one team. Made by `Database.brief`, which commits it."""

    def __init__(self, team_id: str, dialect: Dialect, driver: Any, known: dict[Any, Any]) -> None:
        self.team_id = team_id
        self.dialect = dialect
        self._driver = driver
        self._known = known
        self._waiting: list[tuple[_Prepared, Any, Answer]] = []
        self._begun = self._over = False

    def later(self, statement: sa.Executable, parameters: Mapping[str, Any]) -> Answer:
        """Send a statement with the next trip, or with the commit."""
        key = (statement, tuple(parameters))
        prepared = self._known.get(key)
        if prepared is None:
            prepared = self._known[key] = _prepare(statement, self.dialect, list(parameters))
        answer = Answer()
        self._waiting.append((prepared, prepared.bound(parameters), answer))
        return answer

    async def run(self, statement: sa.Executable, parameters: Mapping[str, Any]) -> Answer:
        """Send a statement, after those that wait, and bring its rows. Raises the driver's own errors."""
        answer = self.later(statement, parameters)
        await self._trip()
        return answer

    async def last(self, statement: sa.Executable, parameters: Mapping[str, Any]) -> Answer:
        """Send a statement, after those that wait, with the commit: what it locks is locked for one trip, and not until
        this process has time again. Raises the driver's own errors; then nothing is committed."""
        answer = self.later(statement, parameters)
        # Also when it fails: what is left of the transaction is undone with the block.
        self._over = True
        await self._trip(commit=True)
        return answer

    async def commit(self) -> None:
        """Send what waits, and commit, unless that has happened (`last`)."""
        if not self._over:
            await self._trip(commit=True)

    async def _trip(self, *, commit: bool = False) -> None:
        sent, self._waiting = self._waiting, []
        if isinstance(self._driver, OneTripConnection):
            texts = [(prepared.text, values) for prepared, values, _ in sent]
            before = () if self._begun else ((_BEGIN, ()),)
            after = ((_COMMIT, ()),) if commit else ()
            found = await self._driver.run([*before, *texts, *after])
            raw: Sequence[Sequence[Any]] = found[len(before) : len(before) + len(sent)]
        else:
            driver = cast("psycopg.AsyncConnection[Any]", self._driver)
            raw = await _to_postgresql(driver, sent, commit=commit)
        self._begun = True
        for (prepared, _, answer), rows in zip(sent, raw, strict=True):
            answer._rows = prepared.rows(rows)


# A transaction that first reads and then writes fails on SQLite when another wrote in between; taking the write lock at
# once makes it wait instead.
_BEGIN, _COMMIT = "BEGIN IMMEDIATE", "COMMIT"


async def _to_postgresql(
    driver: psycopg.AsyncConnection[Any], sent: Sequence[tuple[_Prepared, Any, Answer]], *, commit: bool
) -> list[Sequence[Any]]:
    # psycopg's pipelines save trips, but cost more than those trips to a server that is near. The commit is another
    # matter: rows that everybody's changes touch would stay locked until this process has time for it.
    found: list[Sequence[Any]] = []
    changes: list[tuple[_Prepared, Any]] = []

    async def change(*, commit: bool = False) -> None:
        values = {f"{name}_{place}": value for place, (_, given) in enumerate(changes) for name, value in given.items()}
        text = _joined(*(prepared.text for prepared, _ in changes))
        if commit:
            async with driver.pipeline():
                cursor = await driver.execute(text, values)
                await driver.commit()
        else:
            cursor = await driver.execute(text, values)
        found.extend([()] * (len(changes) - 1))
        found.append(await cursor.fetchall() if changes[-1][0].out_of else ())
        changes.clear()

    for prepared, values, _ in sent:
        # Changes in one statement happen in no order, which nobody sees as long as each is of another table.
        if changes and (prepared.table is None or any(prepared.table == before.table for before, _ in changes)):
            await change()
        if prepared.table is None:
            cursor = await driver.execute(prepared.text, values)
            found.append(await cursor.fetchall())
            continue
        changes.append((prepared, values))
        if prepared.out_of and not (commit and prepared is sent[-1][0]):
            # One statement brings the rows of its last part.
            await change()
    if changes:
        await change(commit=commit)
    elif commit:
        await driver.commit()
    return found


@lru_cache(maxsize=256)
def _joined(*texts: str) -> Any:
    """Changes as one statement, each one's parameters numbered by its place; it brings the rows of the last."""
    numbered = [
        _parameter(rf"%(\g<1>_{place})s", text)  # A percent sign of the statement itself stays doubled.
        for place, text in enumerate(texts)
    ]
    *others, last = numbered
    return f"WITH {', '.join(f'_{place} AS ({text})' for place, text in enumerate(others))} {last}" if others else last


_parameter = re.compile(r"%\((\w+)\)s").sub


def _prepare(statement: sa.Executable, dialect: Dialect, names: Sequence[str]) -> _Prepared:
    clause = cast("sa.ClauseElement", statement)
    compiled = cast("SQLCompiler", clause.compile(dialect=dialect, column_keys=names))
    if compiled.insert_prefetch or compiled.update_prefetch or compiled.post_compile_params:
        # SQLAlchemy would work these out for each execution, which is what is left out here.
        raise ValueError(f"Every column must be given: {compiled.insert_prefetch or compiled.update_prefetch}")
    into = {}
    for parameter, name in compiled.bind_names.items():
        process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            into[name] = process
    returned = getattr(statement, "exported_columns", ())
    return _Prepared(
        str(compiled),
        tuple(compiled.positiontup) if compiled.positiontup is not None else None,
        {name: parameter.value for parameter, name in compiled.bind_names.items() if parameter.value is not None},
        into,
        tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in returned),
        getattr(statement, "table", None),
    )
