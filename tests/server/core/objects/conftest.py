"""One store of each kind; every contract test runs over all of them."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import cast

import pytest

from server.core.objects.open import ObjectStores, open_object_stores
from tests.support.stores import S3Server, running_minio, running_seaweedfs


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_minio(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session", params=["seaweedfs", "minio"])
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    return cast("S3Server", request.getfixturevalue(request.param))


@pytest.fixture(scope="session", params=["file", "seaweedfs", "minio"])
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "file":
        return f"file:{tmp_path_factory.mktemp('files') / 'objects'}"
    return cast("S3Server", request.getfixturevalue(request.param)).url


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
async def stores(store_url: str, executor: Executor) -> AsyncIterator[ObjectStores]:
    async with open_object_stores(store_url, executor=executor) as opened:
        yield opened
