"""What the composition root takes from the DICOM node."""

from server.dicom_node.devices import DeviceService, NewDevice
from server.dicom_node.find import NodeFind
from server.dicom_node.node import NodeGate, NodeStore, Visit

__all__ = ["DeviceService", "NewDevice", "NodeFind", "NodeGate", "NodeStore", "Visit"]
