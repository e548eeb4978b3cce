"""What a company is found by, and what a search asks for.

`search_text` is everything a company is found by, in one line: `^` begins it with the name, `|` ends each string and
begins the next, `#` begins the corporate number, `_` parts the words of a string, and `~` parts the strings in Japanese
writing from those in Latin letters. None of these marks can come from a name, because folding drops them. Long vowel
signs are left out.

The grams of a line are the pairs of neighbouring characters of its Japanese part and the triples of its Latin part,
where a pair would say too little. A search looks for grams in an index and then checks the line itself, so the index
may offer too much but never too little. Because the marks take part in the grams, "begins with" is one like any other.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from domain.data.quality import LONG, company_words, corporate_number, enlarge, fold, host, key_of
from domain.data.romaji import romaji, typed_romaji

FIRST = "^"
EDGE = "|"
WORD = "_"
NUMBER = "#"

LATIN = "~"

_KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわゐゑをん"
_VOICED = "がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽゔ"
_ASCII = "abcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS = _KANA + _VOICED + _ASCII
_MARKS = EDGE + WORD + NUMBER
_PLAIN = frozenset(_LETTERS + _MARKS)
"""Characters of which a line has many. That one of them is there shows in its pairs, which can be counted out; every
other character is a gram by itself (see `_singles`)."""

_COUNTABLE = f"{_LETTERS}{_MARKS}{FIRST}"
_singles = re.compile(f"[^{_COUNTABLE}]|[{_LETTERS}](?=[^{_COUNTABLE}])").findall
_latin_runs = re.compile(f"[{_ASCII}]+").findall
# From the beginning of a run only, and without a way back: a long run is gone through once.
_latin_words = re.compile(f"(?<![{_ASCII}])[{_ASCII}]++(?:{WORD}[{_ASCII}]++)+").findall
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
# So many grams of a branch are asked for; more cost more than they rule out.
_ENOUGH = 4

MAX_TYPED = 100
MAX_WORDS = 4


def search_text(
    name: str, reading: str = "", name_en: str = "", number: str = "", website: str = ""
) -> tuple[str, str]:
    """A company's name key and the line it is found by."""
    words = company_words(name)
    return key_of(words), line(words, name, reading, name_en, number, website)


def line(words: str, name: str, reading: str, name_en: str, number: str, website: str) -> str:
    """The line a company is found by; `words` are those of its name (`company_words`)."""
    words = words.replace(LONG, "")
    key = words.replace(" ", "")
    strings = [key, words.replace(" ", WORD)]
    spoken = company_words(reading, keep_small=True).replace(LONG, "") if reading else ""
    if spoken:
        strings.append(enlarge(spoken).replace(" ", ""))
    else:
        # A name in kana is its own reading.
        spoken = company_words(name, keep_small=True).replace(LONG, "")
        if spoken.isascii() or not _is_readable(spoken):
            spoken = ""
    if spoken:
        strings.append(romaji(spoken))
    if name_en:
        english = company_words(name_en)
        strings += (english.replace(" ", WORD), english.replace(" ", ""))
    if website:
        strings.append(_site(host(website)))
    latin: list[str] = []
    japanese = [key]
    for string in dict.fromkeys(strings):
        if string.isascii():
            latin.append(string)
        elif string != key:
            japanese.append(string)
    if not key.isascii():
        latin += _latin_runs(key)
        # Of words that stand side by side, only the first begins a run.
        latin += _latin_words(words.replace(" ", WORD))
    if number:
        latin.append(NUMBER + number)
    return f"{FIRST}{EDGE.join(japanese)}{EDGE}{LATIN}{EDGE}{EDGE.join(filter(None, latin))}{EDGE}"


def _site(name: str) -> str:
    """A host as it is searched: without the ending that it shares with most others."""
    return fold(_PUBLIC.sub("", name)).replace(" ", "")


