"""The workspace answers to this machine alone, whatever a browser is tricked into."""

from __future__ import annotations

from typing import Any

import aiohttp
import httpx
import pytest

from bot.workspace.guard import LoopbackGuard


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:{port}"}, 200),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "[::1]:{port}"}, 200),
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1.evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "127.0.0.1:{port}", "Origin": "https://evil.example"}, 403),
        ({"Host": "127.0.0.1:{port}", "Origin": "null"}, 403),
        ({"Host": "127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Host": "127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ],
)
async def test_only_requests_meant_for_this_machine_are_answered(served, headers, status) -> None:
    port = served.workspace.base_url.rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{served.page_url}person/U01SATO001/screen", headers=sent)
    assert answer.status_code == status


async def test_a_ticket_opens_socket_mode_whatever_origin_the_sdk_names(served) -> None:
    address, headers = f"{served.workspace.base_url}/link/?ticket=", {"Origin": "https://api.slack.com"}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(address + served.socket_mode.ticket(), headers=headers) as connection:
            assert (await connection.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(address + "guessed", headers=headers)


@pytest.mark.parametrize(("origin", "asked"), [("https://evil.example", False), ("http://127.0.0.1:80", True)])
async def test_every_other_web_socket_is_for_pages_of_the_workspace_itself(origin, asked) -> None:
    reached: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["path"])

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(_message: Any) -> None:
        pass

    headers = [(b"host", b"127.0.0.1:80"), (b"origin", origin.encode())]
    scope = {"type": "websocket", "path": "/page/socket", "headers": headers, "server": ("127.0.0.1", 80)}
    await LoopbackGuard(inner)(scope, receive, send)
    assert bool(reached) == asked


async def test_the_server_listens_on_the_loopback_interface_only(served) -> None:
    assert served.workspace.base_url.startswith("http://127.0.0.1:")
