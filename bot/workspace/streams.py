"""Messages that grow while the app writes them: what chunks add to one, and the blocks that people see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.messages import Blocks

# A stream that was never stopped ends by itself after this long.
LIFETIME_SECONDS = 300.0
# One markdown block holds this much; more goes on in the next.
_MARKDOWN_CHARACTERS = 12_000


@dataclass(slots=True)
class Stream:
    """One message being written. `mode` is timeline (task cards between the text) or plan (all in one block).
    `pieces` are in the order they came: text, ids of tasks, whole blocks."""

    started: float
    mode: str = "timeline"
    pieces: list[str | tuple[str] | dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    plan: str = ""

    def over(self, now: float) -> bool:
        """Whether it has ended by itself."""
        return now - self.started > LIFETIME_SECONDS

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Takes one chunk, which has been checked."""
        match chunk["type"]:
            case "markdown_text":
                self._write(chunk["text"])
            case "task_update":
                self._task(chunk)
            case "plan_update":
                self.plan = chunk["title"]
            case "blocks":
                self.pieces += chunk["blocks"]

    def _write(self, text: str) -> None:
        if self.pieces and isinstance(self.pieces[-1], str):
            self.pieces[-1] += text
        else:
            self.pieces.append(text)

    def _task(self, chunk: Mapping[str, Any]) -> None:
        ident = chunk["id"]
        if ident not in self.tasks:
            self.tasks[ident] = {"type": "task_card", "task_id": ident}
            if self.mode == "timeline":
                self.pieces.append((ident,))
        task = self.tasks[ident]
        # Title, status and sources are replaced; details and output are added to, as text in Slack's own stream is.
        task["title"], task["status"] = chunk["title"], chunk["status"]
        if chunk.get("sources") is not None:
            task["sources"] = [
                {"type": "url", "url": source["url"], "text": source["text"]} for source in chunk["sources"]
            ]
        for part in ("details", "output"):
            if chunk.get(part):
                task[part] = _rich_text(_words(task.get(part)) + chunk[part])

    def text(self) -> str:
        """All text so far, with the titles of the tasks behind it."""
        words = "".join(piece for piece in self.pieces if isinstance(piece, str)).strip()
        return " ".join(filter(None, (words, *(task["title"] for task in self.tasks.values()))))

    def blocks(self) -> Blocks:
        """What people see so far. A piece keeps its block_id while it grows."""
        shown: Blocks = []
        if self.mode == "plan" and (self.tasks or self.plan):
            tasks = [dict(task) for task in self.tasks.values()]
            shown.append({"type": "plan", "block_id": "plan", "title": self.plan or "Plan", "tasks": tasks})
        for place, piece in enumerate(self.pieces):
            if isinstance(piece, dict):
                shown.append(piece)
            elif isinstance(piece, tuple):
                shown.append({**self.tasks[piece[0]], "block_id": f"task-{place}"})
            else:
                for part, start in enumerate(range(0, len(piece), _MARKDOWN_CHARACTERS)):
                    text = piece[start : start + _MARKDOWN_CHARACTERS]
                    shown.append({"type": "markdown", "block_id": f"text-{place}-{part}", "text": text})
        return shown


def _rich_text(text: str) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def _words(rich: Mapping[str, Any] | None) -> str:
    return "" if rich is None else str(rich["elements"][0]["elements"][0]["text"])
