"""What people ask for is understood, in Japanese and English, polite and casual, however wide the letters are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.assistant import MOST_CHARACTERS, Request, understand
from tests.domain import asked

PLAIN = {
    "call_list": """
        今日の架電リスト / 今日の架電リストを見せてください / 本日の架電先 / コールリストお願いします
        架電リスト出して / キューを見せて / 今日は誰に電話すればいい？ / 今日架電すべき相手は
        show me today's call list / call queue please / my calls / who should I call today?
        お疲れ様です。架電リストをお願いします。
    """,
    "next_call": """
        次は誰に電話すればいい？ / 次の架電 / 次に電話する相手は？ / 誰に架電すべき？ / who should I call next?
        next call
    """,
    "callbacks": """
        再架電の予定 / 折り返しの予定は？ / 再架電の一覧を教えて / かけ直しある？ / my callbacks / promised calls
    """,
    "overdue_steps": """
        期限切れの予定 / 期限が過ぎたものは？ / 遅れているタスク / what is overdue?
    """,
    "aimless_leads": """
        次の一手がないリード / 次のステップが決まっていないリード / leads without a next step
    """,
    "inquiries": """
        未対応の問い合わせ / 問合せ来てる？ / 未対応のお問い合わせはありますか / インバウンドは？
        open inquiries
    """,
    "response_speed": """
        初回対応の速さ / 問い合わせに何分で対応できてる？ / how fast do we answer inquiries? / speed to lead
    """,
    "handoffs": """
        引き継ぎの状況 / トスアップの状況を教えて / 引継ぎどうなってる？ / handoffs waiting / ハンドオフの状況
    """,
    "returned_handoffs": """
        差し戻し / 差戻しはある？ / 差し戻された案件を見せてください / returned handoffs / what was sent back?
    """,
    "my_leads": """
        自分のリード / 担当しているリード / 私の案件を見せて / my leads
    """,
    "today": """
        今日の予定 / 今日のやること / 今日は何をすればいい？ / my day
    """,
    "best_hours": """
        いつ電話がつながりやすい？ / つながりやすい時間帯は？ / ヒートマップ / best time to call
    """,
    "help": """
        ヘルプ / help / 使い方 / 何ができる？ / これは何ができるのですか、教えてください / what can you do?
        ＨＥＬＰ
    """,
    "meetings": """
        商談の予定 / アポの一覧 / 商談を確認 / my meetings
    """,
    "free_slots": """
        商談の空き枠 / 空き枠は？ / 空いてる時間ある？ / 日程候補 / free slots
    """,
}
FILLED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("今日のアポ", "meetings", {"when": "今日"}),
    ("明日の商談は？", "meetings", {"when": "明日"}),
    ("来週のアポを教えてください", "meetings", {"when": "来週"}),
    ("meetings tomorrow", "meetings", {"when": "tomorrow"}),
    ("来週の商談の空き枠は？", "free_slots", {"when": "来週"}),
    ("山田さんの商談の空き枠", "free_slots", {"name": "山田"}),
    ("free slots for Ms. Yamada next week", "free_slots", {"name": "Yamada", "when": "next week"}),
    ("山田商事の状況は?", "lead", {"name": "山田商事"}),
    ("山田商事の状況は？", "lead", {"name": "山田商事"}),
    ("田中さんってどうなってる？", "lead", {"name": "田中"}),
    ("田中様の進捗を教えてください", "lead", {"name": "田中"}),
    ("株式会社あおば精機について教えて", "lead", {"name": "株式会社あおば精機"}),
    ("田中氏の連絡先", "lead", {"name": "田中"}),
    ("ＡＢＣ商事の履歴", "lead", {"name": "ABC商事"}),
    ("田中さん", "lead", {"name": "田中"}),
    ("What's the status of Aoba Precision?", "lead", {"name": "Aoba Precision"}),
    ("tell me about Aoba", "lead", {"name": "Aoba"}),
    ("あおば精機を検索して", "find_leads", {"name": "あおば精機"}),
    ("山田さんを探して", "find_leads", {"name": "山田"}),
    ("リードを探す", "find_leads", {}),
    ("find Aoba", "find_leads", {"name": "Aoba"}),
    ("先週の接続率", "kpis", {"kpi": "connect_rate", "period": "last_week"}),
    ("今週の接続率を教えてもらえますか", "kpis", {"kpi": "connect_rate", "period": "this_week"}),
    ("今月のアポ数", "kpis", {"kpi": "meetings_set", "period": "this_month"}),
    ("昨日の架電は何件？", "kpis", {"kpi": "dials", "period": "yesterday"}),
    ("今日アポ取れた？", "kpis", {"kpi": "meetings_set", "period": "today"}),
    ("担当別の架電数", "kpis", {"kpi": "dials", "by": "rep"}),
    (
        "先月の獲得経路別の商談化率",
        "kpis",
        {"kpi": "opportunity_per_connected", "period": "last_month", "by": "source"},
    ),
    ("今週の数字", "kpis", {"period": "this_week"}),
    ("ＫＰＩ", "kpis", {}),
    ("last week's connect rate", "kpis", {"kpi": "connect_rate", "period": "last_week"}),
    ("how many calls yesterday?", "kpis", {"kpi": "dials", "period": "yesterday"}),
    ("先週の接続率、なぜ下がった？", "why", {"kpi": "connect_rate", "period": "last_week"}),
    ("なんでアポ減ったの", "why", {"kpi": "meetings_set"}),
    ("なぜ？", "why", {}),
    ("why did the connect rate drop last week?", "why", {"kpi": "connect_rate", "period": "last_week"}),
    ("誰が一番アポを取った？", "ranking", {"kpi": "meetings_set"}),
    ("今月の架電数ランキング", "ranking", {"kpi": "dials", "period": "this_month"}),
    ("who set the most meetings this month?", "ranking", {"kpi": "meetings_set", "period": "this_month"}),
    ("今月の着地", "landing", {"period": "this_month"}),
    ("今月の目標との差は？", "landing", {"period": "this_month"}),
    ("目標に届きそう？", "landing", {}),
    ("are we on track this month?", "landing", {"period": "this_month"}),
    ("田中さんを来週火曜14時に商談設定", "book_meeting", {"name": "田中", "when": "来週火曜14時"}),
    ("来週火曜１４時に田中さんとの商談を入れてください", "book_meeting", {"name": "田中", "when": "来週火曜14時"}),
    ("田中様との打ち合わせを12/1 15:00で設定お願いします", "book_meeting", {"name": "田中", "when": "12/1 15:00"}),
    (
        "株式会社あおば精機の山田様と明日15時に商談を設定してほしい",
        "book_meeting",
        {"name": "株式会社あおば精機の山田", "when": "明日15時"},
    ),
    ("田中さんのアポ入れて", "book_meeting", {"name": "田中"}),
    ("明日14時に商談を入れて", "book_meeting", {"when": "明日14時"}),
    (
        "Book a meeting with Tanaka next Tuesday at 2pm",
        "book_meeting",
        {"name": "Tanaka", "when": "next Tuesday at 2pm"},
    ),
    ("set up a meeting with Tanaka-san on Friday 10am", "book_meeting", {"name": "Tanaka", "when": "Friday 10am"}),
    ("明日の10時に佐藤さんに再架電", "plan_call", {"name": "佐藤", "when": "明日の10時"}),
    ("佐藤さんに明日10時に電話するようリマインドして", "plan_call", {"name": "佐藤", "when": "明日10時"}),
    ("佐藤様へ30分後にかけ直します", "plan_call", {"name": "佐藤", "when": "30分後"}),
    ("remind me to call Tanaka tomorrow at 10:00", "plan_call", {"name": "Tanaka", "when": "tomorrow at 10:00"}),
    ("call Tanaka back tomorrow at 10am", "plan_call", {"name": "Tanaka", "when": "tomorrow at 10am"}),
    ("田中さんへの通話を記録", "log_call", {"name": "田中"}),
    ("通話を記録して", "log_call", {}),
    ("田中さん、不在でした", "log_call", {"name": "田中", "result": "no_answer"}),
    ("鈴木様に架電、留守電でした", "log_call", {"name": "鈴木", "result": "voicemail"}),
    ("田中さん担当不在でした", "log_call", {"name": "田中", "result": "absent"}),
    ("log a call with Tanaka: no answer", "log_call", {"name": "Tanaka", "result": "no_answer"}),
)


@pytest.mark.parametrize("tool", PLAIN)
def test_plain_requests_are_understood(tool: str) -> None:
    phrases = [phrase.strip() for line in PLAIN[tool].strip().split("\n") for phrase in line.split("/")]
    found = {phrase: request and request.tool for phrase in phrases for request in [understand(phrase)]}
    assert found == dict.fromkeys(phrases, tool)


@pytest.mark.parametrize(("phrase", "tool", "arguments"), FILLED)
def test_names_times_and_figures_are_taken_out_of_a_request(phrase: str, tool: str, arguments: dict[str, str]) -> None:
    found = understand(phrase)
    assert found is not None
    assert (found.tool, dict(found.arguments)) == (tool, arguments)


def test_requests_are_understood_as_different_people_say_them() -> None:
    wrong = []
    for said, tool, arguments in asked.phrases():
        found = understand(said)
        got = (found.tool, {key: value.lower() for key, value in found.arguments.items()}) if found else ("", {})
        wanted = {key: value.lower() for key, value in arguments.items()}
        if got[0] != tool or (wanted and got[1] != wanted):
            wrong.append((said, tool, arguments, got))
        # Half a width, a space too many, and small letters say the same.
        for other in (f"　{said} ", said.replace("、", "､").replace("。", "｡")):
            assert understand(other) == found, other
    assert wrong == []


def test_what_is_only_asked_or_forbidden_is_never_an_order() -> None:
    found = {said: understand(said) for said in asked.questions()}
    assert {said: request for said, request in found.items() if request and request.tool in asked.WRITES} == {}


@pytest.mark.parametrize(
    "talk", ["", "？", "こんにちは", "ありがとうございます", "thanks!", "あ" * (MOST_CHARACTERS + 1)]
)
def test_talk_is_no_request(talk: str) -> None:
    assert understand(talk) is None


def test_what_follows_in_a_thread_goes_on_from_what_was_asked() -> None:
    before = Request("kpis", {"kpi": "connect_rate", "period": "last_week"})
    asked = {
        "なぜ？": Request("why", {"kpi": "connect_rate", "period": "last_week"}),
        "why?": Request("why", {"kpi": "connect_rate", "period": "last_week"}),
        "先月は？": Request("kpis", {"kpi": "connect_rate", "period": "last_month"}),
        "what about this month?": Request("kpis", {"kpi": "connect_rate", "period": "this_month"}),
        "担当別では？": Request("kpis", {"kpi": "connect_rate", "period": "last_week", "by": "rep"}),
    }
    for said, request in asked.items():
        found = understand(said, before)
        assert found is not None
        assert (found.tool, dict(found.arguments)) == (request.tool, request.arguments)
    following = understand("明日は？", Request("meetings", {"when": "今日"}))
    assert following is not None
    assert dict(following.arguments) == {"when": "明日"}


WORDS = st.sampled_from(
    [
        *("田中", "さん", "様", "を", "に", "の", "は", "が", "来週", "火曜", "14時", "明日", "商談", "アポ", "架電"),
        *("設定", "して", "記録", "不在", "なぜ", "先週", "接続率", "?", "。", " book a meeting with ", " "),
    ]
)


@given(st.one_of(st.text(max_size=MOST_CHARACTERS), st.lists(WORDS, max_size=60).map("".join)))
@example("して" * 150)
@example("明日" * 150)
@example("さんの" * 100)
@example("a " * 150)
def test_whatever_is_written_is_understood_or_not_and_never_a_fault(text: str) -> None:
    found = understand(text)
    assert found is None or all(isinstance(value, str) and value for value in found.arguments.values())
