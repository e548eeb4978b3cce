"""Meetings as messages: the card, news of changes, reminders, and the question how one went (work item 3-5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from slack_sdk.models.blocks import Block, ButtonElement

from domain.leads import Stage
from domain.qualification.meetings import CancelledBy, MeetingStatus, Reminder, is_link
from handlers.blocks import actions, button, context, fields, quote, section
from handlers.i18n import Markup, Translator, escape, mention
from handlers.interaction import Interaction
from handlers.messages import Reader, Rendered
from handlers.qualification import meeting_words as words
from handlers.routes import NotYet, Outgoing
from handlers.terms import MEETING_MARKS, MEETING_STATUSES
from services import deliveries
from services.deliveries import DeliveryState
from services.deps import Deps
from services.qualification import meeting_offers as offers
from services.qualification import meetings as service
from services.qualification.meeting_news import card_key, outcome_key
from services.qualification.meeting_records import MeetingView, Occasion


def reader_of(interaction: Interaction) -> Reader:
    """Whoever just did something, as the reader of what is shown next."""
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


def who(view: MeetingView) -> Markup:
    """The customer in bold: the person and the company."""
    return Markup(f"*{escape(view.contact)}*　{escape(view.account)}")


def time_line(reader: Reader, view: MeetingView) -> str:
    """The time in the reader's zone, and in the customer's where it is another."""
    return words.both(reader.t, view.starts_at, view.ends_at, reader.zone, view.customer_zone, now=reader.now)


def place_markup(t: Translator, place: str) -> Markup:
    """Where it is; a link that can be clicked as one."""
    safe = is_link(place) and not set(place) & set("<>| ")
    return Markup(f"<{escape(place)}>") if safe else escape(words.place_text(t, place))


def card_blocks(reader: Reader, view: MeetingView) -> list[Block]:
    """The meeting: when, where, who, and what can be done with it."""
    t = reader.t
    mark, status = MEETING_MARKS[view.status], t(MEETING_STATUSES[view.status])
    people = [(t("Field sales"), mention(view.rep_slack_user))]
    if view.booker_slack_user:
        people.append((t("Booked by"), mention(view.booker_slack_user)))
    blocks: list[Block] = [
        section(Markup(f"{mark} *{escape(status)}*　{who(view)}")),
        *fields(
            [
                (t("Date and time"), escape(time_line(reader, view))),
                (t("Place"), place_markup(t, view.place)),
                *people,
            ]
        ),
    ]
    if not view.place and view.phone:
        blocks.append(context(t.phone_link(view.phone)))
    if view.status is MeetingStatus.CANCELLED:
        blocks.append(section(_why_cancelled(t, view)))
        if view.cancel_reason:
            blocks.append(section(quote(view.cancel_reason)))
    blocks.append(actions(*card_buttons(reader, view)))
    return blocks


def _why_cancelled(t: Translator, view: MeetingView) -> Markup:
    if view.cancelled_by is CancelledBy.CUSTOMER:
        return t.md("The customer cancelled it.")
    return t.md("We cancelled it.")


def card_buttons(reader: Reader, view: MeetingView) -> list[ButtonElement]:
    """What can be done with a meeting now."""
    t = reader.t
    lead = button(t("Open the lead"), "lead.show", view.lead_id)
    again = button(t("Book another meeting"), "meeting.book", view.lead_id, style="primary")
    match view.status:
        case MeetingStatus.BOOKED if reader.now >= view.ends_at:
            return [*outcome_buttons(t, view), lead]
        case MeetingStatus.BOOKED:
            return [
                button(t("Move"), "meeting.move", view.meeting_id),
                button(t("Another rep"), "meeting.reassign", view.meeting_id),
                button(t("Cancel the meeting"), "meeting.cancel", view.meeting_id),
                lead,
            ]
        case MeetingStatus.HELD:
            return [lead]
        case _:
            return [again, lead]


def outcome_buttons(t: Translator, view: MeetingView) -> list[ButtonElement]:
    """Held, no-show, cancelled: one click each."""
    return [
        button(t("Held"), "meeting.held", view.meeting_id, style="primary"),
        button(t("No-show"), "meeting.no_show", view.meeting_id),
        button(t("Was cancelled"), "meeting.was_cancelled", view.meeting_id),
    ]


@dataclass(frozen=True, slots=True)
class MeetingCard:
    """To the rep and to whoever booked it; edited in place as the meeting changes."""

    view: MeetingView

    def render(self, reader: Reader) -> Rendered:
        """The meeting as it stands."""
        text = reader.t.md(
            "Meeting with {name} ({account}): {time}",
            name=self.view.contact,
            account=self.view.account,
            time=time_line(reader, self.view),
        )
        return Rendered(text, card_blocks(reader, self.view))

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Booked, in another zone at a place, over, held, missed, cancelled by either side."""
        cancelled = replace(EXAMPLE, status=MeetingStatus.CANCELLED, cancelled_by=CancelledBy.CUSTOMER)
        return [
            cls(EXAMPLE),
            cls(replace(EXAMPLE, customer_zone="Europe/Berlin", place="東京都大田区 <1-2-3>", booker_slack_user=None)),
            cls(replace(EXAMPLE, starts_at=_AT - timedelta(days=1), ends_at=_AT - timedelta(hours=23))),
            cls(replace(EXAMPLE, status=MeetingStatus.HELD)),
            cls(replace(EXAMPLE, status=MeetingStatus.NO_SHOW, place="", phone="+81312345678")),
            cls(replace(cancelled, cancel_reason="来期に <延期> します")),
            cls(replace(cancelled, cancelled_by=CancelledBy.MEMBER)),
        ]


