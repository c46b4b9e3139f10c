"""What tries to sign in are counted under."""

from server.identity.throttle import throttled_as


def test_one_ipv6_customer_is_counted_as_one() -> None:
    assert throttled_as("2001:db8:1:2::1") == throttled_as("2001:db8:1:2:ffff::9")
    assert throttled_as("2001:db8:1:2::1") != throttled_as("2001:db8:1:3::1")
    assert throttled_as("203.0.113.9") != throttled_as("203.0.113.10")
