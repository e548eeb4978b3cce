"""The parsers with any bytes: what is raised is what they say they raise. `make fuzz` looks longer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.examples import EXAMPLES
from tests.fuzz.targets import SEEDS, TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    target, seeds = TARGETS[name], [*SEEDS[name], *EXAMPLES.get(name, ())]
    for seed in seeds:
        target(seed)
    # Any bytes, any text, and what is meant for it with a piece cut out and another put in.
    cut = st.tuples(st.sampled_from(seeds), st.integers(0, 60), st.integers(0, 8), st.binary(max_size=6)).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[3] + drawn[0][drawn[1] + drawn[2] :]
    )
    texts = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))

    @settings(max_examples=60, deadline=None)
    @given(st.one_of(st.binary(max_size=80), texts, cut))
    def holds(data: bytes) -> None:
        target(data)

    holds()


def test_every_target_has_something_to_begin_with_and_examples_belong_to_targets() -> None:
    assert set(SEEDS) == set(TARGETS)
    assert set(EXAMPLES) <= set(TARGETS)
