"""Requests of devices for storage commitment, and how they were answered."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "storage_commitments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("references_gz", sa.LargeBinary(), nullable=False),
        sa.Column("references_sha256", sa.String(length=64), nullable=False),
        sa.Column("reference_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("first_requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_storage_commitments_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_storage_commitments_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_commitments")),
        sa.UniqueConstraint(
            "device_id",
            "transaction_uid",
            "references_sha256",
            name=op.f("uq_storage_commitments_device_id_transaction_uid_references_sha256"),
        ),
    )
    op.create_index("ix_storage_commitments_next_try", "storage_commitments", ["next_try_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("storage_commitments")
