"""From a name, a button or a select to the form of one lead: the way into every form that is about a lead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from slack_sdk.models.views import View

from domain.members import Permission
from handlers import lead_lines
from handlers.blocks import external_select, modal, section
from handlers.i18n import Markup
from handlers.interaction import Answer, Interaction, Options, Reply, Update, metadata
from handlers.messages import Rendered
from handlers.routes import Routes
from services.outreach import leads

MOST_TYPED = 200
"""Characters that are carried into the select."""


def _nothing(_interaction: Interaction) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class LeadChoice:
    """`name` is the select's action_id (and, with `.submit`, the modal's callback_id), `title` the modal's msgid,
    `form` makes the form of a lead. What `carried` gives goes through the select's private metadata to the form."""

    name: str
    title: str
    form: Callable[[Interaction, int], Awaitable[View]]
    carried: Callable[[Interaction], Mapping[str, str]] = _nothing

    def register(self, routes: Routes, permission: Permission) -> None:
        """The select's routes."""
        routes.action(self.name, self._chosen, permission)
        routes.select(self.name, self._offered, permission)
        routes.view(f"{self.name}.submit", self._submitted, permission)

    async def by_name(self, interaction: Interaction) -> Answer:
        """With a name that fits one lead: its form at once. Else a select of the leads that fit, or of one's own."""
        t, text = interaction.t, interaction.text
        if text:
            found = await leads.find(interaction.deps, interaction.actor, text)
            if not found:
                said = t.md("No lead fits “{text}”. Search with `/lead find`, or add it with `/lead add`.", text=text)
                return Reply(Rendered(said, [section(Markup(f":mag: {said}"))]))
            exact = [line for line in found if _squeezed(line.contact) == _squeezed(text)]
            for fitting in (found, exact):
                if len(fitting) == 1:
                    await interaction.open(await self.form(interaction, fitting[0].lead_id))
                    return None
        await self.ask(interaction, text)
        return None

    async def by_button(self, interaction: Interaction) -> Answer:
        """The form of the lead on whose card or message the button stands."""
        await interaction.open(await self.form(interaction, interaction.record))
        return None

    async def ask(self, interaction: Interaction, text: str = "") -> None:
        """Open the select; `text` narrows what it offers before anything is typed."""
        t = interaction.t
        # No name is longer; what was typed by mistake is found by its beginning, and a modal carries little.
        text = text[:MOST_TYPED]
        select = external_select(
            "lead",
            t("Lead"),
            self.name,
            placeholder=t("Name or company"),
            dispatch=True,
            hint=t("Leads that fit “{text}” are offered; type to search for another.", text=text)
            if text
            else t("Your own leads come first, the one called last on top."),
        )
        await interaction.open(
            modal(
                f"{self.name}.submit",
                t(self.title),
                [select],
                submit=t("Next"),
                close=t("Cancel"),
                private_metadata=metadata(text=text or None, **self.carried(interaction)),
            )
        )

    async def _offered(self, interaction: Interaction) -> Answer:
        """One's own leads, most recent call first; with something typed, every lead that fits."""
        t, zone, now = interaction.t, interaction.actor.zone, interaction.deps.now()
        text = interaction.text or str(interaction.metadata.get("text", ""))
        if text:
            found = await leads.find(interaction.deps, interaction.actor, text, limit=50)
        else:
            found = await leads.mine(interaction.deps, interaction.actor)
        return Options([lead_lines.choice(t, line, zone, now) for line in found])

    async def _chosen(self, interaction: Interaction) -> Answer:
        """A lead was chosen: the modal turns into its form."""
        await interaction.redraw(await self.form(interaction, interaction.record))
        return None

    async def _submitted(self, interaction: Interaction) -> Answer:
        """The same for those who press the button as well."""
        return Update(await self.form(interaction, interaction.form.record("lead") or 0))


def _squeezed(name: str) -> str:
    return "".join(name.split())
