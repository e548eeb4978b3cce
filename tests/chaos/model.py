"""A language model that answers what the people of the chaos ask it, and that things may happen to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tests.servers.model import Answer, Asked, Cut, Failure, Json, Page, Text, Truncated

QUOTE = "月末の集計に三日かかっていて困っています"
CALL = f"""佐藤: お世話になっております、佐藤と申します。資料の件でお電話いたしました。
お客様: はい。{QUOTE}。
佐藤: ご予算はもうお決まりでしょうか。
お客様: 今期の予算として500万円を確保しています。決裁は部長が行います。
佐藤: では来週、御見積書をお送りします。
"""
QUESTION = "先週の接続率を教えてもらえますか"


class Mood(StrEnum):
    """How the server answers."""

    WELL = "well"
    BUSY = "429"
    BROKEN = "500"
    GARBLED = "garbled"


class Model:
    """What the server is told to answer; it asks from a thread of its own."""

    def __init__(self) -> None:
        self.mood = Mood.WELL
        self._asked = 0

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request of this moment."""
        self._asked += 1
        match self.mood:
            case Mood.BUSY:
                return Failure(429, after="0.1")
            case Mood.BROKEN:
                return Failure(500)
            case Mood.GARBLED:
                garbled: list[Answer] = [Page(), Cut(), Truncated(), Text("{}"), Json({"calls": "?", "lines": [{}]})]
                return garbled[self._asked % len(garbled)]
        return _well(asked)


def _well(asked: Asked) -> Answer:
    match asked.output:
        case "MeetingNote":
            return Json({"lines": [{"kind": "pain", "text": "集計に時間がかかる", "quote": QUOTE, "utterance": 2}]})
        case "BantReading" | "HandoffSummary":
            return Json({"lines": []})
        case "ToolChoice":
            return Json({"calls": [{"tool": "kpis", "arguments": _words(kpi="connect_rate", period="last_week")}]})
    return Text("先週の接続率は下のとおりです。")


def _words(**arguments: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in arguments.items()]
