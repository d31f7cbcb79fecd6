"""Overruled values can be seen and brought back."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_node.core.commands.drafting import draft_delete
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.showing.conflicts import OverruledValue, list_conflicts, list_former, restore_value
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import CUSTOMER, DEALER_SITE, VEHICLE, VISIT
from carnet_protocol.ops import Action
from carnet_protocol.registry import Field, Kind, Register, Value, ValueType
from support.desk import problems_of, record
from support.exchange import answer, deliver, draft, shown
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, START_MS, build_node

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}
NOBODY = OpId(bytes(16))


def of_a_newer_version() -> Kind:
    """The vehicle as a later version may declare it: one more field beside the colour, and one more register."""
    finish, reach = Field("color_finish", ValueType.CODE), Field("range_km", ValueType.INT)
    color = VEHICLE.register_of("color")
    registers = [replace(one, fields=(*one.fields, finish)) if one is color else one for one in VEHICLE.registers]
    return replace(VEHICLE, registers=(*registers, Register(200, "range", (reach,))))


NEWER_VEHICLE = of_a_newer_version()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node whose red car another site has painted blue, unseen and later."""
    made, hub = build_node(tmp_path), ModelHub()
    commit(made, [draft(RED)])
    hub.write(draft(BLUE), author=DEALER_B, time_ms=START_MS + 1)
    apply_page(made, hub.page(made))
    return made


def only(conflicts: tuple[OverruledValue, ...]) -> OverruledValue:
    """The one conflict there is."""
    (one,) = conflicts
    return one


def conflicts_of(node: Node, number: int) -> tuple[OverruledValue, ...]:
    """The open conflicts of record `number`."""
    return tuple(one for one in list_conflicts(node) if one.record.id == record(number))


def test_an_open_overruled_value_is_listed_with_what_is_shown(node: Node):
    """The list says which value lost, to which, by which rule, and whose it was."""
    conflict = only(list_conflicts(node))

    assert (conflict.register, conflict.rule, conflict.settled_by) == ("color", "latest", None)
    assert conflict.shown is not None
    assert (conflict.shown.values, conflict.shown.author) == (BLUE, DEALER_B)
    assert (conflict.overruled.values, conflict.overruled.time_ms) == (RED, START_MS)
    assert conflict.can_restore


def test_an_author_is_known_by_the_name_and_code_of_its_site(tmp_path: Path):
    """A site is named as people know it as soon as the hub has told of it; until then it has no name here."""
    node, hub = build_node(tmp_path), ModelHub()
    commit(node, [draft(RED)])
    hub.write(draft(BLUE), author=DEALER_B, time_ms=START_MS + 1)
    apply_page(node, hub.page(node))
    unknown = only(list_conflicts(node))
    site = Draft(DEALER_SITE, RecordId(DEALER_B), {"site_code": "B001", "site_name": "Second site"})
    hub.write(site, author=node.identity.hub_id)
    apply_page(node, hub.page(node))

    known = only(list_conflicts(node))

    names = [None if one.shown is None else (one.shown.site, one.shown.site_name) for one in (unknown, known)]
    own = (known.overruled.site, known.overruled.site_name)
    assert (names, own) == ([(None, ""), ("B001", "Second site")], (node.identity.site_code, node.identity.site_name))


def test_a_restored_value_is_shown_and_the_conflict_is_over(node: Node):
    """One command brings the value back, based on every head, so nothing stays open."""
    conflict = only(list_conflicts(node))

    restore_value(node, VEHICLE, record(1), "color", conflict.overruled.op)

    assert (shown(node).values, list_conflicts(node)) == (RED, ())
    assert check_rebuild(node).differences == ()


def test_what_a_restore_overrules_can_be_restored_in_turn(node: Node):
    """Both values stand among the settled ones as long as they are not shown."""
    conflict = only(list_conflicts(node))
    restore_value(node, VEHICLE, record(1), "color", conflict.overruled.op)

    settled = only(list_conflicts(node, with_settled=True))
    restore_value(node, VEHICLE, record(1), "color", settled.overruled.op)

    assert settled.overruled.values == BLUE
    assert shown(node).values == BLUE


