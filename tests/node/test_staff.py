"""The people of a site: who makes whom, what each role may write, and who did what."""

from pathlib import Path

import pytest

from carnet_node.core.commands.customers import EditCustomer, edit_customer
from carnet_node.core.desk_limits import OPS_BESIDE_MAX
from carnet_node.core.local_facts import Access
from carnet_node.core.log.acting import acting_for, author_of, writers_of
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.roles import GRANTED, Permission, may
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.views import one_record
from carnet_node.core.staff.access_log import accesses_of, begin_export, note_access
from carnet_node.core.staff.staff import add_member, edit_member, is_set_up, let_leave, list_staff, set_up
from carnet_node.core.staff.staff_list import member_by_no
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import CUSTOMER, STAFF, STAFF_ROLES, VISIT
from carnet_protocol.registry import Value
from support.desk import problems_of, record
from support.node_builder import build_node
from support.staffed import PASSWORD, Site, add_somebody, build_site, hire

NOT_ALLOWED = [("staff", ProblemCode.NOT_ALLOWED)]
CAR = record(70)


def test_the_first_person_is_the_administrator(tmp_path: Path):
    """A node without staff is set up once, by whoever comes first."""
    node = build_node(tmp_path)
    assert not is_set_up(node)

    site = build_site(tmp_path, seed=2)

    (member,) = list_staff(site.node)
    assert is_set_up(site.node)
    assert (member.view.values["role"], member.view.values["state"], member.has_password) == (
        "administrator",
        "active",
        True,
    )


def test_nobody_sets_up_twice(site: Site):
    """The second set-up is refused and nothing is saved."""
    again = {"staff_no": "B02", "full_name": "Second Admin"}

    refused = problems_of(lambda: set_up(site.node, site.hasher, again, PASSWORD))

    assert refused == [("staff_no", ProblemCode.ALREADY_THERE)]
    assert len(list_staff(site.node)) == 1


def test_each_save_says_who_did_it(site: Site):
    """The author of a write is found from the write alone."""
    customer = add_somebody(acting_for(site.node, site.admin, "check-in"))

    with site.node.store.read() as tx:
        stored = tx.record(CUSTOMER, customer)
        assert stored is not None
        author = author_of(tx, OpId(stored.entries[0].op))

    assert author is not None
    assert (author.staff, author.staff_no, author.full_name, author.action, author.done_at) == (
        site.admin,
        "B01",
        "Admin Example",
        "check-in",
        site.node.clock.now_ms(),
    )


def test_a_set_speaks_for_itself_when_no_action_is_given(site: Site):
    """Without words of the page, the action names the first record and how it was written."""
    customer = add_somebody(site.as_admin)

    with site.node.store.read() as tx:
        stored = tx.record(CUSTOMER, customer)
        assert stored is not None
        author = author_of(tx, OpId(stored.entries[0].op))

    assert author is not None
    assert author.action == "customer.add"


def test_the_operator_of_the_machine_is_nobody(site: Site):
    """A save without a person names none."""
    customer = add_somebody(site.node)

    with site.node.store.read() as tx:
        stored = tx.record(CUSTOMER, customer)
        assert stored is not None
        assert author_of(tx, OpId(stored.entries[0].op)) is None


def test_everybody_whose_word_stands_is_named(site: Site):
    """Of a record that two people wrote, both are named, the last one first."""
    clerk = hire(site, "C01", "care_clerk")
    customer = add_somebody(site.as_admin)
    site.pass_ms(1000)
    view = one_record(site.node, CUSTOMER, customer)
    assert view is not None
    changes: dict[str, Value] = {"note": "calls before noon"}
    save(acting_for(site.node, clerk), lambda _: edit_customer(EditCustomer(view.read(), changes)))

    after = one_record(site.node, CUSTOMER, customer)
    assert after is not None

    assert [one.staff_no for one in writers_of(site.node, after.heads.all())] == ["C01", "B01"]


def test_both_sides_of_a_conflict_say_who(site: Site):
    """Two people who wrote without knowing of each other are both named."""
    customer = add_somebody(site.as_admin)
    commit(acting_for(site.node, hire(site, "C01", "care_clerk")), [Draft(CUSTOMER, customer, {"full_name": "Other"})])

    view = one_record(site.node, CUSTOMER, customer)

    assert view is not None
    (contest,) = view.contests
    assert {contest.shown.staff_no, contest.overruled[0].staff_no} == {"B01", "C01"}


