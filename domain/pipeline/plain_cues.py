"""Words by which a conversation is read without a model: what a sentence is about, in Japanese and English."""

from __future__ import annotations

import re
from typing import Final

from domain.qualification.bant import BudgetState


def _cue(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(patterns), flags)


# Money

BUDGET: Final = _cue(
    r"予算(?!会議|委員会)|費用の枠|投資枠|枠(?:は|を|が|として|の中)",
    r"\bbudget|\bearmarked|\bset aside|\ballocated|\bfunding\b|\bput aside",
)
ASKS_FOR_MONEY: Final = _cue(
    r"予算|金額|費用|おいくら|いくら(?:くらい|ぐらい|まで)|投資|どのくらい(?:まで|出)",
    r"\bbudget|\binvest|\bmoney\b|\bfunding\b|\bnumber\b.{0,12}\bmind|\bhow small\b|\bhow much\b",
)
SPENDS: Final = _cue(
    r"出(?:します|せます|せる|せそう)|用意(?:して|でき)|使って(?:いい|よい|良い)|承認|確保|取って(?:あ|い|お)|計上"
    r"|申請",
    r"\bapprov|\bset aside|\ballocat|\bsigned off|\bsecured|\bearmark|\bbudget|\bput aside",
)
PRICE: Final = _cue(
    r"高い|高く|見積|定価|売上|年商|人件費|損失|損害|払って|支払|かかって|保守費|請求|コストが|無駄|ロス|罰金|在庫"
    r"|粗利|単価|なんて|とても(?:とても)?。?$|以上の(?:案件|もの|場合|購入)|入札|規定|まさか|驚",
    r"言われ|導入費用|でしょ(?:う)?。?$|取りっぱぐれ|だめにな",
    r"\bmadness|\bout of the question|\bridiculous|\bcrazy|\binsane|\bexpensive|\bquoted?\b|\brevenue|\bturnover"
    r"|\bpaying\b|\bwe pay\b|\bcosts us|\blos(?:e|ing|t)\b",
    r"\bspend(?:ing)?\b|\bsales of\b|\bcredit about|\bthey wanted\b",
)
NO_BUDGET: Final = _cue(
    r"予算(?:は|が|も|って|自体)?[^。、]{0,12}?(?:ない|なく|ありません|ゼロ)",
    r"予算(?:は|が|も|を)?[^。、]{0,10}?(?:取れて|ついて|取って|組んで|確保でき(?:て)?)(?:い)?(?:ない|ません)",
    r"予算(?:は|も)?[^。]{0,12}?使い切",
    r"\bno (?:\w+ )?budget|\bnothing (?:is )?budgeted|\bbudget is (?:gone|zero)",
    r"\b(?:don't|do not|doesn't|haven't|have not) (?:have|got|set aside|budgeted)\b.{0,30}\b(?:budget|money|funds?"
    r"|any)",
)
STATES: Final[tuple[tuple[BudgetState, re.Pattern[str]], ...]] = (
    (
        BudgetState.APPLIED,
        _cue(
            r"申請(?:中|して|を出して|は出して|済)|稟議(?:中|を?(?:上げ|回し|出し|通し)て|に(?:かけ|回し)て)"
            r"|上申して",
            r"要求を(?:出し|上げ)(?:て|まし)|予算要求(?:中|を)|審議中|借りられるか",
            r"\b(?:requested|applied for|submitted|waiting for (?:budget )?approval|put in for|pending approval)\b",
        ),
    ),
    (
        BudgetState.PLANNED,
        _cue(
            r"予定|盛り込|(?:これから|今度)[^。]{0,10}出す|出(?:します|してみる|そう)(?!けど)|積(?:む|み|んで)"
            r"|取る(?:方向|つもり)",
            r"\b(?:plan(?:ning|ned)? to|will be|going to|put(?:ting)? .{0,20}into)\b",
        ),
    ),
    (
        BudgetState.SECURED,
        _cue(
            r"確保(?:して|でき|済)|取って(?:あ|い|お)|取れて(?:い)?(?:る|ます)|押さえて|計上済",
            r"承認(?:済|され(?:た|て|まし)|が(?:下|お|出)|は(?:下|お|出)|をもら|もら)|許可が(?:出|下)"
            r"|使って(?:いい|よい)",
            r"(?:下り|おり)て(?:い)?ま|(?:つい|付い)て(?:い)?ま|つきました|(?:会|議|裁)(?:を|は"
            r"|も)?通(?:って(?:い)?ま|りました)",
            r"枠が(?:あ|取れ)|枠として(?:あ|取)|確定して|認められ|用意(?:して|でき(?:て|る))"
            r"|持っている[^。]{0,12}中から",
            r"\b(?:approved|approval for|secured|set aside|allocated|earmarked|signed off|ring-?fenced"
            r"|have a budget)\b",
            r"\b(?:got (?:the )?budget|in the budget|put aside|budgeted)\b",
        ),
    ),
    (
        BudgetState.PLANNED,
        _cue(
            r"計上|組(?:む|み|もう|んで)|入れ(?:る|て)|見て(?:い)?ま|考えて|想定して|計画",
            r"\bnext (?:year's|fiscal)\b",
        ),
    ),
)
"""In this order: what is to be asked for is not yet there, whatever else is said of it."""

