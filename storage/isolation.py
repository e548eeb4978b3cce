"""Row-level security: PostgreSQL itself shows a connection only the rows of the team that it works for.

The session's filter (storage/database.py) is the first wall, this one stands behind it: a statement that forgot its
team finds nothing, and one that names another's changes nothing. It holds for a role that is neither a superuser nor
exempt and owns none of the tables, as which the bot is meant to run. The owner migrates and makes backups, which must
see everything.

Every policy compares with the setting `kakehashi.team`. Nobody has to remember to set it: the connection does so by
itself before any statement, in the same trip as BEGIN. Not set, it is "", and no row is of that team.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import generators, pq
from psycopg.abc import PQGen

SETTING: Final = "kakehashi.team"
ALL_TEAMS: Final = "*"
"""In place of a team, in what reads over all teams: opens the few tables that are made for it (`Across`), most of them
for reading only."""


class Across(StrEnum):
    """What a table allows to those who work over all teams."""

    NOTHING = "nothing"
    READ = "read"
    """The clock looks which teams have something to do, a webhook whose form it is."""
    WRITE = "write"
    """The clock's own book."""


class TeamConnection(psycopg.AsyncConnection[Any]):
    """A connection that tells PostgreSQL for which team it works, before its first statement and whenever that changes.

    In a transaction the setting ends with it. Outside of one (autocommit) it stays until a statement for another team
    comes, which is preceded by a statement of our own; a transaction never sees it.
    """

    team: str = ""
    """The team from the next transaction on, or `ALL_TEAMS`; "": none."""
    _standing: str | None = ""
    """What statements outside of transactions see now; None: unknown."""

    def _start_query(self) -> PQGen[None]:
        # psycopg calls this before each statement, to begin a transaction where one is needed. Should it cease to, no
        # team is told and no row is found.
        if self.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            return
        team = pq.Escaping(self.pgconn).escape_literal(self.team.encode())
        if not self._autocommit:
            yield from self._tell(self._get_tx_start_command(), b"SET LOCAL kakehashi.team = " + bytes(team))
        elif self._standing != self.team:
            self._standing = None
            yield from self._tell(b"SET kakehashi.team = " + bytes(team))
            self._standing = self.team

    def _tell(self, *commands: bytes) -> PQGen[None]:
        if self._pipeline:
            for command in commands:
                yield from self._exec_command(command)
            yield from self._pipeline._sync_gen()
            return
        # Several commands in one trip.
        self._check_connection_ok()
        self.pgconn.send_query(b"; ".join(commands))
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result, encoding=self.pgconn._encoding)


# What migrations are made of


def isolate(table: str, column: str = "team_id", across: Across = Across.NOTHING) -> Iterable[str]:
    """The statements by which PostgreSQL shows the rows of a table to their team only."""
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    # Compared like this the planner knows both as one value: it is looked at once for each statement, not for each row.
    own = f"{column} = current_setting('{SETTING}', true)"
    # Here it cannot; so at least the setting is read once only.
    setting = f"(SELECT current_setting('{SETTING}', true))"
    any_team = f"CASE {setting} WHEN '{ALL_TEAMS}' THEN true ELSE {column} = {setting} END"
    match across:
        case Across.NOTHING:
            yield f"CREATE POLICY team ON {table} USING ({own})"
        case Across.WRITE:
            yield f"CREATE POLICY team ON {table} USING ({any_team})"
        case Across.READ:
            yield f"CREATE POLICY team_select ON {table} FOR SELECT USING ({any_team})"
            yield f"CREATE POLICY team_insert ON {table} FOR INSERT WITH CHECK ({own})"
            yield f"CREATE POLICY team_update ON {table} FOR UPDATE USING ({own})"
            yield f"CREATE POLICY team_delete ON {table} FOR DELETE USING ({own})"


def expose(connection: sa.Connection, table: str) -> None:
    """Take the policies of a table back."""
    named = sa.text("SELECT policyname FROM pg_policies WHERE schemaname = current_schema() AND tablename = :table")
    for policy in list(connection.scalars(named, {"table": table})):
        connection.exec_driver_sql(f'DROP POLICY "{policy}" ON {table}')
    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


# The role as which the program runs


def let_in(connection: sa.Connection, role: str, password: str | None) -> None:
    """Give a role the rights that the program needs on our tables and functions, and no more; make it where there is
    none. The connection is the owner's. The queue's tables are not ours (storage/migrations: `upgrade`)."""
    driver: Any = connection.connection.driver_connection
    if connection.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
        made = psycopg.sql.SQL("CREATE ROLE {} LOGIN").format(psycopg.sql.Identifier(role))
        if password:
            # Already digested: what the server logs is no password.
            digest = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            made += psycopg.sql.SQL(" PASSWORD {}").format(psycopg.sql.Literal(digest))
        driver.execute(made)
    schema = str(connection.scalar(sa.text("SELECT current_schema()")))
    database = str(connection.scalar(sa.text("SELECT current_database()")))
    identifiers = {"role": role, "schema": schema, "database": database}
    # What others keep beside our tables, such as an extension's, is none of the program's business.
    owned = connection.execute(_OWNED).all()
    for statement, kind in _GRANTS:
        for name in [name for name, found in owned if found == kind] if kind else [""]:
            names = {key: psycopg.sql.Identifier(value) for key, value in {**identifiers, "name": name or "-"}.items()}
            driver.execute(psycopg.sql.SQL(statement).format(**names))


_OWNED: Final = sa.text(
    "SELECT relname, CAST(relkind AS text) FROM pg_class"
    " WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))"
    " AND relkind IN ('r', 'S') AND pg_has_role(current_user, relowner, 'USAGE')"
)
_GRANTS: Final = (
    # Temporary tables: many rows at once come in through one (storage/bulk.py).
    ("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}", ""),
    ("GRANT USAGE ON SCHEMA {schema} TO {role}", ""),
    ("GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.{name} TO {role}", "r"),
    ("REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {role}", ""),
    ("GRANT USAGE, SELECT, UPDATE ON SEQUENCE {schema}.{name} TO {role}", "S"),
    ("GRANT EXECUTE ON FUNCTION {schema}.kakehashi_find_accounts(jsonb, integer) TO {role}", ""),
    ("GRANT EXECUTE ON FUNCTION {schema}.kakehashi_find_passages(jsonb, integer) TO {role}", ""),
    ("GRANT EXECUTE ON FUNCTION {schema}.kakehashi_settle_accounts() TO {role}", ""),
    ("GRANT EXECUTE ON FUNCTION {schema}.kakehashi_count_accounts() TO {role}", ""),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a role is on a database. `exposed`: the tables whose rows it sees whatever the team."""

    role: str
    owner: bool
    exposed: Sequence[str]


def standing(connection: sa.Connection, tables: Iterable[str]) -> Standing:
    """What the connection's role is; `tables` are those that are shown to their teams only and exist."""
    held = sa.text("SELECT row_security_active(CAST(:table AS regclass))")
    owns = sa.text(
        "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('alembic_version')"
    )
    return Standing(
        str(connection.scalar(sa.text("SELECT current_user"))),
        # Where nothing is yet, whoever comes first makes it.
        connection.scalar(owns) is not False,
        [table for table in tables if not connection.scalar(held, {"table": table})],
    )
