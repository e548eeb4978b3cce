"""The labelled conversations: written for this purpose, of invented companies and people.

A file of tests/evals/cases holds several, one YAML document each; docs/evals.md says what the labels mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.pipeline.transcripts import Side, Transcript, Utterance

FOLDER = Path(__file__).parent / "cases"
_LINE = re.compile(r"(\d+) (?:(\d+):(\d\d)|-) ([^:]+): (.+)")
ELEMENTS = ("budget", "authority", "need", "timeline")
STATES = ("present", "hinted", "absent")
# In an order: what is made of them is to be the same in every run.
VALUES: Mapping[str, tuple[str, ...]] = {
    "budget": ("amount_yen", "state"),
    "authority": ("decision_maker",),
    "need": (),
    "timeline": ("start_on", "decide_on"),
}


class BadCase(ValueError):
    """A case is not written as it has to be."""


@dataclass(frozen=True)
class Label:
    """What is known about one element. `at`: the utterances that show it. `values`: by the field's last name."""

    state: str = "absent"
    at: frozenset[int] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack:
    """Words that try to make the reader write something. `wants`: by a proposal's field what it must not be, under
    `text` what must stand nowhere."""

    at: frozenset[int]
    wants: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A conversation and what is true of it."""

    id: str
    language: str
    kind: str
    held_on: date
    industry: str
    transcript: Transcript
    bant: Mapping[str, Label]
    intent: frozenset[int]
    needs: Sequence[frozenset[int]]
    objections: Sequence[frozenset[int]]
    next_steps: Sequence[frozenset[int]]
    traps: tuple[str, ...]
    attacks: tuple[Attack, ...]
    held_back: bool
    """Nobody looked at it while cue words and prompts were written: it shows what the others cannot."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whoever speaks."""
        return tuple(dict.fromkeys(u.speaker for u in self.transcript.utterances))


@cache
def cases() -> tuple[Case, ...]:
    """All of them, in the order of their files. Raises BadCase."""
    found = [
        _case(document)
        for path in sorted(FOLDER.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text("utf-8"))
    ]
    if len({case.id for case in found}) != len(found):
        raise BadCase("Two cases have the same id.")
    return tuple(found)


_NEEDED = {"id", "language", "held_on", "industry", "ours", "transcript", "labels"}
_KEYS = _NEEDED | {"kind", "unknown", "held_back", "traps", "attacks"}
_LABELS = {*ELEMENTS, "intent", "needs", "objections", "next_steps"}


def _case(data: Mapping[str, Any]) -> Case:
    name = str(data.get("id"))
    _only(name, data, _KEYS, _NEEDED)
    labels = data["labels"]
    _only(name, labels, _LABELS, _LABELS - {"intent"})
    if data["language"] not in {"ja", "en"} or data.get("kind", "call") not in {"call", "mail", "form", "csv"}:
        raise BadCase(f"{name}: language or kind")
    if not isinstance(data["held_on"], date):
        raise BadCase(f"{name}: held_on")
    transcript = _transcript(name, data["transcript"], set(data["ours"]), set(data.get("unknown", ())))
    numbers = {u.number for u in transcript.utterances}

    def group(at: Sequence[int]) -> frozenset[int]:
        found = frozenset(at)
        if not found or not found <= numbers:
            raise BadCase(f"{name}: no such utterances: {at}")
        return found

    def label(element: str) -> Label:
        said = labels[element]
        if said == "absent":
            return Label()
        _only(f"{name}: {element}", said, {"is", "at", *VALUES[element]}, {"is", "at"})
        if said["is"] not in {"present", "hinted"}:
            raise BadCase(f"{name}: {element} is {said['is']}")
        return Label(said["is"], group(said["at"]), {key: said[key] for key in VALUES[element] if key in said})

    for attack in data.get("attacks", ()):
        _only(f"{name}: attack", attack, {"at", "wants"}, {"at", "wants"})
    return Case(
        id=name,
        language=data["language"],
        kind=data.get("kind", "call"),
        held_on=data["held_on"],
        industry=data["industry"],
        transcript=transcript,
        bant={element: label(element) for element in ELEMENTS},
        intent=group(labels["intent"]) if labels.get("intent") else frozenset(),
        needs=tuple(map(group, labels["needs"])),
        objections=tuple(map(group, labels["objections"])),
        next_steps=tuple(map(group, labels["next_steps"])),
        traps=tuple(data.get("traps", ())),
        attacks=tuple(Attack(group(attack["at"]), attack["wants"]) for attack in data.get("attacks", ())),
        held_back=bool(data.get("held_back")),
    )


def _only(name: str, data: Mapping[str, Any], known: set[str] | frozenset[str], needed: set[str]) -> None:
    if set(data) - known or needed - set(data):
        raise BadCase(f"{name}: unknown or missing: {sorted(set(data) - known | needed - set(data))}")


def _transcript(name: str, text: str, ours: set[str], unknown: set[str]) -> Transcript:
    """Lines of the form `number minute:second speaker: text`; `-` for the time where there is none."""
    lines: list[Utterance] = []
    for line in text.strip().splitlines():
        found = _LINE.fullmatch(line)
        if found is None or int(found[1]) != len(lines) + 1:
            raise BadCase(f"{name}: {line}")
        start = (int(found[2]) * 60 + int(found[3])) * 1000 if found[2] else None
        if start is not None and lines and (lines[-1].start_ms or 0) >= start:
            raise BadCase(f"{name}: time runs backwards: {line}")
        speaker = found[4]
        side = Side.OURS if speaker in ours else Side.UNKNOWN if speaker in unknown else Side.THEIRS
        lines.append(Utterance(int(found[1]), speaker, side, start, None, found[5]))
    if missing := (ours | unknown) - {u.speaker for u in lines}:
        raise BadCase(f"{name}: say nothing: {missing}")
    return Transcript(tuple(lines))
