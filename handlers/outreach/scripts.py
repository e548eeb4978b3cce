"""Call scripts (work item 2-5): `/playbook script`, what to say beside the call, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from slack_sdk.models.blocks import Block, ButtonElement, StaticSelectElement
from slack_sdk.models.views import View

from domain.errors import Code, Refused, Rejected
from domain.members import Permission, may
from domain.model import Reason, Unavailable
from domain.outreach.scripts import (
    GAP_NAMES,
    LANGUAGES,
    MAX_NAME,
    MAX_STAGE,
    Heading,
    Scene,
    Script,
    Stage,
    filled,
    named,
)
from handlers.blocks import (
    Choice,
    actions,
    button,
    confirm,
    context,
    divider,
    header,
    modal,
    option,
    radio_input,
    section,
    select_input,
    text_input,
)
from handlers.forms import record, word
from handlers.i18n import Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.messages import Reader, Rendered
from handlers.model_words import unavailable_line
from handlers.outreach import brief, calls
from handlers.outreach.script_words import SCENES, STAGES, described, drafted_line, plain, plain_script
from handlers.routes import Routes
from handlers.terms import choices
from services import model
from services.outreach import drafts, lead_card
from services.outreach import scripts as service
from services.outreach.lead_card import LeadCard
from services.outreach.scripts import ScriptVersion, Speaking

SPEAK = "script.speak"
HEADING = "script.heading.submit"
SAVE = "script.save.submit"
LISTED = 20
OFFERED = 90
"""Scripts that a select can offer beside the one that is open."""
VERSIONS_SHOWN = 10
MAX_GIVEN = 1500
"""Letters of pains and of proof points."""
NATIVE = {"ja": _("Japanese"), "en": _("English")}


def register(routes: Routes) -> None:
    """The command, the button beside the call, and the forms."""
    routes.command(
        "playbook",
        "script",
        show_list,
        Permission.LOG_CALLS,
        usage=_("script"),
        summary=_("The team's call scripts in seven stages: read, write, earlier versions"),
    )
    routes.action("script.open", open_beside, Permission.LOG_CALLS)
    routes.action("script.choose", choose, Permission.LOG_CALLS)
    routes.action("script.show", show, Permission.LOG_CALLS)
    routes.action("script.write", write, Permission.EDIT_PLAYBOOK)
    routes.action("script.draft", draft, Permission.EDIT_PLAYBOOK)
    routes.action("script.retire", retire, Permission.EDIT_PLAYBOOK)
    routes.view(HEADING, compose, Permission.EDIT_PLAYBOOK)
    routes.view(SAVE, save, Permission.EDIT_PLAYBOOK)


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


def _edits(interaction: Interaction) -> bool:
    return may(interaction.actor.role, Permission.EDIT_PLAYBOOK)


# The list


async def show_list(interaction: Interaction) -> Answer:
    """`/playbook script`."""
    t = interaction.t
    found = await service.listed(interaction.deps, interaction.actor)
    title = t.plural("{n} call script", "{n} call scripts", len(found))
    blocks: list[Block] = [header(title)]
    for version in found[:LISTED]:
        by = t.moment(version.at, interaction.actor.zone, now=interaction.deps.now())
        facts = t("version {n}, {at}, {name}", n=version.number, at=by, name=version.by or "–")
        text = f"*{escape(version.heading.name)}*　{escape(described(t, version.heading))}\n{escape(facts)}"
        blocks.append(section(Markup(text), button(t("Read"), f"script.show#{version.version_id}", version.version_id)))
    if not found:
        blocks.append(section(t.md("There is none yet. Beside each call stands the plain script.")))
    if _edits(interaction):
        blocks.append(actions(button(t("Write a script"), "script.write", style="primary")))
    return Reply(Rendered(title, blocks))


async def show(interaction: Interaction) -> Answer:
    """One version, and those before it."""
    await interaction.open(await _reading(interaction, interaction.record))
    return None


async def _reading(interaction: Interaction, version_id: int) -> View:
    t, reader = interaction.t, _reader(interaction)
    shown = await service.version(interaction.deps, interaction.actor, version_id)
    kept = await service.history(interaction.deps, interaction.actor, shown.script_id)
    blocks: list[Block] = [
        section(Markup(f"*{escape(shown.heading.name)}*　{escape(described(t, shown.heading))}")),
        context(escape(_written(reader, shown))),
        *_stages(t, shown.script),
        divider(),
    ]
    for each in kept[:VERSIONS_SHOWN]:
        counted = t.plural("open in {n} call", "open in {n} calls", each.calls)
        text = escape(f"{_written(reader, each.version)}　{counted}")
        this = each.version.version_id == version_id
        blocks.append(context(text) if this else section(text, _read_button(t, each.version)))
    if _edits(interaction) and shown.holds:
        blocks.append(actions(*_edit_buttons(t, shown)))
    return modal("script.reading", t("Call script"), blocks, close=t("Close"))


def _read_button(t: Translator, version: ScriptVersion) -> ButtonElement:
    return button(t("Read"), f"script.show#{version.version_id}", version.version_id)


def _edit_buttons(t: Translator, shown: ScriptVersion) -> list[ButtonElement]:
    asked = confirm(
        t("Withdraw"),
        t("“{name}” is offered to nobody any more. Its versions stay.", name=shown.heading.name),
        t("Withdraw"),
        t("Cancel"),
    )
    return [
        button(t("Write the next version"), "script.write#next", shown.version_id, style="primary"),
        button(t("Withdraw"), "script.retire", shown.script_id, style="danger", confirm=asked),
    ]


def _written(reader: Reader, version: ScriptVersion) -> str:
    t = reader.t
    at = t.moment(version.at, reader.zone, now=reader.now)
    said = t("version {n}, {at}, {name}", n=version.number, at=at, name=version.by or "–")
    return t("{written} (drafted by the model)", written=said) if version.drafted else said


def _stages(t: Translator, script: Script) -> list[Block]:
    return [
        section(Markup(f"*{place}. {escape(t(STAGES[stage]))}*\n{escape(script.stages[stage])}"))
        for place, stage in enumerate(Stage, start=1)
    ]


# Beside the call


async def open_beside(interaction: Interaction) -> Answer:
    """What to say to a lead. Opened in the form of a call, the script is written down with that call."""
    in_form = interaction.view.get("callback_id") == calls.SUBMIT
    # In the form the lead stands with what it was opened with: there is one button, whatever else is redrawn.
    lead_id = int(interaction.metadata["lead"]) if in_form else interaction.record
    given = interaction.metadata.get("script")
    speaking = await service.speak(interaction.deps, interaction.actor, lead_id, int(given) if given else None)
    shown = await lead_card.card(interaction.deps, interaction.actor, lead_id)
    draw = partial(_speaking, interaction, speaking, shown, in_form=in_form)
    view_id = await interaction.open(draw())
    if view_id and brief.plain(_reader(interaction), shown):
        interaction.afterwards.append(partial(_phrase, interaction, lead_id, view_id, draw))
    if in_form and speaking.chosen is not None and given != speaking.chosen.version_id:
        version = speaking.chosen.version_id
        interaction.afterwards.append(partial(_note_in_form, interaction, version))
    return None


async def _phrase(interaction: Interaction, lead_id: int, view_id: str, draw: Callable[..., View]) -> None:
    """The model's sentence comes into the modal when it is there; the plain line stands there from the beginning."""
    if await model.available(interaction.deps, interaction.actor.team_id) is not None:
        return
    try:
        line = await drafts.line(interaction.deps, interaction.actor, lead_id)
    except Unavailable:
        return
    await interaction.follow_up(view_id, draw(phrased=line))


