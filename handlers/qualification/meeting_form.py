"""The form in which a meeting is fixed, or candidates are sent (work item 3-5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextObject,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.qualification.handoff import Fit
from domain.qualification.meetings import MAX_CANDIDATES, MIN_CANDIDATES, Slot, spread
from handlers import lead_lines
from handlers.blocks import (
    VALUE,
    Choice,
    button,
    clip,
    context,
    divider,
    external_select,
    modal,
    option,
    quote,
    radio_input,
    section,
    text_input,
)
from handlers.i18n import LANGUAGES, Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Interaction, metadata
from handlers.qualification import meeting_words as words
from handlers.terms import FITS
from services.qualification.meeting_records import MeetingDraft, RepSlots, Seen

SUBMIT = "meeting.book.submit"
REDRAW = "meeting.book.redraw"
"""The action of every input on which others depend."""
ZONES = "meeting.zone"
MOST_SLOTS = 100
"""How many slots a select offers in a group."""
COMMON_ZONES = (
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
)
"""Offered before anything is typed."""


class Mode(StrEnum):
    """What happens at the end of the form."""

    FIX = "fix"
    SEND = "send"


MODES = {Mode.FIX: _("Fix one time now"), Mode.SEND: _("Send times by mail to choose from")}
LANGUAGE_NAMES = {"ja": "日本語", "en": "English"}


@dataclass(frozen=True, slots=True)
class State:
    """What the form shows now: which rep, zone, language and mode, and what was chosen and typed in it so far.

    None: nothing yet, so the form proposes something. `warning` stands above everything else. `seen`: what of the lead
    was shown; None in a form from before there was such a thing.
    """

    lead_id: int
    mode: Mode = Mode.FIX
    member_id: int | None = None
    zone: str = ""
    language: str = ""
    slot: str | None = None
    candidates: tuple[str, ...] | None = None
    subject: str | None = None
    place: str | None = None
    guests: str | None = None
    greeting: str | None = None
    warning: str = ""
    home: int | None = None
    seen: Seen | None = None


def value_of(slot: Slot) -> str:
    """A slot as the value of an option."""
    length = int((slot.end - slot.start).total_seconds() // 60)
    return f"{slot.member_id}@{int(slot.start.timestamp()) // 60}+{length}"


def slot_of(value: str) -> Slot:
    """The slot of an option's value. Raises ValueError for anything else."""
    member, _at, rest = value.partition("@")
    start, _plus, length = rest.partition("+")
    try:
        begins = datetime.fromtimestamp(int(start) * 60, UTC)
        return Slot(begins, datetime.fromtimestamp((int(start) + int(length)) * 60, UTC), int(member))
    except (OverflowError, OSError) as never:
        # Which of them it is depends on how far beyond all calendars the time is.
        raise ValueError("There is no such time.") from never


def chosen_slot(value: str | None, block: str) -> Slot:
    """The slot of a chosen option. Refused: REQUIRED or INVALID on the block."""
    if value is None:
        raise Refused(Code.REQUIRED, block)
    try:
        return slot_of(value)
    except ValueError as not_ours:
        raise Refused(Code.INVALID, block) from not_ours


def slots_block(member_id: int | None, zone: str) -> str:
    """The block_id of the slots: another for each rep and zone, because Slack keeps what was chosen by it."""
    return f"slot:{member_id}:{zone}"


def candidates_block(member_id: int | None, zone: str) -> str:
    """The block_id of the candidates."""
    return f"candidates:{member_id}:{zone}"


def greeting_block(member_id: int | None, language: str) -> str:
    """The block_id of the greeting, which names the rep."""
    return f"greeting:{member_id}:{language}"


