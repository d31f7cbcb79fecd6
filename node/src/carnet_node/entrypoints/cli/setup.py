"""`init` and `enrol`: keys first, then a dealer site.

Holds no rule; see `core.enrolment` for what is believed and `bootstrap` for what is written.
"""

from pathlib import Path
from typing import Annotated

import typer

from carnet_node.adapters.joining import pending_enrolment
from carnet_node.bootstrap import Installation, create_installation, open_installation
from carnet_node.core.line.enrolment import check_hub_url
from carnet_node.entrypoints.cli.entering import Door, Entered, enter, taken
from carnet_node.entrypoints.cli.opening import settings_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_protocol.enrolment import EnrolCode, parse_code
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.outputs import file_to_write
from carnet_storage.entrypoints.cli.backup import At, Source

RecoveryFile = Annotated[
    Path | None, typer.Option("--recovery-file", help="the printed recovery passphrase, in a file of mode 600")
]

init_app = typer.Typer(add_completion=False, rich_markup_mode=None)
enrol_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@init_app.command()
def init(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the keys and the empty database of this machine."""
    installation = create_installation(settings_of(ctx))
    folder = installation.settings.data_dir
    emit(
        {"data_dir": str(folder), "key_id": installation.keyring.key_id.hex()},
        as_json=as_json,
        text=f"Keys and database are in {folder}.\nNext: carnet-node enrol --hub URL CODE",
    )


@enrol_app.command()
def enrol(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="the code from the hub operator's letter")],
    *,
    hub: Annotated[str | None, typer.Option("--hub", help="the hub's address, https://...")] = None,
    name: Annotated[str, typer.Option("--name", help="what people call this machine")] = "front desk",
    card_file: Annotated[Path | None, typer.Option("--card-file", help="without a line: the hub's card")] = None,
    request_file: Annotated[
        Path | None, typer.Option("--request-file", help="without a line: write the request", callback=file_to_write)
    ] = None,
    answer_file: Annotated[Path | None, typer.Option("--answer-file", help="without a line: read the answer")] = None,
    is_recovering: Annotated[
        bool, typer.Option("--recover", help="go on for a lost machine of the site, in an empty folder")
    ] = False,
    origin: Annotated[
        str, typer.Option("--from", help="with --recover: litestream, copy, hub, or another machine's data folder")
    ] = "",
    copy_name: Annotated[str | None, typer.Option("--copy", help="with --recover: exactly this copy")] = None,
    at: At = None,
    source: Source = None,
    recovery_file: RecoveryFile = None,
    recovery_code: Annotated[
        str | None, typer.Option("--recovery-code", help="instead of the passphrase: the operator's second code")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Join a dealer site with a one-time code, on a line (--hub) or by files; with --recover, for a lost machine."""
    settings, parsed = settings_of(ctx), parse_code(code)
    url = None if hub is None else check_hub_url(hub)
    if is_recovering:
        if url is None:
            raise typer.BadParameter("--recover needs --hub URL; without a line: restore, then enrol by files")
        from carnet_node.entrypoints.cli.moving import Wanted, move  # noqa: PLC0415  (few enrolments bring a backup)

        move(
            settings,
            Door(parsed, name, url),
            Wanted(origin, copy_name, at, source, recovery_file, recovery_code),
            as_json=as_json,
        )
        return
    if url is None and request_file is None and answer_file is None:
        raise typer.BadParameter("give --hub URL, or --card-file with --request-file, or --answer-file")
    installation = open_installation(settings)
    if answer_file is not None:
        pending = pending_enrolment(installation.joining(), parsed, None, name)
        _tell(taken(installation, parsed, pending, read_file(answer_file), url), as_json=as_json)
    elif request_file is not None:
        _write_request(installation, parsed, name, card_file, request_file, as_json=as_json)
    else:
        _tell(enter(installation, Door(parsed, name, url or "")), as_json=as_json)


def _tell(entered: Entered, *, as_json: bool) -> None:
    stated = {
        "site_code": entered.site_code,
        "site_name": entered.site_name,
        "recovery_passphrase": entered.passphrase,
    }
    emit(stated, as_json=as_json, text="\n".join(entered.lines()))


def _write_request(
    installation: Installation, code: EnrolCode, name: str, card_file: Path | None, to: Path, *, as_json: bool
) -> None:
    card = None if card_file is None else read_file(card_file)
    to.write_bytes(pending_enrolment(installation.joining(), code, card, name).request_message)
    text = f"The request is in {to}. Take it to the hub, and come back with --answer-file."
    emit({"request_file": str(to)}, as_json=as_json, text=text)


def read_file(path: Path) -> bytes:
    """A small file that was named on the command line.

    Raises:
        BadValue: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadValue(Reason.NOT_FOUND, "file", f"{path.name} cannot be read") from error
