"""Companies from a file (work item 4-2)."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from domain.data.integrations import Layout, RejectReason, Row, group, merge, read_headings, read_row
from domain.data.quality import company_words, key_of
from domain.data.search import line
from domain.members import Permission, require
from services.data.files import UNREADABLE, Broken, Encoding, Table, detect, harmless, opened, read_table, size_of
from services.deps import Actor, Deps
from storage import account_import, accounts
from storage.account_import import Incoming, Packed, Standing
from storage.leads import audited
from storage.members import audit

# Large enough that a page of an index is written once for several rows, small enough that nobody waits long: a batch
# holds the write lock for well under a second.
BATCH = 10_000
DONE, PART = "account.import", "account.import.part"
"""In the audit log: an import, and what one batch of it did, written down together with it."""
MOST_PARTS = 100_000
# Seconds between two reports of progress.
REPORT_EVERY = 1.0
# Rejected rows are kept in memory up to this many bytes, and in a temporary file beyond.
MEMORY = 1 << 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `share` of the file's bytes, 0 to 1."""

    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    share: float


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. Each row was one of added, updated, unchanged, rejected.

    Of several rows on one company the first decides and the others fill in what it left out; those near the first
    count as unchanged. `rejects` is a CSV (UTF-8 with mark) of the rows
    that could not be read, with the reason as its last column, at its beginning; None when there are none; the caller
    closes it.
    """

    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    ignored: tuple[str, ...]
    """Headings that mean nothing to us."""
    encoding: str
    rejects: BinaryIO | None = None


@dataclass(slots=True)
class _Batch:
    """Some rows of the file, ready for the database."""

    rows: int
    rejected: int
    companies: list[Incoming]
    question: str
    packed: Packed | None
    """All companies as new ones; None when most are not expected to be new."""
    share: float


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


class _Seen:
    """Ids, one bit each: a set of a million numbers would take a third of the memory an import may have."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, number: int) -> None:
        """Remember an id."""
        page = self._pages.get(number >> 16)
        if page is None:
            page = self._pages[number >> 16] = bytearray(1 << 13)
        page[number >> 3 & 0x1FFF] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        page = self._pages.get(number >> 16)
        return page is not None and bool(page[number >> 3 & 0x1FFF] >> (number & 7) & 1)


@dataclass(slots=True)
class _Rejects:
    """The rows that could not be read, as a file."""

    headings: list[str]
    reason_heading: str
    reason: Callable[[RejectReason], str]
    file: tempfile.SpooledTemporaryFile[bytes] | None = None
    _text: io.TextIOWrapper | None = field(default=None, repr=False)

    def add(self, cells: list[str], reason: RejectReason) -> None:
        """Write one row down."""
        if self._text is None:
            self.file = tempfile.SpooledTemporaryFile(MEMORY)  # noqa: SIM115 - the result's receiver closes it
            self._text = io.TextIOWrapper(cast("BinaryIO", self.file), encoding="utf-8-sig", newline="")
            csv.writer(self._text).writerow([*harmless(self.headings), self.reason_heading])
        padded = cells + [""] * (len(self.headings) - len(cells))
        csv.writer(self._text).writerow([*harmless(padded), self.reason(reason)])

    def done(self) -> BinaryIO | None:
        """The file, at its beginning; None when no row was rejected."""
        if self._text is None or self.file is None:
            return None
        self._text.flush()
        self._text.detach()
        self.file.seek(0)
        return cast("BinaryIO", self.file)


