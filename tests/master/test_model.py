"""A model file is canonical, bounded, trained throughout, and known by its hash; anything else is a typed refusal."""

import copy
import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.errors import NotAModel, UnsignedModel, UntrainedLevel, UnusableModel
from carnet_master.features import FEATURE_VERSION
from carnet_master.model import Model, model_statement, read_model, shipped_model, verify_model, write_model
from carnet_master.model_limits import LEVELS_MAX, M_FLOOR, MODEL_BYTES_MAX
from carnet_master.scorer import compile_model
from carnet_protocol.ids import HubId
from support.models import levels_of, small_model

HUB = HubId(b"h" * 16)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()


def read_changed(change: Callable[[dict[str, Any]], object]) -> Model:
    """The small model with one change, written and read."""
    changed = copy.deepcopy(small_model())
    change(changed)
    return read_model(write_model(changed))


def test_a_model_is_known_by_the_hash_of_its_bytes():
    """The id of a model is the SHA-256 of its file."""
    data = write_model(small_model())

    assert read_model(data).id == hashlib.sha256(data).digest()


def test_a_model_tells_its_weights():
    """Prior and levels are weights in bits, numbered as Splink numbers them."""
    model = read_model(write_model(small_model()))

    assert model.prior_weight == pytest.approx(math.log2(1 / 3))
    assert [(one.number, one.label) for one in model.comparisons[0].levels] == [
        (-1, "null"),
        (1, "same"),
        (0, "another"),
    ]
    assert model.comparisons[0].levels[1].weight == pytest.approx(math.log2(90))


def test_an_unlisted_value_has_the_floor():
    """A value whose frequency is not known counts as rare; no value has none."""
    model = read_model(write_model(small_model()))

    assert [model.frequency("name", value) for value in ("王芳", "褚遂", None)] == [0.02, 0.001, None]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda model: model.pop("terms"), id="a part missing"),
        pytest.param(lambda model: model.update(more=1), id="a part too many"),
        pytest.param(lambda model: model.update(format=2), id="another format"),
        pytest.param(lambda model: model.update(party_kind="car"), id="another kind of party"),
        pytest.param(lambda model: model.update(features="1"), id="version as text"),
        pytest.param(lambda model: model.update(card=[]), id="card as a list"),
        pytest.param(lambda model: model["settings"].update(comparisons=[]), id="nothing compared"),
        pytest.param(
            lambda model: model["settings"].update(probability_two_random_records_match=1.5), id="prior above one"
        ),
        pytest.param(lambda model: model["settings"].update(probability_two_random_records_match=0), id="prior never"),
        pytest.param(lambda model: model["settings"].update(probability_two_random_records_match=1), id="prior always"),
        pytest.param(lambda model: model["terms"].clear(), id="no frequencies"),
        pytest.param(lambda model: model["terms"]["name"].update(floor=0), id="floor of nought"),
        pytest.param(lambda model: model["terms"]["name"].update(floor=True), id="floor as yes or no"),
        pytest.param(lambda model: levels_of(model).pop(), id="nothing left over"),
        pytest.param(lambda model: levels_of(model).extend(levels_of(model) * LEVELS_MAX), id="too many levels"),
        pytest.param(lambda model: levels_of(model)[1].pop("label_for_charts"), id="level without a name"),
        pytest.param(
            lambda model: levels_of(model)[1].update(sql_condition="name_l = name_r AND TRUE"), id="no exact level"
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused(change: Callable[[dict[str, Any]], object]):
    """A part that is missing, of another type or out of bounds makes a file no model."""
    with pytest.raises(NotAModel):
        read_changed(change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda model: levels_of(model)[1].pop("m_probability"), id="no m"),
        pytest.param(lambda model: levels_of(model)[2].pop("u_probability"), id="no u"),
        pytest.param(lambda model: levels_of(model)[1].update(m_probability=None), id="null m"),
        pytest.param(lambda model: levels_of(model)[1].update(u_probability=0.0), id="u of nought"),
        pytest.param(lambda model: levels_of(model)[2].update(m_probability=M_FLOOR / 2), id="m below the floor"),
    ],
)
def test_an_untrained_level_is_refused(change: Callable[[dict[str, Any]], object]):
    """A level without m or u, or with an m below the floor, is never used."""
    with pytest.raises(UntrainedLevel):
        read_changed(change)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(json.dumps(small_model()).encode(), id="not canonical"),
        pytest.param(write_model(small_model()) + b"\n", id="a line more"),
        pytest.param(write_model(small_model())[:-1], id="cut short"),
        pytest.param(b'{"a":NaN}', id="no number"),
        pytest.param(b" " * (MODEL_BYTES_MAX + 1), id="too large"),
    ],
)
def test_bytes_that_are_no_canonical_json_are_refused(data: bytes):
    """Only the one spelling that a model is identified by is read."""
    with pytest.raises(NotAModel):
        read_model(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_the_typed_refusal_only(data: bytes):
    """No bytes make the reader raise anything else."""
    with pytest.raises(UnusableModel):
        read_model(data)


def is_accepted(model: Model, signature: bytes) -> bool:
    """Whether a signature makes a model the hub's."""
    try:
        verify_model(model, HUB, PUBLIC, signature)
    except UnsignedModel:
        return False
    return True


def test_a_signed_model_is_accepted():
    """The signature of the hub's key over the statement of this model is accepted, and no other bytes are."""
    model = read_model(write_model(small_model()))
    signature = KEY.sign(model_statement(model.id, HUB))

    assert [is_accepted(model, one) for one in (signature, bytes(64))] == [True, False]


@pytest.mark.parametrize(
    ("signed", "hub", "public_key"),
    [
        pytest.param(model_statement(b"o" * 32, HUB), HUB, PUBLIC, id="another model"),
        pytest.param(None, HubId(b"o" * 16), PUBLIC, id="another hub"),
        pytest.param(None, HUB, b"o" * 32, id="another key"),
        pytest.param(None, HUB, b"short", id="no key"),
    ],
)
def test_a_broken_signature_is_refused(signed: bytes | None, hub: HubId, public_key: bytes):
    """A signature over another model, for another hub or by another key is refused."""
    model = read_model(write_model(small_model()))
    signature = KEY.sign(signed or model_statement(model.id, HUB))

    with pytest.raises(UnsignedModel):
        verify_model(model, hub, public_key, signature)


@pytest.mark.parametrize("party_kind", ["person", "company"])
def test_the_shipped_models_can_be_used(party_kind: str):
    """The models of the package are trained throughout, compile, and fit the features of this version."""
    model = shipped_model(party_kind)

    assert (model.party_kind, model.features) == (party_kind, FEATURE_VERSION)
    assert len(compile_model(model).model.comparisons) > 2
