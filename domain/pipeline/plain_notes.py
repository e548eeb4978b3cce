"""A conversation read without a model: cue words find sentences, and the sentences themselves are what is shown.

It would rather find nothing than something wrong: whoever reads it goes on from there by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.pipeline.cues import (
    addresses_a_machine,
    confirms,
    in_jest,
    is_conditional,
    is_doubtful,
    is_gone,
    is_question,
    not_of_this_purchase,
    sentences,
    speaks_of_now,
)
from domain.pipeline.figures import Day, amounts, days
from domain.pipeline.notes import Field, ItemKind, Note, NoteItem, Proposal
from domain.pipeline.quotes import Source, source_of
from domain.pipeline.transcripts import Side, Transcript, Utterance
from domain.qualification.bant import Answer, BudgetState

MOST_ITEMS = 6
"""Of each kind: a note is shorter than what it notes."""


def _cue(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_BUDGET = _cue(
    r"予算|費用の枠|枠(?:は|を|が|として)", r"\bbudget|\bearmarked|\bset aside|\ballocated|\bfunding\b|\bput aside"
)
_PRICE = _cue(
    r"高い|高く|見積|定価|売上|年商|人件費|損失|損害|払って|支払|かかって|保守費|使ってい|請求|コストが|無駄|ロス",
    r"罰金|在庫|粗利|単価|言われ|導入費用",
    r"\bexpensive|\bquoted?\b|\brevenue|\bturnover|\bpaying\b|\bwe pay\b|\bcosts us|\blos(?:e|ing|t)\b",
    r"\bspend(?:ing)?\b|\bsales of\b",
)
_STATES: tuple[tuple[BudgetState, re.Pattern[str]], ...] = (
    (
        BudgetState.NONE,
        _cue(
            r"予算(?:は|が|も|って|自体)?[^。、]{0,12}?(?:ない|なく|ありません|ゼロ|取れて(?:い)?(?:ない|ません)"
            r"|ついて(?:い)?(?:ない|ません)|取って(?:い)?(?:ない|ません)|組んで(?:い)?(?:ない|ません)"
            r"|確保でき(?:て(?:い)?)?(?:ない|ません))",
            r"\bno (?:\w+ )?budget",
            r"\b(?:don't|do not|doesn't|haven't|have not) (?:have|got|set aside|budgeted)\b.{0,30}\b(?:budget"
            r"|money|funds?|anything)",
            r"\bnothing (?:is )?budgeted|\bbudget is (?:gone|zero)",
        ),
    ),
    (
        BudgetState.APPLIED,
        _cue(
            r"申請(?:中|して|を出|は出|済)|稟議(?:中|を?(?:上げ|回し|出し|通し)て|に(?:かけ|回し)て)|上申",
            r"予算(?:要求|申請)|審議中",
            r"\b(?:requested|applied for|submitted|waiting for (?:budget )?approval|put in (?:a|the|for)"
            r"|pending approval)\b",
        ),
    ),
    (
        BudgetState.SECURED,
        _cue(
            r"確保(?:して|でき|済)|取って(?:あ|い|お)|取れて(?:い)?(?:る|ます)|押さえて",
            r"承認(?:済|され|が(?:下|お|出)|は(?:下|お|出)|をもら|もら)|(?:下り|おり)て(?:い)?ま|ついてい?ま",
            r"付いて(?:い)?ま|つきました|通って(?:い)?ま|通りました|枠が(?:あ|取れ)|枠として(?:あ|取)",
            r"決裁(?:は|が)?(?:下り|おり)|確定して|認められ|用意して(?:い)?ま",
            r"\b(?:approved|secured|set aside|allocated|earmarked|signed off|ring-?fenced|have a budget"
            r"|got (?:the )?budget|in the budget|budgeted|put aside)\b",
        ),
    ),
    (
        BudgetState.PLANNED,
        _cue(
            r"予定|計上|盛り込|組(?:む|み|もう|んで)|積(?:む|み|んで)|取る(?:方向|つもり)|入れ(?:る|て)",
            r"見て(?:い)?ま|考えて|想定して|計画",
            r"\b(?:plan(?:ning|ned)? to|will be|going to|next (?:year's|fiscal)|put(?:ting)? .{0,20}into)\b",
        ),
    ),
)
_ROLE_JA = (
    r"(?:代表取締役社長|代表取締役|取締役|社長|会長|専務|常務|副社長|本部長|事業部長|統括部長|部長|次長|工場長"
    r"|支社長|支店長|所長|センター長|施設長|院長|事務長"
    r"理事長|学長|校長|園長|店長|オーナー|室長|課長|係長|総務|役員会|取締役会|経営会議|理事会|投資委員会|CFO|CEO"
    r"|CIO|COO|CTO|GM)"
)
_NAME_JA = r"(?:(?:[一-龥々]{1,4}|[ァ-ヶー]{2,8}))?"
_DECIDER_JA = _cue(
    rf"(?P<a>{_NAME_JA}{_ROLE_JA}(?:の[一-龥々]{{1,3}}(?=が|は|で|に|です))?|私|僕|わたし|自分)(?P<p>が|の|で|に"
    rf"|は|も)[^。]{{0,22}}?(?:決(?:め|ま|裁|断|定)|判断|承認|ハンコ|判子|印鑑|サイン|了承|決)",
    rf"(?:決裁|決定|判断|決める|承認する|決裁権|最終)[^。]{{0,16}}?(?:は|が|者は"
    rf"|のは)[^。]{{0,8}}?(?P<b>{_NAME_JA}{_ROLE_JA}|私|僕)",
)
_ROLE_EN = (
    r"(?:managing director|general manager|plant manager|operations manager|office manager|finance director|it director"
    r"|sales director|operations director|clinic director|practice manager|head of [a-z]+(?: [a-z]+)?|vp of [a-z]+"
    r"vp [a-z]+|director of [a-z]+|director|president|owner|ceo|cfo|coo|cto|cio|the board|board|founder"
    r"|chief [a-z]+ officer)"
)
_DECIDER_EN = _cue(
    rf"(?P<a>\b(?:our |the |my )?{_ROLE_EN}(?:,? [A-Z][a-z]+)?|\b[A-Z][a-z]+(?:,? (?:our|the) {_ROLE_EN})?|\bI"
    rf"|\bit's me|\bmy call)\b(?:,)?[^.]{{0,30}}?\b(?:decides?|signs?|approves?|makes the (?:final )?(?:call"
    rf"|decision)|has the (?:final|last) (?:say|word)|final (?:say|call|decision)|sign-?off)",
    rf"\b(?:decision|sign-?off|final (?:say|call)|approval|up) (?:is|comes from|rests with|sits with|goes to"
    rf"|to)(?: with| to)? (?P<b>(?:our |the |my )?{_ROLE_EN}|me|mine)\b",
)
_PROCESS = _cue(
    r"稟議|役員会|取締役会|経営会議|理事会|投資委員会|決裁|相見積|選定委員|購買(?:部)?を通|予算会議",
    r"\b(?:board|committee|procurement|purchase order|sign-?off|three quotes|approval process|two signatures)\b",
)
_UPWARDS = _cue(
    r"(?:上(?:司|の者|長|)|社長|部長|本社|役員|院長|所長|工場長|本部)(?:と|に|へ|とも|にも)[^。]{0,8}(?:相談|確認"
    r"|聞い|聞か|諮|話し|掛け合)",
    r"私(?:だけ|ひとり|一人|の一存)で(?:は|決)",
    r"\b(?:check|ask|talk|run (?:it|this)|speak|discuss)\b.{0,15}\b(?:my boss|my manager|upstairs|management"
    r"|the boss|my director|head office)\b",
)
_DECIDING = _cue(
    r"決(?:め|ま|裁|断|定)|判断|承認|ハンコ|判子|サイン|最終|了承",
    r"\b(?:decid|decision|sign|approv|final say|last word|my call|up to)",
)
_START = _cue(
    r"導入|稼働|開始|始め|使い始|使いたい|使え(?:る|れば)|スタート|入れ替え|切り替え|切替|運用|立ち上げ",
    r"リプレイス|間に合|移行|本番|オープン|動かし|入れたい|リリース|走らせ|更改|乗せ換え",
    r"\b(?:go(?:ing)? live|start|launch|in place|roll(?:ing)? ?out|up and running|switch(?:ed)? over|live by"
    r"|need it|running by|implement|deploy|migrat|open(?:s|ing)?)\b",
)
_DECIDE = _cue(
    r"決め|決定|決裁|選定|稟議|役員会|取締役会|経営会議|理事会|結論|発注|契約",
    r"\b(?:decide|decision|sign|board|choose|pick a vendor|select)",
)
_PAIN = _cue(
    r"困って|困る|課題|大変|手間|時間が?(?:かか|取られ)|ミス|漏れ|属人|二重|追いつ(?:か|い)|残業|負担|苦労|混乱",
    r"苦情|クレーム|滞|止ま(?:る|っ)|ずれ|合わない|見えない|分からない状態|探すのに|限界|人手|手が回ら",
    r"回ってい(?:ない|ません)|悩み|頭が痛|ばらばら|バラバラ|紙で|手書き|手入力|手作業|欠品|取りこぼ",
    r"遅れ(?:る|が|て)|面倒|しんどい|きつい|つらい|できていな(?:い|く)|間違(?:え|い)が",
    r"\b(?:problem|issue|struggl|pain|headache|manual(?:ly)?|takes? (?:us )?(?:hours|days|forever|too long|a whole"
    r"|two|three)|error|mistake|duplicate|behind|overtime|complain|bottleneck|mess|nightmare|lost|losing|fall(?:s"
    r"|ing)? through|spreadsheet|double.?entry|by hand|frustrat|slow|chaos|missed|miss(?:ing)?\b)",
)
_FINE = _cue(
    r"困って(?:は)?(?:い)?(?:ない|ません)|問題(?:は)?(?:ない|ありません)",
    r"大変(?:お世話|申し訳|恐縮|失礼|助か|ありがた|参考)|間に合って(?:い)?(?:る|ます)",
    r"手間(?:は|も)?(?:ない|かから|いら)|満足|課題(?:は)?(?:ない|ありません|感じ(?:て)?(?:い)?ない)|間違いな",
    r"\bno (?:problem|issue|real)|\bnot (?:a|an|really a) (?:problem|issue)|\bwe're (?:fine|happy|good)",
    r"\bworks fine|\bhappy with",
)
_NEED = _cue(
    r"(?:し|なく|減らし|やめ|知り|見|つなぎ|短くし|まとめ|そろえ|揃え|変え|任せ|作り|出し|残し|使い|でき)たい(?:ん"
    r"|の|と|です|。|な|け)",
    r"ほしい|欲しい|必要(?:です|なん|が|で|に)|求めて|求められ|が条件|が必須|必須|できると(?:助か|あり|いい)",
    r"助かる|ありがたい|効率化|自動化|一元",
    r"\bwe (?:need|want|would like|are looking)\b|\bwe're looking\b|\blooking for\b|\bmust have",
    r"\bhas to (?:work|integrate|be)|\bwould (?:help|love)\b|\bneed something\b|\bneeds? to (?:see|be|know)\b",
)
_OBJECTION = _cue(
    r"高い(?:な|です|ん|よ|と|。|か)|高くて|高すぎ|(?:ちょっと|少し|かなり|なかなか)(?:厳し|難し)",
    r"難しい(?:です|と|か|ん)|厳しい(?:です|と|か|ん)|不安|心配|懸念|使いこな|抵抗(?:感|が)|反対|乗り気",
    r"今の(?:まま|もの|やり方)で|忙しくて|忙しい|余裕が(?:な|あり)|必要(?:性)?(?:を感じ|ない|ありません)",
    r"間に合って(?:い)?(?:る|ます)|契約が(?:残|あ)|入れたばかり|失敗|懲り|面倒|二の足|ネック|割に合|見合",
    r"時期(?:で|じゃ)は?ない|お断り|結構です(?:。|$)|セキュリティ(?:が|面|の審)|サポートが",
    r"\b(?:too expensive|expensive|worried|concern(?:ed)?|hesita|not convinced|sceptical|skeptical|too much"
    r"|tied into|locked in|contract (?:until|runs)|burned|happy with|don't see|no time|too busy|push ?back"
    r"|reluctant|afraid|nervous|steep|risk)\b",
)
_STEP = _cue(
    r"(?:お?送り|送付|ご案内|お伺い|伺い|訪問|お持ち|ご連絡|お電話|折り返し|共有|ご用意|ご提案|お見積"
    r"|見積(?:書)?を|デモ|打ち合わせ|打合せ|面談|商談|お時間)[^。]{0,30}(?:ます|いたします|しましょう|ください"
    r"|下さい|させて(?:いただ|くだ)|お願い)",
    r"(?:\d{1,2}時|午前|午後|[月火水木金]曜|\d{1,2}日)[^。]{0,20}(?:で(?:お願い|いかが|大丈夫|空いて|結構)"
    r"|に(?:お願い|伺|お電話|しましょう)|いかがでしょう|空けて|なら空)",
    r"\b(?:i'll|i will|we'll|let me|let's|could you|can you|please)\b.{0,30}\b(?:send|email|call|share|book"
    r"|schedule|set up|get back|follow up|arrange|introduce|put .{0,15}on|come back|demo|meet|invite|bring)\b",
    r"\b(?:tuesday|monday|wednesday|thursday|friday|next week)\b.{0,30}\b(?:works|at \d|is fine|suits|morning"
    r"|afternoon)\b",
)
_NO_STEP = _cue(
    r"突然|お電話して(?:い)?(?:ます|おり)|お電話(?:いたし|し)ました|お電話ありがとう",
    r"お時間(?:を)?(?:いただき|頂き)?ありがとう|今(?:、)?(?:少し)?お時間|1分|一分|2、3分|よろしいでしょうか。?$",
    r"拝見|ご覧いただ|いただいた(?:と|件|よう)|資料請求|ダウンロード",
    r"\bthanks for\b|\bgot a (?:minute|moment)|\bcalling (?:about|because)|\byou downloaded",
)
_INTENT = _cue(
    r"導入(?:したい|する方向|を決め|を進め)|検討(?:して(?:い)?(?:ます|る|おり)|を(?:始め|進め))",
    r"入れ(?:たい|る方向)|進めたい|前向きに|見積(?:もり|書)?(?:を|も)?(?:ください|下さい|お願い|いただ|もら|出し)",
    r"デモを?(?:見|お願い)|ぜひ(?:一度|お話|詳し)|入れ替え(?:たい|を考え|を検討|る予定)|買い替え",
    r"\bwe (?:want|plan|intend|'re planning|are planning|'ve decided|would like) to (?:buy|move|switch|replace"
    r"|go ahead|start|roll|implement|get)\b",
    r"\bsend (?:me|us) (?:a |the )?quote|\bwe're (?:evaluating|comparing|looking to)|\blike to see (?:a|the) demo",
    r"\bgo ahead\b",
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence with its surroundings."""

    text: str
    folded: str
    utterance: Utterance
    source: Source
    before: str
    """What was said just before, in the same breath or by the other side."""
    theirs: bool
    """The customer said it, or confirmed it."""


