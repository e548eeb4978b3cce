"""Reminders to reps: the card of a promised call, what is overdue, what has no next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from slack_sdk.models.blocks import Block

from domain.leads import NextStep, Stage
from domain.outreach.call_queue import Promised
from handlers import lead_lines
from handlers.blocks import actions, button, context, section
from handlers.i18n import Markup, escape
from handlers.messages import Reader, Rendered
from handlers.outreach.call_queue_cards import CALLBACK, EXAMPLE_CARD, block_id, card, reason_text
from handlers.outreach.call_words import log_button
from handlers.routes import Outgoing, Routes
from handlers.terms import NEXT_STEPS, STAGE_MARKS, STAGES
from services import members
from services.deps import Deps
from services.outreach import lead_card as card_service
from services.outreach import reminders as service
from services.outreach.lead_card import LeadCard
from services.outreach.reminders import StepLine, StepList

LOOK_SECONDS = 30
"""How often promised calls are looked for: often enough for five minutes to mean five."""


def register(routes: Routes) -> None:
    """The jobs and their messages."""
    routes.job("promised-callbacks", service.remind_promised, seconds=LOOK_SECONDS)
    routes.daily("overdue-steps", service.send_overdue, plan=service.overdue_plan)
    routes.daily("no-next-step", service.send_aimless, plan=service.friday_plan)
    routes.delivery(service.CALLBACK, compose_callback)
    routes.delivery(service.OVERDUE, compose_overdue)
    routes.delivery(service.AIMLESS, compose_aimless)


@dataclass(frozen=True, slots=True)
class CallbackReminder:
    """Five minutes before a promised call: the lead's card, from which the result is logged."""

    card: LeadCard
    promise: Promised

    def render(self, reader: Reader) -> Rendered:
        """When, and the card."""
        t = reader.t
        who = f"{self.card.contact.name}　{self.card.account.name}"
        text = t.md("{reason}: {who}", reason=reason_text(reader, self.promise), who=who)
        blocks: list[Block] = [section(Markup(f"⏰ *{text}*"))]
        return Rendered(text, [*blocks, *card(reader, self.card, [self.promise], CALLBACK)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Promised to the customer, and planned by the rep."""
        return [cls(EXAMPLE_CARD, Promised(_AT, by_customer=True)), cls(EXAMPLE_CARD, Promised(_AT, by_customer=False))]


def _step_row(reader: Reader, line: StepLine, *, overdue: bool) -> list[Block]:
    t = reader.t
    title = f" {escape(line.title)}" if line.title else ""
    facts = [f"{STAGE_MARKS[line.stage]} {escape(t(STAGES[line.stage]))}"]
    if line.next_step is not None and line.next_step_at is not None:
        due = lead_lines.due(t, line.next_step, line.next_step_at, reader.zone, reader.now)
        facts.append(f"{'🔴 ' if overdue else ''}{escape(t(NEXT_STEPS[line.next_step]))} {escape(due)}")
    if line.last_called_at is not None:
        called = t.moment(line.last_called_at, reader.zone, now=reader.now)
        facts.append(f"{escape(t('Last call'))}: {escape(called)}")
    text = Markup(f"*{escape(line.contact)}*{title}　{escape(line.account)}\n{'　'.join(facts)}")
    steps = button(t("Next step"), "lead.next", line.lead_id)
    row = [
        *([log_button(t, line.lead_id)] if line.next_step is not NextStep.NURTURE else []),
        steps,
        button(t("Open"), "lead.show", line.lead_id),
    ]
    return [section(text), actions(*row, block_id=block_id("step", line.lead_id))]


def _steps(reader: Reader, found: StepList, *, overdue: bool) -> list[Block]:
    t = reader.t
    blocks = [block for line in found.lines for block in _step_row(reader, line, overdue=overdue)]
    more = found.count - len(found.lines)
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return blocks


@dataclass(frozen=True, slots=True)
class OverdueSteps:
    """At noon: the steps whose time has passed."""

    steps: StepList

    def render(self, reader: Reader) -> Rendered:
        """How many, and the longest overdue first."""
        t = reader.t
        text = t.plural("{n} next step is overdue", "{n} next steps are overdue", self.steps.count)
        hint = t("Call, or set a new day: nobody else will.")
        head = section(Markup(f"🕛 *{escape(text)}*\n{escape(hint)}"))
        return Rendered(escape(text), [head, *_steps(reader, self.steps, overdue=True)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """More than are shown, and one."""
        return [cls(StepList(14, tuple(_LINES))), cls(StepList(1, (_LINES[0],)))]


@dataclass(frozen=True, slots=True)
class AimlessLeads:
    """On Friday: leads in work for which nothing is planned."""

    steps: StepList

    def render(self, reader: Reader) -> Rendered:
        """How many, and the longest untouched first."""
        t = reader.t
        text = t.plural("{n} lead has no next step", "{n} leads have no next step", self.steps.count)
        hint = t("Decide before the weekend what happens with them next.")
        head = section(Markup(f"🧭 *{escape(text)}*\n{escape(hint)}"))
        return Rendered(escape(text), [head, *_steps(reader, self.steps, overdue=False)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """More than are shown, and one."""
        plain = [replace(line, next_step=None, next_step_at=None) for line in _LINES]
        return [cls(StepList(14, tuple(plain))), cls(StepList(1, (plain[0],)))]


async def compose_callback(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The card, unless the call was made, moved or forbidden since, or the lead is somebody else's."""
    actor = await members.who(deps, team_id, str(arguments["channel"]))
    if actor is None:
        return None
    lead_id, at = int(arguments["lead_id"]), datetime.fromisoformat(str(arguments["at"]))
    promise = await service.promise(deps, actor, lead_id, at)
    if promise is None:
        return None
    shown = await card_service.card(deps, actor, lead_id)
    return Outgoing(CallbackReminder(shown, promise), actor.language, actor.zone, actor.slack_user)


async def compose_overdue(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """What is overdue now, if anything still is."""
    actor = await members.who(deps, team_id, str(arguments["channel"]))
    if actor is None:
        return None
    steps = await service.overdue(deps, actor, datetime.fromisoformat(str(arguments["at"])))
    if not steps.count:
        return None
    return Outgoing(OverdueSteps(steps), actor.language, actor.zone, actor.slack_user)


async def compose_aimless(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The leads without a next step, if there still are some."""
    actor = await members.who(deps, team_id, str(arguments["channel"]))
    if actor is None:
        return None
    steps = await service.aimless(deps, actor)
    if not steps.count:
        return None
    return Outgoing(AimlessLeads(steps), actor.language, actor.zone, actor.slack_user)


_AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
_LINES = [
    StepLine(
        12 + n,
        "山田 <太郎>",
        "部長" if n % 2 else "",
        "株式会社あおば精機製作所",
        Stage.WORKING,
        NextStep.CALL if n % 3 else NextStep.NURTURE,
        _AT - timedelta(days=10 - n),
        _AT - timedelta(days=20) if n % 2 else None,
    )
    for n in range(10)
]
