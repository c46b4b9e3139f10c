"""DICOM objects that were made of other files, and those files."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "conversions",
        sa.Column("object_id", sa.String(length=32), nullable=False),
        sa.Column("source_object_id", sa.String(length=32), nullable=False),
        sa.Column("source_format", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_conversions_object_id_objects")
        ),
        sa.ForeignKeyConstraint(
            ["source_object_id"],
            ["objects.id"],
            name=op.f("fk_conversions_source_object_id_objects"),
        ),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_conversions")),
        sa.UniqueConstraint("source_object_id", name=op.f("uq_conversions_source_object_id")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("conversions")