def test_a_full_set_has_room_for_its_author(site: Site):
    """One draft less than a set holds goes in with the staff action."""
    drafts = [Draft(CUSTOMER, record(1000 + number), {"party_kind": "person"}) for number in range(OPS_BESIDE_MAX)]

    sealed = commit(site.as_admin, drafts)

    assert len(sealed.ops) == OPS_BESIDE_MAX


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_a_role_writes_what_its_permissions_say(site: Site, role: str):
    """For every permission that a write needs, the save is taken if the role has it and refused if not."""
    actor = site.admin if role == "administrator" else hire(site, "A07", role)
    node = acting_for(site.node, actor)
    visit: dict[str, Value] = {"ro_no": "RO-1", "vehicle_id": CAR}
    drafts = {
        Permission.RECORD: Draft(CUSTOMER, record(50), {"party_kind": "person"}),
        Permission.WORK: Draft(VISIT, record(51), {**visit, "status": "open"}),
        Permission.VOID: Draft(VISIT, record(52), {**visit, "status": "void"}),
        Permission.SETTLE: Draft(VISIT, record(53), {**visit, "status": "settled"}),
        Permission.MANAGE_STAFF: Draft(STAFF, record(54), {"staff_no": "A99"}),
    }

    taken = {permission for permission, draft in drafts.items() if not _is_refused(node, draft)}

    assert taken == GRANTED[role] & drafts.keys()


def _is_refused(node: Node, draft: Draft) -> bool:
    try:
        commit(node, [draft])
    except CommandRefused as refused:
        return [(one.field, one.code) for one in refused.problems] == NOT_ALLOWED
    return False


def test_an_unknown_role_may_nothing():
    """A role of a newer version grants no permission here."""
    assert not any(may(role, one) for role in ("owner", "", None) for one in Permission)


def test_a_taken_number_is_not_given_again(site: Site):
    """Not even that of somebody who has left: old orders name it."""
    let_leave(site.as_admin, hire(site, "A07", "advisor"))

    refused = problems_of(lambda: hire(site, "a07", "advisor"))

    assert refused == [("staff_no", ProblemCode.ALREADY_THERE)]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"full_name": "P", "role": "advisor"}, ("staff_no", ProblemCode.MISSING)),
        ({"staff_no": "A1", "role": "advisor"}, ("full_name", ProblemCode.MISSING)),
        ({"staff_no": "A1", "full_name": "P"}, ("role", ProblemCode.MISSING)),
        ({"staff_no": "A1", "full_name": "P", "role": "owner"}, ("role", ProblemCode.BAD_VALUE)),
        ({"staff_no": "<A1>", "full_name": "P", "role": "advisor"}, ("staff_no", ProblemCode.BAD_VALUE)),
        ({"staff_no": "A" * 17, "full_name": "P", "role": "advisor"}, ("staff_no", ProblemCode.BAD_VALUE)),
    ],
)
def test_a_person_needs_number_name_and_role(site: Site, values: dict, problem: tuple):
    """What is missing or is none is named with its field."""
    assert problems_of(lambda: add_member(site.as_admin, values)) == [problem]


def test_of_two_with_one_number_the_one_who_works_here_is_meant(site: Site):
    """Two machines that hired without a line may have given a number twice; the earlier one stands before the later."""
    left, first, second = record(301), record(302), record(303)
    for who, state in ((second, "active"), (left, "left"), (first, "active")):
        commit(site.node, [Draft(STAFF, who, {"staff_no": "A07", "role": "advisor", "state": state})])

    with site.node.store.read() as tx:
        found = member_by_no(tx, site.node.identity, "a07")

    assert found is not None
    assert found.id == first


def test_a_manager_makes_no_administrator(site: Site):
    """Only an administrator decides about administrators; a manager hires everybody else."""
    manager = acting_for(site.node, hire(site, "M01", "manager"))

    added, _ = add_member(manager, {"staff_no": "A08", "full_name": "P", "role": "advisor"})
    refusals = [
        problems_of(lambda: add_member(manager, {"staff_no": "A09", "full_name": "P", "role": "administrator"})),
        problems_of(lambda: edit_member(manager, added, {"role": "administrator"})),
        problems_of(lambda: let_leave(manager, site.admin)),
    ]

    assert refusals == [[("role", ProblemCode.NOT_ALLOWED)]] * 3


def test_an_advisor_exports_nothing(site: Site):
    """An export that the role does not allow is refused before it is noted."""
    advisor = hire(site, "A07", "advisor")

    refused = problems_of(lambda: begin_export(acting_for(site.node, advisor), "customers", 3))

    assert refused == NOT_ALLOWED
    assert accesses_of(site.node, advisor) == ()


def test_the_access_log_forgets_after_a_year(site: Site):
    """Entries older than the bound go when the next one is written."""
    note_access(site.as_admin, Access.PRINTED, "visit")
    site.pass_ms(401 * 24 * 3600 * 1000)
    note_access(site.as_admin, Access.SHOWN, "phone")

    found = accesses_of(site.node, None, days=1000)

    assert [(one.access, one.subject, one.staff) for one in found] == [(Access.SHOWN, "phone", site.admin)]
