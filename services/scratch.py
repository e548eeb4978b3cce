"""Folders for what is only worked on and is to be gone afterwards: recordings, transcripts, lists of customers.

A process that is killed leaves its folders behind. Each holds a lock on its folder, which ends with the process, so
that whoever works next on the same machine can tell what was left from what is in use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:
    # Windows: what was left there cannot be told from what is in use, and stays.
    LOCKS = False
else:
    LOCKS = True

PREFIX: Final = "kakehashi-work-"
YOUNG_SECONDS: Final = 60.0
"""A folder that was just made may not have its lock yet."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of this process's own, deleted when the block ends; where the process is killed, by a later `sweep`."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as made, contextlib.ExitStack() as held:
        # A file system without locks keeps nobody from working.
        with contextlib.suppress(OSError):
            held.enter_context(_lock(Path(made)))
        yield Path(made)


def sweep() -> int:
    """Delete what killed processes of this machine have left; how many folders that were."""
    swept = 0
    if not LOCKS:
        return swept
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Raised for what is in use, and in a shared temporary folder for what belongs to other users.
        with contextlib.suppress(OSError):
            seen = left.lstat()
            if seen.st_uid != os.getuid() or time.time() - seen.st_mtime < YOUNG_SECONDS:
                continue
            with _lock(left):
                shutil.rmtree(left)
                swept += 1
    return swept


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock until the block ends. Raises OSError where it cannot be had."""
    if not LOCKS:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    # Nothing else that bears such a name: opening a pipe would wait for ever, a link leads elsewhere.
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)
