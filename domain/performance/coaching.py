"""How a call was led: measures that are counted, never judged.

Times are milliseconds. What a transcript has no times or sides for is None, not nought. The seven stages are those of
the team's scripts (domain/outreach/scripts.py), as inside sales in Japan teaches them: 受付突破, 名乗り, 用件,
ヒアリング, 価値の提示, 反論対応, クロージング.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from domain.outreach.scripts import Stage as CallStage
from domain.pipeline.transcripts import Side, Transcript, Utterance

SILENCE_MS: Final = 3_000
"""From here on a pause is a silence."""


@dataclass(frozen=True, slots=True)
class Measures:
    """A call in figures. Of `ours_ms` and `theirs_ms` each moment counts once, however many spoke on a side;
    `overlap_ms` is how long both sides spoke at once. `longest_ms` is the longest monologue of ours: turns in a row
    that nobody else broke, from the beginning of the first to the end of the last; `longest_number` its first
    utterance.
    """

    ours_ms: int | None
    theirs_ms: int | None
    ours_letters: int | None
    theirs_letters: int | None
    longest_ms: int | None
    longest_number: int | None
    silences: int | None
    silence_ms: int | None
    overlap_ms: int | None
    our_questions: int | None
    their_questions: int | None
    stages: tuple[CallStage, ...] | None

    @property
    def talk_ratio(self) -> Fraction | None:
        """Our share of the time in which somebody spoke."""
        return _share(self.ours_ms, self.theirs_ms)

    @property
    def letter_ratio(self) -> Fraction | None:
        """Our share of the letters: what there is where a transcript has no times."""
        return _share(self.ours_letters, self.theirs_letters)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"stages": None if self.stages is None else [stage.value for stage in self.stages]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measures:
        """The value that `to_json` wrote."""
        stages = data.get("stages")
        values = {name: data.get(name) for name in cls.__slots__}
        return cls(**values | {"stages": None if stages is None else tuple(CallStage(stage) for stage in stages)})


def _share(ours: int | None, theirs: int | None) -> Fraction | None:
    if ours is None or theirs is None or ours + theirs == 0:
        return None
    return Fraction(ours, ours + theirs)


def measure(transcript: Transcript) -> Measures:
    """The figures of a conversation."""
    said = transcript.utterances
    sided = bool(said) and all(u.side is not Side.UNKNOWN for u in said)
    spans = _spans(said)
    ours = theirs = overlap = silences = silence = longest = None
    number = None
    if spans is not None:
        pauses = [pause for pause in _pauses(spans) if pause >= SILENCE_MS]
        silences, silence = len(pauses), sum(pauses)
    if spans is not None and sided:
        of_ours = _union(span for span, u in zip(spans, said, strict=True) if u.side is Side.OURS)
        of_theirs = _union(span for span, u in zip(spans, said, strict=True) if u.side is Side.THEIRS)
        ours, theirs, overlap = _length(of_ours), _length(of_theirs), _common(of_ours, of_theirs)
        longest, number = _monologue(spans, said)
    return Measures(
        ours_ms=ours,
        theirs_ms=theirs,
        ours_letters=_letters(said, Side.OURS) if sided else None,
        theirs_letters=_letters(said, Side.THEIRS) if sided else None,
        longest_ms=longest,
        longest_number=number,
        silences=silences,
        silence_ms=silence,
        overlap_ms=overlap,
        our_questions=_asked(said, Side.OURS) if sided else None,
        their_questions=_asked(said, Side.THEIRS) if sided else None,
        stages=stages_covered(transcript) if sided else None,
    )


# Time

Span = tuple[int, int]


def _spans(said: Sequence[Utterance]) -> list[Span] | None:
    """When each was said; None where one of them has no times."""
    if not said or any(u.start_ms is None or u.end_ms is None for u in said):
        return None
    return [(u.start_ms or 0, u.end_ms or 0) for u in said]


def _union(spans: Iterable[Span]) -> list[Span]:
    """The same moments in spans that do not touch, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def _common(left: Sequence[Span], right: Sequence[Span]) -> int:
    """How long two unions have in common: both, less what they are together."""
    return _length(left) + _length(right) - _length(_union([*left, *right]))


def _pauses(spans: Sequence[Span]) -> list[int]:
    together = _union(spans)
    return [after[0] - before[1] for before, after in pairwise(together)]


