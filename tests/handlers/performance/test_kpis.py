"""`/kpi` in the workspace: figures, the rows behind them, why they change, targets, digests."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.run import storage
from bot.settings import Settings
from domain.clock import Due
from domain.performance.digests import DigestKind
from domain.performance.kpis import BY_KEY, CATALOGUE, INDICATORS, Counts, Measure, figure
from handlers.i18n import LANGUAGES, translator
from handlers.performance import words
from handlers.performance.places import Place
from handlers.performance.why import named
from services.deps import Deps
from services.members import who
from services.performance import digests
from services.performance.kpis import Line
from storage.tables import Call, CallDay, Lead
from tests.handlers.conftest import FS, IS, IS_ENGLISH, MANAGER, World, eventually

TEAM = "T01HOSHIMI"
PLACE = "C01ISTEAM0"
TEAM_CHANNEL = "C01ISTEAM0"


@pytest.fixture
async def deps(world: World, settings: Settings) -> AsyncIterator[Deps]:
    """The bot's own database, beside it."""
    async with storage(settings) as opened:
        yield opened


@pytest.fixture
async def calls(deps: Deps) -> int:
    """Thirteen calls of one rep today, five of them answered, whatever else there is; the number there was before."""
    actor = await who(deps, TEAM, IS)
    assert actor is not None
    today = deps.today("Asia/Tokyo")
    async with deps.writing(TEAM) as session:
        before = await session.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(CallDay.dials), 0)).where(CallDay.day == today)
        )
        lead = (await session.scalars(sa.select(Lead).order_by(Lead.id))).first()
        assert lead is not None
        for number in range(13):
            answered = number < 5
            session.add(
                Call(
                    team_id=TEAM,
                    lead_id=lead.id,
                    member_id=actor.member_id,
                    called_at=deps.now(),
                    connection="answered" if answered else "no_answer",
                    party="contact" if answered else "none",
                    outcome="meeting_set" if answered else None,
                )
            )
        await session.flush()
        counts = {"dials": 13, "answered": 5, "connected": 5, "effective": 5, "meetings_set": 5}
        key = (TEAM, today, actor.member_id, lead.source)
        there = await session.get(CallDay, key)
        if there is None:
            session.add(CallDay(team_id=TEAM, day=today, member_id=actor.member_id, source=lead.source, **counts))
        else:
            for name, n in counts.items():
                setattr(there, name, getattr(there, name) + n)
        await session.commit()
    return int(before or 0)


def texts(part: Any) -> str:
    """Everything a person reads in blocks."""
    return re.sub(r"\s+", " ", str(part))


def button(blocks: list[dict[str, Any]], action: str) -> dict[str, Any]:
    for block in blocks:
        for element in (*block.get("elements", []), block.get("accessory") or {}):
            if element.get("action_id") == action:
                return {"block_id": block["block_id"], **element}
    raise AssertionError(f"no {action} in {blocks}")


async def said(world: World, user: str, text: str) -> dict[str, Any]:
    """What the command answers."""
    return await world.person(user).command(PLACE, "/kpi", text)


def shown(world: World, user: str) -> dict[str, Any]:
    """The latest message in the channel, also one that only this person sees."""
    return world.messages(user, PLACE)[-1]


async def press(world: World, user: str, message: dict[str, Any], action: str) -> None:
    found = button(message["blocks"], action)
    await world.person(user).action(channel=PLACE, ts=message["ts"], action_id=action, value=found.get("value"))


async def test_today_shows_figures_and_a_button_opens_the_rows_behind_one(world: World, calls: int) -> None:
    await said(world, IS, "today")
    message = shown(world, IS)
    assert "架電数" in message["text"]
    assert "95%信頼区間" in texts(message["blocks"])
    await press(world, IS, message, "kpi.rows#dials")
    modal = world.modal(IS)
    assert f"*{calls + 13}*" in texts(modal["blocks"])
    rows = [
        block
        for block in modal["blocks"]
        if (block.get("accessory") or {}).get("action_id", "").startswith("lead.show")
    ]
    assert len(rows) == 10


async def test_rows_turn_their_pages_and_a_row_opens_its_lead(world: World, calls: int) -> None:
    await said(world, IS, "today")
    await press(world, IS, shown(world, IS), "kpi.rows#dials")
    modal = world.modal(IS)
    older = button(modal["blocks"], "kpi.rows#older")
    await world.person(IS).action(
        view_id=modal["id"], block_id=older["block_id"], action_id="kpi.rows#older", value=older["value"]
    )
    second = world.modal(IS)
    assert second["id"] == modal["id"]
    assert "2 / " in texts(second["blocks"])
    row = next(b for b in second["blocks"] if (b.get("accessory") or {}).get("action_id", "").startswith("lead.show"))
    clicked = row["accessory"]
    await world.person(IS).action(
        view_id=second["id"], block_id=row["block_id"], action_id=clicked["action_id"], value=clicked["value"]
    )
    assert world.modal(IS)["id"] != second["id"]


