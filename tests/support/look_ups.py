"""Look-ups as a node asks them and as a test reads their answers; made with the protocol alone."""

from carnet_hub.core import rows
from carnet_hub.core.exchange.looking_up import answer_look_up
from carnet_hub.core.exchange.sessions import issue_challenge
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_protocol.envelope import Purpose
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.look_up import LookUpAnswer, LookUpRequest
from carnet_protocol.messages import PageRow, open_frame, sign_frame
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import show
from carnet_protocol.state import entries_from_wire
from support.authors import SiteAuthor
from support.hub_world import VIN, HubWorld
from support.protocol import HUB, fixed

SESSION_KEY = fixed("session key", 32)


def asked(world: HubWorld, site: SiteAuthor, **changes: object) -> bytes:
    """A signed look-up of a site, on a fresh challenge; by the VIN of `hub_world` unless a test wants otherwise."""
    values: dict[str, object] = {
        "version": 1,
        "challenge": issue_challenge(SESSION_KEY, world.clock.ms),
        "dealer_id": site.dealer_id,
        "node_id": site.node_id,
        "way": "vin",
        "sought": VIN,
        "reason": "at_desk",
        "customer_id": None,
        "staff_id": None,
    }
    request = LookUpRequest(**{**values, **changes})  # type: ignore[arg-type]
    return sign_frame(request, Purpose.LOOK_UP, HUB, site.signer)


def look_up(world: HubWorld, site: SiteAuthor, **changes: object) -> LookUpAnswer:
    """The hub's answer, its signature checked."""
    message = answer_look_up(world.hub, SESSION_KEY, asked(world, site, **changes))
    return open_frame(message, LookUpAnswer, world.hub.public_key, Purpose.LOOK_UP, HUB)


def shown_by_kind(answer: LookUpAnswer) -> dict[str, list[dict[str, Value]]]:
    """What an answer shows, by kind and field name."""
    found: dict[str, list[dict[str, Value]]] = {}
    for row in answer.rows:
        found.setdefault(REGISTRY.by_number[row.kind].name, []).append(shown_of(row))
    return found


def shown_of(row: PageRow) -> dict[str, Value]:
    """The values of one row by field name; what is masked is missing."""
    kind = REGISTRY.by_number[row.kind]
    values = show(kind, entries_from_wire(row.entries)).values
    return {kind.by_label[label][1].name: value for label, value in values.items()}


def ledger(world: HubWorld) -> list[LookUpRow]:
    """Every line of the ledger."""
    with world.hub.store.read() as snapshot:
        return list(snapshot.scan(LookUpRow))


def assigned(world: HubWorld, site: SiteAuthor) -> list[rows.AssignmentRow]:
    """The assignments of one site."""
    with world.hub.store.read() as snapshot:
        return [row for row in snapshot.scan(rows.AssignmentRow) if row.dealer_id == site.dealer_id]