# Who decides

_TITLE_JA = (
    r"(?:代表取締役社長|代表取締役|取締役|副社長|社長|会長|専務|常務|本部長|事業部長|統括部長|部門長|部長|次長"
    r"|工場長|支社長|支店長"
    r"|所長|センター長|施設長|副院長|院長|事務局長|事務長|組合長|理事長|学長|校長|園長|塾長|店長|館長|オーナー"
    r"|室長|課長|係長|代表(?!電話|番号)"
    r"|女将|支配人|CFO|CEO|CIO|COO|CTO|役員会|取締役会|経営会議|理事会|選定委員会|投資委員会|[ァ-ヶー]{2,6}会議)"
)
_NO_NAME = r"(?!決|判|承|許|私|了|意|印|最|名)"
_WHO_JA = (
    rf"(?:[一-龥ァ-ヶー]{{1,6}}の)?[一-龥ァ-ヶー]{{0,7}}{_TITLE_JA}"
    rf"(?:の{_NO_NAME}[一-龥]{{1,3}}(?=が|は|で|に|と|の|です|だ|、|。|$))?(?!の私)"
)
_SELF_JA = r"(?:私|わたし|わたくし|僕|ぼく|俺|おれ|オレ|あたし|自分)(?!の|ども|は推薦|だけ|ひとり|一人)"
OWN_TITLE: Final = re.compile(
    rf"(?:俺|おれ|私|僕)が({_TITLE_JA})|({_TITLE_JA})(?:の|である|を務める)(?:私|わたし|僕|俺)"
)
"""俺が社長だから, 院長の私が: whoever decides says what they are."""
DECIDES_JA: Final = re.compile(
    rf"(?:決裁|決定|判断|決め(?:る|られる)|決定権|承認する|決裁権|最終)[^。、]{{0,14}}?(?:は|が"
    rf"|のは)、?(?P<b>{_WHO_JA}|{_SELF_JA})"
    rf"|(?P<a>{_WHO_JA})(?:さん|様)?(?P<p>が|の|で|に|は|と|も)[^。、]{{0,20}}?"
    r"(?:決(?:め|ま|裁|断|定)|判断|承認|ハンコ|判子|印鑑|判を|サイン|了承|了解|許可|契約)"
    rf"|(?:決定|決裁|選定|判断|そこ|それ|全部|すべて)は(?P<f>{_WHO_JA})に(?:一任|任(?:さ|せ)|委ね)"
    rf"|契約は(?P<d>{_WHO_JA})が"
    rf"|(?P<c>{_SELF_JA})(?:が|で|の判断で)[^。]{{0,10}}?(?:決(?:め|裁)|判断|承認)"
)
BODIES: Final = re.compile(r"会議$|会$|board$|committee$", re.IGNORECASE)
"""Who decides together: where a person is named too, that is who decides."""
WHO_JA: Final = re.compile(
    rf"^(?:はい|ええ|いえ|いや)?、?(?:うちは|それは)?(?P<a>{_WHO_JA})(?:です|だ|ですね|になり|(?=[。、]|$)"
    rf"|が(?=[^。]{{0,12}}(?:決|判|承|やって|見て|担当|持って)|[。、]|$))"
)
"""The answer to who decides."""
_TITLE_EN = (
    r"(?:managing director|general manager|plant manager|operations manager|office manager|finance director"
    r"|IT director"
    r"|sales director|operations director|clinic director|practice manager|head of [a-z]+|director of [a-z]+"
    r"|VP of [a-z]+|director|president|owner|[Oo]wner|CEO|CFO|COO|CTO|CIO|chairman|founder|principal|board|committee)"
)
_NAME_EN = r"(?:(?:Mr|Ms|Mrs|Dr)\. [A-Z][a-z]+|[A-Z][a-z]{2,})"
_WHO_EN = rf"(?:(?:[Oo]ur|[Tt]he|[Mm]y) )?{_TITLE_EN}(?:, {_NAME_EN})?"
_DECIDES_EN = (
    r"(?:decides?|signs?(?: off)?|approves?|makes the (?:final )?(?:call|decision)|has the (?:final|last) (?:say"
    r"|word))"
)
DECIDES_EN: Final = re.compile(
    rf"(?P<a>{_WHO_EN}),? (?:also |always |just |who )?{_DECIDES_EN}\b"
    rf"|\b(?:goes|is up|comes down|rests|lies|sits) (?:to|with) (?P<b>{_WHO_EN})"
    rf"|(?P<d>{_NAME_EN}) (?:has the (?:final|last) (?:say|word)|makes the (?:final )?call)"
    rf"|\b(?:the|our) (?P<e>{_TITLE_EN})[^.]{{0,40}}\b(?:she|he) decides"
    r"|\b(?:[Mm]y|[Tt]he) (?P<f>wife|husband|brother|sister|mother|father|son|daughter|partner|boss)"
    rf" (?:signs the (?:cheques|checks)|{_DECIDES_EN})"
    r"|\b(?P<c>I) (?:decide|sign|approve|make the (?:final )?(?:call|decision))\b"
)
WHO_EN: Final = re.compile(rf"^(?:Yes, |No, |Well, |That's )?(?P<a>{_WHO_EN}|{_NAME_EN}, {_WHO_EN})\b")
ASKS_WHO: Final = _cue(
    r"(?:決め|決裁|承認|判断|決定|決まり)[^。]{0,20}(?:どなた|誰|様|さん|でしょうか|ですか|どのよう)|(?:どなた"
    r"|誰)が?[^。]{0,12}(?:決|承認|判断)",
    r"\bwho\b.{0,30}\b(?:decid|approv|sign|call|say|pick|choos|select)|\bthe decision\?",
)
PROCESS: Final = _cue(
    r"稟議|役員会|取締役会|経営会議|理事会|投資委員会|決裁|相見積|選定委員|購買(?:部)?を通|予算会議",
    r"\b(?:board|committee|procurement|purchase order|sign-?off|three quotes|approval process|two signatures)\b",
)
UPWARDS: Final = _cue(
    r"(?:上(?:司|の者|長|)|社長|部長|本社|役員|院長|所長|工場長|本部|スーパーバイザー)(?:と|に|へ|とも|にも)"
    r"[^。]{0,8}(?:相談|確認|聞い|聞か|諮|話し|掛け合|言わないと)|私(?:だけ|ひとり|一人|の一存)で(?:は|決)",
    r"\b(?:check|ask|talk|run (?:it|this)|speak|discuss)\b.{0,15}"
    r"\b(?:my (?:boss|manager|director|brother|partner)|upstairs|management|the boss|head office|him|her)\b",
)

