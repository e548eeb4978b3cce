"""Leads and people as frozen values: what leaves the services of this wing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.leads import BuyingRole, DisqualifyReason, NextStep, Source, Stage
from storage.leads import ContactRow, LeadRow


@dataclass(frozen=True, slots=True)
class LeadLine:
    """A lead in one line. `version` goes back with a form, so that an old form is noticed; moments are in UTC."""

    lead_id: int
    version: int
    stage: Stage
    source: Source
    next_step: NextStep | None
    next_step_at: datetime | None
    disqualify_reason: DisqualifyReason | None
    last_called_at: datetime | None
    created_at: datetime
    account_id: int
    account: str
    contact_id: int
    contact: str
    title: str
    owner_id: int
    owner: str
    owner_slack_user: str


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known about a person. `phone` is E.164, or as typed where no such number exists."""

    contact_id: int
    name: str
    reading: str
    department: str
    title: str
    phone: str
    email: str
    buying_role: BuyingRole


def lead_line(row: LeadRow) -> LeadLine:
    """A lead from its row."""
    return LeadLine(
        lead_id=row.id,
        version=row.version,
        stage=Stage(row.stage),
        source=Source(row.source),
        next_step=NextStep(row.next_step) if row.next_step else None,
        next_step_at=row.next_step_at,
        disqualify_reason=DisqualifyReason(row.disqualify_reason) if row.disqualify_reason else None,
        last_called_at=row.last_called_at,
        created_at=row.created_at,
        account_id=row.account_id,
        account=row.account,
        contact_id=row.contact_id,
        contact=row.contact,
        title=row.title,
        owner_id=row.owner_id,
        owner=row.owner,
        owner_slack_user=row.owner_slack_user,
    )


def contact_facts(row: ContactRow) -> ContactFacts:
    """A person from its row."""
    return ContactFacts(*row[:7], buying_role=BuyingRole(row.buying_role))
