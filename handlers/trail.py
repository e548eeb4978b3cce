"""What is known of the work under way: it stands beside each line that is logged meanwhile, and is counted at its end.

A trail begins where work enters the house: at a listener, in the queue's worker, at the clock. It holds ids and names
from the route tables, never anything that somebody typed. Where there is a collector of traces, each trail is a span,
and each call to somebody else's server a step of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from opentelemetry.trace import (
    NoOpTracer,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    get_current_span,
)


class Outcome(StrEnum):
    """How an interaction, a task or a turn of the clock ended."""

    OK = "ok"
    REFUSED = "refused"
    """A rule or a permission was against it, and the person was told."""
    REJECTED = "rejected"
    """A form was shown again with what is wrong in it."""
    FAULT = "fault"
    """A fault on our side."""
    OTHER = "other"
    """No handler ran: help, a button nobody knows any more, an event that came twice, somebody from outside."""
    MISSED = "missed"
    """The clock found it too late."""
    POSTPONED = "postponed"
    """It is tried again later."""
    DROPPED = "dropped"
    """There was nothing left to do, or it must not be done."""


UNKNOWN: Final = "unknown"
"""In place of names that no route table has: whoever sends them must not make new labels."""


@dataclass(slots=True)
class Trail:
    """`fields` are the names and ids that are logged; `outcome` is how it ended, as far as is known."""

    fields: dict[str, str]
    outcome: str = ""


_TRAIL: ContextVar[Trail | None] = ContextVar("trail", default=None)


_tracer: Tracer = NoOpTracer()


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Trails and steps of this process are told to this tracer until the block ends."""
    # For the whole process: the queue's workers have contexts of their own.
    global _tracer
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


@contextmanager
def following(**fields: str) -> Iterator[Trail]:
    """A trail that begins here; it goes on in tasks started meanwhile."""
    trail = Trail(fields)
    token = _TRAIL.set(trail)
    with _span(_name(fields), SpanKind.SERVER) as span:
        try:
            yield trail
        finally:
            _TRAIL.reset(token)
            if span.is_recording():
                # More is known by now.
                span.update_name(_name(trail.fields))
                span.set_attributes({f"kakehashi.{name}": value for name, value in trail.fields.items()})
                close(span, trail.outcome, fault=trail.outcome == Outcome.FAULT)


@contextmanager
def step(name: str) -> Iterator[Span]:
    """A call to somebody else's server, under the trail it belongs to; `close` says how it ended."""
    with _span(name, SpanKind.CLIENT) as span:
        yield span


def close(span: Span, outcome: str, *, fault: bool) -> None:
    """Write down how a span ended."""
    if outcome:
        span.set_attribute("kakehashi.outcome", outcome)
    if fault:
        span.set_status(StatusCode.ERROR)


def _span(name: str, kind: SpanKind) -> AbstractContextManager[Span]:
    # What an exception says may hold what somebody typed.
    return _tracer.start_as_current_span(name, kind=kind, record_exception=False, set_status_on_exception=False)


def _name(fields: Mapping[str, str]) -> str:
    what = "delivery" if "delivery" in fields else fields.get("kind", "work")
    return f"{what} {fields.get('route') or fields.get('kind', '')}".strip()


def note(**fields: str) -> None:
    """Write more on the trail; nothing happens where none was begun."""
    trail = _TRAIL.get()
    if trail is not None:
        trail.fields.update(fields)


def ended(outcome: str) -> None:
    """Write down how it ended."""
    trail = _TRAIL.get()
    if trail is not None:
        trail.outcome = outcome


def fields() -> Mapping[str, str]:
    """What is known now."""
    trail = _TRAIL.get()
    if trail is None:
        return {}
    context = get_current_span().get_span_context()
    return {**trail.fields, "trace": format_trace_id(context.trace_id)} if context.is_valid else trail.fields


class Watch(Protocol):
    """Whoever counts. Every name comes from the route tables or is `UNKNOWN`."""

    def delivery(self, kind: str, outcome: str) -> None:
        """A try at a delivery has ended: in one of its final states, or it is postponed."""

    def task(self, kind: str, outcome: str) -> None:
        """A try at a task has ended."""

    def turn(self, job: str, outcome: str) -> None:
        """The clock has fired a job, or missed it."""


class Unwatched:
    """Counts nothing."""

    def delivery(self, kind: str, outcome: str) -> None:
        """Nothing."""

    def task(self, kind: str, outcome: str) -> None:
        """Nothing."""

    def turn(self, job: str, outcome: str) -> None:
        """Nothing."""


UNWATCHED: Final = Unwatched()
