"""`/call heatmap`: when the team reaches people, weekday × hour, as a picture and in words."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block, StaticSelectElement
from slack_sdk.webhook.async_client import AsyncWebhookClient

from domain.members import Permission
from domain.outreach.best_hour import BestHour, HourRates, Tally, best_hours
from domain.performance.proportions import Proportion
from handlers.blocks import Choice, actions, clip, context, header, option, section
from handlers.charts import ACCENT, INK, MUTED, axes, drawn, figure
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Rendered
from handlers.outreach.call_queue_cards import percent, weekday
from handlers.pictures import image, upload
from handlers.routes import Routes
from services.outreach import call_queue as service

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

ALL = "*"
"""The choice of all industries together."""
UNKNOWN = "?"
"""The choice of companies whose industry nobody knows."""
OFFICE_DAYS = 5
OFFICE_HOURS = (9, 18)
"""Always drawn, called or not, so that a gap shows as a gap."""
MOST_SEGMENTS = 90
HATCH = "#cfd6de"
"""Darker than the grid, so that the hatching is seen; lighter than any figure."""


def register(routes: Routes) -> None:
    """The command, and the choice of another industry."""
    routes.command(
        "call",
        "heatmap",
        show,
        Permission.READ,
        usage=_("heatmap [industry]"),
        summary=_("When people pick up: connect rate by weekday and hour"),
    )
    routes.action("call.heatmap.segment", choose, Permission.READ)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The picture: calls and connected calls of each (weekday, hour); fewer than `enough` calls say nothing."""

    cells: tuple[tuple[int, int, int, int], ...]
    """(weekday, hour, calls, connected), in order."""
    enough: int
    segment: str | None
    """None: all together."""

    @property
    def days(self) -> int:
        """Weekdays drawn, from Monday on."""
        return max([OFFICE_DAYS, *(day + 1 for day, _hour, tries, _hits in self.cells if tries)])

    @property
    def hours(self) -> range:
        """Hours drawn."""
        called = [hour for _day, hour, tries, _hits in self.cells if tries]
        return range(min([OFFICE_HOURS[0], *called]), max([OFFICE_HOURS[1], *called]) + 1)

    def draw(self, t: Translator) -> Figure:
        """Darker where more are reached; hatched where too few were called to tell."""
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.patches import Rectangle

        hours, known = self.hours, {(day, hour): (tries, hits) for day, hour, tries, hits in self.cells}
        picture = figure(max(7.2, 1.2 + 0.62 * len(hours)), 1.4 + 0.56 * self.days)
        chart = axes(picture, _title(t, self.segment))
        shades = LinearSegmentedColormap.from_list("reached", ["#eef4f8", ACCENT])
        rates = [hits / tries for tries, hits in known.values() if tries >= self.enough]
        least, most = (min(rates), max(rates)) if rates else (0.0, 1.0)
        for day in range(self.days):
            for place, hour in enumerate(hours):
                tries, hits = known.get((day, hour), (0, 0))
                corner = (place - 0.5, day - 0.5)
                if tries < self.enough:
                    chart.add_patch(
                        Rectangle(corner, 1, 1, facecolor="white", edgecolor=HATCH, hatch="////", linewidth=0)
                    )
                    continue
                rate = hits / tries
                depth = 0.5 if most == least else (rate - least) / (most - least)
                chart.add_patch(Rectangle(corner, 1, 1, facecolor=shades(depth), edgecolor="white", linewidth=1.5))
                ink = "white" if depth > 0.6 else INK
                chart.text(place, day - 0.1, percent(t, rate), ha="center", va="center", color=ink, fontsize=10)
                chart.text(place, day + 0.27, f"n={tries}", ha="center", va="center", color=ink, fontsize=7.5)
        chart.set_xlim(-0.5, len(hours) - 0.5)
        chart.set_ylim(self.days - 0.5, -0.5)
        chart.set_xticks(range(len(hours)), [t("{hour}:00", hour=hour) for hour in hours])
        chart.set_yticks(range(self.days), [weekday(t, day) for day in range(self.days)])
        chart.grid(visible=False)
        note = t("Hatched: fewer than {n} calls, not enough data", n=self.enough)
        chart.set_xlabel(note, loc="left", fontsize=9, color=MUTED)
        return picture

    def alt(self, t: Translator) -> str:
        """Everything that is to be seen, in words."""
        told = [
            t(
                "{weekday} {hour}:00 {rate} of {n}",
                weekday=weekday(t, day),
                hour=hour,
                rate=percent(t, hits / tries),
                n=t.number(tries),
            )
            for day, hour, tries, hits in self.cells
            if tries >= self.enough
        ]
        rest = t("All other hours: fewer than {n} calls, not enough data.", n=self.enough)
        if not told:
            return f"{_title(t, self.segment)}: {rest}"
        return f"{_title(t, self.segment)}: {t.listed(told)}. {rest}"


def _title(t: Translator, segment: str | None) -> str:
    return t("Connect rate by weekday and hour: {segment}", segment=_name(t, segment))


def _name(t: Translator, segment: str | None) -> str:
    if segment is None:
        return t("all industries")
    return segment or t("industry unknown")


async def show(interaction: Interaction) -> Answer:
    """`/call heatmap [industry]`."""
    rates = await service.hour_rates(interaction.deps, interaction.actor)
    segment, found = _meant(interaction.text, rates.segments())
    return _drawn_later(interaction, rates, segment, "" if found else interaction.text)


async def in_words(interaction: Interaction) -> Rendered:
    """The best hours over all industries, without the picture."""
    rates = await service.hour_rates(interaction.deps, interaction.actor)
    return _rendered(interaction.t, rates, rates.of_segment(None), None, "", "", "")


