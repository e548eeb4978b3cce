"""Pictures of members, apps and teams: a square in the colour that the page gives the same id."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

# Dark enough for white letters on each (contrast above 4.5), apart enough to tell people by.
COLOURS = (
    "#4a6572",
    "#7a4fa3",
    "#b1485c",
    "#2f6f8f",
    "#8a5a2b",
    "#3f7d4e",
    "#a14a86",
    "#5561b0",
    "#b3541e",
    "#21766c",
    "#6b6f2a",
    "#8c3f3f",
)
PROFILE_SIZES = (24, 32, 48, 72, 192, 512)
_LARGEST = 1024


def colour_of(ident: str) -> str:
    """The colour (`#rrggbb`) that follows from an id."""
    return COLOURS[zlib.crc32(ident.encode()) % len(COLOURS)]


def pictures(base_url: str, ident: str, sizes: Iterable[int]) -> dict[str, str]:
    """The addresses of somebody's picture under Slack's names, `image_72` and the like."""
    return {f"image_{size}": f"{base_url}/avatars/{ident}/{size}.png" for size in sizes}


@lru_cache(maxsize=256)
def square(colour: str, size: int) -> bytes:
    """A PNG of `size` by `size` pixels in one colour."""
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    row = b"\x00" + bytes.fromhex(colour.removeprefix("#")) * size
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * size)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def avatar_routes() -> list[BaseRoute]:
    """The route of the pictures, which anybody may see, as in Slack."""
    return [Route("/avatars/{ident}/{size:int}.png", _avatar, methods=["GET"])]


async def _avatar(request: Request) -> Response:
    size = int(request.path_params["size"])
    if not 1 <= size <= _LARGEST:
        return PlainTextResponse("There is no picture of that size.", 404)
    return Response(square(colour_of(request.path_params["ident"]), size), media_type="image/png")
