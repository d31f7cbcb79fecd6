"""All customers weighed again at once: what the matcher would decide today and has not, as questions for a steward.

Decides which differences there are between what was decided and what the model in use would decide, and writes them as
proposals. Does not weigh (`relink_ports.BatchEngine`, and once more `matching.judge`) and never links, splits or
forms a cluster: an ordinary proposal waits in the queue, and a steward answers it.

Rules:
- A pair is proposed when the matcher would link it or ask about it, and nobody has spoken of it: no link, split or
  proposal stands, and no steward has ever said anything, not even by taking a link back.
- A customer of whom something was erased is left alone: an erasure says nothing about who somebody is.
- A link of the matcher that it would not make today is proposed with the cause `link_doubtful`; it stands meanwhile.
- Every proposal is decided in the transaction that writes it, with what is known then. So a run that was killed may do
  its last block again and proposes nothing twice, and neither does a second run.
- A note says how far a run has come. Under other rules (models, mode, version of the features) a run begins anew.
- What the engine says only chooses who is looked at: tier, cause and stored weight are those of the online matcher.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from carnet_hub.core.authoring import write_with
from carnet_hub.core.hub import Hub
from carnet_hub.core.linking import decision_of
from carnet_hub.core.master_book import MasterBook, split_keys
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.matching import (
    Verdict,
    candidates_of,
    cause_of,
    draft_decision,
    evidence_of,
    judge,
    read_policy,
    speaking_features,
)
from carnet_hub.core.models_in_use import weighing_now
from carnet_hub.core.parties import plain_features
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.relink_failures import ModelChanged
from carnet_hub.core.relink_limits import EXPORT_CUSTOMERS_BATCH, LOOKED_UP_PAIRS
from carnet_hub.core.relink_ports import BatchEngine, RelinkNote, RelinkNotes
from carnet_hub.core.workspace import open_workspace
from carnet_master.clusters import DOUBTED, Authority, Decision, Effect, Pair, deciding, standing_decisions
from carnet_master.features import FEATURE_VERSION, Features
from carnet_master.keys import Block, without_generic
from carnet_master.limits import BLOCK_RECORDS_MAX, NAMES_AT_HOME_MAX
from carnet_master.tiers import Policy, Tier, effect_of
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.registry import Value

_LINKING: Final = frozenset({Tier.A1, Tier.A2, Tier.A3})
_CONTACTS: Final = frozenset(
    block.value.encode() for block in (Block.PHONE, Block.WECHAT, Block.VIN, Block.PLATE, Block.DOOR)
)
"""Keys of a value by which somebody is reached, or of a car."""


class Stage(StrEnum):
    """What a run is doing."""

    EXPORT = "export"
    PAIRS = "pairs"
    LINKS = "links"


Tell = Callable[[Stage, int, int], None]
"""Hears a stage, how many customers or links of it are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Relinked:
    """What a run came to.

    Attributes:
        position: of the log's end when it began.
        is_resumed: it went on where another had stopped.
        is_dry: nothing was written.
        looked_at: pairs that the engine found and links that stand.
        proposed: by cause; what an earlier part of the same run proposed counts as `before`.
    """

    position: int
    is_resumed: bool
    is_dry: bool
    looked_at: int
    proposed: Mapping[str, int]
    before: int


@dataclass(slots=True)
class _Run:
    """One run on its way.

    Attributes:
        full: keys that too many customers share.
        busy: keys, full ones among them, that more customers share than a family has names: what is behind them may be
            nobody's own.
    """

    hub: Hub
    engine: BatchEngine
    notes: RelinkNotes
    tell: Tell
    policy: Policy
    full: frozenset[bytes]
    busy: frozenset[bytes]
    note: RelinkNote
    is_dry: bool
    looked_at: int = 0
    proposed: Counter[str] = field(default_factory=Counter)

    def advance(self, *, pairs_upto: bytes | None = None, links_upto: bytes | None = None) -> None:
        """Note how far the run has come."""
        moved = replace(
            self.note,
            pairs_upto=self.note.pairs_upto if pairs_upto is None else pairs_upto,
            links_upto=self.note.links_upto if links_upto is None else links_upto,
        )
        self.note = moved
        if not self.is_dry:
            self.notes.write(moved)

    def count(self, cause: str) -> None:
        """One more was proposed."""
        self.proposed[cause] += 1
        if cause == DOUBTED:
            self.note = replace(self.note, doubted=self.note.doubted + 1)
        else:
            self.note = replace(self.note, proposed=self.note.proposed + 1)


Judged = Callable[[_Run, MasterBook, "_Opened", Pair], "dict[str, Value] | None"]
"""Decides what is proposed about a pair; None for nothing."""


