"""A link that was made is held, has lost its ground or is contradicted, by what two records say and nothing else."""

from dataclasses import replace

import pytest

from carnet_master.features import RawCustomer, customer_features
from carnet_master.holding import Held, held_by_facts

FIRST_ID, SECOND_ID = "110105198502031245", "440308199002151233"
"""Numbers made up for tests; their check digits are right."""

PERSON = RawCustomer(full_name="王晓明", phones=("13912340001",))
COMPANY = RawCustomer(party_kind="company", company_name="测试物流有限公司", phones=("13912340001",))

CASES: dict[str, tuple[RawCustomer, RawCustomer, Held]] = {
    "the same": (PERSON, PERSON, Held.HELD),
    "one number, a title beside it": (
        RawCustomer(full_name="王先生", id_type="resident_id", id_no=FIRST_ID),
        RawCustomer(full_name="王晓明", id_type="resident_id", id_no=FIRST_ID),
        Held.HELD,
    ),
    "another telephone": (PERSON, replace(PERSON, phones=("13812340002",)), Held.LOST),
    "no telephone any more": (PERSON, replace(PERSON, phones=()), Held.LOST),
    "one character corrected": (PERSON, replace(PERSON, full_name="王小明"), Held.LOST),
    "a name that is gone": (PERSON, replace(PERSON, full_name=""), Held.LOST),
    "another name": (PERSON, replace(PERSON, full_name="李国强"), Held.REFUTED),
    "a brother's name": (PERSON, replace(PERSON, full_name="王晓东"), Held.REFUTED),
    "two numbers": (
        replace(PERSON, id_type="resident_id", id_no=FIRST_ID),
        replace(PERSON, id_type="resident_id", id_no=SECOND_ID),
        Held.REFUTED,
    ),
    "two birthdays": (
        replace(PERSON, birth_on="1985-02-03", birth_calendar="solar"),
        replace(PERSON, birth_on="1990-07-15", birth_calendar="solar"),
        Held.REFUTED,
    ),
    "a person and a company": (PERSON, COMPANY, Held.REFUTED),
    "a branch": (COMPANY, replace(COMPANY, company_name="测试物流有限公司南京分公司"), Held.REFUTED),
}


@pytest.mark.parametrize("case", CASES)
def test_facts_say_how_a_link_stands(case: str):
    """Each change leaves a link as the table says, whichever of the two records it happened to."""
    one, other, held = CASES[case]
    first, second = customer_features(one), customer_features(other)

    assert (held_by_facts(first, second), held_by_facts(second, first)) == (held, held)
