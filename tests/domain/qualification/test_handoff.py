"""Who should take a lead, and when a package is complete."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Rejected
from domain.qualification.handoff import MAX_TEXT, Candidate, Fit, Package, Section, suggest

FULL = Package("会社", "人", "背景", "不安", "期待", "通話")
TOKYO, OSAKA = "東京都大田区蒲田", "大阪府大阪市北区"


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([], []),
        # One alone has no lightest load.
        ([Candidate(1)], [(1, ())]),
        ([Candidate(1, load=3), Candidate(2, load=1)], [(2, (Fit.LIGHTEST_LOAD,)), (1, ())]),
        # Equal loads: whoever came first.
        ([Candidate(2), Candidate(1)], [(1, (Fit.LIGHTEST_LOAD,)), (2, (Fit.LIGHTEST_LOAD,))]),
        # Territory weighs more than industry, whatever the load.
        (
            [Candidate(1, industries=("機械",)), Candidate(2, territories=("東京都",), load=9)],
            [(2, (Fit.TERRITORY,)), (1, (Fit.INDUSTRY, Fit.LIGHTEST_LOAD))],
        ),
        # Industry weighs more than load.
        (
            [Candidate(1), Candidate(2, industries=("機械",), load=9)],
            [(2, (Fit.INDUSTRY,)), (1, (Fit.LIGHTEST_LOAD,))],
        ),
        # Both beat one.
        (
            [Candidate(1, ("東京都",)), Candidate(2, ("大田区",), ("機械",), 5)],
            [(2, (Fit.TERRITORY, Fit.INDUSTRY)), (1, (Fit.TERRITORY, Fit.LIGHTEST_LOAD))],
        ),
        # Any of several territories will do; one elsewhere does not.
        (
            [Candidate(1, ("大阪府",)), Candidate(2, ("大阪府", "東京都"), load=1)],
            [(2, (Fit.TERRITORY,)), (1, (Fit.LIGHTEST_LOAD,))],
        ),
        # An empty territory is no territory.
        (
            [Candidate(1, ("",)), Candidate(2, ("東京都",))],
            [(2, (Fit.TERRITORY, Fit.LIGHTEST_LOAD)), (1, (Fit.LIGHTEST_LOAD,))],
        ),
    ],
)
def test_best_fit_stands_first(candidates: list[Candidate], expected: list[tuple[int, tuple[Fit, ...]]]) -> None:
    assert [(s.member_id, s.fits) for s in suggest(candidates, TOKYO, "機械")] == expected


def test_company_without_address_and_industry_fits_nobody_by_them() -> None:
    candidates = [Candidate(1, ("東京都",), ("機械", "")), Candidate(2)]
    assert [s.fits for s in suggest(candidates, "", "")] == [(Fit.LIGHTEST_LOAD,)] * 2


candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 50),
        st.lists(st.sampled_from(["東京都", "大阪府", ""])).map(tuple),
        st.lists(st.sampled_from(["機械", "化学", ""])).map(tuple),
        st.integers(0, 9),
    ),
    unique_by=lambda candidate: candidate.member_id,
)


@given(candidates, st.sampled_from([TOKYO, OSAKA, ""]), st.sampled_from(["機械", ""]), st.randoms())
def test_everybody_is_suggested_once_whatever_the_order(
    there: list[Candidate], address: str, industry: str, random: object
) -> None:
    ranked = suggest(there, address, industry)
    assert sorted(s.member_id for s in ranked) == sorted(c.member_id for c in there)
    shuffled = list(there)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert suggest(shuffled, address, industry) == ranked


@pytest.mark.parametrize(
    ("changes", "missing", "fields_at_fault"),
    [
        ({}, (), []),
        ({"company": ""}, (Section.COMPANY,), ["company"]),
        ({"key_persons": " 　\n"}, (Section.KEY_PERSONS,), ["key_persons"]),
        ({"background": ""}, (Section.BACKGROUND,), ["background"]),
        ({"worries": ""}, (), []),
        ({"hopes": ""}, (), []),
        ({"worries": " ", "hopes": ""}, (Section.WORRIES_AND_HOPES,), ["worries"]),
        ({"call_summary": ""}, (Section.CALL_SUMMARY,), ["call_summary"]),
    ],
)
def test_package_needs_six_sections(
    changes: dict[str, str], missing: tuple[Section, ...], fields_at_fault: list[str]
) -> None:
    package = replace(FULL, **changes)
    assert package.missing() == missing
    if not fields_at_fault:
        package.check()
        return
    with pytest.raises(Rejected) as rejected:
        package.check()
    assert [(r.code, r.field) for r in rejected.value.refusals] == [(Code.REQUIRED, f) for f in fields_at_fault]


def test_empty_package_lacks_every_section() -> None:
    assert Package().missing() == tuple(section for section in Section if section is not Section.BANT)


@pytest.mark.parametrize("name", [field.name for field in fields(Package)])
def test_text_too_long_is_rejected_under_its_field(name: str) -> None:
    replace(FULL, **{name: "あ" * MAX_TEXT}).check()
    with pytest.raises(Rejected) as rejected:
        replace(FULL, **{name: "あ" * (MAX_TEXT + 1)}).check()
    assert [(r.code, r.field) for r in rejected.value.refusals] == [(Code.TOO_LONG, name)]


@given(st.builds(Package, *[st.text(max_size=30)] * 6))
def test_package_comes_back_from_json_as_it_was(package: Package) -> None:
    assert Package.from_json(package.to_json()) == package
    assert set(package.to_json()) == {field.name for field in fields(Package)}
