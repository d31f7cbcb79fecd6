"""A hub's own frequencies of names: the part of a model that a hub can learn from its customers alone.

Decides how frequent a name is among the people and companies of this hub, and makes of a model in use another one that
believes it. Does not decide whether it is used: that is a person's act (`models`).

Rules:
- Linked customers count once, by the one who lends their golden id; who is gone or was erased does not count.
- A name that fewer than `NAMESAKES_MIN` have is not listed: it says nothing, and tells of somebody.
- m, u and prior stay. How often true pairs agree needs known truth, and strangers cannot be had from a hub's records:
  of a million records one pair in a million is one customer whom nobody has found yet, ten times as many as strangers
  who share a number by chance.
- From fewer than `LEARNED_FROM_MIN` nothing is learned.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.relink_limits import EXPORT_CUSTOMERS_BATCH, LEARNED_FROM_MIN, NAMES_LISTED_MAX, NAMESAKES_MIN
from carnet_master.model import read_model, write_model
from carnet_master.rows import columns_of
from carnet_protocol.ids import RecordId, golden_id


@dataclass(frozen=True, slots=True)
class Learned:
    """A model with a hub's own frequencies.

    Attributes:
        content: its file.
        parties: people or companies it was learned from.
        names: how many are listed.
    """

    content: bytes
    parties: int
    names: int


def learn_frequencies(hub: Hub, files: Mapping[str, bytes], *, least: int = LEARNED_FROM_MIN) -> dict[str, Learned]:
    """Models with this hub's own frequencies, by kind of party; a kind with too few customers is left out.

    Args:
        files: of the models in use, by kind of party.
        least: people or companies with a name, at least 1.
    """
    columns = {kind: tuple(read_model(content).terms) for kind, content in files.items()}
    counts: dict[str, dict[str, Counter[str]]] = {
        kind: {column: Counter() for column in named} for kind, named in columns.items()
    }
    for party in _lenders(hub):
        features = plain_features(hub.box, party)
        if features.party in counts:
            row = columns_of(features)
            for column, counted in counts[features.party].items():
                value = row[column]
                if isinstance(value, str):
                    counted[value] += 1
    enough = (kind for kind, counted in counts.items() if min(map(Counter.total, counted.values()), default=0) >= least)
    return {kind: _learned(files[kind], counts[kind]) for kind in enough}


def _learned(file: bytes, counts: Mapping[str, Counter[str]]) -> Learned:
    """A model file with other frequencies, and that in its card."""
    content = json.loads(file)
    listed = {column: _listed(counted) for column, counted in counts.items()}
    terms = {column: {"floor": 1 / counted.total(), "values": listed[column]} for column, counted in counts.items()}
    parties = max(counted.total() for counted in counts.values())
    card = {**content["card"], "frequencies": f"names of {parties} customers of a hub"}
    made = write_model({**content, "card": card, "terms": terms})
    read_model(made)
    return Learned(made, parties, sum(map(len, listed.values())))


def _listed(counted: Counter[str]) -> dict[str, float]:
    """The names that a model lists, each with its share."""
    total = counted.total()
    listed = [(name, count) for name, count in counted.most_common(NAMES_LISTED_MAX) if count >= NAMESAKES_MIN]
    return {name: count / total for name, count in sorted(listed)}


def _lenders(hub: Hub) -> Iterator[PartyRow]:
    """Every customer who is here and stands for everybody linked with it."""
    after = b""
    while True:
        with hub.store.read() as snapshot:
            parties = snapshot.parties_after(after, EXPORT_CUSTOMERS_BATCH)
            if not parties:
                return
            lending = list(_lending(snapshot, parties))
        yield from lending
        after = parties[-1].customer


def _lending(snapshot: Snapshot, parties: list[PartyRow]) -> Iterator[PartyRow]:
    members = snapshot.members([party.customer for party in parties])
    for party in parties:
        held = members.get(party.customer)
        if party.is_live and (held is None or held.golden == golden_id(RecordId(party.customer))):
            yield party
