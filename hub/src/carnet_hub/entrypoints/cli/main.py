"""`carnet-hub`: loads the one module a command needs, and turns failures into sentences and exit codes.

Exit codes of every command: 0 done; 1 refused or found wrong, nothing changed; 2 wrong usage; 3 the database is busy or
cannot be reached, try again; 4 done but for what is named, the same command tries that again; 130 stopped with Ctrl-C.
With `--json` a result is one JSON value on stdout, and so is a failure.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from carnet_hub.entrypoints.cli.exits import Exit
from carnet_storage.entrypoints.cli.starting import lazy_group, leave

COMMANDS: Final = {
    "init": ("setup", "make a new hub: keys, database, id"),
    "serve": ("setup", "answer nodes and regulators over HTTP"),
    "dealers": ("dealers", "add, place, list, assignments, invite, recovery-code, suspend, resume, end-adoption"),
    "nodes": ("nodes", "list, why, suspend, resume, revoke, enrol by file"),
    "conflicts": ("conflicts", "list, show, restore an overruled value"),
    "quarantine": ("quarantine", "list, why, release, give-up"),
    "erase": ("erasures", "erase a customer's values everywhere, for ever"),
    "erasures": ("erasures", "list, show: which nodes have erased"),
    "retention": ("retention", "report, classes, purge: what is held, how long, and what may go"),
    "master": (
        "master",
        (
            "who is who: find, show, history, explain, stats, queue, accept, reject, merge, unmerge, pin, mode, weigh, "
            "relink, model"
        ),
    ),
    "recalls": (
        "recalls",
        (
            "import, drop, publish, withdraw, list, lists, check, progress, exceptions, signals, owners, notify, "
            "contacted, contacts, retract-contact, stop-sales"
        ),
    ),
    "dossiers": ("dossiers", "list, show, document, file, note, retract, due, duties: a campaign before the law"),
    "calendar": ("calendar", "show, import, deadline: working days"),
    "report": ("reports", "make, again, list, profiles, due, verify: reports to an authority"),
    "reports": ("shop_reports", "site, nation: what workshops did in ten days or a month"),
    "regulator": ("regulators", "token, accesses, publish, published, take-back, named: who may look from outside"),
    "lookups": ("lookups", "list, rates: which site looked up another dealer's car"),
    "export": ("exports", "write a signed recall report, print its key"),
    "verify": ("exports", "check a signed recall report"),
    "log": ("checks", "verify the hub's log, show a change set"),
    "restored": ("restored", "go on with a database that came out of a backup"),
    "rebuild": ("checks", "fold the log again, or check that it gives the same"),
    "backup": ("backup", "backups: status, prepare, now, drill, list, restore"),
    "restore": ("backup", "bring the database back from a backup"),
    "bundle": ("bundles", "carry messages on a USB stick"),
}
"""Module and help of each command, in the order of the help page."""

_COMMON: Final = ("--data", "--database")


app = typer.Typer(
    cls=lazy_group("carnet_hub.entrypoints.cli", COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def start(
    ctx: typer.Context,
    data: Annotated[Path | None, typer.Option("--data", help="data folder (CARNET_HUB_DATA_DIR)")] = None,
    database: Annotated[str | None, typer.Option("--database", help="URL (CARNET_HUB_DATABASE_URL)")] = None,
) -> None:
    """The centre of a Carnet network: admits dealers' work, settles conflicts, runs recalls, files reports."""
    given = {"data_dir": data, "database_url": database}
    ctx.obj = {name: value for name, value in given.items() if value is not None}


def run(arguments: Sequence[str] | None = None) -> None:
    """The console script: one command, then leave with its exit code."""
    leave(execute(sys.argv[1:] if arguments is None else arguments))


def execute(arguments: Sequence[str]) -> int:
    """Run one command and say how it ended.

    Args:
        arguments: without the program's name.

    Returns: one of `Exit`; 130 after an interruption.
    """
    try:
        code = typer.main.get_command(app).main(args=hoist(arguments), prog_name="carnet-hub", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (the entry point: everything becomes an exit code)
        return _tell(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else Exit.DONE


def hoist(arguments: Sequence[str]) -> list[str]:
    """The same arguments with `--data` and `--database` in front, where they may stand behind a command as well."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        one = waiting.pop(0)
        if one == "--":
            return [*front, *rest, one, *waiting]
        if one in _COMMON and waiting:
            front += [one, waiting.pop(0)]
        elif one.partition("=")[0] in _COMMON:
            front.append(one)
        else:
            rest.append(one)
    return front + rest


def _tell(error: BaseException, *, as_json: bool) -> int:
    from carnet_hub.entrypoints.cli.telling import tell_failure  # noqa: PLC0415  (the help page needs none of it)

    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if hasattr(error, "show") and hasattr(error, "format_message") and not as_json:
        error.show()  # wrong usage, in the words of the command-line library
        return Exit.USAGE
    told = tell_failure(error)
    if as_json:
        print(json.dumps({"error": told.as_dict()}, ensure_ascii=False))
    else:
        print("\n".join(told.lines()), file=sys.stderr)
    return told.exit_code
