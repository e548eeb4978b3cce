"""What is asked for, and the pieces of a sentence: whom it names, when, which figure and for what time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.outreach.time_words import normalise, spot

MOST_CHARACTERS: Final = 300
"""Whoever writes more tells something; the commonest requests are short."""
MOST_NAME: Final = 80


class Period(StrEnum):
    """The time a figure is asked for."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"


@dataclass(frozen=True, slots=True)
class Request:
    """A tool by its name, and its arguments as words."""

    tool: str
    arguments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def request(tool: str, **arguments: str | None) -> Request:
    return Request(tool, MappingProxyType({name: value for name, value in arguments.items() if value}))


PERIODS: Final[tuple[tuple[str, Period], ...]] = (
    (r"先週|前週|last week|previous week", Period.LAST_WEEK),
    (r"先月|前月|last month|previous month", Period.LAST_MONTH),
    (r"昨日|きのう|yesterday", Period.YESTERDAY),
    (r"今週|this week", Period.THIS_WEEK),
    (r"今月|当月|this month", Period.THIS_MONTH),
    (r"今日|本日|きょう|today", Period.TODAY),
)
BREAKDOWNS: Final[tuple[tuple[str, str], ...]] = (
    (r"(担当者?|メンバー|個人|人|rep)(別|ごと|毎)|by (rep|member|person)", "rep"),
    (r"((獲得)?経路|流入元?|ソース|チャネル)(別|ごと|毎)|by (source|channel)", "source"),
    (r"(業種|業界|セグメント)(別|ごと|毎)|by (industry|segment)", "segment"),
)

KPI_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"接続率|コネクト率|connect(ion)? rate", "connect_rate"),
    (r"着電率|通電率|応答率|answer rate", "answer_rate"),
    (r"リーチ率|reach rate", "reach_rate"),
    (r"アポ(イント)?(獲得)?率|appointment rate", "meetings_per_answered"),
    (r"(1人|一人|担当者?)(1日|一日)?(あたり|当たり)の(架電|コール)|dials per (rep|person|day)", "dials_per_rep_day"),
    (r"有効(コンタクト|会話|通話)?率|effective rate", "effective_rate"),
    (r"有効(コンタクト|会話|通話)|effective conversations?", "effective"),
    (r"sql率|適格率|qualif(ied|ication) rate", "qualified_rate"),
    (r"\bsql\b|sql(数|件数)|(?<![a-z])sql(?![a-z])|適格リード|qualified leads?", "sales_qualified"),
    (r"商談化率|案件化率|opportunity rate", "opportunity_per_connected"),
    (r"商談化|案件化|opportunit(y|ies)", "opportunities"),
    (r"(商談)?(実施率|出席率)|show(-up)? rate", "show_rate"),
    (r"商談(実施)?(件)?数|実施(した)?商談|meetings held", "meetings_held"),
    (r"(引き?継ぎ|トスアップ)(件)?数|number of hand-?offs", "handoffs"),
    (r"(受け入れ|受入|受諾|承認)率|acceptance rate", "acceptance_rate"),
    (r"新規リード|リード(獲得)?(件)?数|new leads", "new_leads"),
    (r"bant(の)?(充足|完了|確認)?率?|bant completion", "bant_completion"),
    (r"初回対応|初動|first response|speed to lead", "first_response"),
    (r"(アポ(イント)?|appointments?|meetings? set|\bmeetings\b)", "meetings_set"),
    (
        r"(架電|コール|電話|発信)(件)?数|何件(架電|電話|コール)|(架電|電話|コール)(は|を|して)?何(件|本|回)|何(件|本|回)かけ|(どれくらい|どのくらい)(架電|電話|かけ)",
        "dials",
    ),
    (r"dials?\b|calls? (made|volume)|number of calls|how many calls|most calls|call count", "dials"),
    (r"架電実績|架電量", "dials"),
)
"""What people call a KPI, and its key in the catalogue; the first that is found counts."""

