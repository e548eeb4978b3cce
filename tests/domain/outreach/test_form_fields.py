"""What a form's fields mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.leads import Source
from domain.outreach.form_fields import (
    MAX_LENGTH,
    Field,
    FieldMap,
    Filled,
    company_domain,
    headcount,
    meaning_of,
    read,
    same_name,
)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("会社名", Field.COMPANY),
        ("貴社名（必須）", Field.COMPANY),
        ("会社名※必須", Field.COMPANY),
        ("company_name", Field.COMPANY),
        ("Company Name", Field.COMPANY),
        ("ｶｲｼｬ", Field.OTHER),
        ("お名前", Field.NAME),
        ("your-name", Field.NAME),
        ("姓", Field.NAME),
        ("フリガナ", Field.READING),
        ("お名前（カナ）", Field.READING),
        ("氏名フリガナ", Field.READING),
        ("your-email", Field.EMAIL),
        ("メールアドレス", Field.EMAIL),
        ("TEL", Field.PHONE),
        ("お電話番号", Field.PHONE),
        ("部署名", Field.DEPARTMENT),
        ("役職", Field.TITLE),
        ("お問い合わせ種別", Field.TOPIC),
        ("お問い合わせ内容", Field.MESSAGE),
        ("従業員数", Field.EMPLOYEES),
        ("_wpnonce", Field.IGNORE),
        ("g-recaptcha-response", Field.IGNORE),
        ("受付番号", Field.SUBMISSION),
        ("個人情報の取り扱いに同意", Field.OTHER),
        ("", Field.OTHER),
    ],
)
def test_common_names_are_understood_without_a_mapping(name: str, meaning: Field) -> None:
    assert meaning_of(name) is meaning


def test_mapping_goes_before_what_the_name_says() -> None:
    known = FieldMap({"q1": Field.COMPANY, "お名前": Field.OTHER})
    filled = read({"q1": "あおば", "お名前": "山田"}, known)
    assert filled.values == {Field.COMPANY: "あおば"}
    assert filled.others == {"お名前": "山田"}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"姓": "山田", "名": "太郎"}, "山田 太郎"),
        ({"first_name": "太郎", "last_name": "山田"}, "山田 太郎"),
        ({"first_name": "Taro", "last_name": "Yamada"}, "Taro Yamada"),
        ({"お名前": "山田 太郎", "姓": ""}, "山田 太郎"),
    ],
)
def test_several_fields_of_one_meaning_are_joined_in_the_order_of_the_language(raw: dict[str, str], name: str) -> None:
    assert read(raw, FieldMap()).text(Field.NAME) == name


def test_fixed_value_stands_where_the_form_said_nothing() -> None:
    known = FieldMap(fixed={Field.INDUSTRY: "機械", Field.COMPANY: "既定"}, source=Source.WEBINAR)
    filled = read({"会社名": "あおば"}, known)
    assert filled.values == {Field.COMPANY: "あおば", Field.INDUSTRY: "機械"}


def test_what_is_too_long_is_cut_not_refused() -> None:
    filled = read({"会社名": "あ" * 999, "お問い合わせ内容": "い" * 9999}, FieldMap())
    assert len(filled.text(Field.COMPANY)) == MAX_LENGTH[Field.COMPANY]
    assert len(filled.text(Field.MESSAGE)) == 5000


def test_name_of_the_form_that_is_also_ours_is_kept_apart() -> None:
    filled = Filled({Field.COMPANY: "あおば"}, {"company": "other", "form:x": "y", "色": "青"})
    assert Filled.from_json(filled.to_json()) == filled


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=8))
def test_submission_is_read_back_as_it_was_stored(raw: dict[str, str]) -> None:
    filled = read(raw, FieldMap())
    assert Filled.from_json(filled.to_json()) == filled
    assert all(text.strip() for text in filled.values.values())


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1,000名以上", 1000),
        ("３００〜９９９名", 300),
        ("50人", 50),
        ("1万人", 10_000),
        ("2千", 2000),
        ("未定", None),
        ("", None),
        ("99999999999999", None),
    ],
)
def test_headcount_is_the_lower_end_of_what_was_said(text: str, count: int | None) -> None:
    assert headcount(text) == count


@pytest.mark.parametrize(
    ("email", "domain"),
    [("a@Aoba.example", "aoba.example"), ("a@gmail.com", ""), ("a@localhost", ""), ("none", ""), ("", "")],
)
def test_only_a_companys_own_mail_says_where_somebody_works(email: str, domain: str) -> None:
    assert company_domain(email) == domain


@pytest.mark.parametrize(
    ("one", "other", "same"), [("山田", "山田太郎", True), ("山田太郎", "山田花子", False), ("", "山田", False)]
)
def test_family_name_alone_may_be_the_same_person(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
