"""What was written and said is found by its words"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.isolation import Across, expose, isolate

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SOURCES = (
    # Table, kind, column, and what says that there is something in it.
    ("calls", "call", "note", "{row}.note <> ''"),
    ("leads", "lead", "note", "{row}.note <> ''"),
    ("handoff_returns", "return", "comment", "{row}.comment <> ''"),
    ("qualifications", "qualification", "answers", "{row}.id IS NOT NULL"),
    ("handoffs", "handoff", "package", "{row}.id IS NOT NULL"),
)
TABLES = {"passages": Across.NOTHING, "passage_dues": Across.READ}

# A row's passages are made anew by the clock; the trigger only says which row, in the transaction that changes it. Of a
# team that is just being deleted nothing is made any more. On SQLite a table that is made anew (batch mode) loses its
# triggers: whoever does that to one of these makes them again.
ON_SQLITE = """
CREATE TRIGGER {table}_passages_{event} AFTER {when} ON {table}
WHEN {condition} AND EXISTS (SELECT 1 FROM teams WHERE id = {row}.team_id)
BEGIN INSERT INTO passage_dues (team_id, kind, source_id) VALUES ({row}.team_id, '{kind}', {row}.id); END
"""
FUNCTION = """
CREATE FUNCTION passages_are_due() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO passage_dues (team_id, kind, source_id)
    SELECT source.team_id, TG_ARGV[0], source.id WHERE EXISTS (SELECT 1 FROM teams WHERE id = source.team_id);
    RETURN NULL;
END $$
"""
ON_POSTGRESQL = """
CREATE TRIGGER {table}_passages_{event} AFTER {when} ON {table}
FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION passages_are_due('{kind}')
"""

# As in 0006_isolation.py: under row-level security only a function of the owner's can use the index. What is asked for
# comes in as data and is quoted before it becomes part of a statement. The newest come first; `+ 0` keeps the planner
# from reading all of the table backwards instead of using the index.
FIND = """
CREATE FUNCTION kakehashi_find_passages(asked jsonb, most integer)
RETURNS TABLE (id bigint, search_text text, said_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $find$
DECLARE
    branch jsonb;
    offers text[] := '{{}}';
BEGIN
    FOR branch IN SELECT value FROM jsonb_array_elements(asked) LOOP
        offers := offers || format('p.grams @> %L::integer[]',
            ARRAY(SELECT gram::integer FROM jsonb_array_elements_text(branch) AS gram));
    END LOOP;
    RETURN QUERY EXECUTE
        'SELECT p.id, p.search_text, p.said_at FROM passages AS p WHERE p.team_id = $1 AND ('
        || array_to_string(offers, ' OR ') || ') ORDER BY p.id + 0 DESC LIMIT $2'
        USING current_setting('kakehashi.team', true), most;
END
$find$
"""
SIGNATURE = "kakehashi_find_passages(jsonb, integer)"


def triggers() -> list[str]:
    """The triggers of the sources' tables."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    made = []
    for table, kind, column, filled in SOURCES:
        changes = (
            ("added", "INSERT", "NEW", filled.format(row="NEW")),
            ("changed", f"UPDATE OF {column}", "NEW", f"NEW.{column} {differs} OLD.{column}"),
            ("deleted", "DELETE", "OLD", filled.format(row="OLD")),
        )
        for event, when, row, condition in changes:
            text = ON_SQLITE if sqlite else ON_POSTGRESQL
            made.append(text.format(table=table, event=event, when=when, row=row, condition=condition, kind=kind))
    return made


def upgrade() -> None:
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "passages",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("section", sa.String(length=32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("lead_id", key, nullable=True),
        sa.Column("member_id", key, nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()).with_variant(sa.JSON(), "sqlite"), nullable=True),
        sa.Column("shuffle", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_passages_lead_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_passages_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_passages_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sa.UniqueConstraint("team_id", "kind", "source_id", "section", "part", name=op.f("uq_passages_team_id")),
    )
    op.create_index("ix_passages_sample", "passages", ["team_id", "shuffle"], unique=False)
    op.create_index("ix_passages_lead", "passages", ["lead_id"], unique=False)
    op.create_table(
        "passage_dues",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_passage_dues_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage_dues")),
    )
    op.create_index("ix_passage_dues_source", "passage_dues", ["team_id", "kind", "source_id"], unique=False)
    # What is there already is made findable by the clock.
    for table, kind, _, filled in SOURCES:
        op.execute(
            f"INSERT INTO passage_dues (team_id, kind, source_id)"  # noqa: S608 - written here
            f" SELECT team_id, '{kind}', id FROM {table} WHERE {filled.format(row=table)} ORDER BY id"
        )
    if on_postgresql:
        op.create_index(
            "ix_passages_grams", "passages", ["grams"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        )
        op.execute(FUNCTION)
        schema = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
        connection.exec_driver_sql(FIND.format(schema=schema).replace("%", "%%"))
        op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
        for table, across in TABLES.items():
            for statement in isolate(table, across=across):
                op.execute(statement)
    else:
        # Only the index, no copy of the text: a hit is looked up in passages by its row id.
        op.execute(
            "CREATE VIRTUAL TABLE passage_search USING fts5("
            "grams, content='', columnsize=0, detail=none, tokenize=\"ascii tokenchars '_'\")"
        )
    for trigger in triggers():
        op.execute(trigger)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, *_ in SOURCES:
        for event in ("added", "changed", "deleted"):
            op.execute(f"DROP TRIGGER {table}_passages_{event}" + (f" ON {table}" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION passages_are_due()")
        op.execute(f"DROP FUNCTION {SIGNATURE}")
        for table in TABLES:
            expose(op.get_bind(), table)
    else:
        op.execute("DROP TABLE passage_search")
    op.drop_table("passage_dues")
    op.drop_table("passages")
