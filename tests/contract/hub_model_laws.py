"""Laws of models and sweeps on the real hub: whatever sites, stewards and an operator do, in whatever order."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from carnet_hub.adapters.activated_models import ActivatedModels
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.master_rows import MemberRow, ProposalRow
from carnet_hub.core.stewardship.master_failures import ModelInUse, NoModelInUse
from carnet_hub.core.stewardship.matching import NANO, write_policy
from carnet_hub.core.stewardship.models import activate_model, retire_model, sign_model
from carnet_hub.core.stewardship.models_in_use import weighing_now
from carnet_hub.core.stewardship.relink_failures import ModelChanged
from carnet_hub.core.stewardship.sweeping import weigh_everybody
from carnet_master.tiers import Mode, Policy
from contract.hub_master_laws import NAME, PHONES, CheckedMachine
from contract.hub_models import other_model
from support.master_world import edit
from support.protocol import record

MODELS = tuple(other_model(prior=prior) for prior in (1e-9, 1e-2))
"""One that hardly believes in anybody, and one that believes in nearly everybody."""


class ModelledMachine(CheckedMachine):
    """Three sites, a steward, and an operator who changes models and modes; the matcher may link all it is sure of.

    Attributes:
        looked_at: the end of the log when weights were looked at last; None before the first step.
        explained: weights that were looked at, of all histories.
    """

    explained: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.looked_at: int | None = None

    @initialize()
    def equip(self) -> None:
        """The hub as it is put together for work."""
        hub = self.world.hub
        models = ActivatedModels(hub.hub_id, hub.public_key, hub.alarms)
        self.world.hub = replace(hub, weigher=ShippedWeigher(), models=models)
        self.allow(Mode.ALL)

    @rule(mode=st.sampled_from(Mode))
    def allow(self, mode: Mode) -> None:
        """An operator says what the matcher may link; nobody is moved."""
        before = self._standing()
        with self.world.hub.store.write() as transaction:
            write_policy(transaction, Policy(mode))
        assert self._standing() == before

    @rule(data=st.sampled_from(MODELS))
    def activate(self, data: bytes) -> None:
        """An operator activates a model, or is told that it is in use; nobody is moved."""
        before = self._standing()
        _, signature = sign_model(self.world.hub, data)
        with suppress(ModelInUse):
            activate_model(self.world.hub, data, signature, "op-1")
        assert self._standing() == before

    @rule()
    def retire(self) -> None:
        """An operator goes back to the shipped model, or is told that it is in use; nobody is moved."""
        before = self._standing()
        with suppress(NoModelInUse):
            retire_model(self.world.hub, "person", "op-1")
        assert self._standing() == before

    @rule(name=NAME, number=st.sampled_from((*PHONES, "13712340003")))
    def correct(self, name: str, number: str) -> None:
        """A clerk writes another number over the first one of a customer."""
        phone = record(f"phone {self._first_phone(name)}") if name in self.known else None
        if phone is not None and self.world.entries("phone", phone):
            edit(self.world, self.site_of(name), "phone", f"phone {self._first_phone(name)}", number=number)

    @rule()
    def weigh_all(self) -> None:
        """An operator weighs everybody; a second time there is nothing to say."""
        list(weigh_everybody(self.world.hub))
        before = self.world.position()
        again = list(weigh_everybody(self.world.hub))[-1]
        assert (again.decided, self.world.position()) == (0, before)

    @rule(probability=st.sampled_from((0.0, 0.6, 0.999)))
    def weigh_again(self, probability: float) -> None:
        """An engine that has another model than the hub in use is refused by name; nobody is moved either way."""
        before = self._homes()
        with suppress(ModelChanged):
            super().weigh_again(probability)
        self.looked_at = self.world.position()  # a made-up model explains nothing
        assert self._homes() == before

    @invariant()
    def every_new_weight_is_explained(self) -> None:
        """What a decision of this step keeps as its weight is what the comparisons add up to, by the model it names."""
        looked_at, self.looked_at = self.looked_at, self.world.position()
        if looked_at is None:
            return  # the first step brings many customers one after the other
        hub, customers = self.world.hub, [record(name) for name in self.known]
        with hub.store.read() as snapshot:
            weigher = weighing_now(hub, snapshot).weigher
            parties, rows = snapshot.parties(customers), snapshot.decisions(customers)
        for row in rows:
            said = self.world.shown("identity", row.identity) if row.position > looked_at else {}
            if said.get("weight_nanobits") is not None:
                one, other = (plain_features(hub.box, parties[customer]) for customer in (row.customer, row.other))
                weighed = weigher.weigh(one, other)
                assert weighed is not None
                assert (weighed.levels, weighed.model_id) == (said["levels"], said["model_id"])
                bits = sum(line.bits for line in weigher.explain(one, other))
                assert abs(bits * NANO - cast("int", said["weight_nanobits"])) <= 1
                type(self).explained += 1

    def _first_phone(self, name: str) -> int:
        """The number of the phone that a customer began with."""
        return sorted(self.known).index(name) + 1

    def _standing(self) -> tuple[int, list[Any], list[Any]]:
        """The end of the log, who is with whom, and what waits."""
        with self.world.hub.store.read() as snapshot:
            members, waiting = list(snapshot.scan(MemberRow)), list(snapshot.scan(ProposalRow))
        return self.world.position(), members, waiting
