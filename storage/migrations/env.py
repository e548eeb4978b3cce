"""How Alembic runs the migrations: one transaction, one process at a time."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event, pool, text

from storage.tables import Base

# Any fixed number: the lock's name, the same in every process.
LOCK = 7_301_204_116

# Tables that are not Alembic's to compare: the full-text index of SQLite is made of several.
FOREIGN_PREFIXES = ("account_search", "dbos_", "sqlite_")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what the models do not describe."""
    return not (kind == "table" and name is not None and name.startswith(FOREIGN_PREFIXES))


def _no_hidden_transactions(connection: Any, _entry: object) -> None:
    # Python's driver ends a transaction before each CREATE TABLE; left to us, the whole migration is one.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA journal_mode=WAL")


def _lock_at_once(connection: Connection) -> None:
    # The second of two processes waits here and then finds the work done.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def run() -> None:
    """Run the migrations on the database of the configuration."""
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_engine(url or "", poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _no_hidden_transactions)
        event.listen(engine, "begin", _lock_at_once)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=include_name,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()
    engine.dispose()


run()