async def test_share_opens_both_its_parts(world: World, calls: int) -> None:
    await said(world, IS, "today")
    await press(world, IS, shown(world, IS), "kpi.rows#connect_rate")
    modal = world.modal(IS)
    assert "接続: *" in texts(modal["blocks"])
    other = button(modal["blocks"], "kpi.rows#d")
    await world.person(IS).action(
        view_id=modal["id"], block_id=other["block_id"], action_id="kpi.rows#d", value=other["value"]
    )
    assert f"架電: *{calls + 13}*" in texts(world.modal(IS)["blocks"])


@pytest.mark.parametrize("text", ["week by rep", "month by source", "month by segment", "today 担当別"])
async def test_breakdown_lists_groups_and_opens_all_figures_of_one(world: World, calls: int, text: str) -> None:
    await said(world, MANAGER, text)
    message = shown(world, MANAGER)
    action = next(
        b["accessory"]["action_id"]
        for b in message["blocks"]
        if (b.get("accessory") or {}).get("action_id", "").startswith("kpi.group")
    )
    await press(world, MANAGER, message, action)
    assert "kpi.rows#dials" in texts(world.modal(MANAGER)["blocks"])


async def test_month_names_what_cannot_be_computed_and_why(world: World, calls: int) -> None:
    await said(world, IS_ENGLISH, "month")
    text = texts(shown(world, IS_ENGLISH)["blocks"])
    for sentence in (
        "Open rate (should be ≥ 25% (framework 2-2)): not enough data",
        "Ramp-up of new reps",
        "attrition",
    ):
        assert sentence in text


async def test_unknown_breakdown_is_refused_with_a_sentence(world: World) -> None:
    await said(world, IS, "week by moon")
    assert "「by moon」では分けられません" in shown(world, IS)["text"]
    assert "by segment" in shown(world, IS)["text"]
    assert "kpi.rows" not in texts(shown(world, IS).get("blocks"))


async def test_why_of_something_nobody_records_says_so_once(world: World) -> None:
    await said(world, IS, "why 離職率")
    text = texts(shown(world, IS)["blocks"])
    assert text.count("入社・退職の記録がありません") == 1


async def test_why_walks_down_to_a_rep(world: World, calls: int) -> None:
    await said(world, MANAGER, "why 架電数 今日")
    text = texts(shown(world, MANAGER)["blocks"])
    assert "要因: 架電数" in text
    assert "最大の要因" in text or "変化はありません" in text


async def test_why_of_something_unknown_offers_what_there_is(world: World) -> None:
    await said(world, IS, "why 月の満ち欠け")
    message = shown(world, IS)
    assert "月の満ち欠け" in message["text"]
    await press(world, IS, message, "kpi.why.named#dials")
    assert "要因: 架電数" in shown(world, IS)["text"]


async def test_manager_sets_a_target_that_everybody_then_sees(world: World, calls: int) -> None:
    await said(world, MANAGER, "targets")
    modal = world.modal(MANAGER)
    answers = {"kpi": {"v": "dials"}, "span": {"v": "day"}, "member": {"v": "team"}, "value": {"v": "２，０００"}}
    done = await world.person(MANAGER).submit(modal["id"], answers)
    assert done["result"] == "updated", done
    assert "架電数 (1日): 2,000" in texts(world.modal(MANAGER)["blocks"])
    await said(world, IS, "today")
    assert "目標 2,000" in texts(shown(world, IS)["blocks"])
    await said(world, IS, "targets")
    assert "2,000" in texts(shown(world, IS)["blocks"])


async def test_target_that_is_no_number_is_refused_at_its_field(world: World) -> None:
    await said(world, MANAGER, "targets")
    modal = world.modal(MANAGER)
    answers = {"kpi": {"v": "connect_rate"}, "span": {"v": "day"}, "member": {"v": "team"}, "value": {"v": "lots"}}
    done = await world.person(MANAGER).submit(modal["id"], answers)
    assert done["result"] == "errors"
    assert set(done["errors"]) == {"value"}


def due_on(day: date) -> Due:
    return Due(TEAM, "Asia/Tokyo", day, datetime.combine(day, datetime.min.time(), UTC))


async def configure(world: World, kind: str, **changed: Any) -> dict[str, Any]:
    """Through `/kpi digests` and its form."""
    await said(world, MANAGER, "digests")
    overview = world.modal(MANAGER)
    change = button(overview["blocks"], f"kpi.digest.edit#{kind}")
    await world.person(MANAGER).action(
        view_id=overview["id"], block_id=change["block_id"], action_id=f"kpi.digest.edit#{kind}", value=kind
    )
    form = world.modal(MANAGER)
    answers = {"on": "on", "channel": TEAM_CHANNEL, "at": "18:00", "language": "own"} | changed
    return await world.person(MANAGER).submit(form["id"], {key: {"v": value} for key, value in answers.items()})


