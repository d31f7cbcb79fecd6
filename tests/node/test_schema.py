"""Tables, migrations and the registry say the same."""

from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from carnet_node.adapters import local_statements as local
from carnet_node.adapters import shop_statements as shop
from carnet_node.adapters import statements as sql
from carnet_node.adapters.indexed_fields import SEARCHED
from carnet_node.adapters.local_tables import whole_metadata
from carnet_node.adapters.schema import MIGRATIONS, head_revision, revision_of, upgrade
from carnet_node.adapters.store import driver
from carnet_node.adapters.tables import (
    FIXED_COLUMNS,
    NodeTable,
    has_keyed_hash,
    index_column,
    projection_table,
)
from carnet_node.core.store_failures import StoreBroken
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind


def shape_of(path: Path) -> dict[str, tuple]:
    """Columns, keys and indexes of every table, as SQLite itself sees them."""
    with closing(driver.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: _table_shape(database, name) for name in names if name != "alembic_version"}


def _table_shape(database: Any, name: str) -> tuple:
    columns = {row[1:] for row in database.execute(f"PRAGMA table_info({name})")}
    indexes = {row[1]: row[2:] for row in database.execute(f"PRAGMA index_list({name})")}
    texts = {
        row[0]: " ".join(row[1].split())
        for row in database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (name,)
        )
        if row[1]
    }
    table = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
    return columns, indexes, texts, "WITHOUT ROWID" in table


def field_columns(kind: Kind) -> list[str]:
    """The columns a kind's fields need, in the order of the registry."""
    names = []
    for register in kind.registers:
        for one in register.fields:
            names.append(one.name)
            if has_keyed_hash(register, one):
                names.append(index_column(one.name))
    return names


def test_models_and_migrations_make_the_same_database(tmp_path: Path):
    """A database made by migrations equals one made from the models: tables, columns, keys and indexes."""
    upgrade(tmp_path / "migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/created.db")
    whole_metadata().create_all(engine)
    engine.dispose()

    assert shape_of(tmp_path / "migrated.db") == shape_of(tmp_path / "created.db")


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_alembic_finds_nothing_left_to_generate(tmp_path: Path):
    """Autogenerate proposes no change (it cannot see indexes on expressions; the test above does)."""
    upgrade(tmp_path / "migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/migrated.db")

    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), whole_metadata())
    engine.dispose()

    assert difference == []


def test_the_newest_revision_is_the_one_the_program_expects():
    """The newest file name is the newest revision, and there is one line of them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [head_revision()]


def test_a_second_upgrade_does_nothing(tmp_path: Path):
    """An up-to-date database is left alone."""
    done = [upgrade(tmp_path / "x.db"), upgrade(tmp_path / "x.db")]

    assert done == [True, False]
    assert revision_of(tmp_path / "x.db") == head_revision()


def test_a_newer_database_is_refused(tmp_path: Path):
    """A program that is older than its database does not touch it."""
    upgrade(tmp_path / "x.db")
    with closing(driver.connect(tmp_path / "x.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreBroken, match="update the program"):
        upgrade(tmp_path / "x.db")


@pytest.mark.parametrize("kind", REGISTRY.kinds, ids=lambda kind: kind.name)
def test_a_projection_table_has_a_column_for_every_field(kind: Kind):
    """Each kind's table is the fixed columns and one column per field of the registry, in its order."""
    columns = [column.name for column in projection_table(kind.name).columns]

    assert columns == [*FIXED_COLUMNS, *field_columns(kind)]


@pytest.mark.parametrize("kind", REGISTRY.kinds, ids=lambda kind: kind.name)
def test_no_field_is_called_like_a_fixed_column(kind: Kind):
    """A field of the registry never hides a column that every table has."""
    assert set(FIXED_COLUMNS).isdisjoint(kind.labels)


def test_every_kind_has_a_model_on_the_nodes_own_registry():
    """The generated classes are SQLModel tables, and none of them is on the global metadata."""
    tables = whole_metadata().tables

    assert set(REGISTRY.by_name) < tables.keys() == {model.__tablename__ for model in NodeTable.__subclasses__()}
    assert SQLModel.metadata.tables.keys().isdisjoint(tables)


@pytest.mark.parametrize("searched", SEARCHED, ids=lambda one: f"{one.kind}.{one.field}")
def test_what_the_search_box_asks_is_answered_by_an_index(tmp_path: Path, searched):
    """Neither a whole value, a beginning nor an ending makes the database read a table to the end."""
    upgrade(tmp_path / "x.db")
    asked = [f"substr({searched.field}, -{tail})" if tail else searched.field for tail in searched.tails]

    with closing(driver.connect(tmp_path / "x.db")) as database:
        plans = [
            database.execute(f"EXPLAIN QUERY PLAN SELECT id FROM {searched.kind} WHERE {one} = 'x'").fetchone()[3]  # noqa: S608
            for one in asked
        ]

    assert all(plan.startswith("SEARCH") and "INDEX" in plan for plan in plans), plans


def plan_of(path: Path, statement: sql.Statement) -> list[str]:
    """How SQLite answers a statement, step by step."""
    with closing(driver.connect(path)) as database:
        asked = tuple("x" if one not in {"row_limit"} else 50 for one in statement.names)
        return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement.sql}", asked)]


def test_which_orders_end_alike_is_answered_out_of_the_index_alone(tmp_path: Path):
    """The first orders of ten years end alike: 3,650 rows of a large table, of which the newest are read."""
    upgrade(tmp_path / "x.db")

    plan = plan_of(tmp_path / "x.db", sql.find_tail("visit", "ro_no", 4))

    assert any("USING COVERING INDEX ix_visit_ro_no_tail4" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


def test_the_newest_orders_in_the_shop_come_in_the_order_of_an_index(tmp_path: Path):
    """Nothing is sorted, however many orders a site has never closed."""
    upgrade(tmp_path / "x.db")

    plan = plan_of(tmp_path / "x.db", local.newest_in_shop())

    assert plan == ["SCAN visit USING INDEX ix_visit_in_shop_opened"]


def test_cars_that_are_back_soon_are_found_by_when_their_work_was_done(tmp_path: Path):
    """Of a car's orders those of the last days alone are read; read whole, they are a quarter of a board's time."""
    upgrade(tmp_path / "x.db")

    plan = plan_of(tmp_path / "x.db", shop.returned_orders())

    assert any("USING INDEX ix_visit_done (vehicle_id=? AND <expr>>?" in step for step in plan), plan


def test_every_statement_becomes_text():
    """Statements are made into text when they are used, so each is made once here: none fails first at a desk."""
    found = [one for one in vars(sql).values() if isinstance(one, sql.Statement)]
    for kind in REGISTRY.kinds:
        found += [getattr(sql.projection(kind.name), one.name) for one in fields(sql.ProjectionStatements)]

    assert len(found) > len(REGISTRY.kinds)
    assert [one for one in found if set(one.constants) - set(one.names) or not one.sql] == []