def read(transcript: Transcript, held_on: date) -> Note:
    """What cue words find in a conversation held on a day: sentences verbatim, and proposals for BANT from the
    customer's own words, or from ours where they said yes to them."""
    said = list(_sentences(transcript))
    proposals: dict[Field, Proposal] = {}
    for each in said:
        if not each.theirs:
            continue
        for proposal in _proposals(each, held_on):
            kept = proposals.get(proposal.field)
            # What is certain replaces what was hinted; of two certain things the later was thought about longer.
            if kept is None or proposal.certain >= kept.certain:
                proposals[proposal.field] = proposal
    order = list(Field)
    return Note(
        tuple(_items(said)),
        tuple(sorted(proposals.values(), key=lambda each: order.index(each.field))),
    )


def _sentences(transcript: Transcript) -> Iterator[_Said]:
    utterances = transcript.utterances
    for place, utterance in enumerate(utterances):
        if addresses_a_machine(utterance.text):
            continue
        before = utterances[place - 1].text if place else ""
        if place and addresses_a_machine(before):
            before = ""
        following = utterances[place + 1] if place + 1 < len(utterances) else None
        pieces = sentences(utterance.text)
        for number, piece in enumerate(pieces):
            theirs = utterance.side is Side.THEIRS
            source = source_of(utterance)
            # Only the last thing that was said is what an answer answers.
            if (
                utterance.side is Side.OURS
                and following is not None
                and following.side is Side.THEIRS
                and number == len(pieces) - 1
                and not addresses_a_machine(following.text)
                and confirms(following.text, piece)
            ):
                theirs = True
                source = Source(
                    (utterance.number, following.number), utterance.speaker, utterance.side, utterance.start_ms
                )
            yield _Said(piece, _folded(piece), utterance, source, before if number == 0 else pieces[number - 1], theirs)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _proposals(said: _Said, held_on: date) -> Iterator[Proposal]:
    ours = said.utterance.side is Side.OURS
    if in_jest(said.utterance.text) or (not ours and is_question(said.text) and not _DECIDING.search(said.folded)):
        return
    if not_of_this_purchase(said.text):
        return
    # 去年は予算を取りました。300万円です。
    aside = not ours and not_of_this_purchase(said.before) and not speaks_of_now(said.text)
    certain = not is_doubtful(said.text) or ours
    if not aside:
        yield from _budget(said, certain=certain)
        yield from _timeline(said, held_on, certain=certain)
    yield from _authority(said, certain=certain)
    if not ours:
        yield from _need(said)


