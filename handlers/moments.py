"""When, in people's own words: what they mean by them, or what is asked back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.outreach.natural_time import Reading
from domain.outreach.time_words import Problem, Unreadable
from handlers.blocks import Choice
from handlers.boundary import warning
from handlers.i18n import Translator
from handlers.i18n import mark as _
from handlers.interaction import Interaction
from handlers.messages import Rendered
from handlers.tools import Which
from services.outreach import calls

EXAMPLES = _("tomorrow 3pm, next Tuesday, in 30 minutes, 11/30 15:00")


async def moment_of(interaction: Interaction, words: str, field: str = "when") -> Reading | Which | Rendered:
    """The moment that words mean; where they could mean several, the question which, its answer for the argument
    `field`; else what was not understood."""
    t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
    if not words:
        return warning(t("Say when, for example: {examples}", examples=t(EXAMPLES)))
    try:
        return await calls.when(interaction.deps, actor, words, None, None)
    except Unreadable as problem:
        if problem.problem is Problem.AMBIGUOUS and problem.meanings:
            local = [at.astimezone(ZoneInfo(actor.zone)) for at in problem.meanings]
            choices = [Choice(f"{at:%Y-%m-%d %H:%M}", t.moment(at, actor.zone, now=now)) for at in local]
            return Which(t.md("*When do you mean?*"), field, choices)
        return warning(unreadable(t, problem, actor.zone, now))


def unreadable(t: Translator, problem: Unreadable, zone: str, now: datetime) -> str:
    """What was understood of the words for a time, and how to say it."""
    examples = t(EXAMPLES)
    meanings = [t.moment(at, zone, now=now) for at in problem.meanings]
    match problem.problem:
        case Problem.EMPTY:
            return t("Say when, for example: {examples}", examples=examples)
        case Problem.UNKNOWN:
            return t("I do not understand “{rest}”. For example: {examples}", rest=problem.rest, examples=examples)
        case Problem.AMBIGUOUS if meanings:
            return t(
                "This could be {meanings}. Say which, with the date and the time of 24 hours: 11/30 15:00",
                meanings=t(" or ").join(meanings),
            )
        case Problem.AMBIGUOUS:
            return t("One day and one time, please. For example: {examples}", examples=examples)
        case Problem.NO_DAY:
            return t("On which day? For example: next Tuesday, 11/30")
        case Problem.IMPOSSIBLE:
            return t(
                "“{rest}” does not fit the calendar. For example: {examples}", rest=problem.rest, examples=examples
            )
        case Problem.PAST:
            return t("I understood {at}, which has passed. Add the day: tomorrow 9:00", at=meanings[0])
        case Problem.TOO_FAR:
            return t("That is more than a year away. For example: {examples}", examples=examples)
