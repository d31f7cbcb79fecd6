"""A site's name travels in the answer to every enrolment."""

import pytest

from carnet_hub.core.failures import Unusable
from carnet_hub.core.upkeep.dealers import SiteDetails, add_site, list_sites
from carnet_protocol.limits import NAME_CHARS_MAX
from support.hub_world import HubWorld


def test_a_site_may_have_the_longest_name_a_message_takes(world: HubWorld):
    """The bound of the wire is inside."""
    added = add_site(world.hub, SiteDetails("SHA09", "x" * NAME_CHARS_MAX))

    assert added.site_name == "x" * NAME_CHARS_MAX


def test_a_name_that_no_node_could_read_is_refused(world: HubWorld):
    """Stored, it would use up an invitation whose answer every node refuses."""
    before = list_sites(world.hub)

    with pytest.raises(Unusable):
        add_site(world.hub, SiteDetails("SHA09", "x" * (NAME_CHARS_MAX + 1)))

    assert list_sites(world.hub) == before
