"""Plain pages for people outside Slack: a title, a few sentences, perhaps one button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from handlers.i18n import LANGUAGES, Translator, translator

TEMPLATES: Final = Path(__file__).parent / "templates"
# A page may show nothing but itself, and nobody may show it in a frame of theirs.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing to do on a page: a form sent to the page itself, or a link to somewhere else."""

    label: str
    link: str = ""


def page(
    t: Translator, title: str, lines: Sequence[str], button: Button | None = None, status: int = 200
) -> HTMLResponse:
    """A page in the translator's language."""
    shown = _environment().get_template("notice.html").render(lang=t.language, title=title, lines=lines, button=button)
    return HTMLResponse(shown, status, HEADERS)


def language_of(request: Request, default: str) -> str:
    """The language the browser asks for first, of those we have; else the default."""
    for part in request.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return default


def invalid_link(request: Request) -> HTMLResponse:
    """The answer to a link that we did not make, or that leads nowhere any more."""
    t = translator(language_of(request, "ja"))
    return page(
        t, t("This link is not valid"), [t("Please open it again from the mail or message it came in.")], None, 404
    )


def fault(request: Request, reference: str) -> Response:
    """The answer where a fault of ours was logged under this reference: a page for people, JSON for programs."""
    t = translator(language_of(request, "ja" if _for_people(request) else "en"))
    if _for_people(request):
        again = t("Nothing was saved. Please go back and try again in a minute.")
        return page(t, t("This did not work"), [again, t("Reference: {reference}", reference=reference)], status=500)
    said = t("A fault on our side. Please send this again, unchanged, in a few seconds.")
    answer = {"ok": False, "error": "fault", "message": said, "reference": reference}
    return JSONResponse(answer, 500, {"Retry-After": "5"})


def _for_people(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
