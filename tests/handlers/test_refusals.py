"""What Slack answered is read whatever it was."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.refusals import error_of


def answered(data: dict[str, str] | str) -> AsyncSlackResponse:
    return AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="",
        req_args={},
        data=data,  # type: ignore[arg-type]  # the SDK hands texts on as well
        headers={},
        status_code=500,
    )


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (answered({"error": "not_found"}), "not_found"),
        (answered({"ok": "false"}), ""),
        (answered("<html>Bad gateway</html>"), ""),
        ({"error": "not_found"}, "not_found"),
        (None, ""),
    ],
)
def test_page_of_somebody_in_between_names_no_error(answer: object, name: str) -> None:
    assert error_of(SlackApiError("", answer)) == name
