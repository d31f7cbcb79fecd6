"""The projection rule: what a record is, given its base row and the node's own work on it.

Decides which own ops are folded on top of what the hub sent, in which order, and what mark the record carries. Commit,
page application, receipts and rebuild all come here, so that they cannot disagree.

Rules (docs/design.md, "Projection rule"):
- Own ops are folded onto the base row's entries in log order, except those that are void and those the hub folded at a
  position <= P, the position of the page the base row came in: these are inside it.
- A void op is transparent: `based_on` it means `based_on` what it was based on. One that still stands in the base row,
  because it was excluded later, is read as what it is there until the row comes anew.
- After a restore of the hub, a row of the former history stays until it comes anew, and holds what was folded then.
- A parked own op is folded and marked. So is one that the heads of a register have no room for: it is left out and
  marked.
- An evicted record is hidden as soon as no own op on it waits for a verdict.

Does not decide what is inside a base row (the hub), nor what the hub rules (`inbox` stores that).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from carnet_node.core.records import BaseRow, LoggedSet, Mark
from carnet_protocol.errors import NotAllowed
from carnet_protocol.fold import effective_based_on, fold_write
from carnet_protocol.ids import OpId
from carnet_protocol.settled import Settled
from carnet_protocol.state import EMPTY, Entries
from carnet_protocol.writes import Write


class Fate(Enum):
    """What has become of an own op."""

    WAITING = "waiting"
    FOLDED = "folded"
    PARKED = "parked"
    VOID = "void"


_FOLDABLE: Final = frozenset((Fate.FOLDED, Fate.WAITING))
"""What the hub may hold: a waiting op too, when a restore of the hub took back what became of it since."""


@dataclass(frozen=True, slots=True)
class OwnOp:
    """An own op on one record.

    Attributes:
        write: as authored, with the set time known so far.
        position: where the hub folded it in its present history, as far as this node knows; 0 when it has not. A
            waiting one has a position when a restore of the hub took back its exclusion.
        log_id: of its set.
    """

    write: Write
    fate: Fate
    position: int = 0
    log_id: int = 0


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A record's state with own work on top.

    Attributes:
        settled: overruled values that own work on top settled.
    """

    entries: Entries
    settled: tuple[Settled, ...]
    mark: Mark
    is_hidden: bool


def fate_of(logged: LoggedSet, index: int) -> Fate:
    """What has become of the op at an index of an own set."""
    verdict = logged.verdict
    if verdict is None:
        return Fate.WAITING
    if verdict.is_accepted:
        return Fate.VOID if index in verdict.voids else Fate.FOLDED
    return Fate.PARKED if verdict.is_parked else Fate.VOID


def overlay(base: BaseRow | None, own: Sequence[OwnOp]) -> Overlaid:
    """Fold own work onto a base row.

    Args:
        base: None when the hub has sent no such record.
        own: every own op on the record, in log order, void ones and those inside the base row included.
    """
    entries = EMPTY if base is None else base.entries
    known = standing_writes(base, own)
    settled: list[Settled] = []
    on_top: list[Fate] = []
    for one in own:
        if one.fate is Fate.VOID or is_inside(base, one):
            continue
        write = known[one.write.op]
        try:
            folded = fold_write(entries, write, known.get)
        except NotAllowed:
            on_top.append(Fate.PARKED)
            continue
        entries = folded.entries
        settled.extend(folded.settled)
        on_top.append(one.fate)
    is_answered = not own or own[-1].fate is not Fate.VOID
    is_hidden = base is not None and base.is_evicted and Fate.WAITING not in on_top
    return Overlaid(entries, tuple(settled), _mark(on_top, is_answered=is_answered), is_hidden)


def is_inside(base: BaseRow | None, one: OwnOp) -> bool:
    """Whether the hub has folded an own op into a base row.

    Positions are compared within one history of the hub. What a row of a former one holds was noted when that ended,
    whatever restores and verdicts came since; and a head that stands there is held, whoever had it folded.
    """
    if base is None:
        return False
    is_former = base.former_position is not None
    if is_former and (one.log_id in base.former_sets or any(entry.op == one.write.op for entry in base.entries)):
        return True
    return one.fate in _FOLDABLE and 0 < one.position <= base.position


def standing_writes(base: BaseRow | None, own: Iterable[OwnOp]) -> dict[OpId, Write]:
    """The own writes of a record that are not void, with void ones looked through, by op id in log order.

    Args:
        base: a void op that stands there is not looked through.
    """
    listed = list(own)
    held = set() if base is None else {entry.op for entry in base.entries}
    void = (one.write for one in listed if one.fate is Fate.VOID)
    void_bases = {write.op: write.based_on for write in void if write.op not in held}
    return {one.write.op: _look_through(one.write, void_bases) for one in listed if one.fate is not Fate.VOID}


def _look_through(write: Write, void_bases: dict[OpId, tuple[OpId, ...]]) -> Write:
    if not void_bases or void_bases.keys().isdisjoint(write.based_on):
        return write
    return msgspec.structs.replace(write, based_on=effective_based_on(write.based_on, void_bases.get))


def _mark(on_top: list[Fate], *, is_answered: bool) -> Mark:
    """The gravest fact first; a refusal is answered by later own work on the record."""
    if not is_answered:
        return Mark.REFUSED
    if Fate.PARKED in on_top:
        return Mark.PARKED
    return Mark.WAITING if on_top else Mark.NOTHING_OWN
