"""Logging calls (work item 2-1): one click for the commonest results, a form for the others, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Source
from domain.members import Permission, may
from domain.outreach.calls import BOUNDS, QUICK, CallRules, Outcome, QuickResult
from domain.outreach.time_words import Unreadable
from handlers.blocks import Choice, actions, context, modal, number_input, section
from handlers.boundary import warning
from handlers.forms import Form, record, word
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.interaction import (
    Answer,
    Clear,
    Errors,
    Interaction,
    Kept,
    Reply,
    Update,
    dicts,
    metadata,
)
from handlers.lead_choice import LeadChoice
from handlers.messages import Reader, Rendered
from handlers.moments import unreadable
from handlers.outreach import call_form, call_queue, inbound
from handlers.outreach.call_words import CapReached, gap_warning, nurtured, recorded, speaking_buttons, taken_back
from handlers.outreach.leads import add_view
from handlers.outreach.whispers import whisper
from handlers.routes import Outgoing, Routes
from services import deliveries
from services.deps import Deps
from services.outreach import calls as service
from services.outreach import lead_card as card_service
from services.outreach import leads
from services.outreach.call_records import CalledMeanwhile, SeenCall
from services.outreach.leads import NextStepInput

SUBMIT = "call.log.submit"
RULES = "call.rules.submit"


HOME = "home"
"""In the form's private metadata: it was opened on the home tab, which is drawn anew when it is submitted."""
SCRIPT = "script"
"""In the form's private metadata: the version of the script that was open."""
SEEN = "called"
"""In the form's private metadata: when the lead had last been called, as the form says; "" for never."""
CARRIED = (call_queue.ORIGIN, "url", HOME, SCRIPT)
GOES_ON = frozenset({Outcome.MEETING_SET, Outcome.REFERRED, Outcome.SEND_MATERIAL})
"""Outcomes after which there is something to do before the next call."""
NOT_UNDONE = {
    Code.NOT_ALLOWED: _("Only the person who logged this call can undo it."),
    Code.STALE: _("Another call to this lead was logged since, so this one stays."),
}
"""Why a call is not taken back, where the usual sentence does not fit a click."""


def register(routes: Routes) -> None:
    """Buttons, commands, forms and deliveries about calls."""
    routes.command(
        "call",
        "log",
        CHOICE.by_name,
        Permission.LOG_CALLS,
        usage=_("log [name or company]"),
        summary=_("Log a call: who spoke, what came of it, what is next"),
    )
    routes.command(
        "call",
        "rules",
        show_rules,
        Permission.READ,
        usage=_("rules"),
        summary=_("How often a lead is called: attempts, minimum gap, daily target"),
    )
    routes.view(RULES, save_rules, Permission.EDIT_TEAM)
    routes.action("call.log", CHOICE.by_button, Permission.LOG_CALLS)
    routes.shortcut("call.log.message", open_from_message, Permission.LOG_CALLS, name=_("Log a call"), kind="message")
    CHOICE.register(routes, Permission.LOG_CALLS)
    routes.action(call_form.CHANGED, redraw, Permission.LOG_CALLS)
    routes.view(SUBMIT, submit, Permission.LOG_CALLS)
    routes.action("call.referred", open_referred, Permission.EDIT_LEADS)
    routes.action("call.quick", quick, Permission.LOG_CALLS)
    routes.action("call.undo", undo, Permission.LOG_CALLS)
    routes.action("call.nurture", nurture, Permission.EDIT_LEADS)
    routes.delivery(service.CAP_REACHED, compose_cap_reached)


def reader(interaction: Interaction) -> Reader:
    """For whom answers are rendered."""
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


def click_key(interaction: Interaction) -> str:
    """What tells this click from every other one, also when Slack sends it twice: where, when, by whom."""
    body = interaction.body
    container = body.get("container") or {}
    place = container.get("message_ts") or container.get("view_id") or ""
    clicked = (body.get("actions") or [{}])[0]
    return f"click:{interaction.actor.slack_user}:{place}:{clicked.get('action_ts') or interaction.trigger_id}"


async def quick(interaction: Interaction) -> Answer:
    """One of the commonest results, by one click: nothing opens, and it can be undone."""
    clicked: Mapping[str, Any] = interaction.body["actions"][0]
    result = QUICK[word(QuickResult, str(clicked["action_id"]).partition("#")[2])]
    key = click_key(interaction)
    done = await service.log(interaction.deps, interaction.actor, interaction.record, result, request_key=key)
    inbound.after_call(interaction)
    if call_queue.after_call(interaction, done.owner_id):
        return None
    return whisper(interaction, recorded(reader(interaction), done))


