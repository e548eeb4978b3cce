"""Letters handed to a real mail server process."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.smtp import Content, MailServer, NoAddress, Security, Unclear, Unsent, address, compose, message_id
from tests.servers.process import serving
from tests.servers.smtp import PASSWORD, USER

SENDER = "sales@kakehashi.example"
CONTENT = Content(
    "meeting:1",
    "yamada@customer.example",
    "お打ち合わせの候補日について、株式会社あおば精機 山田様へのご案内です。長い件名も折り返されます",
    "山田様\n\n.\n候補日をお送りします。\n",
    datetime(2026, 4, 1, 1, tzinfo=UTC),
    to_name="山田, 太郎",
    from_name="架け橋株式会社 佐藤 花子",
    reply_to="sato@kakehashi.example",
    html="<p>候補日をお送りします。</p>",
    invitation="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
    method="REQUEST",
    language="ja",
    opt_out="https://bot.example/mail/opt-out/x",
)


@asynccontextmanager
async def mail_server(folder: Path, security: Security = Security.NONE) -> AsyncIterator[MailServer]:
    async with serving("tests.servers.smtp", str(folder), security.value) as printed:
        login = {} if security is Security.NONE else {"user": USER, "password": PASSWORD}
        certificate = str(folder / "certificate.pem")
        yield MailServer("127.0.0.1", printed["port"], SENDER, security=security, authorities=certificate, **login)


def arrived(folder: Path) -> list[EmailMessage]:
    files = sorted(folder.glob("*.eml"))
    messages = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
    assert all(isinstance(message, EmailMessage) for message in messages)
    return messages  # type: ignore[return-value]  # the policy makes them so


class Mark:
    """Whether the moment before the text was told."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1


async def handed(server: MailServer, to: str) -> Mark:
    mark = Mark()
    await server.send(compose(replace(CONTENT, to_address=to), SENDER), to, mark)
    return mark


@pytest.mark.parametrize("security", Security)
async def test_letter_arrives_as_written(tmp_path: Path, security: Security) -> None:
    async with mail_server(tmp_path, security) as server:
        mark = await handed(server, "yamada@customer.example")
    (message,) = arrived(tmp_path)
    assert mark.calls == 1
    assert message["Subject"] == CONTENT.subject
    assert message["To"].addresses[0].display_name == "山田, 太郎"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["From"].addresses[0].display_name == CONTENT.from_name
    assert message["Reply-To"].addresses[0].addr_spec == CONTENT.reply_to
    assert message["Message-ID"] == message_id("meeting:1", SENDER)
    assert message["List-Unsubscribe"] == f"<{CONTENT.opt_out}>"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == CONTENT.text.splitlines()
    html = message.get_body(("html",))
    assert html is not None
    assert "候補日" in html.get_content()


async def test_invitation_is_an_alternative_with_its_method_and_a_file(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        await handed(server, "yamada@customer.example")
    (message,) = arrived(tmp_path)
    kinds = {part.get_content_type(): part for part in message.walk()}
    invitation = kinds["text/calendar"]
    assert invitation["Content-Type"].params["method"] == "REQUEST"
    assert invitation.get_payload(decode=True) == CONTENT.invitation.encode()
    assert kinds["application/ics"].get_filename() == "invite.ics"
    assert message.get_content_type() == "multipart/mixed"


async def test_wrong_password_is_surely_unsent_and_may_be_mended(tmp_path: Path) -> None:
    async with mail_server(tmp_path, Security.STARTTLS) as server:
        with pytest.raises(Unsent) as refused:
            await handed(replace(server, password="wrong"), "yamada@customer.example")
    assert refused.value.transient
    assert "535" in str(refused.value)
    assert not arrived(tmp_path)


async def test_server_with_another_certificate_gets_no_password(tmp_path: Path) -> None:
    async with mail_server(tmp_path, Security.STARTTLS) as server:
        with pytest.raises(Unsent) as refused:
            await handed(replace(server, authorities=None), "yamada@customer.example")
    assert refused.value.transient
    assert not arrived(tmp_path)


async def test_server_that_offers_no_encryption_gets_nothing_where_it_is_asked_for(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        with pytest.raises(Unsent):
            await handed(replace(server, security=Security.STARTTLS, authorities=None), "yamada@customer.example")
    assert not arrived(tmp_path)


@pytest.mark.parametrize(
    ("who", "transient", "said"),
    [("refused", False, "550"), ("deferred", True, "451"), ("full", True, "452"), ("spam", False, "554")],
)
async def test_servers_answer_tells_whether_to_try_again(tmp_path: Path, who: str, transient: bool, said: str) -> None:
    async with mail_server(tmp_path) as server:
        with pytest.raises(Unsent) as refused:
            await handed(server, f"{who}@customer.example")
    assert refused.value.transient is transient
    assert str(refused.value).startswith(said)
    assert not arrived(tmp_path)


async def test_connection_cut_after_the_text_is_unclear(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        with pytest.raises(Unclear):
            await handed(server, "cut@customer.example")
    assert len(arrived(tmp_path)) == 1


async def test_nobody_listening_is_surely_unsent(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        pass
    mark = Mark()
    with pytest.raises(Unsent) as lost:
        await server.send(compose(CONTENT, SENDER), CONTENT.to_address, mark)
    assert lost.value.transient
    assert mark.calls == 0


def test_message_id_follows_from_the_key_alone() -> None:
    assert message_id("a", SENDER) == message_id("a", SENDER)
    assert message_id("a", SENDER) != message_id("b", SENDER)
    assert message_id("a", SENDER).endswith("@kakehashi.example>")


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a b@x.example", "@x.example", "山田@x.example", "a@", "<a@x.example>"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(NoAddress):
        address(typed)


def test_international_domain_is_written_in_its_ascii_form() -> None:
    assert address("info@日本語.example") == "info@xn--wgv71a119e.example"


@given(st.text(max_size=200), st.text(max_size=80), st.text(st.characters(codec="utf-8"), max_size=2000))
def test_no_text_of_anybodys_breaks_the_headers(subject: str, name: str, text: str) -> None:
    subject, name = (s.encode("utf-8", "ignore").decode() for s in (subject, name))
    content = replace(CONTENT, subject=subject, to_name=name, from_name=name, text=text)
    parsed = email.message_from_bytes(bytes(compose(content, SENDER)), policy=default)
    assert parsed["To"].addresses[0].addr_spec == CONTENT.to_address
    assert len(parsed["To"].addresses) == 1
    assert parsed["From"].addresses[0].addr_spec == SENDER
    assert parsed["Message-ID"] == message_id(CONTENT.key, SENDER)
    assert set(parsed.keys()) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted",
        "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
    }  # fmt: skip
