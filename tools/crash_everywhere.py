"""Strike every scenario of the simulator at each of its steps, by a crash and by a disk that fails.

Decides only what is run and told; the scenarios stand in tests/simulation/crashes.py.

    python -m tools.crash_everywhere [--only WORD] [--every 1] [--json FILE]

Exit codes: 0 everything held; 1 something did not, and the tape that shows it is named.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.absolute()
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.crashes import SCENARIOS, crash_everywhere  # noqa: E402  (the tests are no package of the product)
from simulation.power import Trouble  # noqa: E402
from simulation.schedules import Failed  # noqa: E402
from simulation.tape import write_tape  # noqa: E402

STRUCK_BY = (Trouble.CRASH, Trouble.DISK_FULL, Trouble.IO_ERROR)


def main() -> int:
    """Strike; returns the exit code."""
    parser = argparse.ArgumentParser(description="a crash at every step of every scenario")
    parser.add_argument("--only", default="", help="scenarios whose name holds this word")
    parser.add_argument("--every", type=int, default=1, help="strike each n-th step")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    struck: list[dict[str, object]] = []
    print("| scenario | struck by | steps |\n|---|---|---|")
    for name, scenario in SCENARIOS.items():
        for trouble in STRUCK_BY if options.only in name else ():
            try:
                steps = crash_everywhere(scenario, trouble, options.every)
            except Failed as failed:
                path = ROOT / ".failed-tape.json"
                write_tape(path, failed.tape)
                print(
                    f"{name}, {trouble.value}: {failed.what}\n  see it again: tools.simulate --tape {path.name} --trace"
                )
                return 1
            print(f"| {name} | {trouble.value} | {steps} |", flush=True)
            struck.append({"scenario": name, "trouble": trouble.value, "steps": steps})
    if options.json:
        options.json.write_text(json.dumps(struck, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
