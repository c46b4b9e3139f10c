"""QIDO-RS, asked by the real dicomweb-client and by raw HTTP."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from dicom.web.native_xml import from_xml
from server.studies.attributes import ATTRIBUTES, SHARED, tag_of
from tests.dicom.web.test_native_xml import as_text
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_transcoding import parts_of
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import ManualClock
from tests.support.senders import COUNTY, OTHER_TOWNSHIP, TOWNSHIP


@dataclass
class Exams:
    """Three studies of a township, sent a minute apart."""

    site: Site
    uids: dict[str, str]

    async def studies(self, institution: str = TOWNSHIP, **filters: Any) -> list[str]:
        """Return the names of the studies found, in order."""
        client = self.site.client(institution)
        found = await self.site.ask(lambda: client.search_for_studies(search_filters=filters))
        names = {uid: name for name, uid in self.uids.items()}
        return [names[one["0020000D"]["Value"][0]] for one in found]


def exam(**changes: Any) -> bytes:
    changes = {"SOPInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid(), **changes}
    return ct_bytes(**changes)


@pytest.fixture
async def exams(site: Site, clock: ManualClock) -> Exams:
    uids = {name: str(generate_uid()) for name in ("wang", "li", "doe")}
    request = Dataset()
    request.ScheduledProcedureStepID, request.RequestedProcedureID = "SPS1", "RP1"
    await site.send(
        exam(
            StudyInstanceUID=uids["wang"], SpecificCharacterSet="ISO_IR 192",
            PatientName="Wang^XiaoDong=王^小东", PatientID="P_1", StudyDate="20261101",
            StudyTime="083000", AccessionNumber="A1", StudyID="S1", Modality="CT",
            ReferringPhysicianName="Zhao^Min", StudyDescription="胸部 CT",
            RequestAttributesSequence=[request], TimezoneOffsetFromUTC="+0800",
        )
    )  # fmt: skip
    clock.advance(60)
    await site.send(
        exam(
            StudyInstanceUID=uids["li"], SpecificCharacterSet="ISO_IR 192",
            PatientName="Li^Na=李^娜", PatientID="P%2", StudyDate="20261110",
            StudyTime="103015.5", AccessionNumber="A2", StudyID="S2", Modality="MR",
            PerformedProcedureStepStartDate="20261110", PerformedProcedureStepStartTime="1031",
        )
    )  # fmt: skip
    clock.advance(60)
    await site.send(
        exam(
            StudyInstanceUID=uids["doe"], PatientName="Doe^Jane", PatientID="P12",
            StudyDate="20261120", StudyTime="235959", AccessionNumber="B1", StudyID="S3",
            Modality="CT", PatientBirthDate="19700101", PatientSex="F",
        )
    )  # fmt: skip
    await site.send(exam(StudyInstanceUID=uids["doe"], PatientName="Doe^Jane", Modality="SR"))
    return Exams(site, uids)


async def test_every_study_is_found_newest_first(exams: Exams) -> None:
    assert await exams.studies() == ["doe", "li", "wang"]


# One server for all of them: each is one request.
STUDY_MATCHES = [
    ("PatientName", "Wang*", ["wang"]),
    ("PatientName", "wang^xiaodong", ["wang"]),
    ("PatientName", "王*", ["wang"]),
    ("PatientName", "李^娜", ["li"]),
    ("PatientName", "*娜", ["li"]),
    ("PatientName", "DOE^J?NE", ["doe"]),
    ("PatientName", "Wang^XiaoDong=王^小东", ["wang"]),
    ("PatientName", "Xiao*", []),
    ("PatientName", "Doe^Jane^", ["doe"]),
    ("PatientName", "Doe^Jane^^=", ["doe"]),
    ("PatientName", "Doe^Jane^*^*", ["doe"]),
    ("PatientName", "Doe^*^*", ["doe"]),
    ("PatientName", "Doe^*=*", ["doe"]),
    ("PatientName", "Doe^Jane^*^X", []),
    ("PatientName", "Doe^", []),
    ("PatientName", "^*", []),
    ("PatientName", "=*", []),
    ("PatientName", "Wang^XiaoDong^=王^小东^", ["wang"]),
    ("PatientName", "Wang^*^*=王^*^*", ["wang"]),
    ("PatientName", "王^小东^*", ["wang"]),
    ("PatientName", "Wang^*=李^*", []),
    ("PatientName", "^^=", ["doe", "li", "wang"]),
    ("PatientID", "P_1", ["wang"]),
    ("PatientID", "P%2", ["li"]),
    ("PatientID", "P?2", ["doe", "li"]),
    ("PatientID", "P%*", ["li"]),
    ("PatientID", "P_*", ["wang"]),
    ("PatientID", "!*", []),
    ("PatientID", "' OR 1=1 --", []),
    ("StudyDate", "20261110", ["li"]),
    ("StudyDate", "20261101-20261110", ["li", "wang"]),
    ("StudyDate", "20261111-", ["doe"]),
    ("StudyDate", "-20261101", ["wang"]),
    ("StudyTime", "10", ["li"]),
    ("StudyTime", "103015.5", ["li"]),
    ("StudyTime", "0830-1030", ["li", "wang"]),
    ("StudyTime", "2359-", ["doe"]),
    ("AccessionNumber", "A*", ["li", "wang"]),
    ("AccessionNumber", "A1", ["wang"]),
    ("StudyID", "S3", ["doe"]),
    ("ReferringPhysicianName", "zhao*", ["wang"]),
    ("ReferringPhysicianName", "Zhao^Min^*^*", ["wang"]),
    ("ModalitiesInStudy", "CT", ["doe", "wang"]),
    ("ModalitiesInStudy", "SR", ["doe"]),
    ("ModalitiesInStudy", "MR,SR", ["doe", "li"]),
    ("ModalitiesInStudy", "C", []),
    ("PatientBirthDate", "19700101", ["doe"]),
    ("PatientSex", "F", ["doe"]),
    ("00100020", "P_1", ["wang"]),
    ("TimezoneOffsetFromUTC", "+0800", ["wang"]),
    ("PatientName", "*", ["doe", "li", "wang"]),
]


async def test_study_keys_match(exams: Exams) -> None:
    answers = {(key, value): await exams.studies(**{key: value}) for key, value, _ in STUDY_MATCHES}
    assert answers == {(key, value): found for key, value, found in STUDY_MATCHES}


async def test_lists_of_study_uids_match(exams: Exams) -> None:
    two = f"{exams.uids['doe']},{exams.uids['wang']}"
    assert await exams.studies(StudyInstanceUID=two) == ["doe", "wang"]
    assert await exams.studies(StudyInstanceUID=two.replace(",", "\\")) == ["doe", "wang"]


async def test_keys_together_narrow_the_search(exams: Exams) -> None:
    assert await exams.studies(ModalitiesInStudy="CT", StudyDate="-20261110") == ["wang"]


async def test_a_study_is_answered_with_all_that_the_standard_requires(exams: Exams) -> None:
    async with exams.site.get("/studies?PatientID=P_1") as response:
        assert response.headers["Content-Type"] == "application/dicom+json"
        (found,) = await response.json()
    assert found == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080020": {"vr": "DA", "Value": ["20261101"]},
        "00080030": {"vr": "TM", "Value": ["083000"]},
        "00080050": {"vr": "SH", "Value": ["A1"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00080061": {"vr": "CS", "Value": ["CT"]},
        "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Zhao^Min"}]},
        "00080201": {"vr": "SH", "Value": ["+0800"]},
        "00081030": {"vr": "LO", "Value": ["胸部 CT"]},
        "00081190": {
            "vr": "UR",
            "Value": [f"{exams.site.url}/studies/{exams.uids['wang']}"],
        },
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}],
        },
        "00100020": {"vr": "LO", "Value": ["P_1"]},
        "00100030": {"vr": "DA"},
        "00100040": {"vr": "CS", "Value": ["O"]},
        "0020000D": {"vr": "UI", "Value": [exams.uids["wang"]]},
        "00200010": {"vr": "SH", "Value": ["S1"]},
        "00201206": {"vr": "IS", "Value": [1]},
        "00201208": {"vr": "IS", "Value": [1]},
    }


async def series_found(exams: Exams, **filters: Any) -> list[dict[str, Any]]:
    client = exams.site.client()
    return await exams.site.ask(lambda: client.search_for_series(search_filters=filters))


async def test_series_are_found_by_their_keys(exams: Exams) -> None:
    (by_request,) = await series_found(
        exams, **{"RequestAttributesSequence.ScheduledProcedureStepID": "SPS1"}
    )
    assert by_request["0020000D"]["Value"] == [exams.uids["wang"]]
    assert by_request["00400275"]["Value"] == [
        {
            "00400009": {"vr": "SH", "Value": ["SPS1"]},
            "00401001": {"vr": "SH", "Value": ["RP1"]},
        }
    ]
    assert len(await series_found(exams, **{"00400275.00401001": "RP*"})) == 1
    assert len(await series_found(exams, Modality="MR")) == 1
    assert len(await series_found(exams, Modality="MR,SR")) == 2
    assert len(await series_found(exams, PerformedProcedureStepStartDate="20261110")) == 1
    assert len(await series_found(exams, PerformedProcedureStepStartTime="1031")) == 1
    assert len(await series_found(exams, SeriesNumber=1)) == 4
    assert len(await series_found(exams, SeriesNumber=2)) == 0
    assert len(await series_found(exams, PatientID="P12", Modality="SR")) == 1
    assert len(await series_found(exams, PatientID="P12", Modality="MR")) == 0


async def test_series_of_one_study_do_not_repeat_the_patient(exams: Exams) -> None:
    client = exams.site.client()
    found = await exams.site.ask(lambda: client.search_for_series(exams.uids["doe"]))
    assert {one["00080060"]["Value"][0] for one in found} == {"CT", "SR"}
    assert all("00100010" not in one for one in found)
    assert all(one["00201209"] == {"vr": "IS", "Value": [1]} for one in found)


async def test_instances_are_found_at_every_level(site: Site) -> None:
    slices = ct_series(3)
    for data in slices:
        await site.send(data)
    client = site.client()
    everywhere = await site.ask(client.search_for_instances)
    study = everywhere[0]["0020000D"]["Value"][0]
    series = everywhere[0]["0020000E"]["Value"][0]
    in_study = await site.ask(lambda: client.search_for_instances(study))
    in_series = await site.ask(lambda: client.search_for_instances(study, series))
    second = await site.ask(
        lambda: client.search_for_instances(study, series, search_filters={"InstanceNumber": 2})
    )
    assert [one["00200013"]["Value"][0] for one in everywhere] == [1, 2, 3]
    assert [one["00080018"] for one in everywhere] == [one["00080018"] for one in in_study]
    assert [one["00080018"] for one in everywhere] == [one["00080018"] for one in in_series]
    assert [one["00080018"] for one in second] == [everywhere[1]["00080018"]]
    assert everywhere[0]["00280010"] == {"vr": "US", "Value": [128]}
    assert everywhere[0]["00081190"]["Value"][0].endswith(
        f"/series/{series}/instances/{everywhere[0]['00080018']['Value'][0]}"
    )


async def test_included_fields_are_answered(exams: Exams) -> None:
    async with exams.site.get("/instances?includefield=KVP,00080070&PatientID=P_1") as response:
        (found,) = await response.json()
    assert found["00180060"] == {"vr": "DS", "Value": [120.0]}
    assert "00080070" in found
    async with exams.site.get("/series?includefield=all&PatientID=P_1") as response:
        (found,) = await response.json()
    assert {"00080070", "00081010", "00180015"} <= found.keys()
    async with exams.site.get("/studies?includefield=PatientAge&PatientID=P_1") as response:
        (found,) = await response.json()
    assert found["00101010"] == {"vr": "AS", "Value": ["000Y"]}


async def test_pages_neither_skip_nor_repeat(exams: Exams) -> None:
    client = exams.site.client()
    pages = [
        await exams.site.ask(lambda at=at: client.search_for_studies(limit=1, offset=at))  # type: ignore[misc]
        for at in range(4)
    ]
    uids = [page[0]["0020000D"]["Value"][0] for page in pages if page]
    assert uids == [exams.uids["doe"], exams.uids["li"], exams.uids["wang"]]
    assert pages[3] == []
    everything = await exams.site.ask(
        lambda: client.search_for_studies(limit=2, get_remaining=True)
    )
    assert [one["0020000D"]["Value"][0] for one in everything] == uids


async def test_a_page_with_more_behind_it_says_so(exams: Exams) -> None:
    async with exams.site.get("/studies?limit=2") as response:
        assert response.headers["Warning"].startswith("299 ")
        assert "additional results" in response.headers["Warning"]
    async with exams.site.get("/studies?limit=3") as response:
        assert "Warning" not in response.headers


FUZZY_MATCHES = [
    ("王小东", ["wang"]),
    ("小东", ["wang"]),
    ("东", ["wang"]),
    ("王*", ["wang"]),
    ("*东", ["wang"]),
    ("wang xiaodong", ["wang"]),
    ("WANGXIAODONG", ["wang"]),
    ("xiaodong^wang", ["wang"]),
    ("wxd", ["wang"]),
    ("ln", ["li"]),
    ("Li^Na=李^娜", ["li"]),
    ("Li^Na=王^娜", []),
    ("jane doe", ["doe"]),
    ("DOE^J?NE", ["doe"]),
    ("*ane", ["doe"]),
    ("*^J*", ["doe"]),
    ("*", ["doe", "li", "wang"]),
    ("王五", []),
    ("%", []),
]


async def test_fuzzy_matching_finds_names_as_people_type_them(exams: Exams) -> None:
    found = {
        typed: await exams.studies(PatientName=typed, fuzzymatching="true")
        for typed, _ in FUZZY_MATCHES
    }
    assert found == dict(FUZZY_MATCHES)
    # Without it, names match literally.
    assert await exams.studies(PatientName="wxd") == []
    assert await exams.studies(PatientName="王小东") == []


async def test_fuzzy_matching_reaches_series_and_instances(exams: Exams) -> None:
    for level, count in (("series", 2), ("instances", 2)):
        for typed in ("doe", "jane"):
            path = f"/{level}?PatientName={typed}&fuzzymatching=true"
            async with exams.site.get(path) as response:
                assert len(await response.json()) == count


async def test_fuzzy_matching_of_other_names_is_declined_aloud(exams: Exams) -> None:
    async with exams.site.get("/studies?PatientName=Doe*&fuzzymatching=true") as response:
        assert len(await response.json()) == 1
        assert "Warning" not in response.headers
    path = "/studies?ReferringPhysicianName=Zhao*&fuzzymatching=true"
    async with exams.site.get(path) as response:
        assert len(await response.json()) == 1
        assert "only supported for PatientName" in response.headers["Warning"]


async def test_a_name_that_many_share_is_found_newest_first(
    exams: Exams, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of searching, that for few and that for many, give the same list."""
    for _ in range(4):
        clock.advance(60)
        exams.uids[str(len(exams.uids))] = uid = str(generate_uid())
        await exams.site.send(exam(StudyInstanceUID=uid, PatientName="WANG^WEI", PatientID="W"))
    few = await exams.studies(PatientName="wang", fuzzymatching="true")
    literally = await exams.studies(PatientName="wang*")
    monkeypatch.setattr("server.studies.names._FEW_NAMES", 0)
    assert await exams.studies(PatientName="wang", fuzzymatching="true") == few
    assert await exams.studies(PatientName="wang*") == literally == few
    assert few == ["6", "5", "4", "3", "wang"]


