"""What a campaign does on a car: its items, and the evidence that the producer wants for them.

Decides whether what a producer says about the work can become part of a plan, and which records publishing writes for
it. Does not decide what a completion proves (`carnet_protocol.remedy`) nor whether a pair is closed (`pair_states`).

Rules
1. Items are numbered by the producer, because the numbers stand in signed completions: a later plan keeps them.
2. A campaign without items does one thing. A campaign with items has at least one that is required, else no completion
   would be needed to close a car.
3. A demand binds work that is done from its publication on, until another takes its place (`demands`): neither a new
   demand nor a dropped one changes what a completion came to.
4. An item that a later plan leaves out keeps its record and what it demanded; one that it adds as required opens the
   cars that were done before, which is what adding it means.
5. What was demanded before is kept for ever in one value of bounded size. Where it no longer fits, the plan is refused:
   an item may have another number instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import FAULTS_MAX
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records
from carnet_protocol.changeset import Draft
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
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.kinds import CAMPAIGN_ITEM
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX, CODE_CHARS_MAX, TEXT_BYTES_MAX
from carnet_protocol.registry import Value
from carnet_protocol.remedy import EVIDENCE, evidence_bits
from carnet_protocol.state import head_op_ids, unpack_entries

WORK_ENTRIES: Final = ("evidence", "item")
"""What a campaign file says about the work, beside the texts."""

_ITEM_TEXTS: Final = ("label", "part_no", "software_version")
_ITEM_ENTRIES: Final = frozenset({"item_no", "is_required", *_ITEM_TEXTS})


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


def demands_on(hub: Hub, snapshot: RecordReads, campaign: RecordId, values: Mapping[str, Value]) -> Demands:
    """What a published campaign demands, and demanded before.

    Args:
        values: of the campaign.
    """
    return demands_of(values, [item for item, _ in _held_items(hub, snapshot, campaign).values()])


def evidence_values(work: CampaignWork, current: Mapping[str, Value], from_ms: int) -> dict[str, Value]:
    """What the campaign's record says of its evidence.

    Args:
        current: what the campaign says so far; empty for a new one.
        from_ms: from when a new demand binds; 0 for a new campaign, which asks from its beginning.

    Raises:
        Unusable: what was demanded before does not fit any more.
    """
    asked = then(demands_of(current, []).evidence, EvidenceAsked(from_ms, evidence_bits(work.evidence)))
    return _fitting("The evidence", evidence_fields(asked), "Ask for the evidence that is asked for now.")


def item_drafts(hub: Hub, snapshot: RecordReads, campaign: RecordId, work: CampaignWork, from_ms: int) -> list[Draft]:
    """What publishing writes about the items: those that are new, changed or left out.

    Args:
        from_ms: from when new numbers bind; 0 for a new campaign.

    Raises:
        Unusable: what was demanded before of an item does not fit any more.
    """
    held = _held_items(hub, snapshot, campaign)
    drafts: list[Draft] = []
    for item in work.items:
        known = held.pop(item.item_no, None)
        newer = NumbersAsked(from_ms, item.part_no, item.software_version, is_listed=True)
        if known is None:
            record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
            place: dict[str, Value] = {"campaign_id": campaign, "item_no": item.item_no}
            said = item_fields(replace(item, asked=then((), newer)))
            drafts.append(Draft(CAMPAIGN_ITEM, record, {**place, **said}))
        else:
            drafts += _change(known, replace(item, asked=then(known[0].timeline, newer)))
    for item, row in held.values():
        gone = then(item.timeline, NumbersAsked(from_ms, "", "", is_listed=False))
        drafts += _change((item, row), replace(item, asked=gone))
    return drafts


def _held_items(hub: Hub, snapshot: RecordReads, campaign: RecordId) -> dict[int, tuple[WorkItem, RecordRow]]:
    """The items that a campaign ever had, by number, with their records."""
    return {
        item.item_no: (item, row)
        for row, values in shown_records(hub.registry, snapshot, "campaign_item")
        if values.get("campaign_id") == campaign and (item := item_of(values)).item_no
    }


def _change(known: tuple[WorkItem, RecordRow], newer: WorkItem) -> list[Draft]:
    """What publishing writes of an item that has a record; nothing where it says so already."""
    item, row = known
    if item_fields(item) == item_fields(newer):
        return []
    values = _fitting(f"Item {item.item_no}", item_fields(newer), "Give the item another number in the campaign file.")
    registers = {CAMPAIGN_ITEM.register_of(name).number for name in values}
    return [Draft(CAMPAIGN_ITEM, row.id, values, head_op_ids(unpack_entries(row.entries), registers))]


def _fitting(what: str, values: dict[str, Value], then_do: str) -> dict[str, Value]:
    """The same values, whose former demands fit into one."""
    if any(isinstance(value, bytes) and len(value) > TEXT_BYTES_MAX for value in values.values()):
        raise Unusable(f"{what} of the campaign has changed too often: what was demanded before does not fit.", then_do)
    return values


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