async def _note_in_form(interaction: Interaction, version_id: int) -> None:
    """The form below remembers which script lies over it; what was typed stays."""
    noted = metadata(**{**interaction.metadata, "script": version_id})
    await interaction.redraw_blocks(list(interaction.view["blocks"]), noted)


async def choose(interaction: Interaction) -> Answer:
    """Another script for the same lead."""
    lead_id = int(interaction.metadata["lead"])
    version = record(interaction.value)
    speaking = await service.speak(interaction.deps, interaction.actor, lead_id, version)
    shown = await lead_card.card(interaction.deps, interaction.actor, lead_id)
    await interaction.redraw(_speaking(interaction, speaking, shown, in_form=False))
    return None


def _speaking(
    interaction: Interaction, speaking: Speaking, shown: LeadCard, *, in_form: bool, phrased: str = ""
) -> View:
    reader, t = _reader(interaction), interaction.t
    chosen = speaking.chosen
    script = chosen.script if chosen else plain_script(t, speaking.occasion.scene)
    language = script.heading.language
    spoken = {stage: filled(text, speaking.gaps, language) for stage, text in script.stages.items()}
    facts = [t(SCENES[speaking.occasion.scene])]
    facts.append(
        t("{name} ({written})", name=script.heading.name, written=_written(reader, chosen))
        if chosen
        else script.heading.name
    )
    blocks: list[Block] = [
        section(Markup(f"*{escape(speaking.contact)}*　{escape(speaking.account)}")),
        context(escape("　".join(facts))),
    ]
    said = brief.plain(reader, shown)
    if said:
        blocks.append(section(Markup(f"💡 {escape(said)}")))
    if phrased:
        blocks.append(context(t.md("In short (by the model): {line}", line=phrased)))
    if speaking.others and not in_form:
        blocks.append(actions(_other_scripts(t, speaking)))
    blocks += _stages(t, Script(script.heading, spoken))
    if not in_form:
        buttons = [
            button(t("Log a call"), "call.log", speaking.lead_id, style="primary"),
            button(t("Objections"), "objection.open", speaking.lead_id),
        ]
        blocks.append(actions(*buttons))
    given = calls.carried(interaction) if not in_form else {}
    given.pop("script", None)
    return modal(
        SPEAK,
        t("Call script"),
        blocks,
        close=t("Close"),
        private_metadata=metadata(lead=speaking.lead_id, script=chosen.version_id if chosen else None, **given),
    )


