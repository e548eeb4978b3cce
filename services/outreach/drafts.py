"""What the language model drafts around a call (work item 2-5). Everything has a plain form without it, a person reads
each draft before anything is done with it, and figures that nobody gave it are not believed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from domain.members import Permission, require
from domain.model import Reason, Unavailable
from domain.outreach.brief import Asked, Returned, Said, Unconfirmed
from domain.outreach.follow_ups import MAX_BODY, MAX_SUBJECT
from domain.outreach.objections import MAX_ANSWER, rests_on
from domain.outreach.scripts import MAX_STAGE, Heading, Stage
from domain.pipeline.cues import addresses_a_machine
from domain.pipeline.figures import unfounded
from prompts.outreach.outputs import AdaptedAnswer, BriefLine, CallScript, FollowUpMail
from services import model
from services.deps import Actor, Deps
from services.outreach import follow_ups, lead_card, objections
from services.outreach.follow_ups import FollowUp
from services.outreach.lead_card import CallEntry, FormEntry, HistoryEntry, LeadCard, MailEntry, MeetingEntry

BESIDE_SECONDS = 20.0
"""So long an answer is waited for that is wanted while a call goes on; nobody's screen waits with it."""
MAX_LINE = 200
FIGURES_CHECKED = (Stage.VALUE, Stage.OBJECTION)
"""Stages that argue. Elsewhere figures are minutes and times of day."""


@dataclass(frozen=True, slots=True)
class ScriptDraft:
    """Seven stages. `figures`: numbers in what is argued that nobody gave the model."""

    stages: dict[Stage, str]
    figures: frozenset[str]


@dataclass(frozen=True, slots=True)
class Adapted:
    """One of the team's own answers (`source`), put into words for one customer."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail. `figures`: numbers in it that nobody gave the model."""

    subject: str
    text: str
    figures: frozenset[str]


async def script(
    deps: Deps, actor: Actor, heading: Heading, pains: str, proof_points: str, company: str
) -> ScriptDraft:
    """A draft of a script, for a person to correct and save. Refused: NOT_ALLOWED. Raises `Unavailable`."""
    require(actor.role, Permission.EDIT_PLAYBOOK)
    given = {
        "scene": heading.scene.value,
        "segment": heading.segment,
        "persona": heading.persona,
        "pains": pains,
        "proof_points": proof_points,
        "company": company,
    }
    told = await model.ask(
        deps,
        actor.team_id,
        "outreach/call_script",
        CallScript,
        {**given, "language": heading.language},
        member_id=actor.member_id,
        names=(actor.name,),
    )
    stages = {stage: str(getattr(told, stage.value)).strip()[:MAX_STAGE] for stage in Stage}
    if not all(stages.values()):
        raise Unavailable(Reason.FAILED)
    ground = "\n".join(given.values())
    foreign = [unfounded(stages[stage], ground) for stage in FIGURES_CHECKED]
    return ScriptDraft(stages, frozenset().union(*foreign))


async def answer(deps: Deps, actor: Actor, lead_id: int, objection_id: int) -> Adapted:
    """The team's own answer that fits a lead best, in words for that lead.

    Refused: NOT_ALLOWED, NOT_FOUND. Raises `Unavailable`, also where what came back does not rest on the answer that it
    names, or has figures that neither the answer nor the lead's records have.
    """
    require(actor.role, Permission.LOG_CALLS)
    line = await objections.one(deps, actor, objection_id)
    shown = await lead_card.card(deps, actor, lead_id)
    known = _facts(shown)
    own = line.objection.answers
    told = await model.ask(
        deps,
        actor.team_id,
        "outreach/objection_answer",
        AdaptedAnswer,
        {"language": actor.language, "objection": line.objection.text, "answers": list(own), "lead": known},
        member_id=actor.member_id,
        names=follow_ups.names_in(shown, actor),
        seconds=BESIDE_SECONDS,
    )
    text = told.text.strip()
    if not 1 <= told.answer <= len(own) or not 0 < len(text) <= MAX_ANSWER:
        raise Unavailable(Reason.FAILED)
    source = own[told.answer - 1]
    if not rests_on(text, source) or unfounded(text, f"{source}\n{known}") or addresses_a_machine(text):
        raise Unavailable(Reason.FAILED)
    return Adapted(source, text)


