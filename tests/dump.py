"""Everything that a database holds, as text in which one can search."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import sqlalchemy as sa

from storage.migrations import sync_url


def dump(url: str) -> str:
    """Every value of every table, a row on a line, also those of the queue and of the search index. What is in a form
    of its own stands there as it is and opened."""
    engine = sa.create_engine(sync_url(url))
    found = []
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # For its owner only: whoever sees a part of the rows is refused, instead of finding nothing.
            connection.exec_driver_sql("SET row_security = off")
        inspector = sa.inspect(connection)
        for schema in (None, "dbos") if engine.dialect.name == "postgresql" else (None,):
            for name in inspector.get_table_names(schema):
                if name in ("account_search", "passage_search"):
                    # A face of the tables whose names begin so, and holds nothing.
                    continue
                rows = connection.execute(sa.select(sa.text("*")).select_from(sa.table(name, schema=schema)))
                found += [f"{name}: " + " | ".join(map(_text, row)) for row in rows]
    engine.dispose()
    return "\n".join(found)


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    if text.startswith(("{", "[")):
        try:
            # SQLite keeps documents as they were written, with what is not ASCII escaped.
            return json.dumps(json.loads(text), ensure_ascii=False)
        except ValueError:
            return text
    try:
        # How the queue keeps arguments and results.
        opened = base64.b64decode(text, validate=True).decode("utf-8", "replace") if len(text) > 8 else ""
    except (binascii.Error, ValueError):
        opened = ""
    return f"{text} {opened}".rstrip()
