"""What tools answer, as messages: with the buttons to choose, to confirm and to call off, and which tool it was."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from slack_sdk.models.blocks import Block

from domain.errors import Code, Refused
from domain.members import require
from handlers.blocks import actions, button, context, section
from handlers.i18n import Markup, escape
from handlers.interaction import Interaction
from handlers.messages import Rendered
from handlers.tools import Planned, Tool, Which

PURPOSE: Final = "assistant"
"""For which writes are signed."""
MOST_BLOCKS: Final = 47
MOST_VALUE: Final = 2000
"""Characters of a button's value."""


async def outcome(
    interaction: Interaction, tool: Tool, words: Mapping[str, object]
) -> tuple[Rendered | Which | Planned[Any], BaseModel]:
    """What a tool answers; of one that writes, what it is going to do. Refused: NOT_ALLOWED, and as the tool; INVALID
    for words that are no arguments of its."""
    require(interaction.actor.role, tool.permission)
    known = {name: value for name, value in words.items() if name in tool.arguments.model_fields}
    try:
        arguments = tool.arguments.model_validate(known)
    except ValidationError as wrong:
        raise Refused(Code.INVALID) from wrong
    work = tool.plan if tool.plan is not None else tool.run
    return await work(interaction, arguments), arguments


def shown(
    interaction: Interaction, tool: Tool, answered: Rendered | Which | Planned[Any], arguments: BaseModel
) -> Rendered:
    """An answer with its buttons, and which tool gave it."""
    t = interaction.t
    match answered:
        case Which():
            message = _choices(interaction, tool, answered, arguments)
        case Planned():
            message = _card(interaction, tool, answered)
        case _:
            message = answered
    quiet = context(t.md("Tool: {name}", name=t(tool.summary)))
    return Rendered(message.text, [*list(message.blocks)[:MOST_BLOCKS], quiet])


def _choices(interaction: Interaction, tool: Tool, which: Which, arguments: BaseModel) -> Rendered:
    given = dict(which.given) if which.tool else kept(arguments)
    buttons = [
        button(
            choice.label,
            f"assistant.ask#{place}",
            request_value(
                which.tool or tool.name, {**given, which.argument: choice.value}, interaction.actor.slack_user
            ),
        )
        for place, choice in enumerate(which.choices)
    ]
    described = [choice for choice in which.choices if choice.description]
    lines = [Markup(f"*{escape(choice.label)}*　{escape(choice.description or '')}") for choice in described]
    blocks: list[Block] = [section(which.question)]
    if lines:
        blocks.append(context(Markup("\n".join(lines))))
    return Rendered(which.question, [*blocks, actions(*buttons)])


def request_value(tool: str, arguments: Mapping[str, object], asker: str = "") -> str:
    """A request as a button's value; `asker` "": anybody may click."""
    return json.dumps([tool, asker, arguments], ensure_ascii=False, separators=(",", ":"), default=str)


def kept(arguments: BaseModel) -> dict[str, Any]:
    """The arguments that say something, as JSON."""
    return arguments.model_dump(mode="json", exclude_defaults=True)


def _card(interaction: Interaction, tool: Tool, planned: Planned[Any]) -> Rendered:
    t, actor = interaction.t, interaction.actor
    content = [
        tool.name,
        actor.slack_user,
        actor.team_id,
        secrets.token_hex(8),
        int(interaction.deps.now().timestamp()),
        kept(planned.arguments),
    ]
    value = interaction.deps.keys.sign(PURPOSE, content)
    if len(value) > MOST_VALUE:
        raise Refused(Code.TOO_LONG, most=MOST_VALUE)
    return Rendered(
        planned.message.text,
        [
            *planned.message.blocks,
            actions(
                button(planned.confirm, "assistant.confirm", value, style="primary"),
                button(t("Cancel"), "assistant.cancel", actor.slack_user),
            ),
            context(t.md("Nothing has been changed yet.")),
        ],
    )
