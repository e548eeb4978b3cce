"""Messages and views made at random: all that keep the rules are taken, and one broken place is refused there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.blockkit import message_problems, view_problems
from bot.workspace.server import running

from .kit import Json, element, mrkdwn, option, plain
from .recorder import GENERAL, SATO

Problems = tuple[str | None, list[Any]]


def words(most: int) -> st.SearchStrategy[str]:
    """Texts in any script, of one character to `most`."""
    return st.text(min_size=1, max_size=min(most, 40))


def plains(most: int) -> st.SearchStrategy[Json]:
    return st.builds(plain, words(most))


def texts(most: int) -> st.SearchStrategy[Json]:
    return st.builds(plain, words(most)) | st.builds(mrkdwn, words(most))


def record(required: Json, optional: Json | None = None) -> st.SearchStrategy[Json]:
    """An object with all required keys and some of the optional ones."""
    return st.fixed_dictionaries(
        {key: inner if isinstance(inner, st.SearchStrategy) else st.just(inner) for key, inner in required.items()},
        optional=optional or {},
    )


identifiers = words(255)
urls = st.sampled_from(["https://example.com/", "http://a.example/?b=c#d", "mailto:a@b.example"])
confirms = record(
    {"title": plains(100), "text": texts(300), "confirm": plains(30), "deny": plains(30)},
    {"style": st.sampled_from(["primary", "danger"])},
)
BASE: Json = {"action_id": identifiers}
MENU: Json = {**BASE, "confirm": confirms, "placeholder": plains(150)}


def some_options(most: int, label: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    values = st.lists(words(150), min_size=1, max_size=most, unique=True)
    return values.flatmap(
        lambda found: st.tuples(*(st.builds(lambda text, v=v: option(v, text=text), label) for v in found)).map(list)
    )


def choosing(kind: str, *, many: bool, most: int, label: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """An element with options, of which some may be chosen to begin with."""

    @st.composite
    def make(draw: Callable[[Any], Any]) -> Json:
        found = draw(some_options(most, label))
        made = {"type": kind, **draw(record({}, MENU if kind.endswith("select") else BASE))}
        if kind.endswith("select") and draw(st.booleans()):
            made["option_groups"] = [{"label": draw(plains(75)), "options": [one]} for one in found]
        else:
            made["options"] = found
        if draw(st.booleans()):
            chosen = draw(st.lists(st.sampled_from(found), min_size=1, max_size=len(found), unique_by=id))
            made.update({"initial_options": chosen} if many else {"initial_option": chosen[0]})
        return made

    return make()


buttons = record(
    {"type": "button", "text": plains(75)},
    {**BASE, "confirm": confirms, "url": urls, "value": words(2000), "style": st.sampled_from(["primary", "danger"])},
)
choices = st.one_of(
    choosing("static_select", many=False, most=5, label=plains(75)),
    choosing("multi_static_select", many=True, most=5, label=plains(75)),
    choosing("checkboxes", many=True, most=5, label=texts(75)),
    choosing("radio_buttons", many=False, most=5, label=texts(75)),
    record({"type": "external_select"}, {**MENU, "min_query_length": st.integers(0, 10)}),
    record({"type": "users_select"}, {**MENU, "initial_user": st.just(SATO)}),
    record({"type": "multi_users_select"}, {**MENU, "max_selected_items": st.integers(1, 9)}),
    record({"type": "channels_select"}, MENU),
    record({"type": "conversations_select"}, {**MENU, "filter": record({"include": ["im", "public"]})}),
    record({"type": "datepicker"}, {**MENU, "initial_date": st.dates().map(lambda day: day.isoformat())}),
    record({"type": "timepicker"}, {**MENU, "initial_time": st.times().map(lambda time: f"{time:%H:%M}")}),
)
lengths = st.tuples(st.integers(0, 3000), st.integers(1, 3000)).map(sorted)
inputs = st.one_of(
    choices,
    record({"type": "plain_text_input"}, {**BASE, "placeholder": plains(150), "multiline": st.booleans()}),
    lengths.map(lambda found: element("plain_text_input", min_length=found[0], max_length=found[1])),
)
modal_inputs = st.one_of(
    inputs,
    record({"type": "number_input", "is_decimal_allowed": st.booleans()}, {**BASE, "min_value": st.just("-3")}),
    record({"type": "email_text_input"}, BASE),
    record({"type": "url_text_input"}, BASE),
    record({"type": "file_input"}, {**BASE, "max_files": st.integers(1, 10)}),
    record({"type": "datetimepicker"}, {**BASE, "initial_date_time": st.integers(1_000_000_000, 9_999_999_999)}),
)
inline = st.one_of(
    record({"type": "text", "text": words(100)}, {"style": record({}, {"bold": st.booleans(), "code": st.booleans()})}),
    record({"type": "link", "url": urls}, {"text": words(50)}),
    record({"type": "user", "user_id": SATO}),
    record({"type": "emoji", "name": "wave"}),
    record({"type": "broadcast", "range": st.sampled_from(["here", "channel", "everyone"])}),
)
lines = record({"type": "rich_text_section", "elements": st.lists(inline, min_size=1, max_size=3)})
rich_parts = st.one_of(
    lines,
    record({"type": "rich_text_quote", "elements": st.lists(inline, max_size=3)}),
    record(
        {
            "type": "rich_text_list",
            "style": st.sampled_from(["bullet", "ordered"]),
            "elements": st.lists(lines, min_size=1, max_size=3),
        },
        {"indent": st.integers(0, 8), "border": st.integers(0, 1)},
    ),
)
rich_texts = record({"type": "rich_text", "elements": st.lists(rich_parts, max_size=3)})
pictures = record({"type": "image", "image_url": "https://example.com/a.png", "alt_text": words(2000)})


def unique_ids(elements: list[Json]) -> list[Json]:
    """The same elements, no two of them with one action_id."""
    return [{**one, "action_id": f"{place}"} if "action_id" in one else one for place, one in enumerate(elements)]


still_or_acting = st.one_of(
    record({"type": "divider"}),
    record({"type": "header", "text": plains(150)}),
    record({"type": "section", "text": texts(3000)}, {"accessory": choices | buttons | pictures}),
    record({"type": "section", "fields": st.lists(texts(2000), min_size=1, max_size=10)}),
    record({"type": "actions", "elements": st.lists(choices | buttons, min_size=1, max_size=4).map(unique_ids)}),
    record({"type": "context", "elements": st.lists(texts(3000) | pictures, min_size=1, max_size=10)}),
    pictures,
    rich_texts,
)
raw_cells = record({"type": "raw_text", "text": words(50)}) | rich_texts
message_blocks = st.one_of(
    still_or_acting,
    record({"type": "input", "label": plains(2000), "element": inputs}, {"optional": st.booleans()}),
    record({"type": "markdown", "text": words(200)}),
    record({"type": "card", "title": texts(150)}, {"body": texts(200)}),
)
tables = record(
    {"type": "table", "rows": st.lists(st.lists(raw_cells, min_size=1, max_size=4), min_size=1, max_size=4)}
)
modal_blocks = still_or_acting | record(
    {"type": "input", "label": plains(2000), "element": modal_inputs}, {"hint": plains(2000), "optional": st.booleans()}
)


def numbered(blocks: list[Json]) -> list[Json]:
    """The same blocks, every second one with a block_id of its own."""
    return [{**one, "block_id": f"b{place}"} if place % 2 else one for place, one in enumerate(blocks)]


messages = st.builds(
    lambda blocks, more: numbered(blocks + more), st.lists(message_blocks, max_size=6), st.lists(tables, max_size=1)
)
modals = record(
    {
        "type": "modal",
        "title": plains(24),
        "submit": plains(24),
        "blocks": st.lists(modal_blocks, max_size=6).map(numbered),
    },
    {"close": plains(24), "private_metadata": st.text(max_size=100), "callback_id": words(255)},
)
homes = record(
    {"type": "home", "blocks": st.lists(still_or_acting, max_size=6).map(numbered)},
    {"private_metadata": st.text(max_size=100), "callback_id": words(255)},
)

Place = tuple[str, Any, Any]


def places(value: Any, pointer: str) -> Iterator[Place]:
    """Every entry of every object and list in a payload: where it lies, what holds it, under which key."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield f"{pointer}/{key}", value, key
        yield from places(inner, f"{pointer}/{key}")


