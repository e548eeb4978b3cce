"""An office with golden figures."""

from __future__ import annotations

import pytest

from tests.services.office import Office
from tests.services.performance.golden import Book, two_weeks


@pytest.fixture
async def book(office: Office) -> Book:
    """The two weeks whose figures are known by hand."""
    return await two_weeks(office)