# When

START: Final = _cue(
    r"導入|稼働|開始|始め|使い始|使いたい|使え(?:る|れば)|使いたく|スタート|入れ替え|切り替え|切替|運用|立ち上げ"
    r"|リプレイス|間に合",
    r"移行|本番|オープン|動かし|動いて|動く|入れ(?:たい|る|て)|リリース|走らせ|更改|乗せ換え",
    r"\b(?:go(?:ing)? live|start|launch|in place|roll(?:ing)? ?out|up and running|switch(?:ed)? over|live by"
    r"|need it)\b",
    r"\b(?:running by|implement|deploy|migrat|opens?\b|live in\b)",
)
ASKS_WHEN: Final = _cue(
    r"いつ(?!も)|時期|ご希望の(?:日|月)|何月|開始は|稼働(?:の|は)|スケジュール|(?:今年度|年内|来年"
    r"|\d月)[^。]{0,8}(?:までに|から)",
    r"\bwhen\b|\btime ?frame|\btimeline|\bstart\b",
)
DECIDES_WHEN: Final = _cue(
    r"(?:決め|決定|決裁|選定|結論|発注|一社に)[^。]{0,12}(?:ます|る|たい|予定|こと)",
    r"(?:役員会|取締役会|経営会議|理事会|予算会議|委員会)(?:で|に)[^。]{0,12}(?:決|承認|選定|かけ|諮|出)",
    r"\b(?:we'll|we will|we|board|committee|they) (?:\w+ )?(?:decides?|chooses?|picks?|signs?)\b",
)
NOT_THEN: Final = _cue(
    r"(?:役員|社長|部長|担当|体制|会社|年度)が?(?:替わ|変わ|代わ)|株主総会|満了|更新(?:が|に)|人手|取られ"
    r"|打ち合わせの時間|決算で|忙し(?:い"
    r"|くて)|手一杯|異動"
    r"|待たず|絶対(?:に)?(?:だめ|無理)|は無理|動かせない|以外|終わるのか|切れ(?:ます|る)",
    r"\b(?:not before|can't (?:do|start)|impossible|out of the question|(?:contract|licen[sc]e|lease) (?:ends?"
    r"|expires?|runs))\b",
)

