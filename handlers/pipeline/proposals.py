"""Proposals for BANT in Slack: accepted, edited or rejected by one click each."""

from __future__ import annotations

from datetime import date
from typing import Any

from slack_sdk.models.blocks import Block

from domain.errors import Code
from domain.members import Permission
from domain.pipeline.notes import Field, Proposal, Value
from domain.pipeline.recordings import Decision
from domain.qualification.bant import MAX_YEN
from handlers import spoken
from handlers.blocks import day_input, modal, number_input, section, select_input, text_input
from handlers.forms import Form, record, word
from handlers.i18n import Translator
from handlers.interaction import Answer, Interaction, metadata
from handlers.pipeline.recording_card import cited
from handlers.routes import Routes
from handlers.terms import ANSWERS, BUDGET_STATES, LEVELS, choices
from services.pipeline import proposals as service

SUBMIT = "proposal.edit.submit"
TEXT_LIMIT = 1000
CHOICES: dict[Field, Any] = {
    Field.BUDGET_STATE: BUDGET_STATES,
    Field.URGENCY: LEVELS,
    Field.PAIN_RECOGNISED: ANSWERS,
    Field.INTENT_STATED: ANSWERS,
}
DAYS = (Field.START_ON, Field.DECIDE_ON)


def register(routes: Routes) -> None:
    """The three buttons and the form of the second."""
    routes.action("proposal.accept", accept, Permission.QUALIFY)
    routes.action("proposal.reject", reject, Permission.QUALIFY)
    routes.action("proposal.edit", open_edit, Permission.QUALIFY)
    routes.view(SUBMIT, edit, Permission.QUALIFY)


async def accept(interaction: Interaction) -> Answer:
    """It is so; the message says so in a moment."""
    await service.decide(interaction.deps, interaction.actor, interaction.record, Decision.ACCEPTED)
    return None


async def reject(interaction: Interaction) -> Answer:
    """It is not so."""
    await service.decide(interaction.deps, interaction.actor, interaction.record, Decision.REJECTED)
    return None


async def open_edit(interaction: Interaction) -> Answer:
    """It is nearly so: ask how."""
    t = interaction.t
    found = await service.one(interaction.deps, interaction.actor, interaction.record)
    proposed = found.proposed
    await interaction.open(
        modal(
            SUBMIT,
            t("Edit the proposal"),
            [section(cited(t, proposed.quote, proposed.source)), _input(t, proposed)],
            submit=t("Accept it"),
            close=t("Cancel"),
            private_metadata=metadata(proposal=found.proposal_id, field=proposed.field.value),
        )
    )
    return None


def _input(t: Translator, proposed: Proposal) -> Block:
    label, value = t(spoken.FIELDS[proposed.field]), proposed.value
    if proposed.field is Field.BUDGET_AMOUNT:
        amount = value if isinstance(value, int) else None
        return number_input("value", t("Budget in yen"), amount, optional=False, least=0, most=MAX_YEN)
    if proposed.field in DAYS:
        return day_input("value", label, value if isinstance(value, date) else None, optional=False)
    if proposed.field in CHOICES:
        return select_input("value", label, choices(t, CHOICES[proposed.field]), str(value), optional=False)
    return text_input("value", label, str(value), optional=False, multiline=True, max_length=TEXT_LIMIT)


async def edit(interaction: Interaction) -> Answer:
    """It is so, with the value as it was typed."""
    field = word(Field, interaction.metadata.get("field"), "field")
    value = _typed(interaction.form, field)
    number = record(str(interaction.metadata.get("proposal", "")))
    await service.decide(interaction.deps, interaction.actor, number, Decision.EDITED, value)
    return None


def _typed(form: Form, field: Field) -> Value:
    value: Value | None
    if field is Field.BUDGET_AMOUNT:
        value = form.number("value")
    elif field in DAYS:
        value = form.day("value")
    elif field in CHOICES:
        value = form.option("value")
    else:
        value = form.text("value")
    if value is None or value == "":
        form.wrong("value", Code.REQUIRED)
    form.check()
    return "" if value is None else value
