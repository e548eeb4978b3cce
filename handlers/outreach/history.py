"""What happened with a lead, one line an entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.leads import Stage
from domain.outreach.calls import Connection, Outcome, Party
from handlers import lead_lines, spoken
from handlers.blocks import clip
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.messages import Reader
from handlers.terms import DISQUALIFY_REASONS, MEETING_MARKS, MEETING_STATUSES, NEXT_STEPS, RETURN_REASONS, STAGES
from services.outreach.lead_card import (
    CallEntry,
    FormEntry,
    HandoffEntry,
    HistoryEntry,
    MailEntry,
    MeetingEntry,
    NextStepEntry,
    OverrideEntry,
    QualificationEntry,
    RecordEntry,
    ReturnEntry,
    StageEntry,
)

CONNECTIONS: Final[Mapping[Connection, str]] = {
    Connection.ANSWERED: _("answered"),
    Connection.NO_ANSWER: _("no answer"),
    Connection.VOICEMAIL: _("voicemail"),
    Connection.BUSY: _("busy"),
    Connection.INVALID_NUMBER: _("wrong number"),
}
PARTIES: Final[Mapping[Party, str]] = {
    Party.NONE: "",
    Party.GATEKEEPER: _("reception"),
    Party.OTHER_STAFF: _("other staff"),
    Party.CONTACT: _("the contact"),
    Party.DECISION_MAKER: _("the decision maker"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.MEETING_SET: _("meeting set"),
    Outcome.INTERESTED: _("interested"),
    Outcome.SEND_MATERIAL: _("send material"),
    Outcome.CALLBACK: _("call back"),
    Outcome.ABSENT: _("contact absent"),
    Outcome.GATEKEEPER_REFUSED: _("refused at reception"),
    Outcome.REFUSED: _("refused"),
    Outcome.DO_NOT_CALL: _("do not call"),
    Outcome.REFERRED: _("referred"),
    Outcome.DISQUALIFIED: _("disqualified"),
}
NOTE_LIMIT = 160
NAME_LIMIT = 60


def entry_line(reader: Reader, entry: HistoryEntry) -> Markup:
    """When, what, who, and the start of the note."""
    t = reader.t
    at = t.moment(entry.at, reader.zone, now=reader.now)
    by = t("　by {name}", name=entry.by) if entry.by else ""
    return Markup(f"{escape(at)}　{_what(reader, entry)}{escape(by)}")


def _what(reader: Reader, entry: HistoryEntry) -> Markup:
    t = reader.t
    match entry:
        case CallEntry():
            said = [CONNECTIONS[entry.connection], PARTIES[entry.party]]
            if entry.outcome is not None:
                said.append(OUTCOMES[entry.outcome])
            text = t.md("📞 Call: {result}", result=t.listed(t(part) for part in said if part))
            return _noted(text, entry.note)
        case StageEntry() if entry.from_stage is None:
            return t.md("➕ Lead added")
        case StageEntry():
            from_stage = entry.from_stage or Stage.NEW
            return t.md("➡️ {old} → {new}", old=t(STAGES[from_stage]), new=t(STAGES[entry.to_stage]))
        case NextStepEntry():
            step = t(NEXT_STEPS[entry.step])
            if entry.due is not None:
                step = f"{step} {lead_lines.due(t, entry.step, entry.due, reader.zone, reader.now)}"
            if entry.reason is not None:
                step = f"{step}: {t(DISQUALIFY_REASONS[entry.reason])}"
            return _noted(t.md("📌 Next step: {step}", step=step), entry.note)
        case QualificationEntry():
            verdict = t("sales qualified") if entry.sales_qualified else t("not sales qualified")
            return t.md("⚖️ Verdict: {verdict}, rules version {version}", verdict=verdict, version=entry.policy_version)
        case OverrideEntry():
            verdict = t("sales qualified") if entry.sales_qualified else t("not sales qualified")
            return _noted(t.md("⚖️ Verdict overridden: {verdict}", verdict=verdict), entry.reason)
        case HandoffEntry():
            return t.md("🤝 Handed off to {name}", name=entry.to)
        case MeetingEntry():
            return t.md(
                "{mark} Meeting with {rep}: {at} ({status})",
                mark=MEETING_MARKS[entry.status],
                rep=entry.rep,
                at=t.moment(entry.starts_at, reader.zone, now=reader.now),
                status=t(MEETING_STATUSES[entry.status]),
            )
        case MailEntry():
            return t.md("✉️ Mail sent: {subject}", subject=entry.subject)
        case FormEntry():
            return _noted(t.md("📝 Form: {form}", form=entry.form), entry.message)
        case RecordEntry():
            text = t.md("🎙️ Record of the conversation on {day}", day=t.day(entry.held_on))
            # Where it was dropped into somebody's own messages there is no link: the card has a button.
            name, link = escape(clip(entry.filename, NAME_LIMIT)), spoken.shared(entry.permalink)
            return Markup(f"{text}: " + (f"<{escape(link)}|{name.replace('|', '/')}>" if link else name))
        case ReturnEntry():
            text = t.md("↩️ Returned: {reason}", reason=t(RETURN_REASONS[entry.returned.reason]))
            return _noted(text, entry.returned.comment)


def _noted(text: Markup, note: str) -> Markup:
    first = " ".join(note.split())
    if not first:
        return text
    return Markup(f"{text} – {escape(first if len(first) <= NOTE_LIMIT else first[: NOTE_LIMIT - 1] + '…')}")
