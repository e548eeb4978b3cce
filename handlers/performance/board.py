"""The board: every KPI with its figure, and a button that opens the rows behind it (`/kpi`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.members import Permission
from domain.performance.kpis import INDICATORS, SNAPSHOTS, Judgement, Level, State, Unit
from domain.performance.windows import Span
from handlers.blocks import actions, button, clip_markup, context, divider, header, modal, section
from handlers.boundary import warning
from handlers.forms import word
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Rendered
from handlers.performance import words
from handlers.performance.places import Place
from handlers.routes import Handler, Routes
from services.performance import kpis as service
from services.performance.kpis import Board, By, Line

BREAKDOWNS = {
    **dict.fromkeys(("rep", "reps", "member", "担当", "担当者", "担当別"), By.REP),
    **dict.fromkeys(("source", "sources", "獲得経路", "経路", "流入元"), By.SOURCE),
    **dict.fromkeys(("segment", "segments", "industry", "業種", "セグメント"), By.SEGMENT),
}
"""What people write after `by`."""
MOST_GROUPS = 40
"""A message holds fifty blocks."""
GROUP_KPIS = ("connect_rate", "meetings_set", "sales_qualified", "meetings_held")
"""What a line about a group shows beside its dials."""
TODAY = frozenset(
    {
        *("dials", "dials_per_rep_day", "answer_rate", "connect_rate", "effective", "meetings_set"),
        *("meetings_per_answered", "new_leads", "first_response", "first_response_share"),
        *("sales_qualified", "bant_completion", "handoffs", "meetings_booked", "meetings_held"),
    }
)
"""What a day is long enough for."""


def register(routes: Routes) -> None:
    """`/kpi today`, `week`, `month`, and the buttons on them."""
    usages = {
        "today": (Span.DAY, _("today [by rep|source|segment]"), _("Today's figures against the last business day's")),
        "week": (Span.WEEK, _("week [by rep|source|segment]"), _("This week's figures against last week's")),
        "month": (Span.MONTH, _("month [by rep|source|segment]"), _("This month's figures against last month's")),
    }
    for verb, (span, usage, summary) in usages.items():
        routes.command("kpi", verb, _asked(span), Permission.READ, usage=usage, summary=summary)
    routes.action("kpi.board", show, Permission.READ)
    routes.action("kpi.group", open_group, Permission.READ)


def _asked(span: Span) -> Handler:
    async def answer(interaction: Interaction) -> Answer:
        try:
            by = breakdown(interaction.text)
        except Refused:
            return Reply(_unknown(interaction.t, interaction.text))
        return Reply(await board_message(interaction, span, by))

    return answer


def _unknown(t: Translator, text: str) -> Rendered:
    return warning(t("I cannot break it down by “{text}”. There is: by rep, by source, by segment.", text=text))


def breakdown(text: str) -> By | None:
    """What follows the verb: `by rep`, 「担当別」; nothing is no breakdown. Refused: INVALID for anything else."""
    words_ = [word for word in re.split(r"[\s　]+", text.strip().lower()) if word not in ("", "by", "別")]
    if not words_:
        return None
    found = BREAKDOWNS.get(words_[0]) or BREAKDOWNS.get(words_[0].removesuffix("別"))
    if found is None:
        raise Refused(Code.INVALID)
    return found


async def show(interaction: Interaction) -> Answer:
    """Another window or breakdown, asked for by a button."""
    span, _, by = interaction.value.partition("|")
    return Reply(await board_message(interaction, word(Span, span), word(By, by) if by else None))


async def board_message(interaction: Interaction, span: Span, by: By | None) -> Rendered:
    """The figures of now, as a message only the asking person sees."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    if by is None:
        return board(t, await service.board(deps, actor, span))
    return groups(t, span, by, await service.boards(deps, actor, span, by, keys=("dials", *GROUP_KPIS)))


def board(t: Translator, found: Board) -> Rendered:
    """Three levels of KPIs; those without data in one line at the end."""
    title = f"{t('KPIs')}: {words.window(t, found.window)}"
    shown = [line for line in found.lines if _has_figure(found, line)]
    blocks: list[Block] = [header(title), context(_about(t, found)), *_verdicts(t, shown)]
    for level in Level:
        of_level = [line for line in shown if line.kpi.level is level]
        if of_level:
            blocks.append(section(Markup(f"*{t(words.LEVELS[level])}*")))
            blocks += [kpi_line(t, found, line) for line in of_level]
    blocks += _without(t, found, shown)
    blocks += [divider(), _elsewhere(t, found.window.span, None)]
    return Rendered(f"{title}\n{summary(t, found)}", blocks[:50])


def _has_figure(found: Board, line: Line) -> bool:
    if line.figure.state in (State.NO_SOURCE, State.NOTHING):
        return False
    # A count that is 0 and was 0 says nothing.
    idle = line.kpi.unit is Unit.COUNT and not line.figure.value and not line.before.value and line.target is None
    if found.window.span is Span.DAY and line.kpi.key not in TODAY and line.target is None:
        return False
    return not idle


def kpi_line(t: Translator, found: Board, line: Line) -> Block:
    """One KPI with the button to its rows."""
    return section(
        words.line_text(t, line),
        button(t("See rows"), f"kpi.rows#{line.kpi.key}", str(Place.of(found, line.kpi.key))),
    )