def read(interaction: Interaction) -> State:
    """The form as it stands."""
    given, form = interaction.metadata, interaction.form
    member, zone, language = given.get("member"), str(given.get("zone", "")), str(given.get("language", ""))
    return State(
        lead_id=int(given["lead"]),
        mode=form.choice("mode", Mode) or Mode.FIX,
        member_id=(form.record("rep") or int(member or 0)) or None,
        zone=form.option("zone") or zone,
        language=form.option("language") or language,
        slot=form.option(slots_block(member, zone)),
        candidates=tuple(form.choices(candidates_block(member, zone))) or None,
        # What was not shown was not typed: a form of another mode or language has its own inputs.
        subject=_typed(interaction, f"subject_{language}"),
        place=_typed(interaction, "place"),
        guests=_typed(interaction, "guests"),
        greeting=_typed(interaction, greeting_block(member, language)),
        home=given.get("home"),
        seen=_seen(given.get("seen")),
    )


def _seen(stands: Any) -> Seen | None:
    meeting, _dot, offer = str(stands or "").partition(".")
    return Seen(int(meeting), int(offer)) if meeting.isdecimal() and offer.isdecimal() else None


def _typed(interaction: Interaction, field: str) -> str | None:
    shown = interaction.view.get("state", {}).get("values", {})
    return interaction.form.text(field) if field in shown else None


def form(interaction: Interaction, draft: MeetingDraft, state: State) -> View:
    """The form: who, when (in the reader's zone and the customer's), and how."""
    t, now, ours = interaction.t, interaction.deps.now(), interaction.actor.zone
    free = draft.free
    head: list[Block] = [section(lead_lines.markup(t, draft.lead, ours, now))]
    if state.warning:
        head.insert(0, section(Markup(f":warning: *{escape(state.warning)}*")))
    head += [
        context(
            t.md(
                "📅 Already booked: {time} with {rep}",
                time=words.both(t, meeting.starts_at, meeting.ends_at, ours, meeting.customer_zone, now=now),
                rep=meeting.rep,
            )
        )
        for meeting in draft.upcoming[:3]
    ]
    head += [
        section(
            t.md("✉️ Candidates were sent to {address}; they are withdrawn by a new meeting.", address=offer.email),
            button(t("Take the times back"), "meeting.offer.withdraw", offer.offer_id),
        )
        for offer in draft.waiting[:1]
    ]
    rep = free.of(state.member_id) or free.suggested
    if rep is None:
        text = t.md("Your team has no field-sales reps yet. An admin can give somebody that role.")
        return modal("meeting.nobody", t("Book a meeting"), [*head, section(text)], close=t("Close"))
    language = state.language or draft.language
    state = replace(state, member_id=rep.member_id, zone=free.customer_zone, language=language)
    blocks = [
        *head,
        radio_input("mode", t("How"), [Choice(m, t(label)) for m, label in MODES.items()], state.mode, dispatch=REDRAW),
        _reps(t, free.reps, rep),
        *_times(t, rep, state, ours, now, can_mail=draft.can_mail),
        *_details(interaction, draft, rep, state),
    ]
    private = metadata(
        lead=state.lead_id,
        member=rep.member_id,
        zone=state.zone,
        language=language,
        home=state.home,
        seen=f"{draft.seen.meeting_id}.{draft.seen.offer_id}",
    )
    submit = t("Book") if state.mode is Mode.FIX else t("Send the mail")
    return modal(
        SUBMIT,
        t("Book a meeting"),
        blocks,
        submit=submit if rep.slots else None,
        close=t("Cancel"),
        private_metadata=private,
    )


def _reps(t: Translator, reps: Sequence[RepSlots], chosen: RepSlots) -> Block:
    choices = [rep_choice(t, rep) for rep in reps]
    options = [option(choice) for choice in choices]
    hint = None
    if chosen.right and len([rep for rep in reps if rep.right]) > 1:
        hint = t("In turn among those who fit, no-shows and cancellations not counted.")
    return InputBlock(
        block_id="rep",
        label=PlainTextObject(text=t("Field sales")),
        element=StaticSelectElement(
            action_id=REDRAW,
            options=options,
            initial_option=next(o for o in options if o.value == str(chosen.member_id)),
        ),
        dispatch_action=True,
        optional=False,
        hint=PlainTextObject(text=hint) if hint else None,
    )


