"""Somebody types a start code where a password is asked for."""

import re

import pytest

from carnet_node.core.staff.staff import issue_start_code
from support.browsing import Visitor
from support.staffed import Site


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_refused_log_in_says_where_a_start_code_is_used(site: Site, language: str):
    """A right code, a wrong one and a number that nobody has get the same page: it tells a guesser nothing."""
    code = issue_start_code(site.node, site.admin)
    door = Visitor(site.node).in_english_at("/login") if language == "en" else Visitor(site.node)
    page = door.open("/login")

    told = [
        re.sub(r'value="[^"]*"', "", door.submit(page, "/login", {"staff_no": number, "password": typed}).text)
        for number, typed in (("B01", code), ("B01", "ABCD-EFGH"), ("Z99", code))
    ]

    said = {
        "en": "Whoever holds a start code begins with that instead; your manager gives one.",
        "zh": "请重新输入。持有启用码的，请不要在此登录，改点“使用启用码”；没有的，请向经理索取。",
    }
    button = {"en": "Begin with a start code", "zh": "使用启用码"}
    assert (told[0] == told[1] == told[2], said[language] in told[0]) == (True, True)
    assert f'<a class="button" href="/start">{button[language]}</a>' in told[0]
    assert 'class="button" href="/start"' not in page
