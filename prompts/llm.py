"""The language model: asked within one deadline, tried again where that may help, so many at a time and no more.

What is asked and answered is never logged and stands in no exception.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, overload

from pydantic import BaseModel, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from domain.model import DEAR, Outcome, Price, cost
from prompts.library import Prompt, Rendered

if TYPE_CHECKING:
    from prompts.server import Server

__all__ = [
    "Completion",
    "Ended",
    "LanguageModel",
    "Meter",
    "ModelFailed",
    "ModelSettings",
    "Outcome",
    "Segment",
    "Watch",
]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

LONGEST_PAUSE: Final = 30.0
THOUGHT_TOKENS: Final = 2_000
"""Room beside the answer for models that think before it: their thoughts count as written."""
TEXTS_AT_ONCE: Final = 100
"""How many are sent to be made into vectors in one request; the deadline is that of each."""
MASKED: Final = (
    "In the input, names, telephone numbers and mail addresses are replaced by placeholders such as 〔人名1〕, "
    "〔電話1〕 and 〔メール1〕. The same first number means the same person. Copy placeholders exactly as they stand, "
    "and make up none."
)
"""Added to the instructions where the input is masked."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where the model is and how it is asked. Lengths of time are seconds.

    `prices` by the names of the models; one that is not in it counts as dear. `attempt_seconds` is how long one try may
    take, `deadline_seconds` all tries of a question with the pauses between them; `recording_seconds` both, for a
    recording. `retry_seconds` is the most that the first pause takes.
    """

    standard: str
    small: str
    embedding: str
    transcription: str
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    """"": OpenAI's own."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    concurrency: int = 8
    attempts: int = 4
    attempt_seconds: float = 60.0
    deadline_seconds: float = 120.0
    recording_seconds: float = 600.0
    retry_seconds: float = 1.0


