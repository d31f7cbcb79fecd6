"""What of a record one dealer site gets to see.

Decides which values leave the hub and under whose name. Does not decide which records a site receives (`routing`).

Rules:
- The owner sees everything. Others get masked registers as heads without values.
- A customer at the desk of another site may be told there what stands on the own papers: a look-up shows it, no page.
- A register of a newer version may be personal; as long as this hub cannot tell, only the owner gets it.
- A site whose assignment opens no history gets the vehicle *veiled*: what it wrote itself, and of everybody else's
  writes only that they are there: no value, no author, no owner. So it learns that its value was overruled and can
  still base a write on what stands. What makes the vehicle's id (registers that compare, the VIN) stays.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.sets.assigning import opens_history
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, VISIT
from carnet_protocol.registry import Audience, Resolver
from carnet_protocol.state import Entries, Entry, Withheld, replace_entry, withhold

SHOWN_TO_CUSTOMER: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {
        kind.number: frozenset(kind.register_of(name).number for name in names)
        for kind, names in (
            (VISIT, ("sender_name", "customer_name", "customer_note", "customer_fen", "estimate_fen")),
            (JOB, ("estimate_fen",)),
            (LABOUR_LINE, ("rate_fen",)),
            (PART_LINE, ("price_fen",)),
        )
    }
)
"""Masked registers, by kind, that stand on the papers a customer was given: who brought the car and under which number,
the own words, the prices. What a workshop noted for itself, and its staff, stay masked."""

NOBODY: Final = bytes(16)
"""The author and owner that stand in a veiled record for every other site."""


def veiled_records(hub: Hub, snapshot: Snapshot, dealer: bytes, records: Iterable[RecordRow]) -> frozenset[bytes]:
    """Ids of the vehicles that a site receives without their history."""
    vehicles = {row.id for row in records if hub.rules[row.kind].is_anchor and row.owner != dealer}
    known = snapshot.assignments(vehicles)
    return frozenset(vehicles - {row.vehicle_id for row in known if row.dealer_id == dealer and opens_history(row)})


def entries_for(
    hub: Hub, dealer: bytes, record: RecordRow, entries: Entries, *, is_veiled: bool, is_customers_own: bool = False
) -> Entries:
    """The entries of a record as a site gets them.

    Args:
        is_customers_own: the record is about somebody who stands at the site's desk (`SHOWN_TO_CUSTOMER`).
    """
    rules = hub.rules[record.kind]
    masked = _masked(rules, dealer, record, entries)
    if is_customers_own:
        masked -= SHOWN_TO_CUSTOMER.get(record.kind, frozenset())
    shown = withhold(entries, masked, Withheld.MASKED) if masked else entries
    return tuple(one if one.author == dealer else _veil(rules, one) for one in shown) if is_veiled else shown


def owner_for(record: RecordRow, *, is_veiled: bool) -> bytes:
    """The owner of a record as a site gets it."""
    return NOBODY if is_veiled else record.owner


def _masked(rules: KindRules, dealer: bytes, record: RecordRow, entries: Entries) -> frozenset[int]:
    """Registers whose values a site does not get."""
    if record.owner == dealer or rules.audience is Audience.ALL:
        return frozenset()
    written = frozenset().union(*(entry.registers() for entry in entries))
    return rules.kind.masked_registers | (written - rules.kind.by_number.keys())


def _veil(rules: KindRules, entry: Entry) -> Entry:
    """Another site's entry without its values and its author."""
    compared = {register.number for register in rules.kind.registers if register.resolver is Resolver.ONCE}
    (hidden,) = withhold((entry,), frozenset(entry.registers() - compared), Withheld.MASKED)
    return replace_entry(hidden, author=NOBODY)
