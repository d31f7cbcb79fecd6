"""How fast the front desk is on ten years of data: a table for people, JSON for machines.

Decides what is measured: every way the search box is asked, the pages of a car and of a customer, the first page, the
question for duplicates, and the save of a check-in. The first figures are one call of the core each, as a page does;
those named `pages` are a whole request with guard, session and template; weights are bytes with style and scripts. The
last compares a program that starts with one that only loads the same libraries. The database is warm and in a file;
times are of this machine, medians and 99th percentiles of what was asked at random. Beside them stands the processor's
own time, which says what a machine that does nothing else would need, its disk left out.

    python -m tools.desk_bench [--scale 0.05] [--asked 300] [--json FILE] [--folder var/bench-desk]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
ASKED: Final = 300
WARM_UP: Final = 3
KEPT_UP_EVERY: Final = 25
"""The write-ahead log is copied back between so many questions, as `serve` does beside them."""


def main() -> int:
    """Make the data if need be, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description="how fast the front desk is on ten years of data")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is 200,000 customers and 1,000,000 visits")
    parser.add_argument("--asked", type=int, default=ASKED, help="how often each question is asked")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench-desk", help="where the data is kept")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    rows = []
    for row in measure(options.folder, options.scale, options.asked):
        print(f"  {row['name']:<30} {_told(row)}   {'ok' if row['ok'] else 'MISSED'}", flush=True)
        rows.append(row)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row["ok"] for row in rows) else 1


def measure(folder: Path, scale: float, asked: int) -> Iterator[dict[str, Any]]:
    """The figures, one row each; saves are asked for last, so that boards show the orders that the data has."""
    from tools.desk_bench.data import open_desk  # noqa: PLC0415  (needs the path set above)
    from tools.desk_bench.pages import PAGE_BYTES_MAX, Pages, page_questions_of, weights_of  # noqa: PLC0415
    from tools.desk_bench.questions import questions_of, save_question_of  # noqa: PLC0415
    from tools.desk_bench.starting import start_row  # noqa: PLC0415

    began = time.perf_counter()
    desk = open_desk(folder, scale)
    print(f"data of scale {scale:g} in {time.perf_counter() - began:.0f} s", flush=True)
    dice = Random(7)
    yield from (_time(one, asked, desk.keep_up) for one in questions_of(desk, dice))
    with Pages(desk) as pages:
        yield from (_weighed(name, size, PAGE_BYTES_MAX) for name, size in weights_of(desk, pages))
        questions = page_questions_of(desk, pages, dice, asked + WARM_UP)
        yield from (_time(one, asked, desk.keep_up) for one in questions)
    yield _time(save_question_of(desk, dice), asked, desk.keep_up)
    yield start_row()


def _weighed(name: str, size: int, most: int) -> dict[str, Any]:
    return {"name": f"weight: {name}", "bytes": size, "target_bytes": most, "ok": size <= most}


def _told(row: dict[str, Any]) -> str:
    """A row as people read it."""
    if "bytes" in row:
        return f"{row['bytes']:>9,} bytes   target {row['target_bytes']:,}"
    if "ratio" in row:
        return f"{row['start_ms']:6.0f} ms, {row['ratio']:.2f} x its libraries alone   target {row['target_ratio']} x"
    times = f"median {row['median_ms']:6.2f}   p99 {row['p99_ms']:6.2f} (cpu {row['p99_cpu_ms']:5.2f}) ms"
    return f"{times}   target {row['target_ms']:.0f} ms"


def _time(question: tuple[str, float, Callable[[], object]], asked: int, keep_up: Callable[[], None]) -> dict[str, Any]:
    name, target_ms, ask = question
    for _ in range(WARM_UP):
        ask()
    times, worked = [], []
    for place in range(asked):
        if place % KEPT_UP_EVERY == 0:
            keep_up()
        began, began_work = time.perf_counter(), time.process_time()
        ask()
        times.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - began_work) * 1000)
    p99_ms = _percentile(times, 0.99)
    return {
        "name": name,
        "median_ms": _percentile(times, 0.5),
        "p99_ms": p99_ms,
        "p99_cpu_ms": _percentile(worked, 0.99),
        "target_ms": target_ms,
        "ok": p99_ms <= target_ms,
    }


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * share))]


if __name__ == "__main__":
    sys.exit(main())
