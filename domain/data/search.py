"""What a company is found by, and what a search asks for.

`search_text` is everything a company is found by, in one line: `^` begins it with the name, `|` ends each string and
begins the next, `#` begins the corporate number, `_` parts the words of a string. None of them can come from a name,
because folding drops marks. Pairs of neighbouring characters of that line are its grams. A search looks for grams in an
index and then checks the line itself, so the index may offer too much but never too little. Because the marks take part
in the pairs, "begins with" is a gram like any other.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from operator import add

from domain.data.quality import company_words, corporate_number, enlarge, fold, host
from domain.data.romaji import romaji, typed_romaji

FIRST = "^"
EDGE = "|"
WORD = "_"
NUMBER = "#"

_KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわゐゑをん"
_VOICED = "がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽゔ"
_LETTERS = _KANA + _VOICED + "abcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = frozenset(_LETTERS + EDGE + WORD + NUMBER)
"""Characters of which a line has many. That one of them is there shows in its pairs, which can be counted out; every
other character is a gram by itself (see `_singles`)."""

_COUNTABLE = f"{_LETTERS}{EDGE}{WORD}{NUMBER}{FIRST}"
_singles = re.compile(f"[^{_COUNTABLE}]|[{_LETTERS}](?=[^{_COUNTABLE}])").findall
_is_readable = re.compile("[ぁ-ゖa-z0-9 ]+").fullmatch
_is_number = re.compile(r"[\d\s\-‐−ー]{10,}").fullmatch
# What nearly every host ends with says nothing; also as far as it has been typed.
_PUBLIC = re.compile(
    r"(?:\.(?:co?|or?|ne?|ac?|go?|gr?|ed?|lg?))?(?:\.(?:jp?)?)?$|\.(?:com?|net?|org?|info?|biz|io|ai)?$", re.ASCII
)

# From the commonest to the rarest, over the search texts of listed companies.
_BY_FREQUENCY = (
    "oiuasnerktんhいgmdうすycplるしくつとよbえこあjでほぐじきかfてりさやふらせにたwzゆまおどぎけむちわぷなみれろだめずねばぱぶび"
    "がvそのはもぴぽべひxござぬぼぞぜ12qゔへぺ03748695づぢゑを"
)
_RARITY = {letter: place for place, letter in enumerate(_BY_FREQUENCY)}
_RAREST = len(_BY_FREQUENCY) + 50
# So many grams of a needle are asked for; more cost more than they rule out.
_ENOUGH = 4

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
        strings.append(enlarge(spoken).replace(" ", ""))
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
    if website:
        strings.append(_site(host(website)))
    if number:
        strings.append(NUMBER + number)
    return FIRST + EDGE.join(dict.fromkeys(filter(None, strings))) + EDGE


def _site(name: str) -> str:
    """A host as it is searched: without the ending that it shares with most others."""
    return fold(_PUBLIC.sub("", name)).replace(" ", "")


def ngrams(text: str) -> str:
    """The grams of a line, parted by spaces: every pair of neighbours, and the characters no countable pair would show.

    A gram stands there as often as it occurs: an index takes the repetition more quickly than it is removed here.
    """
    characters = array("I", text.encode("utf-32-le"))
    # Slices of arrays are moved in C; this line is run for every company of an import.
    pairs = array("I", (_BLANK,)) * (3 * len(characters) - 3)
    pairs[0::3], pairs[1::3] = characters[:-1], characters[1:]
    return pairs.tobytes().decode("utf-32-le") + " ".join(_singles(text))


_BLANK = ord(" ")


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
    """What to look for.

    First the companies whose name key is `name`, then the `tiers` without them: the name starts with it, a reading or
    another string does, a word does, it is contained.
    """

    name: str
    tiers: tuple[Tier, ...]


def parse(text: str) -> Query | None:
    """What a person typed, as a query; None when no letter or digit is in it.

    Several words must all be found. The rank is that of the first word.
    """
    text = text[:MAX_TYPED]
    words = _words(text)
    if not words:
        return None
    first, *others = (_variants(word) for word in words)
    tiers = []
    without: tuple[str, ...] = ()
    for mark in (FIRST, EDGE, WORD, ""):
        needles = tuple(mark + variant for variant in first)
        tiers.append(Tier(_branches(needles, others), (needles, *others), without))
        without += needles
    return Query(company_words(text).replace(" ", ""), tuple(tiers))


def rank(query: Query, name_key: str, text: str) -> int | None:
    """The rank of a company (0 the best), or None when it is no answer."""
    if name_key == query.name:
        return 0
    for position, tier in enumerate(query.tiers, start=1):
        if all(any(needle in text for needle in needles) for needles in tier.needles):
            return position
    return None


def _is_address(text: str) -> bool:
    typed = text.strip().lower()
    if typed.startswith(("http://", "https://", "www.")):
        return True
    # amazon.co.jp, and amazon.c on the way there; but not I.D.A or St.Luke.
    name = host(typed)
    ending = _PUBLIC.search(name)
    return name.isascii() and " " not in name and name.find(".") >= 2 and ending is not None and ending[0] != ""


def _words(text: str) -> list[str]:
    if _is_address(text):
        return _site(host(text)).split()
    if _is_number(text):
        return [corporate_number(text)]
    return list(dict.fromkeys(company_words(text).split()))[:MAX_WORDS]


def _variants(word: str) -> tuple[str, ...]:
    spelled = typed_romaji(word) if word.isascii() else word
    return tuple(dict.fromkeys((word, spelled or word)))


def _branches(first: Sequence[str], others: Sequence[Sequence[str]]) -> tuple[Branch, ...]:
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
        return Branch(frozenset(sorted(every, key=_rarity)[-_ENOUGH:]))
    return Branch(frozenset(), frozenset({lone, *(lone + neighbour for neighbour in _PLAIN)}))


def _rarity(gram: str) -> tuple[int, str]:
    return sum(_RARITY.get(character, _RAREST) for character in gram), gram
