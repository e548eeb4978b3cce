"""A recording as messages: the card that says how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Final, Self

from slack_sdk.models.blocks import Block, ExternalDataSelectElement

from domain.leads import Source as LeadSource
from domain.leads import Stage
from domain.model import Reason
from domain.outreach.scripts import Stage as CallStage
from domain.performance.coaching import Measures
from domain.pipeline.notes import DropReason, Field, ItemKind, Note, NoteItem, Proposal
from domain.pipeline.quotes import Source
from domain.pipeline.recordings import Decision, Progress, Trouble
from domain.pipeline.transcripts import Side
from handlers import lead_lines, spoken
from handlers.blocks import actions, button, clip, context, divider, fields, header, quote, section
from handlers.i18n import Markup, Translator, escape, mention
from handlers.i18n import mark as _
from handlers.messages import Reader, Rendered
from handlers.model_words import unavailable_line
from services.outreach.records import LeadLine
from services.pipeline.recording_records import ProposalView, RecordingView, SameView

BLOCK: Final = "recording"
LEAD: Final = "recording.lead"
QUOTE_LIMIT: Final = 200
ITEM_LIMIT: Final = 300
MOST_ITEMS: Final = 8
"""Of each kind in a message: it has room for fifty blocks and three thousand letters a block."""

STEPS: Final[Mapping[Progress, str]] = {
    Progress.RECEIVED: _("Received"),
    Progress.TRANSCRIBING: _("Transcribed"),
    Progress.ARRANGING: _("Put in order"),
    Progress.DONE: _("Done"),
}
TROUBLES: Final[Mapping[Trouble, str]] = {
    Trouble.TOO_LARGE: _(
        "The file is too large: recordings may have 200 MB and 8 hours, transcripts 16 MB. Please split it."
    ),
    Trouble.EMPTY: _("I found no words in this file. Please check it, and drop the right one."),
    Trouble.UNREADABLE: _(
        "I cannot read this file. Please save the transcript as VTT, SRT or plain text (UTF-8 or Shift_JIS)."
    ),
    Trouble.NOT_SEEN: _(
        "I cannot see this file: it was deleted, or I am not in its channel. Please invite me there (/invite) and try "
        "again, or drop the file into our direct messages."
    ),
    Trouble.DOWNLOAD: _("The file could not be fetched from Slack just now. Please try again."),
    Trouble.FAULT: _("Something went wrong on our side. The file is kept; please try again."),
    Trouble.ERASED: _(
        "The person this was about has been erased meanwhile, so nothing was kept. If it is a call with somebody else, "
        "try again."
    ),
    Trouble.NO_SOUND: _(
        "I find no sound in this file that I can play. Please save it as MP3, M4A or WAV, and drop that."
    ),
    Trouble.ENGINE: _(
        "The engine that listens to recordings here cannot be used just now. Please tell whoever looks after the bot "
        "(python -m bot doctor), and try again; or drop the transcript as text (VTT, SRT, TXT)."
    ),
    Trouble.NO_MODEL: _(
        "Recordings need a language model that listens, and none is set up here. "
        "Please drop the transcript as text instead (VTT, SRT, TXT): Zoom, Teams and MiiTel can save one."
    ),
    Trouble.MODEL_OFF: _(
        "The team has the language model switched off (/team model), so nobody listens to recordings. "
        "Please drop the transcript as text instead (VTT, SRT, TXT): Zoom, Teams and MiiTel can save one."
    ),
    Trouble.MODEL_UNMASKABLE: _(
        "The team sends masked texts only, and nothing in a recording can be masked. A manager can allow recordings "
        "with /team model. Or drop the transcript as text (VTT, SRT, TXT)."
    ),
    Trouble.MODEL_OVER_BUDGET: _(
        "This month's budget of the language model is used up (/team model). "
        "Please drop the transcript as text instead (VTT, SRT, TXT)."
    ),
    Trouble.MODEL_REJECTED: _(
        "The language model's server does not take this recording. Please save it as MP3 or M4A and drop that, or drop "
        "the transcript as text (VTT, SRT, TXT). If that does not help, an admin should check the settings (python -m "
        "bot doctor)."
    ),
    Trouble.MODEL_FAILED: _("The recording could not be transcribed just now. Please try again in a while."),
}
CALL_STAGES: Final[Mapping[CallStage, str]] = {
    CallStage.RECEPTION: _("Reception"),
    CallStage.OPENING: _("Greeting"),
    CallStage.PURPOSE: _("Reason for the call"),
    CallStage.DISCOVERY: _("Questions"),
    CallStage.VALUE: _("What we offer"),
    CallStage.OBJECTION: _("Worries"),
    CallStage.CLOSING: _("The next appointment"),
}
KINDS: Final[Mapping[ItemKind, str]] = {
    ItemKind.NEED: _("Needs"),
    ItemKind.PAIN: _("Pains"),
    ItemKind.OBJECTION: _("Doubts and objections"),
    ItemKind.PROMISE: _("Promises"),
    ItemKind.NEXT_STEP: _("Next steps"),
}
DECISIONS: Final[Mapping[Decision, str]] = {
    Decision.ACCEPTED: _("Accepted by {name}"),
    Decision.EDITED: _("Accepted with a change by {name}"),
    Decision.REJECTED: _("Rejected by {name}"),
}
DECISION_MARKS: Final[Mapping[Decision, str]] = {
    Decision.OPEN: "⬜",
    Decision.ACCEPTED: "✅",
    Decision.EDITED: "✏️",
    Decision.REJECTED: "🚫",
}


@dataclass(frozen=True, slots=True)
class RecordingCard:
    """The first answer to a file, edited in place while the work goes on."""

    view: RecordingView

    def render(self, reader: Reader) -> Rendered:
        """Which file, how far, about whom."""
        t, view = reader.t, self.view
        text = t("Recording: {name}", name=view.filename)
        blocks: list[Block] = [section(Markup(f"🎙️ *{escape(view.filename)}*\n{_steps(t, view)}"))]
        if view.trouble is not None:
            blocks.append(section(Markup(f"⚠️ {t.md(TROUBLES[view.trouble])}")))
            blocks.append(actions(button(t("Try again"), "recording.retry", view.recording_id)))
        if view.lead is not None:
            blocks.append(section(t.md("About: *{who}*", who=lead_lines.name(view.lead))))
        elif view.proposed is not None:
            blocks.append(section(t.md("Is this about *{who}*?", who=lead_lines.name(view.proposed))))
        else:
            blocks.append(section(t.md("Whom is this about? I did not find a lead by the names.")))
        if view.progress is not Progress.DONE:
            blocks.append(actions(*self._choice(t)))
        if view.same is not None:
            blocks.append(context(_same(t, view.same)))
        return Rendered(text, blocks)

    def _choice(self, t: Translator) -> list[ExternalDataSelectElement]:
        view = self.view
        found = []
        if view.lead is None and view.proposed is not None:
            value = f"{view.recording_id}:{view.proposed.lead_id}"
            found.append(button(t("Yes, go on"), "recording.confirm", value, style="primary"))
        placeholder = t("Another lead") if view.lead or view.proposed else t("Name or company")
        select = ExternalDataSelectElement(
            action_id=f"{LEAD}#{view.recording_id}", placeholder=placeholder, min_query_length=0
        )
        return [*found, select]  # type: ignore[list-item]  # a row of different elements

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """With a lead proposed, with none, under way, failed, done."""
        return [
            cls(replace(EXAMPLE, lead=None, proposed=EXAMPLE.lead, progress=Progress.RECEIVED)),
            cls(replace(EXAMPLE, lead=None, audio=False, progress=Progress.ARRANGING, filename="<a> & b.vtt")),
            cls(replace(EXAMPLE, progress=Progress.TRANSCRIBING)),
            cls(replace(EXAMPLE, progress=Progress.TRANSCRIBING, heard=(2, 6))),
            *(cls(replace(EXAMPLE, progress=Progress.FAILED, trouble=trouble)) for trouble in Trouble),
            cls(EXAMPLE),
            cls(replace(EXAMPLE, same=SameView("鈴木 <一郎>", ""))),
            cls(replace(EXAMPLE, same=SameView("鈴木", "https://x.slack.com/archives/C1/p1"))),
        ]


def _same(t: Translator, same: SameView) -> Markup:
    """That somebody else has dropped the same file."""
    text = t.md("⚠️ {name} has dropped the same file before.", name=same.by)
    url = spoken.shared(same.permalink)
    if not url:
        return text
    link = t.md("<{url}|That record>", url=url)
    return Markup(f"{text} {link}")


def _steps(t: Translator, view: RecordingView) -> Markup:
    """✅ 受付 › ⏳ 文字起こし › ◻️ 整理 › ◻️ 完了."""
    steps = [step for step in STEPS if view.audio or step is not Progress.TRANSCRIBING]
    at = steps.index(view.progress) if view.progress in steps else 0
    found = []
    for place, step in enumerate(steps):
        if view.progress is Progress.FAILED:
            mark = "✅" if place == 0 else "◻️"
        elif view.progress is Progress.DONE or place < at or place == 0:
            mark = "✅"
        elif place == at and (view.lead is not None or step is not Progress.ARRANGING):
            mark = "⏳"
        else:
            mark = "◻️"
        label = t(STEPS[step])
        if step is Progress.TRANSCRIBING and view.heard is not None:
            label = f"{label} {t.number(view.heard[0])}/{t.number(view.heard[1])}"
        found.append(f"{mark} {escape(label)}")
    # Narrow enough for a line of the thread.
    return Markup(" › ".join(found))


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """What came of a recording: figures that were counted, and the note with its sources. `reading`: for somebody who
    looks it up, away from its thread."""

    view: RecordingView
    reading: bool = False

    def render(self, reader: Reader) -> Rendered:
        """Figures, note, what was left out and why."""
        t, view = reader.t, self.view
        who = lead_lines.name(view.lead) if view.lead else view.filename
        title = t("Record of the conversation: {who}", who=who)
        blocks: list[Block] = [header(title)]
        if view.measures is not None:
            blocks += measure_blocks(t, view.measures)
        blocks.append(context(_voices(t, view)))
        note = view.note
        if note is not None:
            blocks.append(divider())
            for kind in ItemKind:
                blocks += _items(t, kind, note.of_kind(kind))
            if not note.items:
                blocks.append(section(t.md("I found nothing that belongs into a note.")))
            if note.unavailable:
                blocks.append(context(unavailable_line(t, Reason(note.unavailable))))
            elif view.plain_summary:
                why = unavailable_line(t, Reason(view.plain_summary))
                blocks.append(context(t.md("Summary for the qualification: {why}", why=why)))
            if note.dropped:
                blocks.append(
                    context(
                        escape(
                            t.plural(
                                "{n} claim was left out, because nothing that was said bears it.",
                                "{n} claims were left out, because nothing that was said bears them.",
                                note.dropped,
                            )
                        )
                    )
                )
        if self.reading:
            where = t.md("From {name}, dropped by {by}", name=view.filename, by=mention(view.slack_user))
            url = spoken.shared(view.permalink)
            link = t.md("<{url}|Open the thread>", url=url) if url else Markup("")
            blocks.append(context(Markup("　".join(part for part in (where, link) if part))))
            return Rendered(title, blocks)
        buttons = [button(t("Swap the speakers"), "recording.swap", view.recording_id)]
        if view.lead is not None:
            buttons.append(button(t("Attach to another lead"), "recording.move", view.recording_id))
            buttons.append(button(t("Open the lead"), "lead.show", view.lead.lead_id))
        if view.lead is not None and not view.proposals:
            # Otherwise it stands under the proposals, which are decided first.
            buttons.append(button(t("Qualify"), "lead.qualify", view.lead.lead_id, style="primary"))
        blocks.append(actions(*buttons))
        return Rendered(title, blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Everything, without a model, and with nearly nothing."""
        plain = replace(EXAMPLE, note=Note((), (), (), Reason.OFF.value), guessed=True)
        read = cls(replace(EXAMPLE, permalink="https://x.slack.com/archives/C1/p1?a=1&b=2"), reading=True)
        empty = cls(replace(EXAMPLE, note=None, measures=_NOTHING, lead=None, speakers=()))
        return [cls(EXAMPLE), read, cls(plain), empty, cls(replace(EXAMPLE, plain_summary=Reason.OVER_BUDGET.value))]


