"""Make the first tables of the `aiops` database."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    _make_accepted_bodies()
    _make_changes()
    _make_symptoms()
    _make_symptom_facts()
    _make_environments()
    _make_incidents()
    _make_incident_members()
    _make_incident_revisions()
    _make_outbox()
    _make_sink_references()
    _make_outcomes()
    _make_memory()
    _make_audit()


def _make_accepted_bodies() -> None:
    op.create_table(
        "accepted_bodies",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_bodies")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_accepted_bodies_idempotency_key")),
    )
    op.create_index(
        "ix_accepted_bodies_waiting",
        "accepted_bodies",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('accepted')"),
        postgresql_where=sa.text("state IN ('accepted')"),
    )


def _make_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(
        op.f("ix_changes_env_started_at"), "changes", ["env", "started_at"], unique=False
    )


def _make_symptoms() -> None:
    op.create_table(
        "symptoms",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("onset", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact_rank", sa.Integer(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_symptoms")),
    )
    op.create_index(op.f("ix_symptoms_env_state"), "symptoms", ["env", "state"], unique=False)


def _make_symptom_facts() -> None:
    op.create_table(
        "symptom_facts",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("symptom_id", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.Column("uncorrelated", sa.Boolean(), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_symptom_facts")),
        sa.UniqueConstraint(
            "symptom_id", "at", "kind", name=op.f("uq_symptom_facts_symptom_id_at_kind")
        ),
    )
    op.create_index(
        "ix_symptom_facts_uncorrelated",
        "symptom_facts",
        ["env", "at"],
        unique=False,
        sqlite_where=sa.text("uncorrelated = 1"),
        postgresql_where=sa.text("uncorrelated"),
    )


def _make_environments() -> None:
    op.create_table(
        "environments",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("symptoms", sa.Text(), nullable=False),
        sa.Column("incident_ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("env", name=op.f("pk_environments")),
    )


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_started_at"), "incidents", ["started_at"], unique=False)


def _make_incident_members() -> None:
    op.create_table(
        "incident_members",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("symptom_id", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_members_incident_id")
        ),
        sa.PrimaryKeyConstraint("incident_id", "symptom_id", name=op.f("pk_incident_members")),
    )
    op.create_index(
        "uq_incident_members_open_symptom",
        "incident_members",
        ["symptom_id"],
        unique=True,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )


def _make_incident_revisions() -> None:
    op.create_table(
        "incident_revisions",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_revisions_incident_id")
        ),
        sa.PrimaryKeyConstraint(
            "incident_id", "episode", "revision", name=op.f("pk_incident_revisions")
        ),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sink", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("shown_revision", sa.Integer(), nullable=True),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("dead_reason", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "incident_id",
            "episode",
            "sink",
            "action",
            "revision",
            name=op.f("uq_outbox_incident_id_episode_sink_action_revision"),
        ),
    )
    op.create_index(
        op.f("ix_outbox_incident_id_sink_id"), "outbox", ["incident_id", "sink", "id"], unique=False
    )
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending')"),
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )


def _make_sink_references() -> None:
    op.create_table(
        "sink_references",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("sink", sa.String(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "episode", "sink", name=op.f("pk_sink_references")),
    )


def _make_outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_by", sa.String(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint(
            "incident_id", "at", "judged_by", name=op.f("uq_outcomes_incident_id_at_judged_by")
        ),
    )


def _make_memory() -> None:
    op.create_table(
        "memory",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_memory")),
    )
    op.create_index(op.f("ix_memory_ended_at"), "memory", ["ended_at"], unique=False)


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject_at"), "audit", ["subject", "at"], unique=False)
