"""Judging a lead by what the call brought (work item 3-1)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from domain.errors import Code, Refused
from domain.leads import Stage, after_verdict, may_qualify
from domain.members import Permission, require
from domain.pipeline.notes import accept
from domain.qualification.bant import Answers
from domain.qualification.verdict import Policy, Verdict, judge
from services.deps import Actor, Deps
from services.outreach.records import ContactFacts, LeadLine, contact_facts, lead_line
from services.outreach.stages import move, steps_of_verdict
from services.pipeline import proposals
from services.pipeline.proposals import SummaryLine
from services.pipeline.recording_records import ProposalView
from services.qualification.records import (
    QualificationView,
    policy_of,
    qualification_view,
)
from services.qualification.verdict import make_defaults
from services.targeting.records import AccountFacts, account_facts
from storage import leads as lead_queries
from storage import qualification as queries
from storage.members import audit


@dataclass(frozen=True, slots=True)
class QualifyDraft:
    """What the form starts from: all that is known about the lead. `lead_version` goes back with the form."""

    lead: LeadLine
    account: AccountFacts
    contact: ContactFacts
    answers: Answers
    policy: Policy
    policy_version: int
    lead_version: int
    last: QualificationView | None
    """The newest judgement, whose answers these are; None for a lead that was never judged."""
    from_call: tuple[ProposalView, ...] = ()
    """What was accepted since from conversations: it is in the answers."""
    summary: tuple[SummaryLine, ...] = ()
    """What the newest conversation came to, for a summary that nobody has written yet."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement just made."""

    qualification_id: int
    verdict: Verdict
    policy_version: int
    lead: LeadLine


async def prepare(deps: Deps, actor: Actor, lead_id: int) -> QualifyDraft:
    """Everything the form shows. Refused: NOT_ALLOWED, NOT_FOUND, WRONG_STAGE while field sales has the lead."""
    require(actor.role, Permission.QUALIFY)
    async with deps.reading(actor.team_id) as session:
        found = await queries.lead_to_judge(session, lead_id)
        if found is None:
            raise Refused(Code.NOT_FOUND)
        if not may_qualify(Stage(found.lead.stage)):
            raise Refused(Code.WRONG_STAGE, current=found.lead.stage, target=Stage.SALES_QUALIFIED.value)
        account = await lead_queries.account(session, found.lead.account_id)
        contact = await lead_queries.contact(session, found.lead.contact_id)
        judged = await queries.qualifications(session, lead_id, 1)
        accepted = await proposals.accepted(session, lead_id, judged[0].created_at if judged else None)
        summary = await proposals.summary(session, lead_id)
    if account is None or contact is None:
        raise Refused(Code.NOT_FOUND)
    last = qualification_view(judged[0]) if judged else None
    known = last.answers if last else Answers()
    return QualifyDraft(
        lead=lead_line(found.lead),
        account=account_facts(account),
        contact=contact_facts(contact),
        answers=accept(known, (each.proposed for each in accepted)),
        # Version 1 is written when the first lead is judged; until then its rules are known all the same.
        policy=policy_of(found.policy) if found.policy else Policy(),
        policy_version=found.policy.version if found.policy else 1,
        lead_version=found.lead.version,
        last=last,
        from_call=accepted,
        summary=() if known.call_summary else summary,
    )


def submission_key(actor: Actor, lead_version: int, answers: Answers) -> str:
    """What names a submission: who says what, of the lead as its form has seen it.

    So it stays the same where the answer was lost, and where Slack brings a form late that was asked for twice; whoever
    changes an answer, or opens the form once the judgement is there, means another.
    """
    said = json.dumps(answers.to_json(), sort_keys=True)
    return f"{actor.member_id}:{lead_version}:{hashlib.sha256(said.encode()).hexdigest()[:32]}"


