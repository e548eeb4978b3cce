"""The pages that customers see: choose a time, move it, cancel it (work item 3-5).

Whoever has the signed link may do what stands on its page, so the link is what protects the forms: it is never sent on
in a referrer, nothing is kept or indexed, and no other site can make a form that leads here. Everything works without
scripts; the one script only finds out the reader's time zone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from domain.errors import Code, Refused
from domain.qualification.meetings import MeetingStatus, OfferStatus, Slot, is_link
from handlers import pages
from handlers.i18n import LANGUAGES, Translator, translator
from handlers.qualification import booking_described
from handlers.qualification import meeting_words as words
from handlers.qualification.booking_visits import HEADERS, Show, Turnstile, Visit, answered
from handlers.qualification.meeting_form import COMMON_ZONES, slot_of, value_of, zone_choice
from handlers.qualification.meeting_words import letter
from handlers.routes import Routes
from services.deps import Deps
from services.qualification import meeting_changes as changes
from services.qualification import meeting_news, meeting_offers
from services.qualification import meetings as service
from services.qualification.meeting_records import Free, MeetingView, OfferClosed, SlotTaken

ASSETS: Final = {"style.css": "text/css", "zone.js": "text/javascript"}


def register(routes: Routes) -> None:
    """The customer's pages."""
    turnstile = Turnstile()

    def page(purpose: str, show: Show) -> Callable[[Deps, Request], Awaitable[Response]]:
        async def answer(deps: Deps, request: Request) -> Response:
            return await answered(deps, request, purpose, show, turnstile)

        return answer

    shows: Sequence[tuple[str, str, Show]] = (
        ("/book/{token}", meeting_news.OFFER_LINK, offer),
        ("/meeting/{token}", meeting_news.MEETING_LINK, meeting),
        ("/meeting/{token}/move", meeting_news.MEETING_LINK, move),
        ("/meeting/{token}/cancel", meeting_news.MEETING_LINK, cancel),
        ("/meeting/{token}/meeting.ics", meeting_news.MEETING_LINK, invitation),
    )
    for path, purpose, show in shows:
        said = booking_described.PAGES[path]
        routes.web(path, page(purpose, show), methods=[*said], described=said)
    routes.web("/booking/{name}", asset, methods=["GET"], described=booking_described.ASSETS)


async def asset(_deps: Deps, request: Request) -> Response:
    """The style and the script."""
    name = str(request.path_params["name"])
    if name not in ASSETS:
        return PlainTextResponse("", 404, HEADERS)
    content, kind = _asset(name), ASSETS[name]
    return Response(
        content, media_type=kind, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300"}
    )


@cache
def _asset(name: str) -> bytes:
    return (pages.TEMPLATES / "booking" / name).read_bytes()


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(pages.TEMPLATES / "booking"), autoescape=True)


# Choose


async def offer(visit: Visit) -> Response:
    """The candidates, and the choice."""
    deps = visit.deps
    try:
        shown = await meeting_offers.view(deps, visit.team_id, visit.record_id)
        t, zone = translator(visit.language(shown.language)), visit.zone(shown.zone)

        async def choose(slot: Slot) -> MeetingView:
            return await meeting_offers.choose(deps, visit.team_id, visit.record_id, slot, letter, zone=zone)

        gone = t("This time can no longer be chosen. Please choose another.")
        answer = await _time_chosen(visit, t, choose, done="booked", refused=gone)
        if isinstance(answer, Response):
            return answer
        notice = answer.notice
        shown, left, free = await meeting_offers.choices(deps, visit.team_id, visit.record_id, zone)
    except OfferClosed as closed:
        return _closed(visit, closed)
    rep = free.suggested
    others = [slot for slot in rep.slots if slot not in left] if rep else []
    more = bool(visit.asked("more")) or not left
    if not left and not notice:
        notice = t("All proposed times have been taken meanwhile. These are free now:") if others else ""
    return _page(
        visit,
        t,
        "choose.html",
        zone,
        answer.status,
        title=t("Please choose a time"),
        notice=notice,
        subject=shown.subject,
        facts=_facts(t, place=shown.place, minutes=shown.minutes, team=shown.team),
        days=_days(t, left if left and not more else sorted({*left, *others}), zone),
        more_link="" if more or not others else _query(t, zone, more="1"),
        fewer_link=_query(t, zone) if more and left else "",
        more=more,
        chosen=visit.form.get("slot", ""),
        contact=shown.booker_email or "",
        words={
            "submit": t("Book this time"),
            "more": t("Show more times"),
            "fewer": t("Show the proposed times only"),
            "nothing": t("There is no free time in the days ahead. Please answer our mail, and we will find one."),
            "until": t("You can choose until {until}.", until=t.moment(shown.expires_at, zone, now=deps.now())),
        },
    )


