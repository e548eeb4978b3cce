"""A conversation read without a model: cue words find sentences, and the sentences themselves are what is shown.

It would rather find nothing than something wrong: whoever reads it goes on from there by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from domain.pipeline import plain_cues as cues
from domain.pipeline.cues import (
    before_a_machine_is_addressed,
    confirms,
    in_jest,
    is_conditional,
    is_doubtful,
    is_gone,
    is_question,
    is_rumour,
    not_of_this_purchase,
    sentences,
    speaks_of_deciding,
    speaks_of_now,
)
from domain.pipeline.figures import amounts, days
from domain.pipeline.notes import Field, ItemKind, Note, NoteItem, Proposal
from domain.pipeline.objections import Asked, speaks_against, without_denials
from domain.pipeline.quotes import Source, source_of
from domain.pipeline.transcripts import Side, Transcript, Utterance
from domain.qualification.bant import Answer, BudgetState

MOST_ITEMS = 6
"""Of each kind: a note is shorter than what it notes."""


_TAKEN_BACK = re.compile(r"(?:まだ|ただ|といっても|たぶん|多分|通るか|but |maybe|not )", re.IGNORECASE)
_AGREEING = re.compile(r"(?:ですね|ますね|よね)[。ー\s]*$")
_SHORT = 25
_LONGEST = 500
"""Characters: what goes on longer without a full stop is no sentence, and no quote that anybody would read."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence with its surroundings."""

    text: str
    folded: str
    utterance: Utterance
    source: Source
    before: str
    """The sentence before it in the same breath."""
    answered: str
    """What the other side says next."""
    after: str
    """The sentence after it in the same breath."""
    asked: str
    """What the other side had said before."""
    theirs: bool
    """The customer said it, or confirmed it; or nobody knows who did."""

    @property
    def ours(self) -> bool:
        """We said it, and the customer confirmed it."""
        return self.utterance.side is Side.OURS

    @property
    def certain(self) -> bool:
        """Whether it was said without doubt, by somebody who is known."""
        if self.ours:
            return True
        # たぶん1月。/ 1200万円で載せます。まだ案ですけど。
        taken_back = _TAKEN_BACK.match(self.after) or (len(self.before) < _SHORT and is_doubtful(self.before))
        return self.utterance.side is Side.THEIRS and not is_doubtful(self.text) and not taken_back

    @property
    def asks(self) -> bool:
        """They ask; そうですね is no question in their mouth."""
        return self.utterance.side is not Side.OURS and is_question(self.text) and not _AGREEING.search(self.folded)


def read(transcript: Transcript, held_on: date) -> Note:
    """What cue words find in a conversation held on a day: sentences verbatim, and proposals for BANT from the
    customer's own words, or from ours where they said yes to them."""
    said = list(_sentences(transcript))
    found: dict[Field, Proposal] = {}
    for each in said:
        if each.theirs:
            for proposal in _proposals(each, held_on):
                kept = found.get(proposal.field)
                if kept is None or _outweighs(proposal, kept):
                    found[proposal.field] = proposal
    order = list(Field)
    return Note(tuple(_items(said)), tuple(sorted(found.values(), key=lambda each: order.index(each.field))))


def _outweighs(later: Proposal, earlier: Proposal) -> bool:
    """What is certain replaces what was hinted; of two certain things the later was thought about longer. The first
    pain is the one that was named first; a person decides rather than a body."""
    if later.field is Field.DECISION_MAKER and cues.BODIES.search(str(later.value)):
        return later.certain and not earlier.certain
    if later.element == "need" and later.certain == earlier.certain:
        return False
    return later.certain >= earlier.certain


def _sentences(transcript: Transcript) -> Iterator[_Said]:
    utterances = transcript.utterances
    asked = ""
    for place, utterance in enumerate(utterances):
        if place and utterances[place - 1].speaker != utterance.speaker:
            asked = before_a_machine_is_addressed(utterances[place - 1].text)
        following = utterances[place + 1] if place + 1 < len(utterances) else None
        spoken = before_a_machine_is_addressed(utterance.text)
        pieces = [piece for piece in sentences(spoken) if len(piece) <= _LONGEST]
        for number, piece in enumerate(pieces):
            each = _Said(
                text=piece,
                folded=unicodedata.normalize("NFKC", piece),
                utterance=utterance,
                source=source_of(utterance),
                before=unicodedata.normalize("NFKC", pieces[number - 1]) if number else "",
                after=unicodedata.normalize("NFKC", pieces[number + 1]) if number + 1 < len(pieces) else "",
                asked=unicodedata.normalize("NFKC", asked),
                theirs=utterance.side is not Side.OURS,
                answered=following.text if following and following.speaker != utterance.speaker else "",
            )
            # Only the last thing that was said is what an answer answers.
            if (
                utterance.side is Side.OURS
                and following is not None
                and following.side is Side.THEIRS
                and number == len(pieces) - 1
                and before_a_machine_is_addressed(following.text) == following.text
                and confirms(following.text, piece)
            ):
                both = replace(each.source, numbers=(utterance.number, following.number))
                each = replace(each, source=both, theirs=True)
            yield each


