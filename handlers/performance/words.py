"""KPIs in words: their names, their figures, what a threshold says to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from domain.leads import Source
from domain.performance.kpis import (
    DURATIONS,
    Direction,
    Figure,
    Judgement,
    Kpi,
    Level,
    Measure,
    Origin,
    State,
    Threshold,
    Unit,
)
from domain.performance.windows import Span, Window
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.terms import SOURCES
from services.performance.kpis import Board, By, Line

KPIS: Final[Mapping[str, str]] = {
    "bookings": _("Bookings"),
    "deals_won": _("Deals won"),
    "ltv": _("Customer lifetime value (LTV)"),
    "cac": _("Cost to win a customer (CAC)"),
    "attrition": _("One-year attrition"),
    "ramp_up": _("Ramp-up of new reps"),
    "opportunities": _("Opportunities created"),
    "opportunity_per_meeting": _("Opportunities per meeting held"),
    "opportunity_per_lead": _("Opportunities per new lead"),
    "opportunity_per_connected": _("Opportunities per connected call"),
    "opportunity_per_dial": _("Opportunities per dial"),
    "icp_ratio": _("Opportunity rate, ICP ÷ others"),
    "score_ratio": _("Opportunity rate, high ÷ low scores"),
    "re_meeting_rate": _("Re-meeting rate of lost leads"),
    "meetings_held": _("Meetings held"),
    "show_rate": _("Show rate"),
    "meetings_due": _("Meetings due"),
    "meetings_booked": _("Meetings booked"),
    "meeting_lead_time": _("Verdict to meeting (median)"),
    "accepted_handoffs": _("Handoffs accepted"),
    "answered_handoffs": _("Handoffs answered"),
    "acceptance_rate": _("Acceptance rate"),
    "handoffs": _("Handoffs"),
    "by_the_book": _("Handoffs that meet the SQL definition"),
    "sales_qualified": _("Sales qualified leads (SQL)"),
    "qualified_rate": _("Share sales qualified"),
    "judged": _("Leads judged"),
    "bant_completion": _("BANT completion"),
    "meetings_set": _("Meetings set"),
    "meetings_per_answered": _("Meetings set per answered call"),
    "effective": _("Effective conversations"),
    "effective_rate": _("Effective per connected call"),
    "connected": _("Connected calls"),
    "connect_rate": _("Connect rate (connected ÷ dials)"),
    "answer_rate": _("Answer rate (answered ÷ dials)"),
    "reach_rate": _("Reach rate (connected ÷ answered)"),
    "dials": _("Dials"),
    "rep_days": _("Rep days with calls"),
    "dials_per_rep_day": _("Dials per rep and day"),
    "new_leads": _("New leads"),
    "first_response": _("First response (median)"),
    "first_response_p90": _("First response (90th percentile)"),
    "first_response_share": _("First response within 5 minutes"),
    "show_first_contact": _("Trade show: first contact (median)"),
    "show_first_contact_share": _("Trade show: first contact within 48 hours"),
    "mails": _("Mails sent"),
    "open_rate": _("Open rate"),
    "reply_rate": _("Reply rate"),
    "duplicate_rate": _("Duplicate rate"),
}
MISSING: Final[Mapping[str, str]] = {
    "bookings": _("deals and their amounts are not kept here"),
    "deals_won": _("deals and their amounts are not kept here"),
    "ltv": _("contracts and costs are not kept here"),
    "cac": _("contracts and costs are not kept here"),
    "attrition": _("who joined and left is not kept here"),
    "ramp_up": _("who joined and left is not kept here"),
    "icp_ratio": _("no ideal customer profile is defined yet"),
    "score_ratio": _("leads have no scores yet"),
    "re_meeting_rate": _("lost deals are not kept here"),
    "open_rate": _("no mail sequences run yet"),
    "reply_rate": _("no mail sequences run yet"),
}
"""Why a KPI without a source has none."""
MEASURES: Final[Mapping[Measure, str]] = {
    Measure.DIALS: _("dials"),
    Measure.ANSWERED: _("answered calls"),
    Measure.CONNECTED: _("connected calls"),
    Measure.EFFECTIVE: _("effective conversations"),
    Measure.MEETINGS_SET: _("meetings set"),
    Measure.REP_DAYS: _("rep days"),
    Measure.NEW_LEADS: _("new leads"),
    Measure.JUDGED: _("leads judged"),
    Measure.BANT_COMPLETE: _("leads with all four asked"),
    Measure.SALES_QUALIFIED: _("sales qualified leads"),
    Measure.HANDOFFS: _("handoffs"),
    Measure.BY_THE_BOOK: _("handoffs by the definition"),
    Measure.ANSWERED_HANDOFFS: _("handoffs answered"),
    Measure.ACCEPTED_HANDOFFS: _("handoffs accepted"),
    Measure.MEETINGS_BOOKED: _("meetings booked"),
    Measure.MEETINGS_DUE: _("meetings due"),
    Measure.MEETINGS_HELD: _("meetings held"),
    Measure.OPPORTUNITIES: _("opportunities"),
    Measure.LEAD_TIMES: _("meetings after a verdict"),
    Measure.FORMS: _("form submissions"),
    Measure.FORMS_IN_TIME: _("answered in time"),
    Measure.FORMS_ANSWERED: _("answered submissions"),
    Measure.SHOW_LEADS: _("trade show leads"),
    Measure.SHOW_LEADS_IN_TIME: _("contacted in time"),
    Measure.SHOW_LEADS_CALLED: _("leads called"),
    Measure.MAILS: _("mails"),
    Measure.CONTACTS: _("people"),
    Measure.DUPLICATES: _("entered twice"),
}
LEVELS: Final[Mapping[Level, str]] = {
    Level.STRATEGIC: _("Strategic"),
    Level.TACTICAL: _("Tactical"),
    Level.ACTIVITY: _("Activity"),
}
SPANS: Final[Mapping[Span, str]] = {Span.DAY: _("Today"), Span.WEEK: _("This week"), Span.MONTH: _("This month")}
SPANS_BEFORE: Final[Mapping[Span, str]] = {
    Span.DAY: _("business day before"),
    Span.WEEK: _("week before"),
    Span.MONTH: _("month before"),
}
BREAKDOWNS: Final[Mapping[By, str]] = {By.REP: _("by rep"), By.SOURCE: _("by source"), By.SEGMENT: _("by industry")}
JUDGEMENTS: Final[Mapping[Judgement, str]] = {
    Judgement.GOOD: _("good"),
    Judgement.BAD: _("needs work"),
    Judgement.UNSURE: _("cannot be told yet"),
}
JUDGEMENT_MARKS: Final[Mapping[Judgement, str]] = {
    Judgement.GOOD: "🟢",
    Judgement.BAD: "🔴",
    Judgement.UNSURE: "⚪",
}
ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.FRAMEWORK: _("framework {item}"),
    Origin.WHITE_PAPER: _("average of the 2025 white paper"),
}


def name(t: Translator, kpi: Kpi | str) -> str:
    """接続率(接続 ÷ 架電)."""
    return t(KPIS[kpi if isinstance(kpi, str) else kpi.key])


def value(t: Translator, kpi: Kpi, number: float | None) -> str:
    """A value in its unit; a dash where there is none."""
    if number is None:
        return "–"
    match kpi.unit:
        case Unit.COUNT:
            return t.number(round(number))
        case Unit.SHARE:
            return percent(t, number)
        case Unit.MULTIPLE:
            return decimal(t, number)
        case Unit.YEN:
            return t.yen(round(number))
        case Unit.MINUTES:
            return t("{n} min", n=decimal(t, number))
        case Unit.HOURS:
            return t("{n} h", n=decimal(t, number))
        case Unit.DAYS:
            return t("{n} days", n=decimal(t, number))
        case Unit.MONTHS:
            return t("{n} months", n=decimal(t, number))


def decimal(t: Translator, number: float) -> str:
    """One decimal place, none where it is 0."""
    return format_decimal(round(number, 1), format="#,##0.#", locale=t.locale)


def percent(t: Translator, share: float) -> str:
    """18.4%: one decimal place, two below one percent."""
    places = "#,##0.##" if abs(share) < 0.01 else "#,##0.0"
    return format_decimal(share * 100, format=places, locale=t.locale) + "%"


def signed(t: Translator, kpi: Kpi, change: float) -> str:
    """A difference in the KPI's unit: shares in percentage points."""
    if kpi.unit is Unit.SHARE:
        points = round(change * 100, 2 if abs(change) < 0.01 else 1)
        return f"{_sign(points)}{format_decimal(abs(points), format='0.0#', locale=t.locale)}pt"
    shown = decimal(t, abs(change)) if kpi.unit is Unit.COUNT else value(t, kpi, abs(change))
    return f"{_sign(round(change, 1))}{shown}"


