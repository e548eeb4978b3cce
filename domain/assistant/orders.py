"""Requests that change something: a meeting, a planned call, the result of a call."""

from __future__ import annotations

import re
from typing import Final

from domain.assistant.requests import Request, name_in, request, time_apart

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
MEETING: Final = r"(?:(?:初回|オンライン|次回)の?)?(?:商談|アポ(?:イント)?|打ち?合わ?せ|ミーティング|会議|面談|訪問)"
_BOOK: Final = re.compile(rf"(?:との|の)?{MEETING}{_DO}")
_BOOK_EN: Final = re.compile(
    r"\b(?:(?:can|could|would) you |i(?:'d| would) like to |i want to |let's )?(?:book|set up|schedule|"
    r"arrange|fix|add|plan|make)"
    r"(?: me| us)?(?: an?| the)?(?: new| sales| first)? ?(?:meeting|appointment|demo)\b"
)
_CALLBACK: Final = re.compile(
    r"(?:に|へ|を)?(?:再架電|再コール|かけ直(?:し|す|そう)?|掛け直(?:し|す|そう)?|折り返し?|コールバック|架電|電話"
    r"|コール|連絡|フォロー)"
    rf"(?:する)?(?:の?(?:予定|リマインド|リマインダー))?{_DO}"
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


_ASKED: Final = re.compile(
    r"^(?:please )?(?:did|do not|don'?t|never|how|who(?:m)?|when|was|were|is|are|am|should|have|has|had|why|what"
    r"|where|which|do) "
    r"|(?:し|れ|ら|き|け|か)ないで|(?:やめ|止め|キャンセル|取り消し?|取消)|コツ|方法|やり方|注意点|忘れ(?:ない|た)"
    r"|には$|誰(?:が|と|の)|(?:のは|は)(?:誰|いつ|どこ|何)"
    r"|入って(?:い)?(?:る|ます)|予定になって|か(?:どうか)?(?:を)?教え|一覧|リスト"
)
"""Questions, and orders not to."""


def order_in(said: str, lower: str, *, asked: bool = False) -> Request | None:
    """What is to be changed; None where nothing is. `asked`: there is a question mark at its end."""
    if _ASKED.search(lower):
        return None
    # Questions about what was done are no orders.
    if re.search(r"(?:ました|ています|てる|た|率|数|か|何件)$", lower) and not re.search(
        r"(?:ますか|くれますか|でした|入れた|残した|なりました|(?:出|つながら|繋がら)なかった)$", lower
    ):
        return None
    rest, when = time_apart(said)
    for words, tool in ((_LOG, "log_call"), (_BOOK, "book_meeting")):
        found = words.search(rest)
        if found and (name := name_in(without(rest, found))):
            return request(tool, name=name, **({"when": when} if tool == "book_meeting" else _result(rest)))
        if found and tool == "log_call":
            return request(tool, **_result(rest))
        if found and when and _ORDER.search(found[0]) and not _only_reads(lower):
            return request(tool, when=when)
    found = _LOG_EN.search(rest.lower())
    if found:
        result = _result(rest)
        words_ = _cut_results(without(rest, found))
        return request("log_call", name=name_in(words_), **result)
    found = _BOOK_EN.search(rest.lower())
    if found:
        return request("book_meeting", name=name_in(without(rest, found)), when=when)
    if when:
        for words in (_REMIND, _CALLBACK):
            found = words.search(rest)
            if found and (name := name_in(without(rest, found))):
                return request("plan_call", name=name, when=when)
        found = _CALLBACK_EN.match(rest.lower())
        if found and (name := name_in(re.sub(r" (?:back|again)\b", "", without(rest, found)))):
            return request("plan_call", name=name, when=when)
    # 田中さん、不在でした? asks whether it was so.
    return None if asked else _said_result(said)


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
            before = re.sub(r"[、, ]+$", "", before)
            before = re.sub(r"^i? ?(?:just )?(?:called|phoned|rang)\s+", "", before, flags=re.IGNORECASE)
            name = name_in(re.sub(r"[、, ]+(?:but|he|she|they)?\s*$", "", before))
            if name:
                return request("log_call", name=name, result=result)
    return None


def _result(said: str) -> dict[str, str]:
    found = next((result for words, result in _RESULTS if re.search(words, said.lower())), None)
    return {"result": found} if found else {}


def _cut_results(said: str) -> str:
    for words, _ in _RESULTS:
        said = re.sub(rf"(?i:[:,、 ]*{words})", "", said)
    return said


def without(said: str, found: re.Match[str]) -> str:
    return f"{said[: found.start()]} {said[found.end() :]}".strip()


_ORDER: Final = re.compile(
    r"設定|登録|予約|セット|調整|追加|作成|確保|入れ|いれ|取っ|とっ|組ん|くん|押さえ|おさえ|作っ|つくっ|して"
)


def _only_reads(lower: str) -> bool:
    return re.search(r"(?:は|ある|教えて|見せて|一覧|リスト|確認)", lower) is not None
