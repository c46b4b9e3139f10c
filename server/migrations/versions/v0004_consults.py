"""Consults, and who was in their rooms."""

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "consults",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("owner_institution_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("opened_by", sa.String(length=32), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_by", sa.String(length=32), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_institution_id"],
            ["institutions.id"],
            name=op.f("fk_consults_owner_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["diagnosis_requests.id"],
            name=op.f("fk_consults_request_id_diagnosis_requests"),
        ),
        sa.ForeignKeyConstraint(
            ["study_pk"], ["studies.id"], name=op.f("fk_consults_study_pk_studies")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["people.id"], name=op.f("fk_consults_opened_by_people")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["people.id"], name=op.f("fk_consults_closed_by_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consults")),
    )
    op.create_index(op.f("ix_consults_study_pk"), "consults", ["study_pk"])
    op.create_index("ix_consults_org_opened", "consults", ["org", "opened_at", "id"])
    op.create_index(
        "uq_consults_open_request",
        "consults",
        ["request_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "consult_members",
        sa.Column("consult_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("first_joined_at", UtcDateTime(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_consult_members_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_consult_members_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_consult_members_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("consult_id", "person_id", name=op.f("pk_consult_members")),
    )
    op.create_index("ix_consult_members_present", "consult_members", ["left_at"])
