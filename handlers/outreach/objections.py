"""Objections (work item 2-5): `/playbook objection`, the team's answers beside the call, and how it went."""

from __future__ import annotations

from functools import partial

from slack_sdk.models.blocks import Block, ButtonElement, ExternalDataSelectElement
from slack_sdk.models.views import View

from domain.errors import Refused
from domain.members import Permission, may
from domain.model import Reason, Unavailable
from domain.outreach.objections import MAX_ANSWER, MAX_ANSWERS, MAX_TEXT, Objection, Record
from domain.performance.proportions import Proportion
from handlers.blocks import (
    Choice,
    actions,
    button,
    confirm,
    context,
    divider,
    header,
    modal,
    section,
    text_input,
)
from handlers.forms import record
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Options, Reply, Update, metadata
from handlers.messages import Rendered
from handlers.model_words import unavailable_line
from handlers.outreach.calls import click_key
from handlers.outreach.whispers import whisper
from handlers.routes import Routes
from services.outreach import drafts
from services.outreach import objections as service
from services.outreach.objections import ObjectionLine

FIND = "objection.find"
SUBMIT = "objection.submit"
SHOWN = 5
OFFERED = 30
YES, NO = "yes", "no"


def register(routes: Routes) -> None:
    """The command, the modal beside the call, the two buttons that count, and the form."""
    routes.command(
        "playbook",
        "objection",
        show_list,
        Permission.LOG_CALLS,
        usage=_("objection [words]"),
        summary=_("Objections and the team's answers, and how often they helped"),
    )
    routes.action("objection.open", open_beside, Permission.LOG_CALLS)
    routes.action(FIND, chosen, Permission.LOG_CALLS)
    routes.select(FIND, offered, Permission.LOG_CALLS)
    routes.action("objection.count", count, Permission.LOG_CALLS)
    routes.action("objection.write", write, Permission.EDIT_PLAYBOOK)
    routes.action("objection.retire", retire, Permission.EDIT_PLAYBOOK)
    routes.view(SUBMIT, save, Permission.EDIT_PLAYBOOK)


def _edits(interaction: Interaction) -> bool:
    return may(interaction.actor.role, Permission.EDIT_PLAYBOOK)


# Words


def proportion(t: Translator, share: Proportion) -> str:
    """80 % (12 of 15; 95 % interval 55–93 %)."""
    if share.share is None:
        return "–"
    low, high = share.interval()
    return t(
        "{share} % ({hits} of {n}; 95 % interval {low}–{high} %)",
        share=round(share.share * 100),
        hits=t.number(share.hits),
        n=t.number(share.n),
        low=round(low * 100),
        high=round(high * 100),
    )


def went(t: Translator, counted: Record) -> list[Markup]:
    """How it went, in figures."""
    if not counted.handled.n:
        return [t.md("Nobody has said yet how it went.")]
    lines = [t.md("Handled: {share}", share=proportion(t, counted.handled))]
    if counted.met.n or counted.met_otherwise.n:
        lines.append(
            t.md(
                "Meeting within 14 days, where handled: {share}; else: {other}",
                share=proportion(t, counted.met),
                other=proportion(t, counted.met_otherwise),
            )
        )
    return lines


def _line(t: Translator, line: ObjectionLine, lead_id: int | None, *, edits: bool) -> list[Block]:
    answers = "\n".join(f"{place}. {escape(answer)}" for place, answer in enumerate(line.objection.answers, start=1))
    return [
        section(Markup(f"💬 *{escape(line.objection.text)}*\n{answers}")),
        context(*went(t, line.record)),
        actions(*_count_buttons(t, line, lead_id), *([_edit_button(t, line)] if edits else [])),
    ]


def _count_buttons(t: Translator, line: ObjectionLine, lead_id: int | None) -> list[ButtonElement]:
    about = f"{line.objection_id}:{lead_id or ''}"
    return [
        button(t("Handled"), f"objection.count#{YES}", f"{about}:{YES}"),
        button(t("Not handled"), f"objection.count#{NO}", f"{about}:{NO}"),
    ]


