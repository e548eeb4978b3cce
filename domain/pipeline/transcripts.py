"""What was said, by whom and when: a conversation, read from the files that meeting and telephone systems write.

Whatever cannot be read as one is refused in words; nothing in a file is ever more than text. Times are kept where a
file has them, and nowhere made up.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from domain.errors import Code, Refused

MAX_CHARACTERS: Final = 4_000_000
"""Of a file: a day of talk is not a tenth of it."""
MAX_UTTERANCES: Final = 20_000
MAX_TEXT: Final = 20_000
"""Of one utterance; what is longer goes on in the next."""
MAX_SPEAKER: Final = 60
MAX_MS: Final = 7 * 24 * 3_600_000
"""A time beyond a week is none."""
DEEPEST: Final = 8


class Side(StrEnum):
    """Whose voice it is."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"

    @property
    def other(self) -> Side:
        """The side across the table."""
        return {Side.OURS: Side.THEIRS, Side.THEIRS: Side.OURS}.get(self, Side.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of a conversation. `number` counts from 1; times are milliseconds from the beginning, where known."""

    number: int
    speaker: str
    side: Side
    start_ms: int | None
    end_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation in its order."""

    utterances: tuple[Utterance, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Their names, in the order in which they begin to speak."""
        return tuple(dict.fromkeys(u.speaker for u in self.utterances))


@dataclass(slots=True)
class _Piece:
    """Something said, while a file is read."""

    speaker: str
    start: int | None
    end: int | None
    lines: list[str]
    side: Side = Side.UNKNOWN


def parse(text: str, filename: str = "") -> Transcript:
    """The conversation in a file: WebVTT (also Teams' and Zoom's), SRT, Zoom's and Teams' text, MiiTel's JSON and text,
    or any text in which names or times stand before what was said.

    Raises `Refused` on the field `transcript`: TOO_LONG (`most` characters), REQUIRED where nothing is said in it,
    INVALID where it is no text or damaged JSON.
    """
    if len(text) > MAX_CHARACTERS:
        raise Refused(Code.TOO_LONG, "transcript", most=MAX_CHARACTERS)
    if "\0" in text:
        raise Refused(Code.INVALID, "transcript")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if filename.lower().endswith(".json") or (text.lstrip()[:1] in ("{", "[") and _is_json(text)):
        return parse_json(text)
    # Stripped, so that no pattern goes through a long run of spaces again and again.
    lines = [line.strip() for line in text.split("\n")]
    if text.startswith("WEBVTT") or any(_CUE.match(line) for line in lines):
        return _made(_cues(lines))
    return _made(_lines(lines))


def from_pieces(pieces: Iterable[tuple[str, int | None, int | None, str]]) -> Transcript:
    """The conversation that (speaker, start, end, text) make. Raises `Refused` as `parse` does."""
    return _made([_Piece(speaker, start, end, [text]) for speaker, start, end, text in pieces])


# WebVTT and SRT

_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"{_STAMP}\s+-->\s+{_STAMP}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,200})?[ \t]+([^<>]{1,200})>")
_TAG = re.compile(r"</?(?:v|c|i|b|u|ruby|rt|lang|font)(?:[.\s][^<>]{0,200})?>|<\d[\d:.]{0,20}>")


def _ms(hours: str | None, minutes: str, seconds: str, part: str = "0") -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(part.ljust(3, "0"))


def _cues(lines: Sequence[str]) -> list[_Piece]:
    """Cues, each with its time above it. A voice (`<v Name>`) or a name and a colon says who speaks."""
    found: list[_Piece] = []
    open_cue: tuple[int, int] | None = None
    voice = ""
    for place, line in enumerate(lines):
        cue = _CUE.match(line)
        if cue:
            parts = cue.groups()
            open_cue, voice = (_ms(*parts[:4]), _ms(*parts[4:8])), ""
            continue
        if not line:
            open_cue = None
            continue
        if open_cue is None:
            continue
        # In SRT without blank lines between the cues the number of the next stands before its time.
        if line.isdecimal() and place + 1 < len(lines) and _CUE.match(lines[place + 1]):
            continue
        start, end = open_cue
        for named, said in _voices(line, voice):
            voice = named
            if not said:
                continue
            last = found[-1] if found else None
            if last is not None and (last.start, last.end, last.speaker) == (start, end, named):
                last.lines.append(said)
            else:
                found.append(_Piece(named, start, end, [said]))
    return found


def _voices(line: str, voice: str) -> Iterator[tuple[str, str]]:
    """Who says what in a line of a cue."""
    parts = _VOICE.split(line)
    before = _plain(parts[0])
    if before:
        label = _LABEL.match(before) if not voice else None
        yield (label[1].strip(), label[2].strip()) if label and _is_name(label[1]) else (voice, before)
    for name, said in zip(parts[1::2], parts[2::2], strict=True):
        yield html.unescape(name).strip(), _plain(said)


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text)).strip()


# Text

_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,3})?"
_LABEL = re.compile(r"([^:：\t]{1,80}?)\s*[:：](?!//)\s*(.*)$")
_BRACKETED = re.compile(rf"\[([^\[\]]{{1,80}})\]\s+{_CLOCK}\s*$")
"""`[山田 太郎] 10:02:13`, and what was said below (Zoom)."""
_NAME_TIME = re.compile(rf"(\S[^:：\[\]]{{0,79}}?)(?:\s{{1,8}}|\s*[(（\[]){_CLOCK}[)）\]]?\s*$")
"""`山田 太郎   0:03`, and what was said below (Teams)."""
_TIME_FIRST = re.compile(rf"[\[(（]?{_CLOCK}[\])）]?(?:\s*-+>?\s*{_CLOCK})?\s+(\S.*)$")
"""`0:03 (ユーザー) …` (MiiTel), `[00:03] 山田：…`, and the like."""
_ROUND = re.compile(r"[(（\[]([^()（）\[\]]{1,80})[)）\]]\s*(.*)$")
_SENTENCE = re.compile(r"[。、！？!?,;]|\d{4}|\.\s|\.$|https?$|[「」]")


def _is_name(text: str) -> bool:
    """Whether a text before a colon can be a name: it is short and no part of a sentence."""
    name = text.strip()
    return bool(name) and len(name) <= MAX_SPEAKER and not _SENTENCE.search(name) and not _digits(name)


def _digits(text: str) -> bool:
    return all(not letter.isalpha() for letter in text)


def _clock(hours: str, minutes: str, seconds: str | None) -> int:
    """`1:02:03` is an hour, `1:02` is a minute."""
    return _ms(hours, minutes, seconds) if seconds is not None else _ms(None, hours, minutes)


def _lines(lines: Sequence[str]) -> list[_Piece]:
    headed = [_BRACKETED.match(line) or _NAME_TIME.match(line) for line in lines]
    below = sum(1 for found in headed if found and _is_name(found[1])) >= 2
    found: list[_Piece] = []
    wall: list[int] = []
    for line, head in zip(lines, headed, strict=True):
        if not line:
            continue
        if below and head and _is_name(head[1]):
            hours, minutes, seconds = head.groups()[1:4]
            at = _clock(hours, minutes, seconds)
            if _BRACKETED.match(line):
                # The time of day: counted from the first, over midnight too.
                wall.append(at if not wall or at >= wall[-1] - _HALF_A_DAY else at + 2 * _HALF_A_DAY)
                at = wall[-1] - wall[0] if wall[-1] >= wall[0] else 0
            found.append(_Piece(head[1].strip(), at, None, []))
        elif below and found:
            found[-1].lines.append(line)
        else:
            found.append(_line(line))
    return found if below else _joined(found)


_HALF_A_DAY = 12 * 3_600_000


def _line(line: str) -> _Piece:
    timed = _TIME_FIRST.match(line)
    start = end = None
    rest = line
    if timed:
        start = _clock(*timed.groups()[:3])
        end = _clock(*timed.groups()[3:6]) if timed[4] else None
        rest = timed.groups()[6].strip()
        named = _ROUND.match(rest)
        if named and _is_name(named[1]):
            return _Piece(named[1].strip(), start, end, [named[2]], _MIITEL.get(named[1].strip(), Side.UNKNOWN))
    label = _LABEL.match(rest)
    if label and _is_name(label[1]):
        head = _NAME_TIME.match(label[1])
        name = head[1] if head else label[1]
        return _Piece(name.strip(), start, end, [label[2].strip()], _MIITEL.get(name.strip(), Side.UNKNOWN))
    return _Piece("", start, end, [rest])


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """Lines without a name or a time go on with what stands above, where others have one."""
    if not any(piece.speaker or piece.start is not None for piece in pieces):
        return pieces
    found: list[_Piece] = []
    for piece in pieces:
        if found and not piece.speaker and piece.start is None:
            found[-1].lines += piece.lines
        else:
            found.append(piece)
    return found


# JSON: MiiTel's outgoing webhook (developers.miitel.com), and lists of segments as transcription engines write them

_MIITEL: Final[Mapping[str, Side]] = {"ユーザー": Side.OURS, "取引先": Side.THEIRS}
"""How MiiTel names the two sides in its text."""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def parse_json(text: str) -> Transcript:
    """The conversation in a JSON document. Raises `Refused` as `parse` does."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise Refused(Code.INVALID, "transcript") from broken
    return of_json(content)


def of_json(content: Any) -> Transcript:
    """The conversation in what was a JSON document: the calls of it, one after the other."""
    found: list[_Piece] = []
    for part in _conversations(content, 0):
        found += _of_phrases(part) or _of_raw(part) or _of_segments(part)
    return _made(found)


def _conversations(content: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The objects in which something was said, from the outside in."""
    if depth > DEEPEST:
        return
    if isinstance(content, list):
        if content and all(isinstance(each, dict) and isinstance(each.get("text"), str) for each in content):
            yield {"segments": content}
            return
        for each in content:
            yield from _conversations(each, depth + 1)
    elif isinstance(content, dict):
        if any(isinstance(content.get(name), kind) for name, kind in _SPOKEN.items()):
            yield content
            return
        for each in content.values():
            yield from _conversations(each, depth + 1)


_SPOKEN: Final[Mapping[str, type]] = {"phrases": list, "speech_recognition": dict, "segments": list}


def _of_phrases(part: Mapping[str, Any]) -> list[_Piece]:
    """Each participant's phrases with their seconds, brought into one order."""
    people = {str(p.get("id")): p for p in _dicts(part.get("participants"))}
    found: list[_Piece] = []
    for voice in _dicts(part.get("phrases")):
        person = people.get(str(voice.get("participant_id")), {})
        side = _side(str(part.get("call_type") or ""), str(person.get("from_to") or ""))
        name = _text(person.get("name")) or _text(person.get("company_name")) or _UNNAMED[side]
        for phrase in _dicts(voice.get("raw")):
            start = _seconds(phrase.get("start_at", phrase.get("starts_at")))
            end = _seconds(phrase.get("end_at", phrase.get("ends_at")))
            found.append(_Piece(name, start, end, [_text(phrase.get("phrase"))], side))
    if all(piece.start is not None for piece in found):
        found.sort(key=lambda piece: piece.start or 0)
    return found


_UNNAMED: Final[Mapping[Side, str]] = {Side.OURS: "ユーザー", Side.THEIRS: "取引先", Side.UNKNOWN: ""}


def _side(call_type: str, end: str) -> Side:
    """Who calls is ours in a call that went out, theirs in one that came in."""
    kinds = {"OUTGOING": Side.OURS, "INCOMING": Side.THEIRS}
    caller = next((side for kind, side in kinds.items() if call_type.startswith(kind)), Side.UNKNOWN)
    return {"FROM": caller, "TO": caller.other}.get(end, Side.UNKNOWN)


def _of_raw(part: Mapping[str, Any]) -> list[_Piece]:
    recognised = part.get("speech_recognition")
    raw = recognised.get("raw") if isinstance(recognised, dict) else None
    return _lines([line.strip() for line in raw.split("\n")]) if isinstance(raw, str) else []


def _of_segments(part: Mapping[str, Any]) -> list[_Piece]:
    return [
        _Piece(
            _text(each.get("speaker") or each.get("name")),
            _seconds(each.get("start")),
            _seconds(each.get("end")),
            [_text(each.get("text"))],
        )
        for each in _dicts(part.get("segments"))
    ]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_MS / 1000:
        return None
    return round(value * 1000)


# Both


def tidy(text: str) -> str:
    """A text on one line, without what no database or screen holds."""
    kept = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    return " ".join(kept.encode("utf-8", "replace").decode().split())


def _made(pieces: Iterable[_Piece]) -> Transcript:
    found: list[Utterance] = []
    for piece in pieces:
        text = tidy(" ".join(piece.lines))
        start, end = _within(piece.start), _within(piece.end)
        if start is None or (end is not None and end < start):
            end = None
        for at in range(0, len(text), MAX_TEXT):
            if len(found) == MAX_UTTERANCES:
                raise Refused(Code.TOO_LONG, "transcript", most=MAX_UTTERANCES)
            whole = len(text) <= MAX_TEXT
            speaker = tidy(piece.speaker)[:MAX_SPEAKER]
            # Nobody knows when the parts of what is cut were said.
            times = (start, end) if whole else (start if at == 0 else None, None)
            found.append(Utterance(len(found) + 1, speaker, piece.side, *times, text[at : at + MAX_TEXT]))
    if not found:
        raise Refused(Code.REQUIRED, "transcript")
    return Transcript(tuple(found))


def _within(time: int | None) -> int | None:
    return time if time is not None and 0 <= time <= MAX_MS else None


# Whose voice it is

_HONORIFIC = re.compile(r"(?:様|さま|さん|氏|殿)$")
_INTRODUCES = re.compile(
    r"と申します|と言います|といいます|でございますが?、?お(?:電話|世話)"
    r"|\bmy name is\b|\bthis is\b.{1,30}\b(?:from|at|with)\b",
    re.IGNORECASE,
)


def folded(name: str) -> str:
    """A name to compare: without width, case, spaces and honorifics."""
    plain = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return _HONORIFIC.sub("", plain)


def _called(speaker: str, names: Iterable[str]) -> bool:
    """Whether a speaker is one of these people, by the whole name or the family name."""
    heard = folded(speaker)
    if len(heard) < 2:
        return False
    for name in names:
        whole = folded(name)
        parts = {folded(part) for part in re.split(r"[\s　・,]+", unicodedata.normalize("NFKC", name)) if part}
        if len(whole) >= 2 and (whole in heard or heard in {whole, *parts}):
            return True
    return False


def with_sides(transcript: Transcript, ours: Sequence[str], theirs: Sequence[str]) -> tuple[Transcript, bool]:
    """The conversation with the sides of its speakers, by the names of the team's members and of the customer's
    people; and whether that is a guess. A file that says the sides itself is believed. Of speakers whom nobody knows,
    who is not ours is theirs; where nobody at all is known, ours is who introduces themself, else who speaks first."""
    said = {u.speaker: u.side for u in transcript.utterances if u.side is not Side.UNKNOWN}
    speakers = transcript.speakers
    sides = {}
    for speaker in speakers:
        if speaker in said:
            sides[speaker] = said[speaker]
        elif _called(speaker, theirs):
            sides[speaker] = Side.THEIRS
        elif _called(speaker, ours):
            sides[speaker] = Side.OURS
    guessed = False
    unknown = [speaker for speaker in speakers if speaker and speaker not in sides]
    if unknown and not sides and len(speakers) > 1:
        first = next((u.speaker for u in transcript.utterances if u.speaker and _INTRODUCES.search(u.text)), unknown[0])
        sides[first], guessed = Side.OURS, True
    if Side.OURS in sides.values():
        sides |= {speaker: Side.THEIRS for speaker in unknown if speaker not in sides}
    elif Side.THEIRS in sides.values():
        # Somebody of ours speaks, and only one person can be it; of several nobody knows.
        sides |= {speaker: Side.OURS for speaker in unknown if len(unknown) == 1}
    utterances = tuple(replace(u, side=sides.get(u.speaker, Side.UNKNOWN)) for u in transcript.utterances)
    return Transcript(utterances), guessed


def swapped(transcript: Transcript) -> Transcript:
    """The conversation with the sides the other way round."""
    return Transcript(tuple(replace(u, side=u.side.other) for u in transcript.utterances))
