"""OpenAI's protocol, through its client: what is sent, and what comes back as values and outcomes.

The client tries nothing again by itself; prompts/llm.py does. Loading this module takes a while.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import openai
from openai import AsyncOpenAI
from pydantic import BaseModel

from domain.model import Outcome
from prompts.library import Prompt, Rendered
from prompts.llm import THOUGHT_TOKENS, Failure, Meter, ModelSettings, Segment

CONNECT_SECONDS: Final = 10.0
_NO_KEY: Final = "none"
"""In place of a key: servers of one's own often want none, and the client wants one."""

NO_THOUGHT: Final = "none"
EFFORTS: Final = (NO_THOUGHT, "minimal", "low")
"""How much a model may think before it answers, the least first: people wait for it. Each model knows some of them."""

_FREE: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Nothing was sent."""
_REFUSALS: Final = frozenset(
    {"content_filter", "content_policy_violation", "bio_policy", "misalignment_policy_violation"}
)
_FAULTS: Final = {"server_error": Outcome.UNAVAILABLE, "rate_limit_exceeded": Outcome.RATE_LIMITED}
_SPENT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""With 429, of an account without money: waiting does not help."""


class Server:
    """One server, and the connections to it."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._client = AsyncOpenAI(
            api_key=settings.api_key or _NO_KEY,
            base_url=settings.base_url or "https://api.openai.com/v1",
            max_retries=0,
            timeout=httpx2.Timeout(settings.attempt_seconds, connect=min(CONNECT_SECONDS, settings.attempt_seconds)),
        )
        self._without_temperature: set[str] = set()
        """Models that do not let one choose it."""
        self._efforts: dict[str, str | None] = {}
        """How much they are asked to think, where that is not `EFFORTS[0]`; None: they do not let one choose it."""

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def models(self) -> list[str]:
        """The names of the models that it has."""
        with _mapped():
            return [str(each.id) async for each in self._client.models.list()]

    async def respond(
        self, model: str, rendered: Rendered, prompt: Prompt, output_type: type[BaseModel] | None, meter: Meter
    ) -> tuple[str, str]:
        """The whole text of the answer, and the model that has written it. Raises Failure."""
        asked = self._question(model, rendered, prompt)
        if output_type is not None:
            asked["text"] = {"format": _format(output_type)}
        with _mapped():
            response = await self._create(prompt, asked)
        _metered(response, meter)
        return _text(response), str(getattr(response, "model", "") or model)

    async def stream(self, model: str, rendered: Rendered, prompt: Prompt, meter: Meter) -> AsyncGenerator[str, None]:
        """The text of the answer, piece by piece. Raises Failure."""
        asked = self._question(model, rendered, prompt)
        with _mapped():
            events = await self._create(prompt, asked | {"stream": True})
            async with events:
                async for event in events:
                    kind = getattr(event, "type", "")
                    if kind == "response.output_text.delta":
                        if event.delta:
                            yield event.delta
                    elif kind.startswith("response.refusal."):
                        raise Failure(Outcome.REFUSED)
                    elif kind in ("response.completed", "response.incomplete", "response.failed"):
                        _metered(event.response, meter)
                        _checked(event.response)
                        return
                    elif kind == "error":
                        raise _fault(str(getattr(event, "code", "") or ""))
        # It ended without saying that it is complete.
        raise Failure(Outcome.UNAVAILABLE, transient=True)

    def _question(self, model: str, rendered: Rendered, prompt: Prompt) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "model": model,
            "instructions": rendered.instructions,
            "input": rendered.input,
            # Nothing of customers is kept there to be read later.
            "store": False,
        }
        if prompt.temperature is not None and model not in self._without_temperature:
            asked["temperature"] = prompt.temperature
        return asked | self._thought(model, prompt)

    def _thought(self, model: str, prompt: Prompt) -> dict[str, Any]:
        """The least thought that the model is known to agree to, and room for it: what it thinks counts as written."""
        effort = self._efforts.get(model, EFFORTS[0])
        room = 0 if effort == NO_THOUGHT else THOUGHT_TOKENS
        asked: dict[str, Any] = {"max_output_tokens": prompt.max_output_tokens + room}
        return asked if effort is None else asked | {"reasoning": {"effort": effort}}

    async def _create(self, prompt: Prompt, asked: dict[str, Any]) -> Any:
        """What the server answers, asked again without what this model does not take. Which model takes what can only
        be found out; it is remembered."""
        while True:
            try:
                return await self._client.responses.create(**asked)
            except openai.BadRequestError as refused:
                asked = self._without(refused, prompt, asked)

    def _without(self, refused: openai.BadRequestError, prompt: Prompt, asked: dict[str, Any]) -> dict[str, Any]:
        """The question without what was refused. Raises the refusal where it is about something else."""
        model, about = str(asked["model"]), str(refused.param or refused.message)
        if "temperature" in asked and "temperature" in about:
            self._without_temperature.add(model)
            return {name: value for name, value in asked.items() if name != "temperature"}
        if "reasoning" in asked and "reasoning" in about:
            more = EFFORTS[EFFORTS.index(asked["reasoning"]["effort"]) + 1 :]
            self._efforts[model] = more[0] if more and refused.code == "unsupported_value" else None
            kept = {name: value for name, value in asked.items() if name != "reasoning"}
            return kept | self._thought(model, prompt)
        raise refused

    async def embed(self, model: str, texts: Sequence[str], meter: Meter) -> list[list[float]]:
        """A vector for each text, in their order. Raises Failure."""
        with _mapped():
            answer = await self._client.embeddings.create(model=model, input=list(texts), encoding_format="float")
        try:
            meter.told(int(answer.usage.prompt_tokens))
            found = {int(each.index): [float(number) for number in each.embedding] for each in answer.data}
            return [found[place] for place in range(len(texts))]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Failure(Outcome.MALFORMED) from None

    async def transcribe(
        self,
        model: str,
        sound: Path | bytes,
        filename: str,
        language: str,
        voices: Mapping[str, bytes],
        meter: Meter,
    ) -> list[Segment]:
        """What is said, in order. Raises Failure."""
        asked: dict[str, Any] = {"model": model, "file": (filename, sound)}
        asked["timeout"] = httpx2.Timeout(self._settings.recording_seconds, connect=CONNECT_SECONDS)
        if language:
            asked["language"] = language
        if "diarize" in model:
            asked |= {"response_format": "diarized_json", "chunking_strategy": "auto"}
            if voices:
                asked["known_speaker_names"] = list(voices)
                asked["known_speaker_references"] = [_as_address(each) for each in voices.values()]
        elif "whisper" in model:
            asked |= {"response_format": "verbose_json", "timestamp_granularities": ["segment"]}
        else:
            asked |= {"response_format": "json"}
        with _mapped():
            answer = await self._client.audio.transcriptions.create(**asked)
        try:
            usage: Any = getattr(answer, "usage", None)
            length = float(getattr(answer, "duration", None) or 0)
            if getattr(usage, "type", "") == "tokens":
                meter.told(int(usage.input_tokens), int(usage.output_tokens))
            elif usage is not None or length:
                meter.told(0, 0, float(getattr(usage, "seconds", 0) or length))
            parts = getattr(answer, "segments", None)
            if parts is None:
                return [Segment(str(answer.text).strip())]
            return [_segment(part) for part in parts]
        except (AttributeError, TypeError, ValueError):
            raise Failure(Outcome.MALFORMED) from None


def _as_address(voice: bytes) -> str:
    return f"data:audio/mpeg;base64,{base64.b64encode(voice).decode()}"


def _segment(part: Any) -> Segment:
    start, end = round(float(part.start) * 1000), round(float(part.end) * 1000)
    return Segment(str(part.text).strip(), start, max(start, end), str(getattr(part, "speaker", "") or ""))


def _format(output_type: type[BaseModel]) -> dict[str, Any]:
    """The form of the answer, as the strict mode wants it: every field required, and no other."""
    schema = openai.pydantic_function_tool(output_type)["function"]["parameters"]
    return {"type": "json_schema", "name": output_type.__name__[:64], "strict": True, "schema": schema}


def _metered(response: Any, meter: Meter) -> None:
    usage = getattr(response, "usage", None)
    if usage is not None:
        meter.told(int(usage.input_tokens or 0), int(usage.output_tokens or 0))


def _text(response: Any) -> str:
    """The final answer's text. What is no response at all (a proxy's page) has none."""
    _checked(response)
    parts: list[str] = []
    for item in getattr(response, "output", None) or ():
        # Other phases are what the model says to itself.
        if getattr(item, "type", "") != "message" or getattr(item, "phase", None) not in (None, "final_answer"):
            continue
        for part in item.content or ():
            if getattr(part, "type", "") == "refusal":
                raise Failure(Outcome.REFUSED)
            if getattr(part, "type", "") == "output_text":
                parts.append(str(part.text))
    if not parts:
        raise Failure(Outcome.MALFORMED)
    return "".join(parts)


def _checked(response: Any) -> None:
    """Raises Failure where the answer did not come to its end."""
    match getattr(response, "status", None):
        case "incomplete":
            reason = getattr(getattr(response, "incomplete_details", None), "reason", None)
            raise Failure(Outcome.REFUSED if reason == "content_filter" else Outcome.TRUNCATED)
        case "failed" | "cancelled":
            raise _fault(str(getattr(getattr(response, "error", None), "code", "") or ""))


def _fault(code: str) -> Failure:
    if code in _REFUSALS:
        return Failure(Outcome.REFUSED)
    outcome = _FAULTS.get(code)
    return Failure(outcome or Outcome.REJECTED, transient=outcome is not None)


@contextmanager
def _mapped() -> Iterator[None]:
    """The client's exceptions as outcomes. Their texts may hold what was asked, so they go no further."""
    try:
        yield
    except openai.APITimeoutError as slow:
        raise Failure(Outcome.TIMED_OUT, transient=True, free=isinstance(slow.__cause__, _FREE)) from None
    except openai.APIConnectionError as lost:
        raise Failure(Outcome.UNAVAILABLE, transient=True, free=isinstance(lost.__cause__, _FREE)) from None
    except openai.APIStatusError as refused:
        raise _status(refused) from None
    except openai.APIError as told:
        # In the middle of a stream.
        raise _fault(told.code or "") from None
    except (openai.OpenAIError, ValueError):
        # What came back is not even JSON.
        raise Failure(Outcome.MALFORMED) from None


def _status(refused: openai.APIStatusError) -> Failure:
    match refused.status_code:
        case 408:
            return Failure(Outcome.TIMED_OUT, transient=True)
        case 409:
            return Failure(Outcome.UNAVAILABLE, transient=True, free=True)
        case 429:
            spent = refused.code in _SPENT or refused.type in _SPENT
            return Failure(Outcome.RATE_LIMITED, transient=not spent, after=_after(refused.response), free=True)
        case status if status >= 500:
            return Failure(Outcome.UNAVAILABLE, transient=True, after=_after(refused.response), free=True)
    outcome = Outcome.REFUSED if refused.code in _REFUSALS else Outcome.REJECTED
    return Failure(outcome, free=True)


def _after(response: httpx2.Response) -> float | None:
    """Seconds, from the header in any of its forms."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(response.headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        until = parsedate_to_datetime(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo is not None else None
