"""Texts become passages, what was typed a question, and an answer is worth what it covers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.pipeline.passages import (
    PASSAGE,
    SNIPPET,
    fused,
    grams,
    line,
    pairs,
    parse,
    passages,
    rare,
    snippet,
    weigh,
    worth,
)

TYPED = st.text(max_size=80) | st.text("あんプラ一予算 　ーｱｲab1-。、_\"'*", max_size=40)


def worths(typed: str, *texts: str) -> list[float]:
    question = parse(typed)
    assert question is not None
    lines = [line(text) for text in texts]
    weights = weigh(question, lines)
    return [worth(question, weights, text) for text in lines]


def test_text_is_cut_where_sentences_end_and_nothing_of_it_is_lost() -> None:
    sentence = "来期の予算は四月に決まるとのこと。"
    text = sentence * 60
    found = passages(text)
    assert "".join(found) == text
    assert all(piece.endswith("。") and len(piece) <= PASSAGE for piece in found)
    assert [len(piece) for piece in passages("あ" * 1000)] == [400, 400, 200]
    assert passages(" \n ") == []


def test_line_is_the_same_in_every_width_kana_and_old_character() -> None:
    assert line("ﾃﾞｰﾀﾍﾞｰｽのＢＡＣＫＵＰ") == line("データベースのbackup")
    assert line("髙木さん、サーバー") == line("高木さん サーバ")
    assert line("CRM連携。予算500万円") == "_crm_連携_予算_500_万円_"


@given(text=TYPED)
def test_every_gram_stands_in_its_line_and_no_gram_ends_the_expression_it_is_quoted_in(text: str) -> None:
    made = line(text)
    assert all(gram in made and '"' not in gram and not gram.isspace() for gram in grams(made))


@given(before=TYPED, typed=TYPED, after=TYPED)
def test_passage_that_holds_all_words_is_worth_most_and_has_all_their_grams(
    before: str, typed: str, after: str
) -> None:
    question = parse(typed)
    if question is None:
        return
    text = line(f"{before} {typed[:200]} {after}")
    weights = weigh(question, [text])
    assert set(weights) == set(question.grams)
    if all(word.needle in text for word in question.words):
        assert worth(question, weights, text) == 1.0
        assert set(question.grams) <= grams(text)


def test_rare_words_weigh_more_than_common_ones() -> None:
    common = ["お客様から連絡をいただいた"] * 8
    values = worths("お客様 稟議", *common, "稟議は来月", "お客様は元気")
    assert values[-2] > values[-1] > 0
    question = parse("お客様 稟議")
    assert question is not None
    weights = weigh(question, [line(text) for text in common])
    rarest = rare(weights, len(common))
    assert rarest[0] == "稟議"
    assert ("稟議", rarest[1]) in pairs(rarest)


def test_latin_words_are_found_by_their_beginning_and_single_characters_by_themselves() -> None:
    found = worths("budget", "two budgets are left", "abudget")
    assert found[0] == 1.0 > found[1]
    assert worths("鑑", "印鑑がいる", "印がいる") == [1.0, 0.0]
    assert parse("…!? ") is None


def test_word_that_names_whom_a_passage_is_about_need_not_be_said_in_it() -> None:
    question = parse("あおば 予算")
    assert question is not None
    text = line("予算は四月に決まる")
    weights = weigh(question, [text])
    assert worth(question, weights, text, frozenset({0})) == 1.0 > worth(question, weights, text)


def test_snippet_shows_the_part_that_answers_in_one_line() -> None:
    question = parse("違約金")
    assert question is not None
    text = "長い前置きが続く。\n" * 30 + "途中解約だと違約金が発生する。" + "その後も話は続く。" * 30
    shown = snippet(question, weigh(question, [line(text)]), text)
    assert "違約金" in shown
    assert "\n" not in shown
    assert len(shown) <= SNIPPET + 2
    assert shown[0] == shown[-1] == "…"


def test_what_two_rankings_agree_on_comes_first() -> None:
    assert fused([[1, 2, 3], [3, 4, 1]])[:2] == [3, 1]
    assert fused([[1, 2], []]) == [1, 2]
    assert fused([]) == []
