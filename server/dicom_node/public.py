"""What the composition root takes from the DICOM node."""

from server.dicom_node.devices import DeviceAddress, DeviceService, NewDevice
from server.dicom_node.find import NodeFind
from server.dicom_node.node import NodeGate, NodeStore, Visit
from server.dicom_node.retrieve import NodeRetrieve

__all__ = [
    "DeviceAddress",
    "DeviceService",
    "NewDevice",
    "NodeFind",
    "NodeGate",
    "NodeRetrieve",
    "NodeStore",
    "Visit",
]
