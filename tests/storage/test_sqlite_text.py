"""The form in which statements reach SQLite: planned once, however many rows are asked for."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, column, literal_column, select, table

from carnet_storage.adapters.library import driver
from carnet_storage.adapters.sqlite_text import sqlite_text

CARS = table("car", column("id"))


def plannings(path: Path, text: str) -> int:
    """How often SQLite plans a statement that is executed for one row, then for two, then for three; from the first."""
    begun: list[int] = []

    def _heard(action: int, *_: object) -> int:
        begun.extend([action] * (action == driver.SQLITE_SELECT))
        return int(driver.SQLITE_OK)

    with closing(driver.connect(path)) as connection:
        connection.execute("CREATE TABLE car (id)")
        connection.set_authorizer(_heard)
        for row_limit in (1, 2, 3):
            connection.execute(text, (row_limit, 0)).fetchall()
    return len(begun)


def test_a_statement_is_planned_once_for_every_limit(tmp_path: Path):
    """Three executions with three limits are one planning."""
    statement = select(CARS.c.id).limit(bindparam("row_limit"))

    assert plannings(tmp_path / "cars.db", str(statement.compile(dialect=sqlite_text()))) == 1


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        pytest.param(bindparam("row_limit"), "LIMIT 0 + ?", id="a parameter"),
        pytest.param(1, "LIMIT 0 + ?", id="a number that SQLAlchemy makes a parameter"),
        pytest.param(literal_column("1000"), "LIMIT 0 + 1000", id="a number in the text"),
    ],
)
def test_every_limit_is_a_sum(limit: object, text: str):
    """No parameter stands alone behind LIMIT, in a statement and in one inside it."""
    inner = select(CARS.c.id).limit(limit)  # type: ignore[arg-type]

    written = str(select(CARS.c.id).where(CARS.c.id.in_(inner)).limit(limit).compile(dialect=sqlite_text()))  # type: ignore[arg-type]

    assert written.count("LIMIT") == written.count(text) == 2
