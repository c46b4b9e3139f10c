"""What DIMSE-N requests cost a device, and how those that were refused come into its audit row."""

from dicom.dimse.command import Status
from dicom.dimse.normalized import (
    NormalizedHandler,
    NormalizedRefusedError,
    NormalizedRequest,
    NormalizedResult,
)
from server.dicom_node.budgets import Budgets
from server.dicom_node.node import Visit


class Accounted:
    """A handler within a device's budget: each request counts as an object of its size does."""

    def __init__(self, handler: NormalizedHandler[Visit], budgets: Budgets) -> None:
        self._handler = handler
        self._budgets = budgets

    async def perform(self, request: NormalizedRequest[Visit], /) -> NormalizedResult:
        """Let the handler answer, unless the device has asked too much."""
        visit = request.peer
        try:
            budget = visit.known.budget
            over = self._budgets.take_object(visit.device.id, visit.address, budget)
            self._budgets.pay_bytes(visit.device.id, visit.address, budget, request.received_bytes)
            if over is not None:
                raise NormalizedRefusedError(Status.RESOURCE_LIMITATION, over)
            return await self._handler.perform(request)
        except NormalizedRefusedError as refusal:
            visit.refuse(f"{request.operation.name} {refusal.result.status:04X}")
            raise
