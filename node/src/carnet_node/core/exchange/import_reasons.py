"""Why a row of an import file is left out, at the column of the file where it is mended.

Decides which column a refusal is about: a row becomes several records, and a refusal names the field of one of them. A
field that stands in no column keeps its own name, and what is wrong with the row as a whole has none. No text repeats a
value. What the desk would ask about is asked at the desk, since nobody answers an import: the text says which box there
is to be ticked. A telephone number that the desk would ask about leaves no row out, since what is on file elsewhere is
not mended so: it is remarked upon. So is a row whose name and telephone a customer on file has, whom the desk would ask
about: it is taken over as a file of its own. Does not decide what is wrong (`import_cells`, `import_rows`).

    >>> column_of(ImportKind.CUSTOMERS, "phones[0].number", {"phone_2": "12"})
    'phone_2'
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from carnet_node.core.commands.cleaning import phone_doubts
from carnet_node.core.exchange.import_columns import COLUMNS, ImportKind
from carnet_node.core.refusals import CommandRefused, Problem
from carnet_node.core.saving.duplicates import Namesakes
from carnet_protocol.errors import BadValue, Refused
from carnet_protocol.registry import Value

WHOLE_ROW: Final = "row"
"""Stands for a column where a problem is not about one cell."""

_WRITTEN_FROM: Final[Mapping[ImportKind, Mapping[str, str]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: MappingProxyType({}),
        ImportKind.VEHICLES: MappingProxyType({"read_at": "odometer_at"}),
        ImportKind.VISITS: MappingProxyType(
            {
                "ro_no": "former_id",
                "read_at": "opened_at",
                "odometer_km": "odometer_in_km",
                "labour_name": "op_name",
                **dict.fromkeys(("amount_fen", "customer_fen", "warranty_fen", "internal_fen"), "amount"),
            }
        ),
    }
)
"""Fields that are written from a column of another name."""

_PHONES: Final = ("phone", "phone_2", "sender_phone")
"""Columns with a telephone number, of every kind."""

_ASKED_AT_DESK: Final = (
    "Compare it with the plate on the car. If it is the same there, check the car in and tick “VIN compared with the "
    "car” there; then import this row again."
)

_TAKEN_AS_WRITTEN: Final = "It is taken over as written; read it out when the customer is here next."

_ON_FILE: Final = (
    "A customer with this name and this telephone number is on file already. The row is taken over as a file of its "
    "own; compare the two under Customers. The hub shows files of one person together once it has matched them."
)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing to mend, or to look at.

    Attributes:
        column: of the file, or the field itself where no column holds it; `WHOLE_ROW` for neither.
        text: what is wrong, and what to do.
    """

    column: str
    text: str

    def __str__(self) -> str:
        """As the side file says it."""
        return f"{self.column}: {self.text}"


def row_problems(kind: ImportKind, row: Mapping[str, Value] | None, refusal: Refused) -> tuple[RowProblem, ...]:
    """Everything that has to be mended before a row is taken.

    Args:
        row: its values; None when it could not be read.
    """
    known = row or {}
    if isinstance(refusal, CommandRefused):
        return told_at_columns(kind, known, refusal.problems)
    if isinstance(refusal, BadValue):
        detail = refusal.detail.removeprefix(f"{refusal.field}: ")
        return (RowProblem(column_of(kind, refusal.field, known), detail),)
    return (RowProblem(WHOLE_ROW, refusal.detail or refusal.reason.value),)


def told_at_columns(kind: ImportKind, row: Mapping[str, Value], problems: Iterable[Problem]) -> tuple[RowProblem, ...]:
    """Problems of the desk at the columns of a row.

    Args:
        row: its values, as far as they could be read.
    """
    return tuple(
        RowProblem(column_of(kind, one.field, row), f"{one.what} {_ASKED_AT_DESK if one.is_confirmable else one.next}")
        for one in problems
    )


def row_remarks(row: Mapping[str, Value]) -> tuple[RowProblem, ...]:
    """What deserves a second look in a row that is taken: telephone numbers that the desk would ask about.

    Args:
        row: its values.
    """
    numbers = ((column, row.get(column)) for column in _PHONES)
    return tuple(
        RowProblem(column, f"{doubt.what} {_TAKEN_AS_WRITTEN}")
        for column, number in numbers
        if isinstance(number, str)
        for doubt in phone_doubts(number, field=column)
    )


def namesake_remarks(on_file: Namesakes, row: Mapping[str, Value]) -> tuple[RowProblem, ...]:
    """That a customer on file has the name and a telephone number of a new one, at the column of the first such number.

    Args:
        row: its values, of a customer that was not taken over before.
    """
    names = tuple(name for one in ("full_name", "company_name") if isinstance(name := row.get(one), str))
    for column in _PHONES if names else ():
        number = row.get(column)
        if isinstance(number, str) and on_file.has(number, names):
            return (RowProblem(column, _ON_FILE),)
    return ()


def column_of(kind: ImportKind, field: str, row: Mapping[str, Value]) -> str:
    """The column that a field was written from; the field itself where there is none."""
    name = field.rpartition(".")[2]
    if field.startswith("phones["):
        given = [column for column in ("phone", "phone_2") if row.get(column)]
        place = int(field[len("phones[") :].partition("]")[0])
        return given[place] if place < len(given) else field
    name = _WRITTEN_FROM[kind].get(name, name)
    return name if name in COLUMNS[kind] else field
