"""Where devices listen, to which what they retrieve may be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("devices", sa.Column("host", sa.String(length=255), nullable=True))
    op.add_column("devices", sa.Column("port", sa.Integer(), nullable=True))
    op.add_column(
        "devices", sa.Column("tls", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Go back."""
    for column in ("tls", "port", "host"):
        op.drop_column("devices", column)