def _proposals(said: _Said, held_on: date) -> Iterator[Proposal]:
    if in_jest(said.utterance.text) or not_of_this_purchase(said.text):
        return
    asks = said.asks
    # 去年は予算を取りました。300万円です。
    aside = not said.ours and not_of_this_purchase(said.before) and not speaks_of_now(said.text)
    if not aside and not asks:
        yield from _budget(said)
        yield from _timeline(said, held_on)
    if not asks or speaks_of_deciding(said.text):
        yield from _authority(said)
    if not said.ours and not asks:
        yield from _need(said)


def _proposal(said: _Said, field: Field, value: int | str | date, *, certain: bool) -> Proposal:
    return Proposal(field, value, said.text, said.source, certain)


def _budget(said: _Said) -> Iterator[Proposal]:
    if cues.NO_BUDGET.search(without_denials(said.text)):
        yield _proposal(said, Field.BUDGET_STATE, BudgetState.NONE.value, certain=said.certain)
        return
    spoken = cues.BUDGET.search(said.folded) is not None
    sums = amounts(said.text)
    answered = not said.ours and cues.ASKS_FOR_MONEY.search(said.asked) is not None
    if not spoken and set(sums) <= set(amounts(said.asked)) and not said.ours:
        return  # ふーん、百五十万ねえ.
    if not spoken and (
        cues.PRICE.search(said.folded)
        or not sums
        or not (answered or cues.SPENDS.search(said.folded))
        or is_conditional(said.text)
    ):
        return
    state = next((state for state, cue in cues.STATES if cue.search(said.folded)), None)
    if not sums and (state is None or not spoken):
        return
    # What is yet to be asked for is not there.
    certain = said.certain and not (state is BudgetState.PLANNED and re.search("出(?:します|して)", said.folded))
    if len(sums) == 1:
        yield _proposal(said, Field.BUDGET_AMOUNT, sums[0], certain=certain)
    if state is not None:
        yield _proposal(said, Field.BUDGET_STATE, state.value, certain=certain)


def _authority(said: _Said) -> Iterator[Proposal]:
    if is_gone(said.text):
        return
    who = _decider(said)
    if who:
        yield _proposal(said, Field.DECISION_MAKER, who, certain=said.certain and not said.asks)
    elif speaks_against(said.text):
        return
    elif cues.PROCESS.search(said.folded) and (speaks_of_deciding(said.text) or "稟議" in said.folded):
        yield _proposal(said, Field.PROCESS, said.text, certain=said.certain)
    elif cues.UPWARDS.search(said.folded) and not said.ours:
        yield _proposal(said, Field.PROCESS, said.text, certain=False)


_DENIED = re.compile(r"ではな|じゃな|ませんの|できな|決まって(?:い)?(?:な|ませ)|\bnot\b|n't\b|われわれ|としておいて")


def _decider(said: _Said) -> str:
    """Who decides, in the words of the sentence; "" where it does not say."""
    if _DENIED.search(said.folded):
        return ""
    for pattern in (cues.DECIDES_JA, cues.DECIDES_EN):
        found = pattern.search(said.folded)
        if found is None:
            continue
        named = found.groupdict()
        who = next((named[key] for key in ("b", "a", "d", "e", "f") if named.get(key)), "") or named.get("c") or ""
        if re.fullmatch(r"私|わたし|僕|俺|あたし|自分|I", who):
            title = cues.OWN_TITLE.search(said.folded)
            return title[1] or title[2] if title else said.utterance.speaker if not said.ours else ""
        return re.sub(r"^(?:[Oo]ur|[Tt]he|[Mm]y) ", "", who)
    if cues.ASKS_WHO.search(said.asked) and not said.before:
        for pattern in (cues.WHO_JA, cues.WHO_EN):
            found = pattern.search(said.folded)
            if found is not None:
                return re.sub(r"^(?:[Oo]ur|[Tt]he|[Mm]y) ", "", found["a"])
    return ""


