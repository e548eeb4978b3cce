"""What today holds for a member, at the top of the home tab: the first calls of the queue, and the meetings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block

from handlers.blocks import actions, button, context, divider, header, section
from handlers.i18n import Markup, escape
from handlers.messages import Reader
from handlers.outreach import call_queue_cards as cards
from handlers.qualification import meeting_messages
from services.outreach.call_queue import Queue
from services.qualification.meeting_records import MeetingView

CALLS_SHOWN = 3
MEETINGS_SHOWN = 5


def calls(reader: Reader, queue: Queue) -> list[Block]:
    """How far the day has come, and whom to call first; the results are one click here too."""
    t = reader.t
    if not (queue.calls or queue.later or queue.today.dials):
        return []
    blocks: list[Block] = [
        divider(),
        header(t("Today's calls")),
        section(cards.progress(t, queue), button(t("One at a time"), "queue.start")),
        *cards.closed_line(reader, queue),
    ]
    if queue.logged is not None:
        blocks.append(cards.logged_line(reader, queue.logged, cards.HOME))
    blocks += cards.later_block(reader, queue)
    for number, line in enumerate(queue.calls[:CALLS_SHOWN], start=1):
        blocks += cards.row(reader, number, line, cards.HOME)
    more = queue.total - CALLS_SHOWN
    if more > 0:
        blocks.append(context(t.md("{n} more: {command}", n=more, command="/call queue")))
    return blocks


def meetings(reader: Reader, upcoming: Sequence[MeetingView]) -> list[Block]:
    """One's own meetings of today and tomorrow; those that are over ask how they went."""
    t = reader.t
    tomorrow = reader.now.astimezone(ZoneInfo(reader.zone)).date() + timedelta(days=1)
    near = [view for view in upcoming if view.starts_at.astimezone(ZoneInfo(reader.zone)).date() <= tomorrow]
    if not near:
        return []
    blocks: list[Block] = [divider(), header(t("Meetings today and tomorrow"))]
    for view in near[:MEETINGS_SHOWN]:
        when = escape(meeting_messages.time_line(reader, view))
        blocks.append(section(Markup(f"📅 {when}　{meeting_messages.who(view)}")))
        blocks.append(actions(*meeting_messages.card_buttons(reader, view), block_id=f"meeting.{view.meeting_id}"))
    more = len(upcoming) - min(len(near), MEETINGS_SHOWN)
    if more > 0:
        blocks.append(context(t.md("{n} more: {command}", n=more, command="/meeting list")))
    return blocks
