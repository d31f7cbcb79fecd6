"""docs/design.md names what exists: a module that nobody listed has no place in the design."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DESIGN = ROOT / "docs" / "design.md"
PACKAGES = (
    "protocol/src/carnet_protocol",
    "storage/src/carnet_storage/core",
    "storage/src/carnet_storage/adapters",
    "master/src/carnet_master",
    "node/src/carnet_node/core",
    "node/src/carnet_node/adapters",
    "hub/src/carnet_hub/core",
    "hub/src/carnet_hub/adapters",
)


def modules_of(package: Path) -> set[str]:
    """Names of the modules of a package and of its rooms."""
    return {path.stem for path in package.rglob("*.py")} - {"__init__"}


def named_in(text: str) -> set[str]:
    """Every name that stands in backquotes."""
    return set(re.findall(r"`([a-z_]+)`", text))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_design_names_every_module(package: str):
    """Each module of the protocol, the cores and the adapters stands in the design's tables."""
    missing = modules_of(ROOT / package) - named_in(DESIGN.read_text(encoding="utf-8"))

    assert missing == set()


def test_a_module_that_is_not_named_is_found(tmp_path: Path):
    """The comparison sees a module that the page leaves out."""
    (tmp_path / "forgotten.py").touch()
    (tmp_path / "listed.py").touch()

    assert modules_of(tmp_path) - named_in("the module `listed` decides") == {"forgotten"}


WALKTHROUGH = ROOT / "docs" / "walkthrough.md"


def paths_in(text: str) -> list[str]:
    """Every module that stands in backquotes with the program it belongs to, as `node/core/line/sync`."""
    return re.findall(r"`((?:node|hub)/[a-z_/]+)(?:\.py)?`", text)


def is_there(named: str) -> bool:
    """Whether a module or package of that name exists."""
    program, _, rest = named.partition("/")
    path = ROOT / program / "src" / f"carnet_{program}" / rest
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("named", paths_in(WALKTHROUGH.read_text(encoding="utf-8")))
def test_the_walkthrough_names_modules_where_they_stand(named: str):
    """Whoever follows a change set finds every module the page sends them to."""
    assert is_there(named)


def test_a_module_that_moved_away_is_found():
    """The walkthrough's check sees a path behind which nothing stands any more."""
    text = "`node/core/sync` and `node/core/commands/visits.py`"

    assert [is_there(named) for named in paths_in(text)] == [False, True]