async def test_nothing_found_is_no_content(exams: Exams) -> None:
    for path in ("/studies?PatientID=nobody", "/studies?offset=100"):
        async with exams.site.get(path) as response:
            assert (response.status, await response.read()) == (204, b"")


async def test_pages_are_linked_however_deep(exams: Exams) -> None:
    """Studies by the key of the last one: one that arrives meanwhile moves nothing."""
    seen = []
    path: str | None = "/studies?limit=1&includefield=PatientName"
    while path is not None:
        async with exams.site.get(path) as response:
            (found,) = await response.json()
            seen.append(found["0020000D"]["Value"][0])
            link = response.links.get("next")
            path = str(link["url"]).removeprefix(exams.site.url) if link is not None else None
            assert link is None or "after=" in str(link["url"])
        if len(seen) == 1:
            await exams.site.send(
                ct_bytes(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())
            )
    assert seen == [exams.uids["doe"], exams.uids["li"], exams.uids["wang"]]
    async with exams.site.get("/instances?limit=1") as response:
        assert "offset=1" in str(response.links["next"]["url"])
    for query, path in (("after=x", "/studies"), ("after=" + "A" * 40, "/studies")):
        async with exams.site.get(f"{path}?{query}") as response:
            assert (response.status, (await response.json())["code"]) == (400, "bad-cursor")


