"""`bundle export` and `bundle import`: changes on a USB stick, for a site without a line."""

from pathlib import Path
from typing import Annotated

import typer

from carnet_node.adapters.bundle_files import read_bundle, write_bundle
from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_node.entrypoints.cli.opening import installation_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.presenting import instant_text
from carnet_node.entrypoints.software import SOFTWARE
from carnet_storage.adapters.outputs import file_to_write

bundle_app = one_group(help="Changes on a USB stick.")


@bundle_app.command("export")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="file to write; only the hub can read it", callback=file_to_write)],
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything the hub has not answered. Taking it there twice does no harm."""
    installation = installation_of(ctx)
    node = installation.node()
    with installation.high_water.hold():
        packed = pack_for_hub(node, software=SOFTWARE)
        size = write_bundle(file, packed.plain, node.identity.hub_exchange_key, installation.files)
    rest = "" if packed.is_whole else " It is full; export again when the answer is back."
    emit(
        {"file": str(file), "sets": packed.sets, "bytes": size, "is_whole": packed.is_whole},
        as_json=as_json,
        text=f"Change sets in {file}: {packed.sets}. Bring the hub's answer back with `bundle import`.{rest}",
    )


@bundle_app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="file from the hub")],
    *,
    as_json: AsJson = False,
) -> None:
    """Take the hub's answer: receipts, what is new, recall lists."""
    installation = installation_of(ctx)
    node = installation.node()
    report = take_from_hub(node, read_bundle(file, installation.keyring.exchange, installation.files))
    result = {
        "accepted": report.accepted,
        "with_conflicts": report.with_conflicts,
        "parked": report.parked,
        "refused": report.refused,
        "unanswered": report.unanswered,
        "pages": report.pages,
        "rows": report.rows,
        "segments": report.segments,
        "made_at": instant_text(report.made_ms),
    }
    made_at = instant_text(report.made_ms, node.settings.utc_offset_minutes)
    accepted = report.accepted + report.with_conflicts
    text = (
        f"The hub has accepted {accepted} change sets ({report.with_conflicts} with conflicts), parked {report.parked} "
        f"and refused {report.refused}; {report.unanswered} are not answered yet.\n"
        f"records: {report.rows}, recall lists: {report.segments}, as of {made_at}"
    )
    emit(result, as_json=as_json, text=text)
