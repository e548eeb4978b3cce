"""What a company is found by, and what a search asks for.

`search_text` is everything a company is found by, in one line: `^` begins it with the name, `|` ends each string and
begins the next, `_` parts the words of one. None of them can come from a name, because folding drops marks. Pairs of
neighbouring characters of that line are its grams. A search looks for grams in an index and then checks the line
itself, so the index may offer too much but never too little. Because the marks take part in the pairs, "begins with"
is a gram like any other.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from operator import add

from domain.data.quality import company_words, corporate_number, fold, host
from domain.data.romaji import romaji, typed_romaji

FIRST = "^"
EDGE = "|"
WORD = "_"

_KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわゐゑをん"
_VOICED = "がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽゔ"
_LETTERS = _KANA + _VOICED + "abcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = frozenset(_LETTERS + EDGE + WORD)
"""Characters of which a line has many. That one of them is there shows in its pairs, which can be counted out; every
other character is a gram by itself (see `_singles`)."""

_COUNTABLE = f"{_LETTERS}{EDGE}{WORD}{FIRST}"
_singles = re.compile(f"[^{_COUNTABLE}]|[{_LETTERS}](?=[^{_COUNTABLE}])").findall
_is_kana = re.compile("[ぁ-ゖ]+").fullmatch
_is_readable = re.compile("[ぁ-ゖa-z0-9 ]+").fullmatch
_is_number = re.compile(r"[\d\s\-‐−ー]{10,}").fullmatch
_is_address = re.compile(r"\s*(?:https?://|www\.)\S+", re.IGNORECASE).match

MAX_TYPED = 100
MAX_WORDS = 4


def search_text(
    name: str, reading: str = "", name_en: str = "", number: str = "", website: str = ""
) -> tuple[str, str]:
    """A company's name key and the line it is found by."""
    words = company_words(name)
    return words.replace(" ", ""), line(words, name, reading, name_en, number, website)


def line(words: str, name: str, reading: str, name_en: str, number: str, website: str) -> str:
    """The line a company is found by; `words` are those of its name (`company_words`)."""
    strings = [words.replace(" ", "")]
    if " " in words:
        strings.append(words.replace(" ", WORD))
    spoken = company_words(reading, keep_small=True) if reading else ""
    if spoken:
        strings.append(fold(spoken).replace(" ", ""))
    else:
        # A name in kana is its own reading.
        spoken = company_words(name, keep_small=True)
        if spoken.isascii() or not _is_readable(spoken):
            spoken = ""
    if spoken:
        strings.append(romaji(spoken))
    if name_en:
        words = company_words(name_en)
        strings.append(words.replace(" ", WORD))
        strings.append(words.replace(" ", ""))
    if number:
        strings.append(number)
    if website:
        strings.append(fold(host(website)).replace(" ", ""))
    return FIRST + EDGE.join(dict.fromkeys(filter(None, strings))) + EDGE


def ngrams(text: str) -> list[str]:
    """The grams of a line: every pair of neighbours, and the characters that no countable pair would show.

    A gram is listed as often as it occurs: an index takes the repetition more quickly than a set is made here.
    """
    grams = list(map(add, text, text[1:]))
    grams += _singles(text)
    return grams


def gram_numbers(text: str) -> set[int]:
    """The grams of a line as 32-bit numbers, two UTF-16 units each (half the room of text, and quicker to compare)."""
    units = text.encode("utf-16-le")
    even = len(units) // 4 * 4
    odd = (len(units) - 2) // 4 * 4 + 2
    numbers = set(array("i", units[:even]))
    numbers.update(array("i", units[2:odd]))
    numbers.update(map(ord, _singles(text)))
    return numbers


def numbers_of(grams: Iterable[str]) -> set[int]:
    """The numbers of these grams, as `gram_numbers` makes them from a line."""
    numbers: set[int] = set()
    for gram in grams:
        numbers.update(gram_numbers(gram) if len(gram) > 1 else {ord(gram)})
    return numbers


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which a line may answer: it has all grams of `every` and, if `some` is not empty, one of those."""

    every: frozenset[str]
    some: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tier:
    """Answers of one rank: at least one branch holds, the line contains one string of each of `needles`,
    and none of `without` (those have a better rank)."""

    branches: tuple[Branch, ...]
    needles: tuple[tuple[str, ...], ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: the tiers from the best rank to the last.

    Exact, the name starts with it, a reading or other string does, a word does, contained.
    """

    tiers: tuple[Tier, ...]


def parse(text: str) -> Query | None:
    """What a person typed, as a query; None when no letter or digit is in it.

    Several words must all be found. The rank is that of the first word.
    """
    words = _words(text[:MAX_TYPED])
    if not words:
        return None
    variants = [_variants(word) for word in words]
    phrases = variants[0] if len(words) == 1 else (WORD.join(words), "".join(words))
    first, others = variants[0], tuple(variants[1:])
    exact = tuple(edge + phrase + EDGE for edge in (FIRST, EDGE) for phrase in phrases)
    tiers = [Tier(tuple(_branch([needle]) for needle in exact), (exact,))]
    without = exact
    for mark in (FIRST, EDGE, WORD, ""):
        needles = tuple(mark + variant for variant in first)
        tiers.append(Tier(_branches(needles, others), (needles, *others), without))
        without += needles
    return Query(tuple(tiers))


def _words(text: str) -> list[str]:
    if _is_address(text):
        return fold(host(text)).replace(" ", "").split()
    if _is_number(text):
        return [corporate_number(text)]
    return list(dict.fromkeys(company_words(text).split()))[:MAX_WORDS]


def _variants(word: str) -> tuple[str, ...]:
    spelled = typed_romaji(word) if word.isascii() else romaji(word) if _is_kana(word) else word
    return tuple(dict.fromkeys((word, spelled or word)))


def _branches(first: tuple[str, ...], others: tuple[tuple[str, ...], ...]) -> tuple[Branch, ...]:
    return tuple(dict.fromkeys(_branch(choice) for choice in product(first, *others)))


def _branch(needles: Iterable[str]) -> Branch:
    every: set[str] = set()
    lone = ""
    for needle in needles:
        if len(needle) > 1:
            every.update(map(add, needle, needle[1:]))
            # A character that is rare is worth asking for by itself only where a pair does not hold it already.
        elif needle not in _PLAIN:
            every.add(needle)
        else:
            lone = needle
    if every:
        return Branch(frozenset(every))
    return Branch(frozenset(), frozenset({lone, *(lone + neighbour for neighbour in _PLAIN)}))


def rank(query: Query, text: str) -> int | None:
    """The rank of a search text (0 the best), or None when it is no answer."""
    for position, tier in enumerate(query.tiers):
        if all(any(needle in text for needle in needles) for needles in tier.needles):
            return position
    return None