async def test_matches_and_metadata_come_in_xml_too(exams: Exams) -> None:
    accept = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    study = exams.uids["wang"]
    for path in ("/studies?PatientID=*", f"/studies/{study}/series", f"/studies/{study}/metadata"):
        async with exams.site.get(path) as response:
            expected = await response.json()
        async with exams.site.get(path, headers=accept) as response:
            assert response.status == 200
            kind = response.headers["Content-Type"]
            assert kind.startswith('multipart/related; type="application/dicom+xml"; boundary=')
            body = await response.read()
        found = [from_xml(document) for _, document in parts_of(kind, body)]
        assert [as_text(each) for each in expected] == found
    async with exams.site.get("/studies", headers={"Accept": "application/dicom+xml"}) as response:
        assert response.status == 406


async def test_only_what_is_within_reach_is_found(exams: Exams) -> None:
    assert await exams.studies(COUNTY) == ["doe", "li", "wang"]
    assert await exams.studies(OTHER_TOWNSHIP) == []
    for path in ("/series", "/instances", f"/studies/{exams.uids['doe']}/series"):
        async with exams.site.get(path, OTHER_TOWNSHIP) as response:
            assert response.status == 204


BAD_QUERIES = [
    "limit=-1",
    "limit=x",
    "offset=-1",
    "offset=99999999999999999999",
    "NoSuchAttribute=1",
    "StudyDate=yesterday",
    "StudyDate=20261301",
    "StudyTime=25",
    "StudyInstanceUID=x",
    "StudyInstanceUID=1.2,%27",
    "NumberOfStudyRelatedSeries=one",
    "NumberOfStudyRelatedSeries=99999999999999999999",
    "PatientID=a%00b",
    "PatientID=" + "x" * 5000,
    "emptyvaluematching=perhaps",
    "PatientID=1&PatientID=2",
]


