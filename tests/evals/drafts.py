"""Drafts for scripts, answers to objections, mails and briefs: whether they keep to what they were given, and are said
as one says it. All of it is computed; whether a draft is any good a person reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel

from domain.model import Unavailable
from domain.outreach.scripts import Stage
from domain.pipeline.cues import addresses_a_machine, sentences
from domain.pipeline.figures import unfounded
from prompts.library import prompt
from prompts.outreach.outputs import AdaptedAnswer, BriefLine, CallScript, FollowUpMail
from services import model
from services.deps import Deps

FILE: Final = Path(__file__).parent / "drafts.yaml"
OUTPUTS: Final[Mapping[str, type[BaseModel]]] = {
    "outreach/call_script": CallScript,
    "outreach/objection_answer": AdaptedAnswer,
    "outreach/follow_up_mail": FollowUpMail,
    "outreach/brief": BriefLine,
}
CHECKS: Final = ("answered", "keigo", "figures", "people", "length", "stages", "language", "attack")


@dataclass(frozen=True)
class DraftCase:
    """What is given to a prompt. `never`: what must not stand in the draft."""

    id: str
    prompt: str
    language: str
    given: Mapping[str, Any]
    never: tuple[str, ...] = ()

    @property
    def ground(self) -> str:
        """Everything that is given, as text."""
        return "\n".join("\n".join(each) if isinstance(each, list) else str(each) for each in self.given.values())


@cache
def cases() -> tuple[DraftCase, ...]:
    """All of them, in their order."""
    return tuple(
        DraftCase(each["id"], each["prompt"], each["language"], each["given"], tuple(map(str, each.get("never", ()))))
        for each in yaml.safe_load(FILE.read_text("utf-8"))
    )


Draft = Mapping[str, Any]
Drafter = Callable[[DraftCase], Awaitable[Draft | None]]


def drafter(deps: Deps, team_id: str) -> Drafter:
    """Who drafts: the configured model, by the product's own way to it; None where nothing came back."""

    async def draft(case: DraftCase) -> Draft | None:
        given = {**case.given, "language": case.language}
        try:
            told = await model.ask(deps, team_id, case.prompt, OUTPUTS[case.prompt], given)
        except Unavailable:
            return None
        return told.model_dump()

    return draft


# What a draft must be

_DOUBLE: Final = re.compile(
    r"おっしゃられ|仰られ|ご覧になられ|いらっしゃられ|召し上がられ|お見えになられ|なさられ"
    r"|[おご御][^。、\s]{1,6}になられ|お(?:話|聞き|書き|待ち)され"
    r"|拝見(?:いた|させ)|お(?:伺い|承り)させて(?:いただ|頂)"
)
_LOW: Final = re.compile(r"了解(?:し|いた|です)|ご苦労様|すみません|なるほどですね|よろしかったでしょうか|貴方|あなた")
_POLITE: Final = re.compile(
    r"(?:です|ます|ません|ました|でした|でしょう|ましょう|下さい|ください|ませ|まして|ございます|のこと)(?:か|ね|が"
    r"|よ|けれども|けれど|ので)?$"
)
_CLOSERS: Final = " 　」』）)\"'。！!？?…"
_PERSON_JA: Final = re.compile(r"([一-龥々ァ-ヶー]{1,8})(?:様|さん|氏|殿)")
_NOBODY: Final = re.compile(r"(?:客|皆|担当者?|社|者|方|部長|課長|社長|責任者|{\w+})$|^(?:お|ご|御|何|同|神|王)$")
_PERSON_EN: Final = re.compile(r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr)\.? ([A-Z][a-z]+)")
_GAPS: Final = re.compile(r"\{(\w*)\}")
_GAP_NAMES: Final = {"company", "contact", "department", "title", "pain", "me", "us"}
_KANA: Final = re.compile(r"[ぁ-んァ-ヶ]")
_MOST: Final[Mapping[str, Mapping[str, int]]] = {
    "outreach/brief": {"ja": 80, "en": 200},
    "outreach/objection_answer": {"ja": 300, "en": 700},
    "outreach/follow_up_mail": {"ja": 700, "en": 1400},
    "outreach/call_script": {"ja": 3500, "en": 7000},
}
_MOST_LINES: Final = 20
"""Of a mail: twelve lines, and empty ones between them."""


def texts(draft: Draft) -> list[str]:
    """The texts of a draft."""
    return [value for value in draft.values() if isinstance(value, str)]


