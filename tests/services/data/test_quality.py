"""Keys of phones, mail addresses and companies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.data.quality import AccountKeys, Phone, account_keys, email_key, phone, phone_e164


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("03-1234-5678", "+81312345678"),
        ("０３－１２３４－５６７８", "+81312345678"),
        ("(03) 1234 5678", "+81312345678"),
        ("+81 3-1234-5678", "+81312345678"),
        ("090-1234-5678", "+819012345678"),
        ("0120-123-456", "+81120123456"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_phone_becomes_e164(typed: str, number: str) -> None:
    assert phone(typed) == Phone(number, valid=True)
    assert phone_e164(typed) == number


@pytest.mark.parametrize("typed", ["内線 123", "123", "03-1234-5678 内線12", "03-1234-5678 ext. 12", "なし", ""])
def test_what_cannot_be_dialled_stays_as_typed(typed: str) -> None:
    assert phone(f" {typed} ") == Phone(typed, valid=False)
    assert phone_e164(typed) == ""


@given(st.text(max_size=40))
def test_any_text_is_a_phone_number_or_stays(typed: str) -> None:
    found = phone(typed)
    assert found.number.startswith("+") if found.valid else found.number == typed.strip()


@pytest.mark.parametrize("typed", ["Hanako@Example.JP", " hanako@example.jp ", "ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ"])
def test_mail_address_has_one_key_however_typed(typed: str) -> None:
    assert email_key(typed) == "hanako@example.jp"


def test_keys_of_a_company() -> None:
    assert account_keys(
        "株式会社かけはし", corporate_number="1-0100-0118-5037", reading="カケハシ", website="https://kakehashi.co.jp"
    ) == AccountKeys("1010001185037", "かけはし", "^かけはし|~|kakehashi|#1010001185037|")


def test_number_with_a_wrong_check_digit_is_none() -> None:
    assert account_keys("かけはし", corporate_number="2010001185037").corporate_number is None
