"""What `python -m bot doctor` says of PostgreSQL's connections: whether there is room for the processes."""

from __future__ import annotations

import sqlalchemy as sa

from bot.doctor import Finding, State
from bot.settings import Settings
from handlers.i18n import Translator
from storage.connections import Room
from storage.database import normalise_url
from storage.migrations import room


def connections(settings: Settings, t: Translator) -> list[Finding]:
    """For how many processes with this setting the server has room, and whether as many run now."""
    if normalise_url(settings.database_url).get_backend_name() != "postgresql":
        return []
    try:
        return [_judged(room(settings.database_url), settings.database_connections, t)]
    except sa.exc.SQLAlchemyError:
        # Out of reach: the database has a line of its own.
        return []


def _judged(there: Room, each: int, t: Translator) -> Finding:
    part = t("Connections")
    fit = max(0, there.most - there.others) // each
    found = t.plural(
        "PostgreSQL has room for {n} process with up to {each} connections.",
        "PostgreSQL has room for {n} processes with up to {each} connections each.",
        fit,
        each=each,
    )
    if there.processes > fit:
        found += " " + t.plural("{n} runs now.", "{n} run now.", there.processes)
    if fit and there.processes <= fit:
        return Finding(State.GOOD, part, found)
    return Finding(
        State.NOTE if fit else State.BAD,
        part,
        found,
        t("Lower DATABASE_CONNECTIONS, run fewer processes, or raise max_connections of PostgreSQL."),
    )
