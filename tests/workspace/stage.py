"""A workspace with one of everything in it, and calls whose arguments name those things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bot.workspace import payloads, posting, viewing
from bot.workspace.person import PersonClient
from bot.workspace.state import Workspace

GENERAL, IS_TEAM, HANDOFF = "C01GENERAL", "C01ISTEAM0", "C01HANDOFF"
SATO, TANAKA, KATO = "U01SATO001", "U01TANAKA1", "U01KATO001"
START = 1_700_000_000.0
TEXT = {"type": "plain_text", "text": "x"}
HOME = {"type": "home", "blocks": []}
MODAL = {"type": "modal", "title": TEXT, "blocks": []}
LARGE = {**HOME, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "あ" * 3000}}] * 40}
EVERY_USER_SCOPE = (
    "chat:write", "users.profile:write", "users.profile:read", "users:read", "identity.basic", "identity.email",
    "dnd:read", "dnd:write", "channels:history", "reactions:read", "reactions:write", "files:read", "files:write",
)  # fmt: skip


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Stage:
    """Names for the things in a workspace; a string argument `$name` stands for one of them."""

    def __init__(self, workspace: Workspace, clock: Clock, http: httpx.AsyncClient) -> None:
        self.workspace, self.clock, self.http = workspace, clock, http
        self.tokens = {"bot": workspace.bot_token, "app": workspace.app_token}
        self.things: dict[str, Any] = {"bot_user": workspace.bot_user, "bot_id": workspace.bot_id}
        self._set()

    def person(self, user: str) -> PersonClient:
        return PersonClient(self.workspace, user)

    def _set(self) -> None:
        workspace, bot = self.workspace, self.workspace.bot_user
        general, things = workspace.conversations[GENERAL], self.things
        things["theirs"] = posting.post(workspace, general, SATO, "見て https://example.com/a").ts
        things["mine"] = posting.post(workspace, general, bot, "私の").ts
        things["reply"] = posting.post(workspace, general, bot, "返信", thread_ts=things["mine"]).ts
        gone = posting.post(workspace, general, bot, "消す")
        posting.post(workspace, general, bot, "残る", thread_ts=gone.ts)
        posting.delete(workspace, general, gone)
        things["deleted"] = gone.ts
        things["whisper"] = posting.post_ephemeral(workspace, general, SATO, "内緒").ts
        things["elsewhere"] = workspace.add_channel("elsewhere", SATO).id
        posting.post(workspace, workspace.conversations[things["elsewhere"]], SATO, "よそ")
        things["their_ts_elsewhere"] = workspace.conversations[things["elsewhere"]].timeline[-1]
        things["secret"] = workspace.add_channel("secret", SATO, private=True).id
        things["own"] = workspace.add_channel("own", bot).id
        things["hers"] = workspace.add_channel("alone", bot, private=True).id
        archived = workspace.add_channel("old", bot)
        things["in_archived"] = posting.post(workspace, archived, bot, "昔").ts
        archived.archived, things["archived"] = True, archived.id
        dm = workspace.im(bot, SATO)
        things["dm"], things["in_dm"] = dm.id, posting.post(workspace, dm, SATO, "はい").ts
        things["trigger"] = payloads.trigger(workspace, SATO)
        things["spent"] = payloads.trigger(workspace, SATO)
        workspace.triggers.look_at(things["spent"]).used = True
        view = viewing.open_modal(workspace, KATO, {**MODAL, "external_id": "kato"})
        things["view"], things["view_trigger"] = view.id, payloads.trigger(workspace, KATO, view)
        top = viewing.open_modal(workspace, TANAKA, MODAL)
        viewing.push_modal(workspace, TANAKA, MODAL)
        top = viewing.push_modal(workspace, TANAKA, MODAL)
        things["full_trigger"] = payloads.trigger(workspace, TANAKA, top)
        viewing.publish(workspace, KATO, HOME)
        things["client_id"], things["client_secret"] = workspace.grants.client_id, workspace.grants.client_secret
        things["code"] = workspace.grants.consent(SATO, ("chat:write",), (), "https://example.com/back")
        things["bare_code"] = workspace.grants.consent(SATO, (), (), None)
        things["pkce_code"] = workspace.grants.consent(SATO, ("chat:write",), (), None, "wanted")
        things["event_context"] = workspace.event_context("nonce")
        self.tokens["user"] = workspace.grants.user_token(SATO, EVERY_USER_SCOPE)
        self.tokens["narrow"] = workspace.grants.user_token(KATO, ("chat:write",))
        dead = workspace.grants.user_token(TANAKA, ("chat:write",))
        workspace.grants.dead[dead] = "token_revoked"
        self.tokens["dead"] = dead

    async def call(self, method: str, arguments: Mapping[str, Any] | None = None, who: str = "bot") -> dict[str, Any]:
        """One call with the token of that name (none for ""), as JSON."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        response = await self.http.post(method, json=self.filled(arguments or {}), headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def prepare(self, step: tuple[Any, ...]) -> None:
        """Makes a call that has to succeed. A step is (method, arguments), with (name, path) to remember a part of the
        answer under a name, with a token's name at the end where it is not the bot's."""
        method, arguments, *more = step
        keep = next((one for one in more if isinstance(one, tuple)), None)
        answer = await self.call(method, arguments, next((one for one in more if isinstance(one, str)), "bot"))
        assert answer["ok"], (method, answer)
        if keep is not None:
            found: Any = answer
            for part in keep[1].split("."):
                found = found[part]
            self.things[keep[0]] = found

    def filled(self, value: Any) -> Any:
        """The value with every `$name` replaced by the thing of that name, where there is one."""
        if isinstance(value, str) and value.startswith("$"):
            return self.things.get(value[1:], value)
        if isinstance(value, Mapping):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return value
