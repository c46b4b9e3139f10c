"""Performed procedure steps, with the studies and series they make."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "performed_steps",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attributes_json_gz", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_performed_steps_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performed_steps")),
        sa.UniqueConstraint(
            "org", "sop_instance_uid", name=op.f("uq_performed_steps_org_sop_instance_uid")
        ),
    )
    op.create_table(
        "performed_studies",
        sa.Column("step_id", sa.String(length=32), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("exam_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["performed_steps.id"],
            name=op.f("fk_performed_studies_step_id_performed_steps"),
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"],
            ["scheduled_exams.id"],
            name=op.f("fk_performed_studies_exam_id_scheduled_exams"),
        ),
        sa.PrimaryKeyConstraint("step_id", "study_instance_uid", name=op.f("pk_performed_studies")),
    )
    op.create_index(op.f("ix_performed_studies_exam_id"), "performed_studies", ["exam_id"])
    op.create_index("ix_performed_studies_uid", "performed_studies", ["study_instance_uid"])
    op.create_table(
        "performed_series",
        sa.Column("step_id", sa.String(length=32), nullable=False),
        sa.Column("series_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["performed_steps.id"],
            name=op.f("fk_performed_series_step_id_performed_steps"),
        ),
        sa.PrimaryKeyConstraint("step_id", "series_instance_uid", name=op.f("pk_performed_series")),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("performed_series", "performed_studies", "performed_steps"):
        op.drop_table(table)
