"""What the fields of a form on a website mean, in whatever words it asks (work item 2-1, inbound)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.leads import Source


class Field(StrEnum):
    """What a field of a form means."""

    COMPANY = "company"
    NAME = "name"
    READING = "reading"
    DEPARTMENT = "department"
    TITLE = "title"
    PHONE = "phone"
    EMAIL = "email"
    TOPIC = "topic"
    """What it is about, as chosen from a list: quotation, demonstration, material."""
    MESSAGE = "message"
    EMPLOYEES = "employees"
    INDUSTRY = "industry"
    ADDRESS = "address"
    WEBSITE = "website"
    CORPORATE_NUMBER = "corporate_number"
    SUBMISSION = "submission"
    """The form's own number of the submission: the same one again is the same submission."""
    OTHER = "other"
    """Shown on the card under its own name."""
    IGNORE = "ignore"
    """Not kept."""


FILLED = tuple(meaning for meaning in Field if meaning not in (Field.SUBMISSION, Field.OTHER, Field.IGNORE))
"""What a lead, its person and its company are made of."""

MAX_LENGTH: dict[Field, int] = {
    Field.COMPANY: 200,
    Field.NAME: 100,
    Field.READING: 100,
    Field.DEPARTMENT: 100,
    Field.TITLE: 100,
    Field.PHONE: 40,
    Field.EMAIL: 254,
    Field.INDUSTRY: 100,
    Field.ADDRESS: 500,
    Field.WEBSITE: 500,
    Field.CORPORATE_NUMBER: 40,
    Field.SUBMISSION: 200,
}
"""What is longer is cut: a lead is worth more than the end of a text."""
MAX_VALUE = 5000


@dataclass(frozen=True, slots=True)
class FieldMap:
    """What a form's fields mean. A name that is not in `meanings` means what its words say (`meaning_of`).

    `fixed` fills what the form does not ask, or left empty. `source` is written on every lead.
    """

    meanings: Mapping[str, Field] = field(default_factory=dict)
    fixed: Mapping[Field, str] = field(default_factory=dict)
    source: Source = Source.INBOUND_FORM


@dataclass(frozen=True, slots=True)
class Filled:
    """A submission by meaning. `values` holds no empty text; `others` stand under the form's own names."""

    values: Mapping[Field, str]
    others: Mapping[str, str]

    def text(self, meaning: Field) -> str:
        """What was given, or ""."""
        return self.values.get(meaning, "")

    @property
    def employees(self) -> int | None:
        """How many work there, if that was said."""
        return headcount(self.text(Field.EMPLOYEES))

    def to_json(self) -> dict[str, str]:
        """As it is stored: by our names; what is not ours under its own, told apart where one of ours is the same."""
        kept = {meaning.value: text for meaning, text in self.values.items()}
        for name, text in self.others.items():
            kept[f"{_OWN}{name}" if name in _NAMES or name.startswith(_OWN) else name] = text
        return kept

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Filled:
        """What `to_json` wrote."""
        values = {Field(name): str(text) for name, text in stored.items() if name in _NAMES}
        kept = {name: text for name, text in stored.items() if name not in _NAMES and name != SIGNED}
        others = {name.removeprefix(_OWN): str(text) for name, text in kept.items()}
        return cls(values, others)


_NAMES = frozenset(Field)
_OWN = "form:"
SIGNED = f"{_OWN}signed"
"""Beside the stored fields: what tells the request that brought them from every other."""


def read(raw: Mapping[str, str], known: FieldMap) -> Filled:
    """A submission, field by field in the form's order. Several fields of one meaning are joined (姓 and 名)."""
    found: dict[Field, list[tuple[str, str]]] = {}
    others: dict[str, str] = {}
    for name, typed in raw.items():
        text = typed.strip()[:MAX_VALUE]
        meaning = known.meanings.get(name) or meaning_of(name)
        if not text or meaning is Field.IGNORE:
            continue
        if meaning is Field.OTHER:
            others[name] = text
        else:
            found.setdefault(meaning, []).append((name, text))
    values = {meaning: _joined(meaning, parts) for meaning, parts in found.items()}
    for meaning, text in known.fixed.items():
        values.setdefault(meaning, text)
    clipped = {meaning: text[: MAX_LENGTH.get(meaning, MAX_VALUE)] for meaning, text in values.items()}
    return Filled(clipped, others)


def _joined(meaning: Field, parts: Sequence[tuple[str, str]]) -> str:
    if len(parts) == 1:
        return parts[0][1]
    if meaning in (Field.NAME, Field.READING) and not all(text.isascii() for _, text in parts):
        # Forms made abroad ask for the given name first; a Japanese name begins with the family's.
        parts = sorted(parts, key=lambda part: _plain(part[0]) in _GIVEN)
    return ("\n" if meaning in (Field.MESSAGE, Field.TOPIC) else " ").join(text for _, text in parts)


_SEPARATORS = re.compile(r"[\s_\-\[\]().:：・*※/／]+")


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).lower())


_GIVEN = frozenset({"名", "メイ", "めい", "firstname", "givenname", "mei", "firstnamekana", "meikana", "fname"})

