"""Acts on what the app has drawn anew in the meantime: they mean what the person saw, or nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest
from nicegui import Client
from playwright.async_api import expect

from bot.workspace.page.desk import Desk
from bot.workspace.page.dialogs import begins_anew
from bot.workspace.page.form import Form
from bot.workspace.page.session import Session
from bot.workspace.page.targets import chosen, pressed
from bot.workspace.server import RunningWorkspace
from tests.browser.workspace_page.conftest import GENERAL, SATO, Sit
from tests.browser.workspace_page.conftest import Desk as Seat
from tests.browser.workspace_page.small_app import SmallApp, field, flow, modal, option, plain

Json = dict[str, Any]
NOTICE = "表示が新しくなりました"


def button(value: str | None, text: str = "開く") -> Json:
    """A button of the action `row`."""
    return {"type": "button", "action_id": "row", "text": plain(text)} | ({"value": value} if value else {})


def rows(*values: str) -> list[Json]:
    """A section with a button for each value. Without block_ids: the workspace gives others with each redraw."""
    return [{"type": "section", "text": plain(f"リード {value}"), "accessory": button(value)} for value in values]


def named(block_id: str, *elements: Json) -> Json:
    """A row of elements under a block_id."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def press(block_id: str, value: str | None) -> Json:
    """What a still button says when it is pressed."""
    return {"blockId": block_id, "actionId": "row"} | ({"value": value} if value else {})


def test_press_finds_its_own_block_first() -> None:
    blocks = [named("A1B2C", button("7")), named("Z9Y8X", button("7"))]
    assert pressed(blocks, press("Z9Y8X", "7")) == ("Z9Y8X", button("7"))


def test_press_in_a_block_without_an_id_of_its_own_goes_to_the_button_with_the_same_value() -> None:
    blocks = [named("AAAA1", button("8")), named("AAAA2", button("7"))]
    assert pressed(blocks, press("Q0Q0Q", "7")) == ("AAAA2", button("7"))


def test_press_follows_the_value_when_another_row_has_taken_the_block() -> None:
    blocks = [named("row.1", button("8")), named("row.2", button("7"))]
    assert pressed(blocks, press("row.1", "7")) == ("row.2", button("7"))


def test_press_on_a_value_that_is_gone_hits_nothing_else() -> None:
    assert pressed([named("row.1", button("8"))], press("row.1", "7")) is None
    assert pressed([named("AAAA1", button("8"))], press("AAAA1", "7")) is None


def test_press_on_a_row_the_app_named_and_took_away_does_not_hit_its_neighbour() -> None:
    assert pressed([named("lead.13", button(None))], press("lead.12", None)) is None
    assert pressed([named("lead.13", button("yes")), named("lead.14", button("yes"))], press("lead.12", "yes")) is None


def test_feedback_press_finds_the_pair_that_carries_its_value() -> None:
    pair = {"positive_button": {"value": "good"}, "negative_button": {"value": "bad"}}
    block = named("AAAA1", {"type": "feedback_buttons", "action_id": "row", **pair})
    assert pressed([block], press("BBBB2", "bad")) == ("AAAA1", block["elements"][0])
    assert pressed([block], press("BBBB2", "else")) is None


def test_choice_goes_to_the_same_select_only_while_it_offers_what_was_chosen() -> None:
    seen = {"type": "static_select", "action_id": "stage", "options": [option("new", "新規"), option("won", "受注")]}
    now = {**seen, "options": seen["options"][:1]}
    assert chosen([named("AAAA1", now)], "BBBB2", seen, "new") == ("AAAA1", now)
    assert chosen([named("AAAA1", now)], "BBBB2", seen, "won") is None
    assert chosen([named("AAAA1", {**now, "type": "radio_buttons"})], "BBBB2", seen, "new") is None
    assert chosen([named("AAAA1", now), named("AAAA2", now)], "BBBB2", seen, "new") is None, "which of the two?"


def test_typing_never_lands_in_another_field_of_the_same_action() -> None:
    text = {"type": "plain_text_input", "action_id": "v"}
    blocks = [field("note", "メモ", text)]
    assert chosen(blocks, "budget_amount", text, "800") is None


def test_view_begins_anew_with_another_form_or_a_new_first_block_only() -> None:
    def view(*texts: str, callback: str = "lead") -> Json:
        blocks = [{"type": "section", "block_id": f"{callback}{id(text)}", "text": plain(text)} for text in texts]
        return {"callback_id": callback, "blocks": blocks}

    assert begins_anew(view("a", "b"), view("注意", "a", "b"))
    assert begins_anew(view("a"), view("a", callback="other"))
    assert not begins_anew(view("a", "b"), view("a", "c", "b"))
    assert not begins_anew(view("注意", "a"), view("a"))
    assert not begins_anew(view("a"), view())
    same, changed = view("a"), view("b")
    changed["blocks"][0]["block_id"] = same["blocks"][0]["block_id"]
    assert not begins_anew(same, changed)


browser = pytest.mark.browser
in_module = pytest.mark.asyncio(loop_scope="module")


async def at_home(sit: Sit, app: SmallApp, blocks: list[Json]) -> Seat:
    """Sato before a home of these blocks."""
    desk = await sit(SATO)
    await desk.page.locator("[data-app]").click()
    await expect(desk.page.get_by_role("heading", name="今日の架電")).to_be_visible()
    await publish(app, blocks)
    return desk


