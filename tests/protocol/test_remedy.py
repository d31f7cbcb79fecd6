"""What a recall asks as proof: which methods close it, what each of them owes, which numbers are the right ones."""

import pytest

from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import COMPLETION_METHODS
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX, EVIDENCE_BITS_MAX, ITEM_BITS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.remedy import (
    CLOSING,
    EVIDENCE,
    INTERIM,
    REFUSED,
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
