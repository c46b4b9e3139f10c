"""De-identified objects: nobody is left in them, and they are no worse DICOM than before."""

import re
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from dicom.confidentiality import Act, Option, act_on, rule_of
from dicom.deidentify import Profile, deidentified, may_be_burned_in
from dicom.faults import DicomFormatError
from dicom.part10 import Part10Header, inflate, scan
from dicom.pseudonyms import Pseudonyms
from dicom.web.dicom_json import to_json
from tests.support.dicom_files import changed, ct_bytes, file_bytes, sample
from tests.support.peers import require_program

SAMPLES = Path(pydicom.__file__).parent / "data" / "test_files"
KEY = b"k" * 32
IDENTIFIERS = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "PatientAddress",
    "PatientTelephoneNumbers", "InstitutionName", "InstitutionAddress", "StationName",
    "DeviceSerialNumber", "PatientBirthDate",
)  # fmt: skip
NO_DATES = (Option.RETAIN_PATIENT, Option.CLEAN_STRUCTURED, Option.CLEAN_GRAPHICS)
EVERYTHING_KEPT = frozenset(Option) - {Option.RETAIN_MODIFIED_DATES}


def profile(*options: Option, key: bytes = KEY) -> Profile:
    return Profile(Pseudonyms(key), frozenset(options))


def run(path: Path, header: Part10Header, how: Profile) -> bytes:
    if header.deflated:
        with inflate(path, header) as plain:
            return b"".join(deidentified(plain, header, how))
    with path.open("rb") as file:
        return b"".join(deidentified(file, header, how))


def of_bytes(data: bytes, *options: Option) -> Dataset:
    with BytesIO(data) as file:
        return dcmread(BytesIO(b"".join(deidentified(file, scan(file), profile(*options)))))


def sound_samples() -> Iterator[Path]:
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file():
            try:
                scan(path)
            except DicomFormatError:
                continue
            yield path


SOUND = list(sound_samples())


def secrets_of(path: Path) -> set[bytes]:
    """Return what pydicom finds that tells whom a file is of."""
    found: set[str] = set()
    for element in dcmread(path, force=True).iterall():
        if element.tag.is_private or element.VR == "SQ" or element.value in (None, ""):
            continue
        values = element.value if element.VM > 1 else [element.value]
        texts = [str(value) for value in values]
        if element.VR == "PN":
            found.update(part for text in texts for part in re.split(r"[\^= ]", text))
        elif element.VR == "UI":
            found.update(text for text in texts if not text.startswith("1.2.840.10008."))
        elif element.keyword in IDENTIFIERS:
            found.update(texts)
    # Shorter ones stand in any number by chance.
    return {text.encode() for text in found if len(text) > 3}


def test_there_are_samples_enough() -> None:
    assert len(SOUND) > 100


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what its samples hold
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
@pytest.mark.parametrize("options", [(), NO_DATES], ids=["basic", "options"])
def test_nothing_that_tells_whom_it_is_of_survives(
    path: Path, options: tuple[Option, ...], tmp_path: Path
) -> None:
    made = tmp_path / "made.dcm"
    made.write_bytes(run(path, scan(path), profile(*options)))
    header = scan(made)
    data = made.read_bytes()
    if (pixels := header.pixel_data) is not None:
        data = data[: pixels.offset] + data[pixels.offset + pixels.length :]
    left = {secret for secret in secrets_of(path) if secret in data}
    assert left == set()
    assert not [tag for tag in header.dataset if tag.tag.is_private]
    assert header.preamble_is_zero


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_the_pixels_are_the_same(path: Path, tmp_path: Path) -> None:
    before = scan(path)
    made = tmp_path / "made.dcm"
    made.write_bytes(run(path, before, profile()))
    after = scan(made)
    assert (after.frames is None) == (before.frames is None)
    if before.pixel_data is not None and after.pixel_data is not None and not before.deflated:
        at, length = before.pixel_data.offset, before.pixel_data.length
        whole = path.read_bytes()[at : at + length]
        start = after.pixel_data.offset
        assert made.read_bytes()[start : start + length] == whole


def errors_of(path: Path) -> int:
    said = subprocess.run(
        [require_program("dciodvfy"), path], capture_output=True, check=False
    ).stderr
    return sum(line.startswith(b"Error") for line in said.splitlines())


@pytest.mark.parametrize(
    "options", [frozenset(), EVERYTHING_KEPT], ids=["basic", "everything-kept"]
)
def test_dicom3tools_finds_no_more_errors_than_before(
    options: frozenset[Option], tmp_path: Path
) -> None:
    worse = []
    for path in SOUND:
        made = tmp_path / "made.dcm"
        made.write_bytes(run(path, scan(path), profile(*options)))
        if errors_of(made) > errors_of(path):
            worse.append(path.name)
    assert worse == []


def test_how_it_was_done_is_told() -> None:
    ds = of_bytes(ct_bytes(), Option.CLEAN_DESCRIPTORS, Option.RETAIN_MODIFIED_DATES)
    assert ds.PatientIdentityRemoved == "YES"
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113105"]
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    assert of_bytes(ct_bytes()).LongitudinalTemporalInformationModified == "REMOVED"


