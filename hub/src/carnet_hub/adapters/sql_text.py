"""SQL as text: a statement that was compiled once and runs on the driver's own cursor.

Decides how a statement of SQLAlchemy becomes text with positional parameters, and how a select is asked for many keys
at once. Which statements there are is decided in `statements` and `master_statements`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.dialects import Dialect

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the names of its parameters, in order.

    Attributes:
        constants: values of parameters that SQLAlchemy added itself.
    """

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, object]

    def run(self, cursor: Any, **values: object) -> Any:
        """Execute with named values."""
        return cursor.execute(
            self.text, [values[name] if name in values else self.constants[name] for name in self.names]
        )

    def fetch(self, cursor: Any, **values: object) -> list[Any]:
        """Execute and fetch every row."""
        self.run(cursor, **values)
        return cursor.fetchall()


def compiled(statement: Executable, dialect: Dialect) -> Statement:
    """A statement as text; every parameter must be a named `bindparam`."""
    made = statement.compile(dialect=dialect.sql)  # type: ignore[attr-defined]
    constants = {name: value for name, value in made.params.items() if value is not None}
    return Statement(str(made), tuple(made.positiontup or ()), constants)


class LookUp:
    """A select whose rows are asked for by many keys at once."""

    def __init__(self, dialect: Dialect, column: Column[Any], build: Callable[[Condition], Executable]) -> None:
        self._dialect = dialect
        self._statement = compiled(build(dialect.is_one_of(column)), dialect)

    def fetch(self, cursor: Any, keys: Collection[Any], **values: object) -> list[Any]:
        """Every row for these keys, in no order."""
        found: list[Any] = []
        for parameters in self._dialect.key_parameters(keys):
            found += self._statement.fetch(cursor, **parameters, **values)
        return found


def first_of(found: Iterable[Sequence[Any]]) -> Any:
    """The first column of the first row; None for no row."""
    return next((row[0] for row in found), None)
