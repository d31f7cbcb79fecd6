"""Lose disks of real machines again and again, restore them, and look whether everything that was safe is back.

Decides only how many and what is printed; what a loss is and what must hold stands in tests/process/restores.py.

    python -m tools.heal --restores 50 --hangs 10 --hubs 20
    python -m tools.heal --restores 3 --hangs 0 --hubs 0 --stores folder --json .heal.json
    python -m tools.heal --restores 50 --hangs 10 --hubs 20 --seed 1 --only 17

Exit codes: 0 all was back; 1 something was not, and the folder of that world is kept and named; 2 wrong usage.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from process.losses import Round, Tally

ROOT: Final = Path(__file__).resolve().parent.parent
STORES: Final = ("folder", "s3", "sftp")


def main() -> int:
    """Run the campaign; returns the exit code."""
    options = _options()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from process.heal_campaign import run_rounds  # noqa: PLC0415  (the tests are no package of the product)
    from process.losses import draw_rounds  # noqa: PLC0415

    rounds = draw_rounds(
        options.seed,
        restores=options.restores,
        hangs=options.hangs,
        hub_restores=options.hubs,
        stores=options.stores,
    )
    chosen = [one for one in rounds[options.first :] if options.only in (None, one.number)]
    folder = Path(tempfile.mkdtemp(prefix="carnet-heal-"))

    def after_round(tally: "Tally", one: "Round") -> None:
        """Tell, and keep what was found so far: a campaign of an hour may be interrupted."""
        seconds = tally.seconds_of["round"][-1]
        print(f"{tally.rounds} rounds, {len(tally.faults)} faults: {one.text} ({seconds:.0f} s)", flush=True)
        _write(options.json, tally)

    tally = asyncio.run(run_rounds(folder, chosen, seed=options.seed, progress=after_round))
    print(_write(options.json, tally))
    if tally.faults:
        number = chosen[tally.rounds - 1].number
        print(f"The folders are kept in {folder}. Again: python -m tools.heal {_again(options)} --only {number}")
        return 1
    shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="lost disks and restores, for real processes")
    parser.add_argument("--restores", type=int, default=50, help="of nodes, among them those after a hang")
    parser.add_argument("--hangs", type=int, default=10, help="how often the replication hangs and is healed before")
    parser.add_argument("--hubs", type=int, default=20, help="restores of the hub to an earlier state")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn; moments stay random")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES), help="they take turns")
    parser.add_argument("--first", type=int, default=0, help="begin with the round of this number")
    parser.add_argument("--only", type=int, help="only the round with this number")
    parser.add_argument("--json", type=Path, help="write what was done and found to this file as well")
    options = parser.parse_args()
    if options.hangs > options.restores:
        parser.error("--hangs cannot be more than --restores")
    return options


def _again(options: argparse.Namespace) -> str:
    stores = " ".join(options.stores)
    counts = f"--restores {options.restores} --hangs {options.hangs} --hubs {options.hubs}"
    return f"{counts} --seed {options.seed} --stores {stores}"


def _write(path: Path | None, tally: "Tally") -> str:
    """What was done and found, as text and, if asked for, in a file."""
    text = json.dumps(tally.as_json(), indent=2)
    if path is not None:
        path.write_text(text + "\n", encoding="utf-8")
    return text


if __name__ == "__main__":
    sys.exit(main())
