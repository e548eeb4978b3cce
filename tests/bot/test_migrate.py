"""A role that owns nothing: it is let in by the owner's migration, works, and may not migrate itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from pydantic import SecretStr

from bot.doctor import State, findings_of
from bot.queue import Queue
from bot.run import Misconfigured, running, storage
from bot.settings import Settings
from handlers.delivery import UnderWay
from handlers.i18n import translator
from services.operator import known_teams
from storage.migrations import config
from storage.tables import Team
from tests.conftest import of_server
from tests.services.office import NOW


@pytest.fixture
def addresses(postgres: str) -> Iterator[tuple[str, str]]:
    """An empty database: for its owner, and for a role that nobody has made yet."""
    name, role = f"empty_{uuid4().hex}", f"bot-{uuid4().hex}"
    owner = of_server(postgres, name)
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]  # names made here
        yield owner, sa.make_url(owner).set(username=role, password="it's-100%-\\secret").render_as_string(False)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]  # see above
        server.execute(f'DROP ROLE IF EXISTS "{role}"')  # type: ignore[call-overload]  # see above


async def row_level_security(settings: Settings) -> tuple[State, str]:
    found = {finding.part: finding for finding in await findings_of(settings, translator("en"))}
    return found["Row-level security"].state, found["Row-level security"].remedy


async def test_owner_migrates_and_lets_the_bots_role_in_which_then_works_alone(addresses: tuple[str, str]) -> None:
    owner, program = addresses
    alone = Settings(_env_file=None, database_url=program)
    named = alone.model_copy(update={"database_owner_url": owner})
    with pytest.raises(Misconfigured, match="does not exist"):
        async with storage(alone):
            pass
    for settings in (named, named, alone):
        async with storage(settings) as deps:
            assert deps.database.engine.url.username == sa.make_url(program).username
            team_id = f"T{len(await known_teams(deps))}"
            async with deps.writing(team_id) as session:
                session.add(Team(id=team_id, name="Team", created_at=NOW))
                await session.flush()
                key = f"work:{team_id}"
                await deps.outbox.start_task(session, key=key, kind="none", arguments={})
            async with deps.reading(team_id) as session:
                assert list(await session.scalars(sa.text("SELECT id FROM teams"))) == [team_id]
    # The queue, whose tables are its own, starts as well.
    queue = Queue(alone)
    await queue.start(UnderWay)
    try:
        async with asyncio.timeout(30):
            while not await queue.works():  # noqa: ASYNC110 - its threads tell nobody that they have begun
                await asyncio.sleep(0.02)
    finally:
        await queue.stop()

    assert await row_level_security(alone) == (State.GOOD, "")
    state, remedy = await row_level_security(alone.model_copy(update={"database_url": owner}))
    assert (state, "DATABASE_OWNER_URL" in remedy) == (State.NOTE, True)

    command.downgrade(config(owner), "-1")
    with pytest.raises(Misconfigured, match="only its owner"):
        async with storage(alone):
            pass
    async with storage(named) as deps:
        assert await known_teams(deps) == ["T0", "T1", "T2"]
    assert await row_level_security(alone) == (State.GOOD, "")


async def test_role_that_is_there_but_was_not_let_in_is_refused_in_words(addresses: tuple[str, str]) -> None:
    owner, program = addresses
    role = sa.make_url(program).username
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN')  # type: ignore[call-overload]  # a name made above
    with pytest.raises(Misconfigured, match="DATABASE_OWNER_URL"):
        async with storage(Settings(_env_file=None, database_url=program)):
            pass


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"database_url": "sqlite:////proc/nowhere/kakehashi.db"}, "cannot be used: .*/proc/nowhere"),
        ({"database_url": "sqlite:////proc/kakehashi.db"}, "cannot be used: unable to open database file"),
        ({"database_url": "postgresql://kakehashi:hidden@127.0.0.1:9/kakehashi"}, "cannot be used: .*refused"),
    ],
)
async def test_database_that_cannot_be_had_is_told_in_a_sentence_without_its_password(
    settings: dict[str, str], told: str
) -> None:
    with pytest.raises(Misconfigured, match=told) as misconfigured:
        async with storage(Settings(_env_file=None, **settings)):  # type: ignore[arg-type]  # strings, as from outside
            pass
    assert "hidden" not in str(misconfigured.value)


async def test_key_that_cannot_be_kept_is_told_before_anything_is_done() -> None:
    settings = Settings(
        _env_file=None,
        database_url="sqlite:////proc/kakehashi.db",
        secret_key=None,
        slack_bot_token=SecretStr("xoxb-1"),
        slack_app_token=SecretStr("xapp-1"),
    )
    with pytest.raises(Misconfigured, match=r"key cannot be kept or read .*/proc/kakehashi\.db\.key"):
        async with running(settings):
            pass
