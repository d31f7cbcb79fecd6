"""What a campaign of lost disks consists of, and that its ledger sees what does not come back."""

from process.ledger import Held, Ledger
from process.losses import Losses, Round, Tally, draw_rounds


def ledger_of(*states: tuple[str, str]) -> Ledger:
    """A ledger with one customer, acknowledged in these states by these change sets."""
    ledger = Ledger()
    item = ledger.new("customer", "a0-1")
    for state, nonce in states:
        ledger.ask(item, state)
        ledger.acknowledge(item, "edit", nonce)
    return ledger


def held(state: str) -> Held:
    """That customer as a program shows it."""
    return Held("customer", "a0-1", state)


def test_as_many_rounds_of_each_sort_as_were_ordered():
    """A campaign has the restores, hangs and hub restores that were asked for, and its stores take turns."""
    rounds = draw_rounds(1, restores=50, hangs=10, hub_restores=20, stores=("folder", "s3", "sftp"))

    assert sum(one.victim == "hub" for one in rounds) == 20
    assert (len(rounds), sum(bool(one.hang) for one in rounds)) == (70, 10)
    assert {one.store for one in rounds} == {"folder", "s3", "sftp"}


def test_a_round_is_the_same_again():
    """The same order gives the same rounds, so that one of them can be repeated alone."""
    once, again = (draw_rounds(7, restores=9, hangs=3, hub_restores=4, stores=("folder",)) for _ in range(2))

    assert once == again


def test_a_state_that_was_safe_has_to_come_back():
    """After a loss an item that comes back older than its last safe state is lost."""
    ledger = ledger_of(("v1", "0a"), ("v2", "0b"), ("v3", "0c"))

    exposed = ledger.expose({"0a", "0b"})

    assert exposed == 1
    assert ledger.faults_in([held("v2")]) == ledger.faults_in([held("v3")]) == []
    assert ledger.faults_in([held("v1")]) == [
        "lost: customer a0-1 is v1, acknowledged as v2, asked for None, exposed v3"
    ]


def test_what_nobody_else_had_may_be_gone():
    """An item whose only set was exposed may be there or not, and afterwards counts as what it is."""
    ledger = ledger_of(("v1", "0a"))
    ledger.expose(set())

    faults = ledger.faults_in([])
    lost = ledger.take_as_is([], set())

    assert (faults, lost, ledger.items) == ([], 1, {})


def test_an_edit_in_doubt_may_have_been_saved():
    """An edit without an answer when the disk was lost may show, and is acknowledged from then on."""
    ledger = ledger_of(("v1", "0a"))
    ledger.ask(ledger.items["a0-1"], "v2")
    ledger.expose({"0a"})

    faults = ledger.faults_in([held("v2")])
    ledger.take_as_is([held("v2")], {"0a"})

    assert (faults, ledger.items["a0-1"].state, ledger.items["a0-1"].doubt) == ([], "v2", None)


def test_what_was_in_doubt_and_came_back_may_be_lost_later():
    """A state that nobody confirmed and a restore brought back is there again after the next loss, or not."""
    ledger = Ledger()
    ledger.ask(ledger.new("customer", "a0-1"), "v1")
    ledger.take_as_is([held("v1")], set())

    ledger.expose(set())

    assert ledger.faults_in([held("v1")]) == ledger.faults_in([]) == []


def test_the_tally_names_the_round_of_a_fault():
    """A fault is told with the number of its round and what was done in it."""
    tally = Tally()
    one = Round(17, 2, "sftp", "a", hang="stuck", is_cut_off=True)

    tally.found(one, ["lost: everything"])

    told = "a loses its disk, restored from Litestream on sftp, line down, replication was stuck"
    assert tally.faults == [f"round 17 ({told}): lost: everything"]


def test_lost_sets_are_counted_with_their_age():
    """How old the newest work was that is gone follows from the sets that did not come back."""
    tally = Tally()

    tally.add_losses(Losses({"0a": 900, "0b": 300}, frozenset({"0a"})), {"0a"}, exposed=1, lost=1)

    assert (tally.safe, tally.exposed, tally.lost, tally.lost_ages_ms) == (1, 1, 1, [300])
