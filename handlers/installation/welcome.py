"""What whoever installs the app reads first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from slack_sdk.models.blocks import Block

from domain.members import Permission, may
from handlers import setup as steps
from handlers.blocks import context, header, section
from handlers.messages import Reader, Rendered
from handlers.routes import Outgoing
from services import members, setup
from services.deps import Deps
from services.setup import Setup, Step


@dataclass(frozen=True, slots=True)
class Welcome:
    """To whoever installed the app. `setup` None: they decide nothing for the team. `before`: it was here before."""

    setup: Setup | None
    before: bool

    def render(self, reader: Reader) -> Rendered:
        """What it is, what comes first, and where the rest is found."""
        t = reader.t
        if self.before:
            title = t("Kakehashi is back")
            told = t.md(
                "Everything is as it was when the app was removed. Messages that waited for more than a day were not "
                "sent."
            )
        else:
            title = t("Kakehashi is installed")
            told = t.md(
                "I keep your leads, calls, judgements, handoffs and meetings, here in Slack. `/lead help` shows what "
                "you can type; everybody in this workspace can use me at once."
            )
        shown: list[Block] = [header(title), section(told)]
        if self.setup is not None:
            if not self.before:
                shown.append(section(t.md("You are the admin. You can make others admins with `/team members`.")))
            if not self.setup.complete:
                shown += steps.blocks(t, self.setup, hides=False)
        shown.append(context(t.md("My home tab shows what is yours to do.")))
        return Rendered(title, shown)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """To the first admin, to one who comes back, and to somebody who decides nothing."""
        fresh = Setup(dict.fromkeys(Step, False), (), False)
        return [cls(fresh, before=False), cls(fresh, before=True), cls(None, before=True)]


async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """In the language of whoever installed it, with the steps as they are when it is sent."""
    reader = str(arguments["channel"])
    actor = await members.who(deps, team_id, reader)
    if actor is None:
        return None
    found = await setup.progress(deps, actor) if may(actor.role, Permission.EDIT_TEAM) else None
    return Outgoing(Welcome(found, bool(arguments["before"])), actor.language, actor.zone, reader)
