"""Letters under their keys: put down with their cause, sent once, never against the law."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused
from domain.mail import Audience, Sender, Trouble
from services import mail
from services.deliveries import DeliveryState
from services.deps import Deps
from services.mail import Letter, Written
from services.smtp import Content, MailServer, message_id
from storage.tables import Contact, Mail, Suppression
from tests.services.office import Office
from tests.services.test_smtp import arrived, mail_server

SENDER = Sender("架け橋株式会社", "東京都千代田区丸の内1-1-1", "info@kakehashi.example")
LETTER = Letter("meeting:1:offer", "yamada@customer.example", "候補日", "山田様", report_to="USATO")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    folder = tmp_path / "letters"
    folder.mkdir()
    async with mail_server(folder) as served:
        yield served


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    return tmp_path / "letters"


@pytest.fixture
async def posting(office: Office, server: MailServer) -> Deps:
    """The office with a mail server, a sender and pages of its own."""
    deps = replace(office.deps, mail=server, public_url="https://bot.example/")
    await mail.set_sender(deps, office.boss, SENDER)
    return deps


async def put_down(deps: Deps, office: Office, letter: Letter = LETTER) -> bool:
    async with deps.writing(office.team_id) as session:
        return await mail.enqueue(deps, session, letter)


async def tried(deps: Deps, office: Office, letter: Letter = LETTER, turn: int = 0) -> DeliveryState | None:
    """One try at a letter, as the queue makes it; None when it was not due."""
    written = await mail.due(deps, office.team_id, letter.key)
    if written is None:
        return None
    return await mail.hand_over(deps, office.team_id, written, content(written), run="", turn=turn)


def content(written: Written) -> Content:
    letter = written.letter
    return Content(letter.key, letter.to_address, letter.subject, letter.text, written.written_at)


async def state(deps: Deps, office: Office, letter: Letter = LETTER) -> tuple[DeliveryState, str | None]:
    written = await mail.read(deps, office.team_id, letter.key)
    assert written is not None
    return written.state, written.error


async def test_letter_is_put_down_once_for_its_key(posting: Deps, office: Office) -> None:
    assert await put_down(posting, office)
    assert not await put_down(posting, office, replace(LETTER, subject="別の件名"))
    assert await office.rows(Mail) == 1


async def test_letter_of_a_transaction_that_fails_is_never_sent(posting: Deps, office: Office) -> None:
    async def fails() -> None:
        async with posting.writing(office.team_id) as session:
            await mail.enqueue(posting, session, LETTER)
            raise ValueError("nothing of this stays")

    with pytest.raises(ValueError, match="nothing"):
        await fails()
    assert await office.rows(Mail) == 0
    assert await tried(posting, office) is None


async def test_letter_is_sent_once(posting: Deps, office: Office, letters: Path) -> None:
    await put_down(posting, office)
    assert await tried(posting, office) is DeliveryState.SENT
    assert await tried(posting, office) is None
    assert len(arrived(letters)) == 1


async def test_letter_that_was_deferred_goes_out_under_the_same_message_id(
    posting: Deps, office: Office, letters: Path
) -> None:
    letter = replace(LETTER, to_address="deferred@customer.example")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter) is DeliveryState.QUEUED
    assert await tried(posting, office, letter, turn=1) is DeliveryState.QUEUED
    assert await tried(posting, office, letter, turn=2) is DeliveryState.SENT
    assert [message["Message-ID"] for message in arrived(letters)] == [content_id(posting, letter)]
    assert not await office.deliveries()


def content_id(deps: Deps, letter: Letter) -> str:
    assert deps.mail is not None
    return message_id(letter.key, deps.mail.sender)


async def test_text_that_was_surely_not_taken_is_tried_again(posting: Deps, office: Office, letters: Path) -> None:
    letter = replace(LETTER, to_address="full@customer.example")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter) is DeliveryState.QUEUED
    assert await tried(posting, office, letter, turn=1) is DeliveryState.SENT
    assert len(arrived(letters)) == 1


@pytest.mark.parametrize("who", ["refused", "spam"])
async def test_letter_refused_for_good_fails_and_its_author_is_told(posting: Deps, office: Office, who: str) -> None:
    letter = replace(LETTER, to_address=f"{who}@customer.example")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter) is DeliveryState.FAILED
    assert [(kind, to) for kind, to, _ in (await office.deliveries()).values()] == [(mail.FAILED, "USATO")]
    found = await state(posting, office, letter)
    assert found[1] is not None
    assert found[1].startswith("55")


async def test_letter_nobody_can_tell_of_stays_uncertain_and_is_not_sent_again(
    posting: Deps, office: Office, letters: Path
) -> None:
    letter = replace(LETTER, to_address="cut@customer.example")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter) is DeliveryState.UNCERTAIN
    assert await tried(posting, office, letter) is None
    assert len(arrived(letters)) == 1
    assert len(await office.deliveries()) == 1


async def test_process_that_ends_while_the_text_goes_out_leaves_the_letter_uncertain(
    posting: Deps, office: Office, letters: Path
) -> None:
    letter = replace(LETTER, to_address="hold@customer.example")
    await put_down(posting, office, letter)
    under_way = asyncio.create_task(tried(posting, office, letter))
    async with asyncio.timeout(20):
        # Another process keeps it waiting, so there is no event to wait for.
        while (await state(posting, office, letter))[0] is not DeliveryState.SENDING:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)
    under_way.cancel()
    await asyncio.gather(under_way, return_exceptions=True)
    assert await tried(posting, office, letter) is None
    assert await state(posting, office, letter) == (DeliveryState.UNCERTAIN, "interrupted")


async def test_letter_is_given_up_after_the_last_turn(posting: Deps, office: Office) -> None:
    letter = replace(LETTER, to_address="deferred@customer.example")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter, turn=mail.TURNS - 1) is DeliveryState.FAILED


@pytest.mark.parametrize("audience", [Audience.CUSTOMER, Audience.ANSWER, Audience.MEMBER])
async def test_who_opted_out_gets_only_answers(
    posting: Deps, office: Office, letters: Path, audience: Audience
) -> None:
    lead_id = await office.lead(email="Yamada@Customer.example")
    await put_down(posting, office)
    written = await mail.read(posting, office.team_id, LETTER.key)
    assert written is not None
    token = written.opt_out.rpartition("/")[2]
    assert await mail.opt_out(posting, token)
    assert not await mail.opt_out(posting, token)
    async with posting.reading(office.team_id) as session:
        assert not await mail.may_write(session, " YAMADA@customer.example ")
        opted_out = await session.scalar(sa.select(Contact.opted_out_at).where(Contact.email_key != ""))
    assert opted_out is not None
    assert lead_id
    later = replace(LETTER, key="later", audience=audience)
    await put_down(posting, office, later)
    if audience is Audience.CUSTOMER:
        assert await tried(posting, office, later) is None
        assert await state(posting, office, later) == (DeliveryState.FAILED, Trouble.OPTED_OUT.value)
        assert not arrived(letters)
    else:
        assert await tried(posting, office, later) is DeliveryState.SENT


async def test_opt_out_between_putting_down_and_sending_is_heeded(posting: Deps, office: Office, letters: Path) -> None:
    await put_down(posting, office)
    written = await mail.read(posting, office.team_id, LETTER.key)
    assert written is not None
    await mail.opt_out(posting, written.opt_out.rpartition("/")[2])
    assert await tried(posting, office) is None
    assert not arrived(letters)


async def test_neighbours_may_write_to_whom_this_team_may_not(
    posting: Deps, office: Office, neighbours: Office
) -> None:
    await put_down(posting, office)
    written = await mail.read(posting, office.team_id, LETTER.key)
    assert written is not None
    await mail.opt_out(posting, written.opt_out.rpartition("/")[2])
    assert await office.rows(Suppression) == 1
    async with posting.reading(neighbours.team_id) as session:
        assert await mail.may_write(session, LETTER.to_address)


async def test_customer_is_not_written_to_by_nobody(office: Office, server: MailServer, letters: Path) -> None:
    deps = replace(office.deps, mail=server)
    await put_down(deps, office)
    assert await tried(deps, office) is None
    assert await state(deps, office) == (DeliveryState.FAILED, Trouble.NO_SENDER.value)
    assert not arrived(letters)


async def test_answer_names_the_team_where_nobody_has_said_who_writes(
    office: Office, server: MailServer, letters: Path
) -> None:
    deps = replace(office.deps, mail=server)
    letter = replace(LETTER, audience=Audience.ANSWER)
    await put_down(deps, office, letter)
    written = await mail.read(deps, office.team_id, letter.key)
    assert written is not None
    assert written.sender == Sender(company=f"Team {office.team_id}")
    assert await tried(deps, office, letter) is DeliveryState.SENT


async def test_letter_that_became_pointless_is_not_sent(posting: Deps, office: Office, letters: Path) -> None:
    letter = replace(LETTER, expires_at=office.clock.now + timedelta(minutes=5))
    await put_down(posting, office, letter)
    office.clock.forward(minutes=5)
    assert await tried(posting, office, letter) is None
    assert await state(posting, office, letter) == (DeliveryState.FAILED, Trouble.EXPIRED.value)
    assert not arrived(letters)


async def test_without_a_mail_server_the_letter_stays_and_an_admin_sends_it_later(
    posting: Deps, office: Office, letters: Path
) -> None:
    off = replace(posting, mail=None)
    await put_down(off, office)
    assert await tried(off, office) is None
    (found,) = await mail.troubled(off, office.boss)
    assert (found.letter.key, found.error) == (LETTER.key, Trouble.OFF.value)
    await mail.send_again(posting, office.boss, LETTER.key)
    assert await tried(posting, office) is DeliveryState.SENT
    assert not await mail.troubled(posting, office.boss)
    assert len(arrived(letters)) == 1


async def test_letter_that_was_sent_is_not_sent_again_by_hand(posting: Deps, office: Office) -> None:
    await put_down(posting, office)
    await tried(posting, office)
    with pytest.raises(Refused) as refused:
        await mail.send_again(posting, office.boss, LETTER.key)
    assert refused.value.code is Code.ALREADY_DONE


async def test_demonstration_shows_the_letter_instead(posting: Deps, office: Office) -> None:
    shown = replace(posting, mail=None, mail_shown=True)
    await put_down(shown, office)
    assert await tried(shown, office) is DeliveryState.SENT
    assert [(kind, to) for kind, to, _ in (await office.deliveries()).values()] == [(mail.SHOWN, "USATO")]


async def test_address_that_is_none_fails_at_once(posting: Deps, office: Office) -> None:
    letter = replace(LETTER, to_address="山田")
    await put_down(posting, office, letter)
    assert await tried(posting, office, letter) is DeliveryState.FAILED
    assert await state(posting, office, letter) == (DeliveryState.FAILED, Trouble.ADDRESS.value)


@pytest.mark.parametrize("token", ["", "x", "W10.x"])
async def test_link_we_did_not_make_opts_nobody_out(posting: Deps, office: Office, token: str) -> None:
    with pytest.raises(Refused) as refused:
        await mail.opt_out(posting, token)
    assert refused.value.code is Code.INVALID


async def test_rep_sets_no_sender_and_sees_no_list(posting: Deps, office: Office) -> None:
    for forbidden in (mail.set_sender(posting, office.sato, SENDER), mail.troubled(posting, office.sato)):
        with pytest.raises(Refused) as refused:
            await forbidden
        assert refused.value.code is Code.NOT_ALLOWED


async def test_sender_without_an_address_is_refused(posting: Deps, office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await mail.set_sender(posting, office.boss, replace(SENDER, address=" "))
    assert (refused.value.code, refused.value.field) == (Code.REQUIRED, "address")
    assert await mail.sender(posting, office.team_id) == SENDER
