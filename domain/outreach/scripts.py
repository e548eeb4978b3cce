"""Seven-stage call scripts: what one is made of, which of a team's scripts fits a lead, and its gaps filled in
(work item 2-5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from domain.data.quality import fold
from domain.errors import Code, Refused, Rejected
from domain.leads import Source
from domain.leads import Stage as LeadStage

MAX_NAME = 60
MAX_STAGE = 2000
"""Letters of one stage: what can be said in a few minutes, and what a paragraph of Slack holds."""
LANGUAGES: Final = ("ja", "en")


class Stage(StrEnum):
    """The seven stages of a call, in their order. A script has something to say in each."""

    RECEPTION = "reception"
    OPENING = "opening"
    PURPOSE = "purpose"
    DISCOVERY = "discovery"
    VALUE = "value"
    OBJECTION = "objection"
    CLOSING = "closing"


class Scene(StrEnum):
    """On what occasion a script is spoken."""

    FIRST_CALL = "first_call"
    INBOUND = "inbound"
    EVENT = "event"
    FOLLOW_UP = "follow_up"
    RECYCLE = "recycle"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a script is for. `segment` is an industry and `persona` a word of department or title; "": for all."""

    name: str
    scene: Scene
    language: str = "ja"
    segment: str = ""
    persona: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A script's words. `stages` holds what is said in each stage."""

    heading: Heading
    stages: Mapping[Stage, str]

    def check(self) -> Self:
        """The same script without spaces around its texts. Rejected: every field at fault; a stage by its own name."""
        heading = self.heading
        refusals = []
        for field, text in (("name", heading.name), ("segment", heading.segment), ("persona", heading.persona)):
            if len(text.strip()) > MAX_NAME:
                refusals.append(Refused(Code.TOO_LONG, field, most=MAX_NAME))
        if not heading.name.strip():
            refusals.append(Refused(Code.REQUIRED, "name"))
        if heading.language not in LANGUAGES:
            refusals.append(Refused(Code.INVALID, "language"))
        for stage in Stage:
            said = self.stages.get(stage, "").strip()
            if not said:
                refusals.append(Refused(Code.REQUIRED, stage.value))
            elif len(said) > MAX_STAGE:
                refusals.append(Refused(Code.TOO_LONG, stage.value, most=MAX_STAGE))
        if refusals:
            raise Rejected(*refusals)
        stripped = Heading(
            heading.name.strip(), heading.scene, heading.language, heading.segment.strip(), heading.persona.strip()
        )
        return type(self)(stripped, {stage: self.stages[stage].strip() for stage in Stage})


# Which one fits


@dataclass(frozen=True, slots=True)
class Occasion:
    """The call that is about to be made: its scene, and who will be spoken to. `place` is department and title."""

    scene: Scene
    language: str
    industry: str
    place: str


def scene_of(source: Source, stage: LeadStage, *, reached: bool, dialled: bool) -> Scene:
    """The scene of the next call to a lead. `reached`: the intended person was spoken to before; `dialled`: somebody
    called, whoever answered."""
    if stage in (LeadStage.NURTURING, LeadStage.DISQUALIFIED):
        return Scene.RECYCLE
    if reached:
        return Scene.FOLLOW_UP
    if source in (Source.INBOUND_FORM, Source.WHITE_PAPER):
        return Scene.INBOUND
    if source in (Source.TRADE_SHOW, Source.WEBINAR):
        return Scene.EVENT
    # A dial that reached nobody changes nothing about what is said first.
    return Scene.FOLLOW_UP if dialled and source is Source.REFERRAL else Scene.FIRST_CALL


def fit(heading: Heading, occasion: Occasion) -> int | None:
    """How closely a script fits: more for one that was made for just such people. None: it is for other calls."""
    if heading.scene is not occasion.scene or heading.language != occasion.language:
        return None
    closeness = 0
    for wanted, found, weight in ((heading.segment, occasion.industry, 2), (heading.persona, occasion.place, 1)):
        if not fold(wanted):
            continue
        if fold(wanted) not in fold(found):
            return None
        closeness += weight
    return closeness


def best(headings: Iterable[tuple[int, Heading]], occasion: Occasion) -> int | None:
    """The number of the script that fits closest; of equals the one that comes first. None: none fits."""
    found = [
        (closeness, -place, number)
        for place, (number, heading) in enumerate(headings)
        if (closeness := fit(heading, occasion)) is not None
    ]
    return max(found)[2] if found else None


# Its gaps


class Gap(StrEnum):
    """What a script leaves open and the lead fills in."""

    COMPANY = "company"
    CONTACT = "contact"
    DEPARTMENT = "department"
    TITLE = "title"
    PAIN = "pain"
    ME = "me"
    US = "us"


GAP_NAMES: Final[Mapping[str, Mapping[Gap, str]]] = {
    "en": {gap: gap.value for gap in Gap},
    "ja": {
        Gap.COMPANY: "会社",
        Gap.CONTACT: "担当者",
        Gap.DEPARTMENT: "部署",
        Gap.TITLE: "役職",
        Gap.PAIN: "課題",
        Gap.ME: "自分",
        Gap.US: "自社",
    },
}
"""How a gap is written between braces, by language. Either is understood in every script."""

_BY_NAME: Final = {name: gap for names in GAP_NAMES.values() for gap, name in names.items()}
_gaps = re.compile(r"\{\s*([^{}\n]{1,20}?)\s*\}").sub


def filled(text: str, values: Mapping[Gap, str], language: str) -> str:
    """A stage with what is known of the lead in its gaps. What is not known stays to be seen: ［課題］, [pain]. Braces
    around anything else are the team's own and stay."""

    def value(found: re.Match[str]) -> str:
        gap = _BY_NAME.get(found[1])
        if gap is None:
            return found[0]
        known = " ".join(values.get(gap, "").split())
        name = GAP_NAMES.get(language, GAP_NAMES["en"])[gap]
        return known or (f"［{name}］" if language == "ja" else f"[{name}]")

    return _gaps(value, text)


def spoken_name(name: str) -> str:
    """A person's name as it is spoken on the telephone: 片山 of 片山 裕美. Names in Latin letters are said whole."""
    parts = name.split()
    return parts[0] if len(parts) > 1 and not name.isascii() else name


def named(text: str, language: str) -> str:
    """The same text with its gaps named in a language: {会社} for {company}."""
    names = GAP_NAMES.get(language, GAP_NAMES["en"])
    return _gaps(lambda found: f"{{{names[gap]}}}" if (gap := _BY_NAME.get(found[1])) else found[0], text)
