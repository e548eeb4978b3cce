"""The handoff as messages: the post in the field-sales channel, its reminder, and the answers to inside sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self

from slack_sdk.models.blocks import Block, ButtonElement, RawTextObject, TableBlock, TableBlockColumnSettings

from domain.leads import BuyingRole
from domain.qualification.bant import (
    Answer,
    Answers,
    Authority,
    Budget,
    BudgetState,
    Element,
    Level,
    Need,
    Status,
    Timeline,
)
from domain.qualification.handoff import HandoffStatus, Package, ReturnReason, Section
from domain.qualification.verdict import Policy, judge
from handlers.blocks import actions, button, clip, context, divider, fields, header, quote, section
from handlers.i18n import Markup, Translator, escape, mention
from handlers.messages import Reader, Rendered
from handlers.qualification.words import element_facts, findings_text
from handlers.terms import ELEMENTS, RETURN_REASONS, SECTIONS, STATUS_MARKS, STATUSES
from services.outreach.records import ContactFacts
from services.qualification.records import HandoffView, Override, QualificationView, Return
from services.targeting.records import AccountFacts

CELL_LIMIT = 500


def bant_table(t: Translator, answers: Answers) -> Block:
    """The four elements as a table: element, state, details."""

    def row(*cells: str) -> list[RawTextObject]:
        return [RawTextObject(text=clip(cell, CELL_LIMIT) or "–") for cell in cells]

    rows = [row(t("Element"), t("Status"), t("Details"))]
    for element in Element:
        status = answers.status(element)
        details = " / ".join(f"{label}: {value}" for label, value in element_facts(t, answers, element))
        rows.append(row(t(ELEMENTS[element]), f"{STATUS_MARKS[status]} {t(STATUSES[status])}", details))
    wide = TableBlockColumnSettings(is_wrapped=True)
    return TableBlock(rows=rows, column_settings=[TableBlockColumnSettings(), TableBlockColumnSettings(), wide])


def _state_line(reader: Reader, view: HandoffView) -> Markup:
    t = reader.t
    match view.status:
        case HandoffStatus.WAITING:
            due = t.moment(view.due_at, reader.zone, now=reader.now)
            if view.reminded_at is not None:
                return Markup("🔴 " + t.md("*Waiting for an answer* – was due {due}", due=due))
            return Markup("🟡 " + t.md("*Waiting for an answer* – please answer by {due}", due=due))
        case HandoffStatus.ACCEPTED:
            return Markup(
                "✅ "
                + t.md(
                    "*Accepted* by {who} on {at}",
                    who=_person(view.acknowledged_by_slack_user, view.acknowledged_by),
                    at=t.moment(view.acknowledged_at, reader.zone, now=reader.now) if view.acknowledged_at else "–",
                )
            )
        case HandoffStatus.RETURNED:
            returned = view.returned
            at = returned.at if returned else view.acknowledged_at
            return Markup(
                "↩️ "
                + t.md(
                    "*Returned* by {who} on {at}: {reason}",
                    who=_returner(view),
                    at=t.moment(at, reader.zone, now=reader.now) if at else "–",
                    reason=t(RETURN_REASONS[returned.reason]) if returned else "–",
                )
            )


def _returner(view: HandoffView) -> Markup:
    """Whoever returned it; mentioned, where that is the one who answered first."""
    returned = view.returned
    if returned is None or returned.by == view.acknowledged_by:
        return _person(view.acknowledged_by_slack_user, view.acknowledged_by)
    return escape(returned.by)


def _person(slack_user: str | None, name: str | None) -> Markup:
    return mention(slack_user) if slack_user else escape(name or "–")


@dataclass(frozen=True, slots=True)
class HandoffPost:
    """The post in the field-sales channel; edited in place when the handoff is answered."""

    view: HandoffView

    def render(self, reader: Reader) -> Rendered:
        """Header, who, six sections, buttons while it waits."""
        t, view = reader.t, self.view
        package, qualification = view.package, view.qualification
        title = t("Handoff: {account}, {contact}", account=view.account.name, contact=view.contact.name)
        blocks: list[Block] = [
            header(title),
            section(_state_line(reader, view)),
            *fields(
                [
                    (t("Field sales"), mention(view.to_slack_user)),
                    (t("Inside sales"), mention(view.from_slack_user)),
                    (t("Contact person"), _contact(t, view.contact)),
                    (t("Handed off on"), escape(t.moment(view.created_at, reader.zone, now=reader.now))),
                ]
            ),
            divider(),
            _part(t, Section.COMPANY, package.company),
            _part(t, Section.KEY_PERSONS, package.key_persons),
            section(Markup(f"*{t(SECTIONS[Section.BANT])}*")),
            bant_table(t, qualification.answers),
            context(findings_text(t, qualification.verdict, qualification.answers)),
        ]
        if qualification.override is not None:
            blocks.append(
                context(
                    t.md(
                        "Verdict overridden by {name}: {reason}",
                        name=qualification.override.by,
                        reason=qualification.override.reason,
                    )
                )
            )
        blocks += [
            _part(t, Section.BACKGROUND, package.background),
            section(
                Markup(
                    f"*{t(SECTIONS[Section.WORRIES_AND_HOPES])}*\n"
                    + t.md("Worries: {worries}", worries=package.worries.strip() or "–")
                    + "\n"
                    + t.md("Hopes: {hopes}", hopes=package.hopes.strip() or "–")
                )
            ),
            _part(t, Section.CALL_SUMMARY, package.call_summary),
        ]
        if view.returned is not None and view.returned.comment:
            blocks.append(section(Markup(f"*{t('Comment on the return')}*\n{quote(view.returned.comment)}")))
        blocks.append(actions(*self._buttons(t)))
        return Rendered(title, blocks)

    def _buttons(self, t: Translator) -> list[ButtonElement]:
        view = self.view
        shown = button(t("Open the lead"), "lead.show", view.lead_id)
        if view.status is not HandoffStatus.WAITING:
            return [shown]
        return [
            button(
                t("Accept"),
                "handoff.accept",
                view.handoff_id,
                style="primary",
            ),
            button(t("Return"), "handoff.return", view.handoff_id),
            shown,
        ]

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Waiting, overdue, accepted, returned, and one with nearly nothing in it."""
        return [
            cls(EXAMPLE),
            cls(replace(EXAMPLE, overdue=True, reminded_at=EXAMPLE.due_at)),
            cls(_answered(HandoffStatus.ACCEPTED)),
            cls(_answered(HandoffStatus.RETURNED)),
            cls(SPARSE),
        ]


