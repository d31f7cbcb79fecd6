"""The node's SQL as SQLite gets it: no statement is planned anew because it asks for another number of rows."""

from types import ModuleType

import pytest

from carnet_node.adapters import list_statements, local_statements, shop_statements, statements, stored_secrets
from carnet_node.adapters.statements import Statement

OF_TABLES = (
    local_statements.customers_by_key,
    local_statements.golden_of,
    local_statements.orders_to_do,
    local_statements.orders_settled,
    local_statements.orders_of_advisor,
    local_statements.orders_opened,
    local_statements.appointments_of,
    local_statements.appointments_requested,
    local_statements.newest_in_shop,
    shop_statements.cars_to_do,
    shop_statements.cars_settled,
    shop_statements.returned_orders,
    lambda: shop_statements.dated("visit", "next_service_on"),
    lambda: statements.projection("visit").after,
    lambda: statements.find("visit", "status"),
    lambda: statements.find_prefix("plate", "plate_no"),
    lambda: statements.find_tail("vehicle", "vin", 6),
)
"""Statements that are made when a table is first asked."""


def limits_of(statement: Statement) -> list[str]:
    """What stands behind each LIMIT."""
    return [one[: len("0 + ?")] for one in statement.sql.split("LIMIT ")[1:]]


@pytest.mark.parametrize("module", [list_statements, local_statements, statements, stored_secrets])
def test_no_limit_of_a_module_is_a_parameter_that_stands_alone(module: ModuleType):
    """Every limit of a statement that the module holds is a sum."""
    limits = [one for held in vars(module).values() if isinstance(held, Statement) for one in limits_of(held)]

    assert [one for one in limits if not one.startswith("0 + ")] == []


@pytest.mark.parametrize("place", range(len(OF_TABLES)))
def test_no_limit_of_a_tables_statement_is_a_parameter_that_stands_alone(place: int):
    """A statement that is made for a table asks for a number of rows, as a sum."""
    statement = OF_TABLES[place]()

    assert limits_of(statement) == ["0 + ?"]