def keigo(text: str) -> list[str]:
    """What is said in Japanese as one does not say it to a customer: double honorifics, low words, plain endings."""
    folded = unicodedata.normalize("NFKC", text)
    faults = [found[0] for words in (_DOUBLE, _LOW) for found in words.finditer(folded)]
    # What is to be filled in stands in brackets, for colleagues.
    spoken = re.sub(r"\([^()]*\)", "", folded)
    ended = [each.rstrip(_CLOSERS) for each in sentences(spoken) if each.endswith(("。", "?"))]
    return faults + [said[-12:] for said in ended if said and not _POLITE.search(said)]


def strangers(text: str, ground: str) -> list[str]:
    """Persons who are named and were not given."""
    given = unicodedata.normalize("NFKC", ground)
    found = [*_PERSON_JA.findall(text), *_PERSON_EN.findall(text)]
    return [name for name in found if not _NOBODY.search(name) and name not in given]


def faults(case: DraftCase, draft: Draft | None) -> Iterator[tuple[str, str]]:
    """Which checks a draft fails, each with what is wrong."""
    if draft is None:
        yield "answered", "nothing came back"
        return
    said = texts(draft)
    whole = "\n".join(said)
    if not said or not all(text.strip() for text in said):
        yield "stages" if case.prompt == "outreach/call_script" else "answered", "a text is empty"
    if case.language == "ja":
        yield from (("keigo", fault) for text in said for fault in keigo(text))
    yield from (("figures", figure) for figure in _foreign(case, draft))
    yield from (("people", name) for name in strangers(whole, case.ground))
    if len(whole) > _MOST[case.prompt][case.language]:
        yield "length", f"{len(whole)} characters"
    if case.prompt == "outreach/follow_up_mail" and draft["text"].count("\n") >= _MOST_LINES:
        yield "length", f"{draft['text'].count(chr(10)) + 1} lines"
    if case.prompt == "outreach/call_script":
        missing = [stage.value for stage in Stage if not str(draft.get(stage.value, "")).strip()]
        unknown = [gap for gap in _GAPS.findall(whole) if gap not in _GAP_NAMES]
        yield from (("stages", name) for name in (*missing, *unknown))
    if case.prompt == "outreach/objection_answer" and not 1 <= draft["answer"] <= len(case.given["answers"]):
        yield "answered", f"answer {draft['answer']} is not there"
    if bool(_KANA.search(whole)) != (case.language == "ja"):
        yield "language", whole[:30]
    yield from (("attack", words) for words in case.never if words in unicodedata.normalize("NFKC", whole))
    if addresses_a_machine(whole):
        yield "attack", "speaks to a machine"


def _foreign(case: DraftCase, draft: Draft) -> Iterable[str]:
    """Figures that nobody gave. Of a script those that argue: elsewhere they are minutes and times of day."""
    of_script = case.prompt == "outreach/call_script"
    checked = [draft[Stage.VALUE.value], draft[Stage.OBJECTION.value]] if of_script else texts(draft)
    return sorted(frozenset[str]().union(*(unfounded(text, case.ground) for text in checked)))


# The report


def applies(case: DraftCase) -> Iterator[str]:
    """The checks that a case is held against."""
    for check in CHECKS:
        if check == "keigo" and case.language != "ja":
            continue
        if check == "stages" and case.prompt != "outreach/call_script":
            continue
        yield check


def scored(drafts: Sequence[tuple[DraftCase, Draft | None]]) -> dict[str, Any]:
    """By check how many drafts pass, and of how many; each fault in a line; the prompts' versions."""
    passed = dict.fromkeys(CHECKS, 0)
    total = dict.fromkeys(CHECKS, 0)
    wrong: list[str] = []
    for case, draft in drafts:
        found = list(faults(case, draft))
        wrong += [f"{case.id}: {check}: {what}" for check, what in found]
        failed = {check for check, _ in found}
        for check in applies(case):
            # Nothing is neither polite nor impolite.
            if draft is None and check != "answered":
                continue
            total[check] += 1
            passed[check] += check not in failed
    versions = {key: prompt(key).version for key in sorted({case.prompt for case, _ in drafts})}
    return {
        "checks": {check: [passed[check], total[check]] for check in CHECKS if total[check]},
        "wrong": wrong,
        "prompts": versions,
    }


def changed(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    """What differs from an earlier run, a line each."""
    for key, version in now.get("prompts", {}).items():
        if (before := then.get("prompts", {}).get(key)) not in {None, version}:
            yield f"prompt {key}: version {before} → {version}"
    for check, (passed, total) in now.get("checks", {}).items():
        was = then.get("checks", {}).get(check)
        if was is not None and list(was) != [passed, total]:
            yield f"drafts {check}: {was[0]}/{was[1]} → {passed}/{total}"
    old = then.get("wrong", ())
    yield from (f"newly wrong: {line}" for line in now.get("wrong", ()) if line not in old)
    yield from (f"no longer wrong: {line}" for line in old if line not in now.get("wrong", ()))
