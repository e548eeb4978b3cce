"""Recordings and transcripts in Slack: taken on, about whom, how far, what came of it (work items 5-3, 6-5)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from domain.errors import Code, Refused
from domain.members import Permission
from domain.pipeline.recordings import Failed, Kind, Progress, Trouble, kind_of
from handlers import lead_lines
from handlers.blocks import external_select, modal, section
from handlers.delivery import TOKEN_REFUSED
from handlers.files import download
from handlers.forms import record
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Options, Reply, Update, metadata
from handlers.messages import Message, Reader, Rendered
from handlers.pipeline.recording_card import LEAD, RecordingCard, RecordingProposals, RecordingResult
from handlers.refusals import error_of
from handlers.routes import NotYet, Outgoing, Routes
from services import deliveries
from services.deliveries import DeliveryState
from services.deps import Actor, Deps
from services.outreach import leads
from services.pipeline import recording_posts as posts
from services.pipeline import recording_work
from services.pipeline import recordings as service
from services.pipeline.recording_records import RecordingView

log = logging.getLogger(__name__)

MOVE = "recording.move"
# Slack says these of a file that the bot may not see, or that is gone.
UNSEEN = frozenset(
    {"file_not_found", "file_deleted", "not_in_channel", "channel_not_found", "access_denied", "not_visible"}
)


FORGET_SECONDS = 6 * 3600


def register(routes: Routes) -> None:
    """Shortcut, buttons, deliveries and the work itself."""
    routes.shortcut("recording.make", from_message, Permission.LOG_CALLS, name=_("Make a call record"), kind="message")
    routes.action("recording.confirm", confirm, Permission.LOG_CALLS)
    routes.action(LEAD, choose, Permission.LOG_CALLS)
    routes.select(LEAD, offered, Permission.LOG_CALLS)
    routes.action("recording.show", show, Permission.READ)
    routes.action("recording.move", open_move, Permission.LOG_CALLS)
    routes.select(f"{MOVE}.lead", offered, Permission.LOG_CALLS)
    routes.view(f"{MOVE}.submit", move, Permission.LOG_CALLS)
    routes.action("recording.swap", swap, Permission.LOG_CALLS)
    routes.action("recording.retry", retry, Permission.LOG_CALLS)
    routes.job("forget-heard", service.forget_heard, seconds=FORGET_SECONDS)
    routes.delivery(posts.CARD, compose_card)
    routes.delivery(posts.UPDATE, compose_update)
    routes.delivery(posts.RESULT, compose_result)
    routes.delivery(posts.RESULT_UPDATE, compose_result_update)
    routes.delivery(posts.PROPOSALS, compose_proposals)
    routes.delivery(posts.PROPOSALS_UPDATE, compose_proposals_update)
    routes.task(service.TASK, work, patient=True)


# Taken on


async def begin(interaction: Interaction, file: Mapping[str, Any], thread: str, said: str = "") -> bool:
    """Take a file on that was dropped here; whether it is new. The card follows in the thread. Refused: NOT_ALLOWED."""
    made = await service.receive(
        interaction.deps,
        interaction.actor,
        file_id=str(file["id"]),
        filename=str(file.get("name", "")),
        said=said,
        channel=interaction.channel,
        thread_ts=thread or None,
    )
    return made is not None


async def told_again(interaction: Interaction, file: Mapping[str, Any], thread: str) -> bool:
    """Whether a file was taken on where this message stands: Slack tells of a message again when our answer was lost.
    Refused: NOT_ALLOWED."""
    where = await service.taken_on(interaction.deps, interaction.actor, str(file["id"]))
    return where == (interaction.channel, thread or None)


async def begin_for(deps: Deps, actor: Actor, file: Mapping[str, Any], channel: str, thread: str) -> None:
    """The same for a file that a member dropped before. Refused: NOT_ALLOWED."""
    await service.receive(
        deps,
        actor,
        file_id=str(file["id"]),
        filename=str(file.get("name", "")),
        channel=channel,
        thread_ts=thread or None,
    )


async def from_message(interaction: Interaction) -> Answer:
    """Take on the files of a message."""
    t, message = interaction.t, interaction.body.get("message") or {}
    files = [
        file
        for file in message.get("files") or []
        if kind_of(str(file.get("name", ""))) in (Kind.AUDIO, Kind.TRANSCRIPT, Kind.TEXT)
    ]
    if not files:
        return _told(
            t.md(
                "This message has no recording and no transcript. I can read recordings (MP3, M4A, WAV …) and "
                "transcripts (VTT, SRT, TXT, JSON)."
            )
        )
    thread = str(message.get("thread_ts") or message.get("ts") or "")
    new = [await begin(interaction, file, thread, str(message.get("text") or "")) for file in files]
    if any(new):
        return None
    return _told(t.md("I have taken this file on before: the record is where it was dropped."))


def _told(text: Markup) -> Reply:
    return Reply(Rendered(text, [section(text)]))


# About whom


async def confirm(interaction: Interaction) -> Answer:
    """The lead that was proposed is the right one; the card says so in a moment."""
    number, _colon, lead = interaction.value.partition(":")
    return await _confirmed(interaction, record(number), record(lead))


async def choose(interaction: Interaction) -> Answer:
    """Another lead is the right one."""
    clicked: Mapping[str, Any] = interaction.body["actions"][0]
    number = str(clicked["action_id"]).partition("#")[2]
    return await _confirmed(interaction, record(number), interaction.record)


async def _confirmed(interaction: Interaction, recording_id: int, lead_id: int) -> Answer:
    try:
        await service.confirm(interaction.deps, interaction.actor, recording_id, lead_id)
    except Refused as refused:
        if refused.code is not Code.ALREADY_DONE:
            raise
        return _told(
            interaction.t.md(
                "This recording is a record already. Under the note there is a button to attach it to another lead."
            )
        )
    return None


async def offered(interaction: Interaction) -> Answer:
    """One's own leads; with something typed, every lead that fits."""
    t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
    if interaction.text:
        found = await leads.find(interaction.deps, actor, interaction.text, limit=50)
    else:
        found = await leads.mine(interaction.deps, actor)
    return Options([lead_lines.choice(t, line, actor.zone, now) for line in found])


