"""What Slack says of when it takes calls again, from whichever client it comes."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.pacing import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": ["30"]}, 30.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Tue, 24 Nov 2026 00:00:00 GMT"}, None),
        ({"retry-after": []}, None),
        ({"Content-Type": "text/html"}, None),
    ],
)
def test_pause_is_what_slack_says_or_unknown(headers: dict[str, Any], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
