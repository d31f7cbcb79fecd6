"""A bundle as a download and an upload: what `bundle export` and `bundle import` do, for a page.

Decides the order of steps: may they, make the whole file, note it, and only then hand it out; what comes back is taken
first and noted then. A bundle is encrypted to the hub, so nobody on the way reads it. What it holds is `core.bundling`.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_node.adapters.bundle_files import open_bundle, seal_bundle
from carnet_node.core.leaving import SenderLock
from carnet_node.core.line.bundling import BundleReport, pack_for_hub, take_from_hub
from carnet_node.core.local_facts import Access
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.numbering import business_day
from carnet_node.core.roles import Permission
from carnet_node.core.staff.access_log import note_access
from carnet_node.entrypoints.software import SOFTWARE

_BUNDLE: Final = "bundle"


@dataclass(frozen=True, slots=True)
class Sticks:
    """What bundles need besides the node.

    Attributes:
        own_key: opens what the hub made for this node.
        sender: held while a bundle is made; a line that sends meanwhile would be told twice.
    """

    own_key: X25519PrivateKey
    sender: SenderLock


@dataclass(frozen=True, slots=True)
class Stick:
    """A bundle for the hub as a file; its name says which site and which day."""

    name: str
    content: bytes
    sets: int


def make_stick(node: Node, sticks: Sticks) -> Stick:
    """Everything the hub has not answered, as a file that only the hub can read.

    Raises:
        CommandRefused: the role does not operate this machine; nothing left.
        AnotherSender: the line is sending; try again.
        NotEnrolled, StoreBusy, StoreBroken, HighWaterUnreadable: nothing left.
    """
    _require_operator(node)
    with sticks.sender.hold():
        packed = pack_for_hub(node, software=SOFTWARE)
        content = seal_bundle(packed.plain, node.identity.hub_exchange_key)
    note_access(node, Access.EXPORTED, _BUNDLE, packed.sets)
    day = business_day(node.clock.now_ms(), node.settings.utc_offset_minutes)
    return Stick(f"{node.identity.site_code}-for-hub-{day}.carnet", content, packed.sets)


def take_stick(node: Node, sticks: Sticks, sealed: bytes) -> BundleReport:
    """The hub's answer: receipts, what is new, recall lists. Taking it twice does no harm.

    Raises:
        CommandRefused: the role does not operate this machine; nothing was taken.
        Malformed, NotAuthentic: no bundle, not the hub's, altered, for another node; nothing was taken.
        OutOfOrder: see `core.bundling.take_from_hub`.
    """
    _require_operator(node)
    report = take_from_hub(node, open_bundle(sealed, sticks.own_key))
    note_access(node, Access.IMPORTED, _BUNDLE, report.rows)
    return report


def _require_operator(node: Node) -> None:
    with node.store.read() as tx:
        require(node, tx, Permission.OPERATE)
