"""A database from before it was noted which own sets a row of an ended history holds."""

from contextlib import closing
from pathlib import Path

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from carnet_node.adapters.schema import MIGRATIONS, upgrade
from carnet_node.adapters.store import driver

RECORD, OTHER = b"r" * 16, b"o" * 16


def made_at(path: Path, revision: str) -> None:
    """A database as an earlier program has left it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}", module=driver)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def add_set(database: driver.Connection, log_id: int, former_position: int | None) -> None:
    """An own set, and what it touches: both records."""
    row = (log_id, bytes([log_id]), b"e" * 8, log_id, b"h" * 32, b"m", b"", False, 1, True, former_position)
    database.execute(
        "INSERT INTO own_set (log_id, nonce, epoch, seq, set_hash, message, opening, has_secret, time_ms, is_sent,"
        " former_position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    for index, record in enumerate((RECORD, OTHER)):
        database.execute("INSERT INTO own_op VALUES (?, 1, ?, ?)", (record, log_id, index))


def test_what_a_former_row_holds_follows_from_the_positions_of_its_history(tmp_path: Path):
    """Sets folded up to P of the row are noted with it; a row of the present history gets no note."""
    made_at(tmp_path / "x.db", "0016")
    with closing(driver.connect(tmp_path / "x.db")) as database, database:
        for log_id, former_position in ((1, 30), (2, 40), (3, 41), (4, None)):
            add_set(database, log_id, former_position)
        for record, former_position in ((RECORD, 40), (OTHER, None)):
            database.execute(
                "INSERT INTO base_record VALUES (1, ?, ?, 20, 0, ?, 0, ?)", (record, b"d" * 16, b"", former_position)
            )

    upgrade(tmp_path / "x.db")

    with closing(driver.connect(tmp_path / "x.db")) as database:
        noted = dict(database.execute("SELECT record, former_sets FROM base_record").fetchall())
    assert noted == {RECORD: msgspec.msgpack.encode([1, 2]), OTHER: None}
