"""The elements of views and messages as a person fills them in and presses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.workspace import inputs
from bot.workspace.described import file_object
from bot.workspace.messages import Values
from bot.workspace.refusals import PersonError
from bot.workspace.state import Workspace
from bot.workspace.views import View


class Fields:
    """What one member puts in. Cheap to make; holds no state of its own. Raises `PersonError`."""

    def __init__(self, workspace: Workspace, user: str) -> None:
        self._workspace = workspace
        self.user = user

    def typed(self, blocks: list[dict[str, Any]], values: Mapping[str, Mapping[str, Any]], place: str) -> Values:
        """What plain values by block_id and action_id mean to the blocks of a view or message."""
        wanted = {(block, action) for block, actions in values.items() for action in actions}
        found: Values = {}
        for block, element in inputs.elements(blocks):
            key = inputs.key_of(block, element)
            if key not in wanted or element["type"] not in inputs.STATEFUL:
                continue
            wanted.discard(key)
            try:
                found[key] = inputs.typed(element, values[key[0]][key[1]], self._around(place, key))
            except inputs.InputError as error:
                raise PersonError(400, f"{key[0]}/{key[1]}: {error}.") from None
        if wanted:
            block_id, action_id = min(wanted)
            raise PersonError(400, f"There is no field {block_id}/{action_id} in this view.")
        return found

    def type_in(self, view: View, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Put plain values into a view."""
        for key, typed in self.typed(view.blocks, values, view.id).items():
            view.values[key] = typed
            view.touched.add(key)

    def act(
        self, block: dict[str, Any], element: dict[str, Any], values: Values, place: str, value: Any
    ) -> dict[str, Any]:
        """Press or set an element; what it holds then goes into `values`. The action as the app is told of it."""
        key = inputs.key_of(block, element)
        try:
            state = None
            if element["type"] in inputs.STATEFUL:
                state = inputs.typed(element, value, self._around(place, key))
                if (sentence := inputs.beyond(element, state)) is not None:
                    raise inputs.InputError(sentence)
                values[key] = state
            return inputs.action(block, element, state, value, self._workspace.mint.ts())
        except inputs.InputError as error:
            raise PersonError(400, f"{error}.") from None

    def _around(self, place: str, key: tuple[str, str]) -> inputs.Surroundings:
        offered = self._workspace.views.offered.get(place, {}).get(key, {})
        return inputs.Surroundings(offered, self._described_file, self._listed)

    def _listed(self, element: dict[str, Any], ident: str) -> bool:
        """Whether a select of people or conversations shows that id to this person."""
        kind = element["type"].removeprefix("multi_")
        if kind == "users_select":
            return self._workspace.is_user(ident)
        conversation = self._workspace.conversations.get(ident)
        if conversation is None or (conversation.kind != "channel" and self.user not in conversation.members):
            return False
        if kind == "channels_select":
            return conversation.kind == "channel"
        return inputs.selectable(element, conversation.kind, with_app=self._workspace.bot_user in conversation.members)

    def _described_file(self, file_id: str) -> dict[str, Any] | None:
        file = self._workspace.files.files.get(file_id)
        return file_object(self._workspace, file) if file is not None and file.owner == self.user else None


def element_of(
    blocks: list[dict[str, Any]], action_id: str, block_id: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The block and the element of that name."""
    found = [
        (block, element)
        for block, element in inputs.elements(blocks)
        if element.get("action_id") == action_id and block_id in (None, block["block_id"])
    ]
    if not found:
        raise PersonError(404, f"There is no element {action_id} here.")
    if len(found) > 1:
        raise PersonError(400, f"{action_id} stands in several blocks; say which with block_id.")
    return found[0]


def complaints(view: View) -> dict[str, str]:
    """What is wrong with the fields of a view, by block_id."""
    state = inputs.all_values(view.blocks, view.values)
    found: dict[str, str] = {}
    for block, element in inputs.elements(view.blocks):
        if block.get("type") != "input":
            continue
        sentence = inputs.complaint(element, state[inputs.key_of(block, element)], optional=bool(block.get("optional")))
        if sentence is not None:
            found.setdefault(block["block_id"], sentence)
    return found
