"""Files: announced, uploaded, completed, shared, deleted. Contents stay in memory."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field

MAXIMUM_SIZE = 1 << 30

_PRETTY = {
    "csv": "CSV", "txt": "Plain Text", "text": "Plain Text", "png": "PNG", "jpg": "JPEG", "gif": "GIF", "pdf": "PDF",
    "json": "JSON", "xlsx": "Excel Spreadsheet", "zip": "Zip", "mp3": "MP3", "wav": "WAV", "mp4": "MPEG 4 Video",
}  # fmt: skip


@dataclass(slots=True)
class File:
    """A file. `content` is None until the bytes have come; `completed` when the upload was finished by its owner."""

    id: str
    name: str
    owner: str
    created: int
    length: int
    ticket: str
    secret: str
    title: str = ""
    alt_text: str | None = None
    snippet_type: str | None = None
    content: bytes | None = None
    completed: bool = False
    deleted: bool = False
    by_app: bool = False
    # channel id → timestamps of the messages that carry the file
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def mimetype(self) -> str:
        """The media type, guessed from the name."""
        if self.filetype == "csv":
            return "text/csv"
        return mimetypes.guess_type(self.name)[0] or (
            "text/plain" if self.filetype == "text" else "application/octet-stream"
        )

    @property
    def filetype(self) -> str:
        """Slack's short type: the ending, jpeg as jpg, `text` for .txt, `binary` without an ending."""
        if self.snippet_type:
            return self.snippet_type
        ending = self.name.rpartition(".")[2].lower() if "." in self.name else ""
        return {"jpeg": "jpg", "txt": "text", "": "binary"}.get(ending, ending)

    @property
    def pretty_type(self) -> str:
        """The type as a person reads it."""
        return _PRETTY.get(self.filetype, self.filetype.upper() if self.filetype != "text" else "Plain Text")

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content) if self.content is not None else self.length


class FileStore:
    """All files of a workspace, by id and by the secret part of their upload address."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.tickets: dict[str, File] = {}

    def add(self, file: File) -> None:
        """Announces a file."""
        self.files[file.id] = file
        self.tickets[file.ticket] = file

    def receive(self, ticket: str, content: bytes) -> File | None:
        """Takes the bytes for an announced file; None where the address is unknown or the file has been completed."""
        file = self.tickets.get(ticket)
        if file is None or file.completed or file.deleted:
            return None
        file.content = content
        return file

    def delete(self, file: File) -> None:
        """Forgets the bytes; the record stays, so that Slack's `file_deleted` can be answered."""
        file.deleted, file.content = True, None
