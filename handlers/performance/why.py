"""`/kpi why NAME`: down the tree to where a change comes from."""

from __future__ import annotations

import difflib
import unicodedata

from slack_sdk.models.blocks import Block

from domain.members import Permission
from domain.performance.changes import Part
from domain.performance.kpis import CATALOGUE, Figure, Kpi, State
from domain.performance.windows import Span
from handlers.blocks import actions, button, context, divider, header, section
from handlers.forms import word
from handlers.i18n import LANGUAGES, Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Rendered
from handlers.performance import words
from handlers.performance.places import Place
from handlers.routes import Routes
from services.performance import why as service
from services.performance.kpis import By, Line
from services.performance.why import Explanation, Split, Step

SHOWN_PARTS = 6
OFFERED = ("meetings_set", "connect_rate", "dials", "sales_qualified", "meetings_held", "effective")
"""What is offered where no KPI was named."""
STEPS = {
    Split.FACTORS: _("*{n}. {kpi}: {change}*, by what it is made of"),
    Split.REP: _("*{n}. {kpi}: {change}*, by rep"),
    Split.SOURCE: _("*{n}. {kpi}: {change}*, by source"),
}
_PERIODS = {
    **dict.fromkeys(("today", "今日", "本日"), Span.DAY),
    **dict.fromkeys(("week", "今週"), Span.WEEK),
    **dict.fromkeys(("month", "今月"), Span.MONTH),
}


def register(routes: Routes) -> None:
    """The command, and the buttons that ask on."""
    routes.command(
        "kpi",
        "why",
        asked,
        Permission.READ,
        usage=_("why NAME [today|week|month]"),
        summary=_("Where a KPI's change comes from, down to rep and source"),
    )
    routes.action("kpi.why", pressed, Permission.READ)
    routes.action("kpi.why.named", offered, Permission.READ)


async def asked(interaction: Interaction) -> Answer:
    """A KPI by its name, its key or a part of either."""
    typed, span = _period(interaction.text)
    kpi = named(typed)
    if kpi is None:
        return Reply(offer(interaction.t, typed, span))
    found = await service.why(interaction.deps, interaction.actor, kpi.key, span)
    return Reply(explained(interaction.t, found))


async def pressed(interaction: Interaction) -> Answer:
    """The same for a KPI and a window that a button names."""
    place = Place.read(interaction.value)
    found = await service.why(interaction.deps, interaction.actor, place.kpi, place.window.span, window=place.window)
    return Reply(explained(interaction.t, found))


def _period(text: str) -> tuple[str, Span]:
    """The name, and the period named after it; the week where none is."""
    parts = text.split()
    for place in (len(parts) - 1, 0):
        if parts and parts[place].lower() in _PERIODS:
            span = _PERIODS[parts.pop(place).lower()]
            return " ".join(parts), span
    return " ".join(parts), Span.WEEK


def named(typed: str) -> Kpi | None:
    """The KPI whose key or name, in either language, is or holds what was typed; the nearest one else."""
    wanted = _folded(typed)
    if not wanted:
        return None
    called: dict[str, Kpi] = {}
    for kpi in CATALOGUE:
        for label in (kpi.key, *(words.name(translator(language), kpi) for language in LANGUAGES)):
            whole = _folded(label)
            called[whole] = kpi
            # What stands in brackets only explains it.
            called.setdefault(whole.partition("(")[0], kpi)
    if wanted in called:
        return called[wanted]
    holding = sorted((label for label in called if wanted in label), key=len)
    if holding:
        return called[holding[0]]
    near = difflib.get_close_matches(wanted, called, n=1, cutoff=0.7)
    return called[near[0]] if near else None


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().replace("_", " ").split())


def offer(t: Translator, typed: str, span: Span) -> Rendered:
    """The question which KPI is meant."""
    text = t.md("I know no KPI called “{name}”. Which one?", name=typed) if typed else t.md("Which KPI?")
    choices = [button(words.name(t, key), f"kpi.why.named#{key}", f"{key}|{span.value}") for key in OFFERED]
    return Rendered(text, [section(text), actions(*choices)])


async def offered(interaction: Interaction) -> Answer:
    """One of those offered."""
    key, _, span = interaction.value.partition("|")
    found = await service.why(interaction.deps, interaction.actor, key, word(Span, span))
    return Reply(explained(interaction.t, found))


