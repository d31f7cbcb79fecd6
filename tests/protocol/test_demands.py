"""What a campaign demanded at each moment: kept in its records, bounded, and never changed by what comes later."""

import os
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_protocol.cbor import encode
from carnet_protocol.demands import (
    Demands,
    EvidenceAsked,
    NumbersAsked,
    WorkItem,
    demands_of,
    evidence_fields,
    item_fields,
    item_of,
    then,
)
from carnet_protocol.registry import Value
from carnet_protocol.remedy import COUNTS_NOTHING, Outcome, Work, WorkBench

LISTED = NumbersAsked(0, "A-1", "", is_listed=True)
RENAMED = NumbersAsked(70, "A-2", "2.0", is_listed=True)
GONE = NumbersAsked(90, "", "", is_listed=False)
AGAIN = NumbersAsked(95, "A-1", "", is_listed=True)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param((), id="nothing ever"),
        pytest.param((EvidenceAsked(0, 3),), id="always"),
        pytest.param((EvidenceAsked(70, 3),), id="since a later plan"),
        pytest.param((EvidenceAsked(0, 1), EvidenceAsked(70, 3), EvidenceAsked(90, 0)), id="dropped again"),
    ],
)
def test_evidence_is_read_as_it_was_kept(asked: tuple[EvidenceAsked, ...]):
    """The fields of a campaign give back what was demanded from when on."""
    assert demands_of(evidence_fields(asked), []).evidence == asked


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(WorkItem(1, "left", "A-1"), id="always"),
        pytest.param(WorkItem(1, "left", "A-2", "2.0", asked=(LISTED, RENAMED)), id="renamed"),
        pytest.param(WorkItem(1, "left", "A-2", "2.0", is_required=False, asked=(RENAMED,)), id="added"),
        pytest.param(WorkItem(1, "left", "A-2", "2.0", asked=(LISTED, RENAMED, GONE)), id="left out"),
        pytest.param(WorkItem(1, "left", "A-1", asked=(RENAMED, GONE, AGAIN)), id="taken up again"),
    ],
)
def test_an_item_is_read_as_it_was_kept(item: WorkItem):
    """The fields of an item give back its numbers from when on, and that it was left out."""
    assert item_of({"item_no": 1, **item_fields(item)}) == item


@pytest.mark.parametrize(
    "former",
    [
        pytest.param(b"\xff", id="no CBOR"),
        pytest.param(encode([[0, "A-1"]]), id="another shape"),
        pytest.param(encode(7), id="no list"),
        pytest.param(b"x" * 5000, id="too long"),
        pytest.param(7, id="no bytes"),
    ],
)
def test_a_list_that_cannot_be_read_names_no_former_demand(former: Value):
    """What a newer or a broken hub wrote never stops a desk: what is demanded now still is."""
    item = item_of({"item_no": 1, "part_no": "A-2", "numbers_asked_at": 70, "former_numbers": former})

    assert item.timeline == (NumbersAsked(70, "A-2", "", is_listed=True),)


@pytest.mark.parametrize(
    ("asked", "newer", "expected"),
    [
        pytest.param((), EvidenceAsked(70, 0), (), id="nothing after nothing"),
        pytest.param((), EvidenceAsked(70, 1), (EvidenceAsked(70, 1),), id="the first"),
        pytest.param((EvidenceAsked(0, 1),), EvidenceAsked(70, 1), (EvidenceAsked(0, 1),), id="what stands"),
        pytest.param(
            (EvidenceAsked(0, 1),), EvidenceAsked(70, 0), (EvidenceAsked(0, 1), EvidenceAsked(70, 0)), id="dropped"
        ),
        pytest.param((EvidenceAsked(70, 1),), EvidenceAsked(70, 2), (EvidenceAsked(70, 2),), id="at the same moment"),
    ],
)
def test_a_demand_follows_the_one_before(
    asked: tuple[EvidenceAsked, ...], newer: EvidenceAsked, expected: tuple[EvidenceAsked, ...]
):
    """A timeline grows by what is new, and by nothing else."""
    assert then(asked, newer) == expected


def test_who_knows_the_demands_lives_after_them():
    """The latest moment that the records name bounds every clock from below."""
    item = WorkItem(1, "left", "A-2", asked=(LISTED, GONE))

    known = [
        Demands().known_ms,
        Demands(begins_ms=40).known_ms,
        Demands((item,), (EvidenceAsked(80, 1),), begins_ms=40).known_ms,
    ]

    assert known == [0, 40, 90]


@dataclass
class Plans:
    """The plans of a campaign, published one after the other."""

    evidence: tuple[EvidenceAsked, ...] = ()
    items: dict[int, WorkItem] = field(default_factory=dict)

    def publish(self, from_ms: int, bits: int, numbers: dict[int, str]) -> Demands:
        """One more plan; what its records say now."""
        self.evidence = then(self.evidence, EvidenceAsked(from_ms, bits))
        for number, part_no in numbers.items():
            known = self.items.get(number)
            asked = then(known.timeline if known else (), NumbersAsked(from_ms, part_no, "", is_listed=True))
            self.items[number] = WorkItem(number, "one", part_no, asked=asked)
        for number in self.items.keys() - numbers.keys():
            gone = then(self.items[number].timeline, NumbersAsked(from_ms, "", "", is_listed=False))
            self.items[number] = replace(self.items[number], asked=gone)
        kept = [item_of({"item_no": number, **item_fields(item)}) for number, item in self.items.items()]
        return demands_of(evidence_fields(self.evidence), kept)


plans = st.tuples(
    st.sampled_from([0, 8, 12]), st.dictionaries(st.integers(1, 3), st.sampled_from(["", "A-1", "B-2"]), max_size=3)
)
works = st.builds(
    Work,
    st.sampled_from(["replaced", "inspected_no_defect", "refunded", "interim", "refused"]),
    st.integers(0, 9),
    st.fixed_dictionaries(
        {
            "part_no": st.sampled_from([None, "A-1", "B-2", "C-3"]),
            "odometer_km": st.sampled_from([None, 12_000]),
            "items_done": st.sampled_from([None, 1, 2, 3, 4]),
            "photo_hash": st.sampled_from([None, bytes(32)]),
        }
    ),
)
FAULTS = COUNTS_NOTHING - {Outcome.NO_ITEM}
"""What is wrong with work whatever there is to do; which items there are is for the newest plan to say."""

EXAMPLES = int(os.environ.get("HISTORIES", "150"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(plans, min_size=1, max_size=4), plans, works)
def test_no_later_plan_changes_what_is_wrong_with_earlier_work(
    earlier: list[tuple[int, dict[int, str]]], later: tuple[int, dict[int, str]], work: Work
):
    """Whatever a plan adds, drops or renames: work of before lacks what it lacked, and is wrong where it was."""
    made = Plans()
    for place, (bits, numbers) in enumerate(earlier):
        before = made.publish(place * 2, bits, numbers)

    after = made.publish(10, *later)

    found = [WorkBench(one).hear(work) for one in (before, after)]
    faults = [one if one in FAULTS else None for one in found]
    assert faults[0] == faults[1], found
