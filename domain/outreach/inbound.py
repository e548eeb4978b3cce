"""Leads that come by themselves: how urgent each is, and how fast somebody answered (work item 2-1)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Code, Refused, Rejected
from domain.outreach.form_fields import Field, Filled
from domain.performance.proportions import Proportion

RULES = "inbound"
"""The kind of a team's rules about leads that come by themselves."""
MAX_MINUTES = 540
"""A business day: an answer that may take longer needs no clock."""


@dataclass(frozen=True, slots=True)
class InboundRules:
    """What a team decided. `team_minutes` and `manager_minutes` are business minutes without a first response."""

    channel: str = ""
    """Where the cards stand; "" until somebody chose: then the fallback owner gets them as direct messages."""
    owner_id: int | None = None
    """The member whose leads they are until somebody claims them; None: a manager's."""
    team_minutes: int = 3
    manager_minutes: int = 5

    def check(self) -> None:
        """Raise `Rejected`: `team_minutes` and `manager_minutes` INVALID (1 to MAX_MINUTES, the manager's not before
        the team's)."""
        refusals = [
            Refused(Code.INVALID, name, least=1, most=MAX_MINUTES)
            for name in ("team_minutes", "manager_minutes")
            if not 1 <= getattr(self, name) <= MAX_MINUTES
        ]
        if not refusals and self.manager_minutes < self.team_minutes:
            refusals.append(Refused(Code.INVALID, "manager_minutes", least=self.team_minutes, most=MAX_MINUTES))
        if refusals:
            raise Rejected(*refusals)


# Urgency


class Urgency(StrEnum):
    """How fast an answer is needed, the most urgent first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Reason(StrEnum):
    """Why something is urgent, or is not."""

    URGENT = "urgent"
    QUOTE = "quote"
    DEMO = "demo"
    MEETING = "meeting"
    PRICE = "price"
    ADOPTION = "adoption"
    DECIDES = "decides"
    LARGE = "large"
    REPEATED = "repeated"
    MATERIAL = "material"
    PITCH = "pitch"


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason and what says so: the word as typed, the title, the number; "" where the reason says it all."""

    reason: Reason
    because: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """An urgency and its reasons, the weightiest first."""

    urgency: Urgency
    findings: tuple[Finding, ...]


LARGE_COMPANY = 300
"""Employees from which a company counts as large: where Japan's law ends to call a manufacturer small or medium
(中小企業基本法, 第二条)."""

_POINTS: dict[Reason, int] = {
    Reason.URGENT: 3,
    Reason.QUOTE: 3,
    Reason.DEMO: 3,
    Reason.MEETING: 2,
    Reason.REPEATED: 2,
    Reason.PRICE: 2,
    Reason.ADOPTION: 1,
    Reason.DECIDES: 1,
    Reason.LARGE: 1,
    Reason.MATERIAL: 0,
    Reason.PITCH: -3,
}
_HIGH_FROM, _MEDIUM_FROM = 3, 1

_ASKED: dict[Reason, tuple[str, str]] = {
    Reason.URGENT: (
        "至急|緊急|(?:お)?急ぎ|今すぐ|すぐに|本日中|今日中|明日まで|今週中|早急",
        "urgent(?:ly)?|asap|as soon as possible|immediately",
    ),
    Reason.QUOTE: ("(?:御|お)?見積(?:もり|り)?", "quot(?:e|ation)|estimate"),
    Reason.DEMO: ("デモ(?!グラ)|トライアル|試用|無料体験", "demo(?:nstration)?|trial|poc"),
    Reason.MEETING: (
        "打(?:ち)?合(?:わ)?せ|商談|面談|訪問|オンライン会議|相談|(?:お話|話)を?(?:し|聞|伺|うかが)"
        "|電話を?(?:くだ|下|いただ|頂|お願い)",
        "meeting|talk to|call me",
    ),
    Reason.PRICE: ("価格|料金|費用|いくら|プラン", "pric(?:e|es|ing)|cost"),
    Reason.ADOPTION: (
        "導入|検討|入れ替え|乗り換え|リプレイス|切り替え|更改|比較|稟議|予算",
        "budget|evaluat(?:e|ing)|replac(?:e|ing)",
    ),
    Reason.MATERIAL: (
        "資料(?:請求|ダウンロード|希望|を?(?:ください|下さい|送))|カタログ|ホワイトペーパー",
        "white ?paper|brochure",
    ),
    Reason.PITCH: (
        "弊社(?:の)?(?:サービス|製品|商品)(?:を|の)?(?:ご)?(?:紹介|案内|提案)|営業代行|求人広告|人材を?(?:ご)?紹介"
        "|業務提携のご(?:提案|相談)|SEO対策|被リンク|取材のお願い",
        "our services? (?:can|could|will)|guest post|backlinks?",
    ),
}
# An English word ends at other letters of its alphabet only: there is no space between it and Japanese.
_PATTERNS = {
    reason: re.compile(f"{japanese}|(?<![a-z])(?:{english})(?![a-z])", re.IGNORECASE)
    for reason, (japanese, english) in _ASKED.items()
}
# 見積は不要です, デモは結構です: what somebody asks not to get.
_DECLINED = re.compile(
    "^.{0,6}?(?:不要|無用|結構です|いりません|要りません|必要ありません|ではありません|じゃありません|ではなく)"
)
_DECIDES = re.compile(
    "代表|社長|会長|役員|取締役|執行役|本部長|事業部長|部長|室長|工場長|支店長|所長|院長|理事|オーナー"
    "|(?<![a-z])(?:c[efiotm]o|president|owner|founder|director|head of|vp|vice president)(?![a-z])",
    re.IGNORECASE,
)


