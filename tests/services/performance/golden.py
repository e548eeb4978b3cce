"""A team's work whose figures are known by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.leads import Source
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from services.deps import Actor
from storage.tables import Call, CallDay
from tests.services.office import Office

NO_ANSWER = CallResult(Connection.NO_ANSWER)
RECEPTION = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.ABSENT)
CALLBACK = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK)
REFUSED = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.REFUSED)
MEETING = CallResult(Connection.ANSWERED, Party.DECISION_MAKER, Outcome.MEETING_SET)
SECRETARY = CallResult(Connection.ANSWERED, Party.OTHER_STAFF, Outcome.MEETING_SET)


@dataclass
class Book:
    """Writes calls into an office's tables, with their roll-up."""

    office: Office
    leads: dict[Source, int] = field(default_factory=dict)

    async def lead(self, source: Source) -> int:
        """One lead of each source."""
        if source not in self.leads:
            self.leads[source] = await self.office.lead(f"青葉 {source}", source=source)
        return self.leads[source]

    async def calls(
        self,
        day: date,
        member: Actor,
        results: Sequence[CallResult],
        *,
        source: Source = Source.OUTBOUND_LIST,
        hour: int = 1,
        lead_id: int | None = None,
    ) -> None:
        """Calls of a Tokyo day, from ten in the morning (`hour` 1 in UTC) on."""
        lead_id = lead_id or await self.lead(source)
        at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        team_id = self.office.team_id
        async with self.office.deps.writing(team_id) as session:
            for number, result in enumerate(results):
                row = Call(team_id=team_id, lead_id=lead_id, member_id=member.member_id)
                row.called_at = at + timedelta(seconds=number)
                row.connection, row.party = result.connection.value, result.party.value
                row.outcome = result.outcome.value if result.outcome else None
                session.add(row)
            sums: dict[str, Any] = {
                "dials": len(results),
                "answered": sum(r.connection is Connection.ANSWERED for r in results),
                "connected": sum(r.connected for r in results),
                "effective": sum(r.effective for r in results),
                "meetings_set": sum(r.outcome is Outcome.MEETING_SET for r in results),
            }
            key = (team_id, day, member.member_id, source.value)
            there = await session.get(CallDay, key)
            if there is None:
                session.add(CallDay(team_id=team_id, day=day, member_id=member.member_id, source=source.value, **sums))
            else:
                for name, n in sums.items():
                    setattr(there, name, getattr(there, name) + n)
            await session.commit()


async def two_weeks(office: Office) -> Book:
    """The clock stands on Wednesday 1 April 2026. This week, against Monday to Wednesday of the week before:

    this week sato 10 dials, 4 answered, 3 connected, 2 effective, 1 set; suzuki 10, 2, 1, 1, 1 (by a secretary, and so
    not connected); the week before sato 20, 8, 6, 4, 4 and suzuki 5, 1, 0, 0, 0.
    """
    book = Book(office)
    show = Source.TRADE_SHOW
    await book.calls(date(2026, 3, 30), office.sato, [NO_ANSWER] * 4 + [CALLBACK])
    await book.calls(
        date(2026, 4, 1), office.sato, [NO_ANSWER] * 2 + [RECEPTION, REFUSED, MEETING], source=show, hour=0
    )
    await book.calls(date(2026, 3, 31), office.suzuki, [NO_ANSWER] * 8 + [SECRETARY, REFUSED])
    await book.calls(
        date(2026, 3, 23), office.sato, [NO_ANSWER] * 12 + [RECEPTION] * 2 + [CALLBACK] * 2 + [MEETING] * 4, source=show
    )
    await book.calls(date(2026, 3, 25), office.suzuki, [NO_ANSWER] * 4 + [RECEPTION])
    # The Thursday before is not held against a Wednesday.
    await book.calls(date(2026, 3, 26), office.sato, [MEETING] * 7)
    return book
