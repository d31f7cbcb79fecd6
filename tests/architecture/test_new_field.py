"""A new field is one line in the registry and one migration, as the decision record shows it.

The diff is taken from the page itself and applied to a copy of the sources; what the copy then does with a database of
the version before is the proof.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from carnet_node.adapters.schema import head_revision

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adr" / "0005-a-field-is-one-line-and-one-migration.md"
COPIED = ("protocol/src", "storage/src", "master/src", "node/src", "tests/support", "pyproject.toml")

BEFORE = """
import sys
from pathlib import Path
from carnet_node.core.log.authoring import commit
from carnet_node.core.line.inbox import apply_page
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import VISIT
from carnet_protocol.messages import Page, PageRow
from support.desk import record
from support.node_builder import DEALER_A, HUB_EPOCH, build_node

node = build_node(Path(sys.argv[1]))
commit(node, [Draft(VISIT, record(1), {"ro_no": "RO-1"})])
entry = [bytes(16), 1, DEALER_A, {0: "RO-2", 29 * 8: "B7"}, {}, False, b""]
row = PageRow(VISIT.number, record(2), DEALER_A, 1, [entry], [], False)
apply_page(node, Page(1, HUB_EPOCH, DEALER_A, node.identity.node_id, 0, 1, 1, True, [row], [], []))
"""

AFTER = """
import sys
from dataclasses import replace
from pathlib import Path
from carnet_node.adapters.schema import upgrade
from carnet_node.core.log.authoring import commit
from carnet_node.core.heads import NOTHING_READ
from carnet_node.core.log.rebuild import check_rebuild, reproject_if_outdated
from carnet_node.core.showing.views import one_record
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import VISIT
from support.desk import record
from support.node_builder import TestEntropy, build_node

print(upgrade(Path(sys.argv[1]) / "node-1.db"))
node = replace(build_node(Path(sys.argv[1])), entropy=TestEntropy(2))
print(reproject_if_outdated(node), reproject_if_outdated(node))
commit(node, [Draft(VISIT, record(1), {"bay_code": "A3"})])
with node.store.read() as tx:
    print([tx.columns(VISIT, record(number))["bay_code"] for number in (1, 2)])
print(one_record(node, VISIT, record(1)).values)
print(check_rebuild(node).differences)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, in a folder where they may be changed."""
    root = tmp_path / "copy"
    for name in COPIED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return root


def diff_of_the_page() -> str:
    """The one diff that the decision record shows."""
    (diff,) = re.findall(r"```diff\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return diff


def as_next_migration(diff: str) -> str:
    """The diff with its migration behind those that were made since the page was written."""
    head = head_revision()
    free = f"{int(head) + 1:04}"
    diff = diff.replace("0002_visit_bay", f"{free}_visit_bay").replace('+revision = "0002"', f'+revision = "{free}"')
    return diff.replace('+down_revision = "0001"', f'+down_revision = "{head}"')


def run(root: Path, program: str, folder: Path) -> str:
    """What a program prints that runs on the sources below `root`."""
    path = os.pathsep.join(
        str(root / name) for name in ("protocol/src", "storage/src", "master/src", "node/src", "tests")
    )
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_diff_touches_the_registry_and_one_migration():
    """Two files change: a module of kinds, by one line, and a new migration."""
    changed = re.findall(r"^\+\+\+ b/(\S+)$", diff_of_the_page(), flags=re.MULTILINE)
    added_to_registry = diff_of_the_page().split("diff --git")[1].count("\n+ ")

    assert [Path(name).parent.name for name in changed] == ["kinds", "versions"]
    assert added_to_registry == 1


def test_a_field_added_by_that_diff_works_from_save_to_rebuild(copy: Path, tmp_path: Path):
    """The old database migrates, the new field is saved, shown and rebuilt, and what had arrived early is filled in."""
    folder = tmp_path / "data"
    folder.mkdir()
    run(copy, BEFORE, folder)
    patch = ["git", "apply", "--unidiff-zero", "-"]
    subprocess.run(patch, cwd=copy, input=as_next_migration(diff_of_the_page()), text=True, check=True)

    printed = run(copy, AFTER, folder).splitlines()

    assert printed == [
        "True",
        "True False",
        "['A3', 'B7']",
        "{'ro_no': 'RO-1', 'bay_code': 'A3'}",
        "()",
    ]
