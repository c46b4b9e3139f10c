"""What is accepted, what is answered, and what a hostile request may cost."""

import struct

import pytest
from pydicom.uid import AllTransferSyntaxes
from pynetdicom.pdu import A_ASSOCIATE_AC
from pynetdicom.pdu_items import UserIdentitySubItemAC
from pynetdicom.presentation import AllStoragePresentationContexts

from dicom.dimse.items import MalformedRequestError, OversizedRequestError
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import Negotiator, storage_sop_classes, storage_transfer_syntaxes
from tests.dicom.dimse.node import (
    CT,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    associate_request,
    context_item,
    item,
    user_item,
)

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPIP = {f"1.2.840.10008.1.2.4.{number}" for number in (94, 95, 204, 205)}
PRIVATE = "1.2.840.113619.4.30"


@pytest.fixture
def negotiator() -> Negotiator:
    return Negotiator(DimseLimits())


def body(contexts: bytes, user: bytes | None = None) -> bytes:
    return associate_request(contexts, user)[6:]


def answer(negotiator: Negotiator, request: bytes) -> A_ASSOCIATE_AC:
    pdu = A_ASSOCIATE_AC()
    pdu.decode(negotiator.negotiate(request).encode_acceptance(request, None))
    return pdu


def test_every_storage_class_pynetdicom_knows_is_stored() -> None:
    assert {str(each.abstract_syntax) for each in AllStoragePresentationContexts} <= set(
        storage_sop_classes()
    )


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.10008.5.1.4.1.1.6",  # Ultrasound Image Storage (retired)
        "1.2.840.10008.5.1.4.1.1.10",  # Standalone Modality LUT Storage (retired)
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol Storage
        "1.2.840.10008.5.1.4.1.1.9.1.1",  # 12-lead ECG Waveform Storage
    ],
)
def test_retired_and_unusual_storage_classes_are_stored(uid: str) -> None:
    assert uid in storage_sop_classes()


@pytest.mark.parametrize(
    "uid", ["1.2.840.10008.1.3.10", "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.1.2.2.1", PRIVATE]
)
def test_what_is_no_object_or_private_is_not_stored(uid: str) -> None:
    assert uid not in storage_sop_classes()


def test_every_transfer_syntax_of_a_dataset_is_accepted(negotiator: Negotiator) -> None:
    wanted = [str(uid) for uid in AllTransferSyntaxes if uid not in JPIP]
    contexts = [context_item(2 * i + 1, CT, uid) for i, uid in enumerate(wanted)]
    accepted = negotiator.negotiate(body(b"".join(contexts))).accepted
    assert [each.transfer_syntax for each in accepted.values()] == wanted


@pytest.mark.parametrize("uid", sorted(JPIP))
def test_pixels_left_elsewhere_are_refused(negotiator: Negotiator, uid: str) -> None:
    assert uid not in storage_transfer_syntaxes()
    (context,) = answer(negotiator, body(context_item(1, CT, uid))).presentation_context
    assert context.result == 4


def test_unknown_and_private_classes_get_result_3(negotiator: Negotiator) -> None:
    request = body(
        context_item(1, PRIVATE, IMPLICIT)
        + context_item(3, CT, IMPLICIT)
        + context_item(5, "1.2.840.10008.5.1.4.1.2.2.1", IMPLICIT)
    )
    results = {
        each.context_id: each.result for each in answer(negotiator, request).presentation_context
    }
    assert results == {1: 3, 3: 0, 5: 3}


def test_configured_private_class_is_accepted() -> None:
    negotiator = Negotiator(DimseLimits(), [PRIVATE])
    assert 1 in negotiator.negotiate(body(context_item(1, PRIVATE, IMPLICIT))).accepted


def test_lossy_is_not_picked_where_lossless_is_offered(negotiator: Negotiator) -> None:
    request = body(context_item(1, CT, JPEG_BASELINE, IMPLICIT, EXPLICIT))
    assert negotiator.negotiate(request).accepted[1].transfer_syntax == EXPLICIT


def test_acceptance_names_us_and_echoes_the_titles(negotiator: Negotiator) -> None:
    first = associate_request(calling=b"FIRST")[6:]
    second = associate_request(calling=b"SECOND", called=b"OTHER")[6:]
    assert negotiator.negotiate(first) is negotiator.negotiate(second)
    pdu = answer(negotiator, second)
    assert (pdu.calling_ae_title, pdu.called_ae_title) == ("SECOND", "OTHER")
    assert pdu.user_information is not None
    assert pdu.user_information.maximum_length == DimseLimits().max_pdu_bytes