def rep_choice(t: Translator, rep: RepSlots) -> Choice:
    """A rep and what speaks for or against this one."""
    parts = [t(FITS[fit]) for fit in rep.fits if fit is not Fit.LIGHTEST_LOAD]
    parts.append(t.plural("{n} meeting in 4 weeks", "{n} meetings in 4 weeks", rep.turns))
    if not rep.readable:
        parts.append(t("calendar cannot be read"))
    elif not rep.slots:
        parts.append(t("no free time"))
    return Choice(str(rep.member_id), rep.name, " · ".join(parts))


def _times(t: Translator, rep: RepSlots, state: State, ours: str, now: datetime, *, can_mail: bool) -> list[Block]:
    if not rep.slots:
        return [section(t.md("*{name}* has no free time in the days ahead. Please choose another rep.", name=rep.name))]
    blocks: list[Block] = []
    if state.mode is Mode.SEND and not can_mail:
        blocks.append(context(t.md("⚠️ No mail goes out until the sender's details are filled in: `/team sender`.")))
    if not rep.readable:
        blocks.append(
            context(
                t.md("⚠️ {name}'s calendar cannot be read just now: only our own meetings are known.", name=rep.name)
            )
        )
    groups = slot_groups(t, rep.slots, ours, state.zone, now)
    if state.mode is Mode.FIX:
        first = _chosen(groups, [state.slot] if state.slot else []) or _chosen(groups, [value_of(rep.slots[0])])
        element: Any = StaticSelectElement(action_id=VALUE, option_groups=groups, initial_option=first[0])
        label, block_id = t("Date and time"), slots_block(rep.member_id, state.zone)
    else:
        kept = _chosen(groups, state.candidates or ())
        proposed = [value_of(slot) for slot in spread(rep.slots, MIN_CANDIDATES, ZoneInfo(state.zone))]
        element = StaticMultiSelectElement(
            action_id=REDRAW,
            option_groups=groups,
            initial_options=kept or _chosen(groups, proposed),
            max_selected_items=MAX_CANDIDATES,
        )
        label = t("Times to choose from ({least} to {most})", least=MIN_CANDIDATES, most=MAX_CANDIDATES)
        block_id = candidates_block(rep.member_id, state.zone)
    blocks.append(
        InputBlock(
            block_id=block_id,
            label=PlainTextObject(text=label),
            element=element,
            optional=False,
            dispatch_action=True if state.mode is Mode.SEND else None,
            hint=PlainTextObject(text=_zones_hint(t, ours, state.zone, rep.slots[0].start)),
        )
    )
    return blocks


def _zones_hint(t: Translator, ours: str, theirs: str, at: datetime) -> str:
    if words.same_clock(ours, theirs, at):
        return words.zone_name(t, ours, at)
    return t(
        "Yours: {ours}; the customer's: {theirs}",
        ours=words.zone_name(t, ours, at),
        theirs=words.zone_name(t, theirs, at),
    )


def slot_groups(t: Translator, slots: Iterable[Slot], ours: str, theirs: str, now: datetime) -> list[OptionGroup]:
    """The slots by their day in the reader's zone. An option names its day as well: once it is chosen, its group is
    not seen any more."""
    groups = []
    for date, members in groupby(slots, key=lambda slot: words.day(t, slot.start, ours, now=now)):
        options = [
            Option(
                value=value_of(slot),
                text=PlainTextObject(text=clip(f"{date} {words.slot_label(t, slot, ours, theirs)}", 75)),
            )
            for slot in members
        ]
        groups.append(OptionGroup(label=PlainTextObject(text=date), options=options[:MOST_SLOTS]))
    return groups[:100]


