"""A customer asks what is known about them, or wants to be forgotten: `/data person` (work items 3-3, 4-4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from domain.errors import Code, Refused
from domain.members import Permission
from handlers.blocks import Choice, context, modal, radio_input, section, ticks_input
from handlers.boundary import warning
from handlers.data.person_file import TABLES, csv_file
from handlers.i18n import Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update, dicts, metadata
from handlers.messages import Rendered
from handlers.pacing import UPDATE, one_of_many, retry_after
from handlers.posted import LOOK_BACK_SECONDS, file_is_there
from handlers.routes import Routes
from services import deliveries, members, tasks
from services.data import personal as service
from services.data import scrubbing
from services.data.personal import Candidate, Chosen, Erased, Plan, Words
from services.deliveries import DeliveryState
from services.deps import Deps

log = logging.getLogger(__name__)

CHOOSE: Final = "data.person.choose"
ERASE: Final = "data.person.erase"
DISCLOSE: Final = "person.disclose"
"""The task that makes the file and sends it; `arguments`: `contacts`, `slack_user`, and `asked`, when it was asked for
(seconds of the epoch)."""
SHOWN: Final = 10
"""Boxes that one input may have."""
LOOKS = 30
BETWEEN_LOOKS = 2.0
"""Seconds between two looks whether a message that was just being posted stands."""
TRIES = 5


class Deed(StrEnum):
    """What is to be done."""

    DISCLOSE = "disclose"
    ERASE = "erase"


DEEDS: Final[Mapping[Deed, str]] = {
    Deed.DISCLOSE: _("Send me everything that is held as a file"),
    Deed.ERASE: _("Erase it (I am asked once more, with the numbers)"),
}


def register(routes: Routes) -> None:
    """`/data person`, its forms, and the tasks that follow."""
    routes.command(
        "data",
        "person",
        open_person,
        Permission.HANDLE_PERSONAL_DATA,
        usage=_("person <name, mail address or phone number>"),
        summary=_("What is held about a customer: disclose or erase it (admins)"),
    )
    routes.view(CHOOSE, chosen, Permission.HANDLE_PERSONAL_DATA)
    routes.view(ERASE, erase, Permission.HANDLE_PERSONAL_DATA)
    routes.task(DISCLOSE, send_file)
    routes.task(service.UNPOST, unpost)
    routes.task(scrubbing.SCRUB, scrub, patient=True)


def words(language: str) -> Words:
    """What stands in place of a person and of a meeting's subject, in the team's language."""
    t = translator(language)
    return Words(t("(erased)"), t("(erased)"))


async def open_person(interaction: Interaction) -> Answer:
    """Who might be meant, and what is to be done."""
    t = interaction.t
    try:
        found = await service.find(interaction.deps, interaction.actor, interaction.text)
    except Refused as refused:
        if refused.code is not Code.REQUIRED:
            raise
        return Reply(warning(t("Please type a name, a mail address or a phone number: /data person 山田")))
    if not found:
        return Reply(warning(t("I found nobody by that name, mail address or phone number.")))
    await interaction.open(_choosing(t, found))
    return None


def _choosing(t: Translator, found: Sequence[Candidate]) -> View:
    shown = found[:SHOWN]
    alone = len({candidate.same for candidate in shown}) == 1
    blocks: list[Block] = [
        section(t.md("Please make sure first that whoever asks is the person, or may ask in the person's name.")),
        ticks_input(
            "people",
            t("Person"),
            [Choice(str(person.contact_id), _line(person), _reached_by(t, person)) for person in shown],
            [str(person.contact_id) for person in shown] if alone else (),
            optional=False,
            hint=t("Whoever has the same address or number is probably the same person. Tick all who are."),
        ),
        radio_input("deed", t("What is to be done"), [Choice(deed.value, t(label)) for deed, label in DEEDS.items()]),
    ]
    if len(found) > len(shown):
        blocks.append(context(t.md("There are more. Type more of the name, or the mail address.")))
    return modal(CHOOSE, t("Personal data"), blocks, submit=t("Next"), close=t("Cancel"))


def _line(person: Candidate) -> str:
    return "　".join(part for part in (person.name, person.title, person.account) if part)


def _reached_by(t: Translator, person: Candidate) -> str | None:
    leads = t.plural("{n} lead", "{n} leads", person.leads) if person.leads else ""
    parts = (person.email, t.phone(person.phone) if person.phone else "", leads)
    return "　".join(part for part in parts if part) or None


async def chosen(interaction: Interaction) -> Answer:
    """The file is on its way, or the numbers are shown before anything is erased."""
    t, form = interaction.t, interaction.form
    people = tuple(int(value) for value in form.choices("people") if value.isdecimal())
    if not people:
        form.wrong("people", Code.REQUIRED)
    deed = form.required_choice("deed", Deed, Deed.DISCLOSE)
    form.check()
    if deed is Deed.ERASE:
        planned = await service.plan(interaction.deps, interaction.actor, Chosen(people))
        return Update(_asking(t, planned))
    await tasks.start(
        interaction.deps,
        interaction.actor,
        Permission.HANDLE_PERSONAL_DATA,
        key=f"{DISCLOSE}:{interaction.actor.team_id}:{interaction.view['id']}",
        kind=DISCLOSE,
        arguments={
            "contacts": list(people),
            "slack_user": interaction.actor.slack_user,
            "asked": interaction.deps.now().timestamp(),
        },
    )
    return Reply(_told(t("I am making the file. It comes to you as a direct message, and to nobody else.")))


def _told(text: str) -> Rendered:
    return Rendered(text, [section(escape(text))])


def _asking(t: Translator, planned: Plan) -> View:
    names = Markup("\n").join(t.md("• *{person}*", person=_line(person)) for person in planned.people)
    rows = Markup("\n").join(
        t.md("• {kind}: {n}", kind=t(TABLES[table]) if table in TABLES else table, n=t.number(count))
        for table, count in planned.rows.items()
    )
    blocks: list[Block] = [
        section(Markup(f"{t.md('*This cannot be undone.* What is known of this person goes:')}\n{names}")),
        section(Markup(rows)),
    ]
    if planned.mentions:
        blocks.append(
            section(
                t.md(
                    "In {rows} about others the name, the address or the number is taken out of the text.",
                    rows=t.plural("{n} record", "{n} records", planned.mentions),
                )
            )
        )
    if planned.shared:
        blocks.append(
            section(
                t.md("Others have this too, so they stay reachable by it: {shared}", shared=t.listed(planned.shared))
            )
        )
    blocks.append(
        context(
            t.md(
                "Figures stay as they are. The address and the number are kept as a code that nobody can read back, so "
                "that nobody contacts the person again. Messages about this person in Slack are rewritten."
            )
        )
    )
    sure = Choice("sure", t("I have made sure that the person wants this"))
    blocks.append(ticks_input("sure", t("Confirmation"), [sure], optional=False))
    people = ",".join(str(person.contact_id) for person in planned.people)
    return modal(
        ERASE,
        t("Erase personal data"),
        blocks,
        submit=t("Erase"),
        close=t("Cancel"),
        private_metadata=metadata(people=people),
    )


async def erase(interaction: Interaction) -> Answer:
    """Done, and said what was done."""
    form = interaction.form
    if "sure" not in form.choices("sure"):
        form.wrong("sure", Code.REQUIRED)
    form.check()
    people = tuple(int(value) for value in str(interaction.metadata.get("people", "")).split(",") if value.isdecimal())
    voice = await deliveries.team_voice(interaction.deps, interaction.actor.team_id)
    done = await service.erase(interaction.deps, interaction.actor, Chosen(people), words(voice.language))
    return Reply(_told(said(interaction.t, done)))


def said(t: Translator, done: Erased) -> str:
    """What an erasure did, in a few sentences."""
    records = t.plural("{n} record", "{n} records", sum(done.rows.values()))
    sentences = [t("The person is erased from {records}.", records=records)]
    if done.mentions:
        others = t.plural("{n} record", "{n} records", done.mentions)
        sentences.append(t("{records} about others were rewritten.", records=others))
    if done.meetings:
        sentences.append(t("Entries in our calendars become neutral: {n}.", n=done.meetings))
    if done.messages:
        sentences.append(t("Messages in Slack are being rewritten: {n}. I tell you when it is done.", n=done.messages))
    sentences.append(
        t("Not reached: what people wrote in Slack themselves, lists that name many people, mailboxes and backups.")
    )
    return " ".join(sentences)


async def send_file(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Make the file and send it to whoever asked, in the direct messages; begun again, it is there once."""
    actor = await members.who(deps, team_id, str(arguments["slack_user"]))
    if actor is None:
        return
    t = translator(actor.language)
    where = str((await client.conversations_open(users=actor.slack_user))["channel"]["id"])
    asked = float(arguments.get("asked", 0.0))
    # Its moment tells one disclosure's file from another's: so we see whether it came before an answer was lost.
    filename = f"personal-data-{datetime.fromtimestamp(asked, UTC):%Y%m%d-%H%M%S-%f}.csv"
    if asked and await file_is_there(client, where, filename, asked - LOOK_BACK_SECONDS):
        return
    try:
        found = await service.disclose(deps, actor, Chosen(tuple(int(key) for key in arguments["contacts"])))
    except Refused:
        text = t("This person was erased in the meantime, or you may not see it any more.")
        await client.chat_postMessage(channel=where, text=text, blocks=dicts([section(escape(text))]))
        return
    await client.files_upload_v2(
        channel=where,
        content=csv_file(found),
        filename=filename if asked else "personal-data.csv",
        title=t("Personal data"),
        initial_comment=str(
            t.md("Everything that is held about this person. Please delete this file once you have handed it on.")
        ),
    )