def _edit_button(t: Translator, line: ObjectionLine) -> ButtonElement:
    return button(t("Edit"), "objection.write#edit", line.objection_id)


# The list


async def show_list(interaction: Interaction) -> Answer:
    """`/playbook objection`: those that hold what was typed, else the most frequent ones."""
    t, typed = interaction.t, interaction.text
    found = await service.search(interaction.deps, interaction.actor, typed)
    title = t.plural("{n} objection", "{n} objections", len(found))
    blocks: list[Block] = [header(title)]
    if not found:
        text = t.md("No objection holds “{text}”.", text=typed) if typed else t.md("There is none yet.")
        blocks.append(section(text))
    for line in found[:SHOWN]:
        blocks += _line(t, line, None, edits=_edits(interaction))
    if len(found) > SHOWN:
        blocks.append(context(t.md("Narrow it down: `/playbook objection` with words of the customer.")))
    if _edits(interaction):
        blocks.append(actions(button(t("Add an objection"), "objection.write", style="primary")))
    return Reply(Rendered(title, blocks))


# Beside the call


async def open_beside(interaction: Interaction) -> Answer:
    """The search, and the most frequent objections under it."""
    form = interaction.metadata if interaction.in_view else {}
    lead_id = int(form["lead"]) if form.get("lead") else interaction.record
    lines = await service.search(interaction.deps, interaction.actor, "")
    await interaction.open(_beside(interaction, lead_id, lines[:SHOWN]))
    return None


def _beside(
    interaction: Interaction, lead_id: int, lines: list[ObjectionLine], told: Markup | None = None, one: int = 0
) -> View:
    t = interaction.t
    # No input: a modal with one would need a button that submits it.
    search = ExternalDataSelectElement(action_id=FIND, placeholder=t("Words of the customer"), min_query_length=1)
    blocks: list[Block] = [section(t.md("*What does the customer say?*")), actions(search)]
    if told is not None:
        blocks.append(section(told))
    for line in lines:
        blocks += [divider(), *_line(t, line, lead_id, edits=False)]
    if not lines:
        blocks.append(section(t.md("There is none yet. Managers add objections with `/playbook objection`.")))
    return modal(
        "objection.beside",
        t("Objections"),
        blocks,
        close=t("Close"),
        private_metadata=metadata(lead=lead_id, one=one or None),
    )


async def offered(interaction: Interaction) -> Answer:
    """Objections that hold what was typed."""
    found = await service.search(interaction.deps, interaction.actor, interaction.text)
    return Options(
        [Choice(str(line.objection_id), line.objection.text, line.objection.answers[0]) for line in found[:OFFERED]]
    )


async def chosen(interaction: Interaction) -> Answer:
    """One was chosen: it stands alone, with its answers."""
    line = await service.one(interaction.deps, interaction.actor, interaction.record)
    lead_id = int(interaction.metadata["lead"])
    drawn = await interaction.redraw(_beside(interaction, lead_id, [line], one=line.objection_id))
    interaction.afterwards.append(partial(_adapt, interaction, lead_id, line, drawn))
    return None


async def _adapt(interaction: Interaction, lead_id: int, line: ObjectionLine, drawn: str) -> None:
    """The team's answers stand there at once; the fitting one in words for this customer comes when it is there, unless
    something else has been chosen meanwhile."""
    t = interaction.t
    try:
        adapted = await drafts.answer(interaction.deps, interaction.actor, lead_id, line.objection_id)
    except Unavailable as unavailable:
        if unavailable.reason in (Reason.NOT_CONFIGURED, Reason.OFF):
            # As the team has it: nothing is missing.
            return
        told = unavailable_line(t, unavailable.reason)
    except Refused:
        # The lead, or the objection, has gone meanwhile: there is nobody to put it into words for.
        return
    else:
        told = Markup(
            f"🪄 {t.md('*For this customer (by the model)*')}\n{escape(adapted.text)}\n"
            f"{t.md('From the team’s own answer: “{answer}”', answer=adapted.source)}"
        )
    view = _beside(interaction, lead_id, [line], told, line.objection_id)
    await interaction.follow_up(str(interaction.view["id"]), view, drawn or None)