def _other_scripts(t: Translator, speaking: Speaking) -> StaticSelectElement:
    offered = [
        Choice(str(each.version_id), each.heading.name, described(t, each.heading))
        for each in speaking.others[:OFFERED]
    ]
    return StaticSelectElement(
        action_id="script.choose", options=[option(each) for each in offered], placeholder=t("Another script")
    )


# Writing


async def write(interaction: Interaction) -> Answer:
    """First what the script is for; value: the version it is the next one of, or nothing."""
    based_on = None
    if interaction.value:
        based_on = await service.version(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_heading_form(interaction.t, based_on))
    return None


def _heading_form(t: Translator, based_on: ScriptVersion | None) -> View:
    heading = based_on.heading if based_on else Heading("", Scene.FIRST_CALL, t.language)
    blocks = [
        text_input("name", t("Name of the script"), heading.name, optional=False, max_length=MAX_NAME),
        select_input("scene", t("Scene"), choices(t, SCENES), heading.scene, optional=False),
        radio_input("language", t("Language"), [Choice(code, t(NATIVE[code])) for code in LANGUAGES], heading.language),
        text_input(
            "segment",
            t("Industry"),
            heading.segment,
            hint=t("Only for companies of this industry; empty: for all."),
            max_length=MAX_NAME,
        ),
        text_input(
            "persona",
            t("Persona"),
            heading.persona,
            hint=t("A word of department or title, such as IT or manager; empty: for everybody."),
            max_length=MAX_NAME,
        ),
    ]
    return modal(
        HEADING,
        t("Write a script"),
        blocks,
        submit=t("Next"),
        close=t("Cancel"),
        private_metadata=metadata(base=based_on.version_id if based_on else None),
    )


async def compose(interaction: Interaction) -> Answer:
    """Then the seven stages, with what there is to begin with."""
    form, t = interaction.form, interaction.t
    name = form.text("name", required=True)
    scene = form.required_choice("scene", Scene, Scene.FIRST_CALL)
    language = form.option("language")
    if language not in LANGUAGES:
        form.wrong("language", Code.REQUIRED)
    form.check()
    heading = Heading(name, scene, str(language), form.text("segment"), form.text("persona"))
    closed = await model.available(interaction.deps, interaction.actor.team_id)
    base = interaction.metadata.get("base")
    if base:
        version = await service.version(interaction.deps, interaction.actor, int(base))
        written = Written(heading, dict(version.script.stages), script=version.script_id, number=version.number)
    else:
        written = Written(heading, plain(translator(heading.language), scene))
    return Update(_stages_form(t, replace(written, drafts=closed is None), unavailable=closed))


@dataclass(frozen=True, slots=True)
class Written:
    """The second form as it stands. `script` and `number`: the version it is the next one of. `drafts`: the model can
    be asked for a draft; `round` counts the drafts, each of which has inputs of its own: Slack keeps what stands in an
    input that stays."""

    heading: Heading
    stages: Mapping[Stage, str]
    script: int | None = None
    number: int | None = None
    drafts: bool = False
    drafted: bool = False
    round: int = 0
    pains: str = ""
    proof: str = ""

    def block(self, stage: Stage) -> str:
        """The input of a stage."""
        return f"{stage.value}_{self.round}" if self.round else stage.value

    @classmethod
    def read(cls, interaction: Interaction) -> Self:
        """From the form that was submitted or clicked in."""
        form, given = interaction.form, interaction.metadata
        language = str(given.get("language", ""))
        if language not in LANGUAGES:
            raise Refused(Code.INVALID, "language")
        heading = Heading(
            str(given.get("name", "")),
            word(Scene, given.get("scene"), "scene"),
            language,
            str(given.get("segment", "")),
            str(given.get("persona", "")),
        )
        found = cls(
            heading,
            {},
            record(given["script"]) if given.get("script") else None,
            record(given["number"]) if given.get("number") else None,
            bool(given.get("drafts")),
            bool(given.get("drafted")),
            record(given.get("round", 0)),
            form.text("pains"),
            form.text("proof"),
        )
        return replace(found, stages={stage: form.text(found.block(stage)) for stage in Stage})

    @property
    def metadata(self) -> str:
        """What the form carries."""
        heading = self.heading
        return metadata(
            name=heading.name,
            scene=heading.scene.value,
            language=heading.language,
            segment=heading.segment,
            persona=heading.persona,
            script=self.script,
            number=self.number,
            drafts=1 if self.drafts else None,
            drafted=1 if self.drafted else None,
            round=self.round or None,
        )


