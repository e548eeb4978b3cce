"""A form on a website, and what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from services.outreach import form_sources, forms, inbound
from services.outreach.form_sources import NewSecret
from services.outreach.forms import Received, Stand
from storage.tables import FormSubmission
from tests.services.office import NOW, Office

STAND = Stand("お名前なし", "会社名なし")
YAMADA = {
    "会社名": "㈱あおば精機",
    "お名前": "山田　太郎",
    "メールアドレス": "yamada@aoba.example",
    "お電話番号": "０３-１０００-５０００",
    "お問い合わせ内容": "資料を見ました。見積をお願いします",
}


@pytest.fixture
async def form(office: Office) -> NewSecret:
    """A form of the team."""
    return await form_sources.add(office.deps, office.mori, "お問い合わせ")


def request(body: bytes, form: NewSecret, at: datetime = NOW) -> tuple[str, str]:
    """The time and the signature of a request."""
    timestamp = str(int(at.timestamp()))
    return timestamp, forms.signature(form.secret, timestamp, body)


async def send(
    office: Office, form: NewSecret, raw: Mapping[str, str], submission_id: str | None = None, body: bytes = b""
) -> Received:
    """A signed submission; `body` only tells requests apart."""
    sent = body or f"{submission_id}{raw}".encode()
    timestamp, signed = request(sent, form, office.clock.now)
    proven = await forms.prove(office.deps, form.form.name, timestamp, signed, sent)
    return await forms.receive(office.deps, proven, raw, STAND, submission_id)


async def rows(office: Office, *columns: Any) -> list[Any]:
    async with office.deps.reading(office.team_id) as session:
        return list(await session.execute(sa.select(*columns).order_by(columns[0])))


async def submission(office: Office, submission_id: int) -> FormSubmission:
    async with office.deps.reading(office.team_id) as session:
        found = await session.scalar(sa.select(FormSubmission).where(FormSubmission.id == submission_id))
        assert found is not None
        return found


async def told(office: Office) -> set[str]:
    """Which news has been enqueued, without the cards."""
    return {d[0] for d in (await office.deliveries()).values()} - {inbound.CARD, inbound.UPDATE}