async def import_accounts(
    deps: Deps,
    actor: Actor,
    source: Path | BinaryIO,
    *,
    reason: Callable[[RejectReason], str] = str,
    reason_heading: str = "reason",
    progress: Callable[[Progress], Awaitable[None]] | None = None,
    key: str = "",
) -> ImportResult:
    """Add and change companies as a CSV file says (UTF-8, UTF-16 with mark, cp932; comma, tab or semicolon).

    A cell that says nothing changes nothing. Each batch of rows is its own transaction: after a crash the same import
    run again goes on where it stopped, and run twice it changes nothing. `reason` words a reason for the file of
    rejected rows, `reason_heading` is its column; `progress` is told about once a second. `key` names this import: run
    again under it, the result is that of all its runs together.

    Raises `Refused`: NOT_ALLOWED; REQUIRED "file" (empty), INVALID "file" (no text), REQUIRED "name" (no column of
    names), DUPLICATE "headings" (two columns of one meaning, named in `heading`).
    """
    require(actor.role, Permission.IMPORT)
    subject = f"imports:{key}" if key else ""
    file = await asyncio.to_thread(opened, source)
    try:
        encoding, table, layout = await asyncio.to_thread(_open, file)
        rejects = _Rejects(table.headings, reason_heading, reason)
        reader = _Reader(deps, actor, file, encoding, table, layout, rejects)
        counts = await _run(deps, actor, reader, progress, subject)
    finally:
        await asyncio.to_thread(file.close)
    async with deps.writing(actor.team_id) as session:
        detail = {name: getattr(counts, name) for name in _Counts.__slots__}
        if not subject or not await audited(session, subject, DONE, 1):
            await audit(session, actor.member_id, DONE, subject or "accounts", detail, deps.now())
        if counts.added + counts.updated >= BATCH:
            await account_import.count_anew(session)
    return ImportResult(
        counts.rows,
        counts.added,
        counts.updated,
        counts.unchanged,
        counts.rejected,
        layout.ignored,
        encoding.name,
        rejects.done(),
    )


def _open(file: BinaryIO) -> tuple[Encoding, Table, Layout]:
    encoding = detect(file)
    table = read_table(file, encoding)
    return encoding, table, read_headings(table.headings)


class _Reader:
    """Reads the file batch by batch; runs in a thread, ahead of the database."""

    def __init__(
        self,
        deps: Deps,
        actor: Actor,
        file: BinaryIO,
        encoding: Encoding,
        table: Table,
        layout: Layout,
        rejects: _Rejects,
    ) -> None:
        self._postgresql = deps.database.dialect == "postgresql"
        self._team_id = actor.team_id
        self._file = file
        self._size = size_of(file)
        self._lossy = encoding.lossy
        self._layout = layout
        self._rows = table.rows
        self._rejects = rejects
        self.now = deps.now()
        self.expects_new = True

    def next(self) -> _Batch | None:
        """The next rows, or None at the end."""
        cells = list(islice(self._rows, BATCH))
        if not cells:
            return None
        readable = list(self._read(cells))
        companies = [_incoming(row, words) for row, words in group(readable)]
        return _Batch(
            len(cells),
            len(cells) - len(readable),
            companies,
            account_import.match_text(companies),
            self.pack(companies) if self.expects_new else None,
            min(self._file.tell() / self._size, 1.0) if self._size else 1.0,
        )

    def _read(self, cells: list[list[str]]) -> Iterator[tuple[Row, str]]:
        for row_cells in cells:
            row = self._row(row_cells)
            if isinstance(row, RejectReason):
                self._rejects.add(row_cells, row)
                continue
            words = company_words(row.name)
            if words:
                yield row, words
            else:
                self._rejects.add(row_cells, RejectReason.NAME_WITHOUT_LETTERS)

    def _row(self, cells: list[str]) -> Row | RejectReason:
        # Only UTF-16 can bring a NUL this far, and no text in PostgreSQL may hold one.
        if isinstance(cells, Broken) or (self._lossy and any(UNREADABLE in cell or "\0" in cell for cell in cells)):
            return RejectReason.UNREADABLE
        return read_row(self._layout, cells)

    def pack(self, companies: list[Incoming]) -> Packed:
        """Some of a batch's companies, as the database takes new ones."""
        return account_import.pack(self._postgresql, self._team_id, companies, self.now)


