"""What the demonstration says to somebody who has just opened it: who is here, and what there is to try."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.models.blocks import Block

from handlers.blocks import context, divider, header, section
from handlers.i18n import LANGUAGES, Markup, Translator, mention, translator
from handlers.messages import Rendered
from handlers.routes import Routes


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom to look for: people of the invented history, by name. `ready`: sales qualified and not handed off."""

    talked: str
    ready: str | None


@dataclass(frozen=True, slots=True)
class Cast:
    """Slack users to play: one each of inside sales, field sales and the managers; and the channel of inquiries."""

    inside: str
    field: str
    manager: str
    inbound: str


def welcome(routes: Routes, cast: Cast, hint: Hint) -> Rendered:
    """In every language, the team's first."""
    blocks: list[Block] = []
    for language in sorted(LANGUAGES, key=lambda code: code != "ja"):
        if blocks:
            blocks.append(divider())
        blocks += _said(translator(language), routes, cast, hint)
    return Rendered(translator("ja")("Welcome to the demonstration of Kakehashi"), blocks)


def _said(t: Translator, routes: Routes, cast: Cast, hint: Hint) -> list[Block]:
    there = {(command, verb) for command, verbs in routes.commands.items() for verb in verbs}
    tried = [
        (("call", "queue"), t.md("`/call queue` – whom to call next, and why; log each call with one click")),
        (("lead", "qualify"), t.md("`/lead qualify {name}` – the verdict while the call is fresh", name=hint.talked)),
        (("lead", "show"), t.md("`/lead show {name}` – a lead with everything that happened", name=hint.talked)),
        (("kpi", "today"), t.md("`/kpi today` – the team's figures, and the rows behind each")),
        (
            ("playbook", "objection"),
            t.md("`/playbook objection` – what customers say, the team's answers, and how often they helped"),
        ),
        (("meeting", "book"), t.md("`/meeting book` – free times of field sales")),
    ]
    lines = [f"• {line}" for command, line in tried if command in there]
    place = Markup(f"<#{cast.inbound}>")
    lines.append("• " + t.md("{place} – two inquiries have just come in: claim one while its clock runs", place=place))
    if hint.ready is not None:
        lines.append("• " + t.md("`/lead show {name}` – sales qualified and ready to be handed off", name=hint.ready))
    lines.append("• " + t.md("Drop `data/companies-500.csv` into the bot's messages: 500 real companies are imported"))
    people = t.md(
        "You can be anybody: choose a person at the top left. {inside} calls, {field} takes the handoffs, {manager} "
        "sees the figures.",
        inside=mention(cast.inside),
        field=mention(cast.field),
        manager=mention(cast.manager),
    )
    return [
        header(t("Welcome to the demonstration of Kakehashi")),
        section(
            t.md(
                "An invented team has worked here for months: leads, calls, judgements, handoffs and meetings. "
                "Nothing you do reaches anybody."
            )
        ),
        section(people),
        section(Markup("\n".join(lines))),
        context(t.md("Each start begins anew. Home shows what is yours to do.")),
    ]
