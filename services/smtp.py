"""A letter becomes a MIME message and goes to a mail server (SMTP, RFC 5321).

The server gives its answer to the letter's text last of all. Whatever fails before the text goes out has surely sent
nothing; when the connection is lost afterwards, nobody can tell. So the caller is told the moment before (`before`).
"""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime, parseaddr
from enum import StrEnum

import aiosmtplib

SECONDS = 30.0
"""How long the server is waited for at each step."""
FAREWELL_SECONDS = 2.0
TEXT_SECONDS = 300.0
"""How long it may take over the text: a server checks a letter before it takes it (RFC 5321, 4.5.3.2.6: 10 minutes)."""


class Security(StrEnum):
    """How the connection to the mail server is secured."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Unsent(Exception):
    """The server did not take the letter, surely. `transient`: it may take it later."""

    def __init__(self, reason: str, *, transient: bool) -> None:
        super().__init__(reason)
        self.transient = transient


class Unclear(Exception):
    """The connection was lost after the text went out: the server may have taken the letter or not."""


class NoAddress(Exception):
    """This is not an address that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server of this installation."""

    host: str
    port: int
    sender: str
    """The address all letters come from; replies go to each letter's own address."""
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = Security.STARTTLS
    retry_seconds: float = 15.0
    """The pause before a letter that was not taken is tried again; it doubles each time."""
    authorities: str | None = None
    """A file with the certificates of authorities that the server's own is checked against; None: the system's."""

    async def send(self, message: EmailMessage, to_address: str, before: Callable[[], Awaitable[object]]) -> None:
        """Hand over one message. `before` is called when the server has agreed to everything but the text, and is to
        note durably that the text goes out. Raises Unsent, Unclear.
        """
        client = self._client(SECONDS)
        try:
            await self._prepare(client, to_address)
            await before()
            await self._text(client, bytes(message))
            # The letter is the server's by now, so how the farewell goes changes nothing.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=FAREWELL_SECONDS)
        finally:
            client.close()

    async def greet(self, seconds: float = SECONDS) -> None:
        """Connect, secure the connection and sign in, and send nothing. Raises Unsent."""
        try:
            # Also what it takes to connect: a file of authorities that cannot be read.
            client = self._client(seconds)
        except OSError as unreadable:
            raise Unsent(_plain(unreadable), transient=False) from unreadable
        try:
            await client.connect()
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=FAREWELL_SECONDS)
        except aiosmtplib.SMTPResponseException as refused:
            raise Unsent(_answer(refused), transient=_transient(refused.code)) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as lost:
            raise Unsent(_plain(lost), transient=True) from lost
        finally:
            client.close()

    def _client(self, seconds: float) -> aiosmtplib.SMTP:
        context = None if self.security is Security.NONE else ssl.create_default_context(cafile=self.authorities)
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user or None,
            password=self.password or None,
            use_tls=self.security is Security.TLS,
            start_tls=self.security is Security.STARTTLS,
            tls_context=context,
            timeout=seconds,
        )

    async def _prepare(self, client: aiosmtplib.SMTP, to_address: str) -> None:
        try:
            # Connects, secures the connection and signs in.
            await client.connect()
            await client.mail(self.sender)
            await client.rcpt(to_address)
        except aiosmtplib.SMTPAuthenticationError as refused:
            # An admin can mend the password within the day; until then nothing is lost.
            raise Unsent(_answer(refused), transient=True) from refused
        except aiosmtplib.SMTPResponseException as refused:
            raise Unsent(_answer(refused), transient=_transient(refused.code)) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as lost:
            raise Unsent(_plain(lost), transient=True) from lost

    async def _text(self, client: aiosmtplib.SMTP, text: bytes) -> None:
        try:
            await client.data(text, timeout=TEXT_SECONDS)
        except aiosmtplib.SMTPResponseException as refused:
            raise Unsent(_answer(refused), transient=_transient(refused.code)) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as lost:
            raise Unclear(_plain(lost)) from lost


def _transient(code: int) -> bool:
    # aiosmtplib gives -1 where the server's answer could not be understood.
    return not 500 <= code < 600


def _answer(refused: aiosmtplib.SMTPResponseException) -> str:
    return " ".join(f"{refused.code} {refused.message}".split())[:500]


def _plain(lost: Exception) -> str:
    return " ".join(f"{type(lost).__name__}: {lost}".split())[:500]


@dataclass(frozen=True, slots=True)
class Content:
    """What one message says, footer included."""

    key: str
    to_address: str
    subject: str
    text: str
    written_at: datetime
    to_name: str = ""
    from_name: str = ""
    reply_to: str = ""
    html: str = ""
    invitation: str = ""
    method: str = ""
    language: str = ""
    opt_out: str = ""
    """The address of the page on which the reader opts out."""


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the letter with this key: the same each time it is tried."""
    domain = sender.rpartition("@")[2].encode("idna").decode() or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(content: Content, sender: str) -> EmailMessage:
    """The message: plain text, the same as HTML if there is any, and the invitation both as a calendar part, from which
    mail programs make their buttons, and as a file. Raises NoAddress."""
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(sender, content.from_name)
    message["To"] = _address(content.to_address, content.to_name)
    if content.reply_to:
        message["Reply-To"] = _address(content.reply_to, content.from_name)
    message["Subject"] = _line(content.subject)
    message["Date"] = format_datetime(content.written_at)
    message["Message-ID"] = message_id(content.key, sender)
    # No out-of-office note is to answer what a machine sent (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if content.opt_out:
        message["List-Unsubscribe"] = f"<{content.opt_out}>"
        # Lets mail programs opt out with one click of their own (RFC 8058).
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(content.text, cte="base64")
    if content.html:
        message.add_alternative(content.html, subtype="html", cte="base64")
    if content.invitation:
        message.add_alternative(
            content.invitation.encode(),
            maintype="text",
            subtype="calendar",
            params={"method": content.method, "charset": "UTF-8", "component": "VEVENT"},
            disposition="inline",
            cte="base64",
        )
        message.add_attachment(
            content.invitation.encode(),
            maintype="application",
            subtype="ics",
            filename="invite.ics",
            cte="base64",
        )
    if content.language:
        # Last, because what is named Content-… moves into the first part when a second one comes.
        message["Content-Language"] = content.language
    return message


def address(typed: str) -> str:
    """An address as mail servers take it, an international domain in its ASCII form. Raises NoAddress."""
    local, at, domain = typed.strip().rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError as strange:
        raise NoAddress(typed) from strange
    # Names in other scripts before the @ need servers that few have (RFC 6531), on the whole way.
    if not local or not domain or not plain.isascii() or parseaddr(plain)[1] != plain or any(c in plain for c in " <>"):
        raise NoAddress(typed)
    return plain


def _address(typed: str, name: str) -> Address:
    try:
        return Address(display_name=_line(name), addr_spec=address(typed))
    except (ValueError, IndexError) as strange:
        raise NoAddress(typed) from strange


def _line(text: str) -> str:
    """One line without control characters: a header ends at its line's end."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