async def test_a_query_that_makes_no_sense_is_refused(site: Site) -> None:
    answers = {}
    for query in BAD_QUERIES:
        async with site.get(f"/studies?{query}") as response:
            answers[query] = (response.status, response.content_type)
    assert answers == dict.fromkeys(BAD_QUERIES, (400, "application/problem+json"))


WARNED = [
    ("Modality=XA", "Modality"),
    ("PatientComments=1", "PatientComments"),
    ("SOPInstanceUID=1.2", "SOPInstanceUID"),
    ("SOPClassesInStudy=1.2", "SOPClassesInStudy"),
    ("NumberOfPatientRelatedStudies=9", "NumberOfPatientRelatedStudies"),
    ("00091001=x", "00091001"),
    ("includefield=NoSuchAttribute", "NoSuchAttribute"),
    ("includefield=00091001", "00091001"),
    ("includefield=KVP", "KVP"),
    ("includefield=KVP,PatientAge,all,%22", "KVP, ?"),
    ("emptyvaluematching=true", "emptyvaluematching"),
    ("multiplevaluematching=true", "multiplevaluematching"),
    ("emptyvaluematching=false", None),
    ("Modality=", None),
    ("includefield=PatientAge,IssuerOfPatientID,00101030,PatientWeight", None),
    ("includefield=SOPClassesInStudy,ModalitiesInStudy", None),
]


