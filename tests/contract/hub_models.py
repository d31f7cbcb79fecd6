"""The part of the hub's contract about models that a person activates, and about weighing everybody once more."""

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.adapters.activated_models import ActivatedModels
from carnet_hub.adapters.store import open_store
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.exchange.taking_in import taking_in
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.log.admission import decide_set
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.master_limits import WEIGHED_TOGETHER_MAX
from carnet_hub.core.master_ports import NO_WEIGHER
from carnet_hub.core.master_rows import ModelRow
from carnet_hub.core.sets.intake import find_signers, read_pushed, verify_arrival
from carnet_hub.core.stewardship.master_failures import ModelInUse, ModelRefused, NoModelInUse
from carnet_hub.core.stewardship.matching import NANO, write_policy
from carnet_hub.core.stewardship.models import activate_model, model_acts, models_in_use, retire_model, sign_model
from carnet_hub.core.stewardship.models_in_use import activated, files_in_use
from carnet_hub.core.stewardship.sweeping import Swept, weigh_everybody
from carnet_master.model import read_model, shipped_file, shipped_model, write_model
from carnet_master.rows import ready_scorer, row_of
from carnet_master.tiers import Mode, Policy
from contract.hub_matching import decided, documented, with_model
from support.authors import MadeSet
from support.hub_world import HubWorld, customer
from support.master_world import clusters, fold_again, know, push, say
from support.protocol import record

PHONE = "13912340001"


def other_model(party_kind: str = "person", prior: float = 1e-4, **changes: Any) -> bytes:
    """A model that differs from the shipped one in its prior, or in what is named."""
    shipped = resources.files("carnet_master").joinpath("models", f"{party_kind}.json").read_bytes()
    model: dict[str, Any] = json.loads(shipped)
    model["settings"]["probability_two_random_records_match"] = prior
    return write_model({**model, **changes})


def equipped(world: HubWorld, mode: Mode = Mode.ALL) -> HubWorld:
    """The hub as it is put together for work: shipped models, and whatever a person activates."""
    with world.hub.store.write() as transaction:
        write_policy(transaction, Policy(mode))
    models = ActivatedModels(world.hub.hub_id, world.hub.public_key, world.alarms)
    world.hub = replace(world.hub, weigher=ShippedWeigher(), models=models)
    return world


def activate(world: HubWorld, data: bytes) -> bytes:
    """A person signs a model and lets it weigh; its id."""
    model, signature = sign_model(world.hub, data)
    activate_model(world.hub, data, signature, "op-1")
    return model.id


def met(world: HubWorld, *names: str) -> None:
    """Customers of one name and one phone, each at a site of its own."""
    for name in names:
        site = world.site(f"site of {name}")
        know(world, site, name, full_name="赵小明")
        say(world, site, "phone", f"phone {name}", name, number=PHONE)


def model_of(world: HubWorld, *pair: str) -> object:
    """By which model the decision about two customers was made."""
    one, other = (record(name) for name in pair)
    with world.hub.store.read() as snapshot:
        (row,) = [row for row in snapshot.decisions([one]) if row.other == other and row.effect != "retract"]
    return world.shown("identity", row.identity)["model_id"]


def unmatched(world: HubWorld, *names: str) -> None:
    """Customers of one document whom nobody has weighed: they came before the matcher."""
    with_model(world, Mode.SURE)
    for name in names:
        site = world.site(f"site of {name}")
        made = site.write(customer(name, full_name="测试甲", **documented()))
        _admit_unmatched(world, made)


def _admit_unmatched(world: HubWorld, made: MadeSet) -> None:
    """Let a set in as a hub without a matcher does."""
    hub = world.hub
    envelope = read_pushed(made.message, made.opening)
    with hub.store.read() as snapshot:
        signers = find_signers(hub, snapshot, [envelope])
    arrival = verify_arrival(hub, signers, envelope, made.opening)
    with taking_in(hub, is_followed=False) as workspace:
        prefetch(workspace, [arrival])
        decide_set(workspace, arrival)


def swept(world: HubWorld) -> Swept:
    """A sweep to its end."""
    return list(weigh_everybody(world.hub))[-1]


class HubModelsContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_the_shipped_model_weighs_until_somebody_says_otherwise(self, world: HubWorld):
        """A decision names the model that comes with the program."""
        met(equipped(world), "first", "second")

        assert model_of(world, "first", "second") == shipped_model("person").id

    def test_an_activated_model_weighs_from_now_on(self, world: HubWorld):
        """Later decisions name the new model, earlier ones keep theirs."""
        met(equipped(world), "first", "second")

        new = activate(world, other_model())
        met(world, "third")

        assert model_of(world, "first", "third") == new
        assert model_of(world, "first", "second") == shipped_model("person").id

    def test_every_process_weighs_by_the_activated_model(self, world: HubWorld):
        """A worker that has weighed by one activated model uses the next one from the next customer on."""
        activate(equipped(world), other_model(prior=1e-3))
        worker = equipped(world.as_worker(world.hub.store))  # type: ignore[arg-type]
        met(worker, "first", "second")

        new = activate(world, other_model())
        met(worker, "third")

        assert model_of(world, "first", "second") != new
        assert model_of(world, "first", "third") == new

    def test_a_batch_weighs_with_the_activated_model(self, world: HubWorld):
        """A re-link is given the files that are in use: the activated one, and the shipped one for the other kind."""
        data = other_model()
        activate(equipped(world), data)

        files = files_in_use(world.hub)

        assert (files["person"], files["company"]) == (data, shipped_file("company"))

    def test_a_kind_without_an_activated_model_keeps_the_shipped_one(self, world: HubWorld):
        """A model for companies weighs no person."""
        activate(equipped(world), other_model("company"))

        met(world, "first", "second")

        assert model_of(world, "first", "second") == shipped_model("person").id

    def test_retiring_a_model_moves_nobody(self, world: HubWorld):
        """Linked customers stay linked, nothing is decided, and the shipped model weighs again."""
        activate(equipped(world), other_model())
        met(world, "first", "second")
        before = decided(world)

        retire_model(world.hub, "person", "op-1")

        assert (decided(world), clusters(world, "first", "second")) == (before, [{"first", "second"}])
        assert [one.is_shipped for one in models_in_use(world.hub)] == [True, True]

    def test_an_old_weight_can_be_computed_again(self, world: HubWorld):
        """The model behind a decision is kept when it is retired, and gives the stored weight to the nanobit."""
        model_id = activate(equipped(world), other_model())
        met(world, "first", "second")
        retire_model(world.hub, "person", "op-1")

        with world.hub.store.read() as snapshot:
            kept = activated(snapshot, model_id)
            (row,) = snapshot.decisions([record("first")])
            parties = snapshot.parties([record("first"), record("second")]).values()
        assert kept is not None
        scorer = ready_scorer(read_model(kept.data))
        rows = [row_of(plain_features(world.hub.box, party), scorer.model) for party in parties]

        stored = world.shown("identity", row.identity)["weight_nanobits"]
        assert stored == round(scorer.score(*rows).weight * NANO)

    @pytest.mark.parametrize(
        ("data", "what"),
        [
            (b"{}", "no matching model"),
            (other_model() + b" ", "not canonical"),
            (other_model(features=2), "features of version 2"),
            (other_model(prior=1.0), "leaves nothing open"),
            (other_model().replace(b'"sex_l = sex_r"', b'"soundex(sex_l) = sex_r"'), "not understood"),
        ],
        ids=["empty", "one space more", "another version", "a sure prior", "unknown SQL"],
    )
    def test_a_model_that_cannot_be_used_is_refused(self, world: HubWorld, data: bytes, what: str):
        """Each is refused with what is wrong, and the model in use stays."""
        with pytest.raises(ModelRefused, match=what):
            sign_model(world.hub, data)

        assert model_acts(world.hub) == []

    @pytest.mark.parametrize("broken", [b"", bytes(64), b"short"], ids=["none", "noughts", "short"])
    def test_a_broken_signature_is_refused(self, world: HubWorld, broken: bytes):
        """Nobody weighs by a model that this hub has not signed; the refusal says what to do."""
        with pytest.raises(ModelRefused) as refused:
            activate_model(world.hub, other_model(), broken, "op-1")

        assert "master model sign" in refused.value.next
        assert model_acts(world.hub) == []

    def test_a_signature_counts_for_one_model(self, world: HubWorld):
        """The signature of one file does not let another in."""
        _, signature = sign_model(world.hub, other_model())

        with pytest.raises(ModelRefused, match="signature"):
            activate_model(world.hub, other_model(prior=1e-6), signature, "op-1")

    def test_a_model_is_activated_once(self, world: HubWorld):
        """What is in use already is told, and so is a retirement of nothing."""
        data = other_model()
        activate(world, data)

        with pytest.raises(ModelInUse):
            activate(world, data)
        with pytest.raises(NoModelInUse):
            retire_model(world.hub, "company", "op-1")

    def test_a_person_stands_behind_every_act(self, world: HubWorld):
        """Without a code nothing is activated; with one, who did what when is kept."""
        _, signature = sign_model(world.hub, other_model())
        with pytest.raises(HubFailure, match="code"):
            activate_model(world.hub, other_model(), signature, "")

        activate_model(world.hub, other_model(), signature, "op-1")
        retire_model(world.hub, "person", "op-2")

        assert [(one.by, one.is_in_use) for one in model_acts(world.hub)] == [("op-1", False), ("op-2", True)]

    def test_a_damaged_model_weighs_nobody(self, world: HubWorld):
        """A file that is not what was signed links by documents only, and the operator is told once."""
        equipped(world)
        model_id = activate(world, other_model())
        with world.hub.store.write() as transaction:
            (row,) = transaction.scan(ModelRow)
            transaction.put([row._replace(data=other_model(prior=0.5))])

        met(world, "first", "second")
        know(world, world.site("c"), "third", full_name="测试甲", **documented())
        know(world, world.site("d"), "fourth", full_name="测试甲", **documented())

        assert clusters(world, "first", "second", "third", "fourth") == [{"third", "fourth"}]
        assert world.alarms.models == [model_id]
        assert [one.fault != "" for one in models_in_use(world.hub)] == [True, False]

    def test_a_fold_needs_no_model(self, world: HubWorld, tmp_path: Path):
        """Folding the log gives the same rows when the model is gone."""
        activate(equipped(world), other_model())
        met(world, "first", "second")
        with world.hub.store.write() as transaction:
            transaction.clear(ModelRow)
        world.hub = replace(world.hub, weigher=NO_WEIGHER)

        assert fold_again(world, open_store(f"sqlite:///{tmp_path / 'models.db'}")).differences == ()

    def test_a_sweep_weighs_who_was_here_before_the_matcher(self, world: HubWorld):
        """Two customers of one document whom nobody compared are one after it."""
        unmatched(world, "first", "second")

        result = swept(world)

        assert (result.done, result.decided) == (2, 1)
        assert clusters(world, "first", "second") == [{"first", "second"}]

    def test_a_sweep_links_what_a_raised_mode_allows(self, world: HubWorld):
        """What waited in a lower mode is linked, as if the customers arrived today."""
        with_model(world, Mode.SURE)
        met(world, "first", "second")
        with_model(world, Mode.ALL)

        swept(world)

        assert clusters(world, "first", "second") == [{"first", "second"}]

    def test_a_second_sweep_writes_nothing(self, world: HubWorld):
        """The log does not grow."""
        with_model(world, Mode.ALL)
        met(world, "first", "second", "third")
        unmatched(world, "fourth", "fifth")
        swept(world)
        before = world.position()

        again = swept(world)

        assert (again.decided, world.position()) == (0, before)

    def test_a_stopped_sweep_goes_on(self, world: HubWorld):
        """Whoever was committed is not weighed again by the next call, and everybody else is."""
        with_model(world, Mode.SURE)
        site = world.site("a")
        for start in range(0, WEIGHED_TOGETHER_MAX + 10, 55):
            push(world, site.write(*(customer(f"customer {at}") for at in range(start, start + 55))))
        stopped: Iterator[Swept] = weigh_everybody(world.hub)
        next(stopped)
        next(stopped)

        begun, *_, last = list(weigh_everybody(world.hub))

        assert (begun.is_resumed, begun.done, last.done) == (True, WEIGHED_TOGETHER_MAX, last.total)

    def test_a_sweep_begins_anew_under_other_rules(self, world: HubWorld):
        """A sweep that was stopped in one mode weighs everybody again in another."""
        with_model(world, Mode.SURE)
        site = world.site("a")
        for start in range(0, WEIGHED_TOGETHER_MAX + 10, 55):
            push(world, site.write(*(customer(f"customer {at}") for at in range(start, start + 55))))
        stopped = weigh_everybody(world.hub)
        next(stopped)
        next(stopped)

        with_model(world, Mode.ALL)

        assert next(weigh_everybody(world.hub)).done == 0
