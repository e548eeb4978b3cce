"""Letters: their footer, the page on which a reader opts out, who writes them, and what is said when one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as html_escape
from typing import Any, Final, Self

from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import Refused
from domain.mail import Sender, Trouble, needs_footer
from domain.members import Permission
from handlers import pages, trail
from handlers.blocks import actions, button, context, divider, modal, section, text_input
from handlers.i18n import Markup, Translator, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Reader, Rendered
from handlers.openapi import FORM, Described, Operation, Parameter, fields, link, shown
from handlers.routes import Outgoing, Routes
from handlers.trail import Outcome
from services import deliveries, mail
from services.deliveries import DeliveryState
from services.deps import Deps
from services.mail import Letter, Written
from services.smtp import Content

SUBMIT_SENDER = "team.sender.submit"
SHOWN_LENGTH = 2500
SHOWN_AT_HOME = 3

TROUBLES: Final[Mapping[Trouble, str]] = {
    Trouble.OFF: _("No mail server is set up. An admin sets SMTP_HOST and MAIL_FROM."),
    Trouble.OPTED_OUT: _("This person does not want to be written to."),
    Trouble.NO_SENDER: _(
        "The sender's details are missing, which the law wants in each mail. Please fill in /team sender."
    ),
    Trouble.EXPIRED: _("It could not be sent in time."),
    Trouble.ADDRESS: _("This is not an address that mail can be sent to."),
}


_OPT_OUT_LINK: Final = (
    link("The link at the end of a mail."),
    Parameter("Accept-Language", "header", "The page's language; otherwise the mail's."),
)
_NO_LINK: Final = shown("This link is not ours, or its mail is gone.")
OPT_OUT: Final[Described] = {
    "GET": Operation("Asks whether to stop mails", {200: shown("The question."), 404: _NO_LINK}, _OPT_OUT_LINK),
    "POST": Operation(
        "Stops mails to the address that the mail went to",
        {200: shown("Nobody is written to there any more."), 404: _NO_LINK},
        _OPT_OUT_LINK,
        # As mail programs send it (RFC 8058); what stands in it does not matter.
        {FORM: fields({"List-Unsubscribe": {"const": "One-Click"}})},
    ),
}


def register(routes: Routes) -> None:
    """Sending, the opt-out page, the sender's details, letters that did not arrive."""
    routes.task(mail.SEND, send, patient=True)
    routes.delivery(mail.FAILED, compose_failed)
    routes.delivery(mail.SHOWN, compose_shown)
    routes.web("/mail/opt-out/{token}", opt_out_page, methods=["GET", "POST"], described=OPT_OUT)
    routes.command(
        "team",
        "sender",
        open_sender,
        Permission.EDIT_TEAM,
        usage=_("sender"),
        summary=_("Who writes: the details at the end of each mail to a customer"),
    )
    routes.view(SUBMIT_SENDER, submit_sender, Permission.EDIT_TEAM)
    routes.command(
        "team",
        "mails",
        list_troubled,
        Permission.EDIT_TEAM,
        usage=_("mails"),
        summary=_("Mails that did not arrive"),
    )
    routes.action("mail.again", send_again, Permission.EDIT_TEAM)


