"""The short form of `python -m tests.chaos`: a few of its troubles, others with each change of the seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import run

pytestmark = pytest.mark.kill

SEED = 7
KILLS = 3


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_nothing_is_lost_doubled_or_at_odds_after_troubles(kind: str, tmp_path: Path) -> None:
    result = await run(kind, SEED, KILLS, tmp_path / "bots.log", print)
    assert result.wrongs == []
    assert result.kills == KILLS
    # Troubles after which nobody has got anything done would prove nothing.
    assert {"handoff", "call", "submission"} <= set(result.ledger.done)
