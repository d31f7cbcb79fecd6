"""The outside ledger: what a program acknowledged to somebody who is not the program.

Decides what a restarted process must hold. It knows documents by a tag that it made up itself, and states as texts; it
shares no code with the product.

Rules
- acknowledged: the answer arrived. It must be there, exactly once, in that state or in one that was asked for later.
- in doubt: asked for, and the line broke before the answer. It may have happened once, or not at all.
- anything else that turns up was never asked for.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Item:
    """One document as the asking side knows it.

    Attributes:
        sort: customer or visit.
        state: as acknowledged last; None as long as nothing was.
        doubt: asked for and not answered; None for nothing.
        record, heads: as the last answer gave them.
    """

    sort: str
    tag: str
    state: str | None = None
    doubt: str | None = None
    record: str = ""
    heads: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One document as a program shows it."""

    sort: str
    tag: str
    state: str


@dataclass
class Ledger:
    """Everything one node was asked for.

    Attributes:
        items: by tag.
        nonces: of every acknowledged change set.
        counts: acknowledgements by sort of request.
    """

    items: dict[str, Item] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def new(self, sort: str, tag: str) -> Item:
        """A document that is about to be asked for."""
        self.items[tag] = Item(sort, tag)
        return self.items[tag]

    def ask(self, item: Item, state: str) -> None:
        """A request leaves; until it is answered its outcome is in doubt."""
        item.doubt = state

    def acknowledge(self, item: Item, request: str, nonce: str | None) -> None:
        """The answer arrived: what was in doubt is acknowledged.

        Args:
            request: sort of request, for the counts.
            nonce: of the change set; None when the answer did not say.
        """
        item.state, item.doubt = item.doubt, None
        self.counts[request] += 1
        if nonce is not None:
            self.nonces.add(nonce)

    def refuse(self, item: Item) -> None:
        """The answer was that nothing was saved."""
        item.doubt = None

    def happened_in_doubt(self, held: Iterable[Held]) -> int:
        """How many requests without an answer were carried out all the same."""
        seen = {(one.tag, one.state) for one in held}
        return sum((item.tag, item.doubt) in seen for item in self.items.values() if item.doubt is not None)

    def faults_in(self, held: Iterable[Held]) -> list[str]:
        """What is lost, doubled or was never asked for; one line each."""
        seen: dict[str, list[Held]] = {}
        for one in held:
            seen.setdefault(one.tag, []).append(one)
        unknown = [f"never asked for: {tag}" for tag in seen if tag not in self.items]
        return unknown + [fault for item in self.items.values() if (fault := _fault(item, seen.get(item.tag, [])))]


def _fault(item: Item, held: list[Held]) -> str | None:
    if len(held) > 1:
        return f"doubled: {item.sort} {item.tag} is there {len(held)} times"
    if not held:
        return None if item.state is None else f"lost: {item.sort} {item.tag}, acknowledged as {item.state}"
    if (held[0].sort, held[0].state) not in ((item.sort, item.state), (item.sort, item.doubt)):
        return f"lost: {item.sort} {item.tag} is {held[0].state}, acknowledged as {item.state}, asked for {item.doubt}"
    return None


def versions_gone_back(before: Iterable[Held], after: Iterable[Held]) -> list[str]:
    """What was shown before and is gone, or older, after; for a reader whose own work this is not.

    Versions of a document are `v1`, `v2` ...; other states only have to be there.
    """
    now = {one.tag: one.state for one in after}
    return [
        f"shown and gone: {one.sort} {one.tag} was {one.state}, is {now.get(one.tag)}"
        for one in before
        if one.tag not in now or _version(now[one.tag]) < _version(one.state)
    ]


def _version(state: str) -> int:
    """Number of a version; an order only goes from open to void."""
    return int(state[1:]) if state[:1] == "v" and state[1:].isdigit() else int(state == "void")
