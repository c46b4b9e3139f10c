"""ECGs that a program or a person sends over HTTP, in any format that is read."""

from collections.abc import AsyncIterable, Mapping
from typing import Final

from sqlalchemy import select

from ecg.formats import Fault
from ecg.formats.sniff import MAX_BYTES
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, LianzhenError, TooLarge, Unprocessable
from server.ecg_records.conversion import REFUSED_AS
from server.ecg_records.models import EcgRecord
from server.ecg_records.schemas import EcgReceivedOut
from server.identity.public import Actor
from server.intake.public import Accepted, IntakeService, Prepared, Receipt, Verdict

_IN_THE_WAY: Final = frozenset({Verdict.CONFLICT, Verdict.FOREIGN, Verdict.DELETED})
_REFUSED: Final[Mapping[str, type[LianzhenError]]] = {
    REFUSED_AS[Fault.TOO_LARGE]: TooLarge,
    REFUSED_AS[Fault.HOSTILE]: InvalidInput,
}


class EcgReception:
    """Takes ECGs in and says where they are found."""

    def __init__(self, *, intake: IntakeService, database: Database, audit: AuditTrail) -> None:
        self._intake = intake
        self._database = database
        self._audit = audit

    async def take(self, actor: Actor, chunks: AsyncIterable[bytes]) -> EcgReceivedOut:
        """Take one file in; what is answered survives a power cut.

        Raises
        ------
        TooLarge
            If it is larger than any ECG that is read, or unpacks to more.
        InvalidInput
            If it is made as no device makes it, to do harm.
        Unprocessable
            If it is damaged, or no ECG in a format that is known; the detail says which.
        Conflict
            If it is known with other content, or of another institution's study.
        StorageFull, Unavailable
            If it could not be kept: send it again.
        """
        incoming = self._intake.begin(actor, accepted=Accepted.ECG)
        try:
            async for chunk in chunks:
                if incoming.size + len(chunk) > MAX_BYTES:
                    raise TooLarge(f"an ECG has at most {MAX_BYTES} bytes")
                incoming.write(chunk)
        except BaseException:
            incoming.abort()
            raise
        receipt = await incoming.finish()
        await self._record(actor, receipt)
        if receipt.verdict in _IN_THE_WAY:
            raise Conflict(receipt.detail, code=receipt.code)
        if not isinstance(receipt.content, Prepared):
            raise _REFUSED.get(receipt.code, Unprocessable)(receipt.detail, code=receipt.code)
        return await self._found(actor, receipt, receipt.content)

    async def _record(self, actor: Actor, receipt: Receipt) -> None:
        async with self._database.unit_of_work() as uow:
            self._audit.record(uow, receipt.audit_record(actor, "ecg.receive"))
            await uow.commit()

    async def _found(self, actor: Actor, receipt: Receipt, content: Prepared) -> EcgReceivedOut:
        async with self._database.reading() as session:
            ecg_id = await session.scalar(
                select(EcgRecord.id).where(
                    EcgRecord.org == actor.org,
                    EcgRecord.sop_instance_uid == content.sop_instance_uid,
                )
            )
        return EcgReceivedOut(
            id=ecg_id,
            study_instance_uid=content.study_instance_uid,
            series_instance_uid=content.series_instance_uid,
            sop_instance_uid=content.sop_instance_uid,
            sha256=receipt.sha256,
            duplicate=receipt.verdict is Verdict.DUPLICATE,
        )
