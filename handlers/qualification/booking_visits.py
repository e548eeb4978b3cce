"""The way in to the customers' pages: whose link it is, how often it is used, and what was submitted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from domain.errors import Code, Refused
from handlers import pages
from handlers.i18n import LANGUAGES, translator
from services.deps import Deps
from services.qualification.meeting_slots import is_zone

BODY_LIMIT: Final = 16_000
FIELDS_LIMIT: Final = 20
A_MINUTE: Final = timedelta(minutes=1)
OFTEN: Final = 60
"""How many requests a link is good for in a minute: more than any person's, and few enough for any calendar."""
LINKS_REMEMBERED: Final = 10_000

# Only what comes from here: our style, our script, forms that lead back to us.
HEADERS: Final[Mapping[str, str]] = {
    **pages.HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(slots=True)
class Turnstile:
    """Counts the requests of each link, by the minute."""

    seen: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def lets_in(self, link: str, now: datetime) -> bool:
        """Whether this request is not one too many."""
        since, count = self.seen.get(link, (now, 0))
        if now - since >= A_MINUTE:
            since, count = now, 0
        if len(self.seen) >= LINKS_REMEMBERED and link not in self.seen:
            self.seen.clear()
        self.seen[link] = (since, count + 1)
        return count < OFTEN


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has a link."""

    deps: Deps
    request: Request
    team_id: str
    record_id: int
    token: str = field(repr=False)
    form: Mapping[str, str]
    """What was submitted; empty for a GET."""

    @property
    def submitted(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    def asked(self, name: str) -> str:
        """A value of the form, or of the address."""
        return self.form.get(name) or self.request.query_params.get(name, "")

    def language(self, default: str) -> str:
        """What the reader chose, else what the customer is written to in."""
        asked = self.asked("lang")
        return asked if asked in LANGUAGES else default

    def zone(self, default: str) -> str:
        """What the reader chose or the browser said, else what we know of the customer."""
        asked = self.asked("tz")
        return asked if len(asked) <= 64 and is_zone(asked) else default

    def path(self, *parts: str) -> str:
        """An address of ours, under whatever path the pages are reached."""
        base = urlsplit(self.deps.public_url).path.rstrip("/")
        return "/".join([base, *parts])


Show = Callable[[Visit], Awaitable[Response]]


async def answered(deps: Deps, request: Request, purpose: str, show: Show, turnstile: Turnstile) -> Response:
    """The page for whoever has a link of that purpose; strangers and those who come too often are told so."""
    token = str(request.path_params["token"])
    try:
        team_id, record_id = _content(deps.keys.read(purpose, token))
    except Refused:
        return pages.invalid_link(request)
    if not turnstile.lets_in(token, deps.now()):
        t = translator(pages.language_of(request, "ja"))
        response = pages.page(t, t("Too many requests"), [t("Please try again in a minute.")], None, 429)
        response.headers["Retry-After"] = "60"
        return response
    form: Mapping[str, str] = {}
    if request.method == "POST":
        sent = await _form(request)
        if sent is None:
            return PlainTextResponse("The request is too large.", 413, HEADERS)
        form = sent
    try:
        return await show(Visit(deps, request, team_id, record_id, token, form))
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        return pages.invalid_link(request)


def _content(signed: Any) -> tuple[str, int]:
    match signed:
        case [str(team_id), int(record_id)]:
            return team_id, record_id
    raise Refused(Code.INVALID, "token")


async def _form(request: Request) -> dict[str, str] | None:
    """What was submitted; None where it is more than our forms hold."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    try:
        found = parse_qs(content.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
    except ValueError:
        return None
    return {name: values[-1].replace("\0", "") for name, values in found.items()}
