"""What this wing does for whoever asks the assistant: whom to call, how a lead stands, what is promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field
from slack_sdk.models.blocks import Block

from domain.errors import Code, Refused
from domain.leads import NextStep
from domain.members import Permission
from domain.outreach.calls import QUICK, QuickResult
from domain.outreach.natural_time import Reading
from handlers import lead_lines
from handlers.blocks import actions, button, context, section
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.interaction import Interaction, Reply
from handlers.lead_names import MOST_OFFERED, OfLead, lead_of, named, nobody, which
from handlers.messages import Reader, Rendered
from handlers.moments import moment_of
from handlers.outreach import call_queue, heat_map, inbound, leads, reminders
from handlers.outreach.call_words import log_button, quick_buttons, recorded, result_line
from handlers.outreach.lead_card import card
from handlers.routes import Routes
from handlers.tools import Arguments, Nothing, Planned, Which
from services.outreach import calls as call_service
from services.outreach import lead_card as card_service
from services.outreach import leads as lead_service
from services.outreach import reminders as reminder_service
from services.outreach.call_records import CalledMeanwhile, SeenCall
from services.outreach.leads import NextStepInput
from services.outreach.records import LeadLine

MOST_LISTED = 10
MOST_OWN = 1000
"""So many of one's own open leads are gone through for promised calls."""


def register(routes: Routes) -> None:
    """What can be asked for."""
    routes.tool("call_list", _("Call list"), CallList, call_list, Permission.LOG_CALLS)
    routes.tool("next_call", _("Next call"), NextCall, next_call, Permission.LOG_CALLS)
    routes.tool("lead", _("Lead"), Lead, lead, Permission.READ)
    routes.tool("find_leads", _("Search for leads"), FindLeads, find_leads, Permission.READ)
    routes.tool("my_leads", _("My leads"), MyLeads, my_leads, Permission.READ)
    routes.tool("callbacks", _("Promised calls"), Callbacks, callbacks, Permission.READ)
    routes.tool("overdue_steps", _("Overdue next steps"), OverdueSteps, overdue_steps, Permission.READ)
    routes.tool("aimless_leads", _("Leads without a next step"), AimlessLeads, aimless_leads, Permission.READ)
    routes.tool("inquiries", _("Inquiries nobody has answered"), Inquiries, inquiries, Permission.READ)
    routes.tool("response_speed", _("Speed to lead"), Speed, response_speed, Permission.READ, public=True)
    routes.tool("best_hours", _("Best hours to call"), BestHours, best_hours, Permission.READ, public=True)
    routes.tool("log_call", _("Log a call"), LogCall, log_call, Permission.LOG_CALLS, writes=True, plan=plan_log)
    routes.tool("plan_call", _("Plan a call"), PlanCall, plan_call, Permission.EDIT_LEADS, writes=True, plan=plan_plan)


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


def _said(reply: object) -> Rendered:
    """The message of a command's answer."""
    if not isinstance(reply, Reply):
        raise TypeError("This command answers with a message.")
    return reply.message


# Whom to call


class CallList(Nothing):
    """Today's call queue of the user: whom to call now and why, best first, with what was promised for later today."""


async def call_list(interaction: Interaction, _arguments: CallList) -> Rendered:
    """As `/call queue`."""
    return _said(await call_queue.show(interaction))


class NextCall(Nothing):
    """The single best lead for the user to call now, with number, reasons and last notes."""


async def next_call(interaction: Interaction, _arguments: NextCall) -> Rendered:
    """As `/call next`."""
    return _said(await call_queue.start(interaction))


class BestHours(Nothing):
    """The weekdays and hours at which the team reaches people best, from its own calls."""


async def best_hours(interaction: Interaction, _arguments: BestHours) -> Rendered:
    """As `/call heatmap`, in words."""
    return await heat_map.in_words(interaction)


# Leads


class Lead(OfLead):
    """How one lead or company stands: stage, next step, contact, company, history of calls, meetings and handoffs."""


async def lead(interaction: Interaction, arguments: Lead) -> Rendered:
    """A lead's card; of several at a company, each with its stage, next step and last call."""
    if not arguments.name and arguments.lead_id is None:
        return nobody(interaction.t, "")
    found = await lead_of(interaction, arguments)
    if isinstance(found, Rendered):
        return found
    if isinstance(found, Which):
        return await _listed(interaction, arguments.name)
    return card(_reader(interaction), await card_service.card(interaction.deps, interaction.actor, found.lead_id))


class FindLeads(Arguments):
    """Search for leads by person, reading, company, phone or mail address."""

    name: str = Field("", description="What to search for.")


async def find_leads(interaction: Interaction, arguments: FindLeads) -> Rendered:
    """The leads that fit; a single one as its card."""
    if not arguments.name:
        return nobody(interaction.t, "")
    return await lead(interaction, Lead(name=arguments.name, lead_id=None))


