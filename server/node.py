"""The DICOM node: its services over the archive's, on their ports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from dicom.dimse.server import DimseServer
from server.audit.public import ReadRefusals
from server.dicom_node.bounds import dimse_limits
from server.dicom_node.public import (
    PERFORMED_STEP,
    PERFORMED_STEP_RETRIEVE,
    STORAGE_COMMITMENT,
    Accounted,
    Budgets,
    CallingEntity,
    CommitmentCheck,
    Courier,
    NodeCommitment,
    NodeFind,
    NodeGate,
    NodePerformedSteps,
    NodeQueries,
    NodeRetrieve,
    NodeStore,
    NodeTls,
    NodeWorklist,
    UserIdentities,
    Visit,
)
from server.identity.public import SignInThrottle
from server.intake.public import Vouching
from server.scheduling.public import PerformedSteps
from server.services import Services, running

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def running_node(services: Services) -> AsyncIterator[None]:
    """Take, answer and send while the context lasts."""
    settings = services.settings
    courier = commitment_courier(services)
    async with running(services), courier.running():
        server = dimse_server(services, courier)
        dicom = settings.dicom
        shared = dicom.processes > 1
        port = await server.start(dicom.host, dicom.port, reuse_port=shared)
        _log.info("listening", at=(dicom.host, port), ae=dicom.ae_title)
        if dicom.tls_port is not None:
            tls_port = await server.start(
                dicom.host, dicom.tls_port, NodeTls(dicom).context, reuse_port=shared
            )
            _log.info("listening", at=(dicom.host, tls_port), ae=dicom.ae_title, tls=True)
        try:
            yield
        finally:
            await server.close(settings.drain_grace_s)


def commitment_courier(services: Services) -> Courier:
    """Make who answers requests for storage commitment."""
    return Courier(
        database=services.database,
        check=CommitmentCheck(
            database=services.database,
            vouching=Vouching(
                spool=services.spool,
                store=services.stores.originals,
                database=services.database,
                executor=services.executor,
            ),
            clock=services.clock,
        ),
        devices=services.devices,
        audit=services.audit,
        clock=services.clock,
        calling=CallingEntity.of(services.settings.dicom),
        executor=services.executor,
    )


def admission(services: Services) -> tuple[NodeGate, NodeStore, Budgets]:
    """Make who admits devices and who takes their objects, and the budgets both count by."""
    dicom = services.settings.dicom
    budgets = Budgets(dicom, services.clock)
    gate = NodeGate(
        devices=services.devices,
        database=services.database,
        audit=services.audit,
        clock=services.clock,
        called_ae=dicom.ae_title if dicom.check_called_ae else None,
        budgets=budgets,
        users=UserIdentities(
            passwords=services.passwords,
            throttle=SignInThrottle(services.settings.identity),
            clock=services.clock,
        ),
    )
    return gate, NodeStore(services.intake, budgets, services.clock), budgets


def dimse_server(services: Services, courier: Courier | None = None) -> DimseServer[Visit]:
    """Make the DICOM node over ``services``; without a courier, one of its own."""
    dicom = services.settings.dicom
    gate, store, budgets = admission(services)
    queries = NodeQueries(
        archive=NodeFind(
            services.searches, services.executor, ae_title=dicom.ae_title, most=dicom.max_matches
        ),
        worklist=NodeWorklist(services.steps, most=dicom.max_matches),
    )
    retrievals = NodeRetrieve(
        selector=services.selector,
        outgoing=services.outgoing,
        devices=services.devices,
        reads=services.reads,
        refusals=ReadRefusals(
            database=services.database, trail=services.audit, clock=services.clock
        ),
        calling=CallingEntity.of(dicom),
        most=dicom.max_retrieved,
    )
    commitment = NodeCommitment(
        database=services.database,
        courier=courier or commitment_courier(services),
        audit=services.audit,
        clock=services.clock,
        ids=services.ids,
        executor=services.executor,
    )
    performed = NodePerformedSteps(
        PerformedSteps(
            database=services.database,
            audit=services.audit,
            clock=services.clock,
            ids=services.ids,
            executor=services.executor,
        ),
        services.executor,
    )
    return DimseServer(
        gate,
        store,
        find_handler=queries,
        retrieve_handler=retrievals,
        normalized={
            STORAGE_COMMITMENT: Accounted(commitment, budgets),
            PERFORMED_STEP: Accounted(performed, budgets),
            PERFORMED_STEP_RETRIEVE: Accounted(performed, budgets),
        },
        limits=dimse_limits(dicom),
    )
