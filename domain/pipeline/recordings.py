"""A recording's way from a file to a record: what kind of file it is, where it stands, whom its name speaks of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from domain.model import Reason

MAX_AUDIO_BYTES: Final = 200 * 1024 * 1024
MAX_TEXT_BYTES: Final = 16 * 1024 * 1024
MOST_WORDS: Final = 6
MAX_WORD: Final = 30


class Kind(StrEnum):
    """What a file may be, by the ending of its name."""

    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    TABLE = "table"
    """A list of companies."""
    TEXT = "text"
    """A transcript or a list: only its content tells."""


_ENDINGS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("mp3", "m4a", "wav", "webm", "ogg", "oga", "flac", "mp4", "mpga", "mpeg"), Kind.AUDIO),
    **dict.fromkeys(("vtt", "srt", "json"), Kind.TRANSCRIPT),
    **dict.fromkeys(("csv", "tsv"), Kind.TABLE),
    "txt": Kind.TEXT,
}


def kind_of(filename: str) -> Kind | None:
    """What a file may be; None for what nobody here reads."""
    return _ENDINGS.get(filename.lower().rpartition(".")[2]) if "." in filename else None


class Progress(StrEnum):
    """Where a recording stands, in the order of the way."""

    RECEIVED = "received"
    TRANSCRIBING = "transcribing"
    ARRANGING = "arranging"
    """What was said is known; note and figures are made once it is known whom it is about."""
    DONE = "done"
    FAILED = "failed"


class Trouble(StrEnum):
    """Why a recording could not be made a record."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    """Nothing is said in it."""
    UNREADABLE = "unreadable"
    NOT_SEEN = "not_seen"
    """The bot may not see the file, or it is gone."""
    DOWNLOAD = "download"
    """It could not be fetched just now."""
    FAULT = "fault"
    """A fault of ours."""
    NO_SOUND = "no_sound"
    """Nothing in it can be played."""
    ENGINE = "engine"
    """The engine on this machine that listens cannot be used."""
    NO_MODEL = "no_model"
    MODEL_OFF = "model_off"
    MODEL_UNMASKABLE = "model_unmaskable"
    MODEL_OVER_BUDGET = "model_over_budget"
    MODEL_FAILED = "model_failed"
    MODEL_REJECTED = "model_rejected"
    """The model's server does not take this recording, now or later: most take 25 MB."""
    ERASED = "erased"
    """Whom it was about was erased meanwhile."""


UNHEARD: Final[Mapping[Reason, Trouble]] = {
    Reason.NOT_CONFIGURED: Trouble.NO_MODEL,
    Reason.OFF: Trouble.MODEL_OFF,
    Reason.UNMASKABLE: Trouble.MODEL_UNMASKABLE,
    Reason.OVER_BUDGET: Trouble.MODEL_OVER_BUDGET,
    Reason.FAILED: Trouble.MODEL_FAILED,
}
"""Why nobody listened to a recording."""


class Failed(Exception):
    """A recording could not be made a record."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Decision(StrEnum):
    """What a person said to a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    EDITED = "edited"
    """Accepted with another value."""
    REJECTED = "rejected"


_DATE: Final = re.compile(r"(?<!\d)(20\d\d)[-_./年]?(\d{1,2})[-_./月]?(\d{1,2})日?(?!\d)")
_BETWEEN: Final = re.compile(r"[\s_\-‐–—~〜・,、。.:：;/\\|()（）\[\]［］【】「」『』<>＜＞#＃&＆+*\"'“”]+")
_HONORIFIC: Final = re.compile(r"(?:様|さま|さん|氏|殿|御中)$")
_NO_NAME: Final = re.compile(
    r"^(?:株式会社|有限会社|合同会社|㈱|㈲|商談|会議|打合せ|打ち合わせ|ミーティング|議事録|文字起こし|録音|録画"
    r"|音声|架電|電話|通話|初回|面談"
    r"|訪問|次回|定例|メモ|オンライン|第?\d*回|\d*回目|miitel|zoom|teams|meet|meeting|call|audio|video"
    r"|record(?:ing)?|transcript(?:ion)?"
    r"|caption|closed|gmt\w*|utc|note|memo|only|the|with|and|inc|ltd|co|corp|kk|\d[\dt]*|[a-z]{1,2})$",
    re.IGNORECASE,
)


def names_in(text: str) -> tuple[str, ...]:
    """What may be a company's or a person's name in the name of a file or in a short text, without dates, honorifics
    and the words that all recordings are called by."""
    plain = unicodedata.normalize("NFKC", text)
    stem = re.sub(r"\.[A-Za-z0-9]{2,4}$", "", plain.strip())
    found: dict[str, None] = {}
    for part in _BETWEEN.split(_DATE.sub(" ", stem)):
        word = _HONORIFIC.sub("", part)
        if 2 <= len(word) <= MAX_WORD and not _NO_NAME.match(word):
            found[word] = None
    return tuple(found)[:MOST_WORDS]


def day_in(filename: str, today: date) -> date:
    """The day that stands in a file's name, if it is one and no later than today; else today."""
    for year, month, day in _DATE.findall(unicodedata.normalize("NFKC", filename)):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if found <= today:
            return found
    return today


def best(scores: Mapping[int, int], groups: Mapping[int, int]) -> int | None:
    """The lead that fits best: the one of the highest score, given in the order of preference; None where others of
    another company (`groups`) fit as well."""
    if not scores:
        return None
    most = max(scores.values())
    first = [lead for lead, score in scores.items() if score == most]
    return first[0] if len({groups[lead] for lead in first}) == 1 else None


def weight(words: Sequence[str]) -> int:
    """How much it says that these words fit: long names say more than short ones."""
    return sum(len(word) for word in words)
