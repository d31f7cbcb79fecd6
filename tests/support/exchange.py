"""Short words for what passes between a test node and the model hub."""

from typing import Any

from carnet_node.core.line.inbox import AnswersOutcome, SignedReceipt, apply_answers
from carnet_node.core.log.outbox import next_batch
from carnet_node.core.node import Node
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import one_record
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.messages import Receipt
from carnet_protocol.registry import Kind, Value
from support.desk import record
from support.model_hub import ModelHub, Treatment, signed


def draft(values: dict[str, Value], number: int = 1, kind: Kind = VEHICLE, **more: Any) -> Draft:
    """A write on record `number`."""
    return Draft(kind, record(number), values, **more)


def shown(node: Node, number: int = 1, kind: Kind = VEHICLE) -> RecordView:
    """Record `number` as the desk sees it."""
    view = one_record(node, kind, record(number))
    assert view is not None
    return view


def deliver(node: Node, hub: ModelHub, treatment: Treatment = Treatment.ACCEPT, **more: Any) -> list[Receipt]:
    """Everything unsent reaches the hub; the receipts are not applied yet."""
    return [hub.receive(node, one, treatment, **more) for one in next_batch(node)]


def answer(node: Node, *receipts: Receipt) -> AnswersOutcome:
    """Receipts arrive at the node."""
    return apply_answers(node, [SignedReceipt(one, signed(one)) for one in receipts])
