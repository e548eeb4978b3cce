"""Words that tell how a sentence is meant, in Japanese and English. What is doubtful counts as not said.

They serve twice: the plain reading of a conversation is made of them, and what a model read is held against them.
"""

from __future__ import annotations

import re
import unicodedata


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


def _found(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(unicodedata.normalize("NFKC", text)) is not None


_MACHINE = _words(
    r"プロンプト|システムメッセージ|システム(?:からの)?指示|言語モデル|生成ai|(?<![a-z])llm(?![a-z])|json|chatgpt",
    r"(?<![a-z])ai(?![a-z])(?:アシスタント|さん)?(?:へ|に|は|、|向け).{0,40}(?:書|記録|出力|設定|扱|無視"
    r"|して(?:ください|下さい)|せよ|しろ)",
    r"(?:これまで|以前|上記|今まで|ここまで|すべて|全て|前)の?.{0,10}(?:指示|命令|ルール|設定|内容)(?:を|は"
    r"|に).{0,12}(?:無視|忘れ|従わ|上書き|破棄|取り消)",
    r"(?:指示|命令|ルール)を(?:無視|忘れ|上書き|破棄)|新しい指示|次の指示に従|管理者(?:権限|モード|として)",
    r"(?:議事録|要約|メモ|記録|レポート|出力|結果|bant|予算|決裁者|判定)(?:に|は|を|欄"
    r"|の欄)[^。]{0,40}と?(?:書き込|記載し|記録し|出力し|記入し|登録し|書いて|書け|入れて(?:おいて)?(?:ください"
    r"|下さい)|設定し|してください|分類し|せよ)",
    r"(?:としてください|にしておいてください|扱いにしろ|と出力|と記録せよ|とみなせ|とせよ|せよ。"
    r"|<\s*/?\s*(?:system|instructions?|transcript)|\[\s*(?:system|inst))",
    r"(?:文字起こし|書き起こし|要約|自動)(?:して|する|の)?(?:いる|る)?(?:ツール|ソフト|システム|機械|ロボット|bot"
    r"|プログラム)(?:の方)?(?:へ|に|は|さん)",
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous|prior)\b",
    r"\b(?:system prompt|language model|system (?:message|override|note|instruction)|developer mode|as an ai"
    r"|dear ai|assistant:|note to (?:the )?(?:ai|assistant|bot|model|summari[sz]er|transcri))",
    r"\b(?:ai|assistant|bot|model|summari[sz]er|note ?taker)\b.{0,30}\b(?:must|should|please|shall|record|write"
    r"|output|mark|set)\b",
    r"\b(?:mark|record|set|log|output|report|write|classify|list) (?:the |this |our |all |it |every )?(?:lead"
    r"|budget|bant|authority|deal|need|timeline|as|element|down)\b.{0,60}\b(?:as|to|at|confirmed|qualified)\b",
    r"\bnew instructions?\b|\bfollow these instructions\b|\bbegin system\b|\bend of transcript\b",
    r"\bprint\b.{0,20}\bprompt\b",
)
_PAST = _words(
    r"去年|昨年|一昨年|おととし|前年|昨年度|前年度|前期|以前|かつて|昔|当時|前回",
    r"前(?:は|まで)|前の(?:年|期|会社|担当|部長|社長)|先代|(?:年|数年|ヶ月|か月)前",
    r"\blast (?:year|fiscal|time|quarter|budget)|\bprevious(?:ly)?\b|\bback (?:then|in)\b|\bused to\b",
    r"\byears? ago\b|\bformer(?:ly)?\b|\bin the past\b|\bat the time\b|\bhad (?:a|about|around)\b.{0,20}\bbudget",
)
_OTHERS = _words(
    r"他社|よその|他の会社|別の会社|同業|競合|知り合い|知人|友人|取引先|お取引先|親会社|グループ会社|関連会社",
    r"子会社|姉妹会社|兄弟会社|隣の|前職|本家|よそさま|よそは|あちらさん|先方",
    r"[^\s、。]{1,12}(?:商事|工業|物流|製作所|建設|食品|運輸|産業|電機|精機|会社|ホールディングス)さん(?:は|が|の"
    r"|なんか|では|だと|も|、)",
    r"\bother compan|\banother compan|\bsister compan|\bparent compan|\bcompetitor",
    r"\bmy (?:friend|old company|previous)|\bour (?:client|customer|supplier|parent|sister)",
    r"\bthe (?:firm|company) next door|\ba friend\b|\bsubsidiar|\btheir budget\b",
    r"\bthey(?:'ve| have) (?:got )?(?:a )?(?:budget|set aside)",
)
_HEARSAY = _words(
    r"らしい|だそう|するそう|(?:って|と)聞い(?:た|て|てい|ております)|聞きました|聞くところ|とのこと|噂|うわさ",
    r"(?:た|る|い|な)そうです|みたいです|って話|という話|小耳|言ってたような|言ってた気が|ネットで見",
    r"\bi(?:'ve)? heard\b|\bapparently\b|\brumou?r|\bsupposedly\b|\bword is\b|\bsomeone (?:said|told)",
    r"\bpeople say\b|\bi(?:'ve)? read (?:that|somewhere)|\bthey say\b|\bhearsay\b|\bfrom what i hear\b",
)
_NOW = _words(
    r"今回|今年|今期|今は|今の|来期|来年|うちは|うちの|弊社|当社|当院|当園",
    r"\bthis (?:year|time)|\bnow\b|\bour own|\bours (?:is|was)|\bwe(?:'ve| have| budgeted)",
)
_MONEY = _words(
    r"予算|[一-龥]費|費用|お?金(?!曜)|資金|枠|融資|補助金|助成金|経費|決裁|稟議|料金|値段|価格|円|申請|承認|投資",
    r"\bbudget|\bmoney\b|\bfund|\byen\b|\bjpy\b|\bspend|\bcost|\bprice|\bloan|\bgrant\b|\bapprov|\bset aside"
    r"|\ballocat",
)
_DECIDING = _words(
    r"決(?:め|ま|裁|断|定)|判断|承認|ハンコ|判子|印鑑|判を|[のを]印(?:は|を|が)|サイン|最終|最後|了承|許可|契約"
    r"|権限|選定|一存|通り(?:ます|ません)",
    r"\b(?:decid|decision|vote[sd]?\b|sign|approv|final say|last word|my call|up to me|permission|contract|choos)",
)
_JOKE = _words(
    r"冗談|\(笑|笑\)|宝くじ|夢(?:の|みたい|です|物語)|石油王|いくらでも(?:出|あ)|埋蔵金|打ち出の小槌|金のなる木",
    r"天から|降ってく|笑っちゃ|あるわけ(?:が)?ない|苦笑|はははは?|(?:あっ|当たっ)たら(?:いい|苦労)|ポケットマネー",
    r"ですかねえ、はは",
    r"\bhaha|\blol\b|\bjust kidding|\bi'm joking|\bi kid\b|\byeah,? right\b|\bin (?:my|your) dreams\b",
    r"\bmoney tree|\bwin the lottery|\bpigs (?:can )?fly|\bsure,? and\b|\bmagic wand",
    r"\bpetty cash\b.{0,20}\bmillion",
)
_CONDITION = _words(
    r"(?:あれ|なれ|取れれ|出れ|下りれ|通れ|つけ|つけば|もらえれ)ば|(?:だっ|取れ|下り|通っ|出)たら|としたら",
    r"であれば|仮に|もし(?!く)|場合(?:は|に|によ)|次第",
    r"\bif\b|\bonce (?:we|it|the)\b|\bassuming\b|\bdepend(?:s|ing)\b|\bunless\b|\bprovided\b",
)
_HEDGE = _words(
    r"かもしれ|かも(?:です|。|$)|と思い|と思う|と思っ|かな|たぶん|多分|おそらく|恐らく|はず|気がし|でしょうね",
    r"じゃないですかね|ですかね|でしょうか|だろう|未定|決まって(?:い)?な|決まって(?:い)?ませ|わから|分から",
    r"はっきり|ざっくり|検討中|まだ|なんとなく|できれば|できたら|かしら|希望としては|個人的には|イメージ|感触",
    r"しい?て言えば|強いて言|まあ仕事|つもり|見込み|予感|厳しいか|目標|目安|当たり前ではない",
    r"\bmaybe\b|\bmight\b|\bprobably\b|\bperhaps\b|\bi (?:think|guess|suppose|believe|imagine|expect)\b",
    r"\bnot (?:sure|certain|decided|final)|\bcould be\b|\bhopefully\b|\bideally\b|\bsomewhere (?:around|between)",
    r"\bsort of\b|\bkind of\b|\bi'd say\b|\bno idea\b|\btentative|\bshould be able\b|\bi'd have to\b",
    r"\bin theory\b|\bpossibly\b|\bhoping\b|\bwould like to think\b",
)
_NO = _words(
    r"^\W*(?:いえ|いや|いいえ|違い|違う|そうではな|そうじゃな|うーん|んー|とんでもな)",
    r"^\W*(?:no\b|nope|not really|not quite|actually,? no|well,? no|hmm)",
)
_YES = _words(
    r"^\W*(?:(?:はい|ええ|うん)[、。,\s]*)?(?:そう(?:です|ですね|なんです|いう(?:こと|理解))|その通り|そのとおり"
    r"|おっしゃる(?:通り|とおり)|合って|間違いな|そのくらい|それくらい|その(?:理解|認識|金額|予定|時期|方向|線"
    r"|形)(?:で|です|に)|まさに|大丈夫です|問題(?:ない|ありません)|結構です|ご認識の)",
    r"^\W*(?:yes|yeah|yep|correct|right|exactly|that'?s (?:right|correct|it|the plan|about right)|absolutely"
    r"|precisely|spot on|you got it)\b",
)
_YES_TO_QUESTION = _words(r"^\W*(?:はい|ええ)(?:[、。,!]|$)")
_TURN = _words(
    # 何でも, それでも: only at the beginning of a clause it turns.
    r"ただ|(?:^|[、。\s])でも|けど|けれど|とは(?:いえ|言え)|しかし|実際(?:は|には)|本当は|正確に(?:は|言う)"
    r"|というより|いや|違",
    r"\bbut\b|\bhowever\b|\bactually\b|\bthough\b|\bwell\b|\bno\b|\bnot\b",
)
_QUESTION = re.compile(
    r"[?？]\s*$"
    r"|(?:ですか|ますか|でしょうか|ませんか|でしたか|ますかね|よね|ですね|ということで|でよろしい(?:です"
    r"|でしょう)か)[。ー\s]*$"
)
_LEFT = _words(
    r"辞め|(?:替|代|変)わ(?:った|り|る)|交代|退職|退任|異動|転勤|転職|(?:もう)?いなく|いません|引退|定年|出向|休職"
    r"|外れ(?:た|ま)|抜け(?:た|ま)",
    r"\b(?:left|retired|moved on|resigned|quit|stepped down|no longer|gone)\b|\btransferred\b",
)


