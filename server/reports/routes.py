"""Routes of reports."""

from typing import Annotated, Final

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r400, r403, r404, r409, r503
from pydantic import Field

from server.core.errors import NotFound
from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.core.paging import decode_cursor
from server.identity.public import ACTOR, Action
from server.reports.documents import ReadAudit, ReportDocuments
from server.reports.lists import ReportLists, ReportView
from server.reports.schemas import (
    AmendIn,
    CommentIn,
    DraftIn,
    ReceiptIn,
    ReportOut,
    ReportPage,
    SeenIn,
    StaleDraft,
    TemplateList,
    TemplateOut,
    VersionList,
)
from server.reports.service import ReportService, StaleRevision
from server.reports.templates import templates_for
from server.reports.views import ReportViews
from server.requests.public import RequestKind

Limit = Annotated[int, Field(ge=1, le=200)]
# What the database counts versions in.
Number = Annotated[int, Field(ge=1, le=2_147_483_647)]
_ONE: Final = "/api/reports/{report_id}"
_DOCUMENT_HEADERS: Final = {
    "Content-Disposition": 'inline; filename="report.pdf"',
    "Cache-Control": "private, no-cache",
    # Nothing in it runs or loads. Browsers show it in an object of their own, which the policy of
    # our pages (`object-src 'none'`) may forbid.
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def report_routes(
    *,
    reports: ReportService,
    views: ReportViews,
    lists: ReportLists,
    documents: ReportDocuments,
    reads: ReadAudit,
) -> list[Route]:
    """Return the routes of reports."""
    return [*_reading(views, lists, documents, reads), *_writing(reports, views)]


def _reading(
    views: ReportViews, lists: ReportLists, documents: ReportDocuments, reads: ReadAudit
) -> list[Route]:
    @inject_params
    async def list_templates(
        kind: RequestKind | None = None, modality: str | None = None
    ) -> r200[TemplateList]:
        """List texts to begin a report with.

        Tags: reports
        """
        found = templates_for(kind, modality)
        return json_response(
            TemplateList([TemplateOut.model_validate(each, from_attributes=True) for each in found])
        )

    @inject_params.and_request
    async def list_reports(
        request: web.Request,
        view: ReportView = ReportView.INSTITUTION,
        limit: Limit = 50,
        before: str | None = None,
    ) -> r200[ReportPage] | r400[Problem]:
        """List reports that the person's institution writes or was given, newest first.

        Tags: reports
        """
        page = await lists.page(request[ACTOR], view, limit=limit, before=decode_cursor(before))
        return json_response(page)

    @inject_params.and_request
    async def get_report_of_request(
        request: web.Request, request_id: str, /
    ) -> r200[ReportOut] | r404[Problem]:
        """Return the report of a request.

        Tags: reports
        """
        report, ref = await views.of_request(request[ACTOR], request_id)
        await reads.record_read(request[ACTOR], report.study_pk)
        return json_response(await views.show(request[ACTOR], report, ref))

    @inject_params.and_request
    async def get_report(
        request: web.Request, report_id: str, /
    ) -> r200[ReportOut] | r404[Problem]:
        """Return a report.

        Tags: reports
        """
        report, ref = await views.of_id(request[ACTOR], report_id)
        await reads.record_read(request[ACTOR], report.study_pk)
        return json_response(await views.show(request[ACTOR], report, ref))

    @inject_params.and_request
    async def list_versions(
        request: web.Request, report_id: str, /
    ) -> r200[VersionList] | r404[Problem]:
        """List the versions that were issued, the newest first.

        Tags: reports
        """
        report, _ = await views.of_id(request[ACTOR], report_id)
        await reads.record_read(request[ACTOR], report.study_pk)
        return json_response(await views.versions(report))

    @inject_params.and_request
    async def get_document(
        request: web.Request, report_id: str, /, version: Number | None = None
    ) -> r200[bytes] | r404[Problem] | r503[Problem]:
        """Return a version as PDF/A-2b, the latest by default.

        Tags: reports
        """
        pdf = await documents.document(request[ACTOR], report_id, version)
        return web.Response(body=pdf, content_type="application/pdf", headers=_DOCUMENT_HEADERS)

    read = Requires(Action.REPORT_READ)
    return [
        Route("GET", "/api/report-templates", list_templates, Requires(Action.REPORT_WRITE)),
        Route("GET", "/api/reports", list_reports, read),
        Route("GET", "/api/requests/{request_id}/report", get_report_of_request, read),
        Route("GET", _ONE, get_report, read),
        Route("GET", f"{_ONE}/versions", list_versions, read),
        Route("GET", f"{_ONE}/document.pdf", get_document, read),
    ]


def _writing(reports: ReportService, views: ReportViews) -> list[Route]:
    @inject_params.and_request
    async def put_report_of_request(
        request: web.Request, request_id: str, /, draft: DraftIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[StaleDraft]:
        """Keep what the person who holds the case has written.

        Tags: reports
        """
        try:
            report = await reports.save(request[ACTOR], request_id, draft)
        except StaleRevision as error:
            return _stale(error, await _current(request, request_id))
        return json_response(await views.shown(request[ACTOR], report.id))

    @inject_params.and_request
    async def submit_report(
        request: web.Request, report_id: str, /, seen: SeenIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Submit a draft for review.

        Tags: reports
        """
        await reports.submit(request[ACTOR], report_id, seen.revision)
        return json_response(await views.shown(request[ACTOR], report_id))

    @inject_params.and_request
    async def return_report(
        request: web.Request, report_id: str, /, comment: CommentIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Give a submitted report back to its author, with a comment.

        Tags: reports
        """
        await reports.give_back(request[ACTOR], report_id, comment)
        return json_response(await views.shown(request[ACTOR], report_id))

    @inject_params.and_request
    async def sign_report(
        request: web.Request, report_id: str, /, seen: SeenIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[Problem] | r503[Problem]:
        """Make a report final.

        Tags: reports
        """
        await reports.sign(request[ACTOR], report_id, seen.revision)
        return json_response(await views.shown(request[ACTOR], report_id))

    @inject_params.and_request
    async def amend_report(
        request: web.Request, report_id: str, /, amendment: AmendIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Open an issued report for a change.

        Tags: reports
        """
        await reports.amend(request[ACTOR], report_id, amendment)
        return json_response(await views.shown(request[ACTOR], report_id))

    @inject_params.and_request
    async def acknowledge_report(
        request: web.Request, report_id: str, /, receipt: ReceiptIn
    ) -> r200[ReportOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Record that the examining side has received the latest version.

        Tags: reports
        """
        await reports.acknowledge(request[ACTOR], report_id, receipt.version)
        return json_response(await views.shown(request[ACTOR], report_id))

    async def _current(request: web.Request, request_id: str) -> ReportOut | None:
        try:
            report, ref = await views.of_request(request[ACTOR], request_id)
        except NotFound:
            return None
        return await views.show(request[ACTOR], report, ref)

    write, sign = Requires(Action.REPORT_WRITE), Requires(Action.REPORT_SIGN)
    receive = Requires(Action.REPORT_ACKNOWLEDGE)
    return [
        Route("PUT", "/api/requests/{request_id}/report", put_report_of_request, write),
        Route("POST", f"{_ONE}/submit", submit_report, write),
        Route("POST", f"{_ONE}/return", return_report, sign),
        Route("POST", f"{_ONE}/sign", sign_report, sign),
        Route("POST", f"{_ONE}/amend", amend_report, write),
        Route("POST", f"{_ONE}/acknowledge", acknowledge_report, receive),
    ]


def _stale(error: StaleRevision, current: ReportOut | None) -> web.Response:
    body = StaleDraft(
        type="about:blank",
        title="Conflict",
        status=409,
        code=error.code,
        detail=error.detail,
        current=current,
    )
    return web.Response(
        status=409,
        body=body.model_dump_json().encode(),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )
