"""Whatever the language model does, there is a record, and the message about it says how it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from domain.model import Outcome, Reason, Sharing
from domain.pipeline.notes import Field
from domain.pipeline.recordings import Progress, Trouble
from handlers.i18n import translator
from handlers.messages import Reader
from handlers.model_words import unavailable_line
from handlers.pipeline.recording_card import RecordingCard, RecordingResult
from prompts.llm import LanguageModel
from services import model
from services.pipeline import recording_work, recordings
from services.pipeline.recording_records import RecordingView
from storage.tables import ModelCall
from tests.servers.model import Answer, Asked, Failure, Json, ModelServer, Page, Refusal, Spoken, Text, Truncated
from tests.services.office import NOW, Office
from tests.services.pipeline.test_recordings import CALL, Slack, drop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SLOW = {"openai_attempt_seconds": 0.2, "openai_deadline_seconds": 0.2, "openai_recording_seconds": 0.2}
"""The server never answers: how long that is waited for does not matter."""


@dataclass(frozen=True)
class Case:
    """What the model answers, what the team has decided, and why the note is plain then."""

    answer: Answer | Callable[[Asked], Answer] = field(default_factory=lambda: Text(""))
    reason: str = ""
    outcome: Outcome | None = None
    budget: int = 5_000
    sharing: Sharing = Sharing.FULL
    settings: dict[str, Any] = field(default_factory=dict)


def line(quote: str, utterance: int, **more: Any) -> dict[str, Any]:
    return {"quote": quote, "utterance": utterance, **more}


PAIN = line("月末の集計に三日かかっていて困っています", 2, kind="pain", text="集計に三日かかる")
AMOUNT = line("今期の予算として500万円を確保しています", 4, field="budget.amount_yen", value="500万円", certain=True)


def invents(asked: Asked) -> Answer:
    """Everything that nobody has said: other words, other figures, somebody who does not speak, our own words."""
    if asked.output == "HandoffSummary":
        return Json(
            {"lines": [{"text": "予算は900万円です。", "sources": [1]}, {"text": "有望です。", "sources": [7]}]}
        )
    if asked.output == "MeetingNote":
        return Json({"lines": [PAIN, PAIN | {"text": "集計に5日かかる"}, PAIN | {"quote": "早くしたいです"}]})
    lies = [
        AMOUNT | {"value": "900万円"},
        AMOUNT | {"quote": "予算は500万円です", "utterance": 99},
        AMOUNT | {"quote": "ご予算はもうお決まりでしょうか", "utterance": 3},
        AMOUNT | {"field": "authority.decision_maker", "value": "青葉社長"},
    ]
    return Json({"lines": lies})


def unsummed(asked: Asked) -> Answer:
    if asked.output == "HandoffSummary":
        return Failure(400)
    return Json({"lines": [PAIN if asked.output == "MeetingNote" else AMOUNT]})


FAILED = Reason.FAILED.value
CASES = {
    "off": Case(sharing=Sharing.OFF, reason=Reason.OFF.value),
    "over budget": Case(budget=0, reason=Reason.OVER_BUDGET.value),
    "slow": Case(Text("", holds=0), FAILED, Outcome.TIMED_OUT, settings=SLOW),
    "away": Case(Failure(503), FAILED, Outcome.UNAVAILABLE),
    "busy": Case(Failure(429), FAILED, Outcome.RATE_LIMITED),
    "not let in": Case(Failure(401), FAILED, Outcome.REJECTED),
    "refuses": Case(Refusal(), FAILED, Outcome.REFUSED),
    "breaks off": Case(Truncated(), FAILED, Outcome.TRUNCATED),
    "no JSON": Case(Text("はい、議事録です。"), FAILED, Outcome.MALFORMED),
    "other JSON": Case(Json({"lines": [PAIN | {"mood": "good"}]}), FAILED, Outcome.MALFORMED),
    "a proxy's page": Case(Page(), FAILED, Outcome.MALFORMED),
    "invents": Case(invents, "", Outcome.OK),
    "no summary": Case(unsummed, "", Outcome.REJECTED),
}


async def made(
    office: Office, server: ModelServer, case: Case, lead: int, filename: str, content: bytes
) -> tuple[RecordingView, list[str]]:
    """The record that comes of a file, and how the calls of the model ended."""
    settings = Settings(_env_file=None, **(server.settings | case.settings)).language_model
    assert settings is not None
    deps = replace(office.deps, model=LanguageModel(settings))
    await model.set_rules(deps, office.boss, case.sharing, case.budget, recordings=case.sharing is Sharing.FULL)
    server.clear()
    answer = case.answer
    server.answer = answer if callable(answer) else lambda _asked: answer
    async with deps.writing(office.team_id) as session:
        await session.execute(sa.delete(ModelCall))
    number = await drop(office, filename, f"F{filename}{len(content)}{id(case)}")
    assert number is not None
    await recordings.confirm(deps, office.sato, number, lead)
    await recording_work.work(deps, office.team_id, number, Slack(content))
    server.release()
    assert deps.model is not None
    await deps.model.close()
    async with deps.reading(office.team_id) as session:
        outcomes = list(await session.scalars(sa.select(ModelCall.outcome).order_by(ModelCall.id)))
    return await recordings.view(deps, office.team_id, number), outcomes


def text(*blocks: Iterable[Any]) -> str:
    return "".join(str(block.to_dict()) for each in blocks for block in each)


async def test_note_is_made_whatever_the_model_does_and_says_how(office: Office, model_server: ModelServer) -> None:
    lead = await office.lead("青葉 一郎")
    reader = Reader(translator("ja"), "Asia/Tokyo", NOW)
    lines = {reason: unavailable_line(reader.t, reason) for reason in Reason}
    views: dict[str, RecordingView] = {}
    for name, case in CASES.items():
        view, outcomes = await made(office, model_server, case, lead, f"{name}.vtt", CALL)
        views[name] = view
        assert view.progress is Progress.DONE, name
        assert view.note is not None, name
        assert (name, view.note.unavailable) == (name, case.reason)
        assert (name, outcomes[-1:]) == (name, [case.outcome.value] if case.outcome else [])
        shown = text(RecordingResult(view).render(reader).blocks)
        said = [reason.value for reason, words in lines.items() if words in shown]
        assert (name, said) == (name, [why] if (why := case.reason or view.plain_summary) else [])
        if case.reason:
            assert "月末の集計に三日かかっていて困っています" in shown, name
            assert any(each.proposed.field is Field.BUDGET_AMOUNT for each in view.proposals), name
            assert view.note.items == views["off"].note.items if views["off"].note else (), name
    lies = views["invents"]
    assert lies.note is not None
    assert (len(lies.note.items), lies.proposals, lies.note.dropped) == (1, (), 6)
    assert "6件" in text(RecordingResult(lies).render(reader).blocks)
    assert views["no summary"].plain_summary == FAILED
    assert [each.proposed.value for each in views["no summary"].proposals] == [5_000_000]


HEARD = {
    Trouble.MODEL_OFF: Case(sharing=Sharing.OFF),
    Trouble.MODEL_UNMASKABLE: Case(sharing=Sharing.MASKED),
    Trouble.MODEL_OVER_BUDGET: Case(budget=0),
    Trouble.MODEL_REJECTED: Case(Failure(413)),
    Trouble.EMPTY: Case(Spoken([])),
}
UNHEARD = [
    Case(Failure(500)),
    Case(Spoken([(0.0, 1.0, "A", "はい")], holds=True), settings=SLOW),
    Case(Page()),
    Case(Failure(429, "insufficient_quota")),
]


async def test_recording_that_nobody_listens_to_says_what_to_do_and_can_be_tried_again(
    office: Office, model_server: ModelServer
) -> None:
    lead = await office.lead("青葉 一郎")
    reader = Reader(translator("ja"), "Asia/Tokyo", NOW)
    table = [*HEARD.items(), *((Trouble.MODEL_FAILED, case) for case in UNHEARD)]
    found: Counter[Trouble | None] = Counter()
    for number, (trouble, case) in enumerate(table):
        view, _ = await made(office, model_server, case, lead, "call.m4a", b"sound" * (number + 1))
        assert (number, view.progress, view.trouble) == (number, Progress.FAILED, trouble)
        shown = text(RecordingCard(view).render(reader).blocks)
        assert "recording.retry" in shown, trouble
        assert any(words in shown for words in ("テキスト", "もう一度", "正しい", "しばらく")), (trouble, shown)
        found[view.trouble] += 1
    assert len(found) == len(HEARD) + 1
    # The last of them, tried again with a model that listens.
    again = Case(Spoken([(0.0, 2.5, "A", "予算は500万円です。")]))
    settings = Settings(_env_file=None, **model_server.settings).language_model
    assert settings is not None
    deps = replace(office.deps, model=LanguageModel(settings))
    model_server.clear()
    model_server.answer = lambda asked: again.answer if asked.sound else Failure(400)  # type: ignore[return-value,unused-ignore] # an answer, as above
    await recordings.retry(deps, office.sato, view.recording_id)
    await recording_work.work(deps, office.team_id, view.recording_id, Slack(b"sound"))
    assert deps.model is not None
    await deps.model.close()
    assert (await recordings.view(deps, office.team_id, view.recording_id)).progress is Progress.DONE
