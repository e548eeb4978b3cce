"""What reached a lead's person, or came from them, besides calls and meetings: letters and forms. The session goes
first and sees one team only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail import Audience
from storage.outbox import DeliveryState
from storage.tables import FormSource, FormSubmission, Mail

LETTER, FORM = "letter", "form"


class TouchRow(NamedTuple):
    """A letter: who wrote (`by`) and its `subject`. A form: its title (`by`) and what was asked (`subject`)."""

    kind: str
    at: datetime
    by: str
    subject: str


def _letters_and_forms() -> sa.Select[Any]:
    letters = (
        sa.select(
            sa.literal(LETTER).label("kind"),
            Mail.sent_at.label("at"),
            Mail.from_name.label("by"),
            Mail.subject.label("subject"),
        )
        .where(
            Mail.contact_id == sa.bindparam("contact"),
            Mail.audience != Audience.MEMBER.value,
            Mail.state == DeliveryState.SENT.value,
            Mail.sent_at.is_not(None),
        )
        .order_by(Mail.sent_at.desc())
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    forms = (
        sa.select(
            sa.literal(FORM).label("kind"),
            FormSubmission.received_at.label("at"),
            FormSource.title.label("by"),
            sa.func.coalesce(FormSubmission.fields["message"].as_string(), "").label("subject"),
        )
        .join(FormSource, FormSource.id == FormSubmission.source_id)
        .where(FormSubmission.lead_id == sa.bindparam("lead"))
        .order_by(FormSubmission.received_at.desc())
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    # SQLite wants a limited selection wrapped before it is put together with another.
    both = sa.union_all(sa.select(letters.subquery()), sa.select(forms.subquery())).subquery()
    return sa.select(both.c.kind, both.c.at, both.c.by, both.c.subject)


# Built once: every card of the queue asks it.
_LETTERS_AND_FORMS = _letters_and_forms()


async def letters_and_forms(session: AsyncSession, lead_id: int, contact_id: int, limit: int) -> list[TouchRow]:
    """The newest letters that went out to a person and forms that a lead sent, in one question."""
    given = {"lead": lead_id, "contact": contact_id, "most": limit}
    return [TouchRow._make(row) for row in await session.execute(_LETTERS_AND_FORMS, given)]
