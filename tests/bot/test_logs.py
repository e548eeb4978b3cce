"""How records are written: one line, with what is known, and without the texts of exceptions."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sqlite3
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from slack_sdk.errors import SlackApiError

from bot.logs import Json, LogFormat, Text, handler
from bot.settings import Settings
from domain.errors import Code, Refused
from handlers import trail

TYPED = "小鳥遊 兼好"


def record(message: str = "A handler failed", error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("handlers.boundary", logging.ERROR, __file__, 1, message, (), info)


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The same, as it comes out of code."""
    try:
        raise error from cause
    except BaseException:  # noqa: BLE001 - groups and exits are tried too
        found = sys.exc_info()[1]
        assert found is not None
        return found


@given(st.text())
def test_each_record_is_one_line_of_json(message: str) -> None:
    with trail.following(kind="command", route="lead find"):
        line = Json().format(record(message))
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == message
    assert (found["kind"], found["route"], found["level"]) == ("command", "lead find", "ERROR")
    assert found["time"].endswith("+00:00")


def test_what_libraries_add_to_records_is_left_out() -> None:
    made = record()
    made.body = TYPED
    assert TYPED not in Json().format(made)
    assert TYPED not in Text().format(made)


@pytest.mark.parametrize("form", [Json(), Text()])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(TYPED), "ValueError"),
        (raised(KeyError("k"), cause=raised(ValueError(TYPED))), "which led to:"),
        (ExceptionGroup(TYPED, [raised(ValueError(TYPED))]), "in which:"),
        (sqlite3.IntegrityError(TYPED), "sqlite3.IntegrityError"),
        (SlackApiError(TYPED, {"ok": False, "error": TYPED}), "slack_sdk.errors.SlackApiError"),
        (Refused(Code.NOT_FOUND, TYPED, name=TYPED), Code.NOT_FOUND.value),
        (FileNotFoundError(2, TYPED, TYPED), "FileNotFoundError (2)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_exceptions_are_told_without_their_texts(form: logging.Formatter, error: BaseException, told: str) -> None:
    line = form.format(record(error=raised(error, cause=error.__cause__)))
    assert told in line
    assert "test_logs.py" in line
    assert TYPED not in line


def test_text_that_another_handler_has_made_of_an_exception_is_not_taken_over() -> None:
    made = record(error=raised(ValueError(TYPED)))
    assert TYPED in logging.Formatter().format(made)
    assert TYPED not in Text().format(made)
    assert TYPED not in Json().format(made)


def test_exceptions_that_led_to_each_other_come_to_an_end() -> None:
    first, second = ValueError("1"), KeyError("2")
    first.__cause__, second.__cause__ = second, first
    assert "ValueError" in Text().format(record(error=first))


async def test_trail_goes_on_in_tasks_and_not_beside_them() -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def work() -> dict[str, str]:
        begun.set()
        await over.wait()
        return dict(trail.fields())

    with trail.following(route="lead find"):
        inside = asyncio.create_task(work())
        trail.note(reference="ABCD")
        await begun.wait()
    assert trail.fields() == {}
    over.set()
    assert await inside == {"route": "lead find", "reference": "ABCD"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "stream", "formatter"),
    [
        (None, Terminal(), Text),
        (None, io.StringIO(), Json),
        (LogFormat.JSON, Terminal(), Json),
        (LogFormat.TEXT, io.StringIO(), Text),
    ],
)
def test_form_is_chosen_or_fits_the_stream(form: LogFormat | None, stream: io.StringIO, formatter: type) -> None:
    assert isinstance(handler(form, stream).formatter, formatter)


@pytest.mark.parametrize(("given", "form"), [("", None), ("json", LogFormat.JSON), ("text", LogFormat.TEXT)])
def test_form_is_a_setting(given: str, form: LogFormat | None) -> None:
    assert Settings(_env_file=None, log_format=given).log_format is form


def test_unknown_form_is_no_setting() -> None:
    refused: Any = {"log_format": "xml"}
    with pytest.raises(ValidationError, match="log_format"):
        Settings(_env_file=None, **refused)
