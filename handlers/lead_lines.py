"""A lead in one line, as every wing writes it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.leads import NextStep
from handlers.blocks import Choice
from handlers.i18n import Markup, Translator, escape
from handlers.terms import DISQUALIFY_REASONS, NEXT_STEPS, STAGE_MARKS, STAGES
from services.outreach.records import LeadLine


def name(line: LeadLine) -> str:
    """山田 太郎 / 株式会社あおば精機製作所."""
    return f"{line.contact} / {line.account}"


def choice(t: Translator, line: LeadLine, zone: str, now: datetime) -> Choice:
    """The lead in a select; under its name its stage and the last call."""
    called = f"{t('Last call')}: {t.moment(line.last_called_at, zone, now=now)}" if line.last_called_at else line.title
    described = "　".join(part for part in (f"{STAGE_MARKS[line.stage]} {t(STAGES[line.stage])}", called) if part)
    return Choice(str(line.lead_id), name(line), described)


def next_step(t: Translator, line: LeadLine, zone: str, now: datetime) -> str:
    """再架電 4月2日(木) 10:00; a dash where nothing is planned."""
    if line.disqualify_reason is not None:
        return f"{t(NEXT_STEPS[NextStep.DISQUALIFY])}: {t(DISQUALIFY_REASONS[line.disqualify_reason])}"
    if line.next_step is None:
        return "–"
    label = t(NEXT_STEPS[line.next_step])
    if line.next_step is NextStep.WAIT_FOR_FIELD_SALES and line.next_step_at is not None:
        # Field sales has a time for it: the meeting's.
        label = t("Meeting")
    return f"{label} {due(t, line.next_step, line.next_step_at, zone, now)}" if line.next_step_at else label


def due(t: Translator, step: NextStep, at: datetime, zone: str, now: datetime) -> str:
    """When a step is due: nurturing on a day, a call at its time."""
    return t.day(at.astimezone(ZoneInfo(zone)).date()) if step is NextStep.NURTURE else t.moment(at, zone, now=now)


def markup(t: Translator, line: LeadLine, zone: str, now: datetime, *, stage: bool = True) -> Markup:
    """Two lines of mrkdwn: who, and where it stands; `stage` False under a heading that says it already."""
    title = f"　{escape(line.title)}" if line.title else ""
    facts = [f"{STAGE_MARKS[line.stage]} {escape(t(STAGES[line.stage]))}"] if stage else []
    step = next_step(t, line, zone, now)
    if step != "–":
        facts.append(f"{escape(t('Next step'))}: {escape(step)}")
    if line.last_called_at is not None:
        facts.append(f"{escape(t('Last call'))}: {escape(t.moment(line.last_called_at, zone, now=now))}")
    if not facts:
        facts.append(escape(t("No call yet")))
    return Markup(f"*{escape(line.contact)}*{title}　{escape(line.account)}\n{'　'.join(facts)}")
