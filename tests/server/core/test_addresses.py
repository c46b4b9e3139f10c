"""Which address a request is said to come from."""

import pytest

from server.core.addresses import ClientAddresses


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["10.9.9.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7", "10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4", "not an address"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        (None, ["1.2.3.4"], "unknown"),
    ],
)
def test_only_what_trusted_proxies_wrote_counts(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    assert ClientAddresses(["10.0.0.0/8"]).behind(peer, forwarded) == expected
