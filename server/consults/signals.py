"""The messages of a room's WebSocket, ``/rtc/{consult_id}``: JSON texts, told apart by ``type``.

Before all else a client sends ``join``; who has not within 15 s is sent away. ``offer`` is a whole
SDP offer with its candidates gathered, one bundle: at most one ``sendonly`` audio and video, and up
to seven ``recvonly`` of each, the slots. Without an offer (no camera, no UDP) a person joins with
the shared view alone. The server answers ``welcome``, then ``slots``: who is shown in which of this
client's slots; a slot that is not listed is empty. Nothing is ever renegotiated: ``slots`` comes
again when somebody comes or goes. Where media fail (``media-lost``), or to begin or stop sending,
a client makes a new connection and sends ``join`` once more on the same socket.

Codecs are VP8 and Opus. The server ignores the offer's candidates and calls nobody: its own are in
the answer, and a browser that cannot reach them uses the TURN servers of ``ConsultOut``. ``ice`` is
therefore accepted and without effect.

Who leads sets the ``view``; the others follow it or not, as they like. The first to come leads.
``lead`` takes the lead from whoever has it. Where the leader is gone nobody leads, until somebody
takes it or the same person comes back. The server keeps the last view, and a late joiner finds it
in ``welcome`` with its version, which grows by one with each view. After a restart of the media
role a room is empty: clients join again, the one who led sends ``lead`` and the ``view`` it has.

``mute`` tells which of the streams the others do not get, ``{"audio": true}`` is silence; the
server sees to it, and tells everybody. One connection a person: coming again replaces the older.

At most 100 messages a second and bursts of 200, 8 KiB each (an offer 192 KiB): a ``cursor`` too
many is dropped, anything else closes the socket (1008). Cursors and views that a slow client has
not taken yet are replaced by newer ones. ``closed`` comes before the server closes, for the reason
``consult-closed`` (4404), ``session-ended`` (4401), ``replaced`` (4409), ``going-away`` (1001, come
back at once), ``try-again`` (1013), ``policy`` (1008) or ``failed`` (1011). After an ``error`` the
socket goes on.
"""

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from server.consults.engine import Kind

Uid = Annotated[str, Field(max_length=64, pattern=r"^[0-9][0-9.]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
# Where something is: a share of the image's width or height, which may lie a little outside.
Share = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]


class Close(IntEnum):
    """Why a socket is closed (RFC 6455, 7.4; from 4000 on our own)."""

    GOING_AWAY = 1001
    POLICY = 1008
    FAILED = 1011
    TRY_AGAIN = 1013
    SESSION_ENDED = 4401
    CONSULT_CLOSED = 4404
    REPLACED = 4409

    @property
    def reason(self) -> str:
        """How it is told."""
        return self.name.lower().replace("_", "-")


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Description(_Message):
    """A session description, as browsers write it."""

    type: Literal["offer", "answer"]
    sdp: str


class Window(_Message):
    """Window centre and width (PS3.3 C.11.2.1.2)."""

    center: Finite
    width: Finite


class Pan(_Message):
    """How far the image is moved."""

    x: Finite
    y: Finite


class View(_Message):
    """What the leader looks at; the server keeps it and does not understand it."""

    study_instance_uid: Uid
    series_instance_uid: Uid | None = None
    instance_index: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    window: Window | None = None
    zoom: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    pan: Pan | None = None
    ecg: dict[str, JsonValue] | None = None


class Institution(_Message):
    """An institution as others show it."""

    id: str
    name_zh: str
    name_en: str


class Participant(_Message):
    """Somebody in the room; ``id`` is of this connection, ``color`` that of their cursor."""

    id: str
    person_id: str
    display_name: str
    institution: Institution
    color: str
    audio_muted: bool = False
    video_muted: bool = False


class Join(_Message):
    """Come in, or come again with a new media connection."""

    type: Literal["join"]
    offer: Description | None = None


class Ice(_Message):
    """A candidate of a client; not needed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["ice"]


class SetView(_Message):
    """Show this to everybody who follows."""

    type: Literal["view"]
    view: View


class Lead(_Message):
    """Take the lead."""

    type: Literal["lead"]


class Cursor(_Message):
    """Point somewhere."""

    type: Literal["cursor"]
    x: Share
    y: Share


class Mute(_Message):
    """Withhold one's own streams from the others, or no longer."""

    type: Literal["mute"]
    audio: bool
    video: bool


class Leave(_Message):
    """Go."""

    type: Literal["leave"]


ClientMessage = Annotated[
    Join | Ice | SetView | Lead | Cursor | Mute | Leave, Field(discriminator="type")
]
CLIENT_MESSAGES: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


class Welcome(_Message):
    """The room as a newcomer finds it; ``participants`` has everybody, the newcomer too."""

    type: Literal["welcome"] = "welcome"
    self: str
    answer: Description | None
    participants: list[Participant]
    leader: str | None
    view: View | None
    view_version: int


class Joined(_Message):
    """Somebody came."""

    type: Literal["joined"] = "joined"
    participant: Participant


class Left(_Message):
    """Somebody went."""

    type: Literal["left"] = "left"
    participant: Participant


class ShownIn(_Message):
    """Who is shown in one of the client's slots."""

    mid: str
    participant_id: str
    kind: Kind


class Slots(_Message):
    """Who is shown where: all of the client's slots that are in use."""

    type: Literal["slots"] = "slots"
    slots: list[ShownIn]


class ViewSet(_Message):
    """What the leader looks at now."""

    type: Literal["view"] = "view"
    view: View
    version: int
    by: str


class Leader(_Message):
    """Who leads now."""

    type: Literal["leader"] = "leader"
    participant_id: str | None


class CursorAt(_Message):
    """Where somebody points."""

    type: Literal["cursor"] = "cursor"
    participant_id: str
    x: float
    y: float


class Muted(_Message):
    """What somebody withholds."""

    type: Literal["mute"] = "mute"
    participant_id: str
    audio: bool
    video: bool


class Closed(_Message):
    """The socket is about to be closed."""

    type: Literal["closed"] = "closed"
    reason: str


class Error(_Message):
    """A message was refused, or something failed; the room goes on."""

    type: Literal["error"] = "error"
    code: str
    detail: str


ServerMessage = (
    Welcome | Joined | Left | Slots | ViewSet | Leader | CursorAt | Muted | Closed | Error
)
