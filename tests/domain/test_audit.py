"""The chain of the audit log: whatever is done to it shows, and at which row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit import ENTRIES, ERASURE, Break, Entry, Fault, Sealed, Walk, commitment, start

TEAM = "T1"
ROWS = 8


def row(seal: int, previous: str, detail: object = None, action: str = "lead.call") -> Sealed:
    detail = {"n": seal, "名": "山田"} if detail is None else detail
    salt = f"{seal:032x}"
    entry = Entry(seal, 100 + seal, 7, action, f"leads:{seal}", "2026-04-01T00:00:00.000000Z", commitment(salt, detail))
    return Sealed(entry, detail, salt, entry.after(previous))


def chain(rows: int = ROWS, *, erases: int | None = None) -> list[Sealed]:
    made: list[Sealed] = []
    previous = start(TEAM)
    for seal in range(1, rows + 1):
        last = erases is not None and seal == rows
        made.append(row(seal, previous, {ENTRIES: [erases]} if last else None, ERASURE if last else "lead.call"))
        previous = made[-1].hash
    return made


def walked(rows: list[Sealed], anchors: dict[int, str] | None = None, team: str = TEAM) -> Break | None:
    walk = Walk(start(team), anchors or {})
    for one in rows:
        if not walk.feed([one]):
            break
    return walk.end()


def without_details(rows: list[Sealed], place: int) -> list[Sealed]:
    return [replace(each, detail={}, salt=None) if at == place else each for at, each in enumerate(rows)]


def swapped(rows: list[Sealed], place: int) -> list[Sealed]:
    """Two rows in each other's place, with each other's numbers."""
    first, second = rows[place], rows[place + 1]
    first, second = (
        replace(second, entry=replace(second.entry, seal=first.entry.seal)),
        replace(first, entry=replace(first.entry, seal=second.entry.seal)),
    )
    return [*rows[:place], first, second, *rows[place + 2 :]]


def inserted(rows: list[Sealed], place: int) -> list[Sealed]:
    """A row of the forger's own, rightly hashed, and the others' numbers moved on."""
    mine = row(place + 1, rows[place - 1].hash if place else start(TEAM))
    return [
        *rows[:place],
        mine,
        *(replace(each, entry=replace(each.entry, seal=each.entry.seal + 1)) for each in rows[place:]),
    ]


def changed(**values: object) -> Callable[[list[Sealed], int], list[Sealed]]:
    def change(rows: list[Sealed], place: int) -> list[Sealed]:
        entry = replace(rows[place].entry, **values)  # type: ignore[arg-type]  # any column
        return [*rows[:place], replace(rows[place], entry=entry), *rows[place + 1 :]]

    return change


@given(place=st.integers(0, ROWS - 2))
@pytest.mark.parametrize(
    ("forge", "fault", "behind"),
    [
        (changed(action="lead.add"), Fault.CHANGED, 0),
        (changed(member_id=8), Fault.CHANGED, 0),
        (changed(subject="leads:0"), Fault.CHANGED, 0),
        (changed(created_at="2026-04-01T00:00:01.000000Z"), Fault.CHANGED, 0),
        (changed(digest="0" * 64), Fault.CHANGED, 0),
        (lambda rows, at: [*rows[:at], replace(rows[at], detail={"n": -1}), *rows[at + 1 :]], Fault.DETAILS, 0),
        (lambda rows, at: [*rows[:at], replace(rows[at], salt=None), *rows[at + 1 :]], Fault.DETAILS, 0),
        (lambda rows, at: [*rows[:at], *rows[at + 1 :]], Fault.MISSING, 0),
        (swapped, Fault.CHANGED, 0),
        (inserted, Fault.CHANGED, 1),
        (lambda rows, at: [*rows[: at + 1], rows[at], *rows[at + 1 :]], Fault.CHANGED, 1),
        (without_details, Fault.UNRECORDED, 0),
    ],
)
def test_whatever_is_done_to_a_row_is_found_at_its_place(
    forge: Callable[[list[Sealed], int], list[Sealed]], fault: Fault, behind: int, place: int
) -> None:
    rows = chain()
    assert walked(rows) is None
    found = walked(forge(rows, place))
    assert found is not None
    assert (found.fault, found.seal) == (fault, place + 1 + behind)


def test_tail_that_was_cut_off_shows_by_an_anchor_only() -> None:
    rows = chain()
    anchor = {rows[-1].entry.seal: rows[-1].hash}
    assert walked(rows, anchor) is None
    assert walked(rows[:5]) is None
    assert walked(rows[:5], anchor) == Break(Fault.CUT_OFF, 6)
    # Written anew from there on, with hashes that fit.
    again = rows[:5]
    for seal in (6, 7, 8):
        again.append(row(seal, again[-1].hash, {"n": 0}))
    assert walked(again) is None
    assert walked(again, anchor) == Break(Fault.CUT_OFF, 8, 108)


def test_details_that_an_erasure_names_may_be_gone_and_no_others() -> None:
    rows = chain(erases=3)
    assert walked(without_details(rows, 2)) is None
    assert walked(without_details(rows, 3)) == Break(Fault.UNRECORDED, 4, 104)


def test_chain_of_one_team_is_none_of_another() -> None:
    assert walked(chain(), team="T2") == Break(Fault.CHANGED, 1, 101)


def test_commitment_without_its_salt_says_nothing_of_the_details() -> None:
    assert commitment("a", {"phone": "+81312345678"}) != commitment("b", {"phone": "+81312345678"})
