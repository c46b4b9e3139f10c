"""The row of the attack table about hostile words: inert in a browser, in CSV and in a log.

What a browser makes of markup in a name is seen in two real ones by `tests/e2e/test_journey.py`
(`web_client/e2e/faults.spec.ts`, the case "markup").
"""

import csv
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pydicom.config
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.uid import generate_uid

from ecg import read
from ecg.formats.csv_writer import write_csv
from tests.dicom.dimse.node import associate_request, raw_peer
from tests.server.attacks.installation import SUCCESS, Attacked
from tests.server.attacks.test_objects import data_set_of
from tests.support.dicom_files import file_bytes, sample

IMAGE, FORMULA = "<img onerror…>", "=HYPERLINK("
HOSTILE: Final = {
    "PatientName": '<img src onerror^"><script>alert(1)</script>\x1b[31m\u202etxt.exe',
    "PatientID": '=HYPERLINK("http://127.0.0.1:1/")',
    "StudyDescription": "\u2066<svg onload>\x1b]0;owned\x07",
    "InstitutionName": "+cmd|' /C calc'!A0",
}
ECG: Final = "1.2.840.10008.5.1.4.1.1.9.1.1"


def hostile_ecg() -> tuple[bytes, str, str]:
    """Return a real ECG whose texts are hostile, with its study and its instance."""
    ds = dcmread(sample("waveform_ecg.dcm"))
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in HOSTILE.items():
        vr = pydicom.datadict.dictionary_VR(keyword)
        ds[keyword] = DataElement(keyword, vr, value, validation_mode=pydicom.config.IGNORE)
    ds.StudyInstanceUID, ds.SOPInstanceUID = generate_uid(), generate_uid()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return file_bytes(ds), ds.StudyInstanceUID, ds.SOPInstanceUID


async def test_names_that_are_markup_formulas_and_escapes(
    attacked: Attacked, tmp_path: Path
) -> None:
    """Inert in what a browser, a table and a terminal are given."""
    since = [len(attacked.log(role).encode()) for role in (attacked.node, attacked.web)]
    data, study, instance = hostile_ecg()
    assert await attacked.store(data_set_of(data), instance=instance, sop_class=ECG) == SUCCESS

    # A browser is told what it gets, and may run nothing of it.
    async with attacked.asked("GET", "/api/studies", who="reader") as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        listed = await answer.text()
    for sign in ("\\u001b", "\x1b", "\u202e", "\u2066", "\x07"):
        assert sign not in listed
    assert "<script>" in listed  # a name is kept as it was sent, and is text
    async with attacked.asked("GET", "/api/ecgs", who="reader") as answer:
        ecg_id = (await answer.json())["items"][0]["id"]
    async with attacked.asked("GET", f"/api/ecgs/{ecg_id}/paper.svg", who="reader") as answer:
        paper = await answer.text()
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(paper).iter()}  # noqa: S314 -- ours
    assert not tags & {"script", "img", "foreignObject", "a"}
    assert not any(sign in paper for sign in ("\x1b", "\u202e"))

    # A table's cell is never a formula.
    path = tmp_path / "hostile.dcm"
    path.write_bytes(data)
    written = write_csv(read(path)).decode()
    cells = [cell for row in csv.reader(written.splitlines()) for cell in row]
    assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
    assert "\x1b" not in written

    # A log is nothing a terminal obeys, and has no patient in it.
    async with raw_peer(attacked.site.dicom_port) as peer:
        await peer.send(associate_request(calling=b"\x1b[2J\x1b]0;X"))
        await peer.receive()
    async with raw_peer(attacked.site.dicom_port) as peer:
        await peer.send(associate_request(calling=b"=HYPERLINK(A)"))
        await peer.receive()
    await attacked.logged(attacked.node, "an unknown device was refused", since[0])
    for role, start in zip((attacked.node, attacked.web), since, strict=True):
        said = attacked.log(role, start)
        assert "\x1b" not in said
        assert "\\u001b" not in said
        assert not any(value in said for value in HOSTILE.values())
        assert study not in said or "onerror" not in said
    await attacked.honest()
