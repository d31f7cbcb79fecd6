"""More schedules than the tests run: look for one that does not converge, or see one again.

Decides only which seeds are run; what a schedule is and what must hold stands in tests/simulation. Ends with 1 at the
first schedule that breaks something.

    python -m tools.simulate --seeds 5000 --from 1000
    python -m tools.simulate --from 42 --seeds 1 --trace
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EVERY = 100


def main() -> int:
    """Run the schedules; returns the exit code."""
    parser = argparse.ArgumentParser(description="random schedules of nodes and hub")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--steps", type=int, help="steps of each; default drawn from the seed")
    parser.add_argument("--theme", help="what comes more often; default drawn from the seed")
    parser.add_argument("--trace", action="store_true", help="print every step")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from simulation.archive import Broken  # noqa: PLC0415  (the tests are no package of the product)
    from simulation.schedules import run_schedule  # noqa: PLC0415

    began = time.perf_counter()
    did: Counter[str] = Counter()
    for number, seed in enumerate(range(options.first, options.first + options.seeds), start=1):
        try:
            stage = run_schedule(seed, options.steps, options.theme).stage
        except Broken as broken:
            print(broken)
            return 1
        did += stage.did
        if options.trace:
            print("\n".join(stage.trace))
        if number % EVERY == 0:
            print(f"{number} schedules, {number / (time.perf_counter() - began):.1f} a second", flush=True)
    print(f"all {options.seeds} schedules converged; steps taken: {dict(did.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
