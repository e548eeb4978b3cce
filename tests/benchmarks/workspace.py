"""The embedded workspace by itself: envelopes a second, the page, memory.

    python -m tests.benchmarks.workspace [--envelopes 2000] [--loads 10] [--messages 100000] [--only PART]

Each figure stands beside a floor that was measured in the same run, in turns with it, and their ratio:

envelopes  commands handed to an app that only acknowledges, one at a time and 32 at a time. Floor over Socket Mode: the
           same frames from a bare WebSocket server (the same library and settings) to the same client. Floor over
           HTTP: the same bodies, posted by the same HTTP client to the same app, unsigned.
page       from the address to the newest message in sight, in Chromium, with 200 messages in the channel. Floor: a
           static file of the same server, opened in the same browser.
memory     what the process grew by after so many messages, one in five with blocks. Floors: the same messages as
           Python dictionaries, and the length of the same messages as JSON text.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from bot.workspace import posting
from bot.workspace.described import message_object
from bot.workspace.manifest import RequestUrls
from bot.workspace.server import RunningWorkspace, running
from bot.workspace.state import Workspace
from bot.workspace.team import EXAMPLE

GENERAL, SATO, KATO = "C01GENERAL", "U01SATO001", "U01KATO001"
ROUNDS = 3
SHOWN = 200
Send = Callable[[], Awaitable[None]]


def command() -> dict[str, str]:
    """What Slack sends for a slash command, with fields of the usual lengths."""
    return {
        "token": "x" * 24,
        "team_id": "T01BENCH00",
        "team_domain": "bench",
        "channel_id": GENERAL,
        "channel_name": "general",
        "user_id": SATO,
        "user_name": "sato",
        "command": "/lead",
        "text": "find 青空商事",
        "api_app_id": "A01BENCH00",
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:8025/response/commands/T01BENCH00/" + "x" * 32,
        "trigger_id": "1.1." + "x" * 32,
    }


@asynccontextmanager
async def app(kind: str, address: str, **environment: str) -> AsyncIterator[None]:
    """One of the apps as a process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.workspace_app", kind, address), env={**os.environ, **environment}
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def until(check: Callable[[], object]) -> None:
    """Wait, a minute at the most."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - nobody tells when an app comes
            await asyncio.sleep(0.02)


async def per_second(send: Send, count: int, at_once: int) -> float:
    """How many a second, so many at a time."""
    left = iter(range(count))

    async def person() -> None:
        for _ in left:
            await send()

    began = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    return count / (time.perf_counter() - began)


async def compare(name: str, ways: Sequence[tuple[str, Send]], count: int) -> None:
    """Measure several ways in turns and print each with its ratio to the first, the floor."""
    for at_once in (1, 32):
        rates: dict[str, list[float]] = {way: [] for way, _ in ways}
        for _ in range(ROUNDS):
            for way, send in ways:
                await per_second(send, max(count // 20, at_once), at_once)
                rates[way].append(await per_second(send, count, at_once))
        floor = statistics.median(rates[ways[0][0]])
        for way, _ in ways:
            rate = statistics.median(rates[way])
            print(f"{name:12} {way:34} {at_once:7} {rate:10.0f} {floor / rate:7.2f}", flush=True)


class BareServer:
    """Sends frames over one WebSocket and waits for a frame in return: no tickets, no ids, no turns, no time limit."""

    def __init__(self) -> None:
        self.send: Callable[[Any], Awaitable[None]] | None = None
        self._waiting: deque[asyncio.Future[str]] = deque()
        self._frame = json.dumps({"envelope_id": "x" * 36, "type": "slash_commands", "payload": command()})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.send = send
        while (event := await receive())["type"] == "websocket.receive":
            self._waiting.popleft().set_result(event["text"])

    async def exchange(self) -> None:
        """One frame there and one back."""
        assert self.send is not None
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await self.send({"type": "websocket.send", "text": self._frame})
        await future


def listener() -> socket.socket:
    """A socket at a free port of this machine, without Nagle's algorithm, as the workspace's own."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    return made


@asynccontextmanager
async def bare_server() -> AsyncIterator[BareServer]:
    """The floor of Socket Mode, with its client connected."""
    bare, at = BareServer(), listener()
    config = uvicorn.Config(
        bare, log_level="error", ws="websockets-sansio", ws_per_message_deflate=False, lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[at]))
    async with app("socket", f"ws://127.0.0.1:{at.getsockname()[1]}/"):
        await until(lambda: bare.send)
        yield bare
    server.should_exit = True
    await task


def delivering(served: RunningWorkspace) -> Send:
    """Hands a command to the app and waits for its acknowledgement."""
    payload = command()

    async def send() -> None:
        answer = await served.transport.deliver("slash_commands", payload, accepts_answer=True)
        if not answer.acknowledged:
            raise RuntimeError(str(answer.reason))

    return send


async def ticket(served: RunningWorkspace) -> str:
    """An address for one Socket Mode connection."""
    headers = {"Authorization": f"Bearer {served.app_token}"}
    url = f"{served.api_url}apps.connections.open"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url) as response:
        return str((await response.json())["url"])


async def over_socket_mode(count: int) -> None:
    """The workspace with a bare client, and with an empty Bolt app, beside the bare server."""
    async with running() as plain, running() as bolted, bare_server() as bare:
        tokens = {"SLACK_BOT_TOKEN": bolted.bot_token, "SLACK_APP_TOKEN": bolted.app_token}
        async with app("socket", await ticket(plain)), app("bolt", bolted.api_url, **tokens):
            await until(lambda: plain.socket_mode.connected and bolted.socket_mode.connected)
            ways = (
                ("bare WebSocket server (floor)", bare.exchange),
                ("workspace, a bare client", delivering(plain)),
                ("workspace, an empty Bolt app", delivering(bolted)),
            )
            await compare("Socket Mode", ways, count)