def _stages_form(
    t: Translator, written: Written, *, told: Markup | None = None, unavailable: Reason | None = None
) -> View:
    heading = written.heading
    gaps = "　".join(f"{{{name}}}" for name in GAP_NAMES[heading.language].values())
    blocks: list[Block] = [section(Markup(f"*{escape(heading.name)}*　{escape(described(t, heading))}"))]
    if written.drafts:
        blocks += [
            text_input(
                "pains",
                t("Pains of these customers"),
                written.pains,
                multiline=True,
                max_length=MAX_GIVEN,
                hint=t("What the model drafts from, with the proof points. It is not saved."),
            ),
            text_input("proof", t("Proof points"), written.proof, multiline=True, max_length=MAX_GIVEN),
            actions(button(t("Draft with the model"), "script.draft")),
        ]
    if unavailable is not None:
        blocks.append(context(unavailable_line(t, unavailable)))
    if told is not None:
        blocks.append(context(told))
    blocks.append(context(t.md("What stands in braces is filled in from the lead: {gaps}", gaps=gaps)))
    blocks += [
        text_input(
            written.block(stage),
            f"{place}. {t(STAGES[stage])}",
            written.stages.get(stage, ""),
            optional=False,
            multiline=True,
            max_length=MAX_STAGE,
        )
        for place, stage in enumerate(Stage, start=1)
    ]
    return modal(
        SAVE, t("Write a script"), blocks, submit=t("Save"), close=t("Cancel"), private_metadata=written.metadata
    )


async def draft(interaction: Interaction) -> Answer:
    """Ask the model; the form stays as it is until the draft is there."""
    t, written = interaction.t, Written.read(interaction)
    await interaction.redraw(_stages_form(t, written, told=t.md("The draft is being written…")))
    interaction.afterwards.append(partial(_draft, interaction, written))
    return None


async def _draft(interaction: Interaction, written: Written) -> None:
    t = interaction.t
    company = await service.our_name(interaction.deps, interaction.actor)
    try:
        drafted = await drafts.script(
            interaction.deps, interaction.actor, written.heading, written.pains, written.proof, company
        )
    except Unavailable as unavailable:
        view = _stages_form(t, written, unavailable=unavailable.reason)
    else:
        language = written.heading.language
        stages = {stage: named(text, language) for stage, text in drafted.stages.items()}
        fresh = replace(written, stages=stages, drafted=True, round=written.round + 1)
        view = _stages_form(t, fresh, told=drafted_line(t, drafted.figures))
    await interaction.follow_up(str(interaction.view["id"]), view)


async def save(interaction: Interaction) -> Answer:
    """The script is written down, as its next version where it had one."""
    t, written = interaction.t, Written.read(interaction)
    script, drafted = Script(written.heading, written.stages), written.drafted
    deps, actor = interaction.deps, interaction.actor
    try:
        if written.script is not None and written.number is not None:
            saved = await service.change(deps, actor, written.script, written.number, script, drafted=drafted)
        else:
            saved = await service.add(deps, actor, script, drafted=drafted)
    except Rejected as rejected:
        blocks = {stage.value: written.block(stage) for stage in Stage}
        raise Rejected(
            *(Refused(r.code, blocks.get(r.field or "", r.field), **r.detail) for r in rejected.refusals)
        ) from None
    text = t.md("✅ Saved: *{name}*, version {n}.", name=written.heading.name, n=saved.number)
    return Update(modal("script.saved", t("Call script"), [section(text)], close=t("Close")))


async def retire(interaction: Interaction) -> Answer:
    """Nobody is offered the script any more."""
    t = interaction.t
    try:
        await service.retire(interaction.deps, interaction.actor, interaction.record)
    except Refused as refused:
        if refused.code is not Code.ALREADY_DONE:
            raise
    done = section(t.md("The script is not offered any more. Its versions stay."))
    await interaction.redraw(modal("script.retired", t("Call script"), [done], close=t("Close")))
    return None
