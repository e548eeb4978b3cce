"""The next step of a lead that is not handed off: the inputs two wings show, and what was chosen."""

from __future__ import annotations

from datetime import date, time

from slack_sdk.models.blocks import Block

from domain.leads import DisqualifyReason, NextStep
from handlers.blocks import Choice, day_input, radio_input, select_input, text_input, time_input
from handlers.forms import Form
from handlers.i18n import Translator
from handlers.terms import DISQUALIFY_REASONS, NEXT_STEPS, choices

CHOSEN = "lead.next.choose"
"""The action that redraws the modal when another step is chosen."""
SUBMIT = "lead.next.submit"

FIELDS = frozenset({"next_step", "reason", "on", "time", "note"})
"""The block_ids of these inputs."""

STEPS = (NextStep.CALL, NextStep.NURTURE, NextStep.DISQUALIFY)


def inputs(t: Translator, step: NextStep, *, on: date | None = None, at: str | None = None) -> list[Block]:
    """The choice of the step, and only the inputs that fit the step chosen now."""
    blocks = [
        radio_input(
            "next_step",
            t("Next step"),
            [Choice(s.value, t(NEXT_STEPS[s])) for s in STEPS],
            step,
            dispatch=CHOSEN,
        )
    ]
    if step is NextStep.DISQUALIFY:
        reasons = choices(t, DISQUALIFY_REASONS)
        blocks.append(select_input("reason", t("Reason"), reasons, optional=False, placeholder=t("Choose")))
    elif step is NextStep.CALL:
        blocks.append(day_input("on", t("Call on"), on, optional=False))
        blocks.append(time_input("time", t("At"), at, hint=t("Leave empty when no time was promised.")))
    else:
        blocks.append(day_input("on", t("Look again on"), on))
    blocks.append(text_input("note", t("Note"), multiline=True, max_length=1000))
    return blocks


def chosen_step(form: Form) -> NextStep:
    """The step chosen in the modal as it stands."""
    return form.choice("next_step", NextStep) or NextStep.CALL


def parse(form: Form, today: date) -> tuple[NextStep, date | None, time | None, DisqualifyReason | None, str]:
    """(step, date, time, reason, note); raises `Rejected` naming the inputs at fault."""
    step = form.required_choice("next_step", NextStep, NextStep.CALL)
    on = form.day("on", not_before=today)
    parsed = (step, on, form.time("time"), form.choice("reason", DisqualifyReason), form.text("note"))
    form.check()
    return parsed
