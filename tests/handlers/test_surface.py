"""What anybody can send to the bot's own server, made from its description: it answers as it says it does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import APIOperation

from bot.openapi import document
from bot.run import House, running
from bot.settings import Settings
from bot.workspace.team import EXAMPLE
from domain.leads import Source
from domain.qualification.meetings import spread
from handlers.outreach.inbound_webhook import SIGNATURE, TIMESTAMP
from handlers.qualification import booking_visits
from handlers.qualification.meeting_form import value_of
from handlers.qualification.meeting_words import letter, offer_letter
from services import mail, members
from services.calendars import connecting
from services.calendars.calendar import Kind
from services.outreach import form_sources, forms, leads
from services.outreach.leads import NewLead
from services.qualification import meeting_news, meeting_offers, meetings
from services.qualification.meeting_records import Plan
from storage.tables import Mail
from tests.handlers.conftest import IS, MANAGER

TEAM = EXAMPLE.id
NOBODY = "http://127.0.0.1:9"
EXAMPLES = int(os.environ.get("SURFACE_EXAMPLES") or 8)
"""For each operation, of what its description allows and of what it does not; `make fuzz` takes more."""
CONFORMS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


@dataclass(frozen=True)
class Known:
    """What strangers do not have: links of ours, and the secrets that requests are signed with."""

    house: House
    secret: str
    signing_secret: str
    values: Mapping[str, list[str]]
    """Good ones for parameters and fields: by their path and name, or their name."""

    def better(self, path: str, given: dict[str, Any], draw: Callable[[list[Any]], Any]) -> dict[str, Any]:
        """Most of the values that there are good ones for, made good."""
        return {
            name: draw([*good, *good, value]) if (good := self.values.get(f"{path} {name}", [])) else value
            for name, value in given.items()
        }

    def sign(self, request: requests.PreparedRequest) -> None:
        """Prove a request where its address asks for that."""
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        now = str(int(time.time()))
        path = urlsplit(request.url or "").path
        if str(path).startswith("/webhooks/"):
            request.headers[TIMESTAMP] = now
            request.headers[SIGNATURE] = f"v1={forms.signature(self.secret, now, body)}"
        elif path == "/metrics":
            request.headers["Authorization"] = "Bearer a token"
        elif path == "/slack/events":
            signed = hmac.new(self.signing_secret.encode(), b"v0:" + now.encode() + b":" + body, hashlib.sha256)
            request.headers["X-Slack-Request-Timestamp"] = now
            request.headers["X-Slack-Signature"] = f"v0={signed.hexdigest()}"


@pytest.fixture
async def known(team_at_work: None, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Known]:
    """The bot with everything that it can serve, reached over HTTP; nobody answers at Slack's address."""
    monkeypatch.setattr(booking_visits, "OFTEN", 1_000_000)
    chosen = Settings(
        _env_file=None,
        slack_client_id="1.1",
        slack_client_secret="its secret",
        slack_signing_secret="signs",
        slack_api_url=f"{NOBODY}/api/",
        public_url="http://127.0.0.1:8999/",
        web_host="127.0.0.1",
        web_port=0,
        database_url=database_url,
        metrics_token="a token",
        google_client_id="2.2",
        google_client_secret="its secret",
        google_token_url=f"{NOBODY}/token",
        google_api_url=NOBODY,
    )
    async with running(chosen, http=True) as house:
        deps = house.deps
        sato, kato = [await members.who(deps, TEAM, user) for user in (IS, MANAGER)]
        assert sato is not None
        assert kato is not None
        form = await form_sources.add(deps, kato, "お問い合わせ")
        (first, *_rest) = await leads.mine(deps, sato)
        offers, booked, slots = [], [], []
        for number in range(4):
            new = NewLead(first.account_id, f"予約 {number}", email=f"n{number}@x.example", source=Source.REFERRAL)
            lead_id = await leads.add(deps, sato, new, despite_duplicates=True)
            free = (await meetings.prepare(deps, sato, lead_id)).free
            assert free.suggested is not None
            chosen_slots = spread(free.suggested.slots, 3, ZoneInfo("Asia/Tokyo"))
            plan = Plan("打ち合わせ", "https://meet.example/x", (f"n{number}@x.example",), "Asia/Tokyo", "ja")
            offer = await meeting_offers.send(deps, sato, lead_id, chosen_slots, plan, offer_letter("どうぞ"))
            slots = [value_of(slot) for slot in free.suggested.slots]
            offers.append(deps.keys.sign(meeting_news.OFFER_LINK, [TEAM, offer.offer_id]))
            if number % 2:
                made = await meeting_offers.choose(deps, TEAM, offer.offer_id, chosen_slots[number - 1], letter)
                booked.append(deps.keys.sign(meeting_news.MEETING_LINK, [TEAM, made.meeting_id]))
        async with deps.reading(TEAM) as session:
            keys = list(await session.scalars(sa.select(Mail.key)))
        consent = await connecting.consent_link(deps, sato, Kind.GOOGLE)
        yield Known(
            house,
            form.secret,
            "signs",
            {
                "/book/{token} token": offers,
                "/book/{token} slot": slots,
                **{f"/meeting/{{token}}{part} token": booked for part in ("", "/move", "/cancel", "/meeting.ics")},
                "/meeting/{token}/move slot": slots,
                "/mail/opt-out/{token} token": [deps.keys.sign(mail.OPT_OUT, [TEAM, key]) for key in keys],
                "/calendars/connect/{token} token": [consent.rpartition("/")[2]],
                "/webhooks/forms/{source} source": [form.form.url.rpartition("/")[2]],
                "/booking/{name} name": ["style.css", "zone.js"],
            },
        )


