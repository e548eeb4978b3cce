"""The brief of a call: why now, what is to be found out, the last touches, each with the record it is from.

Worked out from the lead's own records and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_sdk.models.blocks import Block

from domain.outreach.brief import Asked, Question, Returned, Said, Unconfirmed
from domain.outreach.call_queue import (
    Again,
    Fresh,
    GoodHour,
    LargeCompany,
    NeverCalled,
    Planned,
    Promised,
    Reason,
    Spoke,
)
from domain.outreach.calls import Outcome, RefusalReason
from handlers.blocks import clip, context, section
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.messages import Reader
from handlers.outreach.history import entry_line
from handlers.terms import ELEMENTS, RETURN_REASONS, SOURCES
from services.outreach.lead_card import CallEntry, LeadCard

QUESTIONS_SHOWN = 3
TEXT_SHOWN = 400

REFUSED: Final[Mapping[RefusalReason, str]] = {
    RefusalReason.BUDGET: _("Refused for want of budget"),
    RefusalReason.NEED: _("Refused for want of need"),
    RefusalReason.NOT_DECISION_MAKER: _("Refused as not the decision maker"),
    RefusalReason.TIMING: _("Refused because of the timing"),
    RefusalReason.COMPETITOR: _("Refused because of a competitor"),
}


def blocks(reader: Reader, shown: LeadCard) -> list[Block]:
    """What is to be found out in the call, the last touches, and where the rest is from."""
    t = reader.t
    found: list[Block] = []
    asked = shown.questions[:QUESTIONS_SHOWN]
    if asked:
        lines = "\n".join(f"• {_question(reader, each)}" for each in asked)
        found.append(section(Markup(f"*{escape(t('To find out'))}*\n{lines}")))
    if shown.note.strip() and not any(isinstance(each, Said) for each in asked):
        note = escape(clip(shown.note.strip(), TEXT_SHOWN))
        found.append(section(Markup(f"*{escape(t('Note'))}*\n{note}")))
    if shown.touches:
        lines = "\n".join(entry_line(reader, entry) for entry in shown.touches)
        found.append(context(Markup(f"*{escape(t('Last touches'))}*\n{lines}")))
    found.append(context(t.md("Sources: {sources}", sources=t.listed(_records(reader, shown)))))
    return found


def plain(reader: Reader, shown: LeadCard) -> str:
    """The brief in one line: the most pressing question, else the last touch; "" where nothing is known."""
    if shown.questions:
        return _question(reader, shown.questions[0])
    return entry_line(reader, shown.touches[0]) if shown.touches else ""


def sourced(reader: Reader, text: str, reason: Reason, shown: LeadCard) -> Markup:
    """A reason in words, with the record that it is from."""
    return reader.t.md("{fact} (source: {source})", fact=text, source=_source(reader, reason, shown))


def _source(reader: Reader, reason: Reason, shown: LeadCard) -> str:
    t = reader.t
    match reason:
        case Promised(by_customer=True):
            calls = (each for each in shown.history if isinstance(each, CallEntry))
            promised = next((call for call in calls if call.outcome is Outcome.CALLBACK), None)
            return _call(reader, promised) if promised else t("the lead's next step")
        case Promised() | Planned():
            return t("the lead's next step")
        case Fresh() | NeverCalled():
            return t("lead added {at}", at=t.moment(shown.lead.created_at, reader.zone, now=reader.now))
        case GoodHour(tally=tally):
            return t("{hits} of {n} calls", hits=t.number(tally.hits), n=t.number(tally.tries))
        case Spoke(at) | Again(at=at):
            return t("call of {at}", at=t.moment(at, reader.zone, now=reader.now))
        case LargeCompany():
            return _company(reader, shown)


def _records(reader: Reader, shown: LeadCard) -> list[str]:
    return [_lead(reader, shown), _company(reader, shown)]


def _lead(reader: Reader, shown: LeadCard) -> str:
    t = reader.t
    at = t.moment(shown.lead.created_at, reader.zone, now=reader.now)
    return t("lead added {at} ({source})", at=at, source=t(SOURCES[shown.lead.source]))


def _company(reader: Reader, shown: LeadCard) -> str:
    t, at = reader.t, shown.account.updated_at
    if at is None:
        return t("company record")
    return t("company record of {at}", at=t.moment(at, reader.zone, now=reader.now))


def _call(reader: Reader, call: CallEntry) -> str:
    return reader.t("call of {at}", at=reader.t.moment(call.at, reader.zone, now=reader.now))


def _question(reader: Reader, question: Question) -> Markup:
    t = reader.t
    at = t.moment(question.at, reader.zone, now=reader.now)
    match question:
        case Said():
            source = t("call of {at}, {name}", at=at, name=question.by)
            heads = []
            if question.reason is not None:
                heads.append(t(REFUSED[question.reason]))
            if question.outcome is Outcome.CALLBACK:
                heads.append(t("Call back promised"))
            fact = _told(reader, t.listed(heads), question.note)
        case Returned():
            source = t("return of {at}, {name}", at=at, name=question.by)
            reason = t(RETURN_REASONS[question.reason])
            fact = _told(reader, t("Returned by field sales: {reason}", reason=reason), question.comment)
        case Asked():
            source = t("form “{form}” of {at}", form=question.form, at=at)
            fact = _told(reader, t("Asked in the form"), question.message)
        case Unconfirmed():
            source = t("judgement of {at}, {name}", at=at, name=question.by)
            elements = t.listed(t(ELEMENTS[element]) for element in question.elements)
            fact = t("Not confirmed yet: {elements}", elements=elements)
    return t.md("{fact} (source: {source})", fact=fact, source=source)


def _told(reader: Reader, head: str, text: str) -> str:
    said = clip(" ".join(text.split()), TEXT_SHOWN)
    if not said:
        return head
    return reader.t("{head}: “{text}”", head=head, text=said) if head else reader.t("“{text}”", text=said)
