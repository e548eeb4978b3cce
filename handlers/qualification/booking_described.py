"""What the customers' pages take and answer, in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from handlers.i18n import LANGUAGES
from handlers.openapi import FORM, STRING, Described, Operation, Parameter, Said, Schema, fields, link, noted, shown

_OFFER: Final = link("The link in the mail with the proposed times.")
_MEETING: Final = link("The link in the invitation.")
_READER: Final = (
    Parameter("lang", "query", "The page's language; otherwise the customer's.", {"enum": list(LANGUAGES)}),
    Parameter("tz", "query", "The zone that times are shown in; otherwise the customer's."),
    Parameter("Accept-Language", "header", "The language of what is said to strangers; otherwise Japanese."),
)
_MORE: Final = Parameter("more", "query", "Anything: all free times, not the proposed ones only.")
_DONE: Final = Parameter("done", "query", "What has just been done.", {"enum": ["booked", "moved", "cancelled"]})

_SLOT: Final[Schema] = {
    "type": "string",
    "description": "One of the times as the page has them: member, “@”, minutes since 1970, “+”, length in minutes.",
}
_VERSION: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{0,9}$",
    "description": "As the page has it.",
}
_CHOSEN: Final[Mapping[str, Schema]] = {"lang": STRING, "tz": STRING}

_ALWAYS: Final[Mapping[int, Said]] = {
    404: shown("This link is not ours, or leads nowhere any more."),
    429: shown("This link was opened too often within a minute.", **{"Retry-After": "Seconds until it opens again."}),
}
_TO_MEETING: Final = Said("To the meeting's page.", headers={"Location": "A path of ours."})
_SENT: Final[Mapping[int, Said]] = {
    303: _TO_MEETING,
    409: shown("Somebody else was first, or the meeting was changed meanwhile; the page as it is now."),
    413: noted("More than our forms hold."),
    422: shown("Nothing was chosen, or a text is too long; the page once more."),
}

PAGES: Final[Mapping[str, Described]] = {
    "/book/{token}": {
        "GET": Operation(
            "The times that a customer can choose from",
            {
                200: shown("The times."),
                303: _TO_MEETING,
                410: shown("These times were withdrawn, or have passed."),
                **_ALWAYS,
            },
            (_OFFER, *_READER, _MORE),
        ),
        "POST": Operation(
            "Books one of them",
            {**_SENT, 410: shown("These times were withdrawn, or have passed."), **_ALWAYS},
            (_OFFER, *_READER, _MORE),
            {FORM: fields({"slot": _SLOT, "more": STRING, **_CHOSEN})},
        ),
    },
    "/meeting/{token}": {
        "GET": Operation(
            "A booked meeting as it stands", {200: shown("The meeting."), **_ALWAYS}, (_MEETING, *_READER, _DONE)
        )
    },
    "/meeting/{token}/move": {
        "GET": Operation(
            "Other times for a meeting",
            {200: shown("The times."), 303: _TO_MEETING, **_ALWAYS},
            (_MEETING, *_READER),
        ),
        "POST": Operation(
            "Moves the meeting to one of them",
            {**_SENT, **_ALWAYS},
            (_MEETING, *_READER),
            {FORM: fields({"slot": _SLOT, "version": _VERSION, **_CHOSEN})},
        ),
    },
    "/meeting/{token}/cancel": {
        "GET": Operation(
            "Asks whether to cancel a meeting",
            {200: shown("The question."), 303: _TO_MEETING, **_ALWAYS},
            (_MEETING, *_READER),
        ),
        "POST": Operation(
            "Cancels the meeting",
            {**_SENT, **_ALWAYS},
            (_MEETING, *_READER),
            {FORM: fields({"reason": STRING, "version": _VERSION, **_CHOSEN})},
        ),
    },
    "/meeting/{token}/meeting.ics": {
        "GET": Operation(
            "A meeting as a file for calendars",
            {200: Said("The meeting (RFC 5545).", {"text/calendar": STRING}), **_ALWAYS},
            (_MEETING, *_READER[2:]),
        )
    },
}
ASSETS: Final[Described] = {
    "GET": Operation(
        "The style and the script of these pages",
        {
            200: Said("The file.", {"text/css": STRING, "text/javascript": STRING}),
            404: noted("There is no such file."),
        },
        (Parameter("name", "path", "The file's name.", required=True),),
    )
}
