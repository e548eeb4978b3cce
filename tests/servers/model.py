"""A server of language models that speaks OpenAI's protocol: Responses (whole, structured, streamed), embeddings,
transcriptions, and everything that goes wrong there.

    model_server.enqueue(Text("はい"), Json({"needs": []}), Failure(429, after="0.01"))
    model_server.answer = lambda asked: Text(asked.input[:10])      # for all that nothing was enqueued for

It runs in a thread of its own, so tests with and without a loop, and processes that they start, all reach it. Like the
real one it takes no request that is not as the protocol says; `requests` has those that it took.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "sk-for-tests"
MODELS = ("gpt-5.1", "gpt-5-mini", "text-embedding-3-small", "gpt-4o-transcribe-diarize", "whisper-1")
START_SECONDS = 30.0
DIMENSIONS = 64


@dataclass(frozen=True)
class Asked:
    """A request that was taken. `body` is its JSON, or the fields of its form; `sound` what was uploaded."""

    path: str
    body: Mapping[str, Any]
    sound: bytes = b""
    filename: str = ""

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def instructions(self) -> str:
        return str(self.body.get("instructions", ""))

    @property
    def input(self) -> str:
        """What the model is told; for embeddings all texts, a line each."""
        told = self.body.get("input", "")
        return told if isinstance(told, str) else "\n".join(map(str, told))

    @property
    def output(self) -> str:
        """The name of the type that the answer is to have; "" for text."""
        return str(self.body.get("text", {}).get("format", {}).get("name", ""))


@dataclass(frozen=True)
class Text:
    """An answer. `holds`: it is given only after `release`, a stream's after so many pieces."""

    text: str
    input_tokens: int = 100
    output_tokens: int = 20
    holds: int | None = None
    pieces: Sequence[str] = ()
    """Of a stream; otherwise every four letters."""


def Json(value: Any, **more: Any) -> Text:  # noqa: N802 - reads as the kinds of answers beside it
    """A structured answer."""
    return Text(json.dumps(value, ensure_ascii=False), **more)


@dataclass(frozen=True)
class Truncated:
    """The answer would have been longer than it may be."""

    text: str = "{"


@dataclass(frozen=True)
class Refusal:
    """The model does not want to."""

    text: str = "I can't help with that."


@dataclass(frozen=True)
class Failure:
    """An error of the server. `after`: its header Retry-After."""

    status: int
    code: str | None = None
    param: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Page:
    """What a proxy in between says: no JSON at all."""

    text: str = "<html>Bad gateway</html>"
    content_type: str = "text/html"


@dataclass(frozen=True)
class Cut:
    """The connection is cut, in a stream after these pieces."""

    pieces: Sequence[str] = ()


@dataclass(frozen=True)
class Vectors:
    """The answer to texts; those of other lengths are as they come."""

    vectors: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Spoken:
    """A transcription: start and end in seconds, speaker, text. `holds`: it is given only after `release`."""

    segments: Sequence[tuple[float, float, str, str]]
    seconds: float = 60.0
    holds: bool = False


Answer = Text | Truncated | Refusal | Failure | Page | Cut | Vectors | Spoken


class Wrong(Exception):
    """The request is not as the protocol says; or not as this model takes it (`code`)."""

    def __init__(self, param: str, code: str = "invalid_request_error") -> None:
        super().__init__(param)
        self.code = code


class Broken(Exception):
    """What the server ends a connection with."""


