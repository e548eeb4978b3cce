"""Charts and pictures: drawn, uploaded, shown in the message they were made for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import pytest
from PIL import Image
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_client import web_client
from bot.workspace.server import RunningWorkspace
from handlers.blocks import section
from handlers.charts import axes, drawn, figure
from handlers.clients import OneClient
from handlers.delivery import Deliverer
from handlers.i18n import Markup, Translator, translator
from handlers.messages import Reader, Rendered
from handlers.pictures import image, upload
from handlers.routes import Outgoing, Picture
from services.deliveries import DeliveryState
from services.deps import Deps
from tests.handlers.test_delivery import Desk, desk, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["desk", "settings"]
HANDOFFS = "C01HANDOFF"
JAPANESE = "接続率 髙橋 №1 – ①㈱"


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of one bar."""

    height: float
    title: str = JAPANESE

    def draw(self, t: Translator) -> Figure:
        picture = figure()
        axes(picture, self.title).bar([t("Connected")], [self.height])
        return picture


@dataclass(frozen=True, slots=True)
class Report:
    """A message with a picture."""

    def render(self, reader: Reader) -> Rendered:
        shown = [image(reader.pictures["bars"], "20 %", "図")] if "bars" in reader.pictures else []
        return Rendered("Report", [section(Markup("Report")), *shown])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        return [cls()]


def reporting(desk: Desk, *charts: Bars) -> list[Outgoing]:
    """The desk's notes are reports with a picture; the answer holds what was composed."""
    made: list[Outgoing] = []

    async def compose(_deps: Deps, _team: str, arguments: Mapping[str, Any]) -> Outgoing:
        chart = charts[min(len(made), len(charts) - 1)]
        picture = Picture("bars", chart, f"{chart.height} %")
        given = {"channel": arguments["channel"], **desk.outgoing}
        made.append(Outgoing(Report(), "ja", "Asia/Tokyo", pictures=(picture,), **given))
        return made[-1]

    client = web_client(desk.workspace.bot_token, desk.workspace.api_url)
    desk.deliverer = Deliverer(desk.deps, OneClient(client), {"note": compose}, settle_seconds=0.0)
    return made


def pictures(desk: Desk) -> list[str]:
    """The files named by image blocks in the channel, by message."""
    return [
        block["slack_file"]["id"]
        for message in desk.conversation().messages.values()
        for block in message.blocks or []
        if block["type"] == "image"
    ]


async def test_chart_is_a_picture_of_the_asked_size() -> None:
    with Image.open(BytesIO(await drawn(Bars(0.2), translator("ja")))) as picture:
        assert picture.size == (1036, 518)


async def test_same_chart_gives_the_same_bytes_and_another_one_others() -> None:
    first, again, other = [await drawn(Bars(h), translator("ja")) for h in (0.2, 0.2, 0.3)]
    assert first == again != other


async def test_every_letter_is_in_one_of_the_fonts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert await drawn(Bars(0.2, JAPANESE), translator("ja"))


async def test_uploaded_picture_is_accepted_in_a_message_and_seen_by_people(world_workspace: RunningWorkspace) -> None:
    client = AsyncWebClient(world_workspace.bot_token, base_url=world_workspace.api_url)
    content = await drawn(Bars(0.2), translator("ja"))
    file_id = await upload(client, "bars.png", content, "20 %")
    blocks = [image(file_id, "20 %", "図").to_dict()]
    assert (await client.chat_postMessage(channel=HANDOFFS, text="図", blocks=blocks))["ok"]
    assert world_workspace.person("U01TANAKA1").file(file_id) == ("bars.png", "image/png", content)


async def test_delivery_shows_its_picture(desk: Desk) -> None:
    reporting(desk, Bars(0.2))
    await desk.enqueue()
    assert await desk.attempt() == DeliveryState.SENT
    (file_id,) = pictures(desk)
    assert desk.workspace.workspace.files.files[file_id].completed


@pytest.mark.parametrize("fault", ["answer_lost", "cut"])
async def test_report_with_a_picture_is_posted_once_after_a_lost_connection(desk: Desk, fault: str) -> None:
    reporting(desk, Bars(0.2))
    desk.fault(fault)
    await desk.enqueue()
    assert isinstance(await desk.attempt(), float)
    assert await desk.attempt(1) == DeliveryState.SENT
    assert len(pictures(desk)) == len(desk.notes()) == 1


async def test_delivery_waits_while_uploads_are_limited_and_nothing_is_marked_as_sent(desk: Desk) -> None:
    reporting(desk, Bars(0.2))
    desk.fault("429", "files.getUploadURLExternal", seconds=1)
    await desk.enqueue()
    assert isinstance(await desk.attempt(), float)
    assert (await desk.stands()).state is DeliveryState.QUEUED
    assert await desk.attempt(1) == DeliveryState.SENT
    assert len(pictures(desk)) == 1


async def test_picture_that_slack_refuses_is_left_out_and_the_message_still_goes(desk: Desk) -> None:
    reporting(desk, Bars(0.2))
    app = desk.workspace.workspace.app
    desk.workspace.workspace.app = replace(app, scopes=app.scopes - {"files:write"})
    await desk.enqueue()
    assert await desk.attempt() == DeliveryState.SENT
    assert len(desk.notes()) == 1
    assert pictures(desk) == []


async def test_edited_message_shows_the_newest_chart(desk: Desk) -> None:
    client = web_client(desk.workspace.bot_token, desk.workspace.api_url)
    post = await client.chat_postMessage(channel=HANDOFFS, text="old")
    desk.outgoing = {"update_ts": post["ts"]}
    made = reporting(desk, Bars(0.1), Bars(0.2))
    await desk.enqueue()
    assert await desk.attempt() == DeliveryState.SENT
    assert len(made) == 3
    (file_id,) = pictures(desk)
    content = desk.workspace.workspace.files.files[file_id].content
    assert content == await drawn(Bars(0.2), translator("ja"))
