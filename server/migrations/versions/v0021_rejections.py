"""Rejection notes, and what they take out of use."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("instances", sa.Column("rejected_as", sa.String(length=16), nullable=True))
    op.create_index(
        "ix_instances_rejected",
        "instances",
        ["series_pk"],
        postgresql_where=sa.text("rejected_as IS NOT NULL"),
        sqlite_where=sa.text("rejected_as IS NOT NULL"),
    )
    op.create_table(
        "rejections",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("instance_pk", sa.String(length=32), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("rejected_by", sa.String(length=64), nullable=False),
        sa.Column("rejected_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_pk"], ["instances.id"], name=op.f("fk_rejections_instance_pk_instances")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_rejections_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
        sa.UniqueConstraint("instance_pk", name=op.f("uq_rejections_instance_pk")),
    )
    op.create_table(
        "rejected_objects",
        sa.Column("rejection_id", sa.String(length=32), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rejection_id"],
            ["rejections.id"],
            name=op.f("fk_rejected_objects_rejection_id_rejections"),
        ),
        sa.PrimaryKeyConstraint(
            "rejection_id", "sop_instance_uid", name=op.f("pk_rejected_objects")
        ),
    )
    op.create_index("ix_rejected_objects_sop", "rejected_objects", ["org", "sop_instance_uid"])
    op.create_index("ix_rejected_objects_study", "rejected_objects", ["org", "study_instance_uid"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("rejected_objects")
    op.drop_table("rejections")
    op.drop_index("ix_instances_rejected", "instances")
    op.drop_column("instances", "rejected_as")
