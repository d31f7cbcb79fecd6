"""Where an order of the hub stood in one of its histories, and so whether somebody who read that history knew of it.

Decides that for a set and an erasure order. An order that a restored hub gets back stands at another position than the
one at which its readers read it; its header still says in which history it was given, and behind which position. Does
not decide what follows (`belonging`).

    the order, seen from one history                            stood there
    ----------------------------------------------------------  ------------------------------------------------------
    lies in what that history shares with the present one       where it stands now
    was given in it, or in what it shares with an earlier one   right behind the position in its header
    was given in a later history                                nowhere
    was given before, and came back to it once more             nobody can tell
    of a history that the hub does not know                     nobody can tell; nowhere, if it was given in the present

Rules:
- Whoever had read as far as the order knew of it.
- A set that the hub had confirmed while the order stood in its log was looked at then: what it brought was named by the
  order, or by one of its own, or was somebody else's. That decides too where nobody can tell what its author had read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.limits import POSITION_MAX
from carnet_hub.core.lineage import Branch, shared_between
from carnet_protocol.changeset import Header

_NOWHERE: Final = POSITION_MAX + 1
"""A position that nobody reads."""


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """An order as it stands in the present log.

    Attributes:
        position: where it stands now.
        header: of the hub's set; it names the history and the position behind which the order was given first.
    """

    position: int
    header: Header


def was_known(order: GivenOrder, branches: Sequence[Branch], header: Header, confirmed_in: bytes | None) -> bool:
    """Whether a set was written, or looked at by this hub, with an order in sight.

    Args:
        branches: every history of the hub, oldest first, the present one last.
        header: of the set.
        confirmed_in: the hub epoch of a receipt by which the hub had accepted this very set; None without one.
    """
    read = _place_in(order, branches, header.hub_epoch)
    if read is not None and read <= header.hub_position:
        return True
    return confirmed_in is not None and _place_in(order, branches, confirmed_in) != _NOWHERE


def _place_in(order: GivenOrder, branches: Sequence[Branch], hub_epoch: bytes) -> int | None:
    """The position of an order in one history; None where nobody can tell."""
    epochs = [one.hub_epoch for one in branches]
    given_in = order.header.hub_epoch
    if hub_epoch not in epochs:
        return _NOWHERE if given_in == epochs[-1] else None
    if order.position <= shared_between(branches, hub_epoch, epochs[-1]):
        return order.position
    if given_in not in epochs:
        return None
    if epochs.index(given_in) > epochs.index(hub_epoch):
        return _NOWHERE
    first = order.header.hub_position + 1
    return first if first <= shared_between(branches, given_in, hub_epoch) else None
