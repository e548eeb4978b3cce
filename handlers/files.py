"""Files that people give the bot in Slack: brought to disk, from Slack's own addresses only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from domain.errors import Code, Refused

CHUNK: Final = 256 * 1024
MOST_HOPS: Final = 4
REDIRECTS: Final = (301, 302, 303, 307, 308)
SLACK_HOSTS: Final = (".slack.com", ".slack-files.com")


async def download(client: AsyncWebClient, info: Mapping[str, Any], path: Path, most: int) -> None:
    """Stream a file (as `files.info` describes it) to disk. Our token goes to Slack alone, wherever an address or a
    redirect might point.

    Refused: TOO_LONG `file` (`most` bytes), INVALID `file` for one that is not Slack's. Raises aiohttp.ClientError,
    TimeoutError, OSError.
    """
    url = str(info.get("url_private_download") or info.get("url_private") or "")
    # Not the client's session: what counts Slack's answers reads them whole, and a file is read piece by piece.
    session = aiohttp.ClientSession()
    read = 0
    try:
        for _hop in range(MOST_HOPS):
            if not _slacks(url, client):
                raise Refused(Code.INVALID, "file")
            async with session.get(
                url, headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False
            ) as response:
                if response.status in REDIRECTS:
                    url = urljoin(url, response.headers.get("Location", ""))
                    continue
                response.raise_for_status()
                with path.open("wb") as file:
                    async for piece in response.content.iter_chunked(CHUNK):
                        read += len(piece)
                        if read > most:
                            raise Refused(Code.TOO_LONG, "file", most=most)
                        file.write(piece)
                return
        raise Refused(Code.INVALID, "file")
    finally:
        await session.close()


def _slacks(url: str, client: AsyncWebClient) -> bool:
    """Whether an address is one of Slack's own."""
    host, api = urlsplit(url), urlsplit(client.base_url)
    if (host.scheme, host.netloc) == (api.scheme, api.netloc):
        return True
    return host.scheme == "https" and f".{host.hostname}".endswith(SLACK_HOSTS)
