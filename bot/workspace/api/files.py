"""files.*"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.workspace import blockkit, posting
from bot.workspace.api.call import ApiError, Call, Method, misshapen, refused
from bot.workspace.described import file_object
from bot.workspace.files import MAXIMUM_SIZE, File
from bot.workspace.messages import Conversation

_SNIPPET_BYTES = 1_000_000
_CHANNEL_LIMIT = 100


def upload_url(call: Call) -> dict[str, Any]:
    """Announces a file; its bytes are then posted to the address returned."""
    workspace = call.workspace
    name = call.required("filename")
    length = call.number("length", 0, least=1, most=MAXIMUM_SIZE + 1, error="invalid_arguments")
    if length < 1:
        raise ApiError("invalid_arguments", ["[ERROR] must be greater than 0 [json-pointer:/length]"])
    if length > MAXIMUM_SIZE:
        raise ApiError("file_upload_size_restricted")
    alternative = call.text("alt_txt")
    if alternative and len(alternative) > 1000:
        raise ApiError("alt_txt_too_large")
    snippet = call.text("snippet_type")
    if snippet and not re.fullmatch(r"[a-z0-9_+#\-]{1,40}", snippet):
        raise ApiError("unknown_snippet_type")
    if snippet and length > _SNIPPET_BYTES:
        raise ApiError("snippet_too_large")
    mint = workspace.mint
    file = File(
        mint.id("F"),
        name,
        call.user,
        int(workspace.clock()),
        length,
        mint.secret(),
        mint.secret(),
        alt_text=alternative,
        snippet_type=snippet,
        by_app=call.by_bot,
    )
    workspace.files.add(file)
    return {"upload_url": f"{workspace.base_url}/upload/v1/{file.ticket}", "file_id": file.id}


def _targets(call: Call) -> list[Conversation]:
    named = call.listed("channels") or ([call.required("channel_id")] if call.text("channel_id") else [])
    if len(named) > _CHANNEL_LIMIT:
        raise ApiError("channels_limit_exceeded")
    workspace = call.workspace
    found = []
    for name in named:
        conversation = workspace.conversations.get(name)
        if conversation is None and name in workspace.people:
            conversation = workspace.im(call.user, name)
        if conversation is None or not call.sees(conversation):
            raise ApiError("channel_not_found")
        if call.user not in conversation.members:
            raise ApiError("not_in_channel")
        found.append(conversation)
    return found


def complete(call: Call) -> dict[str, Any]:
    """Finishes uploads and shares them, all in one message for each channel."""
    workspace = call.workspace
    entries = call.json("files", "invalid_arguments")
    if not isinstance(entries, list) or not entries:
        raise ApiError("invalid_arguments", ["[ERROR] must provide an array [json-pointer:/files]"])
    blocks = call.json("blocks", "invalid_blocks_format")
    if blocks is not None:
        code, problems = blockkit.message_problems(blocks)
        if code is not None:
            raise refused("invalid_blocks", problems)
    found: list[tuple[File, str]] = []
    for entry in entries:
        file = workspace.files.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if file is None or file.deleted or file.content is None or file.owner != call.user:
            raise ApiError("file_not_found")
        found.append((file, str(entry.get("title") or "")))
    targets = _targets(call)
    thread_ts = call.text("thread_ts") or None
    if thread_ts is not None and any(thread_ts not in conversation.messages for conversation in targets):
        raise ApiError("invalid_arguments", ["[ERROR] no such message [json-pointer:/thread_ts]"])
    for file, title in found:
        file.title, file.completed = title or file.title or file.name, True
    for conversation in targets:
        posting.share(
            workspace,
            conversation,
            [file for file, _ in found],
            call.user,
            call.text("initial_comment") or "",
            thread_ts=thread_ts,
            blocks=blocks,
        )
    return {"files": [file_object(workspace, file) for file, _ in found]}


def _file(call: Call) -> File:
    file = call.workspace.files.files.get(call.required("file"))
    if file is None:
        raise ApiError("file_not_found")
    if file.deleted:
        raise ApiError("file_deleted")
    if not _sees(call, file) and not _in_submission(file):
        raise ApiError("file_not_found")
    return file


def _sees(call: Call, file: File) -> bool:
    conversations = call.workspace.conversations
    return file.owner == call.user or any(call.user in conversations[channel].members for channel in file.shares)


def _in_submission(file: File) -> bool:
    # A file a person put into a file input was uploaded, but shared nowhere: the app gets its id with the submission.
    return file.completed and not file.shares


def info(call: Call) -> dict[str, Any]:
    """One file."""
    file = _file(call)
    paging = {"count": 100, "total": 0, "page": 1, "pages": 0}
    return {
        "file": file_object(call.workspace, file),
        "comments": [],
        "paging": paging,
        "response_metadata": {"next_cursor": ""},
    }


def delete(call: Call) -> dict[str, Any]:
    """Deletes a file of the app."""
    file = _file(call)
    if file.owner != call.user:
        raise ApiError("cant_delete_file")
    call.workspace.files.delete(file)
    seen = {user for channel in file.shares for user in call.workspace.conversations[channel].members}
    call.workspace.touch(seen)
    return {}


# What the `types` of files.list stand for.
_TYPES: dict[str, Callable[[File], bool]] = {
    "images": lambda file: file.mimetype.startswith("image/"),
    "pdfs": lambda file: file.filetype == "pdf",
    "zips": lambda file: file.filetype == "zip",
    "gdocs": lambda _file: False,
    "spaces": lambda _file: False,
    "snippets": lambda file: file.snippet_type is not None,
}


def _moment(call: Call, name: str) -> float | None:
    value = call.text(name)
    if not value or value in ("0", "now"):
        return None
    try:
        return float(value)
    except ValueError:
        raise misshapen(name, "must be a timestamp") from None


def listed(call: Call) -> dict[str, Any]:
    """Files the app can see, newest first, in pages by number as this old method has them."""
    workspace = call.workspace
    channel, user = call.text("channel"), call.text("user")
    if user and not workspace.is_user(user):
        raise ApiError("user_not_found")
    kinds = call.listed("types") or ["all"]
    if set(kinds) - {"all", *_TYPES}:
        raise ApiError("unknown_type")
    since, until = _moment(call, "ts_from"), _moment(call, "ts_to")
    found = [
        file
        for file in reversed(workspace.files.files.values())
        if file.completed
        and not file.deleted
        and _sees(call, file)
        and (not channel or channel in file.shares)
        and (not user or user == file.owner)
        and ("all" in kinds or any(_TYPES[kind](file) for kind in kinds))
        and (since is None or file.created >= since)
        and (until is None or file.created <= until)
    ]
    count, number = call.number("count", 100), call.number("page", 1)
    shown = found[(number - 1) * count : number * count]
    pages = -(-len(found) // count)
    return {
        "files": [file_object(workspace, file) for file in shown],
        "paging": {"count": count, "total": len(found), "page": number, "pages": pages},
    }


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete,
    "files.info": info,
    "files.delete": delete,
    "files.list": listed,
}
