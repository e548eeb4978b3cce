"""The tables, a module for each wing."""

from storage.tables.base import Base, Grams, Json, Key, Moment, OfTeam
from storage.tables.deliveries import Delivery, Mail, SlackPace
from storage.tables.installations import Installation, SpentState
from storage.tables.model import ModelCall
from storage.tables.outreach import (
    Call,
    CallDay,
    CallHour,
    FormSource,
    FormSubmission,
    Lead,
    Suppression,
)
from storage.tables.passages import Passage, PassageDue
from storage.tables.performance import KpiTarget
from storage.tables.qualification import (
    CalendarConnection,
    Handoff,
    HandoffReturn,
    Meeting,
    MeetingOffer,
    MeetingSlot,
    Qualification,
    StageChange,
    VerdictPolicy,
)
from storage.tables.targeting import Account, Contact
from storage.tables.teams import (
    Absence,
    AuditLog,
    AuditPermit,
    JobBeat,
    JobPlan,
    JobRun,
    Member,
    Team,
    TeamDay,
    TeamRules,
)

__all__ = [
    "Absence",
    "Account",
    "AuditLog",
    "AuditPermit",
    "Base",
    "CalendarConnection",
    "Call",
    "CallDay",
    "CallHour",
    "Contact",
    "Delivery",
    "FormSource",
    "FormSubmission",
    "Grams",
    "Handoff",
    "HandoffReturn",
    "Installation",
    "JobBeat",
    "JobPlan",
    "JobRun",
    "Json",
    "Key",
    "KpiTarget",
    "Lead",
    "Mail",
    "Meeting",
    "MeetingOffer",
    "MeetingSlot",
    "Member",
    "ModelCall",
    "Moment",
    "OfTeam",
    "Passage",
    "PassageDue",
    "Qualification",
    "SlackPace",
    "SpentState",
    "StageChange",
    "Suppression",
    "Team",
    "TeamDay",
    "TeamRules",
    "VerdictPolicy",
]
