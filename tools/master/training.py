"""Splink on DuckDB estimates a model; what may not be shipped is refused.

Decides how m and u are estimated. u comes from pairs of strangers: one record of each party, so that no true pair is
among them; for levels that a plan says so of, from different people who share a contact. m comes from the pairs whose
truth is known. It is raised to `M_FLOOR`; the prior is set and not estimated, and every level must have been seen. Does
not train without truth: expectation maximisation leaves levels unseen that are rare, and those are refused.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import pyarrow as pa
import splink
from splink import DuckDBAPI, Linker, SettingsCreator

from carnet_master.conditions import Condition, Row, Value, compile_condition
from carnet_master.errors import UntrainedLevel
from carnet_master.features import FEATURE_VERSION
from carnet_master.model import ELSE, FORMAT, TERM_PREFIX
from carnet_master.model_limits import M_FLOOR
from carnet_master.rows import LISTS
from tools.master.plans import Plan, Step, comparisons_of, terms_of
from tools.master.sources import Sample, frequencies, one_each, relatives

PAIRS_MAX: Final = 3e7
U_FLOOR: Final = 1e-7
"""A level that no pair of strangers was seen in is rarer than the sample can tell."""

TERM_RECORDS_MIN: Final = 4

logging.getLogger("splink").setLevel(logging.ERROR)


def train(plan: Plan, sample: Sample, *, prior: float, card: Mapping[str, Any], pairs_max: float = PAIRS_MAX) -> dict:
    """A model of a plan, trained on rows whose truth is known.

    Args:
        plan: what is compared.
        sample: rows and truth.
        prior: probability that two records of the hub are one party; frozen into the model.
        card: on what it is trained, for people.
        pairs_max: of strangers that u is estimated from.

    Raises:
        UntrainedLevel: no true pair was ever in a level, so nobody knows what it is worth.
    """
    terms = _terms(plan, sample)
    strangers = {key: sample.rows[key] for key in one_each(sample)}
    with_u = _linker(plan, strangers, terms, prior=prior)
    with_u.training.estimate_u_using_random_sampling(max_pairs=pairs_max, seed=1, min_count_per_level=None)
    settings = _settings_of(with_u)
    with_m = _linker(plan, sample.rows, terms, prior=prior, comparisons=settings["comparisons"], labels=sample.party_of)
    with_m.training.estimate_m_from_label_column("party")
    settings = _settings_of(with_m)
    _learn_from_relatives(plan, settings, sample)
    return _model(plan, settings, terms, prior, card)


def splink_weights(model: Mapping[str, Any], rows: Mapping[str, Mapping[str, Value]], pairs: Sequence[tuple[str, str]]):
    """Splink's own weight and levels of each pair, in the order of the pairs.

    Args:
        model: as trained.
        rows: columns by record id, frequencies included.
        pairs: ids of records.
    """
    settings = {**model["settings"], "blocking_rules_to_generate_predictions": [{"blocking_rule": "1=1"}]}
    linker = Linker(DuckDBAPI().register(_table(rows)), settings, log_level=logging.ERROR)
    names = [one["output_column_name"] for one in model["settings"]["comparisons"]]
    found: dict[tuple[str, str], tuple[float, tuple[int, ...]]] = {}
    for row in linker.inference.predict().as_record_list():
        key = (row["unique_id_l"], row["unique_id_r"])
        found[key] = (row["match_weight"], tuple(row[f"gamma_{name}"] for name in names))
    return [found[pair] for pair in pairs]


def _learn_from_relatives(plan: Plan, settings: dict[str, Any], sample: Sample) -> None:
    """Estimate u of some levels from different people who share a contact, where strangers would flatter them."""
    pairs = None
    for (_, steps), comparison in zip(plan.comparisons, settings["comparisons"], strict=True):
        levels = comparison["comparison_levels"]
        chosen = [level for step, level in zip(steps, levels, strict=True) if Step(*step).is_of_relatives]
        if not chosen:
            continue
        pairs = relatives(sample) if pairs is None else pairs
        found = Counter(_level_of(levels, sample.rows[one], sample.rows[other]) for one, other in pairs)
        total = sum(count for label, count in found.items() if label != "null")
        for level in chosen:
            level["u_probability"] = found[level["label_for_charts"]] / total


def _level_of(levels: Sequence[Mapping[str, Any]], one: Row, other: Row) -> str:
    return next(
        str(level["label_for_charts"])
        for level in levels
        if level["sql_condition"] == ELSE or _condition(level["sql_condition"])(one, other)
    )


@cache
def _condition(sql: str) -> Condition:
    return compile_condition(sql)


def _linker(
    plan: Plan,
    rows: Mapping[str, Mapping[str, Value]],
    terms: Mapping[str, Mapping[str, Any]],
    *,
    prior: float,
    comparisons: Sequence[Mapping[str, Any]] | None = None,
    labels: Mapping[str, int | str] | None = None,
) -> Linker:
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(comparisons or comparisons_of(plan)),
        blocking_rules_to_generate_predictions=[],
        probability_two_random_records_match=prior,
        retain_intermediate_calculation_columns=True,
    )
    with_terms = {
        key: {**row, **{TERM_PREFIX + name: _term(terms[name], row[name]) for name in terms}}
        for key, row in rows.items()
    }
    return Linker(DuckDBAPI().register(_table(with_terms, labels)), settings, log_level=logging.ERROR)


def _table(rows: Mapping[str, Mapping[str, Value]], labels: Mapping[str, int | str] | None = None) -> pa.Table:
    """Rows as DuckDB reads them; text is text even in a column that is empty here."""
    keys = sorted(rows)
    names = sorted(rows[keys[0]])
    columns: dict[str, pa.Array] = {"unique_id": pa.array(keys, pa.string())}
    for name in names:
        kind = pa.list_(pa.string()) if name in LISTS else pa.float64() if name.startswith(TERM_PREFIX) else pa.string()
        columns[name] = pa.array([rows[key][name] for key in keys], kind)
    if labels is not None:
        columns["party"] = pa.array([str(labels[key]) for key in keys], pa.string())
    return pa.table(columns)


def _term(terms: Mapping[str, Any], value: Value) -> float | None:
    return None if value is None else terms["values"].get(value, terms["floor"])


def _terms(plan: Plan, sample: Sample) -> dict[str, dict[str, Any]]:
    """Frequencies among parties, not among records: a frequent customer is not a frequent name."""
    rows = [sample.rows[key] for key in one_each(sample)]
    found = {}
    for name in terms_of(plan):
        floor, values = frequencies(rows, name, TERM_RECORDS_MIN)
        found[name] = {"floor": floor, "values": values}
    return found


def _settings_of(linker: Linker) -> dict[str, Any]:
    return linker.misc.save_model_to_json()


def _model(
    plan: Plan, settings: dict[str, Any], terms: dict[str, dict[str, Any]], prior: float, card: Mapping[str, Any]
) -> dict[str, Any]:
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                _finish(comparison["output_column_name"], level)
    settings["probability_two_random_records_match"] = prior
    settings.pop("linker_uid", None)
    return {
        "card": {"splink": splink.__version__, **card},
        "features": FEATURE_VERSION,
        "format": FORMAT,
        "party_kind": plan.party_kind,
        "settings": settings,
        "terms": terms,
    }


def _finish(comparison: str, level: dict[str, Any]) -> None:
    """Raise m and u to their floors; a level that no true pair was in is nobody's knowledge."""
    if "m_probability" not in level:
        raise UntrainedLevel(f"{comparison}, {level['label_for_charts']}: no true pair was in it")
    level["m_probability"] = max(float(level["m_probability"]), M_FLOOR)
    level["u_probability"] = max(float(level.get("u_probability", U_FLOOR)), U_FLOOR)
