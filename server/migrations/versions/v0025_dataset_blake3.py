"""BLAKE3 of each data set instead of SHA-256, which took as long again as the file's own digest.

What older versions stored is known by its file's digest from then on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TABLES = ("instances", "outbound")


def upgrade() -> None:
    """Go to this schema."""
    for table in _TABLES:
        op.add_column(table, sa.Column("dataset_blake3", sa.String(length=64)))
        op.drop_column(table, "dataset_sha256")


def downgrade() -> None:
    """Go back; what was stored is then known by no data set at all."""
    for table in _TABLES:
        op.add_column(
            table,
            sa.Column("dataset_sha256", sa.String(length=64), nullable=False, server_default=""),
        )
        op.drop_column(table, "dataset_blake3")
