"""`/inbound sources`: the forms of the website, what their fields mean, their addresses and secrets."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.leads import Source
from domain.members import Permission
from domain.outreach.form_fields import FILLED, Field, FieldMap, meaning_of
from handlers.block_json import as_json
from handlers.blocks import (
    Choice,
    actions,
    button,
    clip,
    confirm,
    context,
    divider,
    modal,
    section,
    select_input,
    text_input,
)
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Errors, Interaction, Update, metadata
from handlers.outreach.inbound_webhook import SIGNATURE, SUBMISSION, TIMESTAMP
from handlers.routes import Routes
from handlers.terms import SOURCES, choices
from services.outreach import form_sources as service
from services.outreach.form_sources import FieldSeen, FormFields, FormView, NewSecret

ADD = "inbound.source.add.submit"
MAP = "inbound.source.map.submit"
FIELDS_SHOWN = 40
FORMS_SHOWN = 20
EXAMPLE_LIMIT = 120

FIELD_LABELS: Final[dict[Field, str]] = {
    Field.COMPANY: _("Company"),
    Field.NAME: _("Name"),
    Field.READING: _("Reading (katakana)"),
    Field.DEPARTMENT: _("Department"),
    Field.TITLE: _("Title"),
    Field.PHONE: _("Phone"),
    Field.EMAIL: _("E-mail"),
    Field.TOPIC: _("What it is about"),
    Field.MESSAGE: _("Message"),
    Field.EMPLOYEES: _("Employees"),
    Field.INDUSTRY: _("Industry"),
    Field.ADDRESS: _("Address"),
    Field.WEBSITE: _("Website"),
    Field.CORPORATE_NUMBER: _("Corporate number"),
    Field.SUBMISSION: _("Number of the submission"),
    Field.OTHER: _("Show on the card as it is"),
    Field.IGNORE: _("Leave out"),
}


def register(routes: Routes) -> None:
    """The list and everything that is done from it."""
    routes.command(
        "inbound",
        "sources",
        open_list,
        Permission.EDIT_TEAM,
        usage=_("sources"),
        summary=_("Forms whose submissions become leads: add, map fields, secrets, pause"),
    )
    routes.action("inbound.source.add", open_add, Permission.EDIT_TEAM)
    routes.view(ADD, add, Permission.EDIT_TEAM)
    routes.action("inbound.source.map", open_map, Permission.EDIT_TEAM)
    routes.view(MAP, save_map, Permission.EDIT_TEAM)
    routes.action("inbound.source.rotate", rotate, Permission.EDIT_TEAM)
    routes.action("inbound.source.pause", pause, Permission.EDIT_TEAM)
    routes.action("inbound.source.resume", resume, Permission.EDIT_TEAM)
    routes.action("inbound.source.example", show_example, Permission.EDIT_TEAM)


# The list


async def open_list(interaction: Interaction) -> Answer:
    """Every form with its address and what can be done."""
    await interaction.open(await _list(interaction))
    return None


async def _list(interaction: Interaction) -> View:
    t = interaction.t
    forms = await service.all_of(interaction.deps, interaction.actor)
    blocks: list[Block] = []
    if not forms:
        blocks.append(
            section(
                t.md(
                    "*No form yet.* Add one: you get an address and a secret for whoever looks after the website. "
                    "Each submission then becomes a lead, with a card and a clock."
                )
            )
        )
    for form in forms[:FORMS_SHOWN]:
        blocks += [*_form(interaction, form), divider()]
    blocks.append(actions(button(t("Add a form"), "inbound.source.add", style="primary")))
    return modal("inbound.sources", t("Forms"), blocks, close=t("Close"))


def _form(interaction: Interaction, form: FormView) -> list[Block]:
    t, number = interaction.t, form.source_id
    state = f"✅ {t('receiving')}" if form.active else f"⏸️ {t('paused')}"
    count = t.plural("{n} submission in 30 days", "{n} submissions in 30 days", form.received)
    facts = [escape(state), escape(count)]
    if form.last_received_at is not None:
        at = t.moment(form.last_received_at, interaction.actor.zone, now=interaction.deps.now())
        facts.append(t.md("last {time}", time=at))
    text = Markup(f"*{escape(form.title)}*　{'　'.join(facts)}\n`{escape(form.url)}`")
    again = confirm(
        t("A new secret?"),
        t("The old one signs nothing from now on: the website must be given the new one at once."),
        t("New secret"),
        t("Cancel"),
    )
    turn = (
        button(t("Pause"), "inbound.source.pause", number)
        if form.active
        else button(t("Go on"), "inbound.source.resume", number, style="primary")
    )
    return [
        section(text),
        actions(
            button(t("Map fields"), "inbound.source.map", number),
            button(t("Example (curl)"), "inbound.source.example", number),
            button(t("New secret"), "inbound.source.rotate", number, confirm=again),
            turn,
        ),
    ]


def _refresh(interaction: Interaction, view_id: str) -> None:
    """Have the list below brought up to date once the acknowledgement is out."""
    if not view_id:
        return

    async def update() -> None:
        await interaction.client.views_update(view_id=view_id, view=as_json(await _list(interaction)))

    interaction.afterwards.append(update)


# Add, secrets


async def open_add(interaction: Interaction) -> Answer:
    """Ask for the name the team knows the form by."""
    t = interaction.t
    await interaction.open(
        modal(
            ADD,
            t("Add a form"),
            [
                text_input(
                    "title",
                    t("Name of the form"),
                    optional=False,
                    max_length=service.MAX_TITLE,
                    placeholder=t("Inquiries, demo requests, price list"),
                    hint=t("It stands on every card. The website never sees it."),
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
    """Make the form, and show its secret this once."""
    made = await service.add(interaction.deps, interaction.actor, interaction.form.text("title"))
    _refresh(interaction, str(interaction.metadata.get("list", "")))
    return Update(_secret_view(interaction.t, made))


async def rotate(interaction: Interaction) -> Answer:
    """Make another secret, and show it this once."""
    made = await service.rotate(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_secret_view(interaction.t, made))
    return None


def _secret_view(t: Translator, made: NewSecret) -> View:
    return modal(
        "inbound.source.secret",
        t("Address and secret"),
        [
            section(
                Markup(
                    f"🔑 {t.md('*{title}*: give these two to whoever looks after the website.', title=made.form.title)}"
                )
            ),
            section(Markup(f"*{escape(t('Webhook URL'))}*\n```{escape(made.form.url)}```")),
            section(Markup(f"*{escape(t('Secret'))}*\n```{escape(made.secret)}```")),
            context(t.md("⚠️ The secret is shown only now. If it is lost, make a new one in the list.")),
            divider(),
            *_example(t, made.form, made.secret),
        ],
        close=t("Close"),
    )


async def show_example(interaction: Interaction) -> Answer:
    """How to send a submission from a shell."""
    t = interaction.t
    forms = await service.all_of(interaction.deps, interaction.actor)
    form = next((one for one in forms if str(one.source_id) == interaction.value), None)
    if form is None:
        return None
    blocks = [section(Markup(f"*{escape(form.title)}*")), *_example(t, form, "…")]
    await interaction.open(modal("inbound.source.example", t("Example (curl)"), blocks, close=t("Close")))
    return None


def curl(t: Translator, url: str, secret: str) -> str:
    """Lines for a shell that sign and send a submission."""
    body = {
        t("Company"): t("Sample Inc."),
        t("Name"): t("Hanako Sample"),
        t("E-mail"): "hanako@sample.example",
        t("Phone"): "03-1000-5000",
        t("Message"): t("Please send us a quotation."),
    }
    return "\n".join(
        [
            f"secret={shlex.quote(secret)}",
            f"body={shlex.quote(json.dumps(body, ensure_ascii=False))}",
            "time=$(date +%s)",
            'sign=$(printf \'%s.%s\' "$time" "$body" | openssl dgst -sha256 -hmac "$secret" -r | cut -d" " -f1)',
            f"curl -sS {shlex.quote(url)} \\",
            "  -H 'Content-Type: application/json' \\",
            f'  -H "{TIMESTAMP}: $time" \\',
            f'  -H "{SIGNATURE}: v1=$sign" \\',
            f'  -H "{SUBMISSION}: test-$time" \\',
            '  --data-binary "$body"',
        ]
    )


def _example(t: Translator, form: FormView, secret: str) -> list[Block]:
    return [
        section(Markup(f"*{escape(t('Try it in a shell'))}*\n```{escape(curl(t, form.url, secret))}```")),
        context(
            t.md(
                "Common names of fields are understood by themselves. "
                "docs/webhooks.md has the same in Python and JavaScript."
            )
        ),
    ]


async def pause(interaction: Interaction) -> Answer:
    """Take nothing from the form for now."""
    return await _turn(interaction, active=False)


async def resume(interaction: Interaction) -> Answer:
    """Take its submissions again."""
    return await _turn(interaction, active=True)


async def _turn(interaction: Interaction, *, active: bool) -> Answer:
    await service.set_active(interaction.deps, interaction.actor, interaction.record, active=active)
    await interaction.redraw(await _list(interaction))
    return None


# Fields


async def open_map(interaction: Interaction) -> Answer:
    """Each of the form's fields with what it was last filled with, and a choice of what it means."""
    shown = await service.fields(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_map_view(interaction.t, shown, str(interaction.view.get("id") or "")))
    return None