@dataclass(frozen=True, slots=True)
class MeetingNews:
    """A change, to those of ours who did not make it. `by` None: the customer did."""

    view: MeetingView
    occasion: Occasion
    by: str | None
    was: datetime | None = None
    was_rep: str = ""

    def render(self, reader: Reader) -> Rendered:
        """What changed, who changed it, and what can be done."""
        t, view = reader.t, self.view
        by = mention(self.by) if self.by else escape(t("The customer"))
        facts: dict[str, object] = {"who": who(view), "by": by, "time": time_line(reader, view)}
        text, mark = Markup(""), "📅"
        match self.occasion:
            case Occasion.BOOKED:
                text = t.md("{who} has chosen a time: *{time}*", **facts)
                mark = "🎉"
            case Occasion.MOVED:
                before = t.moment(self.was, reader.zone, now=reader.now) if self.was else "–"
                text = t.md("{by} moved the meeting with {who}: {before} → *{time}*", before=before, **facts)
            case Occasion.REASSIGNED:
                to = mention(view.rep_slack_user)
                text = t.md(
                    "{by} gave the meeting with {who} on *{time}* to {to} (before: {before})",
                    to=to,
                    before=self.was_rep or "–",
                    **facts,
                )
            case _:
                text = t.md("{by} cancelled the meeting with {who} on *{time}*", **facts)
                mark = "🚫"
        blocks: list[Block] = [section(Markup(f"{mark} {text}"))]
        if view.status is MeetingStatus.CANCELLED and view.cancel_reason:
            blocks.append(section(quote(view.cancel_reason)))
        if self.occasion is not Occasion.BOOKED:
            # The card that comes with a new meeting has them.
            blocks.append(actions(*card_buttons(reader, view)))
        return Rendered(text, blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Each change, by the customer and by one of ours."""
        gone = replace(EXAMPLE, status=MeetingStatus.CANCELLED, cancel_reason="<!here> 都合により")
        return [
            cls(EXAMPLE, Occasion.BOOKED, None),
            cls(EXAMPLE, Occasion.MOVED, None, _AT),
            cls(EXAMPLE, Occasion.MOVED, "U0123456789", _AT),
            cls(EXAMPLE, Occasion.REASSIGNED, "U0123456789", None, "伊藤 <蓮>"),
            cls(gone, Occasion.CANCELLED, None),
        ]


@dataclass(frozen=True, slots=True)
class MeetingReminder:
    """To the rep, a day and a quarter of an hour before."""

    view: MeetingView
    reminder: Reminder

    def render(self, reader: Reader) -> Rendered:
        """When, with whom, where, and the way to the notes."""
        t, view = reader.t, self.view
        facts: dict[str, object] = {"who": who(view), "time": time_line(reader, view)}
        if self.reminder is Reminder.SOON:
            text = t.md("*In 15 minutes:* {who}, {time}", **facts)
        else:
            text = t.md("*Tomorrow:* {who}, {time}", **facts)
        where = [place_markup(t, view.place)]
        if view.phone:
            where.append(t.phone_link(view.phone))
        row = [button(t("Open the lead"), "lead.show", view.lead_id, style="primary")]
        if self.reminder is Reminder.DAY_BEFORE:
            row.append(button(t("Move"), "meeting.move", view.meeting_id))
        return Rendered(text, [section(Markup(f"⏰ {text}")), context(*where), actions(*row)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Both."""
        return [cls(EXAMPLE, Reminder.DAY_BEFORE), cls(replace(EXAMPLE, place=""), Reminder.SOON)]


@dataclass(frozen=True, slots=True)
class MeetingOutcome:
    """To the rep after the meeting: how did it go? The answer takes the place of the question."""

    view: MeetingView

    def render(self, reader: Reader) -> Rendered:
        """The question with three buttons, or the answer with the way back and on."""
        t, view = reader.t, self.view
        facts: dict[str, object] = {"who": who(view), "time": time_line(reader, view)}
        if view.status is MeetingStatus.BOOKED:
            text = t.md("How was the meeting with {who} ({time})?", **facts)
            return Rendered(text, [section(Markup(f"📝 {text}")), actions(*outcome_buttons(t, view))])
        text = t.md(
            "{mark} *{status}*: {who}, {time}",
            mark=MEETING_MARKS[view.status],
            status=t(MEETING_STATUSES[view.status]),
            **facts,
        )
        row: list[ButtonElement] = []
        after = Markup("")
        match view.status:
            case MeetingStatus.HELD:
                row.append(button(t("It was a no-show"), "meeting.no_show", view.meeting_id))
                after = t.md("Thank you. The handoff and its answer stand on the lead's card.")
            case MeetingStatus.NO_SHOW:
                row.append(button(t("Book another meeting"), "meeting.book", view.lead_id, style="primary"))
                row.append(button(t("It was held"), "meeting.held", view.meeting_id))
                after = t.md("A no-show is no turn: the next suitable lead is yours.")
            case _:
                row.append(button(t("Book another meeting"), "meeting.book", view.lead_id, style="primary"))
        row.append(button(t("Open the lead"), "lead.show", view.lead_id))
        blocks: list[Block] = [section(text)]
        if after:
            blocks.append(context(after))
        return Rendered(text, [*blocks, actions(*row)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """The question and each answer."""
        return [cls(replace(EXAMPLE, status=status)) for status in MeetingStatus]


@dataclass(frozen=True, slots=True)
class OfferRunOut:
    """To whoever sent candidates: the customer chose none in time."""

    lead_id: int
    contact: str
    account: str
    phone: str = ""

    def render(self, reader: Reader) -> Rendered:
        """What happened, and the two ways on: call, or send others."""
        t = reader.t
        text = t.md(
            "*{contact}*　{account} chose none of the times you sent, and the last of them has passed.",
            contact=self.contact,
            account=self.account,
        )
        lines = [text, *([Markup(f"📞 {t.phone_link(self.phone)}")] if self.phone else [])]
        buttons = actions(
            button(t("Send other times"), "meeting.book", self.lead_id, style="primary"),
            button(t("Open the lead"), "lead.show", self.lead_id),
        )
        return Rendered(text, [section(Markup("⌛ " + "\n".join(lines))), buttons])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """With a number to call, and without."""
        return [cls(12, "山田 太郎", "株式会社あおば精機製作所", "+81310005000"), cls(12, "Ann", "Aoba")]


# How they are made when they are sent


async def compose_card(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The card, as the meeting stands now."""
    view = await service.view(deps, team_id, int(arguments["meeting_id"]))
    return await _to_member(deps, team_id, arguments, MeetingCard(view))


async def compose_card_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The same card, edited in place."""
    meeting_id = int(arguments["meeting_id"])
    outgoing = await compose_card(deps, team_id, arguments)
    return await _edited(deps, team_id, card_key(meeting_id, str(arguments["channel"])), outgoing)


async def compose_news(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """A change."""
    view = await service.view(deps, team_id, int(arguments["meeting_id"]))
    was = arguments.get("was")
    message = MeetingNews(
        view,
        Occasion(str(arguments["occasion"])),
        arguments.get("by"),
        datetime.fromisoformat(str(was)) if was else None,
        str(arguments.get("was_rep") or ""),
    )
    return await _to_member(deps, team_id, arguments, message)


async def compose_reminder(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """A reminder, unless the meeting was moved, cancelled or given away since."""
    view = await service.view(deps, team_id, int(arguments["meeting_id"]))
    same = view.starts_at == datetime.fromisoformat(str(arguments["starts_at"]))
    if view.status is not MeetingStatus.BOOKED or not same or view.rep_slack_user != arguments["channel"]:
        return None
    return await _to_member(deps, team_id, arguments, MeetingReminder(view, Reminder(str(arguments["reminder"]))))


async def compose_outcome(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The question, unless it was answered on the card already."""
    view = await service.view(deps, team_id, int(arguments["meeting_id"]))
    if view.status is not MeetingStatus.BOOKED:
        return None
    return await _to_member(deps, team_id, arguments, MeetingOutcome(view))


async def compose_outcome_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The answer in the place of the question."""
    view = await service.view(deps, team_id, int(arguments["meeting_id"]))
    outgoing = await _to_member(deps, team_id, arguments, MeetingOutcome(view))
    return await _edited(deps, team_id, outcome_key(view), outgoing)


async def compose_run_out(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The news that an offer ran out; nothing when a meeting was booked all the same."""
    ended = await offers.unanswered(deps, team_id, int(arguments["offer_id"]))
    if ended is None:
        return None
    message = OfferRunOut(ended.lead_id, ended.contact, ended.account, ended.phone)
    return await _to_member(deps, team_id, arguments, message)


async def _to_member(
    deps: Deps,
    team_id: str,
    arguments: Mapping[str, Any],
    message: MeetingCard | MeetingNews | MeetingReminder | MeetingOutcome | OfferRunOut,
) -> Outgoing:
    reader = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, reader)
    return Outgoing(message, voice.language, voice.zone, reader)


async def _edited(deps: Deps, team_id: str, key: str, outgoing: Outgoing) -> Outgoing | None:
    """The message under a key, with new content; None when it never stood. Raises `NotYet` while it is on its way."""
    post = await deliveries.posted(deps, team_id, key)
    if post is not None and post.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        raise NotYet(f"{key} is still on its way.")
    if post is None or post.ts is None:
        return None
    return replace(outgoing, channel=str(post.channel), update_ts=post.ts)


_AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)

EXAMPLE = MeetingView(
    meeting_id=7,
    lead_id=12,
    status=MeetingStatus.BOOKED,
    starts_at=_AT + timedelta(days=1),
    ends_at=_AT + timedelta(days=1, hours=1),
    customer_zone="Asia/Tokyo",
    language="ja",
    subject="お打ち合わせ",
    place="https://meet.example/abc",
    guests=("yamada@aoba-seiki.example",),
    uid="7@kakehashi",
    sequence=0,
    version=1,
    cancel_reason="",
    cancelled_by=None,
    outcome_at=None,
    created_at=_AT,
    stage=Stage.SALES_QUALIFIED,
    account="株式会社あおば精機製作所",
    contact_id=5,
    contact="山田 <太郎>",
    contact_title="部長",
    phone="+81312345678",
    rep_id=4,
    rep="田中 大輔",
    rep_slack_user="U0123456780",
    rep_email="tanaka@kakehashi.example",
    rep_zone="Asia/Tokyo",
    booker_id=1,
    booker="佐藤 美咲",
    booker_slack_user="U0123456789",
    booker_email="sato@kakehashi.example",
    team="株式会社かけはし",
)
"""An invented meeting, with text that must not become a mention."""
