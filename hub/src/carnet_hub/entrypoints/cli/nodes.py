"""`nodes`: who is stuck and why, suspend, resume, revoke, and enrolment by file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.exchange.enrolment import answer_enrol
from carnet_hub.core.exchange.revoking import Revoked, position_before, retire_node, revoke_compromised
from carnet_hub.core.exchange.standing import resume_node, suspend_node
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import POSITION_DIGITS_MAX, REQUEST_BYTES_MAX
from carnet_hub.core.upkeep.overview import NodeLine, NodeState, explain_node, list_nodes
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, working
from carnet_protocol.ids import NodeId, record_text
from carnet_storage.adapters.outputs import file_to_write
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

nodes_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Dealers' machines.")

_WRITE_TIME: Final = "Write a log position, or a time with its offset, for instance 2026-11-20T18:00+08:00."

NodeText = Annotated[str, typer.Argument(help="node id, or its first characters", show_default=False)]

COLUMNS = (
    "site_code",
    "name",
    "state",
    "last_seen",
    "unsent_sets",
    "behind",
    "parked",
    "refused",
    "histories_today",
    "node_id",
)


@nodes_app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[NodeState | None, typer.Option(help="only these")] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Every node with its state."""
    with hub_of(ctx) as app:
        lines = list_nodes(app.hub)
    rows = [_row(line) for line in lines if state is None or line.state is state]
    emit_list("nodes", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


@nodes_app.command("why")
def why(
    ctx: typer.Context,
    node: NodeText,
    as_json: AsJson = False,
) -> None:
    """Why a node is in its state, and what to do about it."""
    with hub_of(ctx) as app:
        line = find_line(list_nodes(app.hub), node)
        sentences = explain_node(line, app.hub.clock.now_ms())
    emit({**_row(line), "why": sentences}, as_json=as_json, text="\n".join(sentences))


@nodes_app.command("suspend")
def suspend(ctx: typer.Context, node: NodeText, as_json: AsJson = False) -> None:
    """Take nothing from one machine any more; what it records stays with it, and its site goes on."""
    with hub_of(ctx) as app:
        line = find_line(list_nodes(app.hub), node)
        suspend_node(app.hub, NodeId(line.node.node_id))
        line = _as_now(app.hub, line)
    name = record_text(line.node.node_id)
    text = f"{line.site_code} {line.name} is suspended. It keeps its work; `nodes resume {name}` takes it again."
    emit(_row(line), as_json=as_json, text=text)


@nodes_app.command("resume")
def resume(ctx: typer.Context, node: NodeText, as_json: AsJson = False) -> None:
    """Take a suspended machine's work again."""
    with hub_of(ctx) as app:
        line = find_line(list_nodes(app.hub), node)
        resume_node(app.hub, NodeId(line.node.node_id))
        line = _as_now(app.hub, line)
    emit(_row(line), as_json=as_json, text=f"{line.site_code} {line.name} may send again; it is {line.state.value}.")


@nodes_app.command("revoke")
def revoke(
    ctx: typer.Context,
    node: NodeText,
    reason: Annotated[str, typer.Option("--reason", help="why; every node receives it, so name no person")],
    *,
    retired: Annotated[bool, typer.Option("--retired", help="all it has sent stays")] = False,
    compromised_from: Annotated[
        str | None,
        typer.Option(
            "--compromised-from",
            help="last log position, or a time like 2026-11-20T18:00+08:00, at which the key was in honest hands",
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take nothing from a machine any more, for ever; what a thief may have sent loses its effect."""
    if retired == (compromised_from is not None):
        raise typer.BadParameter("give either --retired or --compromised-from")
    with hub_of(ctx) as app:
        line = find_line(list_nodes(app.hub), node)
        suspect_from = None if compromised_from is None else _position_of(app.hub, compromised_from)
        require_consent(_consequence(line, suspect_from), is_agreed=yes, as_json=as_json)
        with working("folding the log again", is_quiet=as_json):
            node_id = NodeId(line.node.node_id)
            if suspect_from is None:
                revoked = retire_node(app.hub, node_id, reason=reason)
            else:
                revoked = revoke_compromised(app.hub, node_id, suspect_from=suspect_from, reason=reason)
    suspects = revoked.suspects
    result = {
        "node_id": revoked.node_id,
        "position": revoked.position,
        "keys": revoked.keys,
        "excluded": [one.hex() for one in suspects.folded],
        "given_up": [one.hex() for one in suspects.parked],
    }
    emit(result, as_json=as_json, text=_revoked_text(revoked))


@nodes_app.command("enrol")
def enrol(
    ctx: typer.Context,
    request: Annotated[Path, typer.Argument(help="file from `carnet-node enrol --request-file`")],
    out: Annotated[Path, typer.Option("--out", help="the answer to carry back", callback=file_to_write)],
    as_json: AsJson = False,
) -> None:
    """Let a node in that has no network, by file."""
    with hub_of(ctx) as app:
        message = app.files.read(request, bytes_max=REQUEST_BYTES_MAX)
        if message is None:
            raise Unusable(f"There is no file {request}.", "Name the request file from the node.")
        app.files.replace(out, answer_enrol(app.hub, app.keys, message))
    text = f"The node is let in. Carry {out} back: `carnet-node enrol --answer-file {out.name}`."
    emit({"answer": out}, as_json=as_json, text=text)


def _consequence(line: NodeLine, suspect_from: int | None) -> str:
    """What cannot be taken back when a machine is revoked."""
    said = f"Nothing of {line.site_code} {line.name} is taken any more, for ever."
    return said if suspect_from is None else f"{said} What it sent from log position {suspect_from} on has no effect."


def find_line(lines: list[NodeLine], text: str) -> NodeLine:
    """The one node whose id begins like the text.

    Raises:
        Unusable: none, or several.
    """
    wanted = text.strip().lower()
    found = [line for line in lines if wanted and record_text(line.node.node_id).startswith(wanted)]
    if len(found) != 1:
        raise Unusable(f"{len(found) or 'No'} nodes begin with {text[:40]}.", "Look the id up with `nodes list`.")
    return found[0]


def _position_of(hub: Hub, text: str) -> int:
    """A log position as given, or the last one before a time of the hub's clock.

    Raises:
        Unusable: neither a number nor a time with its offset.
    """
    if text.isascii() and text.isdigit():
        return int(text[:POSITION_DIGITS_MAX])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unusable(f"{text[:40]} is no position and no time.", _WRITE_TIME) from error
    if moment.tzinfo is None:
        raise Unusable(f"{text[:40]} does not say which time zone it means.", _WRITE_TIME)
    with hub.store.read() as snapshot:
        return position_before(snapshot, int(moment.timestamp() * 1000))


def _revoked_text(revoked: Revoked) -> str:
    suspects = revoked.suspects
    lines = [f"{record_text(revoked.node_id)} is revoked; none of its {revoked.keys} keys is taken any more."]
    if suspects.folded or suspects.parked:
        lines += [
            f"{len(suspects.folded)} sets have lost their effect; {len(suspects.parked)} waiting ones get none.",
            "The log keeps them. Its site sees them with `carnet-node excluded list` and can confirm honest ones.",
        ]
    return "\n".join([*lines, "To go on with the machine, enrol it anew: `dealers invite`."])


def _as_now(hub: Hub, line: NodeLine) -> NodeLine:
    """The same node after a change."""
    return find_line(list_nodes(hub), record_text(line.node.node_id))


def _row(line: NodeLine) -> dict[str, Any]:
    status = line.status
    return {
        "node_id": line.node.node_id,
        "name": line.name,
        "site_code": line.site_code,
        "state": line.state.value,
        "next": line.next_step,
        "last_seen": moment_text(status.last_seen_ms) if status else None,
        "unsent_sets": status.unsent_sets if status else None,
        "oldest_unsent": moment_text(status.oldest_unsent_ms) if status and status.unsent_sets else None,
        "clock_offset_ms": status.clock_offset_ms if status else None,
        "software": status.software if status else None,
        "failures": status.failures if status else 0,
        "behind": line.behind,
        "missing": [[one.epoch_ordinal, one.first, one.last] for one in line.missing],
        "parked": line.parked,
        "refused": line.refused,
        "histories_today": line.day.granted,
        "histories_put_off": line.day.put_off,
    }
