"""Killed at each stage of a recording's way, the bot goes on where it stood: one record, and nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.run import storage
from bot.settings import Settings
from domain.model import Outcome, Sharing
from services import members, model
from storage.tables import ModelCall, Proposal, Recording, Utterance
from tests.kill.conftest import REPS, TEAM, Office, eventually
from tests.servers.model import Answer, Asked, Failure, Json, ModelServer, Spoken
from tests.services.test_sound import recording

pytestmark = pytest.mark.kill

MANAGER = "U01KATO001"
SAID = "来期の予算として800万円を確保しています。月末の集計に三日かかって困っています。"
LIVES = (
    "after receive",
    # The card is posted, and nobody has put that down.
    "after post",
    # Somebody has said whose call it is; the file is fetched, and nobody has listened.
    "before reserve",
    "after keep",
    "after arrange",
    # What came of it, then what it proposes.
    "after post",
    "after post",
)


def answer(asked: Asked) -> Answer:
    """What a model makes of the call."""
    if asked.path.endswith("/transcriptions"):
        return Spoken([(0.0, 3.0, "A", "お世話になっております。佐藤と申します。"), (3.0, 9.0, "B", SAID)])
    if asked.output == "MeetingNote":
        line = {"kind": "pain", "text": "月末の集計に時間がかかる", "quote": "月末の集計に三日かかって", "utterance": 2}
        return Json({"lines": [line]})
    if asked.output == "HandoffSummary":
        return Json({"lines": [{"text": "月末の集計に時間がかかる", "sources": [1]}]})
    quote = "来期の予算として800万円を確保しています"
    line = {"field": "budget.amount_yen", "value": "800万円", "quote": quote, "utterance": 2, "certain": True}
    return Json({"lines": [line]})


def thread(office: Office) -> list[dict[str, Any]]:
    """What the bot has said in threads of the rep's messages with it."""
    screen = office.workspace.person(REPS[0]).screen()
    bot = screen["app"]["bot_user"]
    found = [channel.get("threads", {}) for channel in screen["channels"] if channel["with"] == bot]
    return [
        message for threads in found for replies in threads.values() for message in replies if message["user"] == bot
    ]


def saying(office: Office, words: str) -> list[dict[str, Any]]:
    return [message for message in thread(office) if words in str(message["blocks"])]


async def listening(office: Office, model_server: ModelServer) -> Settings:
    """The settings of bots that listen to recordings."""
    office.settings |= model_server.settings
    settings = Settings(_env_file=None, **office.settings)
    async with storage(settings) as deps:
        manager = await members.who(deps, TEAM, MANAGER)
        assert manager is not None
        await model.set_rules(deps, manager, Sharing.FULL, 5_000, recordings=True)
    return settings


async def click(office: Office, dm: str, ts: str, action_id: str) -> None:
    """The rep clicks. It may go to the bot that was killed just now: then its person reads so, and clicks again."""
    person, bot = office.workspace.person(REPS[0]), office.bots[-1]
    while True:
        answer = await person.action(channel=dm, ts=ts, action_id=action_id)
        if "error" not in answer or not bot.is_alive():
            return
        await asyncio.sleep(0.1)


async def confirmed(office: Office, dm: str) -> None:
    """The rep says whose call it is."""
    (card,) = await eventually(lambda: saying(office, "の通話でしょうか"), "the card")
    await click(office, dm, card["ts"], "recording.confirm")


@pytest.mark.parametrize("office", [1], indirect=True)
async def test_recording_becomes_one_record_whenever_the_bot_is_killed(
    office: Office, model_server: ModelServer
) -> None:
    model_server.answer = answer
    settings = await listening(office, model_server)
    person = office.workspace.person(REPS[0])
    dm = (await person.open_dm(person.screen()["app"]["bot_user"]))["channel"]
    paid: list[Counter[str]] = []
    for number, point in enumerate(LIVES):
        bot = office.start(point)
        if number == 0:
            await office.connected()
            await person.upload(dm, f"{office.names[0]}.m4a", b"sound")
        if point == "before reserve":
            await office.connected()
            await confirmed(office, dm)
        await office.dead(bot)
        paid.append(Counter(asked.output or asked.path.rpartition("/")[2] for asked in model_server.requests))
    listened = Counter(transcriptions=1)
    read = listened + Counter(MeetingNote=1, BantReading=1, HandoffSummary=1)
    assert paid == [Counter(), Counter(), Counter(), listened, read, read, read]

    office.start()
    await office.connected()
    await eventually(lambda: saying(office, "✅ 完了"), "the end")
    (proposed,) = await eventually(lambda: saying(office, "BANTの提案"), "the proposals")
    await click(office, dm, proposed["ts"], "proposal.accept")
    await eventually(lambda: saying(office, "が採用"), "the decision")
    async with storage(settings) as deps:
        await office.settled(deps)
        async with deps.reading(TEAM) as session:
            recording = (await session.execute(sa.select(Recording))).scalar_one()
            proposals = list(await session.scalars(sa.select(Proposal.state)))
            said = list(await session.scalars(sa.select(Utterance.text).order_by(Utterance.number)))
            calls = Counter(await session.scalars(sa.select(ModelCall.outcome)))
    assert (recording.progress, proposals, said[1:]) == ("done", ["accepted"], [SAID])
    assert calls == Counter({Outcome.OK.value: 4})
    # The card, what came of it, what it proposes: each once, in the order in which they were made.
    shown = [str(message["blocks"]) for message in thread(office)]
    assert len(shown) == 3
    assert [words in text for words, text in zip(("🎙️", "三日かかって", "BANTの提案"), shown, strict=True)] == [True] * 3
    assert len(model_server.requests) == 4


@pytest.mark.parametrize("office", [1], indirect=True)
async def test_long_recording_goes_on_at_the_piece_it_had_come_to_whenever_the_bot_is_killed(
    office: Office, model_server: ModelServer, tmp_path: Path
) -> None:
    def spoken(asked: Asked) -> Answer:
        """The note is plain: it is not what is looked at here."""
        number = len(heard())
        return Spoken([(0.0, 1.0, "A", f"{number}番目の話です。")]) if asked.sound else Failure(400)

    def heard() -> list[Asked]:
        return [asked for asked in model_server.requests if asked.sound]

    model_server.answer = spoken
    settings = await listening(office, model_server)
    office.piece_seconds = 4.0
    person = office.workspace.person(REPS[0])
    dm = (await person.open_dm(person.screen()["app"]["bot_user"]))["channel"]
    sound = recording(tmp_path / "a.wav", 9, quiet=(3.0, 3.6)).read_bytes()
    paid: list[int] = []
    # The second hears a piece that is not put down any more, which is paid twice: nothing else is.
    for number, point in enumerate(("after heard", "before heard", "after heard")):
        bot = office.start(point)
        await office.connected()
        if number == 0:
            await person.upload(dm, f"{office.names[0]}.wav", sound)
            await confirmed(office, dm)
        await office.dead(bot)
        paid.append(len(heard()))
    office.start()
    await eventually(lambda: saying(office, "✅ 完了"), "the end")
    assert (paid, len(heard())) == ([1, 2, 3], 4)
    async with storage(settings) as deps:
        await office.settled(deps)
        async with deps.reading(TEAM) as session:
            said = list(await session.scalars(sa.select(Utterance.text).order_by(Utterance.number)))
            left = (await session.execute(sa.select(Recording.heard))).scalar_one()
    assert said == ["1番目の話です。", "3番目の話です。", "4番目の話です。"]
    assert left is None