async def choose(interaction: Interaction) -> Answer:
    """Another industry, in the same message."""
    rates = await service.hour_rates(interaction.deps, interaction.actor)
    segment = {ALL: None, UNKNOWN: ""}.get(interaction.value, interaction.value)
    return _drawn_later(interaction, rates, segment, "", replace=True)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _meant(text: str, segments: Mapping[str, Tally]) -> tuple[str | None, bool]:
    """The industry somebody typed, by its name or a part of it; and whether there is one (nothing typed: all)."""
    wanted = _folded(text)
    if not wanted:
        return None, True
    by_name = {_folded(segment): segment for segment in segments if segment}
    if wanted in by_name:
        return by_name[wanted], True
    part = [segment for folded, segment in by_name.items() if wanted in folded]
    return (part[0], True) if part else (None, False)


def _drawn_later(
    interaction: Interaction, rates: HourRates, segment: str | None, unknown: str, *, replace: bool = False
) -> Answer:
    """The map, once Slack has its acknowledgement; its words at once where there is nothing to answer to later."""
    url = str(interaction.body.get("response_url") or "")
    if not url:
        return Reply(_rendered(interaction.t, rates, rates.of_segment(segment), segment, unknown, "", ""))
    interaction.afterwards.append(partial(_draw, interaction, url, rates, segment, unknown, replace=replace))
    return None


async def _draw(
    interaction: Interaction, url: str, rates: HourRates, segment: str | None, unknown: str, *, replace: bool
) -> None:
    """Draw, upload and say it. Without the picture, should Slack not take it, the words stand alone."""
    t = interaction.t
    hours = rates.of_segment(segment)
    cells = tuple((day, hour, tally.tries, tally.hits) for (day, hour), tally in sorted(hours.items()))
    chart = HeatMap(cells, rates.learning.enough, segment)
    alt = chart.alt(t)
    file_id = ""
    if cells:
        try:
            file_id = await upload(interaction.client, "heatmap.png", await drawn(chart, t), alt)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError):
            log.exception("Slack did not take the heat map; its words go alone")
    rendered = _rendered(t, rates, hours, segment, unknown, file_id, alt)
    await AsyncWebhookClient(url, retry_handlers=[]).send(
        text=rendered.text,
        blocks=dicts(rendered.blocks),
        response_type="ephemeral",
        replace_original=replace,
    )


def _rendered(
    t: Translator,
    rates: HourRates,
    hours: Mapping[tuple[int, int], Tally],
    segment: str | None,
    unknown: str,
    file_id: str,
    alt: str,
) -> Rendered:
    title = _title(t, segment)
    blocks: list[Block] = [header(title)]
    if unknown:
        blocks.append(context(t.md("There are no calls to “{segment}” yet. This is the whole team.", segment=unknown)))
    if file_id:
        blocks.append(image(file_id, alt))
    blocks += [section(_words(t, hours, rates.learning.enough)), *_choice(t, rates.segments(), segment)]
    return Rendered(escape(title), blocks)


def _words(t: Translator, hours: Mapping[tuple[int, int], Tally], enough: int) -> Markup:
    tries = sum(tally.tries for tally in hours.values())
    hits = sum(tally.hits for tally in hours.values())
    if not tries:
        return t.md("Nobody has called here yet. Log calls, and the best hours show.")
    overall = t.md("Overall {rate} of {n} calls", rate=percent(t, hits / tries), n=t.number(tries))
    best = best_hours(hours, enough)
    if not best and any(tally.tries >= enough for tally in hours.values()):
        none = t.md("No hour with {n} calls or more is better than the others yet.", n=enough)
        return Markup(f"{overall}\n{none}")
    if not best:
        few = t.md("No hour has {n} calls yet: not enough data to name the best ones.", n=enough)
        return Markup(f"{overall}\n{few}")
    lines = [_best_line(t, hour) for hour in best]
    notes = []
    if not all(hour.surely for hour in best):
        notes.append(t.md("△: within chance, so only a tendency."))
    label = escape(t("Best hours"))
    return Markup("\n".join([overall, f"*{label}*", *lines, *notes]))


def _best_line(t: Translator, best: BestHour) -> Markup:
    low, high = Proportion(best.tally.hits, best.tally.tries).interval()
    mark = "🏆" if best.surely else "△"
    line = t.md(
        "*{weekday} {hour}:00* {rate} ({hits} of {n} calls, 95 % interval {low}–{high})",
        weekday=weekday(t, best.weekday),
        hour=best.hour,
        rate=percent(t, best.tally.hits / best.tally.tries),
        hits=t.number(best.tally.hits),
        n=t.number(best.tally.tries),
        low=percent(t, low),
        high=percent(t, high),
    )
    return Markup(f"{mark} {line}")


def _choice(t: Translator, segments: Mapping[str, Tally], chosen: str | None) -> Sequence[Block]:
    if not segments:
        return ()
    choices = [Choice(ALL, t("All industries"))]
    for segment, tally in list(segments.items())[:MOST_SEGMENTS]:
        calls = t.plural("{n} call", "{n} calls", tally.tries)
        # A value longer than Slack takes could not be told apart when it comes back.
        if len(segment) <= 150:
            choices.append(Choice(segment or UNKNOWN, f"{clip(_name(t, segment), 50)}　{calls}"))
    options = [option(choice) for choice in choices]
    value = ALL if chosen is None else chosen or UNKNOWN
    element = StaticSelectElement(
        action_id="call.heatmap.segment",
        options=options,
        initial_option=next((o for o in options if o.value == value), None),
        placeholder=t("Industry"),
    )
    return (actions(element, block_id="heatmap.segment"),)
