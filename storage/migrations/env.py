"""How Alembic runs the migrations: one transaction, one process at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from storage.tables import Base

# Any fixed number: the lock's name, the same in every process.
LOCK = 7_301_204_116

# Tables that are not Alembic's to compare: the full-text index of SQLite is made of several.
FOREIGN_PREFIXES = ("account_search", "dbos_", "sqlite_")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what the models do not describe."""
    return not (kind == "table" and name is not None and name.startswith(FOREIGN_PREFIXES))


def run() -> None:
    """Run the migrations on the database of the configuration."""
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_engine(url or "", poolclass=pool.NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
        else:
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
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