class ModelFailed(Exception):
    """There is no answer that can be used; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Failure(ModelFailed):
    """One try failed. `transient`: another may not. `after`: the seconds that the server wants to be left alone.
    `free`: it surely costs nothing."""

    def __init__(
        self, outcome: Outcome, *, transient: bool = False, after: float | None = None, free: bool = False
    ) -> None:
        super().__init__(outcome)
        self.transient = transient
        self.after = after
        self.free = free


@dataclass(slots=True)
class Meter:
    """What a question has cost so far, over all its tries; also after it failed or was cancelled."""

    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    """Of sound."""
    unknown: int = 0
    """Tries of which nobody knows what they cost: nothing was heard of them any more."""

    @contextmanager
    def trial(self) -> Iterator[None]:
        """One try."""
        self.unknown += 1
        try:
            yield
        except Failure as failure:
            if failure.free:
                self.unknown -= 1
            raise

    def told(self, input_tokens: int, output_tokens: int = 0, seconds: float = 0.0) -> None:
        """The server has said what the try under way cost."""
        self.unknown -= 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class Completion(Generic[T]):
    """An answer. `model` is the one that the server says has answered; the tokens are those of all tries."""

    value: T
    model: str
    input_tokens: int
    output_tokens: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a recording. Moments are milliseconds from its beginning, None where the model tells none; `speaker` is
    the model's name for whoever speaks, "" where it does not tell them apart."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str = ""


Ended = Callable[[Outcome, int], None]
"""Is told how a call ended and what it cost (millionths of a yen)."""


class Watch(Protocol):
    """Whoever counts and traces calls."""

    def model_call(self, prompt: str, model: str) -> AbstractContextManager[Ended]:
        """A call is under way until the block ends."""


class Unwatched:
    """Counts nothing."""

    @contextmanager
    def model_call(self, prompt: str, model: str) -> Iterator[Ended]:  # noqa: ARG002 - a watch's arguments
        """Nothing."""
        yield lambda _outcome, _cost: None


class LanguageModel:
    """A server that speaks OpenAI's protocol, and its models. One for a process; `watch` may be set once it runs."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self.watch: Watch = Unwatched()
        self._turns = asyncio.Semaphore(settings.concurrency)
        self._begins = asyncio.Lock()
        self._server: Server | None = None

    def name(self, prompt: Prompt) -> str:
        """The model that answers a prompt."""
        return self.settings.small if prompt.model == "small" else self.settings.standard

    def cost(self, model: str, input_tokens: int, output_tokens: int, seconds: float = 0.0) -> int:
        """Millionths of a yen, rounded up."""
        return cost(self.settings.prices.get(model, DEAR), input_tokens, output_tokens, seconds)

    @overload
    async def complete(
        self,
        rendered: Rendered,
        prompt: Prompt,
        output_type: type[M],
        *,
        seconds: float | None = None,
        meter: Meter | None = None,
    ) -> Completion[M]: ...

    @overload
    async def complete(
        self,
        rendered: Rendered,
        prompt: Prompt,
        output_type: None = None,
        *,
        seconds: float | None = None,
        meter: Meter | None = None,
    ) -> Completion[str]: ...

    async def complete(
        self,
        rendered: Rendered,
        prompt: Prompt,
        output_type: type[M] | None = None,
        *,
        seconds: float | None = None,
        meter: Meter | None = None,
    ) -> Completion[M] | Completion[str]:
        """The answer as a value of this type, or as text. `seconds`: another deadline. Raises ModelFailed."""
        counted = meter if meter is not None else Meter()
        began = time.monotonic()

        async def ask(server: Server) -> tuple[M | str, str]:
            text, model = await server.respond(self.name(prompt), rendered, prompt, output_type, counted)
            if output_type is None:
                return text, model
            try:
                return output_type.model_validate_json(text), model
            except ValidationError:
                # What it quotes is the answer.
                raise Failure(Outcome.MALFORMED) from None

        value, model = await self._tried(ask, counted, seconds or self.settings.deadline_seconds)
        took = round((time.monotonic() - began) * 1000)
        # The type of the value is the one that was asked for.
        return Completion(value, model, counted.input_tokens, counted.output_tokens, took)  # type: ignore[return-value]

    async def stream(
        self, rendered: Rendered, prompt: Prompt, *, seconds: float | None = None, meter: Meter | None = None
    ) -> AsyncGenerator[str, None]:
        """The answer's text as it is written, piece by piece; none is empty. It is tried again only while nothing has
        come. Closing the iterator, or cancelling, ends the request. Raises ModelFailed."""
        counted = meter if meter is not None else Meter()
        most = seconds or self.settings.deadline_seconds
        until = asyncio.get_running_loop().time() + most
        # Outside of the generator's own steps a deadline would strike whoever reads.
        try:
            async with asyncio.timeout_at(until):
                await self._turns.acquire()
        except TimeoutError:
            raise ModelFailed(Outcome.TIMED_OUT) from None
        try:

            async def begin(server: Server) -> tuple[AsyncGenerator[str, None], str]:
                pieces = server.stream(self.name(prompt), rendered, prompt, counted)
                return pieces, await anext(pieces, "")

            pieces, piece = await self._tried(begin, counted, most, turn=False)
            async with aclosing(pieces):
                while piece:
                    yield piece
                    try:
                        async with asyncio.timeout_at(until):
                            piece = await anext(pieces, "")
                    except TimeoutError:
                        raise ModelFailed(Outcome.TIMED_OUT) from None
        finally:
            self._turns.release()

    async def embed(
        self, texts: Sequence[str], *, seconds: float | None = None, meter: Meter | None = None
    ) -> list[list[float]]:
        """A vector for each text, in their order. Raises ModelFailed."""
        counted = meter if meter is not None else Meter()
        vectors: list[list[float]] = []
        for at in range(0, len(texts), TEXTS_AT_ONCE):
            # An empty text is none to the server.
            some = [text or " " for text in texts[at : at + TEXTS_AT_ONCE]]
            vectors += await self._tried(
                partial(_embed, self.settings.embedding, some, counted),
                counted,
                seconds or self.settings.deadline_seconds,
            )
        return vectors

    async def transcribe(
        self,
        sound: Path | bytes,
        filename: str,
        language: str = "",
        voices: Mapping[str, bytes] = MappingProxyType({}),
        *,
        seconds: float | None = None,
        meter: Meter | None = None,
    ) -> list[Segment]:
        """What is said in a recording, in order. The name's ending says what kind of file it is; `language` is two
        letters (ISO 639-1), "" where nobody knows; `voices` are MP3 files of 2 to 10 seconds of those who may speak,
        by the names they are to have. Raises ModelFailed."""
        counted = meter if meter is not None else Meter()
        return await self._tried(
            lambda server: server.transcribe(self.settings.transcription, sound, filename, language, voices, counted),
            counted,
            seconds or self.settings.recording_seconds,
        )

    async def models(self, seconds: float) -> list[str]:
        """The models that the server has, asked once. Raises ModelFailed."""
        try:
            async with asyncio.timeout(seconds):
                return await (await self._reached()).models()
        except TimeoutError:
            raise ModelFailed(Outcome.TIMED_OUT) from None

    async def close(self) -> None:
        """Give the connections back."""
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def _tried(
        self, work: Callable[[Server], Awaitable[T]], meter: Meter, seconds: float, *, turn: bool = True
    ) -> T:
        """The work's result, tried again within the deadline where that may help. `turn`: each try waits for its."""
        tries = _Tries(self.settings, seconds)

        async def once() -> T:
            if not turn:
                with meter.trial():
                    return await work(await self._reached())
            async with self._turns:
                with meter.trial():
                    return await work(await self._reached())

        try:
            async with asyncio.timeout(seconds):
                return await tries.retrying(once)
        except TimeoutError:
            raise ModelFailed(Outcome.TIMED_OUT) from None
        except Failure as failure:
            # Nothing of what the server said goes on.
            raise ModelFailed(failure.outcome) from None

    async def _reached(self) -> Server:
        if self._server is None:
            async with self._begins:
                if self._server is None:
                    # The client takes most of a second to be loaded: in a thread, and only where it is needed.
                    module = await asyncio.to_thread(importlib.import_module, "prompts.server")
                    self._server = module.Server(self.settings)
        return self._server


async def _embed(model: str, texts: Sequence[str], meter: Meter, server: Server) -> list[list[float]]:
    return await server.embed(model, texts, meter)


class _Tries:
    """When a question is asked again, and how soon."""

    def __init__(self, settings: ModelSettings, seconds: float) -> None:
        self._malformed = 0
        self._pause = wait_random_exponential(multiplier=settings.retry_seconds, max=LONGEST_PAUSE)
        self.retrying = AsyncRetrying(
            retry=retry_if_exception(self._helps),
            wait=self._wait,
            stop=stop_after_attempt(settings.attempts) | stop_before_delay(seconds),
            reraise=True,
        )

    def _helps(self, error: BaseException) -> bool:
        if not isinstance(error, Failure):
            return False
        if error.outcome is Outcome.MALFORMED:
            self._malformed += 1
            return self._malformed == 1
        return error.transient

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        jitter = self._pause(state)
        # What everybody was told to wait is not to end for everybody at once.
        return error.after + jitter if isinstance(error, Failure) and error.after is not None else jitter