@given(st.lists(st.integers(0, 20), max_size=6))
@settings(max_examples=25, deadline=None)
def test_whatever_was_current_is_current_or_listed(tmp_path_factory: pytest.TempPathFactory, steps: list[int]):
    """However often values are restored, before and after the hub has heard, the pages list each that is not shown."""
    node, hub = build_node(tmp_path_factory.mktemp("node")), ModelHub()
    for color in ("red", "blue", "green"):
        commit(node, [draft({"color": color})])
    was_current: list[object] = [shown(node).values["color"]]

    for which in steps:
        offered = (*list_conflicts(node), *list_former(node))
        restore_value(node, VEHICLE, record(1), "color", offered[which % len(offered)].overruled.op)
        was_current.append(shown(node).values["color"])
        if which % 2:
            answer(node, *deliver(node, hub))
            apply_page(node, hub.page(node))
        listed = [one.overruled.values["color"] for one in list_former(node)]

        assert list_conflicts(node) == ()
        assert set(was_current) <= {was_current[-1], *listed}
        assert len(listed) == len(set(listed))
        assert check_rebuild(node).differences == ()


def test_conflicts_are_listed_by_record(node: Node):
    """Every contested record stands in the list, in the order of the ids."""
    commit(node, [draft(RED, 2)])
    commit(node, [draft(BLUE, 2)])

    assert [one.record.id for one in list_conflicts(node)] == [record(1), record(2)]


def test_what_is_not_listed_leaves_its_place_to_what_is(node: Node):
    """A record without overruled values, though edited after a delete, takes no row away from a conflict behind it."""
    first = commit(node, [draft(RED, 0)])
    commit(node, [Draft(VEHICLE, record(0), {}, first.ops, Action.DELETE)])
    commit(node, [draft({"fuel": "diesel"}, 0, based_on=first.ops)])

    assert [one.record.id for one in list_conflicts(node, limit=1)] == [record(1)]


def test_a_record_that_is_gone_leaves_its_place_to_others(node: Node):
    """A car that was deleted is not listed and takes no row away, open or settled."""
    hub = ModelHub()
    for number in (1, 2):
        hub.write(draft(RED, number), author=DEALER_B)
        lost, kept = (hub.write(draft(values, number), author=DEALER_B)[0] for values in (RED, BLUE))
        hub.write(draft(BLUE, number, based_on=(lost, kept)), author=DEALER_B)
    apply_page(node, hub.page(node, cursor=0))
    commit(node, [draft_delete(VEHICLE, shown(node, 2).read())])

    found = list_conflicts(node, limit=1, with_settled=True)

    assert [(one.record.id, one.settled_by is None) for one in found] == [(record(1), True), (record(1), False)]


def test_equal_values_are_no_conflict(node: Node):
    """Two sites that wrote the same agree."""
    commit(node, [draft(RED, 2)])
    commit(node, [draft(RED, 2)])

    assert conflicts_of(node, 2) == ()


def test_a_car_edited_while_it_was_deleted_is_found_among_the_contested(node: Node):
    """An edit after a delete is marked although no values differ."""
    first = commit(node, [draft(RED, 2)])
    commit(node, [Draft(VEHICLE, record(2), {}, first.ops, Action.DELETE)])
    commit(node, [draft({"fuel": "diesel"}, 2, based_on=first.ops)])

    with node.store.read() as tx:
        contested = [one.record for one in tx.contested(VEHICLE)]

    assert contested == [record(1), record(2)]


def test_a_visit_of_another_site_is_not_restored_here(node: Node):
    """On another site's record only that site, or the hub, decides."""
    hub = ModelHub()
    hub.write(Draft(VISIT, record(8), {"fuel_level_percent": 1}), author=DEALER_B)
    lost = hub.write(Draft(VISIT, record(8), {"fuel_level_percent": 2}), author=DEALER_B, time_ms=-1)
    apply_page(node, hub.page(node, cursor=0))
    conflict = only(conflicts_of(node, 8))

    assert not conflict.can_restore
    assert problems_of(lambda: restore_value(node, VISIT, record(8), "fuel_level_percent", lost[0])) == [
        ("record", ProblemCode.FOREIGN)
    ]


