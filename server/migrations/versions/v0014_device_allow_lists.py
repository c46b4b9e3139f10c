"""Certificates, users and budgets of devices."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column(
        "devices",
        sa.Column("certificates_sha256", sa.String(length=600), nullable=False, server_default=""),
    )
    op.add_column("devices", sa.Column("username", sa.String(length=64), nullable=True))
    op.add_column("devices", sa.Column("passcode_hash", sa.String(length=200), nullable=True))
    op.add_column("devices", sa.Column("associations_per_minute", sa.Integer(), nullable=True))
    op.add_column("devices", sa.Column("objects_per_minute", sa.Integer(), nullable=True))
    op.add_column("devices", sa.Column("bytes_per_hour", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Go back."""
    for column in (
        "bytes_per_hour",
        "objects_per_minute",
        "associations_per_minute",
        "passcode_hash",
        "username",
        "certificates_sha256",
    ):
        op.drop_column("devices", column)
