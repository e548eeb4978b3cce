"""An app that keeps every payload it gets and answers as a test says, and the small forms it shows."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.workspace.person import PersonClient

GENERAL, IS_TEAM = "C01GENERAL", "C01ISTEAM0"
SATO, KATO = "U01SATO001", "U01KATO001"
COMMON = {"type", "team", "user", "api_app_id", "token", "enterprise", "is_enterprise_install"}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": {"action_id": "a", **element},
        **more,
    }


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("form"),
        "submit": plain("ok"),
        "blocks": list(blocks),
        **more,
    }


NAME = field("name", {"type": "plain_text_input"})


class Recorder:
    """An app that keeps every payload and answers as the test says."""

    def __init__(self, app: AsyncApp) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.view: dict[str, Any] = modal(NAME)
        self.answer: dict[str, Any] = {}
        self.options: list[dict[str, Any]] = []
        self.hold: asyncio.Event | None = None

        @app.command("/open")
        async def command(ack, body, client):
            self.bodies.append(body)
            await client.views_open(trigger_id=body["trigger_id"], view=self.view)
            await ack()

        @app.action(re.compile(".*"))
        async def action(ack, body):
            self.bodies.append(body)
            await ack()

        @app.options(re.compile(".*"))
        async def options(ack, body):
            self.bodies.append(body)
            await ack(options=self.options)

        @app.view("form")
        async def submitted(ack, body):
            self.bodies.append(body)
            if self.hold is not None:
                await self.hold.wait()
            await ack(**self.answer)

        @app.view_closed("form")
        async def closed(ack, body):
            self.bodies.append(body)
            await ack()

        for name in ("everywhere", "on_message"):

            @app.shortcut(name)
            async def shortcut(ack, body):
                self.bodies.append(body)
                await ack()

        for event in (
            "message",
            "app_mention",
            "app_home_opened",
            "file_shared",
            "member_joined_channel",
            "reaction_added",
        ):

            @app.event(event)
            async def happened(body):
                self.bodies.append(body)

    @property
    def last(self) -> dict[str, Any]:
        return self.bodies[-1]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body["event"] for body in self.bodies if body.get("event", {}).get("type") == kind]


async def opened(recorder: Recorder, sato: PersonClient, view: dict[str, Any]) -> dict[str, Any]:
    recorder.view = view
    await sato.command(GENERAL, "/open")
    return sato.screen()["views"][-1]