async def send(deps: Deps, _client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Send a letter whose turn has come."""
    written = await mail.due(deps, team_id, str(arguments["key"]))
    if written is None:
        trail.ended(Outcome.DROPPED)
        return
    content = content_of(written)
    state = await mail.hand_over(
        deps, team_id, written, content, run=str(arguments.get("run", "")), turn=int(arguments.get("turn", 0))
    )
    # Queued again it waits for another try; whoever is sending it now counts it.
    other = {DeliveryState.QUEUED: Outcome.POSTPONED, DeliveryState.SENDING: Outcome.DROPPED}
    trail.ended(other.get(state, state))


def content_of(written: Written) -> Content:
    """The letter as it goes out: with the sender's details and the opt-out at its end, unless it is for a member."""
    letter = written.letter
    text, html = letter.text.rstrip(), letter.html
    if needs_footer(letter.audience):
        lines = footer(translator(written.language), written.sender, written.opt_out)
        text = "\n".join([text, "", "-- ", *lines])
        if html:
            html += f"<hr><p>{'<br>'.join(_linked(line) for line in lines)}</p>"
    return Content(
        key=letter.key,
        to_address=letter.to_address,
        subject=letter.subject,
        text=f"{text}\n",
        written_at=written.written_at,
        to_name=letter.to_name,
        from_name=letter.from_name or written.sender.company,
        reply_to=letter.reply_to,
        html=f'<html lang="{written.language}"><body>{html}</body></html>' if html else "",
        invitation=letter.invitation,
        method=letter.method,
        language=written.language,
        opt_out=written.opt_out,
    )


def footer(t: Translator, sender: Sender, opt_out: str) -> list[str]:
    """What the law wants at the end of each letter to a customer, line by line."""
    lines = [sender.company, sender.address]
    if sender.contact:
        lines.append(t("Contact: {contact}", contact=sender.contact))
    if opt_out:
        lines += [t("If you do not want any more mail from us:"), opt_out]
    return [line for line in lines if line]


def _linked(line: str) -> str:
    safe = html_escape(line)
    return f'<a href="{safe}">{safe}</a>' if line.startswith(("https://", "http://")) else safe


async def opt_out_page(deps: Deps, request: Request) -> Response:
    """Asks with GET, because programs that check mails for viruses open every link; a click (or a mail program's own
    button) does it."""
    token = str(request.path_params["token"])
    try:
        written = await mail.opting_out(deps, token)
        t = translator(pages.language_of(request, written.language))
        if request.method == "POST":
            await mail.opt_out(deps, token)
            return pages.page(
                t,
                t("You will get no more mail from us"),
                [t("We have put down that {address} is not to be written to.", address=written.letter.to_address)],
            )
    except Refused:
        return pages.invalid_link(request)
    lines = [t("We will not write to {address} any more.", address=written.letter.to_address)]
    if written.sender.company:
        lines.insert(0, written.sender.company)
    return pages.page(t, t("Stop mails?"), lines, pages.Button(t("Stop mails")))


@dataclass(frozen=True, slots=True)
class MailFailed:
    """To whoever waits for a letter: it did not arrive, or nobody knows."""

    to: str
    subject: str
    uncertain: bool
    why: str

    def render(self, reader: Reader) -> Rendered:
        """To whom, what, why, and what to do."""
        t = reader.t
        if self.uncertain:
            text = t.md(
                "It is not certain that your mail “{subject}” reached {to}: the connection was lost at the end. "
                "Please ask before you send it again.",
                subject=self.subject,
                to=self.to,
            )
        else:
            text = t.md("Your mail “{subject}” to {to} was not sent.", subject=self.subject, to=self.to)
        blocks: list[Block] = [section(Markup(f":warning: {text}"))]
        if not self.uncertain:
            blocks.append(context(escape(reason(t, self.why))))
        return Rendered(text, blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Refused by the server, stopped by us, and nobody knows."""
        return [
            cls("customer@example.co.jp", "お打ち合わせの候補日", False, "550 5.1.1 No such user"),
            cls("customer@example.co.jp", "お打ち合わせの候補日", False, Trouble.OPTED_OUT.value),
            cls("customer@example.co.jp", "お打ち合わせの候補日", True, "interrupted"),
        ]


@dataclass(frozen=True, slots=True)
class MailShown:
    """A letter as it would be sent, where no mail server is set up for demonstrations."""

    to: str
    subject: str
    text: str
    invited: bool

    def render(self, reader: Reader) -> Rendered:
        """Head and text of the letter."""
        t = reader.t
        text = t.md("Mail to {to}: {subject}", to=self.to, subject=self.subject)
        blocks: list[Block] = [
            section(Markup(f"✉️ *{text}*")),
            section(Markup("\n".join(f">{line}" for line in escape(self.text[:SHOWN_LENGTH]).split("\n")))),
        ]
        notes = [t("Shown here instead of being sent: this is a demonstration.")]
        if self.invited:
            notes.append(t("With a calendar invitation."))
        blocks.append(context(*(escape(note) for note in notes)))
        return Rendered(text, blocks)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """With an invitation and without."""
        return [
            cls(
                "customer@example.co.jp",
                "お打ち合わせのご案内",
                "お世話になっております。\n\n-- \n株式会社かけはし",
                True,
            ),
            cls("customer@example.co.jp", "Times for our meeting", "Hello", False),
        ]


def reason(t: Translator, error: str) -> str:
    """Why a letter was not sent: our own reason, or the mail server's words."""
    try:
        return t(TROUBLES[Trouble(error)])
    except ValueError:
        return t("The mail server answered: {answer}", answer=error)


async def compose_failed(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The news to whoever waits for the letter; None when it was sent after all."""
    written = await mail.read(deps, team_id, str(arguments["key"]))
    if written is None or written.state not in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
        return None
    reader = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, reader)
    letter = written.letter
    uncertain = written.state is DeliveryState.UNCERTAIN
    message = MailFailed(letter.to_address, letter.subject, uncertain, written.error or "")
    return Outgoing(message, voice.language, voice.zone, reader)


async def compose_shown(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The letter, for whoever would wait for it."""
    written = await mail.read(deps, team_id, str(arguments["key"]))
    if written is None:
        return None
    reader = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, reader)
    letter, content = written.letter, content_of(written)
    message = MailShown(letter.to_address, letter.subject, content.text.rstrip(), bool(letter.invitation))
    return Outgoing(message, voice.language, voice.zone, reader)


async def open_sender(interaction: Interaction) -> Answer:
    """The form with the details as they are."""
    t = interaction.t
    sender = await mail.sender(interaction.deps, interaction.actor.team_id)
    await interaction.open(
        modal(
            SUBMIT_SENDER,
            t("Sender of our mails"),
            [
                section(t.md("These lines stand at the end of each mail to a customer, with a link to opt out.")),
                text_input("company", t("Our company"), sender.company, optional=False, max_length=200, focus=True),
                text_input("address", t("Address"), sender.address, optional=False, max_length=300),
                text_input(
                    "contact",
                    t("Where questions are answered"),
                    sender.contact,
                    optional=False,
                    max_length=200,
                    hint=t("A mail address or a telephone number"),
                ),
            ],
            submit=t("Save"),
            close=t("Cancel"),
        )
    )
    return None


async def submit_sender(interaction: Interaction) -> Answer:
    """Put the details down."""
    form = interaction.form
    sender = Sender(form.text("company"), form.text("address"), form.text("contact"))
    await mail.set_sender(interaction.deps, interaction.actor, sender)
    return None


async def list_troubled(interaction: Interaction) -> Answer:
    """Letters that did not arrive, each with a button to try it once more."""
    t, deps = interaction.t, interaction.deps
    found = await mail.troubled(deps, interaction.actor)
    blocks: list[Block] = []
    if deps.mail is None and not deps.mail_shown:
        blocks.append(section(Markup(f":warning: {t.md(TROUBLES[Trouble.OFF])}")))
    text = t("All mails have arrived.") if not found else t("Mails that did not arrive")
    blocks.append(section(Markup(f"*{escape(text)}*")))
    for number, written in enumerate(found):
        blocks += _troubled(interaction, written, number)
    return Reply(Rendered(text, blocks))


def trouble(t: Translator, found: Sequence[Written]) -> list[Block]:
    """What an admin reads in the home tab; nothing where every mail arrived."""
    if not found:
        return []
    lines = [
        t.md("• {to}: {subject}", to=written.letter.to_address, subject=written.letter.subject)
        for written in found[:SHOWN_AT_HOME]
    ]
    lines.append(t.md("Why, and sending them again: /team mails"))
    title = escape(t("Mails that did not arrive"))
    return [divider(), section(Markup(f":warning: *{title}*\n" + "\n".join(lines)))]


def _troubled(interaction: Interaction, written: Written, number: int) -> list[Block]:
    t = interaction.t
    letter: Letter = written.letter
    at = t.moment(written.written_at, interaction.actor.zone, now=interaction.deps.now())
    why = (
        t("It may have arrived: the connection was lost at the end.")
        if written.state is DeliveryState.UNCERTAIN
        else reason(t, written.error or "")
    )
    return [
        section(Markup(f"*{escape(letter.subject)}*\n{escape(letter.to_address)}　{escape(at)}\n{escape(why)}")),
        actions(button(t("Send again"), f"mail.again#{number}", letter.key), block_id=f"mail.{number}"),
    ]


async def send_again(interaction: Interaction) -> Answer:
    """Try it once more."""
    await mail.send_again(interaction.deps, interaction.actor, interaction.value)
    return Reply(_done(interaction.t("It is being sent again.")))


def _done(text: str) -> Rendered:
    """A short message that something works."""
    return Rendered(text, [section(Markup(f"✅ {escape(text)}"))])
