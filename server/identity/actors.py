"""Who acts, and how an act of theirs is told to the audit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from server.audit.public import AuditRecord, Outcome
from server.identity.models import Role
from server.identity.policy import Action, allows


class ActorKind(StrEnum):
    """What kind of actor acts."""

    PERSON = "person"
    DEVICE = "device"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts, for which institution, and from where."""

    kind: ActorKind
    id: str
    org: str
    institution_id: str
    roles: frozenset[Role]
    source: str
    """Address or AE title and address."""

    def may(self, action: Action) -> bool:
        """Tell whether the policy lets this actor do ``action``."""
        return allows(self.roles, action)


@dataclass(frozen=True)
class InstitutionRef:
    """An institution as others show it."""

    id: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class PersonRef:
    """A person as others show them."""

    id: str
    display_name: str


def act_of(
    actor: Actor | None,
    action: str,
    *,
    outcome: Outcome = Outcome.SUCCESS,
    org: str | None = None,
    source: str | None = None,
    object_kind: str | None = None,
    object_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditRecord:
    """Return the audit record of what ``actor`` did; None is the system or its operator."""
    return AuditRecord(
        action=action,
        outcome=outcome,
        actor_kind=(actor.kind if actor else ActorKind.SYSTEM).value,
        actor_id=actor.id if actor else None,
        org=actor.org if actor else org,
        institution_id=actor.institution_id if actor else None,
        source=actor.source if actor else source,
        object_kind=object_kind,
        object_id=object_id,
        detail=detail or {},
    )
