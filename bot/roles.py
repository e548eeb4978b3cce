"""The permission matrix as a table to read: what `python -m bot roles` prints and docs/roles.md holds."""

from __future__ import annotations

from domain.members import MATRIX, Role
from handlers.i18n import translator
from handlers.terms import PERMISSIONS, ROLES


def table(language: str) -> str:
    """One row for each permission, one column for each role, in Markdown."""
    t = translator(language)
    rows = [["", *(t(ROLES[role]) for role in Role)], ["---", *("---" for _role in Role)]]
    for permission, allowed in MATRIX.items():
        rows.append([t(PERMISSIONS[permission]), *("✓" if role in allowed else "" for role in Role)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
