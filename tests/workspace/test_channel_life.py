"""What the app does with channels and what hangs on them: topics, members, pins, bookmarks, groups, reactions."""

from __future__ import annotations

from typing import Any

import pytest

from .stage import GENERAL, HANDOFF, IS_TEAM, KATO, SATO, START, TANAKA


async def last(stage, channel: str = GENERAL) -> dict[str, Any]:
    found = (await stage.call("conversations.history", {"channel": channel, "limit": 1}))["messages"]
    return dict(found[0])


def seen(stage, channel: str) -> dict[str, Any]:
    return next(dict(one) for one in stage.person(SATO).screen()["channels"] if one["id"] == channel)


async def test_a_topic_is_shown_told_and_cleared(stage) -> None:
    answer = await stage.call("conversations.setTopic", {"channel": GENERAL, "topic": "今日の数字"})
    assert (answer["topic"], answer["channel"]["topic"]["value"]) == ("今日の数字", "今日の数字")
    assert (await last(stage))["subtype"] == "channel_topic"
    assert seen(stage, GENERAL)["topic"] == "今日の数字"
    assert (await stage.call("conversations.setTopic", {"channel": GENERAL, "topic": ""}))["channel"]["topic"][
        "value"
    ] == ""
    await stage.call("conversations.setPurpose", {"channel": GENERAL, "purpose": "話す"})
    described = (await stage.call("conversations.info", {"channel": GENERAL}))["channel"]
    assert described["purpose"]["value"] == "話す"


async def test_a_renamed_channel_is_found_by_its_new_name_and_remembers_the_old_one(stage) -> None:
    renamed = (await stage.call("conversations.rename", {"channel": "$own", "name": "neu"}))["channel"]
    assert (renamed["name"], renamed["previous_names"]) == ("neu", ["own"])
    assert (await stage.call("chat.postMessage", {"channel": "#neu", "text": "x"}))["ok"]
    assert (await stage.call("chat.postMessage", {"channel": "#own", "text": "x"}))["error"] == "channel_not_found"


async def test_an_archived_channel_takes_nothing_until_it_is_taken_out_again(stage) -> None:
    await stage.prepare(("conversations.archive", {"channel": HANDOFF}))
    post = ("chat.postMessage", {"channel": HANDOFF, "text": "x"})
    assert (await stage.call(*post))["error"] == "is_archived"
    listed = (await stage.call("conversations.list", {"exclude_archived": True}))["channels"]
    assert HANDOFF not in [one["id"] for one in listed]
    await stage.prepare(("conversations.unarchive", {"channel": HANDOFF}))
    assert (await stage.call(*post))["ok"]


async def test_who_was_taken_out_or_has_left_is_no_member(stage) -> None:
    await stage.prepare(("conversations.kick", {"channel": IS_TEAM, "user": SATO}))
    assert SATO not in (await stage.call("conversations.members", {"channel": IS_TEAM}))["members"]
    assert not seen(stage, IS_TEAM)["is_member"]
    await stage.prepare(("conversations.leave", {"channel": IS_TEAM}))
    assert (await stage.call("conversations.leave", {"channel": IS_TEAM}))["not_in_channel"]
    assert (await stage.call("conversations.history", {"channel": IS_TEAM}))["error"] == "not_in_channel"


async def test_an_invitation_of_several_says_who_could_not_be_invited(stage) -> None:
    arguments = {"channel": "$own", "users": f"{SATO},U0NOBODY"}
    refused = await stage.call("conversations.invite", arguments)
    assert (refused["error"], refused["errors"]) == (
        "user_not_found",
        [{"user": "U0NOBODY", "ok": False, "error": "user_not_found"}],
    )
    assert SATO not in stage.workspace.conversations[stage.things["own"]].members
    assert (await stage.call("conversations.invite", {**arguments, "force": True}))["ok"]
    assert SATO in stage.workspace.conversations[stage.things["own"]].members


