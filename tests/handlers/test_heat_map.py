"""`/call heatmap`: the picture, what it says in words, another industry."""

from __future__ import annotations

from typing import Any

import pytest

from domain.outreach.best_hour import Tally
from handlers.charts import drawn
from handlers.i18n import LANGUAGES, translator
from handlers.outreach.heat_map import HeatMap, _meant
from services.deps import Deps
from storage.tables import CallHour
from tests.handlers.conftest import IS, World, eventually
from tests.handlers.test_call_queue import ROOM, clock, on_sqlite, world

__all__ = ["clock", "world"]

CELLS = ((0, 9, 40, 8), (1, 10, 120, 38), (1, 16, 5, 5), (2, 10, 19, 2), (5, 20, 25, 5))


async def learn(deps: Deps, team: str) -> None:
    """Two industries, called on Tuesdays."""
    async with deps.writing(team) as session:
        for segment, hour, dials, connected in (("海運業", 10, 400, 124), ("海運業", 16, 400, 40), ("鉱業", 10, 30, 3)):
            session.add(CallHour(team_id=team, segment=segment, weekday=6, hour=hour, dials=dials, connected=connected))


async def shown(world: World, count: int) -> dict[str, Any]:
    """The newest heat map, once there are so many messages with one."""

    def found() -> list[dict[str, Any]]:
        maps = [m for m in world.messages(IS, ROOM) if "曜日・時間帯別の接続率" in m["text"]]
        return maps if len(maps) >= count else []

    maps = await eventually(found)
    return dict(maps[-1])


def picture(message: dict[str, Any]) -> dict[str, Any]:
    (block,) = [b for b in message["blocks"] if b["type"] == "image"]
    return dict(block)


@on_sqlite
async def test_heat_map_comes_as_a_picture_with_its_figures_in_words(world: World) -> None:
    await learn(world.house.deps, world.workspace.introduction()["team"]["id"])
    await world.person(IS).command(ROOM, "/call", "heatmap 海運")
    message = await shown(world, 1)
    alt = picture(message)["alt_text"]
    assert "海運業" in alt
    assert "日曜10時 31 %（400件）" in alt
    assert "データ不足" in alt
    assert "🏆 *日曜 10時台* 31 %（400件中124件接続" in str(message["blocks"])


@on_sqlite
async def test_another_industry_is_shown_in_the_same_message(world: World) -> None:
    await learn(world.house.deps, world.workspace.introduction()["team"]["id"])
    await world.person(IS).command(ROOM, "/call", "heatmap 海運業")
    message = await shown(world, 1)
    await world.person(IS).action(
        channel=ROOM,
        ts=message["ts"],
        block_id="heatmap.segment",
        action_id="call.heatmap.segment",
        value="鉱業",
    )

    def changed() -> bool:
        now = next(m for m in world.messages(IS, ROOM) if m["ts"] == message["ts"])
        return "鉱業" in picture(now)["alt_text"]

    assert await eventually(changed)


@on_sqlite
async def test_industry_nobody_called_is_answered_with_the_whole_team(world: World) -> None:
    await learn(world.house.deps, world.workspace.introduction()["team"]["id"])
    await world.person(IS).command(ROOM, "/call", "heatmap <!here>")
    message = await shown(world, 1)
    assert "架電はまだありません" in str(message["blocks"])
    assert "<!here>" not in str(message["blocks"])
    assert "全業種" in message["text"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_picture_is_drawn_the_same_each_time(language: str) -> None:
    chart = HeatMap(CELLS, 20, "機械")
    once = await drawn(chart, translator(language))
    assert once.startswith(b"\x89PNG")
    assert once == await drawn(chart, translator(language))


async def test_picture_of_nothing_can_be_drawn() -> None:
    assert (await drawn(HeatMap((), 20, None), translator("ja"))).startswith(b"\x89PNG")


def test_hours_and_days_outside_the_office_are_drawn_only_when_called() -> None:
    assert list(HeatMap((), 20, None).hours) == list(range(9, 19))
    assert HeatMap((), 20, None).days == 5
    assert list(HeatMap(CELLS, 20, None).hours) == list(range(9, 21))
    assert HeatMap(CELLS, 20, None).days == 6


def test_cell_with_too_few_calls_is_not_told() -> None:
    alt = HeatMap(CELLS, 20, None).alt(translator("ja"))
    assert "火曜10時 32 %（120件）" in alt
    assert "火曜16時" not in alt
    assert "水曜10時" not in alt


def test_alternative_text_of_a_full_week_is_not_cut() -> None:
    full = tuple((day, hour, 4000, 1300) for day in range(6) for hour in range(8, 20))
    for language in LANGUAGES:
        assert len(HeatMap(full, 20, "情報・通信業").alt(translator(language))) <= 2000


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", (None, True)),
        ("機械", ("機械", True)),
        (" ﾕﾆｯﾄ ", ("ユニット業", True)),
        ("情報", ("情報・通信業", True)),
        ("宇宙", (None, False)),
    ],
)
def test_industry_is_found_by_its_name_or_a_part(typed: str, expected: tuple[str | None, bool]) -> None:
    segments = {name: Tally(1, 0) for name in ("機械", "情報・通信業", "ユニット業", "")}
    assert _meant(typed, segments) == expected
