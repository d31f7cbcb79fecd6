"""Clusters: what follows from decisions, in whatever order they came."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.clusters import (
    DOUBTED,
    Authority,
    Clusters,
    Decision,
    Effect,
    Party,
    Refusal,
    deciding,
    form_clusters,
    open_proposals,
    standing_decisions,
)
from carnet_master.limits import UNDOCUMENTED_MEMBERS_MAX
from carnet_protocol.ids import RecordId, golden_id

NAMES = "abcdefgh"


def party(name: str, **facts: object) -> Party:
    """A source record; the alphabet is the order in which the hub saw them."""
    return replace(Party(record(name), NAMES.index(name) + 1), **facts)  # type: ignore[arg-type]


def record(name: str) -> bytes:
    """A record id that does not sort as the alphabet does."""
    return bytes([255 - ord(name)]) * 16


def decision(
    effect: Effect,
    pair: str,
    at: int,
    authority: Authority = Authority.AUTO,
    *,
    target: int | None = None,
    cause: str = "",
) -> Decision:
    """A decision at a place of the log, named after it."""
    one, other = (record(name) for name in pair)
    return Decision(
        name_of(at), one, other, effect, authority, (at, 0), cause, None if target is None else name_of(target)
    )


def name_of(at: int) -> bytes:
    """The id of the decision at a place."""
    return at.to_bytes(16, "big")


def link(pair: str, at: int, authority: Authority = Authority.AUTO) -> Decision:
    """Two records are the same."""
    return decision(Effect.LINK, pair, at, authority)


def split(pair: str, at: int, authority: Authority = Authority.STEWARD) -> Decision:
    """Two records are not the same."""
    return decision(Effect.SPLIT, pair, at, authority)


def retract(pair: str, at: int, target: int, authority: Authority = Authority.STEWARD) -> Decision:
    """A decision is taken back."""
    return decision(Effect.RETRACT, pair, at, authority, target=target)


def together(parties: Iterable[Party], decisions: Iterable[Decision]) -> set[str]:
    """The clusters, each as the names of its records in the order of the alphabet."""
    found = form_clusters(parties, decisions).clusters
    return {"".join(sorted(chr(255 - one.record[0]) for one in cluster.members)) for cluster in found}


def people(names: str, **facts: object) -> list[Party]:
    """Some records without anything known of them."""
    return [party(name, **facts) for name in names]


def refusals(found: Clusters) -> list[Refusal]:
    """Why links were not followed."""
    return [one.why for one in found.refused]


DECISIONS = st.lists(
    st.builds(
        lambda effect, pair, authority, target: (effect, "".join(pair), authority, target),
        st.sampled_from((Effect.LINK, Effect.LINK, Effect.SPLIT, Effect.RETRACT)),
        st.permutations(NAMES).map(lambda names: names[:2]),
        st.sampled_from(Authority),
        st.integers(1, 14),
    ),
    max_size=14,
).map(
    lambda drawn: [
        decision(effect, pair, at, authority, target=target if effect is Effect.RETRACT else None)
        for at, (effect, pair, authority, target) in enumerate(drawn, 1)
    ]
)
"""Histories of a small country: links, splits and retractions of both authorities."""

PARTIES = st.tuples(
    *(
        st.builds(
            lambda name, kind, number: party(name, kind=kind, identifiers=frozenset(number)),
            st.just(name),
            st.sampled_from(("", "person", "person", "company")),
            st.sampled_from(([], [], [b"1"], [b"2"])),
        )
        for name in NAMES
    )
)


def test_a_link_brings_two_records_together():
    """Two linked records are one cluster, the others stand alone."""
    assert together(people("abc"), [link("ab", 9)]) == {"ab", "c"}


def test_the_record_the_hub_knew_first_lends_the_golden_id():
    """The golden id is the oldest record's, whatever ids and links look like."""
    found = form_clusters(people("abc"), [link("cb", 9), link("ba", 10)])

    assert [one.golden for one in found.clusters] == [golden_id(RecordId(record("a")))]


def test_a_split_gives_each_part_the_id_it_had():
    """After a split the older part keeps the golden id and the other has the one it had before the merge."""
    merged = [link("bc", 9), link("ab", 10)]

    parts = form_clusters(people("abc"), [*merged, retract("ab", 11, 10)])

    assert {one.golden for one in parts.clusters} == {golden_id(RecordId(record(name))) for name in "ab"}


def test_what_a_steward_split_is_not_joined_by_the_matcher():
    """A later link of the matcher between the same two records has no effect."""
    assert together(people("ab"), [split("ab", 9), link("ab", 10)]) == {"a", "b"}


