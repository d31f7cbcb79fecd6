"""Feed arbitrary bytes to every reader, and arbitrary requests to both APIs, for some seconds each.

Decides which targets run, for how long and how many at once; what a target is, and what counts as a finding, stands in
tests/fuzz. Runs in the environment of tests/fuzz/requirements.txt (`make fuzz` makes it).

    python -m tools.fuzz --seconds 10
    python -m tools.fuzz --seconds 600 bundle import
    python -m tools.fuzz --replay bundle .fuzz/findings/bundle-crash-...

Exit codes: 0 nothing found; 1 something was, and its input is kept and named.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
KEPT: Final = ROOT / ".fuzz"
API: Final = ("node-api", "hub-api", "regulator-api")
_GRACE_S: Final = 120
_RUNS: Final = re.compile(r"stat::number_of_executed_units:\s+(\d+)|(\d+) requests")
_PEAK: Final = re.compile(r"stat::peak_rss_mb:\s+(\d+)")
_TOLD_CHARS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target.

    Attributes:
        runs: inputs or requests.
        code: exit code; 0 when nothing was found.
        told: the end of what it wrote, when something was found.
    """

    name: str
    runs: int
    peak_rss_mb: int
    code: int
    told: str


def main() -> int:
    """Run the targets; returns the exit code."""
    parser = argparse.ArgumentParser(description="arbitrary bytes for every reader")
    parser.add_argument("targets", nargs="*", help="names; all when none is given")
    parser.add_argument("--seconds", type=int, default=10, help="for each")
    parser.add_argument("--workers", type=int, default=2, help="how many at once")
    parser.add_argument("--json", type=Path, help="write what was run and found to this file as well")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"), help="feed one input again")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from fuzz.oracle import examine  # noqa: PLC0415  (the tests are no package of the product)
    from fuzz.targets import TARGETS  # noqa: PLC0415

    if options.replay:
        name, file = options.replay
        print("refused" if examine(TARGETS[name].read, Path(file).read_bytes()) else "read")
        return 0
    names = options.targets or [*TARGETS, *API]
    outcomes = list(_run_all(names, options.seconds, options.workers))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(one) for one in outcomes], indent=2) + "\n", encoding="utf-8")
    print(f"{sum(one.runs for one in outcomes)} inputs, {sum(one.code != 0 for one in outcomes)} targets with findings")
    return 1 if any(one.code for one in outcomes) else 0


def _run_all(names: list[str], seconds: int, workers: int) -> Iterator[Outcome]:
    with ThreadPoolExecutor(workers) as pool:
        for outcome in pool.map(lambda name: _run(name, seconds), names):
            state = "nothing found" if outcome.code == 0 else "FOUND SOMETHING"
            print(f"{outcome.name:12} {outcome.runs:9} inputs  {outcome.peak_rss_mb:4} MB  {state}", flush=True)
            if outcome.code:
                print(outcome.told)
            yield outcome


def _run(name: str, seconds: int) -> Outcome:
    """One target in a process of its own."""
    if name in API:
        command = [sys.executable, "-m", "fuzz.run_api", name, str(seconds)]
    else:
        places = [str(KEPT / "corpus" / name), str(KEPT / "findings")]
        command = [sys.executable, "-m", "fuzz.run_target", name, str(seconds), *places]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds + _GRACE_S
    )
    text = done.stdout + done.stderr
    runs = [int(first or second) for first, second in _RUNS.findall(text)]
    peaks = [int(peak) for peak in _PEAK.findall(text)]
    return Outcome(
        name, sum(runs), max(peaks, default=0), done.returncode, text[-_TOLD_CHARS:] if done.returncode else ""
    )


if __name__ == "__main__":
    sys.exit(main())
