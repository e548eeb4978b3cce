"""What the Python SDK's own models make of blocks and views is taken: no key of theirs is unknown here."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from slack_sdk.models import blocks as models
from slack_sdk.models.blocks import block_elements
from slack_sdk.models.blocks.basic_components import (
    DispatchActionConfig,
    FeedbackButtonObject,
    RawTextObject,
    SlackFile,
)
from slack_sdk.models.blocks.block_elements import RichTextElementParts as Parts
from slack_sdk.models.views import View

from bot.workspace.blockkit import message_problems, view_problems

Text, Mrkdwn = models.PlainTextObject, models.MarkdownTextObject
ADDRESS = "https://example.com/a"
OPTIONS = [models.Option(value=str(n), text=Text(text=f"選択肢{n}"), description="説明") for n in range(3)]
GROUPS = [models.OptionGroup(label=Text(text="群"), options=OPTIONS)]
CONFIRM = models.ConfirmObject(title="確認", text="よろしいですか", confirm="はい", deny="いいえ", style="danger")
MENU: dict[str, Any] = {"action_id": "a", "placeholder": "選ぶ", "confirm": CONFIRM, "focus_on_load": True}
TYPED: dict[str, Any] = {
    "action_id": "a",
    "placeholder": "書く",
    "focus_on_load": True,
    "dispatch_action_config": DispatchActionConfig(trigger_actions_on=["on_enter_pressed"]),
}
FEEDBACK = FeedbackButtonObject(text="良い", accessibility_label="良い", value="1")
LINE = models.RichTextSectionElement(elements=[Parts.Text(text="行")])
RICH = models.RichTextBlock(
    elements=[
        models.RichTextSectionElement(
            elements=[
                Parts.Text(text="文", style=Parts.TextStyle(bold=True, italic=True, strike=True, code=True)),
                Parts.Link(url=ADDRESS, text="先", unsafe=False),
                Parts.User(user_id="U1"),
                Parts.Channel(channel_id="C1"),
                Parts.UserGroup(usergroup_id="S1"),
                Parts.Team(team_id="T1"),
                Parts.Emoji(name="wave", skin_tone=2),
                Parts.Broadcast(range="here"),
                Parts.Color(value="#ffffff"),
            ]
        ),
        models.RichTextListElement(
            style="ordered",
            indent=1,
            border=1,
            elements=[models.RichTextSectionElement(elements=[Parts.Text(text="a")])],
        ),
        models.RichTextQuoteElement(elements=[Parts.Text(text="引用")]),
        models.RichTextPreformattedElement(elements=[Parts.Text(text="x = 1")], border=0),
    ]
)
IMAGE = models.ImageElement(image_url=ADDRESS, alt_text="絵")
CHOOSING = {
    models.StaticSelectElement: {**MENU, "options": OPTIONS, "initial_option": OPTIONS[0]},
    models.StaticMultiSelectElement: {**MENU, "option_groups": GROUPS, "max_selected_items": 2},
    models.ExternalDataSelectElement: {**MENU, "min_query_length": 1, "initial_option": OPTIONS[0]},
    models.ExternalDataMultiSelectElement: {**MENU, "max_selected_items": 2, "initial_options": OPTIONS[:2]},
    models.UserSelectElement: {**MENU, "initial_user": "U1"},
    models.UserMultiSelectElement: {**MENU, "initial_users": ["U1"], "max_selected_items": 2},
    models.ConversationSelectElement: {
        **MENU,
        "initial_conversation": "C1",
        "default_to_current_conversation": True,
        "response_url_enabled": True,
        "filter": models.ConversationFilter(include=["public"], exclude_bot_users=True),
    },
    models.ConversationMultiSelectElement: {**MENU, "initial_conversations": ["C1"], "max_selected_items": 2},
    models.ChannelSelectElement: {**MENU, "initial_channel": "C1", "response_url_enabled": True},
    models.ChannelMultiSelectElement: {**MENU, "initial_channels": ["C1"], "max_selected_items": 2},
    models.CheckboxesElement: {"action_id": "a", "options": OPTIONS, "initial_options": OPTIONS[:1]},
    models.RadioButtonsElement: {"action_id": "a", "options": OPTIONS, "initial_option": OPTIONS[0]},
    models.DatePickerElement: {**MENU, "initial_date": "2026-11-03"},
    models.TimePickerElement: {**MENU, "initial_time": "09:30", "timezone": "Asia/Tokyo"},
    models.DateTimePickerElement: {"action_id": "a", "initial_date_time": 1_800_000_000, "confirm": CONFIRM},
    models.PlainTextInputElement: {**TYPED, "multiline": True, "min_length": 1, "max_length": 9, "initial_value": "x"},
    models.EmailInputElement: {**TYPED, "initial_value": "a@b.example"},
    models.UrlInputElement: {**TYPED, "initial_value": ADDRESS},
    models.NumberInputElement: {**TYPED, "is_decimal_allowed": True, "min_value": -1, "max_value": 2.5},
    models.RichTextInputElement: {**TYPED, "initial_value": RICH, "min_lines": 2, "max_lines": 9},
    block_elements.FileInputElement: {"action_id": "a", "filetypes": ["csv"], "max_files": 3},
}
CLICKED = {
    models.ButtonElement: {
        "text": "押す",
        "action_id": "b",
        "url": ADDRESS,
        "value": "1",
        "style": "primary",
        "confirm": CONFIRM,
        "accessibility_label": "押す",
        "agent_prompt": "調べて",
        "agent_prompt_display": "調べる",
    },
    models.LinkButtonElement: {"text": "開く", "url": ADDRESS, "action_id": "l"},
    models.OverflowMenuElement: {"action_id": "o", "options": OPTIONS, "confirm": CONFIRM},
    block_elements.WorkflowButtonElement: {
        "text": "始める",
        "workflow": {"trigger": {"url": ADDRESS, "customizable_input_parameters": [{"name": "a", "value": "b"}]}},
        "action_id": "w",
    },
}
CONTEXT = {
    models.FeedbackButtonsElement: {"action_id": "f", "positive_button": FEEDBACK, "negative_button": FEEDBACK},
    models.IconButtonElement: {"action_id": "i", "icon": "trash", "text": "消す", "visible_to_user_ids": ["U1"]},
}
CARD = models.CardBlock(title="題", subtitle="副題", body="本文", icon=IMAGE, hero_image=IMAGE)
TASK = models.TaskCardBlock(
    task_id="1",
    title="調べる",
    status="complete",
    details=RICH,
    sources=[models.UrlSourceElement(url=ADDRESS, text="元")],
)
BLOCKS = {
    models.SectionBlock: {"text": Mrkdwn(text="*文*", verbatim=True), "fields": ["a", "b"], "expand": True},
    models.DividerBlock: {},
    models.ImageBlock: {"alt_text": "絵", "slack_file": SlackFile(id="F1"), "title": "題"},
    models.ActionsBlock: {"elements": [models.ButtonElement(text="押す", action_id="b")]},
    models.ContextBlock: {"elements": [IMAGE, Mrkdwn(text="文")]},
    models.ContextActionsBlock: {"elements": [kind(**keys) for kind, keys in CONTEXT.items()]},
    models.InputBlock: {
        "label": "名前",
        "hint": "姓と名",
        "element": models.PlainTextInputElement(action_id="a"),
        "optional": True,
        "dispatch_action": True,
    },
    models.FileBlock: {"external_id": "1"},
    models.HeaderBlock: {"text": "見出し"},
    models.MarkdownBlock: {"text": "# 見出し"},
    models.VideoBlock: {
        "alt_text": "動画",
        "title": "題",
        "video_url": ADDRESS,
        "thumbnail_url": ADDRESS,
        "title_url": ADDRESS,
        "description": "説明",
        "provider_icon_url": ADDRESS,
        "provider_name": "元",
        "author_name": "人",
    },
    models.RichTextBlock: {"elements": RICH.elements},
    models.TableBlock: {
        "rows": [[RawTextObject(text="a").to_dict(), RICH.to_dict()]],
        "column_settings": [{"align": "right", "is_wrapped": True}],
    },
    models.TaskCardBlock: TASK.to_dict(),
    models.PlanBlock: {"title": "計画", "tasks": [TASK.to_dict()]},
    models.CardBlock: CARD.to_dict(),
    models.CarouselBlock: {"elements": [CARD]},
}
# Slack knows more kinds than the workspace; these it refuses by name, and docs/workspace.md says so.
NOT_KNOWN = {"CallBlock", "ContainerBlock", "AuthProviderBlock"}


def shown(block: models.Block) -> dict[str, Any]:
    described: dict[str, Any] = block.to_dict()
    return described


def in_modal(*blocks: models.Block) -> dict[str, Any]:
    described: dict[str, Any] = View(
        type="modal",
        title="題",
        submit="送る",
        close="やめる",
        callback_id="c",
        private_metadata="m",
        blocks=list(blocks),
    ).to_dict()
    return described


@pytest.mark.parametrize("kind", BLOCKS, ids=lambda kind: kind.__name__)
def test_the_models_blocks_are_taken(kind) -> None:
    assert message_problems([shown(kind(block_id="b", **BLOCKS[kind]))]) == (None, [])


@pytest.mark.parametrize("kind", CHOOSING, ids=lambda kind: kind.__name__)
def test_the_models_inputs_are_taken(kind) -> None:
    view = in_modal(models.InputBlock(label="欄", element=kind(**CHOOSING[kind])))
    assert view_problems(view, ("modal",)) == (None, [])


@pytest.mark.parametrize("kind", CLICKED, ids=lambda kind: kind.__name__)
def test_the_models_buttons_are_taken(kind) -> None:
    assert message_problems([shown(models.ActionsBlock(elements=[kind(**CLICKED[kind])]))]) == (None, [])


def test_an_alert_is_taken_in_a_modal() -> None:
    assert view_problems(in_modal(models.AlertBlock(text="注意", level="warning")), ("modal",)) == (None, [])


def test_no_model_of_the_sdk_was_left_out() -> None:
    tried = {*BLOCKS, *CHOOSING, *CLICKED, *CONTEXT, models.AlertBlock, models.ImageElement, models.UrlSourceElement}
    rich = {name for name in vars(block_elements) if name.startswith("RichText")}
    abstract = {"Block", "BlockElement", "InteractiveElement", "InputInteractiveElement", "SelectElement"}
    every = {
        name
        for name, found in {**vars(models), **vars(block_elements)}.items()
        if inspect.isclass(found) and issubclass(found, (models.Block, models.BlockElement))
    }
    assert every - {kind.__name__ for kind in tried} - rich - abstract == NOT_KNOWN