def _voices(t: Translator, view: RecordingView) -> Markup:
    ours = t.listed(spoken.speaker(t, name) for name, side in view.speakers if side is Side.OURS and name)
    theirs = t.listed(spoken.speaker(t, name) for name, side in view.speakers if side is Side.THEIRS and name)
    text = t.md("Ours: {ours}　Theirs: {theirs}", ours=ours or "–", theirs=theirs or "–")
    if not view.guessed:
        return text
    guess = t.md("This is a guess; if it is wrong, swap the speakers.")
    return Markup(f"{text}　⚠️ {guess}")


def measure_blocks(t: Translator, found: Measures) -> list[Block]:
    """The figures. What cannot be counted, because there are no times or nobody knows who speaks, shows a dash."""
    ratio = found.talk_ratio
    label = t("Talk ratio (ours : theirs)")
    if ratio is None:
        ratio, label = found.letter_ratio, t("Share of the words (ours : theirs)")
    pairs = [
        (label, _ratio(ratio)),
        (t("Longest monologue"), _length(t, found.longest_ms)),
        (t("Silences of 3 seconds and more"), _silences(t, found)),
        (t("Both spoke at once"), _length(t, found.overlap_ms)),
        (t("Questions (ours : theirs)"), _pair(found.our_questions, found.their_questions)),
        (t("Stages of the script"), _stages(t, found.stages)),
    ]
    return fields([(name, escape(text)) for name, text in pairs])


