"""What other capabilities and the composition root take from the DICOM node."""

from server.dicom_node.accounting import Accounted
from server.dicom_node.budgets import Budgets, DeviceBudget
from server.dicom_node.calling import CallingEntity
from server.dicom_node.commitment import STORAGE_COMMITMENT, NodeCommitment
from server.dicom_node.commitment_check import CommitmentCheck
from server.dicom_node.courier import Courier
from server.dicom_node.devices import Destination, DeviceService
from server.dicom_node.find import NodeFind
from server.dicom_node.models import Device, DeviceCharset
from server.dicom_node.node import NodeGate, NodeStore, Visit
from server.dicom_node.outgoing import OutgoingObjects
from server.dicom_node.performed import (
    PERFORMED_STEP,
    PERFORMED_STEP_RETRIEVE,
    NodePerformedSteps,
)
from server.dicom_node.registered import (
    DeviceAddress,
    DeviceChange,
    NewDevice,
    RegisteredDevice,
)
from server.dicom_node.retrieve import NodeRetrieve
from server.dicom_node.tls import NodeTls, tls_context
from server.dicom_node.user_identity import UserIdentities
from server.dicom_node.worklist import NodeQueries, NodeWorklist

__all__ = [
    "PERFORMED_STEP",
    "PERFORMED_STEP_RETRIEVE",
    "STORAGE_COMMITMENT",
    "Accounted",
    "Budgets",
    "CallingEntity",
    "CommitmentCheck",
    "Courier",
    "Destination",
    "Device",
    "DeviceAddress",
    "DeviceBudget",
    "DeviceChange",
    "DeviceCharset",
    "DeviceService",
    "NewDevice",
    "NodeCommitment",
    "NodeFind",
    "NodeGate",
    "NodePerformedSteps",
    "NodeQueries",
    "NodeRetrieve",
    "NodeStore",
    "NodeTls",
    "NodeWorklist",
    "OutgoingObjects",
    "RegisteredDevice",
    "UserIdentities",
    "Visit",
    "tls_context",
]