def _about(t: Translator, found: Board) -> Markup:
    days = t.plural("{n} business day", "{n} business days", found.business_days)
    return escape(f"{days} · {words.compared_with(t, found)}")


def _verdicts(t: Translator, shown: Sequence[Line]) -> list[Block]:
    """How many figures are good, need work, or cannot be told yet."""
    found = Counter(line.figure.judgement for line in shown)
    said = [
        f"{mark} {escape(t(words.JUDGEMENTS[judgement]))} {t.number(found[judgement])}"
        for judgement, mark in words.JUDGEMENT_MARKS.items()
        if found[judgement]
    ]
    return [section(Markup("　".join(said)))] if said else []


def _without(t: Translator, found: Board, shown: Sequence[Line]) -> list[Block]:
    """The indicators of the framework that cannot be computed, each with the reason."""
    there = {line.kpi.key for line in shown}
    # What is only counted for months is not missing in a week.
    snapshots = SNAPSHOTS if found.window.span is not Span.MONTH else frozenset()
    missing = [found.line(kpi.key) for kpi in INDICATORS if kpi.key not in there and kpi.numerator not in snapshots]
    lines = []
    for line in missing:
        why = words.state(t, line.figure) or t("not enough data: none in this period")
        lines.append(f"• {words.name(t, line.kpi)} ({words.threshold(t, line.kpi)}): {why}")
    if found.window.span is Span.DAY or not lines:
        return []
    text = Markup(f"*{t('Not enough data yet')}*\n" + "\n".join(escape(line) for line in lines))
    return [context(clip_markup(text))]


def summary(t: Translator, found: Board) -> str:
    """The four figures that say most, in plain words."""
    keys = ("dials", "connect_rate", "meetings_set", "sales_qualified")
    return " / ".join(words.plain_line(t, found.line(key)) for key in keys)


def _elsewhere(t: Translator, span: Span, by: By | None) -> Block:
    """Buttons to the other windows and breakdowns."""
    buttons = [
        button(t(label), f"kpi.board#{other}", f"{other.value}|{by.value if by else ''}")
        for other, label in words.SPANS.items()
        if other is not span
    ]
    if by is not None:
        buttons.append(button(t("Team"), "kpi.board#team", f"{span.value}|"))
    buttons += [
        button(t(label), f"kpi.board#{other}", f"{span.value}|{other.value}")
        for other, label in words.BREAKDOWNS.items()
        if other is not by
    ]
    return actions(*buttons)


def groups(t: Translator, span: Span, by: By, found: Sequence[Board]) -> Rendered:
    """A line for each rep, source or industry; a button opens all its figures."""
    period = words.window(t, found[0].window) if found else t(words.SPANS[span])
    title = f"{t('KPIs')}: {period}, {t(words.BREAKDOWNS[by])}"
    blocks: list[Block] = [header(title)]
    lines = []
    if found:
        blocks.append(context(_about(t, found[0])))
    else:
        blocks.append(section(t.md("Nothing happened in this period yet.")))
    for each in found[:MOST_GROUPS]:
        called = words.group(t, by, each.group, each.name)
        dials = words.plain_line(t, each.line("dials"))
        blocks.append(
            section(
                Markup(f"*{escape(called)}*　{escape(dials)}\n" + "\n".join(_group_lines(t, each))),
                button(t("All figures"), f"kpi.group#{each.group[:200]}", str(Place.of(each))),
            )
        )
        lines.append(f"{called}: {dials}")
    if len(found) > MOST_GROUPS:
        left = len(found) - MOST_GROUPS
        blocks.append(context(t.md("{n} more are not shown: they made fewer dials.", n=t.number(left))))
    blocks += [divider(), _elsewhere(t, span, by)]
    return Rendered("\n".join([title, *lines]), blocks)


def _group_lines(t: Translator, each: Board) -> list[str]:
    connect, *others = (each.line(key) for key in GROUP_KPIS)
    said = [
        words.value(t, connect.kpi, connect.figure.value),
        words.of(t, connect.figure),
        words.interval(t, connect.figure),
        words.judgement(t, connect.figure) if connect.figure.judgement is not Judgement.UNSURE else "",
    ]
    rate = " · ".join(escape(part) for part in said if part)
    mark = words.JUDGEMENT_MARKS.get(connect.figure.judgement, "")
    counts = "　".join(escape(words.plain_line(t, line)) for line in others)
    return [f"{mark} {escape(words.name(t, connect.kpi))} {rate}", counts]


async def open_group(interaction: Interaction) -> Answer:
    """All figures of one rep, source or industry, in a modal."""
    place = Place.read(interaction.value)
    found = await service.board(
        interaction.deps,
        interaction.actor,
        place.window.span,
        window=place.window,
        by=place.by,
        group=place.group,
    )
    await interaction.open(group_modal(interaction.t, found))
    return None


def group_modal(t: Translator, found: Board) -> View:
    """The board of one group."""
    called = words.group(t, found.by, found.group, found.name)
    about = Markup(f"{escape(words.window(t, found.window))} · {_about(t, found)}")
    blocks: list[Block] = [header(called), context(about)]
    blocks += [kpi_line(t, found, line) for line in found.lines if _has_figure(found, line)]
    return modal("kpi.group", t("KPIs"), blocks, close=t("Close"))
