"""`quarantine`: list, why, release, give-up."""

from typing import Annotated, Any

import typer

from carnet_hub.core.exchange.quarantine import (
    ParkedSet,
    Released,
    every_parked,
    explain_parked,
    give_up_parked,
    release_parked,
)
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.entrypoints.cli.conflicts import op_from_text
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text
from carnet_protocol.ids import NONCE_BYTES
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import explain
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

quarantine_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Change sets that wait."
)

_COLUMNS = ("nonce", "reason", "parked_at", "node_id", "seq", "ops", "waits_for")

_CONSEQUENCE = (
    "what it says never has an effect, and that stands in the log for ever. "
    "It is kept, its site is told, and what waits for it goes on without it."
)

NonceText = Annotated[str, typer.Argument(help="nonce of the set, or its first digits", show_default=False)]
ReasonText = Annotated[str, typer.Option("--reason", help="why; kept in the log for ever")]


@quarantine_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Parked change sets, oldest first; most go on by themselves."""
    with hub_of(ctx) as app:
        rows = [_row(one) for one in every_parked(app.hub)]
    emit_list("parked", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)


@quarantine_app.command("why")
def why(ctx: typer.Context, nonce: NonceText, as_json: AsJson = False) -> None:
    """Why a set waits, judged against what the hub knows now."""
    with hub_of(ctx) as app:
        view = explain_parked(app.hub, find_nonce(app.hub, nonce))
    reason = explain(view.parked.reason)
    said = [reason.what, reason.safe, reason.next]
    said += [f"It waits for op {op.hex()}." for op in view.parked.waits_for]
    if view.obstacle is None:
        said.append("Nothing stands in its way now: `quarantine release` lets it go on.")
    elif view.obstacle is not view.parked.reason:
        said.append(f"By now: {explain(view.obstacle).what}")
    records = [{"kind": _kind_name(kind), "record": record} for kind, record in view.records]
    result = {**_row(view.parked), "obstacle": view.obstacle, "detail": view.detail, "records": records, "why": said}
    emit(result, as_json=as_json, text="\n".join(said))


@quarantine_app.command("release")
def release(
    ctx: typer.Context,
    nonce: NonceText,
    reason: ReasonText,
    *,
    base_lost: Annotated[
        list[str] | None, typer.Option("--base-lost", help="op that will never arrive; may be repeated")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a set go on. With --base-lost it counts as based on what was known before."""
    lost = [op_from_text(one) for one in base_lost or ()]
    with hub_of(ctx) as app:
        released = release_parked(app.hub, find_nonce(app.hub, nonce), note=reason, lost=lost)
    _emit_released(released, as_json=as_json, what="Released")


@quarantine_app.command("give-up")
def give_up(
    ctx: typer.Context, nonce: NonceText, reason: ReasonText, *, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Decide that a set will never have an effect; it is kept, and what waits for it goes on. Asks first."""
    with hub_of(ctx) as app:
        given_up = find_nonce(app.hub, nonce)
        require_consent(f"Set {given_up.hex()}: {_CONSEQUENCE}", is_agreed=yes, as_json=as_json)
        released = give_up_parked(app.hub, given_up, note=reason)
    _emit_released(released, as_json=as_json, what="Given up")


def find_nonce(hub: Hub, text: str) -> bytes:
    """The nonce of the one parked set that begins like the text.

    Raises:
        Unusable: none, or several.
    """
    wanted = text.strip().lower()
    if len(wanted) == 2 * NONCE_BYTES and all(char in "0123456789abcdef" for char in wanted):
        return bytes.fromhex(wanted)
    found = [one.nonce for one in every_parked(hub) if wanted and one.nonce.hex().startswith(wanted)]
    if len(found) != 1:
        raise Unusable(
            f"{len(found) or 'No'} parked sets begin with {text[:40]}.", "Look it up with `quarantine list`."
        )
    return found[0]


def _emit_released(released: Released, *, as_json: bool, what: str) -> None:
    followed = len(released.followed)
    result = {"position": released.row.position, "verdict": released.row.verdict, "followed": list(released.followed)}
    text = f"{what} at log position {released.row.position}; {followed} other sets went on because of it."
    emit(result, as_json=as_json, text=text)


def _row(parked: ParkedSet) -> dict[str, Any]:
    return {
        "nonce": parked.nonce.hex(),
        "reason": parked.reason.value,
        "parked_at": moment_text(parked.parked_ms),
        "position": parked.position,
        "dealer_id": parked.dealer_id,
        "node_id": parked.node_id,
        "seq": parked.seq,
        "ops": parked.op_count,
        "waits_for": [op.hex() for op in parked.waits_for],
    }


def _kind_name(number: int) -> str:
    kind = REGISTRY.by_number.get(number)
    return kind.name if kind is not None else str(number)
