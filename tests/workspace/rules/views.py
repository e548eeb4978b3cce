"""Modals and homes."""

from __future__ import annotations

from collections.abc import Iterator

from ..kit import Json, actions, block, element, field, home, modal, mrkdwn, plain, section, without
from .rule import Rule, characters, rule, up_to


def views() -> Iterator[Rule]:
    def of(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
        return rule(name, broken, f"/view{pointer}", inside, surface="modal")

    for key in ("type", "title", "blocks"):
        yield of(f"a modal has its {key}", without(modal(), key), "", modal())
    for key in ("title", "submit", "close"):
        yield from characters(of, f"modal {key}", 24, lambda x, key=key: modal(**{key: plain(x)}), f"/{key}/text")
        yield of(f"modal {key} is plain", modal(**{key: mrkdwn()}), f"/{key}/type", modal(**{key: plain()}))
    yield from up_to(of, "private_metadata", 3000, lambda x: modal(private_metadata=x), "/private_metadata")
    yield from up_to(of, "callback_id", 255, lambda x: modal(callback_id=x), "/callback_id")
    yield from up_to(of, "external_id", 255, lambda x: modal(external_id=x), "/external_id")
    yield of("a modal has 100 blocks", modal(*[section()] * 101), "/blocks", modal(*[section()] * 100))
    yield of("blocks are a list", modal(blocks={}), "/blocks", modal())
    yield of("submit where there are inputs", without(modal(field()), "submit"), "", modal(field()))
    yield of("views of known types", modal(type="dialog"), "/type", modal())
    yield of("a home is not opened", home(), "/type", modal())
    for key in ("clear_on_close", "notify_on_close"):
        yield of(f"{key} is a boolean", modal(**{key: 1}), f"/{key}", modal(**{key: True}))
    for key in ("hash", "id", "state", "submit_disabled", "team_id"):
        yield of(f"a modal is sent without {key}", modal(**{key: "x"}), "", modal())
    twice = [section(block_id="a"), field(block_id="a")]
    yield of("block_id once in a view", modal(*twice), "/blocks/1/block_id", modal(twice[0], field(block_id="b")))
    focused = element("plain_text_input", focus_on_load=True)
    picked = element("users_select", focus_on_load=True)
    yield of("one focus in a view", modal(field(focused), actions(picked)), "/blocks/1/elements/0/focus_on_load",
             modal(field(focused), actions(element("users_select"))))  # fmt: skip
    answering = element("conversations_select", response_url_enabled=True)
    there = "/blocks/0/elements/0/response_url_enabled"
    yield of("response_url for inputs only", modal(actions(answering)), there, modal(field(answering)))
    yield from characters(of, "alert", 200, lambda x: modal(block("alert", text=plain(x))), "/blocks/0/text/text")
    yield of("alert level", modal(block("alert", level="loud")), "/blocks/0/level",
             modal(block("alert", level="warning")))  # fmt: skip

    def of_home(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
        return rule(name, broken, f"/view{pointer}", inside, surface="home")

    yield of_home("a home has blocks", without(home(), "blocks"), "", home())
    yield of_home("a home has 100 blocks", home(*[section()] * 101), "/blocks", home(*[section()] * 100))
    for key in ("title", "submit", "close", "notify_on_close"):
        yield of_home(f"a home has no {key}", home(**{key: plain()}), "", home())
    yield of_home("a modal is not published", modal(), "/type", home())
    yield of_home("no response_url in a home", home(field(answering)), "/blocks/0/element/response_url_enabled",
                  home(field(element("conversations_select"))))  # fmt: skip
    yield from up_to(of_home, "a home's metadata", 3000, lambda x: home(private_metadata=x), "/private_metadata")
