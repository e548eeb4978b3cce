"""A table over the Web API: the smallest call that succeeds for each method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .stage import GENERAL, HANDOFF, HOME, IS_TEAM, KATO, MODAL, SATO, START


@dataclass(frozen=True)
class Made:
    """One call: after the steps in `before` (see `Stage.prepare`), with a token of that name."""

    method: str
    arguments: dict[str, Any] = field(default_factory=dict)
    before: tuple[tuple[Any, ...], ...] = ()
    token: str = "bot"
    # Seconds the clock goes on between `before` and the call.
    later: float = 0


LATER = int(START) + 600
STREAM = {
    "channel": GENERAL,
    "thread_ts": "$theirs",
    "recipient_user_id": SATO,
    "recipient_team_id": "T01HOSHIMI",
    "markdown_text": "一",
}
STREAMING = (("chat.startStream", STREAM, ("stream", "ts")),)
BOOKMARK = {"channel_id": GENERAL, "title": "x", "type": "link", "link": "https://example.com/"}
BOOKMARKED = (("bookmarks.add", BOOKMARK, ("bookmark", "bookmark.id")),)
SCHEDULED = (
    ("chat.scheduleMessage", {"channel": GENERAL, "post_at": LATER, "text": "x"}, ("later", "scheduled_message_id")),
)
GROUPED = (("usergroups.create", {"name": "IS"}, ("group", "usergroup.id")),)
UPLOADED = (("files.getUploadURLExternal", {"filename": "a.txt", "length": 1}, ("file", "file_id")),)
CLIENT = {"client_id": "$client_id", "client_secret": "$client_secret"}
PINNED = (("pins.add", {"channel": GENERAL, "timestamp": "$mine"}),)
BAD_BLOCKS = [{"type": "planet"}]
MODAL_51 = {**MODAL, "external_id": "kato"}

SUCCESSES = (
    Made("api.test"),
    Made("apps.connections.open", token="app"),
    Made("apps.event.authorizations.list", {"event_context": "$event_context"}, token="app"),
    Made("apps.uninstall", CLIENT),
    Made("assistant.threads.setStatus", {"channel_id": "$dm", "thread_ts": "$in_dm", "status": "is thinking"}),
    Made("assistant.threads.setSuggestedPrompts", {"channel_id": "$dm", "prompts": [{"title": "a", "message": "b"}]}),
    Made("assistant.threads.setTitle", {"channel_id": "$dm", "thread_ts": "$in_dm", "title": "x"}),
    Made("auth.revoke", token="user"),
    Made("auth.teams.list"),
    Made("auth.test"),
    Made("blocks.validate", {"blocks": [{"type": "divider"}]}),
    Made("bookmarks.add", BOOKMARK),
    Made("bookmarks.edit", {"channel_id": GENERAL, "bookmark_id": "$bookmark", "title": "y"}, BOOKMARKED),
    Made("bookmarks.list", {"channel_id": GENERAL}, BOOKMARKED),
    Made("bookmarks.remove", {"channel_id": GENERAL, "bookmark_id": "$bookmark"}, BOOKMARKED),
    Made("bots.info", {"bot": "$bot_id"}),
    Made("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "markdown_text": "二"}, STREAMING),
    Made("chat.delete", {"channel": GENERAL, "ts": "$mine"}),
    Made("chat.deleteScheduledMessage", {"channel": GENERAL, "scheduled_message_id": "$later"}, SCHEDULED),
    Made("chat.getPermalink", {"channel": GENERAL, "message_ts": "$theirs"}),
    Made("chat.meMessage", {"channel": GENERAL, "text": "考え中"}),
    Made("chat.postEphemeral", {"channel": GENERAL, "user": SATO, "text": "x"}),
    Made("chat.postMessage", {"channel": GENERAL, "text": "x"}),
    Made("chat.scheduleMessage", {"channel": GENERAL, "post_at": LATER, "text": "x"}),
    Made("chat.scheduledMessages.list", {}, SCHEDULED),
    Made("chat.startStream", STREAM),
    Made("chat.stopStream", {"channel": GENERAL, "ts": "$stream"}, STREAMING),
    Made(
        "chat.unfurl",
        {"channel": GENERAL, "ts": "$theirs", "unfurls": {"https://example.com/a": {"text": "プレビュー"}}},
    ),
    Made("chat.update", {"channel": GENERAL, "ts": "$mine", "text": "y"}),
    Made("conversations.archive", {"channel": HANDOFF}),
    Made("conversations.close", {"channel": "$dm"}),
    Made("conversations.create", {"name": "new"}),
    Made("conversations.history", {"channel": GENERAL}),
    Made("conversations.info", {"channel": GENERAL}),
    Made("conversations.invite", {"channel": "$own", "users": SATO}),
    Made("conversations.join", {"channel": "$elsewhere"}),
    Made("conversations.kick", {"channel": IS_TEAM, "user": SATO}),
    Made("conversations.leave", {"channel": IS_TEAM}),
    Made("conversations.list"),
    Made("conversations.mark", {"channel": GENERAL, "ts": "$mine"}),
    Made("conversations.members", {"channel": GENERAL}),
    Made("conversations.open", {"users": SATO}),
    Made("conversations.rename", {"channel": "$own", "name": "renamed"}),
    Made("conversations.replies", {"channel": GENERAL, "ts": "$mine"}),
    Made("conversations.setPurpose", {"channel": GENERAL, "purpose": "話す"}),
    Made("conversations.setTopic", {"channel": GENERAL, "topic": "今日"}),
    Made("conversations.unarchive", {"channel": "$archived"}),
    Made("dnd.endDnd", token="user"),
    Made("dnd.endSnooze", {}, (("dnd.setSnooze", {"num_minutes": 5}, "user"),), token="user"),
    Made("dnd.info", {"user": SATO}),
    Made("dnd.setSnooze", {"num_minutes": 5}, token="user"),
    Made("dnd.teamInfo", {"users": f"{SATO},{KATO}"}),
    Made("emoji.list"),
    Made("files.completeUploadExternal", {"files": [{"id": "$file"}]}, (*UPLOADED, ("upload", {"file": "$file"}))),
    Made("files.delete", {"file": "$file"}, UPLOADED),
    Made("files.getUploadURLExternal", {"filename": "a.txt", "length": 1}),
    Made("files.info", {"file": "$file"}, UPLOADED),
    Made("files.list"),
    Made("oauth.v2.access", {**CLIENT, "code": "$code", "redirect_uri": "https://example.com/back"}, token=""),
    Made("pins.add", {"channel": GENERAL, "timestamp": "$mine"}),
    Made("pins.list", {"channel": GENERAL}, PINNED),
    Made("pins.remove", {"channel": GENERAL, "timestamp": "$mine"}, PINNED),
    Made("reactions.add", {"channel": GENERAL, "timestamp": "$theirs", "name": "eyes"}),
    Made("reactions.get", {"channel": GENERAL, "timestamp": "$theirs"}),
    Made("reactions.list", {"user": SATO}),
    Made(
        "reactions.remove",
        {"channel": GENERAL, "timestamp": "$theirs", "name": "eyes"},
        (("reactions.add", {"channel": GENERAL, "timestamp": "$theirs", "name": "eyes"}),),
    ),
    Made("team.info"),
    Made("team.profile.get"),
    Made("usergroups.create", {"name": "IS"}),
    Made("usergroups.disable", {"usergroup": "$group"}, GROUPED),
    Made("usergroups.enable", {"usergroup": "$group"}, GROUPED),
    Made("usergroups.list", {}, GROUPED),
    Made("usergroups.update", {"usergroup": "$group", "name": "FS"}, GROUPED),
    Made("usergroups.users.list", {"usergroup": "$group"}, GROUPED),
    Made("usergroups.users.update", {"usergroup": "$group", "users": SATO}, GROUPED),
    Made("users.conversations"),
    Made("users.getPresence", {"user": SATO}),
    Made("users.identity", token="user"),
    Made("users.info", {"user": SATO}),
    Made("users.list"),
    Made("users.lookupByEmail", {"email": "sato@hoshimi-tech.example"}),
    Made("users.profile.get", {"user": SATO}),
    Made("users.profile.set", {"profile": {"status_text": "外出"}}, token="user"),
    Made("users.setPresence", {"presence": "away"}),
    Made("views.open", {"trigger_id": "$trigger", "view": MODAL}),
    Made("views.publish", {"user_id": SATO, "view": HOME}),
    Made("views.push", {"trigger_id": "$view_trigger", "view": MODAL}),
    Made("views.update", {"view_id": "$view", "view": MODAL}),
)
