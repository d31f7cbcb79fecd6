"""The fold: writes in, state out; which head is shown; which step is legal; how a chain continues."""

from collections.abc import Sequence
from typing import Any

from carnet_protocol import cbor
from carnet_protocol.chain import NO_HEAD, ChainHead, classify_link
from carnet_protocol.changeset import ChangeSet, reread_set
from carnet_protocol.fold import effective_based_on, fold_record
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY, VISIT_STATES
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import is_legal_step, show
from carnet_protocol.state import entries_to_wire, head_op_ids
from carnet_protocol.writes import Write
from tools.vectors.names import HUB, VISIT, Vector, jsonable, link, named, seal

COLOR, FUEL, LIFECYCLE, VIN, MODEL = 40, 48, 56, 0, 32
Fields = dict[int, Value] | None


def op(number: int) -> OpId:
    """A short op id: 1 sorts before 2."""
    return OpId(number.to_bytes(16, "big"))


def write(
    number: int, fields: Fields, *read: int, at: int | None = None, withheld: dict[int, int] | None = None
) -> Write:
    """A write by one of two sites, with its number as set time unless another is given."""
    author = named("site a") if number % 2 else named("site b")
    return Write(op(number), number if at is None else at, author, fields, withheld or {}, tuple(map(op, read)))


CASES: list[tuple[str, str, list[Write]]] = [
    ("one write", "vehicle", [write(1, {COLOR: "red"})]),
    ("a write replaces what its author read", "vehicle", [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}, 1)]),
    ("and leaves what its author did not read", "vehicle", [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"})]),
    ("whatever the clocks say", "vehicle", [write(2, {COLOR: "red"}, at=99), write(1, {COLOR: "blue"}, 2, at=-5)]),
    (
        "an edit of one register leaves the others",
        "vehicle",
        [write(1, {COLOR: "red", FUEL: "petrol"}), write(2, {COLOR: "blue"}, 1)],
    ),
    (
        "two desks edit the same old value",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}, 1), write(3, {COLOR: "white"}, 1)],
    ),
    (
        "a decision overrules one of two values knowingly",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}), write(3, {COLOR: "blue"}, 1, 2)],
    ),
    (
        "a decision overrules both values",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}), write(3, {COLOR: "green"}, 1, 2)],
    ),
    (
        "reading the same value twice is an ordinary edit",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "red"}), write(3, {COLOR: "green"}, 1, 2)],
    ),
    (
        "a value read as a head counts although another desk replaced it",
        "vehicle",
        [
            write(1, {COLOR: "red"}),
            write(2, {COLOR: "blue"}),
            write(3, {COLOR: "white"}, 1),
            write(4, {COLOR: "blue"}, 1, 2),
        ],
    ),
    (
        "a value its reader had seen go does not count",
        "vehicle",
        [
            write(1, {COLOR: "red", FUEL: "petrol"}),
            write(2, {COLOR: "blue"}, 1),
            write(3, {COLOR: "white"}, 1),
            write(4, {COLOR: "green", FUEL: "gas"}, 1, 2),
        ],
    ),
    (
        "a group is written as a whole",
        "vehicle",
        [write(1, {MODEL: "M1", MODEL + 1: 2021}), write(2, {MODEL: "M2"}, 1)],
    ),
    ("null states nothing", "vehicle", [write(1, {MODEL: "M1"}), write(2, {MODEL: "M1", MODEL + 1: None})]),
    ("a delete hides what its author saw", "vehicle", [write(1, {COLOR: "red"}), write(2, None, 1)]),
    (
        "a concurrent edit keeps a deleted record visible",
        "vehicle",
        [write(1, {COLOR: "red", FUEL: "petrol"}), write(2, None, 1), write(3, {COLOR: "blue"}, 1)],
    ),
    (
        "writing on a deleted record brings it back",
        "vehicle",
        [write(1, {COLOR: "red", FUEL: "petrol"}), write(2, None, 1), write(3, {COLOR: "blue"}, 1, 2)],
    ),
    (
        "a delete that read a delete takes its place",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, None, 1), write(3, {COLOR: "blue"}, 1), write(4, None, 1, 2, 3)],
    ),
    (
        "a delete overrules the values it read knowingly",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}), write(3, None, 1, 2)],
    ),
    (
        "a value that a read delete had buried does not count",
        "vehicle",
        [write(1, {COLOR: "red"}), write(2, {COLOR: "blue"}), write(3, None, 1), write(4, {COLOR: "green"}, 1, 2, 3)],
    ),
    ("an op whose base is missing waits", "vehicle", [write(1, {COLOR: "red"}), write(3, {COLOR: "blue"}, 2)]),
    ("an erased value has a head and no value", "customer", [write(1, {0: "person"}, withheld={1: 1})]),
    (
        "withheld values are not compared",
        "customer",
        [write(1, {}, withheld={7: 1}), write(2, {56: "evenings"}), write(3, {56: "mornings"}, 1, 2)],
    ),
    ("latest: the later set time", "vehicle", [write(2, {COLOR: "red"}, at=10), write(1, {COLOR: "blue"}, at=20)]),
    (
        "latest: equal times, the higher op id",
        "vehicle",
        [write(1, {COLOR: "red"}, at=5), write(2, {COLOR: "blue"}, at=5)],
    ),
    (
        "steward: the later, for a person to decide",
        "vehicle",
        [write(1, {LIFECYCLE: "sold"}), write(2, {LIFECYCLE: "stolen"})],
    ),
    ("once: the earlier", "vehicle", [write(1, {VIN: "A" * 17}), write(2, {VIN: "B" * 17})]),
    (
        "once: equal times, the lower op id",
        "vehicle",
        [write(1, {VIN: "A" * 17}, at=5), write(2, {VIN: "B" * 17}, at=5)],
    ),
    ("restrictive: the opt-out", "contact_preference", [write(1, {8: True}), write(2, {8: False})]),
    ("restrictive: unless answered", "contact_preference", [write(1, {8: True}), write(2, {8: False}, 1)]),
    ("restrictive: null is the least", "contact_preference", [write(1, {8: False}), write(2, {8: None})]),
    ("restrictive: by the order of the list", "node", [write(1, {16: "revoked"}), write(2, {16: "suspended"})]),
    ("forward: the furthest state", "visit", [write(1, {24: "settled"}), write(2, {24: "void"})]),
    ("forward: an unknown state comes first", "visit", [write(1, {24: "draft"}), write(2, {24: "archived"})]),
    ("an unknown register is resolved as latest", "vehicle", [write(1, {1600: 1}), write(2, {1600: 2})]),
]


