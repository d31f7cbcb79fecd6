"""A producer's list of two million vehicles, imported at the hub: how long, and how much memory beyond a short one.

Decides what is measured: reading, judging and encoding every line of a CSV file, in a process of its own whose memory
is looked at from outside. Lists of a tenth and of the whole are read; memory that grows with the file would show.

    python tests/bench/bench_recall_import.py
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carnet_protocol.segments import join_vin

MEMBERS = 2_000_000
SECONDS_MAX = 60.0
MEGABYTES_MORE_MAX = 50.0
PREFIXES = ("LSVAB2C3RA", "LFVAB2C3RB", "LSGAB2C3PA", "LHGAB2C3NB")

CHILD = """
import json, sys, time
from pathlib import Path
from carnet_hub.adapters.member_files import read_listed
from carnet_hub.core.campaigns.campaign_plans import read_members
begun = time.process_time()
members = read_members(read_listed(Path(sys.argv[1])), int(sys.argv[2]))
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps([members.count, time.process_time() - begun, peak]))
"""


def made_up(count: int) -> Iterator[str]:
    """So many vehicles, each third serial of four lines in turns."""
    for number in range(count):
        serial = 3 * (number // len(PREFIXES))
        pair, tail = divmod(serial, 10_000)
        yield join_vin(PREFIXES[number % len(PREFIXES)], (pair // 10 * 33 + pair % 10) * 10_000 + tail)


def write_list(path: Path, count: int) -> None:
    """A table of so many vehicles."""
    with path.open("w", encoding="utf-8") as lines:
        lines.write("VIN,model\n")
        lines.writelines(f"{vin},made up\n" for vin in made_up(count))


def imported(folder: Path, count: int) -> tuple[float, float]:
    """Seconds of the processor and megabytes at most, for a list of so many."""
    path = folder / f"{count}.csv"
    write_list(path, count)
    told = subprocess.run([sys.executable, "-c", CHILD, str(path), str(count)], capture_output=True, check=True)
    members, seconds, megabytes = json.loads(told.stdout)
    assert members == count
    return seconds, megabytes


def run(repetitions: int) -> list[dict[str, Any]]:
    """Both lists, once each.

    Args:
        repetitions: of no effect; the list is long enough to be measured once.
    """
    with tempfile.TemporaryDirectory() as folder:
        _, short_mb = imported(Path(folder), MEMBERS // 10)
        seconds, long_mb = imported(Path(folder), MEMBERS)
    more_mb = long_mb - short_mb
    return [
        _row(f"import of {MEMBERS} members", seconds, "s (processor)", SECONDS_MAX),
        _row("memory at most", long_mb, "MB", None),
        _row("more than for a tenth of them", more_mb, "MB", MEGABYTES_MORE_MAX),
    ]


def _row(name: str, value: float, unit: str, target: float | None) -> dict[str, Any]:
    is_in_order = target is None or value <= target
    return {"name": name, "value": round(value, 3), "unit": unit, "floor": None, "ratio": None, "target": target} | {
        "ok": is_in_order
    }


if __name__ == "__main__":
    for figure in run(1):
        print(json.dumps(figure))
