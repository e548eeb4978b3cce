"""How Alembic runs the migrations: one transaction, one process at a time."""

import sqlite3

from alembic import context
from sqlalchemy import Connection, Index, create_engine, event, pool, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import SchemaItem
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from storage.tables import Base

# Any fixed number: the lock's name, the same in every process.
LOCK = 7_301_204_116


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Compare the models' tables only: the queue's, and on SQLite those of the full-text index, stand beside them."""
    return kind != "table" or name in Base.metadata.tables


def run() -> None:
    """Run the migrations on the database of the configuration.

    The lock is taken before the revision is read, so a second process waits and then finds nothing left to do.
    """
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)

    def include_object(item: SchemaItem, *_: object) -> bool:
        # An index that one of the databases does not have.
        return not (isinstance(item, Index) and item.kwargs.get("postgresql_using") and engine.dialect.name == "sqlite")

    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=include_name,
            include_object=include_object,
            render_as_batch=engine.dialect.name == "sqlite",
            # On SQLite too: there a migration that fails half way would otherwise leave its first tables behind.
            transactional_ddl=True,
            compare_type=True,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()
    engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # We begin transactions ourselves, so the driver must not: it would only do so at the first change.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    # The first process to come changes the file's journal. While another is about to write to a file that is still of
    # the old kind, SQLite refuses that at once, whatever the timeout says.
    locked = retry_if_exception_type(sqlite3.OperationalError)
    for attempt in Retrying(retry=locked, stop=stop_after_delay(30), wait=wait_random(0.01, 0.1), reraise=True):
        with attempt:
            cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


run()
