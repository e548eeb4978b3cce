"""The field's terms as labels: one table per enum, msgids in English (glossary)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from domain.leads import BuyingRole, DisqualifyReason, NextStep, Source, Stage
from domain.members import Permission, Role
from domain.qualification.bant import Answer, BudgetState, Element, Level, Status
from domain.qualification.handoff import Fit, HandoffStatus, ReturnReason, Section
from domain.qualification.meetings import MeetingStatus
from handlers.blocks import Choice
from handlers.i18n import Translator
from handlers.i18n import mark as _

E = TypeVar("E", bound=StrEnum)

STAGES: Final[Mapping[Stage, str]] = {
    Stage.NEW: _("New"),
    Stage.WORKING: _("Working"),
    Stage.NURTURING: _("Nurturing"),
    Stage.SALES_QUALIFIED: _("Sales qualified"),
    Stage.HANDED_OFF: _("Handed off"),
    Stage.ACCEPTED: _("Accepted by field sales"),
    Stage.DISQUALIFIED: _("Disqualified"),
}
STAGE_MARKS: Final[Mapping[Stage, str]] = {
    Stage.NEW: "⚪",
    Stage.WORKING: "🔵",
    Stage.NURTURING: "🌱",
    Stage.SALES_QUALIFIED: "🟢",
    Stage.HANDED_OFF: "🤝",
    Stage.ACCEPTED: "✅",
    Stage.DISQUALIFIED: "⛔",
}
NEXT_STEPS: Final[Mapping[NextStep, str]] = {
    NextStep.CALL: _("Call again"),
    NextStep.NURTURE: _("Nurture"),
    NextStep.DISQUALIFY: _("Disqualify"),
    NextStep.HAND_OFF: _("Hand off to field sales"),
    NextStep.WAIT_FOR_FIELD_SALES: _("Waiting for field sales"),
}
DISQUALIFY_REASONS: Final[Mapping[DisqualifyReason, str]] = {
    DisqualifyReason.NO_BUDGET: _("No budget"),
    DisqualifyReason.NO_NEED: _("No need"),
    DisqualifyReason.NOT_DECISION_MAKER: _("Not the decision maker"),
    DisqualifyReason.TIMING: _("Wrong timing"),
    DisqualifyReason.COMPETITOR: _("Uses a competitor"),
    DisqualifyReason.OUT_OF_SCOPE: _("Out of scope"),
    DisqualifyReason.DO_NOT_CALL: _("Do not call"),
}
BUYING_ROLES: Final[Mapping[BuyingRole, str]] = {
    BuyingRole.DECISION_MAKER: _("Decision maker"),
    BuyingRole.INFLUENCER: _("Influencer"),
    BuyingRole.USER: _("User"),
    BuyingRole.UNKNOWN: _("Role unknown"),
}
SOURCES: Final[Mapping[Source, str]] = {
    Source.INBOUND_FORM: _("Inquiry form"),
    Source.TRADE_SHOW: _("Trade show"),
    Source.WEBINAR: _("Webinar"),
    Source.WHITE_PAPER: _("White paper"),
    Source.REFERRAL: _("Referral"),
    Source.OUTBOUND_LIST: _("Outbound list"),
    Source.OTHER: _("Other source"),
}
ROLES: Final[Mapping[Role, str]] = {
    Role.INSIDE_SALES: _("Inside sales"),
    Role.FIELD_SALES: _("Field sales"),
    Role.MANAGER: _("Manager"),
    Role.MARKETING: _("Marketing"),
    Role.CUSTOMER_SUCCESS: _("Customer success"),
    Role.ADMIN: _("Admin"),
}
PERMISSIONS: Final[Mapping[Permission, str]] = {
    Permission.READ: _("see leads"),
    Permission.EDIT_LEADS: _("edit leads"),
    Permission.QUALIFY: _("qualify leads"),
    Permission.HAND_OFF: _("hand leads off"),
    Permission.TAKE_HANDOFF: _("accept or return handoffs"),
    Permission.OVERRIDE_VERDICT: _("override a verdict"),
    Permission.EDIT_POLICY: _("change the qualification rules"),
    Permission.IMPORT: _("import companies"),
    Permission.LOG_CALLS: _("log calls"),
    Permission.CLAIM: _("take inbound leads"),
    Permission.BOOK_MEETINGS: _("book meetings"),
    Permission.CLOSE_MEETINGS: _("close meetings"),
    Permission.EDIT_TARGETS: _("change targets"),
    Permission.EDIT_TEAM: _("change the team's settings"),
    Permission.EDIT_ZONE: _("change the team's time zone"),
    Permission.EDIT_PLAYBOOK: _("edit the playbook"),
    Permission.HANDLE_PERSONAL_DATA: _("disclose and erase personal data"),
}
ELEMENTS: Final[Mapping[Element, str]] = {
    Element.BUDGET: _("Budget"),
    Element.AUTHORITY: _("Authority"),
    Element.NEED: _("Need"),
    Element.TIMELINE: _("Timeline"),
}
MEETING_STATUSES: Final[Mapping[MeetingStatus, str]] = {
    MeetingStatus.BOOKED: _("Booked"),
    MeetingStatus.HELD: _("Held"),
    MeetingStatus.NO_SHOW: _("No-show"),
    MeetingStatus.CANCELLED: _("Meeting cancelled"),
}
MEETING_MARKS: Final[Mapping[MeetingStatus, str]] = {
    MeetingStatus.BOOKED: "📅",
    MeetingStatus.HELD: "✅",
    MeetingStatus.NO_SHOW: "👻",
    MeetingStatus.CANCELLED: "🚫",
}
STATUSES: Final[Mapping[Status, str]] = {
    Status.CONFIRMED: _("Confirmed"),
    Status.NOT_CONFIRMED: _("Not confirmed"),
    Status.NOT_ASKED: _("Not asked"),
}
STATUS_MARKS: Final[Mapping[Status, str]] = {
    Status.CONFIRMED: "✅",
    Status.NOT_CONFIRMED: "❌",
    Status.NOT_ASKED: "➖",
}
ANSWERS: Final[Mapping[Answer, str]] = {
    Answer.YES: _("Yes"),
    Answer.NO: _("No"),
    Answer.UNKNOWN: _("Unknown"),
}
BUDGET_STATES: Final[Mapping[BudgetState, str]] = {
    BudgetState.SECURED: _("Secured"),
    BudgetState.APPLIED: _("Being applied for"),
    BudgetState.PLANNED: _("Planned"),
    BudgetState.NONE: _("None yet"),
}
LEVELS: Final[Mapping[Level, str]] = {
    Level.HIGH: _("High"),
    Level.MEDIUM: _("Medium"),
    Level.LOW: _("Low"),
}
SECTIONS: Final[Mapping[Section, str]] = {
    Section.COMPANY: _("Company"),
    Section.KEY_PERSONS: _("Key persons"),
    Section.BANT: _("BANT"),
    Section.BACKGROUND: _("Background"),
    Section.WORRIES_AND_HOPES: _("Worries and hopes"),
    Section.CALL_SUMMARY: _("Call summary"),
}
HANDOFF_STATUSES: Final[Mapping[HandoffStatus, str]] = {
    HandoffStatus.WAITING: _("Waiting for an answer"),
    HandoffStatus.ACCEPTED: _("Accepted"),
    HandoffStatus.RETURNED: _("Returned"),
}
RETURN_REASONS: Final[Mapping[ReturnReason, str]] = {
    ReturnReason.NO_NEED: _("No need"),
    ReturnReason.NO_BUDGET: _("No budget"),
    ReturnReason.WRONG_PERSON: _("Wrong person"),
    ReturnReason.TOO_EARLY: _("Too early"),
    ReturnReason.INFORMATION_MISSING: _("Information is missing"),
    ReturnReason.DUPLICATE: _("Already in hand"),
    ReturnReason.WRONG_TERRITORY: _("Wrong territory"),
    ReturnReason.OTHER: _("Other"),
}
FITS: Final[Mapping[Fit, str]] = {
    Fit.TERRITORY: _("territory"),
    Fit.INDUSTRY: _("industry"),
    Fit.LIGHTEST_LOAD: _("lightest load"),
}


def choices(t: Translator, table: Mapping[E, str], *leave_out: E) -> list[Choice]:
    """The table as things to choose, in its order."""
    return [Choice(value.value, t(label)) for value, label in table.items() if value not in leave_out]
