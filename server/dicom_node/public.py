"""What the composition root takes from the DICOM node."""

from server.dicom_node.devices import DeviceAddress, DeviceService, NewDevice
from server.dicom_node.find import NodeFind
from server.dicom_node.models import DeviceCharset
from server.dicom_node.node import NodeGate, NodeStore, Visit
from server.dicom_node.retrieve import NodeRetrieve
from server.dicom_node.worklist import NodeQueries, NodeWorklist

__all__ = [
    "DeviceAddress",
    "DeviceCharset",
    "DeviceService",
    "NewDevice",
    "NodeFind",
    "NodeGate",
    "NodeQueries",
    "NodeRetrieve",
    "NodeStore",
    "NodeWorklist",
    "Visit",
]