def _monologue(spans: Sequence[Span], said: Sequence[Utterance]) -> tuple[int, int | None]:
    """Our longest run of turns, and the number of its first; (0, None) where we never spoke."""
    longest, number = 0, None
    begun: tuple[int, int] | None = None
    reached = 0
    for (start, end), u in sorted(zip(spans, said, strict=True), key=lambda each: (each[0], each[1].number)):
        if u.side is not Side.OURS:
            begun = None
            continue
        if begun is None:
            begun, reached = (start, u.number), end
        reached = max(reached, end)
        if number is None or reached - begun[0] > longest:
            longest, number = reached - begun[0], begun[1]
    return longest, number


# Words


def _letters(said: Iterable[Utterance], side: Side) -> int:
    """Letters and digits, without spaces and marks."""
    return sum(sum(letter.isalnum() for letter in u.text) for u in said if u.side is side)


def _asked(said: Iterable[Utterance], side: Side) -> int:
    return sum(questions(u.text) for u in said if u.side is side)


_SENTENCES = re.compile(r"[^。．!！?？\n]+[。．!！?？]*")
_ENGLISH_STOP = re.compile(r"(?<=[a-z0-9])\.(?=\s|$)")
_LISTENING = re.compile(
    r"^(?:(?:あ[っー]?|はい|ええ|へえ|なるほど|ほう|うん)[、,\s]*)*"
    r"(?:そう(?:なん|だったん)?ですか|さようで(?:ございます|す)か|左様で(?:ございます|す)か|本当ですか|マジですか)$"
)
"""What is said while listening has the form of a question and asks nothing."""
_ASKS = re.compile(
    r"(?:です|ます|でした|ました|でしょう|ましょう|ません|ないん|んだろう|だろう|ないでしょう|られます|ございます)か(?:ね|ねえ|な|しら)?$"
    r"|(?:ますっけ|でしたっけ|ですっけ|だっけ|かな|かしら|のかな|いただけますか|でしょうかね)$"
)
_ENGLISH = re.compile(
    r"^(?:and |but |so |ok(?:ay)? |well )*(?!do it\b)(?:"
    r"(?:do|does|did|is|are|was|were|can|could|would|will|have|has|had|shall|should|may|might) "
    r"(?:you|we|i|they|he|she|it|there|that|this|your|the|anyone|someone)\b"
    r"|(?:what|why|how|when|where|who|which)(?:'s|'re| is| are| was| were| do| does| did| would| will| can| could"
    r"| should| about| many| much| long| often| kind of)\b)",
    re.IGNORECASE,
)


def questions(text: str) -> int:
    """How many questions a text asks: sentences with a question mark, polite Japanese sentences that end in か, and
    English ones that begin as questions do. Sounds of listening (そうですか) are none."""
    folded = _ENGLISH_STOP.sub("。", unicodedata.normalize("NFKC", text))
    return sum(_is_question(sentence) for sentence in _SENTENCES.findall(folded))


def _is_question(sentence: str) -> bool:
    bare = sentence.strip().rstrip("。.!?！？…ー~〜 ").rstrip("」』)）")
    if not bare:
        return False
    if _LISTENING.search(bare):
        return False
    if sentence.rstrip().rstrip("」』)）").endswith(("?", "？")):
        return True
    return bool(_ASKS.search(bare) or (_ENGLISH.match(bare) and not sentence.rstrip().endswith("!")))