def _closed(visit: Visit, closed: OfferClosed) -> Response:
    """An offer that was answered leads to its meeting; any other says what to do."""
    known = closed.offer
    t = translator(visit.language(known.language))
    if closed.meeting is not None:
        return _to_meeting(visit, closed.meeting, t)
    title = t(words.OFFER_ENDS.get(closed.status, words.OFFER_ENDS[OfferStatus.WITHDRAWN]))
    lines = [known.subject, t("Please answer our mail or call us, and we will find a time together.")]
    if known.booker:
        lines.append(f"{known.booker} ({known.team})")
    link = f"mailto:{known.booker_email}" if known.booker_email else ""
    return pages.page(t, title, lines, pages.Button(t("Write to us"), link) if link else None, 410)


def _to_meeting(visit: Visit, made: MeetingView, t: Translator, done: str = "") -> Response:
    token = visit.deps.keys.sign(meeting_news.MEETING_LINK, [visit.team_id, made.meeting_id])
    query = {"lang": t.language, "tz": visit.zone(made.customer_zone)} | ({"done": done} if done else {})
    # 303: whatever is reloaded then is the meeting, not the form.
    return RedirectResponse(f"{visit.path('meeting', token)}?{urlencode(query)}", 303, HEADERS)


@dataclass(frozen=True, slots=True)
class _StillToChoose:
    """Why the times are shown, perhaps once more. `free`: what is free now, where it was found out on the way."""

    notice: str = ""
    status: int = 200
    free: Free | None = None


async def _time_chosen(
    visit: Visit, t: Translator, take: Callable[[Slot], Awaitable[MeetingView]], *, done: str, refused: str
) -> Response | _StillToChoose:
    """What comes of the choice on a form of times: the way to the meeting that `take` made of it, or the times again.
    `refused` says why a time cannot be taken that nobody else has."""
    if not visit.submitted:
        return _StillToChoose()
    slot = _slot(visit.form.get("slot", ""))
    if slot is None:
        return _StillToChoose(t("Please choose a time."), 422)
    try:
        return _to_meeting(visit, await take(slot), t, done=done)
    except SlotTaken as taken:
        return _StillToChoose(t("Somebody else has just taken this time. Please choose another."), 409, taken.fresh)
    except OfferClosed:
        raise
    except Refused as no:
        if no.code is Code.NOT_FOUND:
            raise
        return _StillToChoose(refused, 409)


# The meeting


