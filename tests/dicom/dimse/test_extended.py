"""What is negotiated beyond presentation contexts, as pynetdicom asks for it."""

import asyncio
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)

from dicom.dimse.callbacks import Admission
from dicom.dimse.extended import QueryOptions, agreed_on
from dicom.dimse.information_models import (
    MODALITY_WORKLIST_FIND,
    PATIENT_ROOT_GET,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
)
from dicom.dimse.items import MalformedRequestError
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import Negotiator
from tests.dicom.dimse.node import (
    CT,
    ECHO,
    IMPLICIT,
    VERIFICATION,
    associate_request,
    context_item,
    item,
    raw_peer,
    running_node,
    user_item,
)


def _asked(sop_class: str, information: bytes) -> SOPClassExtendedNegotiation:
    asked = SOPClassExtendedNegotiation()
    asked.sop_class_uid = UID(sop_class)
    asked.service_class_application_information = information
    return asked


def _associate(port: int, items: Sequence[Any], query: bool = False) -> dict[str, Any]:
    entity = AE(ae_title="PEER")
    for sop_class in (VERIFICATION, CT, STUDY_ROOT_FIND):
        entity.add_requested_context(sop_class)
    association = entity.associate("127.0.0.1", port, ext_neg=list(items))
    assert association.is_established
    try:
        if query:
            wanted = Dataset()
            wanted.QueryRetrieveLevel, wanted.PatientName = "STUDY", "wang"
            list(association.send_c_find(wanted, STUDY_ROOT_FIND))
        acceptor = association.acceptor
        return {
            "extended": {str(uid): info for uid, info in acceptor.sop_class_extended.items()},
            "window": acceptor.asynchronous_operations,
            "identity": acceptor.user_identity,
            "echo": association.send_c_echo().Status,
        }
    finally:
        association.release()


async def test_pynetdicom_hears_what_each_service_does_beyond_its_baseline() -> None:
    items = [
        _asked(STUDY_ROOT_FIND, b"\1\1\1\1\1"),
        _asked(CT, b"\2\0\0\0\2\0"),
        _asked("1.2.3.4", b"\1"),
    ]
    async with running_node() as node:
        heard = await asyncio.to_thread(_associate, node.port, items, True)
        assert heard["extended"] == {STUDY_ROOT_FIND: b"\1\1\1\0\0", CT: b"\2\0\3\0\0\0"}
        assert node.finder.requests[0].options == QueryOptions(
            combined_times=True, fuzzy_names=True
        )
        assert heard["echo"] == 0


async def test_without_negotiation_names_are_matched_literally() -> None:
    async with running_node() as node:
        heard = await asyncio.to_thread(_associate, node.port, [], True)
        assert (heard["extended"], heard["window"]) == ({}, (1, 1))
        assert node.finder.requests[0].options == QueryOptions(fuzzy_names=False)


@pytest.mark.parametrize("asked", [(0, 0), (5, 5), (1, 1), (65535, 3)])
async def test_the_operations_window_is_one(asked: tuple[int, int]) -> None:
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked, window.maximum_number_operations_performed = asked
    async with running_node() as node:
        heard = await asyncio.to_thread(_associate, node.port, [window])
        assert (heard["window"], heard["echo"]) == ((1, 1), 0)
        async with raw_peer(node.port) as peer:
            item_ = item(0x53, struct.pack(">HH", *asked))
            body = await peer.associate(associate_request(user=user_item(item_)))
            assert item(0x53, b"\0\1\0\1") in body
        async with raw_peer(node.port) as peer:
            assert b"\x53\0\0\4" not in await peer.associate()


async def test_common_extended_negotiation_is_read_over() -> None:
    common = SOPClassCommonExtendedNegotiation()
    common.sop_class_uid = UID(CT)
    common.service_class_uid = UID("1.2.840.10008.4.2")
    common.related_general_sop_class_identification = [UID("1.2.840.10008.5.1.4.1.1.2.1")]
    async with running_node() as node:
        assert (await asyncio.to_thread(_associate, node.port, [common]))["echo"] == 0


@pytest.mark.parametrize(("response", "heard"), [(None, False), (b"", True)])
async def test_a_user_is_confirmed_only_where_the_gate_verified_one(
    response: bytes | None, heard: bool
) -> None:
    identity = UserIdentityNegotiation()
    identity.user_identity_type = 2
    identity.positive_response_requested = True
    identity.primary_field, identity.secondary_field = b"ct1", b"passcode"
    async with running_node() as node:
        node.gate.decision = Admission("PEER", response)
        found = await asyncio.to_thread(_associate, node.port, [identity])
    assert (found["identity"] is not None) is heard
    assert found["echo"] == 0
    seen = node.gate.requests[0].user_identity
    assert seen is not None
    assert (seen.kind, seen.primary, seen.secondary) == (2, b"ct1", b"passcode")
    assert "passcode" not in repr(node.gate.requests)


@pytest.mark.parametrize(
    ("sop_class", "asked", "is_storage", "answer"),
    [
        (STUDY_ROOT_FIND, b"", False, b""),
        (STUDY_ROOT_FIND, b"\1", False, b"\1"),
        (STUDY_ROOT_FIND, b"\0\0\0", False, b"\0\0\0"),
        (STUDY_ROOT_FIND, b"\xff\xff\xff\xff\xff\xff\xff", False, b"\0\0\0\0\0"),
        (STUDY_ROOT_FIND, b"\1\1\1\1\1\1\1\1", False, b"\1\1\1\0\0"),
        (STUDY_ROOT_MOVE, b"\1\1", False, b"\1\0"),
        (PATIENT_ROOT_GET, b"\1", False, b"\1"),
        (CT, b"", True, b"\2\0\3\0\0\0"),
        (VERIFICATION, b"\1", False, None),
        (MODALITY_WORKLIST_FIND, b"\1", False, None),
    ],
)
def test_no_more_is_agreed_on_than_was_asked_for_and_is_done(
    sop_class: str, asked: bytes, is_storage: bool, answer: bytes | None
) -> None:
    assert agreed_on(sop_class, asked, is_storage=is_storage) == answer


@pytest.mark.parametrize(
    "malformed",
    [
        item(0x53, b"\0\1"),
        item(0x53, bytes(6)),
        item(0x56, b""),
        item(0x56, b"\0"),
        item(0x56, b"\0\xff1.2.3"),
        item(0x56, b"\0\4../x\1"),
    ],
)
def test_what_contradicts_itself_is_refused(malformed: bytes) -> None:
    request = associate_request(context_item(1, CT, IMPLICIT), user_item(malformed))
    with pytest.raises(MalformedRequestError):
        Negotiator(DimseLimits()).negotiate(request[6:])


async def test_many_items_are_bounded() -> None:
    many = [item(0x56, struct.pack(">H", 5) + f"1.2.{n % 10}".encode() + b"\1") for n in range(600)]
    async with running_node() as node:
        async with raw_peer(node.port) as peer:
            await peer.send(associate_request(user=user_item(*many)))
            assert (await peer.receive())[0] == 0x03
        async with raw_peer(node.port) as peer:
            await peer.associate(associate_request(user=user_item(*many[:500])))
            await peer.send(ECHO)
            assert await peer.receive_status() == 0