def addresses_a_machine(text: str) -> bool:
    """Whether words are meant for whatever reads the transcript, not for the person on the line."""
    return _found(_MACHINE, text)


def before_a_machine_is_addressed(text: str) -> str:
    """The sentences of a text up to the first that is meant for a machine; the text itself where none is."""
    if not addresses_a_machine(text):
        return text
    spoken: list[str] = []
    for sentence in sentences(text):
        # An address may be spread over two: AIさん。予算は…と書いて.
        if addresses_a_machine(sentence) or (spoken and addresses_a_machine(f"{spoken[-1]} {sentence}")):
            return " ".join(spoken)
        spoken.append(sentence)
    return ""


def speaks_of_now(text: str) -> bool:
    """Whether a sentence says that it is about themselves, today or this time."""
    return _found(_NOW, text)


def speaks_of_money(text: str) -> bool:
    """Whether a text is about money at all."""
    return _found(_MONEY, text)


def speaks_of_deciding(text: str) -> bool:
    """Whether a text is about who decides, or how."""
    return _found(_DECIDING, text)


def not_of_this_purchase(text: str) -> bool:
    """Whether a sentence speaks of the past, of another company, by hearsay or in jest."""
    return any(_found(cue, text) for cue in (_PAST, _OTHERS, _HEARSAY, _JOKE))