def test_what_a_steward_split_is_not_joined_through_a_third():
    """Two links round a split leave the later one out and name it."""
    history = [split("ac", 9), link("ab", 10), link("bc", 11)]

    assert together(people("abc"), history) == {"ab", "c"}
    assert refusals(form_clusters(people("abc"), history)) == [Refusal.NOT_SAME]


def test_a_steward_may_change_their_mind():
    """A later link of a steward beats an earlier split of a steward."""
    assert together(people("ab"), [split("ab", 9), link("ab", 10, Authority.STEWARD)]) == {"ab"}


def test_a_retraction_that_is_retracted_has_no_effect():
    """Taking back the taking back brings the link back."""
    history = [link("ab", 9), retract("ab", 10, 9), retract("ab", 11, 10)]

    assert together(people("ab"), history) == {"ab"}


def test_the_matcher_takes_back_no_decision_of_a_steward():
    """A retraction by the matcher leaves a steward's link standing."""
    history = [link("ab", 9, Authority.STEWARD), retract("ab", 10, 9, Authority.AUTO)]

    assert together(people("ab"), history) == {"ab"}


def test_different_document_numbers_keep_records_apart():
    """The matcher's link between two valid numbers that differ is refused, also through a record without one."""
    parties = [party("a", identifiers=frozenset({b"1"})), party("b"), party("c", identifiers=frozenset({b"2"}))]

    found = form_clusters(parties, [link("ab", 9), link("bc", 10)])

    assert refusals(found) == [Refusal.IDENTIFIERS]
    assert len(found.clusters) == 2


def test_a_steward_may_join_different_document_numbers():
    """Somebody who has seen both documents may say that they are one person's."""
    parties = [party("a", identifiers=frozenset({b"1"})), party("b", identifiers=frozenset({b"2"}))]

    assert together(parties, [link("ab", 9, Authority.STEWARD)]) == {"ab"}


def test_a_stewards_link_keeps_what_the_matcher_had_joined():
    """Records with either of two numbers stay where they were when a steward calls the numbers one person's."""
    numbers = {"a": b"1", "b": b"1", "c": b"2", "d": b"2"}
    parties = [party(name, identifiers=frozenset({number})) for name, number in numbers.items()]
    before = [link("ab", 9), link("cd", 10)]

    assert together(parties, before) == {"ab", "cd"}
    assert together(parties, [*before, link("ac", 11, Authority.STEWARD)]) == {"abcd"}


@pytest.mark.parametrize("authority", Authority)
def test_a_person_and_a_company_are_never_one(authority: Authority):
    """A link between a person and a company is refused, whoever made it."""
    parties = [party("a", kind="person"), party("b", kind="company")]

    assert refusals(form_clusters(parties, [link("ab", 9, authority)])) == [Refusal.PARTY_KIND]


def test_a_person_without_documents_does_not_grow_without_end():
    """The matcher brings together as many records as the limit says, and names the link that was one too many."""
    names = [Party(bytes([number]) * 16, number) for number in range(1, UNDOCUMENTED_MEMBERS_MAX + 2)]
    chain = [
        Decision(name_of(at), one.record, other.record, Effect.LINK, Authority.AUTO, (100 + at, 0))
        for at, (one, other) in enumerate(pairwise(names), 1)
    ]

    found = form_clusters(names, chain)

    assert sorted(len(one.members) for one in found.clusters) == [1, UNDOCUMENTED_MEMBERS_MAX]
    assert refusals(found) == [Refusal.SIZE]


def test_a_steward_may_join_two_large_parts():
    """Each part keeps the size that the matcher may give it, so nobody falls out of a cluster that a steward made."""
    names = [Party(bytes([number]) * 16, number) for number in range(1, 2 * UNDOCUMENTED_MEMBERS_MAX + 1)]
    chains = [
        Decision(name_of(at), one.record, other.record, Effect.LINK, Authority.AUTO, (100 + at, 0))
        for at, (one, other) in enumerate(pairwise(names), 1)
        if at != UNDOCUMENTED_MEMBERS_MAX
    ]
    first, last = names[0].record, names[-1].record
    steward = Decision(name_of(90), first, last, Effect.LINK, Authority.STEWARD, (900, 0))

    assert [len(one.members) for one in form_clusters(names, chains).clusters] == [UNDOCUMENTED_MEMBERS_MAX] * 2
    assert [len(one.members) for one in form_clusters(names, [*chains, steward]).clusters] == [len(names)]


