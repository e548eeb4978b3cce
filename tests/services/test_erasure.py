"""Thirty days after a workspace has gone nothing of it is left, and nobody else has noticed."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from domain.clock import Timetable
from domain.members import Role
from services import clock as clock_service
from services import erasure, installations, members
from services.data.exports import export_team
from services.deps import Deps
from services.installations import Installed, Person
from services.outreach import form_sources, forms
from services.pipeline import knowledge
from services.targeting import accounts
from services.targeting.accounts import NewAccount
from storage import account_search
from storage import erasure as pieces
from storage import installations as queries
from storage.account_search import Entry
from storage.tables import Account
from tests.dump import dump
from tests.services.data.any_team import Pool, fill
from tests.services.office import Clock, Office, open_office

PERSON = Person("U0INSTALL", "灰谷 実", "ja", "Asia/Tokyo", "haitani@example.co.jp")
GONE = "T0GONE0001"
PLANTED = (GONE, "うすずみ", "灰谷", "haitani", "龘", "xoxb-gone", "xoxe-gone")


def installed(team_id: str, clock: Clock, word: str) -> Installed:
    return Installed(
        team_id, "A1", "B1", "U1", PERSON.slack_user, ("chat:write",), f"xoxb-{word}", f"xoxe-{word}", None, clock.now
    )


async def findable(deps: Deps, team_id: str) -> None:
    """What tests put straight into the table gets into the index too, as everything else is."""
    async with deps.writing(team_id) as session:
        if account_search.is_postgresql(session):
            return
        known = {"株式会社うすずみ龘製作所", "株式会社うすらい"}
        rows = await session.scalars(sa.select(Account).where(Account.name.not_in(known)))
        await account_search.replace_sqlite(
            session, [], [Entry(each.id, each.name_key, each.search_text) for each in rows]
        )


class Killed(BaseException):
    """The process ended here."""


async def content(deps: Deps, team_id: str) -> bytes:
    written: list[bytes] = []
    await export_team(deps, team_id, written.append)
    return b"".join(written)


async def settled(deps: Deps, clock: Clock) -> Office:
    """A team with rows in every table, among them the words to be looked for, and work that waits in the queue."""
    office = await open_office(deps, clock, GONE)
    await installations.install(deps, installed(GONE, clock, "gone"), "うすずみ商会", PERSON)
    await accounts.create(deps, office.kato, NewAccount("株式会社うすずみ龘製作所"))
    await office.handed_off(await office.lead("灰谷 二郎", note="龘の見積もりを急ぐ"))
    await knowledge.index(deps)
    async with deps.writing(GONE) as session:
        await fill(session, Pool(texts=["うすずみ", "灰谷"], documents=[{"name": "うすずみ"}]), first=500, each=1)
        await deps.outbox.start_task(session, key="calendar:うすずみ", kind="x", arguments={"who": "灰谷"})
    await findable(deps, GONE)
    return office


async def test_nothing_of_a_team_is_left_though_it_was_killed_midway_and_others_keep_every_byte(
    deps: Deps, office: Office, clock: Clock, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settled(deps, clock)
    await accounts.create(deps, office.kato, NewAccount("株式会社うすらい"))
    await office.lead("薄氷 一郎", note="うすらいの見積もりを急ぐ")
    await knowledge.index(deps)
    async with deps.writing("T1") as session:
        await fill(session, Pool(), first=900, each=1)
    before = await content(deps, "T1")
    assert all(word in dump(owner_url) for word in PLANTED[:5])
    assert "xoxb" not in dump(owner_url)

    assert await installations.gone(deps, GONE, "app_uninstalled")
    clock.forward(days=29, hours=23)
    assert await erasure.erase_due(deps) == 0
    kept = await content(deps, GONE)
    clock.forward(hours=2)
    # Killed again and again, wherever it is; each time the next one goes on.
    taken, kills = 0, 0
    take = pieces.take

    async def interrupted(*arguments: object) -> int:
        nonlocal taken
        taken += 1
        if taken > 6 * (kills + 1):
            raise Killed
        return await take(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pieces, "take", interrupted)
    while True:
        try:
            assert await erasure.erase_due(deps, piece=3) == 1
            break
        except Killed:
            kills, taken = kills + 1, 0
            (left,) = [row for row in await installations.everybody(deps) if row.team_id == GONE]
            assert left.erasing
    assert kills >= 5
    found = dump(owner_url)
    assert [line for line in found.splitlines() for word in PLANTED if word in line] == []
    assert kept != b""
    assert await content(deps, "T1") == before
    # The search still finds the others' companies, and only those.
    assert [hit.name for hit in await accounts.find(deps, office.sato, "うす")] == ["株式会社うすらい"]
    assert [hit.contact for hit in (await knowledge.search(deps, office.sato, "見積もり")).hits] == ["薄氷 一郎"]
    assert await erasure.erase_due(deps) == 0
    # Whoever installs it now begins anew, as the admin.
    again = await installations.install(deps, installed(GONE, clock, "gone"), "うすずみ商会", PERSON)
    assert again.role is Role.ADMIN


async def test_workspace_that_comes_back_while_it_is_erased_begins_anew(deps: Deps, clock: Clock) -> None:
    office = await settled(deps, clock)
    await installations.gone(deps, GONE, "app_uninstalled")
    clock.forward(days=31)
    async with deps.writing(GONE) as session:
        assert await queries.begin_erasing(session, deps.now() - erasure.KEPT)
    actor = await installations.install(deps, installed(GONE, clock, "new"), "うすずみ商会", PERSON)
    assert [member.member_id for member in await members.everybody(deps, actor)] == [actor.member_id]
    assert office.account_id != 0
    found = await installations.find(deps, GONE)
    assert found is not None
    assert found.token == "xoxb-new"
    # An eraser that was on its way elsewhere stops.
    await erasure.finish(deps, GONE)
    assert await installations.find(deps, GONE) == found


async def test_news_of_a_removal_that_comes_late_removes_nothing(deps: Deps, clock: Clock) -> None:
    went = clock.now
    clock.forward(minutes=5)
    admin = await installations.install(deps, installed(GONE, clock, "new"), "うすずみ商会", PERSON)
    form = await form_sources.add(deps, admin, "お問い合わせ")
    timestamp = str(int(clock.now.timestamp()))
    signed = (form.form.name, timestamp, forms.signature(form.secret, timestamp, b"{}"), b"{}")
    assert not await installations.gone(deps, GONE, "app_uninstalled", at=went)
    assert (await forms.prove(deps, *signed)).team_id == GONE
    assert not await installations.gone(deps, GONE, "token_revoked", token="xoxb-old")
    assert await installations.find(deps, GONE) is not None
    assert await installations.gone(deps, GONE, "app_uninstalled", at=clock.now + timedelta(seconds=1))
    assert not await installations.gone(deps, GONE, "app_uninstalled")
    assert await installations.stopped(deps) == {GONE}
    # Nothing is due for it any more, and its website is told to keep what customers write.
    with pytest.raises(forms.Paused):
        await forms.prove(deps, *signed)
    await open_office(deps, clock, "T1")

    async def plan(_deps: Deps) -> list[Timetable]:
        return [Timetable(team_id, "Asia/Tokyo", time(9)) for team_id in (GONE, "T1")]

    assert [each.timetable.team_id for each in (await clock_service.read(deps, {"digest": plan})).planned] == ["T1"]
