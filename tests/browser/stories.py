"""The main job as a story in two languages: what its people type, and what they read."""

from __future__ import annotations

from dataclasses import dataclass

KNOWN = "株式会社雪国まいたけ"
KNOWN_TYPED = (
    "まいたけ",
    "ユキグニ",
    "ゆきぐに",
    "ﾕｷｸﾞﾆ",
    "yukiguni",
    "㈱雪国",
    "1010001185037",
    "１０１０００１１８５０３７",
)
"""A real company of the excerpt, as people type it: only looked for, because nobody may be invented for it."""


@dataclass(frozen=True)
class Told:
    """What the people read, in their language."""

    reading: str
    imported: str
    unchanged: str
    rejected: str
    reason: str
    bad_mail: str
    same_name: str
    no_lead: str
    past: str
    not_qualified: str
    qualified: str
    handed_off: str
    returned: str
    accepted: str
    rules_saved: str
    second_version: str
    overridden: str
    overdue: str
    hello: str
    did_you_mean: str
    my_leads: str
    to_answer: str


@dataclass(frozen=True)
class Story:
    """Who walks, what they type, what they are told."""

    language: str
    inside: str
    outside: str
    bad_file: tuple[str, bytes]
    company: str
    person: str
    reading: str
    title: str
    need: str
    background: str
    worries: str
    hopes: str
    summary: str
    return_comment: str
    override_reason: str
    step_note: str
    told: Told


JAPANESE = Story(
    language="ja",
    inside="U01SATO001",
    outside="U01TANAKA1",
    bad_file=(
        "展示会.tsv",
        "法人番号\t企業名\tフリガナ\n123\tひるがお商事\tヒルガオショウジ\n\tゆうなぎ印刷\tユウナギインサツ\n\t\tナナシ\n".encode(
            "cp932"
        ),
    ),
    company="合同会社あさやけ工房",
    person="朝日 昇",
    reading="アサヒ ノボル",
    title="工場長",
    need="受注の転記に一日二時間かかり、間違いも出ている。",
    background="展示会で名刺交換。見積を急いでいる。",
    worries="移行のあいだ出荷が止まらないか。",
    hopes="転記をなくして残業を減らしたい。",
    summary="工場長と20分。来週、現場の係長も交えて話したいとのこと。",
    return_comment="決裁者の同席が決まってから、もう一度お願いします。",
    override_reason="社長同士で面談の約束があるため",
    step_note="来期の予算が決まる頃に改めて。",
    told=Told(
        reading="companies-500.csv を読み込んでいます",
        imported="新規 500",
        unchanged="変更なし 500",
        rejected="読み取れず 2",
        reason="法人番号が正しくありません",
        bad_mail="メールアドレスの形ではありません",
        same_name="氏名が同じ",
        no_lead="に合うリードはありません",
        past="過ぎた日付です",
        not_qualified="まだ SQL ではありません",
        qualified="フィールドセールスに引き継げます",
        handed_off="引き継ぎました",
        returned="差し戻されました",
        accepted="受領しました",
        rules_saved="第2版として保存しました",
        second_version="第2版",
        overridden="あなたの判断で SQL としました",
        overdue="回答がありません",
        hello="こんにちは、架け橋です",
        did_you_mean="/lead qualify のことでしょうか",
        my_leads="自分のリード",
        to_answer="あなたの回答を待つ引き継ぎ",
    ),
)
ENGLISH = Story(
    language="en",
    inside="U01MILLER1",
    outside="U01CARTER1",
    bad_file=(
        "trade show.csv",
        b"corporate number,company name,kana\n123,Foxglove Trading,\n,Harbour Light Press,\n,,NAMELESS\n",
    ),
    company="Larkspur Instruments LLC",
    person="Nora Whitfield",
    reading="",
    title="Plant manager",
    need="Copying orders by hand takes two hours a day and goes wrong.",
    background="Met at the trade show. Needs a quotation soon.",
    worries="Shipping must not stop during the move.",
    hopes="No more copying by hand, less overtime.",
    summary="Twenty minutes with the plant manager. Wants the line lead to join next week.",
    return_comment="Please again once the decision maker joins.",
    override_reason="The two presidents have agreed to meet",
    step_note="Again when next year's budget is decided.",
    told=Told(
        reading="Reading companies-500.csv",
        imported="Added: 500",
        unchanged="Unchanged: 500",
        rejected="Not readable: 2",
        reason="The corporate number is not right",
        bad_mail="This is not an e-mail address",
        same_name="same name",
        no_lead="No lead fits",
        past="This date has passed",
        not_qualified="Not sales qualified yet",
        qualified="Field sales can take over",
        handed_off="Handed off.",
        returned="came back from",
        accepted="was accepted by",
        rules_saved="Saved as version 2",
        second_version="version 2",
        overridden="Sales qualified by your decision",
        overdue="No answer yet",
        hello="Hello, I am Kakehashi",
        did_you_mean="Did you mean /lead qualify",
        my_leads="My leads",
        to_answer="Handoffs waiting for your answer",
    ),
)
