"""Call scripts with their versions, objections and how it went with them; letters are found by their reader"""

import sqlalchemy as sa
from alembic import op

from storage.isolation import expose, isolate
from storage.tables.base import Json, Key

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("scripts", "script_versions", "objections", "objection_uses")


def upgrade() -> None:
    op.create_table(
        "scripts",
        sa.Column("id", Key, nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("created_by", Key, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_scripts_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_scripts_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scripts")),
    )
    op.create_table(
        "script_versions",
        sa.Column("id", Key, nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("script_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scene", sa.String(length=32), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("persona", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("stages", Json, nullable=False),
        sa.Column("drafted", sa.Boolean(), nullable=False),
        sa.Column("created_by", Key, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_script_versions_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_script_versions_script_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_script_versions_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_versions")),
        sa.UniqueConstraint("script_id", "number", name=op.f("uq_script_versions_script_id")),
    )
    op.create_table(
        "objections",
        sa.Column("id", Key, nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("created_by", Key, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_objections_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_objections_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_table(
        "objection_uses",
        sa.Column("id", Key, nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("objection_id", Key, nullable=False),
        sa.Column("lead_id", Key, nullable=True),
        sa.Column("member_id", Key, nullable=False),
        sa.Column("handled", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_objection_uses_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["objections.id"], name=op.f("fk_objection_uses_objection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_objection_uses_lead_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_objection_uses_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection_uses")),
        sa.UniqueConstraint("team_id", "request_key", name=op.f("uq_objection_uses_team_id")),
    )
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_team_id"), table, ["team_id"])
    op.create_index("ix_objection_uses_used", "objection_uses", ["team_id", "used_at"])
    op.create_index("ix_objection_uses_lead", "objection_uses", ["lead_id"])
    op.create_index("ix_mails_contact", "mails", ["contact_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("calls", sa.Column("script_version_id", Key, nullable=True))
        op.create_foreign_key(
            op.f("fk_calls_script_version_id"), "calls", "script_versions", ["script_version_id"], ["id"]
        )
        for table in TABLES:
            for statement in isolate(table):
                op.execute(statement)
    else:
        # In one line, because a table of all calls is not written anew for a column that is empty.
        op.execute(
            "ALTER TABLE calls ADD COLUMN script_version_id INTEGER"
            " CONSTRAINT fk_calls_script_version_id REFERENCES script_versions (id)"
        )


def downgrade() -> None:
    # Its foreign key goes with it, on either database.
    op.execute("ALTER TABLE calls DROP COLUMN script_version_id")
    op.drop_index("ix_mails_contact", table_name="mails")
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            expose(op.get_bind(), table)
    for table in reversed(TABLES):
        op.drop_table(table)
