"""Objects whose bytes a scrub found gone or damaged."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("objects", sa.Column("damaged_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("objects", "damaged_at")
