"""`Workspace`: everything that is true in one workspace, in memory, for one installed app.

All methods run on one event loop. Time comes from the injected clock (seconds since the epoch).
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.workspace.delivery import ACKNOWLEDGE_SECONDS, Answer, Delivery
from bot.workspace.faults import Faults
from bot.workspace.files import FileStore
from bot.workspace.grants import Grants
from bot.workspace.ids import Mint
from bot.workspace.manifest import ANY_APP, InstalledApp
from bot.workspace.members import MemberState, Usergroup
from bot.workspace.messages import Conversation, Message
from bot.workspace.ratelimits import RateLimits
from bot.workspace.schedules import Scheduled, Schedules
from bot.workspace.streams import Stream
from bot.workspace.team import EXAMPLE, Person, Team
from bot.workspace.triggers import ResponseAddresses, Triggers
from bot.workspace.views import ViewStore

# The name Slack gives each kind of conversation in events and subscriptions.
CHANNEL_TYPES = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}
# Joining and leaving name it by a letter; private channels keep that of the groups they once were.
_LETTERS = {"channel": "C", "private": "G", "im": "D", "mpim": "G"}


# Events that are kept for an app that is not there; of more, the oldest are dropped.
WAITING_EVENTS = 1000


class Workspace:
    """A team, its conversations, files and views, and the one app installed in it, for which it has `patience`: so many
    seconds may pass until it acknowledges, and until a trigger has expired."""

    def __init__(
        self,
        team: Team = EXAMPLE,
        app: InstalledApp = ANY_APP,
        *,
        clock: Callable[[], float] = time.time,
        patience: float = ACKNOWLEDGE_SECONDS,
    ) -> None:
        self.team = team
        self.app = app
        self.clock = clock
        self.patience = patience
        self.mint = Mint(clock)
        self.created = int(clock())
        self.app_id = self.mint.id("A")
        self.bot_id = self.mint.id("B")
        self.bot_user = self.mint.id("U")
        self.bot_token = f"xoxb-{self.mint.secret()}"
        self.app_token = f"xapp-1-{self.app_id}-{self.mint.secret()}"
        self.signing_secret = self.mint.secret()
        self.verification_token = self.mint.secret()[:24]
        self.people: dict[str, Person] = {person.id: person for person in team.people}
        self.base_url = "http://127.0.0.1"
        self.files = FileStore()
        self.views = ViewStore()
        self.triggers = Triggers(clock, patience)
        self.responses = ResponseAddresses(clock)
        self.faults = Faults()
        self.limits = RateLimits(clock)
        self.grants = Grants(clock)
        # Set by the module that posts: what happens to a scheduled message when its time has come.
        self.post_scheduled: Callable[[Workspace, Scheduled], None] = lambda _workspace, _message: None
        self.schedules = Schedules(clock, lambda message: self.post_scheduled(self, message))
        # Open streams by channel and timestamp.
        self.streams: dict[tuple[str, str], Stream] = {}
        self.member_states: dict[str, MemberState] = {}
        self.usergroups: dict[str, Usergroup] = {}
        # user → (channel, timestamp) of what that user has reacted to, oldest reaction first.
        self.reacted: dict[str, dict[tuple[str, str], None]] = {}
        self.delivery: Delivery | None = None
        # What the app answered that Slack would have refused, newest last: shown to whoever looks for the reason.
        self.refusals: list[str] = []
        self.conversations: dict[str, Conversation] = {}
        self.ims: dict[frozenset[str], Conversation] = {}
        for channel in team.channels:
            members = (*channel.members, self.bot_user) if channel.app else channel.members
            self.conversations[channel.id] = Conversation(
                channel.id,
                "private" if channel.private else "channel",
                channel.name,
                members,
                topic=channel.topic,
                creator=team.people[0].id,
                created=self.created,
            )
        self._version = 1
        self._versions: dict[str, int] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        # Deliveries that have not ended yet, the oldest first.
        self._under_way: OrderedDict[asyncio.Task[Answer], None] = OrderedDict()

    # Who is who

    def is_user(self, user: str) -> bool:
        """Whether the id belongs to a member or to the app's bot user."""
        return user in self.people or user == self.bot_user

    def display_name(self, user: str) -> str:
        """The name that stands beside a message."""
        if user == self.bot_user:
            return self.app.name
        person = self.people.get(user)
        return person.real_name if person is not None else "Slackbot"

    def handle(self, user: str) -> str:
        """The name behind the @."""
        return self.people[user].name if user in self.people else self.app.bot_name

    def member_state(self, user: str) -> MemberState:
        """What a member has set about themselves."""
        return self.member_states.setdefault(user, MemberState())

    def holder(self, token: str) -> str | None:
        """Who acts with a token: the bot user or a member; None where it opens nothing, or nothing any more."""
        if self.grants.opens(token):
            return self.bot_user
        if token in self.grants.dead:
            return None
        if hmac.compare_digest(token.encode(), self.bot_token.encode()):
            return self.bot_user
        member = self.grants.user_tokens.get(token)
        return None if member is None else member.user

    def live_bot_token(self) -> str:
        """The bot token, a new one where the old one has been taken back."""
        if self.bot_token in self.grants.dead:
            self.bot_token = f"xoxb-{self.mint.secret()}"
        return self.bot_token

    # Conversations

    def find_channel(self, name: str) -> Conversation | None:
        """A channel by its name, with or without the leading #."""
        wanted = name.removeprefix("#")
        return next(
            (c for c in self.conversations.values() if c.kind in ("channel", "private") and c.name == wanted), None
        )

    def im(self, one: str, other: str) -> Conversation:
        """The direct message between two users, made when it is not there yet."""
        pair = frozenset((one, other))
        known = self.ims.get(pair)
        if known is None:
            known = Conversation(
                self.mint.id("D"), "im", "", dict.fromkeys((one, other)), creator=one, created=int(self.clock())
            )
            self.ims[pair] = known
            self.conversations[known.id] = known
            self.touch(pair)
        return known

    def group(self, users: Iterable[str], creator: str) -> Conversation:
        """The group direct message of these users, made when it is not there yet."""
        members = frozenset((*users, creator))
        known = self.ims.get(members)
        if known is None:
            names = "--".join(sorted(self.handle(user) for user in members))
            known = Conversation(
                self.mint.id("G"),
                "mpim",
                f"mpdm-{names}-1",
                sorted(members),
                creator=creator,
                created=int(self.clock()),
            )
            self.ims[members] = known
            self.conversations[known.id] = known
            self.touch(members)
        return known

    def add_channel(self, name: str, creator: str, *, private: bool = False) -> Conversation:
        """A new channel with its creator in it."""
        made = Conversation(
            self.mint.id("C"),
            "private" if private else "channel",
            name,
            (creator,),
            creator=creator,
            created=int(self.clock()),
        )
        self.conversations[made.id] = made
        self.touch(self.people)
        if not private:
            told = {"id": made.id, "name": name, "name_normalized": name, "created": made.created, "creator": creator}
            self.emit("channel_created", {"type": "channel_created", "channel": told})
        return made

    def join(self, conversation: Conversation, user: str, inviter: str | None = None) -> None:
        """Makes a user a member and tells the app."""
        conversation.members[user] = None
        self.touch_conversation(conversation)
        event: dict[str, Any] = {
            "type": "member_joined_channel",
            "user": user,
            "channel": conversation.id,
            "channel_type": _LETTERS[conversation.kind],
            "team": self.team.id,
        }
        if inviter is not None:
            event["inviter"] = inviter
        if self.bot_user in conversation.members:
            self.emit("member_joined_channel", event)

    def leave(self, conversation: Conversation, user: str) -> None:
        """Takes a member out and tells the app, also when it is the app that goes."""
        told = self.bot_user in conversation.members
        del conversation.members[user]
        self.touch((user,))
        self.touch_conversation(conversation)
        if told:
            event = {
                "type": "member_left_channel",
                "user": user,
                "channel": conversation.id,
                "channel_type": _LETTERS[conversation.kind],
                "team": self.team.id,
            }
            self.emit("member_left_channel", event)

    def stream(self, channel: str, ts: str) -> Stream | None:
        """The stream that is open into a message; None where there is none, or it has ended by itself."""
        stream = self.streams.get((channel, ts))
        if stream is not None and stream.over(self.clock()):
            del self.streams[channel, ts]
            return None
        return stream

    def note_reaction(self, message: Message, user: str) -> None:
        """Keeps the list of what a user has reacted to in step with the message."""
        place = (message.channel, message.ts)
        known = self.reacted.setdefault(user, {})
        if any(user in users for users in message.reactions.values()):
            known[place] = None
        else:
            known.pop(place, None)

    # Change

    def touch(self, users: Iterable[str]) -> None:
        """Says that what these people see has changed, and wakes whoever waits for it."""
        self._version += 1
        for user in users:
            self._versions[user] = self._version
            waiting = self._waiting.pop(user, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def touch_conversation(self, conversation: Conversation) -> None:
        """Says that a conversation has changed: for its members, or for everybody where everybody may look in."""
        self.touch(self.people if conversation.kind == "channel" else conversation.members)

    def version(self, user: str) -> int:
        """The number of the last change that this person can see."""
        return self._versions.get(user, 1)

    async def changed(self, user: str, since: int) -> int:
        """Waits until the person's version is greater than `since`; returns it."""
        while self.version(user) <= since:
            waiting = self._waiting.get(user)
            if waiting is None:
                waiting = self._waiting[user] = asyncio.get_running_loop().create_future()
            # Several may wait for the same person: one of them being cancelled must not wake the others.
            await asyncio.shield(waiting)
        return self.version(user)

    # Telling the app

    def emit(self, subscription: str, event: Mapping[str, Any]) -> asyncio.Task[Answer] | None:
        """Sends an event to the app, if it has subscribed to it; returns the delivery under way."""
        if self.delivery is None or not self.app.receives(subscription):
            return None
        event_ts = event.get("event_ts") or self.mint.ts()
        body = {
            "token": self.verification_token,
            "team_id": self.team.id,
            "context_team_id": self.team.id,
            "context_enterprise_id": None,
            "api_app_id": self.app_id,
            "event": {**event, "event_ts": event_ts},
            "type": "event_callback",
            "event_id": self.mint.id("Ev"),
            "event_time": int(self.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self.team.id,
                    "user_id": self.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": self.event_context(self.mint.secret()),
        }
        task = asyncio.get_running_loop().create_task(self.delivery.deliver("events_api", body))
        self._under_way[task] = None
        task.add_done_callback(lambda done: self._under_way.pop(done, None))
        if len(self._under_way) > WAITING_EVENTS and not self.delivery.connected:
            # Nobody has been listening for a long while; Slack gives up on events too.
            self._under_way.popitem(last=False)[0].cancel()
        return task

    def event_context(self, nonce: str) -> str:
        """An event context that can be told from an invented one without keeping it."""
        seal = hmac.digest(self.verification_token.encode(), nonce.encode(), "sha256").hex()[:16]
        return f"4-{nonce}{seal}"

    def knows_event_context(self, context: str) -> bool:
        """Whether this workspace has sent an event with that context."""
        nonce = context.removeprefix("4-")[:-16]
        return bool(nonce) and hmac.compare_digest(context.encode(), self.event_context(nonce).encode())

    async def emit_and_wait(self, subscription: str, event: Mapping[str, Any]) -> None:
        """Sends an event and waits for the app to acknowledge it, with the workspace's patience; not without an app."""
        task = self.emit(subscription, event)
        if task is not None and self.delivery is not None and self.delivery.connected:
            await asyncio.wait((task,), timeout=self.patience)

    async def close(self) -> None:
        """Stops what is under way."""
        self.schedules.stop()
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def refuse(self, sentence: str) -> None:
        """Records an answer of the app that Slack would have refused."""
        self.refusals.append(sentence)
        del self.refusals[:-200]
