"""`init` and `serve`."""

from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from carnet_hub.core.exchange.freeing import judge_again
from carnet_hub.core.failures import UnsafeBind, Unusable
from carnet_hub.entrypoints.cli.output import AsJson, emit, settings_of
from carnet_hub.settings import HubSettings
from carnet_storage.adapters.data_folders import Program, require_own_folder

init_app = typer.Typer(rich_markup_mode=None, add_completion=False)
serve_app = typer.Typer(rich_markup_mode=None, add_completion=False)


@init_app.command()
def init(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make a new hub: keys in files of their own, tables, an id."""
    from carnet_hub.bootstrap import init_hub  # noqa: PLC0415  (a help page opens no database)

    settings = settings_of(ctx)
    app = init_hub(settings)
    try:
        result = {
            "hub_id": app.hub.hub_id,
            "data": str(settings.data_dir.resolve()),
            "signing_key": app.hub.public_key.hex(),
            "export_key": app.keyring.export.public_pem().decode().strip(),
            "fingerprint": app.keyring.export.fingerprint,
        }
        text = "\n".join(
            (
                f"A new hub lives in {result['data']}.",
                f"Copy the folder {settings.keys_dir} to a safe now: the keys are in no backup of the database.",
                "Publish this export key; recall reports are verified with it:",
                str(result["export_key"]),
                f"SHA-256 fingerprint: {result['fingerprint']}",
                "`carnet-hub export key` prints both again.",
            )
        )
        emit(result, as_json=as_json, text=text)
    finally:
        app.close()


@serve_app.command()
def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="address to listen on (127.0.0.1)")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on (8700)", min=0, max=65535)] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="certificate chain, PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="private key, PEM")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="a proxy on this network ends TLS")] = False,
    workers: Annotated[int | None, typer.Option(help="processes; more than one needs PostgreSQL", min=1)] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="one JSON object a line")] = False,
) -> None:
    """Answer nodes and regulators over HTTP until stopped."""
    given: dict[str, Any] = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key, "workers": workers}
    given |= {"behind_proxy": behind_proxy or None, "log_json": log_json or None}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = HubSettings(**{**(ctx.obj or {}), **changes})
    require_own_folder(settings.data_dir, Program.HUB)
    check_bind(settings)
    check_start(settings)

    from carnet_hub.entrypoints.http.server import run_server  # noqa: PLC0415  (no other command needs a server)

    run_server(settings)


def check_start(settings: HubSettings) -> None:
    """Find out before the server starts whether there is a hub, and whether its backups can work.

    What is parked for want of a newer program is judged again by this one, and the log says what became of it.

    Raises:
        HubFailure, StorageFailure: they cannot; nothing was started.
    """
    from carnet_hub.bootstrap import open_hub  # noqa: PLC0415  (a help page opens no database)
    from carnet_hub.entrypoints.http.app import backups_of  # noqa: PLC0415  (no other command needs a server)

    app = open_hub(settings)
    try:
        backups_of(app)
        again = judge_again(app.hub)
        if again.judged:
            counts = {"judged": again.judged, "released": len(again.released)}
            structlog.get_logger("carnet_hub").info("parked_sets_judged_again", **counts)
    finally:
        app.close()


def check_bind(settings: HubSettings) -> None:
    """Refuse to speak clear HTTP to other machines, and what cannot work.

    Raises:
        UnsafeBind: neither loopback, nor TLS, nor a proxy.
        Unusable: half of a TLS pair, a file that is not there, or several workers on SQLite.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Unusable("TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key.")
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not path.is_file():
            raise Unusable(f"There is no file {path}.", "Name the PEM file.")
    if not settings.is_safe_to_bind:
        raise UnsafeBind(settings.host)
    if settings.workers > 1 and settings.url.startswith("sqlite"):
        raise Unusable("Several workers need PostgreSQL.", "Give --database postgresql://..., or one worker.")
