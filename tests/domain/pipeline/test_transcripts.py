"""Conversations out of the files of meeting and telephone systems."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Code, Refused
from domain.pipeline.transcripts import MAX_CHARACTERS, MAX_TEXT, Side, Transcript, parse, swapped, with_sides

TEAMS = """WEBVTT

NOTE 自動で作成

1b2f/12-0
00:00:03.120 --> 00:00:05.000
<v 佐藤 花子>お世話に&lt;なります&gt;。</v>
<v 佐藤 花子>佐藤です。</v>

1b2f/13-0
00:00:05.500 --> 00:01:07.250
<v.loud 山田 太郎 (山田商事)><i>はい</i>、山田です。</v>
"""
ZOOM = """WEBVTT

1
00:00:03.120 --> 00:00:05.000
佐藤 花子: お時間は 10:30 まででしたか。

2
01:00:05.500 --> 01:00:07.250
山田 太郎：https://example.com です。
"""
SRT = """1
00:00:03,120 --> 00:00:05,000
佐藤: 一行目
二行目
2
00:00:06,000 --> 00:00:07,000
42
"""
ZOOM_TEXT = """[佐藤 花子] 23:59:58
お世話になります。
続きです。
[山田 太郎] 00:00:03
はい。
"""
TEAMS_TEXT = """佐藤 花子   0:03
お世話になります。
山田 太郎   1:02:03
はい、予算: 500万円です。
"""
RAW = "0:00 (取引先) はい。\n0:02 (ユーザー) お世話になります。\n1:05 (取引先) どうも。"
PLAIN = """佐藤：お世話になります。
山田様: はい。
続きの行。
注意。ここは: 文です
"""


def said(text: str, filename: str = "") -> list[tuple[str, int | None, int | None, str]]:
    return [(u.speaker, u.start_ms, u.end_ms, u.text) for u in parse(text, filename).utterances]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            TEAMS,
            [
                ("佐藤 花子", 3120, 5000, "お世話に<なります>。 佐藤です。"),
                ("山田 太郎 (山田商事)", 5500, 67250, "はい、山田です。"),
            ],
        ),
        (
            ZOOM,
            [
                ("佐藤 花子", 3120, 5000, "お時間は 10:30 まででしたか。"),
                ("山田 太郎", 3605500, 3607250, "https://example.com です。"),
            ],
        ),
        (SRT, [("佐藤", 3120, 5000, "一行目 二行目"), ("", 6000, 7000, "42")]),
        (ZOOM_TEXT, [("佐藤 花子", 0, None, "お世話になります。 続きです。"), ("山田 太郎", 5000, None, "はい。")]),
        (
            TEAMS_TEXT,
            [
                ("佐藤 花子", 3000, None, "お世話になります。"),
                ("山田 太郎", 3723000, None, "はい、予算: 500万円です。"),
            ],
        ),
        (
            RAW,
            [
                ("取引先", 0, None, "はい。"),
                ("ユーザー", 2000, None, "お世話になります。"),
                ("取引先", 65000, None, "どうも。"),
            ],
        ),
        (
            PLAIN,
            [
                ("佐藤", None, None, "お世話になります。"),
                ("山田様", None, None, "はい。 続きの行。 注意。ここは: 文です"),
            ],
        ),
        ("[00:03] Yamada: Hello.\n(00:09) Sato：Hi", [("Yamada", 3000, None, "Hello."), ("Sato", 9000, None, "Hi")]),
        (
            "名前のない行。\nhttps://example.com\n",
            [("", None, None, "名前のない行。"), ("", None, None, "https://example.com")],
        ),
    ],
    ids=["teams", "zoom", "srt", "zoom-text", "teams-text", "miitel-text", "names", "times-and-names", "lines"],
)
def test_each_form_gives_speakers_times_and_words(text: str, expected: list[tuple[str, int, int, str]]) -> None:
    assert said(text) == expected
    assert said("\ufeff" + text.replace("\n", "\r\n")) == expected


def miitel(call_type: str = "OUTGOING_CALL") -> dict[str, object]:
    """A call as MiiTel describes it in its outgoing webhook."""
    return {
        "call": {
            "id": "0184f502",
            "details": [
                {
                    "call_type": call_type,
                    "participants": [
                        {"id": "a", "from_to": "FROM", "name": "佐藤 花子"},
                        {"id": "b", "from_to": "TO", "name": None, "company_name": "山田商事"},
                    ],
                    "phrases": [
                        {"participant_id": "a", "raw": [{"phrase": "どうも。", "start_at": 2.16, "end_at": 3.5}]},
                        {"participant_id": "b", "raw": [{"phrase": "はい。", "starts_at": 0.5, "ends_at": 1}]},
                    ],
                }
            ],
        }
    }


def test_miitel_call_is_read_in_the_order_of_its_seconds_with_the_sides_of_the_call() -> None:
    outgoing = parse(json.dumps(miitel()), "call.json").utterances
    assert [(u.speaker, u.side, u.start_ms, u.end_ms, u.text) for u in outgoing] == [
        ("山田商事", Side.THEIRS, 500, 1000, "はい。"),
        ("佐藤 花子", Side.OURS, 2160, 3500, "どうも。"),
    ]
    incoming = parse(json.dumps(miitel("INCOMING_CALL"))).utterances
    assert [u.side for u in incoming] == [Side.OURS, Side.THEIRS]
    raw = parse(json.dumps({"details": [{"speech_recognition": {"raw": RAW}}]}), "x.json").utterances
    assert [u.side for u in raw] == [Side.THEIRS, Side.OURS, Side.THEIRS]
    segments = parse('{"text": "x", "segments": [{"start": 1, "end": 2.5, "text": "Hello"}]}').utterances
    assert [(u.start_ms, u.end_ms, u.text) for u in segments] == [(1000, 2500, "Hello")]


@pytest.mark.parametrize(
    ("text", "filename", "code"),
    [
        ("", "a.txt", Code.REQUIRED),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v 佐藤></v>\n", "a.vtt", Code.REQUIRED),
        ("{}", "a.json", Code.REQUIRED),
        ('{"call": ', "a.json", Code.INVALID),
        ("[" * 100_000, "a.json", Code.INVALID),
        ("a\0b", "a.txt", Code.INVALID),
        ("あ" * (MAX_CHARACTERS + 1), "a.txt", Code.TOO_LONG),
        ("一行。\n" * 20_001, "a.txt", Code.TOO_LONG),
    ],
    ids=["empty", "silent", "no-words", "broken", "deep", "binary", "long", "many"],
)
def test_file_that_is_no_conversation_is_refused(text: str, filename: str, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        parse(text, filename)
    assert (refused.value.code, refused.value.field) == (code, "transcript")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "WEBVTT",
                "00:01.000 --> 00:02.000",
                "<v 佐藤>",
                "</v>",
                "[佐藤] 10:00:00",
                "佐藤 0:03",
                "0:01",
                ":",
                "：",
                "{",
                "\n",
            ]
        )
        | st.text(max_size=20)
    ).map(" ".join)
    | st.text()
)
def test_any_text_is_a_tidy_conversation_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except Refused:
        return
    assert [u.number for u in found.utterances] == list(range(1, len(found.utterances) + 1))
    for u in found.utterances:
        assert u.text
        assert u.text == " ".join(u.text.split())[:MAX_TEXT]
        assert u.start_ms is None or 0 <= u.start_ms <= (u.end_ms if u.end_ms is not None else u.start_ms)
        assert u.end_ms is None or u.start_ms is not None


def test_long_runs_of_what_patterns_look_for_cost_no_time() -> None:
    for part in (" ", "　", "あ", "<v ", "0:0", "-", ":", "[", "\t", "<"):
        said("山田: a" + part * 200_000 + "z")


def test_sides_come_from_names_and_a_guess_is_called_one() -> None:
    def sides(text: str, ours: list[str], theirs: list[str]) -> tuple[list[Side], bool]:
        found, guessed = with_sides(parse(text), ours, theirs)
        return [u.side for u in found.utterances], guessed

    two = "佐藤 花子: どうも。\n山田: はい。"
    assert sides(two, ["佐藤 花子"], []) == ([Side.OURS, Side.THEIRS], False)
    assert sides(two, [], ["山田 太郎"]) == ([Side.OURS, Side.THEIRS], False)
    assert sides("山田様: はい。\n花子 佐藤（弊社）: どうも。\n他: え。", [], ["山田　太郎"])[0] == [
        Side.THEIRS,
        Side.UNKNOWN,
        Side.UNKNOWN,
    ]
    assert sides("A: はい。\nB: 佐藤と申します。", [], []) == ([Side.THEIRS, Side.OURS], True)
    assert sides("A: はい。\nB: どうも。", [], []) == ([Side.OURS, Side.THEIRS], True)
    assert sides("誰の声とも知れない。", ["佐藤"], ["山田"]) == ([Side.UNKNOWN], False)
    assert sides(RAW, ["取引先"], []) == ([Side.THEIRS, Side.OURS, Side.THEIRS], False)
    known: Transcript = with_sides(parse(two), ["佐藤 花子"], [])[0]
    assert [u.side for u in swapped(known).utterances] == [Side.THEIRS, Side.OURS]
    assert swapped(swapped(known)) == known