def ngrams(text: str) -> str:
    """The grams of a line, parted by spaces.

    A gram stands there as often as it occurs: an index takes the repetition more quickly than it is removed here.
    """
    # Slices of arrays are moved in C; these lines are run for every company of an import.
    japanese, _, latin = text.partition(LATIN)
    characters = array("I", japanese.encode("utf-32-le"))
    pairs = array("I", (_BLANK,)) * (3 * len(characters) - 3)
    pairs[0::3], pairs[1::3] = characters[:-1], characters[1:]
    octets = latin.encode()
    triples = bytearray(_BLANK.to_bytes()) * (4 * max(len(octets) - 2, 0))
    triples[0::4], triples[1::4], triples[2::4] = octets[:-2], octets[1:-1], octets[2:]
    return pairs.tobytes().decode("utf-32-le") + triples.decode() + " ".join(_singles(japanese))


_BLANK = ord(" ")


def gram_numbers(text: str) -> set[int]:
    """The grams of a line as 32-bit numbers: half the room of text, and quicker to compare."""
    japanese, _, latin = text.partition(LATIN)
    numbers = _pair_numbers(japanese)
    numbers.update(map(ord, _singles(japanese)))
    numbers.update(_triple_numbers(latin))
    return numbers


def _pair_numbers(text: str) -> set[int]:
    """Two UTF-16 units each."""
    units = text.encode("utf-16-le")
    even = len(units) // 4 * 4
    odd = (len(units) - 2) // 4 * 4 + 2
    numbers = set(array("i", units[:even]))
    numbers.update(array("i", units[2:odd]))
    return numbers


def _triple_numbers(text: str) -> array[int]:
    """Three octets each, and a fourth that makes no pair of characters in use."""
    octets = text.encode()
    packed = bytearray(b"\1") * (4 * max(len(octets) - 2, 0))
    packed[0::4], packed[1::4], packed[2::4] = octets[:-2], octets[1:-1], octets[2:]
    return array("i", bytes(packed))


def numbers_of(grams: Iterable[str]) -> set[int]:
    """The numbers of these grams, as `gram_numbers` makes them from a line."""
    numbers: set[int] = set()
    for gram in grams:
        if len(gram) == 1:
            numbers.add(ord(gram))
        elif len(gram) == 2:
            numbers |= _pair_numbers(gram)
        else:
            numbers.update(_triple_numbers(gram))
    return numbers


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which a line may answer: it has all grams of `every` and, if `some` is not empty, one of those.

    With both empty the index cannot help: one letter, contained anywhere.
    """

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
    return Query(key_of(company_words(text)), tuple(tiers))


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
        # Dashes alone are no number.
        return [number] if (number := corporate_number(text)) else []
    return list(dict.fromkeys(company_words(text).replace(LONG, "").split()))[:MAX_WORDS]


def _variants(word: str) -> tuple[str, ...]:
    spelled = typed_romaji(word) if word.isascii() else word
    return tuple(dict.fromkeys((word, spelled or word)))


def _branches(first: Sequence[str], others: Sequence[Sequence[str]]) -> tuple[Branch, ...]:
    return tuple(dict.fromkeys(_branch(choice) for choice in product(first, *others)))


def _branch(needles: Iterable[str]) -> Branch:
    every: set[str] = set()
    some: set[str] = set()
    for needle in needles:
        if not needle.isascii():
            if len(needle) > 1:
                every.update(_pairs(needle))
            elif needle in _PLAIN:
                some = {needle, *(needle + neighbour for neighbour in _PLAIN)}
            else:
                every.add(needle)
        elif needle[0] == FIRST:
            # The name stands in the Japanese part whatever it is written in, its Latin letters in the other too.
            every.add(needle[:2])
            every.update(_triples(needle[1:]) or _pairs(needle[1:]))
        elif len(needle) > 2:
            every.update(_triples(needle))
        elif len(needle) == 2:
            some = {needle + neighbour for neighbour in _ASCII + _MARKS}
    if every:
        return Branch(frozenset(sorted(every, key=_rarity)[-_ENOUGH:]))
    return Branch(frozenset(), frozenset(some))


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _triples(text: str) -> list[str]:
    return [text[place : place + 3] for place in range(len(text) - 2)]


def _rarity(gram: str) -> tuple[int, str]:
    return sum(_RARITY.get(character, _RAREST) for character in gram), gram
