"""What each route asks of those who call it, and how it is described."""

from typing import Final

from aiohttp import web

from server.core.http import ACCESS, Public, Requires, SignedIn, add_routes
from server.core.openapi import openapi_document
from server.identity.public import Action
from server.studies.public import ATTRIBUTES, Level
from tests.server.dicomweb.site import Site

STUDY: Final = "/studies/{study}"
SERIES: Final = f"{STUDY}/series/{{series}}"
INSTANCE: Final = f"{SERIES}/instances/{{instance}}"
FRAMES: Final = f"{INSTANCE}/frames/{{frames}}"


READS: Final = tuple(
    f"/dicomweb{path}"
    for path in (
        "/studies", "/series", "/instances",
        f"{STUDY}/series", f"{STUDY}/instances", f"{SERIES}/instances",
        STUDY, SERIES, INSTANCE,
        *(f"{each}/{name}" for each in (STUDY, SERIES, INSTANCE)
          for name in ("metadata", "bulkdata", "pixeldata")),
        *(f"{each}/{name}" for each in (STUDY, SERIES, INSTANCE, FRAMES)
          for name in ("rendered", "thumbnail")),
        "/wado", FRAMES, f"{INSTANCE}/bulkdata/{{value}}",
    )
)  # fmt: skip


async def test_the_routes_are_those_of_the_standard_each_with_its_right(site: Site) -> None:
    read, create = Requires(Action.EXAM_READ), Requires(Action.EXAM_CREATE)
    service = ("/dicomweb", "/dicomweb/")
    expected = {
        ("POST", "/dicomweb/studies", create),
        ("POST", f"/dicomweb{STUDY}", create),
        *((method, path, read) for path in READS for method in ("GET", "HEAD")),
        *(("OPTIONS", path, Public()) for path in READS),
        *((method, path, SignedIn()) for path in service for method in ("GET", "OPTIONS")),
    }
    assert {(route.method, route.path, route.access) for route in site.routes} == expected


async def test_rendering_is_described_with_its_parameters(site: Site) -> None:
    app = web.Application()
    app[ACCESS] = {}
    add_routes(app, site.routes)
    document = openapi_document(app, version="1")
    path = "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered"
    names = {each["name"] for each in document["paths"][path]["get"]["parameters"]}
    assert names == {
        "study",
        "series",
        "instance",
        "viewport",
        "window",
        "quality",
        "accept",
        "language",
    }


def test_every_key_that_the_standard_requires_is_in_the_index() -> None:
    required = {
        Level.PATIENT: {"PatientName", "PatientID"},
        Level.STUDY: {
            "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy",
            "ReferringPhysicianName", "StudyInstanceUID", "StudyID",
        },
        Level.SERIES: {
            "Modality", "SeriesInstanceUID", "SeriesNumber", "PerformedProcedureStepStartDate",
            "PerformedProcedureStepStartTime",
            "RequestAttributesSequence.ScheduledProcedureStepID",
            "RequestAttributesSequence.RequestedProcedureID",
        },
        Level.INSTANCE: {"SOPClassUID", "SOPInstanceUID", "InstanceNumber"},
    }  # fmt: skip
    for level, keywords in required.items():
        assert keywords <= {each.keyword for each in ATTRIBUTES.values() if each.level is level}
