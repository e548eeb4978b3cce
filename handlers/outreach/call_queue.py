"""The call queue in Slack: `/call queue`, `/call next`, the morning's message. Worked through with clicks alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from domain.errors import Refused
from domain.members import Permission
from handlers.blocks import section
from handlers.boundary import warning
from handlers.i18n import Markup, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Reader, Rendered
from handlers.outreach.call_queue_cards import (
    CALLBACK,
    LIST,
    MORNING,
    NEXT,
    MorningQueue,
    listed,
    next_card,
)
from handlers.routes import Outgoing, Routes
from services import deliveries, members
from services.deps import Deps
from services.outreach import call_queue as service
from services.outreach import lead_card as card_service

log = logging.getLogger(__name__)

ORIGIN = "origin"
"""In a modal's private metadata: the place from which it was opened, as `origin` says it."""
PAUSE_SECONDS = 1.0
"""Between two edits of one member's morning message: Slack takes about one a second in a conversation."""
MOST_SKIPPED = 20
"""So many skipped leads are remembered, in the card itself; whom one skips after that comes up again."""


def register(routes: Routes) -> None:
    """Commands, the buttons of queue and card, the morning."""
    routes.command(
        "call",
        "next",
        start,
        Permission.LOG_CALLS,
        usage=_("next"),
        summary=_("The best lead to call now; each result brings the next one"),
    )
    routes.command(
        "call",
        "queue",
        show,
        Permission.LOG_CALLS,
        usage=_("queue"),
        summary=_("Whom to call now and why, best first"),
    )
    routes.command(
        "call",
        "morning",
        morning_time,
        Permission.READ,
        usage=_("morning [08:30 | off]"),
        summary=_("When the team's reps get their call list in the morning"),
    )
    routes.action("queue.page", turn_page, Permission.LOG_CALLS)
    routes.action("queue.start", start, Permission.LOG_CALLS)
    routes.action("queue.skip", skip, Permission.LOG_CALLS)
    routes.delivery(service.MORNING, compose_morning)
    routes.daily("call-queue", service.send_mornings, plan=service.mornings)


@dataclass(frozen=True, slots=True)
class Place:
    """A message of the queue in which something was clicked: its kind, what else its blocks carry, and where an edit
    of it is sent."""

    kind: str
    lead: str
    more: str
    url: str

    @property
    def offset(self) -> int:
        """Of a list: its first row."""
        first = self.more.partition(".")[0]
        return int(first) if first.isdecimal() else 0

    @property
    def skipped(self) -> tuple[str, ...]:
        """Of a card: the leads that were put off."""
        return tuple(lead for lead in self.more.partition(".")[0].split("-") if lead)

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """From what `origin` says; None where it says nothing."""
        block, _space, url = text.partition(" ")
        parts = block.split(".", 3)
        if len(parts) != 4 or parts[0] != "queue" or not url:
            return None
        return cls(parts[1], parts[2], parts[3], url)


def origin(interaction: Interaction) -> str:
    """Where the click happened, for the private metadata (under ORIGIN) of a modal that logs a call: the card it was
    opened from is brought up to date when the modal is submitted. "" where nothing has to be."""
    clicked = (interaction.body.get("actions") or [{}])[0]
    block = str(clicked.get("block_id", ""))
    url = str(interaction.body.get("response_url") or "")
    return f"{block} {url}" if url and block.startswith("queue.") else ""


def place_of(interaction: Interaction) -> Place | None:
    """The message of the queue this interaction came from, by a click or through a modal opened there."""
    return Place.parse(origin(interaction) or str(interaction.metadata.get(ORIGIN, "")))


def after_call(interaction: Interaction, owner_id: int | None = None) -> bool:
    """Bring the queue's messages of this member up to date after a call was logged or undone, and the list of the
    lead's owner.

    True: the call was logged from one of the queue's own cards, which then shows the result with its undo, so the
    caller need not answer.
    """
    place = place_of(interaction)
    if place is not None and place.kind != MORNING:
        interaction.afterwards.append(partial(_redraw, interaction, place))
    deps, client, actor = interaction.deps, interaction.client, interaction.actor
    interaction.afterwards.append(partial(_follow, deps, client, actor.team_id, actor.member_id))
    if owner_id not in (None, actor.member_id):
        interaction.afterwards.append(partial(_follow, deps, client, actor.team_id, owner_id))
    # The home tab is drawn anew after every click in it, and shows the result with its undo as well.
    return place is not None or interaction.view.get("type") == "home"


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


async def show(interaction: Interaction) -> Answer:
    """`/call queue`."""
    queue = await service.build(interaction.deps, interaction.actor)
    return Reply(listed(_reader(interaction), queue))


async def start(interaction: Interaction) -> Answer:
    """`/call next`, and the buttons that begin or look again."""
    rendered = await _next(interaction, ())
    place = place_of(interaction)
    if place is not None and place.kind == NEXT:
        await _replace(interaction, place, rendered)
        return None
    return Reply(rendered)


async def skip(interaction: Interaction) -> Answer:
    """Put a lead off: the card shows the one after it."""
    place = place_of(interaction)
    if place is None:
        return Reply(await _next(interaction, (interaction.value,)))
    await _replace(interaction, place, await _next(interaction, (*place.skipped, interaction.value)))
    return None