async def show(interaction: Interaction) -> Answer:
    """What came of a recording, for whoever reads of it on a lead's card."""
    view = await service.show(interaction.deps, interaction.actor, interaction.record)
    reader = Reader(interaction.t, interaction.actor.zone, interaction.deps.now())
    return Reply(RecordingResult(view, reading=True).render(reader))


async def open_move(interaction: Interaction) -> Answer:
    """It is another lead's: ask whose."""
    t = interaction.t
    found = await service.show(interaction.deps, interaction.actor, interaction.record)
    if found.lead is None or found.progress is not Progress.DONE:
        return _told(t.md("This recording is being worked on. Its card has a list to choose the lead from."))
    text = t.md(
        "The record of the conversation is about *{who}* now. Note and proposals go to the lead that you choose; "
        "what was accepted stays where it is.",
        who=lead_lines.name(found.lead),
    )
    select = external_select("lead", t("Lead"), f"{MOVE}.lead", placeholder=t("Name or company"))
    await interaction.open(
        modal(
            f"{MOVE}.submit",
            t("Another lead"),
            [section(text), select],
            submit=t("Attach"),
            close=t("Cancel"),
            private_metadata=metadata(recording=found.recording_id),
        )
    )
    return None


async def move(interaction: Interaction) -> Answer:
    """The record goes to the lead that was chosen; the messages follow in place."""
    t, form = interaction.t, interaction.form
    lead_id = form.record("lead")
    if lead_id is None:
        form.wrong("lead", Code.REQUIRED)
    form.check()
    number = record(str(interaction.metadata.get("recording", "")))
    moved = await service.move(interaction.deps, interaction.actor, number, lead_id or 0)
    lines = [t.md("The record is about *{who}* now.", who=lead_lines.name(moved.lead))] if moved.lead else []
    stayed = [lead_lines.name(each.elsewhere) for each in moved.proposals if each.elsewhere is not None]
    for who in dict.fromkeys(stayed):
        told = t.plural(
            "{n} proposal that was accepted stays with {who}. It can be decided anew under the record.",
            "{n} proposals that were accepted stay with {who}. They can be decided anew under the record.",
            stayed.count(who),
            who=who,
        )
        lines.append(escape(told))
    return Update(modal(f"{MOVE}.done", t("Attached"), [section(line) for line in lines], close=t("Close")))


async def swap(interaction: Interaction) -> Answer:
    """The voices are the other way round; figures and note follow in place."""
    await service.swap(interaction.deps, interaction.actor, interaction.record)
    return None


async def retry(interaction: Interaction) -> Answer:
    """Try again; the card says how far it is."""
    try:
        await service.retry(interaction.deps, interaction.actor, interaction.record)
    except Refused as refused:
        if refused.code is not Code.ALREADY_DONE:
            raise
    return None


# The work


