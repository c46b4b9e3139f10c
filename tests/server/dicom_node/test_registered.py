"""What may be registered of a device."""

import pytest

from server.core.errors import InvalidInput
from server.dicom_node.public import DeviceAddress


@pytest.mark.parametrize("host", ["", "http://a", "a b", "a" * 256])
def test_an_address_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="a host is"):
        DeviceAddress(host, 104)
    for port in (0, 65_536):
        with pytest.raises(InvalidInput, match="a port is"):
            DeviceAddress("archive.local", port)
