"""How the lines of a job stand on the form of a check-in."""

import re

from support.browsing import Visitor


def test_each_part_stands_in_a_row_of_its_own(desk: Visitor):
    """Its number, its name, its quantity and its price; the labour stands in another one."""
    rows = desk.open("/visits/new").split('<div class="fields lines-of-job">')[1:4]

    named = [re.findall(r'name="jobs\[0\]\.(\w+\[\d\]\.\w+)"', one.partition("</details>")[0]) for one in rows]

    part = ("part_no", "part_name", "quantity_hundredths", "price_fen")
    assert named == [
        ["labour[0].labour_name", "labour[0].actual_hours", "labour[0].rate_fen"],
        *([f"parts[{place}].{field}" for field in part] for place in (0, 1)),
    ]
