"""Conditions of a model, compiled from their SQL to Python functions of two rows.

Decides which SQL is understood and what it means, exactly as DuckDB means it: a comparison with a missing value is
neither true nor false, and only true counts. Everything outside the list raises; nothing is guessed. Conditions see
only derived features, ASCII or exact, so a distance over characters equals DuckDB's distance over bytes.

    columns `x_l`, `x_r`; texts and numbers; = <> < <= > >=; AND OR NOT, brackets, IS NULL
    list_has_any(a, b)                      whether two lists have something in common
    levenshtein(a, b), damerau_levenshtein(a, b), jaro_winkler_similarity(a, b), jaro_similarity(a, b)
    substr(a, start, length)

    >>> condition = compile_condition('"name_l" = "name_r"')
    >>> condition({"name": "王芳"}, {"name": "王芳"}), condition({"name": None}, {"name": "王芳"})
    (True, None)
"""

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from rapidfuzz.distance import DamerauLevenshtein, Jaro, JaroWinkler, Levenshtein

from carnet_master.errors import UnknownSql
from carnet_master.model_limits import SQL_CHARS_MAX, SQL_DEPTH_MAX

if TYPE_CHECKING:
    from sqlglot import exp

Value = str | int | float | bool | tuple[str, ...] | None
Row = Mapping[str, Value]
"""The columns of one record."""

Condition = Callable[[Row, Row], bool | None]
_Term = Callable[[Row, Row], Any]

_SIDES: Final = ("_l", "_r")
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def _of_texts(function: Callable[[str, str], Any], *, empty: float | None = None) -> Callable[[Any, Any], Any]:
    """A function of two texts and of nothing else; `empty` is what DuckDB says of two empty ones."""

    def apply(one: object, other: object) -> Any:
        """The function of two texts; anything else is a fault of the model."""
        if not isinstance(one, str) or not isinstance(other, str):
            raise TypeError("a distance is between two texts")
        return function(one, other) if one or other or empty is None else empty

    return apply


def _have_common(one: object, other: object) -> bool:
    if not isinstance(one, tuple) or not isinstance(other, tuple):
        raise TypeError("only lists have something in common")
    return not set(one).isdisjoint(other)


_FUNCTIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "levenshtein": _of_texts(Levenshtein.distance),
    "damerau_levenshtein": _of_texts(DamerauLevenshtein.distance),
    "jarowinklersimilarity": _of_texts(JaroWinkler.similarity, empty=0.0),
    "jaro_similarity": _of_texts(Jaro.similarity, empty=0.0),
    "arrayoverlaps": _have_common,
}
_NAMED: Final = frozenset({"damerau_levenshtein", "jaro_similarity"})
"""Functions that the parser knows by their name only."""


def compile_condition(sql: str) -> Condition:
    """A condition as a function of two rows; it gives True, False or None.

    Args:
        sql: DuckDB's dialect, at most `SQL_CHARS_MAX` characters.

    Raises:
        UnknownSql: it cannot be parsed, or holds something that is not listed above.
    """
    import sqlglot  # noqa: PLC0415  (takes a tenth of a second; a node that only warns needs it not before)
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    if len(sql) > SQL_CHARS_MAX:
        raise UnknownSql(f"a condition of more than {SQL_CHARS_MAX} characters")
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise UnknownSql(f"cannot be parsed: {sql[:80]}") from error
    return cast("Condition", _compile(tree, 0))


def _compile(tree: "exp.Expr", depth: int) -> _Term:
    if depth > SQL_DEPTH_MAX:
        raise UnknownSql(f"nested deeper than {SQL_DEPTH_MAX}")
    kind = tree.key
    parts = [_compile(part, depth + 1) for part in _parts_of(tree)] if kind not in {"column", "literal"} else []
    match kind:
        case "column":
            return _column(tree)
        case "literal":
            return _constant(_literal(tree))
        case "boolean":
            return _constant(bool(tree.this))
        case "paren":
            return parts[0]
        case "and":
            return _both(*parts)
        case "or":
            return _either(*parts)
        case "not":
            return _negated(parts[0])
        case "is":
            return _is_null(tree, parts[0])
        case "substring":
            return _substring(tree, parts)
        case _:
            return _two_sided(tree, parts)