async def meeting(visit: Visit) -> Response:
    """The meeting as it stands, and what can be done with it."""
    view = await service.view(visit.deps, visit.team_id, visit.record_id)
    t, zone = translator(visit.language(view.language)), visit.zone(view.customer_zone)
    open_ = view.status is MeetingStatus.BOOKED and view.starts_at > visit.deps.now()
    titles = {
        "booked": t("Your meeting is booked"),
        "moved": t("Your meeting has been moved"),
        "cancelled": t("Your meeting is cancelled"),
    }
    done = visit.asked("done")
    if view.status is MeetingStatus.CANCELLED:
        title, done = titles["cancelled"], "cancelled"
    elif not open_:
        title, done = t("This meeting is over"), ""
    else:
        done = done if done in ("booked", "moved") else ""
        title = titles.get(done, t("Your meeting"))
    notes = []
    if done in ("booked", "moved") and view.guests:
        notes.append(t("We have sent an invitation to {address}.", address=t.listed(view.guests)))
    if view.status is MeetingStatus.CANCELLED:
        notes.append(t("If you would like to meet at another time, please answer our mail."))
    return _page(
        visit,
        t,
        "meeting.html",
        zone,
        200,
        title=title,
        done=done,
        notice="",
        subject=view.subject,
        time=words.span(t, view.starts_at, view.ends_at, zone),
        facts=_facts(t, place=view.place, team=view.team, rep=view.rep),
        notes=notes,
        open=open_,
        contact=view.rep_email or view.booker_email or "",
        calendar_link=visit.path("meeting", visit.token, "meeting.ics"),
        move_link=f"{visit.path('meeting', visit.token, 'move')}{_query(t, zone)}",
        cancel_link=f"{visit.path('meeting', visit.token, 'cancel')}{_query(t, zone)}",
        words={
            "calendar": t("Add to my calendar (.ics)"),
            "move": t("Choose another time"),
            "cancel": t("Cancel the meeting…"),
        },
    )


async def move(visit: Visit) -> Response:
    """Another time with the same person."""
    deps = visit.deps
    view = await service.view(deps, visit.team_id, visit.record_id)
    t, zone = translator(visit.language(view.language)), visit.zone(view.customer_zone)
    if view.status is not MeetingStatus.BOOKED or view.starts_at <= deps.now():
        return _to_meeting(visit, view, t)

    async def move_to(slot: Slot) -> MeetingView:
        return await changes.move(
            deps, None, visit.team_id, visit.record_id, slot.start, letter, version=_version(visit), zone=zone
        )

    changed = t("The meeting was changed meanwhile. Please look at it once more.")
    answer = await _time_chosen(visit, t, move_to, done="moved", refused=changed)
    if isinstance(answer, Response):
        return answer
    free = answer.free
    if free is None:
        view, free = await changes.slots_to_move(deps, visit.team_id, visit.record_id, zone=zone)
    rep = free.of(view.rep_id)
    slots = [slot for slot in (rep.slots if rep else ()) if slot.start != view.starts_at]
    return _page(
        visit,
        t,
        "choose.html",
        zone,
        answer.status,
        title=t("Choose another time"),
        notice=answer.notice,
        subject=view.subject,
        facts=[
            (t("Until now"), words.span(t, view.starts_at, view.ends_at, zone)),
            *_facts(t, place=view.place, team=view.team, rep=view.rep),
        ],
        days=_days(t, slots, zone),
        version=view.version,
        more=True,
        chosen=visit.form.get("slot", ""),
        contact=view.rep_email or view.booker_email or "",
        back_link=f"{visit.path('meeting', visit.token)}{_query(t, zone)}",
        words={
            "submit": t("Move the meeting here"),
            "back": t("Back, change nothing"),
            "nothing": t("There is no free time in the days ahead. Please answer our mail, and we will find one."),
        },
    )


