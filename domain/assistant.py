"""What people ask the assistant for, understood without a model: the commonest requests, in Japanese and English.

`understand` turns a sentence into the name of a tool and the words for its arguments. It knows forms, not facts:
whether there is a Tanaka, and what 来週火曜14時 means on the team's calendar, the tools find out. The forms are
tables, tried in their order, so a request is added by a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
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


_PERIODS: Final[tuple[tuple[str, Period], ...]] = (
    (r"先週|前週|last week|previous week", Period.LAST_WEEK),
    (r"先月|前月|last month|previous month", Period.LAST_MONTH),
    (r"昨日|きのう|yesterday", Period.YESTERDAY),
    (r"今週|this week", Period.THIS_WEEK),
    (r"今月|当月|this month", Period.THIS_MONTH),
    (r"今日|本日|きょう|today", Period.TODAY),
)
_BREAKDOWNS: Final[tuple[tuple[str, str], ...]] = (
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
    (r"(架電|コール|電話|発信)(件)?数|何件(架電|電話|コール)|(架電|電話|コール)(は|を|して)?何(件|本|回)", "dials"),
    (r"dials?\b|calls? (made|volume)|number of calls|how many calls|call count", "dials"),
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
_HONORIFIC: Final = re.compile(
    r"^(?P<name>.+?)(?:さん|さま|様|氏|くん|君|殿|ちゃん|先生|社長|部長|課長|係長|(?i:-san\b|-sama\b))"
    r"(?=$|[のをにとへはがも、,\s]|って|宛|から|あて)"
)
_TITLE: Final = re.compile(r"^(?:mr|mrs|ms|dr)\.?\s+", re.IGNORECASE)
_EDGE: Final = " \u3000、,。.・:;「」『』\"'“”()[]<>"
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
    found = [(match.start(), period) for words, period in _PERIODS if (match := re.search(words, text))]
    return min(found)[1] if found else None


def kpi_in(text: str) -> str | None:
    """The key of the KPI that lower-case text names."""
    return next((key for words, key in KPI_WORDS if re.search(words, text)), None)


def name_in(text: str) -> str:
    """Whom a part of a sentence names, without 様 and particles; "" where it names nobody."""
    said = text.strip(_EDGE)
    before = None
    while before != said:
        before = said
        said = _ENGLISH_EDGE.sub("", said).strip(_EDGE)
    polite = _HONORIFIC.match(said)
    if polite:
        said = polite["name"]
    else:
        if len(said) > 1:
            said = _PARTICLES.sub("", said)
        said = re.sub(r"'s$", "", said)
    said = _TITLE.sub("", said).strip(_EDGE)
    return "" if len(said) > MOST_NAME or _NOBODY.match(said) else said


def _time_apart(text: str) -> tuple[str, str]:
    """A sentence without the words that say when, and those words."""
    for said in (text, normalise(text)):
        lower = said.lower()
        place = spot(lower) if len(lower) == len(said) else None
        if place is not None:
            start, end = place
            rest = said[end:]
            return f"{said[:start]} {re.sub('^(?:から|に|の|で|は)', '', rest)}".strip(), said[start:end]
    return text, ""


# Requests that change something ------------------------------------------------------------------------------------

_DO: Final = (
    r"(?:を|の|で|は|も|、|\s)*(?:新規)?(?:に)?"
    r"(?:設定|登録|予約|セット|調整|追加|ブッキング|予定|確保|作成|記録|入力|メモ)?(?:を)?"
    r"(?:して(?:おいて|ほしい|欲しい|くれ|ください|下さい|もらえ|いただけ)?|しといて|したい|する|します|"
    r"しておいて|しましょう|しよう|"
    r"入れ(?:て|といて|たい|る|ます|ておいて)?|いれ(?:て|といて|たい|る)|取っ(?:て|といて)|とっ(?:て|といて)|"
    r"組ん(?:で|どいて)|"
    r"くんで|押さえ(?:て|たい)|おさえて|作っ(?:て|といて)|つくって|つけ(?:て|といて)|付けて|残し(?:て|といて)|"
    r"お願い|$)"
    r"(?:おいて|ほしい|欲しい|くれ(?:ますか|る|ない)?|ください|下さい|もらえ(?:ますか|る)?|いただけ(?:ますか|"
    r"る)?|ね|よ|な|"
    r"んだけど|のですが|です|と思います|か|、|。|\s)*$"
)
_MEETING: Final = r"(?:(?:初回|オンライン|次回)の?)?(?:商談|アポ(?:イント)?|打ち?合わ?せ|ミーティング|会議|面談|訪問)"
_BOOK: Final = re.compile(rf"(?:との|の)?{_MEETING}{_DO}")
_BOOK_EN: Final = re.compile(
    r"\b(?:(?:can|could|would) you |i(?:'d| would) like to |i want to |let's )?(?:book|set up|schedule|"
    r"arrange|fix|add|plan|make)"
    r"(?: me| us)?(?: an?| the)?(?: new| sales| first)? ?(?:meeting|appointment|demo)\b"
)
_CALLBACK: Final = re.compile(
    r"(?:に|へ|を)?(?:再架電|かけ直し?|掛け直し?|折り返し?|コールバック|架電|電話|コール|連絡|フォロー)"
    rf"(?:の?(?:予定|リマインド|リマインダー))?{_DO}"
)
_REMIND: Final = re.compile(
    r"(?:に|へ|を|と)?(?:再架電|架電|電話|コール|連絡)?(?:する|した方がいい|するよう|する件)?(?:に|を|の|と)?"
    r"(?:リマインド|思い出させ|知らせ)(?:して|て)?(?:おいて|ほしい|ください|下さい|くれ)*$"
)
_CALLBACK_EN: Final = re.compile(
    r"\b(?:remind me to |i(?:'ll| will| need to| have to) |schedule (?:a |another )?|plan (?:a |another )?|"
    r"set (?:a |up a )?|please )*"
    r"(?:call(?:-| )?backs?|call|ring|phone|follow up with)(?: back| again)?\b(?: (?:for|with|to))?"
)
_LOG: Final = re.compile(
    rf"(?:への|との|の)?(?:通話|架電|電話|コール)(?:の?結果)?(?:を|の)?(?:記録|登録|ログ|入力|メモ){_DO}"
)
_LOG_EN: Final = re.compile(
    r"\b(?:log|record|note|save)(?: an?| the| my)? ?(?:call|phone call|dial)\b(?: (?:with|to|for))?"
)
_RESULTS: Final[tuple[tuple[str, str], ...]] = (
    (
        r"(?:担当(?:者)?(?:は|が)?不在|席を?外し(?:て(?:いた|います|た)?)?|離席(?:中)?|外出中|"
        r"away from (?:the|his|her) desk|was away|not in)",
        "absent",
    ),
    (r"(?:留守電(?:話)?|留守番電話|ボイスメール|left a voicemail|voice ?mail)", "voicemail"),
    (
        r"(?:不在|不通|出なかった|出ない|出ませんでした|つながらなかった|繋がらなかった|no answer|"
        r"did(?:n't| not) (?:answer|pick up))",
        "no_answer",
    ),
)
_RESULT_TAIL: Final = (
    r"(?:[とで](?:記録|登録))?(?:でした|だった|です|に(?:入れた|なった|残した|なりました))?"
    r"(?:[とで]?(?:記録|登録))?(?:して)?(?:おいて)?(?:ください|下さい)?$"
)


def _writes(said: str, lower: str) -> Request | None:
    # Questions about what was done are no orders.
    if re.search(r"(?:ました|ています|てる|た|率|数|か|何件)$", lower) and not re.search(
        r"(?:ますか|くれますか|でした|入れた|残した|なりました)$", lower
    ):
        return None
    rest, when = _time_apart(said)
    for words, tool in ((_LOG, "log_call"), (_BOOK, "book_meeting")):
        found = words.search(rest)
        if found and (name := name_in(_without(rest, found))):
            return _with(tool, name=name, **({"when": when} if tool == "book_meeting" else _result(rest)))
        if found and tool == "log_call":
            return _with(tool, **_result(rest))
        if found and when and _ORDER.search(found[0]) and not _only_reads(lower):
            return _with(tool, when=when)
    found = _LOG_EN.search(rest.lower())
    if found:
        result = _result(rest)
        words_ = _cut_results(_without(rest, found))
        return _with("log_call", name=name_in(words_), **result)
    found = _BOOK_EN.search(rest.lower())
    if found:
        return _with("book_meeting", name=name_in(_without(rest, found)), when=when)
    if when:
        for words in (_REMIND, _CALLBACK):
            found = words.search(rest)
            if found and (name := name_in(_without(rest, found))):
                return _with("plan_call", name=name, when=when)
        found = _CALLBACK_EN.match(rest.lower())
        if found and (name := name_in(re.sub(r" (?:back|again)\b", "", _without(rest, found)))):
            return _with("plan_call", name=name, when=when)
    return _said_result(said)


def _said_result(said: str) -> Request | None:
    """田中さん、不在でした: the result of a call that was just made."""
    for words, result in _RESULTS:
        found = re.search(rf"(?i:{words}){_RESULT_TAIL}", said)
        if found:
            before = re.sub(
                r"(?:に|へ|は|が|と)?(?:架電|電話|コール)(?:した(?:が|けど|ら)?|しました(?:が)?|"
                r"の?結果(?:は)?)?[、, ]*$",
                "",
                said[: found.start()],
            )
            before = re.sub(r"^i? ?(?:just )?(?:called|phoned|rang)\s+", "", before, flags=re.IGNORECASE)
            name = name_in(re.sub(r"[、, ]+(?:but|he|she|they)?\s*$", "", before))
            if name:
                return _with("log_call", name=name, result=result)
    return None


def _result(said: str) -> dict[str, str]:
    found = next((result for words, result in _RESULTS if re.search(words, said.lower())), None)
    return {"result": found} if found else {}


def _cut_results(said: str) -> str:
    for words, _ in _RESULTS:
        said = re.sub(rf"(?i:[:,、 ]*{words})", "", said)
    return said


def _without(said: str, found: re.Match[str]) -> str:
    return f"{said[: found.start()]} {said[found.end() :]}".strip()


_ORDER: Final = re.compile(
    r"設定|登録|予約|セット|調整|追加|作成|確保|入れ|いれ|取っ|とっ|組ん|くん|押さえ|おさえ|作っ|つくっ|して"
)


def _only_reads(lower: str) -> bool:
    return re.search(r"(?:は|ある|教えて|見せて|一覧|リスト|確認)", lower) is not None


def _with(tool: str, **arguments: str | None) -> Request:
    return Request(tool, MappingProxyType({name: value for name, value in arguments.items() if value}))


# Requests that only read -------------------------------------------------------------------------------------------

_ABOUT: Final = re.compile(
    r"^(?P<name>.+?)(?:の|って|は|とは|に関する|についての?|のこと)[、,]?(?:現在の|今の|いまの|最新の|最近の)?"
    r"(?:状況|近況|様子|進捗|進み具合|どう(?:なって(?:る|いる|ます)?|です|だ)?|履歴|経緯|情報|詳細|カード|"
    r"ステータス|連絡先|電話番号|メールアドレス|"
    r"これまで|担当者?は?誰|件|話|フェーズ|ステージ|温度感|やりとり|動き|次の(?:一手|アクション|ステップ)|"
    r"最後の(?:通話|架電|連絡))"
    r"(?:は|を|が|って|について|教えて|見せて|知りたい|確認(?:して|したい)?|どう(?:です|なって)?|なに|何|"
    r"ください|下さい|出して|いる|ます|か|の|て|る|い|す|で|\s)*$"
)
_ABOUT_PLAIN: Final = re.compile(
    r"^(?P<name>.+?)(?:について|のこと|を|の件)(?:を)?(?:教えて|見せて|知りたい|詳しく|開いて|出して|"
    r"表示して)(?:ほしい|ください|下さい|くれ|もらえますか|\s)*$"
)
_ABOUT_EN: Final = re.compile(
    r"^(?:(?:what(?:'s| is)|show(?: me)?|give me|get|check|tell me) )?(?:the )?(?:current |latest )?"
    r"(?:status|state|history|details?|news|card|phone number|contact(?: details)?|situation)(?: of| for|"
    r" on| at| with| about)? (?P<name>.+)$"
    r"|^(?:tell me (?:more )?about|what about|what(?:'s| is) (?:up|happening|going on|new) (?:with|at)|"
    r"how (?:is|are) (?:things )?(?:with|at|going with)|"
    r"how(?:'s| is| are)|where (?:are|do) we (?:stand )?with|where do we stand with|show me|show|"
    r"open) (?P<name2>.+?)(?: doing| going)?$",
    re.IGNORECASE,
)
_FIND: Final = re.compile(
    r"^(?:リード(?:で|の中で|から|を)?[、 ]?)?(?P<name>.+?)(?:という(?:会社|人|リード)|のリード|っていう(?:会社|"
    r"人))?(?:を|で|が)?[、 ]?"
    r"(?:検索|探し|さがし|探す|サーチ|いる|あるか)(?:て|して|する|したい|たい|ください|下さい|ほしい|くれ|いる|"
    r"か|\s)*$"
)
_FIND_EN: Final = re.compile(
    r"^(?:can you |please )?(?:find|search(?: for)?|look (?:up|for)|do we (?:have|know))(?: me)?(?: a| the|"
    r" any)?(?: leads?(?: named| called| at| from| for| with)?)? (?P<name>.+?)(?: in (?:our|the) leads)?$",
    re.IGNORECASE,
)

_Make = Callable[[str, str], Request]


def _plain(tool: str) -> _Make:
    return lambda _said, _lower: Request(tool)


def _figure(tool: str) -> _Make:
    return lambda _said, lower: _with(tool, kpi=kpi_in(lower), period=_period(lower), by=_by(lower))


def _days(tool: str) -> _Make:
    return lambda said, _lower: _with(tool, when=_time_apart(said)[1] or _open_span(said))


_SLOTS: Final = re.compile(
    r"(?:の|との|に|は|で|が)?(?:商談|訪問|アポ)?(?:の|できる|に|が)?(?:空き?|あき|日程候補|候補日).*$"
)
_SLOTS_EN: Final = re.compile(
    r"^.*?\b(?:slots?|times?|availability|available|free)\b.*?\b(?:for|"
    r"with)\b(?: a)?(?: meeting)?(?: with)?(?P<name>.*)$",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(r"さん|様|氏|社|商事|工業|製作所")
"""Before 空き枠 more often stands a week than a name, so a name has to look like one."""


def _slots(said: str, lower: str) -> Request:
    rest, when = _time_apart(said)
    name = ""
    english, found = _SLOTS_EN.match(rest), _SLOTS.search(rest)
    if english:
        name = name_in(english["name"])
    elif found and _NAMED.search(rest):
        name = name_in(rest[: found.start()])
    return _with("free_slots", name=name, when=when or _open_span(lower))


def _open_span(said: str) -> str:
    found = re.search(r"今週|来週|再来週|今月|来月|this week|next week|this month|next month", said.lower())
    return found[0] if found else ""


def _period(lower: str) -> str | None:
    found = period_in(lower)
    return found.value if found else None


def _by(lower: str) -> str | None:
    return next((by for words, by in _BREAKDOWNS if re.search(words, lower)), None)


_CALL: Final = r"(?:架電|電話|コール|テレアポ|かける|かけれ|掛ける)"
_READS: Final[tuple[tuple[str, _Make], ...]] = (
    (
        r"^(?:ヘルプ|help|\?)$|使い方|(?:何|なに)が?(?:でき|出来)(?:る|ま)|できること|what can (?:you|i)|how (?:do|"
        r"can) (?:you|i) (?:help|use)",
        _plain("help"),
    ),
    (r"差し?戻|突き返|return(?:ed)?\b|sent back|came back", _plain("returned_handoffs")),
    (r"なぜ|なんで|何で|どうして|原因|理由|要因|\bwhy\b|what caused|reason", _figure("why")),
    (
        rf"次は?(?:誰|だれ|どこ)|次(?:に|の){_CALL}|次の(?:リード|相手|人)|^(?!.*(?:今日|本日)).*誰(?:に|"
        rf"から){_CALL}|次に電話"
        r"|who(?:m)? (?:should|do|shall|can) i (?:call|ring|phone) next|next (?:call|lead|one)\b",
        _plain("next_call"),
    ),
    (
        r"(?:つなが|繋が|出やす|捕まり|つかまり)り?やす|(?:いつ|何時|何曜日?).{0,6}(?:かけ|架電|電話|つなが|"
        r"繋が)|ヒートマップ"
        r"|best (?:time|hour|day)s? to (?:call|reach)|heat ?map|when (?:do|should|can) .*(?:pick up|call|reach)",
        _plain("best_hours"),
    ),
    (
        r"誰が|だれが|一番(?:多|高|い|アポ|架電)|ランキング|順位|トップ|ベスト|\bwho\b.*(?:most|best|highest|"
        r"top|lead)|ranking|"
        r"leader ?board|top (?:rep|performer)",
        _figure("ranking"),
    ),
    (
        r"着地|目標|達成|予算比|ペース|ノルマ|順調|届き|進捗(?:率|は|$|を)|landing|targets?\b|on track|forecast|"
        r"goals?\b|quota|pace",
        _figure("landing"),
    ),
    (r"期限(?:切れ|が?過ぎ|超過)|遅れて|遅延|滞って|放置|overdue|past due|running late", _plain("overdue_steps")),
    (
        r"次の?(?:一手|ステップ|アクション|予定|手)(?:が|の|は)?(?:ない|無い|なし|未|決まって)|(?:no|"
        r"without(?: an?)?) next steps?",
        _plain("aimless_leads"),
    ),
    (
        r"再架電|かけ直|掛け直|折り返|コールバック|call ?-?backs?|(?:promised|planned|scheduled) calls",
        _plain("callbacks"),
    ),
    (r"(?:引き?継ぎ?|トスアップ|ハンドオフ|hand-?offs?|handed)(?!(?:件)?数)", _plain("handoffs")),
    (
        r"(?:初回対応|初動|反応|対応|返信|返答)(?:の)?(?:時間|速|早|スピード)|何分で(?:対応|返)|speed to lead|"
        r"first response|how (?:fast|"
        r"quickly)|response times?",
        _plain("response_speed"),
    ),
    (r"問い?合わ?せ|反響|インバウンド|フォーム|inquir|enquir|inbound|contact requests?", _plain("inquiries")),
    (
        rf"(?:{_CALL})(?:する)?(?:リスト|先|キュー|一覧|予定|対象|べき|相手)|コールリスト|キュー|今日(?:は|"
        rf"の)?(?:誰に)?{_CALL}(?!数|件数|した|実績|は?何)"
        r"|call (?:list|queue)|calling list|\bqueue\b|who(?:m)? (?:should|do|to|shall) (?:i )?(?:call|ring|"
        r"phone)|(?:my|today'?s) calls",
        _plain("call_list"),
    ),
    (
        r"空き?(?:枠|時間|状況|日程)?(?:は|が|を|ある|いて|$)|空いて|空き|あいてる|いつ商談|日程候補|候補日|"
        r"free (?:slots?|times?)|availab|open slots?|"
        r"when (?:can|could) (?:we|i) meet",
        _slots,
    ),
    (
        rf"{_MEETING}(?:の)?(?!.*(?:率|数|獲得|取れ|とれ|何件|化))(?:は|の|を|予定|一覧|リスト|ある|あり|教え|"
        rf"見せ|確認|スケジュール|$)"
        r"|(?:my|today'?s|tomorrow'?s|upcoming|next|this week'?s|any) (?:meetings?|appointments?)(?! set)|"
        r"meetings? (?:today|tomorrow|this week|next week)|what meetings",
        _days("meetings"),
    ),
    (
        r"(?:自分|私|僕|俺|担当|手持ち|持って(?:い)?る)(?:の|中の|している)?(?:リード|案件|顧客|お客)|"
        r"my (?:open )?leads",
        _plain("my_leads"),
    ),
    (
        r"(?:今日|本日|きょう)(?:の)?(?:予定|やること|タスク|todo|スケジュール|は何|何を?(?:すれば|する))|"
        r"やること|何(?:を)?すれば|my day|to-?do|"
        r"agenda|what (?:should|do) i do|plan for today",
        _plain("today"),
    ),
)
_FIGURES: Final = (
    r"kpi|指標|数字|実績|成績|数値|ダッシュボード|ボード|レポート|パフォーマンス|figures|numbers|dashboard|metrics|"
    r"performance|results|report"
)
_MORE: Final = re.compile(
    r"^(?:じゃあ|では|それで|あと|それなら|and|what about|how about)?[、, ]*(?P<rest>.+?)(?:は|だと|では|なら|"
    r"の場合|分|の分)?(?:どう(?:です|だった|でした)?)?(?:か)?$"
)


def understand(text: str, before: Request | None = None) -> Request | None:
    """What somebody asks for; None where it is none of the common requests.

    `before` is what was asked in the same thread last: 「なぜ?」 and 「先月は?」 go on from there.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    said = tidy(text)
    lower = said.lower()
    if not said:
        return None
    if before is not None and (more := _more(lower, before)):
        return more
    found = _writes(said, lower) or _read(said, lower)
    if found is not None and found.tool == "why" and before is not None:
        kept = {name: before.arguments[name] for name in ("kpi", "period") if name in before.arguments}
        return _with("why", **{**kept, **found.arguments})
    return found


