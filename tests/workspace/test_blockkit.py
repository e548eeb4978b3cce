"""Block Kit's checks where one rule alone does not say it: Slack's own sentences, suggestions, whatever else comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.workspace.blockkit import message_problems, suggestion_problems, view_problems

from .kit import block, element, field, group, home, modal, mrkdwn, options, rich_text, section, without


@pytest.mark.parametrize(
    ("blocks", "sentences"),
    [
        (
            [section(text=mrkdwn("x" * 3001))],
            [
                "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
                "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
            ],
        ),
        (
            [section(text=mrkdwn(""))],
            [
                "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
                "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]",
            ],
        ),
        ([block("divider", text="x")], ["[ERROR] invalid additional property: text [json-pointer:/blocks/0]"]),
        ([block("divider")] * 51, ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]),
        ([{"type": "section"}], ["[ERROR] must define either `text` or `fields` [json-pointer:/blocks/0]"]),
        ([{"type": "heading"}], ["[ERROR] unsupported type: heading [json-pointer:/blocks/0/type]"]),
        (
            [without(section(accessory=without(element("overflow"), "options")), "x")],
            ["[ERROR] missing required field: options [json-pointer:/blocks/0/accessory]"],
        ),
        ([section(), "x"], ["[ERROR] must provide an object [json-pointer:/blocks/1]"]),
    ],
)
def test_slacks_own_sentences_are_used(blocks, sentences) -> None:
    assert [problem.written() for problem in message_problems(blocks)[1]] == sentences


def test_every_broken_place_is_named_not_only_the_first() -> None:
    _, problems = message_problems([block("header", text=mrkdwn()), section(), block("divider", stray=1)])
    assert [problem.pointer for problem in problems] == ["/blocks/0/text/type", "/blocks/2"]


def test_blocks_that_are_no_list_have_a_code_of_their_own() -> None:
    assert message_problems(block("divider"))[0] == "invalid_blocks_format"


def test_null_is_the_same_as_absent() -> None:
    assert message_problems([section(accessory=None, fields=None, block_id=None)]) == (None, [])
    assert view_problems(modal(close=None, private_metadata=None), ("modal",)) == (None, [])
    assert view_problems(home(title=None, submit=None), ("home",))[0] == "invalid_arguments"


def test_no_blocks_at_all_are_taken() -> None:
    assert view_problems(modal(), ("modal",)) == (None, [])
    assert view_problems(home(), ("home",)) == (None, [])
    assert message_problems([]) == (None, [])


def test_half_a_character_does_not_break_the_checks() -> None:
    assert view_problems(modal(section(text=mrkdwn("\ud83d"))), ("modal",)) == (None, [])


def test_a_home_is_not_opened_as_a_modal_nor_the_other_way_round() -> None:
    assert view_problems(home(), ("modal",))[0] == "invalid_arguments"
    assert view_problems(modal(field()), ("home",))[0] == "invalid_arguments"


@pytest.mark.parametrize(
    ("answer", "pointer"),
    [
        ({"options": []}, None),
        ({"options": options(100)}, None),
        ({"option_groups": [group()]}, None),
        ({"option_groups": [group()] * 100}, None),
        ({"options": options(101)}, "/options"),
        ({"option_groups": [group()] * 101}, "/option_groups"),
        ({"option_groups": [group(101)]}, "/option_groups/0/options"),
        ({"options": options(1), "option_groups": []}, ""),
        ({}, ""),
        ([], ""),
        ({"options": [{"text": mrkdwn(), "value": "v"}]}, "/options/0/text/type"),
    ],
)
def test_suggestions_are_checked_like_options(answer, pointer) -> None:
    assert [problem.pointer for problem in suggestion_problems(answer)][:1] == ([] if pointer is None else [pointer])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "element", "blocks", "options", "rows", "value", "initial_date", "x"]
            ),
            inner
            | st.sampled_from(["section", "table", "input", "datepicker", "static_select", "raw_number", "modal"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
CODES = (None, "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "msg_blocks_too_long")


@given(json_values)
@settings(max_examples=150)
def test_no_payload_whatever_breaks_the_checks_themselves(value: Any) -> None:
    for found in (
        message_problems(value),
        message_problems([value]),
        message_problems([rich_text(value)]),
        view_problems(value, ("modal", "home")),
        view_problems(modal(value), ("modal",)),
    ):
        assert found[0] in CODES
    suggestion_problems(value)
