"""A matching model that is small enough to be read: one comparison, three levels, one known frequency."""

from typing import Any


def level(label: str, sql: str, m: float | None, u: float | None, **more: object) -> dict[str, Any]:
    """A level as Splink writes it."""
    trained = {name: value for name, value in (("m_probability", m), ("u_probability", u)) if value is not None}
    return {"label_for_charts": label, "sql_condition": sql, **trained, **more}


def small_model() -> dict[str, Any]:
    """A small model."""
    return {
        "card": {"data": "a test"},
        "features": 1,
        "format": 1,
        "party_kind": "person",
        "settings": {
            "probability_two_random_records_match": 0.25,
            "comparisons": [
                {
                    "output_column_name": "name",
                    "comparison_levels": [
                        level("null", "name_l IS NULL OR name_r IS NULL", None, None, is_null_level=True),
                        level("same", '"name_l" = "name_r"', 0.9, 0.01, tf_adjustment_column="name"),
                        level("another", "ELSE", 0.1, 0.99),
                    ],
                }
            ],
        },
        "terms": {"name": {"floor": 0.001, "values": {"王芳": 0.02}}},
    }


def levels_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The levels of the small model's comparison."""
    levels: list[dict[str, Any]] = model["settings"]["comparisons"][0]["comparison_levels"]
    return levels
