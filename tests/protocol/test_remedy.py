"""What a recall asks as proof: which methods close it, what each of them owes, which numbers are the right ones."""

import pytest

from carnet_protocol.demands import Demands, EvidenceAsked, NumbersAsked, WorkItem
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import COMPLETION_METHODS
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX, EVIDENCE_BITS_MAX, ITEM_BITS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.remedy import (
    CLOSING,
    EVIDENCE,
    INTERIM,
    REFUSED,
    Outcome,
    Work,
    WorkBench,
    claimed_items,
    contradicts,
    evidence_bits,
    evidence_field,
    evidence_names,
    item_bits,
    item_numbers,
    missing_evidence,
    owed_evidence,
)

ALL = evidence_bits(EVIDENCE)
WHOLE: dict[str, Value] = {
    "technician_code": "T7",
    "part_no": "45022-TB0",
    "photo_hash": bytes(32),
    "odometer_km": 12_000,
    "signature_hash": bytes(32),
}


def test_every_method_closes_a_recall_or_leaves_it_open():
    """The methods of the registry are those that close a recall, the interim one and the refusal."""
    assert set(COMPLETION_METHODS) == {*CLOSING, INTERIM, REFUSED}


def test_evidence_is_read_back_as_it_was_asked_for():
    """The bits of some kinds of evidence name exactly these kinds, in their one order."""
    assert evidence_names(evidence_bits(["signature", "technician"])) == ("technician", "signature")


def test_a_kind_of_evidence_of_a_later_version_is_not_asked_for():
    """Bits that nobody here can show do not stop a completion."""
    assert evidence_names(EVIDENCE_BITS_MAX) == EVIDENCE


def test_an_unknown_kind_of_evidence_is_refused():
    """A name that is no kind of evidence is refused, so that a misspelt demand is not lost."""
    with pytest.raises(BadValue, match="fotograf"):
        evidence_bits(["fotograf"])


@pytest.mark.parametrize(
    ("method", "owed"),
    [
        pytest.param("replaced", EVIDENCE, id="work that fits something owes everything"),
        pytest.param("software", EVIDENCE, id="software too"),
        pytest.param("inspected_no_defect", ("technician", "photo", "odometer", "signature"), id="nothing was fitted"),
        pytest.param("interim", ("technician", "photo", "odometer", "signature"), id="nothing for good was fitted"),
        pytest.param("refunded", ("signature",), id="money back"),
        pytest.param("refused", ("signature",), id="refusal"),
    ],
)
def test_each_method_owes_the_evidence_it_can_have(method: str, owed: tuple[str, ...]):
    """What a campaign asks for is owed as far as the method can show it."""
    assert owed_evidence(ALL, method) == owed


def test_a_refusal_is_signed_also_where_nothing_is_asked_for():
    """A refusal without the owner's signature proves nothing in any campaign."""
    assert missing_evidence(None, "refused", {}) == ("signature",)


@pytest.mark.parametrize("name", EVIDENCE)
def test_each_kind_of_evidence_is_missed(name: str):
    """A completion that shows everything but one kind misses that kind."""
    values = {field: value for field, value in WHOLE.items() if field != evidence_field(name)}

    assert (missing_evidence(ALL, "replaced", values), missing_evidence(ALL, "replaced", WHOLE)) == ((name,), ())


def test_a_software_version_is_as_good_as_a_part_number():
    """Software that was installed is shown by its version."""
    values = {**WHOLE, "part_no": None, "software_version": "2.1"}

    assert missing_evidence(ALL, "software", values) == ()


def test_a_hash_of_another_length_shows_nothing():
    """A photo is named by 32 bytes; anything shorter is no photo."""
    assert missing_evidence(ALL, "replaced", {**WHOLE, "photo_hash": b"x"}) == ("photo",)


@pytest.mark.parametrize(
    ("numbers", "bits"),
    [((), 0), ((1,), 1), ((1, 3), 0b101), (tuple(range(1, CAMPAIGN_ITEMS_MAX + 1)), ITEM_BITS_MAX)],
)
def test_items_are_bits(numbers: tuple[int, ...], bits: int):
    """The first item is the lowest bit, and the bits read back as the items."""
    assert (item_bits(numbers), item_numbers(bits)) == (bits, numbers)


