"""Who may be on file already, asked while somebody types."""

from pathlib import Path

import pytest

from carnet_node.core.desk_limits import CANDIDATES_MAX
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.saving.duplicates import Alike, TypedParty, find_candidates, forget_not_same, remember_not_same
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, PHONE, PLATE, VEHICLE
from support.desk import record
from support.node_builder import build_node
from support.vins import with_right_digit

VIN = "LSVAA49J132047371"
CAR, WANG, LI = vehicle_id(VIN), record(80), record(90)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Wang with a phone and a car, and Li with neither."""
    node = build_node(tmp_path)
    commit(
        node,
        [
            Draft(CUSTOMER, WANG, {"party_kind": "person", "full_name": "王小明"}),
            Draft(PHONE, record(81), {"customer_id": WANG, "number": "+8613800138000"}),
            Draft(VEHICLE, CAR, {"vin": VIN}),
            Draft(PLATE, record(82), {"vehicle_id": CAR, "plate_no": "沪A12345"}),
            Draft(OWNERSHIP, record(83), {"vehicle_id": CAR, "customer_id": WANG, "role": "owner"}),
            Draft(CUSTOMER, LI, {"party_kind": "person", "full_name": "李四"}),
        ],
    )
    return node


def found(node: Node, typed: TypedParty, of: RecordId | None = None) -> list[tuple[RecordId, tuple[Alike, ...]]]:
    """Candidates and why."""
    return [(one.view.id, one.alike) for one in find_candidates(node, typed, of=of)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (TypedParty(phones=("138 0013 8000",)), [(WANG, (Alike.PHONE,))]),
        (TypedParty(phones=("１３８００１３８０００",)), [(WANG, (Alike.PHONE,))]),
        (TypedParty(names=(" 王小明 ",)), [(WANG, (Alike.NAME,))]),
        (TypedParty(names=("王小明",), phones=("13800138000",)), [(WANG, (Alike.PHONE, Alike.NAME))]),
        (TypedParty(plate="沪a·12345"), [(CAR, (Alike.PLATE,)), (WANG, (Alike.PLATE,))]),
        (TypedParty(vin=VIN.lower()), [(CAR, (Alike.VIN,)), (WANG, (Alike.VIN,))]),
        (TypedParty(), []),
        (TypedParty(("\ud800",), ("王小明\ud800",), "\udfff", "\ud800" * 17), [(WANG, (Alike.NAME,))]),
        (TypedParty(phones=("1380",), names=("王",), plate="沪", vin="LSV"), []),
        (TypedParty(names=("王小明先生",)), [(WANG, (Alike.NAME,))]),
        (TypedParty(names=("王曉明",)), [(WANG, (Alike.SOUND,))]),
        (TypedParty(names=("Wang Xiaoming",)), [(WANG, (Alike.SOUND,))]),
        (TypedParty(names=("王总",)), []),
        (TypedParty(names=("王小敏",)), []),
        (TypedParty(phones=("13912340001/13800138000转2",)), []),
    ],
    ids=[
        "phone",
        "full width",
        "name",
        "name and phone",
        "plate",
        "VIN",
        "nothing",
        "half characters",
        "unfinished",
        "name with a title",
        "name that sounds the same",
        "name in letters",
        "title alone",
        "another name",
        "a number that is nobody's among several",
    ],
)
def test_what_is_typed_leads_to_who_is_on_file(node: Node, typed: TypedParty, expected: list):
    """The same phone, name, plate or VIN, in any spelling; what is unfinished means nobody yet."""
    assert sorted(found(node, typed)) == sorted(expected)


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        pytest.param("+8613912340001", "13912340001/13912340002", id="two in one field"),
        pytest.param("02165123456", "021-65123456转802", id="extension"),
        pytest.param("02165123456", "+86 21 6512 3456", id="country code"),
    ],
)
def test_a_number_is_found_however_it_is_typed(node: Node, stored: str, typed: str):
    """Several numbers in one field, an extension and a country code lead to the number on file."""
    commit(node, [Draft(PHONE, record(96), {"customer_id": LI, "number": stored})])

    assert found(node, TypedParty(phones=(typed,))) == [(LI, (Alike.PHONE,))]


MISTYPED = VIN[:-1] + str((int(VIN[-1]) + 1) % 10)
"""The check digit says that it cannot be right."""


def test_a_vin_with_one_wrong_character_leads_to_the_car_on_file(node: Node):
    """A slip of the finger is told with the car that was meant."""
    assert found(node, TypedParty(vin=MISTYPED)) == [(CAR, (Alike.VIN_SLIP,))]


@pytest.mark.parametrize(
    ("vin", "on_file"),
    [
        pytest.param(MISTYPED[:-2] + "00", None, id="two characters"),
        pytest.param(MISTYPED, MISTYPED, id="the very number is on file, as compared with its car"),
        pytest.param(MISTYPED, with_right_digit(MISTYPED), id="two cars differ in one character"),
        pytest.param(with_right_digit(MISTYPED), None, id="a number that can be right"),
    ],
)
def test_a_vin_that_may_mean_another_car_leads_to_none(node: Node, vin: str, on_file: str | None):
    """Nobody is shown a car that is only likely."""
    if on_file is not None:
        commit(node, [Draft(VEHICLE, vehicle_id(on_file), {"vin": on_file})])

    assert Alike.VIN_SLIP not in {why for _, alike in found(node, TypedParty(vin=vin)) for why in alike}


def test_a_company_is_found_without_its_form(node: Node):
    """Region and legal form are how a company's name was typed."""
    firm = {"party_kind": "company", "company_name": "上海安达出租汽车有限公司"}
    commit(node, [Draft(CUSTOMER, record(97), firm)])

    assert found(node, TypedParty(names=("安达出租汽车公司",))) == [(record(97), (Alike.NAME,))]