async def work(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Bring a recording as far as it goes now. Only our own database can make it fail."""
    recording_id = int(arguments["recording_id"])
    attempt = int(arguments["attempt"]) if "attempt" in arguments else None

    await _link(deps, client, team_id, recording_id)
    try:
        await recording_work.work(deps, team_id, recording_id, partial(fetch, client), attempt)
    except SlackApiError:
        # What Slack says of our token: whoever looks after the installation mends it, and the work goes on.
        raise
    except Exception as fault:
        if deps.database.at_fault(fault):
            # It works again in a while, and this is then done again.
            raise
        log.exception("The recording %s could not be worked on", recording_id)
        await recording_work.fail(deps, team_id, recording_id, Trouble.FAULT, attempt)


async def fetch(client: AsyncWebClient, file_id: str, path: Path, most: int) -> None:
    """Bring a file. Raises `Failed`, and SlackApiError where Slack does not take our token."""
    try:
        info = (await client.files_info(file=file_id))["file"]
        if int(info.get("size") or 0) > most:
            raise Failed(Trouble.TOO_LARGE)
        await download(client, info, path, most)
    except SlackApiError as refused:
        error = error_of(refused)
        if error in UNSEEN:
            raise Failed(Trouble.NOT_SEEN) from refused
        if error in TOKEN_REFUSED:
            raise
        log.warning("Slack does not say where the file of a recording lies: %s", error)
        raise Failed(Trouble.DOWNLOAD) from refused
    except Refused as refused:
        raise Failed(Trouble.TOO_LARGE if refused.code is Code.TOO_LONG else Trouble.NOT_SEEN) from refused
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        raise Failed(Trouble.DOWNLOAD) from lost


async def _link(deps: Deps, client: AsyncWebClient, team_id: str, recording_id: int) -> None:
    """Remember where the card stands, so that what was said can be traced to it. Without it there are the times."""
    card = await deliveries.posted(deps, team_id, f"recording:{recording_id}")
    if card is None or card.ts is None:
        return
    try:
        link = await client.chat_getPermalink(channel=str(card.channel), message_ts=card.ts)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError):
        return
    await service.linked(deps, team_id, recording_id, str(link["permalink"]))


# What is posted


async def compose_card(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The card, in the thread of the file."""
    view = await service.view(deps, team_id, int(arguments["recording_id"]))
    return Outgoing(
        RecordingCard(view), view.language, view.zone, view.channel, thread_ts=view.thread_ts, report_to=view.slack_user
    )


async def compose_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The card as it stands now, in place."""
    return await _edited(deps, team_id, arguments, RecordingCard, "")


async def compose_result(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """What came of it, in the same thread."""
    return await _following(deps, team_id, arguments, RecordingResult)


async def compose_result_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The same, edited in place."""
    return await _edited(deps, team_id, arguments, RecordingResult, ":result")


async def compose_proposals(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """What it proposes, in the same thread, under what came of it."""
    view = await service.view(deps, team_id, int(arguments["recording_id"]))
    await _posted(deps, team_id, view, ":result")
    return await _following(deps, team_id, arguments, RecordingProposals)


async def compose_proposals_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The same, edited in place."""
    return await _edited(deps, team_id, arguments, RecordingProposals, ":proposals")


async def _following(
    deps: Deps, team_id: str, arguments: Mapping[str, Any], message: type[RecordingResult] | type[RecordingProposals]
) -> Outgoing | None:
    view = await service.view(deps, team_id, int(arguments["recording_id"]))
    where = await _posted(deps, team_id, view, "")
    if where is None:
        return None
    channel, ts = where
    made: Message = message(view)
    return Outgoing(made, view.language, view.zone, channel, thread_ts=view.thread_ts or ts, report_to=view.slack_user)


async def _edited(
    deps: Deps,
    team_id: str,
    arguments: Mapping[str, Any],
    message: type[RecordingCard] | type[RecordingResult] | type[RecordingProposals],
    part: str,
) -> Outgoing | None:
    view = await service.view(deps, team_id, int(arguments["recording_id"]))
    where = await _posted(deps, team_id, view, part)
    if where is None:
        return None
    made: Message = message(view)
    return Outgoing(made, view.language, view.zone, where[0], update_ts=where[1])


async def _posted(deps: Deps, team_id: str, view: RecordingView, part: str) -> tuple[str, str] | None:
    """Where a message about the recording stands; None where it never will. Raises `NotYet` while it is on its way."""
    found = await deliveries.posted(deps, team_id, f"recording:{view.recording_id}{part}")
    if found is not None and found.ts is not None and found.channel is not None:
        return found.channel, found.ts
    if found is not None and found.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        raise NotYet(f"A message about recording {view.recording_id} is still on its way.")
    return None
