"""The form of a call: what fits is asked, one axis after the other, and what was typed outlives each redraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, Self

from slack_sdk.models.blocks import Block

from domain.errors import Code, Refused, Rejected
from domain.leads import DisqualifyReason, NextStep
from domain.outreach.calls import (
    CallResult,
    Connection,
    Outcome,
    Party,
    Plan,
    RefusalReason,
    decides_next_step,
    fitting_outcomes,
    suggested_step,
)
from domain.outreach.natural_time import Reading
from handlers.blocks import Choice, day_input, radio_input, select_input, text_input, time_input
from handlers.forms import Form, word
from handlers.i18n import Translator
from handlers.i18n import mark as _
from handlers.outreach.history import CONNECTIONS, OUTCOMES, PARTIES
from handlers.terms import DISQUALIFY_REASONS, NEXT_STEPS, choices

CHANGED: Final = "call.form"
"""The action that redraws the form; what follows `#` names the input."""
KEEP: Final = "keep"
"""The choice to decide nothing: the lead stays in the call list."""
NOTE_LIMIT: Final = 3000

REFUSAL_REASONS: Final[Mapping[RefusalReason, str]] = {
    RefusalReason.BUDGET: _("No budget"),
    RefusalReason.NEED: _("No need"),
    RefusalReason.NOT_DECISION_MAKER: _("Not the decision maker"),
    RefusalReason.TIMING: _("Wrong timing"),
    RefusalReason.COMPETITOR: _("Uses a competitor"),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands. `kept` are values of inputs that are not shown now, by name."""

    connection: Connection
    party: Party | None
    outcome: Outcome | None
    when: str
    on: date | None
    time: time | None
    reason: RefusalReason | None
    disqualify_reason: DisqualifyReason | None
    step: NextStep | None
    """None: nothing was decided."""
    note: str
    kept: Mapping[str, str]

    @classmethod
    def read(cls, form: Form, kept: Mapping[str, str]) -> Self:
        """The values of a view; what it does not show is taken from `kept`."""
        connection = form.choice("connection", Connection) or Connection.ANSWERED
        now = dict(kept)
        party = form.choice("party", Party) or _kept(Party, kept, "party")
        if connection is not Connection.ANSWERED:
            party = None
        fitting = fitting_outcomes(party) if party else ()
        outcome = form.choice(outcome_block(party), Outcome) if party else None
        if outcome is None:
            outcome = _kept(Outcome, kept, "outcome")
        outcome = outcome if outcome in fitting else None
        shown = {
            "party": form.option("party"),
            "outcome": outcome.value if outcome else None,
            "reason": form.option("reason"),
            "disqualify_reason": form.option("disqualify_reason"),
        }
        now |= {name: value for name, value in shown.items() if value}
        if form.shows("when"):
            # Words that were taken out again are not brought back.
            now["when"] = form.text("when")
        block = step_block(connection, outcome)
        chosen = form.option(block)
        step = suggested_step(outcome) if chosen is None else word(NextStep, chosen, block) if chosen != KEEP else None
        return cls(
            connection,
            party,
            outcome,
            now.get("when", ""),
            form.day("on"),
            form.time("time"),
            form.choice("reason", RefusalReason) or _kept(RefusalReason, kept, "reason"),
            form.choice("disqualify_reason", DisqualifyReason) or _kept(DisqualifyReason, kept, "disqualify_reason"),
            None if decides_next_step(outcome) else step,
            form.text("note"),
            now,
        )

    @property
    def complete(self) -> bool:
        """Whether the three axes say all they have to."""
        return self.connection is not Connection.ANSWERED or self.outcome is not None

    @property
    def asks_time(self) -> bool:
        """Whether a time to call again belongs to it."""
        return self.outcome is Outcome.CALLBACK or (self.complete and self.step is NextStep.CALL)


def _kept(kind: Any, kept: Mapping[str, str], name: str) -> Any:
    return kind(kept[name]) if name in kept else None


def outcome_block(party: Party | None) -> str:
    """The block of the outcomes that fit a party: another block where others fit, so that no choice is left standing
    that is not offered any more."""
    return "outcome_" + "_".join(str(list(Outcome).index(outcome)) for outcome in fitting_outcomes(party or Party.NONE))


def step_block(connection: Connection, outcome: Outcome | None) -> str:
    """The block of the next step: one for each outcome, because each suggests another."""
    return f"step_{outcome or connection}"


