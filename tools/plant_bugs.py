"""Plant one bug after another, and see whether the simulation finds it.

Decides what is hunted and told; the bugs stand in tests/simulation/planted.py, the order of a hunt in
tests/simulation/hunting.py, how a bug is planted in tests/simulation/planting.py. Each hunt is a process of its own,
forked from one that has imported everything; the working tree is not touched.

    python -m tools.plant_bugs [--only WORD] [--seeds 60] [--jobs 2] [--json FILE]
    python -m tools.plant_bugs --record            keep a short tape of each bug that was found by a seed
    python -m tools.plant_bugs --without I2        what escapes when nobody looks at I2: its own bugs
    python -m tools.plant_bugs --each              for every invariant in turn, until one of its bugs escapes

Exit codes: 0 every bug was found; 1 one escaped; 2 a bug can no longer be planted, because the text it breaks is gone.
With --each: 0 without each invariant something escapes; 1 there is one that nobody would miss; 2 as above.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.bugs import Bug  # noqa: E402  (the tests are no package of the product)
from simulation.hunting import TAPES, Caught, hunt, tape_of  # noqa: E402
from simulation.invariants import INVARIANTS  # noqa: E402
from simulation.planted import BUGS  # noqa: E402
from simulation.planting import plant  # noqa: E402
from simulation.world import open_world  # noqa: E402

SEEDS: Final = 60
"""Schedules before giving up on a bug."""
SEEDS_WITHOUT: Final = 12
"""The same when an invariant is left out: whatever else would find it, does so within a few."""

_FORK: Final = multiprocessing.get_context("fork")


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
    if not bugs:
        print("no bug answers to that: nothing was planted, and nothing is shown", file=sys.stderr)
        return 2
    faded = [one.name for one in bugs if not is_plantable(one)]
    if faded:
        print("\n".join(f"can no longer be planted: {name}" for name in faded), file=sys.stderr)
        return 2
    began = time.perf_counter()
    with open_world(0):
        pass  # what every hunt needs is made once, before the processes part
    print("| bug | expected | found by | schedules | from | what was seen |\n|---|---|---|---|---|---|")
    hunts = []
    for one in _hunt_chains(_chains(bugs, options), options):
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
    parser.add_argument("--each", action="store_true", help="look away from each invariant in turn")
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


Chain = Sequence[tuple[Bug, str]]
"""Hunts for a bug without an invariant, one after the other, until one escapes."""


def _chains(bugs: Sequence[Bug], options: argparse.Namespace) -> list[Chain]:
    if not options.each:
        return [[(one, options.without)] for one in bugs]
    known = [
        one for one in bugs if tape_of(one).is_file()
    ]  # only what is found with an invariant can escape without it
    return [[(one, name) for one in known if one.invariant == name] for name in INVARIANTS]


def _hunt_chains(chains: Sequence[Chain], options: argparse.Namespace) -> Iterator[Hunt]:
    """Every hunt, in the order in which they end."""
    waiting = deque(one for one in chains if one)
    going: dict[Connection, tuple[BaseProcess, Chain]] = {}
    while waiting or going:
        while waiting and len(going) < options.jobs:
            chain = waiting.popleft()
            receiver, process = _start(*chain[0], options)
            going[receiver] = process, chain
        wait(list(going))
        for receiver in [one for one in going if one.poll()]:
            process, chain = going.pop(receiver)
            one = Hunt(chain[0][0].name, chain[0][0].invariant, chain[0][1], _answer(receiver, process))
            if chain[1:] and not one.has_escaped:
                waiting.appendleft(chain[1:])
            yield one


def _start(bug: Bug, without: str, options: argparse.Namespace) -> tuple[Connection, BaseProcess]:
    receiver, sender = _FORK.Pipe(duplex=False)
    record_in = TAPES if options.record else None
    process = _FORK.Process(target=_hunt_inside, args=(sender, bug, without, options.seeds, record_in))
    process.start()
    sender.close()
    return receiver, process


def _hunt_inside(sender: Connection, bug: Bug, without: str, seeds: int, record_in: Path | None) -> None:
    """Plant a bug in this process, hunt it, and say how it ended."""
    try:
        plant(bug, ROOT)
        sender.send(hunt(bug, seeds, frozenset({without}) - {""}, record_in=record_in))
    except Exception as error:  # noqa: BLE001  (an entry point: whatever it is, it is told and the process ends)
        sender.send(Caught(seen=f"(the simulator itself failed: {type(error).__name__}: {error})"[:200]))


def _answer(receiver: Connection, process: BaseProcess) -> Caught:
    try:
        caught: Caught = receiver.recv()
    except EOFError:
        caught = Caught(seen="(the simulator itself ended)")
    process.join()
    return caught


if __name__ == "__main__":
    sys.exit(main())
