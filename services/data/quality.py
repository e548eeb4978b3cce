"""Keys of phones, mail addresses and companies: what needs more than the standard library (work item 4-4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from domain.data.quality import corporate_number, valid_corporate_number
from domain.data.search import search_text

REGION = "JP"
MAX_EMAIL = 254

_EMAIL = re.compile(r"[^\s@<>(),;:\"]+@[^\s@<>(),;:\".]+(\.[^\s@<>(),;:\".]+)+")


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number: E.164 when `valid`, else what was typed, trimmed."""

    number: str
    valid: bool


def phone(typed: str) -> Phone:
    """A number as typed (full-width digits, hyphens, brackets; Japanese unless it begins with a country code)."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    try:
        parsed = phonenumbers.parse(plain, REGION)
    except phonenumbers.NumberParseException:
        return Phone(typed.strip(), valid=False)
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        # An extension is lost in E.164, and with it the person who is called.
        return Phone(typed.strip(), valid=False)
    return Phone(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), valid=True)


def phone_e164(typed: str) -> str:
    """The number in E.164; empty when it is no number that can be dialled."""
    found = phone(typed)
    return found.number if found.valid else ""


def email_key(email: str) -> str:
    """A mail address for comparison: half width, without spaces around it, lower case. Tags (`+…`) are kept."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def is_email(text: str) -> bool:
    """Whether this has the form of a mail address."""
    return len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """What is kept beside a company so that it is found and recognised."""

    corporate_number: str | None
    """13 digits, checked; None when none was given or it is none."""
    name_key: str
    search_text: str


def account_keys(
    name: str, *, corporate_number: str = "", reading: str = "", name_en: str = "", website: str = ""
) -> AccountKeys:
    """The keys of a company. The grams of `search_text` are the index's own matter (storage/account_search.py)."""
    number = _number(corporate_number)
    key, text = search_text(name, reading, name_en, number, website)
    return AccountKeys(number or None, key, text)


def _number(typed: str) -> str:
    number = corporate_number(typed)
    return number if valid_corporate_number(number) else ""
