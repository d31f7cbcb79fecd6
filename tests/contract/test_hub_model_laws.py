"""The laws of models and sweeps as state machines, on SQLite and on PostgreSQL."""

import itertools
import os
from pathlib import Path

from hypothesis.stateful import run_state_machine_as_test

from carnet_hub.adapters.store import SqlStore, open_store
from contract.hub_master_laws import MACHINE
from contract.hub_model_laws import ModelledMachine
from support.postgres import make_schema

NUMBERS = itertools.count(1)


def test_models_move_nobody_on_sqlite():
    """Histories with models, modes and sweeps keep every law of the master, on a file."""

    class Machine(ModelledMachine):
        @staticmethod
        def open_store(folder: Path) -> SqlStore:
            """A file in the history's folder."""
            return open_store(f"sqlite:///{folder / 'hub.db'}")

    run_state_machine_as_test(Machine, settings=MACHINE)

    assert Machine.judged == Machine.begun > 0 < Machine.explained


def test_models_move_nobody_on_postgresql(server_url: str):
    """The same on PostgreSQL, in a schema for each history."""

    class Machine(ModelledMachine):
        @staticmethod
        def open_store(folder: Path) -> SqlStore:
            """A schema of its own."""
            return open_store(make_schema(server_url, f"models{os.getpid()}_{next(NUMBERS)}"))

    run_state_machine_as_test(Machine, settings=MACHINE)

    assert Machine.judged == Machine.begun > 0 < Machine.explained