def relink(hub: Hub, engine: BatchEngine, notes: RelinkNotes, *, tell: Tell, is_dry: bool = False) -> Relinked:
    """Weigh all customers again and propose the differences.

    Args:
        engine: empty; it is filled and asked here.
        notes: of this hub; a note of a run that was killed is gone on with.
        is_dry: only count: nothing is written, and the note is neither read nor moved.

    Raises:
        ModelChanged: another model became active meanwhile.
        StoreBusy, StoreError, OSError: see `ports`; what was proposed so far stands and the note says how far it came.
    """
    run, is_resumed = _begin(hub, engine, notes, tell, is_dry=is_dry)
    before = run.note.proposed + run.note.doubted
    _export(run)
    for block in engine.pairs():
        tell(Stage.PAIRS, block.done, block.total)
        _propose(run, block.pairs, _missing_link)
        run.advance(pairs_upto=block.upto)
    _look_at_links(run)
    if not is_dry:
        notes.clear()
    return Relinked(run.note.position, is_resumed, is_dry, run.looked_at, dict(sorted(run.proposed.items())), before)


def _begin(hub: Hub, engine: BatchEngine, notes: RelinkNotes, tell: Tell, *, is_dry: bool) -> tuple[_Run, bool]:
    with hub.store.read() as snapshot:
        policy, position = read_policy(snapshot), snapshot.head().position
        full = snapshot.full_keys(BLOCK_RECORDS_MAX)
        shared = snapshot.full_keys(NAMES_AT_HOME_MAX)
    busy = full | {key for key in shared if key[:1] in _CONTACTS}
    models = [f"{kind}={model.hex()}" for kind, model in sorted(engine.model_ids.items())]
    rules = " ".join([*models, policy.mode.value, str(policy.links_by_car), str(FEATURE_VERSION)])
    kept = None if is_dry else notes.read()
    is_resumed = kept is not None and kept.rules == rules
    note = kept if kept is not None and is_resumed else RelinkNote(rules, position)
    if not is_dry:
        notes.write(note)
    return _Run(hub, engine, notes, tell, policy, full, busy, note, is_dry), is_resumed


def _export(run: _Run) -> None:
    """Hand over everybody whose pairs are not done yet: of two customers, the pair belongs to the smaller id."""
    after, done = run.note.pairs_upto, 0
    with run.hub.store.read() as snapshot:
        total = snapshot.party_count()
    while True:
        with run.hub.store.read() as snapshot:
            parties = snapshot.parties_after(after, EXPORT_CUSTOMERS_BATCH)
        if not parties:
            return
        for party in parties:
            if party.is_live and party.keys:
                _hand_over(run, party)
        after, done = parties[-1].customer, done + len(parties)
        run.tell(Stage.EXPORT, done, total)


def _hand_over(run: _Run, party: PartyRow) -> None:
    features = plain_features(run.hub.box, party)
    keys = split_keys(party.keys)
    if run.full.isdisjoint(keys):
        run.engine.add(party.customer, party.keys, features)
        return
    own = b"".join(one for one in keys if one not in run.full)
    if own:
        run.engine.add(party.customer, own, without_generic(features, run.full, run.hub.box.blind_key))


def _look_at_links(run: _Run) -> None:
    """Look at every link of the matcher that stands."""
    with run.hub.store.read() as snapshot:
        counts = snapshot.decision_counts()
    total = sum(count for (effect, by, _), count in counts.items() if (effect, by) == (Effect.LINK, "auto"))
    done = 0
    for pairs in _linked_pairs(run):
        _propose(run, pairs, _doubtful_link)
        done += len(pairs)
        run.tell(Stage.LINKS, done, max(done, total))
        run.advance(links_upto=pairs[-1][0])


def _linked_pairs(run: _Run) -> Iterator[list[Pair]]:
    """Pairs with a link of the matcher, all of one customer together."""
    after = run.note.links_upto
    while True:
        with run.hub.store.read() as snapshot:
            pairs = _next_linked(snapshot, after)
        if not pairs:
            return
        yield pairs
        after = pairs[-1][0]


def _next_linked(snapshot: Snapshot, after: bytes) -> list[Pair]:
    """The next pairs behind a customer; the last customer's are whole."""
    rows = snapshot.auto_links_after(after, LOOKED_UP_PAIRS)
    if len(rows) == LOOKED_UP_PAIRS:
        last = rows[-1].customer
        whole = [row for row in rows if row.customer != last]
        rows = whole or [row for row in snapshot.decisions([last]) if row.customer < row.other]
    return list(dict.fromkeys((row.customer, row.other) for row in rows))


@dataclass(slots=True)
class _Opened:
    """What is compared of customers, each opened once: the very features that arrival would compare today.

    Attributes:
        hub: weighing with the models that are in use in this transaction.
    """

    run: _Run
    hub: Hub
    book: MasterBook
    known: dict[bytes, Features] = field(default_factory=dict)

    def of(self, party: PartyRow) -> Features:
        """What is compared of a customer."""
        if party.customer not in self.known:
            features = plain_features(self.run.hub.box, party)
            if not self.run.busy.isdisjoint(split_keys(party.keys)):
                features = self._speaking(party, features)
            self.known[party.customer] = features
        return self.known[party.customer]

    def _speaking(self, party: PartyRow, features: Features) -> Features:
        """The features of a customer of whom something is shared by many."""
        candidates, generic = candidates_of(self.book, party)
        self.book.load(candidates)
        live = [row for one in candidates if (row := self.book.party(one)) is not None and row.is_live]
        others = [plain_features(self.run.hub.box, row) for row in live]
        return speaking_features(self.run.hub, features, generic, others)


