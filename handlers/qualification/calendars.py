"""Members' calendars: meetings written into them, and what their owners are told (work item 3-5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from slack_sdk.web.async_client import AsyncWebClient

from domain.appointments import Problem
from handlers.blocks import section
from handlers.i18n import Markup
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.routes import Outgoing, Routes
from services import calendars, deliveries
from services.deps import Deps

PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.UNAUTHORISED: _("The name or the password was refused."),
    Problem.NOT_FOUND: _("There is no such calendar on that server."),
    Problem.UNREACHABLE: _("No server answers at this address."),
    Problem.SLOW: _("The server did not answer in time."),
    Problem.REFUSED: _("The server answered with an error."),
    Problem.NOT_SET_UP: _("Your admin has not set this kind of calendar up."),
}


def register(routes: Routes) -> None:
    """The task that writes, and the news of a calendar that cannot be used."""
    routes.task(calendars.WRITE, write, patient=True)
    routes.delivery(calendars.TROUBLE, compose_trouble)


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
