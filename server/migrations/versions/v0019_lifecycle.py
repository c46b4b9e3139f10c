"""How long studies are kept and where; legal holds and deletions."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("retention_class", sa.String(length=16), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("cold_at", UtcDateTime(), nullable=True),
        sa.Column("recalled_at", UtcDateTime(), nullable=True),
    ]


def upgrade() -> None:
    """Go to this schema."""
    for column in _columns():
        op.add_column("studies", column)
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("whole_patient", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("placed_by", sa.String(length=64), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lift_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["study_pk"], ["studies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_legal_holds_study_pk", "legal_holds", ["study_pk"])
    op.create_table(
        "deletions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", sa.String(length=500), nullable=True),
        sa.Column("purge_after", UtcDateTime(), nullable=True),
        sa.Column("purged_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["study_pk"], ["studies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_deletions_study_pk", "deletions", ["study_pk"])
    op.create_index("ix_deletions_state_purge_after", "deletions", ["state", "purge_after"])
    op.create_table(
        "purged_objects",
        sa.Column("deletion_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("series_pk", sa.String(length=32), nullable=True),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["deletion_id"], ["deletions.id"]),
        sa.PrimaryKeyConstraint("deletion_id", "sha256"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("purged_objects", "deletions", "legal_holds"):
        op.drop_table(table)
    for column in reversed(_columns()):
        op.drop_column("studies", column.name)
