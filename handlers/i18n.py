"""Words in the reader's language: gettext catalogues with English msgids, read straight from their .po files."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES: Final = ("ja", "en")
DEFAULT: Final = "ja"
LOCALES: Final = Path(__file__).parent / "locales"
DOMAIN: Final = "kakehashi"
JAPAN: Final = 81
# Babel only reads the territory for the order of a date's parts.
_BABEL: Final = {"ja": "ja_JP", "en": "en_GB"}


# A link of Slack's ends at these: what is typed with one of them would say something else than where it leads.
_LINKED: Final = re.compile(r"[^<>|&\x00-\x1f\x7f\u2028\u2029]+")


class Markup(str):
    """Slack mrkdwn that was already escaped or that we wrote ourselves."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """What somebody typed, so that Slack shows it and neither mentions nor links anything by it."""
    if isinstance(text, Markup):
        return text
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def mention(user: str) -> Markup:
    """A Slack user, as a mention."""
    return Markup(f"<@{user}>")


def channel(identifier: str) -> Markup:
    """A Slack channel, as a link."""
    return Markup(f"<#{identifier}>")


def mark(msgid: str) -> str:
    """Mark a msgid for extraction where it is not translated at once (tables of labels)."""
    return msgid


class Translator:
    """One language: sentences, dates, numbers, lists."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else DEFAULT
        self.locale = _BABEL[self.language]
        self._catalogue = _catalogue(self.language)

    def __call__(self, msgid: str, /, **values: object) -> str:
        """The sentence in plain text, its `{names}` filled in."""
        sentence = self._catalogue.gettext(msgid)
        return sentence.format_map(values) if values else sentence

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The sentence for `n` things; `{n}` is filled in with the grouped number."""
        return self._catalogue.ngettext(one, many, n).format_map({"n": self.number(n), **values})

    def md(self, msgid: str, /, **values: object) -> Markup:
        """The sentence as mrkdwn: every value that is not Markup is escaped."""
        sentence = self._catalogue.gettext(msgid)
        safe = {key: value if isinstance(value, Markup) else escape(str(value)) for key, value in values.items()}
        return Markup(sentence.format_map(safe))

    def day(self, day: date) -> str:
        """A date with its weekday: 2026年4月1日(水), Wed, 1 Apr 2026."""
        return format_date(day, "y年M月d日(E)" if self.language == "ja" else "EEE, d MMM y", locale=self.locale)

    def moment(self, moment: datetime, zone: str, *, now: datetime | None = None) -> str:
        """A moment in the reader's zone; the year is left out when it is the year of `now`."""
        local = moment.astimezone(ZoneInfo(zone))
        time = format_time(local, "HH:mm", locale=self.locale, tzinfo=local.tzinfo)
        if now is not None and now.astimezone(ZoneInfo(zone)).year == local.year:
            day = format_date(local, "M月d日(E)" if self.language == "ja" else "EEE, d MMM", locale=self.locale)
        else:
            day = self.day(local.date())
        return f"{day} {time}"

    def number(self, value: int | float) -> str:
        """A number with its groups of three."""
        return format_decimal(value, locale=self.locale)

    def yen(self, amount: int) -> str:
        """Money the way sales people say it: 1,200万円, 3億5,000万円; ¥12,000,000 in English."""
        if self.language != "ja":
            return f"¥{self.number(amount)}"
        oku, rest = divmod(amount, 100_000_000)
        man, yen = divmod(rest, 10_000)
        parts = [(oku, "億"), (man, "万"), (yen, "")]
        return "".join(f"{self.number(n)}{unit}" for n, unit in parts if n) + "円" if amount else "0円"

    def span(self, length: timedelta) -> str:
        """A length of time in its largest unit: 3日, 2時間, 15分."""
        minutes = max(int(length.total_seconds() // 60), 0)
        if minutes >= 48 * 60:
            return self.plural("{n} day", "{n} days", minutes // (24 * 60))
        if minutes >= 90:
            return self.plural("{n} hour", "{n} hours", round(minutes / 60))
        return self.plural("{n} minute", "{n} minutes", minutes)

    def phone(self, number: str) -> str:
        """A stored number as it is dialled: 03-1234-5678 in Japanese, +81 3-1234-5678 in English, others as stored."""
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return number
        at_home = self.language == "ja" and parsed.country_code == JAPAN
        kind = phonenumbers.PhoneNumberFormat
        return phonenumbers.format_number(parsed, kind.NATIONAL if at_home else kind.INTERNATIONAL)

    def phone_link(self, number: str) -> Markup:
        """The number as a link that dials; what cannot stand in a link, as it was typed."""
        shown = self.phone(number)
        return Markup(f"<tel:{number}|{shown}>") if _LINKED.fullmatch(number + shown) else escape(shown)

    def mail_link(self, address: str) -> Markup:
        """An address as a link that writes a mail; what cannot stand in a link, as it was typed."""
        return Markup(f"<mailto:{address}|{address}>") if _LINKED.fullmatch(address) else escape(address)

    def listed(self, parts: Iterable[str]) -> str:
        """A、B、C or A, B, C."""
        return ("、" if self.language == "ja" else ", ").join(parts)


@cache
def translator(language: str) -> Translator:
    """The translator of a language; an unknown language reads Japanese."""
    return Translator(language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
