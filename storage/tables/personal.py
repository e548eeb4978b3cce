"""Which columns hold what is known of people. A test asks it of every column that can hold text, so a new one decides:
it is marked where it is declared, or stands in NOT_PERSONAL with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Personal(StrEnum):
    """What a column may tell of a person."""

    NAME = "name"
    """A name, its reading, or what it is compared by."""
    ROLE = "role"
    """Department, title, part in the decision."""
    CONTACT = "contact"
    """A telephone number, a mail address."""
    TEXT = "text"
    """What people wrote: it may name anybody."""
    FORM = "form"
    """What was typed into a form on a website."""
    IDENTIFIER = "identifier"
    """A number or name that others gave, which may say whose it is."""
    MEMBER = "member"
    """Of a member of the team, who is no customer: erased with the team, not with a customer."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`keeps`: keys of a document whose values are figures or fixed words, which stay when the rest is erased.
    `blanks`: the document keeps its form, and only its texts become empty."""

    kind: Personal
    keeps: frozenset[str] = frozenset()
    blanks: bool = False


KEY: Final = "personal"
"""Where a column carries its mark."""


def personal(kind: Personal, *, keeps: tuple[str, ...] = (), blanks: bool = False) -> dict[str, Mark]:
    """The `info` of a column."""
    return {KEY: Mark(kind, frozenset(keeps), blanks)}


_WORD = "A word of the product's own, out of a fixed list."
_KEYED = "A key that the product makes out of ids, dates and the ids of Slack."
_SLACK = "An id of Slack's: of a workspace, a channel, a user or a message."
_COMPANY = "About a company, as companies publish it. Of a sole trader the two cannot be told apart (docs/privacy.md)."
_HASH = "Random, or a hash over what is erased together with its salt."
_HASH_OF_OURS = "A hash over a text of the product's own."
_ENCRYPTED = "Encrypted with the installation's key."
_TEAM = "What the team decided for itself."
_CLOCK = "The clock's own record."
_ZONE = "A time zone or a language."

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "absences.team_id": _SLACK,
    **{
        f"accounts.{name}": _COMPANY
        for name in (
            "corporate_number",
            "name",
            "reading",
            "name_en",
            "industry",
            "listed",
            "address",
            "website",
            "business",
            "name_key",
            "search_text",
        )
    },
    "audit_log.action": _WORD,
    "audit_log.subject": "Table and id.",
    "audit_log.salt": _HASH,
    "audit_log.digest": _HASH,
    "audit_log.hash": _HASH,
    "calendar_connections.kind": _WORD,
    "calendar_connections.error": _WORD,
    "call_days.source": _WORD,
    "call_hours.segment": _COMPANY,
    "calls.connection": _WORD,
    "calls.party": _WORD,
    "calls.outcome": _WORD,
    "calls.reason": _WORD,
    "calls.request_key": _KEYED,
    "contacts.buying_role": _WORD,
    "slack_paces.method": _WORD,
    "deliveries.key": _KEYED,
    "deliveries.kind": _WORD,
    "deliveries.channel": _SLACK,
    "deliveries.state": _WORD,
    "deliveries.ts": _SLACK,
    "deliveries.posted_channel": _SLACK,
    "deliveries.error": "A code of Slack's, or the type of a fault of ours.",
    "form_sources.name": "Random, in an address.",
    "form_sources.title": _TEAM,
    "form_sources.secret": _ENCRYPTED,
    "form_sources.mapping": "The names of a form's fields, not what people typed into them.",
    "form_submissions.urgency": _WORD,
    "handoff_returns.reason": _WORD,
    "handoffs.channel": _SLACK,
    "handoffs.status": _WORD,
    "handoffs.request_key": _KEYED,
    "installations.app_id": _SLACK,
    "installations.bot_id": _SLACK,
    "installations.bot_user": _SLACK,
    "installations.installer": _SLACK,
    "installations.scopes": _WORD,
    "installations.bot_token": _ENCRYPTED,
    "installations.refresh_token": _ENCRYPTED,
    "job_beats.name": _CLOCK,
    "job_beats.state": _CLOCK,
    "job_plans.key": _CLOCK,
    "job_plans.name": _CLOCK,
    "job_plans.plan": _CLOCK,
    "job_runs.key": _CLOCK,
    "job_runs.name": _CLOCK,
    "job_runs.zone": _CLOCK,
    "job_runs.state": _CLOCK,
    "job_runs.error": "The type of a fault.",
    "kpi_targets.kpi": _WORD,
    "kpi_targets.window": _WORD,
    "leads.stage": _WORD,
    "leads.source": _WORD,
    "leads.next_step": _WORD,
    "leads.disqualify_reason": _WORD,
    "mails.key": _KEYED,
    "mails.method": _WORD,
    "mails.audience": _WORD,
    "mails.language": _ZONE,
    "mails.report_to": _SLACK,
    "mails.state": _WORD,
    "meeting_offers.candidates": "Members' ids and moments.",
    "meeting_offers.language": _ZONE,
    "meeting_offers.zone": _ZONE,
    "meeting_offers.status": _WORD,
    "meeting_offers.request_key": _KEYED,
    "meetings.status": _WORD,
    "meetings.customer_zone": _ZONE,
    "meetings.language": _ZONE,
    "meetings.uid": _KEYED,
    "meetings.cancelled_by": _WORD,
    "meetings.request_key": _KEYED,
    "members.role": _WORD,
    "members.language": _ZONE,
    "members.zone": _ZONE,
    "members.territories": _TEAM,
    "members.industries": _TEAM,
    "model_calls.prompt_id": _WORD,
    "model_calls.prompt_hash": _HASH_OF_OURS,
    "model_calls.model": "As the installation's settings name it.",
    "model_calls.sharing": _WORD,
    "model_calls.outcome": _WORD,
    "passage_dues.kind": _WORD,
    "passage_signs.model": "As the installation's settings name it.",
    "passages.kind": _WORD,
    "passages.section": _WORD,
    "objection_uses.request_key": _KEYED,
    "qualifications.judged_on": "A date.",
    "qualifications.request_key": _KEYED,
    "script_versions.scene": _WORD,
    "script_versions.language": _ZONE,
    "proposals.state": _WORD,
    "recording_sources.title": _TEAM,
    "recording_sources.token_hash": _HASH,
    "recordings.channel": _SLACK,
    "recordings.digest": _HASH,
    "recordings.error": _WORD,
    "recordings.file_id": _SLACK,
    "recordings.measures": "Figures.",
    "recordings.permalink": _SLACK,
    "recordings.progress": _WORD,
    "recordings.source_key": "An id of Slack's, or of the telephone system's.",
    "recordings.thread_ts": _SLACK,
    "spent_states.digest": _HASH,
    "stage_changes.from_stage": _WORD,
    "stage_changes.to_stage": _WORD,
    "suppressions.channel": _WORD,
    "team_days.name": _TEAM,
    "team_rules.kind": _WORD,
    "team_rules.values": _TEAM,
    "teams.id": _SLACK,
    "teams.name": "Of the workspace.",
    "teams.zone": _ZONE,
    "teams.language": _ZONE,
    "teams.handoff_channel": _SLACK,
    "utterances.side": _WORD,
    "verdict_policies.required": _WORD,
}
"""Columns that can hold text and hold nothing of a person, each with the reason. `team_id` goes without saying."""
