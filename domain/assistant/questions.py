"""Requests that only read, as tables of forms; the first that fits counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from domain.assistant.orders import MEETING
from domain.assistant.requests import BREAKDOWNS, HONORIFIC, Request, kpi_in, name_in, period_in, request, time_apart

_ABOUT: Final = re.compile(
    r"^(?P<name>.+?)(?:の|って|は|とは|に関する|についての?|のこと|さん(?:の件)?|様(?:の件)?|の件"
    r"|(?<=[商事業社所機院園店会])|[、,\s])[、,]?(?:現在の|今の|いまの|最新の|最近(?:の|は)?)?"
    r"(?:状況|近況|様子|進捗|進み具合|どう(?:なって(?:る|いる|ます)?|なり(?:ました|ます)|です|だ)?|履歴|経緯|情報"
    r"|詳細|カード|"
    r"ステータス|連絡先|電話番号|メールアドレス|"
    r"これまで|担当者?は?誰|件|話|フェーズ|ステージ|温度感|やりとり|動き|次の(?:一手|アクション|ステップ)|"
    r"最後の(?:通話|架電|連絡))"
    r"(?:は|を|が|って|について|教えて|見せて|見たい|知りたい|確認(?:して|したい)?|どう(?:です|なって)?|なに|何|"
    r"ください|下さい|出して|いる|ます|か|の|て|る|い|す|で|\s)*$"
)
_ABOUT_PLAIN: Final = re.compile(
    r"^(?P<name>.+?)(?:について|のこと|を|の件)(?:を)?(?:$|教えて|見せて|知りたい|詳しく|開いて|出して|"
    r"表示して)(?:ほしい|ください|下さい|くれ|もらえますか|\s)*$"
)
_ABOUT_EN: Final = re.compile(
    r"^(?:(?:what(?:'s| is)|show(?: me)?|give me|get|check|tell me) )?(?:the )?(?:current |latest )?"
    r"(?:status|state|history|details?|news|latest|card|phone number|contact(?: details)?|situation)(?: of| for|"
    r" on| at| with| about)? (?P<name>.+)$"
    r"|^(?:tell me (?:more )?about|what about|what(?:'s| is) (?:up|happening|going on|new) (?:with|at)|"
    r"how (?:is|are) (?:things )?(?:with|at|going with)|"
    r"how(?:'s| is| are)|where (?:are|do) we (?:stand )?with|where do we stand with|show me|show|"
    r"open) (?P<name2>.+?)(?: doing| going)?$|^(?P<name3>[^ ]+(?: [A-Z][^ ]+)?) (?:status|history|situation)$",
    re.IGNORECASE,
)
_FIND: Final = re.compile(
    r"^(?:リード(?:で|の中で|から|を)?[、 ]?)?(?P<name>.+?)(?:という(?:会社|人|リード)|のリード|っていう(?:会社|"
    r"人))?(?:を|で|が)?[、 ]?"
    r"(?:検索|探し|さがし|探す|サーチ|(?<=さん)(?:は|って)?います|いる|あるか|(?:って|は)?登録(?:が)?(?:ある"
    r"|あります|されて(?:い)?(?:る"
    r"|ます)))"
    r"(?:て|して|する|したい|たい|ください|下さい|ほしい|くれ|いる|います|か|\s)*$"
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
    return lambda _said, lower: request(tool, kpi=kpi_in(lower), period=_period(lower), by=_by(lower))


def _days(tool: str) -> _Make:
    return lambda said, _lower: request(tool, when=time_apart(said)[1] or _open_span(said))


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
    rest, when = time_apart(said)
    name = ""
    english, found = _SLOTS_EN.match(rest), _SLOTS.search(rest)
    if english:
        name = name_in(english["name"])
    elif found and _NAMED.search(rest):
        name = name_in(rest[: found.start()])
    return request("free_slots", name=name, when=when or _open_span(lower))


def _open_span(said: str) -> str:
    found = re.search(r"今週|来週|再来週|今月|来月|this week|next week|this month|next month", said.lower())
    return found[0] if found else ""


def _period(lower: str) -> str | None:
    found = period_in(lower)
    return found.value if found else None


def _by(lower: str) -> str | None:
    return next((by for words, by in BREAKDOWNS if re.search(words, lower)), None)


_CALL: Final = r"(?:架電|電話|コール|テレアポ|かける|かけれ|掛ける)"
_READS: Final[tuple[tuple[str, _Make], ...]] = (
    (
        r"^(?:ヘルプ|help(?: me)?|\?)$|使い方|どうやって使|どう使|how does (?:this|it) work|(?:何|なに)が?(?:でき"
        r"|出来)(?:る|ま)|できること|what can (?:you|i)|how (?:do|"
        r"can) (?:you|i) (?:help|use)",
        _plain("help"),
    ),
    (
        r"差し?戻|戻(?:って(?:き|来)た|された)|(?:hand-?offs?|handed).*\bcame|突き返|return(?:ed)?\b|sent back"
        r"|came back",
        _plain("returned_handoffs"),
    ),
    (r"なぜ|なんで|何で|どうして|原因|理由|要因|\bwhy\b|what caused|reason", _figure("why")),
    (
        rf"(?:次|つぎ)は?(?:誰|だれ|どこ)|次(?:に|の)?{_CALL}|who'?s next|次の(?:リード|相手|人)|^(?!.*(?:今日"
        r"|本日)).*誰(?:に|"
        rf"から){_CALL}|次に(?:電話|連絡)"
        r"|who(?:m)? (?:should|do|shall|can) i (?:call|ring|phone) next|next (?:call|lead|one)\b",
        _plain("next_call"),
    ),
    (
        r"(?:つなが|繋が|出やす|捕まり|つかまり)り?やす|(?:つなが|繋が)る(?:時間|曜日)|(?:いつ|何時"
        r"|何曜日?).{0,6}(?:かけ|架電|電話|つなが|"
        r"繋が)|ヒートマップ"
        r"|best (?:time|hour|day)s? to (?:call|reach)|heat ?map|when (?:do|should|can) .*(?:pick up|call|reach)",
        _plain("best_hours"),
    ),
    (
        r"誰が|だれが|一番(?:多|高|い|アポ|架電|かけ)|ランキング|順位|トップ|ベスト|\bwho\b.*(?:most|best|highest|"
        r"top|lead)|ranking|"
        r"leader ?board|top (?:rep|performer)",
        _figure("ranking"),
    ),
    (
        r"着地|目標|達成|予算比|ペース|ノルマ|順調|届き|(?:今月|今週|今期)(?:は|、)?(?:いけ|行け)そう|進捗(?:率|は"
        r"|$|を)|landing|targets?\b|on track|forecast|"
        r"goals?\b|quota|pace",
        _figure("landing"),
    ),
    (
        r"期限(?:切れ|[がを]?過ぎ|[がを]?超過)|やり残し|\b(?:tasks?|steps?|things?|what|anything"
        r"|something)\b.*\blate\b|遅れて|遅延|滞って|放置|overdue|past due|running late",
        _plain("overdue_steps"),
    ),
    (
        r"(?:次の?|ネクスト)(?:一手|ステップ|アクション|予定|手)(?:が|の|は)?(?:ない|無い|なし|未|決まって"
        r"|入って(?:い)?ない)|(?:no|"
        r"without(?: an?)?) next (?:steps?|actions?)",
        _plain("aimless_leads"),
    ),
    (
        r"再架電|再コール|かけ直|掛け直|折り?返|コールバック|call ?-?backs?|(?:promised|planned|scheduled) calls",
        _plain("callbacks"),
    ),
    (
        r"(?:営業|フィールド|fs)に(?:渡し|引き渡し)|(?:引き?継ぎ?|トスアップ|ハンドオフ|hand-?offs?"
        r"|handed)(?!(?:件)?数)",
        _plain("handoffs"),
    ),
    (
        r"(?:初回対応|初動|反応|対応|返信|返答|返事)(?:の|は|って|が)?(?:時間|速|早|スピード|どれ(?:くらい|ぐらい)"
        r"|どの(?:くらい|ぐらい))|何分で(?:対応|返)|speed to lead|"
        r"first response|how (?:fast|"
        r"quickly)|response times?",
        _plain("response_speed"),
    ),
    (r"問い?合わ?せ|反響|インバウンド|フォーム|inquir|enquir|inbound|contact requests?", _plain("inquiries")),
    (
        rf"(?:{_CALL})(?:する)?(?:リスト|先|キュー|一覧|予定|対象|べき|相手)|コールリスト|キュー|(?:今日|本日"
        r"|きょう|一日)(?:は|"
        rf"の|、|\s)*(?:どこに?|誰に?|だれに?)(?:\s)*{_CALL}|今日(?:は|"
        rf"の)?(?:誰に)?{_CALL}(?!数|件数|した|実績|は?何)"
        r"|call (?:list|queue)|calling list|\bqueue\b|who(?:m)? (?:should|do|to|shall) (?:i )?(?:need to "
        r"|have to )?(?:call|ring|"
        r"phone)|(?:my|today'?s) calls|calls (?:for|to make) today",
        _plain("call_list"),
    ),
    (
        r"いつなら|(?:商談|アポ|訪問)(?:が|を)?(?:できる|入れられる|取れる)(?:枠|時間|日)|am i free|空き?(?:枠|時間"
        r"|状況|日程)?(?:は|が|を|ある|いて|$)|空いて|空き|あいてる|いつ商談|日程候補|候補日|"
        r"free (?:slots?|times?)|availab|open slots?|"
        r"when (?:can|could) (?:we|i) meet",
        _slots,
    ),
    (
        rf"{MEETING}(?:の)?(?!.*(?:率|数|獲得|取れ|とれ|何件|化))(?:は|の|を|いつ|何時|どこ|予定|一覧|リスト|ある"
        r"|あり"
        r"|教え|"
        rf"見せ|確認|スケジュール|$)"
        r"|\b(?:my|today'?s|tomorrow'?s|upcoming|next|this week'?s|any) (?:meetings?|appointments?)(?! set)|"
        r"meetings? (?:today|tomorrow|this week|next week)|what meetings",
        _days("meetings"),
    ),
    (
        r"(?:自分|私|僕|俺|担当|手持ち|持って(?:い)?る)(?:の|中の|している)?(?:リード|案件|顧客|お客)|"
        r"マイリード|担当中|my (?:open )?(?:leads|accounts|customers|companies)|leads i own",
        _plain("my_leads"),
    ),
    (
        r"what'?s on(?: for)? today|(?:my )?schedule (?:for )?today|today'?s (?:tasks|schedule|plan)|(?:今日|本日"
        r"|きょう)(?:の)?(?:予定|よてい|やること|タスク|todo|スケジュール|は何|って何|何を?(?:すれば|する))|"
        r"やること|何(?:を)?すれば|my day|to-?do|"
        r"agenda|what (?:should|do) i do|plan for today",
        _plain("today"),
    ),
)
_FIGURES: Final = (
    r"kpi|指標|数字|実績|成績|数値|ダッシュボード|ボード|レポート|パフォーマンス|figures|numbers|dashboard|metrics|"
    r"performance|results|report"
)


def question_in(said: str, lower: str) -> Request | None:
    for find in (_FIND_EN, _ABOUT_EN):
        found = find.match(said)
        if found:
            groups = found.groupdict()
            name = name_in(groups.get("name") or groups.get("name2") or groups.get("name3") or "")
            if name and not _known(name.lower()):
                return request("find_leads" if find is _FIND_EN else "lead", name=name)
    known = _known(lower)
    about = _ABOUT.match(said)
    # "The state of handoffs" is about handoffs, "the state of Aoba Precision" about a company.
    if about and (name := name_in(about["name"])) and not _known(name.lower()):
        return request("lead", name=name)
    if known:
        return known(said, lower)
    for words, tool in ((_FIND, "find_leads"), (_ABOUT_PLAIN, "lead")):
        found = words.match(said)
        if found:
            name = name_in(re.sub(r"^(?:リード)?[をがではに]?$", "", found["name"]))
            if name or tool == "find_leads":
                return request(tool, name=name)
    polite = HONORIFIC.fullmatch(said) or HONORIFIC.fullmatch(re.sub(r"(?:は|って)$", "", said))
    return request("lead", name=name_in(said)) if polite else None


def _known(lower: str) -> _Make | None:
    """The request whose words a sentence has."""
    for words, make in _READS:
        if re.search(words, lower):
            return make
    if kpi_in(lower) or re.search(_FIGURES, lower):
        return _figure("kpis")
    return None
