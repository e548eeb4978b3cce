"""What was written and said is found by what it means, where a language model is set up"""

import sqlalchemy as sa
from alembic import op

from storage.isolation import expose, isolate

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("passage_signs", "passage_vectors")


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for table in TABLES:
        signs = table == "passage_signs"
        columns = [sa.Column("model", sa.String(length=100), nullable=False)] if signs else []
        op.create_table(
            table,
            sa.Column("team_id", sa.String(length=32), nullable=False),
            sa.Column("passage_id", key, autoincrement=False, nullable=False),
            *columns,
            sa.Column("signs" if signs else "vector", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(
                ["passage_id"], ["passages.id"], name=op.f(f"fk_{table}_passage_id"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f(f"fk_{table}_team_id"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("passage_id", name=op.f(f"pk_{table}")),
        )
    op.create_index("ix_passage_signs_model", "passage_signs", ["team_id", "model"], unique=False)
    op.create_index(op.f("ix_passage_vectors_team_id"), "passage_vectors", ["team_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        # They do not get smaller; packing them only takes time.
        op.execute("ALTER TABLE passage_vectors ALTER COLUMN vector SET STORAGE EXTERNAL")
        for table in TABLES:
            for statement in isolate(table):
                op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        if op.get_bind().dialect.name == "postgresql":
            expose(op.get_bind(), table)
        op.drop_table(table)
