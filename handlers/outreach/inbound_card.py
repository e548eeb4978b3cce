"""A lead that came by itself, as messages: its card, and the news when nobody has answered in time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from domain.leads import BuyingRole, NextStep, Source, Stage
from domain.outreach.form_fields import Field, Filled
from domain.outreach.inbound import FIRST_RESPONSE_SECONDS, Finding, Reason, Urgency
from handlers.blocks import actions, button, clip, confirm, context, fields, header, quote, section
from handlers.i18n import Markup, Translator, escape, mention
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.terms import STAGE_MARKS, STAGES
from services.data.quality import email_key, phone
from services.outreach.inbound import InboundView, Person
from services.outreach.records import ContactFacts, LeadLine
from services.targeting.records import AccountFacts

BLOCK = "inbound."
"""How the ids of these messages' rows of buttons begin."""
MESSAGE_LIMIT = 1500
OTHERS_SHOWN = 6
OTHER_LIMIT = 200
SOON = timedelta(hours=1)
"""What is due within it is said in minutes too."""

URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.HIGH: _("Urgency: high"),
    Urgency.MEDIUM: _("Urgency: medium"),
    Urgency.LOW: _("Urgency: normal"),
}
URGENCY_MARKS: Final[Mapping[Urgency, str]] = {Urgency.HIGH: "🔥", Urgency.MEDIUM: "🔶", Urgency.LOW: "📩"}


def finding_text(t: Translator, finding: Finding) -> str:
    """A reason in words, with what says so."""
    because = finding.because
    match finding.reason:
        case Reason.DECIDES:
            return t("title: {title}", title=because)
        case Reason.LARGE:
            return t("{n} employees or more", n=t.number(int(because)))
        case Reason.REPEATED:
            return t("wrote before ({n})", n=because)
        case Reason.PITCH:
            return t("looks like an offer to us: “{word}”", word=because)
        case _:
            return t("“{word}”", word=because)


def clock_time(t: Translator, moment: datetime, zone: str, now: datetime) -> str:
    """HH:MM today, with the date on other days."""
    local, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M}" if local.date() == today.date() else t.moment(moment, zone, now=now)


def left(t: Translator, due: datetime, now: datetime) -> str:
    """あと2分: the time left, in minutes begun; "" for what is over or far away."""
    length = due - now
    if not timedelta() < length <= SOON:
        return ""
    return t.plural("{n} minute left", "{n} minutes left", math.ceil(length.total_seconds() / 60))


