"""Avatars: initials on a colour that follows from the id, and a mark of its own for apps."""

from __future__ import annotations

import html
from dataclasses import dataclass

from bot.workspace.avatars import colour_of


@dataclass(frozen=True)
class Face:
    """How an author looks: id, name, and whether it is an app."""

    id: str
    name: str
    is_app: bool = False

    @property
    def initials(self) -> str:
        """One character of a Japanese name, two letters of a Latin one."""
        words = self.name.split()
        if not words:
            return "?"
        if words[0][0].isascii():
            return "".join(word[0] for word in words[:2]).upper()
        return words[0][0]

    def html(self, size: str = "") -> str:
        """The avatar as HTML; decoration only, the name always stands beside it."""
        kind = f"kk-face{' kk-face-' + size if size else ''}"
        if self.is_app:
            return (
                f'<span class="{kind} kk-face-app" aria-hidden="true"><svg viewBox="0 0 24 24">'
                '<path d="M3 17c2.5-7 15.5-7 18 0M3 17v-6M21 17v-6M9 12.3V17M15 12.3V17M2 17h20"/></svg></span>'
            )
        style = f"background:{colour_of(self.id)}"
        return f'<span class="{kind}" style="{style}" aria-hidden="true">{html.escape(self.initials)}</span>'
