"""The web role's application: every route over the parts of its process."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from server import __version__
from server.consults.proxy import MediaProxy
from server.consults.routes import consult_routes
from server.core.clock import Clock
from server.core.health import Check, public_health_routes
from server.core.http import (
    Requires,
    Route,
    add_routes,
    errors_become_problems,
    set_security_headers,
)
from server.core.ids import Ids
from server.core.metrics import metrics_route, time_requests
from server.core.openapi import openapi_routes
from server.core.settings import Settings
from server.dicom_node.public import CallingEntity
from server.dicom_node.routes import device_routes
from server.dicom_node.schemas import NodeOut
from server.dicom_node.trials import DeviceTrials
from server.dicomweb.access import StudyAccess
from server.dicomweb.capabilities import allow_origins
from server.dicomweb.composing import Composer
from server.dicomweb.derived import Derived
from server.dicomweb.metadata import MetadataService
from server.dicomweb.rendering import RenderingService
from server.dicomweb.retrieval import RetrievalService
from server.dicomweb.routes import dicomweb_routes
from server.dicomweb.search import SearchService
from server.dicomweb.storage import StorageService, StoreLimits
from server.dicomweb.transcoding import TranscodingService
from server.ecg_records.reception import EcgReception
from server.ecg_records.routes import ecg_routes
from server.ecg_records.service import EcgRecordService
from server.exports.routes import export_routes
from server.forwarding.gauges import ForwardGauges
from server.forwarding.routes import forwarding_routes
from server.identity.middleware import Refusals, door, guard, visitor_of
from server.identity.public import Action, Actor
from server.identity.routes import identity_routes
from server.identity.watch import CredentialWatch
from server.intake.gauges import IntakeGauges
from server.intake.routes import upload_routes
from server.lifecycle.keeping import Keeping
from server.lifecycle.routes import lifecycle_routes
from server.page import DIST, page_routes
from server.patients.routes import patient_routes
from server.realtime.hub import Hub
from server.realtime.routes import event_routes
from server.reports.directory import RequestReports
from server.reports.documents import ReportDocuments
from server.reports.fonts import PrintingFont
from server.reports.issuing import Printer
from server.reports.journal import ReportJournal
from server.reports.lists import ReportLists
from server.reports.routes import report_routes
from server.reports.service import ReportService
from server.reports.views import ReportViews
from server.requests.public import Worklist
from server.requests.routes import request_routes
from server.scheduling.routes import scheduling_routes
from server.services import Services, build_services, running
from server.studies.public import StudyService
from server.studies.rejection_routes import rejection_routes
from server.studies.routes import study_routes
from server.workitems.routes import workitem_routes
from server.workitems.subscription_routes import subscription_routes

# More instances than the largest studies have; each part costs a file and a row.
_STORE_PARTS: Final = 20_000

SERVICES: Final = web.AppKey("SERVICES", Services)


def build_app(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None
) -> web.Application:
    """Make the web role's application; its resources open with it and close with it."""
    services = build_services(settings, role="web", clock=clock, ids=ids)
    settings = services.settings
    hub = Hub(
        database=services.database,
        tail=services.tail,
        audience=StudyAudience(services.studies),
        watch=CredentialWatch(services.sessions, services.tokens),
    )
    ecgs = EcgRecordService(
        database=services.database,
        studies=services.studies,
        reads=services.reads,
        originals=services.originals,
        bench=services.bench,
    )
    worklist = Worklist(
        database=services.database,
        studies=services.studies,
        institutions=services.institutions,
        people=services.people,
        reads=services.reads,
        reports=RequestReports(),
        consults=services.consults,
        clock=services.clock,
    )
    derived = Derived(services.stores.derived)
    store_limits = StoreLimits(
        max_total_bytes=settings.http.max_store_bytes,
        max_parts=_STORE_PARTS,
        max_object_bytes=services.intake.limits.max_object_bytes,
    )
    refusals = Refusals(database=services.database, trail=services.audit, clock=services.clock)
    media = MediaProxy(settings.http)
    app = web.Application(
        middlewares=[
            time_requests(services.registry),
            errors_become_problems(services.ids),
            guard(
                door(
                    sessions=services.sessions,
                    tokens=services.tokens,
                    refusals=refusals,
                    http=settings.http,
                )
            ),
        ],
        client_max_size=settings.http.max_json_bytes,
    )
    app[SERVICES] = services
    app.on_response_prepare.append(allow_origins(settings.http.cors_origins))
    app.on_response_prepare.append(set_security_headers(hsts=settings.http.sends_hsts))
    add_routes(
        app,
        [
            *page_routes(),
            *openapi_routes(version=__version__),
            *public_health_routes(
                {
                    "database": services.database.check,
                    "store": services.stores.originals.check,
                    "spool": _spool_check(services),
                },
            ),
            metrics_route(
                services.registry,
                refresh=[
                    IntakeGauges(
                        services.registry,
                        database=services.database,
                        spool=services.spool,
                        clock=services.clock,
                    ).refresh,
                    ForwardGauges(
                        services.registry, database=services.database, clock=services.clock
                    ).refresh,
                ],
                action=Action.METRICS_READ,
            ),
            *identity_routes(sessions=services.sessions, http=settings.http),
            *upload_routes(services.uploads),
            *study_routes(services.studies, services.reads),
            *export_routes(services.exporter),
            *patient_routes(services.merges),
            *lifecycle_routes(
                services.lifecycle,
                Keeping(
                    database=services.database,
                    lifecycle=services.lifecycle,
                    studies=services.studies,
                    people=services.people,
                    clock=services.clock,
                ),
                services.tiering,
                services.reads,
                services.quarantine,
            ),
            *rejection_routes(services.rejections),
            *ecg_routes(
                ecgs,
                EcgReception(
                    intake=services.intake, database=services.database, audit=services.audit
                ),
            ),
            *scheduling_routes(services.scheduling),
            *request_routes(services.requests, worklist),
            *_reporting(services, worklist, ecgs),
            *dicomweb_routes(
                access=StudyAccess(
                    database=services.database,
                    reads=services.reads,
                    audit=services.audit,
                    clock=services.clock,
                ),
                retrieval=RetrievalService(
                    originals=services.originals, executor=services.executor
                ),
                transcoding=TranscodingService(
                    originals=services.originals,
                    derived=derived,
                    coder=services.decoders,
                    executor=services.executor,
                ),
                metadata=MetadataService(
                    database=services.database, derived=derived, executor=services.executor
                ),
                rendering=RenderingService(
                    originals=services.originals, derived=derived, renderer=services.decoders
                ),
                searches=SearchService(searches=services.searches, executor=services.executor),
                storage=StorageService(
                    intake=services.intake,
                    database=services.database,
                    audit=services.audit,
                    limits=store_limits,
                ),
                composer=Composer(
                    originals=services.originals,
                    executor=services.executor,
                    limits=store_limits,
                ),
                further=[
                    *workitem_routes(services.workitems, settings.http.public_url),
                    *subscription_routes(
                        services.subscriptions,
                        hub=hub,
                        visitor_of=visitor_of,
                        public_url=settings.http.public_url,
                    ),
                ],
                public_url=settings.http.public_url,
            ),
            *consult_routes(services.consults),
            *device_routes(
                services.devices,
                DeviceTrials(
                    devices=services.devices,
                    calling=CallingEntity.of(settings.dicom),
                    database=services.database,
                    audit=services.audit,
                    clock=services.clock,
                ),
                services.institutions,
                NodeOut(
                    ae_title=settings.dicom.ae_title,
                    port=settings.dicom.port,
                    tls_port=settings.dicom.tls_port,
                ),
            ),
            *forwarding_routes(services.routes, services.forwards, services.sending),
            *media.routes(),
            *event_routes(hub=hub, access=Requires(Action.EVENTS_LISTEN), visitor_of=visitor_of),
        ],
    )

    async def opened(_app: web.Application) -> AsyncIterator[None]:
        async with running(services):
            await hub.start()
            yield

    async def farewell(_app: web.Application) -> None:
        # Before the server waits for open connections: a socket never ends by itself.
        await hub.stop()

    app.cleanup_ctx.extend([opened, media.running])
    app.on_shutdown.extend([farewell, media.stop])
    return app


