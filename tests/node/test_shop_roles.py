"""Who may write what of a day in the workshop: everybody books and reminds, who settles settles, a manager arranges."""

import pytest

from carnet_node.core.roles import Permission, may, needed_for
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import REGISTRY, STAFF_ROLES
from support.desk import record


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        ("appointment", Permission.RECORD),
        ("car_dates", Permission.RECORD),
        ("reminder", Permission.RECORD),
        ("adoption", Permission.RECORD),
        ("settlement", Permission.SETTLE),
        ("settlement_share", Permission.SETTLE),
        ("bay", Permission.ARRANGE),
        ("booking_hours", Permission.ARRANGE),
        ("board_stage", Permission.ARRANGE),
    ],
)
def test_a_record_of_the_day_needs_its_permission(kind: str, permission: Permission):
    """One permission for each kind, whatever it says."""
    assert needed_for(Draft(REGISTRY[kind], record(1), {})) is permission


def test_who_runs_the_site_arranges_its_day():
    """Manager and administrator, and nobody else; every role may note a call."""
    arranging = [role for role in STAFF_ROLES if may(role, Permission.ARRANGE)]

    assert arranging == ["manager", "administrator"]
    assert all(may(role, Permission.RECORD) for role in STAFF_ROLES)
