"""Command sets against pynetdicom's encoder and decoder, and against damaged bytes."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import decode, encode

from dicom.dimse.command import CommandError, Element, decode_command, encode_response
from tests.dicom.dimse.node import CT, command, element


def test_command_of_pynetdicom_is_read() -> None:
    primitive = C_STORE()
    primitive.MessageID = 7
    primitive.AffectedSOPClassUID = UID(CT)
    primitive.AffectedSOPInstanceUID = UID("1.2.3")
    primitive.Priority = 2
    primitive.MoveOriginatorApplicationEntityTitle = "MOVER"
    primitive.MoveOriginatorMessageID = 9
    primitive.DataSet = BytesIO(b"\0\0")
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, is_implicit_vr=True, is_little_endian=True)
    assert encoded is not None
    read = decode_command(encoded)
    assert (read.command_field, read.message_id, read.has_data_set) == (1, 7, True)
    assert read.text(Element.AFFECTED_SOP_CLASS_UID) == CT
    assert read.text(Element.AFFECTED_SOP_INSTANCE_UID) == "1.2.3"
    assert read.text(Element.MOVE_ORIGINATOR_AE) == "MOVER"
    assert read.number(Element.MOVE_ORIGINATOR_MESSAGE_ID) == 9
    assert read.number(Element.PRIORITY) == 2


def test_response_is_read_by_pynetdicom() -> None:
    request = decode_command(command(1, CT, message_id=77, instance="1.2.3.4", has_data_set=True))
    encoded = encode_response(request, 0xA700, "kaputt \\ \n 满")
    ds = decode(BytesIO(encoded), is_implicit_vr=True, is_little_endian=True)
    assert ds.CommandGroupLength == len(encoded) - 12
    assert (ds.CommandField, ds.MessageIDBeingRespondedTo, ds.Status) == (0x8001, 77, 0xA700)
    assert (ds.AffectedSOPClassUID, ds.AffectedSOPInstanceUID) == (CT, "1.2.3.4")
    assert ds.CommandDataSetType == 0x0101
    assert ds.ErrorComment == "kaputt ? ? ?"


def test_comment_is_cut_to_64_characters() -> None:
    encoded = encode_response(decode_command(command(1, CT)), 0x0110, "x" * 500)
    ds = decode(BytesIO(encoded), is_implicit_vr=True, is_little_endian=True)
    assert ds.ErrorComment == "x" * 64


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0\0\0\1", "cut inside its header"),
        (element(0x0100, b"\1\0")[:-1], "longer than the command set"),
        (element(0x0110, b"\1\0") + element(0x0100, b"\1\0"), "out of order"),
        (element(0x0110, b"\1\0") * 2, "out of order"),
        (b"\x08" + element(0x0100, b"\1\0")[1:], "another group"),
    ],
)
def test_damaged_command_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        decode_command(data)


@given(st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read = decode_command(data)
    except CommandError:
        return
    assert sum(8 + len(value) for value in read.elements.values()) == len(data)
