"""Routes to other archives, and the queue of what they do not have yet."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "forward_routes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("destination_id", sa.String(length=32), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["destination_id"], ["devices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "forward_jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("destination_id", sa.String(length=32), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["destination_id"], ["devices.id"]),
        sa.ForeignKeyConstraint(["study_pk"], ["studies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("destination_id", "study_pk"),
    )
    op.create_index("ix_forward_jobs_due", "forward_jobs", ["due_at", "rank", "queued_at"])
    op.create_index("ix_forward_jobs_org_changed", "forward_jobs", ["org", "changed_at", "id"])
    op.create_index("ix_forward_jobs_study", "forward_jobs", ["study_pk"])
    op.create_table(
        "forward_objects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("instance_pk", sa.String(length=32), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["forward_jobs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["instance_pk"], ["instances.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "instance_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_forward_objects_instance_pk", "forward_objects", ["instance_pk"])
    op.create_index("ix_forward_objects_job_due", "forward_objects", ["job_id", "state", "due_at"])
    op.create_table(
        "forward_outages",
        sa.Column("destination_id", sa.String(length=32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["destination_id"], ["devices.id"]),
        sa.PrimaryKeyConstraint("destination_id"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("forward_outages", "forward_objects", "forward_jobs", "forward_routes"):
        op.drop_table(table)