def _budget(said: _Said, *, certain: bool) -> Iterator[Proposal]:
    asked = _BUDGET.search(_folded(said.before)) is not None and (
        said.utterance.side is Side.THEIRS and is_question(said.before)
    )
    spoken = _BUDGET.search(said.folded) is not None
    if not (asked or spoken):
        return
    if _PRICE.search(said.folded) and not spoken:
        return
    state = next((state for state, cue in _STATES if cue.search(said.folded)), None)
    sums = amounts(said.text)
    if state is None and not sums:
        return
    if is_conditional(said.text) and state is not BudgetState.NONE and not spoken:
        return
    if state is BudgetState.NONE:
        yield Proposal(Field.BUDGET_STATE, state.value, said.text, said.source, certain=True)
        return
    if len(sums) == 1:
        yield Proposal(Field.BUDGET_AMOUNT, sums[0], said.text, said.source, certain=certain)
    if state is not None:
        yield Proposal(Field.BUDGET_STATE, state.value, said.text, said.source, certain=certain)
    elif len(sums) != 1:
        yield Proposal(Field.BUDGET_STATE, BudgetState.PLANNED.value, said.text, said.source, certain=False)


def _authority(said: _Said, *, certain: bool) -> Iterator[Proposal]:
    if is_gone(said.text):
        return
    hit = _DECIDER_JA.search(said.folded) or _DECIDER_EN.search(said.text)
    if hit is not None and not re.search(r"ではな|じゃな|ません|できな|\bnot\b|n't", said.folded):
        who = hit["a"] or hit["b"]
        if who.lower() in {"私", "僕", "わたし", "自分", "i", "me", "mine", "my call", "it's me"}:
            who = said.utterance.speaker if said.utterance.side is Side.THEIRS else ""
        who = re.sub(r"^(?:our|the|my) ", "", who)
        if who:
            yield Proposal(Field.DECISION_MAKER, who, said.text, said.source, certain=certain)
            return
    if _PROCESS.search(said.folded) and (_DECIDING.search(said.folded) or "稟議" in said.folded):
        yield Proposal(Field.PROCESS, said.text, said.text, said.source, certain=certain)
    elif _UPWARDS.search(said.folded):
        yield Proposal(Field.PROCESS, said.text, said.text, said.source, certain=False)


