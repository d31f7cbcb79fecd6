"""`carnet-node`: finds the command, loads only its module, and turns failures into sentences and exit codes.

Exit codes of every command: 0 done; 1 refused or found wrong, nothing changed; 2 wrong usage; 3 the hub is unreachable
or the database busy, try again; 130 stopped with Ctrl-C. With `--json` the result goes to stdout as one JSON value, and
so does a failure.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from carnet_storage.entrypoints.cli.starting import lazy_group, leave

MODULES: Final = {
    "init": ("setup", "make the keys and the empty database of this machine"),
    "enrol": ("setup", "join a dealer site with the code from the hub operator"),
    "keys": ("keys", "list, check, rotate; recovery, recover: a passphrase, and a lost data key put back"),
    "serve": ("service", "the front desk's pages, the JSON API, and syncing in the background"),
    "sync": ("service", "send what waits and fetch what is new, once"),
    "rejoin": ("rejoining", "go on after a restore without a line, or take over from another copy"),
    "status": ("service", "line, sync and what waits"),
    "doctor": ("doctor", "look for everything that could be wrong"),
    "customers": ("customers", "add, show, find, list, edit, void"),
    "vehicles": ("vehicles", "add, show, find, list, edit, void"),
    "visits": ("visits", "add, show, find, list, edit, answer, complete, settle, close, correct, void"),
    "appointments": ("appointments", "list, show, free, note, plan, arrive, cancel, no-show, rebook, book-order"),
    "lookup": ("lookup", "another dealer's car through the hub: find, take-on, taken, give-back"),
    "due": ("due", "whom to remind today, what came of it, until when cars are insured"),
    "documents": ("documents", "find any document by days, plate, customer, state, advisor, amount or a word"),
    "reports": ("reports", "what the workshop did in ten days or a month"),
    "recalls": ("recalls", "check a VIN against the open recalls"),
    "staff": ("staff", "who works here: list, add, edit, leave, return, reset, accesses"),
    "retention": ("retention", "what this site holds, and how long it stays"),
    "export": ("exporting", "take a list out as a workbook"),
    "import": ("importing", "take over a file of a former system"),
    "bundle": ("bundle", "carry changes on a USB stick"),
    "conflicts": ("conflicts", "see overruled values and restore one"),
    "backup": ("backup", "backups: status, prepare, now, drill, list, restore"),
    "restore": ("backup", "bring the database back from a backup"),
    "excluded": ("excluded", "see what was excluded after a key was stolen, and confirm honest work"),
    "rebuild": ("rebuild", "fold every record again from log and base rows"),
}
"""Module and help by command, in the order of the help page; a module is imported when its command runs."""


app = typer.Typer(
    cls=lazy_group("carnet_node.entrypoints.cli", MODULES),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def start(
    ctx: typer.Context,
    data: Annotated[Path | None, typer.Option("--data", help="data folder; also CARNET_NODE_DATA_DIR")] = None,
) -> None:
    """Carnet at a dealer site: works with the cable out, syncs when it is in."""
    ctx.obj = data


def run(arguments: Sequence[str] | None = None) -> None:
    """The console script: run one command and leave with its exit code."""
    leave(execute(list(sys.argv[1:] if arguments is None else arguments)))


def execute(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: without the program's name.

    Returns: the exit code.
    """
    # Libraries say nothing of their own on a terminal; `serve` sends every log through the processors of the node.
    logging.getLogger().addHandler(logging.NullHandler())
    command = typer.main.get_command(app)
    try:
        code = command.main(args=list(arguments), prog_name="carnet-node", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (an entry point: everything becomes an exit code)
        from carnet_node.entrypoints.cli.telling import tell_failure  # noqa: PLC0415  (not for the help page)

        return tell_failure(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else 0
