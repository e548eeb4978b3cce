"""Whether a lead is sales qualified (work item 3-4)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.calendar import add_months
from domain.errors import Code, Refused, Rejected
from domain.qualification.bant import Answer, Answers, Element, Status

MAX_MONTHS = 24


class Rule(StrEnum):
    """The rules a verdict checks, in the order in which they are shown."""

    ENOUGH_CONFIRMED = "enough_confirmed"
    REQUIRED_CONFIRMED = "required_confirmed"
    PAIN_RECOGNISED = "pain_recognised"
    INTENT_STATED = "intent_stated"
    STARTS_SOON = "starts_soon"


@dataclass(frozen=True, slots=True)
class Policy:
    """A team's rules. The defaults are the framework's own: three of four confirmed, pain recognised,
    intent stated, start within three months (『インサイドセールスの業務内容を徹底解説』, work item 3-4).

    `start_within_months` None: the start date is not judged.
    """

    min_confirmed: int = 3
    required: AbstractSet[Element] = field(default_factory=frozenset)
    needs_pain: bool = True
    needs_intent: bool = True
    start_within_months: int | None = 3

    def check(self) -> None:
        """Raise `Rejected` with every field that is out of range."""
        refusals = []
        if not 0 <= self.min_confirmed <= len(Element):
            refusals.append(Refused(Code.INVALID, "min_confirmed", least=0, most=len(Element)))
        if self.start_within_months is not None and not 1 <= self.start_within_months <= MAX_MONTHS:
            refusals.append(Refused(Code.INVALID, "start_within_months", least=1, most=MAX_MONTHS))
        if refusals:
            raise Rejected(*refusals)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule and how it came out.

    `missing` names the elements that would have to be confirmed. `have` and `need` are counts for ENOUGH_CONFIRMED
    and months for STARTS_SOON (`need` only); None elsewhere.
    """

    rule: Rule
    met: bool
    missing: tuple[Element, ...] = ()
    have: int | None = None
    need: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement and every rule's finding; `latest_start` is the last day that still counts as soon."""

    sales_qualified: bool
    findings: tuple[Finding, ...]
    latest_start: date | None = None

    @property
    def unmet(self) -> tuple[Finding, ...]:
        """The findings that stand in the way."""
        return tuple(f for f in self.findings if not f.met)


def judge(answers: Answers, policy: Policy, today: date) -> Verdict:
    """Judge one qualification by one policy.

    `today` is the local date of the team. A start on the very day `start_within_months` months from today still
    counts; one before today does not, because it can no longer be kept.
    """
    confirmed = answers.confirmed
    open_elements = tuple(e for e in Element if answers.status(e) is not Status.CONFIRMED)
    findings = [
        Finding(
            Rule.ENOUGH_CONFIRMED,
            len(confirmed) >= policy.min_confirmed,
            () if len(confirmed) >= policy.min_confirmed else open_elements,
            len(confirmed),
            policy.min_confirmed,
        )
    ]
    if policy.required:
        absent = tuple(e for e in open_elements if e in policy.required)
        findings.append(Finding(Rule.REQUIRED_CONFIRMED, not absent, absent))
    if policy.needs_pain:
        findings.append(Finding(Rule.PAIN_RECOGNISED, answers.pain_recognised is Answer.YES))
    if policy.needs_intent:
        findings.append(Finding(Rule.INTENT_STATED, answers.intent_stated is Answer.YES))
    latest: date | None = None
    if policy.start_within_months is not None:
        latest = add_months(today, policy.start_within_months)
        start = answers.timeline.start_on
        met = start is not None and today <= start <= latest
        findings.append(Finding(Rule.STARTS_SOON, met, need=policy.start_within_months))
    return Verdict(all(f.met for f in findings), tuple(findings), latest)
