"""Framing: the same bytes in any pieces give the same messages."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.dimse.reader import Intake, PduReader
from tests.dicom.dimse.node import p_data, pdu, pdv


@dataclass
class Recorder:
    """Records what a reader says, fragments joined."""

    log: list[tuple[object, ...]] = field(default_factory=list)
    fragment: bytearray = field(default_factory=bytearray)

    def header_arrived(self, pdu_type: int, length_bytes: int) -> Intake:
        self.log.append(("header", pdu_type, length_bytes))
        return (
            Intake.FRAGMENTS if pdu_type == 4 else Intake.COLLECT if length_bytes else Intake.SKIP
        )

    def pdu_arrived(self, pdu_type: int, body: bytes) -> None:
        self.log.append(("pdu", pdu_type, body))

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        self.fragment += chunk
        if complete:
            self.log.append(("fragment", context_id, control, bytes(self.fragment)))
            self.fragment.clear()

    def framing_broken(self, reason: str) -> None:
        self.log.append(("broken", reason))


def read(pieces: list[bytes]) -> list[tuple[object, ...]]:
    recorder = Recorder()
    reader = PduReader(recorder)
    for piece in pieces:
        assert reader.feed(memoryview(piece)) == len(piece)
    return recorder.log


fragments = st.builds(pdv, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40))
pdus = st.one_of(
    st.lists(fragments, min_size=1, max_size=4).map(lambda values: p_data(*values)),
    st.builds(pdu, st.sampled_from([1, 2, 5, 6, 7, 99]), st.binary(max_size=40)),
)


@given(st.lists(pdus, max_size=6).map(b"".join), st.data())
def test_any_split_gives_the_same_messages(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    pieces = [
        stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    assert read(pieces) == read([stream])


@given(st.lists(pdus, max_size=4))
def test_one_byte_at_a_time_gives_every_pdu(stream: list[bytes]) -> None:
    log = read([bytes([byte]) for byte in b"".join(stream)])
    assert [entry for entry in log if entry[0] == "header"] == [
        ("header", each[0], len(each) - 6) for each in stream
    ]
    assert not [entry for entry in log if entry[0] == "broken"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\0\0\0\0\1\3", id="length 0"),
        pytest.param(b"\0\0\0\1\1\3", id="length 1"),
        pytest.param(b"\0\0\0\4\1\3a", id="beyond the PDU by one"),
        pytest.param(b"\xff\xff\xff\xff\1\3a", id="beyond the PDU by far"),
        pytest.param(b"\0\0\0\3\1\3a\0\0\0", id="rest too short for another"),
    ],
)
def test_value_that_does_not_fit_its_pdu_breaks_the_framing(body: bytes) -> None:
    log = read([pdu(4, body), p_data(pdv(1, 3, b"ignored"))])
    assert [entry[0] for entry in log] == ["header", "broken"]


def test_held_reader_consumes_nothing_more() -> None:
    recorder = Recorder()
    reader = PduReader(recorder)
    stream = p_data(pdv(1, 3, b"abc"))
    reader.held = True
    assert reader.feed(memoryview(stream)) == 0
    reader.held = False
    assert reader.feed(memoryview(stream)) == len(stream)
    assert recorder.log[-1] == ("fragment", 1, 3, b"abc")


@given(st.integers(0, 60))
def test_stopped_reader_skips_to_the_next_pdu(at: int) -> None:
    stream = p_data(pdv(1, 0, bytes(30)), pdv(1, 2, bytes(12)))
    recorder = Recorder()
    reader = PduReader(recorder)
    reader.feed(memoryview(stream)[:at])
    reader.stop()
    reader.feed(memoryview(stream)[at:])
    reader.feed(memoryview(pdu(5, bytes(4))))
    assert recorder.log[-1] == ("pdu", 5, bytes(4))
