"""Companies from files: encodings, changes, rejects, interruptions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.data.integrations import RejectReason
from domain.errors import Code, Refused
from services.data import integrations
from services.data.integrations import ImportResult, Progress, import_accounts
from services.deps import Actor, Deps
from services.targeting.accounts import NewAccount, create, find
from storage import account_import
from storage.tables import Account, AuditLog
from tests.services.office import Office

COMPANIES = Path(__file__).parents[3] / "data" / "companies-500.csv"
A, B, C = "1010001185037", "6100001003151", "4010001090011"


def _file(*rows: Iterable[str], encoding: str = "utf-8", delimiter: str = ",") -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def _counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return result.rows, result.added, result.updated, result.unchanged, result.rejected


def _rejects(result: ImportResult) -> list[list[str]]:
    assert result.rejects is not None
    with result.rejects as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"))))


async def _state(deps: Deps, team_id: str = "T1") -> list[tuple[object, ...]]:
    """Everything an import may change, the search index included."""
    async with deps.reading(team_id) as session:
        table = Account.__table__
        rows = await session.execute(sa.select(table).where(table.c.team_id == team_id).order_by(table.c.id))
        return [tuple(str(value) for value in row) for row in rows]


async def _names(deps: Deps, actor: Actor, text: str) -> list[str]:
    return [found.name for found in await find(deps, actor, text, 1000)]


async def test_excerpt_comes_in_whole_and_a_second_time_changes_nothing(deps: Deps, office: Office) -> None:
    first = await import_accounts(deps, office.sato, COMPANIES)
    assert _counts(first) == (500, 500, 0, 0, 0)
    assert (first.ignored, first.rejects) == ((), None)
    before = await _state(deps)
    second = await import_accounts(deps, office.sato, COMPANIES)
    assert _counts(second) == (500, 0, 0, 500, 0)
    assert await _state(deps) == before


async def test_every_imported_company_is_found_by_number_name_and_reading(deps: Deps, office: Office) -> None:
    await import_accounts(deps, office.sato, COMPANIES)
    with COMPANIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[::25]:
        for typed in (row["corporate_number"], row["name"], row["name_kana"]):
            found = await find(deps, office.sato, typed, 1000)
            assert row["corporate_number"] in [account.corporate_number for account in found], typed


ROWS = (
    ("法人番号", "会社名", "フリガナ", "住所", "事業内容"),
    (A, "株式会社髙橋製作所", "タカハシセイサクショ", "東京都", '改行を\n含む, "引用" と;印'),
    ("", "㈲あおば", "アオバ", "大阪府", ""),
)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
async def test_file_is_read_in_any_encoding_and_with_any_delimiter(
    deps: Deps, office: Office, encoding: str, delimiter: str
) -> None:
    result = await import_accounts(deps, office.sato, _file(*ROWS, encoding=encoding, delimiter=delimiter))
    assert _counts(result) == (2, 2, 0, 0, 0)
    (found,) = await find(deps, office.sato, "高橋製作所")
    assert (found.name, found.address, found.corporate_number) == ("株式会社髙橋製作所", "東京都", A)
    async with deps.reading("T1") as session:
        business = await session.scalar(sa.select(Account.business).where(Account.corporate_number == A))
    assert business == '改行を 含む, "引用" と;印'


async def test_first_byte_beyond_ascii_may_come_late(deps: Deps, office: Office) -> None:
    rows = [("name", "business"), *((f"Kakehashi {n}", "x" * 4000) for n in range(600)), ("かけはし", "")]
    result = await import_accounts(deps, office.sato, _file(*rows, encoding="cp932"))
    assert (result.encoding, result.added) == ("cp932", 601)
    assert await _names(deps, office.sato, "かけはし") == ["かけはし"]


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (b"", Code.REQUIRED, "file"),
        (b"\xef\xbb\xbf", Code.REQUIRED, "file"),
        (b"\r\n \r\n,,\r\n", Code.REQUIRED, "file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Code.INVALID, "file"),
        (b"PK\x03\x04\x14\0\x06\0", Code.INVALID, "file"),
        ("住所,電話\n東京,03".encode(), Code.REQUIRED, "name"),
        ("会社名,企業名\n甲,乙".encode(), Code.DUPLICATE, "headings"),
    ],
)
async def test_file_that_is_no_table_of_companies_is_refused(
    deps: Deps, office: Office, content: bytes, code: Code, field: str
) -> None:
    before = await _state(deps)
    with pytest.raises(Refused) as refused:
        await import_accounts(deps, office.sato, io.BytesIO(content))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await _state(deps) == before


async def test_field_sales_may_not_import(deps: Deps, office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await import_accounts(deps, office.ito, _file(("会社名",), ("甲",)))
    assert refused.value.code is Code.NOT_ALLOWED


async def test_file_of_headings_only_adds_nothing(deps: Deps, office: Office) -> None:
    assert _counts(await import_accounts(deps, office.sato, _file(("会社名", "住所")))) == (0, 0, 0, 0, 0)


async def test_rejected_rows_come_back_with_a_reason_and_the_others_come_in(deps: Deps, office: Office) -> None:
    result = await import_accounts(
        deps,
        office.sato,
        _file(
            ("会社名", "法人番号", "備考"),
            ("甲社", A, ""),
            ("乙社", "2010001185037", '=HYPERLINK("x")'),
            ("", "", "+81-3-1234"),
            ("・・・", "", "@x"),
            ("丁社", "", "-1", "余り"),
            ("丙社", "", "\tx"),
        ),
        reason=lambda reason: f"理由: {reason.value}",
        reason_heading="取り込めなかった理由",
    )
    assert _counts(result) == (6, 2, 0, 0, 4)
    assert result.ignored == ("備考",)
    assert _rejects(result) == [
        ["会社名", "法人番号", "備考", "取り込めなかった理由"],
        ["乙社", "2010001185037", '\'=HYPERLINK("x")', "理由: bad_corporate_number"],
        ["", "", "'+81-3-1234", "理由: no_name"],
        ["・・・", "", "'@x", "理由: name_without_letters"],
        ["丁社", "", "'-1", "余り", "理由: too_many_cells"],
    ]


async def test_rejects_begin_with_the_mark_that_spreadsheets_want(deps: Deps, office: Office) -> None:
    result = await import_accounts(deps, office.sato, _file(("会社名", "従業員数"), ("甲", "たくさん")))
    assert result.rejects is not None
    with result.rejects as file:
        assert file.read(3) == b"\xef\xbb\xbf"


async def test_broken_bytes_cost_only_their_row(deps: Deps, office: Office) -> None:
    content = "会社名,住所\n甲社,東京\n乙".encode() + b"\xff\xfe" + "社,大阪\n丙社,京都\n".encode()
    result = await import_accounts(deps, office.sato, io.BytesIO(content))
    assert _counts(result) == (3, 2, 0, 0, 1)
    assert _rejects(result)[1][-1] == RejectReason.UNREADABLE.value


async def test_row_that_no_database_takes_comes_back(deps: Deps, office: Office) -> None:
    result = await import_accounts(deps, office.sato, _file(["会社名"], ["あお\0ば"], ["ひので"], encoding="utf-16"))
    assert _counts(result) == (2, 1, 0, 0, 1)
    assert _rejects(result)[1][-1] == "unreadable"


async def test_quote_that_is_never_closed_does_not_swallow_the_memory(deps: Deps, office: Office) -> None:
    rest = "".join(f"社{n},東京\n" for n in range(30_000))
    content = ('会社名,住所\n甲社,東京\n乙社,"大阪\n' + rest).encode()
    result = await import_accounts(deps, office.sato, io.BytesIO(content))
    assert result.added >= 1
    assert result.rejected >= 1
    assert RejectReason.UNREADABLE.value in {row[-1] for row in _rejects(result)}


async def test_only_what_is_said_and_differs_changes(deps: Deps, office: Office) -> None:
    headings = ("法人番号", "会社名", "フリガナ", "住所", "従業員数", "URL")
    await import_accounts(
        deps,
        office.sato,
        _file(headings, (A, "旧社名", "キュウシャメイ", "東京", "5", "https://old.jp"), (B, "同じ社", "", "", "", "")),
    )
    result = await import_accounts(
        deps,
        office.sato,
        _file(headings, (A, "新社名", "", "", "6", ""), (B, "同じ社", "", "", "", ""), (C, "三つ目", "", "", "", "")),
    )
    assert _counts(result) == (3, 1, 1, 1, 0)
    async with deps.reading("T1") as session:
        account = (await session.scalars(sa.select(Account).where(Account.corporate_number == A))).one()
    assert (account.name, account.reading, account.address, account.employees, account.website) == (
        "新社名",
        "キュウシャメイ",
        "東京",
        6,
        "https://old.jp",
    )
    assert await _names(deps, office.sato, "新社名") == ["新社名"]
    assert await _names(deps, office.sato, "旧社名") == []
    assert await _names(deps, office.sato, "kyusha") == ["新社名"]
    assert await _names(deps, office.sato, "old.jp") == ["新社名"]


async def test_company_without_number_is_known_by_name_and_address(deps: Deps, office: Office) -> None:
    headings = ("会社名", "住所", "業種", "法人番号")
    await import_accounts(deps, office.sato, _file(headings, ("株式会社あおば", "東京", "", "")))
    again = await import_accounts(
        deps,
        office.sato,
        _file(headings, ("㈱アオバ", "東京", "機械", A), ("あおば", "大阪", "", ""), ("あおば", "東京", "", B)),
    )
    assert _counts(again) == (3, 2, 1, 0, 0)
    found = await find(deps, office.sato, "あおば")
    assert {(a.name, a.address, a.corporate_number) for a in found if a.account_id != office.account_id} == {
        ("㈱アオバ", "東京", A),
        ("あおば", "大阪", None),
        ("あおば", "東京", B),
    }


async def test_company_typed_by_hand_gets_its_number_from_the_file(deps: Deps, office: Office) -> None:
    account_id = await create(deps, office.sato, NewAccount("かけはし", address="東京"))
    await import_accounts(deps, office.sato, _file(("会社名", "住所", "法人番号"), ("株式会社かけはし", "東京", A)))
    assert [found.account_id for found in await find(deps, office.sato, A)] == [account_id]


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_company_that_comes_twice_in_one_file_is_one(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(integrations, "BATCH", batch)
    rows = (
        ("会社名", "法人番号", "住所", "従業員数", "業種"),
        ("甲社", A, "東京", "5", ""),
        ("乙社", "", "大阪", "", ""),
        ("甲商事", A, "", "6", "機械"),
        ("乙社", "", "大阪", "7", ""),
        ("甲社", "", "東京", "8", ""),
    )
    first = await import_accounts(deps, office.sato, _file(*rows))
    assert (first.rows, first.added, first.rejected) == (5, 2, 0)
    async with deps.reading("T1") as session:
        accounts = await session.scalars(
            sa.select(Account).where(Account.id != office.account_id).order_by(Account.name)
        )
        assert [(a.name, a.corporate_number, a.employees, a.industry) for a in accounts] == [
            ("乙社", None, 7, ""),
            ("甲社", A, 5, "機械"),
        ]
    before = await _state(deps)
    second = await import_accounts(deps, office.sato, _file(*rows))
    assert _counts(second) == (5, 0, 0, 5, 0)
    assert await _state(deps) == before


async def test_teams_do_not_see_each_others_companies(deps: Deps, office: Office, neighbours: Office) -> None:
    rows = (("会社名", "法人番号"), ("甲社", A))
    for actor in (office.sato, neighbours.sato):
        assert (await import_accounts(deps, actor, _file(*rows))).added == 1
    assert len(await find(deps, office.sato, A)) == len(await find(deps, neighbours.sato, A)) == 1


async def test_import_that_broke_off_is_finished_by_running_it_again(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 100)
    insert, calls = account_import.insert, 0

    async def fails_at_the_third(*arguments: object) -> list[int]:
        nonlocal calls
        calls += 1
        added = await insert(*arguments)  # type: ignore[arg-type]  # handed through
        if calls == 3:
            raise ConnectionError("cut off")
        return added

    monkeypatch.setattr(account_import, "insert", fails_at_the_third)
    with pytest.raises(ConnectionError):
        await import_accounts(deps, office.sato, COMPANIES, key="F1")
    monkeypatch.setattr(account_import, "insert", insert)
    # What is told is what the import did, however often it was begun.
    for _ in range(2):
        assert _counts(await import_accounts(deps, office.sato, COMPANIES, key="F1")) == (500, 500, 0, 0, 0)
    assert _counts(await import_accounts(deps, office.sato, COMPANIES)) == (500, 0, 0, 500, 0)


async def test_half_of_a_file_known_adds_the_other_half(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 64)
    with COMPANIES.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    await import_accounts(deps, office.sato, _file(headings, *rows[::2]))
    result = await import_accounts(deps, office.sato, _file(headings, *rows))
    assert _counts(result) == (500, 250, 0, 250, 0)
    assert len(await find(deps, office.sato, rows[1][0])) == 1


async def test_index_is_the_same_whether_companies_came_at_once_or_changed_later(
    deps: Deps, office: Office, neighbours: Office
) -> None:
    with COMPANIES.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    bare = [[row[0], f"仮{n}", *[""] * 9] for n, row in enumerate(rows)]
    await import_accounts(deps, office.sato, _file(headings, *bare))
    assert (await import_accounts(deps, office.sato, _file(headings, *rows))).updated == 500
    await import_accounts(deps, neighbours.sato, _file(headings, *rows))
    for typed in ("日", "ホ", "ん", "銀行", "ホールディングス", "kogyo", "to", "1010", "co", "仮"):
        ours = sorted(set(await _names(deps, office.sato, typed)))
        assert ours == sorted(set(await _names(deps, neighbours.sato, typed)))
        assert bool(ours) == (typed != "仮")


async def test_progress_is_told_and_ends_below_or_at_the_whole(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 50)
    monkeypatch.setattr(integrations, "REPORT_EVERY", 0.0)
    told: list[Progress] = []

    async def tell(progress: Progress) -> None:
        told.append(progress)

    await import_accounts(deps, office.sato, COMPANIES, progress=tell)
    assert [progress.rows for progress in told] == list(range(50, 501, 50))
    assert [progress.added for progress in told] == [progress.rows for progress in told]
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] == 1.0


async def test_one_import_is_one_line_in_the_audit_log(deps: Deps, office: Office) -> None:
    await import_accounts(deps, office.sato, COMPANIES)
    async with deps.reading("T1") as session:
        log = (await session.scalars(sa.select(AuditLog).where(AuditLog.action == "account.import"))).one()
    assert (log.member_id, log.subject) == (office.sato.member_id, "accounts")
    assert log.detail == {"rows": 500, "added": 500, "updated": 0, "unchanged": 0, "rejected": 0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_planner_knows_the_table_once_a_large_import_is_done(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 100)
    await import_accounts(deps, office.sato, COMPANIES)
    async with deps.reading("T1") as session:
        known = await session.scalar(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'accounts'"))
    assert known >= 500
