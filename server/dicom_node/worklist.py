"""C-FIND of the modality worklist: what a device's institution shall examine (PS3.4 K)."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.dimse.command import CommandField, Status
from dicom.dimse.find import FindRefusedError, FindRequest, FoundMatch
from dicom.dimse.identifier import encode_identifier
from dicom.dimse.information_models import MODALITY_WORKLIST_FIND
from dicom.values import charset_of
from dicom.web.query import Match, QueryError, Universal
from server.core.errors import InvalidInput, Unavailable
from server.dicom_node.find import NodeFind
from server.dicom_node.identifiers import keys_of, label, set_element
from server.dicom_node.node import NOT_AUTHORISED, Visit
from server.scheduling.public import (
    START_DATE,
    START_TIME,
    STATION,
    STEP,
    WORKLIST_KEYS,
    ScheduledExam,
    WorklistSearch,
)
from server.studies.public import written

_STEP_STATUS: Final = f"{STEP}.ScheduledProcedureStepStatus"
_PRIORITY: Final = "RequestedProcedurePriority"
_SAID: Final = (_PRIORITY, _STEP_STATUS)
"""Attributes that are answered and not matched."""


@dataclass(frozen=True)
class _Asked:
    """An identifier, understood."""

    matches: Mapping[str, Match]
    paths: Sequence[str]
    """What to answer with, each by its keywords."""
    one_period: bool
    all_supported: bool


class NodeWorklist:
    """Answers devices that may see the worklist of their institution."""

    def __init__(self, steps: WorklistSearch, *, most: int) -> None:
        self._steps = steps
        self._most = most

    async def find(self, request: FindRequest[Visit], /) -> AsyncGenerator[FoundMatch, None]:
        """Yield what is to be examined, the next first."""
        visit = request.peer
        visit.queries += 1
        if not visit.known.may_see_worklist:
            raise FindRefusedError(NOT_AUTHORISED, "this device is not registered for a worklist")
        asked = _understood(request.identifier)
        try:
            page = await self._steps.page(
                visit.device, asked.matches, one_period=asked.one_period, limit=self._most
            )
        except InvalidInput as error:
            raise FindRefusedError(Status.IDENTIFIER_MISMATCH, error.detail) from error
        except Unavailable as error:
            raise FindRefusedError(Status.OUT_OF_RESOURCES, error.detail) from error
        charset = (charset_of(request.identifier).terms or ("",))[0]
        for exam in page.exams:
            answer = _answer(exam, asked.paths, request.association.calling_ae)
            label(answer, charset, visit.known.charset)
            visit.matches += 1
            yield FoundMatch(
                encode_identifier(answer, request.transfer_syntax_uid),
                all_keys_supported=asked.all_supported,
            )
        if page.more:
            raise FindRefusedError(
                Status.OUT_OF_RESOURCES, f"more than {self._most} matches: narrow the query"
            )


class NodeQueries:
    """Answers a query by its information model."""

    def __init__(self, *, archive: NodeFind, worklist: NodeWorklist) -> None:
        self._archive = archive
        self._worklist = worklist

    async def find(self, request: FindRequest[Visit], /) -> AsyncGenerator[FoundMatch, None]:
        """Yield the matches of the model that is asked; count what is refused, or cut short."""
        is_worklist = request.sop_class_uid == MODALITY_WORKLIST_FIND
        answering = self._worklist if is_worklist else self._archive
        try:
            async with aclosing(answering.find(request)) as matches:
                async for match in matches:
                    yield match
        except FindRefusedError as refusal:
            request.peer.refuse(f"{CommandField.C_FIND_RQ.name} {refusal.status:04X}")
            raise


def _understood(identifier: Dataset) -> _Asked:
    """Read an identifier.

    Raises
    ------
    FindRefusedError
        If a key's value is none of its VR.
    """
    matches: dict[str, Match] = {}
    paths: dict[str, None] = {}
    all_supported = True
    try:
        for path, match in keys_of(identifier):
            if path in WORKLIST_KEYS:
                matches[path] = match
            elif not isinstance(match, Universal):
                all_supported = False
            paths[path] = None
    except QueryError as error:
        raise FindRefusedError(Status.IDENTIFIER_MISMATCH, str(error)) from error
    if STEP in paths:
        # Without an item, all of it is asked for (PS3.4 C.2.2.2.6).
        paths |= dict.fromkeys(path for path in (*WORKLIST_KEYS, *_SAID) if path.startswith(STEP))
    return _Asked(matches, tuple(paths), _one_period(identifier), all_supported)


def _one_period(identifier: Dataset) -> bool:
    """Tell whether both date and time are ranges, which then are one (PS3.4 Table K.6-1)."""
    items = access.sequence(identifier, STEP)
    keywords = (path.rpartition(".")[2] for path in (START_DATE, START_TIME))
    return bool(items) and all("-" in (access.text(items[0], each) or "") for each in keywords)


def _answer(exam: ScheduledExam, paths: Sequence[str], calling_ae: str) -> Dataset:
    answer, step = Dataset(), Dataset()
    for path in paths:
        outer, _, inner = path.partition(".")
        if outer == STEP:
            if inner:
                set_element(step, inner.partition(".")[0], _values(exam, path, calling_ae))
        else:
            # What is not known is sent empty: the key was understood (PS3.4 C.2.2.1.3).
            set_element(answer, outer, _values(exam, path, calling_ae))
    if any(path.startswith(STEP) for path in paths):
        set_element(answer, STEP, [step])
    return answer


def _values(exam: ScheduledExam, path: str, calling_ae: str) -> list[str | int]:
    if path == _PRIORITY:
        return ["STAT" if exam.emergency else "ROUTINE"]
    if path == _STEP_STATUS:
        return ["SCHEDULED"]
    if path == STATION:
        return [exam.station_ae or calling_ae]
    key = WORKLIST_KEYS.get(path)
    return written(getattr(exam, key.column.key)) if key is not None else []
