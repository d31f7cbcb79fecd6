"""Which relations between customers say something new: who is near whom is told once, not for every pair.

Decides, for two customers that share a contact and are not one, whether the log has to say so. A family of four that
visits three sites has a dozen records, and every two of them share a telephone: sixty-six pairs, and nothing in them
that eleven relations do not say. Does not decide that two customers are near each other (`carnet_master.tiers`).

Rules:
- Whoever is connected already, by relations of the same cause or by being one customer, is not related once more.
- The younger of two customers brings the relation, and has at most `RELATIONS_MAX`. So a family stands round its oldest
  record like a star, and a customer writes a bounded number of relations into the log, whatever it shares with whom.
- Both rules look at what stands and only ever say less when there is more of it: weighing twice relates nobody twice.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.master_limits import RELATED_SHOWN_MAX, RELATIONS_MAX
from carnet_hub.core.sets.master_book import MasterBook
from carnet_master.clusters import Decision, Effect, Pair, standing_decisions

_ANY: Final = ""
"""In place of a cause: being one customer connects whatever is related."""


class Related:
    """What one round of the matcher has related and linked, before it is written.

    Between two of its words the book does not change, so what stands about a customer is asked for once.
    """

    def __init__(self) -> None:
        self._links: list[Pair] = []
        self._circles: dict[str, _Circle] = {}
        self._counts: Counter[bytes] = Counter()
        self._standing: dict[bytes, list[tuple[str, Pair]]] = {}

    def link(self, pair: Pair) -> None:
        """Two are one, which connects them whatever the cause."""
        self._links.append(pair)
        for circle in self._circles.values():
            circle.join(*pair)

    def relate(self, pair: Pair, cause: str) -> None:
        """Two are near each other."""
        self._counts.update(pair)
        self.circle(cause).join(*pair)

    def count(self, customer: bytes) -> int:
        """How many relations of a customer are not written yet."""
        return self._counts[customer]

    def circle(self, cause: str) -> "_Circle":
        """Whom relations of one cause and links connect."""
        if cause not in self._circles:
            circle = self._circles[cause] = _Circle()
            for pair in self._links:
                circle.join(*pair)
        return self._circles[cause]

    def standing(self, book: MasterBook, customer: bytes) -> list[tuple[str, Pair]]:
        """What stands already and connects a customer: its relations by cause, and the cluster it is in for any."""
        found = self._standing.get(customer)
        if found is None:
            found = self._standing[customer] = [(one.cause, (one.one, one.other)) for one in _relations(book, customer)]
            held = book.member(customer)
            if held is not None:
                found.append((_ANY, (customer, held.golden)))
        return found


def is_news(book: MasterBook, related: Related, pair: Pair, around: Collection[bytes], cause: str) -> bool:
    """Whether a relation has to be written down.

    Args:
        book: holds both customers and those around them.
        related: what this round has decided so far.
        around: whoever shares a key with one of the two.
        cause: of the relation.
    """
    younger = _younger(book, pair)
    written = sum(word != _ANY for word, _ in related.standing(book, younger))
    if written + related.count(younger) >= RELATIONS_MAX:
        return False
    said = related.circle(cause)
    one, other = said.of(pair[0]), said.of(pair[1])
    if one == other:
        return False
    known = _Circle()
    for customer in {*pair, *around}:
        for word, (near, far) in related.standing(book, customer):
            if word in (cause, _ANY):
                known.join(said.of(near), said.of(far))
    return known.of(one) != known.of(other)


def relations_of(book: MasterBook, customers: Collection[bytes]) -> list[tuple[bytes, bytes, str]]:
    """Who is near some customers, directly or through one other, with the cause; at most `RELATED_SHOWN_MAX`.

    Args:
        customers: of one cluster; none of them is listed as near.
    """
    book.load(customers)
    found: dict[tuple[bytes, bytes, str], None] = {}
    for customer in customers:
        near = {(_other(one, customer), one.cause) for one in _relations(book, customer)}
        book.load({other for other, _ in near})
        for other, cause in sorted(near):
            found[customer, other, cause] = None
            behind = {_other(one, other) for one in _relations(book, other) if one.cause == cause}
            found.update(dict.fromkeys((customer, one, cause) for one in sorted(behind)))
    return sorted(one for one in found if one[1] not in customers)[:RELATED_SHOWN_MAX]


def _other(one: Decision, customer: bytes) -> bytes:
    return one.other if one.one == customer else one.one


def _younger(book: MasterBook, pair: Pair) -> bytes:
    """Who of two came to the hub's log later."""
    return max(pair, key=lambda one: (held.since if (held := book.party(one)) is not None else 0, one))


def _relations(book: MasterBook, customer: bytes) -> list[Decision]:
    """The relations of a customer that stand."""
    rows = book.decisions(customer)
    if not any(row.effect == Effect.RELATE for row in rows):
        return []
    standing = standing_decisions(decision_of(row) for row in rows).values()
    return [one for one in standing if one.effect is Effect.RELATE]


class _Circle:
    """Whom relations connect: sets that grow together."""

    def __init__(self) -> None:
        self._above: dict[bytes, bytes] = {}

    def of(self, one: bytes) -> bytes:
        """Who stands for everybody that somebody is connected with."""
        while (above := self._above.get(one, one)) != one:
            self._above[one] = self._above.get(above, above)
            one = above
        return one

    def join(self, one: bytes, other: bytes) -> None:
        """Two are connected."""
        self._above[self.of(one)] = self.of(other)
