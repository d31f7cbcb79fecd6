"""What a campaign demands, as its records hold it, and what work of each moment comes to."""

from typing import Final

from carnet_protocol.demands import (
    EvidenceAsked,
    NumbersAsked,
    WorkItem,
    demands_of,
    evidence_fields,
    item_fields,
    item_of,
)
from carnet_protocol.registry import Value
from carnet_protocol.remedy import Work, WorkBench, evidence_bits, item_bits
from tools.vectors.names import SOME_MS, Vector, jsonable

FIRST_MS: Final = SOME_MS
SECOND_MS: Final = SOME_MS + 1_000_000_000
THIRD_MS: Final = SOME_MS + 2_000_000_000

EVIDENCE: Final = (
    EvidenceAsked(0, evidence_bits(["technician"])),
    EvidenceAsked(SECOND_MS, evidence_bits(["technician", "photo"])),
    EvidenceAsked(THIRD_MS, 0),
)
ITEMS: Final = (
    WorkItem(
        1,
        "left",
        "A-2",
        asked=(NumbersAsked(0, "A-1", "", is_listed=True), NumbersAsked(SECOND_MS, "A-2", "", is_listed=True)),
    ),
    WorkItem(
        2,
        "right",
        "B-1",
        "2.0",
        asked=(NumbersAsked(SECOND_MS, "B-1", "2.0", is_listed=True), NumbersAsked(THIRD_MS, "", "", is_listed=False)),
    ),
)
"""Three plans: the first has item 1 alone, the second renames its part and adds item 2, the third leaves that out."""


def demand_cases() -> list[Vector]:
    """Records of one campaign with three plans, one piece of work each, and its outcome."""
    technician: dict[str, Value] = {"technician_code": "T7"}
    both: dict[str, Value] = {**technician, "photo_hash": bytes(32)}
    cases: list[tuple[str, int, str, dict[str, Value]]] = [
        ("the day before", FIRST_MS - 86_400_000, "replaced", technician),
        ("the first plan, with its number", FIRST_MS, "replaced", {**technician, "part_no": "a 1"}),
        ("the first plan, with the number of the second", FIRST_MS, "replaced", {**technician, "part_no": "A-2"}),
        ("the first plan, without a technician", FIRST_MS, "replaced", {}),
        ("the last ms of the first plan", SECOND_MS - 1, "replaced", {**technician, "part_no": "A-1"}),
        ("the second plan, without a photo", SECOND_MS, "replaced", {**technician, "items_done": item_bits([1])}),
        ("the second plan, no item", SECOND_MS, "replaced", both),
        ("the second plan, its number", SECOND_MS, "replaced", {**both, "items_done": 1, "part_no": "A-2"}),
        (
            "the second plan, the number of the first",
            SECOND_MS,
            "replaced",
            {**both, "items_done": 1, "part_no": "A-1"},
        ),
        ("the second plan, the item left out since", SECOND_MS, "software", {**both, "items_done": 2}),
        (
            "the second plan, older software",
            SECOND_MS,
            "software",
            {**both, "items_done": 2, "software_version": "1.9"},
        ),
        ("the third plan asks for nothing", THIRD_MS, "replaced", {}),
        ("an inspected car", THIRD_MS, "inspected_no_defect", {"part_no": "A-1"}),
        ("a refusal without a signature", THIRD_MS, "refused", {}),
        ("an interim remedy", THIRD_MS, "interim", {}),
    ]
    campaign: dict[str, Value] = {"published_at": FIRST_MS, **evidence_fields(EVIDENCE)}
    items: list[dict[str, Value]] = [{"item_no": item.item_no, **item_fields(item)} for item in ITEMS]
    return [
        {
            "name": name,
            "campaign": jsonable(campaign),
            "items": jsonable(items),
            "method": method,
            "done_ms": done_ms,
            "values": jsonable(values),
            "outcome": _outcome(campaign, items, Work(method, done_ms, values)),
        }
        for name, done_ms, method, values in cases
    ]


def _outcome(campaign: dict[str, Value], items: list[dict[str, Value]], work: Work) -> str:
    return WorkBench(demands_of(campaign, [item_of(one) for one in items])).hear(work).value