def _sign(number: float) -> str:
    return "+" if number > 0 else "−" if number < 0 else "±"


def change(t: Translator, line: Line) -> str:
    """▲ +2.1pt: against the window before; "" where either is unknown."""
    now, then = line.figure.value, line.before.value
    if now is None or then is None:
        return ""
    difference = now - then
    arrow = "▲" if difference > 0 else "▼" if difference < 0 else "→"
    relative = f" ({percent_change(t, difference / then)})" if line.kpi.unit is Unit.COUNT and then else ""
    return f"{arrow} {signed(t, line.kpi, difference)}{relative}"


def percent_change(t: Translator, share: float) -> str:
    """+12%, without decimals."""
    rounded = round(share * 100)
    return f"{_sign(rounded)}{t.number(abs(rounded))}%"


def of(t: Translator, figure: Figure) -> str:
    """184 connected calls ÷ 1,000 dials; n = 25 of durations; "" for counts."""
    kpi = figure.kpi
    if kpi.numerator is None:
        return t(MISSING[kpi.key])
    if kpi.unit in DURATIONS:
        return f"n = {t.number(figure.numerator)}" if figure.numerator else ""
    top = f"{t(MEASURES[kpi.numerator])} {t.number(figure.numerator)}"
    if kpi.denominator is not None:
        return f"{top} ÷ {t(MEASURES[kpi.denominator])} {t.number(figure.denominator or 0)}"
    return ""