def test_request_with_user_identity_is_not_remembered(negotiator: Negotiator) -> None:
    identity = item(0x58, struct.pack(">BBH", 2, 1, 4) + b"user" + struct.pack(">H", 6) + b"secret")
    request = body(context_item(1, CT, IMPLICIT), user_item(identity))
    first = negotiator.negotiate(request)
    assert first is not negotiator.negotiate(request)
    assert first.request.user_identity is not None
    assert (first.request.user_identity.primary, first.request.user_identity.secondary) == (
        b"user",
        b"secret",
    )
    assert "secret" not in repr(first.request)


def test_positive_identity_response_is_added(negotiator: Negotiator) -> None:
    request = body(context_item(1, CT, IMPLICIT))
    pdu = A_ASSOCIATE_AC()
    encoded = negotiator.negotiate(request).encode_acceptance(request, b"ticket")
    pdu.decode(encoded)
    assert len(encoded) == len(pdu)
    assert pdu.user_information is not None
    identity = pdu.user_information.user_identity
    assert isinstance(identity, UserIdentitySubItemAC)
    assert identity.server_response == b"ticket"


@pytest.mark.parametrize(
    ("proposed", "answered"),
    [((1, 0), (1, 0)), ((1, 1), (1, 0)), ((0, 1), None)],
)
def test_requestor_may_be_scu_alone(
    negotiator: Negotiator, proposed: tuple[int, int], answered: tuple[int, int] | None
) -> None:
    uid = CT.encode()
    role = item(0x54, struct.pack(">H", len(uid)) + uid + bytes(proposed))
    pdu = answer(negotiator, body(context_item(1, CT, IMPLICIT), user_item(role)))
    (context,) = pdu.presentation_context
    if answered is None:
        assert context.result == 1
        return
    assert context.result == 0
    assert pdu.user_information is not None
    (reply,) = pdu.user_information.role_selection.values()
    assert (reply.scu_role, reply.scp_role) == answered


def test_memory_of_outcomes_is_bounded() -> None:
    negotiator = Negotiator(DimseLimits(negotiation_cache_entries=2))
    requests = [body(context_item(1, uid, IMPLICIT)) for uid in (CT, VERIFICATION, PRIVATE)]
    first = negotiator.negotiate(requests[0])
    for request in requests[1:]:
        negotiator.negotiate(request)
    assert negotiator.negotiate(requests[2]) is negotiator.negotiate(requests[2])
    assert negotiator.negotiate(requests[0]) is not first


def test_too_many_transfer_syntaxes_are_refused_before_they_are_read() -> None:
    limits = DimseLimits(max_transfer_syntaxes_per_context=4)
    request = body(context_item(1, CT, *[f"1.2.{i}" for i in range(5)]))
    with pytest.raises(OversizedRequestError):
        Negotiator(limits).negotiate(request)


def test_too_many_user_items_are_refused() -> None:
    request = body(context_item(1, CT, IMPLICIT), user_item(*[item(0x99, b"")] * 600))
    with pytest.raises(OversizedRequestError):
        Negotiator(DimseLimits()).negotiate(request)


def test_unknown_items_are_ignored(negotiator: Negotiator) -> None:
    request = body(
        context_item(1, CT, IMPLICIT) + item(0x77, b"?"), user_item(item(0x99, b"later edition"))
    )
    assert list(negotiator.negotiate(request).accepted) == [1]


@pytest.mark.parametrize(
    ("contexts", "problem"),
    [
        (b"", "no presentation context"),
        (context_item(2, CT, IMPLICIT), "even"),
        (context_item(1, CT, IMPLICIT) * 2, "share"),
        (context_item(1, CT), "lacks a syntax"),
        (item(0x20, b"\1\0\0\0"), "lacks a syntax"),
        (item(0x20, b"\1\0"), "cut"),
        (item(0x20, b"\1\0\0\0" + item(0x30, b"1.2") * 2), "two abstract"),
        (context_item(1, "1.2/../../x", IMPLICIT), "UID"),
        (context_item(1, "1" * 65, IMPLICIT), "UID"),
        (b"\x20\0\xff\xff\1\0\0\0", "longer than"),
        (b"\x20\0\0", "cut inside"),
    ],
)
def test_malformed_contexts_are_refused(
    negotiator: Negotiator, contexts: bytes, problem: str
) -> None:
    with pytest.raises(MalformedRequestError, match=problem):
        negotiator.negotiate(associate_request(b"", user=contexts)[6:])


@pytest.mark.parametrize(
    "user",
    [
        item(0x51, b"\0\0\1"),
        item(0x51, b"\0\0\0\6"),
        item(0x52, b"one.two"),
        item(0x54, b"\0\xff1.2\1\0"),
        item(0x58, b"\1\0"),
        item(0x58, b"\1\0\0\xffuser\0\0"),
        item(0x58, b"\1\0\0\4user\0\1"),
    ],
)
def test_malformed_user_items_are_refused(negotiator: Negotiator, user: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        negotiator.negotiate(body(context_item(1, CT, IMPLICIT), item(0x50, user)))