def _ratio(ratio: Fraction | None) -> str:
    if ratio is None:
        return ""
    ours = round(100 * ratio)
    return f"{ours} : {100 - ours}"


def _pair(ours: int | None, theirs: int | None) -> str:
    return "" if ours is None or theirs is None else f"{ours} : {theirs}"


def _length(t: Translator, ms: int | None) -> str:
    if ms is None:
        return ""
    minutes, seconds = divmod(round(ms / 1000), 60)
    if minutes:
        return t("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)
    return t("{seconds} s", seconds=seconds)


def _silences(t: Translator, found: Measures) -> str:
    if found.silences is None:
        return ""
    times = t.plural("{n} time", "{n} times", found.silences)
    return f"{times} ({_length(t, found.silence_ms)})" if found.silences else times


def _stages(t: Translator, stages: tuple[CallStage, ...] | None) -> str:
    if stages is None:
        return ""
    return t("{n} of 7: {names}", n=len(stages), names=t.listed(t(CALL_STAGES[stage]) for stage in stages) or "–")


def _items(t: Translator, kind: ItemKind, items: Sequence[NoteItem]) -> list[Block]:
    if not items:
        return []
    lines = [Markup(f"*{escape(t(KINDS[kind]))}*")]
    for item in items[:MOST_ITEMS]:
        # Without a model the sentence itself is the note.
        same = _bare(item.text) == _bare(item.quote)
        lines.append(Markup("" if same else f"• {escape(clip(item.text, ITEM_LIMIT))}\n"))
        lines.append(cited(t, item.quote, item.source))
    blocks: list[Block] = []
    # As many items in a block as fit whole.
    text = lines[0]
    for line, cite in zip(lines[1::2], lines[2::2], strict=True):
        grown = Markup(f"{text}\n{line}{cite}")
        if len(grown) > 2800:
            blocks.append(section(text))
            grown = Markup(f"{line}{cite}")
        text = grown
    return [*blocks, section(text)]


def _bare(text: str) -> str:
    return " ".join(text.split()).strip("。. 「」“”")


def cited(t: Translator, said: str, source: Source) -> Markup:
    """What was said, by whom and when."""
    words = t("“{quote}”", quote=clip(" ".join(said.split()), QUOTE_LIMIT))
    return Markup(f"{quote(words)} _{escape(spoken.source(t, source).replace('_', ' '))}_")


@dataclass(frozen=True, slots=True)
class RecordingProposals:
    """What a conversation proposes for the qualification, each to be decided by a click."""

    view: RecordingView

    def render(self, reader: Reader) -> Rendered:
        """Each with its words, its source and its buttons, or what was decided."""
        t, view = reader.t, self.view
        shown = view.proposals[:MOST_PROPOSALS]
        left = sum(each.decision is Decision.OPEN for each in shown)
        title = t("Proposals for BANT")
        state = t.plural("{n} waits for your click", "{n} wait for your click", left) if left else t("All are decided.")
        blocks: list[Block] = [section(Markup(f"📋 *{escape(title)}*　{escape(state)}"))]
        for each in shown:
            blocks += self._proposal(t, each)
        more = len(view.proposals) - len(shown)
        if more:
            blocks.append(context(escape(t.plural("{n} more has no room here.", "{n} more have no room here.", more))))
        if view.lead is not None:
            blocks.append(context(t.md("What is accepted stands in the form when you qualify the lead.")))
            blocks.append(
                actions(button(t("Qualify"), "lead.qualify", view.lead.lead_id, style=None if left else "primary"))
            )
        return Rendered(f"{title}: {state}", blocks)

    def _proposal(self, t: Translator, each: ProposalView) -> list[Block]:
        proposed = each.proposed
        hint = "" if proposed.certain else f"　_{escape(t('hinted at only'))}_"
        value = spoken.value(t, proposed)
        # Without a model the sentence itself is the value.
        shown = "" if _bare(value) == _bare(proposed.quote) else clip(value, ITEM_LIMIT)
        lines = [
            Markup(
                f"{DECISION_MARKS[each.decision]} *{escape(t(spoken.FIELDS[proposed.field]))}*　{escape(shown)}{hint}"
            ),
            cited(t, proposed.quote, proposed.source),
        ]
        if each.decision is not Decision.OPEN:
            lines.append(t.md(DECISIONS[each.decision], name=each.by or "–"))
        if each.elsewhere is not None:
            lines.append(t.md("It stays with *{who}*, for whom it was accepted.", who=lead_lines.name(each.elsewhere)))
        buttons = []
        if each.decision not in (Decision.ACCEPTED, Decision.EDITED) or each.elsewhere is not None:
            style = "primary" if each.decision is Decision.OPEN else None
            buttons.append(button(t("Accept it"), "proposal.accept", each.proposal_id, style=style))
        buttons.append(button(t("Edit"), "proposal.edit", each.proposal_id))
        if each.decision is not Decision.REJECTED:
            buttons.append(button(t("Reject"), "proposal.reject", each.proposal_id))
        return [section(Markup("\n".join(lines))), actions(*buttons, block_id=f"proposal.{each.proposal_id}")]

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Of every kind and in every state, and a single one."""
        first = EXAMPLE.proposals[0]
        many = tuple(
            replace(first, proposal_id=n, decision=list(Decision)[n % 4], proposed=_proposed(field, value), by="佐藤")
            for n, (field, value) in enumerate(_VALUES.items())
        )
        moved = replace(first, decision=Decision.ACCEPTED, by="佐藤", lead_id=2, elsewhere=_LEAD)
        full = tuple(replace(first, proposal_id=n) for n in range(MOST_PROPOSALS + 2))
        return [cls(replace(EXAMPLE, proposals=each)) for each in (many, EXAMPLE.proposals, (moved,), full)]


MOST_PROPOSALS: Final = 22
"""Two blocks each, in a message of fifty that says three more things."""

_VALUES: Final[Mapping[Field, int | str | date]] = {
    Field.BUDGET_AMOUNT: 5_000_000,
    Field.BUDGET_STATE: "secured",
    Field.DECISION_MAKER: "部長の <鈴木> 様",
    Field.INFLUENCERS: "情報システム部",
    Field.PROCESS: "稟議",
    Field.NEED: "月末の入力 & 集計",
    Field.URGENCY: "high",
    Field.START_ON: date(2026, 10, 1),
    Field.DECIDE_ON: date(2026, 8, 31),
    Field.PAIN_RECOGNISED: "yes",
    Field.INTENT_STATED: "unknown",
}
_SAID: Final = Source((12,), "山田 <太郎>", Side.THEIRS, 185_000)


def _proposed(field: Field, value: int | str | date) -> Proposal:
    return Proposal(field, value, "予算は500万円で & 押さえています", _SAID, certain=field is not Field.PROCESS)


_NOTHING: Final = Measures(*[None] * 12)
_AT: Final = datetime(2026, 4, 1, 1, tzinfo=UTC)
_LEAD: Final = LeadLine(
    lead_id=1,
    version=1,
    stage=Stage.WORKING,
    source=LeadSource.OTHER,
    next_step=None,
    next_step_at=None,
    disqualify_reason=None,
    last_called_at=None,
    created_at=_AT,
    account_id=1,
    account="株式会社あおば <精機>",
    contact_id=1,
    contact="山田 太郎",
    title="部長",
    owner_id=1,
    owner="佐藤",
    owner_slack_user="U0123456789",
)
EXAMPLE: Final = RecordingView(
    recording_id=1,
    version=4,
    filename="20260401_あおば精機_山田様.m4a",
    audio=True,
    progress=Progress.DONE,
    trouble=None,
    lead=_LEAD,
    proposed=None,
    member_id=1,
    slack_user="U0123456789",
    language="ja",
    zone="Asia/Tokyo",
    channel="D0123456789",
    thread_ts="1.2",
    held_on=date(2026, 4, 1),
    permalink="",
    speakers=(("佐藤 花子", Side.OURS), ("山田 太郎", Side.THEIRS)),
    guessed=False,
    measures=Measures(200_000, 300_000, 900, 1_200, 61_000, 3, 2, 8_000, 1_000, 9, 4, tuple(CallStage)),
    note=Note(
        tuple(NoteItem(kind, "月末の <集計> を早くしたい", "集計に & 三日かかる", _SAID) for kind in ItemKind),
        (),
        (DropReason.NOT_SAID, DropReason.OURS),
    ),
    proposals=(
        ProposalView(1, 1, _proposed(Field.BUDGET_AMOUNT, 5_000_000), Decision.OPEN, None, "", date(2026, 4, 1)),
    ),
)
"""For tests of the messages."""