def test_uids_and_patients_stay_together_and_apart() -> None:
    one, other = of_bytes(ct_bytes()), of_bytes(ct_bytes(SOPInstanceUID="1.2.3"))
    assert one.StudyInstanceUID == other.StudyInstanceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID
    assert one.PatientID == other.PatientID == str(one.PatientName)
    assert one.PatientID != of_bytes(ct_bytes(PatientID="somebody else")).PatientID
    assert one.SOPClassUID == scan(sample("CT_small.dcm")).sop_class_uid


def test_another_key_gives_others() -> None:
    uid = "1.2.3.4"
    assert Pseudonyms(KEY).uid(uid) != Pseudonyms(b"l" * 32).uid(uid)
    assert Pseudonyms(KEY).patient("a") != Pseudonyms(b"l" * 32).patient("a")
    with pytest.raises(ValueError, match="32"):
        Pseudonyms(b"short")


def test_dates_moved_keep_their_distance_and_weekday() -> None:
    def dates(study: str) -> Dataset:
        return of_bytes(
            ct_bytes(StudyDate=study, SeriesDate="20240111", AcquisitionDateTime="20240109120000"),
            Option.RETAIN_MODIFIED_DATES,
        )

    ds = dates("20240109")
    study, series = (pydicom.valuerep.DA(str(value)) for value in (ds.StudyDate, ds.SeriesDate))
    assert study is not None
    assert series is not None
    assert (series - study).days == 2
    assert study.weekday() == 1
    assert str(ds.AcquisitionDateTime) == f"{ds.StudyDate}120000"
    assert str(ds.StudyDate) < "20240103"


def test_full_and_modified_dates_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        profile(Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES)


@pytest.mark.parametrize(
    ("option", "keyword", "value"),
    [
        (Option.RETAIN_DEVICE, "StationName", "CT01"),
        (Option.RETAIN_DEVICE, "DeviceSerialNumber", "12345"),
        (Option.RETAIN_INSTITUTION, "InstitutionName", "Qinghe Hospital"),
        (Option.RETAIN_PATIENT, "PatientSex", "F"),
        (Option.RETAIN_FULL_DATES, "StudyDate", "20240109"),
    ],
)
def test_an_option_keeps_what_the_profile_takes(option: Option, keyword: str, value: str) -> None:
    data = ct_bytes(**{keyword: value})
    assert of_bytes(data, option)[keyword].value == value
    assert of_bytes(data).get(keyword) != value


def test_a_cleaned_description_says_what_was_done_and_not_to_whom() -> None:
    data = ct_bytes(
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Zhang^San=张三",
        StudyDescription="胸部平扫 张三 13800138000 2024-01-09",
    )
    assert of_bytes(data, Option.CLEAN_DESCRIPTORS).StudyDescription == "胸部平扫"
    assert "StudyDescription" not in of_bytes(data)


def test_a_name_in_a_text_that_is_kept_is_found() -> None:
    ds = of_bytes(ct_bytes(PatientName="Miller^Anna", ManufacturerModelName="CT of Miller"))
    assert ds.ManufacturerModelName == "CT of"


def test_an_annotation_s_text_is_cleaned() -> None:
    ds = dcmread(sample("waveform_ecg.dcm"))
    note = Dataset()
    note.UnformattedTextValue = f"Sinus rhythm, {ds.PatientID} seen 2024-01-09"
    ds.WaveformAnnotationSequence = Sequence([note])
    read = of_bytes(file_bytes(ds))
    assert read.WaveformAnnotationSequence[0].UnformattedTextValue == "Sinus rhythm, seen"


def test_more_people_than_can_be_looked_for_are_refused() -> None:
    people = []
    for number in range(501):
        item = Dataset()
        item.PersonName = f"Somebody{number:05}"
        people.append(item)
    data = ct_bytes(ReferencedPatientAliasSequence=Sequence(people))
    with pytest.raises(DicomFormatError, match="names and numbers"):
        of_bytes(data)


def test_a_text_too_long_to_be_searched_is_refused_unless_it_goes() -> None:
    data = ct_bytes(TrackingID="x" * 262_146)
    with pytest.raises(DicomFormatError, match=r"0062,0020.* too long to search") as refused:
        of_bytes(data)
    assert refused.value.code == "value-too-long"
    assert "ReasonForVisit" not in of_bytes(ct_bytes(ReasonForVisit="x" * 262_146))
    kept = of_bytes(ct_bytes(TrackingID=f"{'x' * 262_000} CompressedSamples^CT1 1"))
    assert kept.TrackingID == f"{'x' * 262_000}  1"


def test_a_long_text_is_cleaned_in_steps_of_its_length() -> None:
    word = "x" * 262_000
    data = ct_bytes(TextValue=f"{word} of zhang.san@example.org")
    assert of_bytes(data, Option.CLEAN_STRUCTURED).TextValue == f"{word} of"


