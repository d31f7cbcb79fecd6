"""What the registry means for the hub, worked out once per kind.

Decides nothing new: it reads `carnet_protocol.registry` and answers the questions that admission, routing and storage
ask for every op, without asking the registry each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from carnet_protocol.kinds import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, OWNERSHIP, PHONE, PLATE
from carnet_protocol.orders import group_mask
from carnet_protocol.registry import Audience, Kind, Privacy, Register, Registry, ValueType, Writer

PARTY_KINDS: Final = tuple(kind.number for kind in (PHONE, ADDRESS, CONTACT_PREFERENCE, CONSENT, OWNERSHIP))
"""Kinds that say something about the customer they name: what matching and a golden record read beside the customer."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """One kind, as the hub needs it.

    Attributes:
        owned_references: label and kind number of references to records that only their owner writes.
        anchor_label: label of the field that names the vehicle, None for none.
        is_anchor: the kind is the vehicle itself.
        parent_label, parent_number: the field that names the parent and the parent's kind, for kinds without an anchor.
        person_label: the field that names a customer, for kinds with an anchor: whose records an erasure finds.
        inherits_anchor: its audience follows the vehicle of its parent.
        lends_anchor: records of other kinds inherit its anchor.
        steps: forward registers with a transition table, and the label of their state.
        secret: numbers of registers that are encrypted at rest.
        groups: erasure groups (bits) that hold values in this kind.
        is_deletable: facts are retracted and documents voided instead.
        tells_of_party, is_of_party: the customer itself, or one of `PARTY_KINDS`; one of these.
        is_plate: says by which plate a car's customers may be found.
    """

    kind: Kind
    number: int
    writer: Writer
    audience: Audience
    owned_references: tuple[tuple[int, int], ...]
    anchor_label: int | None
    is_anchor: bool
    parent_label: int | None
    parent_number: int | None
    person_label: int | None
    inherits_anchor: bool
    lends_anchor: bool
    steps: tuple[tuple[Register, int], ...]
    secret: frozenset[int]
    groups: int
    is_deletable: bool
    tells_of_party: bool
    is_of_party: bool
    is_plate: bool


Rules = Mapping[int, KindRules]
"""The rules of every kind by its number."""


@lru_cache(maxsize=8)
def rules_of(registry: Registry) -> Rules:
    """The rules of all kinds of a registry."""
    lenders = {_parent_kind(kind) for kind in registry.kinds if _inherits_anchor(kind)}
    return {kind.number: _rules(kind, registry, kind.name in lenders) for kind in registry.kinds}


def _rules(kind: Kind, registry: Registry, lends_anchor: bool) -> KindRules:  # noqa: FBT001  (a fact, not a switch)
    parent = _parent_kind(kind) if kind.anchor is None else None
    return KindRules(
        kind,
        kind.number,
        kind.writer,
        kind.audience,
        _owned_references(kind, registry),
        kind.labels[kind.anchor] if kind.anchor is not None else None,
        kind.audience is Audience.ASSIGNED and kind.anchor is None and kind.parent is None,
        kind.labels[kind.parent] if parent is not None and kind.parent is not None else None,
        registry[parent].number if parent is not None else None,
        _person_label(kind) if kind.anchor is not None else None,
        _inherits_anchor(kind),
        lends_anchor,
        _steps(kind),
        frozenset(register.number for register in kind.registers if register.privacy is Privacy.SECRET),
        group_mask(frozenset(register.group for register in kind.registers if register.group is not None)),
        not kind.is_fact and not _steps(kind),
        kind.number == CUSTOMER.number or kind.number in PARTY_KINDS,
        kind.number in PARTY_KINDS,
        kind.number == PLATE.number,
    )


def _inherits_anchor(kind: Kind) -> bool:
    return kind.audience is Audience.ASSIGNED and kind.anchor is None and kind.parent is not None


def _person_label(kind: Kind) -> int | None:
    """The label of the first field that refers to a customer."""
    return next((label for label, (_, one) in kind.by_label.items() if one.refers_to == CUSTOMER.name), None)


def _parent_kind(kind: Kind) -> str | None:
    """Name of the kind that the parent field refers to."""
    return kind.by_label[kind.labels[kind.parent]][1].refers_to if kind.parent is not None else None


def _owned_references(kind: Kind, registry: Registry) -> tuple[tuple[int, int], ...]:
    found = []
    for label, (_, one) in kind.by_label.items():
        if one.type is ValueType.REF and one.refers_to is not None:
            target = registry[one.refers_to]
            if target.writer is Writer.OWNER_SITE:
                found.append((label, target.number))
    return tuple(found)


def _steps(kind: Kind) -> tuple[tuple[Register, int], ...]:
    return tuple((register, register.label(0)) for register in kind.registers if register.transitions is not None)
