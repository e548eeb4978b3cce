"""The part of the table of errors that the methods of `chat` answer with (see method_errors)."""

from __future__ import annotations

from .method_calls import (
    BAD_BLOCKS,
    LATER,
    SCHEDULED,
    STREAM,
    STREAMING,
    Made,
)
from .stage import GENERAL, IS_TEAM, SATO, START, TANAKA

_POST = {"channel": GENERAL, "text": "x"}
_LONG = "x" * 40_001
_METADATA = {"event_type": "a", "event_payload": {"k": "v" * 16_000}}
_MARKDOWN = {"type": "markdown_text", "text": "x"}

CHAT_ERRORS: tuple[tuple[str, Made], ...] = (
    ("channel_not_found", Made("chat.appendStream", {"channel": "C0", "ts": "1.0", "markdown_text": "x"})),
    ("message_not_found", Made("chat.appendStream", {"channel": GENERAL, "ts": "1.0", "markdown_text": "x"})),
    (
        "message_not_owned_by_app",
        Made("chat.appendStream", {"channel": GENERAL, "ts": "$theirs", "markdown_text": "x"}),
    ),
    (
        "message_not_in_streaming_state",
        Made("chat.appendStream", {"channel": GENERAL, "ts": "$mine", "markdown_text": "x"}),
    ),
    (
        "message_not_in_streaming_state",
        Made("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "markdown_text": "x"}, STREAMING, later=301),
    ),
    ("no_text", Made("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "markdown_text": ""}, STREAMING)),
    (
        "invalid_chunks",
        Made("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "chunks": [{"type": "planet"}]}, STREAMING),
    ),
    (
        "invalid_blocks",
        Made(
            "chat.appendStream",
            {"channel": GENERAL, "ts": "$stream", "chunks": [{"type": "blocks", "blocks": BAD_BLOCKS}]},
            STREAMING,
        ),
    ),
    (
        "msg_blocks_too_long",
        Made("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "markdown_text": "x" * 12_001}, STREAMING),
    ),
    (
        "msg_blocks_too_many",
        Made(
            "chat.appendStream",
            {
                "channel": GENERAL,
                "ts": "$stream",
                "chunks": [{"type": "task_update", "id": str(n), "title": "x", "status": "pending"} for n in range(50)],
            },
            STREAMING,
        ),
    ),
    ("channel_not_found", Made("chat.delete", {"channel": "C0", "ts": "1.0"})),
    ("message_not_found", Made("chat.delete", {"channel": GENERAL, "ts": "1.0"})),
    ("message_not_found", Made("chat.delete", {"channel": GENERAL, "ts": "$deleted"})),
    ("cant_delete_message", Made("chat.delete", {"channel": GENERAL, "ts": "$theirs"})),
    ("cant_delete_message", Made("chat.delete", {"channel": GENERAL, "ts": "$stream"}, STREAMING)),
    ("channel_not_found", Made("chat.deleteScheduledMessage", {"channel": "C0", "scheduled_message_id": "Q0"})),
    (
        "invalid_scheduled_message_id",
        Made("chat.deleteScheduledMessage", {"channel": GENERAL, "scheduled_message_id": "Q0"}),
    ),
    (
        "invalid_scheduled_message_id",
        Made(
            "chat.deleteScheduledMessage",
            {"channel": GENERAL, "scheduled_message_id": "$later"},
            SCHEDULED,
            later=541,
        ),
    ),
    ("channel_not_found", Made("chat.getPermalink", {"channel": "C0", "message_ts": "1.0"})),
    ("message_not_found", Made("chat.getPermalink", {"channel": GENERAL, "message_ts": "1.0"})),
    ("channel_not_found", Made("chat.meMessage", {"channel": "C0", "text": "x"})),
    ("no_text", Made("chat.meMessage", {"channel": GENERAL, "text": ""})),
    ("msg_too_long", Made("chat.meMessage", {"channel": GENERAL, "text": _LONG})),
    ("is_archived", Made("chat.meMessage", {"channel": "$archived", "text": "x"})),
    ("not_in_channel", Made("chat.meMessage", {"channel": "$elsewhere", "text": "x"})),
    ("channel_not_found", Made("chat.postEphemeral", {"channel": "C0", "user": SATO, "text": "x"})),
    ("no_text", Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO})),
    ("msg_too_long", Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "text": _LONG})),
    ("is_archived", Made("chat.postEphemeral", {"channel": "$archived", "user": SATO, "text": "x"})),
    ("not_in_channel", Made("chat.postEphemeral", {"channel": "$elsewhere", "user": SATO, "text": "x"})),
    ("user_not_in_channel", Made("chat.postEphemeral", {"channel": IS_TEAM, "user": TANAKA, "text": "x"})),
    (
        "cannot_reply_to_message",
        Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "text": "x", "thread_ts": "$whisper"}),
    ),
    ("invalid_blocks", Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "blocks": BAD_BLOCKS})),
    ("invalid_blocks_format", Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "blocks": "no"})),
    ("invalid_attachments", Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "attachments": "no"})),
    (
        "too_many_attachments",
        Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "attachments": [{"text": "x"}] * 101}),
    ),
    (
        "markdown_text_conflict",
        Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "text": "x", "markdown_text": "x"}),
    ),
    ("channel_not_found", Made("chat.postMessage", {"channel": "C0", "text": "x"})),
    ("channel_not_found", Made("chat.postMessage", {"channel": "$secret", "text": "x"})),
    ("no_text", Made("chat.postMessage", {"channel": GENERAL})),
    ("is_archived", Made("chat.postMessage", {"channel": "$archived", "text": "x"})),
    ("not_in_channel", Made("chat.postMessage", {"channel": "$elsewhere", "text": "x"})),
    ("cannot_reply_to_message", Made("chat.postMessage", {**_POST, "thread_ts": "$whisper"})),
    ("cannot_reply_to_message", Made("chat.postMessage", {**_POST, "thread_ts": "$deleted"})),
    ("invalid_blocks", Made("chat.postMessage", {**_POST, "blocks": BAD_BLOCKS})),
    ("invalid_blocks_format", Made("chat.postMessage", {**_POST, "blocks": "no"})),
    (
        "msg_blocks_too_long",
        Made("chat.postMessage", {**_POST, "blocks": [{"type": "markdown", "text": "x" * 6_001}] * 2}),
    ),
    ("too_many_attachments", Made("chat.postMessage", {**_POST, "attachments": [{"text": "x"}] * 101})),
    ("markdown_text_conflict", Made("chat.postMessage", {**_POST, "markdown_text": "x"})),
    ("invalid_metadata_format", Made("chat.postMessage", {**_POST, "metadata": {"event_type": "a"}})),
    ("metadata_too_large", Made("chat.postMessage", {**_POST, "metadata": _METADATA})),
    (
        "metadata_must_be_sent_from_app",
        Made("chat.postMessage", {**_POST, "metadata": {"event_type": "a", "event_payload": {}}}, token="user"),
    ),
    ("channel_not_found", Made("chat.scheduleMessage", {**_POST, "channel": "C0", "post_at": LATER})),
    ("invalid_time", Made("chat.scheduleMessage", {**_POST, "post_at": "tomorrow"})),
    ("time_in_past", Made("chat.scheduleMessage", {**_POST, "post_at": int(START) - 1})),
    ("time_too_far", Made("chat.scheduleMessage", {**_POST, "post_at": int(START) + 120 * 86_400 + 1})),
    ("no_text", Made("chat.scheduleMessage", {"channel": GENERAL, "post_at": LATER})),
    ("msg_too_long", Made("chat.scheduleMessage", {"channel": GENERAL, "post_at": LATER, "text": _LONG})),
    ("is_archived", Made("chat.scheduleMessage", {**_POST, "channel": "$archived", "post_at": LATER})),
    ("not_in_channel", Made("chat.scheduleMessage", {**_POST, "channel": "$elsewhere", "post_at": LATER})),
    ("invalid_blocks", Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "blocks": BAD_BLOCKS})),
    ("invalid_blocks_format", Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "blocks": "no"})),
    ("markdown_text_conflict", Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "markdown_text": "x"})),
    ("invalid_metadata_format", Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "metadata": "no"})),
    ("metadata_too_large", Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "metadata": _METADATA})),
    (
        "metadata_must_be_sent_from_app",
        Made(
            "chat.scheduleMessage",
            {**_POST, "post_at": LATER, "metadata": {"event_type": "a", "event_payload": {}}},
            token="user",
        ),
    ),
    (
        "too_many_attachments",
        Made("chat.scheduleMessage", {**_POST, "post_at": LATER, "attachments": [{"text": "x"}] * 101}),
    ),
    ("restricted_too_many", Made("chat.scheduleMessage", {**_POST, "post_at": LATER}, SCHEDULED * 30)),
    ("invalid_channel", Made("chat.scheduledMessages.list", {"channel": "C0"})),
    ("invalid_cursor", Made("chat.scheduledMessages.list", {"cursor": "x"})),
    ("channel_not_found", Made("chat.startStream", {**STREAM, "channel": "C0"})),
    ("invalid_thread_ts", Made("chat.startStream", {**STREAM, "thread_ts": "0"})),
    ("missing_recipient_user_id", Made("chat.startStream", {"channel": GENERAL, "thread_ts": "$theirs"})),
    (
        "missing_recipient_team_id",
        Made("chat.startStream", {"channel": GENERAL, "thread_ts": "$theirs", "recipient_user_id": SATO}),
    ),
    ("user_not_found", Made("chat.startStream", {**STREAM, "recipient_user_id": "U0"})),
    ("team_not_found", Made("chat.startStream", {**STREAM, "recipient_team_id": "T0"})),
    ("is_archived", Made("chat.startStream", {**STREAM, "channel": "$archived"})),
    ("not_in_channel", Made("chat.startStream", {**STREAM, "channel": "$elsewhere"})),
    ("invalid_chunks", Made("chat.startStream", {**STREAM, "chunks": "no"})),
    ("invalid_blocks", Made("chat.startStream", {**STREAM, "chunks": [{"type": "blocks", "blocks": BAD_BLOCKS}]})),
    ("msg_blocks_too_long", Made("chat.startStream", {**STREAM, "markdown_text": "x" * 12_001})),
    (
        "msg_blocks_too_many",
        Made("chat.startStream", {**STREAM, "chunks": [{"type": "blocks", "blocks": [{"type": "divider"}] * 50}]}),
    ),
    ("channel_not_found", Made("chat.stopStream", {"channel": "C0", "ts": "1.0"})),
    ("message_not_found", Made("chat.stopStream", {"channel": GENERAL, "ts": "1.0"})),
    ("message_not_owned_by_app", Made("chat.stopStream", {"channel": GENERAL, "ts": "$theirs"})),
    ("message_not_in_streaming_state", Made("chat.stopStream", {"channel": GENERAL, "ts": "$mine"})),
    (
        "message_not_in_streaming_state",
        Made(
            "chat.stopStream",
            {"channel": GENERAL, "ts": "$stream"},
            (*STREAMING, ("chat.stopStream", {"channel": GENERAL, "ts": "$stream"})),
        ),
    ),
    (
        "no_text",
        Made(
            "chat.stopStream",
            {"channel": GENERAL, "ts": "$stream"},
            (("chat.startStream", {**STREAM, "markdown_text": None}, ("stream", "ts")),),
        ),
    ),
    ("invalid_blocks", Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "blocks": BAD_BLOCKS}, STREAMING)),
    ("invalid_chunks", Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "chunks": [1]}, STREAMING)),
    (
        "invalid_metadata_format",
        Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "metadata": "no"}, STREAMING),
    ),
    (
        "metadata_too_large",
        Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "metadata": _METADATA}, STREAMING),
    ),
    (
        "msg_blocks_too_long",
        Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "markdown_text": "x" * 12_001}, STREAMING),
    ),
    (
        "msg_blocks_too_many",
        Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream", "blocks": [{"type": "divider"}] * 50}, STREAMING),
    ),
    ("missing_unfurls", Made("chat.unfurl")),
    ("invalid_unfurls_format", Made("chat.unfurl", {"unfurls": "no"})),
    ("missing_channel", Made("chat.unfurl", {"unfurls": {}})),
    ("missing_ts", Made("chat.unfurl", {"unfurls": {}, "channel": GENERAL})),
    ("invalid_unfurl_id", Made("chat.unfurl", {"unfurls": {}, "unfurl_id": "x", "source": "conversations_history"})),
    ("missing_unfurl_id", Made("chat.unfurl", {"unfurls": {}, "source": "conversations_history"})),
    ("cannot_find_channel", Made("chat.unfurl", {"unfurls": {}, "channel": "C0", "ts": "1.0"})),
    ("cannot_find_message", Made("chat.unfurl", {"unfurls": {}, "channel": GENERAL, "ts": "1.0"})),
    (
        "cannot_unfurl_url",
        Made("chat.unfurl", {"unfurls": {"https://other.example/": {}}, "channel": GENERAL, "ts": "$theirs"}),
    ),
    (
        "cannot_parse_attachment",
        Made(
            "chat.unfurl",
            {"unfurls": {"https://example.com/a": {"blocks": BAD_BLOCKS}}, "channel": GENERAL, "ts": "$theirs"},
        ),
    ),
    ("channel_not_found", Made("chat.update", {"channel": "C0", "ts": "1.0", "text": "x"})),
    ("message_not_found", Made("chat.update", {"channel": GENERAL, "ts": "1.0", "text": "x"})),
    ("cant_update_message", Made("chat.update", {"channel": GENERAL, "ts": "$theirs", "text": "x"})),
    ("streaming_state_conflict", Made("chat.update", {"channel": GENERAL, "ts": "$stream", "text": "x"}, STREAMING)),
    ("no_text", Made("chat.update", {"channel": GENERAL, "ts": "$mine"})),
    ("msg_too_long", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "text": _LONG})),
    ("cant_broadcast_message", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "reply_broadcast": True})),
    (
        "no_dual_broadcast_content_update",
        Made("chat.update", {"channel": GENERAL, "ts": "$reply", "reply_broadcast": True, "text": "x"}),
    ),
    ("invalid_blocks", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "blocks": BAD_BLOCKS})),
    ("invalid_blocks_format", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "blocks": "no"})),
    ("invalid_attachments", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "attachments": "no"})),
    (
        "too_many_attachments",
        Made("chat.update", {"channel": GENERAL, "ts": "$mine", "attachments": [{"text": "x"}] * 101}),
    ),
    (
        "markdown_text_conflict",
        Made("chat.update", {"channel": GENERAL, "ts": "$mine", "text": "x", "markdown_text": "x"}),
    ),
    ("invalid_metadata_format", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "metadata": "no"})),
    ("metadata_too_large", Made("chat.update", {"channel": GENERAL, "ts": "$mine", "metadata": _METADATA})),
    (
        "metadata_must_be_sent_from_app",
        Made(
            "chat.update",
            {"channel": GENERAL, "ts": "$theirs", "metadata": {"event_type": "a", "event_payload": {}}},
            token="user",
        ),
    ),
)
