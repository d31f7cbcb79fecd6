"""All measurements in one run: a table for people, JSON for machines.

Decides which programs are measurements (``tests/bench/bench_*.py``, each with ``run(repetitions) -> rows``) and how
their rows are shown. A row has name, value, unit, floor, ratio, target, ok, and may name the mix it was made of. Ends
with 1 when a figure misses its target.

    python -m tools.bench [--repetitions N] [--json FILE] [--only WORD]
"""

import argparse
import importlib.util
import json
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "tests" / "bench"
REPETITIONS = 5


def load(path: Path) -> ModuleType:
    """The measurement program at a path, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def show(row: dict[str, Any]) -> str:
    """One line of the table."""
    ratio = "" if row.get("ratio") is None else f"{row['ratio']:.2f}x of floor"
    target = "" if row.get("target") is None else f"target {row['target']}"
    verdict = "ok" if row["ok"] else "MISSED"
    value = row["value"]
    number = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return f"  {row['name']:<46} {number:>14} {row['unit']:<16} {ratio:<18} {target:<14} {verdict}"


def main() -> int:
    """Run the measurements; returns the exit code."""
    parser = argparse.ArgumentParser(description="all measurements in one run")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--only", default="", help="programs whose name holds this word")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    rows: list[dict[str, Any]] = []
    for path in sorted(BENCH.glob("bench_*.py")):
        if options.only not in path.stem:
            continue
        print(f"== {path.stem}", flush=True)
        for row in load(path).run(options.repetitions):
            rows.append({"program": path.stem, **row})
            print(show(row), flush=True)
            if row.get("mix"):
                print(f"      made of: {', '.join(map(str, row['mix']))}")
    missed = [row["name"] for row in rows if not row["ok"]]
    print(f"{len(rows)} figures, {len(missed)} missed{': ' + '; '.join(missed) if missed else ''}")
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
        options.json.write_text(json.dumps(machine, ensure_ascii=False, indent=1), encoding="utf-8")
    return 1 if missed or not rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
