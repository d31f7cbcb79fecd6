"""How SQLAlchemy writes its statements for SQLite: the one form that node and hub compile to text.

Decides the dialect and its one departure from SQLAlchemy's own: a row limit is written as a sum. Which statements there
are, and when they run, is decided where they stand.

    SELECT id FROM car LIMIT 0 + ?
"""

from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine.interfaces import Dialect


class _Compiler(SQLiteCompiler):
    """SQLAlchemy's text for SQLite, with a row limit that is a sum.

    SQLite with statistics of values (STAT4) looks at a limit that is a parameter by itself when it plans, and so plans
    the statement anew at every execution: half of the time of a look-up by eleven keys.
    """

    def limit_clause(self, select: Any, **options: Any) -> str:
        """LIMIT, without a parameter that stands alone."""
        text: str = super().limit_clause(select, **options)
        return text.replace("LIMIT ", "LIMIT 0 + ")


def sqlite_text() -> Dialect:
    """A dialect that compiles statements to text with a question mark for each parameter."""
    made = sqlite.dialect(paramstyle="qmark")
    made.statement_compiler = _Compiler
    return made