def interval(t: Translator, figure: Figure) -> str:
    """95% CI 16.1–20.9%; "" where there is none."""
    found = figure.interval
    if found is None:
        return ""
    low, high = (percent(t, end) for end in found)
    return t("95% interval {low}–{high}", low=low.removesuffix("%"), high=high)


def threshold(t: Translator, kpi: Kpi) -> str:
    """Should be 15–25% (framework 2-1); "" where there is none."""
    limit = kpi.threshold
    if limit is None:
        return ""
    return t("should be {limit} ({origin})", limit=limits(t, kpi, limit), origin=_origin(t, limit))


def limits(t: Translator, kpi: Kpi, limit: Threshold) -> str:
    """≥ 80%, ≤ 5 min, 15–25%."""

    def end(number: float) -> str:
        shown = value(t, kpi, number)
        return shown.replace(".0%", "%")

    if limit.low is not None and limit.high is not None:
        return f"{end(limit.low).removesuffix('%')}–{end(limit.high)}"
    if limit.low is not None:
        return end(limit.low) if limit.low == 1 and kpi.unit is Unit.SHARE else f"≥ {end(limit.low)}"
    return f"≤ {end(limit.high or 0.0)}"


def _origin(t: Translator, limit: Threshold) -> str:
    return t(ORIGINS[limit.origin], item=limit.indicator)


def judgement(t: Translator, figure: Figure) -> str:
    """The word for what the threshold says; "" where there is none."""
    found = figure.judgement
    return "" if found is Judgement.NONE else t(JUDGEMENTS[found])


