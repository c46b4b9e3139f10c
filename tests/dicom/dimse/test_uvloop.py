"""The scenes that depend on the event loop, under uvloop."""

from collections.abc import Awaitable, Callable

import pytest
import uvloop

from tests.dicom.dimse import (
    test_association,
    test_deadlines,
    test_hostile_peers,
    test_peers,
    test_tls,
)

SCENES: list[Callable[[], Awaitable[None]]] = [
    test_association.test_echo_store_and_release_are_answered,
    test_association.test_pipelined_messages_are_answered_in_order,
    test_association.test_nothing_more_is_read_while_an_object_is_made_durable,
    test_association.test_object_of_a_peer_that_vanished_after_sending_it_is_kept,
    test_hostile_peers.test_honest_echo_works_beside_300_silent_and_half_sent_connections,
    test_hostile_peers.test_oldest_silent_connection_makes_room,
    test_hostile_peers.test_peer_that_talks_on_after_our_abort_is_cut,
    test_hostile_peers.test_peer_that_never_reads_responses_is_read_no_more,
    test_deadlines.test_closing_server_lets_a_running_store_finish_and_aborts_the_idle,
    test_deadlines.test_closing_server_aborts_what_outlives_its_grace,
    test_deadlines.test_closing_server_drops_connections_without_association,
    test_peers.test_echoscu_is_answered,
    test_tls.test_silent_handshake_is_dropped_and_delays_nobody,
    test_tls.test_verified_certificate_reaches_the_gate,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_scene_under_uvloop(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        await scene()

    uvloop.run(play())