_STAGE_CUES: Final[Mapping[CallStage, re.Pattern[str]]] = {
    CallStage.RECEPTION: re.compile(
        r"ご?担当(?:者|の方)?.{0,12}(?:いらっしゃ|お願い|つな|繋|代わ)|(?:様|さん)は?.{0,6}(?:いらっしゃいますか|お手すき|ご在席|お戻り)"
        r"|おつなぎ|お繋ぎ|代わっていただ|\b(?:speak (?:to|with)|put me through|connect me|is .{1,30} available)\b",
        re.IGNORECASE,
    ),
    CallStage.OPENING: re.compile(
        r"と申します|お世話になって(?:おり|い)ます|お世話になります|はじめまして|初めまして|の[^\s、。]{1,10}でございます"
        r"|お時間(?:を)?(?:いただ|頂|よろし|大丈夫)"
        r"|\bmy name is\b|\bthis is .{1,30}(?:from|at|with)\b|\bthanks for (?:taking|joining)\b"
        r"|\b(?:is now|do you have) (?:a )?(?:good time|a minute|a moment)\b",
        re.IGNORECASE,
    ),
    CallStage.PURPOSE: re.compile(
        r"(?:の|その)件で|お電話(?:を)?(?:いたし|差し上げ|させて|しま)"
        r"|ご連絡(?:を)?(?:いたし|差し上げ|させて|しま)|本日は.{0,60}(?:たく|ため|件|ご紹介|お話|伺)"
        r"|目的|資料(?:を)?(?:ご)?(?:請求|ダウンロード)|お問い?合わせ(?:を)?(?:いただ|頂)"
        r"|\b(?:reason (?:for|i)|i'm calling|calling (?:about|because|to|regarding)|purpose of"
        r"|today i(?:'d| would) like)\b",
        re.IGNORECASE,
    ),
    CallStage.VALUE: re.compile(
        r"弊社(?:の|では|が)|当社(?:の|では|が)|私ども|(?:サービス|システム|製品|ツール)(?:を|は|で).{0,40}(?:でき|削減|短縮|改善|ご紹介|ご提案|可能)"
        r"|ご提案|導入(?:事例|いただ|企業)|効果|(?:削減|短縮|改善)(?:でき|され|した)"
        r"|\b(?:our (?:product|service|solution|platform|customers)"
        r"|we (?:help|offer|provide|can (?:help|reduce|save))|case study)\b",
        re.IGNORECASE,
    ),
    CallStage.CLOSING: re.compile(
        r"(?:日程|日時|お打ち合わせ|打合せ|打ち合わせ|商談|お時間).{0,30}(?:いかが|ご都合|よろし|いただけ|頂け|設定|調整|候補)"
        r"|(?:来週|今週|再来週|\d{1,2}日|[月火水木金]曜).{0,30}(?:いかが|ご都合|よろし|お伺い|伺い|お願い)"
        r"|次回|改めて(?:ご連絡|お電話|お送り)|(?:資料|お見積り?|メール)を?お送り(?:し|いた)|失礼(?:いた)?します"
        r"|\b(?:next step|next (?:meeting|call)|schedule|book a (?:meeting|call)|calendar|follow up|send you)\b",
        re.IGNORECASE,
    ),
}
_DECLINES: Final = re.compile(
    r"結構です|間に合って|必要(?:は)?(?:ない|ありません)|高い|予算(?:が|は)?(?:ない|ありません|厳し)|忙しい|時間(?:が|は)(?:ない|ありません)"
    r"|検討(?:して)?(?:い)?(?:ない|ません)|他社(?:を|の|に)|使って(?:い)?(?:る|ます)ので|難しい|不安|心配|まだ早い|今は(?:ちょっと|まだ|いい)"
    r"|\b(?:not interested|too expensive|no budget|already (?:use|have|using)"
    r"|too busy|not (?:now|the right time)|concern(?:ed)?|worried)\b",
    re.IGNORECASE,
)
"""By which a customer holds back; what we say next is an answer to it."""


def stages_covered(transcript: Transcript) -> tuple[CallStage, ...]:
    """The stages of which there is a trace in what our side says, in their order: words that belong to one; for the
    discovery a question of ours after the purpose was said or the customer spoke; for the objection whatever we answer
    when the customer holds back."""
    found: set[CallStage] = set()
    held_back = heard = False
    for u in transcript.utterances:
        text = unicodedata.normalize("NFKC", u.text)
        if u.side is Side.THEIRS:
            heard = True
            held_back = held_back or bool(_DECLINES.search(text))
            continue
        if u.side is not Side.OURS:
            continue
        if held_back and sum(map(str.isalnum, text)) >= _ANSWER:
            found.add(CallStage.OBJECTION)
            held_back = False
        stages = {stage for stage, cue in _STAGE_CUES.items() if cue.search(text)}
        if heard and questions(text) and not stages & {CallStage.RECEPTION, CallStage.OPENING, CallStage.CLOSING}:
            stages.add(CallStage.DISCOVERY)
        found |= stages
    return tuple(stage for stage in CallStage if stage in found)


_ANSWER: Final = 10
"""Letters: less is はい."""
