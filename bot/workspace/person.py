"""`PersonClient`: the one way in which a member acts. The HTTP routes and the page both go through it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from bot.workspace import assistant, inputs, payloads, posting, viewing, windows
from bot.workspace.answers import apply_command_answer, apply_submission_answer, read_options
from bot.workspace.delivery import Answer
from bot.workspace.described import file_object
from bot.workspace.fields import Fields, complaints, element_of
from bot.workspace.files import MAXIMUM_SIZE, File
from bot.workspace.messages import Conversation, Message
from bot.workspace.refusals import PersonError
from bot.workspace.richtext import typed_message
from bot.workspace.screen import screen, shown_message, shown_view
from bot.workspace.state import Workspace
from bot.workspace.views import View

__all__ = ["PersonClient", "PersonError"]

_EMOJI = re.compile(r"[a-z0-9_+'\-぀-ヿ一-鿿]{1,100}(?:::skin-tone-[2-6])?")
_NO_ANSWER = {
    "dispatch_failed": "The app is not connected, so it could not be reached.",
    "operation_timeout": "The app did not answer within 3 seconds.",
    "http_client_error": "The app answered with an error.",
    "http_service_error": "The app answered with an error.",
    "app_missing_action_url": "The app has named no address for this.",
}


class PersonClient:
    """Acts as one member of a workspace. Cheap to make; holds no state of its own. Raises `PersonError`."""

    def __init__(self, workspace: Workspace, user: str) -> None:
        if user not in workspace.people:
            raise PersonError(404, f"There is no member {user}.")
        self._workspace = workspace
        self._fields = Fields(workspace, user)
        self.user = user

    # Seeing

    @property
    def version(self) -> int:
        """The number of the last change this person can see."""
        return self._workspace.version(self.user)

    async def changed(self, since: int) -> int:
        """Waits until the version is greater than `since`; returns it."""
        return await self._workspace.changed(self.user, since)

    def screen(self, limit: int = 200, only: Collection[str] | None = None) -> dict[str, Any]:
        """All that the person sees, with the newest `limit` top-level messages of each conversation (where `only` is
        given, of those alone)."""
        return screen(self._workspace, self.user, limit, only)

    def older(self, channel: str, before: str, limit: int = 200) -> dict[str, Any]:
        """The `limit` top-level messages before a timestamp, with their threads, as in `screen`."""
        return windows.older(self._workspace, self._conversation(channel), self.user, before, limit)

    def window(self, channel: str, first: str, last: str | None, limit: int) -> dict[str, Any]:
        """The top-level messages from one timestamp to another (None: to the newest), as `windows.window`."""
        return windows.window(self._workspace, self._conversation(channel), self.user, first, last, limit)

    def thread(self, channel: str, ts: str, limit: int = 200) -> dict[str, Any]:
        """The `parent` of a thread and its newest `replies`, as `windows.thread`."""
        conversation = self._conversation(channel)
        return windows.thread(self._workspace, conversation, self.user, self._message(conversation, ts), limit)

    def look(self, channel: str, ts: str) -> dict[str, Any]:
        """One message, wherever it stands."""
        return shown_message(self._workspace, self._message(self._conversation(channel), ts), self.user)

    def step(self, channel: str, ts: str, by: int) -> str:
        """The timestamp of the top-level message `by` places after one, as `windows.step`."""
        return windows.step(self._conversation(channel), ts, by)

    def file(self, file_id: str) -> tuple[str, str, bytes]:
        """Name, media type and bytes of a file that was shared with this person or is their own."""
        file = self._workspace.files.files.get(file_id)
        # What the app has uploaded without sharing it stands in its blocks, as a picture that is named by its id.
        shared = file is not None and (
            file.owner in (self.user, self._workspace.bot_user)
            or any(self.user in self._workspace.conversations[channel].members for channel in file.shares)
        )
        if file is None or not shared or file.content is None:
            raise PersonError(404, f"There is no file {file_id} for you.")
        return file.name, file.mimetype, file.content

    # Speaking

    async def command(self, channel: str, command: str, text: str = "", thread_ts: str | None = None) -> dict[str, Any]:
        """Runs a slash command; returns what the app answered at once, if anything."""
        conversation = self._conversation(channel)
        if not command.startswith("/"):
            command = f"/{command}"
        known = self._workspace.app.command(command)
        if known is None:
            sentence = (
                f"`{command}` is not a valid command. In Slack, all messages that start with the “/” character "
                "are interpreted as commands."
            )
            return {"ok": True, "response": self._slackbot(conversation, sentence, thread_ts)}
        if thread_ts is not None:
            sentence = f"`{command}` is not supported in threads. Sorry!"
            return {"ok": True, "response": self._slackbot(conversation, sentence, thread_ts)}
        if known.should_escape:
            text = typed_message(self._workspace, text)[0]
        payload = payloads.command(self._workspace, self.user, conversation, command, text)
        answer = await self._deliver("slash_commands", payload)
        if not answer.acknowledged:
            sentence = f"{command} failed with the error “{answer.reason}”"
            return {"ok": True, "response": self._slackbot(conversation, sentence, None), "error": answer.reason}
        message = apply_command_answer(self._workspace, conversation, self.user, command, answer.payload)
        return {"ok": True, "response": shown_message(self._workspace, message) if message is not None else None}

    async def message(self, channel: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        """Writes a message, in a thread where one is named. Typed @names become mentions."""
        conversation = self._conversation(channel, member=True)
        if not text.strip():
            raise PersonError(400, "A message needs a text.")
        if len(text) > 12_000:
            raise PersonError(400, "A message can have at most 12,000 characters.")
        parent = self._parent(conversation, thread_ts)
        written, blocks = typed_message(self._workspace, text)
        message = posting.post(
            self._workspace,
            conversation,
            self.user,
            written,
            blocks=[blocks],
            thread_ts=parent,
            client_msg_id=str(uuid.uuid4()),
        )
        return {"ok": True, "ts": message.ts}

    async def upload(
        self, channel: str, filename: str, content: bytes, text: str = "", thread_ts: str | None = None
    ) -> dict[str, Any]:
        """Drops a file into a conversation."""
        conversation = self._conversation(channel, member=True)
        if not filename or "/" in filename or "\x00" in filename:
            raise PersonError(400, "A file needs a name without slashes.")
        if len(content) > MAXIMUM_SIZE:
            raise PersonError(413, "A file can have at most 1 GB.")
        parent = self._parent(conversation, thread_ts)
        file = self._new_file(filename, content)
        written = typed_message(self._workspace, text)[0] if text else ""
        message = posting.share(self._workspace, conversation, [file], self.user, written, thread_ts=parent)
        return {"ok": True, "ts": message.ts, "file": file_object(self._workspace, file)}

    async def attach(self, filename: str, content: bytes) -> dict[str, Any]:
        """Uploads a file for a file input; its id is then a value for `submit`. It is shared nowhere."""
        return {"ok": True, "file": file_object(self._workspace, self._new_file(filename, content))}

    async def react(self, channel: str, ts: str, name: str) -> dict[str, Any]:
        """Adds a reaction, or takes the person's own back."""
        conversation = self._conversation(channel, member=True)
        message = conversation.messages.get(ts)
        if message is None:
            raise PersonError(404, f"There is no message {ts} in {channel}.")
        name = name.strip(":")
        if not _EMOJI.fullmatch(name):
            raise PersonError(400, f"{name!r} is not the name of an emoji.")
        add = self.user not in message.reactions.get(name, ())
        posting.react(self._workspace, conversation, message, self.user, name, add=add)
        return {"ok": True, "added": add}

    async def read(self, channel: str) -> dict[str, Any]:
        """Marks a conversation as read."""
        conversation = self._conversation(channel)
        if conversation.unread.pop(self.user, 0) + conversation.mentions.pop(self.user, 0):
            self._workspace.touch((self.user,))
        if conversation.timeline:
            conversation.last_read[self.user] = conversation.timeline[-1]
        return {"ok": True}

    async def open_dm(self, user: str) -> dict[str, Any]:
        """The direct message with a member or with the app."""
        if not self._workspace.is_user(user):
            raise PersonError(404, f"There is no member {user}.")
        return {"ok": True, "channel": self._workspace.im(self.user, user).id}

    async def join(self, channel: str) -> dict[str, Any]:
        """Joins a public channel."""
        conversation = self._conversation(channel)
        if self.user not in conversation.members:
            self._workspace.join(conversation, self.user)
        return {"ok": True}

    async def invite(self, channel: str, user: str) -> dict[str, Any]:
        """Invites a member, or the app, into a channel one is in."""
        conversation = self._conversation(channel, member=True)
        if not self._workspace.is_user(user):
            raise PersonError(404, f"There is no member {user}.")
        if user not in conversation.members:
            self._workspace.join(conversation, user, self.user)
        return {"ok": True}

    # Acting on what the app shows

    async def action(
        self,
        *,
        action_id: str,
        block_id: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        view_id: str | None = None,
        value: Any = None,
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Presses or sets an element of a message (channel and ts), a modal or the home (view_id). `state` is what has
        been typed elsewhere in the same view so far."""
        if view_id is not None:
            view = self._view(view_id)
            block, element = element_of(view.blocks, action_id, block_id)
            if state:
                self._fields.type_in(view, state)
            entry = self._fields.act(block, element, view.values, view.id, value)
            view.touched.add(inputs.key_of(block, element))
            view.errors.pop(block["block_id"], None)
            self._workspace.touch((self.user,))
            if block.get("type") == "input" and not block.get("dispatch_action"):
                return {"ok": True}
            return self._told(await self._interact(payloads.view_actions(self._workspace, self.user, view, [entry])))
        if channel is None or ts is None:
            raise PersonError(400, "An action needs view_id, or channel and ts.")
        conversation = self._conversation(channel)
        message = self._message(conversation, ts)
        block, element = element_of(message.blocks or [], action_id, block_id)
        if message.chosen is None:
            message.chosen = {}
        chosen = message.chosen.setdefault(self.user, {})
        for key, typed in (self._fields.typed(message.blocks or [], state, message.ts) if state else {}).items():
            chosen[key] = typed
        entry = self._fields.act(block, element, chosen, ts, value)
        self._workspace.touch((self.user,))
        if block.get("type") == "input" and not block.get("dispatch_action"):
            return {"ok": True}
        payload = payloads.message_actions(self._workspace, self.user, conversation, message, [entry])
        return self._told(await self._interact(payload))

    async def options(
        self,
        *,
        action_id: str,
        query: str,
        block_id: str | None = None,
        view_id: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
    ) -> dict[str, Any]:
        """What an external select offers for the letters typed. Below `min_query_length` (3 unless the app says
        otherwise) nobody is asked and nothing offered, as in Slack."""
        place: View | tuple[Conversation, Message]
        if view_id is not None:
            place = self._view(view_id)
            blocks, key = place.blocks, place.id
        elif channel is not None and ts is not None:
            place = (conversation := self._conversation(channel), message := self._message(conversation, ts))
            blocks, key = message.blocks or [], message.ts
        else:
            raise PersonError(400, "Options need view_id, or channel and ts.")
        block, element = element_of(blocks, action_id, block_id)
        if element["type"] not in ("external_select", "multi_external_select"):
            raise PersonError(400, f"{action_id} is not an external select.")
        if len(query) < element.get("min_query_length", 3):
            return {"ok": True, "options": []}
        payload = payloads.suggestion(self._workspace, self.user, block["block_id"], action_id, query, place)
        answer = await self._interact(payload)
        if not answer.acknowledged:
            return self._told(answer)
        return read_options(self._workspace, key, (block["block_id"], action_id), answer.payload)

    async def submit(self, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Submits a modal with plain values by block_id and action_id. `result` is closed, errors, updated, pushed, or
        failed where the app did not answer or answered what Slack refuses (then `error` says so)."""
        view = self._view(view_id)
        if view.type != "modal":
            raise PersonError(400, "Only a modal can be submitted.")
        if view is not self._workspace.views.top(self.user):
            raise PersonError(409, "Another modal lies on top of this one.")
        if view.submitting:
            raise PersonError(409, "This modal has just been submitted; the app has not answered yet.")
        if view.submit is None and not any(block.get("type") == "input" for block in view.blocks):
            raise PersonError(400, "This modal has no submit button.")
        if view.submit_disabled and not view.touched and not values:
            raise PersonError(409, "The submit button is disabled until something has been put in.")
        self._fields.type_in(view, values)
        view.notice = None
        view.errors = complaints(view)
        if view.errors:
            self._workspace.touch((self.user,))
            return {"result": "errors", "errors": dict(view.errors), "view": shown_view(view)}
        view.submitting = True
        try:
            answer = await self._interact(payloads.submission(self._workspace, self.user, view))
        finally:
            view.submitting = False
        if not answer.acknowledged:
            view.notice = "We had some trouble connecting. Try again?"
            self._workspace.touch((self.user,))
            return {"result": "failed", "error": view.notice, "reason": answer.reason, "view": shown_view(view)}
        outcome, gone = apply_submission_answer(self._workspace, view, answer.payload)
        await self._tell_closed(gone, cleared=True)
        return outcome

    async def close(self, view_id: str) -> dict[str, Any]:
        """Closes a modal; with it all others where it says `clear_on_close`. Returns the modal then on top."""
        view = self._view(view_id)
        if view.type != "modal":
            raise PersonError(400, "Only a modal can be closed.")
        store = self._workspace.views
        gone = store.clear(self.user) if view.clear_on_close else store.pop(view)
        self._workspace.touch((self.user,))
        await self._tell_closed(gone, cleared=view.clear_on_close)
        top = store.top(self.user)
        return {"ok": True, "view": shown_view(top) if top is not None else None}

    async def home(self) -> dict[str, Any]:
        """Opens the app's home tab: the app is told, and has 3 seconds to publish before the answer is given."""
        workspace = self._workspace
        if not workspace.app.home_tab:
            raise PersonError(404, "The app has no home tab.")
        current = workspace.views.homes.get(self.user)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": self.user,
            "channel": workspace.im(self.user, workspace.bot_user).id,
            "tab": "home",
        }
        if current is not None:
            event["view"] = payloads.full_view(workspace, current)
        await workspace.emit_and_wait("app_home_opened", event)
        current = workspace.views.homes.get(self.user)
        return {"ok": True, "view": shown_view(current) if current is not None else None}

    async def assistant(self, channel: str | None = None, thread_ts: str | None = None) -> dict[str, Any]:
        """Opens a new thread with the app, which is told so; `channel` is the one the person has open beside it. With
        `thread_ts` the person goes to that channel with the thread open."""
        workspace = self._workspace
        if not workspace.app.assistant:
            raise PersonError(404, "The app has no assistant.")
        looking_at = self._conversation(channel) if channel is not None else None
        direct = workspace.im(self.user, workspace.bot_user)
        if thread_ts is None:
            root = assistant.start_thread(workspace, self.user, looking_at)
        else:
            root = self._message(direct, thread_ts)
            if root.subtype != assistant.ROOT_SUBTYPE:
                raise PersonError(404, f"{thread_ts} is no thread with the app.")
            assistant.change_context(workspace, self.user, direct, root, looking_at)
        return {"ok": True, "channel": direct.id, "thread_ts": root.ts}

    async def shortcut(self, callback_id: str, channel: str | None = None, ts: str | None = None) -> dict[str, Any]:
        """Runs a shortcut of the app: global, or on a message where channel and ts are given."""
        known = self._workspace.app.shortcuts
        on_message = channel is not None and ts is not None
        if known is not None:
            wanted = "message" if on_message else "global"
            if not any(entry.callback_id == callback_id and entry.type == wanted for entry in known):
                raise PersonError(404, f"The app has no {wanted} shortcut {callback_id}.")
        conversation = message = None
        if channel is not None and ts is not None:
            conversation = self._conversation(channel)
            message = self._message(conversation, ts)
        payload = payloads.shortcut(self._workspace, self.user, callback_id, conversation, message)
        return self._told(await self._interact(payload))

    # Inside

    def _conversation(self, channel: str, *, member: bool = False) -> Conversation:
        conversation = self._workspace.conversations.get(channel) or self._workspace.find_channel(channel)
        if conversation is None or (conversation.kind != "channel" and self.user not in conversation.members):
            raise PersonError(404, f"There is no channel {channel} for you.")
        if member and self.user not in conversation.members:
            raise PersonError(403, f"You are not in #{conversation.name}; join it first.")
        return conversation

    def _message(self, conversation: Conversation, ts: str) -> Message:
        message = conversation.seen_by(self.user, ts)
        if message is None:
            raise PersonError(404, f"There is no message {ts} in {conversation.id}.")
        return message

    def _parent(self, conversation: Conversation, thread_ts: str | None) -> str | None:
        if thread_ts is None:
            return None
        message = conversation.messages.get(thread_ts)
        if message is None:
            raise PersonError(404, f"There is no message {thread_ts} in {conversation.id}.")
        # Threads are one level deep: who answers a reply answers in its thread.
        return message.thread_ts or thread_ts

    def _new_file(self, filename: str, content: bytes) -> File:
        mint = self._workspace.mint
        now = int(self._workspace.clock())
        file = File(mint.id("F"), filename, self.user, now, len(content), mint.secret(), mint.secret(), content=content)
        file.completed = True
        self._workspace.files.add(file)
        return file

    def _view(self, view_id: str) -> View:
        view = self._workspace.views.views.get(view_id)
        if view is None or view.user != self.user:
            raise PersonError(404, f"You have no view {view_id} open.")
        return view

    async def _deliver(self, kind: Any, payload: Mapping[str, Any]) -> Answer:
        delivery = self._workspace.delivery
        if delivery is None:
            return Answer(False, reason="dispatch_failed")
        return await delivery.deliver(kind, payload, accepts_answer=True)

    async def _interact(self, payload: Mapping[str, Any]) -> Answer:
        return await self._deliver("interactive", payload)

    def _told(self, answer: Answer) -> dict[str, Any]:
        if answer.acknowledged:
            return {"ok": True}
        return {"ok": False, "error": _NO_ANSWER[answer.reason or "dispatch_failed"], "reason": answer.reason}

    async def _tell_closed(self, gone: list[View], *, cleared: bool) -> None:
        for payload in viewing.close_notices(self._workspace, gone, cleared=cleared):
            await self._interact(payload)

    def _slackbot(self, conversation: Conversation, sentence: str, thread_ts: str | None) -> dict[str, Any]:
        message = posting.post_ephemeral(
            self._workspace, conversation, self.user, sentence, thread_ts=thread_ts, author="USLACKBOT"
        )
        return shown_message(self._workspace, message)
