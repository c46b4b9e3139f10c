"""What the composition root takes from UPS-RS."""

from server.workitems.service import WorkitemService
from server.workitems.subscriptions import SubscriptionService

__all__ = ["SubscriptionService", "WorkitemService"]
