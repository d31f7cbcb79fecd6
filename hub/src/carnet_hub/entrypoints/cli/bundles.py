"""`bundle import` and `bundle export`: messages on a USB stick instead of a line."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.core.exchange.bundling import BundleCursor, Parts, pack_for, parts_for, take_bundle
from carnet_hub.core.exchange.list_telling import count_left_out, list_parts
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import BUNDLE_FILE_BYTES_MAX
from carnet_hub.core.rows import Node
from carnet_hub.core.upkeep.overview import list_nodes
from carnet_hub.entrypoints.cli.nodes import find_line
from carnet_hub.entrypoints.cli.output import AsJson, emit, hub_of
from carnet_protocol.messages import PushCode
from carnet_storage.adapters.outputs import file_to_write, require_file_place

if TYPE_CHECKING:
    from carnet_hub.bootstrap import HubApp

bundle_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Files for a USB stick."
)

_SUFFIX = ".carnet"


@bundle_app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="bundle from a node")],
    out: Annotated[Path | None, typer.Option("--out", help="the answer to carry back", callback=file_to_write)] = None,
    as_json: AsJson = False,
) -> None:
    """Take a node's bundle, and write the answer for the way back. Importing it twice changes nothing."""
    with hub_of(ctx) as app:
        content = app.files.read(file, bytes_max=BUNDLE_FILE_BYTES_MAX)
        if content is None:
            raise Unusable(f"There is no file {file}.", "Name the bundle from the node.")
        answer = out if out is not None else file.with_suffix(f".answer{_SUFFIX}")
        require_file_place(answer)
        taken = take_bundle(app.hub, decrypt_bundle(content, app.keyring.exchange))
        parts = [*taken.parts, *parts_for(app.hub, app.segments, taken.node, taken.since)]
        parts += list_parts(app.hub, app.lists, taken.since, parts)
        left = count_left_out(app.hub, app.lists, taken.since, parts)
        _write(app, taken.node, parts, answer)
    counts = Counter(PushCode(code).name.lower() for code in taken.set_codes)
    verdicts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())) or "none"
    result = {
        "node_id": taken.node.node_id,
        "sets": dict(counts),
        "parts": len(parts),
        "lists_left_out": left,
        "answer": answer,
    }
    said = f"Change sets: {verdicts}. Carry {answer} back to the node."
    emit(result, as_json=as_json, text=said + _left_text(left))


@bundle_app.command("export")
def export(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="node id, or its first characters", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="file to write", callback=file_to_write)],
    cursor: Annotated[int | None, typer.Option(help="from this position; the node's own when left out", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Write what a node has not read yet, without hearing from it first."""
    with hub_of(ctx) as app:
        line = find_line(list_nodes(app.hub), node)
        known = line.status.cursor if line.status is not None else 0
        since = BundleCursor(known if cursor is None else cursor, app.hub.hub_epoch)
        parts = parts_for(app.hub, app.segments, line.node, since)
        parts += list_parts(app.hub, app.lists, since, parts)
        left = count_left_out(app.hub, app.lists, since, parts)
        _write(app, line.node, parts, out)
    result: dict[str, Any] = {"node_id": line.node.node_id, "parts": len(parts), "lists_left_out": left, "file": out}
    said = f"{out}: {len(parts)} parts, readable by {line.site_code} {line.name} only."
    emit(result, as_json=as_json, text=said + _left_text(left))


def _left_text(left: int) -> str:
    """What becomes of recall lists that a stick does not bring."""
    if not left:
        return ""
    return f"\n{left} recall lists had no room or are missing here; the answer to the node's next bundle brings them."


def _write(app: "HubApp", node: Node, parts: Parts, out: Path) -> None:
    app.files.replace(out, encrypt_bundle(pack_for(app.hub, node, parts), node.exchange_key))
