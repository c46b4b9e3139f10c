"""The row of the attack table about addresses that a stranger names: none is ever called.

A C-MOVE goes to registered devices and nowhere else; half of a destination's refusals are in
`tests/server/dicom_node/test_retrieve.py`. Nothing here calls a webhook, and no address inside of
an object is followed.
"""

import asyncio
import io

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE

from dicom.dimse.information_models import STUDY_ROOT_MOVE
from tests.dicom.dimse.node import (
    command,
    context_item,
    p_data,
    pdv,
)
from tests.server.attacks.installation import SUCCESS, Attacked
from tests.server.attacks.test_objects import data_set_of
from tests.support.dicom_files import ct_bytes
from tests.support.tcp import loopback_server

MOVE_DESTINATION_UNKNOWN = 0xA801
JPIP = "1.2.840.10008.1.2.4.94"
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    "destination", ["127.0.0.1", "169.254.169.254", "LOCALHOST:8080", "TOWNSHIP1"]
)
async def test_a_c_move_to_an_address(attacked: Attacked, destination: str) -> None:
    """0xA801 for whatever is no registered device with an address."""
    since = len(attacked.log(attacked.node).encode())
    status = await asyncio.to_thread(_move, attacked.site.dicom_port, destination)
    assert status == MOVE_DESTINATION_UNKNOWN
    await attacked.logged(attacked.node, "a retrieval to an unknown destination", since)
    await attacked.honest()


async def test_addresses_inside_of_objects(attacked: Attacked) -> None:
    """No bulk data, pixel provider or retrieve URL of an object is ever followed."""
    called: list[object] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer.get_extra_info("peername"))

    async with loopback_server(listen) as port:
        there = f"http://127.0.0.1:{port}/latest/meta-data"
        linked = ct_bytes(
            SOPInstanceUID=generate_uid(), StudyInstanceUID=generate_uid(), RetrieveURL=there,
            PixelDataProviderURL=there,
        )  # fmt: skip
        assert (await attacked.stow(linked))[0] == 200
        again = ct_bytes(
            SOPInstanceUID=(uid := generate_uid()), StudyInstanceUID=generate_uid(),
            RetrieveURL=there,
        )  # fmt: skip
        assert await attacked.store(data_set_of(again), instance=uid) == SUCCESS
        metadata = [{
            "00080016": {"vr": "UI", "Value": [CT]},
            "00080018": {"vr": "UI", "Value": [generate_uid()]},
            "0020000D": {"vr": "UI", "Value": [generate_uid()]},
            "0020000E": {"vr": "UI", "Value": [generate_uid()]},
            "7FE00010": {"vr": "OW", "BulkDataURI": there},
        }]  # fmt: skip
        headers = {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=b'}
        body = (
            b"--b\r\nContent-Type: application/dicom+json\r\n\r\n"
            + orjson.dumps(metadata)
            + b"\r\n--b--"
        )
        async with attacked.asked(
            "POST", "/dicomweb/studies", data=io.BytesIO(body), headers=headers
        ) as answer:
            assert 400 <= answer.status < 500
        # Pixels that stay behind at an address of the sender's choosing are not negotiated.
        async with attacked.associated(context_item(1, CT, JPIP)) as peer:
            await peer.send(p_data(pdv(1, 3, command(0x01, CT, instance=uid, has_data_set=True))))
            assert (await peer.receive())[0] == 0x07
        await attacked.honest_person()
        await attacked.honest()
    assert called == []


def _move(port: int, destination: str) -> int:
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", generate_uid()
    entity = AE(ae_title="ASKING")
    entity.add_requested_context(STUDY_ROOT_MOVE)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    try:
        ((status, _),) = association.send_c_move(wanted, destination, STUDY_ROOT_MOVE)
        return int(status.Status)
    finally:
        association.release()
