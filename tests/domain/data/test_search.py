"""What a company is found by, and what a search asks for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.data.search import Branch, Query, gram_numbers, ngrams, numbers_of, parse, rank, search_text

COMPANIES = Path(__file__).parents[3] / "data" / "companies-500.csv"
with COMPANIES.open(encoding="utf-8", newline="") as file:
    REAL = [
        search_text(row["name"], row["name_kana"], row["name_en"], row["corporate_number"], row["website"])
        for row in csv.DictReader(file)
    ]

TOYOTA = search_text(
    "トヨタ自動車株式会社",
    "トヨタジドウシャカブシキガイシャ",
    "TOYOTA MOTOR CORPORATION",
    "1180301018771",
    "https://toyota.jp/x",
)


def _query(text: str) -> Query:
    query = parse(text)
    assert query is not None
    return query


def _offered(branch: Branch, grams: set[str]) -> bool:
    """Whether the index offers a line; without grams every line is looked at."""
    return branch.every <= grams and (not branch.some or bool(branch.some & grams))


def test_line_holds_everything_a_company_is_known_by() -> None:
    assert TOYOTA == (
        "とよた自動車",
        "^とよた自動車|とよたじどうしや|~|toyotajidosha|toyota_motor|toyotamotor|toyota|#1180301018771|",
    )


def test_name_in_kana_is_its_own_reading() -> None:
    assert search_text("株式会社かけはし") == ("かけはし", "^かけはし|~|kakehashi|")


def test_name_with_words_is_found_with_and_without_the_gap() -> None:
    assert search_text("アイ・オー・データ機器")[1] == "^あいおでた機器|あい_お_でた機器|~||"


# Name, reading, English name, number, website.
FACTS = st.tuples(
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
    st.sampled_from(["", "1180301018771"]),
    st.text(max_size=20),
)


@given(FACTS)
def test_marks_come_from_no_name(facts: tuple[str, ...]) -> None:
    _, line = search_text(*facts)
    assert line[0] == "^"
    assert line[-1] == "|"
    assert line.count("^") == line.count("~") == 1


@pytest.mark.parametrize(
    ("typed", "ranked"),
    [
        ("トヨタ自動車", 0),
        ("(株)とよた 自動車", 0),
        ("とよ", 1),
        ("トヨタジ", 2),
        ("toyo", 2),
        ("motor", 3),
        ("自動", 4),
        ("oyot", 4),
        ("jidousya", 4),
        ("moto to", 3),
        ("1180301018771", 4),
        ("8030", 4),
        ("www.toyota.jp", 2),
        ("toyota.j", 2),
        ("ほんだ", None),
        ("toyota honda", None),
    ],
)
def test_rank_says_how_well_a_company_answers(typed: str, ranked: int | None) -> None:
    assert rank(_query(typed), *TOYOTA) == ranked


@pytest.mark.parametrize("typed", ["", " ", "ー", "・・・", '"', "()", "\0"])
def test_nothing_to_look_for_is_no_query(typed: str) -> None:
    assert parse(typed) is None


@settings(max_examples=300)
@given(st.sampled_from(REAL), st.integers(0, 100), st.integers(1, 15))
def test_every_part_of_a_real_companys_line_finds_it(company: tuple[str, str], start: int, length: int) -> None:
    _, line = company
    part = line[start : start + length].strip("|^#_~")
    if any(mark in part for mark in "|_#^~") or not part:
        return
    query = parse(part)
    if query is None or part not in query.tiers[-1].needles[0]:
        # What is typed may read as a corporate form or an address.
        return
    assert rank(query, *company) is not None
    grams = set(ngrams(line).split())
    assert any(_offered(branch, grams) for branch in query.tiers[-1].branches)


@given(st.text(max_size=20), st.text(max_size=40))
@example("1", "À0&")
@example("12", "あおばA ")
def test_index_offers_whatever_answers(typed: str, name: str) -> None:
    query = parse(typed)
    company = search_text(name + typed)
    if query is None:
        return
    found = rank(query, *company)
    if not found:
        return
    grams = set(ngrams(company[1]).split())
    assert any(_offered(branch, grams) for branch in query.tiers[found - 1].branches)
    assert any(_offered(branch, grams) for branch in query.tiers[-1].branches)


@given(FACTS)
def test_numbers_of_a_line_are_the_numbers_of_its_grams(facts: tuple[str, ...]) -> None:
    _, line = search_text(*facts)
    assert numbers_of(ngrams(line).split()) <= gram_numbers(line)
    assert all(-(2**31) <= number < 2**31 for number in gram_numbers(line))


def test_real_grams_and_their_numbers_are_one_to_one() -> None:
    for _, line in REAL:
        grams = set(ngrams(line).split())
        assert numbers_of(grams) == gram_numbers(line)
        assert len(grams) == len(gram_numbers(line))


@given(st.text(max_size=400))
def test_any_text_makes_a_small_query(typed: str) -> None:
    query = parse(typed)
    assert query is None or all(len(tier.branches) <= 16 for tier in query.tiers)