def test_who_has_more_in_common_comes_first(node: Node):
    """Two reasons stand before one, and a phone before a name."""
    commit(node, [Draft(CUSTOMER, record(95), {"party_kind": "person", "full_name": "王小明"})])

    typed = TypedParty(names=("王小明",), phones=("13800138000",))

    assert [one for one, _ in found(node, typed)] == [WANG, record(95)]


def test_a_record_is_not_its_own_duplicate(node: Node):
    """An edit asks about everybody else."""
    assert found(node, TypedParty(names=("王小明",)), of=WANG) == []


def test_not_the_same_is_remembered(node: Node):
    """What was told apart is not asked again, from either side, until somebody takes it back."""
    typed = TypedParty(names=("王小明",))
    remember_not_same(node, LI, [WANG, LI])

    assert found(node, typed, of=LI) == []
    assert found(node, TypedParty(names=("李四",)), of=WANG) == []
    assert found(node, typed) == [(WANG, (Alike.NAME,))]

    forget_not_same(node, WANG, LI)

    assert found(node, typed, of=LI) == [(WANG, (Alike.NAME,))]


def test_a_dismissed_candidate_stays_away_before_the_save(node: Node):
    """On a form without a record yet, the page carries what was dismissed."""
    assert find_candidates(node, TypedParty(names=("王小明",)), dismissed=[WANG]) == ()


def test_a_former_owner_is_no_candidate(node: Node):
    """Who has sold the car is not who brings it."""
    commit(node, [Draft(OWNERSHIP, record(83), {"to_on": "2020-01-01"})])

    assert found(node, TypedParty(plate="沪A12345")) == [(CAR, (Alike.PLATE,))]


def test_few_candidates_are_shown(node: Node):
    """A frequent name shows a bounded number of people."""
    drafts = [Draft(CUSTOMER, record(1000 + number), {"full_name": "张伟"}) for number in range(CANDIDATES_MAX + 3)]
    commit(node, drafts)

    assert len(found(node, TypedParty(names=("张伟",)))) == CANDIDATES_MAX
