"""What this wing does for whoever asks the assistant: figures, why they changed, where the month lands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from pydantic import Field
from slack_sdk.models.blocks import Block

from domain.assistant import Period
from domain.errors import Code, Refused
from domain.members import Permission
from domain.performance.kpis import BY_KEY, Kpi, State
from domain.performance.windows import Span, Window, current, finished
from handlers.blocks import actions, button, context, header, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Interaction
from handlers.messages import Rendered
from handlers.performance import board, why, words
from handlers.performance.places import Place
from handlers.routes import Routes
from handlers.tools import Arguments
from services.performance import kpis as service
from services.performance import landing as landing_service
from services.performance import why as why_service
from services.performance.kpis import Board, By
from services.performance.landing import Landing

RANKED: Final = 10
MEDALS: Final = ("🥇", "🥈", "🥉")
KEYS: Final = ", ".join(BY_KEY)


def register(routes: Routes) -> None:
    """What can be asked for."""
    routes.tool("kpis", _("KPIs"), Kpis, kpis, Permission.READ, public=True)
    routes.tool("why", _("Why a KPI changed"), Why, why_, Permission.READ, public=True)
    routes.tool("ranking", _("Ranking of reps"), Ranking, ranking, Permission.READ, public=True)
    routes.tool("landing", _("Landing of the month"), LandingOf, landing, Permission.READ, public=True)


class Kpis(Arguments):
    """The team's KPIs in a period with the change against the period before; one KPI, or the whole board."""

    kpi: str = Field("", description=f"The KPI's key, empty for the whole board. Keys: {KEYS}")
    period: Period = Field(Period.THIS_WEEK, description="The period.")
    by: By | None = Field(None, description="Broken down by rep, source or industry segment; null for the team.")


class Why(Arguments):
    """Where a KPI's change against the period before comes from: its factors, then reps and sources."""

    kpi: str = Field("", description=f"The KPI's key. Keys: {KEYS}")
    period: Period = Field(Period.THIS_WEEK, description="The period.")


class Ranking(Arguments):
    """The reps in the order of one KPI."""

    kpi: str = Field("meetings_set", description=f"The KPI's key. Keys: {KEYS}")
    period: Period = Field(Period.THIS_MONTH, description="The period.")


class LandingOf(Arguments):
    """Where the counts of this month will land at the present pace, against the targets."""


def window_of(period: Period, today: date) -> Window:
    """The window of a period."""
    match period:
        case Period.TODAY:
            return current(Span.DAY, today)
        case Period.YESTERDAY:
            return current(Span.DAY, today - timedelta(days=1))
        case Period.THIS_WEEK:
            return current(Span.WEEK, today)
        case Period.LAST_WEEK:
            return finished(Span.WEEK, today)
        case Period.THIS_MONTH:
            return current(Span.MONTH, today)
        case Period.LAST_MONTH:
            return finished(Span.MONTH, today)


def _window(interaction: Interaction, period: Period) -> Window:
    return window_of(period, interaction.deps.today(interaction.actor.team_zone))


def _kpi(key: str) -> Kpi:
    """By its key, or by what people call it. Refused: NOT_FOUND `kpi`."""
    found = BY_KEY.get(key) or why.named(key)
    if found is None:
        raise Refused(Code.INVALID, "kpi")
    return found


