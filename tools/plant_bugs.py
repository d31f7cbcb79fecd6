"""Plant one bug after another in a copy of the sources and count the schedules until the simulation finds it.

Decides only how that is done; the bugs stand in tests/simulation/planted.py. The working tree is not touched.

    python -m tools.plant_bugs [--seeds 300] [--only WORD] [--jobs 2] [--json FILE]
    python -m tools.plant_bugs --without I2        what escapes when nobody looks at I2: its own bugs, one by one

Exit codes: 0 every bug was found; 1 one escaped; 2 a bug can no longer be planted, because the text it breaks is gone.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.bugs import Bug  # noqa: E402  (the tests are no package of the product)
from simulation.planted import BUGS  # noqa: E402

COPIED = ("protocol", "storage", "node", "hub", "tests", "tools")
MEMBERS = ("protocol", "storage", "node", "hub")
FOUND = re.compile(r"^seed (\d+): (I\d+): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hunt:
    """What became of one bug.

    Attributes:
        schedules: until it was found; None when it was not.
        invariant: which found it.
        seen: what was seen.
    """

    bug: str
    expected: str
    schedules: int | None
    invariant: str
    seen: str


def main() -> int:
    """Plant the bugs; returns the exit code."""
    parser = argparse.ArgumentParser(description="plant bugs and see them found")
    parser.add_argument("--seeds", type=int, default=300, help="schedules before giving up on a bug")
    parser.add_argument("--only", default="", help="bugs whose name holds this word")
    parser.add_argument("--without", default="", help="look away from this invariant, and plant its bugs")
    parser.add_argument("--jobs", type=int, default=2, help="bugs hunted at once")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    bugs = [one for one in BUGS if options.only in one.name and options.without in ("", one.invariant)]
    faded = [one.name for one in bugs if not is_plantable(one)]
    if faded:
        print("\n".join(f"can no longer be planted: {name}" for name in faded), file=sys.stderr)
        return 2
    print("| bug | expected | found by | schedules | what was seen |\n|---|---|---|---|---|")
    hunts = _hunt_all(bugs, options.seeds, options.without, options.jobs)
    escaped = [one for one in hunts if one.schedules is None]
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in hunts], indent=2, ensure_ascii=False) + "\n")
    print(f"\n{len(hunts) - len(escaped)} of {len(hunts)} found")
    for one in escaped:
        print(f"escaped{' without ' + options.without if options.without else ''}: {one.bug}")
    return 1 if escaped else 0


def is_plantable(bug: Bug) -> bool:
    """Whether the text a bug breaks stands in the sources exactly once."""
    return (ROOT / bug.path).read_text(encoding="utf-8").count(bug.right) == 1


def _hunt_all(bugs: Sequence[Bug], seeds: int, without: str, jobs: int) -> list[Hunt]:
    """Every bug, in order; each row is printed as soon as it is known."""
    found = []
    with ThreadPoolExecutor(jobs) as pool:
        for one in pool.map(lambda bug: hunt(bug, seeds, without), bugs):
            count = "not found" if one.schedules is None else str(one.schedules)
            print(f"| {one.bug} | {one.expected} | {one.invariant} | {count} | {one.seen} |", flush=True)
            found.append(one)
    return found


def hunt(bug: Bug, seeds: int, without: str = "") -> Hunt:
    """Plant one bug in a copy and run schedules until something breaks."""
    with tempfile.TemporaryDirectory(prefix="carnet-planted-") as made:
        folder = Path(made)
        _copy_sources(folder)
        path = folder / bug.path
        path.write_text(path.read_text(encoding="utf-8").replace(bug.right, bug.wrong), encoding="utf-8")
        told = _simulate(folder, bug.first, seeds, without)
    found = FOUND.search(told)
    if found is None:
        is_broken = "Traceback" in told
        return Hunt(bug.name, bug.invariant, None, "", "the simulator itself failed" if is_broken else "")
    return Hunt(bug.name, bug.invariant, int(found[1]) - bug.first + 1, found[2], _without_ids(found[3])[:120])


def _copy_sources(folder: Path) -> None:
    """The sources, without what was compiled from them."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def _simulate(folder: Path, first: int, seeds: int, without: str) -> str:
    """What the simulation prints about the sources in a folder."""
    paths = [*(str(folder / member / "src") for member in MEMBERS), str(folder), str(folder / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "tools.simulate",
        "--from",
        str(first),
        "--seeds",
        str(seeds),
        "--jobs",
        "1",
        "--stop",
    ]
    command += ["--without", without] if without else []
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def _without_ids(seen: str) -> str:
    """A finding without record ids, which say nothing in a table."""
    return re.sub(r" [0-9a-f]{32}", "", seen).replace("|", "/")


if __name__ == "__main__":
    sys.exit(main())
