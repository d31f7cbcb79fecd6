"""Conditions of a model, compiled from their SQL to Python functions of two rows.

Decides which SQL is understood and what it means, exactly as DuckDB means it: a comparison with a missing value is
neither true nor false, and only true counts. Everything outside the list raises; nothing is guessed. Conditions see
only derived features, ASCII or exact, so a distance over characters equals DuckDB's distance over bytes.

    columns `x_l`, `x_r`; texts and numbers; = <> < <= > >=; AND OR NOT, brackets, IS NULL
    list_has_any(a, b)                      whether two lists have something in common
    levenshtein(a, b), damerau_levenshtein(a, b), jaro_winkler_similarity(a, b), jaro_similarity(a, b)
    substr(a, start, length)                start from 1 and length as whole numbers, at most `PLACE_MAX`

    >>> condition = compile_condition('"name_l" = "name_r"')
    >>> condition({"name": "王芳"}, {"name": "王芳"}), condition({"name": None}, {"name": "王芳"})
    (True, None)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from rapidfuzz.distance import DamerauLevenshtein, Jaro, JaroWinkler, Levenshtein

from carnet_master.errors import UnknownSql
from carnet_master.model_limits import PLACE_MAX, SQL_CHARS_MAX, SQL_DEPTH_MAX

if TYPE_CHECKING:
    from sqlglot import exp

Value = str | int | float | bool | tuple[str, ...] | None
Row = Mapping[str, Value]
"""The columns of one record."""

Condition = Callable[[Row, Row], bool | None]
Ranking = Callable[[Row, Row], int]
"""The place of the first of several conditions that holds; their number where none does."""

_SIDES: Final = {"_l": "left", "_r": "right"}
_OPERATORS: Final[Mapping[str, str]] = {"eq": "==", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


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


_OVERLAP: Final = "arrayoverlaps"
_FUNCTIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "levenshtein": _of_texts(Levenshtein.distance),
    "damerau_levenshtein": _of_texts(DamerauLevenshtein.distance),
    "jarowinklersimilarity": _of_texts(JaroWinkler.similarity, empty=0.0),
    "jaro_similarity": _of_texts(Jaro.similarity, empty=0.0),
    _OVERLAP: _have_common,
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
    text, tree = _Text(), _parsed(sql)
    is_true, is_false = text.holds(tree, 0), text.fails(tree, 0)
    return cast("Condition", text.function(f"return True if {is_true} else False if {is_false} else None"))


def compile_ranking(conditions: Sequence[str]) -> Ranking:
    """Several conditions as one function of two rows: which is the first that holds.

    What some of them share is asked once.

    Args:
        conditions: as for `compile_condition`.

    Raises:
        UnknownSql: as for `compile_condition`.
    """
    text = _Text(is_sharing=True)
    for place, sql in enumerate(conditions):
        text.lines.append(f"if {text.holds(_parsed(sql), 0)}: return {place}")
    return cast("Ranking", text.function(f"return {len(conditions)}"))


def _parsed(sql: str) -> "exp.Expr":
    import sqlglot  # noqa: PLC0415  (takes a tenth of a second; a node that only warns needs it not before)
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    if len(sql) > SQL_CHARS_MAX:
        raise UnknownSql(f"a condition of more than {SQL_CHARS_MAX} characters")
    try:
        return sqlglot.parse_one(sql, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise UnknownSql(f"cannot be parsed: {sql[:80]}") from error


class _Text:
    """A Python function of two rows, on its way from SQL to text.

    A condition becomes two expressions: one is true where it holds, the other where it fails; where a value is missing
    both are false. So no third truth value is carried along.

    Attributes:
        lines: statements in front of the last one: each column is fetched, and each shared question asked, where it
            is first needed.
    """

    def __init__(self, *, is_sharing: bool = False) -> None:
        self.lines: list[str] = []
        self._is_sharing = is_sharing
        self._values: dict[str, object] = {}
        self._known: dict[object, str] = {}

    def function(self, last: str) -> Callable[[Row, Row], Any]:
        """The function that ends with a statement."""
        source = "\n    ".join(["def asked(left, right):", *self.lines, last])
        exec(compile(source, "<a model's conditions>", "exec"), self._values)  # noqa: S102  (no text of a model in it)
        return cast("Callable[[Row, Row], Any]", self._values["asked"])

    def holds(self, tree: "exp.Expr", depth: int) -> str:
        """An expression that is true where a condition is, and false where it is false or unknown."""
        parts = _parts_of(tree, depth)
        match tree.key:
            case "paren":
                return self.holds(parts[0], depth + 1)
            case "and":
                return f"({self.holds(parts[0], depth + 1)} and {self.holds(parts[1], depth + 1)})"
            case "or":
                return f"({self.holds(parts[0], depth + 1)} or {self.holds(parts[1], depth + 1)})"
            case "not":
                return self.fails(parts[0], depth + 1)
            case "is":
                return f"({self._value(parts[0], depth + 1)} is None)"
            case "boolean" | "column":
                return f"({self._value(tree, depth)} is True)"
            case _:
                return self._shared(tree, " and ".join(self._question(tree, depth)))

    def fails(self, tree: "exp.Expr", depth: int) -> str:
        """An expression that is true where a condition is false, and false where it is true or unknown."""
        parts = _parts_of(tree, depth)
        match tree.key:
            case "paren":
                return self.fails(parts[0], depth + 1)
            case "and":
                return f"({self.fails(parts[0], depth + 1)} or {self.fails(parts[1], depth + 1)})"
            case "or":
                return f"({self.fails(parts[0], depth + 1)} and {self.fails(parts[1], depth + 1)})"
            case "not":
                return self.holds(parts[0], depth + 1)
            case "is":
                return f"({self._value(parts[0], depth + 1)} is not None)"
            case "boolean" | "column":
                return f"({self._value(tree, depth)} is False)"
            case _:
                *guards, asked = self._question(tree, depth)
                return f"({' and '.join([*guards, f'not {asked}'])})"

    def _shared(self, tree: "exp.Expr", asked: str) -> str:
        """A question, or the name of its answer: whether lists meet is what several levels ask."""
        if not self._is_sharing or tree.key != _OVERLAP:
            return f"({asked})"
        if asked not in self._known:
            self.lines.append(f"{self._named(asked)} = {asked}")
        return self._known[asked]

    def _question(self, tree: "exp.Expr", depth: int) -> list[str]:
        """What a comparison asks: that each side is known, then the comparison, which is true or false."""
        guards, asked = self._applied(tree, depth)
        if tree.key not in _OPERATORS and tree.key != _OVERLAP:
            raise UnknownSql(f"no condition: {_shown(tree)}")
        return [*guards, asked]

    def _value(self, tree: "exp.Expr", depth: int) -> str:
        """An expression for what a term is; None where it is unknown."""
        parts = _parts_of(tree, depth)
        match tree.key:
            case "column":
                return self._column(tree)
            case "literal":
                return self._constant(_literal(tree))
            case "boolean":
                return str(bool(tree.this))
            case "paren":
                return self._value(parts[0], depth + 1)
            case "substring":
                begin, end = _bounds(tree)
                known, term = self._term(parts[0], depth)
                return f"({term}[{begin}:{end}] if {known} else None)"
            case "and" | "or" | "not" | "is":
                raise UnknownSql(f"no value: {_shown(tree)}")
            case _:
                guards, asked = self._applied(tree, depth)
                return f"({asked} if {' and '.join(guards)} else None)"

    def _applied(self, tree: "exp.Expr", depth: int) -> tuple[list[str], str]:
        """A function of two terms: that both are known, and what it gives then."""
        name = str(tree.this).lower() if tree.key == "anonymous" else tree.key
        parts = _parts_of(tree, depth)
        is_known = name in _OPERATORS or name in _FUNCTIONS
        if not is_known or (tree.key == "anonymous") != (name in _NAMED) or len(parts) != len(_SIDES):
            raise UnknownSql(_shown(tree))
        (one_known, one), (other_known, other) = (self._term(part, depth) for part in parts)
        if name in _OPERATORS:
            return [one_known, other_known], f"{one} {_OPERATORS[name]} {other}"
        return [one_known, other_known], f"{self._constant(_FUNCTIONS[name])}({one}, {other})"

    def _term(self, tree: "exp.Expr", depth: int) -> tuple[str, str]:
        """Whether a term is known, which is asked first, and its name."""
        value = self._value(tree, depth + 1)
        if value.isidentifier():
            return f"{value} is not None", value
        name = f"part{len(self._known)}"
        self._known[name] = name
        return f"({name} := {value}) is not None", name

    def _column(self, tree: "exp.Expr") -> str:
        name = tree.name
        column, side = name[:-2], name[-2:]
        if side not in _SIDES or not column or tree.args.get("table") is not None:
            raise UnknownSql(f"{name} is no column of the left or right record")
        if (column, side) not in self._known:
            key = self._constant(column)
            self.lines.append(f"{self._named((column, side))} = {_SIDES[side]}[{key}]")
        return self._known[column, side]

    def _constant(self, value: object) -> str:
        """The name under which a value stands beside the text."""
        key = (type(value), value)
        name = self._known[key] if key in self._known else self._named(key)
        self._values[name] = value
        return name

    def _named(self, key: object) -> str:
        self._known[key] = name = f"known{len(self._known)}"
        return name


def _parts_of(tree: "exp.Expr", depth: int) -> "list[exp.Expr]":
    """What a node is applied to; `IS NULL` and `substr` only to what stands first."""
    if depth > SQL_DEPTH_MAX:
        raise UnknownSql(f"nested deeper than {SQL_DEPTH_MAX}")
    if tree.key == "is" and tree.expression.key != "null":
        raise UnknownSql(_shown(tree))
    if tree.key in {"is", "substring"}:
        return [tree.this]
    return list(tree.iter_expressions())


def _literal(tree: "exp.Expr") -> str | int | float:
    text = tree.name
    if tree.is_string:
        return text
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError as error:
        raise UnknownSql(_shown(tree)) from error


def _bounds(tree: "exp.Expr") -> tuple[int, int]:
    """Where a part of a text begins and ends."""
    start, length = _place(tree.args.get("start")), _place(tree.args.get("length"))
    if start is None or length is None or start < 1:
        raise UnknownSql(_shown(tree))
    return start - 1, start - 1 + length


def _place(tree: "exp.Expr | None") -> int | None:
    """A whole number as it stands there, up to `PLACE_MAX`; None for anything else, a sign in front of it too.

    A negative one counts from the end in DuckDB and means something else in every engine.
    """
    if tree is None or tree.key != "literal" or tree.is_string:
        return None
    is_readable = tree.name.isascii() and tree.name.isdecimal() and len(tree.name) <= len(str(PLACE_MAX))
    return int(tree.name) if is_readable and int(tree.name) <= PLACE_MAX else None


def _shown(tree: "exp.Expr") -> str:
    return str(tree.sql(dialect="duckdb"))[:80]
