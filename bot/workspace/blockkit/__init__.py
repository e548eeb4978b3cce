"""Block Kit's rules: what Slack refuses in blocks, messages, views and suggestions, as pure functions."""

from __future__ import annotations

from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.surfaces import message_problems, suggestion_problems, view_problems

__all__ = ["Problem", "message_problems", "suggestion_problems", "view_problems"]
