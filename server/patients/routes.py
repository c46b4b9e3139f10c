"""Routes of patients: records of one person, merged and unmerged."""

from typing import Annotated

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r400, r404, r409
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.identity.public import ACTOR, Action
from server.patients.merging import PatientMergeService
from server.patients.schemas import MergeIn, PatientRecordOut, PatientRecordPage, UnmergeIn

Sought = Annotated[str, Field(min_length=1, max_length=64)]
Limit = Annotated[int, Field(ge=1, le=100)]


def patient_routes(patients: PatientMergeService) -> list[Route]:
    """Return the routes of patients."""

    @inject_params.and_request
    async def find_patients(
        request: web.Request, text: Sought, limit: Limit = 50
    ) -> r200[PatientRecordPage] | r400[Problem]:
        """Find the records of a person, by number or part of the name.

        Tags: patients
        """
        return json_response(await patients.find(request[ACTOR], text, limit))

    @inject_params.and_request
    async def get_patient(
        request: web.Request, patient_id: str, /
    ) -> r200[PatientRecordOut] | r404[Problem]:
        """Return one record, with what it was merged with.

        Tags: patients
        """
        return json_response(await patients.one(request[ACTOR], patient_id))

    @inject_params.and_request
    async def merge_patient(
        request: web.Request, patient_id: str, /, body: MergeIn
    ) -> r200[PatientRecordOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Give a record up for another of the same person: its studies are shown there.

        Tags: patients
        """
        await patients.merge(request[ACTOR], patient_id, body.into, body.reason)
        return json_response(await patients.one(request[ACTOR], patient_id))

    @inject_params.and_request
    async def unmerge_patient(
        request: web.Request, patient_id: str, /, body: UnmergeIn
    ) -> r200[PatientRecordOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Undo a record's merge: its studies are shown as they came.

        Tags: patients
        """
        await patients.unmerge(request[ACTOR], patient_id, body.reason)
        return json_response(await patients.one(request[ACTOR], patient_id))

    merges = Requires(Action.PATIENT_MERGE)
    return [
        Route("GET", "/api/patients", find_patients, merges),
        Route("GET", "/api/patients/{patient_id}", get_patient, merges),
        Route("POST", "/api/patients/{patient_id}/merge", merge_patient, merges),
        Route("POST", "/api/patients/{patient_id}/unmerge", unmerge_patient, merges),
    ]
