"""Imports point one way, and only adapters ask the system for time, randomness or threads.

Every contract is broken once in a copy of the sources, so that a contract nobody can break would be noticed.
"""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("protocol/src", "storage/src", "master/src", "node/src", "hub/src")

BROKEN_CONTRACTS = [
    # contract, module to plant, line to plant
    ("distributions", "protocol/src/carnet_protocol/planted.py", "import carnet_node"),
    ("distributions", "node/src/carnet_node/planted.py", "import carnet_hub"),
    ("distributions", "hub/src/carnet_hub/planted.py", "from carnet_node import core"),
    ("distributions", "storage/src/carnet_storage/planted.py", "import carnet_node"),
    ("distributions", "storage/src/carnet_storage/planted.py", "import carnet_protocol"),
    ("distributions", "master/src/carnet_master/planted.py", "import carnet_hub"),
    ("distributions", "protocol/src/carnet_protocol/planted.py", "import carnet_master"),
    ("protocol", "protocol/src/carnet_protocol/planted.py", "import time"),
    ("protocol", "protocol/src/carnet_protocol/planted.py", "from sqlalchemy import select"),
    ("master", "master/src/carnet_master/planted.py", "import carnet_storage"),
    ("master", "master/src/carnet_master/planted.py", "import sqlite3"),
    ("node-layers", "node/src/carnet_node/adapters/planted.py", "import carnet_node.entrypoints.web"),
    ("hub-layers", "hub/src/carnet_hub/adapters/planted.py", "import carnet_hub.entrypoints.http"),
    ("node-rooms", "node/src/carnet_node/core/log/planted.py", "import carnet_node.core.line.sync"),
    ("node-rooms", "node/src/carnet_node/core/limits.py", "import carnet_node.core.recalls.bitmaps"),
    ("node-rooms", "node/src/carnet_node/core/planted.py", ""),
    ("hub-rooms", "hub/src/carnet_hub/core/sets/planted.py", "import carnet_hub.core.log.entries"),
    ("hub-rooms", "hub/src/carnet_hub/core/limits.py", "import carnet_hub.core.counting.progress"),
    ("hub-rooms", "hub/src/carnet_hub/core/planted.py", ""),
    ("storage-layers", "storage/src/carnet_storage/core/planted.py", "import carnet_storage.adapters.library"),
    ("storage-layers", "storage/src/carnet_storage/adapters/planted.py", "import carnet_storage.entrypoints.cli"),
    ("storage-core", "storage/src/carnet_storage/core/planted.py", "import sqlite3"),
    ("node-core", "node/src/carnet_node/core/planted.py", "import carnet_node.adapters"),
    ("node-core", "node/src/carnet_node/core/planted.py", "import sqlite3"),
    ("hub-core", "hub/src/carnet_hub/core/planted.py", "import carnet_hub.adapters"),
    ("hub-core", "hub/src/carnet_hub/core/planted.py", "from fastapi import Request"),
]

BANNED_LINES = [
    "import random",
    "import secrets",
    "import threading",
    "from time import monotonic",
    "import os\n\nSEED = os.urandom(32)",
    "import time\n\nNOW = time.time()",
    "import time\n\nNOW = time.time_ns()",
    "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)",
    "from uuid import uuid4\n\nID = uuid4()",
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n\nKEY = AESGCM.generate_key(256)",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources and the rules, in a folder where a violation may be planted."""
    for source in SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def imports_of(root: Path) -> dict[str, set[str]]:
    """Which of our modules each of our modules imports, lazily or not."""
    paths = {
        path.relative_to(root / source).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for source in SOURCES
        for path in (root / source).rglob("*.py")
    }
    imports: dict[str, set[str]] = {}
    for module, path in paths.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        imports[module] = (named & paths.keys()) - {module}
    return imports


def import_contracts(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Judge the import contracts of the sources below `root`, which hide the installed ones."""
    path = os.pathsep.join(str(root / source) for source in SOURCES)
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def declared_contracts() -> list[str]:
    """The ids of the contracts in the workspace's settings."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]]


def banned_calls(root: Path, path: str) -> str:
    """What ruff says about the banned names in one file; empty if there are none."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--select", "TID251", path]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout


def test_every_import_contract_holds():
    """The sources keep every contract that the workspace declares."""
    outcome = import_contracts(ROOT)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"{len(declared_contracts())} kept, 0 broken" in outcome.stdout


def test_every_import_contract_is_broken_once_below():
    """No contract is declared without a planted import that breaks it."""
    assert {contract for contract, _, _ in BROKEN_CONTRACTS} == set(declared_contracts())


@pytest.mark.parametrize(("contract", "module", "line"), BROKEN_CONTRACTS)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str, module: str, line: str):
    """A forbidden import is caught by the contract that forbids it and named with its module."""
    (copy / module).write_text(f"{line}\n", encoding="utf-8")

    outcome = import_contracts(copy, "--contract", contract)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "0 kept, 1 broken" in outcome.stdout
    assert f"{Path(module).parts[2]}.{'.'.join(Path(module).with_suffix('').parts[3:])}" in outcome.stdout


@pytest.mark.parametrize("line", BANNED_LINES)
@pytest.mark.parametrize("layer", ["core", "entrypoints/cli"])
def test_time_randomness_and_threads_are_refused_outside_adapters(copy: Path, layer: str, line: str):
    """A core or an entry point that asks the system for time, randomness or a thread is refused."""
    planted = f"node/src/carnet_node/{layer}/planted.py"
    (copy / planted).write_text(f"{line}\n", encoding="utf-8")

    assert "TID251" in banned_calls(copy, planted)


@pytest.mark.parametrize("line", BANNED_LINES)
def test_time_randomness_and_threads_are_allowed_in_adapters(copy: Path, line: str):
    """An adapter may ask the system, because the ports are implemented there."""
    planted = "node/src/carnet_node/adapters/planted.py"
    (copy / planted).write_text(f"{line}\n", encoding="utf-8")

    assert banned_calls(copy, planted) == ""


def test_no_module_imports_itself_in_a_circle():
    """Every module can be read, and loaded, before those that import it."""
    assert list(TopologicalSorter(imports_of(ROOT)).static_order())


def test_a_circle_through_a_lazy_import_is_noticed(copy: Path):
    """Two modules that need each other are a circle, also when one waits with its import."""
    package = copy / "hub/src/carnet_hub"
    (package / "one.py").write_text("def later():\n    from carnet_hub import other\n", encoding="utf-8")
    (package / "other.py").write_text("import carnet_hub.one\n", encoding="utf-8")

    with pytest.raises(CycleError):
        TopologicalSorter(imports_of(copy)).prepare()
