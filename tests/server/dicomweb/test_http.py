"""HEAD, ranges, other sites' pages, and what the service says of itself."""

from io import BytesIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError
from pydicom import dcmread

from server.core.settings import HttpSettings
from server.identity.models import Role
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.support.application import running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes, ct_series

WADL: Final = "{http://wadl.dev.java.net/2009/02}"
VIEWER: Final = "https://viewer.example.cn"
OBJECT: Final = {"Accept": "application/dicom; transfer-syntax=*"}


async def test_head_tells_what_get_would_and_sends_nothing(site: Site) -> None:
    for data in (data_set := ct_series(2)):
        await site.send(data)
    study, series, _ = uids(data_set[0])
    instance = path_of(data_set[0])
    session = site.http
    for path in (
        instance, f"/studies/{study}", f"/studies/{study}/metadata", f"{instance}/metadata",
        f"/studies/{study}/series/{series}/metadata", f"{instance}/frames/1", "/studies",
        f"{instance}/bulkdata/7FE00010", f"{instance}/rendered", f"/studies/{study}/rendered",
        f"{instance}/thumbnail",
    ):  # fmt: skip
        async with site.get(path) as response:
            await response.read()
            told = response.headers
        # The same connection goes on: nothing of a body stands in its way.
        async with session.head(site.url + path) as response:
            assert response.status == 200, path
            assert await response.read() == b""
            assert response.headers.get("ETag") == told.get("ETag"), path
            assert (
                response.headers["Content-Type"].partition("boundary")[0]
                == (told["Content-Type"].partition("boundary")[0])
            )
    async with session.head(f"{site.url}/studies/1.2.3") as response:
        assert response.status == 404


