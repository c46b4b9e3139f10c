"""Records of one person that were merged, and what their studies said before."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    with op.batch_alter_table("patients") as patients:
        patients.add_column(sa.Column("merged_into_id", sa.String(length=32), nullable=True))
        patients.create_foreign_key(
            "fk_patients_merged_into_id_patients", "patients", ["merged_into_id"], ["id"]
        )
    op.create_index("ix_patients_merged_into_id", "patients", ["merged_into_id"])
    op.create_table(
        "patient_merges",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("patient_pk", sa.String(length=32), nullable=False),
        sa.Column("into_pk", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("merged_by", sa.String(length=64), nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undo_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["patient_pk"], ["patients.id"]),
        sa.ForeignKeyConstraint(["into_pk"], ["patients.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_patient_merges_patient_pk", "patient_merges", ["patient_pk"])
    op.create_index("ix_patient_merges_into_pk", "patient_merges", ["into_pk"])
    op.create_table(
        "arrived_patients",
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("patient_pk", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("patient_name", sa.String(length=200), nullable=True),
        sa.Column("patient_birth_date", sa.Date(), nullable=True),
        sa.Column("patient_sex", sa.String(length=1), nullable=True),
        sa.ForeignKeyConstraint(["study_pk"], ["studies.id"]),
        sa.ForeignKeyConstraint(["patient_pk"], ["patients.id"]),
        sa.PrimaryKeyConstraint("study_pk"),
    )
    op.create_index("ix_arrived_patients_patient_pk", "arrived_patients", ["patient_pk"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("arrived_patients")
    op.drop_table("patient_merges")
    op.drop_index("ix_patients_merged_into_id", "patients")
    with op.batch_alter_table("patients") as patients:
        patients.drop_constraint("fk_patients_merged_into_id_patients", type_="foreignkey")
        patients.drop_column("merged_into_id")
