"""From decisions to clusters: which customers are one, where old ids lead, what waits for a steward, who is told.

Decides, once an entry of the log is folded, which clusters change by it: because decisions were folded, or because what
clusters ask of a customer is another. Only what the touched customers are linked with is worked out anew; the rule is
`carnet_master.clusters`. Does not decide whether two customers are the same (`matching`, a steward) nor what a site
sees of a cluster (`golden`).

Rules:
- Everything here is a function of the log up to the entry: live and in a fold from the log the rows are the same.
- A cluster of one has no rows. Every other one's golden record stands in the feed of each site that has a customer in
  it, with a new place when the cluster or anything that is said about its customers has changed.
- Nobody is asked about two customers between whose clusters somebody was told apart: a yes would be refused. The
  question waits again once that is taken back.
- A golden record that is gone, or from which a site's last customer went, is sent to that site once, evicted.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from typing import Final

from carnet_hub.core.identities.parties import refresh_parties
from carnet_hub.core.master_rows import AliasRow, DecisionRow, MemberRow, PartyRow, ProposalRow
from carnet_hub.core.rows import FeedRow
from carnet_hub.core.sets.effects import shown_fields
from carnet_hub.core.sets.master_book import MasterBook
from carnet_hub.core.sets.record_book import Key, RecordState, place_of
from carnet_hub.core.sets.workspace import Workspace
from carnet_master.clusters import (
    DOUBTED,
    Authority,
    Clusters,
    Decision,
    Effect,
    Pair,
    Party,
    deciding,
    form_clusters,
    open_proposals,
    standing_decisions,
)
from carnet_master.keys import KEY_BYTES
from carnet_protocol.ids import OpId, RecordId, golden_id, index_of
from carnet_protocol.kinds import ERASURE, GOLDEN, IDENTITY

_AUTHORITIES: Final = {"auto": Authority.AUTO, "steward": Authority.STEWARD}


def follow_master(workspace: Workspace, touched: Collection[Key], position: int) -> None:
    """Bring parties, clusters and feeds up to date with an entry of the log.

    Args:
        workspace: changed in memory; the entry is folded.
        touched: kind and id of every record of its set.
        position: of the entry.
    """
    changed = refresh_parties(workspace, position)
    decided = _note_decisions(workspace, touched, position)
    if not changed and not decided:
        return
    _follow(workspace, changed, decided, position)
    if any(kind == ERASURE.number for kind, _ in touched):
        set_right(workspace, changed, position)


def _follow(workspace: Workspace, changed: Mapping[bytes, bool], decided: Set[Pair], position: int) -> None:
    """Form the clusters round some customers anew.

    Args:
        changed: by customer of which something changed, whether what clusters ask of it is another.
        decided: pairs about which a decision was folded.
    """
    loose = (one for one, is_other in changed.items() if is_other and workspace.master.decisions(one))
    moved = {*(one for pair in decided for one in pair), *loose}
    spoken_of = {*changed, *(one for one, other in decided if one == other)}
    said = {member.golden for one in spoken_of if (member := workspace.master.member(one)) is not None}
    if not moved and not said:
        return
    _cluster_again(workspace, moved, said, position)


def set_right(workspace: Workspace, customers: Iterable[bytes], position: int) -> None:
    """Tell every site anew about the clusters that some customers are in or could ever have been in.

    For an exclusion: in this fold the customers of an excluded set never were in a cluster, so nothing else would take
    their golden records from nodes. For an erasure: a fold from the log knows nothing of what was erased from the
    start, so its clusters until now, and what sites were told of them, may be others. A site that never received one
    is told in vain.
    """
    book = workspace.master
    linked = {one for one in customers if any(row.effect == Effect.LINK for row in book.decisions(one))}
    reach = _reach(book, linked, Effect.LINK)
    if not reach:
        return
    parties = [row for one in sorted(reach) if (row := book.party(one)) is not None]
    members = [held for one in parties if (held := book.member(one.customer)) is not None]
    sites = {one.dealer_id for one in parties}
    goldens = {golden_id(RecordId(one)) for one in reach}
    home: dict[bytes, set[bytes]] = {golden: set() for golden in goldens}
    dealers = {one.customer: one.dealer_id for one in parties}
    for member in members:
        home[member.golden].add(dealers[member.customer])
    for golden in sorted(goldens):
        for site in sorted(sites):
            _send(workspace, site, golden, position, is_evicted=site not in home[golden])


def decision_of(row: DecisionRow) -> Decision:
    """A stored decision as clusters see it."""
    place = (row.position, row.op_index)
    authority = _AUTHORITIES.get(row.authority, Authority.AUTO)
    effect, target = Effect(row.effect), row.target or None
    return Decision(row.identity, row.customer, row.other, effect, authority, place, row.cause, target)


def party_of(row: PartyRow) -> Party:
    """A stored party as clusters see it."""
    tokens = (row.identifiers[at : at + KEY_BYTES] for at in range(0, len(row.identifiers), KEY_BYTES))
    return Party(row.customer, row.since, row.kind, frozenset(tokens))


def surroundings_of(book: MasterBook, customers: Iterable[bytes]) -> tuple[list[Party], dict[bytes, Decision]]:
    """Some customers and all that any link connects them with, and every decision about these by its id."""
    reach = _reach(book, {*customers}, Effect.LINK)
    decisions = {row.identity: decision_of(row) for one in sorted(reach) for row in book.decisions(one)}
    parties = [party_of(row) for one in sorted(reach) if (row := book.party(one)) is not None and row.is_live]
    return parties, decisions


def _note_decisions(workspace: Workspace, touched: Iterable[Key], position: int) -> set[Pair]:
    """Keep what `identity` records of an entry say; the pairs they are about, for a pin one customer twice."""
    found: set[Pair] = set()
    for kind, record in touched:
        state = workspace.book.state((kind, record)) if kind == IDENTITY.number else None
        row = _decision_row(state, position) if state is not None else None
        if row is None or state is None:
            continue
        if shown_fields(state).get("retracted") is None:
            workspace.master.put_decision(row)
            if row.effect == Effect.LINK:
                _lend_names(workspace.master, row)
        else:
            workspace.master.drop_decision(row)
        found.add((row.customer, row.other))
    return found


def _lend_names(book: MasterBook, row: DecisionRow) -> None:
    """Let the golden ids of two linked customers lead to them from now on."""
    for customer in (row.customer, row.other):
        book.put_alias(AliasRow(golden_id(RecordId(customer)), customer))


def _decision_row(state: RecordState, position: int) -> DecisionRow | None:
    """What an `identity` record says; None for one that a newer version wrote in words unknown here."""
    shown = shown_fields(state)
    one, other, effect = shown.get("one_id"), shown.get("other_id"), shown.get("effect")
    if not isinstance(one, bytes) or not isinstance(other, bytes) or effect not in {*Effect}:
        return None
    if (one == other) != (effect == Effect.PIN) and effect != Effect.RETRACT:
        return None
    target, op = shown.get("target_id"), OpId(state.entries[0].op)
    authority, cause = str(shown.get("authority") or "auto"), str(shown.get("cause") or "")
    target = target if isinstance(target, bytes) else b""
    return DecisionRow(one, other, state.id, position, index_of(op), str(effect), authority, cause, target)


def _reach(book: MasterBook, start: set[bytes], effect: Effect | None) -> set[bytes]:
    """Customers that decisions of one effect connect with some, directly or through others; None for any effect."""
    reach: set[bytes] = set()
    front = start
    while front:
        book.load(front)
        reach |= front
        rows = (row for one in front for row in book.decisions(one))
        front = {row.other for row in rows if effect is None or row.effect == effect} - reach
    return reach


def _cluster_again(workspace: Workspace, moved: set[bytes], said: set[bytes], position: int) -> None:
    """Work out the clusters round some customers, and tell the sites of those that changed.

    Args:
        moved: customers whose clusters may change.
        said: golden ids of clusters about whose customers something was said.
    """
    book = workspace.master
    parties, decisions = surroundings_of(book, moved)
    around = form_clusters(parties, decisions.values())
    reach = {*moved, *(member.record for cluster in around.clusters for member in cluster.members)}
    before = {one: book.member(one) for one in sorted(reach)}
    goldens = {member.golden for member in before.values() if member is not None}
    sites = {golden: _sites(book, golden) for golden in goldens | said}
    homes = {
        member.record: cluster.golden
        for cluster in around.clusters
        for member in cluster.members
        if len(cluster.members) > 1
    }
    changed = _move_members(book, before, homes)
    _propose(book, around, decisions)
    for golden in sorted(changed | said):
        now = _sites(book, golden)
        for site in sorted(now | sites.get(golden, set())):
            _send(workspace, site, golden, position, is_evicted=site not in now)


def _move_members(
    book: MasterBook, before: Mapping[bytes, MemberRow | None], homes: Mapping[bytes, bytes]
) -> set[bytes]:
    """Write who is in which cluster now; the golden ids of the clusters that changed."""
    changed: set[bytes] = set()
    for customer, held in before.items():
        home = homes.get(customer)
        if home == (held.golden if held is not None else None):
            continue
        if held is not None:
            changed.add(held.golden)
        if home is not None:
            changed.add(home)
        book.put_member(customer, MemberRow(customer, home) if home is not None else None)
    return changed


def _propose(book: MasterBook, around: Clusters, decisions: Mapping[bytes, Decision]) -> None:
    """Bring the queue up to date with the decisions about some customers."""
    standing = standing_decisions(decisions.values())
    waiting = open_proposals(list(standing.values()), around.refused)
    pairs = {one.pair for one in decisions.values()}
    book.load({customer for pair in pairs for customer in pair})
    counting = deciding(standing.values()).values()
    apart = {_homes(book, one.pair) for one in counting if one.effect is Effect.SPLIT}
    book.load_proposals({pair[0] for pair in pairs})
    for pair in sorted(pairs):
        found = waiting.get(pair)
        is_asked = found is not None and _is_asked(book, *found, apart)
        is_open = is_asked and all(_is_live(book, one) for one in pair)
        held = next((row for row in book.proposals(pair[0]) if row.other == pair[1]), None)
        if found is not None and is_open:
            row = ProposalRow(*pair, found[0].id, found[0].place[0], found[1])
            if row != held:
                book.put_proposal(row)
        elif held is not None:
            book.drop_proposal(held)


def _is_asked(book: MasterBook, question: Decision, cause: str, apart: Collection[Set[bytes]]) -> bool:
    """Whether an answer to an open question could still change something.

    Args:
        question: what waits; a link that a guard stopped is looked at whatever stands between the two.
        apart: homes between which a split counts.
    """
    if cause == DOUBTED:
        return True
    homes = _homes(book, question.pair)
    return len(homes) > 1 and (question.effect is Effect.LINK or homes not in apart)


def _is_live(book: MasterBook, customer: bytes) -> bool:
    party = book.party(customer)
    return party is not None and party.is_live


def _homes(book: MasterBook, pair: Pair) -> frozenset[bytes]:
    """The clusters of two customers, one alone as itself; a single one where the two are in one cluster."""
    members = ((one, book.member(one)) for one in pair)
    return frozenset(held.golden if held is not None else one for one, held in members)


def _sites(book: MasterBook, golden: bytes) -> set[bytes]:
    """The sites that have a customer in a cluster."""
    members = book.members_of(golden)
    book.load(members)
    return {party.dealer_id for one in members if (party := book.party(one)) is not None}


def _send(workspace: Workspace, site: bytes, golden: bytes, position: int, *, is_evicted: bool) -> None:
    """Put a golden record at the end of a site's feed."""
    key = (GOLDEN.number, golden)
    workspace.book.feed(FeedRow(site, *key, place_of(position, key), is_evicted))
