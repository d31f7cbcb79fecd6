"""What a steward says about who is who: merge, take apart, answer proposals, pin, and what the matcher may do.

Decides whether a word of a steward has the effect that was meant, before it is written: it is tried on the clusters as
they are, and one that would be stopped by a guard, or that contradicts an earlier word, is refused by name. Does not
decide what follows from it (`linking`).

Rules:
- A steward's word is a fact in the log: who, when, why. The way back is another fact that takes it back.
- Merging and taking apart touch no dealer's record, so nothing has to be brought back.
- In one go only proposals are answered in which names agree and nothing contradicts (`IN_ONE_GO`).
- What only the mode kept the matcher from linking (`HELD`) becomes a link of the matcher when somebody lets it go: no
  person has looked at each, so the guards that stop the matcher stop these too.
"""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.linking import decision_of, surroundings_of
from carnet_hub.core.limits import LIST_ROWS_MAX
from carnet_hub.core.log.authoring import write_with
from carnet_hub.core.master_rows import DecisionRow, ProposalPlace, ProposalRow
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.sets.master_book import MasterBook
from carnet_hub.core.sets.workspace import Workspace, open_workspace
from carnet_hub.core.shown import shown_values
from carnet_hub.core.steward_codes import require_code
from carnet_hub.core.stewardship.causes import HELD, require_in_one_go
from carnet_hub.core.stewardship.master_failures import (
    AlreadyOne,
    KeptApart,
    NotOne,
    NotWaiting,
    ToldApart,
    UnknownCustomer,
    UnknownDecision,
)
from carnet_hub.core.stewardship.matching import draft_decision
from carnet_master.clusters import (
    DOUBTED,
    Authority,
    Decision,
    Effect,
    Pair,
    deciding,
    form_clusters,
    pair_of,
    standing_decisions,
)
from carnet_master.survivorship import PINNED
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import IDENTITY, REGISTRY
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.registry import Value

_EVIDENCE: Final = ("weight_nanobits", "levels", "model_id")
_AUTO: Final = "auto"
_STEWARD: Final = "steward"
_AHEAD: Final = (1 << 62, 0)
"""A place behind everything in the log: where a word stands while it is only tried."""


@dataclass(frozen=True, slots=True)
class Word:
    """Who says something, and why.

    Attributes:
        by: a code of the steward, no name; 1 to `STEWARD_CHARS_MAX` characters.
        reason: a code; empty for none.
    """

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A word that was written.

    Attributes:
        decision: its id.
        position: of its set in the log.
        clusters: the golden ids in which the two customers are now; who is alone stands under the own id.
    """

    decision: RecordId
    position: int
    clusters: tuple[RecordId, ...]


def find_customer(snapshot: Snapshot, record: bytes) -> tuple[bytes, ...]:
    """The customers that an id leads to, oldest id first: one customer, or those of a golden id, former ones too.

    Raises:
        UnknownCustomer: it leads nowhere.
    """
    if snapshot.parties([record]):
        return (record,)
    members = [row.customer for row in snapshot.members_of([record])]
    if members:
        return tuple(members)
    alias = snapshot.aliases([record]).get(record)
    if alias is None:
        raise UnknownCustomer(record_text(record))
    customer = alias.customer
    held = snapshot.members([customer]).get(customer)
    return (customer,) if held is None else tuple(row.customer for row in snapshot.members_of([held.golden]))


def merge(hub: Hub, one: bytes, other: bytes, word: Word) -> Outcome:
    """Two customers are one, by a steward's word.

    Args:
        one, other: ids of customers or of golden records.

    Raises:
        UnknownCustomer, AlreadyOne, ToldApart, KeptApart, Unusable: nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        pair = _pair(transaction, one, other)
        _require_joinable(workspace, pair)
        return _say(workspace, transaction, pair, {"effect": Effect.LINK.value}, word)


def tell_apart(hub: Hub, one: bytes, other: bytes, word: Word, *, must_be_one: bool) -> Outcome:
    """Two customers are not the same, for ever, whatever links lie between them.

    Args:
        must_be_one: whether they have to be one customer now (an unmerge).

    Raises:
        UnknownCustomer, NotOne, AlreadyOne, Unusable: nothing was changed.
    """
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        customers = [RecordId(_only(transaction, record)) for record in (one, other)]
        pair = pair_of(*customers)
        if pair[0] == pair[1]:
            raise Unusable(
                "A customer cannot be told apart from itself.", "Name two customers of it, see `master show`."
            )
        if must_be_one and not _are_one(workspace.master, pair):
            raise NotOne
        return _say(workspace, transaction, pair, {"effect": Effect.SPLIT.value}, word)


