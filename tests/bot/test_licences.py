"""What the program brings along may be given to those who run it."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FREE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "IPA", "ISC", "MIT", "MIT-0", "MIT-CMU"}
    | {"PSF-2.0", "Zlib"}
)
"""Ask for nothing but their text."""
OF_FILES = frozenset({"MPL-2.0"})
"""Ask for the source of their own files where those were changed. We change none."""
OF_LIBRARIES = frozenset({"LGPL-3.0-only", "LGPL-3.0-or-later"})
"""Ask that somebody may exchange the library, as anybody can with a package of Python."""
OTHER_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# It names three licences, of which whoever takes it may choose one.
CHOSEN = {"docutils": "BSD-3-Clause"}


def named(package: str) -> str:
    """The licence as an expression (SPDX), from what the package says of itself."""
    about = importlib.metadata.metadata(package)
    if package in CHOSEN:
        return CHOSEN[package]
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classified = [text.split(" :: ")[-1] for text in about.get_all("Classifier") or [] if text.startswith("License")]
    if classified:
        return " OR ".join(OTHER_NAMES.get(text, text) for text in classified)
    text = str(about.get("License") or "").partition("\n")[0].strip()
    return " OR ".join(OTHER_NAMES.get(part, part) for part in text.split(" OR "))


def may_be_given_on(expression: str) -> bool:
    """Whether in each part there is a licence to choose that we can keep."""
    parts = [re.sub(r"[()]", "", part).split(" OR ") for part in expression.split(" AND ")]
    return all(any(choice.strip() in FREE | OF_FILES | OF_LIBRARIES for choice in part) for part in parts)


def installed() -> list[str]:
    """The packages that a server gets, but for those of other systems."""
    lines = (ROOT / "requirements-run.lock").read_text("utf-8").splitlines()
    names = [line.partition("==")[0].partition("[")[0] for line in lines if re.match("[a-z0-9]", line)]
    there = {str(each.metadata["Name"]).lower().replace("_", "-").replace(".", "-") for each in _distributions()}
    return [name for name in names if name in there]


def _distributions() -> list[importlib.metadata.Distribution]:
    return list(importlib.metadata.distributions())


def test_every_package_may_be_given_on() -> None:
    packages = installed()
    assert len(packages) > 100
    assert {name: named(name) for name in packages if not may_be_given_on(named(name))} == {}


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-or-later OR Apache-2.0", True),
        ("GPL-3.0-or-later", False),
        ("MIT AND AGPL-3.0-only", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_licences_that_ask_for_more_are_not_taken(expression: str, fine: bool) -> None:
    assert may_be_given_on(expression) is fine
