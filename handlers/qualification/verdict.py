"""The verdict in words, its rules in a modal, and the manager's override (work item 3-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock, PlainTextObject
from slack_sdk.models.views import View

from domain.errors import Code
from domain.leads import Source, Stage
from domain.members import Permission, may
from domain.qualification.bant import Answers, Element
from domain.qualification.verdict import Policy, Verdict, judge
from handlers import lead_lines
from handlers.blocks import (
    VALUE,
    Choice,
    actions,
    button,
    context,
    modal,
    number_input,
    option,
    section,
    select_input,
    text_input,
)
from handlers.forms import record, word
from handlers.i18n import Markup, Translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.messages import Reader, Rendered
from handlers.qualification.words import advice, findings_text, policy_text
from handlers.routes import Outgoing, Routes
from handlers.terms import ELEMENTS
from services import deliveries
from services.deps import Deps
from services.outreach.records import LeadLine
from services.qualification import verdict as service
from services.qualification.records import Override, PolicyVersion, QualificationView
from services.qualification.verdict import JudgedLead


def register(routes: Routes) -> None:
    """`/lead rules`, its modal and the override."""
    routes.command(
        "lead",
        "rules",
        open_rules,
        Permission.READ,
        usage=_("rules"),
        summary=_("See the rules of the verdict; managers can change them"),
    )
    routes.view("verdict.rules.submit", save_rules, Permission.EDIT_POLICY)
    routes.action("verdict.override", open_override, Permission.OVERRIDE_VERDICT)
    routes.view("verdict.override.submit", override, Permission.OVERRIDE_VERDICT)
    routes.delivery(service.OVERRIDDEN, compose_overridden)


def verdict_blocks(t: Translator, verdict: Verdict, answers: Answers, version: int) -> list[Block]:
    """The judgement, every rule's finding, and what to ask next."""
    if verdict.sales_qualified:
        head = t.md("*Sales qualified.* Field sales can take over.")
        blocks = [section(Markup(f"🟢 {head}"))]
    else:
        head = t.md("*Not sales qualified yet.*")
        blocks = [section(Markup(f"🟡 {head}"))]
    blocks.append(section(findings_text(t, verdict, answers)))
    asks = advice(t, verdict, answers)
    if asks:
        lines = Markup("\n".join(f"• {t.md('{ask}', ask=ask)}" for ask in asks))
        blocks.append(section(Markup(f"*{t('What to ask next')}*\n{lines}")))
    blocks.append(context(t.md("Judged by version {version} of your team's rules", version=version)))
    return blocks


async def open_rules(interaction: Interaction) -> Answer:
    """A manager gets the modal, everybody else the rules in words."""
    t = interaction.t
    current = await service.policy(interaction.deps, interaction.actor)
    if not may(interaction.actor.role, Permission.EDIT_POLICY):
        text = t.md(
            "*A lead is sales qualified with:* {rules} (version {version})",
            rules=policy_text(t, current.policy),
            version=current.version,
        )
        return Reply(Rendered(t("The rules of the verdict"), [section(text)]))
    await interaction.open(rules_modal(interaction, current))
    return None


def rules_modal(interaction: Interaction, current: PolicyVersion) -> View:
    """The team's rules as inputs."""
    t, policy = interaction.t, current.policy
    by = current.created_by_name
    history = (
        t.md(
            "Version {version}, {date}, by {name}",
            version=current.version,
            date=t.moment(current.created_at, interaction.actor.zone, now=interaction.deps.now()),
            name=by,
        )
        if by
        else t.md("Version {version}, the framework's defaults", version=current.version)
    )
    counts = [Choice(str(n), t("{n} of 4", n=n)) for n in range(len(Element) + 1)]
    elements = [Choice(e.value, t(ELEMENTS[e])) for e in Element]
    conditions = [
        Choice("pain", t("Pain must be recognised")),
        Choice("intent", t("Intent must be stated")),
    ]
    ticked = [c for c in conditions if (policy.needs_pain if c.value == "pain" else policy.needs_intent)]
    return modal(
        "verdict.rules.submit",
        t("Rules of the verdict"),
        [
            section(t.md("A change holds from the next qualification on; earlier verdicts keep their version.")),
            select_input(
                "min_confirmed",
                t("BANT elements confirmed, at least"),
                counts,
                str(policy.min_confirmed),
                optional=False,
            ),
            _boxes("required", t("Always needed"), elements, [c for c in elements if c.value in policy.required]),
            _boxes("conditions", t("Also"), conditions, ticked),
            number_input(
                "start_within_months",
                t("Start within how many months"),
                policy.start_within_months,
                least=1,
                most=24,
                hint=t("Leave empty if the start date does not matter."),
            ),
            context(history),
        ],
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(version=current.version),
    )


def _boxes(block_id: str, label: str, choices: list[Choice], ticked: list[Choice]) -> Block:
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        optional=True,
        element=CheckboxesElement(
            action_id=VALUE,
            options=[option(c) for c in choices],
            initial_options=[option(c) for c in ticked] or None,
        ),
    )