async def kpis(interaction: Interaction, arguments: Kpis) -> Rendered:
    """One figure, the board, or a line for each group."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    window = _window(interaction, arguments.period)
    if arguments.by is not None:
        if not arguments.kpi:
            keys = ("dials", *board.GROUP_KPIS)
            found = await service.boards(deps, actor, window.span, arguments.by, window=window, keys=keys)
            return board.groups(t, window.span, arguments.by, found)
        return await _groups(interaction, _kpi(arguments.kpi), window, arguments.by)
    if not arguments.kpi:
        return board.board(t, await service.board(deps, actor, window.span, window=window))
    return _one(t, await service.board(deps, actor, window.span, window=window), _kpi(arguments.kpi))


def _one(t: Translator, found: Board, kpi: Kpi) -> Rendered:
    line = found.line(kpi.key)
    place = Place.of(found, kpi.key)
    period = words.window(t, found.window)
    rows = button(t("See rows"), f"kpi.rows#{kpi.key}", str(place)) if kpi.numerator else None
    buttons = [button(t("All figures"), "kpi.board#all", f"{found.window.span.value}|")]
    if line.figure.state is not State.NO_SOURCE:
        buttons.insert(0, button(t("Why did it change?"), f"kpi.why#{kpi.key}", str(place)))
    about = Markup(f"{escape(period)} · {escape(words.compared_with(t, found))}")
    return Rendered(
        f"{period}: {words.plain_line(t, line)}",
        [section(words.line_text(t, line), rows), context(about), actions(*buttons)],
    )


async def _groups(interaction: Interaction, kpi: Kpi, window: Window, by: By) -> Rendered:
    """One KPI of each rep, source or industry, the highest first."""
    t = interaction.t
    found = await _ordered(interaction, kpi, window, by)
    title = f"{words.name(t, kpi)}: {words.window(t, window)}, {t(words.BREAKDOWNS[by])}"
    return _lines(t, title, kpi, found, by)


async def _ordered(interaction: Interaction, kpi: Kpi, window: Window, by: By) -> Sequence[Board]:
    found = await service.boards(
        interaction.deps, interaction.actor, window.span, by, window=window, keys={"dials", kpi.key}
    )
    known = [each for each in found if each.line(kpi.key).figure.value is not None]
    return sorted(known, key=lambda each: -(each.line(kpi.key).figure.value or 0.0))


def _lines(t: Translator, title: str, kpi: Kpi, found: Sequence[Board], by: By, marks: Sequence[str] = ()) -> Rendered:
    blocks: list[Block] = [header(title)]
    if not found:
        blocks.append(section(t.md("Nothing happened in this period yet.")))
    said = [title]
    for place, each in enumerate(found[:RANKED]):
        line = each.line(kpi.key)
        called = words.group(t, by, each.group, each.name)
        facts = [
            words.value(t, kpi, line.figure.value),
            words.of(t, line.figure),
            words.change(t, line),
            words.state(t, line.figure),
        ]
        # Nobody has won who has nothing.
        mark = marks[place] if place < len(marks) and line.figure.value else f"{place + 1}."
        text = Markup(f"{mark} *{escape(called)}*　{escape(' · '.join(fact for fact in facts if fact))}")
        rows = button(t("See rows"), f"kpi.rows#{place}", str(Place.of(each, kpi.key))) if kpi.numerator else None
        blocks.append(section(text, rows))
        said.append(f"{place + 1}. {called}: {words.plain_line(t, line)}")
    more = len(found) - RANKED
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return Rendered("\n".join(said), blocks)


async def why_(interaction: Interaction, arguments: Why) -> Rendered:
    """As `/kpi why`, of any period."""
    window = _window(interaction, arguments.period)
    if not arguments.kpi:
        return why.offer(interaction.t, "", window.span)
    key = _kpi(arguments.kpi).key
    found = await why_service.why(interaction.deps, interaction.actor, key, window.span, window=window)
    return why.explained(interaction.t, found)


async def ranking(interaction: Interaction, arguments: Ranking) -> Rendered:
    """Who is ahead."""
    t, kpi, window = interaction.t, _kpi(arguments.kpi), _window(interaction, arguments.period)
    found = await _ordered(interaction, kpi, window, By.REP)
    title = t("Ranking: {kpi}, {period}", kpi=words.name(t, kpi), period=words.window(t, window))
    return _lines(t, title, kpi, [each for each in found if each.group], By.REP, MEDALS)


async def landing(interaction: Interaction, _arguments: LandingOf) -> Rendered:
    """Actual, landing and what is missing, each with the rows it was counted from."""
    t = interaction.t
    found = await landing_service.month(interaction.deps, interaction.actor)
    title = t("Landing: {period}", period=words.window(t, found.board.window))
    pace = t.md(
        "Business day {n} of {days}. Landing = actual + pace × the working time that is left.",
        n=found.days_over,
        days=found.days,
    )
    blocks: list[Block] = [header(title), context(pace)]
    said = [title]
    for each in found.landings:
        kpi = each.line.kpi
        text = _landing_text(t, each)
        rows = button(t("See rows"), f"kpi.rows#{kpi.key}", str(Place.of(found.board, kpi.key)))
        blocks.append(section(Markup(f"*{escape(words.name(t, kpi))}*\n{escape(text)}"), rows))
        said.append(f"{words.name(t, kpi)}: {text}")
    if all(each.line.target is None for each in found.landings):
        blocks.append(context(t.md("No targets are set for the month. A manager sets them with `/kpi targets`.")))
    return Rendered("\n".join(said), blocks)


def _landing_text(t: Translator, each: Landing) -> str:
    """実績 12 → 着地 28・目標 30(あと 18)."""
    kpi = each.line.kpi
    parts = [t("actual {value}", value=words.value(t, kpi, each.line.figure.value))]
    if each.lands is None:
        parts.append(t("landing: too early to tell"))
    else:
        parts.append(t("landing {value}", value=words.value(t, kpi, each.lands)))
    target, gap = each.line.target, each.gap
    if target is not None and gap is not None:
        aim = words.value(t, kpi, target)
        if gap > 0:
            parts.append(t("target {aim}, {gap} to go", aim=aim, gap=words.value(t, kpi, gap)))
        else:
            parts.append(t("target {aim}, reached", aim=aim))
        if each.lands is not None and gap > 0:
            short = round(target) - round(each.lands)
            parts.append(
                "🟢 " + t("on course")
                if short <= 0
                else "🔴 " + t("{n} short at this pace", n=words.value(t, kpi, short))
            )
    return " · ".join(parts)
