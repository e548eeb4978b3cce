"""The facts that matter, as sentences."""

from __future__ import annotations

from domain.performance.facts import Fact, FactKind
from domain.performance.kpis import BY_KEY, Judgement
from domain.performance.windows import Span
from handlers.i18n import Markup, Translator
from handlers.i18n import mark as _
from handlers.performance import words

MARKS = {True: "🟢", False: "🔴", None: "▫️"}
WORDS = {True: _("good"), False: _("needs work"), None: ""}


def sentence(t: Translator, fact: Fact, span: Span) -> Markup:
    """🔴 *接続率* は 12.1% (架電 900 のうち)。前週の 18.4% から −6.3pt。要改善."""
    kpi = BY_KEY[fact.kpi]
    called, value = words.name(t, kpi), words.value(t, kpi, fact.value)
    reference = words.value(t, kpi, fact.reference)
    before = t(words.SPANS_BEFORE[span])
    match fact.kind:
        case FactKind.CHANGED:
            difference = words.signed(t, kpi, fact.value - (fact.reference or 0.0))
            text = t.md(
                "*{kpi}*: {value}, {change} against {reference} the {before}.",
                kpi=called,
                value=value,
                change=difference,
                reference=reference,
                before=before,
            )
        case FactKind.MISSES:
            text = t.md(
                "*{kpi}*: {value}, and it {threshold}.",
                kpi=called,
                value=value,
                threshold=words.threshold(t, kpi),
            )
        case FactKind.TARGET if fact.reached:
            text = t.md(
                "*{kpi}*: {value}, the target of {reference} is reached.", kpi=called, value=value, reference=reference
            )
        case FactKind.TARGET:
            text = t.md(
                "*{kpi}*: {value}, short of the target of {reference}.", kpi=called, value=value, reference=reference
            )
        case FactKind.STANDS_OUT:
            text = t.md(
                "*{name}*: {kpi} {value}, all others together {reference}.",
                name=fact.subject,
                kpi=called,
                value=value,
                reference=reference,
            )
        case FactKind.STANDS:
            text = t.md(
                "*{kpi}*: {value} ({before}: {reference}).",
                kpi=called,
                value=value,
                reference=reference,
                before=before,
            )
    cases = f" (n = {t.number(fact.n)})" if fact.n is not None else ""
    said = (
        words.JUDGEMENTS[Judgement.UNSURE] if fact.kind is FactKind.TARGET and fact.good is None else WORDS[fact.good]
    )
    word = f" · {t(said)}" if said else ""
    return Markup(f"{MARKS[fact.good]} {text}{cases}{word}")
