"""`make bench`: every benchmark, one after the other, each a process of its own."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("submit", "one_click", "search", "passages", "imports", "workspace", "queue", "kpis", "load")


def main() -> int:
    """Run all, or those named; the number that failed."""
    failed = 0
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"\n== {name} ==", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=False).returncode != 0  # noqa: S603 - our own modules
    return failed


if __name__ == "__main__":
    sys.exit(main())
