"""`/team model`: what the language model may be sent, what it may cost, and what it has done this month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code
from domain.members import Permission
from domain.model import MOST_BUDGET_YEN, YEN, Outcome, Sharing
from handlers.blocks import Choice, context, divider, modal, number_input, radio_input, section, ticks_input
from handlers.forms import word
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Update
from handlers.model_words import OUTCOMES
from handlers.routes import Routes
from services import model
from services.model import EMBEDDING, TRANSCRIPTION, Overview

SUBMIT: Final = "team.model.submit"
RECORDINGS: Final = "recordings"
LISTED: Final = 20
"""Prompts that are listed, the dearest first."""

SHARINGS: Final[Mapping[Sharing, str]] = {
    Sharing.OFF: _("Off: nothing is sent"),
    Sharing.MASKED: _("Masked"),
    Sharing.FULL: _("As it is"),
}
EXPLAINED: Final[Mapping[Sharing, str]] = {
    Sharing.OFF: _("Everything works without the model, plainer"),
    Sharing.MASKED: _("Names, telephone numbers and mail addresses are replaced"),
    Sharing.FULL: _("Texts and recordings, with all names in them"),
}
WITHOUT_PROMPT: Final[Mapping[str, str]] = {
    EMBEDDING: _("Search"),
    TRANSCRIPTION: _("Recordings written down"),
}


def register(routes: Routes) -> None:
    """`/team model`."""
    routes.command(
        "team",
        "model",
        open_model,
        Permission.EDIT_TEAM,
        usage=_("model"),
        summary=_("What the language model may be sent and may cost (managers)"),
    )
    routes.view(SUBMIT, save, Permission.EDIT_TEAM)


async def open_model(interaction: Interaction) -> Answer:
    """What was decided, and what came of it."""
    seen = await model.overview(interaction.deps, interaction.actor)
    await interaction.open(_form(interaction.t, seen) if seen.configured else _none(interaction.t))
    return None


def _none(t: Translator) -> View:
    """There is nothing to decide."""
    blocks = [
        section(
            t.md("*No language model is set up here.* Nothing leaves the house, and everything works without one.")
        ),
        context(t.md("Whoever runs Kakehashi sets OPENAI_API_KEY or OPENAI_BASE_URL (docs/model.md).")),
    ]
    return modal("team.model", t("Language model"), blocks, close=t("Close"))


def _form(t: Translator, seen: Overview) -> View:
    rules = seen.rules
    ticked = [RECORDINGS] if rules.recordings else []
    recordings = Choice(RECORDINGS, t("Recordings too, as they are"), t("Nothing in a recording can be masked"))
    blocks: list[Block] = [
        radio_input(
            "sharing",
            t("What is sent to the language model"),
            [Choice(each, t(SHARINGS[each]), t(EXPLAINED[each])) for each in Sharing],
            rules.sharing,
        ),
        ticks_input("recordings", t("When texts are masked"), [recordings], ticked),
        number_input(
            "budget",
            t("Budget for a month (yen)"),
            rules.monthly_budget_yen,
            optional=False,
            least=0,
            most=MOST_BUDGET_YEN,
            hint=t("When it is used up, everything goes on without the model until the month ends."),
        ),
        divider(),
        section(
            t.md("*This month*　{used} of {budget}", used=t.yen(seen.used_yen), budget=t.yen(rules.monthly_budget_yen))
        ),
        *_month(t, seen),
    ]
    return modal(SUBMIT, t("Language model"), blocks, submit=t("Save"), close=t("Cancel"))


def _month(t: Translator, seen: Overview) -> list[Block]:
    """How often each prompt was asked, how that ended and what it cost."""
    if not seen.calls:
        return [context(t.md("Not asked anything yet."))]
    by_prompt: dict[str, list[str]] = {}
    costs: dict[str, int] = {}
    for prompt, how, calls, cost in seen.calls:
        outcome = t(OUTCOMES[Outcome(how)]) if how in set(Outcome) else how
        by_prompt.setdefault(prompt, []).append(f"{outcome} {t.number(calls)}")
        costs[prompt] = costs.get(prompt, 0) + cost
    dearest = sorted(by_prompt, key=lambda prompt: -costs[prompt])
    lines = [
        f"{escape(t(WITHOUT_PROMPT[prompt])) if prompt in WITHOUT_PROMPT else f'`{escape(prompt)}`'}　"
        f"{escape(t.yen(-(-costs[prompt] // YEN)))}　{escape(t.listed(by_prompt[prompt]))}"
        for prompt in dearest[:LISTED]
    ]
    more = len(dearest) - LISTED
    if more > 0:
        lines.append(escape(t.plural("{n} more", "{n} more", more)))
    return [section(Markup("\n".join(lines)))]


async def save(interaction: Interaction) -> Answer:
    """Another decision from now on."""
    t, form = interaction.t, interaction.form
    budget = form.number("budget")
    if budget is None:
        form.wrong("budget", Code.REQUIRED)
    elif not 0 <= budget <= MOST_BUDGET_YEN:
        form.wrong("budget", Code.INVALID)
    form.check()
    sharing = word(Sharing, form.option("sharing") or Sharing.OFF)
    ticked = RECORDINGS in form.choices("recordings")
    await model.set_rules(interaction.deps, interaction.actor, sharing, budget or 0, recordings=ticked)
    said = {
        Sharing.OFF: t.md("✅ Nothing is sent to the language model from now on."),
        Sharing.MASKED: t.md("✅ Texts are sent with names, telephone numbers and mail addresses replaced."),
        Sharing.FULL: t.md("✅ Texts and recordings are sent as they are."),
    }
    return Update(modal("team.model.saved", t("Language model"), [section(said[sharing])], close=t("Close")))
