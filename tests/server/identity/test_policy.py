"""Who may do what, spelled out for every action and role."""

import pytest

from server.identity.models import Role
from server.identity.policy import EMERGENCY_ROLES, POLICY, Action, allows

ROLES = (
    "village_doctor", "township_technician", "township_doctor", "nurse", "county_reader",
    "county_reviewer", "county_duty", "cath_team", "stroke_team", "chief_on_duty",
    "emergency_doctor", "city_expert", "medical_office", "quality_control", "finance",
    "health_bureau", "system_administrator", "auditor",
)  # fmt: skip
READERS = {
    "village_doctor", "township_doctor", "county_reader", "county_reviewer", "county_duty",
    "cath_team", "stroke_team", "city_expert",
}  # fmt: skip
TOWNSHIP = {"township_technician", "township_doctor"}
EXPECTED = {
    "exam.create": {"township_technician"},
    "exam.read": READERS,
    "exam.schedule": TOWNSHIP,
    "rejected.read": {"county_reviewer", "quality_control", "system_administrator"},
    "rejection.revoke": {"system_administrator"},
    "workitem.update": TOWNSHIP | {"county_reader", "county_reviewer"},
    "exam.export": {"county_reader", "county_reviewer", "township_doctor", "county_duty"},
    "patient.merge": {"medical_office"},
    "lifecycle.manage": {"medical_office"},
    "quarantine.read": {"medical_office", "system_administrator"},
    "events.listen": READERS | TOWNSHIP,
    "metrics.read": {"system_administrator"},
    "worklist.read": READERS | TOWNSHIP,
    "request.update": TOWNSHIP,
    "request.claim": {"county_reader", "county_reviewer"},
    "report.read": READERS | TOWNSHIP,
    "report.write": {"county_reader", "county_reviewer"},
    "report.sign": {"county_reader", "county_reviewer"},
    "report.acknowledge": {"township_doctor"},
    "gateway.operate": TOWNSHIP | {"system_administrator"},
    "device.manage": {"system_administrator"},
    "forwarding.manage": {"system_administrator"},
    "consult.open": {"township_doctor", "county_duty", "cath_team", "stroke_team"},
    "consult.join": READERS,
}


def test_every_action_and_role_is_spelled_out_here() -> None:
    assert {action.value for action in Action} == set(EXPECTED) == set(POLICY)
    assert {role.value for role in Role} == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", EXPECTED)
def test_the_policy_says_so(action: str, role: str) -> None:
    assert allows([Role(role)], Action(action)) == (role in EXPECTED[action])


def test_without_a_role_nothing_is_allowed() -> None:
    assert not any(allows([], action) for action in Action)


def test_emergency_roles_are_few() -> None:
    assert {role.value for role in EMERGENCY_ROLES} == {
        "county_duty", "cath_team", "stroke_team", "emergency_doctor", "chief_on_duty",
    }  # fmt: skip
