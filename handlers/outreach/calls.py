"""Logging calls (work item 2-1): one click for the commonest results, a form for the others, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.leads import NextStep
from domain.members import Permission
from domain.outreach.calls import QUICK, QuickResult
from handlers.interaction import Answer, Interaction
from handlers.messages import Reader
from handlers.outreach import call_queue
from handlers.outreach.call_words import CapReached, nurtured, recorded, taken_back
from handlers.outreach.whispers import whisper
from handlers.routes import Outgoing, Routes
from services import deliveries
from services.deps import Deps
from services.outreach import calls as service
from services.outreach import leads
from services.outreach.leads import NextStepInput


def register(routes: Routes) -> None:
    """Buttons, commands, forms and deliveries about calls."""
    routes.action("call.quick", quick, Permission.LOG_CALLS)
    routes.action("call.undo", undo, Permission.LOG_CALLS)
    routes.action("call.nurture", nurture, Permission.EDIT_LEADS)
    routes.delivery(service.CAP_REACHED, compose_cap_reached)


def reader(interaction: Interaction) -> Reader:
    """For whom answers are rendered."""
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


def click_key(interaction: Interaction) -> str:
    """What tells this click from every other one, also when Slack sends it twice: where, when, by whom."""
    body = interaction.body
    container = body.get("container") or {}
    place = container.get("message_ts") or container.get("view_id") or ""
    clicked = (body.get("actions") or [{}])[0]
    return f"click:{interaction.actor.slack_user}:{place}:{clicked.get('action_ts') or interaction.trigger_id}"


async def quick(interaction: Interaction) -> Answer:
    """One of the commonest results, by one click: nothing opens, and it can be undone."""
    clicked: Mapping[str, Any] = interaction.body["actions"][0]
    result = QUICK[QuickResult(str(clicked["action_id"]).partition("#")[2])]
    key = click_key(interaction)
    done = await service.log(interaction.deps, interaction.actor, int(interaction.value), result, request_key=key)
    if call_queue.after_call(interaction):
        return None
    return whisper(interaction, recorded(reader(interaction), done))


async def undo(interaction: Interaction) -> Answer:
    """Take the call back; the confirmation it stood on says so."""
    call_id, _, mark = interaction.value.partition(":")
    undone = await service.undo(interaction.deps, interaction.actor, int(call_id), mark)
    if call_queue.after_call(interaction):
        return None
    return whisper(interaction, taken_back(reader(interaction), undone), replace=True)


async def nurture(interaction: Interaction) -> Answer:
    """The lead leaves the calls for nurturing."""
    plan = NextStepInput(NextStep.NURTURE)
    line = await leads.set_next_step(interaction.deps, interaction.actor, int(interaction.value), plan)
    return whisper(interaction, nurtured(interaction.t, line))


async def compose_cap_reached(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The offer to nurture a lead, to its owner; nothing when somebody has decided about it since."""
    owner = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, owner)
    left = await service.left_the_lists(deps, team_id, int(arguments["lead"]))
    if left is None:
        return None
    message = CapReached(left.lead_id, f"{left.contact} / {left.account}", left.attempts)
    return Outgoing(message, voice.language, voice.zone, owner)
