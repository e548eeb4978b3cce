"""What is held about a person as a file that the person can read: a table of lines, in Japanese and English, that opens
in any spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from handlers.i18n import Translator, translator
from handlers.i18n import mark as _
from handlers.terms import (
    BUYING_ROLES,
    DISQUALIFY_REASONS,
    HANDOFF_STATUSES,
    MEETING_STATUSES,
    NEXT_STEPS,
    RETURN_REASONS,
    SOURCES,
    STAGES,
)
from services.data.files import harmless
from services.data.personal import Disclosure

TABLES: Final[Mapping[str, str]] = {
    "contacts": _("Contact"),
    "leads": _("Lead"),
    "form_submissions": _("Inquiry by a form"),
    "calls": _("Call"),
    "qualifications": _("Judgement"),
    "stage_changes": _("Change of stage"),
    "handoffs": _("Handoff to field sales"),
    "handoff_returns": _("Handoff returned"),
    "meeting_offers": _("Candidate times sent"),
    "meetings": _("Meeting"),
    "mails": _("Mail sent"),
    "suppressions": _("Stop of calls or mails"),
    "objection_uses": _("Objection in a call"),
    "recordings": _("Recorded conversation"),
    "utterances": _("What was said"),
    "proposals": _("Proposal read from a conversation"),
    "deliveries": _("Message in Slack"),
    "audit_log": _("Record of work"),
}
"""What a row of each table is."""

LABELS: Final[Mapping[str, str]] = {
    "acknowledged_at": _("Answered at"),
    "acknowledged_by": _("Answered by"),
    "action": _("Action"),
    "answers": _("Answers"),
    "attempts": _("Dials since the last talk"),
    "audience": _("Kind of mail"),
    "audio": _("Sound"),
    "booked_by": _("Booked by"),
    "buying_role": _("Part in the decision"),
    "called_at": _("Called at"),
    "cancel_reason": _("Reason of the cancellation"),
    "cancelled_by": _("Cancelled by"),
    "channel": _("Channel or person"),
    "claimed_by": _("Taken by"),
    "comment": _("Comment"),
    "connection": _("Connection"),
    "content": _("Content of the proposal"),
    "created_at": _("Created at"),
    "customer_zone": _("Time zone"),
    "decided_at": _("Decided at"),
    "decided_by": _("Decided by"),
    "department": _("Department"),
    "detail": _("Details"),
    "disqualify_reason": _("Why the lead is out"),
    "do_not_call_at": _("Not called since"),
    "done_at": _("Done at"),
    "email": _("Mail address"),
    "end_ms": _("Until (ms)"),
    "ends_at": _("Ends at"),
    "error": _("Error"),
    "fields": _("What was typed"),
    "filename": _("File"),
    "from_member_id": _("Handed over by"),
    "from_name": _("Sender"),
    "from_stage": _("Stage before"),
    "guests": _("Guests"),
    "handled": _("Handled"),
    "held_on": _("Day of the conversation"),
    "judged_on": _("Judged on"),
    "key": _("Number or address"),
    "kind": _("Kind"),
    "language": _("Language"),
    "last_called_at": _("Last called at"),
    "heard": _("Heard so far"),
    "measures": _("Figures of the conversation"),
    "member_id": _("Handled by"),
    "minutes": _("Minutes"),
    "name": _("Name"),
    "next_step": _("Next step"),
    "next_step_at": _("Next step at"),
    "note": _("Note"),
    "number": _("Place"),
    "opted_out_at": _("Not written to since"),
    "outcome": _("Result"),
    "outcome_at": _("Result written down at"),
    "overridden_at": _("Changed at"),
    "overridden_by": _("Changed by"),
    "override_reason": _("Reason of the change"),
    "owner_id": _("In charge"),
    "package": _("What was handed over"),
    "party": _("Who spoke"),
    "permalink": _("Link"),
    "phone": _("Phone number"),
    "place": _("Place"),
    "posted_channel": _("Conversation"),
    "progress": _("Progress"),
    "reading": _("Reading"),
    "reason": _("Reason"),
    "received_at": _("Received at"),
    "reply_to": _("Answers to"),
    "responded_at": _("First answered at"),
    "response_seconds": _("Seconds until the first answer"),
    "sales_qualified": _("Sales qualified"),
    "sent_at": _("Sent at"),
    "side": _("Side"),
    "source": _("Where the data came from"),
    "speaker": _("Speaker"),
    "stage": _("Stage"),
    "start_ms": _("From (ms)"),
    "starts_at": _("Starts at"),
    "status": _("Status"),
    "subject": _("Subject"),
    "submission_id": _("Number of the inquiry"),
    "text": _("Text"),
    "title": _("Title"),
    "to_address": _("Sent to"),
    "to_member_id": _("Handed over to"),
    "to_name": _("Addressee"),
    "to_stage": _("Stage after"),
    "updated_at": _("Changed last at"),
    "urgency": _("Urgency"),
    "used_at": _("Came up at"),
    "zone": _("Time zone"),
}
"""What each column says."""

_TERMS: Mapping[str, Mapping[Any, str]] = {
    "stage": STAGES,
    "from_stage": STAGES,
    "to_stage": STAGES,
    "source": SOURCES,
    "buying_role": BUYING_ROLES,
    "next_step": NEXT_STEPS,
    "disqualify_reason": DISQUALIFY_REASONS,
    "handoffs.status": HANDOFF_STATUSES,
    "meetings.status": MEETING_STATUSES,
    "handoff_returns.reason": RETURN_REASONS,
}
WORDS: Final = {column: {str(value): label for value, label in terms.items()} for column, terms in _TERMS.items()}
"""The words of columns that hold one of ours, by column or `table.column`."""

LANGUAGES: Final = ("ja", "en")


def csv_file(disclosure: Disclosure) -> bytes:
    """The file: UTF-8 with a mark, a line for each thing that is known; no cell is a formula."""
    ts = [translator(language) for language in LANGUAGES]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for cells in _lines(disclosure, ts):
        writer.writerow(harmless(cells))
    return text.getvalue().encode("utf-8-sig")


def _both(ts: list[Translator], msgid: str) -> str:
    said = list(dict.fromkeys(t(msgid) for t in ts))
    return " / ".join(said)


def _lines(disclosure: Disclosure, ts: list[Translator]) -> Iterator[list[str]]:
    zone = ZoneInfo(disclosure.zone)
    yield [_both(ts, _("Kind of record")), _both(ts, _("No.")), _both(ts, _("Item")), _both(ts, _("Content"))]
    yield [_both(ts, _("Disclosure of personal data")), "", _both(ts, _("As of")), _shown(disclosure.made_at, zone)]
    yield ["", "", _both(ts, _("Times are in")), disclosure.zone]
    for account in disclosure.accounts:
        yield [_both(ts, _("Company")), "", _both(ts, LABELS["name"]), account]
    for table, records in disclosure.sections.items():
        kind = _both(ts, TABLES[table]) if table in TABLES else table
        for number, record in enumerate(records, start=1):
            for name, value in record.values.items():
                column, _dot, inside = name.partition(".")
                label = _both(ts, LABELS[column]) if column in LABELS else column
                item = f"{label} ({inside})" if inside else label
                yield [kind, str(number), item, _said(ts, table, column, value, zone)]


def _said(ts: list[Translator], table: str, column: str, value: Any, zone: ZoneInfo) -> str:
    words = WORDS.get(f"{table}.{column}") or WORDS.get(column) or {}
    known = words.get(str(value))
    if isinstance(value, bool):
        return _both(ts, _("Yes") if value else _("No"))
    return _both(ts, known) if known else _shown(value, zone)


def _shown(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)
