"""The call queue as blocks: rows with their reasons, the one big card, the morning's message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from slack_sdk.models.blocks import Block, ButtonElement

from domain.leads import BuyingRole, NextStep, Source, Stage
from domain.outreach.best_hour import Tally
from domain.outreach.brief import Said, Unconfirmed
from domain.outreach.call_queue import (
    Again,
    Fresh,
    GoodHour,
    LargeCompany,
    NeverCalled,
    Planned,
    Promised,
    Reason,
    Spoke,
)
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.qualification.bant import Element
from handlers import lead_lines
from handlers.blocks import actions, button, clip, context, divider, fields, header, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.outreach import brief
from handlers.outreach.call_words import log_button, quick_buttons, result_line, speaking_buttons
from handlers.terms import NEXT_STEPS
from services.outreach.call_queue import DayResult, JustLogged, Queue, QueueLine
from services.outreach.lead_card import CallEntry, HistoryEntry, LeadCard, StageEntry
from services.outreach.records import ContactFacts, LeadLine
from services.targeting.records import AccountFacts

PAGE = 10
LATER_SHOWN = 5
NOTE_SHOWN = 120
BAR = 10

LIST, MORNING, NEXT, CALLBACK, HOME = "list", "morning", "next", "callback", "home"
"""The messages, and the home tab, in which calls are logged. Their blocks are named `queue.KIND.LEAD.MORE`, from which
a click tells where it was made (handlers/outreach/call_queue.py)."""

_SINCE: Final[Mapping[Source, str]] = {
    Source.INBOUND_FORM: _("{span} since the form"),
    Source.TRADE_SHOW: _("{span} since the trade show"),
    Source.WEBINAR: _("{span} since the webinar"),
    Source.WHITE_PAPER: _("{span} since the white paper"),
    Source.REFERRAL: _("{span} since the referral"),
    Source.OUTBOUND_LIST: _("{span} since it was listed"),
    Source.OTHER: _("{span} since it came"),
}


def block_id(kind: str, lead: int | str, more: str | int = "") -> str:
    """The name of a block in a message of this kind."""
    return f"queue.{kind}.{lead}.{more}"[:255]


def weekday(t: Translator, day: int) -> str:
    """火, Tue."""
    return str(get_day_names("abbreviated", locale=t.locale)[day])


def clock_time(reader: Reader, moment: datetime) -> str:
    """10:00 today, else with its date."""
    zone = ZoneInfo(reader.zone)
    local = moment.astimezone(zone)
    same_day = local.date() == reader.now.astimezone(zone).date()
    return local.strftime("%H:%M") if same_day else reader.t.moment(moment, reader.zone, now=reader.now)


def percent(t: Translator, share: float) -> str:
    """31 %."""
    return f"{t.number(round(share * 100))} %"


def reason_text(reader: Reader, reason: Reason) -> str:
    """A reason in words."""
    t = reader.t
    match reason:
        case Promised(at, by_customer):
            at_time = clock_time(reader, at)
            return t("Promised callback {at}", at=at_time) if by_customer else t("Planned call {at}", at=at_time)
        case Planned(at):
            day = at.astimezone(ZoneInfo(reader.zone)).date()
            if day == reader.now.astimezone(ZoneInfo(reader.zone)).date():
                return t("Planned for today")
            return t("Was planned for {day}", day=t.day(day))
        case Fresh(source, age):
            return t(_SINCE[source], span=t.span(age))
        case GoodHour():
            values = {"weekday": weekday(t, reason.weekday), "hour": reason.hour, "rate": percent(t, reason.rate)}
            if not reason.segment:
                return t("{weekday} {hour}:00 connects at {rate}", **values)
            return t("This industry connects at {rate} on {weekday} {hour}:00", **values)
        case Spoke(at):
            return _spoke(reader, at)
        case Again(attempts, most, at):
            when = clock_time(reader, at)
            return t("Dial {n} of {most}, last {when}", n=attempts + 1, most=most, when=when)
        case NeverCalled(since):
            return t("Not called yet, {span} since it came", span=t.span(reader.now - since))
        case LargeCompany(employees):
            return t.plural("{n} employee", "{n} employees", employees)


def _spoke(reader: Reader, at: datetime) -> str:
    t, zone = reader.t, ZoneInfo(reader.zone)
    days = (reader.now.astimezone(zone).date() - at.astimezone(zone).date()).days
    if days <= 0:
        return t("Spoke today")
    if days == 1:
        return t("Spoke yesterday")
    return t.plural("Spoke {n} day ago", "Spoke {n} days ago", days)


def _who(line: QueueLine) -> Markup:
    title = f" {escape(line.title)}" if line.title else ""
    return Markup(f"*{escape(line.contact)}*{title}　{escape(line.account)}")


def row(reader: Reader, number: int, line: QueueLine, kind: str, more: str | int = "") -> list[Block]:
    """A lead in a list: who, the number to dial, why, what was said last, and the buttons."""
    t = reader.t
    reasons = t.listed(reason_text(reader, reason) for reason in line.reasons)
    lines = [
        Markup(f"{number}.　{_who(line)}　📞 {t.phone_link(line.phone)}"),
        Markup(f"💡 {escape(reasons)}"),
    ]
    note = " ".join(line.note.split())
    if note:
        at = f"{t.moment(line.last_called_at, reader.zone, now=reader.now)}　" if line.last_called_at else ""
        lines.append(Markup(f"💬 {escape(at)}{escape(clip(note, NOTE_SHOWN))}"))
    if line.opted_out:
        lines.append(Markup(f"✉️ {escape(t('Has opted out of mails: do not promise any'))}"))
    buttons = [*quick_buttons(t, line.lead_id), *more_buttons(t, line.lead_id)]
    return [section(Markup("\n".join(lines))), actions(*buttons, block_id=block_id(kind, line.lead_id, more))]


def more_buttons(t: Translator, lead_id: int, *, primary: bool = False) -> list[ButtonElement]:
    """Any other result, and the lead's card."""
    return [log_button(t, lead_id, style="primary" if primary else None), button(t("Open"), "lead.show", lead_id)]


