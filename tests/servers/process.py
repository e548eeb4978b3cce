"""A server as a process of its own: started, spoken to, ended by its own handle."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 30.0
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def serving(module: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """`python -m module arguments` until the block ends; what it prints about itself in its first line, as JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        assert line, f"{module} ended before it listened"
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