async def test_pins_are_listed_newest_first_and_go_with_their_message(stage) -> None:
    for name in ("mine", "theirs"):
        await stage.prepare(("pins.add", {"channel": GENERAL, "timestamp": f"${name}"}))
    items = (await stage.call("pins.list", {"channel": GENERAL}))["items"]
    assert [item["message"]["ts"] for item in items] == [stage.things["theirs"], stage.things["mine"]]
    assert (items[0]["created"], items[0]["created_by"]) == (int(START), stage.workspace.bot_user)
    assert items[0]["message"]["pinned_to"] == [GENERAL]
    assert (await stage.call("conversations.history", {"channel": GENERAL}))["pin_count"] == 2
    await stage.prepare(("chat.delete", {"channel": GENERAL, "ts": "$mine"}))
    left = (await stage.call("pins.list", {"channel": GENERAL}))["items"]
    assert [item["message"]["ts"] for item in left] == [stage.things["theirs"]]


async def test_a_bookmark_is_kept_changed_and_removed(stage) -> None:
    link = {"channel_id": GENERAL, "title": "表", "type": "link", "link": "https://example.com/", "emoji": ":book:"}
    made = (await stage.call("bookmarks.add", link))["bookmark"]
    assert {key: made[key] for key in link} == link
    stage.clock.now += 5
    change = {"channel_id": GENERAL, "bookmark_id": made["id"], "title": "新しい表"}
    changed = (await stage.call("bookmarks.edit", change))["bookmark"]
    assert (changed["title"], changed["link"], changed["date_updated"]) == ("新しい表", made["link"], int(START) + 5)
    assert (await stage.call("bookmarks.list", {"channel_id": GENERAL}))["bookmarks"] == [changed]
    await stage.prepare(("bookmarks.remove", {"channel_id": GENERAL, "bookmark_id": made["id"]}))
    assert (await stage.call("bookmarks.list", {"channel_id": GENERAL}))["bookmarks"] == []


async def test_a_user_group_lives_from_its_making_to_its_end(stage) -> None:
    made = (await stage.call("usergroups.create", {"name": "インサイド", "handle": "inside"}))["usergroup"]
    group = {"usergroup": made["id"]}
    filled = await stage.call("usergroups.users.update", {**group, "users": f"{SATO},{KATO}", "include_count": True})
    assert (filled["usergroup"]["users"], filled["usergroup"]["user_count"]) == ([SATO, KATO], 2)
    assert (await stage.call("usergroups.users.list", group))["users"] == [SATO, KATO]
    plain = (await stage.call("usergroups.list"))["usergroups"][0]
    assert (plain["handle"], "users" in plain, "user_count" in plain) == ("inside", False, False)
    await stage.prepare(("usergroups.disable", group))
    assert (await stage.call("usergroups.list"))["usergroups"] == []
    assert (await stage.call("usergroups.users.list", group))["error"] == "no_such_subteam"
    assert len((await stage.call("usergroups.list", {"include_disabled": True}))["usergroups"]) == 1
    await stage.prepare(("usergroups.enable", group))
    assert len((await stage.call("usergroups.list"))["usergroups"]) == 1


@pytest.mark.parametrize(
    ("change", "place"), [({"name": "FS"}, "name"), ({"handle": "fs"}, "handle"), ({"channels": "C0"}, "channels")]
)
async def test_a_user_group_is_not_changed_into_what_cannot_be(stage, change, place) -> None:
    await stage.prepare(("usergroups.create", {"name": "FS"}))
    await stage.prepare(("usergroups.create", {"name": "IS"}, ("group", "usergroup.id")))
    answer = await stage.call("usergroups.update", {"usergroup": "$group", **change})
    assert answer["response_metadata"]["messages"][0].endswith(f"[json-pointer:/{place}]")
    assert [one["name"] for one in (await stage.call("usergroups.list"))["usergroups"]] == ["FS", "IS"]


