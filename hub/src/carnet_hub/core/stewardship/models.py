"""Which matching models a hub weighs with: examined, signed, activated and retired by a person.

Decides what a model must be before anybody is weighed by it, and what activating one writes down. Does not decide what
a model file is (`carnet_master.model`) nor what a weight means (`carnet_master.tiers`).

Rules:
- A model is used when it is trained throughout, made of conditions this program knows, for features of this program's
  version, and signed by this hub's key. Whatever is not is refused by name, and the model in use stays.
- What was activated stands in a table with the file, the signature, who and when; it is never deleted, so a weight in
  an old decision can be computed again.
- Which is in use from then on is read wherever somebody is weighed (`models_in_use`). No decision changes by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.master_limits import MODEL_ACTS_MAX
from carnet_hub.core.master_rows import ModelRow
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.steward_codes import require_code
from carnet_hub.core.stewardship.master_failures import ModelInUse, ModelRefused, NoModelInUse
from carnet_hub.core.stewardship.models_in_use import ACTIVE, activated, active_models
from carnet_master.errors import UnusableModel
from carnet_master.model import PARTY_KINDS, Model, model_statement, read_model, shipped_model, verify_model
from carnet_master.rows import ready_scorer


@dataclass(frozen=True, slots=True)
class ModelAct:
    """Something a person did about the models.

    Attributes:
        number: the first is 1.
        model_id: what was activated; None for going back to the shipped model.
        by: code of the person.
        is_in_use: nothing later was done about this kind of party.
    """

    number: int
    party_kind: str
    model_id: bytes | None
    by: str
    at_ms: int
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that weighs one kind of party.

    Attributes:
        is_shipped: it came with the program.
        fault: why it weighs nobody; empty for one that can be used.
    """

    party_kind: str
    model_id: bytes
    is_shipped: bool
    fault: str


def examine_model(data: bytes) -> Model:
    """A model out of its file, once everything is asked of it but a signature.

    Raises:
        ModelRefused: it cannot be used; the reason says which of the rules it breaks.
    """
    try:
        model = read_model(data)
        ready_scorer(model)
    except UnusableModel as error:
        raise ModelRefused(error) from error
    return model


def sign_model(hub: Hub, data: bytes) -> tuple[Model, bytes]:
    """The model and the hub's signature over it: 64 bytes, the same for the same file.

    Raises:
        ModelRefused: it could not be used anyway.
    """
    model = examine_model(data)
    return model, hub.signer.sign(model_statement(model.id, hub.hub_id))


def activate_model(hub: Hub, data: bytes, signature: bytes, by: str) -> ModelAct:
    """Weigh by a model from now on.

    Args:
        signature: of this hub's key over this model.
        by: code of the person who decides it.

    Raises:
        ModelRefused: it cannot be used, or nobody signed it; the model in use stays.
        ModelInUse: it is in use already.
        Unusable: no code; more acts than are kept.
        StoreBusy, StoreError: see `ports`.
    """
    model = examine_model(data)
    _require_signature(hub, model, signature)
    return _act(hub, ModelRow(0, model.party_kind, model.id, data, signature, by, 0))


def retire_model(hub: Hub, party_kind: str, by: str) -> ModelAct:
    """Weigh one kind of party by the shipped model again.

    Raises:
        Unusable: no such kind of party, no code.
        NoModelInUse: the shipped model is in use.
        StoreBusy, StoreError: see `ports`.
    """
    _require_kind(party_kind)
    return _act(hub, ModelRow(0, party_kind, b"", b"", b"", by, 0))


def model_acts(hub: Hub) -> list[ModelAct]:
    """Everything that was ever done about the models, oldest first."""
    with hub.store.read() as snapshot:
        rows = list(snapshot.scan(ModelRow))
    last = {row.party_kind: row.number for row in rows}
    return [_act_of(row, is_in_use=last[row.party_kind] == row.number) for row in rows]


def models_in_use(hub: Hub) -> list[InUse]:
    """The model of each kind of party, and whether it can be used."""
    with hub.store.read() as snapshot:
        active = active_models(snapshot)
        rows = {kind: activated(snapshot, model_id) for kind, model_id in active.items()}
    found = []
    for kind in PARTY_KINDS:
        if kind not in active:
            found.append(InUse(kind, shipped_model(kind).id, True, ""))
            continue
        try:
            _examine_stored(hub, rows[kind])
        except ModelRefused as refusal:
            found.append(InUse(kind, active[kind], False, refusal.what))
        else:
            found.append(InUse(kind, active[kind], False, ""))
    return found


def model_in_use(hub: Hub, party_kind: str) -> Model:
    """The model that weighs one kind of party, to be looked at.

    Raises:
        Unusable: no such kind of party.
        ModelRefused: it cannot be used.
    """
    _require_kind(party_kind)
    with hub.store.read() as snapshot:
        active = active_models(snapshot)
        row = activated(snapshot, active[party_kind]) if party_kind in active else None
    return _examine_stored(hub, row) if party_kind in active else shipped_model(party_kind)


def _require_kind(party_kind: str) -> None:
    if party_kind not in PARTY_KINDS:
        raise Unusable(f"There is no kind of party {party_kind[:40]}.", f"Use {', '.join(PARTY_KINDS)}.")


def _examine_stored(hub: Hub, row: ModelRow | None) -> Model:
    """An activated model, asked for everything again."""
    data, signature = (row.data, row.signature) if row is not None else (b"", b"")
    model = examine_model(data)
    _require_signature(hub, model, signature)
    return model


def _require_signature(hub: Hub, model: Model, signature: bytes) -> None:
    try:
        verify_model(model, hub.hub_id, hub.public_key, signature)
    except UnusableModel as error:
        raise ModelRefused(error) from error


def _act(hub: Hub, act: ModelRow) -> ModelAct:
    """Write down what a person did, in one transaction with what is in use from then on.

    Args:
        act: its number and time are given here.
    """
    require_code("a steward", act.by)
    with hub.store.write() as transaction:
        require_present(hub, transaction)
        active = active_models(transaction)
        if active.get(act.party_kind, b"") == act.model_id:
            raise ModelInUse(act.model_id) if act.model_id else NoModelInUse(act.party_kind)
        number = max((row.number for row in transaction.scan(ModelRow)), default=0) + 1
        if number > MODEL_ACTS_MAX:
            raise Unusable(
                "This hub has seen more models than it keeps.",
                "Go on with the model in use.",
            )
        row = act._replace(number=number, at_ms=hub.clock.now_ms())
        transaction.put([row])
        transaction.set_setting(ACTIVE, _words({**active, act.party_kind: act.model_id}))
    return _act_of(row, is_in_use=True)


def _words(active: Mapping[str, bytes]) -> bytes:
    return " ".join(f"{kind} {model_id.hex()}" for kind, model_id in sorted(active.items()) if model_id).encode()


def _act_of(row: ModelRow, *, is_in_use: bool) -> ModelAct:
    return ModelAct(row.number, row.party_kind, row.model_id or None, row.by, row.at_ms, is_in_use)
