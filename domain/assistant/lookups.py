"""Requests to search what was written down and said: minutes, conversations, the playbook, a message in Slack."""

from __future__ import annotations

import re
from typing import Final

from domain.assistant.requests import EDGE, Request, request
from domain.slack_links import message_in

_WRITTEN: Final = (
    r"(?:(?:過去|以前|昔|これまで|今まで|通話|電話|架電|商談|会議|打ち合わせ|打合せ|リード|引き継ぎ|社内|全部"
    r"|みんな|チーム)の?)*"
    r"(?:議事録|メモ|ノート|記録|文字起こし|録音|会話|発言|台本|スクリプト|トーク集|プレイブック|切り返し集"
    r"|ナレッジ|過去ログ)(?:の中)?"
)
"""Where something may stand."""
_SEEK: Final = r"(?:検索|探|さが|捜|サーチ|調べ|見つけ|ヒット)"
_END: Final = (
    r"(?:を|が|は|って|とか|も)?(?:、|\s)*"
    rf"(?:{_SEEK}|見せ|出し|教え|確認|ある|ありま|あった|見たい|読みたい|知りたい)?"
    r"(?:し|す|て|で|る|た|い|ます|せん|か|ない|おいて|ほしい|欲しい|たい|くれ|ください|下さい|もらえ|いただけ|いる"
    r"|いま|です|の|お願い|\s)*$"
)
_SAID: Final = (
    r"(?:言って|話して|言われて|聞かれて|触れて|出て|書いて|書かれて)(?:い)?(?:た|る|ある|きた)"
    r"|(?:言|話さ|聞か)(?:った|われた|れた)|書(?:いた|かれた)|出た"
)
_LINKS: Final = (
    r"(?:の(?:話|こと|件|名前|単語)(?:が|を|は|に)?)?(?:に(?:ついて|関して|関する|触れ(?:た|ている))(?:の|いる)?"
    r"|について(?:の)?"
    rf"|(?:が|を|と|って|という|の)?(?:{_SAID}|入った|入っている|含む|ある)|の)"
)
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # 議事録検索 保守費用
        rf"^{_WRITTEN}(?:を|の|で)?(?:検索|サーチ)[:、\s]+(?P<words>.+)$",
        # 予算の件、過去の議事録から検索して; 議事録で予算の話を探して
        rf"^(?P<words>.+?)[、\s]+{_WRITTEN}(?:から|で|を|に|内で)+.{{0,4}}?{_SEEK}{_END}",
        rf"^(?:.{{1,20}}?との)?{_WRITTEN}(?:から|で|に|を|内で|、|\s)+(?P<words>.+?){_END}",
        # 山田商事のメモを検索; 稟議の話が出た記録を探して
        rf"^(?P<words>.+?){_LINKS}{_WRITTEN}{_END}",
        # 予算について検索
        rf"^(?P<words>.+?)(?:に(?:ついて|関して)|の(?:話|件|こと))(?:の(?:話|記述)|を)*{_SEEK}{_END}",
        # 稟議って誰か言ってた?; 値段が高いって言われたやつ探して
        r"^(?P<words>.+?)(?:の話|のこと)?(?:って|と|を|は|が)?(?:(?:誰|だれ|どこ)か(?:が|で"
        rf"|に)?)(?:{_SAID})(?:っけ|か|の|\s)*$",
        rf"^(?P<words>.+?)(?:の話|のこと)?(?:って|と)(?:{_SAID})(?:やつ|もの|人|お?客(?:様|さん)?|会社|の"
        rf"|こと){_END}",
    )
)
_SEEKS: Final = re.compile(rf"{_SEEK}|見せ|出し|教え|確認|ある|ありま|あった|言って|見たい|読みたい|知りたい|言われ")
_WRITTEN_EN: Final = (
    r"(?:(?:the|our|my|all|any|past|old|previous|call|meeting|team'?s?) )*"
    r"(?:notes?|minutes|records|recordings?|transcripts?|calls|conversations?|meetings|playbook|scripts?|objections"
    r"|handoffs)"
)
_FORMS_EN: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"^(?:can you |could you |please )?(?:search|find|look|check|go)(?: me)?(?: (?:in|through|for|up))*"
        rf" {_WRITTEN_EN} (?:for|about|on|mentioning|that mention|which mention|with|where .{{1,30}}? (?:said"
        r"|mentioned))"
        r"(?: the| an?)? (?P<words>.+)$",
        r"^(?:can you |could you |please )?(?:search|look|find)(?: for)?(?: the| an?)? (?P<words>.+?)"
        rf" (?:in|from|through) {_WRITTEN_EN}$",
        r"^(?:did|has|have) (?:any(?:one|body)|some(?:one|body)|a customer|(?:the )?customers?) (?:ever )?"
        r"(?:mention(?:ed)?|sa(?:y|id)|(?:talk(?:ed)?|sp(?:eak|oken|oke)|ask(?:ed)?|complain(?:ed)?) (?:about|for)"
        r"|say about)"
        r"(?: the| an?)? (?P<words>.+)$",
        r"^who (?:mentioned|said|(?:talked|spoke|asked|complained) (?:about|for))(?: the| an?)? (?P<words>.+)$",
        r"^what did (?P<name>.+?) say about(?: the| an?| their)? (?P<words>.+)$",
    )
)
_HEAD: Final = re.compile(rf"^(?:{_WRITTEN}(?:の|から|で|に|、|\s)+)+")
_ABOUT: Final = re.compile(
    r"(?:(?:の|な)?(?:話|こと|件|名前|やつ|内容|部分|箇所|ところ|発言)?(?:が|を|は|も|に)?(?:書い(?:て|た).*|出て.*"
    r"|ある)?"
    r"|さん|様|、|\s|過去|以前|過去の)$"
)
_NOTHING: Final = re.compile(
    r"^(?:通話|電話|架電|商談|会議|打ち合わせ|昨日|今日|今週|先週|今月|先月|最近|最新|自分|私|全部|新しい|the|an?"
    r"|last|latest)?の?$",
    re.IGNORECASE,
)


def lookup_in(said: str) -> Request | None:
    """What somebody wants to be searched for in what was written down; None where nobody does."""
    if (link := message_in(said)) is not None:
        start = said.index("http")
        address = re.match(r"[^\s<>|]+", said[start:])
        return request("search", words=address[0] if address else link.ts)
    if said.isascii():
        for form in _FORMS_EN:
            found = form.match(said)
            if found:
                return request("search", words=" ".join(value.strip(EDGE) for value in found.groups() if value))
        return None
    if not _SEEKS.search(said):
        return None
    for form in _FORMS:
        found = form.match(said)
        if found and (words := _plain(found["words"])):
            return request("search", words=words)
    return None


def _plain(words: str) -> str:
    """Only what is looked for: 「リース契約」 of 「リース契約」という言葉, 納期 of 納期のこと書いてあるの."""
    quoted = re.search(r"「([^」]+)」", words)
    if quoted:
        return quoted[1].strip(EDGE)
    before = None
    while before != words:
        before = words
        words = _HEAD.sub("", words).strip(EDGE)
        words = _ABOUT.sub("", words).strip(EDGE)
    return "" if _NOTHING.match(words) else words
