"""Somebody is recorded as a customer: nobody gets a second file unasked.

Decides when a save is held back for one question: is the new customer somebody on file, who has both the name and a
telephone of what was typed? Whoever answers "not the same" is not asked again, and the answer is remembered at this
desk. Check-in asks the same (`receiving`), and forms ask while somebody types (`duplicates`). Programs and imports are
not asked; the hub compares what they bring.
"""

from collections.abc import Iterable
from typing import Final

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.name_keys import load_readings
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.refusals import Problem, ProblemCode, refuse_together
from carnet_node.core.saving.desk import Saved, new_ids
from carnet_node.core.saving.duplicates import TypedParty, namesakes_reached_at, note_not_same
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Value

ASKED_WHO: Final = "alike"
"""The field of the form in which somebody says whether a new customer is one on file."""


def record_customer(
    node: Node, command: AddCustomer, *, not_same: tuple[RecordId, ...] = (), unread: Iterable[Problem] = ()
) -> Saved:
    """Save a new customer with everything the form holds.

    Args:
        not_same: customers that this one is not, as answered to a warning.
        unread: what was typed and means nothing; then nothing is saved.

    Raises:
        CommandRefused: with every problem of the form, the question among them; nothing was saved.
        StoreBusy, StoreBroken, WritingStopped: likewise.
    """
    load_readings()  # not inside the transaction, where every other process would wait for it
    with node.store.write() as tx:
        problems = [*unread, *who_is_meant(node, tx, command, dismissed=not_same, field=ASKED_WHO)]
        drafts = refuse_together(problems, lambda: add_customer(command, new_ids(node)))
        records = tuple(RecordId(draft.record) for draft in drafts)
        saved = Saved(records, commit_within(node, tx, drafts))
        note_not_same(node, tx, records[0], not_same)
    return saved


def who_is_meant(
    node: Node,
    tx: ReadTransaction,
    new: AddCustomer,
    *,
    dismissed: Iterable[RecordId],
    field: str,
    phones: Iterable[Value] = (),
) -> list[Problem]:
    """The question whether somebody who is new here is on file; nothing where nobody may be meant.

    Args:
        dismissed: called "not the same" already.
        field: of the form, in which somebody answers.
        phones: further numbers that were typed.
    """
    numbers = [*(one.get("number") for one in new.phones), *phones]
    names = [new.values.get(name) for name in ("full_name", "company_name")]
    found = namesakes_reached_at(node, tx, TypedParty(_texts(numbers), _texts(names)), dismissed=dismissed)
    if not found:
        return []
    what = "A customer with this name and this telephone is on file already."
    then = "Say whether it is the same one, and save again."
    return [Problem(field, ProblemCode.ON_FILE, what, then, records=found)]


def _texts(values: Iterable[Value]) -> tuple[str, ...]:
    return tuple(one for one in values if isinstance(one, str))
