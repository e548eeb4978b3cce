"""Any bytes as a file of companies: they come in, come back with a reason, or the file is refused."""

from __future__ import annotations

import codecs
import io

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Refused
from services.data.integrations import ImportResult, import_accounts
from services.deps import Deps
from storage.tables import Account
from tests.services.office import Office

HEADINGS = ("会社名", "法人番号", "カナ", "電話番号", "住所", "従業員数", "資本金", "URL", "name", "謎", "")
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "㈱あおば",
            "株式会社",
            "7010001008844",
            "1" * 13,
            "9" * 40,
            "１，２００名",
            "-5",
            "=1+1",
            'x"y',
            "a\nb",
            "\0",
            "\x1a",
            "ﾊﾝｶｸ",
        ]
    ),
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A table in some encoding, perhaps with a piece of it broken; or anything."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.binary(max_size=200))
    mark, end = draw(st.sampled_from([",", "\t", ";"])), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = [draw(st.lists(st.sampled_from(HEADINGS), min_size=1, max_size=5, unique=True))]
    if draw(st.booleans()):
        rows[0] = ["会社名", *(heading for heading in rows[0] if heading not in ("会社名", "name"))]
    rows += draw(st.lists(st.lists(CELLS, max_size=6), max_size=6))

    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if draw(st.booleans()) else cell

    text = end.join(mark.join(quoted(cell) for cell in row) for row in rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-be"]))
    content = text.encode(encoding, "replace")
    if encoding == "utf-16-be":
        content = codecs.BOM_UTF16_BE + content
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(max_size=4)) + content[at + draw(st.integers(0, 3)) :]
    return content


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=files())
async def test_any_file_comes_in_or_is_refused_and_a_second_time_changes_nothing(
    deps: Deps, office: Office, content: bytes
) -> None:
    try:
        first = await import_accounts(deps, office.sato, io.BytesIO(content))
    except Refused:
        return
    assert _whole(first) == first.rows
    before = await _state(deps)
    second = await import_accounts(deps, office.sato, io.BytesIO(content))
    assert _whole(second) == second.rows == first.rows
    assert (second.added, second.updated, second.rejected) == (0, 0, first.rejected)
    assert await _state(deps) == before


def _whole(result: ImportResult) -> int:
    if result.rejects is not None:
        with result.rejects as file:
            file.read().decode("utf-8-sig")
    return result.added + result.updated + result.unchanged + result.rejected


async def _state(deps: Deps) -> list[tuple[object, ...]]:
    async with deps.reading("T1") as session:
        table = Account.__table__
        rows = await session.execute(sa.select(table).where(table.c.team_id == "T1").order_by(table.c.id))
        return [tuple(row) for row in rows]
