"""A process opens no more connections than it may, and whoever finds none free waits for one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from storage import connections
from storage.connections import LEAST, opened, patiently, shares
from storage.database import connect
from storage.isolation import TeamConnection
from storage.migrations import room

postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@given(st.integers(LEAST, 1000))
def test_shares_of_a_process_are_no_more_than_it_may_have_and_leave_nobody_out(most: int) -> None:
    for edge, worker in product((True, False), repeat=2):
        parts = shares(most, edge=edge, worker=worker)
        always_open = 2 if worker else 0
        clients = 1
        assert parts.people + parts.work + parts.queue + always_open + clients == most
        assert min(parts.people, parts.work) >= 2
        assert (parts.queue >= 3) == worker


@postgresql
async def test_whoever_finds_no_connection_free_waits_for_one(database_url: str) -> None:
    database, impatient = connect(database_url, pool_size=1), connect(database_url, pool_size=1, wait_seconds=0.01)
    spare = connect(database_url, pool_size=1)
    try:
        async with database.reading("T1") as session, impatient.reading("T1") as other:
            for held in (session, other):
                await held.execute(sa.text("SELECT 1"))
            before = room(database_url)
            waiting = asyncio.create_task(_asked(database.reading("T1")))
            with pytest.raises(sa.exc.TimeoutError):
                await _asked(impatient.reading("T1"))
            assert not waiting.done()
            # Whoever can wait has connections apart, and takes none from those who have no time.
            apart = replace(impatient, others=spare)
            with patiently():
                assert await _asked(apart.reading("T1")) == 1
            with pytest.raises(sa.exc.TimeoutError):
                await _asked(apart.reading("T1"))
        assert await waiting == 1
        # Both are of this process, which PostgreSQL knows by one name.
        assert before.processes >= 1
        assert before.most > before.others
    finally:
        for opened_here in (database, impatient, spare):
            await opened_here.dispose()


async def _asked(reading: Any) -> Any:
    async with reading as session:
        return await session.scalar(sa.text("SELECT 1"))


@postgresql
async def test_server_without_room_is_asked_again(
    database_url: str, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FULL_SECONDS", 20.0)
    parts = sa.make_url(database_url)
    plain = parts.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(owner_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{parts.database}" CONNECTION LIMIT 1')
    refused = asyncio.Event()

    async def connecting(*arguments: Any, **options: Any) -> TeamConnection:
        try:
            return await TeamConnection.connect(*arguments, **options)
        except psycopg.OperationalError:
            refused.set()
            raise

    first = await opened(plain)
    second = asyncio.create_task(opened(plain, connect=connecting))
    await asyncio.wait_for(refused.wait(), 20)
    await first.close()
    await (await second).close()
