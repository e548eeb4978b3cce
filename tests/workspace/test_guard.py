"""The workspace answers to this machine alone, whatever a browser is tricked into."""

from __future__ import annotations

import aiohttp
import httpx
import pytest


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


async def test_a_web_socket_of_another_origin_is_refused(served) -> None:
    address = f"{served.workspace.base_url}/link/?ticket={served.socket_mode.ticket()}"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(address, headers={"Origin": "https://evil.example"})


async def test_the_server_listens_on_the_loopback_interface_only(served) -> None:
    assert served.workspace.base_url.startswith("http://127.0.0.1:")