@dataclass
class ModelServer:
    """The running server. `url` is its base URL, with /v1. Answers are taken in order, those to `answer` by whatever
    it is told; without either the server has a fault."""

    url: str = ""
    answer: Callable[[Asked], Answer] | None = None
    requests: list[Asked] = field(default_factory=list)
    refused: int = 0
    """Requests that were not as the protocol, or the model, wants them."""
    cancelled: int = 0
    """Streams that whoever asked did not read to the end."""
    _answers: deque[Answer] = field(default_factory=deque)
    _loop: asyncio.AbstractEventLoop | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    """Requests that wait for `release` now."""

    def enqueue(self, *answers: Answer) -> None:
        """What the next requests are answered."""
        self._answers.extend(answers)

    def release(self) -> None:
        """Let go what is held, now and from now on."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._released.set)

    async def let_through(self) -> None:
        """Let go what is held as soon as something is; what comes afterwards is held again."""
        async with asyncio.timeout(START_SECONDS):
            while not self.waiting:  # noqa: ASYNC110 - it is another loop's
                await asyncio.sleep(0.01)
        self.release()
        self._released = asyncio.Event()

    def clear(self) -> None:
        """As at the start."""
        self.release()
        self._answers.clear()
        self.requests.clear()
        self.answer, self.cancelled, self.refused, self._released = None, 0, 0, asyncio.Event()

    @property
    def settings(self) -> dict[str, Any]:
        """For `Settings`: where it is, with prices (yen for a million tokens), and patience for a busy machine."""
        return {
            "openai_api_key": KEY,
            "openai_base_url": self.url,
            "openai_prices": "gpt-5.1=200/1600, gpt-5-mini=40/320, text-embedding-3-small=3/0, "
            "gpt-4o-transcribe-diarize=1/min",
            "openai_attempt_seconds": 60.0,
            "openai_deadline_seconds": 120.0,
            "openai_retry_seconds": 0.01,
        }

    # What it does

    async def _taken(self, request: Request, check: Callable[[Mapping[str, Any]], None]) -> Asked:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise PermissionError
        if request.headers.get("content-type", "").startswith("multipart/"):
            form = await request.form()
            files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
            body: dict[str, Any] = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            # Lists come as fields of the same name.
            body |= {name: form.getlist(name) for name in body if name.endswith("[]")}
            if len(files) != 1:
                raise Wrong("file")
            asked = Asked(request.url.path, body, await files[0].read(), files[0].filename or "")
        else:
            asked = Asked(request.url.path, await request.json())
        try:
            check(asked.body)
        except Wrong:
            self.refused += 1
            raise
        self.requests.append(asked)
        return asked

    def _next(self, asked: Asked, usual: Callable[[Asked], Answer] | None = None) -> Answer:
        if self._answers:
            return self._answers.popleft()
        chosen = self.answer or usual
        return chosen(asked) if chosen is not None else Failure(500, "nothing_enqueued")

    async def _hold(self) -> None:
        self.waiting += 1
        try:
            await self._released.wait()
        finally:
            self.waiting -= 1

    async def responses(self, request: Request) -> Response:
        asked = await self._taken(request, _check_question)
        answer = self._next(asked)
        if THOUGHT.get(_check_thought(asked.body), 0) > int(asked.body.get("max_output_tokens", 1_000_000)):
            # It has thought, and nothing is left for the answer.
            answer = Truncated("")
        match answer:
            case Failure() | Page():
                return _other(answer)
            case Cut() if not asked.body.get("stream"):
                return _cut()
            case Vectors() | Spoken():
                return _other(Failure(500, "wrong_answer"))
        if asked.body.get("stream"):
            return StreamingResponse(self._events(asked, answer), media_type="text/event-stream")
        if isinstance(answer, Text) and answer.holds is not None:
            await self._hold()
        return JSONResponse(_response(asked, answer))

    async def _events(self, asked: Asked, answer: Answer) -> AsyncIterator[str]:
        number = 0

        def event(kind: str, **more: Any) -> str:
            nonlocal number
            number += 1
            data = json.dumps({"type": kind, "sequence_number": number, **more}, ensure_ascii=False)
            return f"event: {kind}\ndata: {data}\n\n"

        finished = False
        try:
            begun = {**_response(asked, Text("")), "status": "in_progress", "output": [], "usage": None}
            yield event("response.created", response=begun)
            place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
            if isinstance(answer, Refusal):
                yield event("response.refusal.delta", delta=answer.text, **place)
            else:
                whole = answer.text if isinstance(answer, Text | Truncated) else ""
                pieces = getattr(answer, "pieces", ()) or [whole[at : at + 4] for at in range(0, len(whole), 4)]
                for given, piece in enumerate(pieces):
                    if isinstance(answer, Text) and answer.holds == given:
                        await self._hold()
                    yield event("response.output_text.delta", delta=piece, logprobs=[], **place)
                if isinstance(answer, Text) and answer.holds is not None and answer.holds >= len(pieces):
                    await self._hold()
                if isinstance(answer, Cut):
                    finished = True
                    raise Broken
            full = _response(asked, answer)
            yield event(f"response.{full['status']}", response=full)
            finished = True
        finally:
            if not finished:
                self.cancelled += 1

    async def embeddings(self, request: Request) -> Response:
        asked = await self._taken(request, _check_texts)
        answer = self._next(asked, lambda asked: Vectors([vector(text) for text in asked.body["input"]]))
        if isinstance(answer, Text):
            # For whoever answers questions without a look at what was asked.
            answer = Failure(500, "wrong_answer")
        if not isinstance(answer, Vectors):
            return _cut() if isinstance(answer, Cut) else _other(answer)
        data = [
            {"object": "embedding", "index": index, "embedding": list(each)}
            for index, each in enumerate(answer.vectors)
        ]
        tokens = sum(map(len, asked.body["input"]))
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        # The order says nothing: `index` does.
        return JSONResponse({"object": "list", "model": asked.model, "data": data[::-1], "usage": usage})

    async def transcriptions(self, request: Request) -> Response:
        asked = await self._taken(request, _check_recording)
        answer = self._next(asked)
        if not isinstance(answer, Spoken):
            return _cut() if isinstance(answer, Cut) else _other(answer)
        if answer.holds:
            await self._hold()
        text = " ".join(said for _, _, _, said in answer.segments)
        body: dict[str, Any] = {"text": text, "usage": {"type": "duration", "seconds": answer.seconds}}
        form = asked.body.get("response_format")
        if form == "diarized_json":
            body |= {"task": "transcribe", "duration": answer.seconds}
            body["segments"] = [
                {
                    "type": "transcript.text.segment",
                    "id": f"seg_{number}",
                    "start": start,
                    "end": end,
                    "speaker": who,
                    "text": said,
                }
                for number, (start, end, who, said) in enumerate(answer.segments)
            ]
        elif form == "verbose_json":
            body |= {"task": "transcribe", "duration": answer.seconds, "language": asked.body.get("language", "ja")}
            body["segments"] = [
                {"id": number, "start": start, "end": end, "text": said}
                for number, (start, end, _, said) in enumerate(answer.segments)
            ]
        return JSONResponse(body)

    async def models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise PermissionError
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})


def vector(text: str) -> list[float]:
    """A vector of length 1 that is near that of texts with the same pairs of letters."""
    found = [0.0] * DIMENSIONS
    for at in range(len(text)):
        pair = hashlib.sha256(text[at : at + 2].encode("utf-8", "surrogatepass")).digest()
        found[pair[0] % DIMENSIONS] += 1.0
    length = math.sqrt(sum(each * each for each in found)) or 1.0
    return [each / length for each in found]


def _response(asked: Asked, answer: Answer) -> dict[str, Any]:
    status, content = "completed", {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    read, written, incomplete = 100, 20, None
    match answer:
        case Text():
            content["text"], read, written = answer.text, answer.input_tokens, answer.output_tokens
        case Truncated():
            status, content["text"] = "incomplete", answer.text
            incomplete = {"reason": "max_output_tokens"}
        case Refusal():
            content = {"type": "refusal", "refusal": answer.text}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": [content]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": incomplete,
        "instructions": asked.instructions,
        "model": f"{asked.model}-2026-01-01",
        # Models think aloud before they answer.
        "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def _other(answer: Answer) -> Response:
    if isinstance(answer, Page):
        return Response(answer.text, 200, media_type=answer.content_type)
    assert isinstance(answer, Failure), answer
    error = {"message": "no", "type": answer.code, "code": answer.code, "param": answer.param}
    headers = {"retry-after": answer.after} if answer.after is not None else {}
    return JSONResponse({"error": error}, answer.status, headers)


def _cut() -> Response:
    async def nothing() -> AsyncIterator[bytes]:
        yield b"{"
        raise Broken

    return StreamingResponse(nothing(), headers={"content-length": "1000"}, media_type="application/json")


# What the protocol says


def _check_question(body: Mapping[str, Any]) -> None:
    known = {
        "model",
        "instructions",
        "input",
        "max_output_tokens",
        "store",
        "temperature",
        "text",
        "stream",
        "reasoning",
    }
    if not set(body) <= known or not {"model", "input"} <= set(body):
        raise Wrong(f"fields: {sorted(set(body) - known)}")
    if body.get("store") is not False:
        raise Wrong("store")
    _check_thought(body)
    if "text" in body:
        form = body["text"]["format"]
        if form["type"] != "json_schema" or form["strict"] is not True or not form["name"]:
            raise Wrong("text.format")
        _check_strict(form["schema"])


EFFORTS = {"gpt-5.1": ("none", "low", "medium", "high"), "gpt-5-mini": ("minimal", "low", "medium", "high")}
"""How much the models can be told to think; others do not think."""
THOUGHT = {"medium": 1500, "high": 5000}
"""Tokens, where it is much."""


def _check_thought(body: Mapping[str, Any]) -> str:
    """How much this model thinks about it. Those that think take no temperature meanwhile."""
    known = EFFORTS.get(str(body["model"]))
    asked = body.get("reasoning", {}).get("effort")
    if known is None:
        if asked is not None:
            raise Wrong("reasoning.effort", "unsupported_parameter")
        return "none"
    if asked is not None and asked not in known:
        raise Wrong("reasoning.effort", "unsupported_value")
    effort = asked or ("none" if "none" in known else "medium")
    if "temperature" in body and effort != "none":
        raise Wrong("temperature", "unsupported_parameter")
    return effort


def _check_strict(schema: Any) -> None:
    """Strict mode: every object lists all its properties as required, and allows no others."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and (
            schema.get("additionalProperties") is not False
            or set(schema.get("required", ())) != set(schema.get("properties", {}))
        ):
            raise Wrong("text.format.schema")
        for each in schema.values():
            _check_strict(each)
    elif isinstance(schema, list):
        for each in schema:
            _check_strict(each)


