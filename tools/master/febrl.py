"""The public febrl sets: the same compiled scorer on Australian names, where everybody's figures can be compared.

Decides that no person is in both halves: a model is trained on one half of the people and measured on the other, both
ways round, so that every true pair is measured once. febrl4 links two files, febrl3 finds groups in one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from carnet_master.conditions import Value
from carnet_master.model import read_model, write_model
from carnet_master.scorer import compile_model
from tools.master.measuring import FIXED_BITS, Quality
from tools.master.plans import FEBRL
from tools.master.sources import Sample, read_febrl3, read_febrl4, split
from tools.master.training import train

PRIOR = 3e-4
PAIRS = 3e6
BLOCKS: Sequence[tuple[str, ...]] = (
    ("soc_sec_id",),
    ("given_name", "surname"),
    ("surname", "date_of_birth"),
    ("given_name", "date_of_birth"),
    ("date_of_birth", "postcode"),
    ("surname", "postcode"),
    ("given_name", "postcode"),
    ("address_1", "postcode"),
    ("address_1", "suburb"),
    ("date_of_birth", "state"),
)
BLOCK_RECORDS_MAX = 200


def febrl4_quality() -> Quality:
    """febrl4 by pairs at 0.99, each half measured with the model of the other."""
    sample = read_febrl4()
    linked = right = 0
    for part in (0, 1):
        scored = _scored(sample, part, is_across=True)
        linked += sum(weight >= FIXED_BITS for weight, _, _ in scored)
        half = split(sample, 1 - part)
        right += sum(
            weight >= FIXED_BITS and half.party_of[one] == half.party_of[other] for weight, one, other in scored
        )
    return Quality(right / linked, right / len(sample.true_pairs()))


def febrl3_quality() -> Quality:
    """febrl3 by pairs inside clusters at 0.99, each half measured with the model of the other."""
    sample = read_febrl3()
    inside = right = 0
    for part in (0, 1):
        half = split(sample, 1 - part)
        group_of = {key: key for key in half.rows}
        for weight, one, other in _scored(sample, part, is_across=False):
            if weight >= FIXED_BITS:
                _join(group_of, one, other)
        groups = {key: _top(group_of, key) for key in half.rows}
        inside += sum(_pairs(count) for count in Counter(groups.values()).values())
        right += sum(_pairs(count) for count in Counter((groups[key], half.party_of[key]) for key in groups).values())
    return Quality(right / inside, right / len(sample.true_pairs()))


def _scored(sample: Sample, part: int, *, is_across: bool) -> list[tuple[float, str, str]]:
    """Weights of the pairs of one half, by a model of the other; across two files, or within one."""
    trained = train(FEBRL, split(sample, part), prior=PRIOR, card={}, pairs_max=PAIRS)
    model = read_model(write_model(trained))
    scorer = compile_model(model)
    rows = {}
    for key, row in split(sample, 1 - part).rows.items():
        terms = {f"tf_{name}": model.frequency(name, _text(row[name])) for name in model.terms}
        rows[key] = {**row, **terms}
    return [
        (scorer.score(rows[one], rows[other]).weight, one, other)
        for one, other in _candidates(rows)
        if not is_across or one.endswith("org") != other.endswith("org")
    ]


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _candidates(rows: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    under: dict[tuple[object, ...], list[str]] = {}
    for key in sorted(rows):
        for block in BLOCKS:
            values = tuple(rows[key][name] for name in block)
            if None not in values:
                under.setdefault((block, values), []).append(key)
    found: set[tuple[str, str]] = set()
    for keys in under.values():
        if len(keys) <= BLOCK_RECORDS_MAX:
            found.update(combinations(keys, 2))
    return sorted(found)


def _join(group_of: dict[str, str], one: str, other: str) -> None:
    group_of[_top(group_of, one)] = _top(group_of, other)


def _top(group_of: Mapping[str, str], key: str) -> str:
    while group_of[key] != key:
        key = group_of[key]
    return key


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
