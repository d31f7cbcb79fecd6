"""What a campaign does on a car: its items, and the evidence that the producer wants for them.

Decides whether what a producer says about the work can become part of a plan, and which records publishing writes for
it. Does not decide what a completion proves (`carnet_protocol.remedy`) nor whether a pair is closed (`pair_states`).

Rules
1. Items are numbered by the producer, because the numbers stand in signed completions: a later plan keeps them.
2. A campaign without items does one thing. A campaign with items has at least one that is required, else no completion
   would be needed to close a car.
3. A demand binds work that was done since it was published: a plan that asks for more evidence, or names another part
   number, makes no earlier completion wrong.
4. An item that a later plan leaves out is deleted; one that it adds as required opens the cars that were done before,
   which is what adding it means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import FAULTS_MAX
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.kinds import CAMPAIGN_ITEM
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX, CODE_CHARS_MAX
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from carnet_protocol.remedy import EVIDENCE, evidence_bits, evidence_names
from carnet_protocol.state import head_op_ids, unpack_entries

WORK_ENTRIES: Final = ("evidence", "item")
"""What a campaign file says about the work, beside the texts."""

_ITEM_TEXTS: Final = ("label", "part_no", "software_version")
_ITEM_ENTRIES: Final = frozenset({"item_no", "is_required", *_ITEM_TEXTS})


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One of the things that a campaign does on a car.

    Attributes:
        item_no: 1 to `CAMPAIGN_ITEMS_MAX`; stands in completions.
        part_no, software_version: what has to be fitted; empty when the producer names none.
        numbers_asked_ms: since when these numbers are asked for; 0 for always.
    """

    item_no: int
    label: str
    part_no: str = ""
    software_version: str = ""
    is_required: bool = True
    numbers_asked_ms: int = 0

    @property
    def numbers(self) -> dict[str, Value]:
        """What `remedy.contradicts` compares."""
        return {"part_no": self.part_no, "software_version": self.software_version}


@dataclass(frozen=True, slots=True)
class CampaignWork:
    """What is done on a car, and what has to be shown for it.

    Attributes:
        evidence: names out of `remedy.EVIDENCE`, in that order.
        items: by number; none for a campaign that does one thing.
    """

    evidence: tuple[str, ...] = ()
    items: tuple[WorkItem, ...] = field(default=())


NO_WORK: Final = CampaignWork()
"""What a campaign file says that says nothing about the work."""


def parse_work(values: Mapping[str, object]) -> CampaignWork:
    """The work of a campaign from a parsed TOML or JSON file.

    Args:
        values: `evidence`, a list of names, and `item`, a list of tables; either may be left out.

    Raises:
        Unusable: every fault that was found, up to `FAULTS_MAX`, by item.
    """
    faults: list[str] = []
    evidence = _parsed_evidence(values.get("evidence", []), faults)
    items = _parsed_items(values.get("item", []), faults)
    if faults:
        raise Unusable(
            f"The work of the campaign cannot be used: {' '.join(faults[:FAULTS_MAX])}",
            "Correct `evidence` and `[[item]]` in the campaign file and import again.",
        )
    return CampaignWork(evidence, items)


def work_of(
    hub: Hub, snapshot: RecordReads, campaign: RecordId, values: Mapping[str, Value]
) -> tuple[CampaignWork, int]:
    """The work of a published campaign, and since when its evidence is asked for (ms; 0 for always).

    Args:
        values: of the campaign.
    """
    items = tuple(sorted(_held_items(hub, snapshot, campaign).values(), key=lambda held: held[0].item_no))
    asked = values.get("evidence_asked_at")
    work = CampaignWork(evidence_names(values.get("evidence_bits")), tuple(item for item, _ in items))
    return work, asked if isinstance(asked, int) else 0


def evidence_values(work: CampaignWork, current: Mapping[str, Value], since_ms: int) -> dict[str, Value]:
    """What the campaign's record says of its evidence; a demand that stands keeps its day.

    Args:
        current: what the campaign says so far; empty for a new one.
        since_ms: from when a new demand binds; 0 for a new campaign, which asks from its beginning.
    """
    bits = evidence_bits(work.evidence)
    if not bits:
        return {"evidence_bits": None, "evidence_asked_at": None}
    stands = current.get("evidence_bits") == bits
    return {
        "evidence_bits": bits,
        "evidence_asked_at": current.get("evidence_asked_at") if stands else since_ms or None,
    }


def item_drafts(hub: Hub, snapshot: RecordReads, campaign: RecordId, work: CampaignWork, since_ms: int) -> list[Draft]:
    """What publishing writes about the items: those that are new, changed or left out.

    Args:
        since_ms: from when new numbers bind; 0 for a new campaign.
    """
    held = _held_items(hub, snapshot, campaign)
    drafts: list[Draft] = []
    for item in work.items:
        known = held.pop(item.item_no, None)
        if known is None:
            record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
            place: dict[str, Value] = {"campaign_id": campaign, "item_no": item.item_no}
            drafts.append(Draft(CAMPAIGN_ITEM, record, {**place, **_part_values(item, since_ms)}))
        elif _planned(known[0]) != _planned(item):
            asked_ms = known[0].numbers_asked_ms if known[0].numbers == item.numbers else since_ms
            drafts.append(_change(known[1], _part_values(item, asked_ms)))
    return drafts + [_removal(row) for _, row in held.values()]