@pytest.mark.parametrize(
    ("numbers", "method", "bits", "claimed"),
    [
        pytest.param([1, 2], "replaced", 0b10, (2,), id="the one it names"),
        pytest.param([1, 2], "replaced", None, (), id="none of several"),
        pytest.param([3], "replaced", None, (3,), id="the only one"),
        pytest.param([1, 2], "replaced", 0b100, (), id="one that is none"),
        pytest.param([2, 1], "refunded", None, (1, 2), id="all for money back"),
    ],
)
def test_a_completion_claims_items(numbers: list[int], method: str, bits: int | None, claimed: tuple[int, ...]):
    """A completion claims the items it names, the only one there is, or all when the money went back."""
    assert claimed_items(numbers, method, bits) == claimed


@pytest.mark.parametrize(
    ("item", "stated", "is_wrong"),
    [
        pytest.param({"part_no": "45022-TB0"}, {"part_no": "45022 tb0"}, False, id="written otherwise"),
        pytest.param({"part_no": "45022-TB0"}, {"part_no": "45022-TB1"}, True, id="another part"),
        pytest.param({"part_no": "45022-TB0"}, {}, False, id="not stated"),
        pytest.param({"software_version": "2.1"}, {"software_version": "2.0"}, True, id="older software"),
        pytest.param({}, {"part_no": "45022-TB1"}, False, id="no part is named"),
    ],
)
def test_a_wrong_number_is_one_that_differs(item: dict[str, Value], stated: dict[str, Value], is_wrong: bool):
    """A completion contradicts an item when it fitted another part or software number."""
    assert contradicts(item, "replaced", stated) is is_wrong


@pytest.mark.parametrize(
    ("method", "is_wrong"),
    [("repaired", True), ("replaced", True), ("software", True), ("inspected_no_defect", False), ("refunded", False)],
)
def test_only_what_is_fitted_can_have_a_wrong_number(method: str, is_wrong: bool):
    """The number of the part that stands on an inspected or refunded car contradicts nothing."""
    assert contradicts({"part_no": "45022-TB0"}, method, {"part_no": "45022-TB1"}) is is_wrong


LEFT, RIGHT = WorkItem(1, "left", "A-1"), WorkItem(2, "right", "B-2")
PLATE = WorkItem(3, "plate", is_required=False)
BOTH = Demands(items=(LEFT, RIGHT))
RENAMED = WorkItem(
    1, "left", "A-2", asked=(NumbersAsked(0, "A-1", "", is_listed=True), NumbersAsked(10, "A-2", "", is_listed=True))
)
DROPPED = WorkItem(
    2, "right", "B-2", asked=(NumbersAsked(0, "B-2", "", is_listed=True), NumbersAsked(10, "", "", is_listed=False))
)
ADDED = WorkItem(2, "right", "B-2", asked=(NumbersAsked(10, "B-2", "", is_listed=True),))


def heard(demands: Demands, *works: tuple[str, dict[str, Value]], at_ms: int = 5) -> list[Outcome]:
    """What some work of one moment comes to, one after the other."""
    bench = WorkBench(demands)
    return [bench.hear(Work(method, at_ms, values)) for method, values in works]


