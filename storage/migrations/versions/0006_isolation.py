"""PostgreSQL shows each team its own rows only

SQLite has no such thing: there the session's filter stands alone.
"""

import sqlalchemy as sa
from alembic import op

from storage.isolation import Across, expose, isolate

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = {
    "absences": Across.NOTHING,
    "accounts": Across.NOTHING,
    "audit_log": Across.READ,
    "audit_permits": Across.NOTHING,
    "calendar_connections": Across.NOTHING,
    "call_days": Across.NOTHING,
    "call_hours": Across.NOTHING,
    "calls": Across.NOTHING,
    "contacts": Across.NOTHING,
    "deliveries": Across.NOTHING,
    "form_sources": Across.READ,
    "form_submissions": Across.READ,
    "handoff_returns": Across.NOTHING,
    "handoffs": Across.READ,
    "installations": Across.READ,
    "job_plans": Across.WRITE,
    "job_runs": Across.WRITE,
    "kpi_targets": Across.NOTHING,
    "leads": Across.READ,
    "mails": Across.NOTHING,
    "meeting_offers": Across.READ,
    "meeting_slots": Across.NOTHING,
    "meetings": Across.READ,
    "members": Across.READ,
    "qualifications": Across.NOTHING,
    "slack_paces": Across.NOTHING,
    "stage_changes": Across.NOTHING,
    "suppressions": Across.NOTHING,
    "team_days": Across.NOTHING,
    "team_rules": Across.READ,
    "teams": Across.READ,
    "verdict_policies": Across.NOTHING,
}

# Under row-level security PostgreSQL asks an index first only for what cannot tell of other rows, and it does not know
# that of the comparison of grams: it would read all of a team's companies. This function runs as the owner, whom the
# policies do not bind, and names the team itself. What is asked for comes in as data and is quoted before it becomes
# part of a statement; a plan made for just these values is what makes the search quick.
FIND = """
CREATE FUNCTION kakehashi_find_accounts(asked jsonb, most integer)
RETURNS TABLE (
    id bigint, name text, reading text, industry text, address text, corporate_number text,
    name_key text, search_text text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $find$
DECLARE
    branch jsonb;
    needles jsonb;
    part text;
    offers text[] := '{{}}';
    conditions text := '';
    sorting text := '';
BEGIN
    FOR branch IN SELECT value FROM jsonb_array_elements(asked -> 'branches') LOOP
        part := 'true';
        IF jsonb_array_length(branch -> 'every') > 0 THEN
            part := part || format(' AND a.grams @> %L::integer[]',
                ARRAY(SELECT gram::integer FROM jsonb_array_elements_text(branch -> 'every') AS gram));
        END IF;
        IF jsonb_array_length(branch -> 'some') > 0 THEN
            part := part || format(' AND a.grams && %L::integer[]',
                ARRAY(SELECT gram::integer FROM jsonb_array_elements_text(branch -> 'some') AS gram));
        END IF;
        offers := offers || ('(' || part || ')');
    END LOOP;
    IF jsonb_array_length(asked -> 'classes') > 0 THEN
        conditions := conditions || format(' AND a.grams && %L::integer[]',
            ARRAY(SELECT number::integer FROM jsonb_array_elements_text(asked -> 'classes') AS number));
    END IF;
    FOR needles IN SELECT value FROM jsonb_array_elements(asked -> 'needles') LOOP
        SELECT string_agg(format('strpos(a.search_text, %L) > 0', needle), ' OR ') INTO part
        FROM jsonb_array_elements_text(needles) AS needle;
        conditions := conditions || ' AND (' || coalesce(part, 'true') || ')';
    END LOOP;
    FOR part IN SELECT value FROM jsonb_array_elements_text(asked -> 'without') LOOP
        conditions := conditions || format(' AND strpos(a.search_text, %L) = 0', part);
    END LOOP;
    IF asked ->> 'but' IS NOT NULL THEN
        conditions := conditions || format(' AND a.name_key <> %L', asked ->> 'but');
    END IF;
    IF asked ->> 'longest' IS NOT NULL THEN
        sorting := format(' ORDER BY least(length(a.name_key), %s), a.id', (asked ->> 'longest')::integer);
    END IF;
    RETURN QUERY EXECUTE
        'SELECT a.id, a.name, a.reading, a.industry, a.address, a.corporate_number::text, a.name_key, a.search_text'
        ' FROM accounts AS a WHERE a.team_id = $1 AND (' || array_to_string(offers, ' OR ') || ')'
        || conditions || sorting || ' LIMIT $2'
        USING current_setting('kakehashi.team', true), most;
END
$find$
"""

# Only its owner may see to a table's index and statistics.
SETTLE = """
CREATE FUNCTION kakehashi_settle_accounts() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $settle$
BEGIN
    PERFORM gin_clean_pending_list(CAST('ix_accounts_grams' AS regclass));
END
$settle$
"""

COUNT = """
CREATE FUNCTION kakehashi_count_accounts() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $count$
BEGIN
    ANALYZE accounts;
END
$count$
"""

FUNCTIONS = (
    (FIND, "kakehashi_find_accounts(jsonb, integer)"),
    (SETTLE, "kakehashi_settle_accounts()"),
    (COUNT, "kakehashi_count_accounts()"),
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for table, across in TABLES.items():
        for statement in isolate(table, "id" if table == "teams" else "team_id", across):
            op.execute(statement)
    schema = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
    for made, signature in FUNCTIONS:
        # As the driver takes it: colons and percent signs in it are no parameters.
        connection.exec_driver_sql(made.format(schema=schema).replace("%", "%%"))
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for _, signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for table in TABLES:
        expose(connection, table)
