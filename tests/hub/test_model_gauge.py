"""Monitoring sees when a matching model that a person has activated weighs nobody."""

import hashlib
import json
from collections.abc import Callable

import pytest

from carnet_hub.core.hub import Hub
from carnet_hub.core.master_rows import ModelRow
from carnet_hub.core.ports import Transaction
from carnet_hub.core.stewardship.models import retire_model
from carnet_hub.core.stewardship.models_in_use import ACTIVE
from carnet_hub.core.upkeep.overview import read_gauges
from carnet_hub.entrypoints.http.metrics import metrics_text
from carnet_master.model import model_statement, write_model
from contract.hub_models import activate, equipped, other_model
from support.hub_world import HubWorld

Break = Callable[[Hub, Transaction, ModelRow], None]


def leave(_hub: Hub, _transaction: Transaction, _row: ModelRow) -> None:
    """Nothing is wrong."""


def lose(_hub: Hub, transaction: Transaction, _row: ModelRow) -> None:
    """The database has no such model any more."""
    transaction.clear(ModelRow)


def forge(_hub: Hub, transaction: Transaction, row: ModelRow) -> None:
    """The signature is nobody's."""
    transaction.put([row._replace(signature=bytes(64))])


def change(_hub: Hub, transaction: Transaction, row: ModelRow) -> None:
    """The file is not the one that was signed."""
    transaction.put([row._replace(data=other_model(prior=0.5))])


def untrain(hub: Hub, transaction: Transaction, row: ModelRow) -> None:
    """A level was never trained, and the hub's own key stands under it."""
    model = json.loads(row.data)
    del model["settings"]["comparisons"][0]["comparison_levels"][-1]["m_probability"]
    data = write_model(model)
    model_id = hashlib.sha256(data).digest()
    signature = hub.signer.sign(model_statement(model_id, hub.hub_id))
    transaction.put([row._replace(model_id=model_id, data=data, signature=signature)])
    transaction.set_setting(ACTIVE, b"person " + model_id.hex().encode())


def told(world: HubWorld) -> list[str]:
    """What Prometheus reads about models."""
    lines = metrics_text(read_gauges(world.hub), {}).splitlines()
    return [line for line in lines if line.startswith("carnet_hub_matching_model_unusable")]


@pytest.mark.parametrize(
    ("spoil", "is_unusable"),
    [(leave, 0), (lose, 1), (forge, 1), (change, 1), (untrain, 1)],
    ids=["in order", "missing", "forged", "changed", "untrained"],
)
def test_a_model_that_weighs_nobody_is_a_metric(world: HubWorld, spoil: Break, is_unusable: int):
    """The kind of party whose model is missing, forged, changed or untrained stands at 1, the other one at 0."""
    activate(equipped(world), other_model())
    with world.hub.store.write() as transaction:
        (row,) = transaction.scan(ModelRow)
        spoil(world.hub, transaction, row)

    lines = told(world)

    assert lines == [
        f'carnet_hub_matching_model_unusable{{party="person"}} {is_unusable}',
        'carnet_hub_matching_model_unusable{party="company"} 0',
    ]


def test_a_hub_with_the_shipped_models_has_nothing_to_tell(world: HubWorld):
    """Where nobody has activated a model, both kinds stand at 0."""
    lines = told(equipped(world))

    assert [line[-1] for line in lines] == ["0", "0"]


def test_a_retired_model_is_told_no_longer(world: HubWorld):
    """Going back to the shipped model clears the alarm."""
    activate(equipped(world), other_model())
    with world.hub.store.write() as transaction:
        transaction.put([row._replace(signature=b"") for row in list(transaction.scan(ModelRow))])

    before = told(world)
    retire_model(world.hub, "person", "op-1")

    assert [line[-1] for line in (*before, *told(world))] == ["1", "0", "0", "0"]
