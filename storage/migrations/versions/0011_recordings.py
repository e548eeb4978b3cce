"""Recorded conversations, what was said in them and what they propose; telephone systems they come from"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.isolation import Across, isolate

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
TABLES = {
    "recording_sources": Across.READ,
    "recordings": Across.NOTHING,
    "utterances": Across.NOTHING,
    "proposals": Across.NOTHING,
}


def _team(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint, sa.PrimaryKeyConstraint]:
    return (
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f(f"fk_{table}_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.create_table(
        "recording_sources",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_team("recording_sources"),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_recording_sources_created_by")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_recording_sources_token_hash")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lead_id", KEY, nullable=True),
        sa.Column("proposed_lead_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("source_key", sa.String(length=200), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("audio", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.String(length=16), nullable=False),
        sa.Column("error", sa.String(length=32), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("thread_ts", sa.String(length=32), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=False),
        sa.Column("guessed", sa.Boolean(), nullable=False),
        sa.Column("swapped", sa.Boolean(), nullable=False),
        sa.Column("measures", JSON, nullable=True),
        sa.Column("note", JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_team("recordings"),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_recordings_lead_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_recordings_member_id")),
        sa.UniqueConstraint("team_id", "source_key", name=op.f("uq_recordings_team_id")),
    )
    op.create_table(
        "utterances",
        sa.Column("id", KEY, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("end_ms", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        *_team("utterances"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_utterances_recording_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("recording_id", "number", name=op.f("uq_utterances_recording_id")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", KEY, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        *_team("proposals"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_proposals_recording_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["members.id"], name=op.f("fk_proposals_decided_by")),
    )
    op.create_index("ix_recordings_lead", "recordings", ["lead_id", "id"])
    op.create_index("ix_proposals_recording", "proposals", ["recording_id", "id"])
    for table, across in TABLES.items():
        op.create_index(op.f(f"ix_{table}_team_id"), table, ["team_id"])
        if op.get_bind().dialect.name == "postgresql":
            for statement in isolate(table, across=across):
                op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
