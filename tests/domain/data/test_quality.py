"""Names folded, numbers checked, likely duplicates."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.data.quality import (
    Likeness,
    Person,
    company_words,
    corporate_number,
    enlarge,
    fold,
    host,
    likely_duplicates,
    name_key,
    person_key,
    valid_corporate_number,
)

COMPANIES = Path(__file__).parents[3] / "data" / "companies-500.csv"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ", "abc"),
        ("ｱｲｳ", "あいう"),
        ("ガ", "が"),
        ("ｶﾞ", "が"),
        ("髙島屋", "高島屋"),
        ("宮﨑", "宮崎"),
        ("齋藤 齊藤 斉藤", "斎藤 斎藤 斎藤"),
        ("渡邊 渡邉", "渡辺 渡辺"),
        ("濵田 濱田", "浜田 浜田"),
        ("澤 廣 國 學", "沢 広 国 学"),
        ("キャノン", "きやのん"),
        ("キヤノン", "きやのん"),
        ("コンピューター", "こんぴゆた"),
        ("コンピュ－タ", "こんぴゆた"),
        ("コンピュｰタ−", "こんぴゆた"),
        ("I-O DATA", "io data"),
        ("アイ・オー・データ", "あい お でた"),
        ("　雪国　　まいたけ　", "雪国 まいたけ"),
        ("霞ヶ関", "霞け関"),
        ("①㍿", "1株式会社"),
        ("!?。「」", ""),
        ("", ""),
    ],
)
def test_variants_of_one_name_fold_to_one_text(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_folded_text_holds_letters_digits_and_single_spaces_only(text: str) -> None:
    folded = fold(text)
    assert all(char.isalnum() or char == " " for char in folded)
    assert folded == " ".join(folded.split())


@given(st.text(alphabet=st.characters(min_codepoint=0x3040, max_codepoint=0x30FF), max_size=20))
def test_small_kana_can_be_enlarged_afterwards(text: str) -> None:
    assert enlarge(fold(text, keep_small=True)) == fold(text)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("株式会社トヨタ", "とよた"),
        ("トヨタ株式会社", "とよた"),
        ("（株）トヨタ", "とよた"),
        ("㈱トヨタ", "とよた"),
        ("(株)トヨタ", "とよた"),
        ("株式会社　トヨタ", "とよた"),
        ("カブシキガイシャトヨタ", "とよた"),
        ("トヨタカブシキカイシャ", "とよた"),
        ("ｶ)トヨタ", "とよた"),
        ("トヨタ(ｶ", "とよた"),
        ("トヨタ（カ）", "とよた"),
        ("㈲トヨタ", "とよた"),
        ("有限会社 ＡＢＣ", "abc"),
        ("ABC合同会社", "abc"),
        ("一般社団法人かけはし", "かけはし"),
        ("特定非営利活動法人 かけはし", "かけはし"),
        ("Kakehashi Co.,Ltd.", "kakehashi"),
        ("KAKEHASHI CO., LTD.", "kakehashi"),
        ("Kakehashi Co.Ltd", "kakehashi"),
        ("Kakehashi, Inc.", "kakehashi"),
        ("Kakehashi K.K.", "kakehashi"),
        ("K.K. Kakehashi", "kakehashi"),
        ("The Kakehashi Corporation", "kakehashi"),
        ("Kakehashi LLC", "kakehashi"),
        ("KAKEHASHI MFG.CO.,LTD.", "kakehashimfg"),
        ("株式会社Kakehashi Inc.", "kakehashi"),
    ],
)
def test_corporate_form_is_no_part_of_the_key(name: str, key: str) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("株木建設株式会社", "株木建設"),
        ("有明商会", "有明商会"),
        ("株式会社", "株式会社"),
        ("Inc.", "inc"),
        ("The Inc", "the"),
        ("Incubate", "incubate"),
        ("Coltd Works", "coltdworks"),
        ("Day SPA", "dayspa"),
    ],
)
def test_what_only_looks_like_a_corporate_form_stays(name: str, key: str) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("コンピューター", "コンピュータ", True),
        ("大阪サーバー販売", "大阪サーバ販売", True),
        ("アイ・オー・データ", "アイオーデータ", True),
        ("データ－センタ−", "データーセンター", True),
        ("サッポロビール", "サッポロビル", False),
        ("スター", "スタ", False),
        ("キーコーヒー", "キコヒ", False),
        ("バー", "バ", False),
    ],
)
def test_long_vowel_counts_inside_a_key_but_not_at_the_end_of_a_long_word(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


@given(st.text(max_size=30))
def test_folding_with_long_vowels_is_folding_without_but_for_them(text: str) -> None:
    assert fold(text, keep_long=True).replace("ー", "") == fold(text)


@given(st.text(min_size=1, max_size=30))
def test_name_with_a_letter_has_a_key(name: str) -> None:
    assert bool(name_key(name)) or not fold(name)


def test_words_of_a_name_stay_parted() -> None:
    assert company_words("株式会社アイ・オー・データ機器") == "あい おー でーた機器"


@pytest.mark.parametrize("name", ["齋藤　花子", "斎藤花子", "ｻｲﾄｳ ハナコ様", "サイトウ・ハナコさん", "斉藤　花子 様"])
def test_person_has_one_key_however_written(name: str) -> None:
    assert person_key(name) in {"斎藤花子", "さいとうはなこ"}


def test_title_is_not_cut_from_a_short_name() -> None:
    assert person_key("氏") == "氏"
    assert person_key("林氏") == "林氏"


def test_corporate_numbers_of_real_companies_are_valid() -> None:
    with COMPANIES.open(encoding="utf-8", newline="") as file:
        numbers = [row["corporate_number"] for row in csv.DictReader(file)]
    assert len(numbers) == 500
    assert all(map(valid_corporate_number, numbers))


@given(st.integers(0, 10**12 - 1))
def test_exactly_one_check_digit_is_valid(twelve: int) -> None:
    valid = [digit for digit in range(10) if valid_corporate_number(f"{digit}{twelve:012d}")]
    weighted = sum(int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(f"{twelve:012d}")))
    assert valid == [9 - weighted % 9]


@pytest.mark.parametrize(
    "number", ["", "101000118503", "10100011850377", "1010001185038", "１０１０００１１８５０３７", "10100011850a7"]
)
def test_what_is_no_corporate_number_is_not_valid(number: str) -> None:
    assert not valid_corporate_number(number)


@pytest.mark.parametrize(
    "typed", ["1010001185037", " 1-0100-0118-5037 ", "１０１０００１１８５０３７", "1 0100 0118 5037"]
)
def test_corporate_number_is_read_however_typed(typed: str) -> None:
    assert corporate_number(typed) == "1010001185037"


@pytest.mark.parametrize(
    ("website", "name"),
    [
        ("https://www.example.co.jp/ir/?a=1#x", "example.co.jp"),
        ("http://example.co.jp:8080", "example.co.jp"),
        ("WWW.Example.CO.JP", "example.co.jp"),
        ("example.co.jp", "example.co.jp"),
        ("https://me@example.jp/", "example.jp"),
        ("ｗｗｗ．ｅｘａｍｐｌｅ．ｊｐ", "example.jp"),
        ("", ""),
    ],
)
def test_host_of_a_website(website: str, name: str) -> None:
    assert host(website) == name


NEW = Person(1, "斎藤花子", "+81312345678", "hanako@example.jp")


@pytest.mark.parametrize(
    ("there", "reasons"),
    [
        (Person(1, "斎藤花子", id=5), (Likeness.NAME,)),
        (Person(1, "別人", "+81312345678", id=5), (Likeness.PHONE,)),
        (Person(1, "別人", "", "hanako@example.jp", id=5), (Likeness.EMAIL,)),
        (Person(1, "斎藤花子", "+81312345678", "hanako@example.jp", 5), tuple(Likeness)),
    ],
)
def test_person_alike_at_the_same_company_is_likely_a_duplicate(there: Person, reasons: tuple[Likeness, ...]) -> None:
    assert likely_duplicates(NEW, [there]) == [(there, reasons)]


@pytest.mark.parametrize(
    "there",
    [
        Person(2, "斎藤花子", "+81312345678", "hanako@example.jp", 5),
        Person(1, "別人", "+81399999999", "other@example.jp", 5),
        Person(1, "別人", id=5),
    ],
)
def test_person_elsewhere_or_unlike_is_no_duplicate(there: Person) -> None:
    assert likely_duplicates(NEW, [there]) == []


def test_nobody_is_a_duplicate_of_themself() -> None:
    saved = Person(1, "斎藤花子", id=5)
    assert likely_duplicates(saved, [saved]) == []


def test_empty_phone_and_mail_are_never_alike() -> None:
    assert likely_duplicates(Person(1, "甲"), [Person(1, "乙", id=5)]) == []


def test_most_reasons_come_first() -> None:
    one, two = Person(1, "斎藤花子", id=5), Person(1, "斎藤花子", "+81312345678", id=6)
    assert [person.id for person, _ in likely_duplicates(NEW, [one, two])] == [6, 5]
