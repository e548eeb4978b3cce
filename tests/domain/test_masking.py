"""Masking: what tells who somebody is goes out, and comes back exactly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masking import Mask

NAMES = ["山田 太郎", "髙橋花子", "林 一", "ヤマモト サクラ", "John Smith"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("山田太郎様、山田 太郎さん、山田　太郎", "〔人名1〕様、〔人名1-2〕さん、〔人名1-3〕"),
        ("山田が来た。太郎は桃から。太郎さんも", "〔人名1〕が来た。太郎は桃から。〔人名1-2〕さんも"),
        ("高橋花子と髙橋様と高橋氏", "〔人名1〕と〔人名1-2〕様と〔人名1-3〕氏"),
        ("林さんは林業", "〔人名1〕さんは林業"),
        ("ﾔﾏﾓﾄ ｻｸﾗ様、ヤマモト様", "〔人名1〕様、〔人名1-2〕様"),
        ("JOHN SMITH, Mr. Smith and Smith-san will smith", "〔人名1〕, Mr. 〔人名1-2〕 and 〔人名1-2〕-san will smith"),
        ("電話は03-1234-5678か０３（１２３４）５６７８、+81 3 1234 5678", "電話は〔電話1〕か〔電話1-2〕、〔電話1-3〕"),
        ("090-1234-5678 / 0120-444-444 / 08012345678", "〔電話1〕 / 〔電話2〕 / 〔電話3〕"),
        ("予算は2026-04-01に1200万円、0.5%、09:00", "予算は2026-04-01に1200万円、0.5%、09:00"),
        ("aoki@example.co.jp と ＡＯＫＩ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ", "〔メール1〕 と 〔メール1-2〕"),
        ("〔人名1〕と〔 電話２ 〕は山田", "〔原文1〕と〔原文2〕は〔人名1〕"),
    ],
)
def test_people_numbers_and_addresses_are_replaced_however_they_are_written(text: str, masked: str) -> None:
    mask = Mask(NAMES)
    assert mask.mask(text) == masked
    assert mask.unmask(masked) == text


def test_the_same_person_has_the_same_number_in_every_text_of_a_call() -> None:
    mask = Mask(["佐藤 健", "鈴木 一郎"])
    assert mask.mask("鈴木様と佐藤様") == "〔人名1〕様と〔人名2〕様"
    assert mask.mask("佐藤健") == "〔人名2-2〕"
    # A model may copy a placeholder in another width, and make some up.
    assert mask.unmask("〔人名２〕と〔人名９〕と〔人名2-9〕") == "佐藤と〔人名９〕と〔人名2-9〕"
    assert Mask(["佐藤 健"]).blank("佐藤健 03-1234-5678") == "〔人名〕 〔電話〕"


@pytest.mark.parametrize("name", ["－", ".", "様", "・ -", "　"])
def test_what_stands_for_an_unknown_name_is_nobodys(name: str) -> None:
    assert Mask([name, "佐藤 健"]).mask("A-1. 佐藤様へ") == "A-1. 〔人名1〕様へ"


PARTS = (
    "〔人名 〔人名1〕 〔原文1-2〕 〔 〕 1 - ２ 山田 様 ﾞ 03-1234-5678 +81 (0) 0 a@b.jp ＠ ㈱ ﾔﾏﾓﾄ 髙 人名 電話 ¼ № ー"
)
FRAGMENTS = st.sampled_from([*NAMES, *PARTS.split(" "), " ", "　", "\n", "\u0301"])
TEXTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=25).map("".join)


@given(
    texts=st.lists(TEXTS, max_size=3),
    names=st.lists(st.sampled_from([*NAMES, "－", "様"]) | st.text(max_size=6), max_size=4),
)
def test_every_text_comes_back_exactly_as_it_was(texts: list[str], names: list[str]) -> None:
    mask = Mask(names)
    masked = [mask.mask(text) for text in texts]
    assert [mask.unmask(text) for text in masked] == texts


@given(text=TEXTS, cuts=st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_comes_back_as_the_whole_wherever_it_is_cut(text: str, cuts: list[int]) -> None:
    mask = Mask(NAMES)
    masked = mask.mask(text)
    at = [0, *sorted(cuts), len(masked)]
    unmasked = mask.pieces()
    pieces = [unmasked(masked[start:end]) for start, end in pairwise(at) if masked[start:end]]
    assert "".join([*pieces, unmasked("")]) == text
