"""A gateway's objects on their way to the county, and the digest an upload is confirmed by."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("upload_sessions", sa.Column("sha256", sa.String(length=64), nullable=True))
    op.create_table(
        "outbound",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=True),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("patient_name", sa.String(length=256), nullable=True),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=32), nullable=True),
        sa.Column("compressed_object_id", sa.String(length=32), nullable=True),
        sa.Column("compression", sa.String(length=32), nullable=True),
        sa.Column("upload_path", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=64), nullable=True),
        sa.Column("answer_detail", sa.String(length=500), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_outbound_object_id_objects")
        ),
        sa.ForeignKeyConstraint(
            ["compressed_object_id"],
            ["objects.id"],
            name=op.f("fk_outbound_compressed_object_id_objects"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbound")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_outbound_sop_instance_uid")),
    )
    for last in ("number", "size"):
        op.create_index(f"ix_outbound_state_rank_{last}", "outbound", ["state", "rank", last])
    op.create_table(
        "gateway_line",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contacted_at", UtcDateTime(), nullable=True),
        sa.Column("fault", sa.String(length=32), nullable=True),
        sa.Column("fault_detail", sa.String(length=500), nullable=True),
        sa.Column("fault_since", UtcDateTime(), nullable=True),
        sa.Column("bytes_per_s", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_line")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("gateway_line")
    op.drop_table("outbound")
    op.drop_column("upload_sessions", "sha256")
