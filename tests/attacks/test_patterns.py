"""No text holds up the reading of texts: patterns take time as their text is long, not its square."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import BusinessCalendar
from domain.outreach import natural_time
from domain.outreach.form_fields import Field, meaning_of
from domain.outreach.time_words import Unreadable
from tests.attacks.patterns import patterns

DEADLINE = 400.0
"""A pattern that is held up takes hours; a machine that is busy with much else takes minutes for all of them."""
TOKYO = ZoneInfo("Asia/Tokyo")


def test_no_pattern_is_held_up_by_a_text_made_for_it() -> None:
    # Only a process can be ended while it searches.
    command = [sys.executable, "-m", "tests.attacks.patterns"]
    try:
        done = subprocess.run(command, timeout=DEADLINE, capture_output=True, text=True, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as late:
        begun = (late.stdout or b"").decode().split()
        pytest.fail(f"{begun[-1] if begun else 'nothing'} was not done after {DEADLINE} seconds")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {name for name, *_ in patterns()}


def test_patterns_are_found() -> None:
    names = {name for name, *_ in patterns()}
    assert {"domain.data.quality._SHORT", "domain.outreach.inbound._PATTERNS", "domain.data.search._is_number"} <= names


@pytest.mark.parametrize("text", ["一" * 100_000, "1" * 100_000, "㍿" * 100_000, " " * 100_000, "明日 " * 100_000])
def test_time_longer_than_anybody_says_is_not_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def unreached(_words: str) -> str:
        raise AssertionError("it was read")

    monkeypatch.setattr(natural_time, "normalise", unreached)
    with pytest.raises(Unreadable):
        natural_time.read(text, datetime(2026, 4, 1, tzinfo=UTC), TOKYO, BusinessCalendar(TOKYO))


def test_field_name_of_brackets_and_lines_means_nothing() -> None:
    assert meaning_of("(" * 100_000 + "\n\nx") is Field.OTHER
