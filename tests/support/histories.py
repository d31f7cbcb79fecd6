"""Random causal histories of one record, as several desks would make them.

Each of two to four authors knows some of the writes. In a step one author perhaps hears from another (everything that
one knows, so causes never come after their effects) and then writes: registers of a real kind, based on what stands in
them as this author knows it, or on only a part of it, or with something older named as well. Clocks are wrong at
random, op ids are in no order, some ops are void.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Value
from carnet_protocol.writes import Write
from support.fold_model import Model, model_of
from support.protocol import fixed

Choice = Mapping[str, Value]

PALETTES: Final[dict[str, tuple[tuple[Choice, ...], ...]]] = {
    "customer": (
        ({"party_kind": "person"}, {"party_kind": "company"}),
        ({"segment": "private"}, {"segment": "company"}, {"segment": "taxi"}, {"segment": None}),
        ({"full_name": "甲"}, {"full_name": "乙", "pinyin": "yi"}, {"full_name": "乙", "pinyin": None}),
        ({"note": "a"}, {"note": "b"}),
        ({"lead_source": "walk-in"}, {"lead_source": "telephone"}),
    ),
    "vehicle": (
        ({"vin": "A" * 17}, {"vin": "B" * 17}),
        ({"color": "red"}, {"color": "blue"}, {"color": "white"}),
        ({"lifecycle": "active"}, {"lifecycle": "sold"}, {"lifecycle": "scrapped"}),
        ({"model_code": "M1", "model_year": 2021}, {"model_code": "M1"}, {"model_code": "M2", "model_year": 2022}),
    ),
    "contact_preference": (
        ({"do_not_contact": True}, {"do_not_contact": False}, {"do_not_contact": None}),
        ({"channel": "phone"}, {"channel": "sms"}),
        ({"from_hour": 9, "to_hour": 18}, {"from_hour": 8, "to_hour": 12}),
    ),
    "visit": (
        tuple({"status": state} for state in ("draft", "open", "completed", "void", "settled", "closed")),
        ({"ro_no": "RO-1"}, {"ro_no": "RO-2"}),
        ({"odometer_in_km": 10}, {"odometer_in_km": 20, "is_odometer_unknown": False}, {"is_odometer_unknown": True}),
        ({"customer_note": "squeaks"}, {"customer_note": "rattles"}),
    ),
}
"""Per kind, the registers that histories write, each with a few values, so that equal ones meet."""

FUTURE_REGISTER: Final = 200
"""A register that no version of these kinds declares yet."""


@dataclass(frozen=True)
class History:
    """What a record went through.

    Attributes:
        kind: of the record.
        written: every op in a causal order, `based_on` as its author wrote it.
        void: the ops that are void.
    """

    kind: Kind
    written: tuple[Write, ...]
    void: frozenset[OpId]


@st.composite
def histories(draw: st.DrawFn, *, ops_max: int = 14, may_be_void: bool = True, may_delete: bool = True) -> History:
    """A strategy for `History`."""
    kind_name = draw(st.sampled_from(sorted(PALETTES)))
    salt = draw(st.binary(min_size=2, max_size=2))
    knows: list[set[OpId]] = [set() for _ in range(draw(st.integers(2, 4)))]
    written: dict[OpId, Write] = {}
    for number in range(draw(st.integers(1, ops_max))):
        author = draw(st.integers(0, len(knows) - 1))
        if draw(st.booleans()):
            knows[author] |= knows[draw(st.integers(0, len(knows) - 1))]
        op = OpId(hashlib.sha256(salt + bytes([number])).digest()[:16])
        view = model_of(write for known, write in written.items() if known in knows[author])
        one = draw(_write(kind_name, view, op=op, author=fixed(f"author {author}"), may_delete=may_delete))
        written[one.op] = one
        knows[author].add(one.op)
    void = draw(st.sets(st.sampled_from(sorted(written)), max_size=4)) if may_be_void and draw(st.booleans()) else set()
    return History(REGISTRY[kind_name], tuple(written.values()), frozenset(void))


@st.composite
def _write(draw: st.DrawFn, kind_name: str, view: Model, *, op: OpId, author: bytes, may_delete: bool) -> Write:
    time_ms = draw(st.integers(0, 6))
    fields: dict[int, Value] | None
    withheld: dict[int, int]
    if may_delete and draw(st.integers(0, 5)) == 0:
        fields, withheld, registers = None, {}, view.registers_written()
    else:
        fields, withheld = draw(_values(kind_name))
        registers = {label // 8 for label in fields} | set(withheld)
    standing = sorted({one for register in registers for one in view.standing(register)})
    return Write(op, time_ms, author, fields, withheld, draw(_reading(standing, view)))


@st.composite
def _values(draw: st.DrawFn, kind_name: str) -> tuple[dict[int, Value], dict[int, int]]:
    kind = REGISTRY[kind_name]
    palette = PALETTES[kind_name]
    fields: dict[int, Value] = {}
    withheld: dict[int, int] = {}
    for place in draw(st.sets(st.integers(0, len(palette)), min_size=1, max_size=3)):
        if place == len(palette):
            fields[FUTURE_REGISTER * 8] = draw(st.integers(1, 2))
            continue
        chosen = draw(st.sampled_from(palette[place]))
        register = kind.register_of(next(iter(chosen)))
        if register.group is not None and draw(st.integers(0, 4)) == 0:
            withheld[register.number] = 1
        else:
            fields.update({kind.labels[name]: value for name, value in chosen.items()})
    return fields, withheld


@st.composite
def _reading(draw: st.DrawFn, standing: list[OpId], view: Model) -> tuple[OpId, ...]:
    """What the author names: all that stands, usually; else a part of it, or older ops too."""
    manner = draw(st.integers(0, 4))
    if manner == 0 and standing:
        standing = draw(st.lists(st.sampled_from(standing), unique=True))
    if manner == 1 and view.writes:
        standing = standing + draw(st.lists(st.sampled_from(sorted(view.writes)), max_size=2))
    return tuple(standing)


def effective(history: History) -> tuple[Write, ...]:
    """The ops that count, each based on what its void bases were based on; computed by the definition."""
    by_op = {write.op: write for write in history.written}

    def seen_through(ops: tuple[OpId, ...]) -> set[OpId]:
        reached: set[OpId] = set()
        for op in ops:
            reached |= seen_through(by_op[op].based_on) if op in history.void else {op}
        return reached

    return tuple(
        Write(one.op, one.time_ms, one.author, one.fields, one.withheld, tuple(sorted(seen_through(one.based_on))))
        for one in history.written
        if one.op not in history.void
    )


@st.composite
def causal_orders(draw: st.DrawFn, all_writes: tuple[Write, ...]) -> tuple[Write, ...]:
    """Any order of arrival in which causes come first."""
    waiting: list[Write] = list(all_writes)
    done: set[OpId] = set()
    ordered: list[Write] = []
    while waiting:
        ready = [one for one in waiting if set(one.based_on) <= done]
        one = ready[draw(st.integers(0, len(ready) - 1))]
        waiting.remove(one)
        done.add(one.op)
        ordered.append(one)
    return tuple(ordered)


def any_order(all_writes: tuple[Write, ...]) -> st.SearchStrategy[list[Any]]:
    """Any order of arrival, with some ops arriving more than once."""
    repeated = st.lists(st.sampled_from(all_writes), max_size=4) if all_writes else st.just([])
    return st.tuples(st.permutations(all_writes), repeated).map(lambda both: [*both[1], *both[0], *both[1]])