def break_one(draw: Callable[[Any], Any], payload: Any, pointer: str) -> str:
    """Breaks a payload in one place, and says where that is."""
    found = list(places(payload, pointer))
    way = draw(st.sampled_from(["stray key", "wrong kind", "unknown type"]))
    if way == "stray key":
        objects = [(pointer, payload)] if isinstance(payload, dict) else []
        objects += [(where, holder[key]) for where, holder, key in found if isinstance(holder[key], dict)]
        where, chosen = draw(st.sampled_from(objects))
        chosen["stray"] = 1
        return str(where)
    if way == "unknown type":
        where, holder, key = draw(st.sampled_from([place for place in found if place[2] == "type"]))
        holder[key] = "unknown"
        return str(where)
    where, holder, key = draw(st.sampled_from(found))
    # A number with a fraction is taken nowhere in these payloads, whatever stood there.
    holder[key] = 0.5
    return str(where)


def refused_at(found: Problems, pointer: str) -> bool:
    return found[0] is not None and pointer in {problem.pointer for problem in found[1]}


EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(messages)
@EXAMPLES
def test_a_message_that_keeps_the_rules_is_taken(blocks: list[Json]) -> None:
    assert message_problems(blocks) == (None, [])


@given(modals | homes)
@EXAMPLES
def test_a_view_that_keeps_the_rules_is_taken(view: Json) -> None:
    assert view_problems(view, ("modal", "home")) == (None, [])


@given(messages.filter(bool), st.data())
@EXAMPLES
def test_a_message_broken_in_one_place_is_refused_at_that_place(blocks: list[Json], data: st.DataObject) -> None:
    broken = copy.deepcopy(blocks)
    where = break_one(data.draw, broken, "/blocks")
    assert refused_at(message_problems(broken), where), where


@given(modals | homes, st.data())
@EXAMPLES
def test_a_view_broken_in_one_place_is_refused_at_that_place(view: Json, data: st.DataObject) -> None:
    broken = copy.deepcopy(view)
    where = break_one(data.draw, broken, "/view")
    assert refused_at(view_problems(broken, ("modal", "home")), where), where


@given(messages.filter(bool), homes, st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_web_api_says_the_same(blocks: list[Json], view: Json, data: st.DataObject) -> None:
    broken_blocks, broken_view = copy.deepcopy(blocks), copy.deepcopy(view)
    in_blocks = break_one(data.draw, broken_blocks, "/blocks")
    in_view = break_one(data.draw, broken_view, "/view")
    async with running() as served:
        client = AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[])
        assert (await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks))["ok"]
        assert (await client.views_publish(user_id=SATO, view=view))["ok"]
        for method, arguments, where in (
            ("chat.postMessage", {"channel": GENERAL, "text": "x", "blocks": broken_blocks}, in_blocks),
            ("views.publish", {"user_id": SATO, "view": broken_view}, in_view),
        ):
            with pytest.raises(SlackApiError) as refused:
                await client.api_call(method, json=arguments)
            said = refused.value.response["response_metadata"]["messages"]
            assert any(f"[json-pointer:{where}]" in message for message in said)