async def turn_page(interaction: Interaction) -> Answer:
    """Other ten leads, in the message that was clicked in."""
    place = place_of(interaction)
    offset = interaction.record
    queue = await service.build(interaction.deps, interaction.actor)
    reader = _reader(interaction)
    if place is None:
        return Reply(listed(reader, queue, offset))
    if place.kind == MORNING:
        await _keep_page(interaction, offset)
        await _replace(interaction, place, MorningQueue(interaction.actor.name, queue, offset).render(reader))
        member = (interaction.actor.team_id, interaction.actor.member_id)
        if member in _following:
            # An edit that began before the page was turned would turn it back.
            _following[member] = True
    else:
        await _replace(interaction, place, listed(reader, queue, offset))
    return None


async def _keep_page(interaction: Interaction, offset: int) -> None:
    """Remember the page of today's list, which edits after calls then stay on."""
    deps, actor = interaction.deps, interaction.actor
    key = service.morning_key(actor.member_id, deps.today(actor.zone))
    posted = await deliveries.posted(deps, actor.team_id, key)
    if posted is not None and posted.ts == (interaction.body.get("container") or {}).get("message_ts"):
        await deliveries.remember(deps, actor.team_id, key, offset=offset)


async def _next(interaction: Interaction, skipped: tuple[str, ...]) -> Rendered:
    """The card of the best lead that was not put off; once all were, from the beginning."""
    deps, actor = interaction.deps, interaction.actor
    queue = await service.build(deps, actor)
    skipped = skipped[-MOST_SKIPPED:]
    line = next((line for line in queue.calls if str(line.lead_id) not in skipped), None)
    if line is None and queue.calls:
        line, skipped = queue.calls[0], ()
    shown = await card_service.card(deps, actor, line.lead_id) if line is not None else None
    return next_card(_reader(interaction), queue, shown, line, "-".join(skipped))


async def _redraw(interaction: Interaction, place: Place) -> None:
    """The message that was clicked in, as it is after the call."""
    if place.kind in (NEXT, CALLBACK):
        # A reminder's card turns into the next lead as well: whoever calls goes on calling.
        skipped = place.skipped if place.kind == NEXT else ()
        await _replace(interaction, place, await _next(interaction, skipped))
    elif place.kind == LIST:
        queue = await service.build(interaction.deps, interaction.actor)
        await _replace(interaction, place, listed(_reader(interaction), queue, place.offset))


async def _replace(interaction: Interaction, place: Place, rendered: Rendered) -> None:
    hook = AsyncWebhookClient(place.url, session=interaction.client.session, retry_handlers=[])
    answer = await hook.send(text=rendered.text, blocks=dicts(rendered.blocks), replace_original=True)
    if answer.status_code != 200:
        # The address of a click is good for half an hour; whoever comes later finds the newest with /call next.
        log.warning("A card of the queue could not be redrawn: %s %s", answer.status_code, answer.body)


# The morning


async def compose_morning(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The morning's message as it is now; None for somebody who left, who has nobody to call and called nobody, or
    when the day is over."""
    actor = await members.who(deps, team_id, str(arguments["channel"]))
    if actor is None or deps.today(actor.zone) > date.fromisoformat(str(arguments["day"])):
        return None
    queue = await service.build(deps, actor, morning=True)
    if not (queue.calls or queue.later or queue.before.dials):
        return None
    return Outgoing(MorningQueue(actor.name, queue), actor.language, actor.zone, actor.slack_user)


_following: dict[tuple[str, int], bool] = {}
"""Members whose morning message is being edited in this process, and whether it is out of date again."""


async def _follow(deps: Deps, client: AsyncWebClient, team_id: str, member_id: int) -> None:
    """Edit a member's morning message. Calls that come while an edit is under way share the one after it."""
    key = (team_id, member_id)
    if key in _following:
        _following[key] = True
        return
    _following[key] = True
    try:
        while _following[key]:
            _following[key] = False
            if not await _edit_morning(deps, client, team_id, member_id):
                break
            if _following[key]:
                await asyncio.sleep(PAUSE_SECONDS)
    finally:
        del _following[key]


async def _edit_morning(deps: Deps, client: AsyncWebClient, team_id: str, member_id: int) -> bool:
    """Edit it if it stands; whether it does."""
    actor = await members.acting(deps, team_id, member_id)
    if actor is None:
        return False
    key = service.morning_key(member_id, deps.today(actor.zone))
    posted = await deliveries.posted(deps, team_id, key)
    if posted is None or posted.channel is None or posted.ts is None:
        return False
    queue = await service.build(deps, actor)
    message = MorningQueue(actor.name, queue, int(posted.arguments.get("offset", 0)))
    rendered = message.render(Reader(translator(actor.language), actor.zone, deps.now()))
    await client.chat_update(channel=posted.channel, ts=posted.ts, text=rendered.text, blocks=dicts(rendered.blocks))
    return True


async def morning_time(interaction: Interaction) -> Answer:
    """`/call morning`: says when the list comes; with a time or "off" changes it."""
    t, actor = interaction.t, interaction.actor
    wanted = interaction.text.strip().lower()
    if wanted:
        off = wanted in ("off", "オフ", "なし")
        try:
            await service.set_morning(interaction.deps, actor, "" if off else wanted.replace("：", ":"))
        except Refused as refused:
            if refused.field != "morning":
                raise
            return Reply(warning(t("Please write a time such as 08:30, or off.")))
    decided = await service.queue_rules(interaction.deps, actor)
    if decided.morning:
        text = t("On business days each rep gets the call list at {time}, in the rep's own zone.", time=decided.morning)
    else:
        text = t("Your team gets no call list in the morning.")
    return Reply(Rendered(text, [section(Markup(f"🌅 {text}"))]))
