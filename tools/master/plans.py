"""What is compared, level by level, in the words Splink is told.

Decides comparisons and levels of the models that are trained here: of people, of companies, and of the febrl sets that
everybody measures on. Only derived columns are compared, ASCII or exact. Telephone, car, door and WeChat are *one*
comparison: they are shared together, by families, and three times the same evidence is not three pieces of evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from carnet_master.model_limits import M_FLOOR

ELSE: Final = "ELSE"


class Step(NamedTuple):
    """One level.

    Attributes:
        label: what people are told; `null` for nothing to compare.
        sql: the condition, or `ELSE`.
        term: the column by whose frequency it is corrected; empty for none.
        m: the share of true pairs, where it is set and not estimated, because a feature leaves mistakes out.
        is_of_relatives: whether u comes from pairs of different people who share a contact. Brothers and sisters have a
            character in common by custom; strangers have by chance, and much less often.
    """

    label: str
    sql: str
    term: str = ""
    m: float | None = None
    is_of_relatives: bool = False


@dataclass(frozen=True)
class Plan:
    """A model that is not trained yet.

    Attributes:
        party_kind: `person` or `company`.
        comparisons: (name, levels); a level is written as a `Step` or as its parts.
    """

    party_kind: str
    comparisons: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]


def same(column: str) -> str:
    """A condition: the same value."""
    return f"{column}_l = {column}_r"


def unknown(column: str) -> str:
    """A condition: missing on either side."""
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def shared(column: str) -> str:
    """A condition: lists with something in common."""
    return f"list_has_any({column}_l, {column}_r)"


def all_of(*conditions: str) -> str:
    """All of some conditions."""
    return " AND ".join(f"({one})" for one in conditions)


def any_of(*conditions: str) -> str:
    """Any of some conditions."""
    return " OR ".join(f"({one})" for one in conditions)


_CONTACTS: Final = ("phones", "cars", "doors", "wechats")


def _pairs(*columns: str) -> str:
    return any_of(
        *(all_of(shared(one), shared(other)) for at, one in enumerate(columns) for other in columns[at + 1 :])
    )


CONTACT: Final = (
    "contact",
    (
        ("null", all_of(*(unknown(one) for one in (*_CONTACTS, "districts")))),
        ("telephone and car, or WeChat and one of them", _pairs("phones", "cars", "wechats")),
        ("door and another", _pairs(*_CONTACTS)),
        ("WeChat", shared("wechats")),
        ("telephone", shared("phones")),
        ("car", shared("cars")),
        ("door", shared("doors")),
        ("road or estate", shared("places")),
        ("district", shared("districts")),
        ("nothing", ELSE),
    ),
)
COMPANY_CONTACT: Final = (
    "contact",
    (
        ("null", all_of(*(unknown(one) for one in ("phones", "cars", "districts")))),
        ("telephone and car", all_of(shared("phones"), shared("cars"))),
        ("telephone", shared("phones")),
        ("car", shared("cars")),
        ("road or estate", shared("places")),
        ("nothing", ELSE),
    ),
)
"""A company's address is a house among others, and nobody writes its WeChat name down."""


_SHORTER: Final = all_of(
    same("surname"),
    any_of(
        all_of("given2_l IS NULL", "given2_r IS NOT NULL", any_of("given1_l = given1_r", "given1_l = given2_r")),
        all_of("given2_r IS NULL", "given2_l IS NOT NULL", any_of("given1_l = given1_r", "given2_l = given1_r")),
    ),
)
_NAMELESS: Final = all_of("name_l IS NULL OR name_r IS NULL", unknown("surname"))