@pytest.mark.parametrize(
    ("demands", "works", "outcomes"),
    [
        pytest.param(Demands(), [("replaced", {})], ["counted"], id="one thing"),
        pytest.param(Demands(), [("replaced", {})] * 2, ["counted", "duplicate"], id="twice"),
        pytest.param(Demands(), [("", {})], ["no-method"], id="without a method"),
        pytest.param(
            Demands(), [("interim", {}), ("replaced", {})], ["interim", "counted"], id="after the interim one"
        ),
        pytest.param(Demands(), [("refused", {"signature_hash": bytes(32)})], ["owner-refused"], id="refused"),
        pytest.param(Demands(begins_ms=6), [("replaced", {})], ["before-campaign"], id="before the campaign"),
        pytest.param(Demands(begins_ms=5), [("replaced", {})], ["counted"], id="in its first ms"),
        pytest.param(Demands(evidence=(EvidenceAsked(0, ALL),)), [("software", {})], ["lacks-evidence"], id="unproved"),
        pytest.param(BOTH, [("replaced", {})], ["no-item"], id="neither of two"),
        pytest.param(BOTH, [("replaced", {"items_done": 4})], ["no-item"], id="another item"),
        pytest.param(BOTH, [("replaced", {"items_done": 1, "part_no": "B-2"})], ["wrong-part"], id="wrong part"),
        pytest.param(
            BOTH,
            [("replaced", {"items_done": 3, "part_no": "A-1"}), ("replaced", {"items_done": 2, "part_no": "b2"})],
            ["partial", "counted"],
            id="one part at a time",
        ),
        pytest.param(BOTH, [("replaced", {"items_done": 1})] * 2, ["partial", "duplicate"], id="one item twice"),
        pytest.param(BOTH, [("refunded", {})], ["counted"], id="money back"),
        pytest.param(Demands(items=(LEFT, PLATE)), [("replaced", {"items_done": 1})], ["counted"], id="optional left"),
    ],
)
def test_work_comes_to_what_its_campaign_demands(
    demands: Demands, works: list[tuple[str, dict[str, Value]]], outcomes: list[str]
):
    """Each piece of work has one outcome, the earlier ones having been heard."""
    assert heard(demands, *works) == outcomes


@pytest.mark.parametrize(
    ("items", "at_ms", "values", "outcome"),
    [
        pytest.param((RENAMED,), 9, {"part_no": "A-1"}, "counted", id="the number of its time"),
        pytest.param((RENAMED,), 9, {"part_no": "A-2"}, "wrong-part", id="a number that came later"),
        pytest.param((RENAMED,), 10, {"part_no": "A-1"}, "wrong-part", id="a number of before"),
        pytest.param((LEFT, DROPPED), 9, {"items_done": 1}, "counted", id="what is left to do"),
        pytest.param((LEFT, DROPPED), 9, {"items_done": 2, "part_no": "A-1"}, "wrong-part", id="wrong when done"),
        pytest.param((LEFT, DROPPED), 10, {"part_no": "B-2"}, "wrong-part", id="after an item was left out"),
        pytest.param((DROPPED,), 9, {"part_no": "A-1"}, "wrong-part", id="the only item was left out"),
        pytest.param((LEFT, ADDED), 9, {}, "partial", id="before there were two"),
        pytest.param((LEFT, ADDED), 9, {"part_no": "C-3"}, "wrong-part", id="wrong before there were two"),
        pytest.param((LEFT, ADDED), 10, {}, "no-item", id="since there are two"),
    ],
)
def test_work_is_judged_by_the_items_of_its_time(
    items: tuple[WorkItem, ...], at_ms: int, values: dict[str, Value], outcome: str
):
    """A number that was changed, or an item that was added or left out, leaves the work of before as it was."""
    assert heard(Demands(items=items), ("replaced", values), at_ms=at_ms) == [outcome]


@pytest.mark.parametrize(
    ("methods", "closed_by"),
    [
        pytest.param(("inspected_no_defect", "inspected_no_defect"), "inspected_no_defect", id="both inspected"),
        pytest.param(("replaced", "inspected_no_defect"), "replaced", id="one replaced"),
        pytest.param(("inspected_no_defect", "software"), "software", id="one mended later"),
        pytest.param(("replaced",), None, id="half done"),
    ],
)
def test_a_car_is_inspected_only_when_every_item_was(methods: tuple[str, ...], closed_by: str | None):
    """What closes a car is the last work that did more than look."""
    bench = WorkBench(BOTH)

    for number, method in enumerate(methods, start=1):
        bench.hear(Work(method, 5, {"items_done": item_bits([number])}))

    assert bench.closed_by == closed_by
