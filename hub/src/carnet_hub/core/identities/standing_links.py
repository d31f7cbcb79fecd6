"""Whether the matcher's own links still have a ground, once a customer has changed.

Decides, for a customer whose features changed, which of the matcher's links about it are taken back, about which a
steward is asked, and which question is settled by the change. Does not decide whether the two would be linked today
(`carnet_master.tiers`) nor how it is written down (`matching`).

Rules:
- What the records say now contradicts the link (two valid numbers, two birthdays, two sexes, another name, another kind
  of party): the matcher takes its own link back, and the two are treated as if they had just met.
- What brought the two together is gone and nothing contradicts it (another telephone, a removed number): people move
  and change their numbers, and the link was right nearly always. It stands and a steward is asked, once; not where
  other links hold the two together anyway.
- No model plays a part: a link that was made is never doubted because weights changed. `relink` asks about those.
- A steward's link is never looked at, nor is one that a steward has given back to the matcher by taking a retraction
  back; nor one with a customer of whom something was erased, for an erasure is no correction.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.identities.linking import surroundings_of
from carnet_hub.core.master_limits import LINKS_REVIEWED_MAX
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.sets.master_book import MasterBook
from carnet_master.clusters import DOUBTED, Authority, Decision, Effect, deciding, form_clusters
from carnet_master.features import Features
from carnet_master.holding import Held, held_by_facts


@dataclass(frozen=True, slots=True)
class Review:
    """What becomes of the matcher's links about one customer.

    Attributes:
        refuted: links that are contradicted, with what was asked about them; taken back.
        doubted: links that have lost their ground; a steward is asked.
        grounded: questions about links that have a ground, as far as facts go.
    """

    refuted: tuple[Decision, ...] = ()
    doubted: tuple[Decision, ...] = ()
    grounded: tuple[Decision, ...] = ()


NOTHING_TO_REVIEW: Final = Review()


def review_links(
    book: MasterBook,
    customer: bytes,
    said: dict[bytes, list[Decision]],
    *,
    features_of: Callable[[PartyRow], Features],
    is_erased: Callable[[bytes], bool],
) -> Review:
    """Look at the matcher's links about a customer that has changed, at most `LINKS_REVIEWED_MAX`, oldest first.

    Args:
        book: holds the customer.
        said: what stands about the customer, by the other one.
        features_of: of a customer, generic values among them: that others share a value now refutes nothing.
        is_erased: whether anything of a customer was erased.
    """
    links = list(_own_links(said))
    if not links or is_erased(customer):
        return NOTHING_TO_REVIEW
    book.load([customer, *(_other(link, customer) for link in links)])
    states = {link: _state_of(book, link, features_of) for link in links if not is_erased(_other(link, customer))}
    by_state = {held: [link for link, state in states.items() if state is held] for held in Held}
    asked = {link: [one for one in said[_other(link, customer)] if _is_doubt(one)] for link in states}
    refuted, lost = by_state[Held.REFUTED], by_state[Held.LOST]
    unasked = [link for link in lost if not asked[link]]
    return Review(
        tuple(one for link in refuted for one in (link, *asked[link])),
        tuple(_bridges(book, customer, unasked, without=[*refuted, *lost])),
        tuple(one for link in by_state[Held.HELD] for one in asked[link]),
    )


def _own_links(said: dict[bytes, list[Decision]]) -> Iterable[Decision]:
    """The matcher's links that count, oldest first."""
    unspoken = (decisions for decisions in said.values() if not any(_is_word(one) for one in decisions))
    counting = (one for decisions in unspoken for one in deciding(decisions).values())
    links = (one for one in counting if one.effect is Effect.LINK and one.authority is Authority.AUTO)
    return sorted(links, key=lambda one: (one.place, one.id))[:LINKS_REVIEWED_MAX]


def _state_of(book: MasterBook, link: Decision, features_of: Callable[[PartyRow], Features]) -> Held:
    one, other = (book.party(record) for record in link.pair)
    if one is None or other is None or not one.is_live or not other.is_live:
        return Held.HELD  # who is gone is in no cluster; the link is looked at when both are here and one changes
    return held_by_facts(features_of(one), features_of(other))


def _bridges(
    book: MasterBook, customer: bytes, asked: Collection[Decision], *, without: Collection[Decision]
) -> Iterator[Decision]:
    """Those of some links whose two customers nothing else holds together.

    Args:
        without: links that hold nobody any more.
    """
    if not asked:
        return
    parties, decisions = surroundings_of(book, [customer])
    gone = {one.id for one in without}
    around = form_clusters(parties, [one for one in decisions.values() if one.id not in gone])
    home = {member.record: cluster.golden for cluster in around.clusters for member in cluster.members}
    yield from (link for link in asked if home.get(link.one) != home.get(link.other))


def _is_word(one: Decision) -> bool:
    """Whether a steward has taken something back about the two."""
    return one.effect is Effect.RETRACT and one.authority is Authority.STEWARD


def _is_doubt(one: Decision) -> bool:
    return one.effect is Effect.PROPOSE and one.cause == DOUBTED


def _other(link: Decision, customer: bytes) -> bytes:
    return link.other if link.one == customer else link.one