def test_what_is_nested_is_judged_as_deep_as_it_stands() -> None:
    inner = Dataset()
    inner.ReferencedSOPClassUID, inner.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.9"
    inner.PatientName = "Miller^Anna"
    outer = Dataset()
    outer.ReferencedSeriesSequence = Sequence([inner])
    ds = of_bytes(ct_bytes(SourceImageSequence=Sequence([outer])))
    kept = ds.SourceImageSequence[0].ReferencedSeriesSequence[0]
    assert kept.ReferencedSOPInstanceUID == Pseudonyms(KEY).uid("1.9")
    assert kept.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert "Miller" not in str(ds)


def test_safe_private_elements_are_kept_when_asked_and_no_others() -> None:
    ds = dcmread(sample("CT_small.dcm"))
    block = ds.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x23, "DS", "1.5")
    block.add_new(0x77, "LO", "somebody")
    kept = of_bytes(file_bytes(ds), Option.RETAIN_SAFE_PRIVATE)
    assert kept.private_block(0x0019, "GEMS_ACQU_01")[0x23].value == 1.5
    assert 0x77 not in kept.private_block(0x0019, "GEMS_ACQU_01")
    assert not [each for each in of_bytes(file_bytes(ds)) if each.tag.is_private]


def test_a_report_s_content_goes_or_is_cleaned() -> None:
    data = sample("test-SR.dcm").read_bytes()
    assert len(of_bytes(data).ContentSequence) == 1
    before = dcmread(BytesIO(data))
    cleaned = of_bytes(data, Option.CLEAN_STRUCTURED)
    assert len(cleaned.ContentSequence) == len(before.ContentSequence)


def test_an_overlay_goes_whole_and_a_region_stays_when_asked() -> None:
    data = changed(sample("CT_small.dcm"))
    ds = dcmread(BytesIO(data))
    for group, kind in ((0x6000, "G"), (0x6002, "R")):
        ds.add_new((group, 0x0010), "US", 128)
        ds.add_new((group, 0x0011), "US", 128)
        ds.add_new((group, 0x0040), "CS", kind)
        ds.add_new((group, 0x0050), "SS", [1, 1])
        ds.add_new((group, 0x0100), "US", 1)
        ds.add_new((group, 0x0102), "US", 0)
        ds.add_new((group, 0x3000), "OW", bytes(2048))
    groups = {each.tag.group for each in of_bytes(file_bytes(ds)) if each.tag.group >> 8 == 0x60}
    assert groups == set()
    kept = of_bytes(file_bytes(ds), Option.CLEAN_GRAPHICS)
    assert {each.tag.group for each in kept if each.tag.group >> 8 == 0x60} == {0x6002}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"BurnedInAnnotation": "YES"}, True),
        ({"Modality": "US"}, True),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, False),
        ({"ConversionType": "SD"}, True),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, True),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.4"}, True),
    ],
)
def test_what_may_have_writing_in_its_pixels_is_told(
    changes: dict[str, object], *, expected: bool
) -> None:
    header = scan(BytesIO(ct_bytes(**changes)))
    pixels = [header.pixel_data] if header.pixel_data is not None else []
    attributes = to_json(header.dataset, pixels, lambda _: "")
    assert may_be_burned_in(header.sop_class_uid, attributes) is expected


def test_documents_and_voices_count_as_writing() -> None:
    assert may_be_burned_in("1.2.840.10008.5.1.4.1.1.104.1", {"00420011": {"vr": "OB"}})
    assert may_be_burned_in("1.2.840.10008.5.1.4.1.1.9.4.1", {})
    assert not may_be_burned_in("1.2.840.10008.5.1.4.1.1.9.1.1", {})


@pytest.mark.parametrize(
    ("keyword", "options", "act"),
    [
        ("PatientName", (), Act.EMPTY),
        ("PatientBirthName", (), Act.REMOVE),
        ("SOPInstanceUID", (), Act.REPLACE_UID),
        ("SOPInstanceUID", (Option.RETAIN_UIDS,), Act.KEEP),
        ("StudyDate", (), Act.EMPTY),
        ("StudyDate", (Option.RETAIN_MODIFIED_DATES,), Act.CLEAN),
        ("SeriesDescription", (Option.CLEAN_DESCRIPTORS,), Act.CLEAN),
        ("Rows", (), Act.KEEP),
    ],
)
def test_table_e_1_1_decides(keyword: str, options: tuple[Option, ...], act: Act) -> None:
    tag = pydicom.datadict.tag_for_keyword(keyword)
    assert tag is not None
    assert act_on(tag, pydicom.datadict.dictionary_VR(tag), options) is act


def test_the_table_is_whole() -> None:
    assert rule_of(0x50000010) == rule_of(0x50FE3000)
    assert rule_of(0x60003000) is not None
    assert rule_of(0x00280010) is None
    assert act_on(0x00091234, "UN", ()) is Act.REMOVE
    assert act_on(0x00189999, "LO", ()) is Act.REMOVE
