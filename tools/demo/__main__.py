"""`make demo`: a hub and three dealers on this machine, real processes, real HTTP on loopback.

Tells each step, checks each claim, ends with a table of facts, and leaves the data folders to look at. Exit code 1
when a fact is false or a step fails. With KEEP=1 the hub and the pages of two dealers stay up until the return key is
pressed; where no terminal is, until the demo is told to end, and at most for KEPT_S_MAX seconds.

    python -m tools.demo [--folder DIR]
"""

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from tools.demo.programs import DemoFailure
from tools.demo.stage import Stage
from tools.demo.story import STEPS

FOLDER = Path("demo-data")
MARK = "demo.txt"
"""Stands in every folder the demo made: it empties no other."""
KEPT_S_MAX = 8 * 60 * 60
"""A working day: without a terminal nobody is there to see that something still runs. Ours."""

LOOK = (
    "carnet-node --data {folder}/hz01 customers list",
    "carnet-node --data {folder}/hz01 recalls check LHGCP1686K2004711",
    "carnet-node --data {folder}/wh01 conflicts list --settled",
    "carnet-hub --data {folder}/hub nodes list",
    "carnet-hub --data {folder}/hub recalls progress R2026-001",
    "carnet-hub verify {folder}/report",
)
"""Commands for whoever has read the table: what a dealer, an operator and a regulator see of it."""


def main() -> int:
    """Tell the story; returns the exit code."""
    parser = argparse.ArgumentParser(description="a hub and three dealers on this machine")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where to put everything; one of an earlier demo is emptied"
    )
    folder = parser.parse_args().folder.resolve()
    if not may_be_emptied(folder):
        parser.error(f"{folder.name} exists and is no folder of an earlier demo; nothing was touched, name another one")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("Made by the demo, and emptied by the next one.\n", encoding="utf-8")
    stage = Stage(folder)
    started = time.monotonic()
    try:
        for number, (title, step) in enumerate(STEPS, start=1):
            print(f"\n{number}. {title}\n   {step.__doc__}", flush=True)
            step(stage)
        if os.environ.get("KEEP"):
            keep(stage)
    except DemoFailure as failure:
        stage.facts.holds("the story could be told to its end", failure, is_true=False)
    finally:
        stage.stop()
    print(stage.facts.table())
    took = time.monotonic() - started
    print(f"{took:.0f} seconds. Everything lies in {folder.name}/. Look for yourself, with the programs in .venv/bin:")
    print("\n".join(f"    {line.format(folder=folder.name)}" for line in LOOK))
    return 0 if stage.facts.are_all_true else 1


def keep(stage: Stage) -> None:
    """Leave the hub and two dealers' pages running until somebody ends them."""
    print(f"\nThe hub answers at {stage.address}. The front desks:", flush=True)
    for code, address in stage.open_desks().items():
        print(f"    {code}   {address}   first visit: enter yourself as the administrator")
    wait_to_end(sys.stdin, KEPT_S_MAX)


def wait_to_end(keys: TextIO, wait_s_max: float) -> None:
    """Come back when somebody presses return; without a terminal, at SIGINT or SIGTERM.

    Args:
        keys: where the return key is read from, if it is a terminal; its end is as good as the key.
        wait_s_max: without a terminal it comes back after this many seconds in any case.
    """
    if keys.isatty():
        print("Press return to end them. ", end="", flush=True)
        keys.readline()
        return
    is_told = threading.Event()
    ends = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda _number, _frame: is_told.set()) for one in ends]
    told = f"Here is no terminal: kill {os.getpid()} ends them, and otherwise {wait_s_max / 3600:g} hours from now."
    print(told, flush=True)
    is_told.wait(wait_s_max)
    for one, handler in zip(ends, before, strict=True):
        signal.signal(one, handler)


def may_be_emptied(folder: Path) -> bool:
    """Whether nothing of anybody's is lost when a demo begins in a folder.

    Args:
        folder: absolute.
    """
    return not folder.exists() or folder == FOLDER.resolve() or (folder / MARK).is_file()


if __name__ == "__main__":
    raise SystemExit(main())