def _timeline(said: _Said, held_on: date) -> Iterator[Proposal]:
    named = days(said.text, held_on)
    if not named or cues.NOT_THEN.search(said.folded) or amounts(said.text):
        return
    starts, decides = cues.START.search(said.folded), cues.DECIDES_WHEN.search(said.folded)
    if not (starts or decides):
        if cues.STEP.search(said.folded) or not cues.ASKS_WHEN.search(said.asked) or said.ours:
            return
        starts = cues.START.search(said.asked)
        decides = None if starts else cues.DECIDES_WHEN.search(said.asked)
    if decides:
        yield _proposal(said, Field.DECIDE_ON, named[0].on, certain=said.certain)
    if starts and (not decides or len(named) > 1):
        # 1月の繁忙期が終わった2月から
        yield _proposal(said, Field.START_ON, named[-1].on, certain=said.certain)


def _stands_against(said: _Said) -> bool:
    """Whether a sentence of theirs says something against buying; a rumour does not."""
    if is_rumour(said.text) or is_rumour(said.before) or cues.POLITE.search(said.folded):
        return False
    return speaks_against(said.text, _asked(said))


def _asked(said: _Said) -> Asked:
    """What they were asked before they said it."""
    for asked, cue in (
        (Asked.MONEY, cues.ASKS_FOR_MONEY),
        (Asked.WHO, cues.ASKS_WHO),
        (Asked.WHEN, cues.ASKS_WHEN),
        (Asked.PAIN, cues.ASKS_OF_PAIN),
    ):
        if cue.search(said.asked):
            return asked
    return Asked.NOTHING


def _of_something_else(said: _Said) -> bool:
    """Whether what hurts was another product, another company or another time, or what was shown to them."""
    if not_of_this_purchase(said.text):
        return True
    if speaks_of_now(said.text):
        return False
    return (
        not_of_this_purchase(said.before)
        # The sentence after an objection explains it.
        or speaks_against(said.before)
        or cues.ASKS_OF_BEFORE.search(said.asked) is not None
        or cues.YOURS.search(f"{said.before}{said.folded}") is not None
    )


def _need(said: _Said) -> Iterator[Proposal]:
    if _stands_against(said) or _of_something_else(said):
        return
    pain = _pains(said)
    certain = (
        said.utterance.side is Side.THEIRS and not is_conditional(said.text) and not cues.SLIGHTLY.search(said.folded)
    )
    if pain or _wishes(said):
        yield _proposal(said, Field.NEED, said.text, certain=certain)
    if pain:
        yield _proposal(said, Field.PAIN_RECOGNISED, Answer.YES.value, certain=certain)
    if cues.INTENT.search(said.folded) and not is_doubtful(said.text):
        yield _proposal(said, Field.INTENT_STATED, Answer.YES.value, certain=said.utterance.side is Side.THEIRS)


def _pains(said: _Said) -> bool:
    found = {hit[0] for hit in cues.PAIN.finditer(said.folded)}
    # Whoever is asked what is hard, and answers how often it happens, need not call it hard.
    told = cues.ASKS_WHAT_HURTS.search(said.asked) is not None and cues.OFTEN.search(said.folded) is not None
    if not (found or told) or any(cue.search(said.folded) for cue in (cues.FINE, cues.POLITE, cues.BUDGET, cues.CHAT)):
        return False
    around = f"{said.before}{said.folded}{said.after}"
    # What may be bad luck, or no more than a fact, hurts where they were asked for it or tell how often, or name it so.
    if told:
        return not cues.ASKS_HOW_MUCH.search(said.asked)
    if all(cues.FACTS.search(each) for each in found):
        return cues.OFTEN.search(around) is not None or cues.PLAIN_PAIN.search(around) is not None or len(found) > 1
    return (
        len(found) > 1
        or cues.ASKS_OF_PAIN.search(said.asked) is not None
        or any(cue.search(around) for cue in (cues.OFTEN, cues.PLAIN_PAIN))
    )


def _wishes(said: _Said) -> bool:
    """Whether somebody wants something, other than to begin at some time."""
    return (
        cues.NEED.search(said.folded) is not None
        and not cues.FINE.search(said.folded)
        and not cues.POLITE.search(said.folded)
        and not cues.START.search(said.folded)
        and not cues.STEP.search(said.folded)
    )


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
    asks = is_question(said.text) if ours else said.asks
    if (
        cues.STEP.search(said.folded)
        and not cues.NO_STEP.search(said.folded)
        and not (asks and not cues.ASKS_FOR_STEP.search(said.folded))
        # What we offered and they declined is agreed with nobody.
        and not (ours and cues.DECLINES.search(unicodedata.normalize("NFKC", said.answered)))
    ):
        return ItemKind.PROMISE if ours and not asks else ItemKind.NEXT_STEP
    if ours or in_jest(said.utterance.text):
        return None
    # What went wrong before, and what is bought elsewhere, stands against it too.
    if _stands_against(said):
        return ItemKind.OBJECTION
    if asks or _of_something_else(said):
        return None
    if _wishes(said):
        return ItemKind.NEED
    return ItemKind.PAIN if _pains(said) else None