def _timeline(said: _Said, held_on: date, *, certain: bool) -> Iterator[Proposal]:
    named = days(said.text, held_on)
    context = f"{_folded(said.before)} {said.folded}" if is_question(said.before) else said.folded
    starts, decides = _START.search(context), _DECIDE.search(said.folded)
    if not named or not (starts or decides) or _STEP.search(said.folded):
        return
    if starts and (not decides or _START.search(said.folded)):
        yield Proposal(Field.START_ON, _one(named, last=bool(decides)), said.text, said.source, certain=certain)
    elif decides:
        yield Proposal(Field.DECIDE_ON, _one(named, last=False), said.text, said.source, certain=certain)


def _one(named: list[Day], *, last: bool) -> date:
    return named[-1 if last else 0].on


def _need(said: _Said) -> Iterator[Proposal]:
    if _FINE.search(said.folded):
        return
    pain, wish = _PAIN.search(said.folded), _NEED.search(said.folded)
    if pain or wish:
        yield Proposal(Field.NEED, said.text, said.text, said.source, certain=not is_conditional(said.text))
    if pain:
        yield Proposal(Field.PAIN_RECOGNISED, Answer.YES.value, said.text, said.source)
    if _INTENT.search(said.folded) and not is_doubtful(said.text):
        yield Proposal(Field.INTENT_STATED, Answer.YES.value, said.text, said.source)


