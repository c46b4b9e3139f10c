"""The tables of the DICOM conformance statement (PS3.2) that the code itself knows.

`dicom/README.md` holds them between markers; ``lianzhen dicom conformance`` writes them anew, and a
test compares them with what a running node negotiates.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pydicom.uid import UID

from dicom.dimse.command import CommandField
from dicom.dimse.information_models import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import VERIFICATION, Negotiator, storage_transfer_syntaxes
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from server.dicom_node.commitment import STORAGE_COMMITMENT
from server.dicom_node.performed import PERFORMED_STEP, PERFORMED_STEP_RETRIEVE
from server.dicom_node.statuses import status_rows
from server.scheduling.public import WORKLIST_KEYS
from server.studies.public import ATTRIBUTES, Level

NORMALIZED: Final = (STORAGE_COMMITMENT, PERFORMED_STEP, PERFORMED_STEP_RETRIEVE)
_ASKED_BY_US: Final = {
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
}
_MARKED: Final = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def negotiator_of(limits: DimseLimits) -> Negotiator:
    """Return what negotiates for a node with these bounds."""
    return Negotiator(limits, serves_queries=True, serves_retrieval=True, normalized=NORMALIZED)


def written_anew(statement: str, sections: Mapping[str, str]) -> str:
    """Return the statement with its marked sections as they are today.

    Raises
    ------
    KeyError
        If it has a section that nobody writes.
    """
    return _MARKED.sub(lambda found: f"{found[1]}{sections[found[2]]}\n{found[3]}", statement)


def sections(negotiator: Negotiator, limits: DimseLimits) -> dict[str, str]:
    """Return each section's Markdown by its name."""
    return {
        "services": _table(("SOP class", "UID", "operations", "role"), _services(negotiator)),
        "storage": _table(
            ("SOP class", "UID"), ((UID(uid).name, uid) for uid in sorted(negotiator.storage))
        ),
        "syntaxes": _table(
            ("transfer syntax", "UID"),
            ((UID(uid).name, uid) for uid in storage_transfer_syntaxes()),
        ),
        "query": _table(("level", "attribute", "tag", "VR", "matching"), _query_keys()),
        "worklist": _table(("attribute", "matching"), _worklist_keys()),
        "statuses": _table(("service", "status", "when"), status_rows()),
        "policy": _table(("what", "value"), _policy(limits)),
    }


def _services(negotiator: Negotiator) -> Iterator[Sequence[str]]:
    yield _row(VERIFICATION, "C-ECHO", "SCP, SCU")
    for operation, served in (
        ("C-FIND", negotiator.query),
        ("C-MOVE", negotiator.move),
        ("C-GET", negotiator.get),
    ):
        for uid in sorted(served):
            yield _row(uid, operation, "SCP, SCU" if uid in _ASKED_BY_US else "SCP")
    for uid, each in sorted(negotiator.normalized.items()):
        yield _row(uid, ", ".join(sorted(_word(field) for field in each.operations)), "SCP")


def _row(uid: str, operations: str, role: str) -> tuple[str, ...]:
    return (UID(uid).name, uid, operations, role)


def _word(field: CommandField) -> str:
    return field.name.removesuffix("_RQ").replace("_", "-")


def _query_keys() -> Iterator[Sequence[str]]:
    for attribute in ATTRIBUTES.values():
        name = attribute.keyword.replace(".", " > ")
        tag = " > ".join(f"({tag[:4]},{tag[4:]})" for tag in attribute.tags)
        yield (
            Level(attribute.level).name.lower(),
            name,
            tag,
            attribute.vr,
            attribute.kind.value.replace("_", " ") if attribute.is_key else "none",
        )


def _worklist_keys() -> Iterator[Sequence[str]]:
    for path, key in WORKLIST_KEYS.items():
        yield (path.replace(".", " > "), key.kind.value.replace("_", " "))


def _policy(limits: DimseLimits) -> Iterator[Sequence[str]]:
    yield ("application context name", "1.2.840.10008.3.1.1.1")
    yield ("implementation class UID", IMPLEMENTATION_CLASS_UID)
    yield ("implementation version name", IMPLEMENTATION_VERSION_NAME)
    yield ("largest PDU received", f"{limits.max_pdu_bytes} bytes")
    yield ("associations at one time", str(limits.max_associations))
    yield ("associations of one AE title", str(limits.max_associations_per_ae))
    yield ("associations from one address", str(limits.max_associations_per_ip))
    yield ("presentation contexts in a request", str(limits.max_presentation_contexts))
    yield ("operations at one time", "1 invoked, 1 performed")
    yield ("largest object", f"{limits.max_object_bytes} bytes")
    yield ("ARTIM timer", f"{limits.artim_s:.0f} s")
    yield ("between messages", f"{limits.idle_s:.0f} s")
    yield ("a query, to its last match", f"{limits.find_s:.0f} s")
    yield ("a retrieval, to its last object", f"{limits.retrieve_s:.0f} s")
    yield ("an association", f"{limits.association_s:.0f} s")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
