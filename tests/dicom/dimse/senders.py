"""What real senders send: the files of pydicom's wheel, and DCMTK's programs."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom.data
from pynetdicom.dsutils import split_dataset

from dicom.dimse.negotiate import storage_sop_classes, storage_transfer_syntaxes


@dataclass(frozen=True)
class Sample:
    """A file of pydicom's wheel and what a sender of it sends."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    dataset: bytes


def samples() -> Iterator[Sample]:
    # get_testdata_files() would download what the wheel leaves out.
    folder = Path(pydicom.data.__file__).parent / "test_files"
    for path in sorted(folder.rglob("*.dcm")):
        with path.open("rb") as opened:
            if opened.read(132)[128:] != b"DICM":
                continue
        meta, start = split_dataset(path)
        uids = [
            str(meta.get(keyword, ""))
            for keyword in (
                "MediaStorageSOPClassUID",
                "MediaStorageSOPInstanceUID",
                "TransferSyntaxUID",
            )
        ]
        if uids[0] not in storage_sop_classes() or uids[2] not in storage_transfer_syntaxes():
            continue
        if not uids[1] or uids[1].strip("0123456789."):
            continue
        yield Sample(path, uids[0], uids[1], uids[2], path.read_bytes()[start:])


SAMPLES = list(samples())
CT_FILES = [each for each in SAMPLES if each.path.name in {"CT_small.dcm", "MR_small.dcm"}]


async def run(*arguments: str | Path, nodelay: bool = True) -> tuple[int, str]:
    """Run a program and return its exit code and output."""
    environment = dict(os.environ)
    environment.pop("TCP_NODELAY", None)
    if nodelay:
        environment["TCP_NODELAY"] = "1"
    process = await asyncio.create_subprocess_exec(
        *map(str, arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace")
