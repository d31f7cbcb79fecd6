"""`init` and `enrol`: keys first, then a dealer site.

Holds no rule; see `core.enrolment` for what is believed and `bootstrap` for what is written.
"""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.bootstrap import Installation, create_installation, open_installation
from carnet_node.core.enrolment import PendingEnrolment, check_hub_url
from carnet_node.core.failures import HubUnreachable, NoHubThere
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import EnrolCode, parse_code
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

init_app = typer.Typer(add_completion=False, rich_markup_mode=None)
enrol_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@init_app.command()
def init(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the keys and the empty database of this machine."""
    installation = create_installation(NodeSettings.load(ctx.obj))
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
        Path | None, typer.Option("--request-file", help="without a line: write the request")
    ] = None,
    answer_file: Annotated[Path | None, typer.Option("--answer-file", help="without a line: read the answer")] = None,
    as_json: AsJson = False,
) -> None:
    """Join a dealer site with a one-time code, on a line (--hub) or by files."""
    if hub is None and request_file is None and answer_file is None:
        raise typer.BadParameter("give --hub URL, or --card-file with --request-file, or --answer-file")
    parsed = parse_code(code)
    url = None if hub is None else check_hub_url(hub)
    installation = open_installation(NodeSettings.load(ctx.obj))
    if answer_file is not None:
        pending = pending_enrolment(installation.joining(), parsed, None, name)
        answer = read_file(answer_file)
    elif request_file is not None:
        card = None if card_file is None else read_file(card_file)
        pending = pending_enrolment(installation.joining(), parsed, card, name)
        request_file.write_bytes(pending.request_message)
        text = f"The request is in {request_file}. Take it to the hub, and come back with --answer-file."
        emit({"request_file": str(request_file)}, as_json=as_json, text=text)
        return
    else:
        try:
            pending, answer = anyio.run(_ask, installation, parsed, name, url)
        except HubUnreachable as failure:
            raise NoHubThere(hub or "") from failure
    welcome, passphrase = finish_enrolment(installation.joining(), parsed, pending, answer, url)
    emit(
        {"site_code": welcome.site_code, "site_name": welcome.site_name, "recovery_passphrase": passphrase},
        as_json=as_json,
        text=f"This machine now belongs to {welcome.site_code} {welcome.site_name}.\n"
        f"Recovery passphrase: {passphrase}\n"
        "Print it and lock it away now: it is shown once and kept nowhere. With it and a backup, secret values\n"
        "can be read again when this machine is lost.",
    )


async def _ask(
    installation: Installation, code: EnrolCode, name: str, url: str | None
) -> tuple[PendingEnrolment, bytes]:
    """Fetch the card, make the request, bring the answer."""
    async with installation.hub_client(url) as link:
        card = await link.card()
        pending = pending_enrolment(installation.joining(), code, card, name)
        return pending, await link.enrol(pending.request_message)


def read_file(path: Path) -> bytes:
    """A small file that was named on the command line.

    Raises:
        BadValue: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadValue(Reason.NOT_FOUND, "file", f"{path.name} cannot be read") from error
