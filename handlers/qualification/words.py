"""BANT, verdicts and rules in words: shared by the modals, the handoff post and the lead's card."""

from __future__ import annotations

from collections.abc import Callable

from domain.qualification.bant import Answers, Element, Status
from domain.qualification.verdict import Finding, Policy, Rule, Verdict
from handlers.i18n import Markup, Translator, escape
from handlers.terms import ANSWERS, BUDGET_STATES, ELEMENTS, LEVELS, STATUS_MARKS, STATUSES


def element_facts(t: Translator, answers: Answers, element: Element) -> list[tuple[str, str]]:
    """What is known of one element, as labels and values; nothing where nothing is known."""
    facts: dict[Element, Callable[[], list[tuple[str, str]]]] = {
        Element.BUDGET: lambda: [
            (t("Amount"), "" if answers.budget.amount_yen is None else t.yen(answers.budget.amount_yen)),
            (t("Budget status"), "" if answers.budget.state is None else t(BUDGET_STATES[answers.budget.state])),
            (t("Note"), answers.budget.note),
        ],
        Element.AUTHORITY: lambda: [
            (t("Decision maker"), answers.authority.decision_maker),
            (t("Influencers"), answers.authority.influencers),
            (t("Process"), answers.authority.process),
        ],
        Element.NEED: lambda: [
            (t("Urgency"), "" if answers.need.urgency is None else t(LEVELS[answers.need.urgency])),
            (t("Severity"), "" if answers.need.severity is None else t(LEVELS[answers.need.severity])),
            (t("Concreteness"), "" if answers.need.concreteness is None else t(LEVELS[answers.need.concreteness])),
            (t("Note"), answers.need.note),
        ],
        Element.TIMELINE: lambda: [
            (t("Start"), "" if answers.timeline.start_on is None else t.day(answers.timeline.start_on)),
            (t("Decision"), "" if answers.timeline.decide_on is None else t.day(answers.timeline.decide_on)),
            (t("Note"), answers.timeline.note),
        ],
    }
    return [(label, value) for label, value in facts[element]() if value]


def element_line(t: Translator, answers: Answers, element: Element) -> str:
    """One element on one line of plain text: 予算: 確認済み (金額: 1,200万円、状態: 確保済み)."""
    facts = t.listed(f"{label}: {value}" for label, value in element_facts(t, answers, element))
    line = f"{t(ELEMENTS[element])}: {t(STATUSES[answers.status(element)])}"
    if not facts:
        return line
    return f"{line}（{facts}）" if t.language == "ja" else f"{line} ({facts})"


def bant_text(t: Translator, answers: Answers) -> str:
    """All four elements and both plain answers as text, one a line."""
    lines = [element_line(t, answers, element) for element in Element]
    lines.append(f"{t('Pain recognised')}: {t(ANSWERS[answers.pain_recognised])}")
    lines.append(f"{t('Intent stated')}: {t(ANSWERS[answers.intent_stated])}")
    return "\n".join(lines)


def bant_marks(t: Translator, answers: Answers) -> Markup:
    """The four elements in one short line: ✅ 予算  ❌ 決裁権 …"""
    return Markup("   ".join(f"{STATUS_MARKS[answers.status(e)]} {t(ELEMENTS[e])}" for e in Element))


def finding_line(t: Translator, finding: Finding, verdict: Verdict, answers: Answers) -> Markup:
    """One rule and how it came out, with the figures."""
    mark = "✅" if finding.met else "❌"
    missing = t.listed(t(ELEMENTS[e]) for e in finding.missing)
    match finding.rule:
        case Rule.ENOUGH_CONFIRMED:
            text = t.md("BANT confirmed: {have} of 4 (needed: {need})", have=finding.have, need=finding.need)
            if not finding.met:
                text = Markup(text + t.md(" – still open: {missing}", missing=missing))
        case Rule.REQUIRED_CONFIRMED:
            text = t.md("The elements your team always needs")
            if not finding.met:
                text = Markup(text + t.md(" – still open: {missing}", missing=missing))
        case Rule.PAIN_RECOGNISED:
            text = t.md("Pain recognised: {answer}", answer=t(ANSWERS[answers.pain_recognised]))
        case Rule.INTENT_STATED:
            text = t.md("Intent stated: {answer}", answer=t(ANSWERS[answers.intent_stated]))
        case Rule.STARTS_SOON:
            start = answers.timeline.start_on
            text = t.md(
                "Start within {months} months (by {latest}): {start}",
                months=finding.need,
                latest=t.day(verdict.latest_start) if verdict.latest_start else "–",
                start=t.day(start) if start else t("no date yet"),
            )
    return Markup(f"{mark} {text}")


def findings_text(t: Translator, verdict: Verdict, answers: Answers) -> Markup:
    """All rules, one a line."""
    return Markup("\n".join(finding_line(t, finding, verdict, answers) for finding in verdict.findings))


def advice(t: Translator, verdict: Verdict, answers: Answers) -> list[str]:
    """What to ask next, for each rule that is not met."""
    asks = {
        Element.BUDGET: t("Budget: is there money for it this fiscal year, how much, and is it secured?"),
        Element.AUTHORITY: t("Authority: who decides in the end, and who has to agree before?"),
        Element.NEED: t("Need: what hurts most today, and what happens if nothing changes?"),
        Element.TIMELINE: t("Timeline: when should it run, and when will they decide?")
        if answers.timeline.start_on is None
        else t("Timeline: is the start agreed on their side, and when will they decide?"),
    }
    found: list[str] = []
    for finding in verdict.unmet:
        if finding.rule in (Rule.ENOUGH_CONFIRMED, Rule.REQUIRED_CONFIRMED):
            found += [asks[e] for e in finding.missing]
        elif finding.rule is Rule.PAIN_RECOGNISED:
            found.append(t("Pain: does the customer see the problem as theirs?"))
        elif finding.rule is Rule.INTENT_STATED:
            found.append(t("Intent: did the customer say they want to look into it?"))
        elif answers.timeline.start_on is None and asks[Element.TIMELINE] not in found:
            found.append(t("Start: which month do they want to begin?"))
    return list(dict.fromkeys(found))


def policy_text(t: Translator, policy: Policy) -> str:
    """A team's rules in one sentence."""
    everything = policy.min_confirmed == len(Element)
    parts = [t("all 4 BANT confirmed") if everything else t("at least {n} of 4 BANT confirmed", n=policy.min_confirmed)]
    if policy.required:
        parts.append(
            t("always: {elements}", elements=t.listed(t(ELEMENTS[e]) for e in Element if e in policy.required))
        )
    if policy.needs_pain:
        parts.append(t("pain recognised"))
    if policy.needs_intent:
        parts.append(t("intent stated"))
    if policy.start_within_months is not None:
        parts.append(t("start within {n} months", n=policy.start_within_months))
    return ("、" if t.language == "ja" else "; ").join(parts)


def status_mark(t: Translator, status: Status) -> Markup:
    """✅ 確認済み."""
    return Markup(f"{STATUS_MARKS[status]} {escape(t(STATUSES[status]))}")