def _check_texts(body: Mapping[str, Any]) -> None:
    texts = body.get("input")
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) and each for each in texts):
        raise Wrong("input")


def _check_recording(body: Mapping[str, Any]) -> None:
    forms = {"diarize": "diarized_json", "whisper": "verbose_json"}
    wanted = next((form for part, form in forms.items() if part in str(body.get("model"))), "json")
    if body.get("response_format") != wanted or (wanted == "diarized_json" and body.get("chunking_strategy") != "auto"):
        raise Wrong("response_format")


# How it runs


async def _wrong(_request: Request, wrong: Exception) -> Response:
    return _other(Failure(400, getattr(wrong, "code", None), str(wrong)))


async def _stranger(_request: Request, _wrong: Exception) -> Response:
    return _other(Failure(401, "invalid_api_key"))


@contextmanager
def serving() -> Iterator[ModelServer]:
    """The server, until the block ends."""
    server = ModelServer()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    app = Starlette(
        routes=[
            Route("/v1/responses", server.responses, methods=["POST"]),
            Route("/v1/embeddings", server.embeddings, methods=["POST"]),
            Route("/v1/audio/transcriptions", server.transcriptions, methods=["POST"]),
            Route("/v1/models", server.models),
        ],
        exception_handlers={Wrong: _wrong, PermissionError: _stranger},
    )
    # Broken connections are the point here: nobody needs to read of them.
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off", ws="none"))
    started = threading.Event()

    async def serve() -> None:
        server._loop = asyncio.get_running_loop()
        task = asyncio.create_task(running._serve(sockets=[listener]))
        while not running.started and not task.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.005)
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="model server", daemon=True)
    thread.start()
    try:
        assert started.wait(START_SECONDS), "the server did not start"
        yield server
    finally:
        server.release()
        running.should_exit = running.force_exit = True
        thread.join(START_SECONDS)
        listener.close()