async def qualify(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    answers: Answers,
    *,
    lead_version: int | None = None,
    request_key: str | None = None,
) -> Judged:
    """Save what the call brought, judge it by the rules in force and move the lead.

    `lead_version` is the version the form was filled from, None to save whatever happened since. `request_key` names
    the submission (`submission_key`): sent twice it makes one qualification, and the second call gives the first
    one's answer.

    Refused: NOT_ALLOWED, NOT_FOUND, STALE, WRONG_STAGE while field sales has the lead. Rejected: fields `amount_yen`
    and every text (by its name in the answers) that is out of bounds.
    """
    require(actor.role, Permission.QUALIFY)
    answers.check()
    key = f"{lead_id}:{request_key}" if request_key else None
    try:
        judged = await _save(deps, actor, lead_id, answers, lead_version, key)
        if judged is None:
            async with deps.writing(actor.team_id) as session:
                await make_defaults(session, deps.now())
            judged = await _save(deps, actor, lead_id, answers, lead_version, key)
    except Refused as refused:
        # Perhaps it was this very submission that changed the lead.
        before = await _before(deps, actor, lead_id, key) if key and refused.code is not Code.NOT_FOUND else None
        if before is None:
            raise
        return before
    if judged is None:
        raise Refused(Code.NOT_FOUND)
    return judged


async def _save(
    deps: Deps, actor: Actor, lead_id: int, answers: Answers, lead_version: int | None, key: str | None
) -> Judged | None:
    """The transaction of `qualify`; None when the team has no rules yet."""
    now, today = deps.now(), deps.today(actor.team_zone)
    # A rep waits for this one with the next call in mind.
    async with deps.brief(actor.team_id) as brief:
        found = await queries.lead_to_judge(brief, lead_id, lock=True)
        if found is None:
            raise Refused(Code.NOT_FOUND)
        stage = Stage(found.lead.stage)
        if not may_qualify(stage):
            raise Refused(Code.WRONG_STAGE, current=stage.value, target=Stage.SALES_QUALIFIED.value)
        if lead_version not in (None, found.lead.version):
            raise Refused(Code.STALE, version=found.lead.version)
        if found.policy is None:
            return None
        verdict = judge(answers, policy_of(found.policy), today)
        target = after_verdict(stage, verdict.sales_qualified)
        steps = steps_of_verdict(verdict.sales_qualified, found.lead.next_step)
        await move(brief, actor, lead_id, stage, target, now, **steps)
        detail = {
            "sales_qualified": verdict.sales_qualified,
            "policy_version": found.policy.version,
            "stage": target.value,
        }
        await audit(brief, actor.member_id, "lead.qualify", f"leads:{lead_id}", detail, now)
        # Last, because its answer is waited for: what comes before goes along.
        made = await queries.add_qualification(
            brief,
            lead_id=lead_id,
            member_id=actor.member_id,
            policy_id=found.policy.id,
            judged_on=today.isoformat(),
            answers=answers.to_json(),
            sales_qualified=verdict.sales_qualified,
            request_key=key,
            created_at=now,
        )
        if made is None:
            raise Refused(Code.STALE)
    # What was read under the lock and what was just written make the line; nobody else could have changed it.
    after = found.lead._replace(stage=target.value, version=found.lead.version + 1, **steps)
    return Judged(
        qualification_id=made,
        verdict=verdict,
        policy_version=found.policy.version,
        lead=lead_line(after),
    )


async def _before(deps: Deps, actor: Actor, lead_id: int, key: str) -> Judged | None:
    """The answer a submission got the first time, with the lead as it stands now; None when it is the first time."""
    async with deps.reading(actor.team_id) as session:
        made = await queries.qualification_of_request(session, key)
        found = await queries.lead_to_judge(session, lead_id) if made else None
        if made is None or found is None:
            return None
    view = qualification_view(made)
    return Judged(
        qualification_id=view.qualification_id,
        verdict=view.verdict,
        policy_version=view.policy_version,
        lead=lead_line(found.lead),
    )
