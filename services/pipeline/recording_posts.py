"""What is posted about a recording: its card, what came of it, what it proposes; each once, and edited in place.

Everything goes through the outbox under the recording's number and version.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.deps import Deps
from storage.recordings import RecordingRow

CARD = "recording.card"
UPDATE = "recording.update"
RESULT = "recording.result"
RESULT_UPDATE = "recording.result.update"
PROPOSALS = "recording.proposals"
PROPOSALS_UPDATE = "recording.proposals.update"


async def post_card(session: AsyncSession, deps: Deps, recording_id: int, channel: str) -> None:
    """Have the card of a new recording posted."""
    arguments = {"recording_id": recording_id}
    await deps.outbox.enqueue(
        session, key=f"recording:{recording_id}", kind=CARD, channel=channel, arguments=arguments, now=deps.now()
    )


async def redraw(session: AsyncSession, deps: Deps, row: RecordingRow) -> None:
    """Have the card say how it stands after the change that was made on this row."""
    await deps.outbox.enqueue(
        session,
        key=f"recording:{row.id}:v{row.version + 1}",
        kind=UPDATE,
        channel=row.channel,
        arguments={"recording_id": row.id},
        now=deps.now(),
    )


async def tell(session: AsyncSession, deps: Deps, row: RecordingRow, kind: str, update: str) -> None:
    """Post a message about a recording, or edit the one that was posted."""
    arguments, now = {"recording_id": row.id}, deps.now()
    key = f"recording:{row.id}:{kind.rpartition('.')[2]}"
    if not await deps.outbox.enqueue(session, key=key, kind=kind, channel=row.channel, arguments=arguments, now=now):
        key = f"{key}:v{row.version + 1}"
        await deps.outbox.enqueue(session, key=key, kind=update, channel=row.channel, arguments=arguments, now=now)
