"""Which statuses the node answers with, and when: for the conformance statement."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from dicom.dimse.command import Status
from server.dicom_node.node import UID_CONFLICT

_NOT_OF_THE_CONTEXT: Final[Mapping[int, str]] = {
    Status.SOP_CLASS_NOT_SUPPORTED: "affected SOP class is not that of the context",
    Status.UNRECOGNIZED_OPERATION: "not a service of the context's SOP class, or of its role",
}

ANSWERS: Final[Mapping[str, Mapping[int, str]]] = {
    "C-ECHO": {Status.SUCCESS: "always", **_NOT_OF_THE_CONTEXT},
    "C-STORE": {
        Status.SUCCESS: "kept safely, now or before",
        Status.PROCESSING_FAILURE: "a fault of ours",
        Status.INVALID_SOP_INSTANCE: "affected SOP instance UID is no UID",
        Status.NOT_AUTHORISED: "the study is another institution's, or it was deleted or rejected",
        Status.OUT_OF_RESOURCES: (
            "disk, database or budget, shutting down, or a data set that inflates without bound:"
            " send again"
        ),
        Status.IDENTIFIER_MISMATCH: "another object than announced; quarantined",
        Status.CANNOT_UNDERSTAND: (
            "truncated, too deep, too many elements, pixel data missing (quarantined), or no data"
            " set"
        ),
        UID_CONFLICT: "this SOP instance is stored with other content; quarantined",
        **_NOT_OF_THE_CONTEXT,
    },
    "C-FIND": {
        Status.SUCCESS: "no more matches",
        Status.NOT_AUTHORISED: "the device is not registered to ask",
        Status.OUT_OF_RESOURCES: "cut at `MAX_MATCHES`, took too long, or the database is down",
        Status.IDENTIFIER_MISMATCH: "no level of the model, or a value its VR forbids",
        Status.CANNOT_UNDERSTAND: "no identifier, one that cannot be read, or a fault of ours",
        Status.CANCELLED: "after C-CANCEL",
        Status.PENDING: "a match",
        Status.PENDING_UNMATCHED: "a match; some key was not matched",
        **_NOT_OF_THE_CONTEXT,
    },
    "C-MOVE, C-GET": {
        Status.SUCCESS: "all sub-operations are complete",
        Status.NOT_AUTHORISED: "the device is not registered to retrieve",
        Status.CANNOT_COUNT_MATCHES: "more than `MAX_RETRIEVED` objects, or it took too long",
        Status.CANNOT_PERFORM_SUBOPERATIONS: "every one failed, or the database is down",
        Status.MOVE_DESTINATION_UNKNOWN: "no device of that title has an address (C-MOVE)",
        Status.IDENTIFIER_MISMATCH: "no level of the model, its key missing, or no UID",
        Status.SUBOPERATIONS_WITH_FAILURES: "some failed, or ended with a warning",
        Status.CANNOT_UNDERSTAND: "no identifier, one that cannot be read, or a fault of ours",
        Status.CANCELLED: "after C-CANCEL, with what remains",
        Status.PENDING: "after each sub-operation",
        **_NOT_OF_THE_CONTEXT,
    },
    "N-CREATE, N-SET, N-GET, N-ACTION": {
        Status.SUCCESS: "done",
        Status.INVALID_ATTRIBUTE_VALUE: "a value that is not allowed",
        Status.PROCESSING_FAILURE: "the step may not be changed any more, or a fault of ours",
        Status.DUPLICATE_SOP_INSTANCE: "there is a step of that UID",
        Status.NO_SUCH_SOP_INSTANCE: "no such step, or not the well-known instance",
        Status.INVALID_ARGUMENT_VALUE: "no action type, or a commitment request that says nothing",
        Status.INVALID_SOP_INSTANCE: "SOP instance UID is no UID",
        Status.NO_SUCH_SOP_CLASS: "SOP class is not that of the context",
        Status.MISSING_ATTRIBUTE: "a mandatory attribute is not there",
        Status.MISSING_ATTRIBUTE_VALUE: "a mandatory attribute is empty",
        Status.NO_SUCH_ACTION_TYPE: "an action type other than 1",
        Status.UNRECOGNIZED_OPERATION: _NOT_OF_THE_CONTEXT[Status.UNRECOGNIZED_OPERATION],
        Status.RESOURCE_LIMITATION: "budget or a bound, took too long, or the database is down",
    },
}
"""By service, in the order of the codes (PS3.7 annex C, PS3.4 tables B.2-1 and C.4-1 to -3)."""

NEVER_ANSWERED: Final = frozenset(
    {
        Status.NO_SUCH_ATTRIBUTE,
        Status.ATTRIBUTE_LIST_ERROR,
        Status.NO_SUCH_EVENT_TYPE,
        Status.ATTRIBUTE_VALUE_OUT_OF_RANGE,
        Status.CLASS_INSTANCE_CONFLICT,
    }
)
"""Known by name alone, for what peers answer."""


def status_rows() -> Iterator[Sequence[str]]:
    """Yield service, code and meaning of each."""
    for service, answers in ANSWERS.items():
        for status, when in sorted(answers.items()):
            yield (service, f"{status:04X}", when)
