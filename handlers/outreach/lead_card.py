"""A lead's card: company, people, stage, history, next action, and the buttons that fit."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from domain.leads import BuyingRole, LeadAction
from domain.outreach.calls import INTENDED, CallAction
from domain.qualification.meetings import MeetingStatus
from handlers import lead_lines
from handlers.blocks import actions, button, context, divider, fields, header, section
from handlers.i18n import Markup, Translator, escape
from handlers.messages import Reader, Rendered
from handlers.outreach import stops
from handlers.outreach.call_words import log_button, quick_buttons
from handlers.outreach.history import entry_line
from handlers.terms import BUYING_ROLES, SOURCES, STAGE_MARKS, STAGES
from services.outreach.lead_card import CallEntry, LeadCard, MeetingEntry, RecordEntry
from services.outreach.records import ContactFacts

HISTORY_SHOWN = 8
RECORDS_SHOWN = 3


def card(reader: Reader, shown: LeadCard) -> Rendered:
    """The card as a message."""
    t, line = reader.t, shown.lead
    title = f"{line.contact}　{line.account}"
    blocks: list[Block] = [
        header(title),
        *fields(
            [
                (t("Stage"), Markup(f"{STAGE_MARKS[line.stage]} {escape(t(STAGES[line.stage]))}")),
                (t("Next step"), escape(lead_lines.next_step(t, line, reader.zone, reader.now))),
                (t("In charge (ours)"), escape(line.owner)),
                (t("Source"), escape(t(SOURCES[line.source]))),
            ]
        ),
    ]
    blocks += stops.badges(reader, shown)
    buttons = _buttons(t, shown)
    if buttons:
        blocks.append(actions(*buttons))
    call_buttons = _call_buttons(t, shown)
    if call_buttons:
        blocks.append(actions(*call_buttons))
    blocks += [
        divider(),
        section(Markup(f"*{escape(t('Company'))}*\n{_company(t, shown)}")),
        section(Markup(f"*{escape(t('Contact person'))}*\n{contact_line(t, shown.contact)}")),
    ]
    if shown.people:
        others = "\n".join(contact_line(t, person) for person in shown.people[:5])
        blocks.append(section(Markup(f"*{escape(t('Others at the company'))}*\n{others}")))
    if shown.note:
        blocks.append(section(Markup(f"*{escape(t('Note'))}*\n{escape(shown.note)}")))
    if shown.history:
        blocks.append(divider())
        lines = [entry_line(reader, entry) for entry in shown.history[:HISTORY_SHOWN]]
        blocks.append(section(Markup(f"*{escape(t('History'))}*\n" + "\n".join(lines))))
        more = len(shown.history) - HISTORY_SHOWN
        if more > 0:
            blocks.append(context(Markup(escape(t.plural("{n} older entry", "{n} older entries", more)))))
        records = _records(t, shown)
        if records:
            blocks.append(actions(*records))
    return Rendered(title, blocks)


def _records(t: Translator, shown: LeadCard) -> list[ButtonElement]:
    """The newest records of conversations, each to be read by a click."""
    found = [entry for entry in shown.history if isinstance(entry, RecordEntry)]
    return [
        button(t("🎙️ Record of {day}", day=t.day(entry.held_on)), f"recording.show#{place}", entry.recording_id)
        for place, entry in enumerate(found[:RECORDS_SHOWN])
    ]


def _company(t: Translator, shown: LeadCard) -> Markup:
    account = shown.account
    facts = [
        account.industry,
        t.plural("{n} employee", "{n} employees", account.employees) if account.employees is not None else "",
        account.address,
    ]
    lines = [escape(account.name), escape("　".join(fact for fact in facts if fact))]
    if account.website.startswith(("http://", "https://")) and not set(account.website) & set("<>| "):
        lines.append(Markup(f"<{escape(account.website)}>"))
    return Markup("\n".join(line for line in lines if line))


def contact_line(t: Translator, person: ContactFacts) -> Markup:
    """A person with place, role, phone and mail."""
    place = " ".join(part for part in (person.department, person.title) if part)
    role = "" if person.buying_role is BuyingRole.UNKNOWN else t(BUYING_ROLES[person.buying_role])
    reading = f"（{person.reading}）" if person.reading else ""
    parts = [escape(f"{person.name}{reading}"), *(escape(part) for part in (place, role) if part)]
    if person.phone:
        parts.append(t.phone_link(person.phone))
    if person.email:
        parts.append(t.mail_link(person.email))
    return Markup("　".join(parts))


def _buttons(t: Translator, shown: LeadCard) -> list[ButtonElement]:
    lead_id, fit = shown.lead.lead_id, shown.actions
    waiting = shown.open_handoff_id
    candidates = [
        (LeadAction.ACCEPT, button(t("Accept"), "handoff.accept", waiting, style="primary")),
        (LeadAction.RETURN, button(t("Return"), "handoff.return", waiting)),
        (LeadAction.HAND_OFF, button(t("Hand off"), "lead.hand_off", lead_id, style="primary")),
        (LeadAction.BOOK_MEETING, button(t("Book a meeting"), "meeting.book", lead_id)),
        (LeadAction.QUALIFY, button(t("Qualify"), "lead.qualify", lead_id, style=_primary(fit))),
        (LeadAction.NEXT_STEP, button(t("Next step"), "lead.next", lead_id)),
        (
            LeadAction.OVERRIDE,
            button(
                t("Override the verdict"),
                "verdict.override",
                shown.qualification.qualification_id if shown.qualification else None,
            ),
        ),
        (LeadAction.REOPEN, button(t("Reopen"), "lead.reopen", lead_id)),
        (LeadAction.TAKE_OVER, button(t("Take over"), "lead.take_over", lead_id)),
    ]
    return [element for action, element in candidates if action in fit]


def _call_buttons(t: Translator, shown: LeadCard) -> list[ButtonElement]:
    lead_id = shown.lead.lead_id
    logging = [log_button(t, lead_id), *quick_buttons(t, lead_id)] if CallAction.LOG in shown.call_actions else []
    # Whoever may stop mails may write them: those who log calls. And only to whom somebody has spoken.
    spoken = any(
        (isinstance(entry, CallEntry) and entry.party in INTENDED)
        or (isinstance(entry, MeetingEntry) and entry.status is MeetingStatus.HELD)
        for entry in shown.history
    )
    writes = spoken and shown.do_not_call is None and CallAction.STOP_WRITING in shown.call_actions
    writing = [button(t("Write a mail"), "follow_up.write", lead_id)] if writes else []
    return [*logging, *writing, *stops.buttons(t, shown)]


def _primary(fit: frozenset[LeadAction]) -> str | None:
    return None if LeadAction.HAND_OFF in fit else "primary"
