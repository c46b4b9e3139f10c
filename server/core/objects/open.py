"""From a settings URL to the two opened stores: originals, and derived data beside them."""

import re
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from server.core.objects.file_store import FileStore
from server.core.objects.port import ObjectStore
from server.core.objects.s3_http import S3Location
from server.core.objects.s3_store import S3Store
from server.core.objects.tiered import TieredStore

# S3 bucket naming rules, less the 8 characters "-derived" takes.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,53}[a-z0-9]")
_DEFAULT_PORTS = {"s3+http": 80, "s3+https": 443}


@dataclass(frozen=True, slots=True)
class ObjectStores:
    """Originals are never overwritten; derived data can always be rebuilt, and replaced."""

    originals: ObjectStore
    derived: ObjectStore


@asynccontextmanager
async def open_object_stores(url: str, *, executor: Executor) -> AsyncIterator[ObjectStores]:
    """Open both stores the URL names, and close them afterwards."""
    stores = build_object_stores(url, executor=executor)
    await stores.originals.open()
    try:
        await stores.derived.open()
        try:
            yield stores
        finally:
            await stores.derived.close()
    finally:
        await stores.originals.close()


def build_cold_store(url: str, hot: ObjectStore, *, executor: Executor) -> TieredStore:
    """Build the second store that the URL names, behind the first; raises as below."""
    return TieredStore(hot, build_object_stores(url, executor=executor).originals)


def build_object_stores(url: str, *, executor: Executor) -> ObjectStores:
    """Build both stores; the ValueError for a bad URL does not repeat it, for it holds a secret."""
    scheme = url.partition(":")[0]
    match scheme:
        case "file":
            root = _directory(url)
            return ObjectStores(
                originals=FileStore(root, executor=executor),
                derived=FileStore(
                    root.with_name(f"{root.name}-derived"), executor=executor, replaceable=True
                ),
            )
        case "s3+http" | "s3+https":
            location = parse_s3_url(url)
            derived = replace(location, bucket=f"{location.bucket}-derived")
            return ObjectStores(
                originals=S3Store(location, executor=executor),
                derived=S3Store(derived, executor=executor, replaceable=True),
            )
        case _:
            raise ValueError("the object store URL must begin with file:, s3+http: or s3+https:")


def parse_s3_url(url: str) -> S3Location:
    """Read ``s3+http(s)://key:secret@host:port/bucket[?region=…]``; percent-encode the secret."""
    try:
        parts = urlsplit(url)
        # A "/" in an unencoded secret makes part of it the port, which urllib then quotes.
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(
            "the object store URL is not s3+http(s)://key:secret@host:port/bucket "
            "(is the secret percent-encoded?)"
        ) from None
    bucket = parts.path.strip("/")
    if not (parts.hostname and parts.username and parts.password):
        raise ValueError("the object store URL needs key, secret and host")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError("the object store URL needs one bucket name of 3 to 55 characters")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
    return S3Location(
        netloc=host if port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}",
        secure=parts.scheme == "s3+https",
        bucket=bucket,
        access_key=unquote(parts.username),
        secret_key=unquote(parts.password),
        region=region,
    )


def _directory(url: str) -> Path:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc or not path.strip("/."):
        raise ValueError("the object store URL must be file:./path or file:/path")
    return Path(path)