async def publish(app: SmallApp, blocks: list[Json]) -> None:
    """Gives Sato another home."""
    await app.client.views_publish(user_id=SATO, view={"type": "home", "blocks": blocks})


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Called, it makes every page stand still from then on, as if redraws were slower than the person."""
    return lambda: monkeypatch.setattr(Session, "_draw", lambda _: None)


@browser
@in_module
async def test_click_on_a_home_that_was_published_again_reaches_the_app_with_what_was_seen(
    sit: Sit, app: SmallApp, late: Any
) -> None:
    desk = await at_home(sit, app, rows("11", "12"))
    seen = desk.page.locator('[data-action-id="row"][data-value="12"]')
    await expect(seen).to_be_visible()
    late()
    await publish(app, rows("13", "12", "14"))
    await seen.click()
    assert (await app.until("row"))["value"] == "12"
    await expect(desk.page.get_by_test_id("toast")).to_have_count(0)


@browser
@in_module
async def test_click_on_a_row_that_is_gone_tells_the_person_and_not_the_app(sit: Sit, app: SmallApp, late: Any) -> None:
    desk = await at_home(sit, app, rows("11", "12"))
    seen = desk.page.locator('[data-action-id="row"][data-value="12"]')
    await expect(seen).to_be_visible()
    late()
    await publish(app, rows("11"))
    await seen.click()
    await expect(desk.page.get_by_test_id("toast")).to_contain_text(NOTICE)
    assert "row" not in [kind for kind, _ in app.done]


@browser
@in_module
async def test_choice_in_a_home_that_was_published_again_reaches_the_app(sit: Sit, app: SmallApp, late: Any) -> None:
    select = {"type": "static_select", "action_id": "home.stage", "options": [option("new", "新規")]}
    blocks: list[Json] = [{"type": "actions", "elements": [select]}]
    desk = await at_home(sit, app, blocks)
    await expect(desk.page.get_by_role("heading", name="今日の架電")).to_have_count(0)
    late()
    await publish(app, [*rows("11"), *blocks])
    await desk.page.locator('[data-action-id="home.stage"]').click()
    await desk.page.get_by_role("option", name="新規").click()
    assert (await app.until("home.stage"))["selected_option"]["value"] == "new"
    await expect(desk.page.get_by_test_id("toast")).to_have_count(0)


@browser
@in_module
async def test_click_in_a_message_that_was_updated_reaches_the_app(sit: Sit, app: SmallApp, late: Any) -> None:
    posted = await app.client.chat_postMessage(channel=GENERAL, text="一覧", blocks=rows("11", "12"))
    desk = await sit(SATO)
    seen = desk.page.locator('[data-action-id="row"][data-value="12"]')
    await expect(seen).to_be_visible()
    late()
    await app.client.chat_update(channel=GENERAL, ts=posted["ts"], text="一覧", blocks=rows("12"))
    await seen.click()
    assert (await app.until("row"))["value"] == "12"
    await expect(desk.page.get_by_test_id("toast")).to_have_count(0)


@browser
@in_module
async def test_modal_submitted_while_a_field_goes_sends_the_others_without_a_complaint(
    sit: Sit, app: SmallApp, workspace: RunningWorkspace, late: Any
) -> None:
    desk = await sit(SATO)
    await desk.say("/flow")
    await desk.choose("detail", "新規")
    await desk.field("name").press_sequentially("山田")
    assert await app.until("letters", "山田") == "山田"
    late()
    kept = [block for block in flow() if block["block_id"] != "detail"]
    view_id = workspace.person(SATO).screen()["views"][-1]["id"]
    await app.client.views_update(view_id=view_id, view=modal("進め方", kept, submit="保存") | {"callback_id": "flow"})
    await desk.modal.get_by_test_id("modal-submit").click()
    assert (await app.until("flow"))["name"]["value"]["value"] == "山田"
    await expect(desk.page.get_by_test_id("toast")).to_have_count(0)


@browser
@in_module
async def test_modal_that_became_another_form_is_not_submitted_unseen(
    sit: Sit, app: SmallApp, workspace: RunningWorkspace, late: Any
) -> None:
    desk = await sit(SATO)
    await desk.say("/flow")
    await desk.field("name").press_sequentially("山田")
    assert await app.until("letters", "山田") == "山田"
    late()
    view_id = workspace.person(SATO).screen()["views"][-1]["id"]
    sure = modal(
        "本当に消しますか", [field("contact", "氏名", {"type": "plain_text_input"}, optional=True)], submit="消す"
    )
    await app.client.views_update(view_id=view_id, view=sure)
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.page.get_by_test_id("toast")).to_contain_text(NOTICE)
    assert not {"submit", "flow"} & {kind for kind, _ in app.done}


class Tab:
    """As much of a browser tab as a desk needs: it keeps the scripts it was asked to run."""

    is_deleted = False

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run_javascript(self, code: str) -> None:
        """Keeps a script."""
        self.ran.append(code)


@in_module
async def test_typing_passed_on_after_its_field_or_its_modal_went_is_dropped_in_silence(
    app: SmallApp, workspace: RunningWorkspace
) -> None:
    person = workspace.person(SATO)
    await person.command(GENERAL, "/flow")
    tab = Tab()
    desk = Desk(cast("Client", tab), person)
    view = desk.screen["views"][-1]
    name = next(block["element"] for block in view["blocks"] if block["block_id"] == "name")
    form = Form()
    form.put("name", "value", "山")

    await desk.act(name, "name", "山", form, passing=True, view_id=view["id"])
    assert await app.until("letters", "山") == "山"
    gone = modal("次", [field("other", "ほか", {"type": "plain_text_input"})], submit="保存")
    await app.client.views_update(view_id=view["id"], view=gone)
    await desk.act(name, "name", "山田", form, passing=True, view_id=view["id"])
    await person.close(view["id"])
    await desk.act(name, "name", "山田花", form, passing=True, view_id=view["id"])
    assert tab.ran == []
    assert [what for kind, what in app.done if kind == "letters"] == ["山"]
