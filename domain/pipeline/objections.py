"""What people say against buying, as it is said on the phone: by its kind, in Japanese and English.

Politeness (せっかくですが、あいにく) announces a refusal and is none by itself; a denial (高いとは思いません) takes one
back. A failure of years ago and a rival's product stand against a purchase although neither is about it, so
whether a sentence is of the past or of another company is not asked here.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NOT = r"(?:ない|なく|なかっ|なさ|ません|ねえ|ぬ)"
_WHAT_COSTS = r"(?:値段|価格|料金|費用|金額|月額|年額|初期費用|コスト|(?:お)?見積(?:もり|り)?|単価|導入費)"

_PRICE: Final = _words(
    # 精度が高い, 評価が高い: only what costs may be high.
    rf"(?:{_WHAT_COSTS}(?:が|は|も|って)|(?<!が)(?<!の)(?<!も)(?<!は)(?<!残))高(?:い|く(?:て|感じ|つ|な)|すぎ"
    r"|かった)(?!ところ|所|場所)",
    r"割高|高額|高くつ|払え(?:ない|ません|んよ|んわ)|手が(?:出(?:ない|ません|せない)|届(?:かない|きません))",
    r"(?:そんなに|そこまで|とても|それは|これは|うちでは|うちの[^。、]{0,8}では)[^。、]{0,12}出せ(?:ない|ません)"
    r"|(?:予算|想定|枠)(?:を|より|の)"
    r"[^。、]{0,8}(?:オーバー|超え|超過|上回|高)|予算オーバー|(?:想定|予算)の(?:倍|二倍|2倍|何倍)",
    r"(?:元が|もとが|ペイ)[^。、]{0,4}(?:取れ|でき)(?:ない|ません|るの?か|る気)|費用対効果(?:が|は|を)[^。]{0,12}"
    rf"(?:見え|合わ|合い|出{_NOT}|疑|分から|わから|説明)",
    rf"割に合(?:わ|い){_NOT}|見合(?:わ|い){_NOT}|採算が(?:合わ|取れ){_NOT}|(?:差額?|金額|値段)を説明でき{_NOT}"
    r"|二つ払|二重に払",
    r"(?:もう(?:少し|ちょっと)|もっと)(?:安|お安|下が)[^。]{0,10}(?:れば|なら|と|ない)|安くな(?:らない|りません"
    r"|れば)|安ければ",
    r"財布の(?:紐|ひも)|払う金はな",
    r"\btoo (?:expensive|pricey|dear|steep|much (?:money|for us))|\bexpensive\b|\bpricey\b|\bsteep\b"
    r"|\bcosts? (?:us )?too much",
    r"\bcan(?:'t|not| not) (?:really )?(?:afford|justify|stretch|pay)|\bover (?:our |the )?budget|\bmore than (?:we"
    r"|i) (?:can|want|expected)",
    r"\bcheaper\b|\bprice is\b|\bout of our (?:league|range|reach)|\bthey wanted \d",
)
_NO_MONEY: Final = _words(
    rf"(?:予算|お金|(?<![料年代現])金|資金)(?!は?まだ)(?:は|が|も|って|なんか|なんて)?[^。、]{{0,8}}?(?:{_NOT}|ゼロ"
    rf"|残って(?:い)?{_NOT}|取れ(?:て(?:い)?)?{_NOT}"
    rf"|つい(?:て(?:い)?)?{_NOT}|組んで(?:い)?{_NOT})(?!く|ず)|予算[^。、]{{0,10}}使い切|予算外|予算(?:が|は)厳し",
    r"\b(?:no|not? (?:any|enough)|(?:don't|doesn't|didn't|haven't|hasn't) (?:have|got) (?:the|a|any"
    r"|enough)) (?:\w+ )?(?:budget|money|funds)\b|\bbudget(?:'s| is)? (?:gone|spent|frozen|tight|used up)",
    r"\bnothing (?:left )?in the (?:budget|pot)|\bbudgets? (?:are|were|has been|have been) (?:cut|frozen)",
)
_NO_TIME: Final = _words(
    # 人手が足りなくて残業が増えている is why they buy; 今は人手が足りない is why they do not.
    rf"忙し(?:い(?!の(?:は|が)|時|とき|月|期|人)|くて|すぎ)|手一杯|手いっぱい|手が(?:離せ|空か|空き){_NOT}"
    r"|それどころ(?:じゃ|では)",
    r"(?:時間|ひま|暇|余裕|余力|体力)(?:が|は|も|を)(?:まだ|今|いま|全然|なかなか|ちょっと)?(?:な(?:い|く|かな)"
    r"|ありません"
    rf"|取れ{_NOT}|割け{_NOT}|作れ{_NOT}|足り{_NOT}|取りづら|取りにく)(?:.{{0,6}}(?:ので|から|んで|て|ん|です|。|、"
    r"|$))",
    rf"ばたばたして|バタバタして|立て込んで|(?:人|時間|工数|予算)(?:を|が|は)割(?:け|か){_NOT}|(?:今|いま|来月|当面"
    rf"|しばらく)[^。]{{0,20}}(?:人手|人|時間|手)(?:が|を|も|に)(?:足り{_NOT}|取られ|回(?:ら|り){_NOT}|追われ)"
    rf"|繁忙期[^。、]{{0,6}}(?:なので|だから|で(?:して)?、|が終わ(?:って(?:から|ない)|るまで|れば)|を過ぎ|が過ぎ"
    r"|明け)",
    r"(?:落ち着い|片付い|一段落し|ひと段落し)て(?:から|ない|い?ない)|落ち着いたら|(?:今|いま)は(?:ちょっと|無理"
    r"|それ|タイミング|時期)",
    r"(?:今|いま)(?:ちょっと)?(?:出先|会議中|運転中|接客中|手が)|時間がないので|来客中",
    r"\btoo busy\b|\bno time\b|\b(?:haven't|don't have|not got) (?:the |any |much )?time\b|\b(?:swamped"
    r"|snowed under|flat out|rushed off)",
    r"\bin (?:the middle of|a meeting|a hurry)\b|\b(?:only )?got (?:a|one|two|five) (?:minutes?|seconds?)\b"
    r"|\bbad (?:time|moment)\b",
    r"\b(?:not|isn't|wasn't) (?:a |the )?(?:good|right|best) (?:time|moment)\b|\bshort[- ](?:staffed|handed)\b",
)
_RIVAL: Final = _words(
    r"(?:他社|よそ|別の(?:会社|業者|ところ|メーカー|製品)|競合|同業他社|他の(?:会社|業者|製品|ところ))(?:さん"
    r"|様)?(?:の|を|に|と|が|も|で|とは)"
    r"[^。]{0,20}(?:使(?:って|い)|入れ(?:て|た)|導入(?:して|済)|契約|お願いし|頼(?:んで|み)|検討し|比較し|比べ"
    r"|評価し|見て(?:い|お|ま)|決ま|決め|付き合い|お世話に)",
    r"(?:すでに|既に|もう|とっくに)(?!少し)[^。、]{0,16}(?:使って(?:い)?(?:ます|る|お)|入れて(?:い)?(?:ます|る|お)"
    r"|導入して(?:い)?(?:ます|る|お)|契約して|お願いして|決まって(?:い)?(?:ます|る|お))",
    r"(?:長い|古い|[\d一二三四五六七八九十]年(?:来|の)|昔からの|長年の)(?:お)?(?:付き合い|つきあい)|(?:取引"
    r"|お付き合い|付き合い|お願いし|頼んで)(?:の|が)?(?:あ|てい|い)る(?:業者|会社|ところ|先)|懇意に|付き合い(?:が"
    r"|も)(?:ある|あり|長)",
    r"契約(?:が|期間が|の期間が)?[^。、]{0,10}(?:残って|まだあ|縛|途中|更新したばかり)|入れたばかり"
    r"|入れ替えたばかり|替えたばかり|変えたばかり|更新したばかり",
    r"違約金|二番手|今の(?:会社|業者|ところ|システム|仕組み|ソフト|やり方|まま)(?:さん)?(?:で"
    r"|に)[^。、]{0,8}(?:十分|満足|不満は|間に合|足り|いい|よい|問題)",
    r"(?:乗り換え|切り替え|入れ替え|替え|変え)る(?:つもり|気|予定|理由|必要|ほど)[^。、]{0,8}(?:ない|ありません"
    r"|ございません)|(?:切る|断る|変える|替える)わけにも?(?:い|行)か",
    r"(?:あちら|そちら|付属|標準の?機能|無料の|エクセル|表計算)[^。、]{0,14}(?:で足り|で十分|で間に合|で事足)",
    r"\b(?:already|currently) (?:have|has|use|using|work(?:ing)? with|got|signed|under contract)\b"
    r"|\bhappy with (?:what (?:we|i)|who we|our (?:current|present|existing)|the (?:one|way)|how (?:it|things)"
    r"|it as)",
    r"\b(?:tied|locked|stuck) (?:in(?:to)?|with|to)\b|\bunder contract\b|\bcontract (?:until|runs|with|doesn't)"
    r"|\bjust (?:renewed|signed|bought|switched)\b",
    r"\b(?:another|other|different|rival|current) (?:supplier|vendor|provider|company|quote)s?\b.{0,30}\b(?:use"
    r"|using|with|cheaper|fine|good|signed|looking|comparing)\b",
)
_FAILED: Final = _words(
    r"(?:前|以前|昔|過去|去年|昨年|一昨年|年前|かつて|前回)[^。]{0,30}(?:失敗|痛い目|うまく(?:い|行)か|定着し(?:な"
    r"|ません)|使われ(?:な|ず|ません)|使わなくな|誰も(?:見|使)"
    r"|続か(?:な|ず)|続きません|挫折|だめ(?:だっ|にな|でし)|ダメ(?:だっ|にな|でし)|無駄(?:に|だっ)|元に戻|やめ(?:た"
    r"|まし|てしま)|頓挫|揉め|もめ|大変な目|ひどい目|お蔵入り|苦い)",
    r"懲り(?:た|て|ま|懲り)|こりごり|トラウマ|苦い(?:経験|思い)|痛い目(?:に|を)(?:遭|あ|見)|二の舞|失敗して(?:い"
    r"|お)?(?:る|ます|まして|て)|失敗した(?:こと|経験)",
    r"\btried\b.{0,60}\b(?:ago|before|once|already|didn't|nobody|failed|ignored|hated|gave up)\b|\b(?:been|got|was"
    r"|were) (?:burn(?:ed|t)|bitten)\b",
    r"\bonce bitten|\bdidn't (?:stick|last|work(?: out)?|take off)|\bfell flat|\bgave up on\b|\bwent (?:badly"
    r"|wrong) (?:last|before)|\bnever again\b",
)
_NO_NEED: Final = _words(
    rf"必要(?:性)?(?:は|が|を|も)?[^。、]{{0,6}}(?:感じ(?:て)?(?:い|お)?(?:な|ませ|りませ)|{_NOT})(?!か|と(?:いけ"
    r"|なら))|(?:別に|特に|とくに|今のところ|あまり|何も)?"
    r"困って(?:は|も)?(?:い|お)?(?:な[いく]|ません|りません)|困りごと(?:は|も)(?:特に)?(?:な(?!ん)|ありません)",
    r"間に合って(?:い|お)?(?:る|ます|り)|(?:足りて|うまく回って)(?:い|お)?(?:る|ます|り)(?!か)|(?:^|、|ので|から"
    r"|んで|今回は|うちは)(?:もう)?結構です(?:。|$)|興味(?:は|が)?(?:あまり|特に)?(?:な(?!ん)|ありません)",
    r"(?:現状|今|いま|これ|手書き|紙)(?:の)?(?:まま|やり方)?(?:で|に)(?:特に|別に|も)?(?:十分|満足"
    r"|問題(?:は)?(?:な(?!ん)|ありません)|いい(?:です|かな|ん)|構)|現状維持|今のままで",
    r"(?:要ら|いら)(?:ない(?:です|な|ん|よ|。|$)|ん(?:わ|よ))|(?:要|い)りません|不要(?:です|だ|かと|と)"
    r"|慣れて(?:い)?(?:る|ます|まして)(?:ので|から|し)",
    r"急(?:いで|い)(?:は|じゃ|で(?:は)?)?(?:い)?(?:な(?:い|く)|ません|おりません)|急ぎ(?:では|じゃ)|今すぐ(?:で"
    r"|じゃ|に|と|って)[^。]{0,12}(?:な(?:い|く)|ません)|(?:優先(?:順位|度)?)(?:は|が)[^。、]{0,6}(?:低|下|高く)",
    r"大げさ|大掛かり|大がかり|身の丈|オーバースペック|宝の持ち腐れ|そこまで(?:の(?:もの|規模|機能)"
    r"|(?:は)?(?:しなく|必要))|後回し|また(?:今度|の機会|そのうち)|そのうち(?:に|ね|考え)|結構でございます"
    r"|関心(?:は|が)(?:な(?!ん)|ありません)",
    r"\b(?:don't|doesn't|do not|does not) (?:really )?(?:need|see (?:the|why|any|a)|want)\b|\bno (?:real )?need\b"
    r"|\bnot (?:really )?interested\b|\bnot (?:a|our|my|top of the) (?:top )?(?:priority|list)",
    r"\bwe're (?:fine|good|happy)\b|\bworks (?:just )?fine\b|\bno rush\b|\bnot urgent\b|\bnothing wrong with\b"
    r"|\bdoing (?:fine|ok(?:ay)?|all right)\b|\bmanage(?:s|d)? (?:fine|well)\b",
)
_AGAINST: Final = _words(
    r"(?:上|上司|社長|会長|専務|常務|部長|所長|院長|園長|塾長|店長|理事長?|工場長|局長|本社|本部|親会社|情シス"
    r"|情報システム|情報部|法務|経理|総務|現場|社員|職員|職人|役員|オーナー|家内|女房|パートナー|みんな"
    r"|一人)[^。]{0,24}"
    r"(?:反対|渋(?:って|い|り|る)|うんと言わ|首を(?:(?:縦|たて)に[^。、]{0,3}(?:ら|り|れ)(?:な|ま)|横に|かしげ)"
    r"|納得し(?:な|て(?:い)?な|ません)|うるさ"
    r"|嫌(?:い|が)|反発|難色|許(?:可|し)(?:が|を)(?:出|くれ|もらえ)(?:ない|ません)|乗り気(?:じゃ|では)|後ろ向き"
    r"|だめと|ダメと|消極的)",
    r"\b(?:boss|owner|legal|it|head office|director|chef|team|staff|partner|wife|husband|union|board|management"
    r"|they|he|she|nobody)\b.{0,24}"
    r"\b(?:won't|will never|would never|hates?|(?:is|are) against|shot|shoots?|blocks?|refuses?|doesn't (?:want"
    r"|need|like|believe)|don't (?:want|like|use|trust)|against it)\b",
    r"\b(?:get (?:it|this|that) past|very strict about|strict about)\b",
)
_DECIDED_ABOVE: Final = _words(
    r"(?:私|わたくし|僕|俺|自分|うち|こちら|支店|現場|担当|店舗?)(?:に|の|では|じゃ|だけでは|だけじゃ|の一存では"
    rf"|には|は|どもには)[^。、]{{0,14}}(?:決め(?:られ|れ){_NOT}|決められ|決まら|判断(?:でき|し(?:かね|きれ))"
    r"|権限(?:は|が|も)?"
    rf"(?:{_NOT}|ございません)|何も(?:決められ|でき|言え))|権限(?:が|は|も)[^。、]{{0,8}}(?:ない|ありません"
    r"|ございません)",
    r"(?:本社|本部|親会社|上|上司)(?:が|で)(?:全部|すべて|一括で|まとめて)?(?:決め|選(?:ぶ|ん|び)|決まる|仕切)"
    r"|稟議(?:が|を|は)[^。、]{0,8}(?:通(?:ら|り(?:ま|に|づ)|せ)|上げ(?:られ|にく|づら)|下り(?:な|ませ))|"
    r"(?:上|社長|部長|オーナー|本社|役員|上司)[^。、]{0,6}(?:に|の)(?:[^。、]{0,6})(?:聞か|聞いて(?:み)?|相談し"
    r"|確認し|許可)[^。、]{0,4}(?:ないと|なければ|なきゃ)|次第(?:でしょう|ですね|かな|なので|だから)",
    r"(?:本社|本部|親会社|グループ|会社)の(?:方針|決まり|規定|指示)で",
    r"\b(?:above my pay ?grade|not (?:my|our) (?:call|decision)|(?:can't|not allowed to) decide"
    r"|head office (?:decides|picks|chooses))|\bmy hands are tied",
)
_SAFETY: Final = _words(
    r"(?:セキュリティ|情報漏(?:洩|えい|れ)|漏洩|個人情報|クラウド|機密|情報の(?:扱い|管理)|データの(?:扱い|置き場所"
    r"|保管)|社外|外部?)"
    r"[^。]{0,30}(?:心配|不安|気に|気が(?:か|引)|懸念|怖|こわ|厳し|審査|避けられ|うるさ|大丈夫(?:な|で|か)|通(?:ら"
    r"|り)(?:な|ま)|禁止|駄目|だめ|ダメ|NG|出せ(?:な|ま)|出すこと|出す(?:の|わけ)|神経|引っかか|ネック|許され"
    r"|認められ(?:な|ま))",
    r"漏れ(?:たら|ると|でもしたら|るの(?:が|では))|流出し(?:たら|ないか)|個人情報(?:ですね|です。|が|なので|だから)",
    r"\b(?:data|information|records?)\b.{0,40}\b(?:can't|cannot|mustn't|not allowed to|may not) (?:leave|go|be"
    r"|sit)\b|\bin the cloud\b.{0,30}\b(?:shot|no|not|never|worr|can't)",
    r"\b(?:security|privacy|gdpr|compliance|confidential)\b.{0,40}\b(?:worr|concern|issue|problem|review|question"
    r"|nervous|risk|audit|team|won't|careful)",
)
_DOUBT: Final = _words(
    r"不安(?:が|で|に|な(?:ん|の|ところ)|だ|も(?:あ|残)|です|という|視)|心配(?:が|で|に|な(?:ん|の)|だ|して|です"
    r"|も(?:あ|残)|する)|懸念|気がかり|気になる(?:の(?:は|が)|点|ところ|と(?:す|い)|んです)|引っかか(?:る|り|って)"
    r"|ネック",
    r"抵抗(?:感|が|は(?:あ|強))|反発|難色|二の足|躊躇|ためら|心苦し|ハードル(?:が|は)|踏み切れ|腰が(?:重|引け)"
    r"|半信半疑|疑(?:問|わし)|信用でき|信じられ|お荷物|荷が重",
    rf"使いこな(?:せ|す)|(?:覚え|触れ|使え|扱え|操作でき|ついてい?け)(?:られ)?{_NOT}(?:ん|人|方|者|の(?:で|では"
    r"|じゃ)|でしょ|と|よ|し|。|$|社員|かも)",
    r"(?:機械|パソコン|スマホ|デジタル|新しい(?:もの|こと|物|システム))[^。]{0,10}(?:苦手|嫌|弱く|弱い|だめ|ダメ"
    r"|疎)|(?:年配|高齢|年寄り|ベテラン|老眼)[^。]{0,16}(?:使え|反対|嫌|触れ|苦手|難し|多い(?:ので|から|ん)|できな"
    r"|見え|読め)",
    r"話にな(?:らない|りません|らん)|(?:じゃ|では|だと|ても|ないと|なければ)(?:意味が(?:な(?!い?よう)|ありません)"
    r"|使え(?:な|ま))|乗り気(?:じゃ|では)|(?:二|三|2|3)度手間になる",
    r"一言で(?:終わ|却下)|見送|お断り|断(?:る|り(?:ます|して))|(?:電話|連絡|ご連絡|訪問|勧誘)[^。]{0,8}(?:控え|遠慮"
    r"|結構|やめて|要ら|いら)|ご遠慮(?:し|いた|くだ|願)|様子(?:を)?見(?:たい|よう|ます|て|で)|時期尚早|白紙に(?:戻"
    r"|な)|保留"
    r"|迷って|情報収集(?:だけ|という|の段階|ですので|なの)",
    r"(?:(?<!期)(?<!月)(?<!日)(?<!曜)は|も|ちょっと|少し|かなり|なかなか|さすがに|正直|まだ|どうも)(?:無理|厳しい"
    r"|難しい|きつい)(?:です|だ|か|と|で|ん|よ|な|。|、|$|状況)|(?:厳し|難し)(?:い(?:です|と思|かと|かな|んじゃ"
    r"|のでは)|そう)|とてもとても|無しです|なしですよ",
    r"(?:の|こと)はちょっと(?:ね|なあ|な|ですね)?[。…]*$|ついて(?:い|こ)(?:け|られ)(?:ない|ません|る?か)|(?:いま"
    r"|今)(?:ひとつ|一つ|いち)|(?:本当|ほんと|ほんとう)に[^。]{0,20}(?:の(?:か|かな|でしょう|ですか)|かどうか|効く"
    r"|減るの)|嫌い(?:で|な(?:の|ん)|だ|$|。)|(?:弱|足りな)い(?:ん)?(?:じゃ|では)(?:な|あり)|消えるだけ"
    r"|あまり(?:効果|意味)が?(?:な|あり)",
    r"\b(?:worr(?:y|ied|ies)|concern(?:s|ed)?|hesita|nervous|reluctant|afraid|anxious|uneasy)|\bs[ck]eptical"
    r"|\bnot (?:so |too |entirely |really |at all )?(?:convinced|sure it|keen|sold|comfortable|persuaded)",
    r"\bpush ?back|\bresist|\btoo (?:complicated|old|late|soon|risky|small for)\b|\bput (?:us|me) off"
    r"|\bdon't (?:call|ring|email|trust|believe)|\bstop calling|\bnot (?:for us|before|until)\b",
    r"\b(?:ask|call|try) (?:me|us) (?:again )?(?:in|next|after)\b|\bwon't (?:work|fly|use|touch)|\bnever (?:work"
    r"|use)|\bcan't (?:see|read|use) it|\bwhat if\b|\bthe (?:catch|trouble|snag) is\b",
)
_REASONS: Final = _words(
    r"(?:社内|会社)の?(?:ルール|規則|規程|決まり)で[^。]{0,20}(?:ない|ません)|別の(?:プロジェクト|案件|仕事)(?:が"
    r"|で|に)",
    r"(?:手間|負担|労力|コスト|教育|移行|研修|時間)(?:の?こと)?(?:を|も)考えると|、なかなか(?:ね|ですね)?。?$",
    r"(?:覚え|入れ替え|切り替え|移行|教え|導入)[^。]{0,10}(?:大変|面倒|手間|もったいな|億劫|煩雑)(?:そう|じゃ|だ|で"
    r"|な|。|$)",
    r"(?:投資|新しいこと)[^。]{0,10}(?:しない|やらない|控え|できない)(?:方針|つもり|。|ん|と|です)|経費を?(?:削|節)"
    r"|コスト(?:削減|カット)中",
    r"何とも(?:言え|申し)|まだ(?:そう|そんな|そこまで)[^。]{0,12}(?:じゃない|ではない|ではありません"
    r"|じゃありません)|(?:話|規模|負担)が大きすぎ",
    r"(?:費用|値段|金額)の割に|(?:効果|メリット|利点)が[^。]{0,10}(?:小さ|薄|見え(?:ない|ません)|ない"
    r"|感じ(?:られ)?(?:ない|ません))|ピンと?(?:来|き)(?:ない|ません)",
    r"(?:業務|やり方|仕事|業界)(?:が|は)(?:少し|ちょっと|かなり)?特殊|(?:うち|当社|弊社)に(?:は)?合わ(?:ない|ん)"
    r"|合わないと思",
    r"(?:償却|リース|ライセンス)[^。]{0,14}(?:終わって(?:い)?(?:ない|ません)|残って)|(?:ほか|他)に(?:優先|先に"
    r"|やること|やらなき)",
    r"(?:組合|お?客(?:さん|様)|取引先|保護者|患者|利用者|社員|スタッフ|家族)[^。]{0,12}(?:うるさい|嫌が|いやが"
    r"|負担を(?:かけ|強い))|現場に[^。]{0,10}負担をかけ",
    r"一から(?:覚え|やり|作り)直|(?:電波|ネット|回線|wi-?fi)[^。]{0,14}(?:届か|つながら|繋がら|入ら|弱|な(?:い|く)"
    r"|悪)|(?:の|とき|時|たら|のは)が?(?:怖|こわ)い",
    r"のほうが(?:早い|速い|楽|安い|確実)(?:という|って|ん|ので|から|です|と)|(?:不都合|不便|支障)(?:は|も)?(?:特に"
    r"|別に)?(?:ない(?!か)|ありません|感じ)",
    r"(?:割く|割ける|教える|担当できる|触れる)(?:人|者|時間|余裕)(?:が|は|も)(?:い|な|あり)|断(?:った"
    r"|りました)(?:よ|は|が|け)|首を(?:ひね|傾げ|かしげ)",
    r"\b(?:won't have (?:it|that)|sounds? (?:complicated|expensive|risky)|bad experience|no (?:wifi|wi-fi|signal"
    r"|coverage|internet)|goes elsewhere)\b",
    r"\b(?:other priorities|other things to|not good with|(?:don't|doesn't) have (?:the )?authority|just (?:hired"
    r"|bought|signed|moved))\b",
)
_DENIED: Final = _words(
    r"(?:高い|忙しい|難しい|厳しい|ない|不安|心配|嫌|反対|無理)(?:という|って)?(?:わけ|の|こと)?(?:では|じゃ"
    r"|でも)(?:な(?:い|く|か)|ありません|ございません)(?!で(?:すか|しょうか))",
    r"高い?(?:と|とは|とも|って|っては)(?:、)?(?:思(?:い|っ|わ)|感じ)[^。、]{0,6}(?:な|ませ)|高く(?:は|も)?(?:ない"
    r"|ありません)|(?:忙し|難し|厳し|怖)く(?:は|も)?(?:ない|ありません)",
    r"(?:不安|心配|懸念|抵抗(?:感)?|反対|引っかか(?:り|る(?:点|ところ))|気になる(?:点|ところ|こと))(?:する(?:声|人)"
    r"|な(?:点|こと))?(?:は|も|が)?(?:特に|とくに|もう|まったく|全く|ほとんど|誰も|今のところ)?(?:な(?:い(?!か)"
    r"|く(?:な)?)|ありません|ございません|して(?:い)?(?:ない|ません)|い(?:ない|ません)|いり|消え|解消|なし|無用"
    r"|いら)",
    r"(?:不安|心配|懸念)(?:は|が|も)[^。、]{0,6}(?:解消|なくな|消え|晴れ)|ご(?:心配|不安)(?:なく|をおかけ|いただ)"
    r"|気になって(?:い)?(?:て|た|まし|お(?:り|問)|お問|資料)|無理(?:の|は)な|困ってい(?:なければ|ないなら)",
    r"(?:権限|予算|お金|時間|余裕)(?:が|は|も)?な(?:い|く)(?:わけ|こと|はな)|お忙しい|忙しいところ|お手数",
    r"\b(?:not|isn't|wasn't|aren't|never) (?:too |really |that |so |at all )?(?:expensive|pricey|steep|worried"
    r"|concerned|nervous|afraid|a (?:worry|concern|problem))|\bno (?:worr|concerns?\b|objection|push ?back)",
    r"\bdon't worry\b|\bnot to worry\b|\bno longer (?:worried|concerned)",
)


class Asked(StrEnum):
    """What an answer is an answer to: 予算はありません says how much there is, where that was asked."""

    NOTHING = "nothing"
    MONEY = "money"
    WHO = "who"
    WHEN = "when"
    PAIN = "pain"


_KINDS: Final = (
    _PRICE,
    _NO_MONEY,
    _NO_TIME,
    _RIVAL,
    _FAILED,
    _NO_NEED,
    _DECIDED_ABOVE,
    _AGAINST,
    _SAFETY,
    _DOUBT,
    _REASONS,
)
_ANSWERS: Final[dict[Asked, tuple[re.Pattern[str], ...]]] = {
    Asked.NOTHING: (),
    Asked.MONEY: (_NO_MONEY,),
    Asked.WHO: (_DECIDED_ABOVE,),
    Asked.WHEN: (_NO_TIME,),
    Asked.PAIN: (_NO_TIME, _FAILED, _DOUBT, _REASONS),
}


def without_denials(sentence: str) -> str:
    """A sentence, folded, without what is said not to be so: 予算がないわけじゃない."""
    folded = unicodedata.normalize("NFKC", sentence)
    # 高いとは思いませんが、導入の時期が不安です: what is not denied may stand against it.
    return _DENIED.sub("。", folded)


def speaks_against(sentence: str, asked: Asked = Asked.NOTHING) -> bool:
    """Whether a sentence says something against buying; denied parts of it and mere answers do not count."""
    folded = without_denials(sentence)
    return any(kind.search(folded) for kind in _KINDS if kind not in _ANSWERS[asked])
