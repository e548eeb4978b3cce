"""Frozen descriptions of a team: who works there and which channels they share. `EXAMPLE` is an invented company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Role = Literal["is", "fs", "manager", "marketing", "cs", "admin"]
Language = Literal["ja", "en"]
Guest = Literal["", "multi", "single"]


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `zone` is an IANA name; `language` decides the locale Slack reports (ja-JP or en-US).

    `guest`: invited for several channels (`multi`) or for one (`single`); "": a full member. `home`: the id of another
    workspace, whose member this is, met in channels shared with it; "": of this one.
    """

    id: str
    name: str
    real_name: str
    role: Role
    title: str
    language: Language = "ja"
    zone: str = "Asia/Tokyo"
    email: str = ""
    guest: Guest = ""
    home: str = ""

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

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return asdict(self)

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Team:
        """The team that a JSON object describes. Raises `TeamError` naming what is wrong with it."""
        try:
            people = tuple(Person(**person) for person in described["people"])
            channels = tuple(
                Channel(**{**channel, "members": tuple(channel["members"])}) for channel in described["channels"]
            )
            team = cls(str(described["id"]), str(described["name"]), str(described["domain"]), people, channels)
        except KeyError as missing:
            raise TeamError(f"The team's description lacks {missing}.") from missing
        except TypeError as wrong:
            raise TeamError(f"The team's description cannot be read: {wrong}.") from wrong
        team.check()
        return team

    def check(self) -> None:
        """Raise `TeamError` for ids that are there twice, members of channels who are not, and unknown roles."""
        ids = {person.id for person in self.people}
        if len(ids) != len(self.people) or len({person.name for person in self.people}) != len(self.people):
            raise TeamError("Two people have the same id or the same name.")
        if len({channel.id for channel in self.channels}) != len(self.channels):
            raise TeamError("Two channels have the same id.")
        for person in self.people:
            if person.role not in get_args(Role) or person.language not in get_args(Language):
                raise TeamError(f"{person.id} has a role or a language that is not known.")
            if person.guest not in get_args(Guest):
                raise TeamError(f"{person.id} is a guest of a kind that is not known.")
        for channel in self.channels:
            strangers = sorted(set(channel.members) - ids)
            if strangers:
                raise TeamError(f"{channel.name} has members who are nobody: {', '.join(strangers)}.")


class TeamError(ValueError):
    """The description of a team makes no team; the text says why."""


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
