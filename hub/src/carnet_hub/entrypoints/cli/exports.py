"""`export recall` and `verify`: signed recall reports, and their check without a database."""

from pathlib import Path
from typing import Annotated

import typer

from carnet_hub.adapters.report_files import verify_export, write_export
from carnet_hub.core.campaigns.recall_export import prepare_export
from carnet_hub.core.campaigns.recalls import members_of
from carnet_hub.core.campaigns.report import report_files
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import EXPORT_KEY_BYTES_MAX
from carnet_hub.entrypoints.cli.output import AsJson, emit, hub_of, with_progress
from carnet_storage.adapters.outputs import file_to_write, folder_to_make

export_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Signed reports.")
verify_app = typer.Typer(rich_markup_mode=None, add_completion=False)


@export_app.callback()
def export_group() -> None:
    """Signed reports that anybody can verify with openssl."""


@export_app.command("recall")
def export_recall(
    ctx: typer.Context,
    campaign_no: Annotated[str, typer.Argument(help="number of the campaign", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="folder to make; it must not exist yet", callback=folder_to_make)],
    created_ms: Annotated[
        int | None, typer.Option(help="date the report (ms since 1970), to make the same bytes again")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a recall report: every vehicle, every completion with its evidence, signed."""
    with hub_of(ctx) as app:
        prepared = prepare_export(app.hub, app.segments, campaign_no, created_ms=created_ms)
        progress = prepared.progress
        members = members_of(app.segments, prepared.campaign)
        shown = with_progress("writing", members, total=progress.member_count, is_quiet=as_json)
        write_export(
            out, prepared.head, report_files(prepared.head, progress, shown, prepared.citations), app.keyring.export
        )
    result = {
        "campaign_no": campaign_no,
        "folder": str(out),
        "log_position": prepared.head.position,
        "members": progress.member_count,
        "completed": progress.completed_count,
        "export_key": app.keyring.export.key_id.hex(),
        "fingerprint": app.keyring.export.fingerprint,
    }
    counts = f"{progress.completed_count} of {progress.member_count} completed at log position {prepared.head.position}"
    text = "\n".join(
        (
            f"{out}: {counts}. README.txt says how to verify it.",
            f"Signed by the export key with the SHA-256 fingerprint {app.keyring.export.fingerprint}.",
        )
    )
    emit(result, as_json=as_json, text=text)


@export_app.command("key")
def export_key(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the PEM file to publish", callback=file_to_write)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The public key that signs reports, and its fingerprint: what a hub publishes."""
    with hub_of(ctx) as app:
        signer = app.keyring.export
        if out is not None:
            app.files.replace(out, signer.public_pem())
    pem = signer.public_pem().decode().strip()
    result = {"export_key": pem, "fingerprint": signer.fingerprint, "key_id": signer.key_id.hex()}
    emit(result, as_json=as_json, text=f"{pem}\nSHA-256 fingerprint: {signer.fingerprint}")


@verify_app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="folder of an export")],
    key: Annotated[
        Path | None, typer.Option(help="the published export key, PEM; without it the folder's own is used")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a report: signature, every file byte for byte, totals against rows. Needs no hub."""
    pem = None
    if key is not None:
        if not key.is_file() or key.stat().st_size > EXPORT_KEY_BYTES_MAX:
            raise Unusable(f"{key} is no key file.", "Name the PEM file that the hub published.")
        pem = key.read_bytes()
    verified = verify_export(folder, pem)
    result = {
        "is_valid": True,
        **{name.replace("-", "_"): value for name, value in verified.facts.items()},
        "files": len(verified.files),
        "key_id": verified.key_id.hex(),
        "fingerprint": verified.fingerprint,
        "is_key_pinned": verified.is_key_pinned,
    }
    caution = "" if verified.is_key_pinned else "\nCompare it with the published one: the key came with the folder."
    signed_by = f"signed by the export key with the SHA-256 fingerprint {verified.fingerprint}"
    text = f"Valid: {len(verified.files)} files, {signed_by}.{caution}"
    emit(result, as_json=as_json, text=text)
