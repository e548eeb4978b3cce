"""A process with as few connections to PostgreSQL as may be: people wait for a free one, and nobody reads an error."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from storage.connections import LEAST
from tests.handlers.conftest import IS, IS_ENGLISH, MANAGER, World
from tests.handlers.test_main_job import answers, open_form

CHANNEL = "C01ISTEAM0"
AT_ONCE = 24


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_crowd_is_answered_over_no_more_connections_than_the_process_may_have(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, owner_url: str
) -> None:
    chosen = settings.model_copy(update={"database_connections": LEAST})
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        asked = [("/meeting", "list"), ("/call", "queue"), ("/lead", "add 混雑"), ("/kpi", "today")]
        people = zip(itertools.cycle((IS, IS_ENGLISH, MANAGER)), itertools.cycle(asked), range(AT_ONCE), strict=False)
        answers = await asyncio.gather(
            *(world.person(user).command(CHANNEL, command, text) for user, (command, text), _ in people)
        )
        engine = sa.create_engine(sa.make_url(owner_url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            open_now = connection.scalar(
                sa.text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND application_name LIKE 'kakehashi %'"
                )
            )
    assert [answer["ok"] for answer in answers] == [True] * AT_ONCE
    told = [m for user in (IS, IS_ENGLISH, MANAGER) for m in world.messages(user, CHANNEL) if m["ephemeral"]]
    assert told
    turned_away = ("参照番号", "reference", "混み合って", "Too much is going on")
    assert not [m for m in told if any(words in str(m["blocks"]) for words in turned_away)]
    # Its pools keep what they have opened.
    assert LEAST // 2 < open_now <= LEAST


@pytest.mark.parametrize(("known_seconds", "languages"), [(600.0, 1), (0.0, 2)])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_whoever_finds_no_connection_free_in_time_is_told_to_come_again_and_loses_nothing(
    known_seconds: float,
    languages: int,
    world_workspace: RunningWorkspace,
    team_at_work: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Who is known is asked for nothing; who is not is told in both languages.
    monkeypatch.setattr("bot.app.ACTOR_SECONDS", known_seconds)
    chosen = settings.model_copy(update={"database_connections": LEAST, "database_wait_seconds": 0.2})
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        form = await open_form(world)
        async with AsyncExitStack() as taken:
            for _ in range(chosen.shares.people):
                await taken.enter_async_context(house.deps.database.engine.connect())
            refused = await world.person(IS).submit(form["id"], answers())
            assert refused["result"] == "errors"
            (said,) = refused["errors"].values()
            assert "入力内容はそのまま" in said
            assert ("What you typed is still here" in said) == (languages == 2)
            asked = await world.person(IS).command(CHANNEL, "/lead", "find 山田")
            assert "混み合って" in asked["response"]["text"]
        assert world.modal(IS)["state"]["summary"] == answers()["summary"]
        assert "No connection to the database was free" in caplog.text
        assert "Traceback" not in caplog.text
        assert (await world.person(IS).submit(form["id"], answers()))["result"] == "updated"
