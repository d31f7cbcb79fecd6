"""From features to the columns a model compares.

Decides the columns of a row, and whether a model fits them. Nothing known is None, so that it speaks neither for nor
against anybody. Frequencies of names are looked up here, in the model's own tables. The batch side and the online side
make their rows with this one function, from features without generic values (`keys.without_generic`).
"""

from typing import Final

from carnet_master.conditions import Row, Value
from carnet_master.errors import NotAModel
from carnet_master.features import FEATURE_VERSION, Features
from carnet_master.model import TERM_PREFIX, Model
from carnet_master.scorer import Scorer, compile_model

EXACT: Final = (
    "name",
    "name_pinyin",
    "surname",
    "given1",
    "given2",
    "surname_pinyin",
    "given_pinyin",
    "sex",
    "resident_id",
    "id_head",
    "id_tail",
    "birth",
    "birth_lunar",
    "birth_year",
    "credit_code",
    "organisation",
    "company",
    "company_pinyin",
    "branch",
)
"""Columns with one value."""

LISTS: Final = ("phones", "cars", "doors", "wechats", "districts", "places")
"""Columns with a list; None instead of an empty one, because nothing is known then."""

TERMED: Final = {"person": ("name", "name_pinyin"), "company": ("company",)}
"""Columns whose values are weighed by how frequent they are."""

_MAIN_HOUSE: Final = "-"


def columns_of(features: Features) -> dict[str, Value]:
    """The columns of one record, without frequencies."""
    return {
        "name": features.name,
        "name_pinyin": features.name_pinyin,
        "surname": features.surname,
        "given1": features.given1,
        "given2": features.given2,
        "surname_pinyin": features.surname_pinyin,
        "given_pinyin": features.given_pinyin,
        "sex": features.sex,
        "resident_id": features.resident_id,
        "id_head": features.id_head,
        "id_tail": features.id_tail,
        "birth": features.birth,
        "birth_lunar": features.birth_lunar,
        "birth_year": features.birth_year,
        "credit_code": features.credit_code,
        "organisation": features.organisation,
        "company": features.company,
        "company_pinyin": features.company_pinyin,
        "branch": None if features.company is None else features.company_branch or _MAIN_HOUSE,
        "phones": features.phones or None,
        "cars": features.vins + features.plates or None,
        "doors": features.doors or None,
        "wechats": features.wechats or None,
        "districts": features.districts or None,
        "places": features.places or None,
    }


def row_of(features: Features, model: Model) -> Row:
    """The row of one record, as the scorer of a model reads it.

    Args:
        features: of the record; of the version the model was trained on.
        model: whose tables of frequencies count.
    """
    row = columns_of(features)
    for column in model.terms:
        value = row[column]
        row[TERM_PREFIX + column] = model.frequency(column, value if isinstance(value, str) else None)
    return row


def ready_scorer(model: Model) -> Scorer:
    """The scorer of a model that fits the rows of this version; whatever does not fit is refused before it is used.

    Raises:
        NotAModel: trained on features of another version, or with frequencies of a column that rows have not.
        UnknownSql: a condition that is not understood, or not about these columns.
    """
    if model.features != FEATURE_VERSION:
        raise NotAModel(f"trained on features of version {model.features}; this is version {FEATURE_VERSION}")
    if not model.terms.keys() <= set(EXACT):
        raise NotAModel("frequencies of a column that rows have not")
    scorer = compile_model(model)
    nothing: dict[str, Value] = dict.fromkeys((*EXACT, *LISTS))
    something: dict[str, Value] = {**dict.fromkeys(EXACT, "a"), **dict.fromkeys(LISTS, ("a",))}
    scorer.try_on((nothing, something))
    return scorer