def explore(operation: APIOperation, known: Known, answered: dict[str, set[int]], examples: int) -> None:
    """Send what the operation's description allows, and what it does not, and look at the answers."""
    path, base = operation.path, known.house.address.rstrip("/")
    modes = [schemathesis.GenerationMode.POSITIVE]
    if operation.body or any((operation.path_parameters, operation.query, operation.headers)):
        modes.append(schemathesis.GenerationMode.NEGATIVE)
    checks = [CHECKS.get_one(name) for name in CONFORMS]
    with requests.Session() as session:

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(data=st.data())
        def holds(data: st.DataObject) -> None:
            case = data.draw(st.one_of([operation.as_strategy(mode) for mode in modes]), label="case")

            def draw(choices: list[Any]) -> Any:
                return data.draw(st.sampled_from(choices))

            case.path_parameters = known.better(path, case.path_parameters or {}, draw)
            if isinstance(case.body, dict):
                case.body = known.better(path, case.body, draw)
            request = session.prepare_request(requests.Request(**case.as_transport_kwargs(base_url=base)))
            if draw([True, True, False]):
                known.sign(request)
            answer = session.send(request, allow_redirects=False, timeout=30)
            session.cookies.clear()
            if answer.status_code in (404, 405) and answer.text in ("Not Found", "Method Not Allowed"):
                return  # What was put into the path made another of it.
            assert answer.status_code != 500, answer.text
            case.validate_response(answer, checks=checks)
            answered.setdefault(operation.label, set()).add(answer.status_code)

        holds()


# Of schemathesis' own way to draw.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_whatever_is_sent_is_answered_as_the_description_says(
    known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    load_all_checks()
    schema = schemathesis.openapi.from_dict(document())
    answered: dict[str, set[int]] = {}
    operations = [found.ok() for found in schema.get_all_operations()]
    # After a meeting is cancelled, its pages only lead to one another.
    for operation in sorted(operations, key=lambda each: "cancel" in each.path):
        await asyncio.to_thread(explore, operation, known, answered, EXAMPLES)
    # Bolt calls it an error that a workspace is not there, in words of its own.
    assert not [
        r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR and not r.name.startswith("slack_bolt.")
    ]
    assert not [r.getMessage() for r in caplog.records if r.exc_info]
    assert set(answered) == {operation.label for operation in operations}
