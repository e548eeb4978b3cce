"""Fixtures of the use cases: a team at work, and another one next door."""

from __future__ import annotations

import pytest
from dbos import DBOSClient

from services.deps import Deps
from storage.database import Database
from storage.outbox import Outbox
from tests.servers.radicale import LOOPBACK
from tests.services.office import Clock, Office, open_office


@pytest.fixture
def clock() -> Clock:
    """The time, which stands still."""
    return Clock()


@pytest.fixture
def deps(database: Database, queue_client: DBOSClient, clock: Clock) -> Deps:
    """The world of a use case, on each kind of database."""
    return Deps(database, Outbox(queue_client), clock, calendar_networks=LOOPBACK)


@pytest.fixture
async def office(deps: Deps, clock: Clock) -> Office:
    """The team under test."""
    return await open_office(deps, clock, "T1")


@pytest.fixture
async def neighbours(deps: Deps, clock: Clock) -> Office:
    """Another team in the same database."""
    return await open_office(deps, clock, "T2")
