"""Which block or element may stand where, and what none of them can be without."""

from __future__ import annotations

from collections.abc import Iterator

from ..kit import (
    BLOCKS,
    ELEMENTS,
    Json,
    block,
    element,
    field,
    on_surface,
    section,
    without,
)
from .rule import CODES, ROOTS, Rule

# Where each element may stand: in which blocks, and on which surfaces.
EVERYWHERE = "message modal home"
PLACES: dict[str, tuple[str, str]] = {
    "button": ("section actions", EVERYWHERE),
    "image": ("section context", EVERYWHERE),
    "overflow": ("section actions", EVERYWHERE),
    "workflow_button": ("section actions", "message"),
    "feedback_buttons": ("context_actions", "message"),
    "icon_button": ("context_actions", "message"),
    "static_select": ("section actions input", EVERYWHERE),
    "multi_static_select": ("section actions input", EVERYWHERE),
    "external_select": ("section actions input", EVERYWHERE),
    "multi_external_select": ("section actions input", EVERYWHERE),
    "users_select": ("section actions input", EVERYWHERE),
    "multi_users_select": ("section actions input", EVERYWHERE),
    "conversations_select": ("section actions input", EVERYWHERE),
    "multi_conversations_select": ("section actions input", EVERYWHERE),
    "channels_select": ("section actions input", EVERYWHERE),
    "multi_channels_select": ("section actions input", EVERYWHERE),
    "datepicker": ("section actions input", EVERYWHERE),
    "timepicker": ("section actions input", EVERYWHERE),
    "datetimepicker": ("actions input", "message modal"),
    "checkboxes": ("section actions input", EVERYWHERE),
    "radio_buttons": ("section actions input", EVERYWHERE),
    "plain_text_input": ("input", EVERYWHERE),
    "email_text_input": ("input", "modal"),
    "url_text_input": ("input", "modal"),
    "number_input": ("input", "modal"),
    "rich_text_input": ("input", "modal home"),
    "file_input": ("input", "modal"),
}
BLOCK_SURFACES: dict[str, str] = {
    **dict.fromkeys(BLOCKS, EVERYWHERE),
    **dict.fromkeys(
        ("context_actions", "markdown", "table", "file", "card", "carousel", "task_card", "plan"), "message"
    ),
    "alert": "modal",
}


def placed(place: str, inner: Json) -> tuple[Json, str]:
    """A block that holds an element, and the way to the element."""
    match place:
        case "section":
            return section(accessory=inner), "/accessory"
        case "input":
            return field(inner), "/element"
        case _:
            return {"type": place, "elements": [inner]}, "/elements/0"


def surfaces() -> Iterator[Rule]:
    for kind, allowed in BLOCK_SURFACES.items():
        for surface in ("message", "modal", "home"):
            if surface in allowed.split():
                yield fine(f"{kind} on a {surface}", surface, [block(kind)])
            else:
                yield Rule(
                    f"no {kind} on a {surface}",
                    surface,
                    on_surface(surface, [block(kind)]),
                    f"{ROOTS[surface]}/0/type",
                    on_surface(surface, [section()]),
                    CODES[surface],
                )
    for kind, (allowed_places, allowed) in PLACES.items():
        inner = element(kind)
        for place in ("section", "actions", "input", "context", "context_actions"):
            made, way = placed(place, inner)
            good_place, _ = placed(allowed_places.split()[0], inner)
            good_surface = allowed.split()[0]
            if place not in allowed_places.split():
                surface = "message" if place == "context_actions" else good_surface
                yield Rule(
                    f"no {kind} in {place}",
                    surface,
                    on_surface(surface, [made]),
                    f"{ROOTS[surface]}/0{way}/type",
                    on_surface(surface, [section()]),
                    CODES[surface],
                )
                continue
            for surface in ("message", "modal", "home"):
                if surface in allowed.split():
                    yield fine(f"{kind} in {place} on a {surface}", surface, [made])
                elif place != "context_actions":
                    yield Rule(
                        f"no {kind} in {place} on a {surface}",
                        surface,
                        on_surface(surface, [made]),
                        f"{ROOTS[surface]}/0{way}/type",
                        on_surface(good_surface, [good_place]) if good_surface == surface else on_surface(surface, []),
                        CODES[surface],
                    )


def fine(name: str, surface: str, blocks: list[Json]) -> Rule:
    """A place where something may stand; what breaks it is a stray key."""
    stray = [{**blocks[0], "stray": 1}, *blocks[1:]]
    return Rule(
        name, surface, on_surface(surface, stray), f"{ROOTS[surface]}/0", on_surface(surface, blocks), CODES[surface]
    )


def required() -> Iterator[Rule]:
    """Each key that a block or an element cannot be without."""
    for kind, keys in BLOCKS.items():
        if kind == "card":
            continue
        surface = BLOCK_SURFACES[kind].split()[0]
        for key in keys:
            yield Rule(
                f"{kind} without {key}",
                surface,
                on_surface(surface, [without(block(kind), key)]),
                f"{ROOTS[surface]}/0",
                on_surface(surface, [block(kind)]),
                CODES[surface],
            )
    for kind, keys in ELEMENTS.items():
        surface = PLACES[kind][1].split()[0]
        for key in keys:
            broken, way = placed(PLACES[kind][0].split()[0], without(element(kind), key))
            inside, _ = placed(PLACES[kind][0].split()[0], element(kind))
            yield Rule(
                f"{kind} element without {key}",
                surface,
                on_surface(surface, [broken]),
                f"{ROOTS[surface]}/0{way}",
                on_surface(surface, [inside]),
                CODES[surface],
            )
