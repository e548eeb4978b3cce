"""What a new team decides before it starts, and what of it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.mail import SENDER, Sender
from domain.members import Permission, Role, require
from domain.model import MODEL
from domain.outreach.inbound import RULES, InboundRules
from domain.performance.digests import DigestKind
from services import rules
from services.deps import Actor, Deps
from services.performance import digests
from services.teams import WORKING_TIME
from storage import members as member_queries
from storage import rules as rule_queries
from storage import setup as queries

HIDDEN = "setup_hidden"
"""The kind of a team's rules that says whether the list of steps is shown."""


class Step(StrEnum):
    """Something to decide, in the order in which it is asked for."""

    ROLES = "roles"
    """Somebody is in inside sales, and somebody in field sales."""
    COMPANIES = "companies"
    HANDOFFS = "handoffs"
    """The channel of handoffs."""
    DIGESTS = "digests"
    """The channel of the daily figures."""
    INBOUND = "inbound"
    """The channel of inquiries."""
    HOURS = "hours"
    SENDER = "sender"
    """Who writes to customers."""
    CALENDARS = "calendars"
    """Everybody in field sales has connected theirs."""
    MODEL = "model"
    """What the language model may be sent: only where there is one."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Which steps are done; those that are missing are none of this installation's. `without_calendar` are the Slack
    users of field sales whose calendar is not connected; `hidden`: an admin wants to see the list no more."""

    done: Mapping[Step, bool]
    without_calendar: tuple[str, ...]
    hidden: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        return all(self.done.values())


@dataclass(frozen=True, slots=True)
class _Hidden:
    hidden: bool = False


async def progress(deps: Deps, actor: Actor) -> Setup:
    """How far the team is. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.reading(actor.team_id) as session:
        roles = await queries.roles(session)
        team = await member_queries.team(session, actor.team_id)
        waiting = tuple(await queries.without_calendar(session))
        daily = await digests.of(session, DigestKind.DAILY)
        done = {
            Step.ROLES: {Role.INSIDE_SALES.value, Role.FIELD_SALES.value} <= roles,
            Step.COMPANIES: await queries.has_companies(session),
            Step.HANDOFFS: bool(team and team.handoff_channel),
            Step.DIGESTS: bool(daily.channel) or not daily.on,
            Step.INBOUND: bool((await rules.of(session, RULES, InboundRules())).channel),
            Step.HOURS: await rule_queries.read(session, WORKING_TIME) is not None,
            Step.SENDER: bool((await rules.of(session, SENDER, Sender())).company),
            Step.CALENDARS: Role.FIELD_SALES.value in roles and not waiting,
        }
        if deps.model is not None:
            done[Step.MODEL] = await rule_queries.read(session, MODEL) is not None
        hidden = (await rules.of(session, HIDDEN, _Hidden())).hidden
    return Setup(done, waiting, hidden)


async def hide(deps: Deps, actor: Actor, hidden: bool = True) -> None:
    """Take the list off the home tabs of all admins and managers, or put it back. Refused: NOT_ALLOWED."""
    await rules.change(deps, actor, HIDDEN, _Hidden(hidden))