def explained(t: Translator, found: Explanation) -> Rendered:
    """The change, then each step down, the part that explains most in bold."""
    kpi = found.figure.kpi
    line = Line(found.figure, found.figure_before)
    title = t("Why: {kpi}", kpi=words.name(t, kpi))
    blocks: list[Block] = [
        header(title),
        section(
            words.line_text(t, line),
            button(t("See rows"), "kpi.rows#why", str(Place(kpi.key, found.window))) if kpi.numerator else None,
        ),
        context(
            t.md(
                "{days} against {before}",
                days=words.window(t, found.window),
                before=words.window(t, found.before),
            )
        ),
    ]
    if not found.steps and found.figure.state is not State.NO_SOURCE:
        blocks.append(section(_nothing(t, found)))
    for number, step in enumerate(found.steps, 1):
        blocks += [divider(), section(_step(t, found, step, number))]
        below = [part.name for part in step.parts[:3]] if step.split is Split.FACTORS else []
        if below:
            blocks.append(
                actions(
                    *(
                        button(t("Why: {kpi}", kpi=words.name(t, key)), f"kpi.why#{key}", str(Place(key, found.window)))
                        for key in below
                    )
                )
            )
    conclusion = _conclusion(t, found)
    if conclusion:
        blocks += [divider(), section(Markup(f"👉 {escape(conclusion)}"))]
    if found.steps:
        blocks.append(context(t.md("The parts of each step add up to its change exactly.")))
    return Rendered(f"{title}\n{words.plain_line(t, line)}\n{conclusion}".strip(), blocks)


def _nothing(t: Translator, found: Explanation) -> Markup:
    if found.figure.value is None or found.figure_before.value is None:
        return t.md("There is not enough data to say where it comes from.")
    if found.figure.value == found.figure_before.value:
        return t.md("It has not changed.")
    return t.md("This KPI is not made of others; open its rows to see what is behind it.")


def _step(t: Translator, found: Explanation, step: Step, number: int) -> Markup:
    heading = t.md(
        STEPS[step.split],
        n=number,
        kpi=words.name(t, step.figure.kpi),
        change=words.signed(t, step.figure.kpi, step.change),
    )
    lines = [_part(t, found, step, place) for place in range(min(len(step.parts), SHOWN_PARTS))]
    left = step.parts[SHOWN_PARTS:]
    if left:
        rest = sum(part.effect for part in left)
        lines.append(t.md("{n} others: {change}", n=len(left), change=words.signed(t, step.figure.kpi, rest)))
    return Markup("\n".join([heading, *(f"• {line}" for line in lines)]))


def _part(t: Translator, found: Explanation, step: Step, place: int) -> Markup:
    part = step.parts[place]
    effect = words.signed(t, step.figure.kpi, part.effect)
    called = escape(_called(t, found, step, part))
    most = part is step.largest
    text = f"*{called}  {effect}*" if most else f"{called}  {effect}"
    if step.figures:
        before, now = step.figures[place]
        text += f"　{escape(_from_to(t, before, now))}"
    elif part.rate and part.volume:
        said = t(
            "own rate {rate}, weight {volume}",
            rate=words.signed(t, step.figure.kpi, part.rate),
            volume=words.signed(t, step.figure.kpi, part.volume),
        )
        text += f"　{escape(said)}"
    if most:
        text += f"　← {escape(t('explains most'))}"
    return Markup(text)


def _called(t: Translator, found: Explanation, step: Step, part: Part) -> str:
    match step.split:
        case Split.FACTORS:
            return words.name(t, part.name)
        case Split.REP:
            return words.group(t, By.REP, part.name, found.names.get(part.name, ""))
        case Split.SOURCE:
            return words.group(t, By.SOURCE, part.name, part.name)


def _from_to(t: Translator, before: Figure, now: Figure) -> str:
    return f"{words.value(t, before.kpi, before.value)} → {words.value(t, now.kpi, now.value)}"


def _conclusion(t: Translator, found: Explanation) -> str:
    """The way down in one sentence: KPI ← factor ← rep."""
    factors = [_called(t, found, s, s.largest) for s in found.steps if s.split is Split.FACTORS and s.largest]
    # Reps and sources divide the same change: neither lies under the other.
    groups = [_called(t, found, s, s.largest) for s in found.steps if s.split is not Split.FACTORS and s.largest]
    path = [*factors, *([t.listed(groups)] if groups else [])]
    return t("It comes mostly from: {path}", path=" → ".join(path)) if path else ""
