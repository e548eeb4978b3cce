"""Which figure, of what and of when: what the buttons beside figures carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from domain.errors import Code, Refused
from domain.performance.windows import Span, Window
from services.performance.kpis import Board, By

NUMERATOR, DENOMINATOR = "n", "d"


@dataclass(frozen=True, slots=True)
class Place:
    """A KPI ("": the whole board) in a window, of the team or of one group. `part` chooses numerator or denominator."""

    kpi: str
    window: Window
    by: By | None = None
    group: str = ""
    part: str = NUMERATOR
    page: int = 1

    def __str__(self) -> str:
        """As a button's value. The group comes last: an industry may hold any sign."""
        window = self.window
        fields = (self.kpi, window.span.value, window.first.isoformat(), window.last.isoformat())
        return "|".join([*fields, self.by.value if self.by else "", self.part, str(self.page), self.group])

    @classmethod
    def read(cls, text: str) -> Place:
        """From a button's value. Refused: INVALID."""
        try:
            kpi, span, first, last, by, part, page, group = text.split("|", 7)
            window = Window(Span(span), date.fromisoformat(first), date.fromisoformat(last))
            return cls(kpi, window, By(by) if by else None, group, part, int(page))
        except ValueError as garbled:
            raise Refused(Code.INVALID) from garbled

    @classmethod
    def of(cls, board: Board, kpi: str = "") -> Place:
        """A KPI of a board."""
        return cls(kpi, board.window, board.by, board.group)

    def turned(self, page: int) -> Place:
        """Another page of the same rows."""
        return replace(self, page=page)

    def other(self, part: str) -> Place:
        """The other part of the same figure."""
        return replace(self, part=part, page=1)
