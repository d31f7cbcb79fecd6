"""The matching model as a file: what Splink was trained to, read without Splink.

Decides what a model file is, that everything in it is trained and within bounds, how it is identified, and what is
signed when a hub adopts one. Does not decide what its conditions mean (`conditions`) nor how a pair is weighed
(`scorer`).

Rules
1. A model is canonical JSON: keys sorted, nothing between the signs, UTF-8. Its id is the SHA-256 of these bytes: one
   changed digit is another model, and a stored weight says by which it was made.
2. `settings` is Splink's own form, so the batch side loads what the compiled scorer reads. The prior in it is frozen:
   a hub of another size is another model.
3. Every level that is no null level has m and u, and m is at least `M_FLOOR`. Frequencies of values stand in `terms`; a
   value that is not listed has the column's floor, so a pair weighs the same however the hub grows.
4. A level's number is Splink's: -1 for null, 0 for what is left over, the first level the highest.

    {"card": {...}, "features": 1, "format": 1, "party_kind": "person", "settings": {...}, "terms": {...}}
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet_master.errors import NotAModel, UnsignedModel, UntrainedLevel
from carnet_master.model_limits import (
    COMPARISONS_MAX,
    LABEL_CHARS_MAX,
    LEVELS_MAX,
    M_FLOOR,
    MODEL_BYTES_MAX,
    SQL_CHARS_MAX,
    TERM_COLUMNS_MAX,
    TERM_VALUES_MAX,
)
from carnet_protocol.ids import HubId

FORMAT: Final = 1
PARTY_KINDS: Final = ("person", "company")
NULL_LEVEL: Final = -1
ELSE: Final = "ELSE"
TERM_PREFIX: Final = "tf_"
"""Splink's prefix of the column with a value's frequency."""

_PARTS: Final = {"card", "features", "format", "party_kind", "settings", "terms"}
_STATEMENT: Final = b"carnet-model-v1\n"

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement.

    Attributes:
        number: -1 null, 0 left over, the highest is the first.
        sql: the condition; `ELSE` for the last.
        weight: log2(m / u) in bits; nought for null.
        term: the column by whose frequency the weight is corrected, or None.
        term_base: log2 of the u that the frequency replaces.
        term_floor: the least frequency the correction believes.
        term_share: how much of the correction counts, 0 to 1.
    """

    number: int
    label: str
    sql: str
    weight: float
    term: str | None = None
    term_base: float = 0.0
    term_floor: float = 0.0
    term_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared, and its levels in the order in which they are tried, the last of them without a condition."""

    name: str
    levels: tuple[Level, ...]

    def label_of(self, number: int) -> str:
        """What a level says, by its number."""
        return next(level.label for level in self.levels if level.number == number)


@dataclass(frozen=True, slots=True)
class Terms:
    """How frequent the values of one column are.

    Attributes:
        floor: the frequency of every value that is not listed.
    """

    floor: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be used.

    Attributes:
        id: SHA-256 of the file.
        features: the version of the features it was trained on.
        prior_weight: log2 of the odds that two records are one party, before anything is compared.
        terms: by column.
        card: on what it was trained, for people.
    """

    id: bytes
    party_kind: str
    features: int
    prior_weight: float
    comparisons: tuple[Comparison, ...]
    terms: Mapping[str, Terms]
    card: Json

    def frequency(self, column: str, value: str | None) -> float | None:
        """How frequent a value is; None for no value."""
        terms = self.terms[column]
        return None if value is None else terms.values.get(value, terms.floor)


@cache
def shipped_model(party_kind: str) -> Model:
    """The model that comes with the package, trained on the project's made-up country.

    Args:
        party_kind: `person` or `company`.
    """
    return read_model(shipped_file(party_kind))


def shipped_file(party_kind: str) -> bytes:
    """The file of the model that comes with the package.

    Args:
        party_kind: `person` or `company`.
    """
    return resources.files("carnet_master").joinpath("models", f"{party_kind}.json").read_bytes()


