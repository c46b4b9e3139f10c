"""What UPS knows of requests: names, locks, progress, and who subscribes."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "workitems",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=True),
        sa.Column("locked_at", UtcDateTime(), nullable=True),
        sa.Column("progress_percent", sa.Integer(), nullable=True),
        sa.Column("progress_description", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["diagnosis_requests.id"],
            name=op.f("fk_workitems_request_id_diagnosis_requests"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_workitems")),
        sa.UniqueConstraint("org", "uid", name=op.f("uq_workitems_org_uid")),
    )
    op.create_table(
        "workitem_subscriptions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_workitem_subscriptions_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workitem_subscriptions")),
        sa.UniqueConstraint(
            "institution_id",
            "ae_title",
            "uid",
            name=op.f("uq_workitem_subscriptions_institution_id_ae_title_uid"),
        ),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("workitem_subscriptions")
    op.drop_table("workitems")
