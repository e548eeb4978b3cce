"""What is said and noted in the invented history."""

from __future__ import annotations

from domain.leads import Source
from domain.outreach.calls import Outcome, RefusalReason
from domain.qualification.handoff import ReturnReason

CAME = {
    Source.INBOUND_FORM: (
        "見積依頼の問い合わせ。現行システムの保守が切れるとのこと。",
        "お問い合わせフォームから。機能と価格を知りたい。",
        "資料請求。複数の製品を比較中とのこと。",
    ),
    Source.WHITE_PAPER: (
        "ホワイトペーパーをダウンロード。紙の受注処理に時間がかかっているそうです。",
        "事例集をダウンロード。同業の事例に関心。",
    ),
    Source.WEBINAR: (
        "ウェビナー参加。アンケートに「半年以内に検討」と回答。",
        "ウェビナー申込、当日は欠席。録画を案内済み。",
    ),
    Source.TRADE_SHOW: (
        "展示会で名刺交換。上長にも説明してほしいと言われました。",
        "展示会でデモを見学。現場の担当者。",
    ),
    Source.REFERRAL: ("既存顧客からの紹介。導入効果の数字を知りたいそうです。",),
    Source.OUTBOUND_LIST: ("リストから。代表電話で受付経由。", "リストから。従業員100名以上。"),
}
"""A lead's note, by where it came from."""

NOTED = {
    Outcome.ABSENT: (
        "受付で不在と言われた。午前中が在席とのこと。",
        "会議中。夕方にかけ直す。",
        "外出中、戻りは未定。",
    ),
    Outcome.GATEKEEPER_REFUSED: ("受付で「営業電話はお断り」と言われた。",),
    Outcome.CALLBACK: ("会議前とのこと。かけ直す約束をした。", "今は手が離せない。時間を指定された。"),
    Outcome.DO_NOT_CALL: ("今後の電話は不要とのこと。",),
    Outcome.INTERESTED: (
        "現場の入力の手間が一番の悩み。",
        "競合製品のトライアル中。来月結果が出るそうです。",
        "決裁は部長と役員会。次の役員会は来月半ば。",
        "二重入力と転記ミスに困っている。",
    ),
    Outcome.SEND_MATERIAL: ("資料送付を依頼された。届いた頃にもう一度かける。", "事例を送ってほしいとのこと。"),
    Outcome.REFUSED: ("今回は見送りとのこと。",),
    Outcome.REFERRED: ("担当は別の部署とのこと。部署名を教えてもらった。",),
    Outcome.DISQUALIFIED: ("個人事業で対象外。",),
    Outcome.MEETING_SET: (
        "アポ獲得。部長と現場の係長が同席。",
        "課題を聞けた。訪問して説明することに。",
        "役員会の前に話を聞きたいとのこと。",
    ),
}
"""Notes of a call, by what came of it."""

VOICEMAIL = "留守番電話に要件だけ残した。"

REFUSED = {
    RefusalReason.BUDGET: "今期は予算がないとのこと。",
    RefusalReason.NEED: "困っていないとのこと。",
    RefusalReason.NOT_DECISION_MAKER: "自分では決められないとのこと。",
    RefusalReason.TIMING: "今は時期ではない。半年後にまた。",
    RefusalReason.COMPETITOR: "他社製品を導入したばかり。",
}

PAINS = (
    "受注の手入力に一日二時間かかり、転記ミスも多い",
    "月末の締め作業が終わらず残業が続いている",
    "在庫の数字が拠点ごとに合わない",
    "紙の申請書の回覧に一週間かかる",
    "担当者しか状況が分からず、休むと止まる",
)
PROCESSES = ("部長決裁、500万円超は役員会", "情報システム部の選定後に稟議", "社長の最終判断", "本部長決裁")
WORRIES = ("移行で業務が止まること", "現場が使いこなせるか", "費用対効果を説明できるか", "既存システムとの連携")
HOPES = ("入力の手間を半分に", "締め作業を三日短く", "状況がひと目で分かること", "紙をなくすこと")
SUMMARIES = (
    "15分話せた。現行システムの保守期限が近く、入れ替えの検討を始めたところ。",
    "20分。現場の不満が強く、上長も課題と認識している。",
    "比較表を作っている段階。訪問して画面を見せてほしいとのこと。",
)
RETURNS = {
    ReturnReason.TOO_EARLY: "来期に入ってからもう一度お願いします。",
    ReturnReason.INFORMATION_MISSING: "決裁者の名前を確認してから渡してください。",
    ReturnReason.WRONG_PERSON: "窓口が違いました。購買部が担当です。",
    ReturnReason.NO_BUDGET: "予算化がまだでした。",
}
CANCELLED = ("先方の都合。改めて日程調整。", "担当者の体調不良。", "社内の優先順位が変わったとのこと。")
FORMS = (("demo-contact", "お問い合わせ"), ("demo-material", "資料請求"))
"""The forms of the invented company's website: the beginning of their names, and their titles."""
SUBMITTED = (
    {
        "会社名": "株式会社はなみずき工機",
        "お名前": "柳田 京子",
        "部署": "製造管理部",
        "役職": "部長",
        "電話番号": "03-1500-0101",
        "メールアドレス": "yanagida@hanamizuki-koki.example",
        "お問い合わせ内容": "至急、見積をお願いします。来月の役員会に間に合わせたいです。",
    },
    {
        "会社名": "ゆうがお物流株式会社",
        "お名前": "浜田 一樹",
        "部署": "総務部",
        "電話番号": "03-1500-0102",
        "メールアドレス": "hamada@yugao-butsuryu.example",
        "お問い合わせ内容": "資料を送ってください。",
    },
)
"""What is sent to each form just as the demonstration begins."""
