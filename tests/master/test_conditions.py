"""Conditions mean in Python what they mean in DuckDB, and what is not understood is refused."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.conditions import Row, Value, compile_condition, compile_ranking
from carnet_master.errors import UnknownSql
from carnet_master.model_limits import PLACE_MAX, SQL_CHARS_MAX, SQL_DEPTH_MAX


def judge(sql: str, left: Value, right: Value) -> bool | None:
    """What a condition over one column x says of two values."""
    one: Row = {"x": left}
    return compile_condition(sql)(one, {"x": right})


@pytest.mark.parametrize(
    ("sql", "left", "right", "expected"),
    [
        pytest.param("x_l = x_r", "王芳", "王芳", True, id="equal"),
        pytest.param('"x_l" = "x_r"', "王芳", "王方", False, id="quoted names"),
        pytest.param("x_l <> x_r", "a", "b", True, id="not equal"),
        pytest.param("x_l = x_r", None, "a", None, id="missing is neither"),
        pytest.param("x_l IS NULL", None, "a", True, id="is null"),
        pytest.param("x_l IS NOT NULL", None, "a", False, id="is not null"),
        pytest.param("NOT x_l = x_r", None, "a", None, id="not of neither"),
        pytest.param("x_l = x_r OR x_l IS NULL", None, "a", True, id="neither or true"),
        pytest.param("x_l = x_r AND x_r = 'b'", None, "a", False, id="neither and false"),
        pytest.param("x_l = x_r AND x_r = 'a'", None, "a", None, id="neither and true"),
        pytest.param("levenshtein(x_l, x_r) <= 1", "yin", "ying", True, id="one letter more"),
        pytest.param("levenshtein(x_l, x_r) <= 1", "ab", "ba", False, id="changed over is two"),
        pytest.param("damerau_levenshtein(x_l, x_r) <= 1", "ab", "ba", True, id="changed over is one"),
        pytest.param("jaro_winkler_similarity(x_l, x_r) >= 0.96", "martha", "marhta", True, id="jaro-winkler"),
        pytest.param("jaro_winkler_similarity(x_l, x_r) = 0", "", "", True, id="two empty texts"),
        pytest.param("jaro_similarity(x_l, x_r) > 0.94", "martha", "marhta", True, id="jaro"),
        pytest.param("list_has_any(x_l, x_r)", ("a", "b"), ("b", "c"), True, id="lists meet"),
        pytest.param("list_has_any(x_l, x_r)", ("a",), ("c",), False, id="lists apart"),
        pytest.param("list_has_any(x_l, x_r)", None, ("c",), None, id="no list"),
        pytest.param("substr(x_l, 1, 4) = substr(x_r, 1, 4)", "19900102", "19901231", True, id="same year"),
        pytest.param("substr(x_l, 5, 2) = substr(x_r, 7, 2)", "19900102", "19903001", True, id="from within"),
        pytest.param(f"substr(x_l, {PLACE_MAX}, {PLACE_MAX}) = ''", "19900102", "", True, id="beyond the end"),
        pytest.param("substr(x_l, 1, 0) = ''", "19900102", "", True, id="nothing of it"),
        pytest.param("TRUE", None, None, True, id="constant"),
    ],
)
def test_a_condition_says_what_duckdb_says(sql: str, left: Value, right: Value, expected: object):
    """Each kind of condition gives true, false or neither, as a database does."""
    assert judge(sql, left, right) is expected


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("x_l || 'a' = x_r", id="operator"),
        pytest.param("soundex(x_l) = soundex(x_r)", id="function"),
        pytest.param("array_has_any(x_l, x_r)", id="another name of a known function"),
        pytest.param("x = x_r", id="column of no side"),
        pytest.param("l.x_l = x_r", id="column of a table"),
        pytest.param("x_l IS TRUE", id="is something"),
        pytest.param("substr(x_l, 2) = 'a'", id="substr without a length"),
        pytest.param("substr(x_l, 0, 2) = 'a'", id="substr from nought"),
        pytest.param("substr(x_l, -1, 2) = 'a'", id="substr from the end"),
        pytest.param("substr(x_l, 2, -1) = 'a'", id="substr backwards"),
        pytest.param("substr(x_l, '1', 2) = 'a'", id="substr from a text"),
        pytest.param("substr(x_l, 1.0, 2) = 'a'", id="substr from a fraction"),
        pytest.param("substr(x_l, 1, 1 + 1) = 'a'", id="substr of a sum"),
        pytest.param(f"substr(x_l, {PLACE_MAX + 1}, 2) = 'a'", id="substr from beyond the bound"),
        pytest.param(f"substr(x_l, 1, {PLACE_MAX + 1}) = 'a'", id="substr to beyond the bound"),
        pytest.param(f"substr(x_l, 1, {'9' * 500}) = 'a'", id="substr of a number nobody reads"),
        pytest.param("x_l IN ('a', 'b')", id="list of values"),
        pytest.param("(SELECT 1) = 1", id="query"),
        pytest.param("x_l =", id="half a condition"),
        pytest.param("x_l = x_r; DROP TABLE t", id="two statements"),
        pytest.param("", id="nothing"),
        pytest.param("levenshtein(x_l, x_r, 2) <= 1", id="one argument more"),
        pytest.param("x_l = '" + "a" * SQL_CHARS_MAX + "'", id="too long"),
        pytest.param("NOT " * (SQL_DEPTH_MAX + 1) + "TRUE", id="too deep"),
    ],
)
def test_what_is_not_understood_is_refused(sql: str):
    """SQL outside the list raises instead of being guessed at."""
    with pytest.raises(UnknownSql):
        compile_condition(sql)


WORDS = (
    *(
        "x_l",
        "x_r",
        '"x_l"',
        "l.x",
        "'a'",
        "1",
        "1.5",
        "²",
        "NULL",
        "TRUE",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<=",
        "AND",
        "OR",
    ),
    *(
        "NOT",
        "IS",
        "IN",
        "LIKE",
        "BETWEEN",
        "CASE",
        "WHEN",
        "END",
        "CAST",
        "::int",
        "[",
        "]",
        "||",
        "-",
        "*",
        ";",
        "--",
    ),
    *(
        "levenshtein",
        "substr",
        "list_has_any",
        "jaro_similarity",
        "SELECT",
        "FROM",
        "lambda",
        "->",
        "1e999",
        "0x1",
        "$1",
    ),
)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30))
def test_arbitrary_text_is_compiled_or_refused(sql: str):
    """Whatever is written for a condition, the compiler either understands it or raises the typed refusal."""
    with suppress(UnknownSql):
        assert callable(compile_condition(sql))


def test_conditions_nested_to_the_bound_are_compiled():
    """A condition with as many parts inside each other as allowed is understood."""
    assert compile_condition("NOT " * (SQL_DEPTH_MAX - SQL_DEPTH_MAX % 2) + "TRUE")({}, {}) is True


Told = Callable[[Row, Row], bool | None]
VALUES = st.sampled_from([None, "a", "b", "ab"])
ROWS = st.fixed_dictionaries({"x": VALUES, "y": VALUES, "z": st.sampled_from([None, ("a",), ("a", "b"), ("c",)])})


def both(one: Told, other: Told) -> Told:
    """AND of three truth values, by its table."""
    table = {(True, True): True, (True, None): None, (None, True): None, (None, None): None}
    return lambda left, right: table.get((one(left, right), other(left, right)), False)


def opposite(one: Told) -> Told:
    """NOT of three truth values."""
    return lambda left, right: {True: False, False: True, None: None}[one(left, right)]


def either(one: Told, other: Told) -> Told:
    """OR, which is AND of the opposites."""
    return opposite(both(opposite(one), opposite(other)))


def equal(one: str, other: str) -> tuple[str, Told]:
    """Whether a column of the left is one of the right; neither, where one is missing."""

    def told(left: Row, right: Row) -> bool | None:
        return None if left[one] is None or right[other] is None else left[one] == right[other]

    return f"{one}_l = {other}_r", told


def meet(left: Row, right: Row) -> bool | None:
    """Whether the lists have something in common; neither, where one is missing."""
    one, other = left["z"], right["z"]
    return None if not isinstance(one, tuple) or not isinstance(other, tuple) else bool({*one} & {*other})


ATOMS: list[tuple[str, Told]] = [
    *(equal(one, other) for one in "xy" for other in "xy"),
    ("x_l IS NULL", lambda left, right: left["x"] is None),
    ("y_r IS NOT NULL", lambda left, right: right["y"] is not None),
    ("list_has_any(z_l, z_r)", meet),
    ("TRUE", lambda left, right: True),
]
CONDITIONS: st.SearchStrategy[tuple[str, Told]] = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda one: (f"NOT ({one[0]})", opposite(one[1]))),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) AND ({two[1][0]})", both(two[0][1], two[1][1]))),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) OR ({two[1][0]})", either(two[0][1], two[1][1]))),
    ),
    max_leaves=8,
)


@given(CONDITIONS, ROWS, ROWS)
def test_any_condition_follows_the_tables_of_three_truth_values(condition: tuple[str, Told], left: Row, right: Row):
    """However AND, OR, NOT and missing values are nested, a condition is true, false or neither by the tables."""
    sql, told = condition

    assert compile_condition(sql)(left, right) is told(left, right)


@given(st.lists(CONDITIONS, max_size=4), ROWS, ROWS)
def test_a_ranking_names_the_first_condition_that_holds(conditions: list[tuple[str, Told]], left: Row, right: Row):
    """Of several conditions the first true one is named, and their number where none is: sharing changes nothing."""
    expected = [told(left, right) is True for _, told in conditions] + [True]

    assert compile_ranking([sql for sql, _ in conditions])(left, right) == expected.index(True)


@pytest.mark.parametrize("name", ["import", "known1", "x'\"; raise SystemExit #"], ids=["word", "own name", "text"])
def test_a_columns_name_is_never_read_as_python(name: str):
    """A name that is a word of Python, or one of the compiler's own, or a piece of text, is a column like any other."""
    quoted = [f'"{(name + side).replace(chr(34), chr(34) * 2)}"' for side in ("_l", "_r")]

    assert compile_condition(" = ".join(quoted))({name: "a"}, {name: "a"}) is True


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("(x_l = x_r AND x_l IS NULL) = x_r", id="conditions compared"),
        pytest.param("levenshtein(x_l, x_r)", id="a distance alone"),
        pytest.param("'a'", id="a text alone"),
        pytest.param("substr(x_l, 1, 2) AND TRUE", id="a part of a text alone"),
    ],
)
def test_a_value_is_no_condition_and_a_condition_no_value(sql: str):
    """Where the one is expected the other is refused, so that no engine's idea of a conversion is guessed at."""
    with pytest.raises(UnknownSql):
        compile_condition(sql)