# What hurts, what is wanted, what stands against it

PAIN: Final = _cue(
    r"困(?:って|り|る)|課題|大変|手間|時間が?(?:かか|取られ|つぶ)|[時日週]間?(?:は|も|が)?(?:かか|かけ|つぶ|終わ"
    r"|残業)",
    r"ミス|漏れ|属人|二重|追いつ(?:か|い)|残業|負担|苦労|混乱|苦情|クレーム|滞|止ま(?:る|っ|り)|ずれ|合わ(?:ない"
    r"|なく)|見えな",
    r"探す|限界|人手|手が回ら|回ってい(?:ない|ません)|悩み|頭が痛|ばらばら|バラバラ|散らば"
    r"|紙(?:で|の|に|と)",
    r"手書き|手入力|手作業|欠品|取りこぼ|遅れ|遅い|面倒|しんどい|きつい|つらい|できていな|間違|打ち直|入れ直"
    r"|書き直|やり直|組み直",
    r"貼り直|書き写|代筆|催促|忘れる|(?<!が)抜け(?:て|る)|叱られ|お詫び|平謝り|怒られ|待たせ|待ち(?:です|で)|赤字"
    r"|事故"
    r"|不備|罰則|監査の",
    r"疲れ|ばたばた|地獄|ひど(?:い|く)|痛い|けんか|辞め(?:た|まし)|続かな|捨てて|ごみに|もったいな|だめにな"
    r"|ひやひや|冷や汗",
    r"せいで|[いきしちにみりえけせてめれ]きれ(?:な|ませ)|ざるを得|[しきりえいみち]直し(?:に|が|を|で|て)"
    r"|行方(?:不明|知れず|が)|紛失|失注|解約(?:され|にな)"
    r"|弁償|返金|謝(?:って|り)|取り違え|て(?:し)?まっ?(?:う|い(?!た|まし(?:ょう|た[。、]?$))|って|った|うん|うこと)"
    r"|ちゃ(?:う|って|った|い)|てばかり|っぱなし",
    r"足りな|返品|再配達|夜中|半日|丸一日|丸ごと|つぶれ|トラブル|オーバー|売れちゃ|言った言わな|せっつ|終わらな"
    r"|気が気|電話ばっかり",
    r"\b(?:problem|issue|struggl|pain\b|headache|manual(?:ly)?|error|mistake|duplicate|behind|overtime|complain)",
    r"\b(?:takes? (?:us |a )?(?:hours|days|forever|too long|whole|two|three)|bottleneck|mess\b|nightmare|chaos"
    r"|wrong\b)",
    r"\b(?:los(?:e|t|ing)\b|fall(?:s|ing)? through|spreadsheet|double.?(?:entry|booked)|by hand|frustrat|too slow)",
    r"\b(?:missed|missing|mix(?:ed)? up|oversell|refund|fight over|slipped|reprint|remake|illegible|delay"
    r"|disappointed)",
    r"\b(?:never comes? back|nobody (?:can|has|knows|photographs)|out of the door|forget half|wipe out|six minutes)",
    r"\b(?:lost|drive out again|angry|standing still|claim missing|worse\b|scratches|we do, every time|old version)",
)
FACTS: Final = _cue(
    r"紙(?:で|の|に|と)|手書き|手入力|手作業|待ち(?:です|で)|電話ばっかり|[時日週]間?(?:は|も|が)?(?:かか|かけ)",
    r"\b(?:spreadsheet|by hand|manual(?:ly)?|takes? (?:us |a )?(?:two|three))\b",
)
"""How somebody works, which hurts only where something else says so."""
CHAT: Final = _cue(
    r"すみません|すいません|申し訳|ごめん|失礼|恐れ入|電車|渋滞|天気|天候|暑(?:い|く)|寒(?:い|く)|台風|大雪|風邪"
    r"|熱を出|体調|お子|子ども|ゴルフ|大変(?:でした|だった)ね?"
    r"|ほどでは?(?:ない|なく|ありません)|ほどじゃ",
    r"(?:資料|デモ|動画|メール|リンク|ご?案内|録画|サイト|ページ)(?:を|が|は|の)?[^。]{0,16}(?:見|開|届|消|読)"
    r"|最後まで(?:見|聞)|途中で[^。]{0,16}(?:見|聞|来)",
    r"\bsorry\b|\bmy train\b|\btraffic\b|\bweather\b|\bthe (?:link|email|attachment|video|recording)\b"
    r"|\bof a (?:morning|day|week)\b",
)
"""Apologies, the weather, what became of our mail: none of it is how they work."""
OFTEN: Final = _cue(
    r"毎(?:日|週|月|年|回|朝|晩|度|シーズン)|いつも|しょっちゅう|たびたび|よく|必ず|ずっと|(?:月|週|日|年|一日"
    r"|シーズン)に[^。、]{0,8}[件回度本枚人時台]"
    r"|[\d一二三四五六七八九十百千](?:件|回|時間|日|人|名|枚|台|本|割|%|パーセント|冊|度|軒|社|分|か月|週間)",
    r"\b(?:every|always|each|constantly|twice|often|per|a) (?:day|week|month|time|year|season|shift)|\balways\b"
    r"|\bevery\b|\b(?:half|most) of\b|\btimes\b|\bone in\b"
    r"|\b\d|\b(?:two|three|four|five|six|ten|dozen|hundred)s?\b",
)
"""How often or how much: what hurts once is bad luck."""
PLAIN_PAIN: Final = _cue(
    r"困(?:って|り|る)|課題|悩み|限界|負担|苦労|残業|手間|追いつ|回ら|属人|頭が痛|せいで|きれ(?:な|ませ)|ざるを得"
    r"|てばかり|しんどい|つらい|きつい|間違|ミス|漏れ|二重|クレーム|苦情|紛失|失注|見えな|合わな",
    r"\b(?:problem|issue|struggl|headache|bottleneck|nightmare|chaos|frustrat|mess|complain|overtime|mistake|error)",
)
"""What hurts by its very name."""
FINE: Final = _cue(
    r"困って(?:は)?(?:い)?(?:ない|ません)|問題(?:は)?(?:ない|ありません)|間に合って(?:い)?(?:る|ます)|手間(?:は"
    r"|も)?(?:ない|かから|いら)",
    r"慣れて(?:い)?(?:る|ます)|平気|苦では|苦に(?:は)?(?:して|なら|なり)|それほど(?:で|じゃ|困|大変)|さほど"
    r"|気にして(?:い)?(?:ない|ません)|仕方(?:が)?(?:ない|ありま)"
    r"|満足して|課題(?:は)?(?:ない|ありません|感じ(?:て)?(?:い)?ない)|起きん|必要(?:性)?(?:を感じ(?:て)?(?:い)?"
    r"|は)?(?:ない|ありません)",
    r"\bno (?:problem|real need)|\bnot (?:a|an|really a) (?:problem|issue)|\bwe're (?:fine|happy|good)|\bworks fine",
    r"\bhappy with\b",
)
SLIGHTLY: Final = _cue(
    r"しい?て(?:言|い)えば|強いて(?:言|い)えば|まあ(?:仕事|そんなもの|仕方)", r"\bif (?:anything|i had to)\b"
)
POLITE: Final = _cue(
    r"大変(?:お世話|申し訳|恐縮|失礼|助か|ありがた|参考)|間違いな|お手間|ご負担|失礼(?:いた)?し|お疲れ"
    r"|問題ありません|不備なく",
    r"^\W*(?:それは|ああ|そう|はい)?、?(?:とても)?(?:ありがたい|助かる|助かり|助かっ)|^\W*no problem|^\W*sorry",
)
NEED: Final = _cue(
    r"(?:し|なく|減らし|やめ|知り|見|つなぎ|短くし|まとめ|そろえ|揃え|変え|任せ|作り|残し|でき|回し|付け"
    r"|見え(?:るようにし)?)たい(?:ん|の|と|です|。|な|け)",
    r"ほしい|欲しい|必要(?:です|なん|が|に)|求めて|求められ|が条件|必須|できると(?:助か|あり|いい)|と(?:助かる"
    r"|ありがたい)",
    r"効率化|自動化|一元|まとめたく|見せてもらえれば|が(?:いい|良い)(?:です|な|。)|減らさない|なきゃ|分かればいい"
    r"|短縮|削減|使えればいい",
    r"\bwe (?:need|want|would like|are looking)\b|\bwe're looking\b|\blooking for\b|\bmust have\b(?! been)",
    r"\bhas to (?:work|integrate)|\bwould love\b|\bneed something\b|\bneeds? to (?:see|be|know)\b",
)
ASKS_OF_BEFORE: Final = _cue(
    r"(?:以前|前回|前の|その(?:システム|製品|仕組み|時|とき))[^。]{0,30}(?:か|。)?$|(?:され|だっ|なかっ|いか|なっ"
    r"|苦労し|困っ)た(?:の|ん|点|ところ)"
    r"?(?:は[^。]{0,12})?(?:でしょうか?|ですか|か)?[。?]*$",
    r"\b(?:what|why|how) (?:went|did (?:it|that|they)|happened)\b|\bback then\b",
)
"""A question about what was: what hurt then is no need of today."""
ASKS_OF_PAIN: Final = _cue(
    r"(?:困|苦労|負担|課題|悩み|大変|不便|手間)[^。]{0,24}か|どの(?:ような|くらい|ぐらい|よう)[^。]{0,24}(?:とき"
    r"|作業|お?使い|やり方|かか|件数|回数|され)"
    r"|きっかけ|(?:今|いま|現在)(?:は|の)[^。]{0,24}か[。?]*$",
    r"\bwhat (?:goes wrong|is (?:hard|the problem)|hurts|happens|does (?:it|that) cost)|\bhow (?:do|are) you\b",
)
"""A question about how they work today, and what is hard about it."""
ASKS_WHAT_HURTS: Final = _cue(
    r"(?:困|苦労|負担|課題|悩み|大変|不便)[^。]{0,24}か[。?]*$",
    r"\bwhat (?:goes wrong|is (?:hard|the problem)|hurts|annoys)\b",
)
ASKS_HOW_MUCH: Final = _cue(
    r"何(?:件|名|人|台|回|時間|本|社|拠点)|どの(?:くらい|ぐらい)|いくつ", r"\bhow (?:many|much|often|long)\b"
)
DECLINES: Final = _cue(
    r"^\W*(?:いえ|いや|いいえ)[^。]{0,20}(?:結構|遠慮|いり|要り|不要|必要|大丈夫|いら|要ら)|遠慮(?:し|いた|させ)"
    r"|お断り|結構です(?:。|$)|控えて"
    r"|(?:要|い)り?(?:ません|らない)|なくて(?:も)?(?:いい|よい|結構|大丈夫|構)|^[^。]{0,12}(?:は|には|、)?(?:無理"
    r"|だめ|ダメ|難し|都合が(?:つか|悪|合わ))",
    r"^\W*(?:no\b(?! problem)|please don't|don't|rather not|i'd rather)",
)
"""No to what was offered."""
YOURS: Final = _cue(
    r"御社|おたく|貴社|そちらの|デモ(?:で|の|を|版)|画面(?:が|の|は)|試用|トライアル",
    r"\byour (?:product|tool|screen|demo|app|system|software)\b|\bthe demo\b",
)
"""What was shown to them: a complaint about it is none about how they work."""
INTENT: Final = _cue(
    r"導入(?:したい|する方向|を決め|を進め|の検討)|検討(?:して(?:い)?(?:ます|る|おり)|を(?:始め|進め|して))"
    r"|入れ(?:たい|る方向)|進めたい",
    r"前向きに|見積(?:もり|書)?(?:と\w+)?(?:を|も)?(?:ください|下さい|お願い|いただ|もら|出し|送って)|デモを?(?:見"
    r"|お願い)",
    r"入れ替え(?:たい|を考え|を検討|る予定|を終え)|買い替え|切り替えたい|使い(?:始め)?たい|始めたい|もう出すと決め"
    r"|稼働させたい",
    r"\bwe(?:'d| would)? (?:want|plan|intend|like|decided) to (?:buy|move|switch|replace|go ahead|go live|start"
    r"|have|get)",
    r"\bsend (?:me|us)? ?(?:a |the )?quote|\bwe're (?:evaluating|comparing|looking to)|\bgo ahead\b|\bgive us a demo",
)