def _items(said: list[_Said]) -> Iterator[NoteItem]:
    found: dict[ItemKind, list[NoteItem]] = {kind: [] for kind in ItemKind}
    for each in said:
        kind = _kind(each)
        if kind is not None and all(item.text != each.text for item in found[kind]):
            found[kind].append(NoteItem(kind, each.text, each.text, source_of(each.utterance)))
    for kind in ItemKind:
        # What was agreed at the end of a call is what holds.
        kept = found[kind][-MOST_ITEMS:] if kind in {ItemKind.PROMISE, ItemKind.NEXT_STEP} else found[kind][:MOST_ITEMS]
        yield from kept


def _kind(said: _Said) -> ItemKind | None:
    ours = said.utterance.side is Side.OURS
    if _STEP.search(said.folded) and not _NO_STEP.search(said.folded):
        return ItemKind.PROMISE if ours and not is_question(said.text) else ItemKind.NEXT_STEP
    if said.utterance.side is not Side.THEIRS or in_jest(said.utterance.text) or not_of_this_purchase(said.text):
        return None
    if _OBJECTION.search(said.folded):
        return ItemKind.OBJECTION
    if _FINE.search(said.folded) or is_question(said.text):
        return None
    if _NEED.search(said.folded):
        return ItemKind.NEED
    return ItemKind.PAIN if _PAIN.search(said.folded) else None
