"""Bringing an overruled value back: which ops a restore writes.

Decides what hub and desk write when somebody wants an overruled value again. Does not decide who may (`registry`), nor
what the ops do (`fold`).

Rules
1. A restore writes the value again, based on all current heads of its register: an ordinary op.
2. What stands must be listed afterwards. The fold lists what an author read beside others; one value that stands alone
   would be replaced as by an edit, and be listed nowhere. So the restore first states the wanted value beside it, based
   on the op that wrote it, and then keeps that one of the two. Both ops travel in one set.
3. A value that is listed already is not listed again: however often two values take turns, each is listed once. Nor is
   anything listed in a register that has no room for one more value.

    stands | listed | wanted | ops of the restore                       | listed afterwards
    -------+--------+--------+------------------------------------------+------------------
    A, B   |        | A      | A on (A, B)                              | B
    A      | B      | B      | 0: B on (B); 1: B on (A, 0)              | A, B
    B      | A, B   | A      | A on (B)                                 | A, B
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from carnet_protocol.changeset import Draft
from carnet_protocol.ids import Nonce, OpId, op_id
from carnet_protocol.limits import HEADS_PER_REGISTER_MAX
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import is_different
from carnet_protocol.state import Entries, Entry, Withheld, heads_of, register_value


def draft_restore(plain: Draft, op: OpId, entries: Entries, listed: Iterable[Entry], nonce: Nonce) -> tuple[Draft, ...]:
    """The drafts of a restore, first ops of their set.

    Args:
        plain: the overruled value as one write of its whole register, based on all current heads there.
        op: the write that said it.
        entries: state of the record.
        listed: the settled overruled values of the record.
        nonce: of the set the drafts will be sealed in; the second builds on the first.
    """
    labels = {plain.kind.labels[name]: value for name, value in plain.values.items()}
    register = next(plain.kind.register_of(name).number for name in plain.values)
    standing = [register_value(head, register) for head in heads_of(entries, register) if not head.is_delete]
    known = [labels, *(register_value(one, register) for one in listed if register in one.registers())]
    is_contested = any(is_different(one, other) for one, other in combinations(standing, 2))
    if is_contested or not _has_room(entries, register) or all(_stands_among(one, known) for one in standing):
        return (plain,)
    return replace(plain, based_on=(op,)), replace(plain, based_on=(*plain.based_on, op_id(nonce, 0)))


def _has_room(entries: Entries, register: int) -> bool:
    return sum(register in entry.registers() for entry in entries) < HEADS_PER_REGISTER_MAX


def _stands_among(value: dict[int, Value] | Withheld, known: Iterable[dict[int, Value] | Withheld]) -> bool:
    """Whether a value is surely one of some others; of a withheld one nobody can tell here."""
    if isinstance(value, Withheld):
        return False
    return any(not isinstance(one, Withheld) and not is_different(value, one) for one in known)
