"""What a logged call is answered with: the result, what is next, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from slack_sdk.models.blocks import Block, ButtonElement

from domain.outreach.calls import CallResult, CallRules, Outcome, QuickResult
from handlers import lead_lines
from handlers.blocks import actions, button, context, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.outreach.history import CONNECTIONS, OUTCOMES, PARTIES
from handlers.terms import DISQUALIFY_REASONS, NEXT_STEPS
from services.outreach.call_records import Recorded
from services.outreach.calls import Undone
from services.outreach.records import LeadLine

QUICK_LABELS: Final[Mapping[QuickResult, str]] = {
    QuickResult.NO_ANSWER: _("No answer"),
    QuickResult.VOICEMAIL: _("Voicemail"),
    QuickResult.ABSENT: _("Absent"),
}


def quick_buttons(t: Translator, lead_id: int) -> list[ButtonElement]:
    """The commonest results, a click each."""
    return [button(t(label), f"call.quick#{kind}", lead_id) for kind, label in QUICK_LABELS.items()]


def log_button(t: Translator, lead_id: int, *, style: str | None = None) -> ButtonElement:
    """Opens the form of a call."""
    return button(t("Log a call"), "call.log", lead_id, style=style)


def speaking_buttons(t: Translator, lead_id: int) -> list[ButtonElement]:
    """What to say: the script, and answers to objections."""
    return [
        button(t("Script"), "script.open", lead_id),
        button(t("Objections"), "objection.open", lead_id),
    ]


def undo_button(t: Translator, done: Recorded) -> ButtonElement:
    """Takes the call back."""
    return button(t("Undo (60 s)"), "call.undo", f"{done.call_id}:{done.mark}")


def result_line(t: Translator, result: CallResult) -> str:
    """着電、担当者、再架電."""
    said = [CONNECTIONS[result.connection], PARTIES[result.party]]
    if result.outcome is not None:
        said.append(OUTCOMES[result.outcome])
    return t.listed(t(part) for part in said if part)


def next_line(reader: Reader, done: Recorded) -> Markup:
    """What happens next with the lead."""
    t, state = reader.t, done.state
    if state.disqualify_reason is not None:
        out = t(DISQUALIFY_REASONS[state.disqualify_reason])
        return t.md("Next: the lead is out ({reason})", reason=out)
    if done.at_cap:
        return t.md("{n} attempts without reaching the person: the lead has left the call lists.", n=state.attempts)
    if done.result.outcome is Outcome.MEETING_SET:
        return t.md("Next: fix the meeting")
    if state.next_step is not None:
        step = t(NEXT_STEPS[state.next_step])
        if state.next_step_at is not None:
            step = f"{step} {lead_lines.due(t, state.next_step, state.next_step_at, reader.zone, reader.now)}"
        return t.md("Next: {step}", step=step)
    if state.attempts == 0:
        return t.md("Next: stays in the call list")
    again = (state.last_called_at or reader.now) + timedelta(minutes=done.rules.min_gap_minutes)
    return t.md(
        "Next: stays in the call list, from {at} on (attempt {n} of {most})",
        at=t.moment(again, reader.zone, now=reader.now),
        n=state.attempts,
        most=done.rules.max_attempts,
    )


def gap_warning(t: Translator, since_last: timedelta, rules: CallRules) -> Markup:
    """The last dial was a short while ago."""
    return t.md(
        ":warning: The last dial was only {span} ago; your team leaves {gap} between two.",
        span=t.span(since_last),
        gap=t.span(timedelta(minutes=rules.min_gap_minutes)),
    )


def recorded(reader: Reader, done: Recorded, *, told: str = "") -> Rendered:
    """The short confirmation after a call was saved; `told` is what else should be seen."""
    t = reader.t
    title = t.md("{name}: {result}", name=f"{done.contact} / {done.account}", result=result_line(t, done.result))
    lines = [next_line(reader, done)]
    if told:
        lines.append(escape(told))
    if done.repeated:
        lines.append(t.md("This click was counted once already."))
    if done.since_last is not None:
        lines.append(gap_warning(t, done.since_last, done.rules))
    if done.result.outcome is Outcome.SEND_MATERIAL and done.email:
        lines.append(t.md("Send the material to {address}", address=t.mail_link(done.email)))
    buttons: list[ButtonElement] = []
    if done.result.outcome is Outcome.MEETING_SET and not done.repeated:
        buttons.append(button(t("Book a meeting"), "meeting.book", done.lead_id, style="primary"))
    if done.result.outcome is Outcome.REFERRED:
        buttons.append(button(t("Add the person named"), "call.referred", done.lead_id, style="primary"))
    if done.at_cap:
        buttons.append(button(t("Move to nurturing"), "call.nurture", done.lead_id, style="primary"))
    if done.email and done.result.connected and done.result.outcome is not Outcome.DO_NOT_CALL:
        buttons.append(button(t("Write a mail"), "follow_up.write", done.lead_id))
    if not done.repeated:
        buttons.append(undo_button(t, done))
    blocks: list[Block] = [section(Markup(f"📞 *{title}*")), context(*lines)]
    if buttons:
        blocks.append(actions(*buttons))
    return Rendered(title, blocks)


def taken_back(reader: Reader, undone: Undone) -> Rendered:
    """The answer to the way back."""
    t = reader.t
    text = t.md("Undone: the call to {name} does not count.", name=f"{undone.contact} / {undone.account}")
    return Rendered(text, [section(Markup(f"↩️ {text}")), actions(log_button(t, undone.lead_id))])


@dataclass(frozen=True, slots=True)
class CapReached:
    """To a lead's owner, when somebody else made the last attempt the team allows."""

    lead_id: int
    name: str
    attempts: int

    def render(self, reader: Reader) -> Rendered:
        """What happened, and what can be done."""
        t = reader.t
        text = t.md(
            "*{name}* has left the call lists: {n} attempts without reaching the person. Nurture the lead?",
            name=self.name,
            n=self.attempts,
        )
        buttons = actions(
            button(t("Move to nurturing"), "call.nurture", self.lead_id, style="primary"),
            button(t("Open the lead"), "lead.show", self.lead_id),
        )
        return Rendered(text, [section(Markup(f"🌱 {text}")), buttons])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """A lead after eight attempts."""
        return [cls(1, "山田 太郎 / 株式会社あおば精機製作所", 8)]


def nurtured(t: Translator, line: LeadLine) -> Rendered:
    """The lead is in nurturing now."""
    text = t.md("*{name}* is in nurturing now.", name=lead_lines.name(line))
    return Rendered(escape(text), [section(Markup(f"🌱 {text}"))])