async def save_rules(interaction: Interaction) -> Answer:
    """Save the rules as a new version and say what holds now."""
    t, form = interaction.t, interaction.form
    counted = form.option("min_confirmed")
    conditions = set(form.choices("conditions"))
    months = form.number("start_within_months")
    if counted is None:
        form.wrong("min_confirmed", Code.REQUIRED)
    form.check()
    policy = Policy(
        min_confirmed=record(counted or 0, "min_confirmed"),
        required=frozenset(word(Element, value, "required") for value in form.choices("required")),
        needs_pain="pain" in conditions,
        needs_intent="intent" in conditions,
        start_within_months=months,
    )
    saved = await service.change_policy(
        interaction.deps, interaction.actor, policy, based_on=int(interaction.metadata["version"])
    )
    text = t.md(
        "*Saved as version {version}.* A lead is sales qualified with: {rules}",
        version=saved.version,
        rules=policy_text(t, saved.policy),
    )
    return Update(modal("verdict.rules.saved", t("Rules of the verdict"), [section(text)], close=t("Close")))


async def open_override(interaction: Interaction) -> Answer:
    """Ask the manager for the reason."""
    t = interaction.t
    qualification_id = interaction.record
    judged = await service.judged_lead(interaction.deps, interaction.actor.team_id, qualification_id)
    now = t("sales qualified") if judged.qualification.sales_qualified else t("not sales qualified")
    await interaction.open(
        modal(
            "verdict.override.submit",
            t("Override the verdict"),
            [
                section(t.md("*{name}* is now: {verdict}", name=lead_lines.name(judged.lead), verdict=now)),
                context(t.md("The verdict is turned round. Your name and the reason are kept with it.")),
                text_input("reason", t("Reason"), optional=False, multiline=True, max_length=1000, focus=True),
            ],
            submit=t("Override"),
            close=t("Cancel"),
            private_metadata=metadata(
                qualification=qualification_id,
                lead=judged.lead.lead_id,
                target=int(not judged.qualification.sales_qualified),
            ),
        )
    )
    return None


async def override(interaction: Interaction) -> Answer:
    """Turn the verdict round."""
    t, given = interaction.t, interaction.metadata
    done = await service.override(
        interaction.deps,
        interaction.actor,
        int(given["qualification"]),
        interaction.form.text("reason"),
        sales_qualified=bool(given["target"]),
    )
    text = (
        t.md("*Sales qualified* by your decision. The lead can be handed off now.")
        if done.sales_qualified
        else t.md("*Not sales qualified* by your decision. Please set the next step.")
    )
    if not done.sales_qualified:
        return Update(modal("verdict.overridden", t("Override the verdict"), [section(text)], close=t("Close")))
    private = metadata(lead=int(given["lead"]), qualification=done.qualification_id)
    return Update(
        modal(
            "handoff.begin",
            t("Override the verdict"),
            [section(text)],
            submit=t("Hand off"),
            close=t("Later"),
            private_metadata=private,
        )
    )


@dataclass(frozen=True, slots=True)
class VerdictOverridden:
    """To the lead's owner: a manager put the verdict aside."""

    judged: JudgedLead

    def render(self, reader: Reader) -> Rendered:
        """Which lead, by whom, why, and what can be done now."""
        t, lead, qualification = reader.t, self.judged.lead, self.judged.qualification
        override = qualification.override
        text = t.md(
            "*{name}* was set to “{verdict}” by {manager}: {reason}",
            name=lead_lines.name(lead),
            verdict=t("sales qualified") if qualification.sales_qualified else t("not sales qualified"),
            manager=override.by if override else "–",
            reason=override.reason if override else "–",
        )
        row = [button(t("Open the lead"), "lead.show", lead.lead_id)]
        if qualification.sales_qualified:
            row.insert(0, button(t("Hand off"), "lead.hand_off", lead.lead_id, style="primary"))
        return Rendered(text, [section(Markup(f"⚖️ {text}")), actions(*row)])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Turned to qualified, and back."""
        at = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
        line = LeadLine(
            12, 1, Stage.SALES_QUALIFIED, Source.WEBINAR, None, None, None, None, at, 3, "株式会社あおば精機製作所",
            5, "山田 <太郎>", "部長", 1, "佐藤 美咲", "U0123456789",
        )  # fmt: skip
        verdict = judge(Answers(), Policy(), at.date())
        override = Override("加藤 裕子", at, "社長同士の <約束> のため")
        return [
            cls(
                JudgedLead(
                    line,
                    QualificationView(
                        9, 12, "佐藤 美咲", at.date(), at, Answers(), Policy(), 1, verdict, qualified, override
                    ),
                )
            )
            for qualified in (True, False)
        ]


async def compose_overridden(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The news of an override."""
    judged = await service.judged_lead(deps, team_id, int(arguments["qualification_id"]))
    owner = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, owner)
    return Outgoing(VerdictOverridden(judged), voice.language, voice.zone, owner)
