"""Leads over real Socket Mode and HTTP: found, shown, added, planned, and every mistake answered with what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from domain.members import Role
from domain.outreach.calls import CallResult, Connection, Party
from services import members
from services.outreach import calls, leads
from services.qualification import verdict
from storage.tables import Member
from tests.handlers.conftest import (
    CS,
    FS,
    HANDOFFS,
    IS,
    IS_ENGLISH,
    MANAGER,
    MARKETING,
    World,
    eventually,
    over_both_ways,
)
from tests.handlers.test_main_job import answers, hand_off, open_form

TEAM = "C01ISTEAM0"
TEAM_ID = EXAMPLE.id


async def said(world: World, user: str, text: str) -> dict[str, Any]:
    """The ephemeral answer to a command."""
    answer = (await world.person(user).command(TEAM, "/lead", text))["response"]
    assert answer is not None, world.person(user).screen()["views"]
    return answer


def buttons(message: dict[str, Any]) -> list[str]:
    """The action_ids in a message's or a view's blocks."""
    elements = [e for b in message["blocks"] for e in [*b.get("elements", []), b.get("accessory") or {}]]
    return [element["action_id"] for element in elements if element.get("type") == "button"]


async def test_mistyped_verb_names_the_nearest_one(world: World) -> None:
    answer = await said(world, IS, "qalify 山田")
    assert "/lead qualify" in str(answer["blocks"])


async def test_help_is_in_the_readers_language(world: World) -> None:
    assert "できること" in str((await said(world, IS, "help"))["blocks"])
    assert "This is what I can do" in str((await said(world, IS_ENGLISH, "help"))["blocks"])


async def test_empty_command_lists_what_is_possible(world: World) -> None:
    assert "/lead add" in str((await said(world, IS, ""))["blocks"])


@over_both_ways
async def test_single_hit_is_shown_as_a_card_with_fitting_buttons(world: World) -> None:
    card = await said(world, IS, "show 山田 太郎 アオバセイキ")
    assert "あおば精機製作所" in str(card["blocks"])
    assert "lead.qualify" in buttons(card)
    assert "handoff.accept" not in buttons(card)


@over_both_ways
async def test_unknown_name_says_how_to_add_it(world: World) -> None:
    assert "/lead add" in (await said(world, IS, "find どこにもいない"))["text"]


@over_both_ways
async def test_company_is_found_in_any_spelling_and_a_lead_added(world: World) -> None:
    await world.person(IS).command(TEAM, "/lead", "add")
    view = world.modal(IS)
    for query in ("ｱｵﾊﾞ", "aoba", "㈱あおば", "あおば精機", "aoba-seiki.example"):
        offered = await world.person(IS).options(view_id=view["id"], action_id="lead.company", query=query)
        assert offered["options"][0]["text"]["text"] == "株式会社あおば精機製作所", query
    chosen = offered["options"][0]["value"]
    await world.person(IS).action(view_id=view["id"], block_id="company", action_id="lead.company", value=chosen)
    view = world.modal(IS)
    done = await world.person(IS).submit(
        view["id"], {"name": {"v": "新田 陽子"}, "phone": {"v": "０６-0000-9999"}, "source": {"v": "webinar"}}
    )
    assert done["result"] == "updated", done
    assert "新田 陽子" in str((await said(world, IS, "show 新田"))["blocks"])


async def test_new_company_is_made_on_the_spot(world: World) -> None:
    await world.person(IS).command(TEAM, "/lead", "add 合同会社あさやけ")
    view = world.modal(IS)
    done = await world.person(IS).submit(view["id"], {"name": {"v": "朝日 昇"}})
    assert done["result"] == "updated", done
    assert "あさやけ" in str((await said(world, IS, "find あさやけ"))["blocks"])


@over_both_ways
async def test_likely_duplicate_is_shown_before_saving_and_nothing_typed_is_lost(world: World) -> None:
    async def submit(view_id: str) -> dict[str, Any]:
        return await world.person(IS).submit(view_id, {"name": {"v": "同名 花子"}, "note": {"v": "メモは残る"}})

    for _ in range(2):
        await world.person(IS).command(TEAM, "/lead", "add ひなたフーズ")
        view = world.modal(IS)
        answer = await submit(view["id"])
        assert answer["result"] == "updated"
        warned = world.modal(IS)
        await world.person(IS).close(warned["id"])
    assert "氏名が同じ" in str(warned["blocks"])
    assert warned["state"]["note"]["v"] == "メモは残る"


async def test_bad_entries_are_told_on_their_fields(world: World) -> None:
    await world.person(IS).command(TEAM, "/lead", "add ひなたフーズ")
    view = world.modal(IS)
    answer = await world.person(IS).submit(
        view["id"], {"name": {"v": "誤記 太郎"}, "email": {"v": "だめ"}, "phone": {"v": "電話なし"}}
    )
    assert answer["result"] == "errors"
    assert set(answer["errors"]) == {"email", "phone"}


@over_both_ways
async def test_unqualified_lead_gets_a_next_step(world: World) -> None:
    form = await open_form(world)
    judged = await world.person(IS).submit(form["id"], answers(need_status="not_confirmed"))
    assert "まだ SQL ではありません" in str(judged["view"]["blocks"])
    view = world.modal(IS)
    await world.person(IS).action(
        view_id=view["id"], block_id="next_step", action_id="lead.next.choose", value="disqualify"
    )
    view = world.modal(IS)
    assert "まだ SQL ではありません" in str(view["blocks"])
    saved = await world.person(IS).submit(view["id"], {"reason": {"v": "competitor"}})
    assert saved["result"] == "closed", saved


async def test_start_date_in_the_past_is_refused_and_the_form_stays_filled(world: World) -> None:
    form = await open_form(world)
    answer = await world.person(IS).submit(form["id"], answers(timeline_start="2020-01-01"))
    assert answer["result"] == "errors"
    assert set(answer["errors"]) == {"timeline_start"}
    assert world.modal(IS)["state"]["summary"]["v"] == "部長と20分話せた。"


@over_both_ways
async def test_manager_changes_the_rules_and_a_rep_only_reads_them(world: World) -> None:
    assert "第1版" in str((await said(world, IS, "rules"))["blocks"])
    await world.person(MANAGER).command("C01GENERAL", "/lead", "rules")
    view = world.modal(MANAGER)
    saved = await world.person(MANAGER).submit(
        view["id"], {"min_confirmed": {"v": "4"}, "required": {"v": ["budget"]}, "start_within_months": {"v": "6"}}
    )
    assert saved["result"] == "updated", saved
    assert "第2版" in str((await said(world, IS, "rules"))["blocks"])
    form = await open_form(world)
    judged = await world.person(IS).submit(form["id"], answers())
    assert "4項目中 3項目（必要: 4項目）" in str(judged["view"]["blocks"])


@over_both_ways
async def test_manager_overrides_a_verdict_with_a_reason(world: World) -> None:
    form = await open_form(world)
    await world.person(IS).submit(form["id"], answers(intent="no"))
    view = world.modal(IS)
    await world.person(IS).close(view["id"])
    name = form["blocks"][0]["text"]["text"].split("*")[1]
    card = (await world.person(MANAGER).command("C01GENERAL", "/lead", f"show {name}"))["response"]
    if "verdict.override" not in buttons(card):
        # Two people of that name: the one who was judged just now stands first among those being worked.
        opener = next(b for b in card["blocks"] if "アプローチ中" in str(b))["accessory"]
        await world.person(MANAGER).action(
            channel="C01GENERAL", ts=card["ts"], action_id=opener["action_id"], value=opener["value"]
        )
        card = world.messages(MANAGER, "C01GENERAL")[-1]
    override = next(
        e for b in card["blocks"] for e in b.get("elements", []) if e.get("action_id") == "verdict.override"
    )
    await world.person(MANAGER).action(
        channel="C01GENERAL", ts=card["ts"], action_id="verdict.override", value=override["value"]
    )
    done = await world.person(MANAGER).submit(world.modal(MANAGER)["id"], {"reason": {"v": "社長同士の約束"}})
    assert done["result"] == "updated"
    assert "SQL" in str(done["view"]["blocks"])


@over_both_ways
async def test_returned_handoff_comes_back_to_inside_sales_with_its_reason(world: World) -> None:
    post = await hand_off(world)
    await world.person(FS).action(channel=HANDOFFS, ts=post["ts"], action_id="handoff.return")
    view = world.modal(FS)
    done = await world.person(FS).submit(
        view["id"], {"reason": {"v": "too_early"}, "comment": {"v": "来期に <お願い>"}}
    )
    assert done["result"] == "closed", done
    await eventually(lambda: "時期尚早" in str(world.messages(FS, HANDOFFS)[-1]["blocks"]))
    told = await eventually(lambda: [m for m in world.direct(IS) if "差し戻されました" in m["text"]])
    assert "来期に &lt;お願い&gt;" in str(told[0]["blocks"])
    assert "lead.qualify" in buttons(told[0])


async def test_rep_may_not_accept_and_is_told_whom_to_ask(world: World) -> None:
    post = await hand_off(world)
    await world.person(IS).action(channel=HANDOFFS, ts=post["ts"], action_id="handoff.accept")
    answer = await eventually(lambda: [m for m in world.messages(IS, HANDOFFS) if m["ephemeral"]])
    assert "マネージャー" in answer[0]["text"]
    assert "受領待ち" in str(world.messages(FS, HANDOFFS)[0]["blocks"])


@over_both_ways
async def test_home_shows_leads_by_stage_and_handoffs_to_answer(world: World) -> None:
    post = await hand_off(world)
    assert "引き継いで受領待ち" in str((await world.person(IS).home())["view"]["blocks"])
    receiver = next(u for u in (FS, "U01ITO0001", "U01CARTER1") if f"<@{u}>" in str(post["blocks"]))
    home = (await world.person(receiver).home())["view"]
    assert "handoff.accept" in buttons(home)


async def test_home_changes_language_at_once(world: World) -> None:
    await world.person(IS).home()
    await world.person(IS).action(view_id=world.person(IS).screen()["home"]["id"], action_id="home.language")
    shown = await eventually(lambda: "My leads" in str(world.person(IS).screen()["home"]["blocks"]))
    assert shown


@over_both_ways
async def test_message_with_a_name_is_answered_with_the_lead(world: World) -> None:
    bot = world.person(IS).screen()["app"]["bot_user"]
    channel = (await world.person(IS).open_dm(bot))["channel"]
    await world.person(IS).message(channel, "高嶺商会")
    await eventually(lambda: any("lead.show" in str(m["blocks"]) for m in world.direct(IS)))
    await world.person(IS).message(channel, "これは何ができるのですか、教えてください")
    await eventually(lambda: any("/lead help" in str(m["blocks"]) for m in world.direct(IS)))


@over_both_ways
async def test_mention_is_answered_in_its_thread(world: World) -> None:
    bot = world.person(IS).screen()["app"]["bot_user"]
    sent = await world.person(IS).message(TEAM, f"<@{bot}> 何ができる?")
    threads = await eventually(lambda: world.channel(IS, TEAM)["threads"].get(sent["ts"]))
    assert "/lead help" in str(threads[-1]["blocks"])


async def test_role_that_may_not_hand_off_is_told_so(world: World) -> None:
    answer = (await world.person(MARKETING).command("C01GENERAL", "/lead", "qualify"))["response"]
    assert "リードの判定" in answer["text"]
    card = (await world.person(MARKETING).command("C01GENERAL", "/lead", "show 山田 太郎 アオバ"))["response"]
    assert not {"lead.hand_off", "handoff.accept", "verdict.override"} & set(buttons(card))


async def test_whole_paragraph_typed_as_a_name_still_opens_the_choice(world: World) -> None:
    # A modal carries 3,000 characters.
    assert (await world.person(IS).command(TEAM, "/lead", f"qualify {'アオバ ' * 900}")).get("response") is None
    view = world.person(IS).screen()["views"][-1]
    assert view["callback_id"] == "lead.qualify.pick.submit"
    assert len(view["private_metadata"]) < 1000


async def test_newcomer_is_taken_in_with_name_and_language_from_slack(world: World) -> None:
    deps = world.house.deps
    async with deps.writing(TEAM_ID) as session:
        # As if she had never been here: the member of the demonstration is somebody else from now on.
        await session.execute(sa.update(Member).where(Member.slack_user == CS).values(slack_user="U0SOMEBODY"))
    assert (await world.person(CS).command("C01GENERAL", "/lead", "help"))["response"]
    taken_in = await members.who(deps, TEAM_ID, CS)
    assert taken_in is not None
    assert (taken_in.name, taken_in.language, taken_in.role) == ("小野 千尋", "ja", Role.INSIDE_SALES)


async def test_answer_given_on_the_home_tab_leaves_it_there_at_once(world: World) -> None:
    post = await hand_off(world)
    receiver = next(u for u in (FS, "U01ITO0001", "U01CARTER1") if f"<@{u}>" in str(post["blocks"]))
    await world.person(receiver).home()
    home = world.person(receiver).screen()["home"]
    await world.person(receiver).action(view_id=home["id"], action_id="handoff.return")
    done = await world.person(receiver).submit(world.modal(receiver)["id"], {"reason": {"v": "no_need"}})
    assert done["result"] == "closed"
    assert "handoff.accept" not in buttons(world.person(receiver).screen()["home"])


async def test_call_logged_meanwhile_is_no_reason_to_lose_the_form(world: World) -> None:
    form = await open_form(world)
    deps = world.house.deps
    rep = await members.who(deps, TEAM_ID, IS)
    assert rep is not None
    lead_id = json.loads(form["private_metadata"])["lead"]
    await calls.record(deps, rep, lead_id, CallResult(Connection.NO_ANSWER, Party.NONE, None, ""))
    judged = await world.person(IS).submit(form["id"], answers())
    assert judged["result"] == "updated", judged


async def test_bad_mail_address_makes_no_company_either(world: World) -> None:
    await world.person(IS).command(TEAM, "/lead", "add 合同会社ゆうなぎ")
    view = world.modal(IS)
    refused = await world.person(IS).submit(view["id"], {"name": {"v": "夕凪 波"}, "email": {"v": "だめ"}})
    assert refused["result"] == "errors"
    corrected = await world.person(IS).submit(view["id"], {"email": {"v": "nami@yunagi.example"}})
    assert corrected["view"]["callback_id"] == "lead.added", corrected["view"]["blocks"][0]


async def test_owner_hears_of_an_override(world: World) -> None:
    form = await open_form(world)
    await world.person(IS).submit(form["id"], answers(intent="no"))
    lead_id = json.loads(form["private_metadata"])["lead"]
    deps = world.house.deps
    manager = await members.who(deps, TEAM_ID, MANAGER)
    assert manager is not None
    judged = await leads.card(deps, manager, lead_id)
    assert judged.qualification is not None
    await verdict.override(deps, manager, judged.qualification.qualification_id, "社長同士の約束")
    told = await eventually(lambda: [m for m in world.direct(IS) if "社長同士の約束" in m["text"]])
    assert "lead.hand_off" in buttons(told[0])


async def test_overdue_handoff_says_so_on_its_post_in_its_thread_and_to_the_manager(world: World) -> None:
    await hand_off(world)
    late = replace(world.house.deps, now=lambda: datetime.now(UTC) + timedelta(days=7))
    assert await world.house.routes.jobs["handoff-acknowledgement"].run(late) == 1
    await eventually(lambda: "期限超過" in str(world.messages(FS, HANDOFFS)[-1]["blocks"]))
    await eventually(lambda: any("お待ちしています" in str(t) for t in world.channel(FS, HANDOFFS)["threads"].values()))
    await eventually(lambda: any("回答がありません" in m["text"] for m in world.direct(MANAGER)))
    assert await world.house.routes.jobs["handoff-acknowledgement"].run(late) == 0
