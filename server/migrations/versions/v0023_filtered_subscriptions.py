"""Which workitems an AE hears of by match keys, and subscriptions that take in no more."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("workitem_subscriptions", sa.Column("filter", sa.Text(), nullable=True))
    op.add_column("workitem_subscriptions", sa.Column("suspended_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("workitem_subscriptions", "suspended_at")
    op.drop_column("workitem_subscriptions", "filter")
