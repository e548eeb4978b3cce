"""Meetings in Slack: booked, mailed, moved, given away, cancelled, closed; nothing typed is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from domain.leads import Source
from domain.qualification.meetings import Slot
from handlers.qualification.meeting_form import slot_of, value_of
from handlers.qualification.meeting_words import letter
from handlers.qualification.meetings import remind
from services import members
from services.deps import Actor
from services.outreach import leads
from services.outreach.leads import NewLead
from services.qualification import meeting_offers, meetings
from services.qualification.meeting_records import MeetingView, OfferClosed, Plan
from storage.tables import Mail, Meeting
from tests.handlers.conftest import FS, IS, MANAGER, World, eventually, over_both_ways
from tests.handlers.test_leads import buttons
from tests.handlers.test_main_job import answers, open_form

TEAM = "C01ISTEAM0"
TEAM_ID = EXAMPLE.id


async def actor(world: World, user: str = IS) -> Actor:
    found = await members.who(world.house.deps, TEAM_ID, user)
    assert found is not None
    return found


async def new_lead(world: World, name: str = "予約 花子", **more: Any) -> int:
    deps, sato = world.house.deps, await actor(world)
    (first, *_rest) = await leads.mine(deps, sato)
    new = NewLead(first.account_id, name, email="hanako@customer.example", source=Source.REFERRAL, **more)
    return await leads.add(deps, sato, new, despite_duplicates=True)


def block(view: dict[str, Any], start: str) -> dict[str, Any]:
    return next(b for b in view["blocks"] if str(b["block_id"]).startswith(start))


def offered(view: dict[str, Any], start: str = "slot:") -> list[str]:
    groups = block(view, start)["element"]["option_groups"]
    return [option["value"] for group in groups for option in group["options"]]


async def booking_form(world: World, name: str = "予約 花子") -> dict[str, Any]:
    await world.person(IS).command(TEAM, "/meeting", f"book {name}")
    return world.modal(IS)


async def booked(world: World, **filled: Any) -> MeetingView:
    """A meeting through the form, as it is proposed."""
    await new_lead(world)
    form = await booking_form(world)
    done = await world.person(IS).submit(form["id"], {key: {"v": value} for key, value in filled.items()})
    assert done["result"] == "updated", done
    sato = await actor(world)
    (made,) = await meetings.upcoming(world.house.deps, sato)
    return made


def direct(world: World, user: str, text: str) -> dict[str, Any] | None:
    found = [m for m in world.direct(user) if text in str(m)]
    return found[-1] if found else None


async def letters(world: World) -> list[Mail]:
    async with world.house.deps.reading(TEAM_ID) as session:
        return list(await session.scalars(sa.select(Mail).order_by(Mail.created_at, Mail.key)))


@over_both_ways
async def test_proposed_meeting_is_booked_with_one_click(world: World) -> None:
    await new_lead(world)
    form = await booking_form(world)
    proposed = block(form, "slot:")["element"]["initial_option"]["value"]
    done = await world.person(IS).submit(form["id"], {})
    assert done["result"] == "updated"
    assert "hanako@customer.example" in str(done["view"]["blocks"])
    (made,) = await meetings.upcoming(world.house.deps, await actor(world))
    assert value_of(Slot(made.starts_at, made.ends_at, made.rep_id)) == proposed
    for user in (IS, made.rep_slack_user):
        card = await eventually(lambda user=user: direct(world, user, "予約 花子"))
        assert {"meeting.move", "meeting.reassign", "meeting.cancel"} <= set(buttons(card))
    (written,) = await letters(world)
    assert (written.method, written.to_address) == ("REQUEST", "hanako@customer.example")
    assert "meeting/" in written.text


async def test_time_that_was_taken_meanwhile_costs_nothing_that_was_typed(world: World) -> None:
    await new_lead(world)
    form = await booking_form(world)
    first = slot_of(offered(form)[0])
    other = await new_lead(world, "先約 太郎")
    plan = Plan("先約", "", (), "Asia/Tokyo", "ja")
    await meetings.book(world.house.deps, await actor(world), other, first, plan, letter)
    typed = {"place": "https://meet.example/<x>", "guests": "a@x.example, b@x.example", "subject_ja": "特別な件名"}
    again = await world.person(IS).submit(form["id"], {key: {"v": value} for key, value in typed.items()})
    assert again["result"] == "updated"
    view = again["view"]
    assert "たった今埋まりました" in str(view["blocks"])
    assert value_of(first) not in offered(view)
    for field, value in typed.items():
        assert block(view, field)["element"]["initial_value"] == value
    done = await world.person(IS).submit(view["id"], {})
    assert done["result"] == "updated"
    made = (await meetings.upcoming(world.house.deps, await actor(world)))[-1]
    assert (made.place, made.guests, made.subject) == (typed["place"], ("a@x.example", "b@x.example"), "特別な件名")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_form_that_was_opened_before_the_customers_meeting_was_booked_asks_before_it_books_another(
    world: World,
) -> None:
    lead = await new_lead(world)
    form = await booking_form(world)
    # Far apart: what is near a meeting is not free any more.
    first, other = (slot_of(offered(form)[place]) for place in (0, -1))
    plan = Plan("最初の送信", "", (), "Asia/Tokyo", "ja")
    made = await meetings.book(world.house.deps, await actor(world), lead, first, plan, letter, request_key="V1")
    chosen = {block(form, "slot:")["block_id"]: {"v": value_of(other)}, "place": {"v": "会議室A"}}
    again = await world.person(IS).submit(form["id"], chosen)
    assert again["result"] == "updated"
    view = again["view"]
    assert "このフォームを開いたあと" in str(view["blocks"])
    assert made.rep in str(view["blocks"][0])
    assert block(view, "place")["element"]["initial_value"] == "会議室A"
    assert block(view, "slot:")["element"]["initial_option"]["value"] == value_of(other)
    assert await meetings.upcoming(world.house.deps, await actor(world)) == [made]
    # Now they know.
    done = await world.person(IS).submit(view["id"], {})
    assert done["view"]["callback_id"] == "meeting.booked"
    assert len(await meetings.upcoming(world.house.deps, await actor(world))) == 2


async def test_candidates_are_mailed_with_the_greeting_as_edited(world: World) -> None:
    await new_lead(world)
    form = await booking_form(world)
    changed = await world.person(IS).action(
        view_id=form["id"], block_id="mode", action_id="meeting.book.redraw", value="send"
    )
    assert changed
    form = world.modal(IS)
    assert "お選びください" in str(form["blocks"])
    chosen = offered(form, "candidates:")
    few = block(form, "candidates:")
    refused = await world.person(IS).submit(form["id"], {few["block_id"]: {"meeting.book.redraw": chosen[:2]}})
    assert few["block_id"] in refused["errors"]
    greeting = block(form, "greeting:")
    done = await world.person(IS).submit(
        form["id"],
        {
            few["block_id"]: {"meeting.book.redraw": chosen[:4]},
            greeting["block_id"]: {"v": "予約様\n先日はどうも <ありがとう> ございました。"},
        },
    )
    assert done["result"] == "updated", done
    (written,) = await letters(world)
    assert written.text.startswith("予約様\n先日はどうも <ありがとう> ございました。")
    assert written.text.count("・ ") == 4
    assert f"{world.house.deps.public_url}book/" in written.text


async def test_mail_is_previewed_in_the_customers_language_and_zone(world: World) -> None:
    await new_lead(world, "Anna Schmidt", phone="+49301234567")
    form = await booking_form(world, "Anna Schmidt")
    assert "お客様: 0" in str(block(form, "slot:")) or "お客様: 1" in str(block(form, "slot:"))
    await world.person(IS).action(view_id=form["id"], block_id="mode", action_id="meeting.book.redraw", value="send")
    form = world.modal(IS)
    assert "Dear Anna Schmidt" in str(form["blocks"])
    assert "Central European" in str(form["blocks"])
    await world.person(IS).action(view_id=form["id"], block_id="language", action_id="meeting.book.redraw", value="ja")
    assert "Anna Schmidt 様" in str(world.modal(IS)["blocks"])
    assert "Dear Anna" not in str(world.modal(IS)["blocks"])


async def test_another_rep_and_another_zone_redraw_the_times(world: World) -> None:
    await new_lead(world)
    form = await booking_form(world)
    options = block(form, "rep")["element"]["options"]
    other = options[1]["value"]
    await world.person(IS).action(view_id=form["id"], block_id="rep", action_id="meeting.book.redraw", value=other)
    form = world.modal(IS)
    assert {slot_of(value).member_id for value in offered(form)} == {int(other)}
    found = await world.person(IS).options(view_id=form["id"], action_id="meeting.zone", query="berlin")
    assert found["options"][0]["value"] == "Europe/Berlin"
    await world.person(IS).action(view_id=form["id"], block_id="zone", action_id="meeting.zone", value="Europe/Berlin")
    assert str(block(world.modal(IS), "slot:")["block_id"]).endswith("Europe/Berlin")
    done = await world.person(IS).submit(form["id"], {})
    assert done["result"] == "updated", done
    (made,) = await meetings.upcoming(world.house.deps, await actor(world))
    assert (made.rep_id, made.customer_zone) == (int(other), "Europe/Berlin")


async def test_verdict_and_qualified_lead_offer_a_meeting(world: World) -> None:
    form = await open_form(world)
    judged = await world.person(IS).submit(form["id"], answers())
    assert "meeting.book" in buttons(judged["view"])
    book = next(
        e for b in judged["view"]["blocks"] for e in b.get("elements", []) if e.get("action_id") == "meeting.book"
    )
    await world.person(IS).action(
        view_id=judged["view"]["id"],
        block_id=next(b["block_id"] for b in judged["view"]["blocks"] if book in b.get("elements", [])),
        action_id="meeting.book",
        value=book["value"],
    )
    assert world.modal(IS)["callback_id"] == "meeting.book.submit"


async def test_move_reassign_and_cancel_from_the_card(world: World) -> None:
    made = await booked(world)
    card = await eventually(lambda: direct(world, IS, "meeting.move"))
    channel = next(c for c in world.person(IS).screen()["channels"] if card in c["messages"])["id"]

    async def click(action_id: str) -> dict[str, Any]:
        await world.person(IS).action(channel=channel, ts=card["ts"], action_id=action_id, value=str(made.meeting_id))
        return world.modal(IS)

    view = await click("meeting.move")
    wanted = offered(view, "slot")[5]
    done = await world.person(IS).submit(view["id"], {"slot": {"v": wanted}})
    assert done["result"] == "updated", done
    moved = await meetings.view(world.house.deps, TEAM_ID, made.meeting_id)
    assert moved.starts_at == slot_of(wanted).start
    await world.person(IS).close(done["view"]["id"])
    assert await eventually(lambda: direct(world, made.rep_slack_user, "変更しました"))

    view = await click("meeting.reassign")
    done = await world.person(IS).submit(view["id"], {})
    assert done["result"] == "updated", done
    given = await meetings.view(world.house.deps, TEAM_ID, made.meeting_id)
    assert given.rep_id != made.rep_id
    await world.person(IS).close(done["view"]["id"])
    assert await eventually(lambda: direct(world, given.rep_slack_user, "meeting.cancel"))

    view = await click("meeting.cancel")
    done = await world.person(IS).submit(view["id"], {"reason": {"v": "都合により"}})
    assert done["result"] == "updated", done
    assert await eventually(lambda: "商談を再設定" in str(direct(world, given.rep_slack_user, "キャンセルしました")))
    await eventually(lambda: "meeting.move" not in str(world.messages(IS, channel)))
    assert [letter.method for letter in await letters(world)] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]


async def test_rep_says_with_one_click_how_it_went_and_a_no_show_offers_a_new_meeting(world: World) -> None:
    made = await booked(world)
    # It was half an hour ago.
    ends_at = datetime.now(UTC) - timedelta(minutes=30)
    async with world.house.deps.writing(TEAM_ID) as session:
        values = {"starts_at": ends_at - timedelta(hours=1), "ends_at": ends_at}
        await session.execute(sa.update(Meeting).values(**values))
    assert await remind(world.house.deps) == 1
    assert await remind(world.house.deps) == 0
    rep = made.rep_slack_user
    asked = await eventually(lambda: direct(world, rep, "いかがでしたか"))
    channel = next(c for c in world.person(rep).screen()["channels"] if asked in c["messages"])["id"]
    await world.person(rep).action(
        channel=channel, ts=asked["ts"], action_id="meeting.no_show", value=str(made.meeting_id)
    )
    await eventually(lambda: "いかがでしたか" not in str(world.messages(rep, channel)))
    answered = next(m for m in world.messages(rep, channel) if m["ts"] == asked["ts"])
    assert buttons(answered) == ["meeting.book", "meeting.held", "lead.show"]
    closed = await meetings.view(world.house.deps, TEAM_ID, made.meeting_id)
    assert closed.status == "no_show"


async def test_list_shows_ones_own_meetings_and_to_managers_all(world: World) -> None:
    made = await booked(world)
    mine = (await world.person(IS).command(TEAM, "/meeting", "list"))["response"]
    assert "予約 花子" in str(mine["blocks"])
    assert f"meeting.show#{made.meeting_id}" in buttons(mine)
    others = [user for user in (FS, "U01MILLER1") if user != made.rep_slack_user][-1]
    assert "予定されている商談はありません" in str(
        (await world.person(others).command(TEAM, "/meeting", "list"))["response"]
    ) or "No meetings are booked" in str((await world.person(others).command(TEAM, "/meeting", "list"))["response"])
    assert "予約 花子" in str((await world.person(MANAGER).command(TEAM, "/meeting", "list"))["response"])


async def test_manager_changes_the_rules_and_nonsense_stands_at_its_field(world: World) -> None:
    assert (await world.person(IS).command(TEAM, "/meeting", "rules"))["response"] is not None
    await world.person(MANAGER).command(TEAM, "/meeting", "rules")
    view = world.modal(MANAGER)
    wrong = await world.person(MANAGER).submit(view["id"], {"minutes": {"v": "47"}, "customer_from": {"v": "19:00"}})
    assert set(wrong["errors"]) == {"minutes", "customer_to"}
    done = await world.person(MANAGER).submit(view["id"], {"minutes": {"v": "30"}, "customer_from": {"v": "10:00"}})
    assert done["result"] == "updated", done
    assert (await meetings.read_rules(world.house.deps, TEAM_ID)).minutes == 30


async def test_candidates_are_taken_back_with_one_click_where_they_were_sent(world: World) -> None:
    await new_lead(world)
    form = await booking_form(world)
    await world.person(IS).action(view_id=form["id"], block_id="mode", action_id="meeting.book.redraw", value="send")
    done = await world.person(IS).submit(world.modal(IS)["id"], {})
    assert "meeting.offer.withdraw" in buttons(done["view"])
    again = await booking_form(world)
    waiting = next(b for b in again["blocks"] if "meeting.offer.withdraw" in str(b))
    await world.person(IS).action(
        view_id=again["id"],
        block_id=waiting["block_id"],
        action_id="meeting.offer.withdraw",
        value=waiting["accessory"]["value"],
    )
    assert "取り下げました" in str(world.modal(IS)["blocks"])
    with pytest.raises(OfferClosed):
        await meeting_offers.view(world.house.deps, TEAM_ID, int(waiting["accessory"]["value"]))
