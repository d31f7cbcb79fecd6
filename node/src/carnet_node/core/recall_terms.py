"""What a campaign asks of the desk, and how far its work on one car has come.

Decides which items are still to be done on a car, given what was recorded for it. Which methods close a recall, what
evidence each of them owes and which numbers contradict an item is `carnet_protocol.remedy`, which the hub asks too; so
a desk does not call done what the hub will not count. Does not decide which cars are listed (`recall_check`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import StoredRecord
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_ITEM
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.remedy import CLOSING, INTERIM, REFUSED, claimed_items, contradicts, missing_evidence
from carnet_protocol.resolvers import show

AVAILABLE: Final = "available"
NOT_YET: Final = "not_yet"
WITH_INTERIM: Final = "interim"

INSPECTED: Final = "inspected_no_defect"
REFUNDED: Final = "refunded"


@dataclass(frozen=True, slots=True)
class RecallItem:
    """One of the things that a campaign does on a car; the numbers are empty where none is named."""

    item_no: int
    label: str
    part_no: str = ""
    software_version: str = ""
    is_required: bool = True
    asked_ms: int = 0

    def contradicts(self, values: Mapping[str, Value], done_ms: int) -> bool:
        """Whether work of a moment states another number than this item then had."""
        named: dict[str, Value] = {"part_no": self.part_no, "software_version": self.software_version}
        return done_ms >= self.asked_ms and contradicts(named, str(values.get("method") or ""), values)


@dataclass(frozen=True, slots=True)
class RecallTerms:
    """What a campaign asks.

    Attributes:
        remedy_state: `available`, `interim` or `not_yet`.
        interim_remedy: what is done until the remedy is there; empty for nothing.
        items: by number; none for a campaign that does one thing.
        evidence_bits: see `remedy.evidence_bits`; what was done before `evidence_asked_ms` owes none.
    """

    remedy_state: str = AVAILABLE
    items: tuple[RecallItem, ...] = ()
    evidence_bits: int = 0
    evidence_asked_ms: int = 0
    interim_remedy: str = ""

    @property
    def work(self) -> tuple[RecallItem, ...]:
        """The items, at least one."""
        return self.items or (RecallItem(1, ""),)


NO_TERMS: Final = RecallTerms()


@dataclass(frozen=True, slots=True)
class DoneSoFar:
    """How far a campaign's work on one car has come.

    Attributes:
        items: numbers of the items that are done.
        is_done: every required one is.
        has_interim: the interim remedy is on the car.
    """

    items: frozenset[int] = field(default=frozenset())
    is_done: bool = False
    has_interim: bool = False


NOTHING_DONE: Final = DoneSoFar()


def terms_of(tx: ReadTransaction, campaign: RecordId) -> RecallTerms:
    """What a campaign asks; nothing for one that is not known here."""
    stored = tx.record(CAMPAIGN, campaign)
    values = {} if stored is None else shown_fields(stored)
    held = tx.find_equal(CAMPAIGN_ITEM, "campaign_id", campaign, CAMPAIGN_ITEMS_MAX)
    items = sorted((_item_of(shown_fields(one)) for one in held if not one.is_deleted), key=lambda item: item.item_no)
    return RecallTerms(
        str(values.get("remedy_state") or AVAILABLE),
        tuple(items),
        _number(values.get("evidence_bits")),
        _number(values.get("evidence_asked_at")),
        str(values.get("interim_remedy") or ""),
    )


def methods_of(terms: RecallTerms) -> tuple[str, ...]:
    """How the desk may say that something was done: no repair without a remedy, an interim one only where there is one.

    A refusal is among them in any case: owners refuse what they are told to wait for, too.
    """
    work = (*((INTERIM,) if terms.remedy_state == WITH_INTERIM else ()), *CLOSING)
    return (*((INSPECTED, REFUNDED) if terms.remedy_state == NOT_YET else work), REFUSED)


def done_so_far(terms: RecallTerms, completions: Iterable[Mapping[str, Value]]) -> DoneSoFar:
    """What some standing completions of one car and campaign come to.

    Args:
        completions: their values by field name, in any order.
    """
    done: set[int] = set()
    has_interim = False
    for values in completions:
        has_interim = has_interim or values.get("method") == INTERIM
        done |= items_of(terms, values)
    required = {item.item_no for item in terms.work if item.is_required}
    return DoneSoFar(frozenset(done), required <= done, has_interim)


def items_of(terms: RecallTerms, values: Mapping[str, Value]) -> frozenset[int]:
    """The items that one completion does, its evidence and numbers being as they were asked for."""
    method, done_ms = str(values.get("method") or ""), _number(values.get("completed_at"))
    bits = terms.evidence_bits if done_ms >= terms.evidence_asked_ms else 0
    if method not in CLOSING or missing_evidence(bits, method, values):
        return frozenset()
    claimed = claimed_items([item.item_no for item in terms.work], method, values.get("items_done"))
    return frozenset(
        item.item_no for item in terms.work if item.item_no in claimed and not item.contradicts(values, done_ms)
    )


def shown_fields(stored: StoredRecord) -> dict[str, Value]:
    """Shown values by field name."""
    values = show(stored.kind, stored.entries).values
    return {one.name: values[label] for label, (_, one) in stored.kind.by_label.items() if label in values}


def _item_of(values: Mapping[str, Value]) -> RecallItem:
    return RecallItem(
        _number(values.get("item_no")),
        str(values.get("label") or ""),
        str(values.get("part_no") or ""),
        str(values.get("software_version") or ""),
        values.get("is_required") is not False,
        _number(values.get("numbers_asked_at")),
    )


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0
