"""Scheduled examinations, and which devices may ask for them, in which character set."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "scheduled_exams",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("accession_number", sa.String(length=16), nullable=False),
        sa.Column("requested_procedure_id", sa.String(length=16), nullable=False),
        sa.Column("step_id", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("patient_name", sa.String(length=200), nullable=False),
        sa.Column("patient_birth_date", sa.Date(), nullable=True),
        sa.Column("patient_sex", sa.String(length=1), nullable=True),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("description", sa.String(length=64), nullable=False),
        sa.Column("station_ae", sa.String(length=16), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("referring_physician", sa.String(length=200), nullable=True),
        sa.Column("performing_physician", sa.String(length=200), nullable=True),
        sa.Column("complaint", sa.String(length=500), nullable=True),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_scheduled_exams_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["study_pk"], ["studies.id"], name=op.f("fk_scheduled_exams_study_pk_studies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_exams")),
        sa.UniqueConstraint(
            "org", "study_instance_uid", name=op.f("uq_scheduled_exams_org_study_instance_uid")
        ),
        sa.UniqueConstraint(
            "institution_id",
            "accession_number",
            name=op.f("uq_scheduled_exams_institution_id_accession_number"),
        ),
    )
    op.create_index(
        "ix_scheduled_exams_institution",
        "scheduled_exams",
        ["institution_id", "status", "start_date", "start_time", "id"],
    )
    op.create_index(op.f("ix_scheduled_exams_study_pk"), "scheduled_exams", ["study_pk"])
    op.add_column(
        "devices",
        sa.Column("may_see_worklist", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("devices", sa.Column("charset", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("devices", "charset")
    op.drop_column("devices", "may_see_worklist")
    op.drop_table("scheduled_exams")