class MyLeads(Nothing):
    """The user's own open leads with stage, next step and last call, the one called last on top."""


async def my_leads(interaction: Interaction, _arguments: MyLeads) -> Rendered:
    """As `/lead find` without a name."""
    return _said(await leads.find(replace(interaction, text="")))


async def _listed(interaction: Interaction, name: str) -> Rendered:
    found = await named(interaction, name, leads.FOUND_LIMIT)
    return leads.listed(interaction, interaction.t("Leads that fit “{text}”", text=name), found)


class Callbacks(Nothing):
    """The user's calls that are planned or promised for a time: with whom and when, the soonest first."""


async def callbacks(interaction: Interaction, _arguments: Callbacks) -> Rendered:
    """One's own planned calls, those that are overdue marked."""
    t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
    own = await lead_service.mine(interaction.deps, actor, limit=MOST_OWN)
    planned = [(line.next_step_at, line) for line in own if line.next_step is NextStep.CALL and line.next_step_at]
    planned.sort(key=lambda each: each[0])
    if not planned:
        text = t("No calls are planned.")
        return Rendered(text, [section(Markup(f"📞 {escape(text)}"))])
    title = t.plural("{n} call is planned", "{n} calls are planned", len(planned))
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    for at, line in planned[:MOST_LISTED]:
        mark = "🔴" if at <= now else "⏰"
        when = t.moment(at, actor.zone, now=now)
        text_ = Markup(f"{mark} *{escape(when)}*　{escape(lead_lines.name(line))}")
        blocks.append(section(text_, button(t("Open"), f"lead.show#{line.lead_id}", line.lead_id)))
    more = len(planned) - MOST_LISTED
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return Rendered(title, blocks)


class OverdueSteps(Nothing):
    """The user's next steps whose time has passed, the longest overdue first."""


async def overdue_steps(interaction: Interaction, _arguments: OverdueSteps) -> Rendered:
    """As the reminder at noon."""
    found = await reminder_service.overdue(interaction.deps, interaction.actor, interaction.deps.now())
    if not found.count:
        text = interaction.t("No next step is overdue.")
        return Rendered(text, [section(Markup(f"✅ {escape(text)}"))])
    return reminders.OverdueSteps(found).render(_reader(interaction))


class AimlessLeads(Nothing):
    """The user's leads in work for which nothing is planned."""


async def aimless_leads(interaction: Interaction, _arguments: AimlessLeads) -> Rendered:
    """As the reminder on Friday."""
    found = await reminder_service.aimless(interaction.deps, interaction.actor)
    if not found.count:
        text = interaction.t("Every lead in work has a next step.")
        return Rendered(text, [section(Markup(f"✅ {escape(text)}"))])
    return reminders.AimlessLeads(found).render(_reader(interaction))


# Inquiries


class Inquiries(Nothing):
    """The team's inquiries from forms that nobody has answered yet, the one due first first."""


async def inquiries(interaction: Interaction, _arguments: Inquiries) -> Rendered:
    """As `/inbound open`."""
    return _said(await inbound.show_open(interaction))


class Speed(Nothing):
    """How fast the team answered inquiries in the last 30 days: median, 90th percentile, share within 5 minutes."""


async def response_speed(interaction: Interaction, _arguments: Speed) -> Rendered:
    """As `/inbound speed`."""
    return _said(await inbound.show_speed(replace(interaction, text="")))


# Calls logged and planned


class LogCall(OfLead):
    """Log a call the user just made to one lead, where nobody was reached. Other results are logged with a form, which
    this offers when `result` is null."""

    hidden: ClassVar[frozenset[str]] = frozenset({"seen"})

    result: QuickResult | None = Field(None, description="What came of it; null if it was anything else.")
    seen: str | None = None
    """When the lead was last called, as far as was known when the user was asked; "" for never."""


async def plan_log(interaction: Interaction, arguments: LogCall) -> Planned[LogCall] | Rendered | Which:
    """Which call is logged with which result; without a result, the results as buttons."""
    t = interaction.t
    if not arguments.name and arguments.lead_id is None:
        return await _own(interaction)
    found = await lead_of(interaction, arguments)
    if not isinstance(found, LeadLine):
        return found
    draft = await call_service.prepare(interaction.deps, interaction.actor, found.lead_id)
    if draft.do_not_call_at is not None:
        raise Refused(Code.DO_NOT_CALL)
    who = lead_lines.name(found)
    if arguments.result is None:
        text = t.md("*What came of the call to {name}?*", name=who)
        return Rendered(
            text,
            [
                section(text),
                actions(log_button(t, found.lead_id, style="primary"), *quick_buttons(t, found.lead_id)),
            ],
        )
    return _planned(interaction, found.lead_id, who, arguments.result, draft.state.last_called_at)