def is_rumour(text: str) -> bool:
    """Whether somebody only passes on what others said."""
    return _found(_HEARSAY, text)


def of_the_past(text: str) -> bool:
    """Whether a sentence speaks of what was."""
    return _found(_PAST, text)


def in_jest(text: str) -> bool:
    """Whether words are not meant as they sound."""
    return _found(_JOKE, text)


def is_gone(text: str) -> bool:
    """Whether somebody has left."""
    return _found(_LEFT, text)


def is_doubtful(text: str) -> bool:
    """Whether a sentence has a doubt or a condition in it."""
    return _found(_HEDGE, text) or _found(_CONDITION, text)


def is_conditional(text: str) -> bool:
    """Whether a sentence only holds if something else does."""
    return _found(_CONDITION, text)


def is_question(text: str) -> bool:
    """Whether a sentence asks."""
    return _QUESTION.search(text.strip()) is not None


def confirms(answer: str, said: str) -> bool:
    """Whether an answer says yes to what was said. はい alone is a yes to a question only: otherwise it means that
    somebody listens. A yes with a "but" is none."""
    opening = re.split(r"[。!?！？]|(?<=[a-z])\. ", answer.strip(), maxsplit=2)
    head = "。".join(opening[:2])
    if _found(_NO, answer) or _found(_TURN, head) or _found(_HEDGE, head) or is_question(answer.strip()):
        return False
    return _found(_YES, answer) or (is_question(said) and _found(_YES_TO_QUESTION, answer))


_ENGLISH_STOP = re.compile(r"(?<=[a-z0-9%\"')]\.)\s+(?=[A-Z\"'])")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each verbatim."""
    return [
        piece.strip()
        for part in re.findall(r"[^。!?！？\n]+[。!?！？]*", text)
        for piece in _ENGLISH_STOP.split(part)
        if piece.strip()
    ]
