"""A web server on this machine for the length of a test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette


@asynccontextmanager
async def web(app: Starlette, certificate: Path | None = None) -> AsyncIterator[str]:
    """Serves until the block ends; the address, without "/" at its end. With a folder that holds `certificate.pem` and
    `key.pem` it is reached over TLS."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    tls = {}
    if certificate is not None:
        tls = {"ssl_certfile": str(certificate / "certificate.pem"), "ssl_keyfile": str(certificate / "key.pem")}
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", **tls))
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started:
            assert not task.done(), "the server ended before it listened"
            await asyncio.sleep(0.005)
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Clients that keep their connections over TLS would be waited for.
        server.should_exit = server.force_exit = True
        await task
        listener.close()