async def test_what_one_has_reacted_to_is_listed_newest_first_and_paged(stage) -> None:
    for name in ("mine", "theirs", "reply"):
        await stage.prepare(("reactions.add", {"channel": GENERAL, "timestamp": f"${name}", "name": "eyes"}))
    await stage.prepare(("reactions.add", {"channel": GENERAL, "timestamp": "$theirs", "name": "tada"}))
    seen_ts: list[str] = []
    cursor = ""
    while True:
        page = await stage.call("reactions.list", {"limit": 2, "cursor": cursor})
        seen_ts += [item["message"]["ts"] for item in page["items"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert seen_ts == [stage.things[name] for name in ("reply", "theirs", "mine")]
    await stage.prepare(("reactions.remove", {"channel": GENERAL, "timestamp": "$theirs", "name": "eyes"}))
    assert len((await stage.call("reactions.list"))["items"]) == 3
    await stage.prepare(("reactions.remove", {"channel": GENERAL, "timestamp": "$theirs", "name": "tada"}))
    await stage.prepare(("chat.delete", {"channel": GENERAL, "ts": "$reply"}))
    left = (await stage.call("reactions.list"))["items"]
    assert [item["message"]["ts"] for item in left] == [stage.things["mine"]]
    assert (await stage.call("reactions.list", {"user": TANAKA}))["items"] == []


async def test_a_reply_is_sent_to_the_channel_afterwards_and_stands_in_its_place_by_time(stage) -> None:
    later = (await stage.call("chat.postMessage", {"channel": GENERAL, "text": "後"}))["ts"]
    sent = await stage.call("chat.update", {"channel": GENERAL, "ts": "$reply", "reply_broadcast": True})
    assert sent["message"]["subtype"] == "thread_broadcast"
    top = [one["ts"] for one in (await stage.call("conversations.history", {"channel": GENERAL}))["messages"]]
    assert top[0] == later
    assert stage.things["reply"] in top
    assert top == sorted(top, reverse=True)


async def test_a_thread_counts_its_replies_and_forgets_who_has_none_left(stage) -> None:
    posted = await stage.call("chat.postMessage", {"channel": GENERAL, "text": "二", "thread_ts": "$mine"}, "user")
    thread = (await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$mine"}))["messages"][0]
    assert (thread["reply_count"], thread["reply_users"]) == (2, [stage.workspace.bot_user, SATO])
    assert thread["latest_reply"] == posted["ts"]
    await stage.prepare(("chat.delete", {"channel": GENERAL, "ts": "$reply"}))
    thread = (await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$mine"}))["messages"][0]
    assert (thread["reply_count"], thread["reply_users"], thread["reply_users_count"]) == (1, [SATO], 1)


async def test_an_answer_ends_what_the_app_said_it_was_doing(stage) -> None:
    place = {"channel_id": "$dm", "thread_ts": "$in_dm"}
    await stage.prepare(("assistant.threads.setStatus", {**place, "status": "考えています…"}))
    thread = stage.workspace.conversations[stage.things["dm"]].assistant[stage.things["in_dm"]]
    assert thread.status == "考えています…"
    await stage.prepare(("chat.postMessage", {"channel": "$dm", "thread_ts": "$in_dm", "text": "答え"}))
    assert thread.status == ""


async def test_a_status_and_presence_are_seen_by_the_app(stage) -> None:
    status = {"status_text": "外出", "status_emoji": ":car:", "status_expiration": 0}
    await stage.prepare(("users.profile.set", {"profile": status}, "user"))
    profile = (await stage.call("users.info", {"user": SATO}))["user"]["profile"]
    assert {key: profile[key] for key in status} == status
    await stage.prepare(("users.setPresence", {"presence": "away"}))
    own = await stage.call("users.getPresence")
    assert (own["presence"], own["manual_away"]) == ("away", True)
    assert (await stage.call("users.getPresence", {"user": KATO})) == {
        "ok": True,
        "presence": "active",
        "warning": "missing_charset",
        "response_metadata": {"warnings": ["missing_charset"]},
    }


async def test_quiet_lasts_as_long_as_was_said(stage) -> None:
    await stage.prepare(("dnd.setSnooze", {"num_minutes": 10}, "user"))
    stage.clock.now += 60
    assert (await stage.call("dnd.info", {"user": SATO}))["snooze_remaining"] == 540
    stage.clock.now += 540
    assert not (await stage.call("dnd.info", {"user": SATO}))["snooze_enabled"]


async def test_a_preview_stands_under_its_message_once(stage) -> None:
    unfurl = {"channel": GENERAL, "ts": "$theirs", "unfurls": {"https://example.com/a": {"text": "一"}}}
    await stage.prepare(("chat.unfurl", unfurl))
    await stage.prepare(("chat.unfurl", {**unfurl, "unfurls": {"https://example.com/a": {"text": "二"}}}))
    thread = await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$theirs"})
    assert [one["text"] for one in thread["messages"][0]["attachments"]] == ["二"]
