"""Letters on their whole way: from a transaction through the queue to a mail server, and back by the opt-out link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest

from bot.settings import Settings
from domain.mail import Sender
from services import mail, members
from services.mail import Letter
from services.smtp import MailServer
from tests.handlers.conftest import ADMIN, CS, IS, IS_ENGLISH, World, eventually
from tests.services.test_smtp import arrived, mail_server

LETTER = Letter(
    "meeting:1:offer",
    "yamada@customer.example",
    "候補日",
    "山田様\nお世話になります。",
    html="<p>山田様</p>",
    report_to=IS,
)
TEAM = "T01HOSHIMI"
# What letters do in the database is tested on both in tests/services/test_mail.py.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SENDER = Sender("架け橋株式会社", "東京都千代田区丸の内1-1-1", "info@kakehashi.example")


@pytest.fixture
async def letters(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    return folder


@pytest.fixture
async def server(letters: Path) -> AsyncIterator[MailServer]:
    async with mail_server(letters) as served:
        yield served


@pytest.fixture
def settings(settings: Settings, server: MailServer) -> Settings:
    changed = {
        "smtp_host": server.host,
        "smtp_port": server.port,
        "smtp_security": "none",
        "mail_from": server.sender,
        "mail_retry_seconds": 0.1,
    }
    return Settings(_env_file=None, **(settings.model_dump() | changed))


async def post(world: World, letter: Letter = LETTER) -> None:
    deps = world.house.deps
    admin = await members.who(deps, TEAM, ADMIN)
    assert admin is not None
    await mail.set_sender(deps, admin, SENDER)
    async with deps.writing(TEAM) as session:
        assert await mail.enqueue(deps, session, letter)


async def came(letters: Path, count: int = 1) -> list[EmailMessage]:
    return await eventually(lambda: (found := arrived(letters)) and len(found) >= count and found)


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link(message: EmailMessage) -> str:
    return str(message["List-Unsubscribe"]).strip("<>")


async def test_letter_arrives_with_the_senders_details_and_a_way_out(world: World, letters: Path) -> None:
    await post(world)
    (message,) = await came(letters)
    text = body(message)
    for line in ("山田様", SENDER.company, SENDER.address, SENDER.contact, link(message)):
        assert line in text
    assert f'<a href="{link(message)}">' in body(message, "html")
    assert message["From"].addresses[0].display_name == SENDER.company


@on_one_database
async def test_letter_to_a_colleague_carries_no_footer(world: World, letters: Path) -> None:
    await post(world, replace(LETTER, audience=mail.Audience.MEMBER))
    (message,) = await came(letters)
    assert SENDER.address not in body(message)
    assert message["List-Unsubscribe"] is None


@on_one_database
async def test_footer_is_in_the_letters_language(world: World, letters: Path) -> None:
    await post(world, replace(LETTER, language="en"))
    (message,) = await came(letters)
    assert "If you do not want any more mail from us:" in body(message)
    assert message["Content-Language"] == "en"


async def test_letter_that_the_server_put_off_arrives_later(world: World, letters: Path) -> None:
    await post(world, replace(LETTER, to_address="deferred@customer.example"))
    assert len(await came(letters)) == 1


@on_one_database
async def test_opening_the_link_changes_nothing_and_the_button_stops_the_mails(world: World, letters: Path) -> None:
    await post(world)
    (message,) = await came(letters)
    async with aiohttp.ClientSession(headers={"Accept-Language": "en-GB"}) as browser:
        async with browser.get(link(message)) as asked:
            assert asked.status == 200
            assert "Stop mails?" in await asked.text()
            assert "frame-ancestors 'none'" in asked.headers["Content-Security-Policy"]
        assert await may_write(world)
        async with browser.post(link(message), data={"List-Unsubscribe": "One-Click"}) as answered:
            assert "You will get no more mail from us" in await answered.text()
    assert not await may_write(world)
    await post_again(world)
    told = await eventually(lambda: [m for m in world.direct(IS) if "送信されませんでした" in m["text"]])
    assert "配信停止" in str(told[0]["blocks"])
    assert len(arrived(letters)) == 1


async def may_write(world: World) -> bool:
    async with world.house.deps.reading(TEAM) as session:
        return await mail.may_write(session, LETTER.to_address)


async def post_again(world: World) -> None:
    async with world.house.deps.writing(TEAM) as session:
        await mail.enqueue(world.house.deps, session, replace(LETTER, key="meeting:1:again"))


@on_one_database
async def test_link_of_somebodys_own_making_shows_a_page_that_says_so(world: World) -> None:
    async with aiohttp.ClientSession() as browser:
        for method in ("get", "post"):
            async with browser.request(method, f"{world.house.deps.public_url}mail/opt-out/abc.def") as answer:
                assert answer.status == 404
                assert "このリンクは無効です" in await answer.text()


@on_one_database
async def test_author_of_a_letter_that_was_refused_is_told_why_and_an_admin_sends_it_again(
    world: World, letters: Path
) -> None:
    await post(world, replace(LETTER, to_address="refused@customer.example"))
    told = await eventually(lambda: [m for m in world.direct(IS) if "送信されませんでした" in m["text"]])
    assert "550 5.1.1" in str(told[0]["blocks"])
    answer = await world.person(ADMIN).command("C01ISTEAM0", "/team", "mails")
    shown = str(answer)
    assert "refused@customer.example" in shown
    assert re.search(r"mail\.again", shown)


@on_one_database
async def test_admin_puts_down_who_writes(world: World) -> None:
    await world.person(ADMIN).command("C01ISTEAM0", "/team", "sender")
    view = world.modal(ADMIN)
    wanted = {"company": SENDER.company, "address": SENDER.address, "contact": SENDER.contact}
    blank = {block: {"v": text} for block, text in (wanted | {"address": "　"}).items()}
    empty = await world.person(ADMIN).submit(view["id"], blank)
    assert set(empty["errors"]) == {"address"}
    saved = await world.person(ADMIN).submit(view["id"], {block: {"v": text} for block, text in wanted.items()})
    assert saved["result"] == "closed"
    assert await mail.sender(world.house.deps, TEAM) == SENDER


@on_one_database
async def test_member_without_the_right_changes_no_sender(world: World) -> None:
    answer = await world.person(CS).command("C01ISTEAM0", "/team", "sender")
    assert not world.person(CS).screen()["views"]
    assert answer


class TestDemonstration:
    """Without a mail server, letters are shown."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return Settings(_env_file=None, **(settings.model_dump() | {"smtp_host": "", "mail_shown": True}))

    @on_one_database
    async def test_letter_is_shown_to_its_author(self, world: World, letters: Path) -> None:
        await post(world, replace(LETTER, report_to=IS_ENGLISH, invitation="BEGIN:VCALENDAR", method="REQUEST"))
        shown = await eventually(lambda: [m for m in world.direct(IS_ENGLISH) if "Mail to" in m["text"]])
        assert SENDER.company in str(shown[0]["blocks"])
        assert "calendar invitation" in str(shown[0]["blocks"])
        assert not arrived(letters)


class TestWithoutMail:
    """Without a mail server and without a demonstration, nothing is sent, and everybody can see why."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return Settings(_env_file=None, **(settings.model_dump() | {"smtp_host": ""}))

    @on_one_database
    async def test_author_and_admin_are_told(self, world: World) -> None:
        await post(world)
        told = await eventually(lambda: [m for m in world.direct(IS) if "送信されませんでした" in m["text"]])
        assert "SMTP_HOST" in str(told[0]["blocks"])
        assert "SMTP_HOST" in str(await world.person(ADMIN).command("C01ISTEAM0", "/team", "mails"))
        assert "届かなかったメール" in str(await world.person(ADMIN).home())
