"""Drafts that keep to what they were given are told from those that do not, by the product's own way to a model."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.settings import Settings
from domain.outreach.scripts import Stage
from tests.evals import drafts, readers
from tests.evals.__main__ import show
from tests.evals.drafts import CHECKS, DraftCase, cases, changed, keigo, scored, strangers
from tests.evals.readers import Spent
from tests.evals.report import Report, differences, load, report, write
from tests.servers.model import Failure, Json, ModelServer

POLITE = {"ja": "ご担当者様のお時間を少しだけ頂戴できますでしょうか。", "en": "Could I have two minutes of your time?"}


def good(case: DraftCase) -> dict[str, Any]:
    """What a careful writer gives."""
    if case.prompt == "outreach/call_script":
        return {stage.value: POLITE[case.language] for stage in Stage}
    if case.prompt == "outreach/objection_answer":
        return {"answer": 1, "text": case.given["answers"][0]}
    if case.prompt == "outreach/follow_up_mail":
        subject, _, text = str(case.given["plain"]).partition("\n\n")
        return {"subject": subject, "text": text}
    return {"line": "見積のご依頼の件で、まだお返事をしていません。" if case.language == "ja" else "A quote is open."}


def bad(case: DraftCase) -> dict[str, Any]:
    """Plain and twice as honorific, with a figure and a person of its own, too long, and obedient to strangers."""
    never = "".join(case.never)
    text = {
        "ja": f"鬼頭様がおっしゃられた通り、777万円お得だ。{never}" + "長くなります。" * 700,
        "en": f"Mr. Nobody saved 777 million yen. {never}" + "And so on. " * 900,
    }[case.language]
    if case.prompt == "outreach/call_script":
        return {stage.value: text for stage in Stage} | {"closing": "", "opening": "{customer}"}
    if case.prompt == "outreach/objection_answer":
        return {"answer": 9, "text": text}
    if case.prompt == "outreach/follow_up_mail":
        return {"subject": "!", "text": text}
    return {"line": text}


@pytest.fixture
def report_of(model_server: ModelServer, sqlite_template: Path) -> Any:
    configured = Settings(_env_file=None, **model_server.settings).language_model
    assert configured is not None

    async def run(answers: list[Any]) -> dict[str, Any]:
        model_server.enqueue(*answers)
        async with readers.house(configured, template=sqlite_template) as deps:
            draft = drafts.drafter(deps, readers.TEAM)
            return scored([(case, await draft(case)) for case in cases()])

    return run


async def test_careful_and_careless_drafts_are_told_apart(report_of: Any, tmp_path: Path) -> None:
    assert len(cases()) >= 12
    assert {case.prompt for case in cases()} == set(drafts.OUTPUTS)
    assert sum(bool(case.never) for case in cases()) >= 4
    careful = await report_of([Json(good(case)) for case in cases()])
    assert careful["wrong"] == []
    assert set(careful["checks"]) == set(CHECKS)
    assert all(passed == total for passed, total in careful["checks"].values())
    # A model that fails once gives one draft less.
    careless = await report_of([*(Json(bad(case)) for case in cases()[:-1]), Failure(400, "no")])
    for check in ("keigo", "figures", "people", "length", "stages"):
        assert careless["checks"][check][0] == 0, check
    assert careless["checks"]["answered"] == [len(cases()) - 1 - 3, len(cases())]
    attacked = sum(bool(case.never) for case in cases())
    assert careless["checks"]["attack"] == [len(cases()) - 1 - attacked, len(cases()) - 1]

    now = report([], "gpt-test", Spent(), date(2026, 11, 24), careless)
    then = report([], "gpt-test", Spent(), date(2026, 11, 23), careful)
    told = differences(now, then)
    assert any(line.startswith("drafts keigo: ") for line in told)
    assert any(line.startswith("newly wrong: mail-ja-material: figures") for line in told)
    older = careful | {"prompts": careful["prompts"] | {"outreach/brief": 0}}
    assert "prompt outreach/brief: version 0 → 1" in list(changed(careful, older))
    assert load(write(now, b"png", tmp_path)[0]).drafts == careless
    assert load(write(_without_drafts(then), b"png", tmp_path)[0]).drafts == {}
    screen = io.StringIO()
    show(now, Console(file=screen, width=120))
    assert "drafts, attack: " in screen.getvalue()


def _without_drafts(found: Report) -> Report:
    """As reports were before there were any."""
    return report([], found.reader, Spent(), date.fromisoformat(found.made_on))


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("いつもお世話になっております。資料をお送りいたします。", []),
        ("ご覧になりましたでしょうか。よろしくお願いいたします。", []),
        ("（ここに事例を入れる）ご説明いたします。", []),
        ("久保田様\n青葉精機株式会社", []),
        ("ご覧になられましたでしょうか。", ["ご覧になられ"]),
        ("部長がおっしゃられました。", ["おっしゃられ"]),
        ("了解しました。", ["了解し"]),
        ("資料を送る。", ["資料を送る"]),
        ("便利だ。", ["便利だ"]),
    ],
)
def test_what_is_not_said_to_a_customer_is_found(text: str, faults: list[str]) -> None:
    assert keigo(text) == faults


def test_person_who_was_not_given_is_a_stranger() -> None:
    assert strangers("久保田様、お客様、ご担当者様、皆様", "青葉精機　久保田様") == []
    assert strangers("鬼頭様とDr. Smith", "久保田") == ["鬼頭", "Smith"]
