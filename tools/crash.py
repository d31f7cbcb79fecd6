"""Kill the real programs again and again, and look whether anything they acknowledged is lost.

Decides only how many kills and what is printed; what a kill is and what must hold stands in tests/process.

    python -m tools.crash --kills 500
    python -m tools.crash --kills 40 --json .crash.json
    python -m tools.crash --kills 60 --postgres

Exit codes: 0 nothing was lost; 1 something was, and the folder of that world is kept and named.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from process.campaign import Tally

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the campaign; returns the exit code."""
    parser = argparse.ArgumentParser(description="kill -9 at random moments, for real processes")
    parser.add_argument("--kills", type=int, default=40, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn; moments stay random")
    parser.add_argument("--postgres", action="store_true", help="a hub with two workers; its database is killed too")
    parser.add_argument("--json", type=Path, help="write what was done and found to this file as well")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from process.campaign import POSTGRES_VICTIMS, run_campaign  # noqa: PLC0415  (the tests are no package of the product)
    from support.postgres import killable_postgres  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="carnet-crash-"))
    campaign = partial(run_campaign, folder, kills=options.kills, seed=options.seed, progress=_tell)
    if options.postgres:
        with killable_postgres(f"crash-{os.getpid()}") as server:
            tally = asyncio.run(campaign(victims=POSTGRES_VICTIMS, postgres=server))
    else:
        tally = asyncio.run(campaign())
    found = tally.as_json()
    text = json.dumps(found, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    if tally.faults:
        print(f"The folders are kept in {folder}. Again: python -m tools.crash --seed {options.seed}")
        return 1
    shutil.rmtree(folder)
    return 0


def _tell(tally: "Tally") -> None:
    print(f"{tally.killed} kills, {tally.doubts} requests asked again, {len(tally.faults)} faults", flush=True)


if __name__ == "__main__":
    sys.exit(main())