async def undo(interaction: Interaction) -> Answer:
    """Take the call back; the confirmation it stood on says so."""
    call_id, _colon, mark = interaction.value.partition(":")
    try:
        undone = await service.undo(interaction.deps, interaction.actor, record(call_id), mark)
    except Refused as refused:
        # The button has outlived its call: a card of the queue is drawn without it.
        call_queue.after_call(interaction)
        words = NOT_UNDONE.get(refused.code)
        if words is None:
            raise
        return Reply(warning(interaction.t(words)))
    if call_queue.after_call(interaction, undone.owner_id):
        return None
    return whisper(interaction, taken_back(reader(interaction), undone), replace=True)


async def nurture(interaction: Interaction) -> Answer:
    """The lead leaves the calls for nurturing."""
    plan = NextStepInput(NextStep.NURTURE)
    line = await leads.set_next_step(interaction.deps, interaction.actor, interaction.record, plan)
    return whisper(interaction, nurtured(interaction.t, line))


async def compose_cap_reached(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The offer to nurture a lead, to its owner; nothing when somebody has decided about it since."""
    owner = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, owner)
    left = await service.left_the_lists(deps, team_id, int(arguments["lead"]))
    if left is None:
        return None
    message = CapReached(left.lead_id, f"{left.contact} / {left.account}", left.attempts)
    return Outgoing(message, voice.language, voice.zone, owner)


# The form


async def open_from_message(interaction: Interaction) -> Answer:
    """The form of the lead a message shows; of several, or none, one is chosen."""
    shown = leads_in(interaction.body.get("message") or {})
    if len(shown) == 1:
        await interaction.open(await _form(interaction, shown[0]))
    else:
        await CHOICE.ask(interaction)
    return None


SHOWS_A_LEAD = frozenset(
    {"call.log", "call.quick", "call.stop", "lead.hand_off", "lead.next", "lead.qualify", "lead.reopen", "lead.show"}
)
"""Buttons whose value is a lead."""


def leads_in(message: Mapping[str, Any]) -> list[int]:
    """The leads that a message's buttons are about, each once."""
    found: dict[int, None] = {}
    for block in message.get("blocks") or []:
        for element in [*(block.get("elements") or []), block.get("accessory") or {}]:
            name, value = str(element.get("action_id", "")).partition("#")[0], str(element.get("value", ""))
            if name in SHOWS_A_LEAD and value.isdecimal():
                found[int(value)] = None
    return list(found)


def carried(interaction: Interaction) -> dict[str, str]:
    """What goes along from a click to the form: the script that was open, and where the answer goes when the form is
    submitted, since a submission itself brings no address."""
    given = interaction.metadata
    if any(given.get(name) for name in CARRIED):
        return {name: str(given[name]) for name in CARRIED if given.get(name)}
    if interaction.view.get("type") == "home":
        return {HOME: "1"}
    origin = call_queue.origin(interaction)
    if origin:
        return {call_queue.ORIGIN: origin}
    url = str(interaction.body.get("response_url") or "")
    return {"url": url} if url else {}


async def _form(interaction: Interaction, lead_id: int) -> View:
    t, now = interaction.t, interaction.deps.now()
    draft = await service.prepare(interaction.deps, interaction.actor, lead_id)
    if draft.do_not_call_at is not None:
        # Said before anything is typed.
        raise Refused(Code.DO_NOT_CALL)
    facts = [t.phone_link(draft.phone)] if draft.phone else []
    if draft.state.last_called_at is not None:
        facts.append(t.md("Last call: {at}", at=t.moment(draft.state.last_called_at, interaction.actor.zone, now=now)))
    facts.append(t.md("Attempt {n} of {most}", n=draft.state.attempts + 1, most=draft.rules.max_attempts))
    head: list[Block] = [
        section(Markup(f"*{escape(draft.contact)}*　{escape(draft.account)}")),
        context(Markup("　".join(facts))),
    ]
    if draft.since_last is not None:
        head.append(context(gap_warning(t, draft.since_last, draft.rules)))
    head.append(actions(*speaking_buttons(t, lead_id)))
    typed = call_form.Typed.read(Form({}), {})
    return modal(
        SUBMIT,
        t("Log a call"),
        [*head, *call_form.inputs(t, typed)],
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(lead=lead_id, **{SEEN: _stamp(draft.state.last_called_at)}, **carried(interaction)),
    )


CHOICE = LeadChoice("call.log.pick", _("Log a call"), _form, carried)


def _stamp(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _seen(interaction: Interaction) -> SeenCall | None:
    """What was known of the lead when the form was opened; None in one from before there was such a thing."""
    stands = interaction.metadata.get(SEEN)
    return None if stands is None else SeenCall(datetime.fromisoformat(stands) if stands else None)


async def redraw(interaction: Interaction) -> Answer:
    """An axis was chosen: what fits it is shown; what stands above the inputs stays."""
    given = interaction.metadata
    typed = _typed(interaction)
    above = [block for block in interaction.view["blocks"] if block["type"] != "input"]
    given["kept"] = dict(typed.kept)
    carried = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
    await interaction.redraw_blocks([*above, *dicts(call_form.inputs(interaction.t, typed))], carried)
    return None


def _typed(interaction: Interaction) -> call_form.Typed:
    kept = interaction.metadata.get("kept")
    return call_form.Typed.read(interaction.form, kept if isinstance(kept, dict) else {})


async def submit(interaction: Interaction) -> Answer:
    """Save the call and say what is next, where the form was opened from. What is to be done at once is offered in the
    form's place."""
    deps, actor, t = interaction.deps, interaction.actor, interaction.t
    typed = _typed(interaction)
    call_form.check(typed)
    at, told = None, ""
    try:
        if typed.asks_time:
            reading = await service.when(deps, actor, typed.when, typed.on, typed.time)
            at, told = reading.at, call_form.read_as(t, reading)
        elif typed.step is NextStep.NURTURE and typed.on is not None:
            at = (await service.when(deps, actor, "", typed.on, None)).at
    except Unreadable as problem:
        return Errors({"when": unreadable(t, problem, actor.zone, deps.now())})
    result, plan = call_form.result(typed, at)
    lead_id, key = int(interaction.metadata["lead"]), f"form:{interaction.view['id']}"
    script = interaction.metadata.get(SCRIPT)
    try:
        done = await service.log(
            deps,
            actor,
            lead_id,
            result,
            plan=plan,
            request_key=key,
            script_version_id=record(script) if script else None,
            seen=_seen(interaction),
        )
    except CalledMeanwhile as other:
        # Perhaps by this very person, whose first submission was saved and its answer lost.
        said = t(
            "A call to this person has been saved since you opened this form: {at}. "
            "To save one more, press the button once more.",
            at=t.moment(other.at, actor.zone, now=deps.now()),
        )
        return Kept(warning(said), json.dumps(interaction.metadata | {SEEN: _stamp(other.at)}, ensure_ascii=False))
    elsewhere = call_queue.after_call(interaction, done.owner_id) or bool(interaction.metadata.get(HOME))
    if elsewhere and result.outcome not in GOES_ON:
        return Clear()
    rendered = recorded(reader(interaction), done, told=told)
    url = str(interaction.metadata.get("url") or "")
    if url:
        whisper(interaction, rendered, url=url)
        return Clear()
    return Update(modal("call.logged", t("Log a call"), rendered.blocks, close=t("Close")))


async def open_referred(interaction: Interaction) -> Answer:
    """The form of a new lead at the same company, because somebody there named a colleague."""
    shown = await card_service.card(interaction.deps, interaction.actor, interaction.record)
    company = Choice(str(shown.account.account_id), shown.account.name)
    await interaction.open(add_view(interaction.t, company, Form({}), prefilled=False, source=Source.REFERRAL))
    return None


# The team's rules


async def show_rules(interaction: Interaction) -> Answer:
    """The rules; for those who may change them, as a form."""
    t = interaction.t
    rules = await service.call_rules(interaction.deps, interaction.actor)
    if not may(interaction.actor.role, Permission.EDIT_TEAM):
        text = t.md(
            "A lead is dialled {attempts} times at the most without reaching the person, with {gap} between two dials. "
            "The target is {target} dials a day.",
            attempts=rules.max_attempts,
            gap=t.span(timedelta(minutes=rules.min_gap_minutes)),
            target=rules.daily_target,
        )
        return Reply(Rendered(text, [section(text)]))

    def number(name: str, label: str, hint: str) -> Block:
        least, most = BOUNDS[name]
        value: int = getattr(rules, name)
        return number_input(name, label, value, optional=False, least=least, most=most, hint=hint)

    await interaction.open(
        modal(
            RULES,
            t("Call rules"),
            [
                number(
                    "max_attempts",
                    t("Attempts at the most"),
                    t("Dials without reaching the person, after which a lead leaves the lists."),
                ),
                number(
                    "min_gap_minutes", t("Minutes between two dials"), t("An earlier dial is saved with a warning.")
                ),
                number(
                    "daily_target",
                    t("Dials a day"),
                    t("34 is the average of the 2025 white paper on inside sales in Japan."),
                ),
            ],
            submit=t("Save"),
            close=t("Cancel"),
        )
    )
    return None


async def save_rules(interaction: Interaction) -> Answer:
    """Put the rules down."""
    form, t = interaction.form, interaction.t
    values = {name: form.number(name) for name in BOUNDS}
    form.check()
    missing = [Refused(Code.REQUIRED, name) for name, value in values.items() if value is None]
    if missing:
        raise Rejected(*missing)
    await service.change_rules(
        interaction.deps,
        interaction.actor,
        CallRules(**{name: value for name, value in values.items() if value is not None}),
    )
    done = section(t.md("✅ Saved. The rules hold from now on."))
    return Update(modal("call.rules.saved", t("Call rules"), [done], close=t("Close")))