async def test_daily_digest_goes_to_the_teams_channel_once(world: World, deps: Deps, calls: int) -> None:
    done = await configure(world, "daily")
    assert done["result"] == "updated", done
    # A Wednesday without a holiday.
    due = due_on(date(2026, 4, 1))
    assert await digests.send_due(deps, due, DigestKind.DAILY) == 1
    assert await digests.send_due(deps, due, DigestKind.DAILY) == 0
    await eventually(lambda: [m for m in world.messages(FS, TEAM_CHANNEL) if "日次ダイジェスト" in m["text"]])
    assert len([m for m in world.messages(FS, TEAM_CHANNEL) if "日次ダイジェスト" in m["text"]]) == 1


async def test_weekly_digest_goes_to_each_manager_with_charts_and_their_words(
    world: World, deps: Deps, calls: int
) -> None:
    monday = deps.today("Asia/Tokyo")
    monday += timedelta(days=7 - monday.weekday())
    due = due_on(monday)
    assert await digests.send_due(deps, due, DigestKind.WEEKLY) >= 1
    message = (await eventually(lambda: [m for m in world.direct(MANAGER) if "週次ダイジェスト" in m["text"]]))[-1]
    images = [block for block in message["blocks"] if block["type"] == "image"]
    assert images
    for block in images:
        name, kind, content = world.person(MANAGER).file(block["slack_file"]["id"])
        assert (kind, content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        assert re.search(r"架電 \d+|\d+(\.\d+)?%", block["alt_text"]), name
    assert "注目の3点" in texts(message["blocks"])
    assert "架電数" in message["text"]


async def test_digest_can_be_previewed_by_oneself_and_sent_again(world: World, calls: int) -> None:
    await said(world, MANAGER, "digests")
    modal = world.modal(MANAGER)
    preview = button(modal["blocks"], "kpi.digest.preview#weekly")
    await world.person(MANAGER).action(
        view_id=modal["id"], block_id=preview["block_id"], action_id="kpi.digest.preview#weekly", value="weekly"
    )
    first = (await eventually(lambda: [m for m in world.direct(MANAGER) if "週次ダイジェスト" in m["text"]]))[-1]
    assert "プレビュー" in texts(first["blocks"])
    modal = world.modal(MANAGER)
    send = button(modal["blocks"], "kpi.digest.send#weekly")
    await world.person(MANAGER).action(
        view_id=modal["id"], block_id=send["block_id"], action_id="kpi.digest.send#weekly", value="weekly"
    )
    await eventually(lambda: len([m for m in world.direct(MANAGER) if "週次ダイジェスト" in m["text"]]) == 2)


async def test_digest_speaks_the_language_chosen_for_it(world: World, calls: int) -> None:
    await configure(world, "weekly", channel=None, language="en")
    modal = world.modal(MANAGER)
    preview = button(modal["blocks"], "kpi.digest.preview#weekly")
    await world.person(MANAGER).action(
        view_id=modal["id"], block_id=preview["block_id"], action_id="kpi.digest.preview#weekly", value="weekly"
    )
    assert await eventually(lambda: [m for m in world.direct(MANAGER) if "Weekly digest" in m["text"]])


async def test_daily_digest_without_a_channel_is_refused_at_its_field(world: World) -> None:
    done = await configure(world, "daily", channel=None)
    assert done["result"] == "errors"
    assert set(done["errors"]) == {"channel"}


async def test_rep_sees_digests_but_cannot_change_them(world: World) -> None:
    await said(world, IS, "digests")
    assert "kpi.digest.edit" not in texts(world.modal(IS)["blocks"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kpi_has_a_name_and_those_without_a_source_a_reason(language: str) -> None:
    t = translator(language)
    assert {kpi.key for kpi in CATALOGUE} == set(words.KPIS)
    assert {kpi.key for kpi in CATALOGUE if kpi.numerator is None} == set(words.MISSING)
    assert len({words.name(t, kpi) for kpi in CATALOGUE}) == len(CATALOGUE)
    assert all(words.threshold(t, kpi) for kpi in INDICATORS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kpi_is_found_by_its_name(language: str) -> None:
    for kpi in CATALOGUE:
        assert named(words.name(translator(language), kpi)) == kpi
        assert named(kpi.key) == kpi


@pytest.mark.parametrize(
    ("connected", "told"),
    [(294, "目標 18.0%（わずかに未達）"), (280, "目標 18.0%（未達）"), (295, "目標 18.0%（達成）")],
)
def test_target_missed_by_less_than_is_shown_says_so(connected: int, told: str) -> None:
    counts = Counts({Measure.DIALS: 1635, Measure.CONNECTED: connected}, {})
    shown = figure(BY_KEY["connect_rate"], counts)
    assert words.target(translator("ja"), Line(shown, shown, 0.18)) == told


def test_place_survives_a_button() -> None:
    text = "connect_rate|week|2026-03-30|2026-04-01|segment|d|3|機械 | 電気"
    assert str(Place.read(text)) == text
