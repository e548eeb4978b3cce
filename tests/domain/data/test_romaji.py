"""Latin letters for kana, and kana as people type them in Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.data.quality import fold
from domain.data.romaji import romaji, typed_romaji


@pytest.mark.parametrize(
    ("kana", "letters"),
    [
        ("トヨタ", "toyota"),
        ("オオサカ", "osaka"),
        ("トウキョウ", "tokyo"),
        ("シチツフジヂヅ", "shichitsufujijizu"),
        ("シャシュショ", "shashusho"),
        ("チャチュチョ", "chachucho"),
        ("ジャジュジョ", "jajujo"),
        ("キャリュギョ", "kyaryugyo"),
        ("ニッポン", "nippon"),
        ("マッチャ", "maccha"),
        ("シンブン", "shinbun"),
        ("ホールディングス", "horudingusu"),
        ("ファーストフィット", "fasutofitto"),
        ("ウェブ", "webu"),
        ("ヴァイオリン", "vaiorin"),
        ("チェック", "chekku"),
        ("ツァイス", "tsaisu"),
        ("デュアル", "dyuaru"),
        ("クォンタム", "kwontamu"),
        ("ッ", ""),
        ("ャ", "ya"),
        ("東京タワー", "東京tawa"),
    ],
)
def test_kana_in_hepburn(kana: str, letters: str) -> None:
    assert romaji(fold(kana, keep_small=True)) == letters


@given(st.text(alphabet=st.characters(min_codepoint=0x30A1, max_codepoint=0x30F6), max_size=20))
def test_kana_become_letters_only(kana: str) -> None:
    letters = romaji(fold(kana, keep_small=True))
    assert letters == "" or (letters.isascii() and letters.isalpha())


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("osaka", "osaka"),
        ("oosaka", "osaka"),
        ("ousaka", "osaka"),
        ("ohsaka", "osaka"),
        ("toukyou", "tokyo"),
        ("toho", "toho"),
        ("satoh", "sato"),
        ("tutumi", "tsutsumi"),
        ("sinbun", "shinbun"),
        ("shimbun", "shinbun"),
        ("sisyuu", "shishu"),
        ("tyuubu", "chubu"),
        ("zyosei", "josei"),
        ("jyosei", "josei"),
        ("huzi", "fuji"),
        ("shuzo", "shuzo"),
        ("chuo", "chuo"),
        ("matcha", "maccha"),
        ("mattya", "maccha"),
        ("tuduki", "tsuzuki"),
        ("sy", "sh"),
        ("toy", "toy"),
    ],
)
def test_letters_as_people_type_them(typed: str, spelled: str) -> None:
    assert typed_romaji(typed) == spelled


@given(
    st.text(alphabet="かきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん", max_size=12)
)
def test_hepburn_itself_is_understood(kana: str) -> None:
    # With an n before a vowel or y nobody can tell ん from な行; both sides read it the same.
    assert typed_romaji(romaji(kana)) == romaji(kana)