async def test_what_is_not_supported_is_left_out_and_said(exams: Exams) -> None:
    """PS3.18 8.3: as if it had not been asked."""
    for query, named in WARNED:
        async with exams.site.get(f"/studies?{query}") as response:
            assert (response.status, len(await response.json())) == (200, 3), query
            warning = response.headers.get("Warning")
        if named is None:
            assert warning is None, query
        else:
            assert warning is not None, query
            assert warning.startswith(f"299 {exams.site.url}: "), query
            assert named in warning, query


async def test_many_unknown_fields_make_no_long_header(site: Site) -> None:
    names = ",".join(f"No{number}" for number in range(1000))
    async with site.get(f"/studies?includefield={names}") as response:
        assert (response.status, len(response.headers["Warning"]) < 400) == (204, True)


async def test_all_of_a_patient_and_a_study_is_counted_where_asked(exams: Exams) -> None:
    city = {"PatientID": "P7", "IssuerOfPatientID": "CITY"}
    ecg = "1.2.840.10008.5.1.4.1.1.9.1.1"
    uids = [str(generate_uid()) for _ in range(2)]
    for uid in uids:
        await exams.site.send(exam(**city, StudyInstanceUID=uid))
    await exams.site.send(exam(**city, StudyInstanceUID=uids[0], SOPClassUID=ecg))
    await exams.site.send(exam(**city, StudyInstanceUID=generate_uid()), OTHER_TOWNSHIP)
    fields = (
        "NumberOfPatientRelatedStudies,NumberOfPatientRelatedSeries,"
        "NumberOfPatientRelatedInstances,IssuerOfPatientID,SOPClassesInStudy"
    )
    for key in (f"StudyInstanceUID={uids[0]}", "PatientID=P7&StudyDate=-20991231"):
        async with exams.site.get(f"/studies?{key}&includefield={fields}") as response:
            found = (await response.json())[-1]
        assert [found[tag]["Value"] for tag in ("00201200", "00201202", "00201204")] == [
            [2], [3], [3]
        ]  # fmt: skip
        assert found["00100021"] == {"vr": "LO", "Value": ["CITY"]}
        assert set(found["00080062"]["Value"]) == {ecg, "1.2.840.10008.5.1.4.1.1.2"}
    async with exams.site.get(f"/studies?PatientID=P12&includefield={fields}") as response:
        (found,) = await response.json()
    assert found["00201200"]["Value"] == [1]
    assert found["00100021"] == {"vr": "LO"}
    for issuer, count in (("CITY", 2), ("CI*", 2), ("TOWN", 0), ("institution*", 0), ("", 5)):
        async with exams.site.get(f"/studies?IssuerOfPatientID={issuer}") as response:
            assert len(await response.json() if response.status == 200 else []) == count, issuer


