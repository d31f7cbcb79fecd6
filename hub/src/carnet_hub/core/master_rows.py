"""What the hub keeps about who is who, as plain rows; all of them but `ModelRow` are projections of the log.

Decides which facts exist and what identifies each, as `rows` does for everything else. No projection is the truth: what
a record shows makes its party and its keys, `identity` decisions make the rest, and `rebuild` makes all of it again.
"""

from typing import Final, NamedTuple


class PartyRow(NamedTuple):
    """A customer as matching sees it.

    Attributes:
        since: position of the log entry that first folded it; its place among the oldest of a cluster.
        kind: person, company, or empty while nobody has said.
        is_live: it is there and not deleted; others are in no cluster.
        identifiers: its valid document numbers, keyed hashes of 16 bytes, joined, ascending.
        keys: the keys it is found by, keyed hashes of 16 bytes, joined, ascending.
        features: what is compared, sealed.
    """

    customer: bytes
    dealer_id: bytes
    since: int
    kind: str
    is_live: bool
    identifiers: bytes
    keys: bytes
    features: bytes


class MatchKeyRow(NamedTuple):
    """A key under which a customer is found."""

    key: bytes
    customer: bytes


class DecisionRow(NamedTuple):
    """An `identity` decision, once from each of its two customers.

    Attributes:
        position, op_index: where in the log it stands.
        target: the decision it takes back; empty for others.
    """

    customer: bytes
    other: bytes
    identity: bytes
    position: int
    op_index: int
    effect: str
    authority: str
    cause: str
    target: bytes


class MemberRow(NamedTuple):
    """A customer in a cluster of at least two."""

    customer: bytes
    golden: bytes


class AliasRow(NamedTuple):
    """A golden id and the customer that lends it: it leads there for ever, whatever cluster the customer is in.

    Every customer has one that was ever linked with another. Nothing in it, nor in `MemberRow`, says since when: what
    an erasure takes away could not be told again by a fold from the log.
    """

    former: bytes
    customer: bytes


class ProposalRow(NamedTuple):
    """Two customers that wait for a steward.

    Attributes:
        one, other: the smaller id first.
        position: of the decision to look at.
        cause: what the matcher was not sure about, or the guard that stopped a link.
    """

    one: bytes
    other: bytes
    identity: bytes
    position: int
    cause: str


class ModelRow(NamedTuple):
    """What a person did about the matching models. No projection: the log needs no model, and a fold reads none.

    Attributes:
        number: the first is 1, without gaps.
        model_id: SHA-256 of the file; empty for going back to the shipped model.
        data, signature: the file, and the hub's signature over it; empty with the id.
        by: code of the person.
    """

    number: int
    party_kind: str
    model_id: bytes
    data: bytes
    signature: bytes
    by: str
    at_ms: int


PartyPlace = tuple[int, bytes]
"""(since, customer): where a customer stands in the order in which the log first folded them."""

ProposalPlace = tuple[int, bytes, bytes]
"""(position, one, other): where a proposal stands in the queue."""

MasterRow = PartyRow | MatchKeyRow | DecisionRow | MemberRow | AliasRow | ProposalRow | ModelRow

MASTER_PROJECTIONS: Final[dict[type[MasterRow], int]] = {
    PartyRow: 1,
    MatchKeyRow: 2,
    DecisionRow: 3,
    MemberRow: 1,
    AliasRow: 1,
    ProposalRow: 2,
}
"""How many of a row's first columns identify it."""