async def _run(
    deps: Deps, actor: Actor, reader: _Reader, progress: Callable[[Progress], Awaitable[None]] | None, subject: str
) -> _Counts:
    counts, seen = await _earlier(deps, actor, subject), _Seen()
    reported = time.monotonic()
    ahead = asyncio.create_task(asyncio.to_thread(reader.next))
    try:
        while (batch := await ahead) is not None:
            # The next batch is read while the database works on this one.
            ahead = asyncio.create_task(asyncio.to_thread(reader.next))
            added, updated = await _save(deps, actor, reader, batch, seen, subject)
            counts.rows += batch.rows
            counts.rejected += batch.rejected
            counts.added += added
            counts.updated += updated
            # What an earlier run added or changed is further on than this one, at first.
            counts.unchanged = max(0, counts.rows - counts.rejected - counts.added - counts.updated)
            if progress is not None and time.monotonic() - reported >= REPORT_EVERY:
                await progress(
                    Progress(counts.rows, counts.added, counts.updated, counts.unchanged, counts.rejected, batch.share)
                )
                reported = time.monotonic()
    finally:
        # The thread reads from a file that is about to be closed.
        await asyncio.wait([ahead])
    return counts


async def _earlier(deps: Deps, actor: Actor, subject: str) -> _Counts:
    """What earlier runs of the same import did."""
    counts = _Counts()
    if subject:
        async with deps.reading(actor.team_id) as session:
            for part in await audited(session, subject, PART, MOST_PARTS):
                counts.added += int(part.detail.get("added", 0))
                counts.updated += int(part.detail.get("updated", 0))
    return counts


async def _save(deps: Deps, actor: Actor, reader: _Reader, batch: _Batch, seen: _Seen, subject: str) -> tuple[int, int]:
    """Add and change a batch's companies; how many of each. `seen`: those that rows before these were about."""
    if not batch.companies:
        return 0, 0
    changes: list[tuple[Standing, Incoming]] = []
    async with deps.writing(actor.team_id) as session:
        await accounts.lock(session)
        known, new = _told_apart(batch.companies, await account_import.matches(session, batch.question))
        reader.expects_new = not known
        if known:
            question = await asyncio.to_thread(account_import.compare_text, known)
            standing = await account_import.differing(session, question)
            changes = await asyncio.to_thread(_changes, standing, known, seen)
            if changes:
                await account_import.change(session, changes, reader.now)
        added: list[int] = []
        if new:
            packed = batch.packed
            if packed is None or known:
                packed = await asyncio.to_thread(reader.pack, new)
            added = await account_import.insert(session, packed)
        if subject and (new or changes):
            detail = {"added": len(new), "updated": len(changes)}
            await audit(session, actor.member_id, PART, subject, detail, reader.now)
    for account_id in (*(account_id for account_id, _ in known), *added):
        seen.add(account_id)
    return len(new), len(changes)


def _changes(
    standing: dict[int, Standing], known: list[tuple[int, Incoming]], seen: _Seen
) -> list[tuple[Standing, Incoming]]:
    """The companies that will be different, as they are and as they will be."""
    changes = []
    for place, now in standing.items():
        before = Row._make(now.values)
        before = before._replace(corporate_number=before.corporate_number or "")
        said = Row._make(known[place][1].values)
        after = merge(before, said) if now.id in seen else merge(said, before)
        if after != before:
            changes.append((now, _incoming(after, company_words(after.name))))
    return changes


def _incoming(row: Row, words: str) -> Incoming:
    text = line(words, row.name, row.reading, row.name_en, row.corporate_number, row.website)
    return Incoming(row, key_of(words), text)


def _told_apart(
    companies: Sequence[Incoming], there: dict[int, int]
) -> tuple[list[tuple[int, Incoming]], list[Incoming]]:
    """Companies that are there, each once and with its id, and those that are new.

    Only the database shows that two rows are about one company, when one knew its number and the other its address.
    And of two rows with different numbers only the first can be the company that had none.
    """
    known: dict[int, Incoming] = {}
    new: list[Incoming] = []
    for place, company in enumerate(companies):
        account_id = there.get(place)
        if account_id is None:
            new.append(company)
            continue
        earlier = known.get(account_id)
        if earlier is None:
            known[account_id] = company
        elif company.values[0] and earlier.values[0] and company.values[0] != earlier.values[0]:
            new.append(company)
        else:
            values = merge(Row._make(earlier.values), Row._make(company.values))
            known[account_id] = earlier._replace(values=values)
    return list(known.items()), new
