"""Whatever stands in a form, a button or a search, whoever sent it gets an answer: never a fault."""

from __future__ import annotations

import os
import sys
import traceback
from functools import partial
from random import Random
from typing import Any, NoReturn

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.app import Listeners, all_routes
from bot.metrics import Metrics
from bot.run import storage
from bot.settings import Settings
from domain.errors import Code, Refused
from domain.members import may
from handlers import boundary
from handlers.forms import Form, record
from handlers.interaction import Interaction
from tests.handlers import payloads
from tests.handlers.conftest import FS, HANDOFFS, IS, MANAGER
from tests.handlers.test_permissions import USERS, Way, ways

ROUNDS = int(os.environ.get("FORM_ROUNDS") or 3)
"""How often every form, button and search is tried; `make fuzz` does so more often."""
TEXTS = (
    "", " ", "\0", "x", "０", "-1", "1", "12", "１２３", "1e9", "9" * 40, "NaN", "²", "1,000", "3.5", "a" * 3001, "㍿",
    "<!channel>", "\ud800", "x\udfff", "\u202e逆", "👩‍💻" * 300, "株式会社" * 200, "09:00-18:00", "25:00", "9:00",
    "来週", "2026-02-30", "2026-04-03", "0001-01-01", "9999-12-31", "name@example.co.jp", "@", "03-1234-5678",
    "+81" + "9" * 30, "https://127.0.0.1:9/", "https://[", "{}", "[", "null", "%s", "'; --",
    "\n" * 50, "2026-12-29〜2027-01-03 休み",
)  # fmt: skip
NUMBERS = ("0", "1", "2", "3", "7", "20", "-1", "99999999999999999999", "1.5", "")
WORDS = (
    "new", "working", "call", "nurture", "disqualify", "hand_off", "no_budget", "timing", "other", "answered",
    "no_answer", "contact", "gatekeeper", "decision_maker", "none", "interested", "callback", "meeting_set",
    "refused", "do_not_call", "referred", "absent", "disqualified", "confirmed", "not_confirmed", "yes", "no",
    "unknown", "trade_show", "referral", "budget", "need", "authority", "timeline", "fix", "offer", "admin",
    "manager", "inside_sales", "field_sales", "ja", "en", "Asia/Tokyo", "Mars/Olympus", "high", "daily",
    "weekly", "monthly", "1@29600000+60", "x@y+z", "1@1+60", "-1@999999999999+1", "company", "email", "phone",
    "mail", "on", "dials", "customer",
)  # fmt: skip
IDS = (IS, FS, MANAGER, "U0NOBODY00", HANDOFFS, "C0NOWHERE0", "D01")


class Strange:
    """What somebody may have put in: drawn by the name of the input, so the same seed brings the same again."""

    def __init__(self, seed: int, view: str) -> None:
        self._seed = f"{seed}:{view}"

    def _random(self, name: str) -> Random:
        return Random(f"{self._seed}:{name}")

    def value(self, name: str) -> str:
        random = self._random(name)
        return random.choice(random.choice((TEXTS, NUMBERS, WORDS, IDS)))

    def element(self, name: str) -> dict[str, Any]:
        """The state of an input, of whatever kind it is."""
        random = self._random(f"{name}:element")

        def option() -> dict[str, Any]:
            said = random.choice(random.choice((TEXTS, NUMBERS, WORDS, IDS)))
            return {"value": said, "text": {"type": "plain_text", "text": said}}

        found: dict[str, Any] = {
            "value": self.value(name),
            "selected_option": option(),
            "selected_options": [option() for _ in range(random.randrange(4))],
            "selected_users": random.choices(IDS, k=random.randrange(3)),
            "selected_date": random.choice((*TEXTS[-10:], "2026-04-03", "2030-01-01", "9999-12-31")),
            "selected_time": random.choice(("09:00", "18:00", "00:00", "24:00", "9", "x")),
        }
        # Slack leaves out, or sends as null, what nobody filled in.
        return {kind: value for kind, value in found.items() if random.random() < 0.85} if random.random() < 0.9 else {}

    def known(self, name: str) -> Any:
        """What a form was opened with: ours, but perhaps long ago."""
        random = self._random(f"{name}:known")
        match name:
            case "channel":
                return random.choice(("phone", "mail"))
            case "kind":
                return random.choice(("daily", "weekly", "monthly"))
            case "zone":
                return "Asia/Tokyo"
            case "language":
                return random.choice(("ja", "en"))
            case "people":
                return random.choice(("", "1", "1,2,3", "99999"))
            case "list":
                return "V1"
            case "url" | "text" | "origin":
                return random.choice(("", "x"))
            case "kept":
                return {}
            case "home" | "despite" | "from_home":
                return random.choice((0, 1))
        return random.choice((1, 1, 1, 2, 3, 5, 0, 99999))


