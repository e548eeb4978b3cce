"""Killed while a letter is on its way, the bot sends it once, or says that nobody knows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.run import storage
from bot.settings import Settings
from domain.mail import Audience
from services import mail
from services.mail import Letter
from storage.tables import Mail
from tests.kill.conftest import DEADLINE, REPS, TEAM, Office, eventually
from tests.services.test_smtp import arrived, mail_server

pytestmark = pytest.mark.kill

COLLEAGUES = [
    Letter(f"letter:{n}", f"guest{n}@customer.example", "件名", "本文", audience=Audience.MEMBER) for n in range(5)
]


async def put_down(office: Office, *letters: Letter) -> None:
    async with storage(Settings(_env_file=None, **office.settings)) as deps, deps.writing(TEAM) as session:
        for letter in letters:
            assert await mail.enqueue(deps, session, letter)


async def states(office: Office) -> dict[str, str]:
    async with storage(Settings(_env_file=None, **office.settings)) as deps, deps.reading(TEAM) as session:
        return {row.key: row.state for row in await session.execute(sa.select(Mail.key, Mail.state))}


def told(office: Office) -> list[str]:
    """What the bot has said to the rep."""
    bot = office.workspace.person(REPS[0]).screen()["app"]["bot_user"]
    found = [c for c in office.workspace.person(REPS[0]).screen()["channels"] if c["with"] == bot]
    return [message["text"] for channel in found for message in channel["messages"]]


@pytest.mark.parametrize(("who", "known"), [("slow", True), ("hold", False)])
async def test_letter_is_sent_once_or_said_to_be_uncertain(
    office: Office, tmp_path: Path, who: str, known: bool
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    letter = Letter(
        f"kill:{who}", f"{who}@customer.example", "件名", "本文", audience=Audience.MEMBER, report_to=REPS[0]
    )
    async with mail_server(folder) as server:
        office.settings |= {
            "smtp_host": server.host,
            "smtp_port": server.port,
            "smtp_security": "none",
            "mail_from": server.sender,
        }
        await put_down(office, letter)
        killed = office.start()
        await eventually((folder / "waiting").exists, "the letter's way to the mail server")
        await office.kill(killed)
        (folder / "release").touch()
        await put_down(office, *COLLEAGUES)
        office.start()
        await eventually(lambda: len(arrived(folder)) == len(COLLEAGUES) + 1, "the letters' arrival")
        if not known:
            await eventually(lambda: any("届いたか確認できません" in text for text in told(office)), "the news")
        settled: dict[str, str] = {}
        async with asyncio.timeout(DEADLINE):
            while not settled or {"queued", "sending"} & set(settled.values()):
                settled = await states(office)
    wanted = dict.fromkeys((each.key for each in COLLEAGUES), "sent")
    assert settled == wanted | {letter.key: "sent" if known else "uncertain"}
    subjects = [message["To"].addresses[0].addr_spec for message in arrived(folder)]
    assert len(subjects) == len(set(subjects))
