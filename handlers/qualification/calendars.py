"""Members' calendars: connected, written into, and what their owners are told (work item 3-5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block, ButtonElement, PlainTextObject
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from domain.appointments import Problem
from domain.errors import Code, Refused
from domain.members import Permission
from handlers import pages
from handlers.blocks import actions, button, confirm, context, divider, modal, section, text_input
from handlers.boundary import fault, new_reference
from handlers.i18n import Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Errors, Interaction, Update
from handlers.messages import Reader, Rendered
from handlers.openapi import Described, Operation, Parameter, link, shown
from handlers.refusals import error_of
from handlers.routes import Outgoing, Routes
from services import calendars, deliveries
from services.calendars import connecting
from services.calendars.calendar import Kind, Unusable
from services.calendars.connecting import Connection
from services.deps import Deps

SUBMIT = "meeting.calendar.submit"

ANSWER_SECONDS = 2.3
"""How long the form waits for the calendar's server: Slack waits three seconds for the form. Then the form says that it
goes on."""
SETTLE_SECONDS = 1.0

log = logging.getLogger(__name__)

KINDS: Final[Mapping[Kind, str]] = {
    Kind.CALDAV: _("CalDAV (iCloud, Nextcloud and others)"),
    Kind.GOOGLE: _("Google Calendar"),
    Kind.MICROSOFT: _("Microsoft 365 / Outlook"),
}

PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.UNAUTHORISED: _("The name or the password was refused."),
    Problem.NOT_FOUND: _("There is no such calendar on that server."),
    Problem.UNREACHABLE: _("No server answers at this address."),
    Problem.SLOW: _("The server did not answer in time."),
    Problem.REFUSED: _("The server answered with an error."),
    Problem.PRIVATE: _(
        "This address leads into a private network, or to a place where a password could be read. Your admin can allow "
        "networks: CALDAV_PRIVATE_NETWORKS."
    ),
    Problem.NOT_SET_UP: _("Your admin has not set this kind of calendar up."),
}


_LANGUAGE: Final = Parameter("Accept-Language", "header", "The page's language; otherwise Japanese.")
CONSENT: Final[Described] = {
    "GET": Operation(
        "Says whose calendar is about to be connected, and leads on to its provider",
        {
            200: shown("The way to the provider's page of consent."),
            404: shown("This link is not ours, or does not count any more."),
            502: shown("The provider cannot be used now, and why."),
        },
        (link("The link that the form in Slack holds."), _LANGUAGE),
    )
}
CALLBACK: Final[Described] = {
    "GET": Operation(
        "Where a calendar's provider sends the member back to",
        {
            200: shown("The calendar is connected."),
            400: shown("It is not: there was no consent, or the state is not ours."),
            502: shown("It is not: the provider cannot be used now, and why."),
        },
        (
            Parameter("state", "query", "What the way began with."),
            Parameter("code", "query", "What the provider gives out for the member's consent."),
            Parameter("error", "query", "Why the provider gave out no code."),
            _LANGUAGE,
        ),
    )
}


def register(routes: Routes) -> None:
    """The form, the way to Google and Microsoft and back, the task that writes, the news of what does not work."""
    routes.command(
        "meeting",
        "calendar",
        open_form,
        Permission.BOOK_MEETINGS,
        usage=_("calendar"),
        summary=_("Connect your calendar, so that meetings are offered when you are free"),
    )
    routes.view(SUBMIT, submit, Permission.BOOK_MEETINGS)
    routes.action("meeting.calendar.disconnect", disconnect, Permission.BOOK_MEETINGS)
    routes.web("/calendars/connect/{token}", consent_page, methods=["GET"], described=CONSENT)
    routes.web(f"/{connecting.CALLBACK}", callback_page, methods=["GET"], described=CALLBACK)
    routes.task(calendars.WRITE, write, patient=True)
    routes.delivery(calendars.TROUBLE, compose_trouble)


async def open_form(interaction: Interaction) -> Answer:
    """What is connected, and the ways to connect."""
    await interaction.open(await _form(interaction))
    return None


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody typed into the form."""

    url: str = ""
    name: str = ""
    password: str = field(default="", repr=False)
    calendar: str = ""


