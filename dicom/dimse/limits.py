"""The bounds of the node: what one peer, one object and one wait may cost."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class DimseLimits:
    """Bounds on sizes, counts and waits, each with its unit in its name.

    Parameters
    ----------
    max_pdu_bytes
        Largest P-DATA-TF PDU accepted, and the maximum length we advertise (PS3.8 D.1).
    max_associate_pdu_bytes
        Largest A-ASSOCIATE-RQ PDU accepted.
    max_presentation_contexts
        Contexts in one request; identifiers are odd and below 256, so 128 is the standard's own
        bound.
    max_transfer_syntaxes_per_context
        The dictionary knows 63 transfer syntaxes; a request with many more is an attack.
    max_user_items
        Sub-items of the user information item: one role selection for each SOP class and a few
        more.
    max_command_bytes
        Largest command set of a message.
    max_identifier_bytes
        Largest identifier of a query; a list of 1,000 UIDs has 64 KiB.
    max_normalized_bytes
        Largest data set of a DIMSE-N request; a storage commitment of 20,000 instances has 4 MB.
    find_s
        From a query's identifier to its last match, from a retrieval's to the list of its objects.
    perform_s
        From a DIMSE-N request to its response.
    retrieve_s
        From a retrieval's first object to its last.
    max_object_bytes
        Largest dataset received, whether it is stored or drained.
    max_associations, max_associations_per_ip, max_associations_per_ae
        Associations open or being admitted at one time: in all, from one address, of one calling AE
        title.
    max_pending_connections
        Connections which have not sent their request yet; the oldest makes room for a newer one.
    max_discarded_bytes
        What is still read from a peer after we rejected, aborted or released, before the connection
        is cut.
    receive_buffer_bytes
        The one buffer all connections of a server read into; also the bound of what is kept while
        an association waits for its handler.
    negotiation_cache_entries
        Requests whose outcome is remembered.
    artim_s
        From connection to complete A-ASSOCIATE-RQ, and from our last PDU to the peer's close (PS3.8
        9.1.5); where we call, to each of connection, acceptance and release.
    tls_handshake_s
        From connection to the end of the TLS handshake, and for its closing exchange.
    admission_s
        How long the gate may take.
    pdu_progress_s
        How long one PDU, or the gap between PDUs of one message, or a blocked response may take.
    response_s
        From a request of ours to the first byte of its response, and between responses.
    message_s
        From the first byte of a message to its response.
    idle_s
        Between messages.
    association_s
        Life of an association.
    timer_resolution_s
        How often deadlines are looked at.
    review_s
        How often the gate is asked who may stay.
    """

    max_pdu_bytes: int = 131_072
    max_associate_pdu_bytes: int = 1_048_576
    max_presentation_contexts: int = 128
    max_transfer_syntaxes_per_context: int = 128
    max_user_items: int = 512
    max_command_bytes: int = 65_536
    max_identifier_bytes: int = 131_072
    max_normalized_bytes: int = 4_194_304
    max_object_bytes: int = 4 * 1024**3
    max_associations: int = 512
    max_associations_per_ip: int = 64
    max_associations_per_ae: int = 32
    max_pending_connections: int = 1024
    max_discarded_bytes: int = 1_048_576
    receive_buffer_bytes: int = 262_144
    negotiation_cache_entries: int = 256
    artim_s: float = 10.0
    tls_handshake_s: float = 10.0
    admission_s: float = 10.0
    pdu_progress_s: float = 30.0
    response_s: float = 120.0
    message_s: float = 3600.0
    find_s: float = 120.0
    perform_s: float = 60.0
    retrieve_s: float = 21_600.0
    idle_s: float = 600.0
    association_s: float = 86_400.0
    timer_resolution_s: float = 0.5
    review_s: float = 3.0

    def __post_init__(self) -> None:
        """Refuse a bound that is not positive, or a PDU too small to carry a command.

        Raises
        ------
        ValueError
            If a bound makes no sense.
        """
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")
        if self.max_pdu_bytes < 4096:
            raise ValueError(
                "max_pdu_bytes must be at least 4096 (PS3.8 has no lower bound; peers do)"
            )