PERSON: Final = Plan(
    "person",
    (
        (
            "name",
            (
                ("null", _NAMELESS),
                ("same", same("name"), "name"),
                ("same sound", same("name_pinyin"), "name_pinyin"),
                ("a title beside the surname", all_of(same("surname"), unknown("name"))),
                ("a given character left out", _SHORTER),
                ("sounds alike", "levenshtein(name_pinyin_l, name_pinyin_r) <= 1"),
                Step(
                    "one given character",
                    all_of(same("surname"), any_of(same("given1"), same("given2"))),
                    is_of_relatives=True,
                ),
                ("given name only", same("given_pinyin")),
                ("another", ELSE),
            ),
        ),
        (
            "identity number",
            (
                ("null", unknown("id_head")),
                ("same", same("resident_id")),
                ("a slip apart", any_of(same("id_head"), same("id_tail"))),
                ("another", ELSE),
            ),
        ),
        (
            "birthday",
            (
                (
                    "null",
                    all_of(
                        unknown("birth"),
                        unknown("birth_lunar"),
                        any_of(unknown("birth_year"), "birth_year_l <> birth_year_r"),
                    ),
                ),
                ("same", any_of(same("birth"), same("birth_lunar"))),
                (
                    "a slip apart",
                    any_of(
                        "damerau_levenshtein(birth_l, birth_r) <= 1",
                        all_of(
                            "substr(birth_l, 1, 4) = substr(birth_r, 1, 4)",
                            "substr(birth_l, 5, 2) = substr(birth_r, 7, 2)",
                            "substr(birth_l, 7, 2) = substr(birth_r, 5, 2)",
                        ),
                    ),
                ),
                ("same year", same("birth_year")),
                ("another", ELSE),
            ),
        ),
        ("sex", (("null", unknown("sex")), ("same", same("sex")), ("another", ELSE))),
        CONTACT,
    ),
)

COMPANY: Final = Plan(
    "company",
    (
        (
            "name",
            (
                ("null", unknown("company")),
                ("same", same("company"), "company"),
                ("sounds alike", "jaro_winkler_similarity(company_pinyin_l, company_pinyin_r) >= 0.93"),
                ("another", ELSE),
            ),
        ),
        ("branch", (("null", unknown("branch")), ("same", same("branch")), ("another", ELSE))),
        (
            "credit code",
            (
                ("null", unknown("credit_code")),
                ("same", same("credit_code")),
                Step("another", ELSE, m=M_FLOOR),
            ),
        ),
        COMPANY_CONTACT,
    ),
)


def _person_field(column: str, near: float) -> tuple[str, tuple[tuple[str, ...], ...]]:
    return (
        column,
        (
            ("null", unknown(column)),
            ("same", same(column), column),
            ("alike", f"jaro_winkler_similarity({column}_l, {column}_r) >= {near}"),
            ("another", ELSE),
        ),
    )


def _code_field(column: str) -> tuple[str, tuple[tuple[str, ...], ...]]:
    return (
        column,
        (
            ("null", unknown(column)),
            ("same", same(column)),
            ("a slip apart", f"damerau_levenshtein({column}_l, {column}_r) <= 1"),
            ("another", ELSE),
        ),
    )


FEBRL: Final = Plan(
    "person",
    (
        (
            "names",
            (
                ("null", all_of(unknown("given_name"), unknown("surname"))),
                ("same", same("full_name"), "full_name"),
                ("changed over", all_of("given_name_l = surname_r", "surname_l = given_name_r")),
                (
                    "alike",
                    all_of(
                        "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.85",
                        "jaro_winkler_similarity(surname_l, surname_r) >= 0.85",
                    ),
                ),
                ("same surname", same("surname")),
                ("same given name", same("given_name")),
                (
                    "one alike",
                    any_of(
                        "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.85",
                        "jaro_winkler_similarity(surname_l, surname_r) >= 0.85",
                    ),
                ),
                ("another", ELSE),
            ),
        ),
        _code_field("date_of_birth"),
        _code_field("soc_sec_id"),
        _code_field("postcode"),
        _person_field("address_1", 0.85),
        _person_field("address_2", 0.85),
        _person_field("suburb", 0.85),
        (
            "street_number",
            (("null", unknown("street_number")), ("same", same("street_number")), ("another", ELSE)),
        ),
        ("state", (("null", unknown("state")), ("same", same("state")), ("another", ELSE))),
    ),
)


def comparisons_of(plan: Plan) -> list[dict[str, Any]]:
    """A plan as Splink's comparisons."""
    return [
        {"output_column_name": name.replace(" ", "_"), "comparison_levels": [_level(Step(*one)) for one in levels]}
        for name, levels in plan.comparisons
    ]


def terms_of(plan: Plan) -> tuple[str, ...]:
    """The columns whose values are weighed by their frequency."""
    return tuple(sorted({step.term for _, levels in plan.comparisons for one in levels if (step := Step(*one)).term}))


def _level(step: Step) -> dict[str, Any]:
    level: dict[str, Any] = {"label_for_charts": step.label, "sql_condition": step.sql}
    if step.label == "null":
        level["is_null_level"] = True
    if step.term:
        level |= {"tf_adjustment_column": step.term, "tf_adjustment_weight": 1.0}
    if step.m is not None:
        level |= {"m_probability": step.m, "fix_m_probability": True}
    return level
