"""One record per company and person: folding of names, checks of numbers, likely duplicates (work item 4-4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_SPACE = " "

# Older and variant characters, each group ending in the form in common use. Registers of names keep the old form,
# people type the common one.
_VARIANTS = (
    "髙高 﨑嵜碕崎 齋齊斉斎 邊邉辺 濵濱浜 澤沢 廣広 國国 學学 櫻桜 嶋嶌島 瀨瀬 德徳 眞真 龍竜 瀧滝 "
    "淵渕 槇槙 條条 惠恵 榮栄 圓円 藏蔵 禮礼 祿禄 冨富 寳寶宝 壽寿 萬万 豐豊 鐵鉄 驛駅 澁渋 應応 "
    "會会 營営 衞衛 價価 假仮 勸勧 關関 觀観 歸帰 舊旧 擧挙 曉暁 勳勲 薰薫 輕軽 經経 繼継 縣県 "
    "劍剣 權権 顯顕 嚴厳 效効 恆恒 黃黄 號号 棧桟 參参 贊賛 雜雑 絲糸 兒児 實実 舍舎 釋釈 收収 "
    "從従 縱縦 敍叙 將将 稱称 燒焼 奬奨 乘乗 淨浄 讓譲 釀醸 觸触 愼慎 圖図 醉酔 穗穂 數数 聲声 "
    "靜静 攝摂 專専 戰戦 淺浅 錢銭 踐践 纖繊 禪禅 雙双 壯壮 裝装 總総 聰聡 臟臓 續続 體体 對対 "
    "帶帯 滯滞 臺台 擇択 團団 斷断 遲遅 晝昼 廳庁 聽聴 敕勅 鎭鎮 遞逓 轉転 傳伝 點点 當当 黨党 "
    "燈灯 盜盗 獨独 讀読 貳弐 惱悩 腦脳 賣売 麥麦 發発 髮髪 拔抜 蠻蛮 祕秘 佛仏 變変 辯弁 豫予 "
    "餘余 譽誉 搖揺 樣様 謠謡 來来 賴頼 亂乱 覽覧 壘塁 勵励 靈霊 隸隷 戀恋 爐炉 勞労 樓楼 灣湾 "
    "彌弥 靑青 淸清 增増 橫横 溫温 渴渇 凉涼 峯峰 嶽岳 埜野 桒桑 栁柳 籔藪 舘館 舩船 躰体 迯逃 "
    "逹達 鈆鉛 鉃鉄 鑛鉱 礦鉱 隱隠 隨随 雞鶏 鷄鶏 麪麺 麵麺 齒歯 齡齢 龜亀 壹壱 儉倹 單単 囑嘱 "
    "圍囲 壓圧 墮堕 壞壊 巖岩 巢巣 廢廃 彥彦 拂払 挾挟 搜捜 擔担 據拠 擴拡 攪撹 晉晋 桧檜 樞枢 "
    "樂楽 檢検 歐欧 歡歓 殘残 氣気 沒没 濟済 濕湿 犧犠 狹狭 獵猟 獸獣 畫画 疊畳 盡尽 碎砕 稻稲 "
    "竝並 粹粋 緣縁 繩縄 聯連 肅粛 膽胆 莊荘 萠萌 葢蓋 薗園 藝芸 藥薬 處処 蟲虫 蠶蚕 裡裏 證証 "
    "譯訳 豎竪 貓猫 賤賎 辨弁 邨村 醫医 錄録 鍊錬 鹽塩 黑黒 默黙"
)

_COMMON = {char: group[-1] for group in _VARIANTS.split() for char in group[:-1]}
_SMALL = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
_ENLARGED = str.maketrans(_SMALL)

LONG = "ー"
# The long vowel sign, hyphens, and what people type for either.
_DASHES = frozenset("-‐‑‒–—―−─━ー~〜～ｰ﹣－")
# Marks between words; every other mark is dropped.
_BREAKS = frozenset("・･,、，/／|_;:：；+＋")


class _Fold(dict[int, str]):
    """For `str.translate`: how each character is folded, worked out once per character."""

    def __init__(self, *, keep_small: bool) -> None:
        super().__init__()
        self._keep_small = keep_small

    def __missing__(self, code: int) -> str:
        folded = self[code] = self._fold(chr(code))
        return folded

    def _fold(self, char: str) -> str:
        char = _COMMON.get(char, char)
        if "ァ" <= char <= "ヶ" or char in "ヽヾ":
            char = chr(ord(char) - 0x60)
        if not self._keep_small:
            char = _SMALL.get(char, char)
        if char in _DASHES:
            return LONG
        if char.isalnum():
            return char
        return _SPACE if char.isspace() or char in _BREAKS else ""


_TABLE = _Fold(keep_small=False)
_TABLE_KEEPING_SMALL = _Fold(keep_small=True)
_STRAY = re.compile(f"(?<![ぁ-ゖ{LONG}]){LONG}+")


def fold(text: str, *, keep_small: bool = False, keep_long: bool = False) -> str:
    """Text as it is compared: NFKC, lower case, hiragana for katakana, common forms for old characters.

    Small kana are enlarged (キャノン = キヤノン) unless `keep_small`. Hyphens are dropped (I-O = IO), and so are long
    vowel signs (コンピューター = コンピュータ) unless `keep_long`: then every dash after kana is the long vowel sign.
    Words are parted by one space, other marks are dropped. The result holds letters, digits and single spaces only,
    and folding it again changes nothing.
    """
    folded = _fold_normal(unicodedata.normalize("NFKC", text), keep_small)
    return folded if keep_long else folded.replace(LONG, "")


def enlarge(folded: str) -> str:
    """What `fold` makes with small kana enlarged, from what it makes with them kept."""
    return folded.translate(_ENLARGED)


def _fold_normal(text: str, keep_small: bool) -> str:
    folded = text.lower().translate(_TABLE_KEEPING_SMALL if keep_small else _TABLE)
    if LONG in folded:
        folded = _STRAY.sub("", folded)
    if _SPACE in folded:
        folded = _SPACE.join(folded.split())
    return folded


_LEGAL_FORMS = """
    株式会社 有限会社 合同会社 合資会社 合名会社 相互会社 特定目的会社 特例有限会社 投資法人
    一般社団法人 公益社団法人 社団法人 一般財団法人 公益財団法人 財団法人 医療法人社団 医療法人財団
    社会医療法人 医療法人 社会福祉法人 学校法人 宗教法人 特定非営利活動法人 独立行政法人 国立大学法人
    地方独立行政法人 国立研究開発法人 有限責任事業組合 協同組合連合会 農業協同組合 事業協同組合 協同組合
    税理士法人 弁護士法人 監査法人 有限責任監査法人 司法書士法人 行政書士法人 社会保険労務士法人 特許業務法人
    カブシキガイシャ カブシキカイシャ ユウゲンガイシャ ユウゲンカイシャ ゴウドウガイシャ ゴウドウカイシャ
    ゴウシガイシャ ゴウシカイシャ ゴウメイガイシャ ゴウメイカイシャ ソウゴガイシャ ソウゴカイシャ
    イッパンシャダンホウジン コウエキシャダンホウジン イッパンザイダンホウジン コウエキザイダンホウジン
    イリョウホウジンシャダン イリョウホウジン シャカイフクシホウジン ガッコウホウジン トウシホウジン
    トクテイヒエイリカツドウホウジン
