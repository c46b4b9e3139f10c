"""The judge of durability: what a sender was told, held against what is there afterwards."""

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from random import Random

from blake3 import blake3
from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, generate_uid
from pynetdicom.dsutils import encode
from sqlalchemy import func, select

from server.intake.models import Location, StoredObject
from server.services import Services
from server.studies.models import Instance, Series, Study
from tests.dicom.dimse.node import (
    CT,
    EXPLICIT,
    RELEASE,
    associate_request,
    context_item,
    raw_peer,
    store,
)
from tests.support.dicom_files import sample
from tests.support.node_process import DEVICE_AE, READY_WITHIN_S, Site
from tests.support.senders import IntakeParts

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
_ACCEPTED = 0x02
_REQUEST = associate_request(context_item(3, CT, EXPLICIT), calling=DEVICE_AE.encode())


@dataclass(frozen=True)
class Slice:
    """One CT slice to send, and the digest of the data set as it goes over the wire."""

    uid: str
    data: bytes
    sha256: str

    @property
    def file(self) -> bytes:
        """The same as a Part 10 file."""
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(CT), UID(self.uid)
        meta.TransferSyntaxUID = UID(EXPLICIT)
        buffer = DicomBytesIO()
        write_file_meta_info(buffer, meta)
        return bytes(128) + b"DICM" + buffer.getvalue() + self.data


def ct_slices(count: int) -> list[Slice]:
    """Return slices of one series, each with its own bytes."""
    dataset = dcmread(sample("CT_small.dcm"))
    study, series = generate_uid(), generate_uid()
    slices = []
    for number in range(1, count + 1):
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPInstanceUID = generate_uid()
        dataset.InstanceNumber = number
        data = encode(dataset, is_implicit_vr=False, is_little_endian=True)
        assert data is not None
        slices.append(Slice(dataset.SOPInstanceUID, data, hashlib.sha256(data).hexdigest()))
    return slices


@dataclass
class Ledger:
    """What was sent and what its sender was told."""

    sent: dict[str, str] = field(default_factory=dict)
    """Digest by SOP Instance UID, of all that began to be sent."""
    kept: set[str] = field(default_factory=set)
    """What was answered with success: the sender has deleted it by now."""
    answers: Counter[int | None] = field(default_factory=Counter)
    """How often each status came; None where the association broke before an answer."""

    @property
    def attempts(self) -> int:
        """How many answers came, or did not."""
        return self.answers.total()

    def record(self, sent: Slice, status: int | None) -> None:
        """Write down an answer, or that none came."""
        self.answers[status] += 1
        if status == SUCCESS:
            self.kept.add(sent.uid)


async def send(port: int, slices: Iterable[Slice], ledger: Ledger) -> bool:
    """Send over one association; return whether it was accepted and lasted to the end."""
    try:
        async with raw_peer(port) as peer:
            await peer.send(_REQUEST)
            if (await peer.receive())[0] != _ACCEPTED:
                return False
            for each in slices:
                ledger.sent[each.uid] = each.sha256
                try:
                    await peer.send(store(each.data, instance=each.uid))
                    ledger.record(each, await peer.receive_status())
                except (OSError, EOFError):
                    ledger.record(each, None)
                    return False
            await peer.send(RELEASE)
    except (OSError, EOFError):
        return False
    return True


class Sender:
    """A device that goes on through every interruption, and now and then sends a thing twice."""

    def __init__(self, port: int, slices: Sequence[Slice], ledger: Ledger, seed: int) -> None:
        self._port = port
        self._slices = slices
        self._ledger = ledger
        self._random = Random(seed)  # noqa: S311 -- not a secret
        self._stopping = False
        self._task = asyncio.create_task(self._run())

    async def finish(self) -> None:
        """Let it bring what is still missing, and wait for its end."""
        self._stopping = True
        async with asyncio.timeout(READY_WITHIN_S):
            await self._task

    async def stop(self) -> None:
        """Stop it where it is."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while not self._stopping or self._missing():
            if not await send(self._port, self._round(), self._ledger):
                await asyncio.sleep(0.02)

    def _missing(self) -> list[Slice]:
        return [each for each in self._slices if each.uid not in self._ledger.kept]

    def _round(self) -> Iterator[Slice]:
        for number, each in enumerate(self._missing() or self._slices):
            yield each
            if self._random.random() < 0.2:
                yield self._random.choice(self._slices[: number + 1])


@dataclass(frozen=True)
class _Row:
    uid: str
    object_id: str
    dataset_offset: int
    dataset_blake3: str | None


async def check(site: Site, ledger: Ledger) -> None:
    """Hold the ledger against the index and the bytes: promised, whole, and nothing twice."""
    async with site.looking() as services:
        await compare(services, ledger)


async def compare(services: Services | IntakeParts, ledger: Ledger) -> None:
    """Do as `check` over parts that are open already."""
    async with services.database.reading() as session:
        found = await session.execute(
            select(
                Instance.sop_instance_uid,
                Instance.object_id,
                Instance.dataset_offset,
                Instance.dataset_blake3,
            )
        )
        rows = [_Row(*row) for row in found]
        uids = [row.uid for row in rows]
        assert ledger.kept - set(uids) == set(), "answered with success, and not in the index"
        assert len(uids) == len(set(uids)), "indexed twice"
        assert set(uids) <= ledger.sent.keys(), "indexed, and never sent"
        for row in rows:
            dataset = (await read(services, row.object_id))[row.dataset_offset :]
            assert hashlib.sha256(dataset).hexdigest() == ledger.sent[row.uid], row.uid
            assert blake3(dataset).hexdigest() == row.dataset_blake3, row.uid
        objects = await session.scalar(select(func.count()).select_from(StoredObject))
        assert objects == len(rows), "bytes kept that no instance has"
        for table in (Study, Series):
            counts = list(await session.scalars(select(table.instance_count)))
            assert sum(counts) == len(rows)
            assert len(counts) <= 1, "one study became several"


async def read(services: Services | IntakeParts, object_id: str) -> bytes:
    """Return all bytes of an object, wherever they are."""
    async with services.originals.open(object_id) as blocks:
        return b"".join([block async for block in blocks])


async def is_drained(site: Site) -> bool:
    """Whether the object store has everything."""
    async with site.looking() as services, services.database.reading() as session:
        return not await session.scalar(
            select(func.count())
            .select_from(StoredObject)
            .where(StoredObject.location == Location.SPOOL)
        )


def spooled(site: Site) -> set[str]:
    """Return the names of the objects' files in the spool."""
    # Folders go while we look: the walk passes over what is gone.
    return {
        f"{Path(folder).name}/{name}"
        for folder, _, names in os.walk(site.spool_dir)
        for name in names
        if Path(folder).parent == site.spool_dir and Path(folder).name.isalnum() and name != ".lock"
    }


async def stored_pixels(site: Site) -> dict[str, bytes]:
    """Return the pixels of every instance: what a sender's re-encoding leaves alone."""
    async with site.looking() as services:
        async with services.database.reading() as session:
            rows = list(
                await session.execute(select(Instance.sop_instance_uid, Instance.object_id))
            )
        return {
            uid: dcmread(BytesIO(await read(services, object_id))).PixelData
            for uid, object_id in rows
        }
