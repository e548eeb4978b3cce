"""The audit log is sealed and cannot be changed; people can be erased"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEALED = sa.text("seal IS NOT NULL")
UNSEALED = sa.text("seal IS NULL")
KEPT = ("id", "team_id", "member_id", "action", "subject", "detail", "created_at")
"""What a row that is being sealed must be as it was."""
REFUSED = "The audit log is only added to."

# On SQLite a table that is made anew (batch mode) loses its triggers: whoever does that to the audit log makes them
# again.
ON_SQLITE = (
    f"""
    CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
    WHEN NOT EXISTS (SELECT 1 FROM audit_permits WHERE team_id = OLD.team_id)
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END
    """,  # noqa: S608 - written here
    f"""
    CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
    WHEN NOT (
        OLD.seal IS NULL AND NEW.seal IS NOT NULL AND {" AND ".join(f"NEW.{name} IS OLD.{name}" for name in KEPT)}
    ) AND NOT EXISTS (SELECT 1 FROM audit_permits WHERE team_id = OLD.team_id)
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END
    """,  # noqa: S608 - written here
)
ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION audit_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.seal IS NULL AND NEW.seal IS NOT NULL
                AND {" AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in KEPT)} THEN
                RETURN NEW;
            END IF;
        END IF;
        IF TG_OP <> 'TRUNCATE' THEN
            IF EXISTS (SELECT 1 FROM audit_permits WHERE team_id = OLD.team_id) THEN
                RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation';
    END $$
    """,  # noqa: S608 - written here
    """
    CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_guard()
    """,
    """
    CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_guard()
    """,
)


def upgrade() -> None:
    op.add_column("contacts", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "audit_permits",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_audit_permits")),
    )
    op.add_column("audit_log", sa.Column("seal", sa.BigInteger(), nullable=True))
    op.add_column("audit_log", sa.Column("salt", sa.String(length=32), nullable=True))
    op.add_column("audit_log", sa.Column("digest", sa.String(length=64), nullable=True))
    op.add_column("audit_log", sa.Column("hash", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_audit_log_unsealed",
        "audit_log",
        ["team_id", "id"],
        unique=False,
        postgresql_where=UNSEALED,
        sqlite_where=UNSEALED,
    )
    op.create_index(
        "uq_audit_log_seal",
        "audit_log",
        ["team_id", "seal"],
        unique=True,
        postgresql_where=SEALED,
        sqlite_where=SEALED,
    )
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_log_is_not_emptied ON audit_log")
        op.execute("DROP TRIGGER audit_log_is_not_changed ON audit_log")
        op.execute("DROP FUNCTION audit_log_guard()")
    else:
        op.execute("DROP TRIGGER audit_log_is_not_changed")
        op.execute("DROP TRIGGER audit_log_is_not_deleted")
    op.drop_index("uq_audit_log_seal", table_name="audit_log")
    op.drop_index("ix_audit_log_unsealed", table_name="audit_log")
    for name in ("hash", "digest", "salt", "seal"):
        op.drop_column("audit_log", name)
    op.drop_table("audit_permits")
    op.drop_column("contacts", "erased_at")