def _chosen(groups: Sequence[OptionGroup], values: Iterable[str]) -> list[Option]:
    wanted = set(values)
    return [o for group in groups for o in group.options or () if o.value in wanted]


def _details(interaction: Interaction, draft: MeetingDraft, rep: RepSlots, state: State) -> list[Block]:
    t, theirs = interaction.t, translator(state.language)
    guests = draft.contact.email if state.guests is None else state.guests
    sends = state.mode is Mode.SEND
    blocks = [
        text_input(
            "guests",
            t("Customer's e-mail"),
            guests,
            optional=not sends,
            max_length=1000,
            hint=None if sends else t("Several with commas; without one, no invitation is sent."),
        ),
        external_select(
            "zone",
            t("Customer's time zone"),
            ZONES,
            chosen=zone_choice(t, state.zone, interaction.deps.now()),
            dispatch=True,
        ),
        radio_input(
            "language",
            t("Language of the mail"),
            [Choice(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
            state.language,
            dispatch=REDRAW,
        ),
        text_input(
            "place",
            t("Place"),
            draft.free.rules.place if state.place is None else state.place,
            max_length=500,
            hint=t("A link or an address; leave empty for a telephone call."),
        ),
        text_input(
            f"subject_{state.language}",
            t("Title in the calendar"),
            _own(state.subject, (_subject(draft, lang) for lang in LANGUAGES)) or _subject(draft, state.language),
            optional=False,
            max_length=200,
        ),
    ]
    if sends:
        proposed = (_greeting(interaction, draft, each, lang) for each in draft.free.reps for lang in LANGUAGES)
        greeting = _own(state.greeting, proposed)
        greeting = greeting or _greeting(interaction, draft, rep, state.language)
        blocks.append(
            text_input(
                greeting_block(rep.member_id, state.language),
                t("The mail begins with"),
                greeting,
                optional=False,
                multiline=True,
                max_length=1500,
            )
        )
        kept = [slot for slot in rep.slots if value_of(slot) in (state.candidates or ())]
        shown = kept or spread(rep.slots, MIN_CANDIDATES, ZoneInfo(state.zone))
        place = draft.free.rules.place if state.place is None else state.place
        preview = words.offer_text(theirs, greeting, shown, (state.zone, place), t("(the customer's own link)"))
        blocks += [divider(), context(t.md("Preview of the mail")), section(quote(clip(preview, 2500)))]
    return blocks


def _own(typed: str | None, proposed: Iterable[str]) -> str:
    """What somebody wrote; "" where it is still one of our proposals, which follow the language and the rep."""
    return "" if typed is None or typed.strip() in {text.strip() for text in proposed} else typed


def _subject(draft: MeetingDraft, language: str) -> str:
    return words.default_subject(translator(language), draft.lead.account, draft.team)


def _greeting(interaction: Interaction, draft: MeetingDraft, rep: RepSlots, language: str) -> str:
    return words.default_greeting(
        translator(language),
        contact=draft.contact.name,
        booker=interaction.actor.name,
        team=draft.team,
        rep=rep.name,
    )


def zone_choice(t: Translator, zone: str, now: datetime) -> Choice:
    """A zone to choose: its name, what it is called, and what time it is there."""
    return Choice(zone, zone.replace("_", " "), f"{words.zone_name(t, zone, now)} {words.clock(now, zone)}")


def zones(t: Translator, typed: str, now: datetime) -> list[Choice]:
    """The zones that fit what was typed, by their names in either language."""
    text = typed.strip().lower()
    if not text:
        return [zone_choice(t, zone, now) for zone in COMMON_ZONES]
    names = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    direct = [zone for zone in names if text.replace(" ", "_") in zone.lower()]
    if len(direct) < 20:
        direct += [z for z in names if z not in direct and text in words.zone_name(t, z, now).lower()]
    return [zone_choice(t, zone, now) for zone in direct[:30]]
