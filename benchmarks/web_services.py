"""Who answers DICOMweb: ourselves and Orthanc, each with the same archive of many studies."""

import asyncio
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from sqlalchemy import Row, create_engine, select

from benchmarks.archive import fill
from benchmarks.ours import Installation
from benchmarks.peers import DICOMWEB_PLUGIN, FOREIGN_WEB
from benchmarks.web_client import Service
from server.core.database import sync_url
from server.studies.models import Series, Study
from tests.support.dicom_files import file_bytes

_FILES_A_POST: Final = 1000
_FILLED_WITHIN: Final = ClientTimeout(total=600)


@dataclass
class Expected:
    """The studies of the archive, by what somebody may ask."""

    by_patient: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_day: defaultdict[date, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, patient_id: str, day: date, study_uid: str) -> None:
        """Expect one more study."""
        self.by_patient[patient_id].add(study_uid)
        self.by_day[day].add(study_uid)

    @property
    def studies(self) -> set[str]:
        """All of them."""
        return set().union(*self.by_day.values())


def absent() -> list[str]:
    """Return the peer's name where this machine lacks it."""
    there = FOREIGN_WEB.is_present and DICOMWEB_PLUGIN.exists()
    return [] if there else [FOREIGN_WEB.name]


@contextmanager
def running(
    root: Path, studies: int, tell: Callable[[str], None]
) -> Iterator[tuple[list[Service], Expected]]:
    """Run every service that is here, ourselves first, each with an archive of ``studies``."""
    installation = Installation(root / "ours")
    installation.set_up()
    fill(installation.database_url, studies, tell)
    rows = _rows(installation.database_url)
    expected = Expected()
    for row in rows:
        expected.add(row.patient_id, row.study_date, row.study_instance_uid)
    with ExitStack() as stack:
        own = stack.enter_context(installation.role("web", installation.http_port))
        url = f"http://127.0.0.1:{own.port}/dicomweb"
        services = [
            Service(
                own,
                url,
                reader=_authorised(installation.bearer()),
                sender=_authorised(installation.bearer("town", "township_technician")),
            )
        ]
        if not absent():
            peer = stack.enter_context(FOREIGN_WEB.running(root))
            url = f"http://127.0.0.1:{peer.port}"
            asyncio.run(_store(url, rows))
            tell(f"{peer.name}: {len(rows)} studies")
            services.append(Service(peer, f"{url}/dicom-web"))
        yield services, expected


def _authorised(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


def _rows(database_url: str) -> list[Row[*tuple[Any, ...]]]:
    engine = create_engine(sync_url(database_url))
    with engine.connect() as connection:
        found = connection.execute(
            select(Study.__table__, Series.series_instance_uid).join(
                Series, Series.study_pk == Study.id
            )
        ).all()
    engine.dispose()
    return list(found)


async def _store(url: str, rows: list[Row[*tuple[Any, ...]]]) -> None:
    """Give Orthanc an object for each study, in archives that it unpacks itself."""
    for at in range(0, len(rows), _FILES_A_POST):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for row in rows[at : at + _FILES_A_POST]:
                archive.writestr(f"{row.study_instance_uid}.dcm", file_bytes(_object(row)))
        packed.seek(0)
        # It closes what has been idle for a second.
        async with (
            ClientSession(timeout=_FILLED_WITHIN) as session,
            session.post(f"{url}/instances", data=packed) as response,
        ):
            response.raise_for_status()
            await response.read()


def _object(row: Row[*tuple[Any, ...]]) -> Dataset:
    """Return the smallest object that says of its study what our row says."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = f"{row.series_instance_uid}.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = (
        row.study_instance_uid, row.series_instance_uid,
    )  # fmt: skip
    dataset.StudyDate, dataset.StudyTime = f"{row.study_date:%Y%m%d}", f"{row.study_time:%H%M%S}"
    dataset.AccessionNumber, dataset.StudyID = row.accession_number, row.study_id
    dataset.StudyDescription = row.description
    dataset.ReferringPhysicianName = row.referring_physician
    dataset.Modality = row.modalities.strip("\\")
    dataset.PatientName, dataset.PatientID = row.patient_name, row.patient_id
    dataset.PatientBirthDate = f"{row.patient_birth_date:%Y%m%d}"
    dataset.PatientSex, dataset.PatientAge = row.patient_sex, row.patient_age
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset
