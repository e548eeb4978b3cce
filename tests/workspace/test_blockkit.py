"""Block Kit's rules: for each, the smallest payload that breaks it with Slack's code and pointer, and the neighbour
just inside, which is taken."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.blockkit import message_problems, suggestion_problems, view_problems

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "b", **more}


def option(value: str = "v", **more: Any) -> Json:
    return {"text": plain(), "value": value, **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option()], **more}


def text_input(**more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "i", **more}


def field(element: Json | None = None, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": element or text_input(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def options(count: int) -> list[Json]:
    return [option(str(n)) for n in range(count)]


def buttons(count: int) -> Json:
    return actions(*(button(action_id=str(n)) for n in range(count)))


def picture(**more: Any) -> Json:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a", **more}


def table(rows: int = 1, columns: int = 1) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


# rule, broken blocks, pointer of the first complaint's end, the neighbour inside
MESSAGES: list[tuple[str, list[Json], str, list[Json]]] = [
    ("50 blocks", [{"type": "divider"}] * 51, "/blocks", [{"type": "divider"}] * 50),
    (
        "section text 3000",
        [section(text=mrkdwn("x" * 3001))],
        "/blocks/0/text/text",
        [section(text=mrkdwn("x" * 3000))],
    ),
    ("section text not empty", [section(text=mrkdwn(""))], "/blocks/0/text/text", [section(text=mrkdwn("x"))]),
    ("section text or fields", [{"type": "section"}], "/blocks/0", [{"type": "section", "fields": [mrkdwn()]}]),
    ("10 fields", [section(fields=[plain()] * 11)], "/blocks/0/fields", [section(fields=[plain()] * 10)]),
    (
        "field text 2000",
        [section(fields=[plain("x" * 2001)])],
        "/blocks/0/fields/0/text",
        [section(fields=[plain("x" * 2000)])],
    ),
    (
        "header 150",
        [{"type": "header", "text": plain("x" * 151)}],
        "/blocks/0/text/text",
        [{"type": "header", "text": plain("x" * 150)}],
    ),
    (
        "header is plain text",
        [{"type": "header", "text": mrkdwn()}],
        "/blocks/0/text/type",
        [{"type": "header", "text": plain()}],
    ),
    ("unknown block", [{"type": "heading"}], "/blocks/0/type", [{"type": "divider"}]),
    ("block without a type", [{}], "/blocks/0", [{"type": "divider"}]),
    ("block is an object", ["divider"], "/blocks/0", [{"type": "divider"}]),  # type: ignore[list-item] # broken on purpose
    ("unknown key", [section(colour="red")], "/blocks/0", [section(expand=True)]),
    ("block_id 255", [section(block_id="x" * 256)], "/blocks/0/block_id", [section(block_id="x" * 255)]),
    (
        "block_id once",
        [section(block_id="a"), section(block_id="a")],
        "/blocks/1/block_id",
        [section(block_id="a"), section(block_id="b")],
    ),
    (
        "action_id once in a block",
        [actions(button(), button())],
        "/blocks/0/elements/1/action_id",
        [actions(button()), actions(button())],
    ),
    (
        "action_id 255",
        [actions(button(action_id="x" * 256))],
        "/blocks/0/elements/0/action_id",
        [actions(button(action_id="x" * 255))],
    ),
    ("25 actions", [buttons(26)], "/blocks/0/elements", [buttons(25)]),
    ("actions not empty", [actions()], "/blocks/0/elements", [buttons(1)]),
    (
        "10 context elements",
        [{"type": "context", "elements": [mrkdwn()] * 11}],
        "/blocks/0/elements",
        [{"type": "context", "elements": [mrkdwn()] * 10}],
    ),
    (
        "button text 75",
        [actions(button(text=plain("x" * 76)))],
        "/blocks/0/elements/0/text/text",
        [actions(button(text=plain("x" * 75)))],
    ),
    (
        "button text is plain",
        [actions(button(text=mrkdwn()))],
        "/blocks/0/elements/0/text/type",
        [actions(button())],
    ),
    (
        "button value 2000",
        [actions(button(value="x" * 2001))],
        "/blocks/0/elements/0/value",
        [actions(button(value="x" * 2000))],
    ),
    (
        "button style",
        [actions(button(style="default"))],
        "/blocks/0/elements/0/style",
        [actions(button(style="primary"))],
    ),
    (
        "button url",
        [actions(button(url="nowhere"))],
        "/blocks/0/elements/0/url",
        [actions(button(url="https://a.example"))],
    ),
    (
        "option text 75",
        [actions(select(options=[option(text=plain("x" * 76))]))],
        "/blocks/0/elements/0/options/0/text/text",
        [actions(select(options=[option(text=plain("x" * 75))]))],
    ),
    (
        "option value 150",
        [actions(select(options=[option("x" * 151)]))],
        "/blocks/0/elements/0/options/0/value",
        [actions(select(options=[option("x" * 150)]))],
    ),
    (
        "100 options",
        [actions(select(options=options(101)))],
        "/blocks/0/elements/0/options",
        [actions(select(options=options(100)))],
    ),
    ("options not empty", [actions(select(options=[]))], "/blocks/0/elements/0/options", [actions(select())]),
    (
        "100 option groups",
        [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}] * 101})],
        "/blocks/0/elements/0/option_groups",
        [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}] * 100})],
    ),
    (
        "options or option groups",
        [actions(select(option_groups=[{"label": plain(), "options": options(1)}]))],
        "/blocks/0/elements/0",
        [actions(select())],
    ),
    (
        "initial option among the options",
        [actions(select(initial_option=option("w")))],
        "/blocks/0/elements/0/initial_option",
        [actions(select(initial_option=option("v")))],
    ),
    (
        "placeholder 150",
        [actions(select(placeholder=plain("x" * 151)))],
        "/blocks/0/elements/0/placeholder/text",
        [actions(select(placeholder=plain("x" * 150)))],
    ),
    (
        "overflow at most 5",
        [actions({"type": "overflow", "options": options(6)})],
        "/blocks/0/elements/0/options",
        [actions({"type": "overflow", "options": options(5)})],
    ),
    (
        "overflow at least 2",
        [actions({"type": "overflow", "options": options(1)})],
        "/blocks/0/elements/0/options",
        [actions({"type": "overflow", "options": options(2)})],
    ),
    (
        "10 checkboxes",
        [actions({"type": "checkboxes", "options": options(11)})],
        "/blocks/0/elements/0/options",
        [actions({"type": "checkboxes", "options": options(10)})],
    ),
    (
        "10 radio buttons",
        [actions({"type": "radio_buttons", "options": options(11)})],
        "/blocks/0/elements/0/options",
        [actions({"type": "radio_buttons", "options": options(10)})],
    ),
    (
        "date",
        [actions({"type": "datepicker", "initial_date": "2026-13-01"})],
        "/blocks/0/elements/0/initial_date",
        [actions({"type": "datepicker", "initial_date": "2026-12-01"})],
    ),
    (
        "time",
        [actions({"type": "timepicker", "initial_time": "24:00"})],
        "/blocks/0/elements/0/initial_time",
        [actions({"type": "timepicker", "initial_time": "23:59"})],
    ),
    ("no text input in actions", [actions(text_input())], "/blocks/0/elements/0/type", [field(text_input())]),
    ("no button in an input", [field(button())], "/blocks/0/element/type", [field(text_input())]),
    (
        "no header as accessory",
        [section(accessory={"type": "header"})],
        "/blocks/0/accessory/type",
        [section(accessory=button())],
    ),
    ("image needs alt_text", [{"type": "image", "image_url": "https://a.example"}], "/blocks/0", [picture()]),
    ("image needs a picture", [{"type": "image", "alt_text": "a"}], "/blocks/0", [picture()]),
    ("label 2000", [field(label=plain("x" * 2001))], "/blocks/0/label/text", [field(label=plain("x" * 2000))]),
    ("hint 2000", [field(hint=plain("x" * 2001))], "/blocks/0/hint/text", [field(hint=plain("x" * 2000))]),
    (
        "max_length 3000",
        [field(text_input(max_length=3001))],
        "/blocks/0/element/max_length",
        [field(text_input(max_length=3000))],
    ),
    (
        "min_length not above max_length",
        [field(text_input(min_length=3, max_length=2))],
        "/blocks/0/element/min_length",
        [field(text_input(min_length=2, max_length=2))],
    ),
    (
        "one focus",
        [field(text_input(focus_on_load=True)), field(text_input(focus_on_load=True))],
        "/blocks/1",
        [field(text_input(focus_on_load=True)), field(text_input(focus_on_load=False))],
    ),
    (
        "markdown 12000",
        [{"type": "markdown", "text": "x" * 12_001}],
        "/blocks/0/text",
        [{"type": "markdown", "text": "x" * 12_000}],
    ),
    ("one table", [table(), table()], "/blocks/1", [table()]),
    ("100 rows", [table(101)], "/blocks/0/rows", [table(100)]),
    ("20 columns", [table(1, 21)], "/blocks/0/rows/0", [table(1, 20)]),
    ("no file input in a message", [field({"type": "file_input"})], "/blocks/0/element/type", [field()]),
    (
        "number input says whether decimals are allowed",
        [field({"type": "number_input"})],
        "/blocks/0/element",
        [field({"type": "number_input", "is_decimal_allowed": False})],
    ),
    (
        "rich text elements",
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        "/blocks/0/elements/0/type",
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
            }
        ],
    ),
    (
        "confirm is complete",
        [actions(button(confirm={"title": plain()}))],
        "/blocks/0/elements/0/confirm",
        [actions(button(confirm={"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}))],
    ),
]


@pytest.mark.parametrize(("rule", "broken", "pointer", "inside"), MESSAGES, ids=[rule for rule, *_ in MESSAGES])
def test_a_message_that_breaks_a_rule_is_refused_at_its_place_and_the_neighbour_taken(
    rule, broken, pointer, inside
) -> None:
    code, problems = message_problems(broken)
    assert code == "invalid_blocks"
    assert pointer in {problem.pointer for problem in problems}
    assert message_problems(inside) == (None, [])


def test_markdown_blocks_share_their_limit() -> None:
    assert message_problems([{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6001}])[
        0
    ] == ("msg_blocks_too_long")
    assert (
        message_problems([{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6000}])[0]
        is None
    )


def test_blocks_that_are_no_list_have_a_code_of_their_own() -> None:
    assert message_problems({"type": "divider"})[0] == "invalid_blocks_format"


def test_slacks_own_sentences_are_used() -> None:
    _, problems = message_problems([section(text=mrkdwn("x" * 3001))])
    assert [problem.written() for problem in problems] == [
        "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert message_problems([{"type": "divider", "text": "x"}])[1][0].written() == (
        "[ERROR] invalid additional property: text [json-pointer:/blocks/0]"
    )
    assert message_problems([{"type": "divider"}] * 51)[1][0].written() == (
        "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"
    )


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": [field()], **more}


def home(**more: Any) -> Json:
    return {"type": "home", "blocks": [section()], **more}


def without(view: Json, key: str) -> Json:
    return {name: value for name, value in view.items() if name != key}


VIEWS: list[tuple[str, Json, str, Json]] = [
    ("title", without(modal(), "title"), "/view", modal()),
    ("blocks", without(modal(), "blocks"), "/view", modal()),
    ("type", without(modal(), "type"), "/view", modal()),
    ("known type", modal(type="dialog"), "/view/type", modal()),
    ("title 24", modal(title=plain("x" * 25)), "/view/title/text", modal(title=plain("x" * 24))),
    ("submit 24", modal(submit=plain("x" * 25)), "/view/submit/text", modal(submit=plain("x" * 24))),
    ("close 24", modal(close=plain("x" * 25)), "/view/close/text", modal(close=plain("x" * 24))),
    ("title is plain", modal(title=mrkdwn()), "/view/title/type", modal()),
    ("submit for inputs", without(modal(), "submit"), "/view", without(modal(blocks=[section()]), "submit")),
    (
        "private_metadata 3000",
        modal(private_metadata="x" * 3001),
        "/view/private_metadata",
        modal(private_metadata="x" * 3000),
    ),
    ("callback_id 255", modal(callback_id="x" * 256), "/view/callback_id", modal(callback_id="x" * 255)),
    ("external_id 255", modal(external_id="x" * 256), "/view/external_id", modal(external_id="x" * 255)),
    ("100 blocks", modal(blocks=[section()] * 101), "/view/blocks", modal(blocks=[section()] * 100)),
    ("unknown key", modal(hash="x"), "/view", modal(notify_on_close=True)),
    ("no markdown block in a view", modal(blocks=[{"type": "markdown", "text": "x"}]), "/view/blocks/0/type", modal()),
    ("no table in a view", home(blocks=[table()]), "/view/blocks/0/type", home()),
    ("block_id once", modal(blocks=[field(block_id="a")] * 2), "/view/blocks/1/block_id", modal(blocks=[field()] * 2)),
    ("no submit on a home", home(submit=plain()), "/view", home()),
    (
        "file input only in modals",
        home(blocks=[field({"type": "file_input"})]),
        "/view/blocks/0/element/type",
        home(blocks=[field()]),
    ),
    (
        "response_url only for inputs of modals",
        home(blocks=[actions({"type": "conversations_select", "response_url_enabled": True})]),
        "/view/blocks/0/element",
        modal(blocks=[field({"type": "conversations_select", "response_url_enabled": True})]),
    ),
]


@pytest.mark.parametrize(("rule", "broken", "pointer", "inside"), VIEWS, ids=[rule for rule, *_ in VIEWS])
def test_a_view_that_breaks_a_rule_is_refused_at_its_place_and_the_neighbour_taken(
    rule, broken, pointer, inside
) -> None:
    code, problems = view_problems(broken, ("modal", "home"))
    assert code == "invalid_arguments"
    assert pointer in {problem.pointer for problem in problems}
    assert view_problems(inside, ("modal", "home")) == (None, [])


def test_a_home_is_not_opened_as_a_modal_nor_the_other_way_round() -> None:
    assert view_problems(home(), ("modal",))[0] == "invalid_arguments"
    assert view_problems(modal(), ("home",))[0] == "invalid_arguments"


@pytest.mark.parametrize(
    ("answer", "fine"),
    [
        ({"options": []}, True),
        ({"options": options(100)}, True),
        ({"options": options(101)}, False),
        ({"option_groups": [{"label": plain(), "options": options(1)}]}, True),
        ({"options": options(1), "option_groups": []}, False),
        ({}, False),
        ({"options": [{"text": mrkdwn(), "value": "v"}]}, False),
    ],
)
def test_suggestions_are_checked_like_options(answer, fine) -> None:
    assert (suggestion_problems(answer) == []) is fine


words = st.text(min_size=1, max_size=75)
plain_texts = st.builds(plain, words)
option_lists = st.lists(words, min_size=1, max_size=10, unique=True).map(
    lambda values: [option(v, text=plain(v)) for v in values]
)
elements = st.one_of(
    st.builds(lambda t, v: button(text=t, value=v), plain_texts, st.text(max_size=2000)),
    option_lists.map(lambda found: select(options=found, initial_option=found[-1])),
    option_lists.map(
        lambda found: {"type": "checkboxes", "action_id": "c", "options": found, "initial_options": found}
    ),
    st.dates().map(lambda day: {"type": "datepicker", "action_id": "d", "initial_date": day.isoformat()}),
    st.just({"type": "users_select", "action_id": "u"}),
)
good_blocks = st.one_of(
    st.just({"type": "divider"}),
    st.builds(lambda t: {"type": "header", "text": t}, plain_texts),
    st.builds(lambda t, a: section(text=t, accessory=a), plain_texts, elements),
    st.builds(actions, elements),
    st.builds(lambda t, m: {"type": "context", "elements": [t, mrkdwn(m)]}, plain_texts, words),
    st.builds(lambda n, x: field(text_input(max_length=n), label=x), st.integers(1, 3000), plain_texts),
)


@given(st.lists(good_blocks, max_size=20), plain_texts.map(lambda t: plain(t["text"][:24])))
def test_whatever_keeps_the_rules_is_taken_on_every_surface(blocks, title) -> None:
    assert message_problems(blocks) == (None, [])
    assert view_problems({"type": "modal", "title": title, "submit": plain(), "blocks": blocks}, ("modal",)) == (
        None,
        [],
    )
    assert view_problems({"type": "home", "blocks": blocks}, ("home",)) == (None, [])


@given(st.lists(good_blocks, min_size=1, max_size=8), st.data())
def test_any_stray_key_anywhere_is_found(blocks, data) -> None:
    blocks = copy.deepcopy(blocks)
    places: list[Json] = []

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            places.append(value)
            for inner in value.values():
                gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)

    gather(blocks)
    data.draw(st.sampled_from(places))["stray"] = 1
    code, problems = message_problems(blocks)
    assert code == "invalid_blocks"
    assert any(problem.message == "invalid additional property: stray" for problem in problems)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "element", "blocks", "options", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_payload_whatever_breaks_the_checks_themselves(value) -> None:
    for found in (message_problems(value), message_problems([value]), view_problems(value, ("modal", "home"))):
        assert found[0] in (None, "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "msg_blocks_too_long")
    suggestion_problems(value)