async def _form(interaction: Interaction, typed: _Typed | None = None, problem: str = "") -> View:
    """The form, with what was typed and why that did not work."""
    deps, actor, t = interaction.deps, interaction.actor, interaction.t
    connected = await connecting.connection(deps, actor)
    links = {
        kind: await connecting.consent_link(deps, actor, kind)
        for kind in (Kind.GOOGLE, Kind.MICROSOFT)
        if connecting.configured(deps, kind)
    }
    blocks = _state(t, connected)
    if problem:
        said = t.md("*Not connected:* {why}", why=problem)
        blocks.insert(0, section(Markup(f":warning: {said}"), block_id="problem"))
    for kind in (Kind.GOOGLE, Kind.MICROSOFT):
        if kind in links:
            connect = ButtonElement(
                text=PlainTextObject(text=t("Connect"), emoji=True),
                action_id=f"meeting.calendar.consent#{kind}",
                url=links[kind],
            )
            blocks.append(section(Markup(f"*{escape(t(KINDS[kind]))}*"), connect, block_id=f"consent.{kind}"))
        else:
            said = t.md("*{kind}*: your admin has not set this up.", kind=t(KINDS[kind]))
            blocks.append(context(said))
    if typed is None:
        typed = _Typed(connected.url if connected is not None and connected.kind is Kind.CALDAV else "")
    blocks += [
        divider(),
        section(Markup(f"*{escape(t(KINDS[Kind.CALDAV]))}*")),
        text_input(
            "url",
            t("Address of the server"),
            typed.url,
            optional=False,
            placeholder="https://caldav.example.com/",
            hint=t("For iCloud: https://caldav.icloud.com/"),
        ),
        text_input("name", t("User name"), typed.name, optional=False),
        text_input(
            "password",
            t("Password"),
            typed.password,
            optional=False,
            hint=t("Best an app password that is only for this. It is kept encrypted."),
        ),
        text_input("calendar", t("Calendar"), typed.calendar, hint=t("Its name, if not the first one")),
    ]
    return modal(SUBMIT, t("My calendar"), blocks, submit=t("Connect"), close=t("Close"))


def _state(t: Translator, connected: Connection | None) -> list[Block]:
    if connected is None:
        return [
            section(
                t.md("No calendar is connected. Meetings that I book are known to me anyway; your other ones are not.")
            )
        ]
    what = t.md("*Connected:* {kind}", kind=t(KINDS[connected.kind]))
    where = escape(connected.calendar if connected.kind is Kind.CALDAV else "")
    text = Markup(f"✅ {what}\n{where}" if where else f"✅ {what}")
    if connected.problem is not None:
        text = Markup(f"{text}\n:warning: {escape(t(PROBLEMS[connected.problem]))}")
    undo = button(
        t("Disconnect"),
        "meeting.calendar.disconnect",
        style="danger",
        confirm=confirm(
            t("Disconnect the calendar?"),
            t("Meetings may then be offered at times when you are busy."),
            t("Disconnect"),
            t("Cancel"),
        ),
    )
    return [section(text), actions(undo, block_id="connected")]


