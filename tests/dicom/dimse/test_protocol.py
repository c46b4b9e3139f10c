"""The connection's actions: in every state, every event does on the wire what the table says."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.dimse.callbacks import Ending
from dicom.dimse.limits import DimseLimits
from dicom.dimse.protocol import UpperLayer
from dicom.dimse.states import TRANSITIONS, Action, Event, State
from tests.dicom.dimse.node import ABORT, ECHO, RELEASE, associate_request, pdu

ACCEPTANCE = pdu(0x02, bytes(68))


class WireTransport(asyncio.Transport):
    """Keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return


@dataclass
class User:
    """Records, and answers nothing by itself."""

    heard: list[str] = field(default_factory=list)
    details: list[object] = field(default_factory=list)

    def associate_requested(self, body: bytes) -> None:
        self.heard.append("request")
        self.details.append(body)

    def request_refused(self, reason: str) -> None:
        self.heard.append("refused")
        self.details.append(reason)

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        self.heard.append("fragment")
        self.details.append((context_id, control, bytes(chunk), complete))

    def release_requested(self) -> None:
        self.heard.append("release")

    def ended(self, ending: Ending, reason: str) -> None:
        self.heard.append(ending)
        self.details.append(reason)

    def disconnected(self) -> None:
        self.heard.append("disconnected")


class Connection:
    """An upper layer between a recording user and a recording wire."""

    def __init__(self) -> None:
        self.user = User()
        self.wire = WireTransport()
        self.sock = socket.socket()
        self.buffer = memoryview(bytearray(2048))
        self.upper = UpperLayer(self.user, self.sock, self.buffer, DimseLimits())

    @property
    def state(self) -> State:
        return self.upper._state

    def receive(self, data: bytes) -> None:
        view = self.upper.get_buffer(-1)
        view[: len(data)] = data
        self.upper.buffer_updated(len(data))


def connect(connection: Connection) -> None:
    connection.upper.connection_made(connection.wire)


def request(connection: Connection) -> None:
    connect(connection)
    connection.receive(associate_request())


def accept(connection: Connection) -> None:
    request(connection)
    connection.upper.accept(ACCEPTANCE, 16384)


def ask_release(connection: Connection) -> None:
    accept(connection)
    connection.receive(RELEASE)


def end(connection: Connection) -> None:
    ask_release(connection)
    connection.upper.respond_release()


REACH: dict[State, Callable[[Connection], None]] = {
    State.IDLE: lambda _: None,
    State.AWAITING_REQUEST: connect,
    State.AWAITING_DECISION: request,
    State.ESTABLISHED: accept,
    State.AWAITING_RELEASE_RESPONSE: ask_release,
    State.AWAITING_CLOSE: end,
}

CAUSE: dict[Event, Callable[[Connection], None]] = {
    Event.ASSOCIATE_AC_RECEIVED: lambda c: c.receive(ACCEPTANCE),
    Event.ASSOCIATE_RJ_RECEIVED: lambda c: c.receive(pdu(0x03, bytes(4))),
    Event.CONNECTED: connect,
    Event.ASSOCIATE_RQ_RECEIVED: lambda c: c.receive(associate_request()),
    Event.ACCEPT: lambda c: c.upper.accept(ACCEPTANCE, 16384),
    Event.REJECT: lambda c: c.upper.reject(1, 1, 3),
    Event.SEND_DATA: lambda c: c.upper.send_message(1, b"command"),
    Event.DATA_RECEIVED: lambda c: c.receive(ECHO),
    Event.RELEASE_RQ_RECEIVED: lambda c: c.receive(RELEASE),
    Event.RELEASE_RP_RECEIVED: lambda c: c.receive(pdu(0x06, bytes(4))),
    Event.RELEASE: lambda c: c.upper.respond_release(),
    Event.ABORT: lambda c: c.upper.abort(Ending.ABORTED, "test"),
    Event.ABORT_RECEIVED: lambda c: c.receive(ABORT),
    Event.CLOSED: lambda c: c.upper.connection_lost(None),
    Event.ARTIM_EXPIRED: lambda c: c.upper.check_deadlines(asyncio.get_running_loop().time() + 60),
    Event.INVALID_PDU: lambda c: c.receive(b"\xff" * 6),
}

WRITES: dict[Action, int] = {
    Action.SEND_ACCEPT: 0x02,
    Action.SEND_REJECT: 0x03,
    Action.SEND_DATA: 0x04,
    Action.SEND_DATA_BEFORE_RELEASE: 0x04,
    Action.SEND_RELEASE_RP: 0x06,
    Action.SEND_USER_ABORT: 0x07,
    Action.SEND_PROVIDER_ABORT: 0x07,
    Action.SEND_ABORT_AGAIN: 0x07,
}
CLOSES = {Action.CLOSE, Action.INDICATE_ABORT}
TELLS: dict[Action, str] = {
    Action.INDICATE_REQUEST: "request",
    Action.INDICATE_DATA: "fragment",
    Action.INDICATE_RELEASE: "release",
    Action.INDICATE_ABORT: Ending.ABORTED_BY_PEER,
    Action.INDICATE_LOSS: Ending.CONNECTION_LOST,
    Action.SEND_RELEASE_RP: Ending.RELEASED,
}


@pytest.mark.parametrize(("state", "event"), list(TRANSITIONS))
async def test_every_event_acts_as_the_table_says(state: State, event: Event) -> None:
    connection = Connection()
    with connection.sock:
        REACH[state](connection)
        assert connection.state is state
        connection.wire.written.clear()
        heard_before = len(connection.user.heard)
        CAUSE[event](connection)
        action, following = TRANSITIONS[state, event]
        assert connection.state is following
        written = connection.wire.written
        assert (written[0] if written else None) == WRITES.get(action)
        if written and written[0] == 0x07:
            assert written[8] == (0 if action is Action.SEND_USER_ABORT else 2)
        assert connection.wire.closed is (action in CLOSES)
        if action in TELLS:
            assert connection.user.heard[heard_before] == TELLS[action]


streams = st.lists(
    st.one_of(
        st.sampled_from(
            [ACCEPTANCE, ECHO, RELEASE, ABORT, associate_request(), pdu(3, bytes(4)), pdu(6, b"")]
        ),
        st.binary(max_size=30),
    ),
    max_size=6,
).map(b"".join)


@given(st.sampled_from(list(REACH)[1:]), streams)
async def test_whatever_arrives_the_user_hears_one_end_at_most(state: State, stream: bytes) -> None:
    connection = Connection()
    with connection.sock:
        REACH[state](connection)
        for start in range(0, len(stream), 7):
            connection.receive(stream[start : start + 7])
            if connection.wire.closed:
                break
        connection.upper.connection_lost(None)
    heard = connection.user.heard
    endings = [each for each in heard if each in set(Ending)]
    assert len(endings) == heard.count("request")
    assert heard[-1] == "disconnected"
    assert heard.count("disconnected") == 1


async def test_request_whose_decision_got_lost_is_aborted() -> None:
    connection = Connection()
    with connection.sock:
        request(connection)
        now_s = asyncio.get_running_loop().time()
        states = []
        for admissions in (1, 3):
            connection.upper.check_deadlines(now_s + admissions * DimseLimits().admission_s)
            states.append(connection.state)
        assert states == [State.AWAITING_DECISION, State.AWAITING_CLOSE]
        assert connection.user.heard == ["request", Ending.TIMED_OUT]