"""
# As they stand after folding, with small kana enlarged and not.
_FORMS = frozenset(fold(form, keep_small=keep) for form in _LEGAL_FORMS.split() for keep in (True, False))
_COMMONEST = "株式会社"
_LENGTHS = sorted({len(form) for form in _FORMS}, reverse=True)
"""Longer forms first, so that none leaves a rest of itself."""

# (株), （有）, ㈱ after NFKC, and the abbreviations of bank transfers: ｶ) before, (ｶ after a name.
_SHORT = re.compile(
    r"\((?:株|有|同|資|名|相|一社|公社|社|一財|公財|財|医|福|学|宗|特非|独|大|投)\)"
    r"|^\s*(?:カ|ユ|ド|シ|メ)\)|\((?:カ|ユ|ド|シ|メ)\)?\s*$|\((?:カ|ユ|ド|シ|メ)\)"
)

_LEADING_WORDS = frozenset({"the", "kk"})
_ENGLISH_FORMS = """
    co ltd inc corp corporation incorporated limited company kk gk yk llc llp lp plc ag gmbh sa nv bv pte pty
    coltd coinc kabushiki kaisha kabushikikaisha godo gaisha goudou
"""
_FORM_WORDS = frozenset(_ENGLISH_FORMS.split())
# H&M is two words; so is Co.Ltd, but not K.K. or I.T.
_JOINT = re.compile(r"(?<=[A-Za-z]{2})\.(?=[A-Za-z]{2})|&")


def _without_forms(folded: str) -> str:
    """Folded text without corporate forms at either end; the text itself when nothing else would be left."""
    text = folded.removeprefix(_COMMONEST)
    if len(text) == len(folded):
        text = folded.removesuffix(_COMMONEST)
    if len(text) == len(folded) and not text.isascii():
        text = _without_rare_forms(text)
    last = text[-1:]
    if last.isascii() and last.isalpha():
        text = _without_english_forms(text)
    return text.strip() or folded


def _without_rare_forms(text: str) -> str:
    for length in _LENGTHS:
        if text[:length] in _FORMS:
            return text[length:]
        if text[-length:] in _FORMS:
            return text[:-length]
    return text


def _without_english_forms(text: str) -> str:
    words = text.split()
    while words and words[-1] in _FORM_WORDS:
        words.pop()
    if len(words) > 1 and words[0] in _LEADING_WORDS:
        del words[0]
    return _SPACE.join(words)


def company_words(name: str, *, keep_small: bool = False) -> str:
    """A company's name or reading folded, without its corporate form; words stay parted, long vowel signs stay."""
    normal = unicodedata.normalize("NFKC", name)
    if "(" in normal or ")" in normal:
        # Only here can a bracketed form be told from the first character of a name (株木建設).
        normal = _SHORT.sub(_SPACE, normal)
    if "." in normal or "&" in normal:
        normal = _JOINT.sub(_SPACE, normal)
    return _without_forms(_fold_normal(normal, keep_small))


