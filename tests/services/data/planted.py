"""A person about whom every kind of thing is known, each told by a text that stands nowhere else; and a search for such
texts through everything a database holds."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from domain.leads import NextStep
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.qualification.bant import Answer, Answers, Authority, Budget, Need, Status, Timeline
from domain.qualification.handoff import Package, ReturnReason
from prompts.llm import Segment
from services.listening import Heard
from services.outreach import calls, suppressions
from services.outreach.form_sources import NewSecret
from services.outreach.leads import NewLead, NextStepInput, add, set_next_step
from services.pipeline import recording_work, recordings
from services.qualification import bant, handoff, meeting_changes, meeting_offers, meetings, verdict
from services.qualification.meeting_records import MeetingView, Occasion, OfferView, Plan, Words
from storage import recordings as queries
from storage.tables import Mail
from tests.services.office import CHANNEL, Office
from tests.services.outreach.website import send
from tests.services.qualification.test_meetings import slot

NOTES = 30


@dataclass
class Planted:
    """`tag` is in every text, so that two of them are told apart."""

    tag: str
    name: str
    reading: str
    phone: str
    phone_spellings: tuple[str, ...]
    email: str
    texts: list[str] = field(default_factory=list)
    lead_id: int = 0
    meeting_id: int = 0

    def text(self, what: str) -> str:
        """A new text, which stands in one place only."""
        made = f"{self.tag}{what}{len(self.texts)}番"
        self.texts.append(made)
        return made

    def said(self, what: str) -> str:
        """The same text each time it is asked for."""
        made = f"{self.tag}{what}文"
        if made not in self.texts:
            self.texts.append(made)
        return made

    @property
    def searched(self) -> list[str]:
        """All that must be found nowhere."""
        closed = self.name.replace(" ", "")
        names = [self.name, closed, self.name.replace(" ", "\u3000"), self.reading]
        return [*self.texts, *names, *self.phone_spellings, self.email, self.email.upper()]


def makabe() -> Planted:
    return Planted(
        "玉藻",
        "真壁 燈里",
        "マカベ アカリ",
        "03-5550-0147",
        ("+81355500147", "03-5550-0147", "0355500147", "０３-５５５０-０１４７"),
        "akari.makabe@tamamo.example",
    )


def nanao() -> Planted:
    return Planted(
        "葛葉",
        "七尾 千尋",
        "ナナオ チヒロ",
        "03-5550-0258",
        ("+81355500258",),
        "chihiro.nanao@kuzunoha.example",
    )


async def record(office: Office, who: Planted, hour: int) -> None:
    """A call with her, recorded and noted."""
    spoken = f"{who.name}: 今期の予算として500万円を確保しています{who.text('発言')}。"

    async def fetch(_file_id: str, path: Path, _most: int) -> None:
        await asyncio.to_thread(
            path.write_text, f"佐藤: ご予算は？\n{spoken}\n{who.name}: 集計に困っています。", "utf-8"
        )

    made = await recordings.receive(
        office.deps, office.sato, file_id=f"F{hour}", filename=f"{who.text('録音')}.vtt", channel="D1", thread_ts=None
    )
    assert made is not None
    await recordings.confirm(office.deps, office.sato, made, who.lead_id)
    await recording_work.work(office.deps, office.team_id, made, fetch)
    # And one of which the first piece has been heard.
    begun = await recordings.receive(
        office.deps, office.sato, file_id=f"G{hour}", filename="call.m4a", channel="D1", thread_ts=None
    )
    assert begun is not None
    await recordings.confirm(office.deps, office.sato, begun, who.lead_id)
    piece = Heard(0.0, 1.0, (Segment(f"{who.text('聞取')}です。", 0, 1000, who.name),))
    async with office.deps.writing(office.team_id) as session:
        await queries.keep_heard(session, begun, {"digest": "0" * 64, "of": 2, "pieces": [piece.to_json()]})


async def plant(office: Office, form: NewSecret, who: Planted, hour: int) -> None:
    """Everything that can be known of a person, through the services that write it down. `hour`: of the meetings."""
    deps = office.deps = replace(office.deps, public_url="https://bot.example/")
    sato, mori, ito = office.sato, office.mori, office.ito
    who.lead_id = await add(
        deps,
        sato,
        NewLead(
            office.account_id,
            who.name,
            reading=who.reading,
            department=who.text("部署"),
            title=who.text("役職"),
            phone=who.phone,
            email=who.email,
            note=who.text("備考"),
        ),
    )
    today = deps.today(sato.zone)
    step = NextStepInput(NextStep.CALL, on=today + timedelta(days=1), note=who.text("次回"))
    await set_next_step(deps, sato, who.lead_id, step)
    await record(office, who, hour)
    # The form knows her by her address, and writes her lead on.
    fields = {
        "お名前": who.name,
        "メールアドレス": who.email,
        "電話番号": who.phone,
        "お問い合わせ内容": who.text("問合"),
    }
    received = await send(office, form, {**fields, "好きな色": who.text("自由項目")}, who.text("受付"))
    assert received.lead_id == who.lead_id
    for wanted in ("通話", "取消"):
        office.clock.forward(minutes=1)
        result = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, note=who.text(wanted))
        call_id = await calls.record(deps, sato, who.lead_id, result)
    await calls.undo(deps, sato, call_id)
    answers = Answers(
        Budget(Status.CONFIRMED, amount_yen=1_000_000, note=who.text("予算")),
        Authority(Status.CONFIRMED, who.text("決裁者"), who.text("影響者"), who.text("経路")),
        Need(Status.CONFIRMED, note=who.text("必要")),
        Timeline(Status.CONFIRMED, start_on=today, note=who.text("時期")),
        Answer.YES,
        Answer.YES,
        who.text("要約"),
    )
    judged = await bant.qualify(deps, sato, who.lead_id, answers)
    turned = await verdict.override(deps, mori, judged.qualification_id, who.text("変更"))
    await verdict.override(deps, mori, turned.qualification_id, who.text("再変更"))
    package = Package(*(who.text(name) for name in ("会社", "要人", "背景", "不安", "期待", "通話要約")))
    handed = await handoff.post(
        deps, sato, who.lead_id, judged.qualification_id, package, ito.member_id, CHANNEL, request_key=who.tag
    )
    await handoff.return_(deps, ito, handed.handoff_id, ReturnReason.OTHER, who.text("差戻"))

    def write(occasion: Occasion, view: MeetingView, link: str) -> Words:
        return Words(f"{occasion} {view.subject}", f"{view.contact} 様 {who.said('文面')} {link}", who.said("説明"))

    def write_offer(view: OfferView, link: str) -> Words:
        return Words(view.subject, f"{view.contact} 様 {who.said('候補')} {link}")

    plan = Plan(who.text("件名"), who.text("場所"), (who.email, f"guest.{hour}@tamamo.example"), "Asia/Tokyo", "ja")
    who.texts.append(f"guest.{hour}@tamamo.example")
    office_plan = replace(plan, guests=(who.email,))
    await meeting_offers.send(
        deps, sato, who.lead_id, [slot(office, hour, day=d) for d in (3, 7, 8)], office_plan, write_offer
    )
    off = await meetings.book(deps, sato, who.lead_id, slot(office, hour, day=6), plan, write)
    await meeting_changes.cancel(deps, sato, office.team_id, off.meeting_id, who.text("中止"), write)
    made = await meetings.book(deps, sato, who.lead_id, slot(office, hour), plan, write)
    who.meeting_id = made.meeting_id
    # A server that quotes the address; and what no service writes yet.
    async with deps.writing(office.team_id) as session:
        first = await session.scalar(sa.select(sa.func.min(Mail.key)).where(Mail.to_address == who.email))
        refused = f"550 {who.email} {who.text('拒否')}"
        html = f"<p>{who.text('装飾')}</p>"
        await session.execute(sa.update(Mail).where(Mail.key == first).values(error=refused, html=html))
    await suppressions.stop_calling(deps, sato, who.lead_id, who.text("架電停止"))
    await suppressions.stop_writing(deps, sato, who.lead_id, who.text("配信停止"))


def found_in(texts: list[str], haystack: str) -> list[str]:
    """Those of the texts that stand in it."""
    return [text for text in texts if text in haystack]


def in_file(texts: list[str], path: Path) -> list[str]:
    """Those of the texts that stand in a file, as they are or as JSON escapes them."""
    content = path.read_bytes() if path.exists() else b""
    forms = {text: (text.encode(), json.dumps(text)[1:-1].encode()) for text in texts}
    return [text for text, spellings in forms.items() if any(spelling in content for spelling in spellings)]


__all__ = ["Planted", "found_in", "in_file", "makabe", "nanao", "plant"]