async def cancel(visit: Visit) -> Response:
    """Cancel, with a reason if one likes."""
    deps = visit.deps
    view = await service.view(deps, visit.team_id, visit.record_id)
    t, zone = translator(visit.language(view.language)), visit.zone(view.customer_zone)
    if view.status is not MeetingStatus.BOOKED or view.starts_at <= deps.now():
        return _to_meeting(visit, view, t)
    notice, status = "", 200
    if visit.submitted:
        try:
            gone = await changes.cancel(
                deps,
                None,
                visit.team_id,
                visit.record_id,
                visit.form.get("reason", ""),
                letter,
                version=_version(visit),
            )
            return _to_meeting(visit, gone, t, done="cancelled")
        except Refused as refused:
            if refused.code is Code.NOT_FOUND:
                raise
            status = 409
            notice = t("The meeting was changed meanwhile. Please look at it once more.")
            if refused.code is Code.TOO_LONG:
                notice, status = t("At most {most} characters, please.", most=refused.detail["most"]), 422
            view = await service.view(deps, visit.team_id, visit.record_id)
    return _page(
        visit,
        t,
        "cancel.html",
        zone,
        status,
        title=t("Cancel the meeting?"),
        notice=notice,
        subject=view.subject,
        time=words.span(t, view.starts_at, view.ends_at, zone),
        facts=_facts(t, place=view.place, team=view.team, rep=view.rep),
        reason=visit.form.get("reason", ""),
        version=view.version,
        contact=view.rep_email or view.booker_email or "",
        back_link=f"{visit.path('meeting', visit.token)}{_query(t, zone)}",
        move_link=f"{visit.path('meeting', visit.token, 'move')}{_query(t, zone)}",
        words={
            "reason": t("Reason (you need not give one)"),
            "submit": t("Cancel this meeting"),
            "move": t("Choose another time instead"),
            "back": t("Back, change nothing"),
        },
    )


async def invitation(visit: Visit) -> Response:
    """The meeting as a file for calendars."""
    view = await service.view(visit.deps, visit.team_id, visit.record_id)
    content = meeting_news.published(visit.deps, visit.team_id, view, letter)
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="meeting.ics"'}
    return Response(content, media_type="text/calendar", headers=headers)


# Pieces


def _slot(value: str) -> Slot | None:
    try:
        return slot_of(value)
    except ValueError:
        return None


def _version(visit: Visit) -> int | None:
    value = visit.form.get("version", "")
    return int(value) if value.isdecimal() and len(value) < 10 else None


def _facts(t: Translator, *, place: str, team: str, rep: str = "", minutes: int | None = None) -> list[tuple[str, str]]:
    facts = [(t("Length"), t.plural("{n} minute", "{n} minutes", minutes))] if minutes else []
    facts.append((t("Place"), words.where(t, place)))
    facts.append((t("With"), f"{rep} ({team})" if rep else team))
    return facts


def _days(t: Translator, slots: Iterable[Slot], zone: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The slots by their day in the reader's zone: (day, [(value, time)])."""
    return [
        (date, [(value_of(slot), f"{words.clock(slot.start, zone)}–{words.clock(slot.end, zone)}") for slot in members])
        for date, members in groupby(sorted(slots), key=lambda slot: words.day(t, slot.start, zone))
    ]


def _query(t: Translator, zone: str, **more: str) -> str:
    return "?" + urlencode({"lang": t.language, "tz": zone, **more})


def _page(visit: Visit, t: Translator, template: str, zone: str, status: int, **shown: Any) -> Response:
    now = visit.deps.now()
    other = next(code for code in LANGUAGES if code != t.language)
    more = {"more": "1"} if shown.get("more") and visit.asked("more") else {}
    zones: Sequence[str] = COMMON_ZONES if zone in COMMON_ZONES else (zone, *COMMON_ZONES)
    content = (
        _environment()
        .get_template(template)
        .render(
            **{"back_link": "", "more_link": "", "fewer_link": "", "version": None, "more": False, **shown},
            lang=t.language,
            zone=zone,
            zone_text=words.zone_name(t, zone, now),
            zones=[
                (choice.value, f"{choice.label} – {choice.description}")
                for choice in (zone_choice(t, z, now) for z in zones)
            ],
            # Only where nobody chose one yet; a page that tells of something is not left for it either.
            detect=not visit.request.query_params.get("tz") and not visit.submitted,
            links={"style": visit.path("booking", "style.css"), "script": visit.path("booking", "zone.js")},
            other_language=(
                "日本語" if other == "ja" else "English",
                other,
                _query(translator(other), zone, **more),
            ),
            is_link=is_link,
            common={
                "zone": t("Times in"),
                "change_zone": t("Change the time zone"),
                "show": t("Show"),
                "contact": t("Questions?"),
            },
        )
    )
    return HTMLResponse(content, status, dict(HEADERS))
