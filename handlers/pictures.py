"""Pictures in messages: uploaded without a channel, then shown by an image block that names the file."""

from __future__ import annotations

import asyncio

import aiohttp
from slack_sdk.models.blocks import Block, ImageBlock, PlainTextObject
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.web.async_client import AsyncWebClient

from handlers.blocks import clip

ALT_LIMIT = 1000
"""Of a file's alternative text; a block's may be twice as long."""
LOOKS = 20
BETWEEN_LOOKS = 0.25
"""Slack looks at a file after the upload; until then a block that names it is refused."""
TIMEOUT = aiohttp.ClientTimeout(total=30)


async def upload(client: AsyncWebClient, name: str, content: bytes, alt: str) -> str:
    """Give Slack a picture that stands nowhere yet: the file's id, for `image`. `name` ends in .png.

    Raises SlackApiError, aiohttp.ClientError, TimeoutError. An upload whose id nobody uses is seen by nobody, so it may
    be repeated.
    """
    announced = await client.files_getUploadURLExternal(
        filename=name, length=len(content), alt_txt=clip(alt, ALT_LIMIT)
    )
    file_id = str(announced["file_id"])
    # A session of its own: the client's is there for Slack's API, and may not be open yet.
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT) as session,
        session.post(str(announced["upload_url"]), data=content, proxy=client.proxy) as answer,
    ):
        answer.raise_for_status()
    await client.files_completeUploadExternal(files=[{"id": file_id, "title": name}])
    for _ in range(LOOKS):
        known = (await client.files_info(file=file_id))["file"]
        if known.get("mimetype"):
            break
        await asyncio.sleep(BETWEEN_LOOKS)
    return file_id


def image(file_id: str, alt: str, title: str = "") -> Block:
    """An uploaded picture. `alt` says what is to be seen in it, with its figures."""
    return ImageBlock(
        slack_file=SlackFile(id=file_id),
        alt_text=clip(alt, 2000),
        title=PlainTextObject(text=clip(title, 2000)) if title else None,
    )
