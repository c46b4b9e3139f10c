"""MPPS (PS3.4 F.7 and F.8): devices say what they perform, and may read it again."""

import asyncio
from concurrent.futures import Executor
from typing import Any, Final

from pydicom.dataset import Dataset

from dicom.dimse.command import CommandField, Status
from dicom.dimse.normalized import (
    NormalizedRefusedError,
    NormalizedRequest,
    NormalizedResult,
    NormalizedSopClass,
)
from dicom.web.dicom_json import to_json
from server.core.errors import Conflict, NotFound, Unavailable
from server.dicom_node.identifiers import label
from server.dicom_node.models import DeviceCharset
from server.dicom_node.node import Visit
from server.scheduling.public import AttributesError, Fault, PerformedSteps

_MPPS_UID: Final = "1.2.840.10008.3.1.2.3.3"
_RETRIEVE_UID: Final = "1.2.840.10008.3.1.2.3.4"
PERFORMED_STEP: Final = NormalizedSopClass(
    _MPPS_UID, frozenset({CommandField.N_CREATE_RQ, CommandField.N_SET_RQ})
)
PERFORMED_STEP_RETRIEVE: Final = NormalizedSopClass(
    _RETRIEVE_UID, frozenset({CommandField.N_GET_RQ}), frozenset({_MPPS_UID, _RETRIEVE_UID})
)

_SPECIFIC_CHARACTER_SET: Final = "00080005"
_MAY_NO_LONGER_BE_UPDATED: Final = 0xA710
"""Error ID of PS3.4 F.7.2.2.2."""
_STATUSES: Final = {
    Fault.MISSING: Status.MISSING_ATTRIBUTE,
    Fault.EMPTY: Status.MISSING_ATTRIBUTE_VALUE,
    Fault.INVALID: Status.INVALID_ATTRIBUTE_VALUE,
    Fault.TOO_LARGE: Status.RESOURCE_LIMITATION,
}


class NodePerformedSteps:
    """Takes what every registered device says of its institution's steps."""

    def __init__(self, steps: PerformedSteps, executor: Executor) -> None:
        self._steps = steps
        self._executor = executor

    async def perform(self, request: NormalizedRequest[Visit], /) -> NormalizedResult:
        """Create, change or return a step."""
        try:
            return await self._perform(request)
        except AttributesError as error:
            raise NormalizedRefusedError(_STATUSES[error.fault], str(error), error.tags) from error
        except NotFound as error:
            raise NormalizedRefusedError(Status.NO_SUCH_SOP_INSTANCE, error.detail) from error
        except Conflict as error:
            if request.operation is CommandField.N_CREATE_RQ:
                raise NormalizedRefusedError(Status.DUPLICATE_SOP_INSTANCE, error.detail) from error
            raise NormalizedRefusedError(
                Status.PROCESSING_FAILURE,
                "Performed Procedure Step Object may no longer be updated",
                error_id=_MAY_NO_LONGER_BE_UPDATED,
            ) from error
        except Unavailable as error:
            raise NormalizedRefusedError(Status.RESOURCE_LIMITATION, error.detail) from error

    async def _perform(self, request: NormalizedRequest[Visit]) -> NormalizedResult:
        device, uid = request.peer.device, request.sop_instance_uid
        if request.operation is CommandField.N_GET_RQ:
            return NormalizedResult(data_set=await self._read(request))
        loop = asyncio.get_running_loop()
        # A step lists every image it made: reading that must not keep the loop from the others.
        said = await loop.run_in_executor(self._executor, to_json, request.data_set)
        # JSON is UTF-8, whatever the device wrote in.
        said.pop(_SPECIFIC_CHARACTER_SET, None)
        if request.operation is CommandField.N_CREATE_RQ:
            created = await self._steps.create(device, uid, said)
            return NormalizedResult(sop_instance_uid=created)
        await self._steps.change(device, uid, said)
        return NormalizedResult()

    async def _read(self, request: NormalizedRequest[Visit]) -> Dataset:
        known = await self._steps.read(request.peer.device, request.sop_instance_uid)
        wanted = {f"{tag:08X}" for tag in request.attributes} or known.keys()
        return await asyncio.get_running_loop().run_in_executor(
            self._executor,
            _answer,
            {tag: known[tag] for tag in known if tag in wanted},
            request.peer.known.charset,
        )


def _answer(said: dict[str, Any], charset: DeviceCharset | None) -> Dataset:
    answer = Dataset.from_json(said)
    label(answer, "", charset)
    return answer
