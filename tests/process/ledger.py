"""The outside ledger: what a program acknowledged to somebody who is not the program.

Decides what a restarted process must hold. It knows documents by a tag that it made up itself, and states as texts; it
shares no code with the product.

Rules
- acknowledged: the answer arrived. It must be there, exactly once, in that state or in one that was asked for later.
- in doubt: asked for, and the line broke before the answer. It may have happened once, or not at all.
- exposed: acknowledged, and the disk that held it is gone before anybody else had it. It may be there, or an earlier
  state, and nothing else.
- anything else that turns up was never asked for.
"""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field


@dataclass
class Item:
    """One document as the asking side knows it.

    Attributes:
        sort: customer or visit.
        state: as acknowledged last; None as long as nothing was.
        doubt: asked for and not answered; None for nothing.
        record, heads: as the last answer gave them.
        history: every acknowledged state with the change set that brought it.
        exposed: acknowledged states that went with a disk.
    """

    sort: str
    tag: str
    state: str | None = None
    doubt: str | None = None
    record: str = ""
    heads: str = ""
    history: list[tuple[str, str | None]] = field(default_factory=list)
    exposed: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[str | None, ...]:
        """States it may be shown in."""
        return (self.state, self.doubt, *self.exposed)


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
        assert item.doubt is not None
        item.state, item.doubt = item.doubt, None
        item.history.append((item.state, nonce))
        self.counts[request] += 1
        if nonce is not None:
            self.nonces.add(nonce)

    def refuse(self, item: Item) -> None:
        """The answer was that nothing was saved."""
        item.doubt = None

    def expose(self, safe: Container[str]) -> int:
        """A disk is gone: what was acknowledged in sets that nobody else had may be gone with it.

        Args:
            safe: nonces of the sets that must come back.

        Returns: acknowledgements that are exposed.
        """
        exposed = 0
        for item in self.items.values():
            kept = max((number for number, (_, nonce) in enumerate(item.history, 1) if nonce in safe), default=0)
            item.exposed = tuple(state for state, _ in item.history[kept:])
            item.state = item.history[kept - 1][0] if kept else None
            exposed += len(item.exposed)
        self.nonces = {nonce for nonce in self.nonces if nonce in safe}
        return exposed

    def take_as_is(self, held: Iterable[Held], nonces: Container[str]) -> int:
        """After a restore was looked at: what is there now counts as acknowledged, and what is not was never asked for.

        Args:
            nonces: of the sets in the restored log.

        Returns: acknowledgements that did not come back.
        """
        seen = {one.tag: one.state for one in held}
        lost = 0
        for tag, item in list(self.items.items()):
            lost += sum(nonce is not None and nonce not in nonces for _, nonce in item.history)
            item.history = [(state, nonce) for state, nonce in item.history if nonce is None or nonce in nonces]
            item.state, item.doubt, item.exposed = seen.get(tag), None, ()
            if item.state is None:
                del self.items[tag]
            elif all(state != item.state for state, _ in item.history):
                item.history.append((item.state, None))  # it was in doubt, and nobody has said which set brought it
        return lost

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
    if held[0].sort != item.sort or held[0].state not in item.allowed:
        told = f"lost: {item.sort} {item.tag} is {held[0].state}, acknowledged as {item.state}, asked for {item.doubt}"
        return f"{told}, exposed {' '.join(item.exposed)}" if item.exposed else told
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
