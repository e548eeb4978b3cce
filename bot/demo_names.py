"""Invented companies and people in any number, put together from parts.

Nobody is meant: surnames and given names are common ones combined by chance, company names are made of a word from
nature and a trade, addresses are real city names without a building, numbers are never assigned ones, sites and mail
addresses lie under the reserved domain `.example`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from bot.demo_team import COMPANIES, Company
from bot.workspace.team import EXAMPLE, Channel, Person, Team


class Word(NamedTuple):
    """A part of a name: written, read (katakana), in Latin letters."""

    ja: str
    kana: str
    en: str


def _words(listed: str) -> tuple[Word, ...]:
    return tuple(Word(*entry.split("/")) for entry in listed.split())


SURNAMES = _words(
    "青木/アオキ/Aoki 秋山/アキヤマ/Akiyama 池田/イケダ/Ikeda 市川/イチカワ/Ichikawa 上野/ウエノ/Ueno "
    "内田/ウチダ/Uchida 遠藤/エンドウ/Endo 大西/オオニシ/Onishi 岡本/オカモト/Okamoto 片山/カタヤマ/Katayama "
    "金子/カネコ/Kaneko 川口/カワグチ/Kawaguchi 菊池/キクチ/Kikuchi 久保/クボ/Kubo 黒田/クロダ/Kuroda "
    "小島/コジマ/Kojima 近藤/コンドウ/Kondo 坂本/サカモト/Sakamoto 桜井/サクライ/Sakurai 柴田/シバタ/Shibata "
    "杉山/スギヤマ/Sugiyama 関口/セキグチ/Sekiguchi 高木/タカギ/Takagi 竹内/タケウチ/Takeuchi 千葉/チバ/Chiba "
    "土屋/ツチヤ/Tsuchiya 中川/ナカガワ/Nakagawa 永井/ナガイ/Nagai 西田/ニシダ/Nishida 野口/ノグチ/Noguchi "
    "橋本/ハシモト/Hashimoto 浜田/ハマダ/Hamada 平野/ヒラノ/Hirano 福田/フクダ/Fukuda 藤原/フジワラ/Fujiwara "
    "星野/ホシノ/Hoshino 前田/マエダ/Maeda 松田/マツダ/Matsuda 水野/ミズノ/Mizuno 宮本/ミヤモト/Miyamoto "
    "望月/モチヅキ/Mochizuki 柳田/ヤナギダ/Yanagida 山下/ヤマシタ/Yamashita 横田/ヨコタ/Yokota 和田/ワダ/Wada "
    "渡部/ワタベ/Watabe"
)
GIVEN = _words(
    "明美/アケミ/Akemi 彩香/アヤカ/Ayaka 一樹/カズキ/Kazuki 和也/カズヤ/Kazuya 京子/キョウコ/Kyoko "
    "健一/ケンイチ/Kenichi 幸司/コウジ/Koji 沙織/サオリ/Saori 里奈/リナ/Rina 翔平/ショウヘイ/Shohei "
    "慎也/シンヤ/Shinya 純/ジュン/Jun 孝之/タカユキ/Takayuki 千夏/チナツ/Chinatsu 智子/トモコ/Tomoko "
    "直子/ナオコ/Naoko 典子/ノリコ/Noriko 春香/ハルカ/Haruka 秀樹/ヒデキ/Hideki 博之/ヒロユキ/Hiroyuki "
    "真央/マオ/Mao 雅人/マサト/Masato 美穂/ミホ/Miho 康平/コウヘイ/Kohei 祐介/ユウスケ/Yusuke 裕美/ヒロミ/Hiromi "
    "義則/ヨシノリ/Yoshinori 良太/リョウタ/Ryota 玲奈/レイナ/Reina 渉/ワタル/Wataru 麻衣/マイ/Mai "
    "隆/タカシ/Takashi"
)
PLACES = (
    ("情報システム部", "部長", "decision_maker"),
    ("総務部", "課長", "influencer"),
    ("営業企画部", "部長", "decision_maker"),
    ("経営企画室", "室長", "decision_maker"),
    ("製造部", "係長", "user"),
    ("購買部", "課長", "influencer"),
    ("人事部", "主任", "user"),
    ("管理本部", "本部長", "decision_maker"),
    ("マーケティング部", "マネージャー", "influencer"),
    ("デジタル推進室", "室長", "decision_maker"),
    ("経理部", "課長", "influencer"),
    ("営業部", "次長", "influencer"),
)
"""(department, title, buying role)"""

_STEMS = _words(
    "あかね/アカネ/Akane あさひな/アサヒナ/Asahina あじさい/アジサイ/Ajisai いずみ野/イズミノ/Izumino "
    "うぐいす/ウグイス/Uguisu かえで/カエデ/Kaede かすみ/カスミ/Kasumi かもめ/カモメ/Kamome "
    "くれない/クレナイ/Kurenai こだま/コダマ/Kodama こもれび/コモレビ/Komorebi さくらぎ/サクラギ/Sakuragi "
    "さざなみ/サザナミ/Sazanami しおかぜ/シオカゼ/Shiokaze しののめ/シノノメ/Shinonome すずらん/スズラン/Suzuran "
    "せせらぎ/セセラギ/Seseragi たそがれ/タソガレ/Tasogare たんぽぽ/タンポポ/Tampopo つきみ/ツキミ/Tsukimi "
    "つゆくさ/ツユクサ/Tsuyukusa なぎさ/ナギサ/Nagisa なでしこ/ナデシコ/Nadeshiko にじいろ/ニジイロ/Nijiiro "
    "はつかり/ハツカリ/Hatsukari はるかぜ/ハルカゼ/Harukaze ひいらぎ/ヒイラギ/Hiiragi ひばり/ヒバリ/Hibari "
    "ふじなみ/フジナミ/Fujinami ほおずき/ホオズキ/Hozuki まつかぜ/マツカゼ/Matsukaze みずほの/ミズホノ/Mizuhono "
    "みやび/ミヤビ/Miyabi むらさめ/ムラサメ/Murasame やまぶき/ヤマブキ/Yamabuki ゆうなぎ/ユウナギ/Yunagi "
    "ゆきしろ/ユキシロ/Yukishiro よしきり/ヨシキリ/Yoshikiri りんどう/リンドウ/Rindo わかば/ワカバ/Wakaba"
)
_TRADES: dict[str, tuple[Word, ...]] = {
    "機械": _words("精機/セイキ/Seiki 機工/キコウ/Kiko 工機/コウキ/Koki"),
    "化学": _words("化成/カセイ/Kasei 樹脂/ジュシ/Jushi 塗料/トリョウ/Coatings"),
    "電気機器": _words("電機/デンキ/Denki 電装/デンソウ/Electric 計測/ケイソク/Instruments"),
    "情報・通信業": _words("情報/ジョウホウ/Information ソフト/ソフト/Soft ネットワーク/ネットワーク/Network"),
    "サービス業": _words("企画/キカク/Planning 人材/ジンザイ/Staffing デザイン/デザイン/Design"),
    "卸売業": _words("商会/ショウカイ/Shokai 通商/ツウショウ/Tsusho 物産/ブッサン/Bussan"),
    "小売業": _words("ストア/ストア/Stores 百貨/ヒャッカ/Hyakka マート/マート/Mart"),
    "陸運業": _words("運送/ウンソウ/Unso 物流/ブツリュウ/Logistics 急便/キュウビン/Express"),
    "食料品": _words("食品/ショクヒン/Foods 製菓/セイカ/Seika 醸造/ジョウゾウ/Brewing"),
    "建設業": _words("建設/ケンセツ/Kensetsu 工務/コウム/Builders 設備/セツビ/Facilities"),
}
INDUSTRIES = tuple(_TRADES)
_CITIES = (
    "東京都大田区",
    "東京都港区",
    "神奈川県川崎市",
    "埼玉県さいたま市",
    "千葉県船橋市",
    "大阪府大阪市",
    "京都府京都市",
    "兵庫県神戸市",
    "福岡県福岡市",
    "愛知県名古屋市",
    "静岡県浜松市",
    "北海道札幌市",
    "宮城県仙台市",
)
_KINDS = (
    Word("新", "シン", "Shin"),
    Word("東", "ヒガシ", "Higashi"),
    Word("西", "ニシ", "Nishi"),
    Word("南", "ミナミ", "Minami"),
)


@lru_cache(maxsize=100_000)
def company(number: int) -> Company:
    """The invented company with this number (0 and up): always the same, each with a name of its own."""
    if number < len(COMPANIES):
        return COMPANIES[number]
    number -= len(COMPANIES)
    industry = INDUSTRIES[number % len(INDUSTRIES)]
    number //= len(INDUSTRIES)
    stem = _STEMS[(number * 7 + len(industry)) % len(_STEMS)]
    number //= len(_STEMS)
    trade = _TRADES[industry][number % 3]
    number //= 3
    kind, number = (_KINDS[number % len(_KINDS)], number // len(_KINDS)) if number else (Word("", "", ""), 0)
    # Far beyond what a demonstration needs, names begin to be counted.
    counted = str(number) if number else ""
    city = _CITIES[(len(stem.ja) * 5 + len(trade.en) * 3 + ord(stem.ja[-1]) + ord(industry[0])) % len(_CITIES)]
    name = f"{kind.ja}{stem.ja}{trade.ja}{counted}"
    latin = " ".join(
        part for part in (f"{kind.en}{stem.en.lower() if kind.en else stem.en}", trade.en, counted) if part
    )
    return Company(
        name=f"{name}株式会社" if ord(stem.ja[0]) % 2 else f"株式会社{name}",
        reading=f"{kind.kana}{stem.kana}{trade.kana}",
        name_en=latin,
        industry=industry,
        address=city,
        website=f"https://{latin.lower().replace(' ', '-')}.example",
    )


def person(number: int) -> tuple[Word, Word]:
    """Surname and given name of the invented person with this number; they begin again after some 1,400."""
    return SURNAMES[number % len(SURNAMES)], GIVEN[(number * 5 + number // len(SURNAMES)) % len(GIVEN)]


def team_of(reps: int) -> Team:
    """The example's workspace with so many people in inside sales, and a field-sales rep for every three of them.

    Fewer than the example has: the example as it is.
    """
    known = EXAMPLE.people
    inside = sum(each.role == "is" for each in known)
    field = sum(each.role == "fs" for each in known)
    hired = [
        *(("is", number) for number in range(reps - inside)),
        *(("fs", number) for number in range(-(-reps // 3) - field)),
    ]
    if not hired:
        return EXAMPLE
    new = []
    for place, (role, number) in enumerate(hired):
        surname, given = person(place * 7 + 3)
        letters = "IS" if role == "is" else "FS"
        new.append(
            Person(
                f"U01{letters}{number + 1:05d}",
                f"{surname.en}.{given.en}{place + 1}".lower(),
                f"{surname.ja} {given.ja}",
                "is" if role == "is" else "fs",
                "インサイドセールス" if role == "is" else "フィールドセールス",
            )
        )
    ids = {role: tuple(each.id for each in new if each.role == role) for role in ("is", "fs")}
    join = {"general": ids["is"] + ids["fs"], "fs-handoff": ids["is"] + ids["fs"]}
    channels = tuple(
        Channel(
            channel.id,
            channel.name,
            channel.topic,
            channel.members + join.get(channel.name, ids["is"]),
            channel.app,
            channel.private,
        )
        for channel in EXAMPLE.channels
    )
    return Team(EXAMPLE.id, EXAMPLE.name, EXAMPLE.domain, (*known, *new), channels)
