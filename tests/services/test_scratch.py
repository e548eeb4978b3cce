"""What killed processes leave in the temporary folder is gone after the next start; what is in use stays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from services import scratch

HOLDS = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from services import scratch
with scratch.folder() as folder:
    (folder / "call.wav").write_bytes(b"sound")
    print(folder, flush=True)
    sys.stdin.read()
"""


def aged(folder: Path) -> Path:
    """Nothing that was made just now."""
    long_ago = folder.stat().st_mtime - 2 * scratch.YOUNG_SECONDS
    os.utime(folder, (long_ago, long_ago))
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_is_gone_with_its_block(temporary: Path) -> None:
    with scratch.folder() as folder:
        (folder / "call.wav").write_bytes(b"sound")
        assert folder.parent == temporary
    assert not folder.exists()


def test_what_a_killed_process_left_is_deleted_and_nothing_else(temporary: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", HOLDS, str(temporary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = aged(Path(other.stdout.readline().strip()))
        others = aged(Path(tempfile.mkdtemp(prefix="kakehashi-")))
        with scratch.folder() as ours:
            aged(ours)
            assert scratch.sweep() == 0
            other.kill()
            other.wait()
            assert (theirs / "call.wav").exists()
            assert scratch.sweep() == 1
            assert (theirs.exists(), ours.exists(), others.exists()) == (False, True, True)
    young = Path(tempfile.mkdtemp(prefix=scratch.PREFIX))
    assert scratch.sweep() == 0
    assert young.exists()
