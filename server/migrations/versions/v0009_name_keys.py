"""Names found as they are typed, and false labels of text remembered."""

import sqlalchemy as sa
from alembic import op

from dicom.name_keys import keys_of

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_AT_ONCE = 2000


def upgrade() -> None:
    """Go to this schema, and give the names that are there their keys."""
    key = sa.String(length=64)
    name_keys = op.create_table(
        "name_keys",
        sa.Column(
            "key",
            key.with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", "name", name=op.f("pk_name_keys")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    names = list(connection.scalars(sa.text("SELECT DISTINCT patient_name FROM studies")))
    for at in range(0, len(names), _AT_ONCE):
        rows = [
            {"key": each, "name": name}
            for name in names[at : at + _AT_ONCE]
            if name
            for each in keys_of(name)
        ]
        if rows:
            connection.execute(sa.insert(name_keys), rows)
    op.create_index("ix_name_keys_name", "name_keys", ["name", "key"])
    op.drop_index("ix_studies_org_patient_name", "studies")
    op.create_index(
        "ix_studies_org_patient_name", "studies", ["org", "patient_name", "received_at", "id"]
    )
    op.add_column("series", sa.Column("charset_repair", sa.String(length=100), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("series", "charset_repair")
    op.drop_index("ix_studies_org_patient_name", "studies")
    op.create_index("ix_studies_org_patient_name", "studies", ["org", "patient_name"])
    op.drop_table("name_keys")
