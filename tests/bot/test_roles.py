"""The documentation says of roles what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.roles import table
from domain.members import MATRIX, Permission, Role

DOCS = Path(__file__).parents[2] / "docs" / "roles.md"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_documentation_holds_the_matrix_as_it_is(language: str) -> None:
    assert table(language) in DOCS.read_text(encoding="utf-8"), f"python -m bot roles --language {language}"


def test_table_has_a_mark_exactly_where_a_role_may() -> None:
    _head, _line, *rows = [line.strip("|\n ").split("|") for line in table("en").splitlines()]
    assert len(rows) == len(Permission)
    for (_permission, allowed), row in zip(MATRIX.items(), rows, strict=True):
        marks = [cell.strip() == "✓" for cell in row[1:]]
        assert [role for role, mark in zip(Role, marks, strict=False) if mark] == [r for r in Role if r in allowed]


def test_command_prints_the_table() -> None:
    done = CliRunner().invoke(app, ["roles", "--language", "en"])
    assert done.exit_code == 0
    assert "Inside sales" in done.output