def state(t: Translator, figure: Figure) -> str:
    """Why a figure cannot be judged; "" where it can."""
    match figure.state:
        case State.MEASURED:
            return ""
        case State.TOO_FEW:
            return t("too few cases to judge")
        case State.NOTHING:
            return t("not enough data: none in this period")
        case State.NO_SOURCE:
            return t("not enough data: {why}", why=t(MISSING[figure.kpi.key]))


def target(t: Translator, line: Line) -> str:
    """Target 300, 62% of it; "" where there is none."""
    if line.target is None:
        return ""
    aim = value(t, line.kpi, line.target)
    now = line.figure.value
    if now is None:
        return t("target {aim}", aim=aim)
    if line.kpi.additive and line.target:
        return t("target {aim}, {share} reached", aim=aim, share=f"{t.number(round(now / line.target * 100))}%")
    down = line.kpi.direction is Direction.DOWN
    reached = now <= line.target if down else now >= line.target
    if not reached and value(t, line.kpi, now) == aim:
        # 17.98 % reads as 18.0 %: without a word it would look wrong.
        return t("target {aim}, just not reached", aim=aim)
    return t("target {aim}, reached", aim=aim) if reached else t("target {aim}, not reached", aim=aim)


def line_text(t: Translator, line: Line) -> Markup:
    """A KPI in two lines: mark, name, value, change and judgement; under it what it was computed from."""
    figure = line.figure
    word = judgement(t, figure)
    head = [f"*{escape(name(t, line.kpi))}*", f"*{escape(value(t, line.kpi, figure.value))}*"]
    head += [escape(part) for part in (change(t, line), word) if part]
    counted = "" if figure.state is State.NO_SOURCE else of(t, figure)
    small = [counted, interval(t, figure), threshold(t, line.kpi), target(t, line), state(t, figure)]
    under = " · ".join(escape(part) for part in small if part)
    mark = JUDGEMENT_MARKS.get(figure.judgement)
    return Markup("\n".join(part for part in (f"{mark} {'　'.join(head)}" if mark else "　".join(head), under) if part))


def plain_line(t: Translator, line: Line) -> str:
    """A KPI in a few plain words, for a notification or a picture's description."""
    parts = [f"{name(t, line.kpi)} {value(t, line.kpi, line.figure.value)}", of(t, line.figure), change(t, line)]
    return " ".join(part for part in (parts[0], f"({parts[1]})" if parts[1] else "", parts[2]) if part)


def window(t: Translator, found: Window) -> str:
    """The days of a window: 4月1日(水); 3月30日(月)〜4月1日(水); 2026年3月."""
    if found.first == found.last:
        return t.day(found.last)
    if found.span is Span.MONTH and found.first.day == 1 and _ends(found):
        return format_date(found.first, "y年M月" if t.language == "ja" else "MMMM y", locale=t.locale)
    return f"{short_day(t, found.first)}–{short_day(t, found.last)}"


def short_day(t: Translator, day: date) -> str:
    """4/1 (水) or Wed 1 Apr."""
    return format_date(day, "M/d(E)" if t.language == "ja" else "EEE d MMM", locale=t.locale)


def _ends(found: Window) -> bool:
    following = date.fromordinal(found.last.toordinal() + 1)
    return following.day == 1


def group(t: Translator, by: By | None, key: str, called: str) -> str:
    """How a group is called: a rep by name, a source by its label, an industry by itself."""
    match by:
        case By.SOURCE:
            known = SOURCES.get(Source(key)) if key in set(Source) else None
            return t(known) if known else key or t("Unknown")
        case By.SEGMENT:
            return key or t("Industry unknown")
        case By.REP:
            return called or t("Nobody's")
        case None:
            return t("Team")


def compared_with(t: Translator, board: Board) -> str:
    """Compared with the week before, 3/23–3/25."""
    return t("compared with the {span} ({days})", span=t(SPANS_BEFORE[board.window.span]), days=window(t, board.before))
