"""What was heard in the first pieces of a long recording is kept until the last one is done"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch, which on SQLite would make the table anew and lose its triggers.
    heard = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("recordings", sa.Column("heard", heard, nullable=True))


def downgrade() -> None:
    op.drop_column("recordings", "heard")
