"""The BANT modal's inputs, and what was typed into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from slack_sdk.models.blocks import Block

from domain.errors import Code
from domain.qualification.bant import (
    Answer,
    Answers,
    Authority,
    Budget,
    BudgetState,
    Element,
    Level,
    Need,
    Status,
    Timeline,
)
from handlers.blocks import Choice, day_input, divider, number_input, radio_input, section, select_input, text_input
from handlers.forms import Form
from handlers.i18n import Markup, Translator
from handlers.i18n import mark as _
from handlers.terms import ANSWERS, BUDGET_STATES, ELEMENTS, LEVELS, STATUSES, choices

YEN_PER_UNIT = 10_000
"""Budgets are typed in 万円, as they are spoken of."""
MOST_UNITS = 10_000_000
NOTE_LIMIT = 1000
SUMMARY_LIMIT = 3000


def inputs(t: Translator, known: Answers, said: Mapping[Element, Sequence[Block]]) -> list[Block]:
    """All inputs, filled in with what is already known; under each element what was said about it."""
    statuses = choices(t, STATUSES)
    levels = choices(t, LEVELS)

    def head(element: Element, question: str) -> list[Block]:
        return [
            divider(),
            section(Markup(f"*{t(ELEMENTS[element])}*　{t.md(question)}")),
            *said.get(element, ()),
            radio_input(f"{element}_status", t("Status"), statuses, known.status(element)),
        ]

    budget, authority, need, timeline = known.budget, known.authority, known.need, known.timeline
    return [
        *head(Element.BUDGET, _("Is there money, how much, is it secured?")),
        number_input(
            "budget_amount",
            t("Amount (in 10,000 yen)"),
            None if budget.amount_yen is None else budget.amount_yen // YEN_PER_UNIT,
            least=0,
            most=MOST_UNITS,
            hint=t("1200 means 12 million yen."),
        ),
        select_input(
            "budget_state", t("Budget status"), choices(t, BUDGET_STATES), budget.state, placeholder=t("Choose")
        ),
        text_input("budget_note", t("Note"), budget.note, max_length=NOTE_LIMIT),
        *head(Element.AUTHORITY, _("Who decides, who influences, how?")),
        text_input("authority_decision_maker", t("Decision maker"), authority.decision_maker, max_length=200),
        text_input("authority_influencers", t("Influencers"), authority.influencers, max_length=NOTE_LIMIT),
        text_input("authority_process", t("Decision process"), authority.process, max_length=NOTE_LIMIT),
        *head(Element.NEED, _("What hurts, how urgent, how concrete?")),
        text_input("need_note", t("Need"), need.note, multiline=True, max_length=NOTE_LIMIT),
        select_input("need_urgency", t("Urgency"), levels, need.urgency, placeholder=t("Choose")),
        select_input("need_severity", t("Severity"), levels, need.severity, placeholder=t("Choose")),
        select_input("need_concreteness", t("Concreteness"), levels, need.concreteness, placeholder=t("Choose")),
        *head(Element.TIMELINE, _("When should it start, when will they decide?")),
        day_input("timeline_start", t("Start"), timeline.start_on),
        day_input("timeline_decision", t("Decision"), timeline.decide_on),
        text_input("timeline_note", t("Note"), timeline.note, max_length=NOTE_LIMIT),
        divider(),
        radio_input("pain", t("Pain recognised"), _answers(t), known.pain_recognised),
        radio_input("intent", t("Intent stated"), _answers(t), known.intent_stated),
        text_input(
            "summary",
            t("Call summary"),
            known.call_summary,
            multiline=True,
            max_length=SUMMARY_LIMIT,
            hint=t("Goes into the handoff; you can still change it there."),
        ),
    ]


def _answers(t: Translator) -> list[Choice]:
    return choices(t, ANSWERS)


def parse(form: Form, today: date) -> Answers:
    """The answers as typed. Raises `Rejected` naming the inputs at fault."""

    def status(element: Element) -> Status:
        return form.required_choice(f"{element}_status", Status, Status.NOT_ASKED)

    units = form.number("budget_amount")
    if units is not None and not 0 <= units <= MOST_UNITS:
        form.wrong("budget_amount", Code.INVALID, least=0, most=MOST_UNITS)
    answers = Answers(
        Budget(
            status(Element.BUDGET),
            None if units is None else units * YEN_PER_UNIT,
            form.choice("budget_state", BudgetState),
            form.text("budget_note"),
        ),
        Authority(
            status(Element.AUTHORITY),
            form.text("authority_decision_maker"),
            form.text("authority_influencers"),
            form.text("authority_process"),
        ),
        Need(
            status(Element.NEED),
            form.choice("need_urgency", Level),
            form.choice("need_severity", Level),
            form.choice("need_concreteness", Level),
            form.text("need_note"),
        ),
        Timeline(
            status(Element.TIMELINE),
            form.day("timeline_start", not_before=today),
            form.day("timeline_decision", not_before=today),
            form.text("timeline_note"),
        ),
        form.required_choice("pain", Answer, Answer.UNKNOWN),
        form.required_choice("intent", Answer, Answer.UNKNOWN),
        form.text("summary"),
    )
    form.check()
    return answers
