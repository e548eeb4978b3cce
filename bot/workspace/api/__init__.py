"""Slack's Web API: one function for each method, in modules by family."""

from __future__ import annotations

from bot.workspace.api import (
    auth,
    chat,
    conversations,
    files,
    pins,
    reactions,
    scheduled,
    streaming,
    team,
    usergroups,
    users,
    views,
)
from bot.workspace.api.call import Method

METHODS: dict[str, Method] = {
    **auth.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **pins.METHODS,
    **reactions.METHODS,
    **scheduled.METHODS,
    **streaming.METHODS,
    **team.METHODS,
    **usergroups.METHODS,
    **users.METHODS,
    **views.METHODS,
}
