"""What an object store can answer instead of bytes.

ObjectStoreError
├── InvalidObjectKey         the key could not be stored safely anywhere (also a ValueError)
├── ObjectMissing            no object under this key
├── ObjectRangeOutside       the range asked for is not wholly inside the object
├── DigestMismatch           the bytes that came are not those announced; nothing was kept
│   └── StoredDigestMismatch the bytes the store holds are not those announced
├── ObjectStoreFull          no room; worth another try once there is
├── ObjectStoreUnavailable   down, slow, cut or failing; worth another try
└── ObjectStoreRefused       the store understood and said no: credentials, policy, bucket
"""

from typing import ClassVar


class ObjectStoreError(Exception):
    """Anything an object store could not do; ``retryable`` says whether waiting may help."""

    code: ClassVar[str] = "object_store"
    retryable: ClassVar[bool] = False


class InvalidObjectKey(ObjectStoreError, ValueError):
    """The key breaks the rules of ``check_key``."""

    code = "object_key_invalid"


class ObjectMissing(ObjectStoreError):
    """There is no object under this key."""

    code = "object_missing"


class ObjectRangeOutside(ObjectStoreError):
    """The range asked for is not wholly inside the object."""

    code = "object_range_outside"


class DigestMismatch(ObjectStoreError):
    """The stream was not what its caller announced, so nothing was kept of it."""

    code = "object_digest_mismatch"


class StoredDigestMismatch(DigestMismatch):
    """The store holds other bytes under this key than those announced."""

    code = "object_stored_digest_mismatch"


class ObjectStoreFull(ObjectStoreError):
    """The store has no room left."""

    code = "object_store_full"
    retryable = True


class ObjectStoreUnavailable(ObjectStoreError):
    """The store is down, too slow, failing, or cut the stream."""

    code = "object_store_unavailable"
    retryable = True


class ObjectStoreRefused(ObjectStoreError):
    """The store understood the request and refuses it until its configuration changes."""

    code = "object_store_refused"
