"""One person found, disclosed and erased: nothing is left of her in any table of either schema, on either database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import ERASURE
from domain.errors import Code, Refused
from domain.members import Role
from domain.outreach.objections import Objection
from domain.outreach.scripts import Heading, Scene, Script, Stage
from domain.performance.windows import Span
from services import audit, calendars
from services.data import personal, scrubbing
from services.data.personal import Chosen, Words
from services.deps import Deps
from services.outreach import objections, scripts
from services.outreach.form_sources import NewSecret
from services.outreach.leads import NewLead, add
from services.performance import kpis
from services.pipeline import knowledge
from storage import personal as queries
from storage import work
from storage.exports import parts
from storage.tables import Base, Contact, Lead, Suppression
from storage.tables.personal import KEY, NOT_PERSONAL, Personal
from tests.dump import dump
from tests.services.data.planted import found_in, in_file, makabe, nanao, plant
from tests.services.office import Office
from tests.services.outreach.website import form

__all__ = ["form"]

WORDS = Words("（消去済み）", "（消去済み）")


def test_every_column_that_can_hold_text_says_whether_it_is_about_people() -> None:
    undecided, both = [], []
    for target in Base.metadata.sorted_tables:
        for column in target.c:
            if column.name == "team_id" or not isinstance(column.type, sa.String | sa.JSON):
                continue
            name = f"{target.name}.{column.name}"
            if (KEY in column.info) == (name in NOT_PERSONAL):
                (both if KEY in column.info else undecided).append(name)
    assert not undecided, "mark them (storage/tables/personal.py), or say there why they hold nothing of a person"
    assert not both
    assert all(reason.strip() for reason in NOT_PERSONAL.values())


async def contacts(office: Office, *names: str) -> tuple[int, ...]:
    async with office.deps.reading(office.team_id) as session:
        return tuple(await session.scalars(sa.select(Contact.id).where(Contact.name.in_(names)).order_by(Contact.id)))


async def everything(office: Office, contact_ids: tuple[int, ...]) -> dict[str, list[dict[str, Any]]]:
    async with office.deps.reading(office.team_id) as session:
        held = await queries.reached(session, contact_ids, [])
        return {table: await queries.rows(session, table, keys) for table, keys in held.items()}


async def figures(deps: Deps, office: Office) -> list[str]:
    return [repr((await kpis.board(deps, office.mori, span)).lines) for span in Span]


OF_NOBODY = {"objections", "script_versions"}
"""Tables about no customer at all: who is named there all the same is found like every mention."""


async def bring_up(deps: Deps) -> None:
    """What was written down can be searched."""
    while await knowledge.bring_up(deps, "T1"):
        pass


async def test_nothing_is_left_of_who_was_erased_and_everything_of_the_others(
    deps: Deps, office: Office, neighbours: Office, form: NewSecret, database_url: str, owner_url: str
) -> None:
    who, other = makabe(), nanao()
    if deps.database.dialect == "sqlite":
        event.listen(deps.database.engine.sync_engine, "checkout", leave_remains)
    await plant(office, form, who, 10)
    await plant(office, form, other, 14)
    await neighbours.lead(who.name, phone=who.phone, email=who.email, note="隣の部屋の記録")
    # Others' records in which she is named, and one who has a name like hers.
    mentioned = await office.lead("同僚 一郎", note=f"本来の窓口は{who.name.replace(' ', '')}様（{who.phone}）")
    elsewhere = await office.account("株式会社よそ")
    namesake = await add(deps, office.sato, NewLead(elsewhere, "余所 次郎", note=f"{who.name}という人ではない"))
    await add(deps, office.sato, NewLead(elsewhere, "余所 三郎", note=f"転送先 {who.email.upper()}"))
    spoken = dict.fromkeys(Stage, f"ご紹介は{who.phone}から")
    await scripts.add(deps, office.mori, Script(Heading("紹介", Scene.FIRST_CALL), spoken))
    await objections.add(deps, office.mori, Objection("紹介者は？", (f"{who.email}の方です",)))
    (contact_id,) = await contacts(office, who.name)
    (other_id,) = await contacts(office, other.name)
    chosen = Chosen((contact_id,))

    # What was written down is found by its words, hers and the others'.
    await bring_up(deps)
    notes = [who.texts[2], other.texts[2]]
    assert [len((await knowledge.search(deps, office.sato, note)).hits) > 0 for note in notes] == [True, True]
    before = dump(owner_url)
    assert found_in(who.texts, before) == who.texts
    marked = {
        part.name: [name for name, mark in queries.marks(part.target).items() if mark.kind is not Personal.MEMBER]
        for part in parts()
    }
    hers = await everything(office, (contact_id,))
    uid = hers["meetings"][-1]["uid"]
    empty = [
        f"{table}.{name}"
        for table, names in marked.items()
        for name in names
        if table not in OF_NOBODY
        if not any(row[name] for row in hers.get(table, ()))
    ]
    assert not empty, "nothing was planted there, so nothing is proven of it"
    others, theirs = await everything(office, (other_id,)), dump(owner_url).count("隣の部屋の記録")
    counted = await figures(deps, office)

    disclosed = await personal.disclose(deps, office.boss, chosen)
    told = "\n".join(
        str(value) for rows in disclosed.sections.values() for row in rows for value in row.values.values()
    )
    hidden = [text for text in (*who.texts, who.name, who.reading, who.email, "+81355500147") if text not in told]
    # Other forms of what is told: the file of an invitation, a letter's other body.
    assert [text for text in hidden if "装飾" not in text and "説明" not in text] == []
    assert found_in(other.searched, told) == []

    planned = await personal.plan(deps, office.boss, chosen)
    assert planned.mentions == 4
    done = await personal.erase(deps, office.boss, chosen, WORDS)
    assert (done.rows, done.mentions, done.meetings) == (
        {**planned.rows, "audit_log": planned.rows["audit_log"] + 0},
        4,
        1,
    )

    # She is gone: from this team. The other team's record of her is its own matter.
    async with neighbours.deps.writing("T2") as session:
        await session.execute(sa.delete(Lead))
        await session.execute(sa.delete(Contact))
    after = dump(owner_url)
    kept = f"{who.name}という人ではない"
    assert kept in after, "a name alone, at another company, may be anybody's"
    assert found_in(who.searched, after.replace(kept, "")) == []
    if deps.database.dialect == "sqlite":
        async with deps.writing("T1") as session:
            await session.execute(sa.update(Lead).where(Lead.id == namesake).values(note=""))
        await bring_up(deps)
        await scrubbing.scrub(deps, {})
        path = sa.make_url(database_url).database
        assert path is not None
        for name in (path, f"{path}-wal"):
            assert in_file(who.searched, Path(name)) == []

    # Nobody else is touched, and no figure.
    assert found_in(other.searched[: len(other.texts)], after) == other.texts
    await bring_up(deps)
    answers = (await knowledge.search(deps, office.sato, who.texts[2])).hits
    assert who.lead_id not in [hit.lead_id for hit in answers]
    assert other.lead_id == (await knowledge.search(deps, office.sato, other.texts[2])).hits[0].lead_id
    assert found_in(who.texts, dump(owner_url)) == []
    now = await everything(office, (other_id,))
    assert now.keys() == others.keys()
    for table, rows in others.items():
        assert [unsealed(row) for row in rows] == [unsealed(row) for row in now[table]], table
    assert theirs == 1
    assert await figures(deps, office) == counted

    # The log says who did it, and is whole.
    await audit.seal(deps)
    checked = await audit.check(deps, "T1")
    assert checked.broken is None
    (written,) = await office.audited(ERASURE)
    assert written["contacts"] == [contact_id]
    note = await note_of(office, mentioned)
    assert note == "本来の窓口は（消去済み）様（（消去済み））"

    # She is left alone for good, in whatever spelling she comes again; her neighbour at the switchboard is not.
    again = await add(
        deps, office.sato, NewLead(elsewhere, who.name, phone="０３（５５５０）０１４７", email=who.email.upper())
    )
    async with deps.reading("T1") as session:
        row = (await session.execute(sa.select(Contact).join(Lead).where(Lead.id == again))).scalar_one()
        assert row.do_not_call_at is not None
        assert row.opted_out_at is not None
        keys = list(await session.scalars(sa.select(Suppression.key)))
    assert [key for key in keys if who.email in key or "355500147" in key] == []

    # A write into a calendar that was under way has put itself off, with what it had read before.
    async with deps.writing("T1") as session:
        (given, *_) = [
            given for kind, given in await tasks_of(session) if kind == calendars.WRITE and uid in str(given)
        ]
        late = {**given, "event": {**given["event"], "summary": who.text("遅れ")}}
        await deps.outbox.start_task(session, key="late", kind=calendars.WRITE, arguments=late)
    assert found_in(who.texts[-1:], dump(owner_url)) == who.texts[-1:]
    assert await personal.sweep(deps, "T1", [contact_id], WORDS) == 1
    assert found_in(who.texts[-1:], dump(owner_url)) == []

    # Twice is once.
    with pytest.raises(Refused) as refused:
        await personal.erase(deps, office.boss, chosen, WORDS)
    assert refused.value.code is Code.NOT_FOUND


async def test_erasure_that_fails_half_way_has_changed_nothing(
    deps: Deps, office: Office, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = makabe()
    who.lead_id = await office.lead(who.name, phone=who.phone, email=who.email, note=who.text("備考"))
    chosen = Chosen(await contacts(office, who.name))
    # What is sealed stays so, whatever comes of it.
    await audit.seal(deps)
    before = dump(owner_url)

    async def killed(*_: object) -> None:
        # The last thing that is done.
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(personal, "write_down", killed)
        with pytest.raises(RuntimeError):
            await personal.erase(deps, office.boss, chosen, WORDS)
    assert dump(owner_url) == before
    for role in Role:
        actor = next(member for member in office.members.values() if member.role is role)
        if role is not Role.ADMIN:
            for verb in (personal.disclose, personal.plan):
                with pytest.raises(Refused, match=Code.NOT_ALLOWED):
                    await verb(deps, actor, chosen)
            with pytest.raises(Refused, match=Code.NOT_ALLOWED):
                await personal.erase(deps, actor, chosen, WORDS)
    assert (await personal.erase(deps, office.boss, chosen, WORDS)).rows["contacts"] == 1
    assert found_in(who.searched, dump(owner_url)) == []


async def tasks_of(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    """The tasks of the queue, with their arguments."""
    found: list[tuple[str, dict[str, Any]]] = []

    def seen(kind: str, given: dict[str, Any]) -> dict[str, Any]:
        found.append((kind, given))
        return given

    await work.rewrite(session, seen)
    return found


def leave_remains(connection: Any, *_: object) -> None:
    """Whether SQLite overwrites what it deletes depends on how it was built. Here it does not."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete = OFF")
    cursor.close()


def unsealed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("seal", "salt", "digest", "hash")}


async def note_of(office: Office, lead_id: int) -> str:
    async with office.deps.reading(office.team_id) as session:
        return (await session.execute(sa.select(Lead.note).where(Lead.id == lead_id))).scalar_one()
