"""Plant one bug after another in a copy of the sources and count the schedules until the simulation finds it.

Decides only how that is done; the bugs stand in tests/simulation/planted.py. The working tree is not touched. Ends with
1 when a bug was not found.

    python -m tools.plant_bugs [--seeds 300] [--only WORD]
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("protocol", "node", "hub", "tests", "tools")
MEMBERS = ("protocol", "node", "hub")
FOUND = re.compile(r"^seed (\d+) after (\d+) steps: (.*)$", re.MULTILINE)


def main() -> int:
    """Plant the bugs; returns the exit code."""
    parser = argparse.ArgumentParser(description="plant bugs and see them found")
    parser.add_argument("--seeds", type=int, default=300, help="schedules before giving up on a bug")
    parser.add_argument("--only", default="", help="bugs whose name holds this word")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from simulation.planted import BUGS  # noqa: PLC0415  (the tests are no package of the product)

    missed = 0
    print("| bug | schedules | what was seen |\n|---|---|---|")
    for bug in BUGS:
        if options.only not in bug.name:
            continue
        with tempfile.TemporaryDirectory(prefix="carnet-planted-") as made:
            folder = Path(made)
            copy_sources(folder)
            plant(folder / bug.path, bug.right, bug.wrong)
            found = FOUND.search(simulate(folder, options.seeds))
        missed += found is None
        count, seen = ("not found", "") if found is None else (str(int(found[1]) + 1), found[3])
        print(f"| {bug.name} | {count} | {without_ids(seen)} |", flush=True)
    return 1 if missed else 0


def copy_sources(folder: Path) -> None:
    """The sources, without what was compiled from them."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def plant(path: Path, right: str, wrong: str) -> None:
    """Break one module.

    Raises:
        SystemExit: the text to break does not stand there exactly once; the list of bugs needs care.
    """
    source = path.read_text(encoding="utf-8")
    if source.count(right) != 1:
        raise SystemExit(f"{path.name} holds {source.count(right)} times: {right!r}")
    path.write_text(source.replace(right, wrong), encoding="utf-8")


def simulate(folder: Path, seeds: int) -> str:
    """What the simulation prints about the sources in a folder."""
    paths = [*(str(folder / member / "src") for member in MEMBERS), str(folder), str(folder / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tools.simulate", "--seeds", str(seeds)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ended.stdout


def without_ids(seen: str) -> str:
    """A finding without record ids, which say nothing in a table."""
    return re.sub(r" [0-9a-f]{32}", "", seen).replace("|", "/")


if __name__ == "__main__":
    sys.exit(main())
