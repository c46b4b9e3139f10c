"""Every file of pydicom, pydicom-data and pynetdicom: stored, found, returned and drawn.

Each wave of files (see `waves`) is a community of its own on one server: a person brings it by
STOW-RS and looks at it, a device sends it again by C-STORE, finds it and fetches it by C-GET.
"""

import asyncio
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import imagecodecs
import orjson
import pydicom.config
from aiohttp import MultipartWriter
from pydicom import DataElement, dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from sqlalchemy import select

from dicom.dimse.information_models import STUDY_ROOT_FIND, STUDY_ROOT_GET
from dicom.part10 import Part10Header
from dicom.uids import ECG_SOP_CLASSES, is_structured_report
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from server.identity.people import Licence, NewPerson
from server.intake.models import Quarantined
from server.node import dimse_server
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.real_files import REAL_FILES, RealFile, pinned, waves

SUCCESS = 0
PENDING = 0xFF00
PREAMBLE = 128
OTHER_PREAMBLE = (
    "test_files/dicomdirtests/77654033/CT2/",
    "test_files/dicomdirtests/98892001/CT5N/",
)
"""Whose preamble is neither zeros nor a TIFF header: handed out as zeros (PS3.10 7.1)."""


class Community:
    """One of the server's communities, with a person and a device."""

    def __init__(self, app: RunningApp, number: int) -> None:
        self.app = app
        self.number = number
        self.org = f"wave{number}"
        self.ae_title = f"WAVE{number}"
        self._who: dict[str, str] = {}

    async def found(self) -> None:
        services = self.app.services
        place = await services.institutions.create(
            NewInstitution(self.org, "township", "卫生院", "Township", Level.TOWNSHIP)
        )
        await services.devices.register(NewDevice(self.org, place, self.ae_title, may_query=True))
        roles = frozenset({Role.TOWNSHIP_TECHNICIAN, Role.TOWNSHIP_DOCTOR})
        await services.people.create(
            NewPerson(place, self.org, self.org, roles, Licence("TEST", "TEST"))
        )
        self._who = {"Authorization": f"Bearer {(await services.tokens.create(self.org)).secret}"}

    async def store(self, files: list[RealFile]) -> None:
        """Bring files by STOW-RS, in one request."""
        with MultipartWriter("related") as body:
            for file in files:
                body.append(BytesIO(file.data), {"Content-Type": "application/dicom"})
            headers = {
                **self._who,
                "Content-Type": f'multipart/related; type="application/dicom"; '
                f"boundary={body.boundary}",
            }
            async with self.app.client.post("/dicomweb/studies", data=body, headers=headers) as got:
                answer = await got.json(content_type="application/dicom+json")
        stored = answer.get("00081199", {"Value": []})["Value"]
        assert len(stored) == len(files) - len(await self.quarantined())

    async def quarantined(self) -> dict[str, str]:
        """Return why each digest was refused."""
        async with self.app.services.database.reading() as session:
            rows = await session.execute(
                select(Quarantined.sha256, Quarantined.reason).where(Quarantined.org == self.org)
            )
            return {row.sha256: row.reason for row in rows}

    async def json(self, path: str) -> Any:
        async with self.app.client.get(path, headers=self._who) as response:
            assert response.status == 200, path
            return await response.json()

    async def get(self, path: str, accept: str) -> tuple[int, bytes]:
        headers = {**self._who, "Accept": accept}
        async with self.app.client.get(f"/dicomweb{path}", headers=headers) as response:
            return response.status, await response.read()


def _send(port: int, ae_title: str, files: list[RealFile]) -> list[int]:
    """Send the data sets of files as they stand in them; return each status."""
    if not files:
        return []
    contexts = {(f.header.sop_class_uid, f.header.transfer_syntax_uid) for f in files if f.header}
    entity = AE(ae_title=ae_title)
    for sop_class, syntax in sorted(contexts):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate("127.0.0.1", port)
    accepted = {
        (str(context.abstract_syntax), str(context.transfer_syntax[0])): context.context_id or 0
        for context in association.accepted_contexts
    }
    # Its own reader of messages would take the answers.
    association._reactor_checkpoint.clear()
    statuses = []
    for number, file in enumerate(files, 1):
        assert file.header is not None
        header = file.header
        request = C_STORE()
        request.MessageID = number
        request.AffectedSOPClassUID = UID(header.sop_class_uid)
        request.AffectedSOPInstanceUID = UID(header.sop_instance_uid)
        request.Priority = 2
        request.DataSet = BytesIO(file.data[header.dataset_offset :])
        association.dimse.send_msg(
            request, accepted[header.sop_class_uid, header.transfer_syntax_uid]
        )
        _, answer = association.dimse.get_msg(block=True)
        assert isinstance(answer, C_STORE)
        assert answer.Status is not None
        statuses.append(answer.Status)
    association._reactor_checkpoint.set()
    association.release()
    return statuses


