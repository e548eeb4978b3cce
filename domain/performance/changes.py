"""Why a figure changed: its change divided among its parts, exactly (what `/kpi why` reckons with)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod


@dataclass(frozen=True, slots=True)
class Part:
    """One part's share of a change, in the unit of the whole. `volume` is what came of there being more or less of it,
    `rate` of its being better or worse."""

    name: str
    volume: float
    rate: float = 0.0

    @property
    def effect(self) -> float:
        """Both."""
        return self.volume + self.rate


def of_product(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> list[Part]:
    """The change of a product divided among its factors; the effects add up to it exactly.

    Shapley's way: the mean, over every order in which the factors could have changed one after the other, of what
    each changed at its turn. A factor that one window does not know (a rate of nothing) counts as unchanged: there the
    product is 0 by another factor.
    """
    names = list(before)
    old, new = {}, {}
    for name in names:
        was, now = before[name], after[name]
        old[name] = was if was is not None else (now if now is not None else 0.0)
        new[name] = now if now is not None else old[name]
    effects = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        state = dict(old)
        value = prod(state.values())
        for name in order:
            state[name] = new[name]
            changed = prod(state.values())
            effects[name] += (changed - value) / len(orders)
            value = changed
    return [Part(name, effects[name]) for name in names]


def of_sum(before: Mapping[str, float], after: Mapping[str, float]) -> list[Part]:
    """The change of a sum: each member's own."""
    return [Part(name, after.get(name, 0.0) - before.get(name, 0.0)) for name in dict.fromkeys([*before, *after])]


def of_ratio(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> list[Part]:
    """The change of a ratio over groups (numerator, denominator) divided among them; the effects add up to it exactly.

    A group's `rate` effect is the change of its own ratio at its mean weight; its `volume` effect is the change of its
    weight times how far it lies from the whole. A group without cases in one window has no change of its own ratio.
    """
    whole_before, whole_after = _total(before), _total(after)
    if not whole_before[1] or not whole_after[1]:
        return []
    middle = (whole_before[0] / whole_before[1] + whole_after[0] / whole_after[1]) / 2
    parts = []
    for name in dict.fromkeys([*before, *after]):
        (hits, n), (new_hits, new_n) = before.get(name, (0, 0)), after.get(name, (0, 0))
        if not n and not new_n:
            continue
        weight, new_weight = n / whole_before[1], new_n / whole_after[1]
        ratio = hits / n if n else new_hits / new_n
        new_ratio = new_hits / new_n if new_n else ratio
        parts.append(
            Part(
                name,
                (new_weight - weight) * ((ratio + new_ratio) / 2 - middle),
                (weight + new_weight) / 2 * (new_ratio - ratio),
            )
        )
    return parts


def largest(parts: Sequence[Part], change: float) -> Part | None:
    """The part that explains most of a change: the largest in its direction; None where nothing changed."""
    in_direction = [part for part in parts if part.effect * change > 0]
    return max(in_direction, key=lambda part: abs(part.effect), default=None)


def _total(groups: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(hits for hits, _ in groups.values()), sum(n for _, n in groups.values())