async def submit(interaction: Interaction) -> Answer:
    """Try the calendar, and keep it if it can be read. Where the server takes longer than Slack waits, the form says so
    and shows what came of it afterwards."""
    form = interaction.form
    typed = _Typed(form.text("url"), form.text("name"), form.text("password"), form.text("calendar"))
    trying = asyncio.ensure_future(_connect(interaction, typed))
    done, _waiting = await asyncio.wait((trying,), timeout=ANSWER_SECONDS)
    if not done:
        interaction.afterwards.append(partial(_show_outcome, interaction, typed, trying))
        return Update(_waiting_view(interaction.t))
    problem = await trying
    return Errors({problem.field: problem.text}) if problem is not None else Update(await _form(interaction))


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a calendar was not connected, and the field that says so."""

    field: str
    text: str


async def _connect(interaction: Interaction, typed: _Typed) -> _Failure | None:
    t = interaction.t
    try:
        await connecting.connect_caldav(
            interaction.deps,
            interaction.actor,
            url=typed.url,
            name=typed.name,
            password=typed.password,
            calendar=typed.calendar,
        )
    except Unusable as unusable:
        return _Failure(_field(unusable.problem, typed.calendar), t(PROBLEMS[unusable.problem]))
    except Refused as refused:
        if (refused.code, refused.field) == (Code.INVALID, "url"):
            return _Failure("url", t("This is no address that a password may be sent to. Example: https://…"))
        raise
    return None


def _waiting_view(t: Translator) -> View:
    said = t.md("The calendar's server takes its time. I go on trying; this form shows what comes of it.")
    return modal(SUBMIT, t("My calendar"), [section(Markup(f":hourglass_flowing_sand: {said}"))], close=t("Close"))


async def _show_outcome(interaction: Interaction, typed: _Typed, trying: asyncio.Future[_Failure | None]) -> None:
    """Put the form in place of the one that says we are waiting."""
    try:
        problem = await trying
    except Exception:
        reference = new_reference()
        log.exception("A calendar could not be connected (reference %s)", reference)
        problem = _Failure("url", fault(interaction.t, reference, submitting=True))
    # Slack draws the waiting form when it has our acknowledgement; what came before that would be drawn over.
    await asyncio.sleep(SETTLE_SECONDS)
    view = await _form(interaction, typed, problem.text) if problem is not None else await _form(interaction)
    try:
        await interaction.client.views_update(view_id=str(interaction.view["id"]), view=interaction.drawn(view))
    except SlackApiError as refused:
        if error_of(refused) != "not_found":  # It has been closed.
            raise


def _field(problem: Problem, calendar: str) -> str:
    if problem is Problem.UNAUTHORISED:
        return "password"
    return "calendar" if problem is Problem.NOT_FOUND and calendar else "url"


async def disconnect(interaction: Interaction) -> Answer:
    """Forget it, and show the form again."""
    await connecting.disconnect(interaction.deps, interaction.actor)
    await interaction.redraw(await _form(interaction))
    return None


async def consent_page(deps: Deps, request: Request) -> Response:
    """Says whose calendar is about to be connected before it leads on: a link may have been passed on."""
    try:
        consent, name = await connecting.asked(deps, str(request.path_params["token"]))
    except Refused:
        return pages.invalid_link(request)
    t = translator(pages.language_of(request, "ja"))
    title = t("Connect {kind}", kind=t(KINDS[consent.kind]))
    try:
        link = await connecting.provider_address(deps, consent)
    except Unusable as unusable:
        return pages.page(t, title, [t(PROBLEMS[unusable.problem])], None, 502)
    said = t("It becomes the calendar of {name} in Kakehashi. If that is not you, close this page.", name=name)
    return pages.page(t, title, [said], pages.Button(t("Continue"), link))


async def callback_page(deps: Deps, request: Request) -> Response:
    """Where the provider sends the member back to."""
    t = translator(pages.language_of(request, "ja"))
    asked = request.query_params
    failed = t("The calendar was not connected")
    again = t("Please try again with /meeting calendar in Slack.")
    if asked.get("error") or not asked.get("code"):
        return pages.page(t, failed, [again], None, 400)
    try:
        await connecting.agreed(deps, asked.get("state", ""), asked["code"])
    except Refused:
        return pages.page(t, failed, [t("This link does not count any more."), again], None, 400)
    except Unusable as unusable:
        return pages.page(t, failed, [t(PROBLEMS[unusable.problem]), again], None, 502)
    return pages.page(t, t("Your calendar is connected"), [t("You can close this page and go back to Slack.")])


async def write(deps: Deps, _client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Put an event into a member's calendar, or take it out."""
    await calendars.perform(deps, team_id, arguments)


@dataclass(frozen=True, slots=True)
class CalendarTrouble:
    """To a member whose calendar cannot be used any more."""

    problem: Problem

    def render(self, reader: Reader) -> Rendered:
        """Why, and what to do."""
        text = reader.t.md(
            "Your calendar cannot be used: {why} Until it is connected again with /meeting calendar, "
            "meetings may be offered at times when you are busy.",
            why=reader.t(PROBLEMS[self.problem]),
        )
        return Rendered(text, [section(Markup(f":warning: {text}"))])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Each reason."""
        return [cls(problem) for problem in Problem]


async def compose_trouble(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The news, to the calendar's owner."""
    reader = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, reader)
    return Outgoing(CalendarTrouble(Problem(str(arguments["problem"]))), voice.language, voice.zone, reader)