def _part(t: Translator, part: Section, text: str) -> Block:
    return section(Markup(f"*{t(SECTIONS[part])}*\n{escape(text.strip()) or '–'}"))


def _contact(t: Translator, contact: ContactFacts) -> Markup:
    place = " ".join(p for p in (contact.department, contact.title) if p)
    name = escape(f"{contact.name}（{contact.reading}）" if contact.reading else contact.name)
    lines = [Markup(f"{name}　{escape(place)}") if place else name]
    if contact.phone:
        lines.append(t.phone_link(contact.phone))
    if contact.email:
        lines.append(t.mail_link(contact.email))
    return Markup("\n".join(lines))


@dataclass(frozen=True, slots=True)
class HandoffReminder:
    """In the thread of the post, when its clock has run out."""

    view: HandoffView

    def render(self, reader: Reader) -> Rendered:
        """One line to the field-sales rep."""
        t = reader.t
        text = t.md(
            "{who} this handoff still waits for an answer. It was due {due}.",
            who=mention(self.view.to_slack_user),
            due=t.moment(self.view.due_at, reader.zone, now=reader.now),
        )
        return Rendered(text, [section(Markup(f":alarm_clock: {text}"))])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """The only form there is."""
        return [cls(EXAMPLE)]


@dataclass(frozen=True, slots=True)
class HandoffOverdue:
    """To a manager, when a handoff's clock has run out."""

    view: HandoffView

    def render(self, reader: Reader) -> Rendered:
        """Which handoff, whose, since when."""
        t, view = reader.t, self.view
        text = t.md(
            "*No answer yet:* {account}, {contact}\n{sender} → {receiver}, due {due}",
            account=view.account.name,
            contact=view.contact.name,
            sender=mention(view.from_slack_user),
            receiver=mention(view.to_slack_user),
            due=t.moment(view.due_at, reader.zone, now=reader.now),
        )
        return Rendered(
            text,
            [section(Markup(f":alarm_clock: {text}")), actions(button(t("Open the lead"), "lead.show", view.lead_id))],
        )

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """The only form there is."""
        return [cls(EXAMPLE)]


