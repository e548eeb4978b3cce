"""What cue words read out of a few sentences: small talk, facts and refusals become no needs, sums or promises."""

from __future__ import annotations

from datetime import date

import pytest

from domain.pipeline import plain_notes
from domain.pipeline.notes import ItemKind
from domain.pipeline.transcripts import Side, Transcript, Utterance

HELD_ON = date(2026, 9, 1)
NOTHING = """
    いまはどうされていますか。 | 表計算で管理しています。
    いまはどうされていますか。 | 紙で回しています。
    いまはどうされていますか。 | 手書きですけど、慣れているので困っていません。
    お困りのことはございますか。 | 特にないですね。
    お困りのことはございますか。 | 困っているというほどではないです。
    ご感想をお聞かせください。 | 途中で電話が鳴ってしまって、最後まで見られませんでした。
    ご感想をお聞かせください。 | お待たせしてしまってすみません。
    ご感想をお聞かせください。 | 返事が遅れて申し訳ない。
    資料はご覧になりましたか。 | 忙しくてまだ見られていないんです。
    以前のシステムはいかがでしたか。 | 毎日止まって大変でしたよ。
    他社さんはいかがでしたか。 | 操作が面倒で、やめました。
    どなたがお使いになりますか。 | 事務の三名です。
    何名様でお使いですか。 | 五十人くらいです。
    導入の時期はいかがでしょう。 | まだ分かりません。
    導入の時期はいかがでしょう。 | 早くても再来年でしょうね。
    導入の時期はいかがでしょう。 | 4月は決算で忙しいので無理です。
    導入の時期はいかがでしょう。 | いまの契約が来年の3月に切れます。
    導入の時期はいかがでしょう。 | 6月には役員が替わります。
    ご予算はいかがでしょう。 | いくらくらいするものなんですか。
    ご予算はいかがでしょう。 | 三百万円だったら高いですね。
    ご予算はいかがでしょう。 | いまのシステムに年間二百万円払っています。
    ご予算はいかがでしょう。 | 去年の売上が三億円でした。
    ご予算はいかがでしょう。 | 他社さんは百万円でした。
    ご予算はいかがでしょう。 | 百万円と聞いて驚きました。
    ご予算はいかがでしょう。 | 一千万円以上の案件は入札になります。
    ご予算はいかがでしょう。 | 損害が五百万円出ています。
    ご予算はいかがでしょう。 | 五百万円なんてとても。
    ご決裁はどなたですか。 | 社長は今日いません。
    ご決裁はどなたですか。 | 部長が替わったばかりで。
    ご決裁はどなたですか。 | それはちょっと申し上げられません。
    ご決裁はどなたですか。 | 前は部長が決めていました。
    ご決裁はどなたですか。 | 部長ではありません。
    弊社の製品はいかがでしたか。 | 画面が見づらくて、操作に時間がかかりました。
    弊社の製品はいかがでしたか。 | 御社のは印刷が遅いですね。
    弊社の製品はいかがでしたか。 | 使いやすくて、みんな驚いていました。
    お電話よろしいでしょうか。 | はい、少しなら大丈夫です。
    お電話よろしいでしょうか。 | 五分なら。
    お電話よろしいでしょうか。 | 今から会議なんです。
    お電話よろしいでしょうか。 | 先週は事故で電車が止まって大変でした。
    お電話よろしいでしょうか。 | 最近は暑くて疲れますね。
    本日はありがとうございます。 | 遠いところ大変だったでしょう。
    本日はありがとうございます。 | 子どもが熱を出して大変で。
    お客様の件数は。 | 月に百件くらいです。
    お客様の件数は。 | 一日に電話が五十本くらいかかってきます。
    担当を変更いたしました。 | 前の担当の方にはお世話になりました。
    担当を変更いたしました。 | 前の担当の方は連絡が遅くて困りました。
    では失礼いたします。 | はい、お疲れさまでした。
    では資料をお送りします。 | いえ、結構です。
    では資料をお送りします。 | 送らなくていいですよ。
    火曜日にお伺いします。 | 火曜は無理です。
    How do you do it today? | We use a spreadsheet.
    How do you do it today? | By hand, and it works fine.
    Have you seen the demo? | The demo was too slow to follow.
    Have you seen the demo? | I lost the link, sorry.
    What did you use before? | Something that crashed every day.
    When would you start? | April is impossible.
    When would you start? | Our contract ends in March.
    What is your budget? | We pay two million yen for the old one.
    What is your budget? | What do you charge?
    What is your budget? | Ten million yen would be madness.
    Who decides? | I can't tell you that.
    Who decides? | It used to be the finance director.
    Is this a good time? | I missed my train and it's been a nightmare of a morning.
"""
SOMETHING = (
    ("お困りのことはございますか。", "二重に入力していて、毎日残業しています。", {"need.note", "pain_recognised"}),
    ("どのような作業がご負担でしょうか。", "伝票を探すのに時間がかかります。", {"need.note", "pain_recognised"}),
    ("ご予算はいかがでしょう。", "三百万円です。", {"budget.amount_yen"}),
    ("ご決裁はどなたですか。", "社長です。", {"authority.decision_maker"}),
    ("導入の時期はいかがでしょう。", "来年の4月からです。", {"timeline.start_on"}),
    ("How do you do it today?", "By hand, and we make mistakes every week.", {"need.note", "pain_recognised"}),
)


def read(ours: str, theirs: str) -> tuple[set[str], set[ItemKind]]:
    """The fields and the kinds of items that are found in a question of ours and an answer of theirs."""
    said = (Utterance(1, "佐藤", Side.OURS, None, None, ours), Utterance(2, "高井", Side.THEIRS, None, None, theirs))
    note = plain_notes.read(Transcript(said), HELD_ON)
    return {proposal.field.value for proposal in note.proposals}, {item.kind for item in note.items}


def test_small_talk_facts_and_refusals_become_no_claim() -> None:
    for line in NOTHING.strip().splitlines():
        ours, theirs = line.strip().split(" | ")
        fields, kinds = read(ours, theirs)
        assert (theirs, fields, kinds - {ItemKind.OBJECTION}) == (theirs, set(), set())


@pytest.mark.parametrize(("ours", "theirs", "fields"), SOMETHING)
def test_the_same_words_are_read_where_they_are_meant(ours: str, theirs: str, fields: set[str]) -> None:
    assert read(ours, theirs)[0] >= fields


def test_what_a_customer_declines_is_promised_to_nobody() -> None:
    assert ItemKind.PROMISE in read("明日、資料をお送りします。", "お願いします。")[1]
    assert ItemKind.PROMISE not in read("明日、資料をお送りします。", "いえ、結構です。")[1]
