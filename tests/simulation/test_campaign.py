"""What a campaign of schedules says of itself."""

from dataclasses import replace

from simulation.campaign import REPEATS_MAX, Campaign, Ran, seeds_to_repeat

RAN = Ran(seed=7, commands=60, faults={"drop": 5}, steps={"save": 60}, reached={}, trace_hash="aa")


def test_another_trace_of_the_same_seed_is_a_violation() -> None:
    """A schedule that leaves another trace when it is run again fails the campaign."""
    campaign = Campaign()
    campaign.add(RAN)

    campaign.compare(replace(RAN, trace_hash="bb"))

    assert not campaign.is_sound


def test_the_same_trace_again_is_counted_and_sound() -> None:
    """A schedule that leaves its trace again is one more that was compared."""
    campaign = Campaign()
    campaign.add(RAN)

    campaign.compare(RAN)

    assert (campaign.is_sound, campaign.repeated) == (True, 1)


def test_the_trace_hash_of_a_campaign_does_not_depend_on_who_ended_first() -> None:
    """Two campaigns of the same schedules have one trace hash, in whatever order they ended."""
    one, other = Campaign(), Campaign()
    later = replace(RAN, seed=8, trace_hash="cc")

    for campaign, order in ((one, (RAN, later)), (other, (later, RAN))):
        for ran in order:
            campaign.add(ran)

    assert one.trace_hash == other.trace_hash


def test_repeated_seeds_are_spread_over_the_campaign() -> None:
    """Of two thousand schedules twenty are run again, the first and the last hundred among them."""
    seeds = seeds_to_repeat(range(2000))

    assert (len(seeds), seeds[0], seeds[-1]) == (REPEATS_MAX, 0, 1900)
