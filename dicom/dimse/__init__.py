"""An asyncio DICOM upper layer and its services: the node's network face.

Bytes come in through `protocol` (one `asyncio.BufferedProtocol` a connection, driven by the table
in `states`), are cut into PDUs and fragments by `reader` and `pdu`, negotiated by `negotiate`,
and become DIMSE messages in `exchange`, which routes them (`dispatch`) to a service (`store`).
Who comes in (`association`) and what happens with an object is decided by the protocols in
`callbacks`; bounds are in `limits`; `server` listens.

From pynetdicom come the negotiation rules, the association acceptance PDU and the lists of SOP
classes. Its threads and its reading of PDUs are not used: they sleep, and they trust lengths a peer
claims.
"""
