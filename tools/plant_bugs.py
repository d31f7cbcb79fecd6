"""Plant one bug after another in a copy of the sources, and see whether the simulation finds it.

Decides how that is done and told; the bugs stand in tests/simulation/planted.py, the order of a hunt in
tests/simulation/hunting.py. The working tree is not touched.

    python -m tools.plant_bugs [--only WORD] [--seeds 60] [--jobs 2] [--json FILE]
    python -m tools.plant_bugs --record            keep a short tape of each bug that was found by a seed
    python -m tools.plant_bugs --without I2        what escapes when nobody looks at I2: its own bugs
    python -m tools.plant_bugs --each              for every invariant in turn, until one of its bugs escapes

Exit codes: 0 every bug was found; 1 one escaped; 2 a bug can no longer be planted, because the text it breaks is gone.
With --each: 0 without each invariant something escapes; 1 there is one that nobody would miss; 2 as above.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.bugs import Bug  # noqa: E402  (the tests are no package of the product)
from simulation.hunting import TAPES, Caught  # noqa: E402
from simulation.invariants import INVARIANTS  # noqa: E402
from simulation.planted import BUGS  # noqa: E402

MEMBERS = ("protocol", "storage", "node", "hub")
COPIED = (*MEMBERS, "tests", "tools")

SEEDS = 60
"""Schedules before giving up on a bug."""
SEEDS_WITHOUT = 12
"""The same when an invariant is left out: whatever else would find it, does so within a few."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """What became of one bug.

    Attributes:
        without: the invariant that was not looked at; empty for none.
        caught: how it ended.
    """

    bug: str
    expected: str
    without: str
    caught: Caught

    @property
    def has_escaped(self) -> bool:
        """Whether nothing was found, and nothing but that was in the way."""
        return self.caught.schedules is None and not self.caught.seen

    def row(self) -> str:
        """One line of the table."""
        one = self.caught
        count = "not found" if one.schedules is None else str(one.schedules)
        return f"| {self.bug} | {self.expected} | {one.invariant} | {count} | {one.by} | {one.seen} |"


def main() -> int:
    """Plant the bugs; returns the exit code."""
    options = _options()
    bugs = [one for one in BUGS if options.only in one.name and options.without in ("", one.invariant)]
    faded = [one.name for one in bugs if not is_plantable(one)]
    if faded:
        print("\n".join(f"can no longer be planted: {name}" for name in faded), file=sys.stderr)
        return 2
    began = time.perf_counter()
    print("| bug | expected | found by | schedules | from | what was seen |\n|---|---|---|---|---|---|")
    hunts = []
    for one in _hunt_each(bugs, options) if options.each else _hunt_all(bugs, options):
        hunts.append(one)
        print(one.row(), flush=True)
        print(f"{len(hunts)} of {len(bugs)}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in hunts], indent=2, ensure_ascii=False) + "\n")
    minutes = (time.perf_counter() - began) / 60
    return _tell_each(hunts, minutes) if options.each else _tell(hunts, minutes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="plant bugs and see them found")
    parser.add_argument("--seeds", type=int, help=f"schedules before giving up (default {SEEDS}, {SEEDS_WITHOUT})")
    parser.add_argument("--only", default="", help="bugs whose name holds this word")
    parser.add_argument("--without", default="", choices=["", *INVARIANTS], help="look away from this invariant")
    parser.add_argument("--each", action="store_true", help="look away from each bug's own invariant")
    parser.add_argument("--record", action="store_true", help="keep short tapes in the working tree")
    parser.add_argument("--jobs", type=int, default=2, help="bugs hunted at once")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    if options.seeds is None:
        options.seeds = SEEDS_WITHOUT if options.each or options.without else SEEDS
    return options


def is_plantable(bug: Bug) -> bool:
    """Whether the text a bug breaks stands in the sources exactly once."""
    return (ROOT / bug.path).read_text(encoding="utf-8").count(bug.right) == 1


def _tell(hunts: Sequence[Hunt], minutes: float) -> int:
    """What escaped; the exit code."""
    escaped = [one for one in hunts if one.caught.schedules is None]
    print(f"\n{len(hunts) - len(escaped)} of {len(hunts)} found in {minutes:.1f} minutes")
    for one in escaped:
        print(f"escaped{' without ' + one.without if one.without else ''}: {one.bug} {one.caught.seen}".rstrip())
    return 1 if escaped else 0


def _tell_each(hunts: Sequence[Hunt], minutes: float) -> int:
    """What only one invariant finds, by invariant; the exit code."""
    print(f"\n{len(hunts)} hunts in {minutes:.1f} minutes")
    unmissed = []
    for name in INVARIANTS:
        escaped = [one.bug for one in hunts if one.without == name and one.has_escaped]
        found = sum(one.without == name and not one.has_escaped for one in hunts)
        print(f"without {name} escapes: {'; '.join(escaped) or 'nothing'} ({found} found all the same)")
        if not escaped:
            unmissed.append(name)
    return 1 if unmissed else 0


def _hunt_all(bugs: Sequence[Bug], options: argparse.Namespace) -> Iterator[Hunt]:
    """Every hunt, in the order in which they end."""
    record_in = TAPES if options.record else None
    with ThreadPoolExecutor(options.jobs) as pool:
        going = [pool.submit(hunt, bug, options.without, options.seeds, record_in) for bug in bugs]
        for one in as_completed(going):
            yield one.result()


def _hunt_each(bugs: Sequence[Bug], options: argparse.Namespace) -> Iterator[Hunt]:
    """For each invariant, hunts for its own bugs without it, until one escapes."""
    own = {name: [one for one in bugs if one.invariant == name] for name in INVARIANTS}
    with ThreadPoolExecutor(options.jobs) as pool:
        going = [pool.submit(_hunt_without, name, own[name], options.seeds) for name in INVARIANTS]
        for one in as_completed(going):
            yield from one.result()


def _hunt_without(name: str, bugs: Sequence[Bug], seeds: int) -> list[Hunt]:
    """Hunts without an invariant; the last one is the one that escaped, if any did."""
    hunts: list[Hunt] = []
    for bug in bugs:
        hunts.append(hunt(bug, name, seeds))
        if hunts[-1].has_escaped:
            break
    return hunts


def hunt(bug: Bug, without: str, seeds: int, record_in: Path | None = None) -> Hunt:
    """Plant one bug in a copy and hunt it there."""
    with tempfile.TemporaryDirectory(prefix="carnet-planted-") as made:
        folder = Path(made)
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name)  # with what was compiled: it is valid where nothing has changed
        path = folder / bug.path
        path.write_text(path.read_text(encoding="utf-8").replace(bug.right, bug.wrong), encoding="utf-8")
        caught = _hunt_inside(folder, bug, without, seeds, record_in)
    return Hunt(bug.name, bug.invariant, without, caught)


def _hunt_inside(folder: Path, bug: Bug, without: str, seeds: int, record_in: Path | None) -> Caught:
    """What a hunt in the sources of a folder says."""
    paths = [*(str(folder / member / "src") for member in MEMBERS), str(folder), str(folder / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tools.hunt_bug", "--bug", bug.name, "--seeds", str(seeds), "--without", without]
    command += ["--record-in", str(record_in)] if record_in else []
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        why = (ended.stderr.strip().splitlines() or ["?"])[-1]
        return Caught(seen=f"(the simulator itself failed: {why[:120]})")
    return Caught(**json.loads(ended.stdout))


if __name__ == "__main__":
    sys.exit(main())
