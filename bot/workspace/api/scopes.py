"""Which scopes and which kinds of token each method wants."""

from __future__ import annotations

from functools import lru_cache

from bot.workspace.messages import Kind

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_MANAGE = ("channels:manage", "channels:write", "groups:write", "im:write", "mpim:write")

# One of these scopes is needed; methods that are not here need none.
SCOPES: dict[str, tuple[str, ...]] = {
    "assistant.threads.setStatus": ("assistant:write", "chat:write"),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "bookmarks.add": ("bookmarks:write",),
    "bookmarks.edit": ("bookmarks:write",),
    "bookmarks.list": ("bookmarks:read",),
    "bookmarks.remove": ("bookmarks:write",),
    "bots.info": ("users:read",),
    "chat.appendStream": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.deleteScheduledMessage": ("chat:write",),
    "chat.meMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.scheduleMessage": ("chat:write",),
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.unfurl": ("links:write",),
    "chat.update": ("chat:write",),
    "conversations.archive": _MANAGE,
    "conversations.close": ("im:write", "mpim:write"),
    "conversations.create": _MANAGE,
    "conversations.history": _HISTORY,
    "conversations.info": _READ,
    "conversations.invite": (*_MANAGE, "channels:write.invites", "groups:write.invites"),
    "conversations.join": ("channels:join", "channels:write"),
    "conversations.kick": _MANAGE,
    "conversations.leave": _MANAGE,
    "conversations.list": _READ,
    "conversations.mark": _MANAGE,
    "conversations.members": _READ,
    "conversations.open": ("im:write", "mpim:write", "channels:manage", "channels:write", "groups:write"),
    "conversations.rename": _MANAGE,
    "conversations.replies": _HISTORY,
    "conversations.setPurpose": (*_MANAGE, "channels:write.topic", "groups:write.topic"),
    "conversations.setTopic": (*_MANAGE, "channels:write.topic", "groups:write.topic"),
    "conversations.unarchive": _MANAGE,
    "dnd.endDnd": ("dnd:write",),
    "dnd.endSnooze": ("dnd:write",),
    "dnd.info": ("dnd:read",),
    "dnd.setSnooze": ("dnd:write",),
    "dnd.teamInfo": ("dnd:read",),
    "emoji.list": ("emoji:read",),
    "files.completeUploadExternal": ("files:write",),
    "files.delete": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "files.list": ("files:read",),
    "pins.add": ("pins:write",),
    "pins.list": ("pins:read",),
    "pins.remove": ("pins:write",),
    "reactions.add": ("reactions:write",),
    "reactions.get": ("reactions:read",),
    "reactions.list": ("reactions:read",),
    "reactions.remove": ("reactions:write",),
    "team.info": ("team:read",),
    "team.profile.get": ("users.profile:read",),
    "usergroups.create": ("usergroups:write",),
    "usergroups.disable": ("usergroups:write",),
    "usergroups.enable": ("usergroups:write",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.update": ("usergroups:write",),
    "usergroups.users.list": ("usergroups:read",),
    "usergroups.users.update": ("usergroups:write",),
    "users.conversations": _READ,
    "users.getPresence": ("users:read",),
    "users.identity": ("identity.basic",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
    "users.profile.get": ("users.profile:read", "users:read"),
    "users.profile.set": ("users.profile:write",),
    "users.setPresence": ("users:write",),
}
_PREFIXES: dict[Kind, str] = {"channel": "channels:", "private": "groups:", "im": "im:", "mpim": "mpim:"}
# What an app may do that was installed without a manifest: all that is asked for here, and what is asked for elsewhere.
EVERY_SCOPE = frozenset(scope for needed in SCOPES.values() for scope in needed) | {
    "app_mentions:read",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "links:read",
}
APP_SCOPES = frozenset({"authorizations:read", "connections:write"})


@lru_cache(maxsize=64)
def written(scopes: frozenset[str]) -> str:
    """Scopes in Slack's notation; remembered, since every answer carries them."""
    return ",".join(sorted(scopes))


def needed_for(method: str, kind: Kind) -> tuple[str, ...]:
    """Of a method's scopes, those of which one is needed in a kind of conversation; none where it makes no
    difference."""
    return tuple(scope for scope in SCOPES.get(method, ()) if scope.startswith(_PREFIXES[kind]))


# The app-level token and no other.
APP_LEVEL = frozenset({"apps.connections.open", "apps.event.authorizations.list"})
ANY_LEVEL = frozenset({"auth.test", "api.test"})
# No token at all is needed.
OPEN = frozenset({"api.test", "oauth.v2.access"})
# The bot cannot do these for anybody: they want a member's token.
MEMBERS_ONLY = frozenset({"dnd.endDnd", "dnd.endSnooze", "dnd.setSnooze", "users.identity", "users.profile.set"})
# Members do not do these.
BOT_ONLY = frozenset(
    {
        "assistant.threads.setStatus", "assistant.threads.setSuggestedPrompts", "assistant.threads.setTitle",
        "chat.appendStream", "chat.startStream", "chat.stopStream", "views.publish",
    }
)  # fmt: skip
# Methods that Slack has switched off.
RETIRED = frozenset({"files.upload", "oauth.access", "dialog.open", "rtm.start", "stars.add", "stars.list"})