def _block_of(name: str) -> str:
    # Names of fields may be longer than a block's id, and two of them alike but for their case.
    return f"field.{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def _map_view(t: Translator, shown: FormFields, list_id: str) -> View:
    form = shown.form
    blocks: list[Block] = [
        text_input("title", t("Name of the form"), form.title, optional=False, max_length=service.MAX_TITLE)
    ]
    if shown.fields:
        blocks.append(section(t.md("*What does each field mean?* Those with common names are filled in already.")))
        blocks += [_field_input(t, field) for field in shown.fields[:FIELDS_SHOWN]]
        hidden = len(shown.fields) - FIELDS_SHOWN
        if hidden > 0:
            blocks.append(context(Markup(escape(t.plural("{n} more field", "{n} more fields", hidden)))))
    else:
        blocks += [
            section(
                t.md(
                    "*Nothing has been received yet.* After the first submission its fields stand here. "
                    "Common names such as 会社名, お名前 or email need no mapping."
                )
            ),
            text_input(
                "names",
                t("Names of the form's fields, one a line"),
                multiline=True,
                max_length=2000,
                hint=t("If you want to say what they mean before the first submission."),
            ),
        ]
    blocks += [
        divider(),
        select_input("source", t("Source of these leads"), choices(t, SOURCES), shown.source, optional=False),
        text_input(
            "fixed",
            t("Fixed values, one a line"),
            "\n".join(f"{t(FIELD_LABELS[field])} = {text}" for field, text in shown.fixed.items()),
            multiline=True,
            max_length=2000,
            placeholder=f"{t(FIELD_LABELS[Field.INDUSTRY])} = {t('Machinery')}",
            hint=t(
                "Fill what the form does not ask. Possible: {fields}",
                fields=t.listed(t(FIELD_LABELS[field]) for field in FILLED),
            ),
        ),
    ]
    return modal(
        MAP,
        t("Fields of the form"),
        blocks,
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(source=form.source_id, version=form.version, list=list_id),
    )