def inputs(t: Translator, typed: Typed) -> list[Block]:
    """What fits what has been said so far."""
    blocks: list[Block] = [
        radio_input(
            "connection", t("Connection"), choices(t, CONNECTIONS), typed.connection, dispatch=f"{CHANGED}#connection"
        )
    ]
    if typed.connection is Connection.ANSWERED:
        blocks.append(
            radio_input(
                "party", t("Who spoke?"), choices(t, PARTIES, Party.NONE), typed.party, dispatch=f"{CHANGED}#party"
            )
        )
    if typed.party is not None:
        offered = [Choice(outcome.value, t(OUTCOMES[outcome])) for outcome in fitting_outcomes(typed.party)]
        block = outcome_block(typed.party)
        blocks.append(radio_input(block, t("What came of it?"), offered, typed.outcome, dispatch=f"{CHANGED}#outcome"))
    if typed.outcome is Outcome.REFUSED:
        blocks.append(
            select_input(
                "reason",
                t("Why?"),
                choices(t, REFUSAL_REASONS),
                typed.reason,
                optional=False,
                placeholder=t("Choose"),
            )
        )
    if typed.complete and not decides_next_step(typed.outcome):
        steps = [
            Choice(KEEP, t("Stay in the call list")),
            *(
                Choice(step.value, t(NEXT_STEPS[step]))
                for step in (NextStep.CALL, NextStep.NURTURE, NextStep.DISQUALIFY)
            ),
        ]
        block = step_block(typed.connection, typed.outcome)
        chosen = typed.step.value if typed.step else KEEP
        blocks.append(radio_input(block, t("Next step"), steps, chosen, dispatch=f"{CHANGED}#step"))
    if typed.asks_time:
        suggestion = "" if typed.outcome is Outcome.CALLBACK else t("in 3 business days")
        blocks += [
            text_input(
                "when",
                t("Call again when? In your own words"),
                typed.when or suggestion,
                placeholder=t("tomorrow 3pm, next Tuesday, in 30 minutes, 11/30 15:00"),
                hint=t("Or choose below. A day without a time means the start of business hours."),
                max_length=60,
            ),
            day_input("on", t("Call on"), typed.on),
            time_input("time", t("At"), typed.time.strftime("%H:%M") if typed.time else None),
        ]
    if typed.complete and typed.step is NextStep.NURTURE:
        blocks.append(day_input("on", t("Look again on"), typed.on))
    if typed.outcome is Outcome.DISQUALIFIED or (typed.complete and typed.step is NextStep.DISQUALIFY):
        blocks.append(
            select_input(
                "disqualify_reason",
                t("Reason"),
                choices(t, DISQUALIFY_REASONS, DisqualifyReason.DO_NOT_CALL),
                typed.disqualify_reason,
                optional=False,
                placeholder=t("Choose"),
            )
        )
    blocks.append(text_input("note", t("Note"), typed.note, multiline=True, max_length=NOTE_LIMIT))
    return blocks


def check(typed: Typed) -> None:
    """Raise `Rejected` naming every input that is still to be filled in, before a time is looked at."""
    refusals = []
    if typed.connection is Connection.ANSWERED:
        if typed.party is None:
            refusals.append(Refused(Code.REQUIRED, "party"))
        elif typed.outcome is None:
            refusals.append(Refused(Code.REQUIRED, outcome_block(typed.party)))
    if typed.outcome is Outcome.REFUSED and typed.reason is None:
        refusals.append(Refused(Code.REQUIRED, "reason"))
    out = typed.outcome is Outcome.DISQUALIFIED or typed.step is NextStep.DISQUALIFY
    if out and typed.disqualify_reason is None:
        refusals.append(Refused(Code.REQUIRED, "disqualify_reason"))
    if refusals:
        raise Rejected(*refusals)


def result(typed: Typed, at: datetime | None) -> tuple[CallResult, Plan | None]:
    """What the form says; `at` is the moment to call again or to look again."""
    said = CallResult(
        typed.connection,
        typed.party or Party.NONE,
        typed.outcome,
        typed.note,
        callback_at=at if typed.outcome is Outcome.CALLBACK else None,
        reason=typed.reason if typed.outcome is Outcome.REFUSED else None,
        disqualify_reason=typed.disqualify_reason or DisqualifyReason.OUT_OF_SCOPE,
    )
    if typed.step is None:
        return said, None
    why = typed.disqualify_reason if typed.step is NextStep.DISQUALIFY else None
    return said, Plan(typed.step, None if typed.step is NextStep.DISQUALIFY else at, why)


def read_as(t: Translator, reading: Reading) -> str:
    """What was filled in, and what should be seen about the day; "" where there is nothing to say."""
    said = []
    if not reading.time_said:
        said.append(t("No time was said, so it is the start of business hours."))
    if not reading.business_day:
        said.append(t(":warning: Your team does not work on that day."))
    return " ".join(said)
