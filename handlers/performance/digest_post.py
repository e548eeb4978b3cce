"""The digest as a message: three facts in words, the figures, the reps, the charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from slack_sdk.models.blocks import Block, RawTextObject, TableBlock, TableBlockColumnSettings

from domain.performance.digests import DigestKind
from domain.performance.facts import Fact, FactKind
from domain.performance.kpis import CATALOGUE, Counts, Judgement, Measure, State, figure
from domain.performance.windows import Span, Window, back
from handlers.blocks import actions, button, clip, context, divider, header, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.performance import facts, words
from handlers.performance.charts import Rep, Reps, Trend
from handlers.performance.places import Place
from handlers.pictures import image
from handlers.routes import Picture
from services.performance.digests import Digest, Point
from services.performance.kpis import Board, By, Line

TITLES: Final = {
    DigestKind.DAILY: _("Daily digest, {days}"),
    DigestKind.WEEKLY: _("Weekly digest, {days}"),
    DigestKind.MONTHLY: _("Monthly report, {days}"),
}
FIGURES: Final = {
    DigestKind.DAILY: ("dials", "connect_rate", "effective", "meetings_set", "new_leads", "first_response"),
    DigestKind.WEEKLY: (
        *("dials", "dials_per_rep_day", "connect_rate", "meetings_set", "meetings_per_answered"),
        *("sales_qualified", "bant_completion", "meetings_held", "opportunities", "first_response"),
    ),
    DigestKind.MONTHLY: (
        *("opportunities", "meetings_held", "show_rate", "accepted_handoffs", "acceptance_rate", "sales_qualified"),
        *("bant_completion", "meetings_set", "meetings_per_answered", "connect_rate", "dials", "dials_per_rep_day"),
        *("new_leads", "first_response", "show_first_contact_share", "duplicate_rate"),
    ),
}
"""The figures of each digest, the most important first."""
MOST_REPS = 20
TREND, REPS = "kpi-trend", "kpi-reps"


@dataclass(frozen=True, slots=True)
class DigestPost:
    """A digest of one window."""

    digest: Digest

    def render(self, reader: Reader) -> Rendered:
        """Title, facts, figures with their rows, reps, charts."""
        t, digest = reader.t, self.digest
        title = _title(t, digest)
        told = [facts.sentence(t, fact, digest.board.window.span) for fact in digest.facts]
        blocks: list[Block] = [header(title), context(_about(t, digest.board))]
        if told:
            blocks.append(section(Markup(f"*{t('What matters')}*\n" + "\n".join(told))))
        else:
            blocks.append(section(t.md("Nothing happened in this period.")))
        blocks.append(divider())
        blocks += [_figure(t, digest.board, line) for line in _lines(digest)]
        if digest.reps:
            blocks += [section(Markup(f"*{t('Reps')}*")), reps_table(t, digest.reps)]
        if len(digest.reps) > MOST_REPS:
            blocks.append(
                context(t.md("{n} more are not shown: they made fewer dials.", n=len(digest.reps) - MOST_REPS))
            )
        for picture in pictures(t, digest):
            if picture.name in reader.pictures:
                blocks.append(image(reader.pictures[picture.name], picture.alt))
        window = digest.board.window
        blocks.append(
            actions(
                button(t("Open the figures"), "kpi.digest.open", str(Place("", window)), style="primary"),
                button(
                    t("Why: {kpi}", kpi=words.name(t, "meetings_set")), "kpi.why", str(Place("meetings_set", window))
                ),
            )
        )
        if digest.preview:
            blocks.append(context(t.md("A preview: only you see it.")))
        plain = [_unmarked(sentence) for sentence in told]
        figures = [words.plain_line(t, line) for line in _lines(digest)]
        return Rendered("\n".join([title, *plain, *figures]), blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """A full week with every kind of fact, a month, and a day on which nothing happened."""
        return [
            cls(_example(DigestKind.WEEKLY, Window(Span.WEEK, date(2026, 3, 23), date(2026, 3, 29)), 6)),
            cls(_example(DigestKind.MONTHLY, Window(Span.MONTH, date(2026, 3, 1), date(2026, 3, 31)), 6)),
            cls(_example(DigestKind.DAILY, Window(Span.DAY, date(2026, 4, 1), date(2026, 4, 1)), 0)),
        ]


def pictures(t: Translator, digest: Digest) -> tuple[Picture, ...]:
    """The charts of a weekly or monthly digest, each with its figures in words."""
    if not any(point.dials for point in digest.trend):
        return ()
    points = "; ".join(
        t(
            "{days}: {dials} dials, {rate} connected, {n} set",
            days=words.window(t, point.window),
            dials=t.number(point.dials),
            rate=words.percent(t, point.connected / point.dials) if point.dials else "–",
            n=t.number(point.meetings_set),
        )
        for point in digest.trend
    )
    found = [Picture(TREND, Trend(digest.trend), f"{t('Dials and meetings set')}: {points}")]
    reps = tuple(Rep(words.group(t, rep.by, rep.group, rep.name), *_calls(rep)) for rep in digest.reps[:MOST_REPS])
    if len(reps) > 1:
        said = "; ".join(
            f"{rep.name} {words.percent(t, rep.connected / rep.dials)} "
            f"({t.number(rep.connected)} ÷ {t.number(rep.dials)})"
            for rep in reps
            if rep.dials
        )
        found.append(Picture(REPS, Reps(reps), f"{t('Connect rate by rep (%), 95% intervals')}: {said}"))
    return tuple(found)


def reps_table(t: Translator, reps: Sequence[Board]) -> Block:
    """Each rep's calls and what came of them."""

    def row(*cells: str) -> list[RawTextObject]:
        return [RawTextObject(text=clip(cell, 200) or "–") for cell in cells]

    rows = [row(t("Name"), t("Dials"), t("Connect rate"), t("95% interval"), t("Meetings set"), t("SQL"))]
    for rep in reps[:MOST_REPS]:
        connect = rep.line("connect_rate").figure
        low, high = connect.interval or (0.0, 1.0)
        word = words.judgement(t, connect) if connect.judgement in (Judgement.GOOD, Judgement.BAD) else ""
        rate = words.value(t, connect.kpi, connect.value)
        rows.append(
            row(
                words.group(t, rep.by, rep.group, rep.name),
                t.number(rep.line("dials").figure.numerator),
                f"{rate} {word}".strip(),
                f"{words.percent(t, low).removesuffix('%')}–{words.percent(t, high)}",
                t.number(rep.line("meetings_set").figure.numerator),
                t.number(rep.line("sales_qualified").figure.numerator),
            )
        )
    right = TableBlockColumnSettings(align="right")
    return TableBlock(rows=rows, column_settings=[TableBlockColumnSettings(), right, right, right, right, right])


