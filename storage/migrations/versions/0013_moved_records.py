"""A record may move to another lead; the same file dropped twice is known"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ACCEPTED = """
UPDATE proposals SET lead_id = (SELECT lead_id FROM recordings WHERE recordings.id = proposals.recording_id)
WHERE state IN ('accepted', 'edited')
"""


def upgrade() -> None:
    """A column for the lead for whom a proposal was accepted, and one for a file's digest."""
    # Not in a batch, which on SQLite would make the table anew and lose its triggers.
    op.add_column("recordings", sa.Column("digest", sa.String(length=64), nullable=True))
    op.create_index("ix_recordings_digest", "recordings", ["team_id", "digest"])
    with op.batch_alter_table("proposals") as table:
        table.add_column(sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        table.create_foreign_key(op.f("fk_proposals_lead_id"), "leads", ["lead_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_proposals_lead", "proposals", ["lead_id"])
    op.execute(ACCEPTED)


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_proposals_lead", "proposals")
    with op.batch_alter_table("proposals") as table:
        table.drop_constraint(op.f("fk_proposals_lead_id"), type_="foreignkey")
        table.drop_column("lead_id")
    op.drop_index("ix_recordings_digest", "recordings")
    op.drop_column("recordings", "digest")
