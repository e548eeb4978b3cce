"""Opening, pushing, updating and closing views: shared by the Web API and by what an app answers to a submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.workspace import payloads
from bot.workspace.inputs import all_values, elements, initial, key_of, options_of
from bot.workspace.posting import as_stored, with_ids
from bot.workspace.state import Workspace
from bot.workspace.views import STACK_LIMIT, View, fresh_hash


class ViewError(Exception):
    """The view cannot be shown; `code` is Slack's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def make(workspace: Workspace, user: str, described: Mapping[str, Any]) -> View:
    """A view from the app's description, which has been validated."""
    ident = workspace.mint.id("V")
    return View(
        id=ident,
        type=described["type"],
        user=user,
        blocks=with_ids(workspace, described["blocks"]),
        title=_label(described.get("title")),
        submit=_label(described.get("submit")),
        close=_label(described.get("close")),
        private_metadata=described.get("private_metadata") or "",
        callback_id=described.get("callback_id") or "",
        external_id=described.get("external_id") or "",
        clear_on_close=bool(described.get("clear_on_close", False)),
        notify_on_close=bool(described.get("notify_on_close", False)),
        submit_disabled=bool(described.get("submit_disabled", False)),
        hash=fresh_hash(workspace.clock()),
        root_id=ident,
        previous_id=None,
    )


def _label(text: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if text is None else as_stored(text)


def check_external_id(workspace: Workspace, described: Mapping[str, Any], view: View | None = None) -> None:
    """Raises `duplicate_external_id` where another view has the same external id."""
    taken = workspace.views.external.get(described.get("external_id") or "")
    if taken is not None and taken is not view:
        raise ViewError("duplicate_external_id")


def open_modal(workspace: Workspace, user: str, described: Mapping[str, Any], channel: str | None = None) -> View:
    """Opens a modal as the only one: those that were open close. `channel` is where the person was."""
    check_external_id(workspace, described)
    workspace.views.clear(user)
    view = make(workspace, user, described)
    for block, element in elements(view.blocks):
        if channel is not None and element.get("default_to_current_conversation"):
            state = initial(element)
            for key in ("selected_conversation", "selected_conversations"):
                if key in state and not state[key]:
                    state[key] = channel if key == "selected_conversation" else [channel]
            view.values[key_of(block, element)] = state
    workspace.views.push(view)
    workspace.touch((user,))
    return view


def push_modal(workspace: Workspace, user: str, described: Mapping[str, Any]) -> View:
    """Opens a modal on top of those that are open. Raises `push_limit_reached` at the fourth."""
    if len(workspace.views.stack(user)) >= STACK_LIMIT:
        raise ViewError("push_limit_reached")
    check_external_id(workspace, described)
    view = make(workspace, user, described)
    workspace.views.push(view)
    workspace.touch((user,))
    return view


def update(workspace: Workspace, view: View, described: Mapping[str, Any]) -> None:
    """Replaces a view's content in place. What has been typed stays wherever block_id and action_id (and the kind of
    element) stay the same; everything else starts at its initial value."""
    check_external_id(workspace, described, view)
    fresh = make(workspace, view.user, described)
    before = all_values(view.blocks, view.values)
    kept = {}
    for block, element in elements(fresh.blocks):
        key = key_of(block, element)
        known = before.get(key)
        if known is not None and known["type"] == element["type"] and _still_offered(element, known):
            kept[key] = known
        elif known is not None:
            kept[key] = initial(element)
    workspace.views.forget(view)
    view.blocks, view.values = fresh.blocks, kept
    view.title, view.submit, view.close = fresh.title, fresh.submit, fresh.close
    view.private_metadata, view.callback_id, view.external_id = (
        fresh.private_metadata,
        fresh.callback_id,
        fresh.external_id,
    )
    view.clear_on_close, view.notify_on_close = fresh.clear_on_close, fresh.notify_on_close
    view.submit_disabled = fresh.submit_disabled
    view.hash = fresh.hash
    view.errors, view.notice = {}, None
    workspace.views.register(view)
    workspace.touch((view.user,))


def _still_offered(element: dict[str, Any], state: dict[str, Any]) -> bool:
    """Whether what was chosen is still among the options; external selects bring their options when asked."""
    if "options" not in element and "option_groups" not in element:
        return True
    values = {option.get("value") for option in options_of(element)}
    chosen = (state.get("selected_option"), *(state.get("selected_options") or ()))
    return all(option["value"] in values for option in chosen if option)


def publish(workspace: Workspace, user: str, described: Mapping[str, Any]) -> View:
    """Sets a person's home. The home keeps its id from one publication to the next."""
    current = workspace.views.homes.get(user)
    if current is not None:
        update(workspace, current, described)
        return current
    check_external_id(workspace, described)
    view = make(workspace, user, described)
    workspace.views.set_home(view)
    workspace.touch((user,))
    return view


def close_notices(workspace: Workspace, closed: list[View], *, cleared: bool) -> list[dict[str, Any]]:
    """The `view_closed` payloads for closed views that asked for them."""
    return [payloads.closed(workspace, view, cleared=cleared) for view in closed if view.notify_on_close]
