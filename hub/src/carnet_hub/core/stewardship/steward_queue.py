"""What waits for a steward: the pairs to look at, those about the same people together.

Decides what stands together on one screen, how sure the matcher was of it, and in which order. Nothing here is masked:
that is the screen's business. Everything of one view is read in one snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import Golden, golden_for, read_members
from carnet_hub.core.limits import LIST_ROWS_MAX, QUEUE_PAIRS_MAX
from carnet_hub.core.master_rows import ProposalPlace, ProposalRow
from carnet_hub.core.shown import shown_values
from carnet_hub.core.stewardship.causes import HELD, require_cause
from carnet_hub.core.stewardship.matching import NANO
from carnet_protocol.ids import RecordId, golden_id
from carnet_protocol.kinds import IDENTITY, REGISTRY


@dataclass(frozen=True, slots=True)
class Entity:
    """Proposals that are about the same people.

    Attributes:
        customers: by golden id where they have one.
        pairs: oldest first.
    """

    customers: tuple[RecordId, ...]
    pairs: tuple[ProposalRow, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a steward.

    Attributes:
        entities: oldest first.
        probabilities: by decision, 0 to 1, as the model had it when the question was asked; none without a model.
        left: pairs beyond the limit.
    """

    entities: tuple[Entity, ...]
    probabilities: Mapping[bytes, float]
    left: int


def list_queue(hub: Hub, *, cause: str = "", is_held: bool = False, limit: int = QUEUE_PAIRS_MAX) -> Queue:
    """What waits for a steward, grouped by the people it is about, oldest first.

    Args:
        cause: only this one, of whichever list; empty for all.
        is_held: what only the mode keeps from being a link, instead of what somebody has to think about.
        limit: pairs at most.

    Raises:
        Unusable: there is no such cause.
    """
    if cause:
        require_cause(cause)
    with hub.store.read() as snapshot:
        counts = snapshot.proposal_counts()
        wanted = {one for one in counts if (one == cause if cause else (one in HELD) is is_held)}
        pairs: list[ProposalRow] = []
        after: ProposalPlace = (0, b"", b"")
        while len(pairs) < limit and (rows := snapshot.proposals_after(after, LIST_ROWS_MAX)):
            pairs += [row for row in rows if row.cause in wanted]
            after = (rows[-1].position, rows[-1].one, rows[-1].other)
        pairs = pairs[:limit]
        members = snapshot.members({one for row in pairs for one in (row.one, row.other)})
        asked = snapshot.records(IDENTITY.number, [row.identity for row in pairs])
    homes = {customer: row.golden for customer, row in members.items()}
    weights = {one: shown_values(REGISTRY, row).get("weight_nanobits") for one, row in asked.items()}
    probabilities = {one: _probability(weight) for one, weight in weights.items() if isinstance(weight, int)}
    left = sum(counts[one] for one in wanted) - len(pairs)
    return Queue(tuple(_grouped(pairs, homes)), probabilities, left)


def read_customers(hub: Hub, customers: Iterable[bytes]) -> dict[bytes, Golden]:
    """Some customers, each alone, as the queue shows them side by side."""
    with hub.store.read() as snapshot:
        found = read_members(hub, snapshot, sorted(set(customers)))
    return {one: golden_for(golden_id(RecordId(one)), [member], None) for one, member in found.items()}


def _probability(weight_nanobits: int) -> float:
    """What a weight means: a bit more doubles the odds."""
    return 1 / (1 + 2 ** (-weight_nanobits / NANO))


def _grouped(pairs: Sequence[ProposalRow], homes: Mapping[bytes, bytes]) -> list[Entity]:
    """Pairs that share a customer, or a cluster, belong together."""
    group_of: dict[bytes, list[ProposalRow]] = {}
    for row in pairs:
        ends = [homes.get(one, one) for one in (row.one, row.other)]
        together = [row]
        for end in ends:
            known = group_of.get(end)
            if known is not None and known is not together:
                together = _joined(group_of, known, together)
        for end in ends:
            group_of[end] = together
    distinct = {id(group): group for group in group_of.values()}.values()
    entities = []
    for group in distinct:
        ordered = tuple(sorted(group, key=lambda row: (row.position, row.one, row.other)))
        ends_of = {homes.get(one, one) for row in ordered for one in (row.one, row.other)}
        entities.append(Entity(tuple(RecordId(one) for one in sorted(ends_of)), ordered))
    return sorted(entities, key=lambda one: (one.pairs[0].position, one.pairs[0].one, one.pairs[0].other))


def _joined(
    group_of: dict[bytes, list[ProposalRow]], known: list[ProposalRow], more: list[ProposalRow]
) -> list[ProposalRow]:
    """One group out of two; whoever was in either finds it."""
    known += more
    for end, group in group_of.items():
        if group is more:
            group_of[end] = known
    return known
