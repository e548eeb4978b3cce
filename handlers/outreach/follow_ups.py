"""The mail after a call or a meeting (work item 2-5): a plain one is there at once, the model may draft it anew, and it
is sent by the click of whoever has read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code, Refused, Rejected
from domain.members import Permission
from domain.model import Reason, Unavailable
from domain.outreach.follow_ups import MAX_BODY, MAX_SUBJECT, Occasion
from domain.outreach.scripts import LANGUAGES
from handlers.blocks import actions, button, context, modal, section, text_input
from handlers.boundary import sentence, warning
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Kept, Reply, Update, metadata
from handlers.model_words import unavailable_line
from handlers.outreach.script_words import drafted_line
from handlers.routes import Routes
from services import model
from services.outreach import drafts
from services.outreach import follow_ups as service
from services.outreach.follow_ups import FollowUp

SUBMIT = "follow_up.submit"

SUBJECTS: Final[Mapping[Occasion, str]] = {
    Occasion.CALL: _("Thank you for your time on the telephone ({us})"),
    Occasion.MATERIAL: _("The material you asked for ({us})"),
    Occasion.MEETING_SET: _("Our appointment ({us})"),
    Occasion.MEETING_HELD: _("Thank you for the meeting ({us})"),
}
THANKS: Final[Mapping[Occasion, tuple[str, str]]] = {
    Occasion.CALL: (
        _("Thank you very much for your time on the telephone today."),
        _("Thank you very much for your time on the telephone the other day."),
    ),
    Occasion.MATERIAL: (
        _("Thank you very much for your time on the telephone today. Here is the material I promised you: {link}"),
        _(
            "Thank you very much for your time on the telephone the other day. "
            "Here is the material I promised you: {link}"
        ),
    ),
    Occasion.MEETING_SET: (
        _("Thank you very much for agreeing to a meeting today. I will send you the invitation separately."),
        _("Thank you very much for agreeing to a meeting the other day. I will send you the invitation separately."),
    ),
    Occasion.MEETING_HELD: (
        _("Thank you very much for the meeting today."),
        _("Thank you very much for the meeting the other day."),
    ),
}
"""What is said of today, and of another day."""
INCOMPLETE: Final[Mapping[str, str]] = {
    "sender": _(
        "Your team has not said who writes its mails, which the law wants in each. A manager does so with /team mail."
    ),
    "opt_out": _("Nobody could opt out of this mail, because no address of this installation is reached from outside."),
    "occasion": _(
        "A follow-up mail needs a call or a meeting that it follows: nobody has spoken with this person yet."
    ),
}


def register(routes: Routes) -> None:
    """The button, the draft, and the click that sends."""
    routes.action("follow_up.write", write, Permission.LOG_CALLS)
    routes.action("follow_up.draft", draft, Permission.LOG_CALLS)
    routes.view(SUBMIT, send, Permission.LOG_CALLS)


def plain(t: Translator, about: FollowUp) -> tuple[str, str]:
    """Subject and text of the plain mail."""
    thanks = THANKS[about.occasion][0 if about.today else 1]
    # In braces: the mail is not sent before something stands in its place.
    link = f"{{{t('link to the material')}}}"
    subject = t(SUBJECTS[about.occasion], us=about.us)
    address = "\n".join(part for part in (about.account, about.place) if part)
    lines = [
        t("{address}\nDear {name}", address=address, name=about.surname),
        t("This is {me} of {us}.", me=about.me, us=about.us) + "\n" + t(thanks, link=link),
    ]
    if about.pain:
        lines.append(t("I have understood that “{pain}” is what concerns you.", pain=" ".join(about.pain.split())))
    lines.append(t("If you have any question or wish, please reply to this mail at any time."))
    lines.append(t("With kind regards,\n{me}\n{us}", me=about.me, us=about.us))
    return subject, "\n\n".join(lines)


async def write(interaction: Interaction) -> Answer:
    """The plain mail in a form."""
    t = interaction.t
    try:
        about = await service.prepare(interaction.deps, interaction.actor, interaction.record)
    except Refused as refused:
        said = _refusal(t, refused)
        if said is None:
            raise
        return Reply(warning(said))
    closed = await model.available(interaction.deps, interaction.actor.team_id)
    subject, text = plain(t, about)
    to = f"{about.contact} <{about.to_address}>"
    view = _form(t, about.lead_id, to, subject, text, written=about.written, unavailable=closed)
    await interaction.open(view)
    return None


def _refusal(t: Translator, refused: Refused) -> str | None:
    """The sentence that fits a mail, where the usual one does not."""
    if refused.code is Code.INCOMPLETE and (refused.field or "") in INCOMPLETE:
        return t(INCOMPLETE[refused.field or ""])
    if refused.code is Code.REQUIRED and refused.field == "email":
        return t("No mail address of this person is known.")
    return None


def _form(
    t: Translator,
    lead_id: int,
    to: str,
    subject: str,
    text: str,
    *,
    written: int | None,
    round_: int = 0,
    told: Markup | None = None,
    unavailable: Reason | None = None,
) -> View:
    # Each draft has inputs of its own: Slack keeps what stands in an input that stays.
    blocks: list[Block] = [section(t.md("To: {to}", to=to))]
    if unavailable in (None, Reason.FAILED):
        # What failed just now may not the next time.
        blocks.append(actions(button(t("Draft with the model"), "follow_up.draft")))
    if unavailable is not None:
        blocks.append(context(unavailable_line(t, unavailable)))
    if told is not None:
        blocks.append(context(told))
    blocks += [
        text_input(f"subject_{round_}", t("Subject"), subject, optional=False, max_length=MAX_SUBJECT),
        text_input(f"text_{round_}", t("Text"), text, optional=False, multiline=True, max_length=MAX_BODY),
        context(t.md("Who writes, and how to opt out, is added at the end when it is sent.")),
    ]
    return modal(
        SUBMIT,
        t("Follow-up mail"),
        blocks,
        submit=t("Send"),
        close=t("Cancel"),
        private_metadata=metadata(lead=lead_id, to=to[:300], round=round_, language=t.language, written=written),
    )


def _typed(interaction: Interaction) -> tuple[str, str, int]:
    round_ = int(interaction.metadata.get("round", 0))
    form = interaction.form
    return form.text(f"subject_{round_}"), form.text(f"text_{round_}"), round_


def _written(interaction: Interaction) -> int | None:
    """How many mails there were when the form was opened; None in one from before there was such a thing."""
    stands = interaction.metadata.get("written")
    return None if stands is None else int(stands)


async def draft(interaction: Interaction) -> Answer:
    """Ask the model; what was typed stays until the draft is there."""
    t, given = interaction.t, interaction.metadata
    subject, text, round_ = _typed(interaction)
    lead_id, to = int(given["lead"]), str(given["to"])
    told = t.md("The draft is being written…")
    written = _written(interaction)
    await interaction.redraw(_form(t, lead_id, to, subject, text, written=written, round_=round_, told=told))
    interaction.afterwards.append(partial(_draft, interaction, lead_id, to, subject, text, round_))
    return None


async def _draft(interaction: Interaction, lead_id: int, to: str, subject: str, text: str, round_: int) -> None:
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    written = _written(interaction)
    try:
        about = await service.prepare(deps, actor, lead_id)
        drafted = await drafts.mail(deps, actor, about, subject, text, t.language)
    except Unavailable as unavailable:
        view = _form(t, lead_id, to, subject, text, written=written, round_=round_, unavailable=unavailable.reason)
    except Refused as refused:
        # Since the form was opened the person has asked to be left alone, or the lead is gone.
        told = escape(_refusal(t, refused) or sentence(t, refused))
        view = _form(t, lead_id, to, subject, text, written=written, round_=round_, told=told)
    else:
        told = drafted_line(t, drafted.figures)
        view = _form(t, lead_id, to, drafted.subject, drafted.text, written=written, round_=round_ + 1, told=told)
    await interaction.follow_up(str(interaction.view["id"]), view)


async def send(interaction: Interaction) -> Answer:
    """Send it."""
    t, given = interaction.t, interaction.metadata
    subject, text, round_ = _typed(interaction)
    language = str(given.get("language", ""))
    try:
        await service.send(
            interaction.deps,
            interaction.actor,
            int(given["lead"]),
            subject,
            text,
            language=language if language in LANGUAGES else t.language,
            request_key=f"form:{interaction.view['id']}",
            written=_written(interaction),
        )
    except service.WrittenMeanwhile as other:
        # Perhaps by this very person, whose first submission was saved and its answer lost.
        warned = t(
            "A mail to this person has been sent since you opened this form. To send this one too, press the button "
            "once more."
        )
        return Kept(warning(warned), json.dumps({**given, "written": other.written}, ensure_ascii=False))
    except Rejected as rejected:
        raise Rejected(*(Refused(r.code, f"{r.field}_{round_}", **r.detail) for r in rejected.refusals)) from None
    except Refused as refused:
        said = _refusal(t, refused)
        if said is None:
            raise
        return Kept(warning(said))
    done = section(Markup(f"✉️ {t.md('The mail to {to} is on its way.', to=str(given['to']))}"))
    told = context(escape(t("You are told if it does not arrive.")))
    return Update(modal("follow_up.sent", t("Follow-up mail"), [done, told], close=t("Close")))
