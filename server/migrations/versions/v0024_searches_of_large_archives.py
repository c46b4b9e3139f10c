"""Indexes for days and modalities, and how large an archive SQLite shall plan for."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Of a million studies (sqlite.org/fileformat2.html, 2.6.1): how many rows there are, then how many
# share the first column, the first two, and so on. Unmeasured, SQLite takes ten studies for a
# community's all, and goes through a million of them to find one by its number; measured while it
# is small, the archive outgrows the figures. Whoever rebuilds one of these tables writes them anew.
_FIGURES = {
    "studies": {
        "ix_studies_org_received": "1000000 1000000 2 1",
        "ix_studies_owner_received": "1000000 50000 2 1",
        "ix_studies_org_date": "1000000 1000000 1000 2 1",
        "ix_studies_org_patient_id": "1000000 1000000 3",
        "ix_studies_org_patient_name": "1000000 1000000 4 1 1",
        "ix_studies_org_accession": "1000000 1000000 1",
        "ix_studies_patient_pk": "1000000 3",
        "sqlite_autoindex_studies_1": "1000000 1",
        "sqlite_autoindex_studies_2": "1000000 1000000 1",
    },
    "series": {
        "ix_series_modality": "3000000 300000 1",
        "sqlite_autoindex_series_1": "3000000 1",
        "sqlite_autoindex_series_2": "3000000 3 1",
    },
    "access_grants": {
        "ix_access_grants_institution": "1000000 50000 1",
        "sqlite_autoindex_access_grants_1": "1000000 1",
        "sqlite_autoindex_access_grants_2": "1000000 1 1 1",
    },
    "name_keys": {"name_keys": "1500000 6 1", "ix_name_keys_name": "1500000 10 1"},
}

_STATISTICS = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))


def upgrade() -> None:
    """Go to this schema."""
    op.drop_index("ix_studies_org_date", "studies")
    op.create_index("ix_studies_org_date", "studies", ["org", "study_date", "received_at", "id"])
    op.create_index("ix_series_modality", "series", ["modality", "study_pk"])
    if op.get_bind().dialect.name != "sqlite":
        return
    # It makes the table of figures.
    op.execute("ANALYZE alembic_version")
    op.execute(sa.delete(_STATISTICS).where(_STATISTICS.c.tbl.in_(_FIGURES)))
    op.bulk_insert(
        _STATISTICS,
        [
            {"tbl": table, "idx": index, "stat": figures}
            for table, indexes in _FIGURES.items()
            for index, figures in indexes.items()
        ],
    )


def downgrade() -> None:
    """Go back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sa.delete(_STATISTICS).where(_STATISTICS.c.tbl.in_(_FIGURES)))
    op.drop_index("ix_series_modality", "series")
    op.drop_index("ix_studies_org_date", "studies")
    op.create_index("ix_studies_org_date", "studies", ["org", "study_date"])
