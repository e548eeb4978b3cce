"""Submission of the qualify modal: from envelope to acknowledgement, with the data committed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from bot.workspace.delivery import Answer
from bot.workspace.server import RunningWorkspace
from handlers.interaction import metadata
from tests.benchmarks.acknowledgements import Case, Target, envelope, run


def payload(workspace: RunningWorkspace, number: int, target: Target) -> dict[str, Any]:
    """What Slack sends when the form of this lead is submitted; every lead once."""
    start = (date.today() + timedelta(days=30)).isoformat()  # noqa: DTZ011 - any day of next month will do
    radio = {"type": "radio_buttons"}

    def chosen(value: str) -> dict[str, Any]:
        return {"v": radio | {"selected_option": {"value": value, "text": {"type": "plain_text", "text": value}}}}

    def typed(value: str) -> dict[str, Any]:
        return {"v": {"type": "plain_text_input", "value": value}}

    return {
        **envelope(workspace, number, target.user, "view_submission"),
        "response_urls": [],
        "view": {
            "id": f"VBENCH{number}",
            "team_id": workspace.introduction()["team"]["id"],
            "type": "modal",
            "callback_id": "lead.qualify.submit",
            "private_metadata": metadata(lead=target.lead_id),
            "hash": "1.bench",
            "title": {"type": "plain_text", "text": "リードを判定"},
            "blocks": [],
            "state": {
                "values": {
                    "budget_status": chosen("confirmed"),
                    "budget_amount": typed("1200"),
                    "authority_status": chosen("confirmed"),
                    "authority_decision_maker": typed("部長"),
                    "need_status": chosen("confirmed"),
                    "need_note": typed("受注の手入力に一日二時間"),
                    "timeline_status": chosen("not_asked"),
                    "timeline_start": {"v": {"type": "datepicker", "selected_date": start}},
                    "pain": chosen("yes"),
                    "intent": chosen("yes"),
                    "summary": typed("部長と20分。次回は係長も同席。"),
                }
            },
        },
    }


def saved(answer: Answer) -> bool:
    """The bot puts the verdict in the place of the form."""
    return (answer.payload or {}).get("response_action") == "update"


if __name__ == "__main__":
    run(Case(payload, saved, accepts_answer=True), __doc__)
