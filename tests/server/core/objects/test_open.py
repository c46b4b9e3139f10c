"""From a settings URL to two stores, and never a secret on the way."""

from concurrent.futures import Executor
from pathlib import Path

import pytest

from server.core.objects.open import build_object_stores, open_object_stores, parse_s3_url
from tests.server.core.objects.bodies import put, read

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "netloc", "secure"),
    [
        ("s3+http://k:s@127.0.0.1:9000/bucket", "127.0.0.1:9000", False),
        ("s3+https://k:s@store.example/bucket", "store.example", True),
        ("s3+https://k:s@store.example:443/bucket/", "store.example", True),
        ("s3+http://k:s@store.example:80/bucket", "store.example", False),
        ("s3+https://k:s@store.example:80/bucket", "store.example:80", True),
        ("s3+http://k:s@[::1]:9000/bucket", "[::1]:9000", False),
    ],
)
def test_the_host_is_what_the_request_will_carry(url: str, netloc: str, secure: bool) -> None:
    location = parse_s3_url(url)
    assert (location.netloc, location.secure, location.bucket) == (netloc, secure, "bucket")


def test_secret_and_region_are_read() -> None:
    location = parse_s3_url("s3+http://a%40b:c%2F%3A%40d@host/bucket?region=cn-north-1")
    assert (location.access_key, location.secret_key) == ("a@b", "c/:@d")
    assert location.region == "cn-north-1"


@pytest.mark.parametrize(
    "url",
    [
        f"s3+http://key:{SECRET}/half@host/bucket",
        f"s3+http://key:{SECRET}@host/",
        f"s3+http://key:{SECRET}@host/Bad_Bucket",
        f"s3+http://key:{SECRET}@host/{'b' * 56}",
        f"s3+http://key:{SECRET}@host/two/parts",
        f"s3+http://key:{SECRET}@/bucket",
        f"s3+http://key:{SECRET}@host:{SECRET}/bucket",
        f"s3+http://{SECRET}@host/bucket",
        f"s3+ftp://key:{SECRET}@host/bucket",
        f"http://key:{SECRET}@host/bucket",
        f"file://{SECRET}/path",
        "file:",
        "file:/",
        "file:.",
        "",
    ],
)
def test_a_url_that_is_not_understood_is_refused_without_repeating_it(
    url: str, executor: Executor
) -> None:
    with pytest.raises(ValueError, match="object store URL") as caught:
        build_object_stores(url, executor=executor)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_repr_shows_the_secret(executor: Executor) -> None:
    stores = build_object_stores(f"s3+http://key:{SECRET}@host/bucket", executor=executor)
    assert SECRET not in repr(stores)
    assert "bucket-derived" in repr(stores.derived)


@pytest.mark.parametrize("form", ["file:{}", "file://{}"])
async def test_files_are_kept_where_the_url_says_and_derived_data_beside_them(
    tmp_path: Path, executor: Executor, form: str
) -> None:
    async with open_object_stores(form.format(tmp_path / "objects"), executor=executor) as stores:
        await put(stores.originals, "a/b", b"original")
        await put(stores.derived, "a/b", b"derived")
        assert await read(stores.originals, "a/b") == b"original"
    assert (tmp_path / "objects/a/b").read_bytes() == b"original"
    assert (tmp_path / "objects-derived/a/b").read_bytes() == b"derived"


async def test_a_relative_path_is_relative_to_where_the_server_runs(
    tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_object_stores("file:./objects", executor=executor) as stores:
        await put(stores.originals, "a", b"x")
    assert (tmp_path / "objects/a").read_bytes() == b"x"