def take_back(hub: Hub, decision: bytes, word: Word) -> Outcome:
    """A decision does not stand any more; what was true before it is true again.

    Raises:
        UnknownDecision: there is none, or it was taken back before; nothing was changed.
    """
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        row = _decision(transaction, decision)
        if decision not in standing_decisions(decision_of(one) for one in workspace.master.decisions(row.customer)):
            raise UnknownDecision(record_text(decision))
        pair = (row.customer, row.other)
        values: dict[str, Value] = {"effect": Effect.RETRACT.value, "target_id": decision}
        return _say(workspace, transaction, pair, values, word)


def answer(hub: Hub, one: bytes, other: bytes, effect: Effect, word: Word) -> Outcome:
    """Answer a proposal: they are one, they are not, or nobody can tell.

    Args:
        effect: LINK, SPLIT or DISMISS.

    Raises:
        NotWaiting: nobody asked about these two; nothing was changed.
        UnknownCustomer, AlreadyOne, ToldApart, KeptApart: as `merge`.
    """
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        pair = pair_of(_only(transaction, one), _only(transaction, other))
        waiting = next((row for row in workspace.master.proposals(pair[0]) if row.other == pair[1]), None)
        if waiting is None:
            raise NotWaiting
        if effect is Effect.LINK and waiting.cause != DOUBTED:
            _require_joinable(workspace, pair)
        return _say(workspace, transaction, pair, {"effect": effect.value}, word)


def answer_all(hub: Hub, causes: Collection[str], word: Word, *, limit: int) -> Iterator[int]:
    """Confirm every proposal of some causes, in transactions of at most 500.

    Args:
        causes: of `IN_ONE_GO`.
        limit: proposals at most.

    Raises:
        NotForAll, Unusable: another cause, or none; nothing was changed.

    Returns: how many were confirmed by each transaction, as it is done; what a guard stops waits again under its name.
    """
    for cause in causes:
        require_in_one_go(cause)
    return _answer_all(hub, frozenset(causes), word, limit)


def pin(hub: Hub, customer: bytes, group: str, word: Word) -> Outcome:
    """Show one customer's value of a group of fields, wherever that customer belongs.

    Args:
        group: one of `PINNED`.

    Raises:
        UnknownCustomer, Unusable: nothing was changed.
    """
    if group not in PINNED:
        raise Unusable(f"There is no group of fields {group[:40]}.", f"Use {', '.join(PINNED)}.")
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        pair = (_only(transaction, customer),) * 2
        values: dict[str, Value] = {"effect": Effect.PIN.value}
        return _say(workspace, transaction, pair, values, replace(word, reason=group))


def _answer_all(hub: Hub, causes: Set[str], word: Word, limit: int) -> Iterator[int]:
    after: ProposalPlace = (0, b"", b"")
    while limit > 0:
        with hub.store.write() as transaction:
            rows = list(_proposals(transaction, causes, after, min(limit, OPS_PER_SET_MAX)))
            if not rows:
                return
            workspace = open_workspace(hub, transaction)
            write_with(hub, workspace, _confirmations(hub, transaction, rows, _checked(word)))
            workspace.flush(transaction)
        after = (rows[-1].position, rows[-1].one, rows[-1].other)
        limit -= len(rows)
        yield len(rows)


def _confirmations(hub: Hub, snapshot: Snapshot, rows: Sequence[ProposalRow], word: Word) -> list[Draft]:
    """A steward's links; of what was only held, the matcher's, with the evidence of the proposal."""
    held = [row.identity for row in rows if row.cause in HELD]
    records = snapshot.records(IDENTITY.number, held)
    drafts = []
    for row in rows:
        pair, values = (row.one, row.other), dict[str, Value](effect=Effect.LINK.value)
        if row.identity in records:
            shown = shown_values(REGISTRY, records[row.identity])
            values |= {name: shown.get(name) for name in _EVIDENCE}
            values |= {"authority": _AUTO, "cause": row.cause, "decided_by": word.by}
        drafts.append(draft_decision(hub, pair, values) if row.identity in records else _draft(hub, pair, values, word))
    return drafts


