"""What was typed into forms, and the notes made of conversations, are found by their words too"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# As in 0012_more_passages.py, whose function PostgreSQL's triggers call.
ON_SQLITE = """
CREATE TRIGGER {name} AFTER {when} ON {table}
WHEN {condition} AND EXISTS (SELECT 1 FROM teams WHERE id = {row}.team_id)
BEGIN INSERT INTO passage_dues (team_id, kind, source_id) VALUES ({row}.team_id, '{kind}', {row}.id); END
"""
ON_POSTGRESQL = """
CREATE TRIGGER {name} AFTER {when} ON {table}
FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION passages_of_source_are_due('{kind}', 'id')
"""
TRIGGERS = (
    ("form_submissions_passages_added", "form_submissions", "inquiry", "INSERT", "NEW", "NEW.id IS NOT NULL"),
    (
        "form_submissions_passages_changed",
        "form_submissions",
        "inquiry",
        "UPDATE OF fields, lead_id",
        "NEW",
        "(NEW.fields {differs} OLD.fields OR NEW.lead_id {differs} OLD.lead_id)",
    ),
    ("form_submissions_passages_deleted", "form_submissions", "inquiry", "DELETE", "OLD", "OLD.id IS NOT NULL"),
    # Beside the trigger that follows a recording's progress: its note changes without it, when a person is erased.
    (
        "recordings_passages_noted",
        "recordings",
        "recording",
        "UPDATE OF note",
        "NEW",
        "(NEW.note {differs} OLD.note AND NOT (NEW.progress {differs} OLD.progress))",
    ),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    op.execute(
        "INSERT INTO passage_dues (team_id, kind, source_id) SELECT team_id, 'inquiry', id FROM form_submissions"
        " ORDER BY id"
    )
    op.execute(
        "INSERT INTO passage_dues (team_id, kind, source_id) SELECT team_id, 'recording', id FROM recordings"
        " WHERE note IS NOT NULL ORDER BY id"
    )
    for name, table, kind, when, row, condition in TRIGGERS:
        text = ON_SQLITE if sqlite else ON_POSTGRESQL
        op.execute(
            text.format(
                name=name, table=table, kind=kind, when=when, row=row, condition=condition.format(differs=differs)
            )
        )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if on_postgresql else ""))
    # An earlier version knows nothing of them.
    op.execute("DELETE FROM passage_dues WHERE kind = 'inquiry'")
    op.execute("DELETE FROM passages WHERE kind = 'inquiry' OR (kind = 'recording' AND section = 'note')")