def write_model(model: Json) -> bytes:
    """The canonical bytes of a model."""
    return json.dumps(model, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def read_model(data: bytes) -> Model:
    """A model out of its file.

    Args:
        data: at most `MODEL_BYTES_MAX` bytes.

    Raises:
        NotAModel: too large, not canonical JSON, a part missing, of another type or out of bounds.
        UntrainedLevel: a level has no m or no u, or an m below `M_FLOOR`.
    """
    content = _load(data)
    if content.keys() != _PARTS or content["format"] != FORMAT:
        raise NotAModel(f"a model of format {FORMAT} has the parts {', '.join(sorted(_PARTS))}")
    party_kind = _text(content, "party_kind")
    if party_kind not in PARTY_KINDS:
        raise NotAModel("party_kind is person or company")
    settings = _mapping(content, "settings")
    comparisons = _list(settings, "comparisons", COMPARISONS_MAX)
    terms = _terms(_mapping(content, "terms"))
    prior = _positive(settings, "probability_two_random_records_match")
    if prior == 1:
        raise NotAModel("a prior that leaves nothing open")
    read = tuple(_comparison(one) for one in comparisons)
    for column in {level.term for one in read for level in one.levels if level.term is not None}:
        if column not in terms:
            raise NotAModel(f"no frequencies for the column {column}")
    return Model(
        id=hashlib.sha256(data).digest(),
        party_kind=party_kind,
        features=_integer(content, "features"),
        prior_weight=math.log2(prior / (1 - prior)),
        comparisons=read,
        terms=terms,
        card=_mapping(content, "card"),
    )


def model_statement(model_id: bytes, hub: HubId) -> bytes:
    """What a hub's key signs when the hub adopts a model: these bytes and no others."""
    return _STATEMENT + hub.hex().encode() + b"\n" + model_id.hex().encode() + b"\n"


def verify_model(model: Model, hub: HubId, public_key: bytes, signature: bytes) -> None:
    """Accept a model as adopted by a hub.

    Args:
        model: as read.
        hub: whose model it must be.
        public_key: raw 32-byte Ed25519 key of that hub.
        signature: 64 bytes over `model_statement`.

    Raises:
        UnsignedModel: of another model, another hub or another key.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, model_statement(model.id, hub))
    except (InvalidSignature, ValueError) as error:
        raise UnsignedModel("the signature is not this key's over this model and hub") from error


def _load(data: bytes) -> Json:
    if len(data) > MODEL_BYTES_MAX:
        raise NotAModel(f"more than {MODEL_BYTES_MAX} bytes")
    try:
        content = json.loads(data)
        is_canonical = isinstance(content, dict) and write_model(content) == data
    except (ValueError, RecursionError) as error:
        raise NotAModel("no JSON that can be read") from error
    if not is_canonical:
        raise NotAModel("not canonical JSON")
    return dict(content)


def _comparison(found: object) -> Comparison:
    if not isinstance(found, dict):
        raise NotAModel("a comparison is a mapping")
    name = _text(found, "output_column_name")
    levels = _list(found, "comparison_levels", LEVELS_MAX)
    return Comparison(name, tuple(_levels(name, [_as_mapping(one) for one in levels])))


def _levels(name: str, found: Sequence[Json]) -> list[Level]:
    graded = [one for one in found if one.get("is_null_level") is not True]
    if not graded or found[-1] is not graded[-1] or _text(graded[-1], "sql_condition").upper() != ELSE:
        raise NotAModel(f"{name}: the last level takes what is left over")
    numbers = iter(range(len(graded) - 1, -1, -1))
    levels = []
    for one in found:
        if one.get("is_null_level") is True:
            levels.append(Level(NULL_LEVEL, _label(one), _text(one, "sql_condition"), 0.0))
        else:
            levels.append(_graded(name, one, graded, next(numbers)))
    return levels


def _graded(name: str, one: Json, siblings: Sequence[Json], number: int) -> Level:
    label, sql = _label(one), _text(one, "sql_condition")
    m, u = _trained(name, one, "m_probability"), _trained(name, one, "u_probability")
    if m < M_FLOOR:
        raise UntrainedLevel(f"{name}, {label}: m is below {M_FLOOR}")
    term = one.get("tf_adjustment_column")
    if term is None or sql.upper() == ELSE:
        return Level(number, label, sql, math.log2(m / u))
    if not isinstance(term, str):
        raise NotAModel(f"{name}, {label}: the column of a frequency is a name")
    return Level(
        number,
        label,
        sql,
        math.log2(m / u),
        term,
        math.log2(_replaced_u(name, one, siblings, term)),
        _share(one, "tf_minimum_u_value", 0.0),
        _share(one, "tf_adjustment_weight", 1.0),
    )


def _replaced_u(name: str, one: Json, siblings: Sequence[Json], term: str) -> float:
    """The u that a value's frequency stands in for: that of the level where this very column is equal.

    Source: Splink 5.0, `ComparisonLevel._u_probability_corresponding_to_exact_match`.
    """
    if one.get("disable_tf_exact_match_detection") is True:
        return _trained(name, one, "u_probability")
    exact = f"{term}_l={term}_r"
    for level in siblings:
        if _text(level, "sql_condition").replace('"', "").replace(" ", "") == exact:
            return _trained(name, level, "u_probability")
    raise NotAModel(f"{name}: no level where {term} is equal")


def _trained(name: str, level: Json, key: str) -> float:
    value = level.get(key)
    if not isinstance(value, float) or not 0 < value <= 1:
        raise UntrainedLevel(f"{name}, {_label(level)}: {key} is not trained")
    return value


def _terms(found: Json) -> dict[str, Terms]:
    if len(found) > TERM_COLUMNS_MAX:
        raise NotAModel(f"more than {TERM_COLUMNS_MAX} columns of frequencies")
    return {column: _column_terms(_as_mapping(one)) for column, one in found.items()}


def _column_terms(found: Json) -> Terms:
    values = _mapping(found, "values")
    if len(values) > TERM_VALUES_MAX:
        raise NotAModel(f"more than {TERM_VALUES_MAX} values of one column")
    return Terms(_positive(found, "floor"), {value: _positive(values, value) for value in values})


def _label(level: Json) -> str:
    return _text(level, "label_for_charts", LABEL_CHARS_MAX)


def _text(of: Json, key: str, chars_max: int = SQL_CHARS_MAX) -> str:
    value = of.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= chars_max:
        raise NotAModel(f"{key} is a text of 1 to {chars_max} characters")
    return value


def _integer(of: Json, key: str) -> int:
    value = of.get(key)
    if type(value) is not int or value < 0:
        raise NotAModel(f"{key} is a whole number")
    return value


def _share(of: Json, key: str, default: float | None = None) -> float:
    value = of.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise NotAModel("a share is a number from 0 to 1")
    return float(value)


def _positive(of: Json, key: str) -> float:
    """A share of which a logarithm can be taken."""
    value = _share(of, key)
    if value == 0:
        raise NotAModel("a probability of nought")
    return value


def _mapping(of: Json, key: str) -> Json:
    return _as_mapping(of.get(key))


def _as_mapping(value: object) -> Json:
    if not isinstance(value, dict):
        raise NotAModel("a mapping is missing")
    return value


def _list(of: Json, key: str, count_max: int) -> list[object]:
    value = of.get(key)
    if not isinstance(value, list) or not 0 < len(value) <= count_max:
        raise NotAModel(f"{key} is a list of 1 to {count_max}")
    return value
