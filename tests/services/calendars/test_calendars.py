"""Many members' calendars at once: what is taken, what cannot be read, what is written and when it is tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from domain.appointments import Busy, Event, Problem, merged
from domain.errors import Code, Refused
from services import calendars
from services.calendars import connecting
from services.calendars.calendar import Kind, Unusable
from services.deps import Actor, Deps
from services.oauth import OAuthApps
from storage import calendars as queries
from storage.tables import CalendarConnection, Meeting
from tests.servers.google import Google
from tests.servers.microsoft import Microsoft
from tests.servers.radicale import PEOPLE, entries, radicale
from tests.services.office import Office

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = datetime(2026, 4, 2, tzinfo=TOKYO)
MEETING = Event("meeting-1@x", 0, DAY.replace(hour=10), DAY.replace(hour=11), "お打ち合わせ")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    async with radicale(tmp_path) as url:
        yield url


async def connect(office: Office, url: str, actor: Actor, name: str = "ito") -> None:
    await connecting.connect_caldav(office.deps, actor, url=url, name=name, password=PEOPLE[name])


async def row(office: Office, actor: Actor) -> queries.ConnectionRow:
    async with office.deps.reading(office.team_id) as session:
        found = await queries.of_member(session, actor.member_id)
    assert found is not None
    return found


async def change(office: Office, actor: Actor, **values: Any) -> None:
    async with office.deps.writing(office.team_id) as session:
        where = CalendarConnection.member_id == actor.member_id
        await session.execute(sa.update(CalendarConnection).where(where).values(**values))


async def busy(office: Office, *actors: Actor, seconds: float = 10.0) -> list[list[Busy] | None]:
    members = [actor.member_id for actor in actors]
    found = await calendars.busy(office.deps, office.team_id, members, DAY, DAY + timedelta(days=1), seconds=seconds)
    return [found[member] for member in members]


async def written(office: Office, actor: Actor, event: Event, **more: Any) -> bool:
    async with office.deps.writing(office.team_id) as session:
        await calendars.enqueue_put(office.deps, session, actor.member_id, event, f"{event.uid}:{event.sequence}")
    arguments = {"member_id": actor.member_id, "uid": event.uid, "event": calendars._packed(event), "key": event.uid}
    return await calendars.perform(office.deps, office.team_id, arguments | more)


async def removed(office: Office, actor: Actor, uid: str) -> bool:
    arguments = {"member_id": actor.member_id, "uid": uid, "key": uid}
    return await calendars.perform(office.deps, office.team_id, arguments)


def hours(first: int, last: int) -> Busy:
    return Busy(DAY + timedelta(hours=first), DAY + timedelta(hours=last))


async def test_members_without_a_calendar_have_nothing_taken(office: Office) -> None:
    assert await busy(office, office.ito, office.kato) == [[], []]


async def test_each_members_time_is_their_own(office: Office, server: str) -> None:
    await connect(office, server, office.ito, "ito")
    await connect(office, server, office.kato, "kato")
    assert await written(office, office.ito, MEETING)
    assert await busy(office, office.ito, office.kato, office.sato) == [[hours(10, 11)], [], []]


async def test_secret_lies_encrypted_in_the_database(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    stored = (await row(office, office.ito)).secret
    assert PEOPLE["ito"] not in stored
    assert json.loads(office.deps.keys.decrypt(stored))["password"] == PEOPLE["ito"]


async def test_calendar_that_cannot_be_read_is_none_and_its_owner_is_told_once(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    wrong = office.deps.keys.encrypt(json.dumps({"name": "ito", "password": "changed since"}))
    await change(office, office.ito, secret=wrong)
    assert await busy(office, office.ito, office.kato) == [None, []]
    assert await busy(office, office.ito) == [None]
    assert (await row(office, office.ito)).error == Problem.UNAUTHORISED
    told = [(kind, to) for kind, to, _ in (await office.deliveries()).values()]
    assert told == [(calendars.TROUBLE, office.ito.slack_user)]
    shown = await connecting.connection(office.deps, office.ito)
    assert shown is not None
    assert shown.problem is Problem.UNAUTHORISED


async def test_calendar_that_can_be_read_again_is_no_trouble_any_more(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    await change(office, office.ito, error=Problem.UNREACHABLE.value)
    assert await busy(office, office.ito) == [[]]
    assert (await row(office, office.ito)).error is None


async def test_secret_of_another_key_is_no_error_of_the_booking(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    await change(office, office.ito, secret="gAAAAAB-not-ours")
    assert await busy(office, office.ito) == [None]


async def test_server_that_never_answers_holds_nobody_up(office: Office, server: str) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    await connect(office, server, office.ito, "ito")
    await connect(office, server, office.kato, "kato")
    await written(office, office.kato, MEETING)
    deaf = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with deaf:
        port = deaf.sockets[0].getsockname()[1]
        await change(office, office.ito, calendar=f"http://127.0.0.1:{port}/visits/")
        assert await busy(office, office.ito, office.kato, seconds=5) == [None, [hours(10, 11)]]
    assert (await row(office, office.ito)).error == Problem.SLOW


async def test_event_that_cannot_be_written_is_tried_again_later(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    await change(office, office.ito, calendar="http://127.0.0.1:9/visits/")
    assert not await written(office, office.ito, MEETING)
    assert (await row(office, office.ito)).error == Problem.UNREACHABLE
    await change(office, office.ito, calendar=f"{server}ito/visits/")
    assert await written(office, office.ito, MEETING, turn=1)
    assert await busy(office, office.ito) == [[hours(10, 11)]]


async def test_member_without_a_calendar_has_nothing_written(office: Office) -> None:
    assert await written(office, office.ito, MEETING)
    assert await removed(office, office.ito, MEETING.uid)


async def meeting(office: Office, actor: Actor, **values: Any) -> None:
    lead = await office.lead()
    async with office.deps.writing(office.team_id) as session:
        session.add(
            Meeting(
                **{
                    "team_id": office.team_id,
                    "lead_id": lead,
                    "member_id": actor.member_id,
                    "starts_at": MEETING.start,
                    "ends_at": MEETING.end,
                    "customer_zone": "Asia/Tokyo",
                    "language": "ja",
                    "subject": "お打ち合わせ",
                    "uid": MEETING.uid,
                    "created_at": office.clock.now,
                }
                | values
            )
        )


@pytest.mark.parametrize(
    "changed",
    [{"status": "cancelled"}, {"sequence": 1}, {"member_id": "kato"}],
    ids=["cancelled", "moved", "passed on"],
)
async def test_late_try_does_not_bring_back_what_has_changed_since(
    office: Office, server: str, changed: dict[str, Any]
) -> None:
    await connect(office, server, office.ito)
    values = {key: office.kato.member_id if value == "kato" else value for key, value in changed.items()}
    await meeting(office, office.ito, **values)
    assert await written(office, office.ito, MEETING)
    assert "VEVENT" not in await entries(server, "ito")


async def test_late_removal_does_not_take_out_what_came_back(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    await meeting(office, office.ito)
    assert await written(office, office.ito, MEETING)
    assert await removed(office, office.ito, MEETING.uid)
    assert await busy(office, office.ito) == [[hours(10, 11)]]


async def test_event_survives_its_way_through_the_queue() -> None:
    assert calendars._unpacked(json.loads(json.dumps(calendars._packed(MEETING)))) == MEETING


@pytest.mark.parametrize(
    "url", ["", "ftp://x.example/", "http://calendar.example.com/", "https://user:pw@x.example/", "caldav.example.com"]
)
async def test_password_goes_to_no_address_that_is_not_safe(office: Office, url: str) -> None:
    with pytest.raises(Refused) as refused:
        await connecting.connect_caldav(office.deps, office.ito, url=url, name="ito", password="x")
    assert refused.value.field == "url"


async def test_calendar_with_a_wrong_password_is_not_kept(office: Office, server: str) -> None:
    with pytest.raises(Unusable) as unusable:
        await connecting.connect_caldav(office.deps, office.ito, url=server, name="ito", password="wrong")
    assert unusable.value.problem is Problem.UNAUTHORISED
    assert await connecting.connection(office.deps, office.ito) is None


async def test_disconnected_calendar_is_forgotten(office: Office, server: str) -> None:
    await connect(office, server, office.ito)
    await connecting.disconnect(office.deps, office.ito)
    assert await connecting.connection(office.deps, office.ito) is None
    assert (await row(office, office.ito)).secret == ""
    assert await busy(office, office.ito) == [[]]


@pytest.fixture(params=[Kind.GOOGLE, Kind.MICROSOFT])
async def consenting(
    request: pytest.FixtureRequest, office: Office, tmp_path: Path
) -> AsyncIterator[tuple[Kind, Deps, Google | Microsoft]]:
    """A provider whose app this installation is."""
    public = replace(office.deps, public_url="https://bot.example/")
    if request.param is Kind.GOOGLE:
        google = Google()
        async with google.served() as app:
            yield Kind.GOOGLE, replace(public, oauth=OAuthApps(google=app)), google
    else:
        microsoft = Microsoft()
        async with microsoft.served(tmp_path) as app:
            yield Kind.MICROSOFT, replace(public, oauth=OAuthApps(microsoft=app)), microsoft


async def state_of(deps: Deps, kind: Kind, actor: Actor, server: Google | Microsoft) -> str:
    """The state that comes back once the member has agreed; the code is `code-1`."""
    link = await connecting.consent_link(deps, actor, kind)
    consent, _ = await connecting.asked(deps, link.rpartition("/")[2])
    query = parse_qs(urlsplit(await connecting.provider_address(deps, consent)).query)
    assert query["redirect_uri"] == ["https://bot.example/calendars/callback"]
    assert query["code_challenge_method"] == ["S256"]
    server.tokens.codes["code-1"] = query["code_challenge"][0]
    server.tokens.nonce = query.get("nonce", [""])[0]
    return query["state"][0]


Consenting = tuple[Kind, Deps, Google | Microsoft]


async def test_member_who_agrees_has_a_calendar(office: Office, consenting: Consenting) -> None:
    kind, deps, server = consenting
    await connecting.agreed(deps, await state_of(deps, kind, office.ito, server), "code-1")
    connected = await connecting.connection(deps, office.ito)
    assert connected is not None
    assert connected.kind is kind
    found = await calendars.busy(deps, office.team_id, [office.ito.member_id], DAY, DAY + timedelta(days=1), seconds=10)
    assert found == {office.ito.member_id: []}


async def test_agreement_counts_once(office: Office, consenting: Consenting) -> None:
    kind, deps, server = consenting
    state = await state_of(deps, kind, office.ito, server)
    challenge = server.tokens.codes["code-1"]
    await connecting.agreed(deps, state, "code-1")
    server.tokens.codes["code-2"] = challenge
    with pytest.raises(Refused) as refused:
        await connecting.agreed(deps, state, "code-2")
    assert refused.value.code is Code.STALE


async def test_agreement_ends_after_half_an_hour(office: Office, consenting: Consenting) -> None:
    kind, deps, server = consenting
    state = await state_of(deps, kind, office.ito, server)
    office.clock.forward(minutes=30)
    with pytest.raises(Refused) as refused:
        await connecting.agreed(deps, state, "code-1")
    assert refused.value.code is Code.STALE


async def test_code_of_another_consent_connects_nothing(office: Office, consenting: Consenting) -> None:
    kind, deps, server = consenting
    state = await state_of(deps, kind, office.ito, server)
    await state_of(deps, kind, office.kato, server)
    with pytest.raises(Unusable) as unusable:
        await connecting.agreed(deps, state, "code-1")
    assert unusable.value.problem is Problem.UNAUTHORISED
    assert await connecting.connection(deps, office.ito) is None


# Google is asked for no identity, so there is nothing to compare.
@pytest.mark.parametrize("consenting", [Kind.MICROSOFT], indirect=True)
async def test_identity_made_for_another_consent_is_refused(office: Office, consenting: Consenting) -> None:
    kind, deps, server = consenting
    state = await state_of(deps, kind, office.ito, server)
    server.tokens.nonce = "another"
    with pytest.raises(Unusable) as unusable:
        await connecting.agreed(deps, state, "code-1")
    assert unusable.value.problem is Problem.UNAUTHORISED


async def test_link_to_the_page_is_no_answer_of_the_provider(office: Office, consenting: Consenting) -> None:
    kind, deps, _ = consenting
    link = await connecting.consent_link(deps, office.ito, kind)
    with pytest.raises(Refused) as refused:
        await connecting.agreed(deps, link.rpartition("/")[2], "code-1")
    assert refused.value.code is Code.INVALID


def test_time_taken_twice_is_one_stretch() -> None:
    assert merged([hours(13, 14), hours(9, 11), hours(10, 12), hours(12, 13), hours(16, 16)]) == [hours(9, 14)]