def _propose(run: _Run, pairs: Sequence[Pair], judged: Judged) -> None:
    """Look at some pairs without the lock, and once more, with it, at those of which something is to be said."""
    for at in range(0, len(pairs), LOOKED_UP_PAIRS):
        some = pairs[at : at + LOOKED_UP_PAIRS]
        run.looked_at += len(some)
        with run.hub.store.read() as snapshot:
            found = list(_judged(run, snapshot, MasterBook(snapshot), some, judged))
        if run.is_dry:
            for _, values in found:
                run.count(str(values["cause"]))
            continue
        for start in range(0, len(found), OPS_PER_SET_MAX):
            _write(run, [pair for pair, _ in found[start : start + OPS_PER_SET_MAX]], judged)


def _write(run: _Run, pairs: Sequence[Pair], judged: Judged) -> None:
    """Propose what is still to be said about some pairs, as one set of the hub."""
    with run.hub.store.write() as transaction:
        workspace = open_workspace(run.hub, transaction)
        said = list(_judged(run, transaction, workspace.master, pairs, judged))
        if said:
            write_with(run.hub, workspace, [draft_decision(run.hub, pair, values) for pair, values in said])
            workspace.flush(transaction)
    for _, values in said:
        run.count(str(values["cause"]))


def _judged(
    run: _Run, snapshot: Snapshot, book: MasterBook, pairs: Iterable[Pair], judged: Judged
) -> Iterator[tuple[Pair, dict[str, Value]]]:
    """What is proposed about each of some pairs."""
    named = list(pairs)
    customers = {one for pair in named for one in pair}
    book.load(customers)
    erased = snapshot.erased(customers)
    opened = _Opened(run, weighing_now(run.hub, snapshot), book)
    for pair in named:
        if not erased.keys().isdisjoint(pair):
            continue
        values = judged(run, book, opened, pair)
        if values is not None:
            yield pair, values


def _missing_link(run: _Run, book: MasterBook, opened: _Opened, pair: Pair) -> dict[str, Value] | None:
    """A proposal about two whom the matcher would link or ask about, and of whom nobody has spoken."""
    if _is_spoken_of(_said(book, pair)) or _are_one(book, pair):
        return None
    verdict = _verdict(run, book, opened, pair)
    if verdict is None or effect_of(verdict.judgement.tier, run.policy.mode) not in (Effect.LINK, Effect.PROPOSE):
        return None
    return _proposal(cause_of(verdict.judgement), verdict)


def _doubtful_link(run: _Run, book: MasterBook, opened: _Opened, pair: Pair) -> dict[str, Value] | None:
    """A proposal about a link of the matcher that it would not make today."""
    said = _said(book, pair)
    standing = standing_decisions(said).values()
    link = deciding(standing).get(pair)
    if link is None or link.effect is not Effect.LINK or link.authority is not Authority.AUTO:
        return None
    if any(one.effect is Effect.PROPOSE and one.cause == DOUBTED and one.place > link.place for one in standing):
        return None
    verdict = _verdict(run, book, opened, pair)
    if verdict is None or verdict.judgement.tier in _LINKING or verdict.weighed is None:
        return None
    return _proposal(DOUBTED, verdict)


def _said(book: MasterBook, pair: Pair) -> list[Decision]:
    """Everything ever decided about two customers."""
    return [decision_of(row) for row in book.decisions(pair[0]) if row.other == pair[1]]


def _is_spoken_of(said: Sequence[Decision]) -> bool:
    """Whether a steward ever said something, or a link, split or proposal stands."""
    if any(one.authority is Authority.STEWARD for one in said):
        return True
    standing = standing_decisions(said).values()
    return any(
        one.effect in (Effect.LINK, Effect.SPLIT) or (one.effect is Effect.PROPOSE and one.cause != DOUBTED)
        for one in standing
    )


def _verdict(run: _Run, book: MasterBook, opened: _Opened, pair: Pair) -> Verdict | None:
    """What the matcher says of two customers today; None when one is gone.

    Raises:
        ModelChanged: the online matcher has another model than the engine.
    """
    parties = [party for one in pair if (party := book.party(one)) is not None and party.is_live]
    if len(parties) != len(pair):
        return None
    one, other = (opened.of(party) for party in parties)
    verdict = judge(opened.hub, one, other, run.policy)
    if verdict.weighed is not None and verdict.weighed.model_id != run.engine.model_ids.get(one.party):
        raise ModelChanged
    return verdict


def _proposal(cause: str, verdict: Verdict) -> dict[str, Value]:
    return {"effect": Effect.PROPOSE.value, "authority": "auto", "cause": cause, **evidence_of(verdict.weighed)}


def _are_one(book: MasterBook, pair: Pair) -> bool:
    one, other = (book.member(customer) for customer in pair)
    return one is not None and other is not None and one.golden == other.golden
