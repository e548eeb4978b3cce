"""Whose words, when and where: as people read it."""

from __future__ import annotations

from domain.pipeline.quotes import Source
from domain.pipeline.transcripts import Side
from handlers.i18n import translator
from handlers.spoken import source, summary
from services.pipeline.proposals import SummaryLine

HEARD = Source((2,), "A", Side.THEIRS, 65_000)
CHANNEL, DIRECT = "https://x.example/archives/C1/p1?a=1", "https://x.example/archives/D1/p1"


def test_voice_that_listening_only_told_apart_is_called_by_its_side() -> None:
    t = translator("ja")
    assert source(t, HEARD) == "お客様 1:05"
    assert source(t, Source((2,), "B", Side.OURS, None)) == "自社 2番目の発言"
    assert source(t, Source((2,), "B", Side.UNKNOWN, 0)) == "話者B 0:00"
    assert source(t, Source((2,), "Bo", Side.THEIRS, 0)) == "Bo 0:00"
    assert source(t, Source((2,), "", Side.THEIRS, 0)) == "話者不明 0:00"


def test_sentences_carry_their_sources_and_a_link_that_others_can_open_stands_once() -> None:
    t = translator("ja")
    two = ("一つ目です。", "二つ目です。")
    told = summary(t, [SummaryLine(text, HEARD, CHANNEL) for text in two]).splitlines()
    assert told == [*(f"・{text}（お客様 1:05）" for text in two), f"通話の記録：{CHANNEL}"]
    alone = summary(t, [SummaryLine(text, HEARD, DIRECT) for text in two]).splitlines()
    assert alone == told[:2]
    long = summary(t, [SummaryLine("あ" * 400, HEARD, CHANNEL)] * 10)
    assert len(long) <= 2600
    assert long.endswith(CHANNEL)