def _proposals(snapshot: Snapshot, causes: Set[str], after: ProposalPlace, limit: int) -> Iterator[ProposalRow]:
    """The next proposals of some causes."""
    found = 0
    while rows := snapshot.proposals_after(after, LIST_ROWS_MAX):
        for row in rows:
            if row.cause in causes:
                yield row
                found += 1
                if found == limit:
                    return
        after = (rows[-1].position, rows[-1].one, rows[-1].other)


def _require_joinable(workspace: Workspace, pair: Pair) -> None:
    """Try a link on the clusters as they are.

    Raises:
        AlreadyOne, ToldApart, KeptApart: it would not do what is meant.
    """
    book = workspace.master
    held = book.member(pair[0])
    if held is not None and _are_one(book, pair):
        raise AlreadyOne(held.golden)
    parties, decisions = surroundings_of(book, pair)
    apart = deciding(standing_decisions(decisions.values()).values()).get(pair)
    if apart is not None and apart.effect is Effect.SPLIT and apart.authority is Authority.STEWARD:
        raise ToldApart(pair, apart.id, _said_by(workspace.snapshot, apart))
    tried = Decision(b"\xff" * 16, *pair, Effect.LINK, Authority.STEWARD, _AHEAD)
    found = form_clusters(parties, [*decisions.values(), tried])
    refused = next((one.why for one in found.refused if one.decision is tried), None)
    if refused is not None:
        raise KeptApart(refused.value)


def _said_by(snapshot: Snapshot, decision: Decision) -> str:
    row = snapshot.records(IDENTITY.number, [decision.id]).get(decision.id)
    by = shown_values(REGISTRY, row).get("decided_by") if row is not None else None
    return by if isinstance(by, str) else ""


def _pair(snapshot: Snapshot, one: bytes, other: bytes) -> Pair:
    """Two customers to link: of a golden record, its oldest."""
    first, second = find_customer(snapshot, one), find_customer(snapshot, other)
    shared = set(first) & set(second)
    if shared:
        held = snapshot.members(list(shared))
        raise AlreadyOne(next((row.golden for row in held.values()), min(shared)))
    oldest = [min(snapshot.parties(ids).values(), key=lambda row: (row.since, row.customer)) for ids in (first, second)]
    return pair_of(oldest[0].customer, oldest[1].customer)


def _only(snapshot: Snapshot, record: bytes) -> bytes:
    """A customer, named by its own id.

    Raises:
        UnknownCustomer: there is none.
        Unusable: a golden record of several.
    """
    found = find_customer(snapshot, record)
    if len(found) > 1:
        listed = ", ".join(record_text(one) for one in found[:4])
        raise Unusable(f"{record_text(record)} has several customers.", f"Name one of them: {listed}.")
    return found[0]


def _decision(snapshot: Snapshot, decision: bytes) -> DecisionRow:
    """A decision by its id.

    Raises:
        UnknownDecision: there is none.
    """
    row = snapshot.records(IDENTITY.number, [decision]).get(decision)
    one = shown_values(REGISTRY, row).get("one_id") if row is not None else None
    found = snapshot.decisions([one]) if isinstance(one, bytes) else []
    for candidate in found:
        if candidate.identity == decision:
            return candidate
    raise UnknownDecision(record_text(decision))


def _say(workspace: Workspace, transaction: Transaction, pair: Pair, values: dict[str, Value], word: Word) -> Outcome:
    """Write one word down, and say where the two are then."""
    draft = _draft(workspace.hub, pair, values, _checked(word))
    row, _ = write_with(workspace.hub, workspace, [draft])
    members = ((one, workspace.master.member(one)) for one in pair)
    homes = (RecordId(held.golden if held is not None else one) for one, held in members)
    workspace.flush(transaction)
    return Outcome(RecordId(draft.record), row.position, tuple(dict.fromkeys(homes)))


def _draft(hub: Hub, pair: Pair, values: dict[str, Value], word: Word) -> Draft:
    said: dict[str, Value] = {"authority": _STEWARD, "cause": word.reason or None, "decided_by": word.by}
    return draft_decision(hub, pair, {**values, **said})


def _checked(word: Word) -> Word:
    """A word that may stand in the log for ever.

    Raises:
        Unusable: no code, or one that looks like a person's name.
    """
    require_code("a steward", word.by)
    if word.reason:
        require_code("a reason", word.reason)
    return word


def _are_one(book: MasterBook, pair: Pair) -> bool:
    one, other = (book.member(customer) for customer in pair)
    return one is not None and other is not None and one.golden == other.golden