_WORDS: dict[Field, str] = {
    Field.SUBMISSION: "submissionid entryid submission 受付番号 受付id",
    Field.CORPORATE_NUMBER: "法人番号 corporatenumber",
    Field.COMPANY: """
        会社名 会社 貴社名 御社名 企業名 企業 法人名 団体名 社名 勤務先 勤務先名 組織名 貴社名団体名 会社名団体名
        貴社団体名 company companyname organization organisation corporation yourcompany kaisha kaishamei
    """,
    Field.READING: """
        フリガナ ふりがな カナ かな ヨミ よみ セイ メイ せい めい 氏名カナ 氏名フリガナ 氏名ふりがな お名前カナ
        お名前フリガナ お名前ふりがな 名前カナ kana namekana furigana reading lastnamekana firstnamekana seikana meikana
    """,
    Field.NAME: """
        お名前 名前 氏名 ご氏名 御氏名 担当者名 ご担当者名 ご担当者 担当者 担当者氏名 姓 名
        name fullname yourname lastname firstname familyname givenname sei mei lname fname contactname namae shimei
    """,
    Field.EMAIL: """
        メール メールアドレス eメール 電子メール ご連絡先メールアドレス 会社メールアドレス email mail emailaddress
        mailaddress youremail businessemail workemail
    """,
    Field.PHONE: """
        電話 電話番号 お電話番号 ご連絡先電話番号 連絡先電話番号 携帯 携帯電話 携帯番号 携帯電話番号 tel phone telephone
        phonenumber telephonenumber mobile yourtel denwa
    """,
    Field.DEPARTMENT: "部署 部署名 所属 所属部署 ご所属 department dept division busho",
    Field.TITLE: "役職 お役職 ご役職 役職名 肩書 title jobtitle position role yakushoku",
    Field.TOPIC: """
        件名 種別 お問い合わせ種別 お問合せ種別 問い合わせ種別 お問い合わせ項目 お問い合わせの種類 ご用件 用件 目的
        ご希望 資料名 topic subject category inquirytype yoursubject
    """,
    Field.MESSAGE: """
        内容 お問い合わせ内容 お問合せ内容 お問合わせ内容 問い合わせ内容 ご相談内容 相談内容 ご質問 ご質問内容 質問
        メッセージ 本文 備考 ご要望 ご要望など message inquiry body comment comments content contents detail details
        question yourmessage naiyou
    """,
    Field.EMPLOYEES: """
        従業員数 社員数 従業員規模 企業規模 会社規模 規模 employees employeecount numberofemployees companysize
        headcount
    """,
    Field.INDUSTRY: "業種 業界 industry gyoushu",
    Field.ADDRESS: "住所 ご住所 所在地 会社住所 会社所在地 都道府県 address prefecture",
    Field.WEBSITE: "ホームページ webサイト サイトurl 会社url website url homepage site hp companyurl",
    Field.IGNORE: """
        token csrftoken csrf wpnonce nonce authenticitytoken recaptcha grecaptcharesponse hcaptcharesponse
        cfturnstileresponse honeypot submit password utf8 charset
    """,
}
_MEANINGS = {_plain(word): meaning for meaning, words in _WORDS.items() for word in words.split()}
# 会社名（法人名）, お問い合わせ内容（必須): the words in front decide.
_BRACKETED = re.compile(r"[(\[【〔<].*$", re.DOTALL)


def meaning_of(name: str) -> Field:
    """What a field of this name usually means; OTHER where the name does not say."""
    normal = unicodedata.normalize("NFKC", name)
    for candidate in (normal, _BRACKETED.sub("", normal)):
        plain = _plain(candidate)
        for text in (plain, plain.removesuffix("必須").removesuffix("任意")):
            if text in _MEANINGS:
                return _MEANINGS[text]
    return Field.OTHER


_COUNT = re.compile(r"(\d+)\s*(万|千)?")
_UNITS = {"万": 10_000, "千": 1_000, "": 1}
MOST_EMPLOYEES = 10_000_000


def headcount(text: str) -> int | None:
    """How many 1,000名以上, 300〜999名 or 50人 are: of a range the lower end. None where no number stands."""
    found = _COUNT.search(unicodedata.normalize("NFKC", text).replace(",", ""))
    if found is None or len(found[1]) > 8:
        return None
    count = int(found[1]) * _UNITS[found[2] or ""]
    return count if count <= MOST_EMPLOYEES else None


# Mailboxes that say nothing about where somebody works.
_FREE = """
    gmail.com googlemail.com yahoo.co.jp yahoo.com ymail.ne.jp ybb.ne.jp outlook.com outlook.jp hotmail.com
    hotmail.co.jp live.jp live.com msn.com icloud.com me.com mac.com aol.com mail.com gmx.com proton.me protonmail.com
    docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp so-net.ne.jp ocn.ne.jp
    plala.or.jp dion.ne.jp excite.co.jp rakuten.jp mineo.jp uqmobile.jp
"""
_FREE_MAIL = frozenset(_FREE.split())


def company_domain(email: str) -> str:
    """The domain of an address when it is a company's own; "" for mailboxes that everybody can have."""
    domain = email.rpartition("@")[2].strip().lower()
    return "" if domain in _FREE_MAIL or "." not in domain else domain


def same_name(one: str, other: str) -> bool:
    """Whether two name keys may be one person's: the family name alone is a part of the whole (山田, 山田太郎)."""
    return bool(one) and bool(other) and (one.startswith(other) or other.startswith(one))
