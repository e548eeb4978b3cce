"""`/kpi targets`: what the team and its members aim at."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.members import Permission, may
from domain.performance.kpis import TARGETABLE, Kpi, Unit
from domain.performance.windows import Span
from handlers.blocks import Choice, context, divider, modal, radio_input, section, select_input, text_input
from handlers.forms import Form
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update
from handlers.messages import Rendered
from handlers.performance import words
from handlers.routes import Routes
from services.performance import targets as service
from services.performance.targets import Target, Targets

TEAM = "team"
SPANS = {Span.DAY: _("A day"), Span.WEEK: _("A week"), Span.MONTH: _("A month")}


def register(routes: Routes) -> None:
    """The command and its modal."""
    routes.command(
        "kpi",
        "targets",
        open_targets,
        Permission.READ,
        usage=_("targets"),
        summary=_("See what the team aims at; managers can change it"),
    )
    routes.view("kpi.targets.submit", submit, Permission.EDIT_TARGETS)


async def open_targets(interaction: Interaction) -> Answer:
    """A manager gets the modal, everybody else the list."""
    t = interaction.t
    found = await service.read(interaction.deps, interaction.actor)
    if not may(interaction.actor.role, Permission.EDIT_TARGETS):
        return Reply(Rendered(t("KPI targets"), [section(_listed(t, found))]))
    await interaction.open(targets_modal(t, found))
    return None


def targets_modal(t: Translator, found: Targets, kpi: str | None = None) -> View:
    """What is set, and a form for one more or another."""
    choices = [Choice(each.key, words.name(t, each), _unit(t, each)) for each in TARGETABLE]
    members = [Choice(TEAM, t("The whole team")), *(Choice(str(key), name) for key, name in found.reps[:90])]
    blocks: list[Block] = [
        section(_listed(t, found)),
        divider(),
        select_input("kpi", t("KPI"), choices, kpi, optional=False, placeholder=t("Choose")),
        radio_input("span", t("For"), [Choice(span, t(label)) for span, label in SPANS.items()], Span.WEEK),
        context(t.md("Shares and durations have the same target in each period.")),
        select_input("member", t("Whose"), members, TEAM, optional=False),
        text_input(
            "value",
            t("Target"),
            optional=True,
            max_length=20,
            hint=t("Shares in percent, durations in the KPI's unit. Empty takes the target back."),
        ),
    ]
    return modal("kpi.targets.submit", t("KPI targets"), blocks, submit=t("Set"), close=t("Close"))


def _listed(t: Translator, found: Targets) -> Markup:
    if not found.targets:
        return t.md("No targets are set yet.")
    return Markup("\n".join(f"• {escape(_line(t, target))}" for target in found.targets[:30]))


def _line(t: Translator, target: Target) -> str:
    of_whom = target.member or t("The whole team")
    period = f" ({t(SPANS[target.span])})" if target.span is not None else ""
    return f"{words.name(t, target.kpi)}{period}: {words.value(t, target.kpi, target.value)}, {of_whom}"


def _unit(t: Translator, kpi: Kpi) -> str | None:
    match kpi.unit:
        case Unit.SHARE:
            return t("in percent")
        case Unit.MINUTES:
            return t("in minutes")
        case Unit.HOURS:
            return t("in hours")
        case Unit.DAYS:
            return t("in days")
        case _:
            return None


async def submit(interaction: Interaction) -> Answer:
    """Set it, and show the list with it."""
    form, t = interaction.form, interaction.t
    key = form.option("kpi") or ""
    span = form.required_choice("span", Span, Span.WEEK)
    member = form.option("member") or TEAM
    kpi = next((each for each in TARGETABLE if each.key == key), None)
    value = _number(form)
    form.check()
    if kpi is not None and kpi.unit is Unit.SHARE and value is not None:
        value /= 100
    member_id = None if member == TEAM else int(member)
    await service.set_(interaction.deps, interaction.actor, key, span, value, member_id=member_id)
    return Update(targets_modal(t, await service.read(interaction.deps, interaction.actor), key))


def _number(form: Form) -> float | None:
    """A number with decimals, perhaps typed in full width or with a percent sign."""
    typed = form.text("value").translate(str.maketrans("０１２３４５６７８９．％", "0123456789.%"))
    typed = typed.replace(",", "").replace("，", "").removesuffix("%").strip()
    if not typed:
        return None
    try:
        number = float(typed)
    except ValueError:
        number = float("nan")
    if number != number or number in (float("inf"), float("-inf")):
        form.wrong("value")
        return None
    return number
