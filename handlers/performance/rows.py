"""The rows behind a figure, in a modal, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.members import Permission
from domain.performance.kpis import Measure
from handlers.blocks import actions, button, context, divider, modal, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction
from handlers.performance import words
from handlers.performance.places import DENOMINATOR, NUMERATOR, Place
from handlers.routes import Routes
from handlers.terms import SOURCES, STAGES
from services.performance import kpis as service
from services.performance.kpis import Page, Row

VIEW = "kpi.rows"
DETAILS: Final[Mapping[str, str]] = {
    "answered": _("answered"),
    "no_answer": _("no answer"),
    "voicemail": _("voicemail"),
    "busy": _("busy"),
    "invalid_number": _("wrong number"),
    "meeting_set": _("meeting set"),
    "interested": _("interested"),
    "send_material": _("send material"),
    "callback": _("call back"),
    "absent": _("contact absent"),
    "gatekeeper_refused": _("refused at reception"),
    "refused": _("refused"),
    "do_not_call": _("do not call"),
    "referred": _("referred"),
    "disqualified": _("disqualified"),
    "not_qualified": _("not sales qualified"),
    "waiting": _("Waiting for an answer"),
    "accepted": _("Accepted"),
    "returned": _("Returned"),
    "booked": _("booked"),
    "held": _("held"),
    "no_show": _("no-show"),
    "cancelled": _("cancelled"),
    **{source.value: label for source, label in SOURCES.items()},
}
_OF_STAGE = frozenset({Measure.SHOW_LEADS, Measure.SHOW_LEADS_IN_TIME, Measure.SHOW_LEADS_CALLED})


def register(routes: Routes) -> None:
    """The button beside each figure, and those in the modal."""
    routes.action("kpi.rows", open_rows, Permission.READ)


async def open_rows(interaction: Interaction) -> Answer:
    """The rows of a figure; within their modal another page or part of them."""
    place = Place.read(interaction.value)
    page = await service.rows(
        interaction.deps,
        interaction.actor,
        place.kpi,
        place.window,
        denominator=place.part == DENOMINATOR,
        by=place.by,
        group=place.group,
        page=place.page,
    )
    view = rows_modal(interaction.t, place, page, interaction.actor.zone)
    if interaction.view.get("callback_id") == VIEW:
        await interaction.redraw(view)
    else:
        await interaction.open(view)
    return None


def rows_modal(t: Translator, place: Place, page: Page, zone: str) -> View:
    """What is counted, how many there are, and ten of them."""
    counted = t(words.MEASURES[page.measure])
    blocks: list[Block] = [
        section(
            Markup(f"*{escape(words.name(t, page.kpi))}*　{escape(counted)}: *{t.number(page.total)}*"),
        ),
        context(escape(words.window(t, page.window))),
    ]
    if page.kpi.denominator is not None and page.kpi.numerator is not None:
        parts = ((NUMERATOR, page.kpi.numerator), (DENOMINATOR, page.kpi.denominator))
        blocks.append(
            actions(
                *(
                    button(
                        t(words.MEASURES[measure]),
                        f"kpi.rows#{part}",
                        str(place.other(part)),
                        style="primary" if part == place.part else None,
                    )
                    for part, measure in parts
                )
            )
        )
    blocks.append(divider())
    if not page.rows:
        blocks.append(section(t.md("There are no rows.")))
    blocks += [_row(t, page, row, zone, number) for number, row in enumerate(page.rows)]
    if page.pages > 1:
        turns = []
        if page.number > 1:
            turns.append(button(t("← Newer"), "kpi.rows#newer", str(place.turned(page.number - 1))))
        if page.number < page.pages:
            turns.append(button(t("Older →"), "kpi.rows#older", str(place.turned(page.number + 1))))
        blocks.append(actions(*turns))
        blocks.append(context(t.md("Page {page} of {pages}", page=t.number(page.number), pages=t.number(page.pages))))
    return modal(VIEW, t("Rows behind the figure"), blocks, close=t("Close"))


def _row(t: Translator, page: Page, row: Row, zone: str, number: int) -> Block:
    if row.day is not None:
        dials = t.plural("{n} dial", "{n} dials", int(row.detail))
        return section(Markup(f"{escape(t.day(row.day))}　*{escape(row.member)}*　{escape(dials)}"))
    who = "　".join(part for part in (f"*{escape(row.contact)}*" if row.contact else "", escape(row.account)) if part)
    when = t.moment(row.at, zone) if row.at else ""
    about = " · ".join(escape(part) for part in (when, row.member, _detail(t, page.measure, row.detail)) if part)
    text = Markup(f"{who}\n{about}" if who else about)
    if row.lead_id is None:
        return section(text)
    return section(text, button(t("Open"), f"lead.show#{number}", row.lead_id))


def _detail(t: Translator, measure: Measure, code: str) -> str:
    if measure in _OF_STAGE:
        return next((t(label) for stage, label in STAGES.items() if stage.value == code), code)
    return t(DETAILS[code]) if code in DETAILS else code