async def unpost(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Rewrite our messages about somebody who was erased, and say how it went. Doing it twice changes nothing."""
    keys = [str(key) for key in arguments["deliveries"]]
    voice = await deliveries.team_voice(deps, team_id)
    t = translator(voice.language)
    text = t("This message was about somebody whose data has been erased.")
    blocks = dicts([section(escape(text))])
    done, refused = 0, 0
    for key in keys:
        place = await _place(deps, team_id, key)
        if place is None:
            continue
        # There may be hundreds, and nobody waits for them.
        async with one_of_many(deps, team_id, UPDATE):
            rewritten = await _rewritten(client, *place, text, blocks)
        if rewritten:
            done += 1
        else:
            refused += 1
    await service.sweep(deps, team_id, [int(key) for key in arguments["contacts"]], words(voice.language))
    if not keys:
        return
    reader = str(arguments["slack_user"])
    member = await deliveries.member_voice(deps, team_id, reader)
    t = translator(member.language)
    told = t("Messages about the person who was erased: {n} rewritten.", n=t.number(done))
    if refused:
        told += " " + t(
            "{n} could not be reached in Slack (deleted, or in a channel that I have left).", n=t.number(refused)
        )
    await client.chat_postMessage(channel=reader, text=escape(told), blocks=dicts([section(escape(told))]))


async def _place(deps: Deps, team_id: str, key: str) -> tuple[str, str] | None:
    """Where the message of a delivery stands; None where it does not. One that is just being posted is waited for."""
    for _look in range(LOOKS):
        posted = await deliveries.posted(deps, team_id, key)
        if posted is None or posted.state is not DeliveryState.SENDING:
            break
        await asyncio.sleep(BETWEEN_LOOKS)
    else:
        return None
    if posted is None or posted.channel is None or posted.ts is None:
        return None
    return posted.channel, posted.ts


async def _rewritten(client: AsyncWebClient, channel: str, ts: str, text: str, blocks: list[dict[str, Any]]) -> bool:
    for attempt in range(TRIES):
        try:
            await client.chat_update(channel=channel, ts=ts, text=text, blocks=blocks)
        except SlackApiError as refused:
            status = getattr(refused.response, "status_code", 0)
            if status != 429 and status < 500:
                return False
            after = retry_after(getattr(refused.response, "headers", {}))
            await asyncio.sleep(2.0**attempt if after is None else after)
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(2.0**attempt)
        else:
            return True
    return False


async def scrub(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001 - a task's signature
    """SQLite's file is written anew."""
    await scrubbing.scrub(deps, arguments)
