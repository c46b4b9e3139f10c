"""What changed since a patient's ECG before, beside the screening."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("ecg_records", sa.Column("changes", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("ecg_records", "changes")
