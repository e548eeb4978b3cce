"""Requests as different people say them: polite, plain, with particles dropped, in either width, oddly spaced.

A line is a phrase, and after `→` the arguments that must be taken out of it where there are some. All were written
before the forms were made to fit; docs/assistant.md says how many were understood then.
"""

from __future__ import annotations

SAID = {
    "call_list": """
        今日電話するリスト見せて / 本日の架電リスト、確認させてください / きょうのコールリスト / 架電リスト
        ｷｮｳの架電ﾘｽﾄ / 今日　どこに　電話すれば　いい？ / 今日かける先ある？ / 電話かける相手のリストちょうだい
        架電リストを教えていただけますか？ / テレアポリスト出して / 今日の電話先は？ / 今日電話する先一覧
        what's on my call list today / whom do I have to call today? / give me the call list / Call List
        show calls for today / who do i need to phone today
    """,
    "next_call": """
        次どこかければいい？ / 次は誰にかける？ / 次電話する人 / 次の架電先は？ / 次の電話お願いします
        つぎ誰？ / 次に架電すべきお客様を教えてください / next one please / who's next? / who do I call next
    """,
    "callbacks": """
        かけ直しの予定 / 再架電あったっけ / 今日の再架電 / 折り返し電話の約束ある？ / 折返しの一覧
        コールバック一覧お願い / 再コールの予定は / callbacks today / any callbacks?
        which callbacks did I promise
        show me my scheduled callbacks
    """,
    "overdue_steps": """
        期限切れ / 期限過ぎてるやつ / 期限を過ぎた予定はありますか / 遅れてるやつある？ / やり残しある？
        対応が遅れているリード / overdue / anything overdue? / which tasks are late? / show overdue next steps
    """,
    "aimless_leads": """
        次のアクションがないリード / 次アクション未設定のリード / 次のステップ決まってないやつ
        次の予定が入っていない案件
        ネクストアクションなし / leads with no next step / which leads have no next action?
    """,
    "inquiries": """
        新着の問い合わせ / 問い合わせきてますか / 未対応の問合せ一覧 / お問合せ確認したい / 反響ある？
        問い合わせは？
        Webからの問い合わせ見せて / 未対応のインバウンド / any new inquiries? / unanswered inquiries
        show enquiries
        new inbound leads
    """,
    "response_speed": """
        問い合わせへの対応スピード / 初動どれくらい？ / 平均の初回対応時間は / 反応速度を教えて
        問い合わせの返信って早い？
        average response time / how quickly do we respond to inquiries?
    """,
    "handoffs": """
        引継ぎ待ち / 引き継ぎの一覧 / トスアップどうなった / 引き継いだ案件の状況
        営業に渡した案件どうなってる？
        hand-offs / show open handoffs / what happened to my handoffs?
    """,
    "returned_handoffs": """
        差戻し一覧 / 差し戻されたやつ / 戻ってきた引き継ぎある？ / 差戻しの理由教えて
        which handoffs came back?
        show returned handoffs
    """,
    "my_leads": """
        私の担当リード / 自分が持ってるリード一覧 / 僕の担当案件は？ / マイリード / 担当中の会社一覧
        show me my leads
        leads I own / my accounts
    """,
    "today": """
        今日の予定は？ / 今日何すればいい / 本日のタスク / 今日やること教えて / きょうのよてい
        今日のスケジュール見せてください
        what's on today? / my schedule today / what should I do today? / today's tasks
    """,
    "best_hours": """
        何時にかけるとつながりやすいですか / 電話が繋がりやすい時間 / いつかけるのがいい？
        つながる時間帯教えて
        best time to call? / when do people pick up? / when is the best time to reach customers
    """,
    "help": """
        使い方教えて / 何ができるの / どうやって使うの？ / できることは？ / ヘルプお願いします / help me
        what can I ask you?
        how does this work?
    """,
    "meetings": """
        今日の商談 → when=今日 / 明日アポある？ → when=明日 / 来週の商談一覧 → when=来週 / 商談予定見せて
        次の商談いつ？
        今週のアポ確認したい → when=今週 / 本日の訪問予定 → when=本日 / アポの予定は
        any meetings today? → when=today
        meetings next week → when=next week / what meetings do I have tomorrow? → when=tomorrow
    """,
    "free_slots": """
        来週空いてる？ → when=来週 / 来週の空き時間教えて → when=来週 / 商談できる枠ある？ / 空き状況
        明日空いてる時間は → when=明日
        いつなら商談入れられる？ / free slots tomorrow → when=tomorrow
        when am I free next week? → when=next week
    """,
    "lead": """
        山田商事どうなってる？ → name=山田商事 / 山田商事の今の状況教えて → name=山田商事
        山田商事さんの件どうなりました？ → name=山田商事
        山田商事 状況 → name=山田商事 / 山田さんの電話番号教えて → name=山田
        田中様のご連絡先を教えてください → name=田中
        あおば精機の履歴見たい → name=あおば精機 / ㈱あおば精機について → name=(株)あおば精機
        山田商事の担当誰？ → name=山田商事
        山田商事、最近どう？ → name=山田商事 / status of Aoba? → name=Aoba
        how's Aoba Precision doing? → name=Aoba Precision
        what's going on with Aoba → name=Aoba / show me Tanaka → name=Tanaka / Aoba status → name=Aoba
    """,
    "find_leads": """
        山田商事検索 → name=山田商事 / 山田商事って登録ある？ → name=山田商事
        田中さんいますか？ → name=田中
        リードで田中を探して → name=田中 / 田中という人を探しています → name=田中 / search Aoba → name=Aoba
        do we have Tanaka? → name=Tanaka / look up Aoba Precision → name=Aoba Precision
        find lead Tanaka → name=Tanaka
    """,
    "kpis": """
        先週の接続率は？ → kpi=connect_rate,period=last_week
        今月何件架電した？ → kpi=dials,period=this_month
        アポ何件取れた？ → kpi=meetings_set / 今日の架電数 → kpi=dials,period=today
        今月のSQL → kpi=sales_qualified,period=this_month
        昨日のコール数教えて → kpi=dials,period=yesterday
        今週のアポ率 → kpi=meetings_per_answered,period=this_week
        先月の商談化率ってどのくらい？ → kpi=opportunity_per_connected,period=last_month
        今週の成績は → period=this_week
        ﾒﾝﾊﾞｰ別の架電件数 → kpi=dials,by=rep / 今月の実績 → period=this_month
        connect rate this week → kpi=connect_rate,period=this_week
        how many appointments did we set last month? → kpi=meetings_set,period=last_month
        dials today → kpi=dials,period=today
        what's our connect rate? → kpi=connect_rate / numbers for this week → period=this_week
    """,
    "why": """
        なんで接続率落ちたの？ → kpi=connect_rate
        今週アポが少ないのはなぜですか → kpi=meetings_set,period=this_week
        先月の商談化率が下がった理由 → kpi=opportunity_per_connected,period=last_month
        架電数減った原因は？ → kpi=dials
        why is the connect rate down? → kpi=connect_rate
        what is the reason for fewer meetings this week → kpi=meetings_set,period=this_week
    """,
    "ranking": """
        今月一番アポ取ってるの誰？ → kpi=meetings_set,period=this_month / 架電数の順位 → kpi=dials
        アポランキング → kpi=meetings_set
        今週のトップは？ → period=this_week / who made the most calls this week? → kpi=dials,period=this_week
        top rep this month → period=this_month
    """,
    "landing": """
        今月の着地見込み → period=this_month / 目標達成できそう？ / 今月いけそう？ → period=this_month
        目標まであと何件？
        今月の目標達成率は → period=this_month / ペースはどう？
        will we hit our target this month? → period=this_month
        how far are we from the target? / forecast for this month → period=this_month
    """,
    "book_meeting": """
        田中さんと明日15時に商談お願いします → name=田中,when=明日15時
        田中さん明日15時商談 → name=田中,when=明日15時
        明日の15:00で山田商事のアポ入れといて → name=山田商事,when=明日の15:00
        来週の水曜10時、佐藤様と打合せ設定 → name=佐藤,when=来週の水曜10時
        田中様との商談を１２月１日１４時で登録してください → name=田中,when=12月1日14時
        山田さんと金曜13時半に打ち合わせ組んで → name=山田,when=金曜13時半
        schedule a meeting with Tanaka tomorrow 3pm → name=Tanaka,when=tomorrow 3pm
        please set up an appointment with Aoba for Dec 1 at 10:00 → name=Aoba,when=Dec 1 at 10:00
    """,
    "plan_call": """
        田中さんに明日10時電話 → name=田中,when=明日10時
        来週月曜に山田商事へ再架電 → name=山田商事,when=来週月曜
        佐藤さんに3日後かけ直す → name=佐藤,when=3日後
        明日の朝、鈴木様に折り返し電話 → name=鈴木,when=明日の朝
        田中さんへの架電を明日9時に予定して → name=田中,when=明日9時
        30分後に田中さんに電話するのでリマインドして → name=田中,when=30分後
        call Tanaka on Friday → name=Tanaka,when=Friday
        remind me to ring Aoba next Monday at 9am → name=Aoba,when=next Monday at 9am
    """,
    "log_call": """
        田中さん留守電 → name=田中,result=voicemail / 田中さん出なかった → name=田中,result=no_answer
        山田商事に電話したけど不在 → name=山田商事,result=no_answer
        佐藤様不在で記録して → name=佐藤,result=no_answer / 鈴木さん、担当不在でした → name=鈴木,result=absent
        田中さんに架電しました、留守電です → name=田中,result=voicemail
        called Tanaka, no answer → name=Tanaka,result=no_answer
        Tanaka didn't pick up → name=Tanaka,result=no_answer
        log call Aoba voicemail → name=Aoba,result=voicemail
    """,
    "search": """
        予算について検索 → words=予算 / 議事録で予算の話を探して → words=予算
        山田商事のメモを検索 → words=山田商事
        稟議の話が出た記録を探して → words=稟議 / メモから「リース契約」を検索して → words=リース契約
        競合の名前が出てきた通話メモある？ → words=競合
        値段が高いって言われたやつ探して → words=値段が高い
        セキュリティに関する記録を見せて → words=セキュリティ
        過去のメモで納期のこと書いてあるの探してください → words=納期 / 議事録検索 保守費用 → words=保守費用
        稟議って誰か言ってた？ → words=稟議 / 台本で価格の切り返し探して → words=価格の切り返し
        ﾒﾓ検索　乗り換え → words=乗り換え
        予算の件、過去の議事録から検索していただけますか → words=予算
        山田商事の議事録見せて → words=山田商事
        search notes for budget → words=budget / search for budget in the notes → words=budget
        find calls mentioning a lease → words=lease
        find meeting notes about security → words=security / did anyone mention the contract? → words=contract
        search the playbook for price → words=price / who talked about Salesforce? → words=salesforce
        look for notes about delivery dates → words=delivery dates
        what did Aoba say about the budget? → words=aoba budget
        https://example.slack.com/archives/C01/p1700000000000100 → words=https://example.slack.com/archives/C01/p1700000000000100
    """,
}
LATER = """
    架電リスト開いて | call_list
    今日の電話リストをください | call_list
    今日はどこにかける予定？ | call_list
    today's call list please | call_list
    次かける相手誰だっけ | next_call
    次に連絡すべきリードは？ | next_call
    who do I ring next? | next_call
    折り返しの約束、今日何件ある？ | callbacks
    再架電リスト | callbacks
    期限切れの対応ある？ | overdue_steps
    what am I late on? | overdue_steps
    次の手が決まってない案件教えて | aimless_leads
    昨日からの問い合わせ見たい | inquiries
    新しい問い合わせ入ってる？ | inquiries
    引き継ぎ、承認された？ | handoffs
    差し戻しきてる？ | returned_handoffs
    担当リード見せて | my_leads
    私のリード一覧お願いします | my_leads
    今日の予定お願い | today
    今日って何があるんだっけ | today
    つながりやすい曜日 | best_hours
    明日の商談どこ？ | meetings
    来週のアポ見せて | meetings
    今日このあと商談ある？ | meetings
    木曜空いてる？ | free_slots
    来週で商談できる日は？ | free_slots
    青空物流の状況教えてください | lead
    青空物流さんどうなりましたか | lead
    佐々木様の件、どうなってますか | lead
    what's the latest on Aozora? | lead
    青空物流で検索 | find_leads
    佐々木さんって登録されてる？ | find_leads
    今週のコネクト率どう？ | kpis
    先週のアポ数教えて | kpis
    今日何件かけた？ | kpis
    昨日どれくらい電話した？ | kpis
    connect rate last month | kpis
    how many calls did I make today | kpis
    接続率が下がった理由は？ | why
    なぜアポが取れてないの | why
    今週一番かけてるのは誰？ | ranking
    今月の目標あと何件？ | landing
    着地どれくらいになりそう？ | landing
    木曜の14時に青空物流と商談入れて | book_meeting
    佐々木さんとのアポを明後日10時で設定 | book_meeting
    佐々木さんに来週水曜の午後電話する予定入れて | plan_call
    明日の昼に青空物流に架電予定 | plan_call
    佐々木さん不在 | log_call
    log call with Sasaki no answer | log_call
    リース契約の話してた議事録ある？ | search
    メモで「相見積」を探して | search
    導入時期について書かれた記録を検索して | search
    青空物流との会話で価格の話ってあった？ | search
    過去の商談メモから解約理由を探して | search
    解約について検索して | search
    search call notes for lease | search
    find notes that mention onboarding | search
    did anybody talk about a trial? | search
    did the customer ask about SSO? | search
"""
"""Written after the forms had been made to fit the others, with the tool alone."""
NEVER_WRITES = """
    商談の予定を登録したのは誰？ / 田中さんの商談、もう入ってる？ / 昨日田中さんに電話した？
    明日の商談って何時から？
    田中さんに明日電話する予定になってる？ / 山田商事との商談はキャンセルになった？
    商談を設定するときの注意点を検索
    田中さんに架電した記録を探して / 留守電だった人の一覧 / 不在だったリードを教えて / 明日10時の商談は誰と？
    商談を入れるのを忘れないようにするには？ / 来週火曜14時に商談が入っているか教えて
    折り返しの約束がある人は？
    通話の記録を見せて / 架電の記録はどこ？ / 田中さんとの商談の議事録を検索 / アポを取るコツを教えて
    明日の架電リスト / 田中さんは昨日不在でしたか？ / 山田商事に電話するのはいつがいい？
    商談が来週に延びた理由は？
    田中さんには電話しないで / 明日の商談は入れないで / 商談を入れないでください / まだ記録しないで
    did we book a meeting with Tanaka? / who booked the meeting tomorrow? / don't call Tanaka tomorrow
    when is the meeting with Tanaka tomorrow? / do I have to call Tanaka tomorrow?
    was a call with Tanaka logged?
    should I call Tanaka tomorrow? / do not book a meeting with Tanaka tomorrow / how do I log a call?
    search notes about the meeting tomorrow / why did Tanaka not answer?
"""


def phrases() -> list[tuple[str, str, dict[str, str]]]:
    """Each phrase with its tool and the arguments."""
    found = []
    for tool, text in SAID.items():
        for line in text.strip().splitlines():
            for phrase in line.strip().split(" / "):
                said, _arrow, wanted = phrase.partition(" → ")
                arguments = dict(each.split("=", 1) for each in wanted.split(",")) if wanted else {}
                found.append((said.strip(), tool, arguments))
    for line in LATER.strip().splitlines():
        said, _bar, tool = line.strip().partition(" | ")
        found.append((said, tool, {}))
    return found


def questions() -> list[str]:
    """What is only asked, or forbidden, in words that orders are given in."""
    return [phrase.strip() for line in NEVER_WRITES.strip().splitlines() for phrase in line.split(" / ")]


WRITES = frozenset({"book_meeting", "plan_call", "log_call"})
