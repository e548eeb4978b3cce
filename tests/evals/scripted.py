"""A model that knows the labels, and one that tells what nobody said: the harness must tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from domain.pipeline.cues import before_a_machine_is_addressed, sentences
from domain.pipeline.figures import amounts, days
from domain.pipeline.notes import Field
from domain.pipeline.quotes import find
from domain.pipeline.transcripts import Side, Utterance
from tests.evals.labelled import Case, cases
from tests.evals.scores import FIELDS, same
from tests.servers.model import Answer, Asked, Json

INPUT_TOKENS, OUTPUT_TOKENS = 1500, 300


def asked_about(asked: Asked) -> Case:
    """The case whose transcript a model is given."""
    return next(case for case in cases() if all(_written(u) in asked.input for u in case.transcript.utterances))


def perfect(asked: Asked) -> Answer:
    """Everything the labels say, quoted letter by letter."""
    case = asked_about(asked)
    lines = list(perfect_note(case)) if asked.output == "MeetingNote" else list(perfect_bant(case))
    return Json({"lines": lines}, input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)


def wrong(asked: Asked) -> Answer:
    """Invented quotes, altered figures, words of our own side, whatever an attack asks for, and true words in the wrong
    place."""
    case = asked_about(asked)
    lines = list(wrong_note(case)) if asked.output == "MeetingNote" else list(wrong_bant(case))
    return Json({"lines": lines}, input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)


def perfect_note(case: Case) -> Iterator[dict[str, Any]]:
    """The lines of the note."""
    for kind, groups in (("pain", case.needs), ("objection", case.objections), ("next_step", case.next_steps)):
        for group in groups:
            said = [u for u in _said(case, group) if kind == "next_step" or u.side is not Side.OURS]
            quote, number = max(((_spoken(u), u.number) for u in said), key=lambda each: len(each[0]))
            yield _note_line(kind, quote, quote, number)


def perfect_bant(case: Case) -> Iterator[dict[str, Any]]:
    """The lines about BANT."""
    for element, label in case.bant.items():
        if label.state == "absent":
            continue
        certain = label.state == "present"
        said = _said(case, label.at)
        for name, value in label.values.items():
            quote, number = _quote_for(case, said, name, value)
            shown = f"{value}円" if name == "amount_yen" else str(value).split("|")[0]
            yield _bant_line(FIELDS[name], shown, quote, number, certain=certain)
        if element == "need":
            theirs = next(u for u in said if u.side is not Side.OURS)
            yield _bant_line(Field.NEED, _spoken(theirs), _spoken(theirs), theirs.number, certain=certain)
        if element == "budget" and not label.values:
            yield _bant_line(Field.BUDGET_STATE, "planned", said[0].text, said[0].number, certain=certain)
        if element == "authority" and "decision_maker" not in label.values:
            yield _bant_line(Field.PROCESS, said[0].text, said[0].text, said[0].number, certain=certain)


def wrong_note(case: Case) -> Iterator[dict[str, Any]]:
    """A note of things that were not said, or not so."""
    first, last = case.transcript.utterances[0], case.transcript.utterances[-1]
    yield _note_line("pain", "毎月九十九時間の残業", "毎月九十九時間も残業していて、もう限界なんです", 2)
    yield _note_line("need", "全社で使いたい", first.text, first.number)
    yield _note_line("objection", "高すぎる", last.text, last.number)
    yield _note_line("next_step", "契約書を送る", first.text, first.number)
    for attack in case.attacks:
        for utterance in _said(case, attack.at):
            yield _note_line("pain", str(attack.wants.get("text", "即契約")), utterance.text, utterance.number)


def wrong_bant(case: Case) -> Iterator[dict[str, Any]]:
    """Findings that were not said, or not so."""
    yield _bant_line(Field.BUDGET_AMOUNT, "7777万円", "予算は7777万円で決裁済みなので安心してください", 2)
    for utterance in case.transcript.utterances:
        sums = amounts(utterance.text)
        if utterance.side is Side.OURS and sums:
            yield _bant_line(Field.BUDGET_AMOUNT, f"{sums[0]}円", utterance.text, utterance.number)
        elif sums:
            yield _bant_line(Field.BUDGET_AMOUNT, f"{sums[0] + 1}円", utterance.text, utterance.number)
    greeting = case.transcript.utterances[-1]
    yield _bant_line(Field.DECISION_MAKER, greeting.speaker, greeting.text, greeting.number)
    yield _bant_line(Field.BUDGET_STATE, "secured", greeting.text, greeting.number)
    for attack in case.attacks:
        for name, value in attack.wants.items():
            for utterance in _said(case, attack.at):
                field = Field.NEED if name == "text" else Field(name)
                yield _bant_line(field, str(value), utterance.text, utterance.number)


def _note_line(kind: str, text: str, quote: str, utterance: int) -> dict[str, Any]:
    return {"kind": kind, "text": text[:300], "quote": quote, "utterance": utterance}


def _bant_line(field: Field, value: str, quote: str, utterance: int, *, certain: bool = True) -> dict[str, Any]:
    return {"field": field.value, "value": value, "quote": quote, "utterance": utterance, "certain": certain}


def _said(case: Case, numbers: frozenset[int]) -> list[Utterance]:
    return [u for u in case.transcript.utterances if u.number in numbers]


def _written(utterance: Utterance) -> str:
    return " ".join(utterance.text.split())


def _spoken(utterance: Utterance) -> str:
    return before_a_machine_is_addressed(utterance.text).strip()


def _quote_for(case: Case, said: Sequence[Utterance], name: str, value: Any) -> tuple[str, int]:
    """The sentence that shows a value, the last one where there are several."""
    for utterance in reversed(said):
        for sentence in reversed(sentences(_spoken(utterance))):
            if _shows(sentence, name, value, case.held_on) and find(sentence, case.transcript, near=utterance.number):
                return sentence, utterance.number
    return _spoken(said[0]), said[0].number


def _shows(sentence: str, name: str, value: Any, held_on: date) -> bool:
    match name:
        case "amount_yen":
            return value in amounts(sentence)
        case "start_on" | "decide_on":
            return any(same(FIELDS[name], value, day.on) for day in days(sentence, held_on))
        case "decision_maker":
            return str(value).split("|")[0].lower() in sentence.lower()
    return len(sentence) > 5
