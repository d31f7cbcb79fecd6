"""Models that a person has activated, read from the database, verified and compiled once per process.

Decides when an activated model is read: when the first pair is weighed after another one came into use. Its hash and
the hub's signature are looked at again then, because the database may have been restored or repaired by hand. What
cannot be used weighs nobody and is told once. Does not decide which models are in use (`core.models_in_use`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from carnet_hub.adapters.weighing import ReadyModel, ready_model
from carnet_hub.core.master_ports import Ground, Weighed, Weigher
from carnet_hub.core.master_rows import ModelRow
from carnet_hub.core.ports import Alarms
from carnet_master.errors import UnsignedModel, UnusableModel
from carnet_master.features import Features
from carnet_protocol.ids import HubId


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model that weighs, and its file."""

    model: ReadyModel
    data: bytes


class ActivatedModels:
    """`master_ports.Models` of one hub.

    A process compiles a model once. What it keeps is replaced, never changed, so threads may share it.
    """

    def __init__(self, hub_id: HubId, public_key: bytes, alarms: Alarms) -> None:
        self._hub_id = hub_id
        self._public_key = public_key
        self._alarms = alarms
        self._made: ActivatedWeigher | None = None

    def weigher(
        self, shipped: Weigher, active: Mapping[str, bytes], read: Callable[[bytes], ModelRow | None]
    ) -> Weigher:
        """See `master_ports.Models`."""
        made = self._made
        if made is None or made.active != active:
            known = made.compiled if made is not None else {}
            compiled = {one: known[one] if one in known else self._compiled(one, read) for one in active.values()}
            made = self._made = ActivatedWeigher(shipped, dict(active), compiled)
        return made

    def _compiled(self, model_id: bytes, read: Callable[[bytes], ModelRow | None]) -> "Compiled | None":
        from carnet_master.model import read_model, verify_model  # noqa: PLC0415  (most commands weigh nobody)

        row = read(model_id)
        try:
            if row is None:
                raise UnsignedModel("the database has no such model")
            model = read_model(row.data)
            if model.id != model_id:
                raise UnsignedModel("the file is not the one that was activated")
            verify_model(model, self._hub_id, self._public_key, row.signature)
            return Compiled(ready_model(model), row.data)
        except UnusableModel as error:
            self._alarms.model_unusable(model_id, error.detail)
            return None


class ActivatedWeigher:
    """`master_ports.Weigher` with activated models, and the shipped ones where nobody has activated any.

    Attributes:
        active: model ids by kind of party.
        compiled: by model id; None for a model that cannot be used.
    """

    def __init__(self, shipped: Weigher, active: dict[str, bytes], compiled: dict[bytes, Compiled | None]) -> None:
        self.active = active
        self.compiled = compiled
        self._shipped = shipped

    def weigh(self, one: Features, other: Features) -> Weighed | None:
        """See `master_ports.Weigher`."""
        if one.party not in self.active:
            return self._shipped.weigh(one, other)
        used = self.compiled[self.active[one.party]]
        return None if used is None else used.model.weigh(one, other)

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """See `master_ports.Weigher`."""
        if one.party not in self.active:
            return self._shipped.explain(one, other)
        used = self.compiled[self.active[one.party]]
        return () if used is None or one.party != other.party else used.model.explain(one, other)

    def files(self) -> Mapping[str, bytes]:
        """See `master_ports.Weigher`."""
        shipped = {kind: data for kind, data in self._shipped.files().items() if kind not in self.active}
        own = {kind: self.compiled[model_id] for kind, model_id in self.active.items()}
        return shipped | {kind: one.data for kind, one in own.items() if one is not None}