def _parts_of(tree: "exp.Expr") -> "list[exp.Expr]":
    """What a node is applied to; `IS NULL` only to its left side."""
    if tree.key == "is":
        return [tree.this]
    return list(tree.iter_expressions())


def _two_sided(tree: "exp.Expr", parts: list[_Term]) -> _Term:
    name = str(tree.this).lower() if tree.key == "anonymous" else tree.key
    function = _OPERATORS.get(name) or _FUNCTIONS.get(name)
    if function is None or (tree.key == "anonymous") != (name in _NAMED) or len(parts) != len(_SIDES):
        raise UnknownSql(f"{tree.sql(dialect='duckdb')[:80]}")
    named = [_named(part) for part in tree.iter_expressions()]
    if [side for _, side in named] == list(_SIDES):
        return _of_columns(function, *(column for column, _ in named))
    return _applied(function, *parts)


def _named(tree: "exp.Expr") -> tuple[str, str]:
    """Column and side; two empty texts for anything but a column."""
    return (tree.name[:-2], tree.name[-2:]) if tree.key == "column" else ("", "")


def _of_columns(function: Callable[[Any, Any], Any], one_column: str, other_column: str) -> _Term:
    """What `_applied` does for a column of the left and one of the right record: most conditions, in one step."""

    def apply(left: Row, right: Row) -> Any:
        """The function of two columns; NULL when one of them is."""
        one, other = left[one_column], right[other_column]
        return None if one is None or other is None else function(one, other)

    return apply


def _applied(function: Callable[[Any, Any], Any], first: _Term, second: _Term) -> _Term:
    def apply(left: Row, right: Row) -> Any:
        """The function of two terms; NULL when one of them is."""
        one, other = first(left, right), second(left, right)
        return None if one is None or other is None else function(one, other)

    return apply


def _column(tree: "exp.Expr") -> _Term:
    name = tree.name
    column, side = name[:-2], name[-2:]
    if side not in _SIDES or not column or tree.args.get("table") is not None:
        raise UnknownSql(f"{name} is no column of the left or right record")
    if side == "_l":
        return lambda left, right: left[column]  # noqa: ARG005
    return lambda left, right: right[column]  # noqa: ARG005


def _literal(tree: "exp.Expr") -> str | int | float:
    text = tree.name
    if tree.is_string:
        return text
    return int(text) if text.isdigit() else float(text)


def _constant(value: Value) -> _Term:
    return lambda left, right: value  # noqa: ARG005


def _both(first: _Term, second: _Term) -> _Term:
    def apply(left: Row, right: Row) -> bool | None:
        """False if one side is; NULL if one side is unknown and none is false."""
        one = first(left, right)
        if one is False:
            return False
        other = second(left, right)
        return False if other is False else None if one is None or other is None else True

    return apply


def _either(first: _Term, second: _Term) -> _Term:
    def apply(left: Row, right: Row) -> bool | None:
        """True if one side is; NULL if one side is unknown and none is true."""
        one = first(left, right)
        if one is True:
            return True
        other = second(left, right)
        return True if other is True else None if one is None or other is None else False

    return apply


def _negated(part: _Term) -> _Term:
    def apply(left: Row, right: Row) -> bool | None:
        """The opposite; NULL stays NULL."""
        found = part(left, right)
        return None if found is None else not found

    return apply


def _is_null(tree: "exp.Expr", part: _Term) -> _Term:
    if tree.expression.key != "null":
        raise UnknownSql(f"{tree.sql(dialect='duckdb')[:80]}")
    column, side = _named(tree.this)
    if side == "_l":
        return lambda left, right: left[column] is None  # noqa: ARG005
    if side == "_r":
        return lambda left, right: right[column] is None  # noqa: ARG005
    return lambda left, right: part(left, right) is None


def _substring(tree: "exp.Expr", parts: list[_Term]) -> _Term:
    start, length = tree.args.get("start"), tree.args.get("length")
    if start is None or length is None or not (start.is_int and length.is_int) or int(start.name) < 1:
        raise UnknownSql(f"{tree.sql(dialect='duckdb')[:80]}")
    begin, chars = int(start.name) - 1, int(length.name)

    def apply(left: Row, right: Row) -> str | None:
        """The part of a text; NULL stays NULL."""
        text = parts[0](left, right)
        return None if text is None else text[begin : begin + chars]

    return apply
