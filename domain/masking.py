"""Names, telephone numbers and mail addresses out of a text, and back in again.

What is taken out is replaced by 〔人名1〕, 〔電話1〕, 〔メール1〕: the same number is the same person, number or
address in everything that one `Mask` has seen. Other ways of writing it have a second number (〔人名1-2〕 for the
surname alone), so that each comes back as it was written. What already looks like a placeholder is replaced too
(〔原文1〕); so a text always comes back as it was.

Texts are compared as they read, not as they are encoded: ﾔﾏﾀﾞ is ヤマダ, ０９０ is 090, 髙 is 高.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

NAME: Final = "人名"
PHONE: Final = "電話"
MAIL: Final = "メール"
LITERAL: Final = "原文"

LONGEST_PLACEHOLDER: Final = 32
"""Characters, with room for numbers that nobody reaches."""

_KINDS: Final = "|".join((NAME, PHONE, MAIL, LITERAL))
PLACEHOLDER: Final = re.compile(
    rf"〔\s{{0,2}}({_KINDS})\s{{0,2}}(\d{{1,6}})(?:\s{{0,2}}[-－ー‐]\s{{0,2}}(\d{{1,6}}))?\s{{0,2}}〕"
)
"""As we write them, and as a model may copy them: with digits of another width, or spaces."""

# Written by many in the plain form.
_PLAIN: Final = str.maketrans(
    "髙﨑邊邉齋齊斉澤濵濱嶋廣眞櫻國德彌壽禮惠祐", "高崎辺辺斎斎斎沢浜浜島広真桜国徳弥寿礼恵祐"
)
_HONORIFICS: Final = (
    "さん|さま|様|殿|氏|くん|君|ちゃん|先生|社長|副社長|会長|専務|常務|取締役|本部長|部長|次長|課長|係長|主任|室長|店長|所長|支店長"
    "|工場長|マネージャー|マネジャー|リーダー|-?[Ss]an\\b|-?[Ss]ama\\b"
)
_ADDRESSED: Final = re.compile(rf"(?:{_HONORIFICS})$")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆ヶー・]+")
# What reads as a surname without anything beside it: two characters of Chinese origin, three of kana.
_ALONE: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff々〆ヶ]{2,}|[\u3040-\u30ffー]{3,}")
_SEPARATORS: Final = re.compile("[\\s・･,，.．=＝-]+")
_BOUNDED: Final = "(?<![A-Za-z]){}(?![A-Za-z])"
_GAP: Final = "[ ・]{0,2}"

_MAIL: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
_SEP: Final = r"[-‐‑‒–—―−ー~.() ]{0,2}"
_ABROAD: Final = rf"\+ ?\d{{1,3}}{_SEP}(?:\(0\))?(?:{_SEP}\d){{7,12}}"
_AT_HOME: Final = rf"\(?0\d{{1,4}}{_SEP}\d{{1,4}}{_SEP}\d{{3,4}}"
_PHONE: Final = rf"(?<![\d+])(?:{_ABROAD}|{_AT_HOME})(?!\d)"


class Mask:
    """What was taken out of the texts of one call. `names` are the names of people, as they are written in records:
    with or without a space between surname and given name."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        """By kind and whom or what it is."""
        self._counts: dict[str, int] = {}
        self._written: dict[tuple[str, int], list[str]] = {}
        """The ways in which each was written; the place in the list, from 1, is the second number."""
        self._people: dict[str, str] = {}
        """Whom a way of writing means, as it reads."""
        patterns = [part for name in names if name.strip() for part in self._ways(name)]
        # What is longer says more of who is meant: the full name goes before the surname.
        patterns.sort(key=lambda each: -len(each[0]))
        ways = "|".join(pattern for _, pattern in patterns)
        named = f"|(?P<name>{ways})" if ways else ""
        # Which reads like a placeholder is one of ours before it is anything else.
        self._pattern = re.compile(f"(?P<literal>{PLACEHOLDER.pattern})|(?P<mail>{_MAIL})|(?P<phone>{_PHONE}){named}")

    def mask(self, text: str) -> str:
        """The text with placeholders."""
        return self._replaced(text, self._placeholder)

    def blank(self, text: str) -> str:
        """The text with placeholders without numbers, for what nobody needs to come back from: 〔人名〕."""
        return self._replaced(text, lambda kind, _meant, _written: f"〔{kind}〕")

    def unmask(self, text: str) -> str:
        """The text as it was, or one made out of masked ones. Placeholders that were never given out stay."""
        return PLACEHOLDER.sub(self._restored, text)

    def pieces(self) -> Callable[[str], str]:
        """A function that takes a masked text piece by piece and gives back what of it is sure: a placeholder that has
        begun is held back until it has ended. The empty piece says that no more comes."""
        held = ""

        def unmasked(piece: str) -> str:
            nonlocal held
            held += piece
            begun = held.rfind("〔") if piece else -1
            if begun < 0 or "〕" in held[begun:] or len(held) - begun > LONGEST_PLACEHOLDER:
                begun = len(held)
            sure, held = held[:begun], held[begun:]
            return self.unmask(sure)

        return unmasked

    # Taking out

    def _replaced(self, text: str, placeholder: Callable[[str, str, str], str]) -> str:
        folded, places = _folded(text)
        parts: list[str] = []
        done = 0
        for kind, meant, start, end in self._found(folded):
            begins, ends = places[start][0], places[end - 1][1]
            if begins < done:
                # Its first character was read as several, of which the one before took some.
                continue
            parts += [text[done:begins], placeholder(kind, meant, text[begins:ends])]
            done = ends
        return "".join([*parts, text[done:]])

    def _found(self, folded: str) -> Iterator[tuple[str, str, int, int]]:
        """Kind, whom or what is meant, and where it stands in the folded text."""
        at = 0
        while (match := self._pattern.search(folded, at)) is not None:
            start, end = match.span()
            at = max(end, start + 1)
            written = match.group()
            if match.group("literal"):
                yield LITERAL, written, start, end
            elif match.group("mail"):
                yield MAIL, written.lower(), start, end
            elif match.group("phone"):
                number = _number(written)
                if number:
                    yield PHONE, number, start, end
                else:
                    # Some other number, which a name may follow closely.
                    at = start + 1
            else:
                yield NAME, self._people.get(_key(written), written), start, end

    def _placeholder(self, kind: str, meant: str, written: str) -> str:
        number = self._numbers.get((kind, meant))
        if number is None:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            self._numbers[kind, meant] = number
        ways = self._written.setdefault((kind, number), [])
        if written not in ways:
            ways.append(written)
        way = ways.index(written) + 1
        return f"〔{kind}{number}〕" if way == 1 else f"〔{kind}{number}-{way}〕"

    def _restored(self, match: re.Match[str]) -> str:
        ways = self._written.get((match[1], int(match[2])), [])
        way = int(match[3] or 1)
        return ways[way - 1] if 0 < way <= len(ways) else match[0]

    # Whom a name means

    def _ways(self, name: str) -> Iterator[tuple[str, str]]:
        """The ways in which a person may be written, each with its pattern. Whoever comes first keeps a surname that
        several people have."""
        parts = [part for part in _SEPARATORS.split(_folded(_ADDRESSED.sub("", name.strip()))[0]) if part]
        whole = "".join(parts)
        if not whole:
            # 「－」 or 「様」 stands in a record where nobody's name is known: it is in every text.
            return
        meant = self._people.get(_key(whole), whole)
        if _CJK.fullmatch(whole) is None:
            yield from self._latin(parts, meant)
            return
        for order in [parts, parts[::-1]] if len(parts) > 1 else [parts]:
            if len(whole) > 1:
                yield self._way("".join(order), meant, _GAP.join(map(re.escape, order)))
        # Without a space nobody can tell where the surname ends: after two characters mostly, one or three at times.
        guessed = [whole[:length] for length in (2, 3, 1) if length < len(whole)] if len(whole) > 1 else [whole]
        surnames = parts[:1] if len(parts) > 1 else guessed
        sure = surnames[0] if len(parts) > 1 or len(whole) >= 4 else ""
        for part in dict.fromkeys([*surnames, *parts[1:]]):
            # One character, or a given name, is a word of its own too: only an honorific makes it a person's.
            alone = part == sure and _ALONE.fullmatch(part) is not None
            yield self._way(part, meant, re.escape(part) if alone else f"{re.escape(part)}(?= ?(?:{_HONORIFICS}))")

    def _latin(self, parts: Sequence[str], meant: str) -> Iterator[tuple[str, str]]:
        for order in [parts, parts[::-1]] if len(parts) > 1 else [parts]:
            gap = "[ .,・=-]{0,3}"
            yield self._way("".join(order), meant, _BOUNDED.format(f"(?i:{gap.join(map(re.escape, order))})"))
        for part in parts:
            if len(part) > 1:
                # Not in small letters: will and may are words.
                yield self._way(part, meant, _BOUNDED.format(f"(?:{re.escape(part)}|{re.escape(part.upper())})"))

    def _way(self, part: str, meant: str, pattern: str) -> tuple[str, str]:
        self._people.setdefault(_key(part), meant)
        return part, pattern


def _key(written: str) -> str:
    return _SEPARATORS.sub("", written).casefold()


def _number(written: str) -> str:
    """A telephone number's digits as they are dialled at home; "" where it cannot be one."""
    digits = re.sub(r"\D", "", written)
    if written.startswith("+"):
        return f"0{digits[2:].removeprefix('0')}" if digits.startswith("81") else f"+{digits}"
    return digits if len(digits) in (10, 11) else ""


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text as it reads, and for each of its characters where what it was read from begins and ends."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and (text[end] in "ﾞﾟ" or unicodedata.combining(text[end])):
            end += 1
        read = text[start:end]
        if not read.isascii():
            read = unicodedata.normalize("NFKC", read).translate(_PLAIN)
        folded.append(read.replace("\t", " "))
        places += [(start, end)] * len(read)
        start = end
    return "".join(folded), places
