"""A file dropped into the bot's messages: companies are imported, with progress, and what could not be read comes back
as a file (work item 4-2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from domain.data.integrations import RejectReason
from domain.errors import Code, Refused
from domain.members import Permission
from handlers.blocks import context, section
from handlers.boundary import sentence
from handlers.files import download
from handlers.i18n import Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Interaction, dicts
from handlers.messages import Rendered
from handlers.posted import carrying, file_is_there, message_if_open
from handlers.routes import Routes
from services import members, scratch, tasks
from services.data import integrations as service
from services.data.integrations import ImportResult, Progress
from services.deps import Actor, Deps

TASK = "accounts.import"
MOST_BYTES = 500 * 1024 * 1024
LOOK_BACK: Final = timedelta(days=3)
"""For our own message, where Slack does not say when the file was dropped."""

REASONS: Final[Mapping[RejectReason, str]] = {
    RejectReason.NO_NAME: _("The company's name is missing."),
    RejectReason.NAME_WITHOUT_LETTERS: _("The company's name has no letters."),
    RejectReason.BAD_CORPORATE_NUMBER: _("The corporate number is not right: 13 digits, the first a check digit."),
    RejectReason.BAD_CAPITAL: _("The capital is not a number."),
    RejectReason.BAD_EMPLOYEES: _("The number of employees is not a number."),
    RejectReason.TOO_LONG: _("A cell is too long."),
    RejectReason.TOO_MANY_CELLS: _("There are more cells than headings: a comma or a quote is wrong."),
    RejectReason.UNREADABLE: _("There are bytes in it that are no characters, or a quote without end."),
}


def register(routes: Routes) -> None:
    """The task; the drop itself arrives as a message (handlers/dropped.py)."""
    routes.task(TASK, import_dropped)


async def start(interaction: Interaction, file_id: str) -> None:
    """Start the import of a file that was dropped here; the first answer comes from the task."""
    await start_for(interaction.deps, interaction.actor, file_id, interaction.channel)


async def start_for(deps: Deps, actor: Actor, file_id: str, channel: str) -> None:
    """Start the import of a file that a member dropped into a channel. Refused: NOT_ALLOWED."""
    await tasks.start(
        deps,
        actor,
        Permission.IMPORT,
        key=f"import:{actor.team_id}:{file_id}",
        kind=TASK,
        arguments={"file": file_id, "channel": channel, "slack_user": actor.slack_user},
    )


async def import_dropped(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Fetch the file, import it, show how far it is, and say what came of it."""
    actor = await members.who(deps, team_id, str(arguments["slack_user"]))
    if actor is None:
        return
    t = translator(actor.language)
    channel = str(arguments["channel"])
    info = (await client.files_info(file=str(arguments["file"])))["file"]
    name = str(info["name"])
    key = f"{TASK}:{arguments['file']}"
    # A task may be begun again, many times on a bad day: then its message stands here, after the file.
    oldest = float(info.get("created") or (deps.now() - LOOK_BACK).timestamp())
    ts = await message_if_open(client, channel, key, oldest)
    if ts is None:
        started = t.md("Reading {name} …", name=name)
        blocks = dicts([section(Markup(f":hourglass_flowing_sand: {started}"))])
        message = await client.chat_postMessage(channel=channel, text=started, blocks=blocks, metadata=carrying(key))
        ts = str(message["ts"])

    async def show(rendered: Rendered) -> None:
        await client.chat_update(channel=channel, ts=ts, text=rendered.text, blocks=dicts(rendered.blocks))

    async def progress(so_far: Progress) -> None:
        await show(_progress(t, name, so_far))

    with scratch.folder() as folder:
        path = folder / "upload"
        try:
            if int(info.get("size") or 0) > MOST_BYTES:
                raise Refused(Code.TOO_LONG, "file", most=MOST_BYTES)
            await download(client, info, path, MOST_BYTES)
            result = await service.import_accounts(
                deps, actor, path, reason=reason_text(t), progress=progress, key=str(arguments["file"])
            )
        except Refused as refused:
            await show(_refused(t, name, refused))
            return
        await show(done(t, name, result))
        if result.rejects is not None:
            with result.rejects as rejects:
                content, filename = rejects.read(), f"{Path(name).stem}-rejected.csv"
                if await file_is_there(client, channel, filename, float(ts), len(content)):
                    return
                await client.files_upload_v2(
                    channel=channel,
                    content=content,
                    filename=filename,
                    title=t("Rows that could not be read"),
                )


def _progress(t: Translator, name: str, so_far: Progress) -> Rendered:
    share = min(so_far.share, 1.0)
    filled = int(share * 20)
    bar = "▓" * filled + "░" * (20 - filled)
    rows = t.plural("{n} row", "{n} rows", so_far.rows)
    text = t.md("Reading {name}: {rows}", name=name, rows=rows)
    return Rendered(text, [section(Markup(f":hourglass_flowing_sand: {text}\n`{bar}` {round(share * 100)} %"))])


def done(t: Translator, name: str, result: ImportResult) -> Rendered:
    """What the import changed."""
    text = t.md("*{name} is imported.* {rows}", name=name, rows=t.plural("{n} row", "{n} rows", result.rows))
    counts = Markup(
        "　".join(
            (
                t.md("Added: *{n}*", n=t.number(result.added)),
                t.md("Updated: *{n}*", n=t.number(result.updated)),
                t.md("Unchanged: *{n}*", n=t.number(result.unchanged)),
                t.md("Not readable: *{n}*", n=t.number(result.rejected)),
            )
        )
    )
    mark = ":warning:" if result.rejected else ":white_check_mark:"
    blocks: list[Block] = [section(Markup(f"{mark} {text}\n{counts}"))]
    if result.ignored:
        blocks.append(context(t.md("Columns I do not know and left out: {names}", names=t.listed(result.ignored))))
    if result.rejected:
        blocks.append(context(t.md("The rows I could not read follow as a file, each with the reason.")))
    return Rendered(text, blocks)


def reason_text(t: Translator) -> Callable[[RejectReason], str]:
    """The reason beside each row that could not be read."""
    return lambda reason: t(REASONS[reason])


def file_problem(t: Translator, refused: Refused) -> str | None:
    """Why a whole file could not be read, and what to do; None for a refusal that is not about the file."""
    match refused.code, refused.field:
        case Code.TOO_LONG, "file":
            return t("The file is larger than {most} MB. Please split it.", most=MOST_BYTES // 1024 // 1024)
        case Code.REQUIRED, "name":
            return t("I found no column with company names. Please call it “企業名” or “name” in the first row.")
        case Code.DUPLICATE, "headings":
            return t(
                "Two columns say the same: “{heading}”. Please remove one of them.",
                heading=refused.detail.get("heading", ""),
            )
        case Code.REQUIRED, _:
            return t("The file is empty.")
        case Code.INVALID, _:
            return t("This is not a text file I can read. Please save it as CSV (UTF-8 or Shift_JIS).")
    return None


def _refused(t: Translator, name: str, refused: Refused) -> Rendered:
    why = file_problem(t, refused) or sentence(t, refused)
    text = t.md("{name} could not be imported. Nothing was changed.", name=name)
    return Rendered(text, [section(Markup(f":warning: {text}\n{escape(why)}"))])