def _reporting(services: Services, worklist: Worklist, ecgs: EcgRecordService) -> list[Route]:
    database, people, clock = services.database, services.people, services.clock
    views = ReportViews(
        database=database,
        requests=services.requests,
        people=people,
        signatories=people,
        clock=clock,
    )
    printer = Printer(
        database=database,
        requests=worklist,
        ecgs=ecgs,
        people=people,
        font=PrintingFont(DIST / "fonts"),
        executor=services.executor,
    )
    return report_routes(
        reports=ReportService(
            database=database,
            views=views,
            requests=services.requests,
            signatories=people,
            printer=printer,
            journal=ReportJournal(audit=services.audit, clock=clock),
            clock=clock,
            ids=services.ids,
        ),
        views=views,
        lists=ReportLists(
            database=database,
            studies=services.studies,
            people=people,
            institutions=services.institutions,
        ),
        documents=ReportDocuments(
            database=database, views=views, printer=printer, reads=services.reads
        ),
        reads=services.reads,
    )


def build_health_app(services: Services) -> web.Application:
    """Make an application that answers for a role's health and nothing else."""
    app = web.Application(middlewares=[errors_become_problems(services.ids)])
    app.on_response_prepare.append(set_security_headers(hsts=services.settings.http.sends_hsts))
    add_routes(app, public_health_routes({"database": services.database.check}))
    return app


class StudyAudience:
    """Lets those hear of a study who may see it, and nobody of anything else."""

    def __init__(self, studies: StudyService) -> None:
        self._studies = studies

    async def may_hear(self, listener: Actor, org: str, study_id: str | None) -> bool:
        """Tell whether the listener may hear of this study."""
        del org
        return study_id is not None and await self._studies.may_see(listener, study_id)


def _spool_check(services: Services) -> Check:
    async def check() -> None:
        services.spool.check_room()
        if not services.committer.alive:
            raise RuntimeError("the committer is gone")

    return check
