"""What the composition root takes from forwarding."""

from server.forwarding.book import RouteBook
from server.forwarding.conditions import Conditions
from server.forwarding.delivery import Means
from server.forwarding.desk import ForwardDesk, JobState
from server.forwarding.follower import ForwardFollower
from server.forwarding.forwarder import Forwarder, ForwardLimits
from server.forwarding.models import Priority
from server.forwarding.queue import Backoff, ForwardQueue
from server.forwarding.sending import StudySending
from server.forwarding.service import NewRoute, RouteService

__all__ = [
    "Backoff",
    "Conditions",
    "ForwardDesk",
    "ForwardFollower",
    "ForwardLimits",
    "ForwardQueue",
    "Forwarder",
    "JobState",
    "Means",
    "NewRoute",
    "Priority",
    "RouteBook",
    "RouteService",
    "StudySending",
]