def logged_line(reader: Reader, logged: JustLogged, kind: str, more: str | int = "") -> Block:
    """What was just written down, with the way back."""
    t = reader.t
    result = result_line(t, CallResult(logged.connection, logged.party, logged.outcome))
    text = t.md("✅ *{contact}* – {result} ({at})", contact=logged.contact, result=result, at=_hhmm(reader, logged.at))
    if logged.next_step is not None and logged.next_step_at is not None:
        # Words such as "next Tuesday" were read as a day: which one, is to be seen while it can be taken back.
        due = lead_lines.due(t, logged.next_step, logged.next_step_at, reader.zone, reader.now)
        text = Markup(f"{text}\n{t.md('Next: {step}', step=f'{t(NEXT_STEPS[logged.next_step])} {due}')}")
        if not logged.works:
            text = Markup(f"{text}　{escape(t(':warning: Your team does not work on that day.'))}")
    # Seconds matter here only to Slack: a button that was drawn anew keeps its place by its name.
    back = button(t("Undo"), "call.undo", f"{logged.call_id}:{logged.mark}")
    return section(text, back, block_id=block_id(kind, "undo", more))


def _hhmm(reader: Reader, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(reader.zone)).strftime("%H:%M")


def progress(t: Translator, queue: Queue) -> Markup:
    """🟩🟩🟩⬜⬜⬜⬜⬜⬜⬜ 12 / 34."""
    done = min(BAR, queue.today.dials * BAR // max(queue.target, 1))
    return Markup(f"{'🟩' * done}{'⬜' * (BAR - done)} {t.number(queue.today.dials)} / {t.number(queue.target)}")


def result_text(t: Translator, result: DayResult) -> str:
    """架電 34、接続 8、アポ 1."""
    return t.listed(
        (
            t.plural("{n} dial", "{n} dials", result.dials),
            t.plural("{n} connected", "{n} connected", result.connected),
            t.plural("{n} meeting set", "{n} meetings set", result.meetings_set),
        )
    )


def closed_line(reader: Reader, queue: Queue) -> list[Block]:
    """Says that nobody works today, where that is so."""
    if queue.works:
        return []
    t = reader.t
    day = t.day(queue.at.astimezone(ZoneInfo(reader.zone)).date())
    return [context(Markup(f"🗓️ {t.md('Your team does not work today. This is the queue of {day}.', day=day)}"))]


def later_block(reader: Reader, queue: Queue) -> list[Block]:
    """The calls promised for later today."""
    t = reader.t
    if not queue.later:
        return []
    lines = [
        Markup(f"*{_hhmm(reader, line.promised_at)}*　{_who(line)}　{t.phone_link(line.phone)}")
        for line in queue.later[:LATER_SHOWN]
        if line.promised_at is not None
    ]
    more = len(queue.later) - LATER_SHOWN
    if more > 0:
        lines.append(escape(t.plural("{n} more", "{n} more", more)))
    title = escape(t("Promised for later today"))
    return [section(Markup(f"⏰ *{title}*\n" + "\n".join(lines)))]


def rows(reader: Reader, queue: Queue, kind: str, offset: int) -> list[Block]:
    """Ten leads from `offset` on, and the way to the next ten."""
    t = reader.t
    if not queue.calls:
        return [section(Markup(f"🎉 {t.md('Nobody is left to call right now.')}"))]
    # Whoever pages beyond the end, because the queue has become shorter, sees its beginning.
    offset = offset if 0 <= offset < len(queue.calls) else 0
    shown = queue.calls[offset : offset + PAGE]
    blocks: list[Block] = []
    for number, line in enumerate(shown, start=offset + 1):
        blocks += row(reader, number, line, kind, offset)
    buttons = [button(t("One at a time"), "queue.start", style="primary")]
    if offset:
        buttons.append(button(t("Previous ten"), "queue.page#previous", max(0, offset - PAGE)))
    if offset + PAGE < len(queue.calls):
        buttons.append(button(t("Next ten"), "queue.page#next", offset + PAGE))
    blocks.append(actions(*buttons, block_id=block_id(kind, "page", offset)))
    return blocks


def listed(reader: Reader, queue: Queue, offset: int = 0) -> Rendered:
    """`/call queue`."""
    t = reader.t
    title = t.plural("Call queue: {n} lead", "Call queue: {n} leads", queue.total)
    blocks: list[Block] = [
        header(title),
        context(Markup(f"{escape(t('Today'))} {progress(t, queue)}")),
        *closed_line(reader, queue),
    ]
    if queue.logged is not None:
        blocks.append(logged_line(reader, queue.logged, LIST, offset))
    blocks += [*later_block(reader, queue), divider(), *rows(reader, queue, LIST, offset)]
    return Rendered(title, blocks)


def card(
    reader: Reader,
    shown: LeadCard,
    reasons: Iterable[Reason],
    kind: str,
    more: str = "",
    extra: Sequence[ButtonElement] = (),
) -> list[Block]:
    """One lead, large: the brief of the call, the number to dial, the buttons."""
    t, person, account = reader.t, shown.contact, shown.account
    why = [Markup(f"• {brief.sourced(reader, reason_text(reader, each), each, shown)}") for each in reasons]
    place = " ".join(part for part in (person.department, person.title) if part)
    company = [
        account.industry,
        t.plural("{n} employee", "{n} employees", account.employees) if account.employees is not None else "",
        account.address,
    ]
    facts = "　".join(part for part in company if part)
    blocks: list[Block] = [header(f"{person.name}　{account.name}")]
    number = t.phone_link(person.phone) if person.phone else escape("–")
    blocks += fields(
        [
            (t("Phone"), Markup(f"📞 *{number}*")),
            (t("Contact person"), escape(place)),
            (t("Why now"), Markup("\n".join(why))),
            (t("Company"), escape(facts)),
        ]
    )
    if shown.opted_out is not None:
        blocks.append(context(Markup(f"✉️ {escape(t('Has opted out of mails: do not promise any'))}")))
    blocks += brief.blocks(reader, shown)
    lead_id = shown.lead.lead_id
    blocks.append(actions(*quick_buttons(t, lead_id), block_id=block_id(kind, lead_id, f"{more}.quick")))
    blocks.append(
        actions(
            *more_buttons(t, lead_id, primary=True),
            *speaking_buttons(t, lead_id),
            *extra,
            block_id=block_id(kind, lead_id, f"{more}.more"),
        )
    )
    return blocks


def next_card(reader: Reader, queue: Queue, shown: LeadCard | None, line: QueueLine | None, skipped: str) -> Rendered:
    """`/call next`: the card of `line`, or that nobody is left."""
    t = reader.t
    blocks: list[Block] = []
    if queue.logged is not None:
        blocks.append(logged_line(reader, queue.logged, NEXT, skipped))
    blocks += closed_line(reader, queue)
    if shown is None or line is None:
        text = t("Nobody is left to call right now.")
        blocks += [section(Markup(f"🎉 {escape(text)}")), *later_block(reader, queue)]
        blocks.append(actions(button(t("Look again"), "queue.start"), block_id=block_id(NEXT, "end", skipped)))
    else:
        text = f"{line.contact}　{line.account}"
        skip = [button(t("Later"), "queue.skip", line.lead_id)]
        blocks += card(reader, shown, line.reasons, NEXT, skipped, skip)
    left = escape(t.plural("{n} lead left in the queue", "{n} leads left in the queue", queue.total))
    blocks.append(context(Markup(f"{escape(t('Today'))} {progress(t, queue)}　{left}")))
    return Rendered(escape(text), blocks)


@dataclass(frozen=True, slots=True)
class MorningQueue:
    """The morning's message to a rep; edited in place as calls are logged."""

    name: str
    queue: Queue
    offset: int = 0

    def render(self, reader: Reader) -> Rendered:
        """Yesterday, today's target, the promises, and the first ten with their buttons."""
        t, queue = reader.t, self.queue
        title = t("Good morning, {name}. Your calls of {day}", name=self.name, day=t.day(queue.today.day))
        blocks: list[Block] = [
            header(title),
            *fields(
                [
                    (t.day(queue.before.day), escape(result_text(t, queue.before))),
                    (
                        t("Today, target {n} dials", n=t.number(queue.target)),
                        Markup(f"{progress(t, queue)}\n{escape(result_text(t, queue.today))}"),
                    ),
                ]
            ),
        ]
        if queue.logged is not None:
            blocks.append(logged_line(reader, queue.logged, MORNING))
        blocks += [*later_block(reader, queue), divider(), *rows(reader, queue, MORNING, self.offset)]
        left = t.plural("{n} lead in the queue", "{n} leads in the queue", queue.total)
        hint = t("This list follows every call you log.")
        blocks.append(context(escape(f"{left}　{hint}")))
        return Rendered(escape(title), blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """A full morning, the middle of a day, and a day without anybody to call."""
        empty = replace(EXAMPLE, calls=(), total=0, later=(), logged=None)
        return [cls("佐藤 美咲", EXAMPLE), cls("佐藤 <美咲>", replace(EXAMPLE, logged=LOGGED)), cls("佐藤 美咲", empty)]


_AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
LOGGED = JustLogged(
    31,
    "e3b0c442",
    12,
    "青葉 <一郎>",
    _AT - timedelta(seconds=20),
    Connection.ANSWERED,
    Party.GATEKEEPER,
    Outcome.ABSENT,
    NextStep.CALL,
    _AT + timedelta(days=3, hours=5),
    works=False,
)
EXAMPLE_LINE = QueueLine(
    lead_id=12,
    contact="山田 太郎",
    title="部長",
    account="株式会社あおば精機製作所",
    segment="機械",
    phone="+81310005000",
    stage=Stage.WORKING,
    source=Source.TRADE_SHOW,
    reasons=(
        Promised(_AT, by_customer=True),
        Fresh(Source.TRADE_SHOW, timedelta(hours=40)),
        GoodHour("機械", 1, 10, 0.31, Tally(120, 38)),
        Spoke(_AT - timedelta(days=1)),
    ),
    promised_at=_AT,
    last_called_at=_AT - timedelta(days=1),
    note="保守切れが近い。<!channel> 部長は10時に戻る",
    opted_out=False,
)
_OTHER_LINE = replace(
    EXAMPLE_LINE,
    lead_id=13,
    contact="清水 由美",
    title="",
    reasons=(
        Planned(_AT - timedelta(days=3)),
        GoodHour("", 1, 10, 0.2, Tally(40, 8)),
        NeverCalled(_AT - timedelta(days=9)),
        Again(2, 8, _AT - timedelta(days=2)),
        LargeCompany(1200),
    ),
    promised_at=None,
    last_called_at=None,
    note="",
    opted_out=True,
)
EXAMPLE = Queue(
    at=_AT,
    works=True,
    calls=(EXAMPLE_LINE, *(replace(_OTHER_LINE, lead_id=20 + n) for n in range(14))),
    total=15,
    later=tuple(replace(EXAMPLE_LINE, lead_id=40 + n, promised_at=_AT + timedelta(hours=n)) for n in range(1, 8)),
    before=DayResult(date(2026, 3, 31), 34, 8, 1),
    today=DayResult(date(2026, 4, 1), 12, 3, 1),
    target=34,
    logged=None,
)
"""An invented queue with every reason in it, also text that must not become a mention."""

_HISTORY: Final[tuple[HistoryEntry, ...]] = (
    CallEntry(
        _AT - timedelta(days=1),
        "佐藤 美咲",
        Connection.ANSWERED,
        Party.CONTACT,
        Outcome.CALLBACK,
        None,
        "10時に <もう一度>",
    ),
    StageEntry(_AT - timedelta(days=9), "佐藤 美咲", None, Stage.NEW, ""),
)
EXAMPLE_CARD = LeadCard(
    lead=LeadLine(
        12,
        1,
        Stage.WORKING,
        Source.TRADE_SHOW,
        None,
        None,
        None,
        _AT - timedelta(days=1),
        _AT - timedelta(days=9),
        3,
        "株式会社あおば精機製作所",
        5,
        "山田 太郎",
        "部長",
        1,
        "佐藤 美咲",
        "U0123456789",
    ),
    note="展示会で名刺交換",
    account=AccountFacts(3, "株式会社あおば精機製作所", "", "", None, "機械", "", None, "東京都大田区", 120, "", ""),
    contact=ContactFacts(5, "山田 太郎", "", "情報システム部", "部長", "+81310005000", "", BuyingRole.UNKNOWN),
    people=(),
    qualification=None,
    handoffs=(),
    open_handoff_id=None,
    history=_HISTORY,
    actions=frozenset(),
    do_not_call=None,
    opted_out=None,
    attempts=0,
    call_actions=frozenset(),
    touches=_HISTORY[:1],
    questions=(
        Said(_AT - timedelta(days=1), "佐藤 美咲", Outcome.CALLBACK, None, "10時に <もう一度>"),
        Unconfirmed(_AT - timedelta(days=2), "佐藤 美咲", (Element.BUDGET, Element.TIMELINE)),
    ),
)