def took(t: Translator, seconds: float) -> str:
    """A response time: 45秒, 2分10秒, 3時間."""
    whole = round(seconds)
    if whole < 60:
        return t.plural("{n} second", "{n} seconds", whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 10 and rest:
        return f"{t.plural('{n} minute', '{n} minutes', minutes)} {t.plural('{n} second', '{n} seconds', rest)}"
    return t.span(timedelta(seconds=whole))


def _by(t: Translator, due: datetime, zone: str, now: datetime) -> Markup:
    """10:05 まで（あと2分）."""
    at, more = clock_time(t, due, zone, now), left(t, due, now)
    return t.md("by {time} ({left})", time=at, left=more) if more else t.md("by {time}", time=at)


def _state(reader: Reader, view: InboundView) -> Markup:
    """Who has it, and how the clock stands."""
    t, zone, now = reader.t, reader.zone, reader.now
    who = mention(view.claimed.slack_user) if view.claimed else Markup("")
    due = view.manager_due_at
    if view.responded_at is not None:
        by = view.responder or (view.claimed.name if view.claimed else "–")
        at = clock_time(t, view.responded_at, zone, now)
        first = t.md("*Answered* by {name} at {time}", name=by, time=at)
        length = _took(t, view.response_seconds)
        return Markup(f"✅ {first}{length}")
    overdue = view.manager_told_at is not None or due <= now
    if overdue:
        over = t.md("*No answer yet* – the first call was due {time}.", time=clock_time(t, due, zone, now))
        rest = t.md("{who} has it.", who=who) if view.claimed else t.md("*Nobody has taken it.*")
        return Markup(f"🔴 {over} {rest}")
    by_when = _by(t, due, zone, now)
    if view.claimed:
        return Markup("🙋 " + t.md("{who} has it. First call *{due}*", who=who, due=by_when))
    if view.team_told_at is not None:
        return Markup("🟠 " + t.md("*Nobody has taken it yet.* First call *{due}*", due=by_when))
    return Markup("🟢 " + t.md("*Who takes it?* First call *{due}*", due=by_when))


def _took(t: Translator, seconds: int | None) -> Markup:
    if seconds is None:
        return Markup("")
    length = took(t, seconds)
    if seconds <= FIRST_RESPONSE_SECONDS:
        return Markup("　⚡ " + t.md("after {length}", length=length))
    return Markup("　" + t.md("after {length} (the aim is 5 minutes)", length=length))


def _headline(t: Translator, view: InboundView) -> str:
    return t("{company}, {person}", company=view.account.name, person=view.contact.name)


@dataclass(frozen=True, slots=True)
class InboundCard:
    """In the inbound channel; edited in place when it is claimed, late, or answered."""

    view: InboundView

    def render(self, reader: Reader) -> Rendered:
        """Clock, urgency, message, who it is, buttons."""
        t, view = reader.t, self.view
        title = t("Inquiry: {who}", who=_headline(t, view))
        blocks: list[Block] = [
            header(f"{URGENCY_MARKS[view.urgency]} {_headline(t, view)}"),
            section(_state(reader, view)),
        ]
        if not view.calls_allowed:
            blocks.append(
                section(Markup("⛔ " + t.md("*Do not call.* This person asked not to be called: please write.")))
            )
        blocks.append(section(_urgency(t, view)))
        message = view.filled.text(Field.MESSAGE)
        topic = view.filled.text(Field.TOPIC)
        said = "\n".join(text for text in (topic, message) if text)
        if said:
            blocks.append(section(quote(clip(said, MESSAGE_LIMIT))))
        blocks += fields(_facts(t, view))
        blocks.append(context(*_footnotes(reader, view)))
        blocks.append(actions(*self._buttons(t), block_id=f"{BLOCK}{view.submission_id}"))
        return Rendered(title, blocks)

    def _buttons(self, t: Translator) -> list[ButtonElement]:
        view = self.view
        number, lead = view.submission_id, view.lead.lead_id
        shown = button(t("Open the lead"), "lead.show", lead)
        if view.responded_at is not None:
            found = [button(t("Log a call"), "call.log", lead)] if view.calls_allowed else []
            return [*found, button(t("Qualify"), "lead.qualify", lead), shown]
        calls = call_buttons(t, view, first=view.claimed is not None)
        if view.claimed is None:
            return [button(t("I take it"), "inbound.claim", number, style="primary"), *calls, shown]
        return [*calls, *_passing(t, number), shown]

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """New, late, claimed, overdue, answered in and after time, written before, not to be called, nearly empty."""
        return [cls(view) for view in EXAMPLES]


def call_buttons(t: Translator, view: InboundView, *, first: bool) -> list[ButtonElement]:
    """The ways to write a call down; none where nobody may call. `first`: nothing is more important here."""
    if not view.calls_allowed:
        return []
    lead = view.lead.lead_id
    return [
        button(t("Log a call"), "call.log", lead, style="primary" if first else None),
        button(t("No answer"), "call.quick#no_answer", lead),
        button(t("Voicemail"), "call.quick#voicemail", lead),
    ]


def _passing(t: Translator, number: int) -> list[ButtonElement]:
    question = confirm(
        t("Give it back?"),
        t("Somebody else can take it then. The clock has been running all the time."),
        t("Give it back"),
        t("Cancel"),
    )
    return [
        button(t("Pass on"), "inbound.pass_on", number),
        button(t("Give it back"), "inbound.release", number, confirm=question),
    ]


def _urgency(t: Translator, view: InboundView) -> Markup:
    label = Markup(f"*{escape(t(URGENCIES[view.urgency]))}*")
    why = t.listed(finding_text(t, finding) for finding in view.findings)
    return Markup(f"{label} – {escape(why)}") if why else label


def _facts(t: Translator, view: InboundView) -> list[tuple[str, Markup]]:
    account, contact = view.account, view.contact
    size = t.plural("{n} employee", "{n} employees", account.employees) if account.employees else ""
    company = [account.name, t.listed(part for part in (account.industry, size) if part)]
    place = " ".join(part for part in (contact.department, contact.title) if part)
    name = f"{contact.name}（{contact.reading}）" if contact.reading else contact.name
    return [
        (t("Company"), _lines(*company)),
        (t("Contact person"), _lines(name, place)),
        (t("Phone"), _phone(t, view)),
        (t("E-mail"), _mail(t, view)),
    ]


def _lines(*texts: str) -> Markup:
    return Markup("\n".join(escape(text) for text in texts if text))


def _phone(t: Translator, view: InboundView) -> Markup:
    """The number as a link that dials; another one, or one that is none, as it was typed."""
    known, typed = view.contact.phone, view.filled.text(Field.PHONE)
    found = phone(typed) if typed else None
    parts = [t.phone_link(known)] if known else []
    if found is not None and found.number != known:
        parts.append(
            t.md("in the form: {number}", number=t.phone_link(found.number))
            if found.valid
            else t.md("as typed: {number}", number=typed)
        )
    return Markup("\n".join(parts)) or escape(t("not given"))


def _mail(t: Translator, view: InboundView) -> Markup:
    known, typed = view.contact.email, view.filled.text(Field.EMAIL)
    parts = [t.mail_link(known)] if known else []
    if typed and email_key(typed) != email_key(known):
        parts.append(t.md("as typed: {number}", number=typed))
    return Markup("\n".join(parts)) or escape(t("not given"))


def _footnotes(reader: Reader, view: InboundView) -> list[Markup]:
    t = reader.t
    notes = [
        t.md(
            "{form}, received {time}",
            form=view.form,
            time=clock_time(t, view.received_at, reader.zone, reader.now),
        )
    ]
    if view.lead.stage is not Stage.NEW or view.repeated:
        stage = f"{STAGE_MARKS[view.lead.stage]} {t(STAGES[view.lead.stage])}"
        notes.append(t.md("Known already: {stage}, in charge {owner}", stage=stage, owner=view.lead.owner))
    others = [f"{name}: {clip(text, OTHER_LIMIT)}" for name, text in view.filled.others.items()][:OTHERS_SHOWN]
    notes += [escape(clip(text, 2 * OTHER_LIMIT)) for text in others]
    return notes


@dataclass(frozen=True, slots=True)
class InboundTeamTold:
    """In the channel, when nobody took it in time; says who did once somebody has."""

    view: InboundView

    def render(self, reader: Reader) -> Rendered:
        """How long is left, who it is, and the button."""
        t, view = reader.t, self.view
        who = Markup(f"*{escape(_headline(t, view))}*")
        if view.responded_at is not None or view.claimed is not None:
            name = view.claimed.name if view.claimed else view.responder or "–"
            text = t.md("{name} has taken {who}.", name=name, who=who)
            return Rendered(text, [section(Markup(f"✅ {text}"))])
        more = left(t, view.manager_due_at, reader.now)
        head = (
            t.md("*{left}* for the first call, and nobody has taken it:", left=more)
            if more
            else t.md("*The time for the first call is over*, and nobody has taken it:")
        )
        text = Markup(f"<!here> 🟠 {head} {who}")
        lines = [text]
        if view.calls_allowed and view.contact.phone:
            lines.append(Markup(f"📞 {t.phone_link(view.contact.phone)}"))
        lines.append(_urgency(t, view))
        buttons = [
            button(t("I take it"), "inbound.claim", view.submission_id, style="primary"),
            *call_buttons(t, view, first=False),
            button(t("Open the lead"), "lead.show", view.lead.lead_id),
        ]
        return Rendered(
            text, [section(Markup("\n".join(lines))), actions(*buttons, block_id=f"{BLOCK}{view.submission_id}")]
        )

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Nobody, somebody, too late, not to be called."""
        return [
            cls(replace(EXAMPLE, team_told_at=_AT)),
            cls(replace(EXAMPLE, team_told_at=_AT, claimed=_SATO)),
            cls(replace(EXAMPLE, manager_due_at=_AT - timedelta(hours=1))),
            cls(replace(SPARSE, calls_allowed=False)),
        ]


@dataclass(frozen=True, slots=True)
class InboundOverdue:
    """To a manager, when the time for the first response is over."""

    view: InboundView

    def render(self, reader: Reader) -> Rendered:
        """Which lead, since when, who has it, and what can be done."""
        t, view = reader.t, self.view
        text = t.md(
            "*No first response in time:* {who}, received {received}, due {due}.",
            who=_headline(t, view),
            received=clock_time(t, view.received_at, reader.zone, reader.now),
            due=clock_time(t, view.manager_due_at, reader.zone, reader.now),
        )
        if view.responded_at is not None:
            shown = actions(
                button(t("Open the lead"), "lead.show", view.lead.lead_id), block_id=f"{BLOCK}{view.submission_id}"
            )
            return Rendered(text, [section(Markup(f"{text}\n{_state(reader, view)}")), shown])
        if view.claimed is not None and view.claimed_at is not None:
            state = t.md(
                "{who} took it at {time} and has not logged a call.",
                who=mention(view.claimed.slack_user),
                time=clock_time(t, view.claimed_at, reader.zone, reader.now),
            )
        else:
            state = t.md("Nobody has taken it.")
        lines = [Markup(f"🔴 {text}"), state, _urgency(t, view)]
        if view.calls_allowed and view.contact.phone:
            lines.append(Markup(f"📞 {t.phone_link(view.contact.phone)}"))
        first = (
            button(t("I take it"), "inbound.claim", view.submission_id, style="primary")
            if view.claimed is None
            else button(t("Pass on"), "inbound.pass_on", view.submission_id, style="primary")
        )
        buttons = [
            first,
            *call_buttons(t, view, first=False),
            button(t("Open the lead"), "lead.show", view.lead.lead_id),
        ]
        return Rendered(
            text, [section(Markup("\n".join(lines))), actions(*buttons, block_id=f"{BLOCK}{view.submission_id}")]
        )

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Nobody has it; somebody has it and has not called; it was answered at last."""
        return [cls(EXAMPLE), cls(replace(EXAMPLE, claimed=_SATO, claimed_at=_AT)), cls(SPARSE), cls(_ANSWERED)]


@dataclass(frozen=True, slots=True)
class InboundPassedOn:
    """To whoever was given a lead that came by itself."""

    view: InboundView
    by: str

    def render(self, reader: Reader) -> Rendered:
        """From whom, who it is, until when, and the buttons."""
        t, view = reader.t, self.view
        text = t.md("{by} passed this lead on to you: {who}.", by=self.by, who=_headline(t, view))
        lines = [Markup(f"🙋 {text}")]
        if view.responded_at is None:
            due = _by(t, view.manager_due_at, reader.zone, reader.now)
            lines.append(
                t.md("First call *{due}*", due=due)
                if view.manager_due_at > reader.now
                else t.md("*The time for the first call is over.* Please call now.")
            )
        if view.calls_allowed and view.contact.phone:
            lines.append(Markup(f"📞 {t.phone_link(view.contact.phone)}"))
        lines.append(_urgency(t, view))
        buttons = [*call_buttons(t, view, first=True), button(t("Open the lead"), "lead.show", view.lead.lead_id)]
        return Rendered(
            text, [section(Markup("\n".join(lines))), actions(*buttons, block_id=f"{BLOCK}{view.submission_id}")]
        )

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """In time, too late, answered, not to be called."""
        return [
            cls(EXAMPLE, "加藤 <裕子>"),
            cls(replace(EXAMPLE, manager_due_at=_AT - timedelta(days=1)), "加藤 裕子"),
            cls(replace(EXAMPLE, responded_at=_AT), "加藤 裕子"),
            cls(replace(SPARSE, calls_allowed=False), "加藤 裕子"),
        ]


_AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
_SATO = Person(1, "佐藤 美咲", "U0123456789")
EXAMPLE = InboundView(
    submission_id=4,
    form="お問い合わせ <本社>",
    lead=LeadLine(
        12,
        1,
        Stage.NEW,
        Source.INBOUND_FORM,
        None,
        None,
        None,
        None,
        _AT,
        3,
        "株式会社あおば精機製作所",
        5,
        "山田 太郎",
        "部長",
        7,
        "加藤 裕子",
        "U0123456780",
    ),
    account=AccountFacts(3, "株式会社あおば精機製作所", "", "", None, "機械", "", None, "東京都大田区", 1200, "", ""),
    contact=ContactFacts(
        5,
        "山田 太郎",
        "ヤマダ タロウ",
        "情報システム部",
        "部長",
        "+81310005000",
        "yamada@aoba-seiki.example",
        BuyingRole.UNKNOWN,
    ),
    filled=Filled(
        {
            Field.TOPIC: "お見積もり",
            Field.MESSAGE: "<!channel> 至急、見積をお願いします。\n現行の保守が6月で切れます & 50名で使います。",
            Field.PHONE: "03-1000-5000",
            Field.EMAIL: "yamada@aoba-seiki.example",
        },
        {"個人情報の取り扱い": "同意する", "流入 <広告>": "検索"},
    ),
    urgency=Urgency.HIGH,
    findings=(
        Finding(Reason.URGENT, "至急"),
        Finding(Reason.QUOTE, "見積"),
        Finding(Reason.DECIDES, "部長"),
        Finding(Reason.LARGE, "1200"),
    ),
    repeated=0,
    received_at=_AT,
    team_due_at=_AT + timedelta(minutes=3),
    manager_due_at=_AT + timedelta(minutes=5),
    team_told_at=None,
    manager_told_at=None,
    claimed=None,
    claimed_at=None,
    responder=None,
    responded_at=None,
    response_seconds=None,
    calls_allowed=True,
    posted_channel=None,
    ts=None,
)
"""An invented inquiry with everything in it, also text that must not become a mention."""

SPARSE = replace(
    EXAMPLE,
    account=replace(EXAMPLE.account, name="会社名の記入なし", industry="", employees=None),
    contact=replace(EXAMPLE.contact, name="お名前の記入なし", reading="", department="", title="", phone="", email=""),
    filled=Filled({Field.PHONE: "内線 <のみ>", Field.EMAIL: "だめ"}, {}),
    urgency=Urgency.LOW,
    findings=(),
    manager_due_at=_AT + timedelta(days=1),
)
_CLAIMED = replace(EXAMPLE, claimed=_SATO, claimed_at=_AT)
_ANSWERED = replace(_CLAIMED, responder="佐藤 美咲", responded_at=_AT + timedelta(minutes=2), response_seconds=130)
EXAMPLES = (
    EXAMPLE,
    replace(EXAMPLE, team_told_at=_AT),
    _CLAIMED,
    replace(EXAMPLE, manager_told_at=_AT),
    replace(_CLAIMED, manager_told_at=_AT),
    _ANSWERED,
    replace(_ANSWERED, response_seconds=4000),
    replace(_ANSWERED, response_seconds=None, responder=None, claimed=None, calls_allowed=False),
    replace(
        EXAMPLE,
        lead=replace(EXAMPLE.lead, stage=Stage.WORKING, next_step=NextStep.CALL),
        repeated=2,
        findings=(Finding(Reason.REPEATED, "2"), Finding(Reason.PITCH, "弊社サービスの紹介")),
        filled=Filled(
            {Field.MESSAGE: "長" * 5000, Field.PHONE: "03-1000-5999"}, {f"q{n}": "x" * 900 for n in range(9)}
        ),
        calls_allowed=False,
    ),
    SPARSE,
)
