"""A quote is found where it was said, and nowhere else."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from domain.pipeline.quotes import MARKS, Source, find, fold
from domain.pipeline.transcripts import Side, Transcript, Utterance


def conversation(*lines: tuple[str, Side, str]) -> Transcript:
    return Transcript(
        tuple(
            Utterance(number, speaker, side, number * 1000, None, text)
            for number, (speaker, side, text) in enumerate(lines, 1)
        )
    )


CALL = conversation(
    ("佐藤", Side.OURS, "ご予算は 300万円 くらいでしょうか。"),
    ("田島", Side.THEIRS, "いえ、ﾖｻﾝは１，２００万円です。"),
    ("田島", Side.THEIRS, "役員会で 承認\n済みです。"),
    ("佐藤", Side.OURS, "ありがとうございます。"),
    ("Owen", Side.THEIRS, "We  have ４ million yen\tset aside."),
    ("佐藤", Side.OURS, "ありがとうございます。"),
)


def test_quote_is_found_whatever_its_width_and_spaces() -> None:
    assert find("ヨサンは1,200万円です", CALL) == Source((2,), "田島", Side.THEIRS, 2000)
    assert find("「 We have 4 million yen set aside. 」", CALL) == Source((5,), "Owen", Side.THEIRS, 5000)
    assert find("役員会で承認済み", CALL) == Source((3,), "田島", Side.THEIRS, 3000)


def test_quote_may_go_on_in_the_speakers_next_utterance_but_not_in_somebody_elses() -> None:
    assert find("万円です。役員会で", CALL) == Source((2, 3), "田島", Side.THEIRS, 2000)
    assert find("でしょうか。いえ、ヨサン", CALL) is None


def test_quote_with_one_letter_changed_added_or_left_out_is_none() -> None:
    for changed in ("ヨサンは1,300万円です", "ヨサンは約1,200万円です", "ヨサンは200万円です", "役員会で…済みです"):
        assert find(changed, CALL) is None


def test_quote_said_twice_counts_only_where_it_is_claimed_to_stand() -> None:
    assert find("ありがとうございます", CALL) is None
    assert find("ありがとうございます", CALL, near=6) == Source((6,), "佐藤", Side.OURS, 6000)
    assert find("ありがとうございます", CALL, near=2) is None


def test_quote_of_nearly_nothing_shows_nothing() -> None:
    assert [find(short, CALL) for short in ("", "  ", "「」", "で", "いえ")] == [None] * 5


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Mn", "Me")), min_size=6, max_size=40)


@given(text=TEXT, other=TEXT, data=st.data())
def test_any_part_of_an_utterance_is_found_in_it(text: str, other: str, data: st.DataObject) -> None:
    # What composes with its neighbour changes when it is cut: no quote is.
    text = fold(text)
    if unicodedata.normalize("NFD", text) != text:
        text = unicodedata.normalize("NFKC", "見積書をお願いします")
    start = data.draw(st.integers(0, max(0, len(text) - 4)))
    part = text[start : start + 4]
    found = find(part, conversation(("A", Side.THEIRS, text), ("B", Side.OURS, other)), near=1)
    if len(fold(part.strip(MARKS))) >= 3:
        assert found is not None
        assert found.speaker in {"A", "B"}
        assert fold(part.strip(MARKS)) in fold({"A": text, "B": other}[found.speaker])
