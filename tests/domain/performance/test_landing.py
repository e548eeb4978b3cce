"""Where a month lands."""

from __future__ import annotations

import pytest

from domain.performance.landing import run_rate


def test_pace_so_far_is_kept_over_the_time_that_is_left() -> None:
    assert run_rate(12, 600, 1200) == pytest.approx(24)
    assert run_rate(12, 1200, 1200) == 12
    assert run_rate(0, 600, 1200) == 0


def test_first_hours_of_a_month_tell_nothing_of_its_end() -> None:
    assert run_rate(3, 30, 1200) is None
    assert run_rate(3, 0, 0) is None
