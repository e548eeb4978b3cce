"""The language model on behalf of whoever asks the assistant: which tools answer, and what they say in a sentence.

The model sees the question, which tools there are, and what those that read have found. It runs nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from domain.model import MODEL, ModelRules, Sharing
from prompts.assistant.outputs import ToolChoice
from services import deliveries, members, model, rules
from services.deps import Actor, Deps
from storage import people

CHOOSE: Final = "assistant/choose"
ANSWER: Final = "assistant/answer"
SECONDS: Final = 40.0
"""Somebody waits: whoever gets no answer within that gets the plain one."""
_ADDRESSED: Final = re.compile(r"([^\s、。,を]{1,12}?)(?:さん|様|さま|氏|くん|君|-san)")
GIVEN_UP_AFTER: Final = 2 * SECONDS + 30
"""Seconds after which a question that has no answer gets none any more: both calls and what is between them are over
by then."""
BROKEN_OFF: Final = "assistant.broken_off"
"""The kind of the delivery that says so."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model chose, with its arguments as words."""

    tool: str
    arguments: dict[str, str]


async def promise(deps: Deps, actor: Actor, key: str, *, channel: str, thread_ts: str | None) -> bool:
    """Put down, before a question is acknowledged, that it will be answered: should the process end before, the asker
    is told. False for a question that somebody has promised to answer already."""
    async with deps.writing(actor.team_id) as session:
        return await deps.outbox.enqueue(
            session,
            key=key,
            kind=BROKEN_OFF,
            channel=channel,
            arguments={"thread_ts": thread_ts, "slack_user": actor.slack_user},
            now=deps.now(),
            delay_seconds=GIVEN_UP_AFTER,
        )


async def kept(deps: Deps, actor: Actor, key: str) -> None:
    """The question has its answer: nothing else is said."""
    await deliveries.sent(deps, actor.team_id, key, ts=None, channel=None)


async def choose(deps: Deps, actor: Actor, question: str, history: Sequence[str], tools: str) -> list[Call]:
    """The tools for a question. `tools` describes those that the asker may use; `history` is what was asked before.

    Raises `Unavailable`.
    """
    before = "\n".join(history)
    variables = {
        "question": question,
        "history": before or "(nothing)",
        "tools": tools,
        "today": deps.today(actor.zone).isoformat(),
    }
    chosen = await model.ask(
        deps,
        actor.team_id,
        CHOOSE,
        ToolChoice,
        variables,
        member_id=actor.member_id,
        names=await _names(deps, actor, f"{question}\n{before}"),
        seconds=SECONDS,
    )
    return [Call(each.tool, {one.name: one.value for one in each.arguments}) for each in chosen.calls]


async def answer(deps: Deps, actor: Actor, question: str, results: Sequence[str]) -> AsyncGenerator[str, None]:
    """The answer in words, piece by piece, out of what the tools found. Raises `Unavailable`."""
    found = "\n\n".join(results)
    variables = {"question": question, "results": found, "language": actor.language}
    names = await _names(deps, actor, f"{question}\n{found}")
    pieces = model.stream(
        deps, actor.team_id, ANSWER, variables, member_id=actor.member_id, names=names, seconds=SECONDS
    )
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece


async def _names(deps: Deps, actor: Actor, text: str) -> list[str]:
    """The names of people in a text, where the team wants them masked."""
    decided = await rules.read(deps, actor.team_id, MODEL, ModelRules())
    if decided.sharing is not Sharing.MASKED:
        return []
    async with deps.reading(actor.team_id) as session:
        contacts = await people.named_in(session, text)
    colleagues = [member.name for member in await members.everybody(deps, actor)]
    return [*contacts, *colleagues, *_ADDRESSED.findall(text)]
