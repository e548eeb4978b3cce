"""The invented team's playbook: call scripts for its invented product, objections with answers, and how it went."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final

from bot.demo_history import History
from bot.demo_store import Staff, Stored, moment
from domain.outreach.calls import Outcome, RefusalReason
from domain.outreach.objections import Objection
from domain.outreach.scripts import Heading, Scene, Script, Stage
from services.deps import Actor, Deps
from services.outreach import objections, scripts
from storage import objections as queries

_COMMON: Final[Mapping[Stage, str]] = {
    Stage.RECEPTION: (
        "お忙しいところ恐れ入ります。{自社}の{自分}と申します。{部署}の{担当者}様はいらっしゃいますでしょうか。\n"
        "（用件を尋ねられたら）受注業務の改善の件で、{担当者}様に直接お伺いしたくお電話いたしました。\n"
        "（ご不在なら）承知いたしました。何時頃にお戻りのご予定でしょうか。改めてこちらからお電話いたします。"
    ),
    Stage.OPENING: "{担当者}様、お忙しいところ恐れ入ります。{自社}の{自分}と申します。",
    Stage.DISCOVERY: (
        "受注の入力は、現在どなたが、一日にどのくらいのお時間をかけていらっしゃいますか。\n"
        "転記の間違いや確認のやり直しは、月に何件ほどございますか。\n"
        "これまでに改善をお考えになったことはございますか。そのとき、何が妨げになりましたでしょうか。\n"
        "見直されるとすれば、いつ頃までにとお考えですか。"
    ),
    Stage.VALUE: (
        "お聞かせいただき、ありがとうございます。弊社の「ほしみ受注」では、FAX やメールで届く注文書を読み取り、"
        "既存のシステムへそのまま登録いたします。\n"
        "同じ規模のお客様では、一日2時間の入力が30分になった例がございます（架空の事例です）。"
        "{会社}様でも同じようにお役に立てるのではないかと存じますが、いかがでしょうか。"
    ),
    Stage.OBJECTION: (
        "おっしゃることはごもっともでございます。差し支えなければ、特にご心配な点をお聞かせいただけますでしょうか。\n"
        "（最後まで伺い、要約してから「切り返し」で返し方を選ぶ）\n"
        "今のご説明でご不安は解消されましたでしょうか。ほかに気になる点はございませんか。"
    ),
    Stage.CLOSING: (
        "それでは、実際の画面を30分ほどでご覧に入れます。来週の火曜日10時か木曜日14時でしたら、ご都合はいかがでしょうか。\n"
        "ありがとうございます。のちほどメールでご案内をお送りいたします。ほかにご同席なさる方はいらっしゃいますか。\n"
        "本日は貴重なお時間をいただき、誠にありがとうございました。"
    ),
}

SCRIPTS: Final = (
    Script(
        Heading("ほしみ受注 再架電", Scene.FOLLOW_UP),
        {
            **_COMMON,
            Stage.PURPOSE: (
                "先日はお時間をいただき、誠にありがとうございました。その際に伺いました件で、"
                "続きをご案内したくお電話いたしました。2分ほどお時間をいただいてもよろしいでしょうか。"
            ),
        },
    ),
    Script(
        Heading("ほしみ受注 新規架電", Scene.FIRST_CALL),
        {
            **_COMMON,
            Stage.PURPOSE: (
                "本日は、受注の手入力を減らすお手伝いの件でお電話いたしました。同じ業種のお客様から、"
                "入力の手間と転記の間違いについてよくご相談をいただいております。"
                "2分ほどお時間をいただいてもよろしいでしょうか。"
            ),
        },
    ),
)

OBJECTIONS: Final = (
    Objection(
        "予算がありません",
        (
            "ご事情はごもっともでございます。今期の導入ではなく、来期の予算取りに向けて、"
            "削減できる時間を金額にした資料をお渡しすることができます。まずは試算だけでもいかがでしょうか。",
            "月額の料金で始められますので、初年度の大きなご負担はございません。今かかっている入力の時間と"
            "比べていただければと存じます。",
        ),
    ),
    Objection(
        "特に困っていません",
        (
            "順調でいらっしゃるのは何よりでございます。同じようにおっしゃっていたお客様で、担当の方がお休みの日に"
            "受注が止まることにお気づきになった例がございます。そのような日はどう対応なさっていますか。",
        ),
    ),
    Objection(
        "今は時期ではありません",
        (
            "承知いたしました。ご検討の時期は、いつ頃になりそうでしょうか。その2か月前に、"
            "最新の事例を添えてこちらからご連絡いたします。",
            "ご準備には3か月ほどかかりますので、情報収集だけ先に進めておかれるお客様が多くいらっしゃいます。",
        ),
    ),
    Objection(
        "私では決められません",
        (
            "承知いたしました。ご判断なさる方にお渡しいただける1枚の資料をご用意いたします。"
            "よろしければ、次回その方にもご同席いただけないでしょうか。",
        ),
    ),
    Objection(
        "他社の製品を使っています",
        (
            "すでにお取り組みでいらっしゃるのですね。今お使いのもので、手作業が残っている部分はございますか。"
            "入れ替えずに、その部分だけを補うこともできます。",
        ),
    ),
    Objection(
        "資料だけ送ってください",
        (
            "承知いたしました、本日中にお送りいたします。ご覧になりたい点に絞ってお届けしたいので、"
            "一つだけお伺いしてもよろしいでしょうか。届いた頃に、ご質問を伺うお電話を差し上げます。",
        ),
    ),
)
_REFUSED: Final = {
    RefusalReason.BUDGET: 0,
    RefusalReason.NEED: 1,
    RefusalReason.TIMING: 2,
    RefusalReason.NOT_DECISION_MAKER: 3,
    RefusalReason.COMPETITOR: 4,
}
CAME_UP: Final = 90
"""So many of the latest calls in which something was discussed had an objection in them."""


async def write(deps: Deps, manager: Actor, seed: int, history: History, stored: Stored, staff: Staff) -> None:
    """The manager's playbook, and what the reps have counted with it."""
    for script in SCRIPTS:
        await scripts.add(deps, manager, script)
    numbers = [await objections.add(deps, manager, objection) for objection in OBJECTIONS]
    await _uses(deps, manager, seed, history, stored, staff, numbers)


async def _uses(
    deps: Deps, manager: Actor, seed: int, history: History, stored: Stored, staff: Staff, numbers: Sequence[int]
) -> None:
    chance = random.Random(f"playbook {seed}")  # noqa: S311 - repeatable, not secret
    discussed = (Outcome.REFUSED, Outcome.INTERESTED, Outcome.SEND_MATERIAL, Outcome.MEETING_SET)
    spoken = [call for call in history.records.calls if call.outcome in discussed][-CAME_UP:]
    async with deps.writing(manager.team_id) as session:
        for call in spoken:
            which = _REFUSED[call.reason] if call.reason is not None else chance.randrange(len(numbers))
            await queries.use(
                session,
                {
                    "objection_id": numbers[which],
                    "lead_id": stored.lead + call.lead,
                    "member_id": staff.inside[call.rep],
                    # Who refused was not convinced.
                    "handled": call.outcome is not Outcome.REFUSED and chance.random() < 0.85,
                    "used_at": moment(call.at),
                    "request_key": None,
                },
            )
