"""Tables in files as they come: bytes in some encoding, cells between some kind of mark (work item 4-2)."""

from __future__ import annotations

import codecs
import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from domain.data.integrations import known_headings
from domain.errors import Code, Refused

BLOCK: Final = 1 << 20
DELIMITERS: Final = (",", "\t", ";")
UNREADABLE: Final = "\ufffd"
# Beyond this a cell is a quote that was never closed.
MAX_CELL: Final = 100_000


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is written. `lossy`: some bytes are no characters; they read as U+FFFD."""

    name: str
    lossy: bool = False


def opened(source: Path | BinaryIO) -> BinaryIO:
    """A file that can be read twice: a stream that cannot is copied to a temporary file. The caller closes it."""
    if isinstance(source, Path):
        return source.open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    while block := source.read(BLOCK):
        copy.write(block)
    copy.seek(0)
    return cast("BinaryIO", copy)


def detect(file: BinaryIO) -> Encoding:
    """UTF-8 (with or without mark), UTF-16 with a mark (a spreadsheet's "Unicode text"), or cp932 (Shift_JIS).

    Reads the whole file and goes back to its beginning: the first byte that is not ASCII may come late.
    Raises `Refused(REQUIRED, "file")` for an empty file and `Refused(INVALID, "file")` for one that is no text.
    """
    file.seek(0)
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        file.seek(0)
        return Encoding("utf-16", lossy=True)
    candidates = {name: codecs.getincrementaldecoder(name)("strict") for name in ("utf-8-sig", "cp932")}
    reached = dict.fromkeys(candidates, 0)
    failed: set[str] = set()
    file.seek(0)
    blank = True
    while block := file.read(BLOCK):
        if b"\0" in block:
            raise Refused(Code.INVALID, "file")
        blank = blank and not block.strip(b" \t\r\n;,\xef\xbb\xbf")
        for name in candidates.keys() - failed:
            try:
                candidates[name].decode(block)
                reached[name] += len(block)
            except UnicodeDecodeError as error:
                reached[name] += error.start
                failed.add(name)
    if blank:
        raise Refused(Code.REQUIRED, "file")
    for name in candidates.keys() - failed:
        try:
            candidates[name].decode(b"", final=True)
        except UnicodeDecodeError:
            failed.add(name)
    file.seek(0)
    for name in candidates:
        if name not in failed:
            return Encoding(name)
    # A few broken bytes cost only the rows that they are in.
    return Encoding(max(candidates, key=lambda name: reached[name]), lossy=True)


class Broken(list[str]):
    """A row that could not be taken apart."""


@dataclass(slots=True)
class Table:
    """The rows of a file after its headings."""

    headings: list[str]
    delimiter: str
    rows: Iterator[list[str]]
    """A row that could not be taken apart comes as `Broken`, with what is known of it."""


def read_table(file: BinaryIO, encoding: Encoding) -> Table:
    """The table in a file, row by row; blank rows are left out.

    Raises `Refused(REQUIRED, "file")` when there is nothing in it, `Refused(INVALID, "file")` when it is no table.
    """
    errors = "replace" if encoding.lossy else "strict"
    text = io.TextIOWrapper(_Unclosed(file), encoding=encoding.name, errors=errors, newline="")
    headings, delimiter = _headings(text)
    csv.field_size_limit(MAX_CELL)
    return Table(headings, delimiter, _rows(text, delimiter))


class _Unclosed(io.BufferedReader):
    """Keeps the file open when the text layer around it is dropped: the caller opened it and closes it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(cast("io.RawIOBase", file), BLOCK)

    def close(self) -> None:
        """Leave the file open."""


def _headings(text: io.TextIOWrapper) -> tuple[list[str], str]:
    """The first row that is not blank, and the mark between cells: the one that gives the most known headings."""
    lines = iter(text.readline, "")
    first = next((line for line in lines if line.strip(" \t\r\n;,\ufeff")), "")
    if not first:
        raise Refused(Code.REQUIRED, "file")
    # A heading may hold a line break inside quotes.
    while first.count('"') % 2 and len(first) < MAX_CELL and (more := text.readline()):
        first += more

    def cut(delimiter: str) -> list[str]:
        try:
            return next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error as error:
            raise Refused(Code.INVALID, "file") from error

    delimiter = max(DELIMITERS, key=lambda mark: (known_headings(cut(mark)), len(cut(mark))))
    return cut(delimiter), delimiter


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            for cells in reader:
                if any(cells):
                    yield cells
        except csv.Error:
            # The reader goes on with the next line.
            yield Broken()
        else:
            return


def size_of(file: BinaryIO) -> int:
    """The number of bytes in a file."""
    return os.fstat(file.fileno()).st_size


# The wide ones too: a spreadsheet set to Japanese takes them for the narrow.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(cells: Sequence[str]) -> list[str]:
    """Cells that no spreadsheet takes for a formula: those that look like one get an apostrophe in front."""
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