def _field_input(t: Translator, field: FieldSeen) -> Block:
    example = " ".join(field.example.split())
    return select_input(
        _block_of(field.name),
        clip(field.name, 200),
        [Choice(meaning.value, t(label)) for meaning, label in FIELD_LABELS.items()],
        field.meaning,
        optional=False,
        hint=t("Last: {example}", example=clip(example, EXAMPLE_LIMIT)) if example else None,
    )


async def save_map(interaction: Interaction) -> Answer:
    """Save what the fields mean; names typed beforehand are shown again, to choose their meanings."""
    t, form = interaction.t, interaction.form
    given = interaction.metadata
    number, list_id = int(given["source"]), str(given.get("list", ""))
    shown = await service.fields(interaction.deps, interaction.actor, number)
    meanings = {field.name: field.meaning for field in shown.fields if field.decided}
    for field in shown.fields:
        chosen = form.choice(_block_of(field.name), Field)
        if chosen is not None:
            meanings[field.name] = chosen
    named = [line.strip()[:200] for line in form.text("names").splitlines() if line.strip()]
    meanings |= {name: meaning_of(name) for name in named}
    source = form.required_choice("source", Source, Source.INBOUND_FORM)
    title = form.text("title", required=True)
    form.check()
    fixed = parse_fixed(t, form.text("fixed").splitlines())
    if isinstance(fixed, str):
        return Errors({"fixed": fixed})
    saved = await service.set_fields(
        interaction.deps,
        interaction.actor,
        number,
        FieldMap(meanings, fixed, source),
        title=title,
        version=int(given["version"]),
    )
    _refresh(interaction, list_id)
    if named:
        return Update(_map_view(t, saved, list_id))
    return None


def parse_fixed(t: Translator, lines: Sequence[str]) -> dict[Field, str] | str:
    """`業種 = 機械`, one a line, or the sentence that says which line is none."""
    labels = {t(FIELD_LABELS[field]).casefold(): field for field in FILLED} | {field.value: field for field in FILLED}
    found: dict[Field, str] = {}
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _mark, text = line.replace("＝", "=").partition("=")
        field = labels.get(name.strip().casefold())
        if field is None or not text.strip():
            return t("Line {n} is not of the form “{label} = value”.", n=place, label=t(FIELD_LABELS[Field.INDUSTRY]))
        found[field] = text.strip()
    return found
