"""Hunt one planted bug in the sources this runs from; `tools/plant_bugs` calls it inside a copy.

    python -m tools.hunt_bug --bug NAME --seeds 60 [--without I2] [--record-in FOLDER]

Prints one line of JSON: schedules, by, invariant, seen. Exit codes: 0 the hunt came to its end, found or not; 2 no such
bug.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.hunting import hunt  # noqa: E402  (the tests are no package of the product)
from simulation.planted import BUGS  # noqa: E402


def main() -> int:
    """Hunt; returns the exit code."""
    parser = argparse.ArgumentParser(description="hunt one planted bug")
    parser.add_argument("--bug", required=True, help="its name")
    parser.add_argument("--seeds", type=int, default=60, help="schedules after the tape, before giving up")
    parser.add_argument("--without", default="", help="look away from this invariant")
    parser.add_argument("--record-in", type=Path, help="keep a short tape in this folder")
    options = parser.parse_args()
    bugs = [one for one in BUGS if one.name == options.bug]
    if not bugs:
        print(f"there is no bug {options.bug!r}", file=sys.stderr)
        return 2
    without = frozenset({options.without}) - {""}
    print(json.dumps(hunt(bugs[0], options.seeds, without, record_in=options.record_in).facts()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
