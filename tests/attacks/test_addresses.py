"""Servers that members name are asked on the public internet and in allowed networks only, and cannot flood us."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.settings import Settings
from domain.appointments import Problem
from domain.errors import Refused
from services.calendars import connecting, guarded
from services.calendars.calendar import Access, Kind, Unusable
from services.calendars.opening import open_calendar
from services.networks import acceptable, networks, reachable
from services.oauth import OAuthApps
from tests.servers.http import web
from tests.services.office import Office

HERE = networks("127.0.0.1/32")
PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104 - asked for, not bound to
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_asked_only_where_its_network_is_allowed(address: str) -> None:
    assert not reachable(address, ())
    assert not reachable(address, networks("198.51.100.0/24, 2001:db8::/32"))
    assert reachable(address, networks("0.0.0.0/0, ::/0"))


@pytest.mark.parametrize("address", ["203.0.114.1", "17.248.1.1", "2001:4860:4860::8888", "64:ff9b::1101:101"])
def test_public_address_is_asked(address: str) -> None:
    assert reachable(address, ())


@given(st.ip_addresses())
def test_no_address_that_is_not_public_is_asked_in_any_of_its_spellings(address: IPv4Address | IPv6Address) -> None:
    spellings = [str(address)]
    if isinstance(address, IPv4Address):
        spellings += [f"::ffff:{address}", str(ip_address((0x64FF9B << 96) + int(address)))]
    if not address.is_global:
        assert not any(reachable(spelling, ()) for spelling in spellings)


@pytest.mark.parametrize("named", ["10.0.0.0/33", "the office", "10.0.0.1/8"])
def test_what_is_no_network_is_no_setting(named: str) -> None:
    with pytest.raises(ValidationError, match="caldav_private_networks"):
        Settings(_env_file=None, caldav_private_networks=named)


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example.com/",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://calendar.example.com/",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
        "https://user:pw@calendar.example.com/",
        "https://calendar.example.com:99999/",
        "https://[::1/",
        "https:///",
        "//calendar.example.com/",
    ],
)
def test_password_goes_only_where_nobody_reads_it_on_the_way(url: str) -> None:
    assert not acceptable(url)


class Listening:
    """A port of this machine that notes who connects."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0

    async def _connected(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Listening]:
        """Until the block ends."""
        found = cls()
        server = await asyncio.start_server(found._connected, "127.0.0.1", 0)
        found.port = server.sockets[0].getsockname()[1]
        async with server:
            yield found


async def checked(url: str) -> Problem:
    """Why a calendar at an address cannot be used."""
    calendar = open_calendar(Access(Kind.CALDAV, "Asia/Tokyo", url, "", {"name": "x", "password": "y"}), OAuthApps())
    try:
        await calendar.check()
    except Unusable as unusable:
        return unusable.problem
    finally:
        await calendar.close()
    raise AssertionError("the calendar was read")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    async with Listening.opened() as listening:
        problem = await checked(f"https://{host}:{listening.port}/")
        # A name that the system does not know at all is as good as a refusal.
        assert problem in (Problem.PRIVATE, Problem.UNREACHABLE)
        assert listening.connections == 0


async def test_name_that_leads_into_a_private_network_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolved(host: Any, port: Any, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    async with Listening.opened() as listening:
        assert await checked(f"https://calendar.example.com:{listening.port}/") is Problem.PRIVATE
        assert listening.connections == 0


async def test_member_is_told_that_the_address_is_private_and_nothing_is_kept(office: Office) -> None:
    public = replace(office.deps, calendar_networks=())
    with pytest.raises(Unusable) as unusable:
        await connecting.connect_caldav(public, office.ito, url="https://10.0.0.1/", name="x", password="y")
    assert unusable.value.problem is Problem.PRIVATE
    with pytest.raises(Refused):
        await connecting.connect_caldav(public, office.ito, url="http://127.0.0.1/", name="x", password="y")
    assert await connecting.connection(public, office.ito) is None


# A server that may be asked, and means harm


@asynccontextmanager
async def hostile(answer: Any) -> AsyncIterator[str]:
    """The address of a server that answers everything so."""
    methods = ["GET", "PROPFIND"]
    async with web(Starlette(routes=[Route("/{path:path}", answer, methods=methods)])) as url:
        yield f"{url}/"


async def asked(url: str, seconds: float = 20.0) -> Any:
    session = guarded.guarded(url, HERE, seconds)
    try:
        return await session.request("PROPFIND", url)
    finally:
        await session.close()


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.2:{port}/",
        "http://127.0.0.2:{port}/",
        "https://[::1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://calendar.example.com:{port}/",
    ],
)
@pytest.mark.parametrize("status", [302, 307])
async def test_redirect_leads_to_no_private_address(target: str, status: int) -> None:
    async with Listening.opened() as listening:

        async def lead_on(_request: Request) -> Response:
            return RedirectResponse(target.format(port=listening.port), status)

        async with hostile(lead_on) as url:
            with pytest.raises(Unusable) as unusable:
                await asked(url)
        assert unusable.value.problem is Problem.PRIVATE
        assert listening.connections == 0


async def test_redirect_within_the_allowed_network_is_followed() -> None:
    async def lead_on(request: Request) -> Response:
        return PlainTextResponse("here") if request.url.path == "/there" else RedirectResponse("/there", 307)

    async with hostile(lead_on) as url:
        assert (await asked(url)).content == b"here"


@pytest.mark.parametrize("status", [207, 302])
async def test_answer_larger_than_any_calendar_is_broken_off(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(guarded, "MOST_BYTES", 1_000_000)

    async def much() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 65_536
            await asyncio.sleep(0)

    async def flood(_request: Request) -> Response:
        return StreamingResponse(much(), status, {"Location": "/"})

    async with hostile(flood) as url:
        with pytest.raises(Unusable, match="too large"):
            await asked(url)


async def test_packed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    async def packed(_request: Request) -> Response:
        return Response(bomb, 207, {"Content-Encoding": "gzip"})

    async with hostile(packed) as url:
        with pytest.raises(Unusable, match="packed"):
            await asked(url)


async def test_answer_that_only_drips_is_not_waited_for() -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(3000):
            yield b"x"
            await asyncio.sleep(0.01)

    async def drip(_request: Request) -> Response:
        return StreamingResponse(drops(), 207)

    async with hostile(drip) as url:
        with pytest.raises(Unusable) as unusable:
            await asked(url, 0.3)
    assert unusable.value.problem is Problem.SLOW


async def test_entities_of_an_answer_are_not_read_from_this_machine(tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("planted")
    body = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><x xmlns="DAV:">&e;</x>'

    async def tell(_request: Request) -> Response:
        return Response(body, 207, media_type="application/xml")

    from services.calendars.caldav_calendar import _Client

    async with hostile(tell) as url:
        client = _Client(url, HERE)
        try:
            answer = await client.propfind(url)
        finally:
            await client.close()
    assert "planted" not in "".join(answer.tree.itertext())
