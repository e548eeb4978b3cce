"""The figures of a call, counted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.outreach.scripts import Stage as CallStage
from domain.performance.coaching import Measures, measure, questions
from domain.pipeline.transcripts import Side, Transcript, Utterance

OURS, THEIRS, NOBODY = Side.OURS, Side.THEIRS, Side.UNKNOWN


def talk(*turns: tuple[Side, int | None, int | None, str]) -> Transcript:
    return Transcript(
        tuple(Utterance(n, side.value, side, a, b, text) for n, (side, a, b, text) in enumerate(turns, 1))
    )


def test_figures_of_a_call_are_exact() -> None:
    found = measure(
        talk(
            (OURS, 0, 4_000, "お世話になっております、佐藤と申します。"),
            (OURS, 4_500, 10_000, "資料請求の件でお電話いたしました。"),
            (THEIRS, 9_000, 12_000, "はい、そうですか。"),
            (OURS, 15_000, 16_000, "何名で入力されていますか。"),
            (THEIRS, 18_999, 21_000, "予算が厳しいんですよね。御社は高いですか？"),
            (OURS, 25_000, 29_000, "段階的に始めていただく企業様が多いです。"),
            (OURS, 29_000, 31_000, "来週の火曜日はご都合いかがでしょうか。"),
        )
    )
    assert (found.ours_ms, found.theirs_ms) == (4_000 + 5_500 + 1_000 + 6_000, 3_000 + 2_001)
    assert found.talk_ratio == Fraction(16_500, 21_501)
    assert found.overlap_ms == 1_000
    # 3,000 is a silence, 2,999 is none.
    assert (found.silences, found.silence_ms) == (2, 3_000 + 4_000)
    assert (found.longest_ms, found.longest_number) == (10_000, 1)
    assert (found.our_questions, found.their_questions) == (2, 1)
    assert found.stages == (
        CallStage.OPENING,
        CallStage.PURPOSE,
        CallStage.DISCOVERY,
        CallStage.OBJECTION,
        CallStage.CLOSING,
    )
    assert Measures.from_json(found.to_json()) == found


def test_what_is_not_in_a_transcript_is_none_and_not_nought() -> None:
    untimed = measure(talk((OURS, None, None, "予算はいくらですか"), (THEIRS, None, None, "500万円")))
    assert (untimed.ours_ms, untimed.talk_ratio, untimed.silences, untimed.longest_ms) == (None,) * 4
    assert (untimed.letter_ratio, untimed.our_questions) == (Fraction(9, 14), 1)
    unsided = measure(talk((NOBODY, 0, 1_000, "はい"), (NOBODY, 5_000, 6_000, "ええ")))
    assert (unsided.ours_ms, unsided.letter_ratio, unsided.our_questions, unsided.stages) == (None,) * 4
    assert (unsided.silences, unsided.silence_ms) == (1, 4_000)
    assert measure(talk((OURS, 0, 1_000, "…"))).talk_ratio == 1
    assert measure(talk((OURS, 0, 0, "…"))).talk_ratio is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("ご予算はいくらですか。", 1),
        ("ご予算は？　時期は？", 2),
        ("そうですか。", 0),
        ("なるほど、そうなんですか。", 0),
        ("いつ頃をお考えでしょうかね", 1),
        ("何かお困りのことはございませんか。教えていただけますか。", 2),
        ("ご確認いただければと思います。", 0),
        ("静かな会社です。", 0),
        ("ああああああああああああああああああああああああああああああああああああああああああああ", 0),
        ("What is your budget. And when do you start", 2),
        ("What we need is time. Do it now.", 0),
        ("You have a budget?", 1),
        ("", 0),
    ],
)
def test_questions_are_counted_in_both_languages(text: str, asked: int) -> None:
    assert questions(text) == asked


TURNS = st.lists(
    st.builds(
        lambda side, start, length: (side, start, start + length, "言葉"),
        st.sampled_from([OURS, THEIRS]),
        st.integers(0, 60_000),
        st.integers(0, 20_000),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(TURNS, st.integers(0, 10_000))
def test_times_agree_with_a_count_of_each_moment(turns: list[tuple[Side, int, int, str]], shift: int) -> None:
    # Each hundred milliseconds is looked at by itself, on a grid on which the turns are laid.
    turns = [(side, start // 100 * 100, end // 100 * 100, text) for side, start, end, text in turns]
    found = measure(talk(*turns))
    heard = {side: {at for s, a, b, _ in turns if s is side for at in range(a, b, 100)} for side in (OURS, THEIRS)}
    assert found.ours_ms == 100 * len(heard[OURS])
    assert found.theirs_ms == 100 * len(heard[THEIRS])
    assert found.overlap_ms == 100 * len(heard[OURS] & heard[THEIRS])
    first, last = min(a for _, a, _, _ in turns), max(b for _, _, b, _ in turns)
    silent = sorted(set(range(first, last, 100)) - heard[OURS] - heard[THEIRS])
    # A turn without length stands in a silence and cuts it in two.
    cuts = {a for _, a, b, _ in turns if a == b}
    runs: list[int] = []
    for place, at in enumerate(silent):
        joins = place > 0 and silent[place - 1] == at - 100 and at not in cuts
        runs = [*runs[:-1], runs[-1] + 100] if joins else [*runs, 100]
    assert found.silence_ms == sum(run for run in runs if run >= 3_000)
    assert found.silences == sum(run >= 3_000 for run in runs)
    assert 0 <= (found.longest_ms or 0) <= last - first
    # Later by as much, all of it: the figures are the same.
    later = [(side, a + shift, b + shift, text) for side, a, b, text in turns]
    assert measure(talk(*later)) == found
    # Seen from the other side, the shares change places.
    across = measure(talk(*((s.other, a, b, text) for s, a, b, text in turns)))
    assert (across.ours_ms, across.theirs_ms, across.overlap_ms) == (found.theirs_ms, found.ours_ms, found.overlap_ms)
