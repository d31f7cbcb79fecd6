"""Every bound stands in a module of bounds, where somebody who raises one sees the others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "storage": "storage/src/carnet_storage",
    "master": "master/src/carnet_master",
    "node": "node/src/carnet_node",
    "hub": "hub/src/carnet_hub",
}
"""The protocol is left out: its constants are the format itself, and docs/spec lists those that bound it."""


def bounds_elsewhere(root: Path) -> Iterator[str]:
    """Constants of modules whose names end in `_MAX`, outside modules of bounds: path and name."""
    for path in sorted(path for package in PACKAGES.values() for path in (root / package).rglob("*.py")):
        if path.stem.endswith("limits"):
            continue
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                    if name.endswith("_MAX"):
                        yield f"{path.relative_to(root).as_posix()}:{name}"
                case _:
                    pass


def test_every_bound_stands_with_the_others():
    """No bound stands outside the modules of bounds."""
    assert list(bounds_elsewhere(ROOT)) == []


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        pytest.param("core/planted.py", "ROWS_MAX: Final = 5", ["ROWS_MAX"], id="beside its use"),
        pytest.param("adapters/planted.py", "_ROWS_MAX = 5", ["_ROWS_MAX"], id="private"),
        pytest.param("core/limits.py", "ROWS_MAX: Final = 5", [], id="with the others"),
        pytest.param("core/planted.py", "ROWS: Final = 5", [], id="no bound"),
        pytest.param("core/planted.py", "def f():\n    ROWS_MAX = 5", [], id="inside a function"),
    ],
)
def test_a_bound_beside_its_use_is_noticed(tmp_path: Path, module: str, line: str, found: list[str]):
    """A planted constant is found by its name, wherever it stands in a package."""
    path = tmp_path / PACKAGES["hub"] / module
    path.parent.mkdir(parents=True)
    path.write_text(f"{line}\n", encoding="utf-8")

    assert [one.partition(":")[2] for one in bounds_elsewhere(tmp_path)] == found