@dataclass(frozen=True, slots=True)
class HandoffAnswered:
    """To the inside-sales rep: field sales accepted or returned the lead."""

    view: HandoffView

    def render(self, reader: Reader) -> Rendered:
        """What was answered, by whom, and what to do next."""
        t, view = reader.t, self.view
        returned = view.returned
        if view.status is HandoffStatus.RETURNED and returned is not None:
            text = t.md(
                "*{account}* ({contact}) came back from {name}: {reason}",
                account=view.account.name,
                contact=view.contact.name,
                name=returned.by,
                reason=t(RETURN_REASONS[returned.reason]),
            )
            blocks: list[Block] = [section(Markup(f"↩️ {text}"))]
            if returned.comment:
                blocks.append(section(quote(returned.comment)))
            blocks.append(context(t.md("The lead is yours again, with the next step “call again”.")))
            blocks.append(
                actions(
                    button(t("Qualify again"), "lead.qualify", view.lead_id, style="primary"),
                    button(t("Open the lead"), "lead.show", view.lead_id),
                )
            )
            return Rendered(text, blocks)
        text = t.md(
            "*{account}* ({contact}) was accepted by {name}. Thank you!",
            account=view.account.name,
            contact=view.contact.name,
            name=view.acknowledged_by or view.to_name,
        )
        return Rendered(
            text, [section(Markup(f"✅ {text}")), actions(button(t("Open the lead"), "lead.show", view.lead_id))]
        )

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Accepted and returned."""
        return [cls(_answered(HandoffStatus.ACCEPTED)), cls(_answered(HandoffStatus.RETURNED))]


_AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
_ANSWERS = Answers(
    Budget(Status.CONFIRMED, 12_000_000, BudgetState.SECURED, "今期の予算に計上済み"),
    Authority(Status.CONFIRMED, "山田 太郎(情報システム部長)", "経理部 清水課長", "部長決裁、500万円超は役員会"),
    Need(
        Status.CONFIRMED, Level.HIGH, Level.MEDIUM, Level.HIGH, "受注の手入力に一日二時間 <かかっている> & 間違いも多い"
    ),
    Timeline(Status.NOT_ASKED, date(2026, 6, 1), None, ""),
    Answer.YES,
    Answer.YES,
    "現行システムの保守が切れる前に入れ替えたいとのこと。",
)

EXAMPLE = HandoffView(
    handoff_id=7,
    lead_id=12,
    status=HandoffStatus.WAITING,
    account=AccountFacts(
        3,
        "株式会社あおば精機製作所",
        "アオバセイキセイサクショ",
        "Aoba Seiki Works",
        None,
        "機械",
        "",
        None,
        "東京都大田区",
        120,
        "https://aoba-seiki.example",
        "",
    ),
    contact=ContactFacts(
        5,
        "山田 太郎",
        "ヤマダ タロウ",
        "情報システム部",
        "部長",
        "+81312345678",
        "yamada@aoba-seiki.example",
        BuyingRole.DECISION_MAKER,
    ),
    people=(),
    qualification=QualificationView(
        9,
        12,
        "佐藤 美咲",
        date(2026, 4, 1),
        _AT,
        _ANSWERS,
        Policy(),
        1,
        judge(_ANSWERS, Policy(), date(2026, 4, 1)),
        True,
        None,
    ),
    package=Package(
        company="株式会社あおば精機製作所(機械、従業員120名、東京都大田区)",
        key_persons="山田 太郎 部長(決裁者)\n清水 由美 課長(影響者)",
        background="問い合わせフォームから。<!channel> 保守切れが迫っている。",
        worries="移行で業務が止まること",
        hopes="入力の手間を半分に",
        call_summary="部長と20分。次回は現場の係長も同席したいとのこと。",
    ),
    channel="C0123456789",
    from_member_id=1,
    from_name="佐藤 美咲",
    from_slack_user="U0123456789",
    from_language="ja",
    from_zone="Asia/Tokyo",
    to_member_id=4,
    to_name="田中 大輔",
    to_slack_user="U0123456780",
    created_at=_AT,
    due_at=_AT + timedelta(hours=1),
    overdue=False,
    reminded_at=None,
    acknowledged_at=None,
    acknowledged_by=None,
    acknowledged_by_slack_user=None,
    returned=None,
    posted_channel=None,
    ts=None,
)
"""An invented handoff with everything in it, also text that must not become a mention."""

SPARSE = replace(
    EXAMPLE,
    account=replace(EXAMPLE.account, industry="", address="", employees=None, website=""),
    contact=replace(EXAMPLE.contact, department="", title="", phone="", email=""),
    qualification=replace(
        EXAMPLE.qualification,
        answers=Answers(),
        verdict=judge(Answers(), Policy(), date(2026, 4, 1)),
        override=Override("加藤 裕子", _AT, "社長同士の約束があるため"),
    ),
    package=Package("あ", "い", "え", "お" * 3000, "", "き" * 3000),
)


def _answered(status: HandoffStatus) -> HandoffView:
    returned = Return(7, _AT, "田中 大輔", ReturnReason.TOO_EARLY, "来期に入ってから\nもう一度 <お願い> します")
    return replace(
        EXAMPLE,
        status=status,
        acknowledged_at=_AT + timedelta(minutes=20),
        acknowledged_by="田中 大輔",
        acknowledged_by_slack_user="U0123456780",
        returned=returned if status is HandoffStatus.RETURNED else None,
    )
