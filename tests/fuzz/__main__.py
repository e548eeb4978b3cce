"""`make fuzz`: each parser with inputs that atheris finds its way by, for `SECONDS` seconds each.

What breaks a parser is left in `artifacts/fuzz`; with the repair it goes into `examples.py`, where the tests try it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

KEPT = Path("artifacts/fuzz")


def one(name: str, seconds: int) -> None:
    """Fuzz a target in this process, until the time is over or it breaks."""
    import atheris

    with atheris.instrument_imports(include=["domain", "services", "handlers", "csv", "json", "phonenumbers"]):
        from tests.fuzz.examples import EXAMPLES
        from tests.fuzz.targets import MOST, SEEDS, TARGETS

    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate([*SEEDS[name], *EXAMPLES.get(name, ())]):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-max_len={MOST}", "-timeout=10", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={KEPT}/{name}-", *options], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    """Every target, or those that are named."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description="Fuzz the parsers.")
    parser.add_argument("targets", nargs="*", help="Default: all.")
    parser.add_argument("--seconds", type=int, default=30, help="For each.")
    parser.add_argument("--here", action="store_true", help="One target, in this process.")
    asked = parser.parse_args()
    if asked.here:
        one(asked.targets[0], asked.seconds)
        return 0
    # Not before: a process that fuzzes must see its target being imported.
    from tests.fuzz.targets import TARGETS

    shutil.rmtree(KEPT, ignore_errors=True)
    broken = []
    for name in asked.targets or TARGETS:
        sys.stdout.write(f"{name}: {asked.seconds} s\n")
        sys.stdout.flush()
        # A process of its own: libFuzzer ends the one that it is in.
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "tests.fuzz", "--here", name, "--seconds", str(asked.seconds)], check=False
        )
        if done.returncode:
            broken.append(name)
    if broken:
        sys.stdout.write(f"Broken: {', '.join(broken)}; the inputs are in {KEPT}.\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
