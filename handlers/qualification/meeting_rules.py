"""The team's rules about its meetings (work item 3-5)."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from domain.errors import Code
from domain.members import Permission, may
from domain.qualification.meetings import MeetingRules
from handlers.blocks import (
    modal,
    number_input,
    section,
    text_input,
)
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update
from handlers.messages import Rendered
from handlers.routes import Routes
from services.qualification import meetings as service


def register(routes: Routes) -> None:
    """`/meeting rules` and its modal."""
    routes.command(
        "meeting",
        "rules",
        open_rules,
        Permission.READ,
        usage=_("rules"),
        summary=_("How long meetings take, how early they are offered; managers can change it"),
    )
    routes.view("meeting.rules.submit", save_rules, Permission.EDIT_TEAM)


async def open_rules(interaction: Interaction) -> Answer:
    """A manager gets the modal, everybody else the rules in words."""
    t = interaction.t
    rules = await service.read_rules(interaction.deps, interaction.actor.team_id)
    if not may(interaction.actor.role, Permission.EDIT_TEAM):
        text = t.md(
            "A meeting takes {minutes} minutes with {buffer} minutes free after it. Times are offered from {notice} "
            "business minutes to {days} days ahead, between {first} and {last} of the customer's day.",
            minutes=rules.minutes,
            buffer=rules.buffer_minutes,
            notice=rules.notice_minutes,
            days=rules.horizon_days,
            first=rules.customer_from,
            last=rules.customer_to,
        )
        return Reply(Rendered(text, [section(text)]))

    def number(field: str, label: str, least: int, most: int, hint: str | None = None) -> Block:
        return number_input(field, label, getattr(rules, field), optional=False, least=least, most=most, hint=hint)

    blocks = [
        number("minutes", t("Length in minutes"), 15, 240),
        number("step_minutes", t("Times begin every … minutes"), 5, 120),
        number("buffer_minutes", t("Free time after a meeting, in minutes"), 0, 120),
        number("travel_minutes", t("Way there, and back, in minutes"), 0, 240, t("Where the place is an address.")),
        number("notice_minutes", t("Earliest, in business minutes from now"), 0, 2700),
        number("horizon_days", t("Latest, in days from now"), 1, 60),
        number("offer_days", t("Days a customer has to choose"), 1, 30),
        text_input("customer_from", t("Customers are met from"), rules.customer_from, optional=False, max_length=5),
        text_input(
            "customer_to",
            t("Customers are met until"),
            rules.customer_to,
            optional=False,
            max_length=5,
            hint=t("In the customer's own time, such as 18:00."),
        ),
        text_input("lunch_from", t("Lunch from"), rules.lunch_from, max_length=5),
        text_input("lunch_to", t("Lunch until"), rules.lunch_to, max_length=5, hint=t("Both empty: at any time.")),
        text_input(
            "place",
            t("Usual place"),
            rules.place,
            max_length=500,
            hint=t("A link or an address; leave empty for a telephone call."),
        ),
    ]
    await interaction.open(
        modal("meeting.rules.submit", t("Rules of meetings"), blocks, submit=t("Save"), close=t("Cancel"))
    )
    return None


async def save_rules(interaction: Interaction) -> Answer:
    """Put the rules down."""
    t, form = interaction.t, interaction.form
    numbers = {
        field: form.number(field)
        for field in (
            "minutes",
            "step_minutes",
            "buffer_minutes",
            "travel_minutes",
            "notice_minutes",
            "horizon_days",
            "offer_days",
        )
    }
    for field, value in numbers.items():
        if value is None:
            form.wrong(field, Code.REQUIRED)
    form.check()
    new = MeetingRules(
        **{field: value or 0 for field, value in numbers.items()},
        customer_from=form.text("customer_from"),
        customer_to=form.text("customer_to"),
        lunch_from=form.text("lunch_from"),
        lunch_to=form.text("lunch_to"),
        place=form.text("place"),
    )
    await service.change_rules(interaction.deps, interaction.actor, new)
    text = t.md("*Saved.* It holds for what is booked from now on.")
    return Update(modal("meeting.rules.saved", t("Rules of meetings"), [section(text)], close=t("Close")))
