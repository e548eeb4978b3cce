"""`/lead add`, `/lead find`, `/lead show`, and the next step of a lead."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.leads import BuyingRole, NextStep, Source
from domain.members import Permission
from handlers import lead_lines, next_step
from handlers.blocks import (
    Choice,
    actions,
    button,
    context,
    divider,
    external_select,
    modal,
    section,
    select_input,
    text_input,
)
from handlers.forms import Form, record
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Clear, Interaction, Options, Reply, Update, dicts, metadata
from handlers.messages import Reader, Rendered
from handlers.outreach.lead_card import card
from handlers.routes import Routes
from handlers.terms import BUYING_ROLES, SOURCES, choices
from services.outreach import lead_card as card_service
from services.outreach import leads as service
from services.outreach.leads import DuplicateFound, NewLead, NextStepInput
from services.outreach.records import LeadLine
from services.targeting import accounts
from services.targeting.accounts import NewAccount

COMPANY = "lead.company"
NEW = "new:"
FOUND_LIMIT = 10


def register(routes: Routes) -> None:
    """Commands, modals and buttons about leads."""
    routes.command("lead", "add", open_add, Permission.EDIT_LEADS, usage=_("add [company]"), summary=_("Add a lead"))
    routes.command(
        "lead",
        "find",
        find,
        Permission.READ,
        usage=_("find name, company, phone or mail"),
        summary=_("Find leads; width, case, kana and 株式会社 do not matter"),
    )
    routes.command(
        "lead", "show", show, Permission.READ, usage=_("show name or company"), summary=_("Show a lead's card")
    )
    routes.select(COMPANY, companies, Permission.READ)
    routes.action(COMPANY, company_chosen, Permission.EDIT_LEADS)
    routes.view("lead.add.submit", add, Permission.EDIT_LEADS)
    routes.action("lead.show", show_from_button, Permission.READ)
    routes.action("lead.next", open_next_step, Permission.EDIT_LEADS)
    routes.action(next_step.CHOSEN, redraw_next_step, Permission.EDIT_LEADS)
    routes.view(next_step.SUBMIT, save_next_step, Permission.EDIT_LEADS)
    routes.action("lead.take_over", take_over, Permission.HAND_OFF)
    routes.action("lead.reopen", reopen, Permission.EDIT_LEADS)


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


# Add


async def open_add(interaction: Interaction) -> Answer:
    """The form; a company given with the command is chosen already if there is exactly one."""
    chosen: Choice | None = None
    if interaction.text:
        found = await accounts.find(interaction.deps, interaction.actor, interaction.text, 2)
        if len(found) == 1:
            chosen = _company_choice(interaction.t, found[0])
        elif not found:
            chosen = _new_choice(interaction.t, interaction.text)
    await interaction.open(add_view(interaction.t, chosen, Form({}), prefilled=False))
    return None


def _company_choice(t: Translator, account: accounts.AccountFound) -> Choice:
    facts = "　".join(part for part in (account.industry, account.address) if part)
    return Choice(str(account.account_id), account.name, facts or t("no details yet"))


def _new_choice(t: Translator, text: str) -> Choice:
    name = text.strip()[:100]
    return Choice(f"{NEW}{name}"[:150], t("Add “{name}” as a new company", name=name))


def add_view(
    t: Translator,
    chosen: Choice | None,
    typed: Form,
    *,
    prefilled: bool,
    source: Source | None = None,
    warning: list[Block] | None = None,
    private_metadata: str = "",
) -> View:
    def text(field: str, label: str, *, optional: bool = True, multiline: bool = False, **more: str | int) -> Block:
        hint = str(more["hint"]) if "hint" in more else None
        return text_input(
            field,
            label,
            typed.text(field) if prefilled else str(more.get("value", "")),
            optional=optional,
            multiline=multiline,
            hint=hint,
            max_length=int(more.get("most", 200)),
        )

    new_company: list[Block] = []
    if chosen is not None and chosen.value.startswith(NEW):
        new_company = [
            text("company_name", t("Company name"), optional=False, value=chosen.value.removeprefix(NEW)),
            text("company_reading", t("Reading of the company (katakana)")),
            text("corporate_number", t("Corporate number"), hint=t("13 digits, if you have it at hand.")),
            text("industry", t("Industry")),
            text("address", t("Address")),
            text("website", t("Website"), most=500),
            divider(),
        ]
    return modal(
        "lead.add.submit",
        t("Add a lead"),
        [
            *(warning or []),
            external_select(
                "company",
                t("Company"),
                COMPANY,
                chosen=chosen,
                placeholder=t("Name, reading, number or website"),
                min_query_length=1,
                dispatch=True,
            ),
            *new_company,
            text("name", t("Name"), optional=False),
            text("reading", t("Reading (katakana)")),
            text("department", t("Department")),
            text("title", t("Title")),
            text("phone", t("Phone"), most=40),
            text("email", t("E-mail"), most=254),
            select_input(
                "buying_role",
                t("Role in the purchase"),
                choices(t, BUYING_ROLES),
                typed.option("buying_role") if prefilled else BuyingRole.UNKNOWN,
            ),
            select_input(
                "source",
                t("Source"),
                choices(t, SOURCES),
                typed.option("source") if prefilled else source,
                placeholder=t("Choose"),
            ),
            text("note", t("Note"), multiline=True, most=2000),
        ],
        submit=t("Add anyway") if warning else t("Add"),
        close=t("Cancel"),
        private_metadata=private_metadata,
    )


async def companies(interaction: Interaction) -> Answer:
    """Companies that fit what was typed, and last the way to make a new one."""
    found = await accounts.find(interaction.deps, interaction.actor, interaction.text, 30)
    offered = [_company_choice(interaction.t, account) for account in found]
    if interaction.text:
        offered.append(_new_choice(interaction.t, interaction.text))
    return Options(offered)


async def company_chosen(interaction: Interaction) -> Answer:
    """A new company asks for its details; one we know needs none."""
    form = interaction.form
    chosen = Choice(interaction.value, form.option_label("company") or interaction.value.removeprefix(NEW))
    await interaction.redraw(add_view(interaction.t, chosen, form, prefilled=False))
    return None


async def add(interaction: Interaction) -> Answer:
    """Save the lead; a likely duplicate is shown first, with everything that was typed still there."""
    deps, actor, t, form = interaction.deps, interaction.actor, interaction.t, interaction.form
    chosen = form.option("company")
    given = interaction.metadata
    despite = bool(given.get("despite"))
    if chosen is None:
        raise Refused(Code.REQUIRED, "company")
    name = form.text("name", required=True)
    form.check()
    label = Choice(chosen, form.option_label("company") or chosen.removeprefix(NEW))

    def again(warning: list[Block], account_id: int | None) -> Answer:
        private = metadata(despite=1, account=account_id)
        return Update(add_view(t, label, form, prefilled=True, warning=warning, private_metadata=private))

    person = NewLead(
        account_id=None,
        name=name,
        reading=form.text("reading"),
        department=form.text("department"),
        title=form.text("title"),
        phone=form.text("phone"),
        email=form.text("email"),
        buying_role=form.choice("buying_role", BuyingRole) or BuyingRole.UNKNOWN,
        source=form.choice("source", Source) or Source.OTHER,
        note=form.text("note"),
    )
    form.check()
    # Before a company is made for somebody whose phone number then turns out to be none.
    service.check(person)
    if chosen.startswith(NEW):
        account_id = given.get("account")
        if account_id is None:
            company = NewAccount(
                name=form.text("company_name", required=True),
                reading=form.text("company_reading"),
                corporate_number=form.text("corporate_number"),
                industry=form.text("industry"),
                address=form.text("address"),
                website=form.text("website"),
            )
            form.check()
            try:
                account_id = await accounts.create(deps, actor, company, despite_duplicates=despite)
            except accounts.AccountExists as exists:
                return again(_same_company(t, exists.accounts), None)
    else:
        account_id = record(chosen, "company")
    lead = replace(person, account_id=int(account_id))
    try:
        lead_id = await service.add(deps, actor, lead, despite_duplicates=despite)
    except DuplicateFound as duplicate:
        return again(_same_person(t, duplicate), int(account_id) if chosen.startswith(NEW) else None)
    shown = await card_service.card(deps, actor, lead_id)
    rendered = card(_reader(interaction), shown)
    done = section(Markup(f"✅ {t.md('Added: {name}', name=lead_lines.name(shown.lead))}"))
    return Update(modal("lead.added", t("Add a lead"), [done, *rendered.blocks], close=t("Close")))


def _same_company(t: Translator, found: tuple[accounts.AccountFound, ...]) -> list[Block]:
    lines = Markup("\n".join(f"• {escape(a.name)}　{escape(a.address)}" for a in found))
    text = t.md("*This company may be here already.* Choose it above, or press “Add anyway”.")
    return [section(Markup(f":warning: {text}\n{lines}")), divider()]


def _same_person(t: Translator, duplicate: DuplicateFound) -> list[Block]:
    reasons = {"name": t("same name"), "phone": t("same phone"), "email": t("same e-mail")}
    blocks: list[Block] = [
        section(
            Markup(
                ":warning: "
                + t.md("*This person may be here already.* Open the lead, or press “Add anyway” to make a second one.")
            )
        )
    ]
    for match in duplicate.matches[:5]:
        why = t.listed(reasons.get(str(reason), str(reason)) for reason in match.reasons)
        text = Markup(f"*{escape(match.contact)}*　{escape(why)}")
        opener = button(t("Open the lead"), f"lead.show#{match.contact_id}", match.lead_id) if match.lead_id else None
        blocks.append(section(text, opener))
    return [*blocks, divider()]


# Find and show


async def find(interaction: Interaction) -> Answer:
    """A list with a button to each card; a single hit is shown at once."""
    t = interaction.t
    if not interaction.text:
        own = await service.mine(interaction.deps, interaction.actor, limit=FOUND_LIMIT)
        if not own:
            return Reply(_nothing(t.md("You have no leads yet. Add one with `/lead add`.")))
        return Reply(listed(interaction, t("Your leads, the one called last on top"), own))
    found = await matching(interaction)
    if found is None:
        return Reply(_nothing(t.md("No lead fits “{text}”. Add it with `/lead add {text}`.", text=interaction.text)))
    return found


async def matching(interaction: Interaction) -> Reply | None:
    """The leads that fit, as a list or a card; None when there are none."""
    found = await service.find(interaction.deps, interaction.actor, interaction.text, limit=FOUND_LIMIT)
    if not found:
        return None
    if len(found) == 1:
        return await _card(interaction, found[0].lead_id)
    return Reply(listed(interaction, interaction.t("Leads that fit “{text}”", text=interaction.text), found))


def _nothing(text: Markup) -> Rendered:
    return Rendered(text, [section(Markup(f":mag: {text}"))])


def listed(interaction: Interaction, title: str, lines: list[LeadLine]) -> Rendered:
    t, actor = interaction.t, interaction.actor
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    for line in lines:
        text = lead_lines.markup(t, line, actor.zone, interaction.deps.now())
        blocks.append(section(text, button(t("Open"), f"lead.show#{line.lead_id}", line.lead_id)))
    if len(lines) == FOUND_LIMIT:
        blocks.append(context(t.md("There may be more. Narrow it down: `/lead find` with more of the name.")))
    return Rendered(title, blocks)


async def show(interaction: Interaction) -> Answer:
    """The card; several hits are listed to choose from."""
    return await find(interaction)


async def show_from_button(interaction: Interaction) -> Answer:
    """The card, where the button was: over a modal, as a modal; elsewhere as a message only for this person."""
    if not interaction.in_view and not interaction.view:
        return await _card(interaction, interaction.record)
    await interaction.open(await _card_view(interaction, interaction.record))
    return None


async def _card(interaction: Interaction, lead_id: int) -> Reply:
    shown = await card_service.card(interaction.deps, interaction.actor, lead_id)
    return Reply(card(_reader(interaction), shown))


async def _card_view(interaction: Interaction, lead_id: int) -> View:
    t = interaction.t
    shown = await card_service.card(interaction.deps, interaction.actor, lead_id)
    return modal("lead.card", t("Lead"), card(_reader(interaction), shown).blocks, close=t("Close"))


# Next step


async def open_next_step(interaction: Interaction) -> Answer:
    """The next step of a lead, from its card."""
    shown = await card_service.card(interaction.deps, interaction.actor, interaction.record)
    await interaction.open(_next_step_view(interaction, shown.lead.lead_id, NextStep.CALL, lead_lines.name(shown.lead)))
    return None


def _next_step_view(interaction: Interaction, lead_id: int, step: NextStep, name: str) -> View:
    t = interaction.t
    today = interaction.deps.today(interaction.actor.zone)
    return modal(
        next_step.SUBMIT,
        t("Next step"),
        [section(Markup(f"*{escape(name)}*")), *next_step.inputs(t, step, on=today)],
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(lead=lead_id, name=name[:200]),
    )


async def redraw_next_step(interaction: Interaction) -> Answer:
    """Another step was chosen: its inputs replace those of the one before; what stands above them stays."""
    step = next_step.chosen_step(interaction.form)
    today = interaction.deps.today(interaction.actor.zone)
    above = [block for block in interaction.view["blocks"] if block["block_id"] not in next_step.FIELDS]
    await interaction.redraw_blocks([*above, *dicts(next_step.inputs(interaction.t, step, on=today))])
    return None


async def save_next_step(interaction: Interaction) -> Answer:
    """Save the step; all modals close, for there is nothing left to read."""
    today = interaction.deps.today(interaction.actor.zone)
    step, on, at, reason, note = next_step.parse(interaction.form, today)
    lead_id = int(interaction.metadata["lead"])
    given = NextStepInput(step=step, on=on, time=at, reason=reason, note=note)
    await service.set_next_step(interaction.deps, interaction.actor, lead_id, given)
    return Clear()


async def take_over(interaction: Interaction) -> Answer:
    """Make the lead one's own."""
    t = interaction.t
    line = await service.take_over(interaction.deps, interaction.actor, interaction.record)
    text = t.md("*{name}* is yours now.", name=lead_lines.name(line))
    return Reply(
        Rendered(text, [section(text), actions(button(t("Qualify"), "lead.qualify", line.lead_id, style="primary"))])
    )


async def reopen(interaction: Interaction) -> Answer:
    """Work a disqualified lead again."""
    t = interaction.t
    line = await service.reopen(interaction.deps, interaction.actor, interaction.record)
    text = t.md("*{name}* is being worked again.", name=lead_lines.name(line))
    return Reply(Rendered(text, [section(text)]))