# サーバー is サーバ, but バー is not バ, and ビール is not ビル.
_LAST_LONG = re.compile(f"(?<=[ぁ-ゖ{LONG}]{{3}}){LONG}(?![ぁ-ゖ{LONG}])")


def key_of(words: str) -> str:
    """The name key of a company with these `company_words`."""
    return _LAST_LONG.sub("", words).replace(_SPACE, "") if LONG in words else words.replace(_SPACE, "")


def name_key(name: str) -> str:
    """A company's key for comparison: equal keys are probably one company. Empty only for a name without letters."""
    return key_of(company_words(name))


def person_key(name: str) -> str:
    """A person's key for comparison: 齋藤　花子 and 斎藤花子 are one name, 様 and さん are none of it."""
    folded = fold(name)
    for title in _TITLES:
        if folded.endswith(title) and len(folded) > len(title) + 1:
            folded = folded.removesuffix(title)
            break
    return folded.replace(_SPACE, "")


# 様, さん, 氏 and what stands on a business card beside a name.
_TITLES = ("さま", "さん", "様", "氏", "殿", "先生")


def valid_corporate_number(number: str) -> bool:
    """Whether these are 13 digits of which the first is the check digit of the other twelve.

    The rule is the National Tax Agency's (法人番号の指定等に関する省令, 検査用数字): with the twelve digits counted
    from the right, those in odd places weigh 1 and those in even places 2; the check digit is 9 minus the weighted
    sum's remainder by 9.
    """
    if len(number) != 13 or not number.isascii() or not number.isdigit():
        return False
    digits = number.encode()
    # Each byte is 48 more than its digit: six of weight 1, six of weight 2.
    weighted = sum(digits[2::2]) + 2 * sum(digits[1::2]) - 18 * ord("0")
    return digits[0] - ord("0") == 9 - weighted % 9


def corporate_number(text: str) -> str:
    """The digits of a corporate number as typed: full width, spaces and hyphens allowed. Not checked."""
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_NO_DASHES)


_NO_DASHES = {ord(dash): None for dash in _DASHES}


def host(website: str) -> str:
    """The host of a web address, lower case, without `www.`; empty for none. The scheme may be missing."""
    rest = unicodedata.normalize("NFKC", website).strip().lower()
    rest = rest.partition("://")[2] or rest
    for end in "/?#":
        rest = rest.partition(end)[0]
    return rest.rpartition("@")[2].partition(":")[0].removeprefix("www.")


class Likeness(StrEnum):
    """Why two persons are likely one."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Person:
    """A person at a company, as far as comparison needs it.

    `name_key` as `person_key` makes it, `phone` in E.164 and `email_key` as services/data/quality.py makes them;
    what is empty is never alike. `id` None: not saved yet.
    """

    account_id: int
    name_key: str
    phone: str = ""
    email_key: str = ""
    id: int | None = None


def likely_duplicates(candidate: Person, existing: Iterable[Person]) -> list[tuple[Person, tuple[Likeness, ...]]]:
    """The persons of the same company that are likely the candidate, with the reasons; most reasons first.

    A person is no duplicate of themself (same `id`).
    """
    found = []
    for person in existing:
        if person.account_id != candidate.account_id or (person.id is not None and person.id == candidate.id):
            continue
        reasons = tuple(
            reason
            for reason, ours, theirs in (
                (Likeness.NAME, candidate.name_key, person.name_key),
                (Likeness.PHONE, candidate.phone, person.phone),
                (Likeness.EMAIL, candidate.email_key, person.email_key),
            )
            if ours and ours == theirs
        )
        if reasons:
            found.append((person, reasons))
    found.sort(key=lambda pair: -len(pair[1]))
    return found
