"""Meetings in words: times in both zones, places, and the letters to customers in their language (work item 3-5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_name

from domain.qualification.meetings import OfferStatus, Slot, is_visit
from handlers.i18n import Translator, translator
from handlers.i18n import mark as _
from services.qualification.meeting_records import MeetingView, Occasion, OfferView, Words, WriteOffer

OFFER_ENDS: Final[Mapping[OfferStatus, str]] = {
    OfferStatus.CHOSEN: _("A time has already been chosen"),
    OfferStatus.WITHDRAWN: _("These times are no longer offered"),
    OfferStatus.EXPIRED: _("The time to choose has run out"),
}


def clock(moment: datetime, zone: str) -> str:
    """10:00 in a zone."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def day(t: Translator, moment: datetime, zone: str, *, now: datetime | None = None) -> str:
    """4月2日(木); with the year unless it is that of `now`."""
    local = moment.astimezone(ZoneInfo(zone))
    if now is not None and now.astimezone(ZoneInfo(zone)).year == local.year:
        return format_date(local, "M月d日(E)" if t.language == "ja" else "EEE, d MMM", locale=t.locale)
    return t.day(local.date())


def span(t: Translator, start: datetime, end: datetime, zone: str, *, now: datetime | None = None) -> str:
    """4月2日(木) 10:00–11:00."""
    return f"{day(t, start, zone, now=now)} {clock(start, zone)}–{clock(end, zone)}"


def zone_name(t: Translator, zone: str, at: datetime) -> str:
    """日本標準時; Central European Summer Time."""
    return get_timezone_name(at.astimezone(ZoneInfo(zone)), width="long", locale=t.locale)


def same_clock(one: str, other: str, at: datetime) -> bool:
    """Whether clocks show the same in both zones at this moment."""
    return at.astimezone(ZoneInfo(one)).utcoffset() == at.astimezone(ZoneInfo(other)).utcoffset()


def both(t: Translator, start: datetime, end: datetime, ours: str, theirs: str, *, now: datetime | None = None) -> str:
    """The time in the reader's zone, and in the customer's where clocks there show another time."""
    mine = span(t, start, end, ours, now=now)
    if same_clock(ours, theirs, start):
        return mine
    return t("{time} (customer: {customers})", time=mine, customers=their_time(t, start, ours, theirs))


def their_time(t: Translator, start: datetime, ours: str, theirs: str) -> str:
    """The customer's time; with its date where that is another one."""
    if start.astimezone(ZoneInfo(ours)).date() == start.astimezone(ZoneInfo(theirs)).date():
        return clock(start, theirs)
    return f"{day(t, start, theirs, now=start)} {clock(start, theirs)}"


def slot_label(t: Translator, slot: Slot, ours: str, theirs: str) -> str:
    """10:00–11:00 in the reader's zone, and the customer's time where it is another; its day stands above."""
    label = f"{clock(slot.start, ours)}–{clock(slot.end, ours)}"
    if same_clock(ours, theirs, slot.start):
        return label
    return t("{time} (customer: {customers})", time=label, customers=their_time(t, slot.start, ours, theirs))


def place_text(t: Translator, place: str) -> str:
    """Where it is."""
    return place or t("By telephone")


def customers_time(t: Translator, start: datetime, end: datetime, zone: str) -> str:
    """The time as the customer reads it: with the year and the name of the zone."""
    return t("{time} ({zone})", time=span(t, start, end, zone), zone=zone_name(t, zone, start))


def default_subject(t: Translator, account: str, team: str) -> str:
    """What the meeting is called in calendars, in the customer's language."""
    return t("Meeting: {account} and {team}", account=account, team=team)[:200]


def default_greeting(t: Translator, *, contact: str, booker: str, team: str, rep: str) -> str:
    """How the letter with candidates begins, in the customer's language; it is edited before it is sent."""
    return t(
        "Dear {contact},\n\nThank you for talking with us. This is {booker} of {team}. "
        "We would like to invite you to a meeting with {rep}. Please choose the time that suits you best.",
        contact=contact,
        booker=booker,
        team=team,
        rep=rep,
    )


def where(t: Translator, place: str) -> str:
    """Where it is, as the customer reads it."""
    if not place:
        return t("By telephone: we will call you")
    if is_visit(place):
        return t("{place} (we will come to you)", place=place)
    return place


def _facts(t: Translator, view: MeetingView) -> list[str]:
    return [
        f"{t('Date and time')}: {customers_time(t, view.starts_at, view.ends_at, view.customer_zone)}",
        f"{t('Place')}: {where(t, view.place)}",
        f"{t('With')}: {view.rep} ({view.team})",
    ]


def letter(occasion: Occasion, view: MeetingView, link: str) -> Words:
    """What a customer is written about a meeting."""
    t = translator(view.language)
    time = span(t, view.starts_at, view.ends_at, view.customer_zone)
    opening: dict[Occasion, tuple[str, str]] = {
        Occasion.BOOKED: (t("Your meeting on {time}", time=time), t("Your meeting is fixed:")),
        Occasion.MOVED: (t("New time of your meeting: {time}", time=time), t("Your meeting has a new time:")),
        Occasion.REASSIGNED: (
            t("Your meeting on {time}: {rep} will be there", time=time, rep=view.rep),
            t("Somebody else of our team will meet you. The time stays as it is:"),
        ),
        Occasion.CANCELLED: (t("Cancelled: your meeting on {time}", time=time), t("This meeting is cancelled:")),
        Occasion.DAY_BEFORE: (
            t("Tomorrow: your meeting on {time}", time=time),
            t("We are looking forward to our meeting:"),
        ),
        Occasion.SOON: (t("In 15 minutes: your meeting"), t("Our meeting begins in a few minutes:")),
    }
    subject, first = opening[occasion]
    lines = [t("Dear {name},", name=view.contact), "", first, "", *_facts(t, view)]
    manage = ""
    if occasion is Occasion.CANCELLED:
        lines += ["", t("If you would like to meet at another time, simply answer this mail.")]
    elif link:
        manage = f"{t('To move or cancel it, open this page:')}\n{link}"
        lines += ["", manage]
    if occasion in (Occasion.BOOKED, Occasion.MOVED, Occasion.REASSIGNED):
        lines += ["", t("An invitation for your calendar is attached.")]
    return Words(subject, "\n".join(lines), manage)


def offer_letter(greeting: str) -> WriteOffer:
    """The letter with candidates, beginning with what the sender wrote."""

    def write(view: OfferView, link: str) -> Words:
        t = translator(view.language)
        return Words(t("Please choose a time for our meeting"), offer_text(t, greeting, view.candidates, view, link))

    return write


def offer_text(
    t: Translator, greeting: str, candidates: Iterable[Slot], plan: OfferView | tuple[str, str], link: str
) -> str:
    """The letter's text. `plan`: the offer, or (zone, place) while it is only previewed."""
    zone, place = (plan.zone, plan.place) if isinstance(plan, OfferView) else plan
    lines = [greeting.strip(), ""]
    lines += [f"・ {customers_time(t, slot.start, slot.end, zone)}" for slot in sorted(candidates)]
    lines += ["", f"{t('Place')}: {where(t, place)}"]
    lines += ["", t("Choose a time here, also from a phone:"), link]
    lines += ["", t("If none of them suits you, you find more times on that page.")]
    return "\n".join(lines)
