"""All customers weighed again at once: what the matcher would decide today and has not, as questions for a steward.

Decides which differences there are between what was decided and what the model in use would decide, and writes them as
proposals. Does not weigh (`relink_ports.BatchEngine`, and once more `relink_judging`) and never links, splits or
forms a cluster: an ordinary proposal waits in the queue, and a steward answers it.

Rules:
- A pair is proposed when the matcher would link it or ask about it, and nobody has spoken of it: no link, split or
  proposal stands, and no steward has ever said anything, not even by taking a link back.
- A link of the matcher that it would not make today is proposed with the cause `link_doubtful`; it stands meanwhile.
- Every proposal is decided in the transaction that writes it, with what is known then. So a run that was killed may do
  its last block again and proposes nothing twice, and neither does a second run.
- A note says how far a run has come. Under other rules (models, mode, version of the features) a run begins anew.
- What the engine says only chooses who is looked at: tier, cause and stored weight are those of the online matcher.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.log.authoring import write_with
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.relink_limits import EXPORT_CUSTOMERS_BATCH, LOOKED_UP_PAIRS
from carnet_hub.core.relink_ports import BatchEngine, RelinkNote, RelinkNotes
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.sets.workspace import open_workspace
from carnet_hub.core.stewardship.matching import draft_decision, read_policy
from carnet_hub.core.stewardship.relink_judging import DOUBTFUL, MISSING, Look, Rules, judged_pairs, read_rules
from carnet_master.clusters import DOUBTED, Effect, Pair
from carnet_master.features import FEATURE_VERSION
from carnet_master.keys import without_generic
from carnet_protocol.limits import OPS_PER_SET_MAX


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
    """One run on its way."""

    hub: Hub
    engine: BatchEngine
    notes: RelinkNotes
    tell: Tell
    rules: Rules
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
        _propose(run, block.pairs, MISSING)
        run.advance(pairs_upto=block.upto)
    _look_at_links(run)
    if not is_dry:
        notes.clear()
    return Relinked(run.note.position, is_resumed, is_dry, run.looked_at, dict(sorted(run.proposed.items())), before)


def _begin(hub: Hub, engine: BatchEngine, notes: RelinkNotes, tell: Tell, *, is_dry: bool) -> tuple[_Run, bool]:
    with hub.store.read() as snapshot:
        rules, position = read_rules(snapshot, read_policy(snapshot), engine.model_ids), snapshot.head().position
    models = [f"{kind}={model.hex()}" for kind, model in sorted(engine.model_ids.items())]
    policy = rules.policy
    told = " ".join([*models, policy.mode.value, str(policy.links_by_car), str(FEATURE_VERSION)])
    kept = None if is_dry else notes.read()
    is_resumed = kept is not None and kept.rules == told
    note = kept if kept is not None and is_resumed else RelinkNote(told, position)
    if not is_dry:
        notes.write(note)
    return _Run(hub, engine, notes, tell, rules, note, is_dry), is_resumed


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
    if run.rules.full.isdisjoint(keys):
        run.engine.add(party.customer, party.keys, features)
        return
    own = b"".join(one for one in keys if one not in run.rules.full)
    if own:
        run.engine.add(party.customer, own, without_generic(features, run.rules.full, run.hub.box.blind_key))


def _look_at_links(run: _Run) -> None:
    """Look at every link of the matcher that stands."""
    with run.hub.store.read() as snapshot:
        counts = snapshot.decision_counts()
    total = sum(count for (effect, by, _), count in counts.items() if (effect, by) == (Effect.LINK, "auto"))
    done = 0
    for pairs in _linked_pairs(run):
        _propose(run, pairs, DOUBTFUL)
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


def _propose(run: _Run, pairs: Sequence[Pair], look: Look) -> None:
    """Look at some pairs without the lock, and once more, with it, at those of which something is to be said."""
    for at in range(0, len(pairs), LOOKED_UP_PAIRS):
        some = pairs[at : at + LOOKED_UP_PAIRS]
        run.looked_at += len(some)
        with run.hub.store.read() as snapshot:
            found = list(judged_pairs(run.hub, run.rules, look, snapshot, MasterBook(snapshot), pairs=some))
        if run.is_dry:
            for _, values in found:
                run.count(str(values["cause"]))
            continue
        for start in range(0, len(found), OPS_PER_SET_MAX):
            _write(run, [pair for pair, _ in found[start : start + OPS_PER_SET_MAX]], look)


def _write(run: _Run, pairs: Sequence[Pair], look: Look) -> None:
    """Propose what is still to be said about some pairs, as one set of the hub."""
    with run.hub.store.write() as transaction:
        workspace = open_workspace(run.hub, transaction)
        said = list(judged_pairs(run.hub, run.rules, look, transaction, workspace.master, pairs=pairs))
        if said:
            write_with(run.hub, workspace, [draft_decision(run.hub, pair, values) for pair, values in said])
            workspace.flush(transaction)
    for _, values in said:
        run.count(str(values["cause"]))