def judge(filled: Filled, *, repeated: int = 0) -> Judged:
    """How urgent a submission is: from what was asked, who asks, how large the company is, and how often (`repeated`:
    earlier submissions of the same person)."""
    text = unicodedata.normalize("NFKC", f"{filled.text(Field.TOPIC)}\n{filled.text(Field.MESSAGE)}")
    found = [Finding(reason, word) for reason in _PATTERNS if (word := _asked(reason, text))]
    title = unicodedata.normalize("NFKC", filled.text(Field.TITLE))
    if _DECIDES.search(title):
        found.append(Finding(Reason.DECIDES, title))
    employees = filled.employees
    if employees is not None and employees >= LARGE_COMPANY:
        found.append(Finding(Reason.LARGE, str(employees)))
    if repeated:
        found.append(Finding(Reason.REPEATED, str(repeated)))
    found.sort(key=lambda finding: -abs(_POINTS[finding.reason]))
    points = sum(_POINTS[finding.reason] for finding in found)
    if any(finding.reason is Reason.PITCH for finding in found):
        # Whoever sells something uses all the words of somebody who buys.
        points = min(points, 0)
    urgency = Urgency.HIGH if points >= _HIGH_FROM else Urgency.MEDIUM if points >= _MEDIUM_FROM else Urgency.LOW
    return Judged(urgency, tuple(found))


def _asked(reason: Reason, text: str) -> str:
    for match in _PATTERNS[reason].finditer(text):
        if not _DECLINED.match(text[match.end() :]):
            return match[0]
    return ""


# Speed to lead

FIRST_RESPONSE_SECONDS = 300
"""The framework's own aim: a first response within five business minutes."""
ENOUGH_FOR_MEDIAN = 5
ENOUGH_FOR_P90 = 10
"""Of fewer, the ninetieth percentile is just the slowest."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed to lead of a window. `decided` were answered, or have waited longer than the aim; `waiting` still have
    time and count nowhere else.

    `median` and `p90` are business seconds, None where there are too few, or where so many have had no answer at all
    that nobody knows yet (`unanswered`).
    """

    decided: int
    within: int
    unanswered: int
    waiting: int
    median: float | None
    p90: float | None

    @property
    def share(self) -> Proportion:
        """First responses within five business minutes, of all that were answered or have waited longer."""
        return Proportion(self.within, self.decided)


def speed(seconds: Sequence[float], *, unanswered: int = 0, waiting: int = 0) -> Speed:
    """Speed to lead from the business seconds of each first response; `unanswered` have waited longer than the aim
    and count as slower than all that were answered."""
    ordered = sorted(seconds)
    decided = len(ordered) + unanswered
    return Speed(
        decided=decided,
        within=sum(1 for length in ordered if length <= FIRST_RESPONSE_SECONDS),
        unanswered=unanswered,
        waiting=waiting,
        median=_percentile(ordered, decided, 0.5) if decided >= ENOUGH_FOR_MEDIAN else None,
        p90=_percentile(ordered, decided, 0.9) if decided >= ENOUGH_FOR_P90 else None,
    )


def _percentile(ordered: Sequence[float], count: int, share: float) -> float | None:
    """Between the two nearest (linear interpolation); None where one of them is a response that never came."""
    place = (count - 1) * share
    low, high = math.floor(place), math.ceil(place)
    if high >= len(ordered):
        return None
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