def _more(lower: str, before: Request) -> Request | None:
    """The same again for another time, another way of dividing or another KPI: 先月は?, 担当別では?"""
    found = _MORE.match(lower)
    rest = found["rest"].strip(_EDGE) if found else lower
    for words, period in _PERIODS:
        if re.fullmatch(words, rest) and (before.tool in FIGURES):
            return _with(before.tool, **{**before.arguments, "period": period.value})
    for words, by in _BREAKDOWNS:
        if re.fullmatch(words, rest) and before.tool in FIGURES:
            return _with("kpis", **{**before.arguments, "by": by})
    if before.tool == "meetings" and spot(rest) == (0, len(rest)):
        return _with("meetings", when=rest)
    return None


FIGURES: Final = frozenset({"kpis", "why", "ranking", "landing"})
"""The tools that are asked about a KPI or a period."""


def _read(said: str, lower: str) -> Request | None:
    for find in (_FIND_EN, _ABOUT_EN):
        found = find.match(said)
        if found:
            groups = found.groupdict()
            name = name_in(groups.get("name") or groups.get("name2") or "")
            if name and not _known(name.lower()):
                return _with("find_leads" if find is _FIND_EN else "lead", name=name)
    known = _known(lower)
    about = _ABOUT.match(said)
    # "The state of handoffs" is about handoffs, "the state of Aoba Precision" about a company.
    if about and (name := name_in(about["name"])) and not _known(name.lower()):
        return _with("lead", name=name)
    if known:
        return known(said, lower)
    for words, tool in ((_FIND, "find_leads"), (_ABOUT_PLAIN, "lead")):
        found = words.match(said)
        if found:
            name = name_in(re.sub(r"^(?:リード)?[をがではに]?$", "", found["name"]))
            if name or tool == "find_leads":
                return _with(tool, name=name)
    polite = _HONORIFIC.fullmatch(said) or _HONORIFIC.fullmatch(re.sub(r"(?:は|って)$", "", said))
    return _with("lead", name=name_in(said)) if polite else None


def _known(lower: str) -> _Make | None:
    """The request whose words a sentence has."""
    for words, make in _READS:
        if re.search(words, lower):
            return make
    if kpi_in(lower) or re.search(_FIGURES, lower):
        return _figure("kpis")
    return None
