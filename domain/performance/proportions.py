"""Shares and how sure we are of them: the Wilson interval, and whether two shares can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""
LEAST = 10
"""Below so many cases a share is shown, but nothing is said about it."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """`hits` of `n`. ValueError unless 0 ≤ hits ≤ n."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"{self.hits} of {self.n} is no proportion.")

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.hits / self.n if self.n else None

    @property
    def enough(self) -> bool:
        """Whether there are enough cases to say something."""
        return self.n >= LEAST

    def interval(self, z: float = Z95) -> tuple[float, float]:
        """Wilson's score interval (1927), within 0 and 1; the whole of it where there are no cases."""
        if not self.n:
            return 0.0, 1.0
        n, share = self.n, self.hits / self.n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        # At the ends the bound is the end itself; rounding must not put it beside.
        low = 0.0 if self.hits == 0 else max(0.0, middle - half)
        high = 1.0 if self.hits == n else min(1.0, middle + half)
        return low, high


def overlap(a: Proportion, b: Proportion) -> bool:
    """Whether the intervals of two shares have a value in common. Where they do, nobody is called better."""
    (a_low, a_high), (b_low, b_high) = a.interval(), b.interval()
    return a_low <= b_high and b_low <= a_high


def above(proportion: Proportion, threshold: float) -> bool | None:
    """Whether a share is surely at or over a threshold; None while the data leave it open."""
    low, high = proportion.interval()
    if not proportion.enough or low < threshold <= high:
        return None
    return low >= threshold