async def test_stretches_of_objects_and_values_are_given(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    pixels = dcmread(BytesIO(data)).PixelData
    for path, whole, headers in (
        (path_of(data), data, OBJECT),
        (f"{path_of(data)}/bulkdata/7FE00010", pixels, {"Accept": "application/octet-stream"}),
        (f"{path_of(data)}/frames/1", pixels, {"Accept": "application/octet-stream"}),
    ):
        size = len(whole)
        for asked, start, end in (
            ("bytes=0-0", 0, 1), ("bytes=100-140", 100, 141), ("bytes=131-132", 131, 133),
            ("bytes=1000-", 1000, size), ("bytes=-7", size - 7, size),
            (f"bytes=5-{size + 100}", 5, size), (f"bytes=-{2 * size}", 0, size),
        ):  # fmt: skip
            async with site.get(path, headers={**headers, "Range": asked}) as response:
                assert response.status == 206, (path, asked)
                assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
                assert await response.read() == whole[start:end], (path, asked)
        for asked in (f"bytes={size}-", "bytes=-0"):
            async with site.get(path, headers={**headers, "Range": asked}) as response:
                assert response.status == 416
                assert response.headers["Content-Range"] == f"bytes */{size}"
                assert (await response.json())["code"] == "no-such-range"
        for asked in ("bytes=0-1,4-5", "lines=1-2", "bytes=9-2", "bytes=-"):
            async with site.get(path, headers={**headers, "Range": asked}) as response:
                assert (response.status, await response.read()) == (200, whole)


async def test_a_range_of_another_state_is_answered_with_all(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    async with site.get(path_of(data), headers=OBJECT) as response:
        assert response.headers["Accept-Ranges"] == "bytes"
        tag = response.headers["ETag"]
    for known, status in ((tag, 206), ('"other"', 200)):
        headers = {**OBJECT, "Range": "bytes=0-9", "If-Range": known}
        async with site.get(path_of(data), headers=headers) as response:
            assert response.status == status


async def test_who_insists_on_another_state_gets_nothing(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    instance, names = (
        path_of(data),
        zip(("studyUID", "seriesUID", "objectUID"), uids(data), strict=True),
    )
    uri = "&".join(f"{name}={uid}" for name, uid in names)
    for path in (
        instance, f"{instance}/rendered", f"{instance}/thumbnail", f"{instance}/frames/1",
        f"{instance}/bulkdata", f"{instance}/bulkdata/7FE00010",
        f"/wado?requestType=WADO&{uri}",
    ):  # fmt: skip
        async with site.get(path) as response:
            tag = response.headers["ETag"]
        for insisted, status in (
            (tag, 200), (f'"other", {tag}', 200), ("*", 200),
            ('"other"', 412), (f"W/{tag}", 412), ("nonsense", 412),
        ):  # fmt: skip
            async with site.get(path, headers={"If-Match": insisted}) as response:
                assert response.status == status, (path, insisted)
                if status == 412:
                    assert (await response.json())["code"] == "another-state"
        # If-Match is looked at first.
        both = {"If-Match": '"other"', "If-None-Match": tag}
        async with site.get(path, headers=both) as response:
            assert response.status == 412
        async with site.get(path, headers={"If-Match": tag, "If-None-Match": tag}) as response:
            assert response.status == 304
    # Metadata are named weakly, gzipped or not: so they are the same, and never the very same.
    async with site.get(f"{instance}/metadata") as response:
        weak = response.headers["ETag"]
    for insisted, status in ((weak, 412), ("*", 200)):
        async with site.get(f"{instance}/metadata", headers={"If-Match": insisted}) as response:
            assert response.status == status


async def test_a_preamble_that_is_a_program_is_in_no_stretch_either(site: Site) -> None:
    data = b"MZ" + ct_bytes()[2:]
    await site.send(data)
    async with site.get(path_of(data), headers={**OBJECT, "Range": "bytes=0-1"}) as response:
        assert await response.read() == b"\0\0"


async def test_the_service_describes_itself(site: Site) -> None:
    async with site.http.options(site.url + "/") as response:
        assert response.status == 200
        assert response.content_type == "application/vnd.sun.wadl+xml"
        root = ET.fromstring(await response.read())  # noqa: S314  our own answer
    resources = root.find(f"{WADL}resources")
    assert resources is not None
    assert resources.get("base") == site.url
    found: dict[str, str] = {}

    def walk(element: ET.Element, path: str) -> None:
        for method in element.findall(f"{WADL}method"):
            found[f"{method.get('name')} {path}"] = str(method.get("id"))
        for child in element.findall(f"{WADL}resource"):
            walk(child, f"{path}/{child.get('path')}")

    walk(resources, "")
    routes = {
        f"{route.method} {route.path.removeprefix('/dicomweb')}"
        for route in site.routes
        if route.method in ("GET", "POST") and route.path.strip("/") != "dicomweb"
    }
    assert set(found) == routes
    assert found["GET /studies"] == "SearchForStudies"
    assert found["POST /studies/{study}"] == "StoreStudyInstances"
    assert found["GET /studies/{study}/metadata"] == "RetrieveStudyMetadata"
    assert found["GET /studies/{study}"] == "RetrieveStudy"
    assert found["GET /studies/{study}/series"] == "SearchForStudySeries"
    headers = {"Accept": "application/json"}
    async with site.http.options(site.url + "/", headers=headers) as response:
        described = (await response.json())["application"]["resources"]
    assert described["base"] == site.url
    assert {each["path"] for each in described["resource"]} == {
        "studies", "series", "instances", "wado",
    }  # fmt: skip


async def test_no_other_site_s_page_reads_anything_unless_it_is_named(tmp_path: Path) -> None:
    preflight = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    for number, (origins, origin, allowed) in enumerate((
        ((), VIEWER, None), ((VIEWER,), "https://evil.example.cn", None),
        ((VIEWER,), VIEWER, VIEWER),
    )):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        migrated_sqlite(folder / "lianzhen.db")
        settings = settings_for(folder)
        http = settings.http.model_copy(update={"cors_origins": origins})
        async with running_app(settings.model_copy(update={"http": http})) as app:
            who = await app.token("reader", "county", Role.COUNTY_READER)
            for method, headers in (("OPTIONS", preflight), ("GET", who)):
                answer = await app.client.request(
                    method, "/dicomweb/studies", headers={"Origin": origin, **headers}
                )
                assert answer.status < 300
                assert answer.headers.get("Access-Control-Allow-Origin") == allowed
                assert "Access-Control-Allow-Credentials" not in answer.headers
                told = answer.headers.get("Access-Control-Allow-Headers")
                assert (told is not None) == (allowed is not None and method == "OPTIONS")
            answer = await app.client.get("/api/studies", headers={"Origin": origin, **who})
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_site_is_named_by_its_origin() -> None:
    assert HttpSettings(cors_origins=("HTTPS://Viewer.example.cn:443/",)).cors_origins == (VIEWER,)
    for wrong in ("*", "viewer.example.cn", "https://user@viewer.example.cn", f"{VIEWER}/page"):
        with pytest.raises(ValidationError, match="cors_origins must be like"):
            HttpSettings(cors_origins=(wrong,))
