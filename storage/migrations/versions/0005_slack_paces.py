"""What is left of Slack's limits, for each workspace and method"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slack_paces",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("remaining", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_slack_paces_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "method", name=op.f("pk_slack_paces")),
    )


def downgrade() -> None:
    op.drop_table("slack_paces")