class State(dict[str, Any]):
    """`view.state.values` in which every input is."""

    def __init__(self, strange: Strange) -> None:
        super().__init__()
        self._strange = strange

    def get(self, field: str, default: Any = None) -> Any:
        return {"x": self._strange.element(field)}

    def __contains__(self, field: object) -> bool:
        return self._strange._random(f"{field}:shown").random() < 0.9


class Opened(dict[str, Any]):
    """Private metadata in which everything is."""

    def __init__(self, strange: Strange) -> None:
        super().__init__()
        self._strange = strange

    def __getitem__(self, name: str) -> Any:
        return self._strange.known(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if self._strange._random(f"{name}:given").random() < 0.8 else default


class Slack(AsyncWebClient):
    """A workspace that agrees to everything."""

    async def api_call(self, api_method: str, **_: Any) -> AsyncSlackResponse:
        said = {
            "ok": True,
            "ts": "1.1",
            "channel": {"id": "D01", "name": "x", "is_member": True},
            "view": {"id": "V2", "hash": "2.2"},
            "user": {"id": IS, "team_id": payloads.TEAM, "name": "x", "profile": {}, "tz": "Asia/Tokyo"},
            "members": [],
            "channels": [],
            "messages": [],
        }
        return AsyncSlackResponse(
            client=self, http_verb="POST", api_url="", req_args={}, data=said, headers={}, status_code=200
        )


class Loud:
    """In place of the log of faults."""

    def exception(self, message: str, *arguments: object) -> NoReturn:
        raise AssertionError(message % arguments) from sys.exception()


ELSEWHERE = "meeting.calendar.submit"
"""Asks the server whose address was typed in."""


def payload(way: Way, user: str, strange: Strange) -> dict[str, Any]:
    """What Slack sends when somebody takes this way with what is strange."""
    body = way.payload(user)
    text = strange.value("text")
    match way.kind:
        case "view":
            blocks = [{"type": "input", "block_id": "x"}] if strange.known("blocks") == 1 else []
            body["view"] |= {"state": {"values": State(strange)}, "blocks": blocks}
        case "action":
            body["actions"][0] |= strange.element("clicked") | {"value": strange.value("clicked")}
            # Handlers of buttons in modals need the modal; those of buttons in messages pass over it.
            words = {"type": "plain_text", "text": "x"}
            view = {"submit": words, "close": words, "state": {"values": State(strange)}}
            body["view"] = payloads.submission(user, "x")["view"] | view
        case "options":
            body["value"] = text
        case "command":
            body["text"] = f"{body['text'].removesuffix('x')}{text}"
    return body


@pytest.mark.parametrize("text", ["", "x", "1.5", "-1", str(2**63), "1" * 5000, "²"])
def test_what_names_no_record_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=Code.NOT_FOUND):
        record(text)


def test_half_a_character_can_be_stored_after_all() -> None:
    form = Form({"state": {"values": {"note": {"x": {"value": " 山\ud800\0田 "}}}}})
    assert form.text("note") == "山?田"
    assert record(str(2**63 - 1)) == 2**63 - 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_strange_that_is_sent_makes_a_fault(
    team_at_work: None, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = all_routes()
    now: list[Strange] = []
    monkeypatch.setattr(boundary, "log", Loud())
    monkeypatch.setattr(Interaction, "metadata", property(lambda _: Opened(now[-1])))
    every = [way for way in ways(routes) if way.kind != "event" and way.name != ELSEWHERE]
    async with storage(Settings(_env_file=None, database_url=database_url)) as deps:
        listeners = Listeners(deps, routes, Metrics(routes))
        client = Slack(token="xoxb-1")

        async def respond(*_: Any, **__: Any) -> None:
            pass

        takes = {
            "view": listeners.view,
            "action": partial(listeners.action, respond=respond),
            "options": listeners.options,
            "command": listeners.command,
            "shortcut": partial(listeners.shortcut, respond=respond),
        }

        faults: dict[str, str] = {}
        for seed in range(ROUNDS):
            for way in every:
                now.append(Strange(seed, str(way)))
                user = next(user for user, role in USERS.items() if may(role, way.permission))
                answers: list[dict[str, Any]] = []

                async def ack(*_: Any, _into: list[dict[str, Any]] = answers, **said: Any) -> None:
                    _into.append(said)

                try:
                    await takes[way.kind](ack=ack, body=payload(way, user, now[-1]), client=client)
                    assert len(answers) == 1
                except Exception:  # noqa: BLE001 - whatever it is, the next way is tried too
                    faults.setdefault(str(way), f"seed {seed}: {traceback.format_exc()[-1500:]}")
        await listeners.finish()
    assert not faults, "\n".join(f"{way}, {said}" for way, said in faults.items())
