"""A lead as people name it when they talk: 田中さん, あおば精機の山田様. One is taken, of several the asker chooses."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from handlers import lead_lines
from handlers.blocks import section
from handlers.i18n import Markup, Translator
from handlers.interaction import Interaction
from handlers.messages import Rendered
from handlers.tools import Arguments, Which
from services.outreach import leads
from services.outreach.records import LeadLine

MOST_OFFERED: Final = 5
"""So many fit under the question as buttons; of more, the name has to say more."""


class OfLead(Arguments):
    """About one lead."""

    name: str = Field("", description="The person or company as the user named it; empty if none was named.")
    lead_id: int | None = Field(None, description="The lead's number, if an earlier answer gave it; else null.")


async def lead_of(interaction: Interaction, arguments: OfLead) -> LeadLine | Which | Rendered:
    """The lead that is meant; the question which one; or that there is none.

    Refused: NOT_FOUND for a number that is nobody's.
    """
    t = interaction.t
    if arguments.lead_id is not None:
        found = await leads.card(interaction.deps, interaction.actor, arguments.lead_id)
        return found.lead
    if not arguments.name:
        own = await leads.mine(interaction.deps, interaction.actor, limit=MOST_OFFERED)
        return which(interaction, own) if own else nobody(t, "")
    fitting = await named(interaction, arguments.name, MOST_OFFERED + 1)
    exact = [line for line in fitting if arguments.name in (line.contact, line.account)]
    if len(fitting) == 1 or len(exact) == 1:
        return (fitting if len(fitting) == 1 else exact)[0]
    return which(interaction, fitting) if fitting else nobody(t, arguments.name)


async def named(interaction: Interaction, name: str, limit: int) -> list[LeadLine]:
    """Leads that fit a name. の between a company and a person joins the two."""
    found = await leads.find(interaction.deps, interaction.actor, name, limit)
    if not found and "の" in name:
        found = await leads.find(interaction.deps, interaction.actor, name.replace("の", " "), limit)
    return found


def which(interaction: Interaction, lines: list[LeadLine]) -> Which:
    """The question which of these leads is meant; where they are too many for it, that the name has to say more."""
    t, zone, now = interaction.t, interaction.actor.zone, interaction.deps.now()
    question = t.md("*Which one?*")
    if len(lines) > MOST_OFFERED:
        more = t.md("There are more: please name the company and the person.")
        question = Markup(f"{question}\n{more}")
    offered = lines[:MOST_OFFERED]
    return Which(question, "lead_id", [lead_lines.choice(t, line, zone, now) for line in offered])


def nobody(t: Translator, name: str) -> Rendered:
    """No lead is called so."""
    if not name:
        text = t.md("Whom do you mean? Please write the name of a person or a company.")
    else:
        text = t.md("No lead fits “{text}”. Search with `/lead find`, or add it with `/lead add`.", text=name)
    return Rendered(text, [section(Markup(f":mag: {text}"))])
