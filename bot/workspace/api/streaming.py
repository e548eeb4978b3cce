"""chat.startStream, chat.appendStream, chat.stopStream; assistant.threads.*"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.workspace import blockkit, posting
from bot.workspace.api.call import ApiError, Call, Method, misshapen, refused
from bot.workspace.api.chat import may_post
from bot.workspace.api.content import MARKDOWN_LIMIT, TEXT_LIMIT, face_of, metadata_of
from bot.workspace.blockkit import Problem
from bot.workspace.described import message_object
from bot.workspace.messages import AssistantThread, Blocks, Conversation, Message
from bot.workspace.streams import Stream

_BLOCK_LIMIT = 50
_TITLE_LIMIT = 256
_STATUSES = ("pending", "in_progress", "complete", "error")
_PROMPT_LIMIT = 4
# The keys of each kind of chunk: those it must have, those it may have.
_CHUNKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "markdown_text": (("text",), ()),
    "task_update": (("id", "title", "status"), ("details", "output", "sources")),
    "plan_update": (("title",), ()),
}


def _bad_chunk(place: int, sentence: str, key: str = "") -> ApiError:
    return refused("invalid_chunks", [Problem(f"/chunks/{place}{key}", sentence)])


def _checked(place: int, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _bad_chunk(place, "must provide an object")
    chunk: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    kind = chunk.get("type")
    if kind is None:
        raise _bad_chunk(place, "missing required field: type")
    if kind == "blocks":
        return _with_blocks(place, chunk)
    if kind not in _CHUNKS:
        raise _bad_chunk(place, f"unsupported type: {kind}", "/type")
    needed, optional = _CHUNKS[kind]
    for key in needed:
        if key not in chunk:
            raise _bad_chunk(place, f"missing required field: {key}")
    for key, value in chunk.items():
        if key not in ("type", *needed, *optional):
            raise _bad_chunk(place, f"invalid additional property: {key}")
        if key != "sources" and not isinstance(value, str):
            raise _bad_chunk(place, "must provide a string", f"/{key}")
        limit = MARKDOWN_LIMIT if key == "text" else _TITLE_LIMIT
        if key in ("text", "title", "details", "output") and len(value) > limit:
            raise _bad_chunk(place, f"must be less than {limit + 1} characters", f"/{key}")
    if chunk["type"] == "task_update":
        _check_task(place, chunk)
    return chunk


def _check_task(place: int, chunk: dict[str, Any]) -> None:
    if chunk["status"] not in _STATUSES:
        raise _bad_chunk(place, "must be a valid enum value", "/status")
    for key in ("id", "title"):
        if not chunk[key]:
            raise _bad_chunk(place, "must be more than 0 characters", f"/{key}")
    sources = chunk.get("sources", [])
    if not isinstance(sources, list):
        raise _bad_chunk(place, "must provide an array", "/sources")
    for source in sources:
        if not isinstance(source, dict) or not source.get("url") or not source.get("text"):
            raise _bad_chunk(place, "must provide objects with url and text", "/sources")


def _with_blocks(place: int, chunk: dict[str, Any]) -> dict[str, Any]:
    blocks = chunk.get("blocks")
    if blocks is None:
        raise _bad_chunk(place, "missing required field: blocks")
    code, problems = blockkit.message_problems(blocks, f"/chunks/{place}/blocks")
    if code is not None:
        raise refused("invalid_blocks" if code == "invalid_blocks" else "invalid_chunks", problems)
    return chunk


def _chunks(call: Call) -> list[dict[str, Any]]:
    """The chunks of a call, with its `markdown_text` as the first of them."""
    given = call.json("chunks", "invalid_chunks")
    text = call.text("markdown_text")
    if given is not None and not isinstance(given, list):
        raise refused("invalid_chunks", [Problem("/chunks", "must provide an array")])
    if text is not None and len(text) > MARKDOWN_LIMIT:
        raise ApiError("msg_blocks_too_long")
    chunks = [_checked(place, chunk) for place, chunk in enumerate(given or ())]
    return [{"type": "markdown_text", "text": text}, *chunks] if text else chunks


def _grow(call: Call, stream: Stream, chunks: Iterable[dict[str, Any]]) -> Blocks:
    for chunk in chunks:
        if chunk["type"] == "blocks":
            chunk = {**chunk, "blocks": posting.with_ids(call.workspace, chunk["blocks"])}
        stream.add(chunk)
    blocks = stream.blocks()
    if len(blocks) > _BLOCK_LIMIT:
        raise ApiError("msg_blocks_too_many")
    if len(stream.text()) > TEXT_LIMIT:
        raise ApiError("msg_blocks_too_long")
    return blocks


def start(call: Call) -> dict[str, Any]:
    """Opens a stream into a new message, which is a reply."""
    workspace = call.workspace
    conversation = call.conversation()
    mode = call.text("task_display_mode") or "timeline"
    if mode not in ("timeline", "plan"):
        raise misshapen("task_display_mode", "must be a valid enum value")
    chunks = _chunks(call)
    may_post(call, conversation)
    thread_ts = call.text("thread_ts")
    parent = conversation.messages.get(thread_ts or "")
    if parent is None or parent.subtype == "tombstone":
        # Only channels that are one session as a whole take streams outside threads; there are none here.
        raise ApiError("invalid_thread_ts")
    if conversation.kind != "im":
        user, team = call.text("recipient_user_id"), call.text("recipient_team_id")
        if not user:
            raise ApiError("missing_recipient_user_id")
        if not team:
            raise ApiError("missing_recipient_team_id")
        if user not in workspace.people:
            raise ApiError("user_not_found")
        if team != workspace.team.id:
            raise ApiError("team_not_found")
    username, icons = face_of(call)
    stream = Stream(workspace.clock(), mode)
    blocks = _grow(call, stream, chunks)
    message = posting.post(
        workspace,
        conversation,
        call.user,
        stream.text(),
        blocks=blocks,
        thread_ts=thread_ts,
        username=username,
        icons=icons,
    )
    message.streaming = "in_progress"
    workspace.streams[conversation.id, message.ts] = stream
    return {"channel": conversation.id, "ts": message.ts}


def _open(call: Call) -> tuple[Conversation, Message, Stream]:
    conversation = call.conversation()
    message = call.message(conversation)
    if message.user != call.user:
        raise ApiError("message_not_owned_by_app")
    stream = call.workspace.stream(conversation.id, message.ts)
    if stream is None:
        raise ApiError("message_not_in_streaming_state")
    may_post(call, conversation)
    return conversation, message, stream


def _copy(stream: Stream) -> Stream:
    # A call that is refused must leave nothing behind, not even its first chunks.
    tasks = {ident: dict(task) for ident, task in stream.tasks.items()}
    return Stream(stream.started, stream.mode, list(stream.pieces), tasks, stream.plan)


def append(call: Call) -> dict[str, Any]:
    """Adds to a stream."""
    workspace = call.workspace
    conversation, message, stream = _open(call)
    chunks = _chunks(call)
    if not chunks:
        raise ApiError("no_text")
    grown = _copy(stream)
    message.blocks = _grow(call, grown, chunks)
    message.text = grown.text()
    workspace.streams[conversation.id, message.ts] = grown
    workspace.touch_conversation(conversation)
    return {"channel": conversation.id, "ts": message.ts}


def stop(call: Call) -> dict[str, Any]:
    """Ends a stream, with what is still to be said and blocks below it. The app is told of the message as it is."""
    workspace = call.workspace
    conversation, message, stream = _open(call)
    chunks = _chunks(call)
    last = call.json("blocks", "invalid_blocks")
    if last is not None:
        code, problems = blockkit.message_problems(last)
        if code is not None:
            raise refused("invalid_blocks", problems)
    metadata = metadata_of(call)
    grown = _copy(stream)
    blocks = [*_grow(call, grown, chunks), *(last or ())]
    if len(blocks) > _BLOCK_LIMIT:
        raise ApiError("msg_blocks_too_many")
    if not blocks:
        raise ApiError("no_text")
    del workspace.streams[conversation.id, message.ts]
    message.streaming = "completed"
    posting.edit(
        workspace, conversation, message, text=grown.text() or None, blocks=blocks, metadata=metadata, quiet=True
    )
    described = message_object(workspace, message, metadata=True)
    return {"channel": conversation.id, "ts": message.ts, "message": described}


def _thread(call: Call) -> tuple[Conversation, AssistantThread]:
    conversation = call.conversation("channel_id")
    if call.user not in conversation.members:
        raise ApiError("channel_not_found")
    thread_ts = call.text("thread_ts") or ""
    if thread_ts and thread_ts not in conversation.messages:
        raise ApiError("invalid_thread_ts")
    return conversation, conversation.assistant.setdefault(thread_ts, AssistantThread())


def set_status(call: Call) -> dict[str, Any]:
    """Says what the app is doing in a thread; an empty status, or its answer, takes that back."""
    waiting = call.json("loading_messages", "invalid_arguments") or []
    if not isinstance(waiting, list) or len(waiting) > 10 or not all(isinstance(line, str) for line in waiting):
        raise misshapen("loading_messages", "must provide an array of at most 10 strings")
    conversation, thread = _thread(call)
    thread.status, thread.loading_messages = call.text("status") or "", list(waiting)
    call.workspace.touch_conversation(conversation)
    return {}


def set_title(call: Call) -> dict[str, Any]:
    """Names a thread in the list of the app's threads."""
    conversation, thread = _thread(call)
    thread.title = call.required("title")
    call.workspace.touch_conversation(conversation)
    return {}


def set_prompts(call: Call) -> dict[str, Any]:
    """Offers up to four things to say."""
    prompts = call.json("prompts", "invalid_arguments")
    good = isinstance(prompts, list) and all(
        isinstance(one, dict) and all(isinstance(one.get(key), str) and one[key] for key in ("title", "message"))
        for one in prompts
    )
    if not good:
        raise misshapen("prompts", "must provide an array of objects with title and message")
    if len(prompts) > _PROMPT_LIMIT:
        raise misshapen("prompts", f"no more than {_PROMPT_LIMIT} items allowed")
    if not call.workspace.app.assistant:
        raise ApiError("not_agent_app")
    conversation, thread = _thread(call)
    thread.prompts = [{"title": one["title"], "message": one["message"]} for one in prompts]
    thread.prompts_title = call.text("title") or ""
    call.workspace.touch_conversation(conversation)
    return {}


METHODS: dict[str, Method] = {
    "chat.startStream": start,
    "chat.appendStream": append,
    "chat.stopStream": stop,
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setTitle": set_title,
    "assistant.threads.setSuggestedPrompts": set_prompts,
}
