"""Rules, absences, jobs, roll-ups, forms, meetings, mails, targets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# Until now only the call said that somebody must not be called any more. From now on a list says so, by the number (or
# by the person, where none is known), and whoever has the number is marked.
STOP = """
INSERT INTO suppressions (team_id, channel, key, contact_id, member_id, reason, created_at)
SELECT said.team_id, 'phone', said.number, MIN(said.contact_id), MIN(said.member_id), '', MIN(said.called_at)
FROM (
    SELECT contacts.team_id, contacts.id AS contact_id, calls.member_id, calls.called_at,
        CASE WHEN contacts.phone <> '' THEN contacts.phone ELSE 'contact:' || contacts.id END AS number
    FROM calls JOIN leads ON leads.id = calls.lead_id JOIN contacts ON contacts.id = leads.contact_id
    WHERE calls.outcome = 'do_not_call'
) AS said
GROUP BY said.team_id, said.number
"""
MARK = """
UPDATE contacts SET do_not_call_at = (
    SELECT suppressions.created_at FROM suppressions
    WHERE suppressions.team_id = contacts.team_id AND suppressions.channel = 'phone' AND suppressions.key =
        CASE WHEN contacts.phone <> '' THEN contacts.phone ELSE 'contact:' || contacts.id END
)
"""


def upgrade() -> None:
    op.create_table(
        "call_hours",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("dials", sa.Integer(), nullable=False),
        sa.Column("connected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_call_hours_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "segment", "weekday", "hour", name=op.f("pk_call_hours")),
    )
    op.create_table(
        "job_runs",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_job_runs_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job_runs")),
    )
    op.create_index("ix_job_runs_due", "job_runs", ["name", "due_at"], unique=False)
    op.create_index(op.f("ix_job_runs_team_id"), "job_runs", ["team_id"], unique=False)

    op.create_table(
        "job_plans",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_job_plans_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job_plans")),
    )
    op.create_index(op.f("ix_job_plans_team_id"), "job_plans", ["team_id"], unique=False)
    op.create_table(
        "job_beats",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_beats")),
    )

    op.create_table(
        "team_days",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_days_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "day", name=op.f("pk_team_days")),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_absences_member_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_absences_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_member", "absences", ["member_id", "last_day"], unique=False)
    op.create_index(op.f("ix_absences_team_id"), "absences", ["team_id"], unique=False)

    op.create_table(
        "calendar_connections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_calendar_connections_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_calendar_connections_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_connections")),
        sa.UniqueConstraint("member_id", name=op.f("uq_calendar_connections_member_id")),
    )
    op.create_index(op.f("ix_calendar_connections_team_id"), "calendar_connections", ["team_id"], unique=False)

    op.create_table(
        "call_days",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("dials", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("connected", sa.Integer(), nullable=False),
        sa.Column("effective", sa.Integer(), nullable=False),
        sa.Column("meetings_set", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_call_days_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_call_days_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "day", "member_id", "source", name=op.f("pk_call_days")),
    )
    op.create_table(
        "form_sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column(
            "mapping", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_form_sources_created_by")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_form_sources_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_form_sources_name")),
    )
    op.create_index(op.f("ix_form_sources_team_id"), "form_sources", ["team_id"], unique=False)

    op.create_table(
        "kpi_targets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kpi", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("set_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_kpi_targets_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["set_by"], ["members.id"], name=op.f("fk_kpi_targets_set_by")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_kpi_targets_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kpi_targets")),
    )
    op.create_index("ix_kpi_targets_kpi", "kpi_targets", ["team_id", "kpi", "id"], unique=False)
    op.create_index(op.f("ix_kpi_targets_team_id"), "kpi_targets", ["team_id"], unique=False)

    op.create_table(
        "team_rules",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "values", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_rules_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["updated_by"], ["members.id"], name=op.f("fk_team_rules_updated_by")),
        sa.PrimaryKeyConstraint("team_id", "kind", name=op.f("pk_team_rules")),
    )
    op.create_table(
        "mails",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("invitation", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("report_to", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_mails_contact_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_mails_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mails")),
    )
    op.create_index(op.f("ix_mails_team_id"), "mails", ["team_id"], unique=False)
    op.create_index("ix_mails_sent", "mails", ["team_id", "sent_at"], unique=False)
    op.create_index("ix_mails_team_state", "mails", ["team_id", "state"], unique=False)

    op.create_table(
        "suppressions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_suppressions_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_suppressions_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_suppressions_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("team_id", "channel", "key", name=op.f("uq_suppressions_team_id")),
    )
    op.create_index(op.f("ix_suppressions_team_id"), "suppressions", ["team_id"], unique=False)

    op.create_table(
        "form_submissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission_id", sa.String(length=200), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "fields", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("urgency", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manager_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manager_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_seconds", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["claimed_by"], ["members.id"], name=op.f("fk_form_submissions_claimed_by")),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_form_submissions_lead_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["form_sources.id"], name=op.f("fk_form_submissions_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_form_submissions_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_submissions")),
        sa.UniqueConstraint("source_id", "submission_id", name=op.f("uq_form_submissions_source_id")),
    )
    op.create_index("ix_form_submissions_lead", "form_submissions", ["lead_id"], unique=False)
    op.create_index(
        "ix_form_submissions_waiting",
        "form_submissions",
        ["team_id", "manager_due_at"],
        unique=False,
        postgresql_where=sa.text("response_seconds IS NULL"),
        sqlite_where=sa.text("response_seconds IS NULL"),
    )
    op.create_index("ix_form_submissions_received", "form_submissions", ["team_id", "received_at"], unique=False)
    op.create_index(op.f("ix_form_submissions_team_id"), "form_submissions", ["team_id"], unique=False)

    op.create_table(
        "meeting_offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("booked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("qualification_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "candidates", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["booked_by"], ["members.id"], name=op.f("fk_meeting_offers_booked_by")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_meeting_offers_lead_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_meeting_offers_member_id")),
        sa.ForeignKeyConstraint(
            ["qualification_id"], ["qualifications.id"], name=op.f("fk_meeting_offers_qualification_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_meeting_offers_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_offers")),
        sa.UniqueConstraint("request_key", name=op.f("uq_meeting_offers_request_key")),
    )
    op.create_index("ix_meeting_offers_lead", "meeting_offers", ["lead_id"], unique=False)
    op.create_index(op.f("ix_meeting_offers_team_id"), "meeting_offers", ["team_id"], unique=False)

    op.create_table(
        "meetings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("qualification_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_zone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "guests", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("uid", sa.String(length=255), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("cancelled_by", sa.String(length=16), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["booked_by"], ["members.id"], name=op.f("fk_meetings_booked_by")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_meetings_lead_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_meetings_member_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["meeting_offers.id"], name=op.f("fk_meetings_offer_id")),
        sa.ForeignKeyConstraint(["qualification_id"], ["qualifications.id"], name=op.f("fk_meetings_qualification_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_meetings_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
        sa.UniqueConstraint("team_id", "request_key", name=op.f("uq_meetings_team_id")),
    )
    op.create_index("ix_meetings_created", "meetings", ["team_id", "created_at"], unique=False)
    op.create_index("ix_meetings_lead", "meetings", ["lead_id"], unique=False)
    op.create_index("ix_meetings_member", "meetings", ["team_id", "member_id", "starts_at"], unique=False)
    op.create_index("ix_meetings_starts", "meetings", ["team_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_meetings_team_id"), "meetings", ["team_id"], unique=False)

    op.create_table(
        "meeting_slots",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("meeting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_meeting_slots_meeting_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_meeting_slots_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_meeting_slots_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id", "cell", name=op.f("pk_meeting_slots")),
    )
    op.create_index(op.f("ix_meeting_slots_meeting_id"), "meeting_slots", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_meeting_slots_team_id"), "meeting_slots", ["team_id"], unique=False)

    with op.batch_alter_table("calls") as batch_op:
        batch_op.add_column(sa.Column("request_key", sa.String(length=255), nullable=True))
        batch_op.create_index("ix_calls_team_called", ["team_id", "called_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_calls_team_id"), ["team_id", "request_key"])

    with op.batch_alter_table("contacts") as batch_op:
        batch_op.add_column(sa.Column("do_not_call_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True))

    op.execute(STOP)
    op.execute(MARK)

    with op.batch_alter_table("leads") as batch_op:
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index("ix_leads_created", ["team_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_leads_step_due",
            ["next_step_at"],
            unique=False,
            postgresql_where=sa.text("next_step_at IS NOT NULL"),
            sqlite_where=sa.text("next_step_at IS NOT NULL"),
        )

    op.create_index("ix_handoffs_acknowledged", "handoffs", ["team_id", "acknowledged_at"], unique=False)
    op.create_index("ix_handoffs_created", "handoffs", ["team_id", "created_at"], unique=False)
    op.create_index("ix_qualifications_created", "qualifications", ["team_id", "created_at"], unique=False)

    with op.batch_alter_table("members") as batch_op:
        batch_op.add_column(sa.Column("email", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("members") as batch_op:
        batch_op.drop_column("email")

    op.drop_index("ix_qualifications_created", "qualifications")
    op.drop_index("ix_handoffs_created", "handoffs")
    op.drop_index("ix_handoffs_acknowledged", "handoffs")

    with op.batch_alter_table("leads") as batch_op:
        batch_op.drop_index("ix_leads_step_due")
        batch_op.drop_index("ix_leads_created")
        batch_op.drop_column("attempts")

    with op.batch_alter_table("contacts") as batch_op:
        batch_op.drop_column("opted_out_at")
        batch_op.drop_column("do_not_call_at")

    with op.batch_alter_table("calls") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_calls_team_id"), type_="unique")
        batch_op.drop_index("ix_calls_team_called")
        batch_op.drop_column("request_key")

    for name in (
        "meeting_slots",
        "meetings",
        "meeting_offers",
        "form_submissions",
        "suppressions",
        "mails",
        "team_rules",
        "kpi_targets",
        "form_sources",
        "call_days",
        "calendar_connections",
        "absences",
        "team_days",
        "job_beats",
        "job_plans",
        "job_runs",
        "call_hours",
    ):
        op.drop_table(name)