def _calls(rep: Board) -> tuple[int, int, int]:
    return (
        rep.line("dials").figure.numerator,
        rep.line("connected").figure.numerator,
        rep.line("meetings_set").figure.numerator,
    )


def _title(t: Translator, digest: Digest) -> str:
    return t(TITLES[digest.kind], days=words.window(t, digest.board.window))


def _about(t: Translator, board: Board) -> Markup:
    days = t.plural("{n} business day", "{n} business days", board.business_days)
    return escape(f"{days} · {words.compared_with(t, board)}")


def _lines(digest: Digest) -> list[Line]:
    lines = (digest.board.line(key) for key in FIGURES[digest.kind])
    return [line for line in lines if line.figure.state in (State.MEASURED, State.TOO_FEW)]


def _figure(t: Translator, board: Board, line: Line) -> Block:
    return section(
        words.line_text(t, line), button(t("See rows"), f"kpi.rows#{line.kpi.key}", str(Place.of(board, line.kpi.key)))
    )


def _unmarked(sentence: str) -> str:
    return sentence.replace("*", "")


def _example(kind: DigestKind, window: Window, trend: int) -> Digest:
    """Figures that an invented team could have."""
    counts = Counts(
        {
            Measure.DIALS: 900 if trend else 0,
            Measure.ANSWERED: 360 if trend else 0,
            Measure.CONNECTED: 109 if trend else 0,
            Measure.EFFECTIVE: 80 if trend else 0,
            Measure.MEETINGS_SET: 14 if trend else 0,
            Measure.REP_DAYS: 25 if trend else 0,
        },
        {},
    )
    then = Counts({Measure.DIALS: 700, Measure.ANSWERED: 300, Measure.CONNECTED: 130, Measure.MEETINGS_SET: 21}, {})
    lines = tuple(
        Line(figure(kpi, counts), figure(kpi, then), 300.0 if kpi.key == "dials" else None) for kpi in CATALOGUE
    )
    board = Board(window, back(window, 2)[0], 5, lines)
    told = (
        Fact(FactKind.CHANGED, "connect_rate", 0.121, 0.184, False, 4.1, 900),
        Fact(FactKind.MISSES, "bant_completion", 0.62, 0.8, False, 3.0, 40),
        Fact(FactKind.TARGET, "dials", 900, 300, True, 2.0),
        Fact(FactKind.TARGET, "bant_completion", 0.8, 0.8, None, 1.9, 20),
        Fact(FactKind.TARGET, "meetings_set", 14, 20, False, 2.0),
        Fact(FactKind.STANDS_OUT, "connect_rate", 0.25, 0.11, True, 2.0, 120, "<!channel> 花子"),
        Fact(FactKind.STANDS, "sales_qualified", 9, 8, None, 0.0),
    )
    points = tuple(Point(each, 800, 130, 12) for each in back(window, trend)) if trend else ()
    reps = tuple(
        Board(window, window, 5, lines, By.REP, str(number), name) for number, name in enumerate(("佐藤 美咲", "<b>"))
    )
    return Digest(kind, board, reps if trend else (), told if trend else (), points, preview=not trend)