async def line(deps: Deps, actor: Actor, lead_id: int) -> str:
    """What a call is about in a sentence; the brief's plain lines stand beside it.

    Refused: NOT_ALLOWED, NOT_FOUND. Raises `Unavailable`, also where it has figures that the records do not have.
    """
    require(actor.role, Permission.LOG_CALLS)
    shown = await lead_card.card(deps, actor, lead_id)
    facts = _facts(shown)
    told = await model.ask(
        deps,
        actor.team_id,
        "outreach/brief",
        BriefLine,
        {"language": actor.language, "facts": facts},
        member_id=actor.member_id,
        names=follow_ups.names_in(shown, actor),
        seconds=BESIDE_SECONDS,
    )
    text = " ".join(told.line.split())
    if not 0 < len(text) <= MAX_LINE or unfounded(text, facts) or addresses_a_machine(text):
        raise Unavailable(Reason.FAILED)
    return text


async def mail(deps: Deps, actor: Actor, about: FollowUp, subject: str, text: str, language: str) -> MailDraft:
    """A draft of a mail, made from the plain one (`subject`, `text`). Refused: NOT_ALLOWED. Raises `Unavailable`."""
    require(actor.role, Permission.LOG_CALLS)
    given = {
        "occasion": about.occasion.value,
        "said": "\n".join(part for part in (about.said, about.pain) if part),
        "customer": f"{about.account}\n{about.place}\n{about.contact}",
        "sender": f"{about.us}\n{about.me}",
        "plain": f"{subject}\n\n{text}",
    }
    told = await model.ask(
        deps,
        actor.team_id,
        "outreach/follow_up_mail",
        FollowUpMail,
        {**given, "language": language},
        member_id=actor.member_id,
        names=about.names,
    )
    drafted, body = " ".join(told.subject.split())[:MAX_SUBJECT], told.text.strip()[:MAX_BODY]
    if not drafted or not body:
        raise Unavailable(Reason.FAILED)
    return MailDraft(drafted, body, unfounded(f"{drafted}\n{body}", "\n".join(given.values())))


def _facts(shown: LeadCard) -> str:
    """What is known of a lead, a record a line, in words of the product's own around what people wrote."""
    account, contact = shown.account, shown.contact
    lines: list[dict[str, object]] = [
        {
            "company": account.name,
            "industry": account.industry,
            "person": contact.name,
            "place": f"{contact.department} {contact.title}".strip(),
            "source": shown.lead.source.value,
            "since": shown.lead.created_at.date().isoformat(),
        },
        *(_question(each) for each in shown.questions),
        *(_touch(each) for each in shown.touches),
    ]
    if shown.qualification is not None:
        lines.append({"need": shown.qualification.answers.need.note})
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _question(each: Said | Returned | Asked | Unconfirmed) -> dict[str, object]:
    at = each.at.date().isoformat()
    match each:
        case Said():
            return {"open": "call", "at": at, "outcome": each.outcome, "reason": each.reason, "note": each.note}
        case Returned():
            return {"open": "returned by field sales", "at": at, "reason": each.reason, "comment": each.comment}
        case Asked():
            return {"open": "asked in a form", "at": at, "message": each.message}
        case Unconfirmed():
            return {"open": "not confirmed", "at": at, "elements": list(each.elements)}


def _touch(each: HistoryEntry) -> dict[str, object]:
    at = each.at.date().isoformat()
    match each:
        case CallEntry():
            return {"touch": "call", "at": at, "connection": each.connection, "outcome": each.outcome}
        case MailEntry():
            return {"touch": "mail", "at": at, "subject": each.subject}
        case FormEntry():
            return {"touch": "form", "at": at}
        case MeetingEntry():
            return {"touch": "meeting", "at": each.starts_at.date().isoformat(), "status": each.status}
    return {"touch": "return", "at": at}