def fold_cases() -> list[Vector]:
    """Writes of one record, and what every correct fold makes of them in any order."""
    return [_case(name, kind, writes) for name, kind, writes in CASES]


def void_cases() -> list[Vector]:
    """What a list of op ids means when some of them are void."""
    void = {3: (1, 2), 4: (3,), 5: ()}
    asked = [(1,), (3,), (4,), (2, 3), (5,), (4, 5, 1), ()]
    return [
        {
            "name": f"reading {list(read)}",
            "void": {op(number).hex(): [op(base).hex() for base in bases] for number, bases in void.items()},
            "based_on": [op(number).hex() for number in read],
            "effective": [one.hex() for one in effective_based_on(tuple(map(op, read)), _lookup(void))],
        }
        for read in asked
    ]


def step_cases() -> list[Vector]:
    """Every step of a service visit from every state, and from several states read at once."""
    register = REGISTRY["visit"].by_number[3]
    each: list[list[str | None]] = [[state] for state in VISIT_STATES]
    read: list[list[str | None]] = [
        [],
        *each,
        ["draft", "completed"],
        ["archived"],
        [None],
    ]
    return [
        {
            "name": f"{' and '.join(map(str, states)) or 'nothing'} to {written}",
            "read": states,
            "written": written,
            "is_legal": is_legal_step(register, states, written),
        }
        for states in read
        for written in VISIT_STATES
    ]


def chain_cases() -> list[Vector]:
    """A set, what its reader holds of the epoch, and how the two relate."""
    first = _sealed("first", 1, bytes(32))
    second = _sealed("second", 2, first.set_hash)
    third = _sealed("third", 3, second.set_hash)
    other = _sealed("other second", 2, first.set_hash)
    cases: list[tuple[str, ChangeSet, ChainHead, bytes | None]] = [
        ("the first set of a new epoch", first, NO_HEAD, None),
        ("the next one", second, ChainHead(1, first.set_hash), None),
        ("the head again", first, ChainHead(1, first.set_hash), first.set_hash),
        ("an old one again", first, ChainHead(3, third.set_hash), first.set_hash),
        ("the second before the first", second, NO_HEAD, None),
        ("one is missing", third, ChainHead(1, first.set_hash), None),
        ("another body at the head", other, ChainHead(2, second.set_hash), second.set_hash),
        ("the continuation of another body", third, ChainHead(2, other.set_hash), None),
    ]
    return [
        {
            "name": name,
            "message_hex": arrived.message.hex(),
            "head": {"seq": head.seq, "set_hash_hex": head.set_hash.hex()},
            "known_hash_hex": known.hex() if known is not None else None,
            "link": classify_link(arrived.header, arrived.set_hash, head, known).value,
        }
        for name, arrived, head, known in cases
    ]


def _sealed(name: str, seq: int, prev: bytes) -> ChangeSet:
    return reread_set(seal(VISIT, name=name, place=link(seq, prev))[0], HUB)


def _case(name: str, kind_name: str, writes: Sequence[Write]) -> Vector:
    kind = REGISTRY[kind_name]
    folded = fold_record(writes)
    shown = show(kind, folded.entries)
    return {
        "name": name,
        "kind": kind_name,
        "writes": [_write(one) for one in writes],
        "entries_cbor_hex": cbor.encode(entries_to_wire(folded.entries)).hex(),
        "entries": jsonable(folded.entries),
        "settled": [
            {"register": one.register, "overruled": one.overruled.op.hex(), "by": one.by.hex()}
            for one in folded.settled
        ],
        "shown": {
            "values": jsonable(shown.values),
            "withheld": {str(number): int(code) for number, code in shown.withheld.items()},
            "is_deleted": shown.is_deleted,
            "is_edit_after_delete": shown.is_edit_after_delete,
            "contests": [
                {
                    "register": one.register,
                    "rule": one.rule.value,
                    "shown": one.shown.op.hex(),
                    "overruled": [entry.op.hex() for entry in one.overruled],
                }
                for one in shown.contests
            ],
        },
        "based_on_to_edit": {
            str(number): [one.hex() for one in head_op_ids(folded.entries, [number])]
            for number in sorted(set().union(*(one.registers() for one in writes)))
        },
    }


def _write(one: Write) -> dict[str, Any]:
    return {
        "op": one.op.hex(),
        "time_ms": one.time_ms,
        "author_hex": one.author.hex(),
        "fields": None if one.fields is None else {str(label): jsonable(value) for label, value in one.fields.items()},
        "withheld": {str(number): code for number, code in one.withheld.items()},
        "based_on": [base.hex() for base in one.based_on],
    }


def _lookup(void: dict[int, tuple[int, ...]]) -> Any:
    return {op(number): tuple(map(op, bases)) for number, bases in void.items()}.get
