"""What was written down and said, found again: `/data search` (work item 5-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from domain.members import Permission
from domain.pipeline.passages import MAX_TYPED
from domain.qualification.bant import Element
from domain.qualification.handoff import Section
from handlers.blocks import actions, button, context, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Rendered
from handlers.model_words import unavailable_line
from handlers.routes import Routes
from handlers.terms import ELEMENTS, SECTIONS
from handlers.tools import Arguments
from services.deps import Deps
from services.pipeline import knowledge as service
from services.pipeline import meanings
from services.pipeline.knowledge import Hit, Kind

MORE: Final = "data.search.more"
SHOWN: Final = 5
FURTHEST: Final = 100
"""Nobody reads behind so many answers; more words find it sooner."""

KINDS: Final[Mapping[Kind, str]] = {
    Kind.CALL: _("Call note"),
    Kind.LEAD: _("Lead's note"),
    Kind.QUALIFICATION: _("Qualification"),
    Kind.HANDOFF: _("Handoff"),
    Kind.RETURN: _("Return by field sales"),
    Kind.OBJECTION: _("Objection and answers"),
    Kind.SCRIPT: _("Call script"),
    Kind.RECORDING: _("Recorded conversation"),
    Kind.INQUIRY: _("Inquiry"),
}
PARTS: Final[Mapping[str, str]] = {
    **{element.value: ELEMENTS[element] for element in Element},
    **{each.value: SECTIONS[each] for each in Section},
    "worries": _("Worries"),
    "hopes": _("Hopes"),
    "note": _("Meeting note"),
}
"""The texts of a row, by the names under which they are kept."""


def register(routes: Routes) -> None:
    """`/data search`, and the button under its answers."""
    routes.command(
        "data",
        "search",
        find,
        Permission.READ,
        usage=_("search <words>"),
        summary=_("Find what was written down: notes of calls, qualifications, handoffs, the playbook"),
    )
    routes.action(MORE, more, Permission.READ)
    routes.tool("search", _("What was written down"), Search, asked, Permission.READ)
    routes.job("index-passages", service.index, seconds=service.INDEX_SECONDS)
    routes.job("embed-passages", meanings.start, seconds=meanings.LOOK_SECONDS)
    routes.task(meanings.TASK, embed, patient=True)


async def find(interaction: Interaction) -> Answer:
    """The best answers to what was typed."""
    if not interaction.text.strip():
        t = interaction.t
        example = t("Please type what you are looking for: /data search 稟議 決裁 部長")
        return Reply(Rendered(example, [section(escape(example))]))
    return Reply(await _listed(interaction, interaction.text.strip()[:MAX_TYPED], 0))


async def more(interaction: Interaction) -> Answer:
    """The answers behind those shown."""
    offset, _colon, text = interaction.value.partition(":")
    at = int(offset) if offset.isdecimal() and len(offset) < 5 else 0
    return Reply(await _listed(interaction, text[:MAX_TYPED], min(at, FURTHEST)))


class Search(Arguments):
    """Search what the team wrote down and heard: notes of calls, qualifications, handoffs, returns, recorded
    conversations and their notes, inquiries, the playbook. For questions such as who spoke of a budget or why customers
    hesitate, and for what belongs to a message in Slack."""

    words: str = Field(
        description="What to search for: words that will have been written, names, a short question, or the address of"
        " a message in Slack."
    )


async def asked(interaction: Interaction, arguments: Search) -> Rendered:
    """The same for the assistant."""
    return await _listed(interaction, arguments.words[:MAX_TYPED], 0)


async def embed(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001 - a task's signature
    """The vectors that are missing are made."""
    await meanings.make(deps, team_id, arguments)


async def _listed(interaction: Interaction, text: str, offset: int) -> Rendered:
    t = interaction.t
    found = await service.search(interaction.deps, interaction.actor, text, SHOWN, offset)
    if not found.hits:
        nothing = t.md("Nothing that was written down fits “{text}”.", text=text)
        hint = t.md("Fewer words, or other ones, may find it. What was written a moment ago is found in a few seconds.")
        return Rendered(nothing, [section(Markup(f":mag: {nothing}")), context(hint)])
    quiet = [context(unavailable_line(t, found.unavailable))] if found.unavailable else []
    title = t.md("What was written down about “{text}”", text=text)
    blocks: list[Block] = [section(Markup(f"*{title}*"))]
    for place, hit in enumerate(found.hits):
        opener = button(t("Open the lead"), f"lead.show#{place}", hit.lead_id) if hit.lead_id else None
        blocks.append(section(await _entry(interaction, hit), opener))
    if found.more and offset + SHOWN <= FURTHEST:
        blocks.append(actions(button(t("More"), MORE, f"{offset + SHOWN}:{text}")))
    return Rendered(title, [*blocks, *quiet])


async def _entry(interaction: Interaction, hit: Hit) -> Markup:
    """Whom it is about; when, by whom and where it was written; and what."""
    t, zone = interaction.t, interaction.actor.zone
    who = " / ".join(part for part in (hit.contact, hit.account) if part)
    at = t.moment(hit.said_at, zone, now=interaction.deps.now())
    facts = [escape(at), escape(_source(t, hit)), escape(hit.member)]
    link = await _link(interaction, hit)
    if link:
        facts.append(Markup(f"<{link}|{escape(t('Post in Slack'))}>"))
    head = f"*{escape(who)}*\n" if who else ""
    quoted = Markup(f"\n>{escape(hit.snippet)}") if hit.snippet else ""
    return Markup(f"{head}{'　'.join(fact for fact in facts if fact)}{quoted}")


def _source(t: Translator, hit: Hit) -> str:
    kind = t(KINDS[hit.kind])
    return t("{kind}: {part}", kind=kind, part=t(PARTS[hit.section])) if hit.section in PARTS else kind


async def _link(interaction: Interaction, hit: Hit) -> str:
    """The address of the message in Slack; "" where there is none any more."""
    link = hit.link
    if hit.place is not None:
        try:
            found = await interaction.client.chat_getPermalink(channel=hit.place.channel, message_ts=hit.place.ts)
        except SlackApiError:
            return ""
        link = str(found.get("permalink", ""))
    return link if link.startswith(("https://", "http://")) else ""