# What happens next

STEP: Final = _cue(
    r"(?:(?<!申し)送り|送付|ご案内|お伺い|伺い|訪問|お持ち|ご連絡|お電話|折り返し|共有|ご用意|手配|ご提案"
    r"|見積(?:書)?を|デモを|提出|作り直|お貸し|ご?説明(?:に|の)|声をかけ|お見せ|お渡し|お作り|お持ちし|場を|会を"
    r"|打ち合わせ|打合せ|お時間|お届け|ご紹介|入れておき|聞いてみ|伝えて|連絡し|電話し|送っ)"
    r"[^。]{0,30}(?:ます|いたします|しましょう|ください|下さい|させて(?:いただ|くだ)|お願い|おいて|といて|おきます"
    r"|まいります|参ります"
    r"|いただけます|いかが)",
    r"(?:\d{1,2}時|午前|午後|朝|昼|[月火水木金]曜|\d{1,2}日)[^。]{0,20}"
    r"(?:で(?:お願い|いかが|大丈夫|空いて|結構)|に(?:お願い|伺|お電話|しましょう|来て)|いかがでしょう|空けて"
    r"|なら(?:空|二人)|どうですか)",
    r"\b(?:i'll|i will|we'll|let me|let's|could (?:you|i)|can (?:you|i)|please)\b.{0,40}\b(?:send|email|call|share"
    r"|book"
    r"|schedule|set up|get back|follow up|arrange|introduce|come back|demo|meet|invite|bring|forward|ask (?:her"
    r"|him))\b",
    r"\b(?:tuesday|monday|wednesday|thursday|friday|next week)\b.{0,30}"
    r"\b(?:works|at \d|is (?:fine|good|best)|suits|morning)\b",
)
NO_STEP: Final = _cue(
    # 手短に伺います, 理由を伺えますか: to ask, not to come.
    r"(?:を|短に|直に|少し|ことを|ても)(?:、)?(?:お)?伺(?:い|え|っ)|こともでき(?:ます|る)",
    r"(?:送り|案内|電話|連絡|訪問|伺い|提案|お持ち|届け|紹介|送付|提出)(?:し|いたし|差し上げ|させていただき"
    r"|申し上げ)?(?:ました|まして|た(?:件|ところ|もの|の|次第))",
    r"(?:お持ち|ご用意|ご提案|お送り|ご案内|お届け|ご紹介)(?:も|が|は)?でき(?:ます|る)|について、?[^。、]{0,8}(?:が"
    r"|から)?ご案内",
    r"突然|お電話して(?:い)?(?:ます|おり)|お電話(?:いたし|し)ました|お電話ありがとう|お時間(?:を)?(?:いただき"
    r"|頂き)?ありがとう|(?:ご案内|ご連絡)して(?:い|お)",
    r"今(?:、)?(?:少し)?お時間|1分|一分|2、3分|よろしいでしょうか。?$|拝見|ご覧いただ|いただいた(?:と|件|よう)"
    r"|資料請求|ダウンロード",
    r"ご用意なさ|書いてます|ご連絡して|先(?:日|週|月)お送りした|お送りした|お送りいただ|少しだけ"
    r"|用意して(?:い)?ます|漏れます|届きます|になります",
    r"\bthanks for\b|\bgot a (?:minute|moment)|\bcalling (?:about|because)|\byou downloaded|\bon hold\b|\binvoice\b",
)
ASKS_FOR_STEP: Final = _cue(
    r"いかが|ましょうか|いただけますか|よろしいですか|もらえますか|どうですか|できますか",
    r"\b(?:could|can|shall|would)\b",
)
