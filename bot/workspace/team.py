"""Frozen descriptions of a team: who works there and which channels they share. `EXAMPLE` is an invented company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["is", "fs", "manager", "marketing", "cs", "admin"]
Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Person:
    """One member. `zone` is an IANA name; `language` decides the locale Slack reports (ja-JP or en-US)."""

    id: str
    name: str
    real_name: str
    role: Role
    title: str
    language: Language = "ja"
    zone: str = "Asia/Tokyo"
    email: str = ""

    @property
    def locale(self) -> str:
        """The locale in Slack's form."""
        return "ja-JP" if self.language == "ja" else "en-US"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel with the ids of its members. `app` tells whether the app has been invited from the start."""

    id: str
    name: str
    topic: str
    members: tuple[str, ...]
    app: bool = True
    private: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace as it is before anything has been said in it."""

    id: str
    name: str
    domain: str
    people: tuple[Person, ...]
    channels: tuple[Channel, ...]

    def email(self, person: Person) -> str:
        """The address of a member; made from the name under a domain that can never exist when none is given."""
        return person.email or f"{person.name}@{self.domain}.example"


_PEOPLE = (
    Person("U01SATO001", "sato", "佐藤 美咲", "is", "インサイドセールス（反響型）"),
    Person("U01SUZUKI1", "suzuki", "鈴木 健太", "is", "インサイドセールス（新規開拓型）"),
    Person("U01MILLER1", "miller", "Emily Miller", "is", "Inside Sales (SDR)", "en"),
    Person("U01TANAKA1", "tanaka", "田中 大輔", "fs", "フィールドセールス（製造・首都圏）"),
    Person("U01ITO0001", "ito", "伊藤 さくら", "fs", "フィールドセールス（情報通信・西日本）"),
    Person("U01CARTER1", "carter", "Daniel Carter", "fs", "Field Sales (Global accounts)", "en"),
    Person("U01KATO001", "kato", "加藤 裕子", "manager", "インサイドセールス マネージャー"),
    Person("U01MORI001", "mori", "森 拓也", "marketing", "マーケティング"),
    Person("U01ONO0001", "ono", "小野 千尋", "cs", "カスタマーサクセス"),
    Person("U01HAYASHI", "hayashi", "林 直樹", "admin", "情報システム"),
)
_EVERYBODY = tuple(person.id for person in _PEOPLE)
_INSIDE = ("U01SATO001", "U01SUZUKI1", "U01MILLER1", "U01KATO001", "U01HAYASHI")
_FIELD = ("U01TANAKA1", "U01ITO0001", "U01CARTER1")

EXAMPLE = Team(
    id="T01HOSHIMI",
    name="株式会社ほしみテクノロジー",
    domain="hoshimi-tech",
    people=_PEOPLE,
    channels=(
        Channel("C01GENERAL", "general", "全社のお知らせ", _EVERYBODY),
        Channel("C01ISTEAM0", "is-team", "インサイドセールス", _INSIDE),
        Channel("C01HANDOFF", "fs-handoff", "商談引き継ぎ", (*_INSIDE, *_FIELD)),
        Channel("C01INBOUND", "inbound", "お問い合わせの受付", (*_INSIDE, "U01MORI001", "U01ONO0001")),
    ),
)
