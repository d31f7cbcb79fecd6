"""Random days of a workshop, recorded at a node step by step: what its reports are counted from.

A history is a list of orders with what happened to each, and of appointments. Moments lie around one month, close to
its borders too. `record_history` writes all of it through the node's log, as the desk does.

    with TemporaryDirectory() as folder:
        node = build_node(Path(folder))
        record_history(node, history)
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from carnet_node.core.commands.drafting import NewId, Read, draft_edit, draft_new
from carnet_node.core.heads import Heads
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.record_view import view_record
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import (
    APPOINTMENT,
    APPOINTMENT_STATES,
    PROMISE_CHANGE,
    RECALL_COMPLETION,
    SETTLEMENT,
    VISIT,
)
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind, Value
from carnet_protocol.ten_days import Period, period_named

MONTH: Final = period_named("2026-09")
DAY_MS: Final = 24 * 3600 * 1000
_FIRST_MS: Final = int(datetime(2026, 8, 31, 16, tzinfo=UTC).timestamp()) * 1000
"""When the month begins eight hours ahead of Greenwich."""

_BORDERS: Final = [_FIRST_MS + days * DAY_MS for days in (0, 10, 20, 30)]
MOMENTS: Final = st.integers(_FIRST_MS - 3 * DAY_MS, _FIRST_MS + 33 * DAY_MS) | st.sampled_from(
    [moment + by for moment in _BORDERS for by in (-1, 0)]
)
PERIODS: Final[list[Period]] = [period_named(name) for name in ("2026-09", "2026-09-1", "2026-09-2", "2026-09-3")]

_STEPS: Final = {
    "draft": ("draft",),
    "open": ("open",),
    "completed": ("open", "completed"),
    "void": ("open", "void"),
    "settled": ("open", "completed", "settled"),
    "closed": ("open", "completed", "settled", "closed"),
}
"""How an order comes to be in a state."""

_FEN: Final = st.integers(0, 10**6)
_RETRACTED: Final = st.sampled_from([None, None, "entered_in_error"])
_ADVISORS: Final = st.sampled_from(["A1", "B2", None])

_MOVES: Final = st.fixed_dictionaries(
    {
        "promised_before_at": MOMENTS,
        "promised_at": MOMENTS,
        "changed_at": MOMENTS,
        "reason": st.sampled_from(["parts", "customer_wish"]),
    }
)
_BILLS: Final = st.fixed_dictionaries(
    {"settled_at": MOMENTS, "customer_gross_fen": _FEN, "warranty_discount_fen": _FEN, "internal_credit_fen": _FEN}
)
_RECALLS: Final = st.fixed_dictionaries(
    {"completed_at": MOMENTS, "method": st.sampled_from(["replaced", "interim", "refused"])}
)


@dataclass(frozen=True)
class Order:
    """One order: how far it came, what it says, and what hangs on it, each with why it was taken back."""

    status: str
    values: dict[str, Value]
    is_correction: bool
    moves: list[tuple[dict[str, Value], str | None]]
    bills: list[tuple[dict[str, Value], str | None]]
    recalls: list[tuple[dict[str, Value], str | None]]


@dataclass(frozen=True)
class Booked:
    """One appointment, and whether it was deleted."""

    values: dict[str, Value]
    is_deleted: bool


@dataclass(frozen=True)
class History:
    """What a workshop has recorded."""

    orders: list[Order]
    appointments: list[Booked]


_orders = st.builds(
    Order,
    status=st.sampled_from([*sorted(_STEPS), "settled", "closed", "settled"]),
    values=st.fixed_dictionaries(
        {
            "advisor_code": _ADVISORS,
            "visit_kind": st.sampled_from(["repair", "recall", None]),
            "opened_at": MOMENTS,
            "promised_at": st.none() | MOMENTS,
            "completed_at": st.none() | MOMENTS,
            "settled_at": st.none() | MOMENTS,
            "customer_fen": _FEN,
            "warranty_fen": _FEN,
            "internal_fen": st.none() | _FEN,
        }
    ),
    is_correction=st.booleans(),
    moves=st.lists(st.tuples(_MOVES, _RETRACTED), max_size=3),
    bills=st.lists(st.tuples(_BILLS, _RETRACTED), max_size=2),
    recalls=st.lists(st.tuples(_RECALLS, _RETRACTED), max_size=2),
)
_appointments = st.builds(
    Booked,
    values=st.fixed_dictionaries(
        {
            "status": st.sampled_from(APPOINTMENT_STATES),
            "starts_at": st.none() | MOMENTS,
            "advisor_code": _ADVISORS,
        }
    ),
    is_deleted=st.booleans(),
)
histories: st.SearchStrategy[History] = st.builds(
    History, orders=st.lists(_orders, max_size=4), appointments=st.lists(_appointments, max_size=4)
)


def record_history(node: Node, history: History) -> None:
    """Record everything that happened, in the order of its steps."""
    for place, one in enumerate(history.orders):
        _record_order(node, one, RecordId(place.to_bytes(16, "big")) if one.is_correction else None)
    for booked in history.appointments:
        _record_appointment(node, booked)


def _record_order(node: Node, one: Order, corrects: RecordId | None) -> None:
    first, *later = _STEPS[one.status]
    visit = _made(node, VISIT, {**one.values, "status": first, "corrects_id": corrects})
    for status in later:
        _edited(node, VISIT, visit, {"status": status})
    facts = ((PROMISE_CHANGE, one.moves), (SETTLEMENT, one.bills), (RECALL_COMPLETION, one.recalls))
    for kind, stated in facts:
        for values, why in stated:
            fact = _made(node, kind, {**values, "visit_id": visit})
            if why:
                _edited(node, kind, fact, {"retracted": why})


def _record_appointment(node: Node, one: Booked) -> None:
    wanted = one.values["status"]
    first = wanted if wanted in ("requested", "booked") else "booked"
    made = _made(node, APPOINTMENT, {**one.values, "status": first})
    if wanted != first:
        _edited(node, APPOINTMENT, made, {"status": wanted})
    if one.is_deleted:
        heads = _read(node, APPOINTMENT, made).heads.all()
        save(node, lambda _: (Draft(APPOINTMENT, made, {}, heads, Action.DELETE),))


def _made(node: Node, kind: Kind, values: dict[str, Any]) -> RecordId:
    def _drafts(new_id: NewId) -> tuple[Draft, ...]:
        return (draft_new(kind, new_id(), values),)

    return save(node, _drafts).records[0]


def _edited(node: Node, kind: Kind, record: RecordId, changes: dict[str, Value]) -> None:
    draft = draft_edit(kind, _read(node, kind, record), changes)
    assert draft is not None
    save(node, lambda _: (draft,))


def _read(node: Node, kind: Kind, record: RecordId) -> Read:
    with node.store.read() as tx:
        view = view_record(tx, node.identity, tx.record(kind, record))
    assert view is not None
    heads: Heads = view.heads
    return Read(record, heads, view.values)
