"""False labels of text, kept with the series whose device writes them."""

from collections.abc import Mapping
from pathlib import Path

from pydicom.uid import generate_uid
from sqlalchemy import select

from server.core.database import Database
from server.studies.models import Series
from server.studies.repairs import repairs_of
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import create_institutions, running_intake, send

SAID = "患者，自述胸痛"
# Encoded as Latin-1, the texts have the bytes of GB18030 and UTF-8.
CHINESE, UTF_8 = (SAID.encode(codec).decode("latin_1") for codec in ("gb18030", "utf_8"))


def commented(comments: str, series: str = "1.2.3.1") -> bytes:
    return ct_bytes(
        SpecificCharacterSet="ISO_IR 100", PatientComments=comments,
        SOPInstanceUID=generate_uid(), SeriesInstanceUID=series,
    )  # fmt: skip


async def told(database: Database) -> tuple[list[str | None], Mapping[str, str]]:
    """Return what each series says, and what each study."""
    async with database.reading() as session:
        series = await session.scalars(
            select(Series.charset_repair).order_by(Series.series_instance_uid)
        )
        studies = list(await session.scalars(select(Series.study_pk).distinct()))
        return list(series), await repairs_of(session, studies)


async def test_every_kind_of_false_label_is_kept_in_whatever_text_it_stands(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids) as running:
        for data in (
            commented("chest pain"), commented(CHINESE), commented(UTF_8), commented(CHINESE),
            commented(CHINESE, "1.2.3.2").replace(b"ISO_IR 100", b"ISO_IR 192"),
            commented("chest pain", "1.2.3.3"),
        ):  # fmt: skip
            assert (await send(running.intake, data)).verdict.kept
    series, studies = await told(database)
    assert series == [
        "ISO_IR 100 → GB18030; ISO_IR 100 → ISO_IR 192", "ISO_IR 192 → GB18030", None,
    ]  # fmt: skip
    (study,) = studies.values()
    assert set(study.split("; ")) == {
        "ISO_IR 100 → GB18030", "ISO_IR 100 → ISO_IR 192", "ISO_IR 192 → GB18030",
    }  # fmt: skip


async def test_kinds_are_kept_while_there_is_room(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    labels = [f"ISO_IR {number}".encode() for number in range(192, 199)]
    async with running_intake(database, tmp_path, clock, ids) as running:
        for label in labels:
            data = commented(CHINESE).replace(b"ISO_IR 100", label)
            assert (await send(running.intake, data)).verdict.kept
    ((kept,), _) = await told(database)
    assert kept is not None
    assert 60 < len(kept) <= 100
    assert all(kind.endswith("→ GB18030") for kind in kept.split("; "))
