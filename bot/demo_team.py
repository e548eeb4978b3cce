"""What the demonstration knows: invented companies, invented people, what was said in invented calls.

Every company name here is made up and every person too; the addresses are real city names without a real building,
the phone numbers are never-assigned ones, the mail addresses lie under the reserved domain `.example`.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.members import Role

ROLES = {
    "is": Role.INSIDE_SALES,
    "fs": Role.FIELD_SALES,
    "manager": Role.MANAGER,
    "marketing": Role.MARKETING,
    "cs": Role.CUSTOMER_SUCCESS,
    "admin": Role.ADMIN,
}
"""From the workspace's role labels to ours."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a field-sales rep covers."""

    territories: tuple[str, ...]
    industries: tuple[str, ...]


COVERAGE = (
    Coverage(("東京都", "神奈川県", "千葉県", "埼玉県"), ("機械", "化学", "電気機器")),
    Coverage(("大阪府", "京都府", "兵庫県", "福岡県"), ("情報・通信業", "サービス業")),
    Coverage(("愛知県", "静岡県", "北海道", "宮城県"), ("卸売業", "小売業")),
)
"""In the order in which the workspace lists its field-sales reps."""


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company."""

    name: str
    reading: str
    name_en: str
    industry: str
    address: str
    website: str


COMPANIES = (
    Company(
        "株式会社あおば精機製作所",
        "アオバセイキセイサクショ",
        "Aoba Seiki Works",
        "機械",
        "東京都大田区",
        "https://aoba-seiki.example",
    ),
    Company(
        "みなとロジスティクス株式会社",
        "ミナトロジスティクス",
        "Minato Logistics",
        "陸運業",
        "神奈川県横浜市",
        "https://minato-logi.example",
    ),
    Company(
        "株式会社ひなたフーズ", "ヒナタフーズ", "Hinata Foods", "食料品", "千葉県船橋市", "https://hinata-foods.example"
    ),
    Company(
        "つばさ情報システム株式会社",
        "ツバサジョウホウシステム",
        "Tsubasa Information Systems",
        "情報・通信業",
        "大阪府大阪市",
        "https://tsubasa-is.example",
    ),
    Company(
        "かえで化学工業株式会社",
        "カエデカガクコウギョウ",
        "Kaede Chemical",
        "化学",
        "埼玉県川口市",
        "https://kaede-chem.example",
    ),
    Company(
        "株式会社北斗リテール",
        "ホクトリテール",
        "Hokuto Retail",
        "小売業",
        "北海道札幌市",
        "https://hokuto-retail.example",
    ),
    Company(
        "さざなみ電子株式会社",
        "サザナミデンシ",
        "Sazanami Electronics",
        "電気機器",
        "愛知県名古屋市",
        "https://sazanami-el.example",
    ),
    Company(
        "合同会社すみれデザイン",
        "スミレデザイン",
        "Sumire Design",
        "サービス業",
        "京都府京都市",
        "https://sumire-design.example",
    ),
    Company(
        "株式会社高嶺商会",
        "タカネショウカイ",
        "Takane Trading",
        "卸売業",
        "静岡県浜松市",
        "https://takane-shokai.example",
    ),
    Company(
        "はやぶさ運輸㈱",
        "ハヤブサウンユ",
        "Hayabusa Transport",
        "陸運業",
        "福岡県福岡市",
        "https://hayabusa-unyu.example",
    ),
    Company(
        "株式会社しらゆきヘルスケア",
        "シラユキヘルスケア",
        "Shirayuki Healthcare",
        "サービス業",
        "宮城県仙台市",
        "https://shirayuki-hc.example",
    ),
    Company(
        "もみじ建設株式会社",
        "モミジケンセツ",
        "Momiji Construction",
        "建設業",
        "兵庫県神戸市",
        "https://momiji-kensetsu.example",
    ),
)

PEOPLE = (
    ("山田 太郎", "ヤマダ タロウ", "情報システム部", "部長", "decision_maker"),
    ("高橋 恵", "タカハシ メグミ", "総務部", "課長", "influencer"),
    ("渡邉 修一", "ワタナベ シュウイチ", "営業企画部", "部長", "decision_maker"),
    ("中村 優子", "ナカムラ ユウコ", "経営企画室", "室長", "decision_maker"),
    ("小林 誠", "コバヤシ マコト", "製造部", "係長", "user"),
    ("斎藤 亮", "サイトウ リョウ", "購買部", "課長", "influencer"),
    ("吉田 真理子", "ヨシダ マリコ", "人事部", "主任", "user"),
    ("松本 浩", "マツモト ヒロシ", "管理本部", "本部長", "decision_maker"),
    ("井上 葵", "イノウエ アオイ", "マーケティング部", "マネージャー", "influencer"),
    ("木村 拓海", "キムラ タクミ", "デジタル推進室", "室長", "decision_maker"),
    ("清水 由美", "シミズ ユミ", "経理部", "課長", "influencer"),
    ("阿部 大地", "アベ ダイチ", "店舗運営部", "リーダー", "user"),
    ("森田 香織", "モリタ カオリ", "営業部", "次長", "influencer"),
    ("石川 聡", "イシカワ サトシ", "代表取締役", "社長", "decision_maker"),
)
"""(name, reading, department, title, buying role)"""

SOURCES = ("inbound_form", "white_paper", "webinar", "trade_show", "outbound_list", "referral")

NOTES = (
    "見積依頼の問い合わせ。現行システムの保守が来年3月で切れるとのこと。",
    "ホワイトペーパーをダウンロード。紙の受注処理に一日二時間かかっているそうです。",
    "ウェビナー参加。アンケートに「半年以内に検討」と回答。",
    "展示会で名刺交換。上長にも説明してほしいと言われました。",
    "代表電話から受付経由。担当者は午前中がつながりやすい。",
    "既存顧客からの紹介。導入効果の数字を知りたいそうです。",
)
CALLS = (
    ("no_answer", "none", "", ""),
    ("voicemail", "none", "", "留守番電話に要件だけ残した。"),
    ("answered", "gatekeeper", "absent", "受付で不在と言われた。火曜の午前が在席とのこと。"),
    ("answered", "contact", "send_material", "資料送付を依頼された。来週もう一度かける。"),
    ("answered", "contact", "interested", "現場の入力の手間が一番の悩み。"),
    ("answered", "contact", "interested", "競合製品のトライアル中。来月結果が出るそうです。"),
    ("answered", "decision_maker", "interested", "決裁は部長と役員会。次の役員会は来月半ば。"),
)
"""(connection, party, outcome or "", note): results of calls, and what was noted."""
