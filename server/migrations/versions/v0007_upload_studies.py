"""Which study an upload became."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.add_column(
        "upload_sessions", sa.Column("study_instance_uid", sa.String(length=64), nullable=True)
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("upload_sessions", "study_instance_uid")
