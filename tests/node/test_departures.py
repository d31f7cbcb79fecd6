"""Somebody leaves: what ends at once, what moves, what stays, and what they had taken out."""

from pathlib import Path

import pytest

from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.desk_limits import BULK_ROWS_MIN
from carnet_node.core.local_facts import Access
from carnet_node.core.log.acting import acting_for
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.saving.desk import save_visit
from carnet_node.core.saving.form_drafts import drafts_of, keep_draft
from carnet_node.core.showing.views import one_record
from carnet_node.core.staff.access_log import begin_export, note_list
from carnet_node.core.staff.staff import edit_member, let_leave, list_staff, take_back
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER, STAFF, VISIT
from carnet_protocol.registry import Value
from support.desk import problems_of, record
from support.node_builder import DEALER_A, rows_of
from support.staffed import Site, add_somebody, build_site, hire, hire_with_password

NOT_ALLOWED = [("staff", ProblemCode.NOT_ALLOWED)]
CAR = record(70)


def open_order(node: Node, advisor: str) -> RecordId:
    """An open repair order of an advisor."""
    values: dict[str, Value] = {"is_odometer_unknown": True, "advisor_code": advisor}
    return save_visit(node, OpenVisit("", CAR, 0, values=values)).visit


def advisor_of(node: Node, visit: RecordId) -> object:
    """Whose order it is."""
    view = one_record(node, VISIT, visit)
    assert view is not None
    return view.values.get("advisor_code")


def test_the_last_administrator_stays(site: Site):
    """Neither a departure nor another role takes the last one away; a second one changes that."""
    locked = [("role", ProblemCode.LOCKED)]
    assert problems_of(lambda: let_leave(site.as_admin, site.admin)) == locked
    assert problems_of(lambda: edit_member(site.as_admin, site.admin, {"role": "manager"})) == locked

    hire(site, "B02", "administrator")

    assert edit_member(site.as_admin, site.admin, {"role": "manager"})


def test_open_orders_move_to_the_named_colleague(site: Site):
    """Orders still to be worked on go to the successor; finished ones keep who did them."""
    leaving, heir = hire(site, "A07", "advisor"), hire(site, "A08", "advisor")
    open_one, other = open_order(site.as_admin, "A07"), open_order(site.as_admin, "A08")
    settled = record(90)
    commit(
        site.node,
        [Draft(VISIT, settled, {"ro_no": "RO-9", "vehicle_id": CAR, "status": "settled", "advisor_code": "A07"})],
    )

    departure = let_leave(site.as_admin, leaving, heir)

    assert (departure.orders, departure.successor and departure.successor.id) == (1, heir)
    assert [advisor_of(site.node, visit) for visit in (open_one, other, settled)] == ["A08", "A08", "A07"]


@pytest.mark.parametrize(("roles", "takes_over"), [((), "B01"), (("manager",), "M0"), (("advisor", "manager"), "M1")])
def test_without_a_name_a_manager_takes_over(site: Site, roles: tuple, takes_over: str):
    """Nobody named: a manager, and where there is none the administrator."""
    leaving = hire(site, "A07", "advisor")
    for number, role in enumerate(roles):
        hire(site, f"M{number}", role)
    visit = open_order(site.as_admin, "A07")

    let_leave(site.as_admin, leaving)

    assert advisor_of(site.node, visit) == takes_over


@pytest.mark.parametrize("who", ["care clerk", "left", "nobody"])
def test_only_who_works_on_orders_takes_them_over(site: Site, who: str, tmp_path: Path):
    """Another successor is refused, and the person stays."""
    leaving = hire(site, "A07", "advisor")
    heirs = {"care clerk": hire(site, "C01", "care_clerk"), "left": hire(site, "A09", "advisor"), "nobody": record(5)}
    let_leave(site.as_admin, heirs["left"])
    before = rows_of(tmp_path)

    refused = problems_of(lambda: let_leave(site.as_admin, leaving, heirs[who]))

    assert refused == [("successor", ProblemCode.NOT_FOUND)]
    assert rows_of(tmp_path) == before


def test_unsaved_forms_move_too(site: Site):
    """What the person had typed and not saved is offered to the successor."""
    leaving, heir = hire(site, "A07", "advisor"), hire(site, "A08", "advisor")
    keep_draft(site.node, leaving, "check-in:1", {"full_name": ("Half Typed",)})

    departure = let_leave(site.as_admin, leaving, heir)

    assert departure.drafts == 1
    assert [draft.form for draft in drafts_of(site.node, heir)] == ["check-in:1"]


def test_who_has_left_saves_nothing(site: Site):
    """A request that is still on its way after the departure is refused inside its transaction."""
    advisor = hire(site, "A07", "advisor")
    node = acting_for(site.node, advisor)
    let_leave(site.as_admin, advisor)

    assert problems_of(lambda: add_somebody(node)) == NOT_ALLOWED


def test_customers_stay_with_the_site(site: Site):
    """A customer entered by somebody who left is there, and still says who entered it."""
    advisor = hire(site, "A07", "advisor")
    customer = add_somebody(acting_for(site.node, advisor))
    let_leave(site.as_admin, advisor)

    view = one_record(site.node, CUSTOMER, customer)

    assert view is not None
    assert (view.is_own, view.contests) == (True, ())


def test_a_departure_lists_what_was_taken_out(site: Site):
    """Exports and lists viewed in bulk within ninety days are named with list, rows and time; short lists are not."""
    clerk = hire(site, "C01", "care_clerk")
    node = acting_for(site.node, clerk)
    begin_export(node, "customers", 812)
    site.pass_ms(91 * 24 * 3600 * 1000)
    note_list(node, "visits", BULK_ROWS_MIN - 1)
    note_list(node, "visits", BULK_ROWS_MIN)
    begin_export(node, "visits", 40)

    departure = let_leave(site.as_admin, clerk)

    assert [(one.access, one.subject, one.row_count) for one in departure.accesses] == [
        (Access.EXPORTED, "visits", 40),
        (Access.VIEWED, "visits", BULK_ROWS_MIN),
    ]


def test_a_departure_leaves_no_key_behind(site: Site, tmp_path: Path):
    """Neither password, start code nor session of that person stays in the database."""
    advisor = hire_with_password(site, "A07", "advisor")

    let_leave(site.as_admin, advisor.staff)

    rows = rows_of(tmp_path)
    assert [row for table in ("staff_credential", "staff_session") for row in rows[table] if advisor.staff in row] == []


def test_somebody_comes_back_under_the_old_number(site: Site):
    """The same record works again, with a new start code and without the old password."""
    advisor = hire_with_password(site, "A07", "advisor")
    let_leave(site.as_admin, advisor.staff)

    take_back(site.as_admin, advisor.staff)

    member = next(one for one in list_staff(site.node) if one.view.id == advisor.staff)
    assert (member.view.values["state"], member.has_password, member.code_until_ms is not None) == (
        "active",
        False,
        True,
    )


def test_a_departure_at_another_node_wins_over_an_edit(tmp_path: Path):
    """Written without knowing of each other, "left" is shown whatever the clocks say."""
    site = build_site(tmp_path)
    advisor = hire(site, "A07", "advisor")
    view = one_record(site.node, STAFF, advisor)
    assert view is not None
    read = view.read().heads.of([3])
    commit(site.node, [Draft(STAFF, advisor, {"state": "left"}, read)])
    commit(site.node, [Draft(STAFF, advisor, {"state": "active"}, read)])

    shown = one_record(site.node, STAFF, advisor)

    assert shown is not None
    assert (shown.values["state"], site.node.identity.dealer_id) == ("left", DEALER_A)
