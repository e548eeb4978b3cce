"""Conversations, scripts and answers to objections are found by their words too"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SOURCES = (
    # Table, kind, the column that names the source, and the columns by whose change it is due.
    ("objections", "objection", "id", ("said", "answers", "retired_at")),
    ("scripts", "script", "id", ("newest", "retired_at")),
    ("recordings", "recording", "id", ("progress", "lead_id")),
    ("script_versions", "script", "script_id", ("stages",)),
    # That there are new ones is told by the recording's progress.
    ("utterances", "recording", "recording_id", ("text",)),
)
EVENTS = {"utterances": ("changed", "deleted")}
ALL = ("added", "changed", "deleted")

# As in 0008_passages.py, where the source is not always the row itself.
ON_SQLITE = """
CREATE TRIGGER {table}_passages_{event} AFTER {when} ON {table}
WHEN {condition} AND EXISTS (SELECT 1 FROM teams WHERE id = {row}.team_id)
BEGIN INSERT INTO passage_dues (team_id, kind, source_id) VALUES ({row}.team_id, '{kind}', {row}.{key}); END
"""
FUNCTION = """
CREATE FUNCTION passages_of_source_are_due() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    INSERT INTO passage_dues (team_id, kind, source_id)
    SELECT source ->> 'team_id', TG_ARGV[0], (source ->> TG_ARGV[1])::bigint
    WHERE EXISTS (SELECT 1 FROM teams WHERE id = source ->> 'team_id');
    RETURN NULL;
END $$
"""
ON_POSTGRESQL = """
CREATE TRIGGER {table}_passages_{event} AFTER {when} ON {table}
FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION passages_of_source_are_due('{kind}', '{key}')
"""


def triggers() -> list[str]:
    """The triggers of the sources' tables."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    made = []
    for table, kind, key, columns in SOURCES:
        changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)
        changes = (
            ("added", "INSERT", "NEW", "NEW.id IS NOT NULL"),
            ("changed", f"UPDATE OF {', '.join(columns)}", "NEW", f"({changed})"),
            ("deleted", "DELETE", "OLD", "OLD.id IS NOT NULL"),
        )
        for event, when, row, condition in changes:
            if event not in EVENTS.get(table, ALL):
                continue
            text = ON_SQLITE if sqlite else ON_POSTGRESQL
            named = {"table": table, "event": event, "when": when, "row": row, "condition": condition}
            made.append(text.format(**named, kind=kind, key=key))
    return made


def upgrade() -> None:
    for table, kind, key, _ in SOURCES[:3]:
        due = f"SELECT team_id, '{kind}', {key} FROM {table} ORDER BY id"  # noqa: S608 - written here
        op.execute(f"INSERT INTO passage_dues (team_id, kind, source_id) {due}")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
    for trigger in triggers():
        op.execute(trigger)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, *_ in SOURCES:
        for event in EVENTS.get(table, ALL):
            op.execute(f"DROP TRIGGER {table}_passages_{event}" + (f" ON {table}" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION passages_of_source_are_due()")
    # An earlier version knows nothing of them.
    for table in ("passage_dues", "passages"):
        op.execute(sa.text(f"DELETE FROM {table} WHERE kind IN ('objection', 'recording', 'script')"))  # noqa: S608 - written here
