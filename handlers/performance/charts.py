"""The charts of the digests: how the calls developed, and how the reps compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.dates import format_date

from domain.performance.kpis import BY_KEY
from domain.performance.proportions import Proportion
from domain.performance.windows import Span
from handlers.charts import ACCENT, BAD, BAND, GOOD, INK, MUTED, SECOND, axes, figure
from handlers.i18n import Translator
from services.performance.digests import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_LENGTH = 12
"""Characters of a rep's name beside a chart."""


def _band() -> tuple[float, float]:
    """Within which the connect rate should be, in percent."""
    limit = BY_KEY["connect_rate"].threshold
    return ((limit.low or 0.0) * 100, (limit.high or 1.0) * 100) if limit else (0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Trend:
    """Dials and meetings set per week or month as bars, the connect rate with its interval as a line under them."""

    points: tuple[Point, ...]

    def draw(self, t: Translator) -> Figure:
        """Two panels that share their time."""
        picture = figure(7.2, 4.6)
        upper, lower = picture.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        places = list(range(len(self.points)))
        latest = len(self.points) - 1
        colours = [ACCENT if place == latest else SECOND for place in places]
        bars = upper.bar(places, [point.dials for point in self.points], width=0.62, color=colours)
        upper.set_title(t("Dials and meetings set"))
        upper.set_yticks([])
        upper.grid(visible=False)
        upper.margins(y=0.22)
        for bar, point in zip(bars, self.points, strict=True):
            label = f"{t.number(point.dials)}\n{t('{n} set', n=t.number(point.meetings_set))}"
            middle = bar.get_x() + bar.get_width() / 2
            upper.annotate(
                label,
                (middle, bar.get_height()),
                (0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=9,
                color=INK,
                linespacing=1.25,
            )
        _rates(lower, t, self.points)
        lower.set_xticks(places, [_tick(t, point) for point in self.points])
        return picture


def _rates(panel: Axes, t: Translator, points: tuple[Point, ...]) -> None:
    known = [(place, Proportion(point.connected, point.dials)) for place, point in enumerate(points) if point.dials]
    low, high = _band()
    panel.axhspan(low, high, color=BAND, zorder=0)
    panel.set_title(t("Connect rate (%), its 95% interval, and where it should be"), pad=8)
    if known:
        places = [place for place, _ in known]
        shares = [(share.share or 0.0) * 100 for _, share in known]
        ends = [share.interval() for _, share in known]
        panel.fill_between(places, [a * 100 for a, _ in ends], [b * 100 for _, b in ends], color=SECOND, alpha=0.55)
        panel.plot(places, shares, color=ACCENT, marker="o", markersize=5, linewidth=1.8)
        panel.annotate(
            f"{shares[-1]:.1f}%",
            (places[-1], shares[-1]),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
        panel.set_ylim(0, max(high * 1.25, *(b * 100 for _, b in ends)) + 2)
    panel.margins(x=0.07)


def _tick(t: Translator, point: Point) -> str:
    day = point.window.first
    if point.window.span is Span.MONTH:
        return format_date(day, "y年M月" if t.language == "ja" else "MMM y", locale=t.locale)
    return format_date(day, "M/d〜" if t.language == "ja" else "d MMM", locale=t.locale)


@dataclass(frozen=True, slots=True)
class Rep:
    """One rep's calls."""

    name: str
    dials: int
    connected: int
    meetings_set: int


@dataclass(frozen=True, slots=True)
class Reps:
    """Each rep's connect rate as a point with its interval, so that what may be chance looks like it."""

    reps: tuple[Rep, ...]

    def draw(self, t: Translator) -> Figure:
        """One line for each rep, most dials at the top."""
        picture = figure(7.2, 1.5 + 0.42 * len(self.reps))
        panel = axes(picture, t("Connect rate by rep (%), 95% intervals"))
        low, high = _band()
        panel.axvspan(low, high, color=BAND, zorder=0)
        panel.grid(visible=False)
        panel.grid(visible=True, axis="x")
        farthest = high
        for place, rep in enumerate(self.reps):
            share = Proportion(rep.connected, rep.dials)
            start, end = (value * 100 for value in share.interval())
            middle = (share.share or 0.0) * 100
            colour = BAD if share.enough and end < low else GOOD if share.enough and start >= low else MUTED
            panel.plot([start, end], [place, place], color=colour, linewidth=5, alpha=0.3, solid_capstyle="round")
            panel.plot([middle], [place], "o", color=colour, markersize=7)
            farthest = max(farthest, end)
        for place, rep in enumerate(self.reps):
            said = t(
                "{rate}% of {dials}, {n} set",
                rate=f"{100 * rep.connected / rep.dials:.1f}" if rep.dials else "–",
                dials=t.number(rep.dials),
                n=t.number(rep.meetings_set),
            )
            panel.annotate(said, (farthest + 2, place), va="center", fontsize=9.5, color=INK)
        panel.set_xlim(0, (farthest + 2) * 1.42)
        panel.set_ylim(len(self.reps) - 0.4, -0.6)
        panel.set_yticks(range(len(self.reps)), [_short(rep.name) for rep in self.reps], color=INK)
        ticks = [tick for tick in range(0, 101, 10) if tick <= farthest + 1]
        panel.set_xticks(ticks)
        panel.spines["bottom"].set_visible(False)
        return picture


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
