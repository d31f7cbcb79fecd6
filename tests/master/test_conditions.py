"""Conditions mean in Python what they mean in DuckDB, and what is not understood is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.conditions import Row, Value, compile_condition
from carnet_master.errors import UnknownSql
from carnet_master.model_limits import SQL_CHARS_MAX, SQL_DEPTH_MAX


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