async def over_http(count: int) -> None:
    """The workspace beside the bare HTTP client, at the same app."""
    at = listener()
    port = at.getsockname()[1]
    at.close()
    url = f"http://127.0.0.1:{port}/slack/events"
    async with running() as served, aiohttp.ClientSession() as session, app("http", str(port)):
        async with asyncio.timeout(60):
            while not await _answers(session, url):  # noqa: ASYNC110 - nobody tells when a server listens
                await asyncio.sleep(0.05)
        await served.transport.use_http(RequestUrls.one(url))
        body = command()

        async def post() -> None:
            async with session.post(url, data=body) as response:
                await response.read()

        await compare("HTTP", (("bare HTTP client (floor)", post), ("workspace", delivering(served))), count)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.post(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def page(loads: int) -> None:
    """From the address to the newest message in sight."""
    from playwright.async_api import async_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        print("page         no Chromium here: not measured", flush=True)
        return
    async with running(page=True) as served, async_playwright() as playwright:
        fill(served.workspace, SHOWN)
        newest = f"{SHOWN - 1}件目"
        browser = await playwright.chromium.launch(executable_path=chromium, args=("--no-sandbox", "--disable-gpu"))
        static, ours = [], []
        for _ in range(loads + 1):
            # A context of its own each time: nothing is in the browser's cache.
            context = await browser.new_context()
            tab = await context.new_page()
            began = time.perf_counter()
            await tab.goto(f"{served.page_url}page/static/icon.svg")
            static.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            await tab.goto(served.page_url)
            await tab.get_by_text(newest).first.wait_for()
            ours.append((time.perf_counter() - began) * 1000)
            await context.close()
        await browser.close()
    # The first of each warms the server up.
    floor, middle = statistics.median(static[1:]), statistics.median(ours[1:])
    print(f"{'page':12} {'static file (floor), ms':42} {floor:10.0f}", flush=True)
    print(f"{'page':12} {'newest message in sight, ms':42} {middle:10.0f} {middle / floor:7.2f}", flush=True)


def fill(workspace: Workspace, count: int) -> None:
    """Messages as a team writes them, one in five the app's with blocks."""
    channel = workspace.conversations[GENERAL]
    for number in range(count):
        text = f"先方の部長と20分お話しできました。来週あらためて伺います。{number}件目"
        if number % 5:
            posting.post(workspace, channel, SATO if number % 2 else KATO, text)
            continue
        button = {
            "type": "button",
            "action_id": "open",
            "value": str(number),
            "text": {"type": "plain_text", "text": "開く"},
        }
        blocks: list[dict[str, Any]] = [
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "actions", "elements": [button]},
        ]
        posting.post(workspace, channel, workspace.bot_user, text, blocks=blocks)


def resident() -> int:
    """Bytes of this process in memory: now where the system tells, else the most it ever had."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def grown(count: int) -> int:
    """What a process grows by."""
    workspace = Workspace(EXAMPLE)
    before = resident()
    fill(workspace, count)
    return resident() - before


def written(count: int, path: str) -> int:
    """The same messages as JSON text in a file: its length. A process of its own, because memory that was freed here
    would be used again and hide what the dictionaries take."""
    workspace = Workspace(EXAMPLE)
    fill(workspace, count)
    described = [message_object(workspace, one) for one in workspace.conversations[GENERAL].messages.values()]
    Path(path).write_text(json.dumps(described, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return Path(path).stat().st_size


def dictionaries(path: str) -> int:
    """What a process grows by when it reads the same messages as dictionaries."""
    text = Path(path).read_text(encoding="utf-8")
    before = resident()
    kept = json.loads(text)
    taken = resident() - before
    assert kept
    return taken


def memory(count: int) -> None:
    """Bytes a message, beside dictionaries and JSON text."""

    def measured(*arguments: str) -> int:
        command_line = [sys.executable, "-m", "tests.benchmarks.workspace", "--grown", *arguments]
        return int(subprocess.run(command_line, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own module

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "messages.json")
        text = measured("json", str(count), path)
        floor = measured("dictionaries", str(count), path)
    ours = measured("workspace", str(count))
    figures = (("plain dictionaries (floor)", floor), ("workspace", ours), ("JSON text", text))
    for name, taken in figures:
        print(
            f"{'memory':12} {name + ', bytes a message':42} {taken / count:10.0f} {taken / floor:7.2f}"
            f"   ({count} messages: {taken / 1e6:.0f} MB)",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envelopes", type=int, default=2000, help="in each series")
    parser.add_argument("--loads", type=int, default=10, help="of the page")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--only", choices=("envelopes", "page", "memory"))
    parser.add_argument("--grown", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.grown:
        match arguments.grown:
            case ["workspace", count]:
                print(grown(int(count)))
            case ["json", count, path]:
                print(written(int(count), path))
            case [_, _, path]:
                print(dictionaries(path))
        return
    if arguments.only in (None, "envelopes"):
        print(f"{'way':12} {'':34} {'at once':>7} {'per second':>10} {'floor ÷':>7}")
        asyncio.run(over_socket_mode(arguments.envelopes))
        asyncio.run(over_http(arguments.envelopes))
    if arguments.only in (None, "page"):
        asyncio.run(page(arguments.loads))
    if arguments.only in (None, "memory"):
        memory(arguments.messages)


if __name__ == "__main__":
    main()