async def test_a_huge_includefield_harms_nobody(site: Site) -> None:
    for count in (800, 2000, 100_000):
        async with site.get(f"/studies?includefield={','.join(['00100010'] * count)}") as response:
            assert response.status in (204, 400)
    async with site.get("/studies") as response:
        assert response.status == 204


async def test_a_long_answer_is_gzipped_for_those_who_take_it(site: Site) -> None:
    for data in ct_series(8):
        await site.send(data)
    answers = {}
    for accepted in ("gzip", "identity", "br"):
        headers = {"Accept-Encoding": accepted}
        async with site.get("/instances?includefield=all", headers=headers) as response:
            answers[accepted] = response.headers.get("Content-Encoding"), await response.json()
            assert "Accept-Encoding" in response.headers["Vary"]
    assert [coding for coding, _ in answers.values()] == ["gzip", None, None]
    assert answers["gzip"][1] == answers["identity"][1] == answers["br"][1]


async def test_what_stands_in_no_column_is_answered_from_the_objects(site: Site) -> None:
    for number in (1, 2):
        await site.send(
            exam(
                StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4", InstanceNumber=number,
                PatientWeight=71.5, ProtocolName="THORAX", SeriesDate="20260102",
            )
        )  # fmt: skip
    weight, protocol, date = "00101030", "00181030", "00080021"
    for path, query, answered in (
        ("/studies", "includefield=PatientWeight,ProtocolName", {weight}),
        ("/studies", "includefield=all", {weight}),
        ("/series", f"includefield={protocol}&includefield=PatientWeight", {weight, protocol}),
        ("/studies/1.2.3/series", "includefield=all", {weight, protocol, date}),
        ("/studies", "", set()),
        ("/instances", "includefield=ProtocolName&InstanceNumber=2", {protocol}),
        ("/instances", "includefield=all&InstanceNumber=2", {weight, protocol, date}),
    ):  # fmt: skip
        async with site.get(f"{path}?{query}") as response:
            (found,) = await response.json()
        assert found.keys() & {weight, protocol, date} == answered, (path, query)
    # All of an instance is its metadata, pixel data by reference.
    assert found["7FE00010"]["BulkDataURI"].startswith(site.url)
    assert found["00280100"] == {"vr": "US", "Value": [16]}


def test_what_is_shared_is_known_to_the_dictionary_and_in_no_column() -> None:
    for keys in SHARED.values():
        assert all(len(tag_of(keyword)) == 8 for keyword in keys)
        assert not keys & ATTRIBUTES.keys()