def _find(port: int, ae_title: str, files: list[RealFile]) -> list[int]:
    """Return how many images C-FIND finds of each file."""
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(STUDY_ROOT_FIND)
    association = entity.associate("127.0.0.1", port)
    counts = []
    for file in files:
        answers = association.send_c_find(_image(file), STUDY_ROOT_FIND)
        counts.append(sum(status.Status == PENDING for status, _ in answers))
    association.release()
    return counts


def _image(file: RealFile) -> Dataset:
    assert file.header is not None
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "IMAGE"
    for keyword, uid in (
        ("StudyInstanceUID", file.header.study_instance_uid),
        ("SeriesInstanceUID", file.header.series_instance_uid),
        ("SOPInstanceUID", file.header.sop_instance_uid),
    ):
        wanted.add(DataElement(keyword, "UI", uid, validation_mode=pydicom.config.IGNORE))
    return wanted


def _fetch(port: int, ae_title: str, files: list[RealFile]) -> dict[str, bytes]:
    """Fetch files by C-GET; return the data set of each by its SOP Instance UID."""
    got = {}

    def keep(event: evt.Event) -> int:
        assert isinstance(event.request, C_STORE)
        assert event.request.DataSet is not None
        got[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return SUCCESS

    contexts = {(f.header.sop_class_uid, f.header.transfer_syntax_uid) for f in files if f.header}
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(STUDY_ROOT_GET)
    for sop_class, syntax in sorted(contexts):
        entity.add_requested_context(sop_class, syntax)
    roles: list[Any] = [build_role(sop_class, scp_role=True) for sop_class, _ in contexts]
    association = entity.associate(
        "127.0.0.1", port, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    for file in files:
        *_, (status, _) = association.send_c_get(_image(file), STUDY_ROOT_GET)
        assert status.Status == SUCCESS, (file, status)
    association.release()
    return got


async def seen(community: Community, file: RealFile, *, as_it_came: bool) -> str:
    """Look at a stored file over DICOMweb, and return what there is to be seen of it.

    What a file began with is kept where it came as a file, and not where it came as a data set.
    """
    header = file.header
    assert header is not None
    series = f"/studies/{header.study_instance_uid}/series/{header.series_instance_uid}"
    path = f"{series}/instances/{header.sop_instance_uid}"
    for query in (
        f"{series}/instances?SOPInstanceUID={header.sop_instance_uid}",
        f"{path}/metadata",
    ):
        status, body = await community.get(query, "application/dicom+json")
        assert status == 200, (str(file), query)
        (found,) = orjson.loads(body)
        assert found["00080018"]["Value"] == [header.sop_instance_uid]
    if file.name.startswith("charset_files/"):
        await named(community, file, found["00100010"]["Value"][0])
    status, body = await community.get(
        path, 'multipart/related; type="application/dicom"; transfer-syntax=*'
    )
    assert status == 200, str(file)
    returned = body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    if not as_it_came:
        assert returned.endswith(file.data[header.dataset_offset :]), str(file)
    elif not file.name.startswith(OTHER_PREAMBLE):
        assert returned == file.data, str(file)
    else:
        assert returned == bytes(PREAMBLE) + file.data[PREAMBLE:], str(file)
    if header.sop_class_uid in ECG_SOP_CLASSES:
        return await on_paper(community)
    if is_structured_report(header.sop_class_uid):
        status, body = await community.get(f"{path}/rendered", "text/html")
        assert (status, body[:15]) == (200, b"<!DOCTYPE html>"), str(file)
        return "page"
    return await drawn(community, path, header)


async def named(community: Community, file: RealFile, metadata: dict[str, str]) -> None:
    """Read a name as pydicom reads it, and find its study by each group of it."""
    ds = dcmread(file.path)
    ds.decode()
    groups = {
        "Alphabetic": ds.PatientName.alphabetic,
        "Ideographic": ds.PatientName.ideographic,
        "Phonetic": ds.PatientName.phonetic,
    }
    expected = {kind: name.rstrip("^") for kind, name in groups.items() if name}
    assert {kind: name.rstrip("^") for kind, name in metadata.items()} == expected, str(file)
    for name in expected.values():
        query = f"/studies?PatientName={quote(name)}&StudyInstanceUID={ds.StudyInstanceUID}"
        status, body = await community.get(query, "application/dicom+json")
        assert (status, len(orjson.loads(body or b"[]"))) == (200, 1), (str(file), name)


async def on_paper(community: Community) -> str:
    """Draw the community's one ECG."""
    (ecg,) = (await community.json("/api/ecgs"))["items"]
    paper = await community.json(f"/api/ecgs/{ecg['id']}/waveform")
    assert len(paper["leads"]) == 12
    return "waveform"


async def drawn(community: Community, path: str, header: Part10Header) -> str:
    """Draw the first and the last frame."""
    count = header.frames.count if header.frames is not None else 1
    for frame in sorted({1, count}):
        status, body = await community.get(f"{path}/frames/{frame}/rendered", "image/png")
        if status != 200:
            return f"no picture: {orjson.loads(body)['code']}"
        rows, columns = imagecodecs.png_decode(body).shape[:2]
        assert (rows, columns) == (header.dataset.Rows, header.dataset.Columns), path
    return "picture"


async def test_every_real_file_is_kept_found_returned_and_drawn_or_refused_as_pinned(
    tmp_path: Path,
) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    outcomes: dict[str, str] = {}
    async with running_app(settings_for(tmp_path)) as app:
        node = dimse_server(app.services)
        port = await node.start("127.0.0.1", 0)
        try:
            for number, wave in enumerate(waves(REAL_FILES)):
                outcomes |= await outcomes_of(wave, Community(app, number), port)
        finally:
            await node.close(1)
    assert outcomes == pinned()


async def outcomes_of(wave: list[RealFile], community: Community, port: int) -> dict[str, str]:
    """Bring files into a community by every door, and return what became of each.

    Data sets are compared: one that is here already is a duplicate, and so a success. So every
    other file comes to the node first, and the rest by STOW-RS.
    """
    await community.found()
    expected = pinned()
    taken = [f for f in wave if f.is_bare or not expected.get(str(f), "").startswith("refused")]
    by_node = taken[community.number % 2 :: 2]
    sent = await asyncio.to_thread(_send, port, community.ae_title, by_node)
    assert dict(zip(by_node, sent, strict=True)) == dict.fromkeys(by_node, SUCCESS)
    await community.store(wave)
    reasons = await community.quarantined()
    refused = {str(f): f"refused: {reasons[f.sha256]}" for f in wave if f.sha256 in reasons}
    files = [file for file in wave if file.sha256 not in reasons or file.is_bare]
    sent = await asyncio.to_thread(_send, port, community.ae_title, files)
    assert dict(zip(files, sent, strict=True)) == dict.fromkeys(files, SUCCESS)
    found = await asyncio.to_thread(_find, port, community.ae_title, files)
    assert dict(zip(files, found, strict=True)) == dict.fromkeys(files, 1)
    got = await asyncio.to_thread(_fetch, port, community.ae_title, files)
    outcomes = dict(refused)
    for file in files:
        assert file.header is not None
        data_set = file.data[file.header.dataset_offset :]
        assert got[file.header.sop_instance_uid] == data_set, str(file)
        outcome = await seen(community, file, as_it_came=not file.is_bare and file not in by_node)
        outcomes[str(file)] = f"{refused[str(file)]}, sent: {outcome}" if file.is_bare else outcome
    return outcomes


def test_the_table_counts_every_file_of_the_packages() -> None:
    table = pinned()
    assert table.keys() == {str(file) for file in REAL_FILES}
    assert Counter(outcome.partition(",")[0] for outcome in table.values()) == {
        "picture": 170,
        "page": 3,
        "waveform": 1,
        "no picture: unrenderable-not-an-image": 51,
        "no picture: unrenderable-false-claim": 1,
        "refused: missing-uid": 25,
        "refused: not-dicom": 18,
        "refused: missing-meta": 4,
        "refused: truncated": 4,
        "refused: pixel-data-missing": 3,
        "refused: missing-transfer-syntax": 1,
        "refused: duplicate-element": 1,
        "refused: bad-uid": 1,
    }
