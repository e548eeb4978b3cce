"""Headings, rows and reasons of a file of companies."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.data.integrations import (
    Layout,
    RejectReason,
    Row,
    group,
    known_headings,
    merge,
    read_headings,
    read_row,
)
from domain.data.quality import company_words
from domain.errors import Code, Refused

COMPANIES = Path(__file__).parents[3] / "data" / "companies-500.csv"
HEADINGS = [
    "法人番号",
    "企業名",
    "フリガナ",
    "英語名",
    "業種",
    "上場",
    "資本金（百万円）",
    "住所",
    "従業員数",
    "URL",
    "事業内容",
    "備考",
]
LAYOUT = read_headings(HEADINGS)


def _row(**values: str | int | None) -> Row:
    empty = Row("", "", "", "", "", "", "", "", "", None, None)
    return empty._replace(**values)  # type: ignore[arg-type]  # names of fields, checked by the test itself


def _read(layout: Layout = LAYOUT, **cells: str) -> Row | RejectReason:
    return read_row(layout, [cells.get(heading, "") for heading in HEADINGS])


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("法人番号", "corporate_number"),
        ("corporate_number", "corporate_number"),
        ("Corporate Number", "corporate_number"),
        ("企業名", "name"),
        ("会社名", "name"),
        ("商号", "name"),
        (" name ", "name"),
        ("Company Name", "name"),
        ("ＮＡＭＥ", "name"),
        ("フリガナ", "reading"),
        ("ふりがな", "reading"),
        ("ﾌﾘｶﾞﾅ", "reading"),
        ("読み", "reading"),
        ("name_kana", "reading"),
        ("企業名（カナ）", "reading"),
        ("name_en", "name_en"),
        ("会社名(英語)", "name_en"),
        ("業種", "industry"),
        ("上場区分", "listed"),
        ("本社所在地", "address"),
        ("Ｗｅｂサイト", "website"),
        ("事業概要", "business"),
        ("従業員数(人)", "employees"),
        ("capital_million_yen", "capital_million_yen"),
        ("資本金(百万円)", "capital_million_yen"),
        ("資本金［円］", "capital_million_yen"),
    ],
)
def test_heading_is_understood_however_written(heading: str, field: str) -> None:
    others = ["名称"] if field != "name" else []
    layout = read_headings([heading, *others])
    places = layout.pick(["here", *["there"] * len(others), ""])
    assert [name for name, cell in zip(Row._fields, places, strict=True) if cell == "here"] == [field]
    assert layout.ignored == ()


@pytest.mark.parametrize("heading", ["備考", "資本金", "担当者", "name of the dog"])
def test_heading_that_says_nothing_to_us_is_ignored_and_named(heading: str) -> None:
    assert read_headings(["会社名", f" {heading} ", "", ""]).ignored == (heading,)


@pytest.mark.parametrize("headings", [["会社名", "企業名"], ["name", "Name"], ["会社名", "備考", "備考"]])
def test_two_columns_of_one_meaning_are_refused(headings: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        read_headings(headings)
    assert (refused.value.code, refused.value.field) == (Code.DUPLICATE, "headings")
    assert refused.value.detail["heading"] == headings[-1]


@pytest.mark.parametrize("headings", [[], [""], ["法人番号", "住所"], ["株式会社かけはし", "東京都"]])
def test_file_without_a_column_of_names_is_refused(headings: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        read_headings(headings)
    assert (refused.value.code, refused.value.field) == (Code.REQUIRED, "name")


def test_every_row_of_the_excerpt_is_read() -> None:
    with COMPANIES.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    assert known_headings(headings) == len(headings) == 11
    layout = read_headings(headings)
    read = [read_row(layout, cells) for cells in rows]
    assert all(isinstance(row, Row) for row in read)
    assert sum(row.employees is not None for row in read if isinstance(row, Row)) > 100


def test_row_is_trimmed_and_typed() -> None:
    row = _read(
        企業名=" 株式会社\nかけはし ",
        法人番号="1-0100-0118-5037",
        従業員数="1,926人",
        **{"資本金（百万円）": "５０．０"},
        住所="　東京都\t千代田区 ",
        備考="何か",
    )
    assert row == _row(
        corporate_number="1010001185037",
        name="株式会社 かけはし",
        address="東京都 千代田区",
        employees=1926,
        capital_million_yen=50,
    )


@pytest.mark.parametrize(
    ("heading", "cell", "millions"),
    [
        ("資本金(百万円)", "1,234", 1234),
        ("資本金(円)", "1234567890", 1234),
        ("資本金(千円)", "10000", 10),
        ("資本金(億円)", "1.5", 150),
        ("資本金(万円)", "1000万円", 10),
        ("資本金(円)", "999999", 0),
        ("資本金(円)", "非公開", None),
        ("資本金(円)", "-", None),
        ("資本金(円)", "", None),
    ],
)
def test_capital_is_kept_in_millions_of_yen(heading: str, cell: str, millions: int | None) -> None:
    row = read_row(read_headings(["会社名", heading]), ["かけはし", cell])
    assert isinstance(row, Row)
    assert row.capital_million_yen == millions


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"企業名": ""}, RejectReason.NO_NAME),
        ({"企業名": " \u3000"}, RejectReason.NO_NAME),
        ({"企業名": "あ" * 201}, RejectReason.TOO_LONG),
        ({"企業名": "あ", "住所": "い" * 501}, RejectReason.TOO_LONG),
        ({"企業名": "あ", "事業内容": "い" * 4001}, RejectReason.TOO_LONG),
        ({"企業名": "あ", "法人番号": "1010001185038"}, RejectReason.BAD_CORPORATE_NUMBER),
        ({"企業名": "あ", "法人番号": "1.01E+12"}, RejectReason.BAD_CORPORATE_NUMBER),
        ({"企業名": "あ", "法人番号": "101000118503"}, RejectReason.BAD_CORPORATE_NUMBER),
        ({"企業名": "あ", "資本金（百万円）": "たくさん"}, RejectReason.BAD_CAPITAL),
        ({"企業名": "あ", "資本金（百万円）": "9" * 19}, RejectReason.BAD_CAPITAL),
        ({"企業名": "あ", "従業員数": "-5"}, RejectReason.BAD_EMPLOYEES),
        ({"企業名": "あ", "従業員数": "約100"}, RejectReason.BAD_EMPLOYEES),
        ({"企業名": "あ", "従業員数": "2147483648"}, RejectReason.BAD_EMPLOYEES),
    ],
)
def test_row_that_cannot_be_read_has_a_reason(cells: dict[str, str], reason: RejectReason) -> None:
    assert _read(**cells) is reason


@pytest.mark.parametrize("cells", [{"企業名": "あ" * 200}, {"企業名": "あ", "従業員数": "2147483647"}])
def test_row_at_the_limit_is_read(cells: dict[str, str]) -> None:
    assert isinstance(_read(**cells), Row)


def test_row_may_be_shorter_than_the_headings_but_not_longer() -> None:
    layout = read_headings(["住所", "会社名", "従業員数"])
    assert read_row(layout, ["東京", "かけはし"]) == _row(name="かけはし", address="東京")
    assert read_row(layout, ["東京", "かけはし", "1", "", ""]) == _row(name="かけはし", address="東京", employees=1)
    assert read_row(layout, ["東京", "かけはし", "1", "", "余り"]) is RejectReason.TOO_MANY_CELLS


@given(st.lists(st.text(max_size=20), max_size=14))
def test_any_cells_are_a_row_or_have_a_reason(cells: list[str]) -> None:
    assert isinstance(read_row(LAYOUT, cells), (Row, RejectReason))


def _groups(*rows: Row) -> list[Row]:
    return [row for row, _ in group([(row, company_words(row.name)) for row in rows])]


A, B = "1010001185037", "6100001003151"


def test_rows_of_one_number_are_one_company_and_the_first_decides() -> None:
    first = _row(corporate_number=A, name="かけはし", employees=5)
    second = _row(corporate_number=A, name="かけはし商事", employees=6, address="東京")
    assert _groups(first, second) == [_row(corporate_number=A, name="かけはし", employees=5, address="東京")]


def test_row_without_number_is_the_company_of_its_name_and_address() -> None:
    known = _row(corporate_number=A, name="株式会社かけはし", address="東京")
    bare = _row(name="㈱カケハシ", address="東京", employees=7)
    assert _groups(known, bare) == [known._replace(employees=7)]
    assert _groups(bare, known) == [bare._replace(corporate_number=A)]


def test_companies_of_one_name_stay_apart_by_number_or_address() -> None:
    rows = (
        _row(corporate_number=A, name="かけはし", address="東京"),
        _row(corporate_number=B, name="かけはし", address="東京"),
        _row(name="かけはし", address="大阪"),
    )
    assert _groups(*rows) == list(rows)


def test_what_is_said_goes_over_what_is_not() -> None:
    over = _row(name="甲", employees=0, capital_million_yen=None)
    under = _row(name="乙", employees=9, capital_million_yen=3, address="東京")
    assert merge(over, under) == _row(name="甲", employees=0, capital_million_yen=3, address="東京")
