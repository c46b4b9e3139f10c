"""What each route asks of those who call it, and how it is described."""

from aiohttp import web

from server.core.http import ACCESS, Requires, add_routes
from server.core.openapi import openapi_document
from server.identity.public import Action
from server.studies.public import ATTRIBUTES, Level
from tests.server.dicomweb.site import Site


async def test_reading_and_storing_each_need_their_right(site: Site) -> None:
    needed = {(route.method, route.access) for route in site.routes}
    assert needed == {
        ("GET", Requires(Action.EXAM_READ)),
        ("POST", Requires(Action.EXAM_CREATE)),
    }


async def test_the_routes_are_those_of_the_standard(site: Site) -> None:
    study = "/dicomweb/studies/{study}"
    series = f"{study}/series/{{series}}"
    instance = f"{series}/instances/{{instance}}"
    assert {(route.method, route.path) for route in site.routes} == {
        ("POST", "/dicomweb/studies"),
        ("POST", study),
        *(
            ("GET", path)
            for path in (
                "/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances",
                f"{study}/series", f"{study}/instances", f"{series}/instances",
                study, series, instance,
                f"{study}/metadata", f"{series}/metadata", f"{instance}/metadata",
                f"{instance}/frames/{{frames}}", f"{instance}/bulkdata/{{value}}",
                f"{instance}/rendered", f"{instance}/frames/{{frames}}/rendered",
            )
        ),
    }  # fmt: skip


async def test_rendering_is_described_with_its_parameters(site: Site) -> None:
    app = web.Application()
    app[ACCESS] = {}
    add_routes(app, site.routes)
    document = openapi_document(app, version="1")
    path = "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered"
    names = {each["name"] for each in document["paths"][path]["get"]["parameters"]}
    assert names == {"study", "series", "instance", "viewport", "window", "quality", "accept"}


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
