"""What tests of desk commands have in common: ids for people who count, and refusals taken apart."""

from collections.abc import Callable

import pytest

from carnet_node.core.commands.drafting import NewId, Read
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_protocol.ids import RecordId


def counted_ids() -> NewId:
    """Record ids 1, 2, 3 ..."""
    numbers = iter(range(1, 1000))
    return lambda: record(next(numbers))


def record(number: int) -> RecordId:
    """Record id `number`."""
    return RecordId(number.to_bytes(16, "big"))


def read_of(values: dict, *heads: Head) -> Read:
    """Record 1 as its author had it before them."""
    return Read(record(1), Heads(heads), values)


def problems_of(work: Callable[[], object]) -> list[tuple[str, ProblemCode]]:
    """Fields and codes of the refusal that the work ends in."""
    with pytest.raises(CommandRefused) as refused:
        work()
    return [(one.field, one.code) for one in refused.value.problems]