def test_a_proposal_is_open_until_it_is_answered():
    """A link, a split or a dismissal closes the proposal of its pair; a later proposal opens it again."""
    proposed = decision(Effect.PROPOSE, "ab", 9, cause="homophone")
    answers = {
        "nothing": [],
        "link": [link("ab", 10)],
        "split": [split("ab", 10)],
        "dismissed": [decision(Effect.DISMISS, "ab", 10)],
        "proposed anew": [decision(Effect.DISMISS, "ab", 10), decision(Effect.PROPOSE, "ab", 11)],
    }

    still_open = [name for name, later in answers.items() if open_proposals([proposed, *later], [])]

    assert still_open == ["nothing", "proposed anew"]


def test_a_doubt_about_a_link_is_open_while_the_link_is_the_matchers():
    """Whoever confirms, splits, retracts or puts aside answers it; a link that came after it was not meant."""
    doubted = decision(Effect.PROPOSE, "ab", 9, cause=DOUBTED)
    histories = {
        "linked before": [link("ab", 5)],
        "never linked": [],
        "linked afterwards": [link("ab", 10)],
        "confirmed": [link("ab", 5), link("ab", 10, Authority.STEWARD)],
        "split": [link("ab", 5), split("ab", 10)],
        "retracted": [link("ab", 5), retract("ab", 10, target=5)],
        "put aside": [link("ab", 5), decision(Effect.DISMISS, "ab", 10)],
    }

    still_open = [
        name
        for name, others in histories.items()
        if open_proposals(standing_decisions([doubted, *others]).values(), [])
    ]

    assert still_open == ["linked before"]


def test_a_refused_link_waits_for_a_steward():
    """A link that a guard stopped is a proposal with the guard as its cause."""
    parties = [party("a", kind="person"), party("b", kind="company")]
    decisions = [link("ab", 9)]

    found = open_proposals(decisions, form_clusters(parties, decisions).refused)

    assert [cause for _, cause in found.values()] == ["party_kind"]


@given(PARTIES, DECISIONS, st.randoms(use_true_random=False))
def test_order_and_repeats_play_no_part(parties: Sequence[Party], decisions: list[Decision], dice):
    """Any order of the same decisions, some of them twice, gives the same clusters and refusals."""
    shuffled = [*decisions, *decisions[::2]]
    dice.shuffle(shuffled)

    assert form_clusters(parties, shuffled) == form_clusters(parties, decisions)


@given(PARTIES, DECISIONS)
def test_no_cluster_holds_a_pair_that_was_split(parties: Sequence[Party], decisions: list[Decision]):
    """Whatever is linked with whatever, records between which a split counts are in two clusters."""
    counting = deciding(standing_decisions(decisions).values())
    home = {member.record: one.golden for one in form_clusters(parties, decisions).clusters for member in one.members}

    assert all(home[one.one] != home[one.other] for one in counting.values() if one.effect is Effect.SPLIT)


@given(PARTIES, DECISIONS)
def test_no_cluster_holds_persons_and_companies(parties: Sequence[Party], decisions: list[Decision]):
    """A cluster has at most one kind of party."""
    kinds = [{one.kind for one in found.members} - {""} for found in form_clusters(parties, decisions).clusters]

    assert max(map(len, kinds)) <= 1


@given(PARTIES, DECISIONS)
def test_only_stewards_bring_different_documents_together(parties: Sequence[Party], decisions: list[Decision]):
    """Without decisions of stewards every cluster has at most one valid document number."""
    of_matcher = [one for one in decisions if one.authority is Authority.AUTO]
    clusters = form_clusters(parties, of_matcher).clusters

    numbers = [frozenset().union(*(one.identifiers for one in found.members)) for found in clusters]

    assert max(map(len, numbers)) <= 1


@given(PARTIES, DECISIONS)
def test_a_part_worked_out_alone_is_the_same(parties: Sequence[Party], decisions: list[Decision]):
    """The clusters of one connected part do not depend on the rest of the country."""
    whole = form_clusters(parties, decisions)
    linked = [one.pair for one in decisions]
    part = {parties[0].record}
    while more := {name for pair in linked for name in pair if part & set(pair)} - part:
        part |= more

    alone = form_clusters([one for one in parties if one.record in part], decisions)

    assert alone.clusters == tuple(one for one in whole.clusters if one.members[0].record in part)


@given(PARTIES, DECISIONS, st.permutations(NAMES).map(lambda names: "".join(names[:2])))
def test_taking_a_merge_back_restores_the_clusters(parties: Sequence[Party], decisions: list[Decision], pair: str):
    """A steward's link and its retraction leave the clusters exactly as they were."""
    merged = [*decisions, link(pair, 90, Authority.STEWARD)]

    assert form_clusters(parties, [*merged, retract(pair, 91, 90)]) == form_clusters(parties, decisions)
