"""Files dropped into the bot's messages, each brought to where it is read: lists, recordings, transcripts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from domain.data.integrations import read_headings
from domain.errors import Refused
from domain.members import Permission
from domain.pipeline.recordings import MAX_TEXT_BYTES, Failed, Kind, Trouble, kind_of
from handlers.blocks import section
from handlers.boundary import sentence
from handlers.data import integrations
from handlers.i18n import Markup, escape, translator
from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Rendered
from handlers.pipeline import recordings
from handlers.pipeline.recording_card import TROUBLES
from handlers.routes import Routes
from services import members, scratch, tasks
from services.data.files import detect, read_table
from services.deps import Deps

TASK: Final = "files.sort"


def register(routes: Routes) -> None:
    """The task that looks into what its name does not tell."""
    routes.task(TASK, sort)


async def dropped(interaction: Interaction) -> Answer:
    """Begin with each file that can be read; what cannot is named."""
    t, event = interaction.t, interaction.body["event"]
    unread, known = [], []
    for file in event["files"]:
        name = str(file.get("name", ""))
        match kind_of(name):
            case Kind.TABLE:
                await integrations.start(interaction, str(file["id"]))
            case Kind.TEXT:
                await tasks.start(
                    interaction.deps,
                    interaction.actor,
                    Permission.READ,
                    key=f"sort:{interaction.actor.team_id}:{file['id']}",
                    kind=TASK,
                    arguments={
                        "file": str(file["id"]),
                        "channel": interaction.channel,
                        "slack_user": interaction.actor.slack_user,
                        "thread": _thread(event),
                    },
                )
            case Kind.AUDIO | Kind.TRANSCRIPT:
                thread = _thread(event)
                new = await recordings.begin(interaction, file, thread, interaction.text)
                if not new and not await recordings.told_again(interaction, file, thread):
                    known.append(name)
            case None:
                unread.append(name or "?")
    lines = []
    if known:
        lines.append(t.md("I have taken this file on before: the record is where it was dropped."))
    if unread:
        lines.append(
            t.md(
                "I can only read CSV and TSV files, recordings (MP3, M4A, WAV …) and transcripts (VTT, SRT, TXT, JSON)"
                ": {names}",
                names=t.listed(unread),
            )
        )
    if not lines:
        return None
    return Reply(Rendered(Markup("\n".join(lines)), [section(line) for line in lines]))


def _thread(event: Mapping[str, Any]) -> str:
    return str(event.get("thread_ts") or event.get("ts") or "")


async def sort(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """A text file with a column of company names is a list, every other is a transcript."""
    actor = await members.who(deps, team_id, str(arguments["slack_user"]))
    if actor is None:
        return
    channel, thread = str(arguments["channel"]), str(arguments["thread"])
    t, number = translator(actor.language), str(arguments["file"])
    try:
        if await _is_table(client, number):
            await integrations.start_for(deps, actor, number, channel)
        else:
            info = (await client.files_info(file=number))["file"]
            await recordings.begin_for(deps, actor, info, channel, thread)
    except (Refused, Failed) as wrong:
        why = escape(sentence(t, wrong)) if isinstance(wrong, Refused) else t.md(TROUBLES[wrong.trouble])
        await client.chat_postMessage(
            channel=channel, thread_ts=thread or None, text=why, blocks=dicts([section(Markup(f":warning: {why}"))])
        )


async def _is_table(client: AsyncWebClient, file_id: str) -> bool:
    """Raises `Failed` where nobody can look into it."""
    with scratch.folder() as folder:
        path = folder / "text"
        try:
            await recordings.fetch(client, file_id, path, MAX_TEXT_BYTES)
        except Failed as failed:
            if failed.trouble is not Trouble.TOO_LARGE:
                raise
            # A list of a million companies is far larger than any transcript.
            return True
        with io.BytesIO(path.read_bytes()) as file:
            try:
                read_headings(read_table(file, detect(file)).headings)
            except Refused:
                return False
    return True
