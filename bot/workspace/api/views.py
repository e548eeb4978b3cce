"""views.*, blocks.validate"""

from __future__ import annotations

import json
from typing import Any

from bot.workspace import blockkit, viewing
from bot.workspace.api.call import ApiError, Call, Method, refused
from bot.workspace.described import view_object
from bot.workspace.triggers import Trigger, TriggerError
from bot.workspace.views import View

VIEW_BYTES = 250_000


def _described(call: Call, *types: str) -> dict[str, Any]:
    """The view argument, validated for the surfaces it may stand on."""
    raw = call.arguments.get("view")
    described = call.json("view", "invalid_arguments")
    size = len(raw.encode()) if isinstance(raw, str) else len(json.dumps(described, ensure_ascii=False).encode())
    if size > VIEW_BYTES:
        raise ApiError("view_too_large")
    code, problems = blockkit.view_problems(described, types)
    if code is not None:
        raise refused(code, problems)
    return dict(described)


def _trigger(call: Call) -> Trigger:
    ident = call.text("trigger_id") or call.text("interactivity_pointer")
    if not ident:
        raise ApiError("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
    try:
        return call.workspace.triggers.look_at(ident)
    except TriggerError as error:
        raise ApiError(error.code) from None


def _answer(call: Call, view: View) -> dict[str, Any]:
    return {"view": view_object(call.workspace, view, None)}


def opened(call: Call) -> dict[str, Any]:
    """Opens a modal for whoever the trigger came from. The trigger is spent only when the modal opens."""
    described = _described(call, "modal")
    trigger = _trigger(call)
    try:
        view = viewing.open_modal(call.workspace, trigger.user, described, trigger.channel)
    except viewing.ViewError as error:
        raise ApiError(error.code) from None
    trigger.used = True
    return _answer(call, view)


def pushed(call: Call) -> dict[str, Any]:
    """Puts a modal on top of the one the trigger came from."""
    described = _described(call, "modal")
    trigger = _trigger(call)
    if trigger.view_id is None:
        raise ApiError("invalid_trigger_id")
    if trigger.view_id not in call.workspace.views.views:
        raise ApiError("not_found")
    try:
        view = viewing.push_modal(call.workspace, trigger.user, described)
    except viewing.ViewError as error:
        raise ApiError(error.code) from None
    trigger.used = True
    return _answer(call, view)


def updated(call: Call) -> dict[str, Any]:
    """Replaces an open modal by view_id or external_id."""
    store = call.workspace.views
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise ApiError("invalid_arguments", ["[ERROR] missing required field: view_id"])
    described = _described(call, "modal", "home")
    view = store.views.get(view_id) if view_id else store.external.get(external_id or "")
    if view is None:
        raise ApiError("not_found")
    if view.type != described["type"]:
        raise ApiError("invalid_arguments", ["[ERROR] the type of a view cannot change [json-pointer:/view/type]"])
    _check_hash(call, view)
    try:
        viewing.update(call.workspace, view, described)
    except viewing.ViewError as error:
        raise ApiError(error.code) from None
    return _answer(call, view)


def _check_hash(call: Call, view: View | None) -> None:
    given = call.text("hash")
    if given and (view is None or given != view.hash):
        raise ApiError("hash_conflict")


def published(call: Call) -> dict[str, Any]:
    """Sets the home tab of a member."""
    workspace = call.workspace
    user = call.required("user_id")
    described = _described(call, "home")
    if user not in workspace.people:
        raise ApiError("invalid_arguments", ["[ERROR] invalid `user_id` [json-pointer:/user_id]"])
    if not workspace.app.home_tab:
        raise ApiError("not_enabled")
    _check_hash(call, workspace.views.homes.get(user))
    try:
        view = viewing.publish(workspace, user, described)
    except viewing.ViewError as error:
        raise ApiError(error.code) from None
    return _answer(call, view)


def validated(call: Call) -> dict[str, Any]:
    """Says whether blocks, a view or a message would be taken, without doing anything with them."""
    view, message = call.json("view", "invalid_view"), call.json("message", "invalid_message")
    blocks = call.json("blocks", "invalid_blocks")
    if (view is None) + (message is None) + (blocks is None) != 2:
        raise ApiError("invalid_arguments", ["[ERROR] must provide one of blocks, message and view"])
    if view is not None:
        code, problems = blockkit.view_problems(view, ("modal", "home"))
        error = "invalid_view"
    elif message is not None:
        if not isinstance(message, dict) or not (message.get("blocks") or message.get("text")):
            raise ApiError("invalid_message")
        code, problems = blockkit.message_problems(message.get("blocks") or [], "/message/blocks")
        error = "invalid_message"
    else:
        code, problems = blockkit.message_problems(blocks)
        error = "invalid_blocks"
    if code is not None:
        raise refused(error, problems)
    return {}


METHODS: dict[str, Method] = {
    "views.open": opened,
    "views.push": pushed,
    "views.update": updated,
    "views.publish": published,
    "blocks.validate": validated,
}
