"""`/call miitel`: the telephone systems whose calls become records by themselves, and their addresses."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.members import Permission
from handlers.block_json import as_json
from handlers.blocks import actions, button, confirm, context, divider, modal, section, text_input
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Update, metadata
from handlers.routes import Routes
from services.pipeline import telephone_systems as service
from services.pipeline.telephone_systems import NewSystem, SystemView

ADD = "telephone.add.submit"
SHOWN = 20


def register(routes: Routes) -> None:
    """The list and what is done from it."""
    routes.command(
        "call",
        "miitel",
        open_list,
        Permission.EDIT_TEAM,
        usage=_("miitel"),
        summary=_("Calls from MiiTel become records: addresses, pause"),
    )
    routes.action("telephone.add", open_add, Permission.EDIT_TEAM)
    routes.view(ADD, add, Permission.EDIT_TEAM)
    routes.action("telephone.rotate", rotate, Permission.EDIT_TEAM)
    routes.action("telephone.pause", pause, Permission.EDIT_TEAM)
    routes.action("telephone.resume", resume, Permission.EDIT_TEAM)


async def open_list(interaction: Interaction) -> Answer:
    """Every telephone system and what can be done."""
    await interaction.open(await _list(interaction))
    return None


async def _list(interaction: Interaction) -> View:
    t = interaction.t
    found = await service.all_of(interaction.deps, interaction.actor)
    blocks: list[Block] = []
    if not found:
        blocks.append(
            section(
                t.md(
                    "*Nothing connected yet.* Add MiiTel: you get an address for its outgoing webhook. "
                    "Each call then becomes a record, which whoever made the call confirms with one click."
                )
            )
        )
    for system in found[:SHOWN]:
        blocks += [*_system(interaction, system), divider()]
    blocks.append(actions(button(t("Add MiiTel"), "telephone.add", style="primary")))
    return modal("telephone.list", t("Telephone systems"), blocks, close=t("Close"))


def _system(interaction: Interaction, system: SystemView) -> list[Block]:
    t, number = interaction.t, system.source_id
    state = f"✅ {t('receiving')}" if system.active else f"⏸️ {t('paused')}"
    since = t.md("since {at}", at=t.moment(system.created_at, interaction.actor.zone, now=interaction.deps.now()))
    again = confirm(
        t("A new address?"),
        t("The old one receives nothing from now on: MiiTel must be given the new one at once."),
        t("New address"),
        t("Cancel"),
    )
    turn = (
        button(t("Pause"), "telephone.pause", number)
        if system.active
        else button(t("Go on"), "telephone.resume", number, style="primary")
    )
    return [
        section(Markup(f"*{escape(system.title)}*　{escape(state)}　{since}")),
        actions(button(t("New address"), "telephone.rotate", number, confirm=again), turn),
    ]


async def open_add(interaction: Interaction) -> Answer:
    """Ask for the name the team knows it by."""
    t = interaction.t
    await interaction.open(
        modal(
            ADD,
            t("Add MiiTel"),
            [
                text_input(
                    "title",
                    t("Name of the system"),
                    "MiiTel",
                    optional=False,
                    max_length=service.MAX_TITLE,
                    hint=t("By which you tell it from others in this list."),
                    focus=True,
                )
            ],
            submit=t("Add"),
            close=t("Cancel"),
            private_metadata=metadata(list=str(interaction.view.get("id") or "")),
        )
    )
    return None


async def add(interaction: Interaction) -> Answer:
    """Make it, and show its address this once."""
    made = await service.add(interaction.deps, interaction.actor, interaction.form.text("title"))
    _refresh(interaction, str(interaction.metadata.get("list", "")))
    return Update(_address(interaction.t, made))


async def rotate(interaction: Interaction) -> Answer:
    """Make another address, and show it this once."""
    made = await service.rotate(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_address(interaction.t, made))
    return None


def _address(t: Translator, made: NewSystem) -> View:
    blocks: list[Block] = []
    if made.url:
        blocks += [
            section(t.md("*The address, shown this once:*")),
            section(Markup(f"```{escape(made.url)}```")),
            section(
                t.md(
                    "In MiiTel Admin, under Third Party Integration > Outgoing Webhook, put it into the field URL and "
                    "save; MiiTel tries it at once. Let the phrases of the transcription be sent along."
                )
            ),
            context(t.md("Whoever knows the address can send calls. If it became known, make a new one.")),
        ]
    else:
        blocks.append(section(t.md("No web server runs here (PUBLIC_URL), so MiiTel cannot reach the bot.")))
    return modal("telephone.address", t("Address"), blocks, close=t("Close"))


async def pause(interaction: Interaction) -> Answer:
    """Receive nothing for now."""
    return await _set(interaction, active=False)


async def resume(interaction: Interaction) -> Answer:
    """Receive again."""
    return await _set(interaction, active=True)


async def _set(interaction: Interaction, *, active: bool) -> Answer:
    await service.set_active(interaction.deps, interaction.actor, interaction.record, active)
    await interaction.redraw(await _list(interaction))
    return None


def _refresh(interaction: Interaction, view_id: str) -> None:
    """Have the list below brought up to date once the acknowledgement is out."""
    if not view_id:
        return

    async def update() -> None:
        await interaction.client.views_update(view_id=view_id, view=as_json(await _list(interaction)))

    interaction.afterwards.append(update)
