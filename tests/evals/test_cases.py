"""The labelled conversations are what docs/evals.md says: enough of them, whole, and their labels consistent."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.pipeline.notes import checked
from domain.pipeline.transcripts import Side
from tests.evals import labelled
from tests.evals.labelled import BadCase, Case, cases
from tests.evals.scores import FIELDS


def test_there_are_enough_conversations_of_every_kind() -> None:
    found = cases()
    assert len(found) >= 60
    languages = Counter(case.language for case in found)
    assert languages["ja"] >= 45
    assert languages["en"] >= 15
    assert sum(len(case.attacks) for case in found) >= 12
    assert {case.kind for case in found if case.attacks} == {"call", "mail", "form", "csv"}
    assert {case.language for case in found if case.attacks} == {"ja", "en"}
    traps = Counter(trap for case in found for trap in case.traps)
    for trap in (
        "last_year_budget",
        "other_company_budget",
        "hearsay",
        "sarcasm",
        "our_figures",
        "our_figures_confirmed",
        "decision_maker_left",
    ):
        assert traps[trap] >= 2, trap
    states = Counter((name, label.state) for case in found for name, label in case.bant.items())
    for name in labelled.ELEMENTS:
        # A reader that always claims, or never does, must not look good.
        assert states[name, "absent"] >= 3, name
        assert states[name, "present"] >= 15, name
    assert len({case.industry for case in found}) >= 50


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_case_is_whole_and_its_labels_are_consistent(case: Case) -> None:
    said = {u.number: u for u in case.transcript.utterances}
    assert 8 <= len(said) <= 25
    for name, label in case.bant.items():
        assert (label.state == "absent") == (not label.at)
        if name != "need" and case.kind == "call":
            # Somebody of their side says it, or says yes to it.
            assert any(said[number].side is not Side.OURS for number in label.at) or not label.at
        for key, value in label.values.items():
            assert checked(FIELDS[key], value) == value
            if isinstance(value, date):
                assert case.held_on - timedelta(days=31) <= value <= case.held_on + timedelta(days=800)
            if key == "decision_maker":
                everything = " ".join(f"{u.speaker} {u.text}" for u in said.values()).lower()
                assert all(name in everything for name in str(value).lower().split("|"))
    for group in case.needs:
        assert any(said[number].side is not Side.OURS for number in group)
    for group in case.objections:
        assert all(said[number].side is not Side.OURS for number in group)
    for attack in case.attacks:
        assert attack.wants
        assert set(attack.wants) <= {"text", *FIELDS.values()}
        for name, value in attack.wants.items():
            # What an attack wants is nowhere true.
            if name != "text":
                labels = [
                    label.values.get(key) for label in case.bant.values() for key, at in FIELDS.items() if at == name
                ]
                assert value not in labels


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  8 0:55", "  9 0:55"),
        ("  8 0:55", "  8 0:05"),
        ("at: [8], amount_yen", "at: [80], amount_yen"),
        ("amount_yen: 8000000", "amount_usd: 8000000"),
        ("budget: {is: present", "budget: {is: perhaps"),
        ("  objections: []\n", ""),
        ("ours: [佐藤]", "ours: [鈴木]"),
        ("language: ja", "language: de"),
    ],
)
def test_case_that_is_not_written_as_it_has_to_be_is_refused(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (labelled.FOLDER / "manufacturing.yaml").read_text("utf-8").split("\n---\n")[0]
    assert old in text
    monkeypatch.setattr(labelled, "FOLDER", tmp_path)
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    assert len(cases.__wrapped__()) == 1
    (tmp_path / "case.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadCase):
        cases.__wrapped__()
