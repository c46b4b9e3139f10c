"""When a device called last."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    when = sa.String(length=32).with_variant(sa.DateTime(timezone=True), "postgresql")
    op.add_column("devices", sa.Column("last_called_at", when, nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("devices", "last_called_at")