_TRIM_HEAD: Final = re.compile(
    r"^(?:(?:hi|hey|hello|please|ok|okay)\b[,!. ]*|kakehashi\b[,、 ]*|かけはし[、, ]*|"
    r"(?:お疲れ(?:様|さま)(?:です)?|おはよう(?:ございます)?|こんにちは|すみません|すいません|ねえ|あの)[、。,!\s]*)+",
    re.IGNORECASE,
)
_TAIL: Final = "?!。、.,~… \t\r\n\u3000"
_TRIM_TAIL: Final = re.compile(r"(?:お願い(?:いた|致)?します|お願い|よろしく|please|thanks|thank you)$", re.IGNORECASE)
HONORIFIC: Final = re.compile(
    r"^(?P<name>.+?)(?:さん|さま|様|氏|くん|君|殿|ちゃん|先生|社長|部長|課長|係長|(?i:-san\b|-sama\b))"
    r"(?=$|[のをにとへはがも、,\s]|って|宛|から|あて)"
)
_TITLE: Final = re.compile(r"^(?:mr|mrs|ms|dr)\.?\s+", re.IGNORECASE)
EDGE: Final = " \u3000、,。.・:;「」『』\"'“”()[]<>"
_PARTICLES: Final = re.compile(r"(?:との|への|について|に関して|から|って|[をにとのへはがも])$")
_ENGLISH_EDGE: Final = re.compile(
    r"^(?:with|to|for|of|about|the|at|from|on)\s+|\s(?:with|to|for|at|on|the|as|was|is|a)$", re.IGNORECASE
)
_NOBODY: Final = re.compile(
    r"^(?:誰か?|だれ|どこ|どの|それ|これ|あれ|その(?:会社|人)|全部|全員|みんな|自分|私|僕|俺|うち|チーム|リード|"
    r"会社|企業|担当|"
    r"今日|本日|明日|昨日|今週|来週|先週|今月|先月|最近|今|商談|アポ|架電|電話|me|my|i|we|us|it|that|this|them|"
    r"someone|"
    r"everyone|things|everything|today|tomorrow|a lead|leads|a customer)$",
    re.IGNORECASE,
)


def tidy(text: str) -> str:
    """Half-width where there is a half-width form, single spaces, without greetings and without the final marks.

    What comes after `MOST_CHARACTERS` is left out: so much is no request and no name.
    """
    said = " ".join(unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).split())
    said = _TRIM_HEAD.sub("", said).strip()
    before = None
    while before != said:
        # Not a pattern: it would begin anew at each of a thousand full stops.
        before, said = said, _TRIM_TAIL.sub("", said.rstrip(_TAIL)).strip()
    return said


def period_in(text: str) -> Period | None:
    """The period that lower-case text names first."""
    found = [(match.start(), period) for words, period in PERIODS if (match := re.search(words, text))]
    return min(found)[1] if found else None


def kpi_in(text: str) -> str | None:
    """The key of the KPI that lower-case text names."""
    return next((key for words, key in KPI_WORDS if re.search(words, text)), None)


def name_in(text: str) -> str:
    """Whom a part of a sentence names, without 様 and particles; "" where it names nobody."""
    said = text.strip(EDGE)
    before = None
    while before != said:
        before = said
        said = _ENGLISH_EDGE.sub("", said).strip(EDGE)
    polite = HONORIFIC.match(said)
    if polite:
        said = polite["name"]
    else:
        if len(said) > 1:
            said = _PARTICLES.sub("", said)
        said = re.sub(r"'s$", "", said)
    said = _TITLE.sub("", said).strip(EDGE)
    # (株)あおば精機 lost its first mark to the edges.
    said = re.sub(r"^(株|有|社|財|医|学)\)", r"(\1)", said)
    return "" if len(said) > MOST_NAME or _NOBODY.match(said) else said


def time_apart(text: str) -> tuple[str, str]:
    """A sentence without the words that say when, and those words."""
    for said in (text, normalise(text)):
        lower = said.lower()
        place = spot(lower) if len(lower) == len(said) else None
        if place is not None:
            start, end = place
            rest = said[end:]
            return f"{said[:start]} {re.sub('^(?:から|に|の|で|は)', '', rest)}".strip(), said[start:end]
    return text, ""
