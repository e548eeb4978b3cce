"""A real Radicale process: a CalDAV server with two people, each with a password of their own."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from services.networks import networks

PEOPLE = {"ito": "correct horse", "kato": "battery staple"}
LOOPBACK = networks("127.0.0.0/8")
"""The networks that are to be allowed for it."""
START_SECONDS = 30.0
_CALENDAR = """<?xml version="1.0" encoding="UTF-8"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>
<resourcetype><collection/><C:calendar/></resourcetype><displayname>{name}</displayname>
<C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set>
</prop></set></mkcol>"""


@asynccontextmanager
async def radicale(folder: Path) -> AsyncIterator[str]:
    """The server's address until the block ends. `ito` and `kato` have a list of tasks and the calendar `work`."""
    users = folder / "users"
    users.write_text("".join(f"{name}:{password}\n" for name, password in PEOPLE.items()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"127.0.0.1:{port}"),
        *("--storage-filesystem-folder", str(folder / "collections"), "--auth-type", "htpasswd"),
        *("--auth-htpasswd-filename", str(users), "--auth-htpasswd-encryption", "plain", "--auth-delay", "0"),
        *("--logging-level", "error"),
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(url)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            for name, password in PEOPLE.items():
                for collection, component in (("tasks", "VTODO"), ("visits", "VEVENT")):
                    made = await client.request(
                        "MKCOL",
                        f"{url}{name}/{collection}/",
                        content=_CALENDAR.format(name=collection, component=component),
                        auth=(name, password),
                    )
                    assert made.status_code == 201, made.text
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def put(url: str, name: str, entry: str, text: str) -> None:
    """An entry of the person's own calendar, as another program would write it."""
    async with httpx.AsyncClient() as client:
        made = await client.put(
            f"{url}{name}/visits/{entry}",
            content=text.encode(),
            auth=(name, PEOPLE[name]),
            headers={"Content-Type": "text/calendar; charset=utf-8"},
        )
        assert made.status_code in (201, 204), made.text


async def entries(url: str, name: str) -> str:
    """Everything in the person's calendar, as one iCalendar object."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}{name}/visits/", auth=(name, PEOPLE[name]))).text
