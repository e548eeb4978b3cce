"""The process's log: lines for people or JSON for machines, with what is known of the work under way.

What people typed is never in it. Exceptions are logged without their texts, because those quote what they could not
read or save; their types, the codes of the database or of Slack, and the places in our sources say what happened.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from traceback import format_tb
from types import TracebackType
from typing import Any, TextIO

import psycopg
from slack_sdk.errors import SlackApiError

from domain.errors import Refused
from handlers import trail

OURS = ("bot", "handlers", "services", "storage", "prompts", "domain")
SLACK_ERROR = re.compile(r"[a-z][a-z0-9_]{0,60}")
"""Slack's error codes; what does not look like one may be anything."""
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LogFormat(StrEnum):
    """How a record is written."""

    TEXT = "text"
    JSON = "json"


def set_up(level: str, form: LogFormat | None = None, stream: TextIO | None = None) -> None:
    """Log to this stream (stderr). Without a form it is text on a terminal and JSON elsewhere."""
    to = stream or sys.stderr
    logging.basicConfig(level=logging.WARNING, handlers=[handler(form, to)])
    # Others write a line for each call and connection; from DEBUG on also what people typed.
    for package in OURS:
        logging.getLogger(package).setLevel(level)
    through_root("dbos")


def handler(form: LogFormat | None, stream: TextIO) -> logging.Handler:
    """What writes the records to the stream."""
    chosen = form or (LogFormat.TEXT if stream.isatty() else LogFormat.JSON)
    made = logging.StreamHandler(stream)
    made.setFormatter(Json() if chosen is LogFormat.JSON else Text())
    return made


def through_root(name: str) -> None:
    """Let a library that would write to stderr by itself log as everybody does."""
    logger = logging.getLogger(name)
    # It adds a handler of its own where it finds none.
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = True


class _Textless(logging.Formatter):
    """Formats exceptions without their texts."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the standard library's name
        """Types and places."""
        return "" if ei[1] is None else "\n".join(_told(ei[1]))

    def exception(self, record: logging.LogRecord) -> str:
        """The record's exception; "" where there is none."""
        info = record.exc_info
        return self.formatException(info) if info else ""


class Text(_Textless):
    """A line that a person reads; the trail stands at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the exception."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        known = " ".join(f"{name}={value}" for name, value in trail.fields().items())
        line = self.formatMessage(record) + (f" [{known}]" if known else "")
        exception = self.exception(record)
        return f"{line}\n{exception}" if exception else line


class Json(_Textless):
    """One object on one line, without what libraries add to their records."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **trail.fields(),
        }
        exception = self.exception(record)
        if exception:
            line["exception"] = exception
        return json.dumps(line)


def _told(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """The exception and what it came from, the cause first, as Python does."""
    seen |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield "which led to:"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(format_tb(error.__traceback__)).rstrip("\n")
    yield kind_of(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            if id(inner) not in seen:
                yield "in which:"
                yield from _told(inner, seen)


def kind_of(error: BaseException) -> str:
    """What may be told of an exception: its type, and a code where it has one."""
    name = type(error).__qualname__ if type(error).__module__ == "builtins" else _qualified(type(error))
    code = _code(error)
    return f"{name} ({code})" if code else name


def _qualified(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _code(fault: BaseException) -> str:
    match fault:
        case psycopg.Error():
            return ", ".join(part for part in (fault.sqlstate, fault.diag.constraint_name) if part)
        case sqlite3.Error():
            return str(getattr(fault, "sqlite_errorname", ""))
        case SlackApiError():
            answer = getattr(fault.response, "data", None)
            error = str(answer.get("error")) if isinstance(answer, dict) else ""
            return error if SLACK_ERROR.fullmatch(error) else ""
        case Refused():
            return fault.code.value
        case OSError():
            return str(fault.errno or "")
    return ""
