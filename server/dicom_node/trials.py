"""Trying a connection: whether a device answers us, and whether it takes an object."""

import time
from dataclasses import dataclass
from enum import StrEnum
from secrets import randbits
from typing import Final

from dicom.dimse.calling import (
    AssociationLostError,
    NotAcceptedError,
    PeerTimeoutError,
    RefusedError,
    RejectedError,
    ScuError,
    UnreachableError,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.requestor import associate
from dicom.dimse.scu import Scu, echo_proposal, store_proposal
from dicom.uids import new_uid
from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, NotFound, Throttled
from server.core.recent import Recent
from server.dicom_node.calling import CallingEntity
from server.dicom_node.devices import Destination, DeviceService
from server.dicom_node.trial_image import trial_image
from server.identity.public import Actor, act_of

_LIMITS: Final = DimseLimits(artim_s=10.0, response_s=20.0)
_EVERY_S: Final = 2.0


class Trial(StrEnum):
    """What is tried."""

    ECHO = "echo"
    SAMPLE = "sample"


class TrialOutcome(StrEnum):
    """How it ended; all but the first say what to look at."""

    ANSWERED = "answered"
    UNREACHABLE = "unreachable"
    CALLED_AE = "called-ae"
    """It does not go by the title it is registered under."""
    CALLING_AE = "calling-ae"
    """It does not know us."""
    REJECTED = "rejected"
    NOT_ACCEPTED = "not-accepted"
    REFUSED = "refused"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended, and after how long."""

    outcome: TrialOutcome
    detail: str
    duration_ms: float


class DeviceTrials:
    """Calls registered devices at their registered addresses, and nothing else."""

    def __init__(
        self,
        *,
        devices: DeviceService,
        calling: CallingEntity,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._devices = devices
        self._calling = calling
        self._database = database
        self._audit = audit
        self._clock = clock
        self._tried: Recent[str, bool] = Recent(clock=clock, keep_s=_EVERY_S, capacity=4096)

    async def attempt(self, trial: Trial, device_id: str, *, by: Actor) -> TrialResult:
        """Try a device and return how it ended; that it was tried is audited.

        Raises
        ------
        NotFound
            If the community of ``by`` has no such device.
        Conflict
            If nobody said where it listens, or it is switched off.
        Throttled
            If it was tried a moment ago.
        """
        registered = await self._devices.registered(by.org)
        if all(each.id != device_id for each in registered):
            raise NotFound("the community has no such device")
        device = await self._devices.destination_of(device_id)
        if device is None:
            raise Conflict(
                "the device has no address, or is switched off: register where it listens",
                code="no-address",
            )
        if not self._tried.first(device_id, value=True):
            raise Throttled("it was tried a moment ago", retry_after_s=round(_EVERY_S))
        began_s = time.perf_counter()
        outcome, detail = await self._called(trial, device)
        result = TrialResult(outcome, detail, round((time.perf_counter() - began_s) * 1000, 1))
        await self._write_down(trial, device_id, result, by)
        return result

    async def _called(self, trial: Trial, device: Destination) -> tuple[TrialOutcome, str]:
        image = trial_image(new_uid(randbits), self._clock.now())
        proposal = echo_proposal() if trial is Trial.ECHO else store_proposal([image])
        try:
            async with associate(self._calling.address(device), proposal, _LIMITS) as requestor:
                scu = Scu(requestor)
                if trial is Trial.ECHO:
                    status, comment = await scu.echo(), None
                else:
                    stored = await scu.store(image)
                    status, comment = stored.status, stored.comment
            if status:
                raise RefusedError(status, comment)
        except ScuError as error:
            return _outcome_of(error), str(error)
        return TrialOutcome.ANSWERED, ""

    async def _write_down(
        self, trial: Trial, device_id: str, result: TrialResult, by: Actor
    ) -> None:
        answered = result.outcome is TrialOutcome.ANSWERED
        async with self._database.unit_of_work() as uow:
            self._audit.record(
                uow,
                act_of(
                    by,
                    f"device.{trial.value}",
                    outcome=Outcome.SUCCESS if answered else Outcome.FAILED,
                    object_kind="device",
                    object_id=device_id,
                    detail={"outcome": result.outcome.value},
                ),
            )
            await uow.commit()


_OUTCOMES: Final[dict[type[ScuError], TrialOutcome]] = {
    UnreachableError: TrialOutcome.UNREACHABLE,
    NotAcceptedError: TrialOutcome.NOT_ACCEPTED,
    RefusedError: TrialOutcome.REFUSED,
    PeerTimeoutError: TrialOutcome.SILENT,
    AssociationLostError: TrialOutcome.LOST,
}
_REJECTIONS: Final = {
    (1, 3): TrialOutcome.CALLING_AE,
    (1, 7): TrialOutcome.CALLED_AE,
}
"""By source and reason (PS3.8 Table 9-21)."""


def _outcome_of(error: ScuError) -> TrialOutcome:
    if isinstance(error, RejectedError):
        return _REJECTIONS.get((error.source, error.reason), TrialOutcome.REJECTED)
    return _OUTCOMES[type(error)]
