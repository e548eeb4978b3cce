"""The way to the app that is in force: Socket Mode or HTTP, one or the other, as in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.workspace.delivery import Answer, EnvelopeKind, takes_answer
from bot.workspace.http import HttpDelivery, checked_url
from bot.workspace.manifest import InstalledApp, RequestUrls
from bot.workspace.socket import SocketMode
from bot.workspace.state import Workspace


class Transport:
    """Both ways, of which the app's manifest chooses one; without a word from it, HTTP where a Request URL is known.

    Raises `RequestUrlError` where the manifest chooses HTTP with addresses that are not on this machine.
    """

    def __init__(self, workspace: Workspace, socket_mode: SocketMode, http: HttpDelivery) -> None:
        self._workspace = workspace
        self.socket_mode = socket_mode
        self.http = http
        self.over_http = _wants_http(workspace.app)
        socket_mode.enabled = not self.over_http
        if self.over_http:
            http.use(workspace.app.urls)

    @property
    def connected(self) -> bool:
        """Whether an app is there to receive."""
        return self.http.connected if self.over_http else self.socket_mode.connected

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """See `Delivery.deliver`."""
        way = self.http if self.over_http else self.socket_mode
        return await way.deliver(kind, payload, accepts_answer=accepts_answer and takes_answer(kind, payload))

    async def use_http(self, urls: RequestUrls, *, verify: bool = True) -> None:
        """Switches to HTTP: Socket Mode's connections are told `link_disabled`. Unless `verify` is off, the app has to
        echo a challenge first. Raises `RequestUrlError`, and then nothing has changed."""
        for url in urls.all():
            checked_url(url)
        if verify and urls.events is not None:
            await self.http.verify(urls.events)
        self.http.use(urls)
        self.over_http = True
        if self.socket_mode.enabled:
            self.socket_mode.enabled = False
            await self.socket_mode.disconnect("link_disabled")

    def use_socket_mode(self) -> None:
        """Switches to Socket Mode; the Request URLs are forgotten."""
        self.http.use(RequestUrls())
        self.over_http = False
        self.socket_mode.enabled = True

    async def install(self, app: InstalledApp) -> None:
        """Puts another manifest in force. Raises `RequestUrlError`, and then nothing has changed."""
        if _wants_http(app):
            await self.use_http(app.urls)
        else:
            self.use_socket_mode()
        self._workspace.app = app
        self._workspace.touch(self._workspace.people)


def _wants_http(app: InstalledApp) -> bool:
    return bool(app.urls) if app.socket_mode is None else not app.socket_mode
