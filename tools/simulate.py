"""Run many schedules of the simulator, or see one again.

Decides how the work is shared out and where the result is written; what a schedule is and what must hold stands in
tests/simulation. Shows its progress, prints a table and writes the same as JSON.

    python -m tools.simulate --seeds 2000 --json .simulate.json
    python -m tools.simulate --from 42 --seeds 1 --trace
    python -m tools.simulate --tape tests/simulation/regress/some.json --trace
    python -m tools.simulate --small
    python -m tools.simulate --from 42 --shrink tests/simulation/regress/some.json

Exit codes: 0 everything held; 1 something did not, or a long run never came into a rare state; 2 wrong options.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.campaign import Campaign, Ran, run_one, seeds_to_repeat  # noqa: E402  (the tests are no package of the product)
from simulation.invariants import INVARIANTS  # noqa: E402
from simulation.schedules import Failed, Outcome, run_schedule, run_tape  # noqa: E402
from simulation.shrink import shrink  # noqa: E402
from simulation.small_scope import RESTORES, all_cases, run_cases  # noqa: E402
from simulation.tape import read_tape, write_tape  # noqa: E402
from simulation.themes import NAMES  # noqa: E402

EVERY_S = 10.0
"""Seconds between two lines of progress."""

CHUNK = 4
SMALL_CHUNK = 20


def main() -> int:
    """Run the schedules; returns the exit code."""
    options = _options()
    without = frozenset(options.without.split(",")) - {""}
    if unknown := without - INVARIANTS.keys():
        print(f"there is no invariant {', '.join(sorted(unknown))}; there are I1 to I18", file=sys.stderr)
        return 2
    if options.small:
        return _small()
    if options.tape or options.trace:
        return _show(options, without)
    if options.shrink:
        return _shrink(options)
    campaign = _campaign(options, _One(without, options.theme))
    print(campaign.table())
    if options.json:
        facts = {"commit": _commit(), "first": options.first, **campaign.facts()}
        options.json.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not campaign.is_sound and not campaign.violations:
        print(f"never reached: {', '.join(campaign.unreached)}")
    return 0 if campaign.is_sound else 1


def _campaign(options: argparse.Namespace, one: "_One") -> Campaign:
    """Run every schedule, and some of them again."""
    began, seeds = time.perf_counter(), range(options.first, options.first + options.seeds)
    campaign = Campaign(options.theme)
    for ran in _all(seeds, options.jobs, one):
        campaign.add(ran)
        if ran.broken is not None:
            print(f"seed {ran.seed}: {ran.broken[1]}", flush=True)
            if options.stop:
                return campaign
        _progress(campaign, options, began)
    for ran in _all(seeds_to_repeat(seeds), max(2, options.jobs), one):
        campaign.compare(ran)
    return campaign


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="random schedules of nodes and hub")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--without", default="", help="invariants not to look at, by comma: I2,I5")
    parser.add_argument("--theme", choices=NAMES, help="of all schedules; default drawn from each seed")
    parser.add_argument("--stop", action="store_true", help="end at the first violation")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--trace", action="store_true", help="print every step of the first seed, or of a tape")
    parser.add_argument("--tape", type=Path, help="run this tape instead of a seed")
    parser.add_argument("--shrink", type=Path, help="shorten the failing first seed to a tape in this file")
    parser.add_argument("--small", action="store_true", help="run every case of the small world instead")
    return parser.parse_args()


def _all(seeds: Sequence[int], jobs: int, one: "_One") -> Iterator[Ran]:
    """Every schedule, in the order in which they end."""
    if jobs == 1:
        yield from map(one, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=100) as pool:
        yield from pool.imap_unordered(one, seeds, CHUNK)


class _One:
    """`run_one` with its invariants and theme, in a form that can be sent to another process."""

    def __init__(self, without: frozenset[str], theme: str | None) -> None:
        self._without, self._theme = without, theme

    def __call__(self, seed: int) -> Ran:
        """Run one schedule."""
        return run_one(seed, self._without, self._theme)


_clock: dict[str, float] = {}


def _progress(campaign: Campaign, options: argparse.Namespace, began: float) -> None:
    """Say how far it is, now and then."""
    now = time.perf_counter()
    if now - _clock.get("said", began) >= EVERY_S:
        _clock["said"] = now
        rate = campaign.schedules / (now - began)
        print(f"{campaign.schedules} of {options.seeds}, {rate:.1f} a second", file=sys.stderr, flush=True)


def _small() -> int:
    """Every case of the small world."""
    cases, began = list(all_cases(RESTORES)), time.perf_counter()
    for at in range(0, len(cases), SMALL_CHUNK):
        run_cases(cases[at : at + SMALL_CHUNK])
        if (now := time.perf_counter()) - _clock.get("said", began) >= EVERY_S:
            _clock["said"] = now
            print(f"{at} of {len(cases)}, {at / (now - began):.1f} a second", file=sys.stderr, flush=True)
    print(f"all {len(cases)} small worlds converged")
    return 0


def _show(options: argparse.Namespace, without: frozenset[str]) -> int:
    """One schedule, step by step."""
    try:
        outcome = _run(options, without)
    except Failed as failed:
        print("\n".join([*failed.trace, failed.what]))
        return 1
    print("\n".join([*outcome.stage.trace, f"all held; trace {outcome.trace_hash}"]))
    return 0


def _run(options: argparse.Namespace, without: frozenset[str]) -> Outcome:
    if options.tape:
        return run_tape(read_tape(options.tape), without)
    return run_schedule(options.first, theme=options.theme, without=without)


def _shrink(options: argparse.Namespace) -> int:
    """Shorten a failing schedule and keep its tape."""
    seed, path = options.first, options.shrink
    try:
        run_schedule(seed, theme=options.theme)
    except Failed as failed:
        print(f"{len(failed.tape.choices)} steps: {failed.what}", flush=True)
        short = shrink(failed, say=lambda text: print(text, file=sys.stderr, flush=True))
        write_tape(path, short)
        print(f"{len(short.choices)} steps are left; they stand in {path}")
        return 0
    print(f"seed {seed} breaks nothing")
    return 1


def _commit() -> dict[str, Any]:
    """Which sources these are."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"id": head.stdout.strip(), "python": sys.version.split()[0]}


if __name__ == "__main__":
    sys.exit(main())
