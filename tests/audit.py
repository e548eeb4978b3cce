"""`make audit`: what is known to be wrong with what we depend on, and a list of all of it.

Run by the auditor's own Python (requirements-audit.lock). Where the service that knows of weaknesses cannot be reached,
that is said and is no failure: the change at hand has nothing to do with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTED = ROOT / "artifacts" / "sbom.json"
LOCKS = ("requirements-run.lock", "requirements.lock")


def main() -> int:
    """The process's exit code: 1 where a weakness is known."""
    tools = Path(sys.executable).parent
    LISTED.parent.mkdir(exist_ok=True)
    subprocess.run(  # noqa: S603 - a tool of ours
        [tools / "cyclonedx-py", "requirements", LOCKS[0], "--of", "JSON", "-o", LISTED], cwd=ROOT, check=True
    )
    listed = json.loads(LISTED.read_text("utf-8"))
    print(f"{len(listed['components'])} packages are listed in {LISTED.relative_to(ROOT)} (CycloneDX).")
    found = [_audited(tools, lock) for lock in LOCKS]
    return 1 if any(found) else 0


def _audited(tools: Path, lock: str) -> bool:
    """Whether something in this lock has a weakness that is known."""
    command = [tools / "pip-audit", "--progress-spinner", "off", "--require-hashes", "--disable-pip", "-r", lock]
    ran = subprocess.run([*command, "-f", "json"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a tool of ours
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{lock}: not audited, the service cannot be reached.", ran.stderr.strip().splitlines()[-1:])
        return False
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    weak = [package for package in packages if package.get("vulns")]
    print(f"{lock}: {len(packages)} packages, {len(unknown)} could not be audited, {len(weak)} have known weaknesses.")
    for package in weak:
        for each in package["vulns"]:
            mended = ", ".join(each["fix_versions"]) or "nowhere yet"
            print(f"  {package['name']} {package['version']}: {each['id']}, mended in {mended}")
    return bool(weak)


if __name__ == "__main__":
    sys.exit(main())