@pytest.mark.parametrize(
    ("number", "register", "expected"),
    [
        pytest.param(99, "color", "record", id="no such record"),
        pytest.param(1, "taste", "record", id="no such register"),
        pytest.param(1, "fuel", "op", id="another register"),
        pytest.param(1, "color", "op", id="no such value"),
    ],
)
def test_a_value_that_is_not_there_is_not_restored(node: Node, number: int, register: str, expected: str):
    """A mistyped restore changes nothing and says so."""
    op = NOBODY if register == "color" else only(list_conflicts(node)).overruled.op
    before = check_rebuild(node)

    with pytest.raises(CommandRefused) as refused:
        restore_value(node, VEHICLE, record(number), register, op)

    assert [(one.field, one.code) for one in refused.value.problems] == [(expected, ProblemCode.NOT_FOUND)]
    assert check_rebuild(node) == before


@pytest.mark.parametrize(
    ("values", "register"),
    [
        pytest.param({"color": "green", "color_finish": "matt"}, "color", id="one field more"),
        pytest.param({"color_finish": "matt"}, "color", id="only a new field"),
        pytest.param({"range_km": 500}, "200", id="a new register"),
    ],
)
def test_a_value_of_a_newer_version_is_not_restored_in_part(node: Node, values: dict[str, Value], register: str):
    """Bringing back what this version half knows would lose the other half, so the refusal says what helps."""
    hub = ModelHub()
    hub.write(Draft(NEWER_VEHICLE, record(7), values), author=DEALER_B, time_ms=START_MS - 1)
    hub.write(Draft(NEWER_VEHICLE, record(7), {"color": "white", "range_km": 1}), author=DEALER_B, time_ms=START_MS)
    apply_page(node, hub.page(node, cursor=0))
    conflict = only(conflicts_of(node, 7))

    with pytest.raises(CommandRefused) as refused:
        restore_value(node, VEHICLE, record(7), register, conflict.overruled.op)

    assert (conflict.register, conflict.can_restore) == (register, False)
    assert [(one.field, one.code) for one in refused.value.problems] == [("op", ProblemCode.NEWER_VERSION)]


def test_a_settled_value_of_a_newer_version_is_not_restored_in_part(node: Node):
    """What somebody overruled knowingly is held to the same rule."""
    hub = ModelHub()
    values: dict[str, Value] = {"color": "green", "color_finish": "matt"}
    lost = hub.write(Draft(NEWER_VEHICLE, record(7), values), author=DEALER_B)
    kept = hub.write(Draft(NEWER_VEHICLE, record(7), {"color": "white"}), author=DEALER_B)
    hub.write(Draft(NEWER_VEHICLE, record(7), {"color": "white"}, (*lost, *kept)), author=DEALER_B)
    apply_page(node, hub.page(node, cursor=0))
    settled = only(tuple(one for one in list_conflicts(node, with_settled=True) if one.record.id == record(7)))

    found = problems_of(lambda: restore_value(node, VEHICLE, record(7), "color", lost[0]))

    assert (settled.overruled.op, settled.can_restore) == (lost[0], False)
    assert found == [("op", ProblemCode.NEWER_VERSION)]


def test_personal_values_are_restored_under_their_seal(node: Node):
    """A restored name travels sealed like any other."""
    first: dict[str, Value] = {"party_kind": "person", "full_name": "王小明"}
    commit(node, [draft(first, 3, CUSTOMER)])
    commit(node, [draft({"full_name": "王大明"}, 3, CUSTOMER)])
    conflict = only(conflicts_of(node, 3))

    sealed = restore_value(node, CUSTOMER, record(3), "name", conflict.overruled.op)

    with node.store.read() as tx:
        logged = tx.set_by_nonce(sealed.nonce)
    assert logged is not None
    assert str(conflict.overruled.values["full_name"]).encode() not in logged.message
    assert str(conflict.overruled.values["full_name"]).encode() in logged.opening


def test_overruled_secrets_never_lie_in_clear(tmp_path: Path, node: Node):
    """Both numbers of a contested document, and the settled one after a restore, are encrypted in the file."""
    for number in ("E11111111", "E22222222"):
        values: dict[str, Value] = {"party_kind": "person", "id_type": "passport", "id_no": number}
        commit(node, [draft(values, 3, CUSTOMER)])
    conflict = only(conflicts_of(node, 3))

    restore_value(node, CUSTOMER, record(3), "id_document", conflict.overruled.op)

    (settled,) = list_conflicts(node, with_settled=True)[1:]
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert {conflict.overruled.values["id_no"], settled.overruled.values["id_no"]} == {"E11111111", "E22222222"}
    assert b"E11111111" not in content
    assert b"E22222222" not in content