def _held_items(hub: Hub, snapshot: RecordReads, campaign: RecordId) -> dict[int, tuple[WorkItem, RecordRow]]:
    """The items of a campaign by number, with their records."""
    found: dict[int, tuple[WorkItem, RecordRow]] = {}
    for row, values in shown_records(hub.registry, snapshot, "campaign_item"):
        number = values.get("item_no")
        if values.get("campaign_id") == campaign and isinstance(number, int):
            found[number] = (_item_of(number, values), row)
    return found


def _item_of(number: int, values: Mapping[str, Value]) -> WorkItem:
    label, part_no, software = (str(values.get(name) or "") for name in _ITEM_TEXTS)
    asked = values.get("numbers_asked_at")
    is_required = values.get("is_required") is not False
    return WorkItem(number, label, part_no, software, is_required, asked if isinstance(asked, int) else 0)


def _part_values(item: WorkItem, asked_ms: int) -> dict[str, Value]:
    return {
        "label": item.label,
        "part_no": item.part_no or None,
        "software_version": item.software_version or None,
        "is_required": item.is_required,
        "numbers_asked_at": asked_ms or None,
    }


def _planned(item: WorkItem) -> tuple[object, ...]:
    """What a plan says of an item; since when is not its business."""
    return (item.label, item.part_no, item.software_version, item.is_required)


def _change(row: RecordRow, values: Mapping[str, Value]) -> Draft:
    registers = {CAMPAIGN_ITEM.register_of(name).number for name in values}
    return Draft(CAMPAIGN_ITEM, row.id, values, head_op_ids(unpack_entries(row.entries), registers))


def _removal(row: RecordRow) -> Draft:
    registers = set(CAMPAIGN_ITEM.by_number)
    return Draft(CAMPAIGN_ITEM, row.id, {}, head_op_ids(unpack_entries(row.entries), registers), Action.DELETE)


def _parsed_evidence(named: object, faults: list[str]) -> tuple[str, ...]:
    names = named if isinstance(named, list) else [None]
    wrong = [str(name)[:CODE_CHARS_MAX] for name in names if name not in EVIDENCE]
    if wrong:
        faults.append(f"evidence: {', '.join(wrong)} is none of {', '.join(EVIDENCE)}.")
    return tuple(name for name in EVIDENCE if name in names)


def _parsed_items(tables: object, faults: list[str]) -> tuple[WorkItem, ...]:
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        faults.append("item is no list of tables; write [[item]] above each.")
        return ()
    if len(tables) > CAMPAIGN_ITEMS_MAX:
        faults.append(f"more than {CAMPAIGN_ITEMS_MAX} items.")
        return ()
    items = [_parsed_item(place, table, faults) for place, table in enumerate(tables, start=1)]
    numbers = [item.item_no for item in items]
    faults += [
        f"item_no {number} stands twice." for number in sorted({one for one in numbers if numbers.count(one) > 1})
    ]
    if items and not any(item.is_required for item in items):
        faults.append("no item is required: nothing would have to be done.")
    return tuple(sorted(items, key=lambda item: item.item_no))


def _parsed_item(place: int, table: Mapping[str, object], faults: list[str]) -> WorkItem:
    where = f"item {place}"
    if unknown := sorted(table.keys() - _ITEM_ENTRIES):
        faults.append(f"{where}: unknown entry {', '.join(unknown)}.")
    number, is_required = table.get("item_no"), table.get("is_required", True)
    if type(number) is not int or not 1 <= number <= CAMPAIGN_ITEMS_MAX:
        faults.append(f"{where}: item_no is no whole number from 1 to {CAMPAIGN_ITEMS_MAX}.")
        number = 0
    if type(is_required) is not bool:
        faults.append(f"{where}: is_required is neither true nor false.")
    texts = {name: _checked(where, name, table.get(name, ""), faults) for name in _ITEM_TEXTS}
    if not texts["label"]:
        faults.append(f"{where}: label is missing; people tick it.")
    return WorkItem(
        number, texts["label"], texts["part_no"], texts["software_version"], is_required=is_required is not False
    )


def _checked(where: str, name: str, value: object, faults: list[str]) -> str:
    if not isinstance(value, str):
        faults.append(f"{where}: {name} is no text.")
        return ""
    text = value.strip()
    try:
        CAMPAIGN_ITEM.by_label[CAMPAIGN_ITEM.labels[name]][1].check(text)
    except BadValue as refusal:
        faults.append(f"{where}: {name} cannot be used: {refusal.detail}.")
    return text


def work_document(work: CampaignWork) -> dict[str, object]:
    """What a plan's document says of the work; nothing for a plan that says nothing, as plans did before."""
    said: dict[str, object] = {}
    if work.evidence:
        said["evidence"] = list(work.evidence)
    if work.items:
        said["items"] = [
            {
                "item_no": item.item_no,
                "label": item.label,
                "part_no": item.part_no,
                "software_version": item.software_version,
                "is_required": item.is_required,
            }
            for item in work.items
        ]
    return said


def pack_items(items: Iterable[WorkItem]) -> list[tuple[int, str, str, str, bool]]:
    """Items as they lie on the operator's desk."""
    return [(one.item_no, one.label, one.part_no, one.software_version, one.is_required) for one in items]


def unpack_items(packed: Iterable[tuple[int, str, str, str, bool]]) -> tuple[WorkItem, ...]:
    """The reverse."""
    return tuple(WorkItem(*one) for one in packed)