def _planned(
    interaction: Interaction,
    lead_id: int,
    who: str,
    quick: QuickResult,
    last_called_at: datetime | None,
    meanwhile: Block | None = None,
) -> Planned[LogCall]:
    """`meanwhile`: what has happened since the asker was asked before."""
    t = interaction.t
    text = t.md("*{name}*\nLog a call now: {result}", name=who, result=result_line(t, QUICK[quick]))
    above = [meanwhile] if meanwhile is not None else []
    seen = last_called_at.isoformat() if last_called_at is not None else ""
    settled = LogCall(name="", lead_id=lead_id, result=quick, seen=seen)
    return Planned(Rendered(text, [*above, section(Markup(f"📞 {text}"))]), settled, t("Log it"))


async def _own(interaction: Interaction) -> Which | Rendered:
    own = await lead_service.mine(interaction.deps, interaction.actor, limit=MOST_OFFERED)
    return which(interaction, own) if own else nobody(interaction.t, "")


async def log_call(interaction: Interaction, arguments: LogCall) -> Rendered | Planned[LogCall]:
    """Write the call down; it can be undone as any other. Where the lead was called since the asker was asked, they are
    asked again."""
    if arguments.lead_id is None or arguments.result is None:
        raise Refused(Code.REQUIRED)
    seen = None
    if arguments.seen is not None:
        seen = SeenCall(datetime.fromisoformat(arguments.seen) if arguments.seen else None)
    try:
        done = await call_service.log(
            interaction.deps,
            interaction.actor,
            arguments.lead_id,
            QUICK[arguments.result],
            request_key=f"asked:{interaction.value}",
            seen=seen,
        )
    except CalledMeanwhile as other:
        t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
        draft = await call_service.prepare(interaction.deps, actor, arguments.lead_id)
        said = t.md(
            ":warning: A call to this person has been saved since I asked you: {at}. "
            "To save one more, click once more.",
            at=t.moment(other.at, actor.zone, now=now),
        )
        who = f"{draft.contact} / {draft.account}"
        return _planned(interaction, arguments.lead_id, who, arguments.result, other.at, section(said))
    call_queue.after_call(interaction, done.owner_id)
    return recorded(_reader(interaction), done)


class PlanCall(OfLead):
    """Plan the next call to a lead for a time."""

    hidden: ClassVar[frozenset[str]] = frozenset({"at", "version"})

    when: str = Field("", description="When to call, in the user's own words, such as 明日10時 or next Tuesday 3pm.")
    at: datetime | None = None
    version: int | None = None


async def plan_plan(interaction: Interaction, arguments: PlanCall) -> Planned[PlanCall] | Rendered | Which:
    """Whom to call when."""
    t, actor = interaction.t, interaction.actor
    now = interaction.deps.now()
    reading = await moment_of(interaction, arguments.when)
    if not isinstance(reading, Reading):
        return reading
    found = await lead_of(interaction, arguments)
    if not isinstance(found, LeadLine):
        return found
    shown = await card_service.card(interaction.deps, actor, found.lead_id)
    if shown.do_not_call is not None:
        raise Refused(Code.DO_NOT_CALL)
    when = t.moment(reading.at, actor.zone, now=now)
    text = t.md("*{name}*\nNext step: call again, {when}", name=lead_lines.name(found), when=when)
    blocks: list[Block] = [section(Markup(f"⏰ {text}"))]
    before = lead_lines.next_step(t, found, actor.zone, now)
    if before != "–":
        blocks.append(context(t.md("In place of: {step}", step=before)))
    if not reading.business_day:
        blocks.append(context(t.md(":warning: Your team does not work on that day.")))
    settled = PlanCall(name="", lead_id=found.lead_id, when="", at=reading.at, version=found.version)
    return Planned(Rendered(text, blocks), settled, t("Plan it"))


async def plan_call(interaction: Interaction, arguments: PlanCall) -> Rendered:
    """Set the next step. A second time finds the lead's version changed."""
    if arguments.lead_id is None or arguments.at is None:
        raise Refused(Code.REQUIRED)
    t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
    local = arguments.at.astimezone(ZoneInfo(actor.zone))
    line = await lead_service.set_next_step(
        interaction.deps,
        actor,
        arguments.lead_id,
        NextStepInput(NextStep.CALL, on=local.date(), time=local.time()),
        lead_version=arguments.version,
    )
    step = lead_lines.next_step(t, line, actor.zone, now)
    text = t.md("*{name}*: {step}", name=lead_lines.name(line), step=step)
    opener = button(t("Open"), f"lead.show#{line.lead_id}", line.lead_id)
    return Rendered(text, [section(Markup(f"✅ {text}"), opener)])