async def count(interaction: Interaction) -> Answer:
    """It came up, and was handled or not."""
    t = interaction.t
    number, lead, said = (*interaction.value.split(":"), "", "")[:3]
    handled = said == YES
    line = await service.count(
        interaction.deps,
        interaction.actor,
        record(number),
        handled=handled,
        lead_id=record(lead) if lead else None,
        request_key=click_key(interaction),
    )
    done = t.md("Counted: handled.") if handled else t.md("Counted: not handled.")
    told = Markup(f"✅ {escape(line.objection.text)}　{done}")
    if interaction.in_view:
        lead_id = int(interaction.metadata["lead"])
        one = int(interaction.metadata.get("one", 0))
        lines = [line] if one else (await service.search(interaction.deps, interaction.actor, ""))[:SHOWN]
        await interaction.redraw(_beside(interaction, lead_id, lines, told, one))
        return None
    return whisper(interaction, Rendered(told, [section(told), context(*went(t, line.record))]))


# Writing


async def write(interaction: Interaction) -> Answer:
    """The form: a new one, or one to be changed."""
    line = None
    if interaction.value:
        line = await service.one(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_form(interaction.t, line))
    return None


def _form(t: Translator, line: ObjectionLine | None) -> View:
    objection = line.objection if line else Objection("", ())
    blocks: list[Block] = [
        text_input(
            "text",
            t("What the customer says"),
            objection.text,
            optional=False,
            placeholder=t("We have no budget for it this year"),
            max_length=MAX_TEXT,
        )
    ]
    for place in range(1, MAX_ANSWERS + 1):
        answer = objection.answers[place - 1] if place <= len(objection.answers) else ""
        label = t("Answer {n}", n=place)
        blocks.append(
            text_input(f"answer_{place}", label, answer, optional=place > 1, multiline=True, max_length=MAX_ANSWER)
        )
    if line is not None:
        asked = confirm(
            t("Withdraw"),
            t("“{name}” is offered to nobody any more.", name=objection.text),
            t("Withdraw"),
            t("Cancel"),
        )
        value = f"{line.objection_id}:{line.version}"
        blocks.append(actions(button(t("Withdraw"), "objection.retire", value, style="danger", confirm=asked)))
    return modal(
        SUBMIT,
        t("Objection"),
        blocks,
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(
            objection=line.objection_id if line else None, version=line.version if line else None
        ),
    )


async def save(interaction: Interaction) -> Answer:
    """Write it down."""
    form, t, given = interaction.form, interaction.t, interaction.metadata
    answers = tuple(form.text(f"answer_{place}") for place in range(1, MAX_ANSWERS + 1))
    objection = Objection(form.text("text"), answers)
    if given.get("objection"):
        number, version = int(given["objection"]), int(given["version"])
        await service.change(interaction.deps, interaction.actor, number, version, objection)
    else:
        await service.add(interaction.deps, interaction.actor, objection)
    done = section(t.md("✅ Saved: *{name}*", name=objection.text))
    return Update(modal("objection.saved", t("Objection"), [done], close=t("Close")))


async def retire(interaction: Interaction) -> Answer:
    """Nobody is offered it any more."""
    t = interaction.t
    number, _colon, version = interaction.value.partition(":")
    await service.retire(interaction.deps, interaction.actor, record(number), record(version))
    done = section(t.md("The objection is not offered any more. What was counted stays."))
    await interaction.redraw(modal("objection.retired", t("Objection"), [done], close=t("Close")))
    return None
