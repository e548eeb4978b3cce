"""The language model on a team's behalf: what may be sent, within what it may cost, and every call put down.

Whoever asks has a plain fallback for `Unavailable`. No transaction is open while the model is waited for. A call is put
down before it is made, with what it may cost at the most, so that calls under way count; afterwards with what it cost.
Where nobody heard what that was, the most stays; what a dead process had under way counts until its deadline has
passed for certain.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, overload

from pydantic import BaseModel

from domain.errors import Code, Refused
from domain.masking import Mask
from domain.members import Permission, require
from domain.model import (
    MODEL,
    MOST_BUDGET_YEN,
    YEN,
    ModelRules,
    Outcome,
    Reason,
    Sharing,
    Unavailable,
    month_of,
)
from prompts import library
from prompts.library import Prompt, Rendered
from prompts.llm import MASKED, THOUGHT_TOKENS, LanguageModel, Meter, ModelFailed, Segment
from services import rules
from services.deps import Actor, Deps
from storage import members, model_calls
from storage.model_calls import CallCount

__all__ = [
    "Overview",
    "Reason",
    "Segment",
    "Unavailable",
    "ask",
    "available",
    "embed",
    "overview",
    "set_rules",
    "stream",
    "transcribe",
]

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

EMBEDDING: Final = "embedding"
TRANSCRIPTION: Final = "transcription"
"""In place of a prompt, of which these calls have none."""
BYTES_A_SECOND: Final = 2_000
"""Of a recording whose length nobody knows yet: speech is hardly ever packed more tightly (16 kbit/s)."""
SURELY_OVER: Final = timedelta(minutes=5)
"""So long after its deadline a call of which nobody has put down how it ended is surely over: its process ended before
it. The clocks of processes may differ a little."""
SPARE_TOKENS: Final = 500
"""For what the server adds to a question, such as the form of the answer."""


async def available(deps: Deps, team_id: str, *, recording: bool = False) -> Reason | None:
    """Why the team would get no answer now; None where it would. `recording`: for one of those."""
    if deps.model is None:
        return Reason.NOT_CONFIGURED
    decided = await rules.read(deps, team_id, MODEL, ModelRules())
    closed = _closed(decided, recording=recording)
    if closed is not None:
        return closed
    since = month_of(deps.now(), await _zone(deps, team_id))
    async with deps.reading(team_id) as session:
        used = await model_calls.spent(session, since)
    return Reason.OVER_BUDGET if used >= decided.monthly_budget_yen * YEN else None


@overload
async def ask(
    deps: Deps,
    team_id: str,
    prompt_id: str,
    output_type: type[M],
    variables: Mapping[str, Any],
    *,
    member_id: int | None = None,
    names: Iterable[str] = (),
    seconds: float | None = None,
) -> M: ...


@overload
async def ask(
    deps: Deps,
    team_id: str,
    prompt_id: str,
    output_type: None,
    variables: Mapping[str, Any],
    *,
    member_id: int | None = None,
    names: Iterable[str] = (),
    seconds: float | None = None,
) -> str: ...


async def ask(
    deps: Deps,
    team_id: str,
    prompt_id: str,
    output_type: type[M] | None,
    variables: Mapping[str, Any],
    *,
    member_id: int | None = None,
    names: Iterable[str] = (),
    seconds: float | None = None,
) -> M | str:
    """The model's answer to a prompt, as its output type says, or as text where it has none.

    `variables` are texts, numbers, dates, and lists and mappings of them. `names` are those of people who may be
    mentioned: with telephone numbers and mail addresses they are masked where the team wants that, and stand in the
    answer as they were. `member_id` is whose question it is, `seconds` another deadline than the installation's.
    Raises `Unavailable`; KeyError and BadPrompt for what is wrong in our own sources.
    """
    prompt = library.prompt(prompt_id)
    if prompt.output_type is not output_type:
        raise TypeError(f"{prompt_id} gives {prompt.output_type}, not {output_type}.")
    model, decided = await _open(deps, team_id)
    mask = Mask(names) if decided.sharing is Sharing.MASKED else None
    rendered = _rendered(prompt, variables, mask)
    async with _call(deps, team_id, _Plan.of(prompt, rendered, model, decided, member_id)) as meter:
        if output_type is None:
            text = (await model.complete(rendered, prompt, seconds=seconds, meter=meter)).value
            return text if mask is None else mask.unmask(text)
        answer = await model.complete(rendered, prompt, output_type, seconds=seconds, meter=meter)
    return answer.value if mask is None else cast("M", _unmasked(answer.value, mask))


async def stream(
    deps: Deps,
    team_id: str,
    prompt_id: str,
    variables: Mapping[str, Any],
    *,
    member_id: int | None = None,
    names: Iterable[str] = (),
    seconds: float | None = None,
) -> AsyncGenerator[str, None]:
    """The answer to a prompt that gives text, piece by piece, as `ask` would. Close it (`contextlib.aclosing`) when the
    rest is not wanted. Raises `Unavailable`, also in the middle."""
    prompt = library.prompt(prompt_id)
    if prompt.output_type is not None:
        raise TypeError(f"{prompt_id} gives {prompt.output_type}, not text.")
    model, decided = await _open(deps, team_id)
    mask = Mask(names) if decided.sharing is Sharing.MASKED else None
    rendered = _rendered(prompt, variables, mask)
    unmasked = str if mask is None else mask.pieces()
    async with _call(deps, team_id, _Plan.of(prompt, rendered, model, decided, member_id)) as meter:
        async with aclosing(model.stream(rendered, prompt, seconds=seconds, meter=meter)) as pieces:
            async for piece in pieces:
                sure = unmasked(piece)
                if sure:
                    yield sure
        rest = unmasked("")
        if rest:
            yield rest


async def embed(
    deps: Deps,
    team_id: str,
    texts: Sequence[str],
    *,
    member_id: int | None = None,
    names: Iterable[str] = (),
    seconds: float | None = None,
) -> list[list[float]]:
    """A vector for each text, in their order. Masked texts have placeholders without numbers: those of different
    calls can be compared. Raises `Unavailable`."""
    model, decided = await _open(deps, team_id)
    if not texts:
        return []
    if decided.sharing is Sharing.MASKED:
        mask = Mask(names)
        texts = [mask.blank(text) for text in texts]
    most = model.cost(model.settings.embedding, sum(map(_tokens, texts)), 0)
    plan = _Plan(EMBEDDING, 0, "", model.settings.embedding, decided.sharing, most, member_id)
    async with _call(deps, team_id, plan) as meter:
        return await model.embed(texts, seconds=seconds, meter=meter)


async def transcribe(
    deps: Deps,
    team_id: str,
    sound: Path | bytes,
    filename: str,
    language: str = "",
    *,
    member_id: int | None = None,
    seconds: float | None = None,
    length: float | None = None,
    voices: Mapping[str, bytes] = MappingProxyType({}),
) -> list[Segment]:
    """What is said in a recording, in order. Nothing in it can be masked: a team that sends masked texts only has to
    allow recordings. `length` are its seconds, where they are known; `voices` are MP3 files of 2 to 10 seconds of
    people who may speak in it, by the names they are to have. Raises `Unavailable`, with UNMASKABLE where the team has
    not allowed it."""
    model, decided = await _open(deps, team_id, recording=True)
    if length is None:
        size = len(sound) if isinstance(sound, bytes) else (await asyncio.to_thread(sound.stat)).st_size
        length = size / BYTES_A_SECOND
    # Models that are paid by tokens hear about ten in a second, and people say less than five.
    most = model.cost(model.settings.transcription, round(10 * length), round(5 * length), length)
    plan = _Plan(TRANSCRIPTION, 0, "", model.settings.transcription, decided.sharing, most, member_id)
    async with _call(deps, team_id, plan) as meter:
        return await model.transcribe(sound, filename, language, voices, seconds=seconds, meter=meter)


# What the team decided


@dataclass(frozen=True, slots=True)
class Overview:
    """What a team decided, and what came of it in the month that began `since`. `used_yen` includes what calls under
    way may cost; it is rounded up."""

    configured: bool
    rules: ModelRules
    since: datetime
    used_yen: int
    calls: Sequence[CallCount]


async def overview(deps: Deps, actor: Actor) -> Overview:
    """What the actor's team decided, and its calls of this month. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    since = month_of(deps.now(), actor.team_zone)
    async with deps.reading(actor.team_id) as session:
        decided = await rules.of(session, MODEL, ModelRules())
        used = await model_calls.spent(session, since)
        calls = await model_calls.counts(session, since, _oldest(deps))
    return Overview(deps.model is not None, decided, since, -(-used // YEN), calls)


async def set_rules(deps: Deps, actor: Actor, sharing: Sharing, budget_yen: int, *, recordings: bool) -> None:
    """Decide what is sent and what it may cost in a month. Refused: NOT_ALLOWED, INVALID `budget_yen` (`most`)."""
    require(actor.role, Permission.EDIT_TEAM)
    if not 0 <= budget_yen <= MOST_BUDGET_YEN:
        raise Refused(Code.INVALID, "budget_yen", least=0, most=MOST_BUDGET_YEN)
    await rules.change(deps, actor, MODEL, ModelRules(sharing, budget_yen, recordings))


# One call


@dataclass(frozen=True, slots=True)
class _Plan:
    """A call that is to be made. `most`: what a try may cost, in millionths of a yen."""

    prompt_id: str
    version: int
    hash: str
    model: str
    sharing: Sharing
    most: int
    member_id: int | None

    @classmethod
    def of(
        cls, prompt: Prompt, rendered: Rendered, model: LanguageModel, decided: ModelRules, member_id: int | None
    ) -> _Plan:
        name = model.name(prompt)
        read = _tokens(rendered.instructions) + _tokens(rendered.input) + SPARE_TOKENS
        most = model.cost(name, read, prompt.max_output_tokens + THOUGHT_TOKENS)
        return cls(prompt.id, prompt.version, prompt.hash, name, decided.sharing, most, member_id)


def _tokens(text: str) -> int:
    """How many tokens a text is at the most, nearly: Japanese has one in a letter, other languages fewer."""
    return len(text)


async def _open(deps: Deps, team_id: str, *, recording: bool = False) -> tuple[LanguageModel, ModelRules]:
    if deps.model is None:
        raise Unavailable(Reason.NOT_CONFIGURED)
    decided = await rules.read(deps, team_id, MODEL, ModelRules())
    closed = _closed(decided, recording=recording)
    if closed is not None:
        raise Unavailable(closed)
    return deps.model, decided


def _closed(decided: ModelRules, *, recording: bool) -> Reason | None:
    if decided.sharing is Sharing.OFF:
        return Reason.OFF
    return Reason.UNMASKABLE if recording and not decided.hears else None


@asynccontextmanager
async def _call(deps: Deps, team_id: str, plan: _Plan) -> AsyncIterator[Meter]:
    """The call is put down, made within the block, and put down as it ended. Raises `Unavailable`."""
    model = deps.model
    if model is None:
        raise Unavailable(Reason.NOT_CONFIGURED)
    call_id = await _reserve(deps, team_id, plan)
    meter, outcome, began = Meter(), Outcome.UNAVAILABLE, time.monotonic()
    with model.watch.model_call(plan.prompt_id, plan.model) as ended:
        try:
            yield meter
            outcome = Outcome.OK
        except ModelFailed as failed:
            outcome = failed.outcome
            log.log(
                logging.ERROR if outcome is Outcome.REJECTED else logging.WARNING,
                "The language model gave no answer to %s: %s",
                plan.prompt_id,
                outcome,
            )
            raise Unavailable(Reason.FAILED, failed.outcome) from None
        except (asyncio.CancelledError, GeneratorExit):
            outcome = Outcome.CANCELLED
            raise
        finally:
            known = model.cost(plan.model, meter.input_tokens, meter.output_tokens, meter.seconds)
            cost = known + meter.unknown * plan.most
            values = {
                "outcome": outcome.value,
                "input_tokens": meter.input_tokens,
                "output_tokens": meter.output_tokens,
                "cost": cost,
                "latency_ms": round((time.monotonic() - began) * 1000),
            }
            ended(outcome, cost)
            # Also when whoever asked is being cancelled.
            await asyncio.shield(_settle(deps, team_id, call_id, values))


async def _reserve(deps: Deps, team_id: str, plan: _Plan) -> int:
    """Put the call down, if the month's budget has room for what it may cost at the most."""
    zone = await _zone(deps, team_id)
    async with deps.writing(team_id) as session:
        await model_calls.hold(session)
        decided = await rules.of(session, MODEL, ModelRules())
        if decided.sharing is not plan.sharing:
            # Decided anew since the texts were made ready.
            raise Unavailable(Reason.OFF)
        now = deps.now()
        used = await model_calls.spent(session, month_of(now, zone))
        if used + plan.most > decided.monthly_budget_yen * YEN:
            raise Unavailable(Reason.OVER_BUDGET)
        return await model_calls.begin(
            session,
            {
                "member_id": plan.member_id,
                "prompt_id": plan.prompt_id,
                "prompt_version": plan.version,
                "prompt_hash": plan.hash,
                "model": plan.model[:100],
                "sharing": plan.sharing.value,
                "outcome": Outcome.UNDER_WAY.value,
                "input_tokens": 0,
                "output_tokens": 0,
                "cost": plan.most,
                "latency_ms": 0,
                "created_at": now,
            },
        )


def _oldest(deps: Deps) -> datetime:
    """When the oldest call was begun that may still be under way."""
    if deps.model is None:
        return deps.now()
    asked = deps.model.settings
    return deps.now() - timedelta(seconds=max(asked.deadline_seconds, asked.recording_seconds)) - SURELY_OVER


async def _settle(deps: Deps, team_id: str, call_id: int, values: Mapping[str, Any]) -> None:
    async with deps.writing(team_id) as session:
        await model_calls.end(session, call_id, values)


async def _zone(deps: Deps, team_id: str) -> str:
    async with deps.reading(team_id) as session:
        row = await members.team(session, team_id)
    if row is None:
        # Erased meanwhile.
        raise Unavailable(Reason.OFF)
    return row.zone


# Masks


def _rendered(prompt: Prompt, variables: Mapping[str, Any], mask: Mask | None) -> Rendered:
    shown = {name: _plain(value, mask) for name, value in variables.items()}
    rendered = prompt.render(**shown)
    return rendered if mask is None else replace(rendered, instructions=f"{rendered.instructions}\n\n{MASKED}")


def _plain(value: Any, mask: Mask | None) -> Any:
    """The value with every text in it masked. What might hold texts in ways unknown here does not get in."""
    match value:
        case None | bool() | int() | float() | date():
            return value
        case str():
            return str(value) if mask is None else mask.mask(value)
        case Mapping():
            return {_plain(key, mask): _plain(each, mask) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each, mask) for each in value]
    raise TypeError(f"A prompt is given texts, numbers, dates, lists and mappings, not {type(value).__name__}.")


def _unmasked(value: Any, mask: Mask) -> Any:
    """The answer with every text in it as it was. It is not checked again: what was short enough with a placeholder may
    not be with a name."""
    match value:
        case BaseModel():
            return value.model_copy(update={name: _unmasked(each, mask) for name, each in value})
        case str():
            # A word out of a fixed list stays one.
            return mask.unmask(value) if type(value) is str else value
        case dict():
            return {_unmasked(key, mask): _unmasked(each, mask) for key, each in value.items()}
        case list():
            return [_unmasked(each, mask) for each in value]
        case tuple():
            return tuple(_unmasked(each, mask) for each in value)
    return value
