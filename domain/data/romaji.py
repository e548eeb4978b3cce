"""Latin letters for kana: Hepburn as it is stored, and the many ways in which people type it."""

from __future__ import annotations

import re

_ROWS = {
    "": "あいうえお",
    "k": "かきくけこ",
    "s": "さ_すせそ",
    "t": "た__てと",
    "n": "なにぬねの",
    "h": "はひ_へほ",
    "m": "まみむめも",
    "r": "らりるれろ",
    "g": "がぎぐげご",
    "z": "ざ_ずぜぞ",
    "d": "だ__でど",
    "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}
_OTHERS = "shi chi tsu fu ji ji zu ya yu yo wa i e o n vu"
# Marks for what depends on its neighbour: a small ya, yu, yo; a small vowel; a small tsu.
_GLIDE, _VOWEL, _DOUBLE = "\x01", "\x02", "\x03"

_SYLLABLES = {
    **{
        kana: row + vowel
        for row, line in _ROWS.items()
        for kana, vowel in zip(line, "aiueo", strict=True)
        if kana != "_"
    },
    **dict(zip("しちつふじぢづやゆよわゐゑをんゔ", _OTHERS.split(), strict=True)),
    **{small: _GLIDE + vowel for small, vowel in zip("ゃゅょゎ", "auoa", strict=True)},
    **{small: _VOWEL + vowel for small, vowel in zip("ぁぃぅぇぉ", "aiueo", strict=True)},
    "っ": _DOUBLE,
    "ゕ": "ka",
    "ゖ": "ke",
    " ": "",
}
_TABLE = str.maketrans(_SYLLABLES)

_CONTRACTED = (
    ("shi\x01", "sh"), ("chi\x01", "ch"), ("ji\x01", "j"), ("shi\x02", "sh"), ("chi\x02", "ch"), ("ji\x02", "j"),
    ("fu\x02", "f"), ("vu\x02", "v"), ("tsu\x02", "ts"), ("te\x02", "t"), ("de\x02", "d"), ("to\x02", "t"),
    ("do\x02", "d"), ("ku\x01", "kw"), ("gu\x01", "gw"), ("u\x02", "w"),
)  # fmt: skip
_GLIDED = re.compile("[aiueo]\x01")
_DOUBLED = re.compile("\x03(?=([a-z]))")
_LONG_VOWELS = re.compile("o[ou]+|aa+|ii+|uu+|ee+")


def romaji(kana: str) -> str:
    """Folded hiragana with its small kana (`fold(…, keep_small=True)`) in Hepburn, long vowels shortened.

    Other characters stay; spaces are dropped: とうきょう → tokyo, まっちゃ → maccha, でぃんぐ → dingu.
    """
    text = kana.translate(_TABLE)
    if _GLIDE in text or _VOWEL in text:
        for contracted, letters in _CONTRACTED:
            text = text.replace(contracted, letters)
        text = _GLIDED.sub("y", text).replace(_GLIDE, "y").replace(_VOWEL, "")
    if _DOUBLE in text:
        text = _DOUBLED.sub(r"\1", text).replace(_DOUBLE, "")
    return _shorten(text)


def _shorten(letters: str) -> str:
    return _LONG_VOWELS.sub(lambda found: found[0][0], letters)


_TYPED = (
    (re.compile("sy(?=[auo]|$)"), "sh"),
    (re.compile("[tc]y(?=[auo]|$)"), "ch"),
    (re.compile("[zj]y(?=[auo]|$)"), "j"),
    (re.compile("tch"), "cch"),
    (re.compile("tti"), "cchi"),
    (re.compile("si"), "shi"),
    (re.compile("ti"), "chi"),
    (re.compile("tu"), "tsu"),
    (re.compile("[zd]i"), "ji"),
    (re.compile("dz?u"), "zu"),
    (re.compile("(?<![sc])hu"), "fu"),
    (re.compile("wo"), "o"),
    (re.compile("m(?=[bmp])"), "n"),
    (re.compile("oh(?![aiueoy])"), "o"),
)


def typed_romaji(letters: str) -> str:
    """Lower-case Latin letters as a person types Japanese, spelled as `romaji` spells it.

    si = shi, tu = tsu, sya = sha, oosaka = ohsaka = ousaka = osaka, shimbun = shinbun. What is not yet a whole syllable
    stays as it is, except sy, ty, zy, which can only become sh, ch, j.
    """
    for pattern, spelling in _TYPED:
        letters = pattern.sub(spelling, letters)
    return _shorten(letters)
