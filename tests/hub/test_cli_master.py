"""The steward at the command line: looking, deciding, undoing, and every refusal by its name."""

from pathlib import Path
from typing import Any

import pytest

from carnet_protocol.ids import record_text
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_cli import Printed, call, enrol, push, refused, told
from support.hub_world import CAR, VIN, car, customer
from support.master_world import named
from support.protocol import record

BY = ("--by", "st-7")
ID_OF_ONE = "110105198502031245"


def text_of(name: str) -> str:
    """The id of the customer with this name, as somebody types it."""
    return record_text(record(name))


@pytest.fixture
def site(data: Path, tmp_path: Path, capsys: Printed) -> SiteAuthor:
    """A dealer site with an enrolled node."""
    return enrol(capsys, data, tmp_path).author()


def know(data: Path, site: SiteAuthor, *names: str, **values: Value) -> None:
    """The site records some customers."""
    push(data, site, *(customer(name, **values) for name in names))


def phone(data: Path, site: SiteAuthor, name: str, number: str = "13912340001") -> None:
    """The site records a telephone number."""
    push(data, site, draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": number}))


def printed(capsys: Printed, data: Path, *arguments: str | Path) -> str:
    """What a command prints for people."""
    assert call(data, "master", *arguments) == 0
    return str(capsys.readouterr().out)


def decisions_of(capsys: Printed, data: Path, name: str) -> list[dict[str, Any]]:
    """What was decided about a customer."""
    found: list[dict[str, Any]] = told(capsys, data, "master", "history", text_of(name))
    return found


def test_two_customers_are_merged_and_taken_apart(data: Path, site: SiteAuthor, capsys: Printed):
    """`merge` makes one golden record of two customers, and taking the decision back makes two of it."""
    know(data, site, "first", "second")

    merged = told(capsys, data, "master", "merge", text_of("second"), text_of("first"), *BY)
    shown = told(capsys, data, "master", "show", text_of("second"))
    undone = told(capsys, data, "master", "unmerge", "--decision", merged["decision"], *BY)

    assert (len(merged["clusters"]), shown["records"], len(undone["clusters"])) == (1, 2, 2)
    assert [one["stands"] for one in decisions_of(capsys, data, "first")] == [False, True]


def test_a_former_id_leads_to_the_customer(data: Path, site: SiteAuthor, capsys: Printed):
    """The golden id that a merge took away shows the cluster it led to, and later the customer it came from."""
    know(data, site, "first")
    know(data, site, "second")
    merged = told(capsys, data, "master", "merge", text_of("first"), text_of("second"), *BY)

    during = told(capsys, data, "master", "show", record_text(named("second")))
    told(capsys, data, "master", "unmerge", "--decision", merged["decision"], *BY)
    after = told(capsys, data, "master", "show", record_text(named("second")))

    assert (during["records"], during["golden"]) == (2, record_text(named("first")))
    assert (after["records"], after["customers"]) == (1, [text_of("second")])


def test_names_and_phones_are_masked_unless_asked_for(data: Path, site: SiteAuthor, capsys: Printed):
    """A personal value stands in the output only with `--show-personal`."""
    know(data, site, "first", full_name="测试甲")
    phone(data, site, "first")

    masked = told(capsys, data, "master", "find", "13912340001")
    shown = told(capsys, data, "master", "find", "13912340001", "--show-personal")

    assert ([row["name"] for row in masked], [row["name"] for row in shown]) == (["***"], ["测试甲"])
    assert (masked[0]["phone"], shown[0]["phone"]) == ("***", "13912340001")


def test_every_id_that_a_search_prints_can_be_typed(data: Path, site: SiteAuthor, capsys: Printed):
    """Who is alone is found under the own id, who is linked under the golden one; both lead to the customer."""
    know(data, site, "first", "second", "third")
    for name in ("first", "second", "third"):
        phone(data, site, name)
    told(capsys, data, "master", "merge", text_of("first"), text_of("second"), *BY)

    found = told(capsys, data, "master", "find", "13912340001")
    shown = [told(capsys, data, "master", "show", row["id"]) for row in found]

    assert {row["id"] for row in found} == {record_text(named("first")), text_of("third")}
    assert [row["id"] for row in shown] == [row["id"] for row in found]
    assert {row["golden"] for row in found} == {record_text(named("first")), None}


def test_who_is_told_apart_stands_under_an_id_that_leads_there(data: Path, site: SiteAuthor, capsys: Printed):
    """The answer to `reject` names two customers who were never linked by ids that `show` knows."""
    know(data, site, "first", "second")

    answer = told(capsys, data, "master", "reject", text_of("first"), text_of("second"), *BY)

    assert sorted(answer["clusters"]) == sorted([text_of("first"), text_of("second")])


@pytest.mark.parametrize(("words", "count"), [(("赵小明", "0001"), 1), (("赵小明", "0002"), 0), (("钱大", "0001"), 0)])
def test_a_name_and_the_end_of_a_telephone_find(
    data: Path, site: SiteAuthor, capsys: Printed, words: tuple[str, str], count: int
):
    """A customer who tells the name and the last four digits is found, and nobody of another name or number is."""
    know(data, site, "first", full_name="赵小明")
    phone(data, site, "first")

    assert len(told(capsys, data, "master", "find", *words)) == count


def test_a_name_and_the_end_of_a_vin_find(data: Path, site: SiteAuthor, capsys: Printed):
    """The last six characters of a VIN, in small letters too, find the owner beside the surname."""
    know(data, site, "first", full_name="赵小明")
    push(data, site, car())
    owned: dict[str, Value] = {"customer_id": record("first"), "vehicle_id": CAR, "role": "owner"}
    push(data, site, draft_of("ownership", record("owned"), owned))

    assert len(told(capsys, data, "master", "find", "赵小明", VIN[-6:].lower())) == 1


def test_a_search_that_finds_nobody_says_what_would(data: Path, site: SiteAuthor, capsys: Printed):
    """A name alone finds nobody, and people are told so; programs read an empty list."""
    know(data, site, "first", full_name="赵小明")

    assert "A name alone finds nobody" in printed(capsys, data, "find", "赵小明")
    assert told(capsys, data, "master", "find", "赵小明") == []


def test_people_see_golden_values_relations_and_questions(data: Path, site: SiteAuthor, capsys: Printed):
    """`show` prints for people what `--json` holds: values with their source, who is near, what waits, former ids."""
    for name, full_name in (("first", "赵小明"), ("second", "赵小明"), ("third", "赵晓明"), ("fourth", "钱大华")):
        know(data, site, name, full_name=full_name)
        phone(data, site, name)
    told(capsys, data, "master", "accept", "--held", *BY)

    text = printed(capsys, data, "show", text_of("second"), "--show-personal")

    titles = [line.split(":")[0] for line in text.splitlines() if ": " in line and "│" not in line]
    assert titles == [
        f"golden record {record_text(named('first'))}",
        "golden values",
        "relations",
        "waits for a steward",
        "Former ids",
    ]
    assert f"Former ids: {record_text(named('second'))}." in text
    assert {"household", "homophone", "赵小明", "13912340001"} <= set(text.split())


def test_the_queue_says_how_sure_the_matcher_was_and_what_is_left(data: Path, site: SiteAuthor, capsys: Printed):
    """A question has the probability of the day it was asked, and a cut list says how many more wait."""
    for name, full_name in (("first", "赵小明"), ("second", "赵小明"), ("third", "赵晓明")):
        know(data, site, name, full_name=full_name)
        phone(data, site, name)

    rows = told(capsys, data, "master", "queue")
    text = printed(capsys, data, "queue", "--limit", "1")

    explained = told(capsys, data, "master", "explain", rows[0]["one"], rows[0]["other"])
    assert rows[0]["probability"] == pytest.approx(explained["probability"], abs=1e-4)
    assert 0.5 < rows[0]["probability"] < 1
    assert "1 more wait" in text
    assert "more wait" not in printed(capsys, data, "queue")


def test_a_history_tells_of_everybody_who_is_linked(data: Path, site: SiteAuthor, capsys: Printed):
    """What was said about one record of a customer stands in the history of each."""
    know(data, site, "first", "second", "third")
    told(capsys, data, "master", "merge", text_of("first"), text_of("second"), *BY)
    told(capsys, data, "master", "reject", text_of("first"), text_of("third"), *BY)

    assert [one["effect"] for one in decisions_of(capsys, data, "second")] == ["link", "split"]


def test_an_explanation_says_why_a_shared_telephone_says_nothing(data: Path, site: SiteAuthor, capsys: Printed):
    """Under seven names a telephone is a shop's: it stands among what two have in common, with the reason beside it."""
    names = ("赵一鸣", "钱多多", "孙悦", "周洁", "吴昊", "郑爽", "冯雪")
    for number, full_name in enumerate(names):
        know(data, site, f"of shop {number}", full_name=full_name)
        phone(data, site, f"of shop {number}")

    text = printed(capsys, data, "explain", text_of("of shop 0"), text_of("of shop 1"))

    assert "in common: telephone\n  Too many names stand under it" in text
    assert "contact            one side has nothing" in text


def test_counts_are_printed_a_line_each(data: Path, site: SiteAuthor, capsys: Printed):
    """`stats` prints causes with their counts for people, and says where there are none."""
    for name, full_name in (("first", "赵小明"), ("second", "赵晓明")):
        know(data, site, name, full_name=full_name)
        phone(data, site, name)

    lines = printed(capsys, data, "stats").splitlines()

    assert lines[lines.index("waiting") + 1] == "  homophone  1"
    assert "held: none" in lines


def test_the_queue_puts_the_same_people_together(data: Path, site: SiteAuthor, capsys: Printed):
    """Proposals that share a customer are one entity; answers take them out one by one."""
    told(capsys, data, "master", "mode", "off", *BY)
    know(data, site, "first", "second", "third", full_name="赵小明", id_type="resident_id", id_no=ID_OF_ONE)

    waiting = told(capsys, data, "master", "queue", "--held")
    told(capsys, data, "master", "accept", waiting[0]["one"], waiting[0]["other"], *BY)
    told(capsys, data, "master", "reject", waiting[1]["one"], waiting[1]["other"], *BY)
    left = told(capsys, data, "master", "queue", "--held")

    assert ([row["entity"] for row in waiting], {row["cause"] for row in waiting}) == ([1, 1, 1], {"a1:identity"})
    assert len(left) <= 1


def test_what_only_the_mode_holds_stands_apart_from_doubts(data: Path, site: SiteAuthor, capsys: Printed):
    """In mode `a1` one name with one telephone is held, a homophone is a doubt, and each list shows its own."""
    for name, full_name in (("first", "赵小明"), ("second", "赵小明"), ("third", "赵晓明")):
        know(data, site, name, full_name=full_name)
        phone(data, site, name)

    doubts = told(capsys, data, "master", "queue")
    held = told(capsys, data, "master", "queue", "--held")
    stats = told(capsys, data, "master", "stats")

    assert {row["cause"] for row in doubts} == {"homophone"}
    assert [row["cause"] for row in held] == ["a2:name_and_contact"]
    assert (stats["waiting"], stats["held"]) == ({"homophone": 2}, {"a2:name_and_contact": 1})


def test_everything_held_is_let_go_in_one_go(data: Path, site: SiteAuthor, capsys: Printed):
    """`accept --held` makes the links that mode `all` would have made, the matcher's own with weight and tier."""
    for name in ("first", "second"):
        know(data, site, name, full_name="赵小明")
        phone(data, site, name)

    answer = told(capsys, data, "master", "accept", "--held", *BY)

    assert (answer["confirmed"], answer["waiting"], answer["held"]) == (1, {}, {})
    assert told(capsys, data, "master", "show", text_of("first"))["records"] == 2
    link = decisions_of(capsys, data, "first")[-1]
    assert (link["effect"], link["authority"], link["by"]) == ("link", "auto", "st-7")
    assert (link["cause"], link["weight"] is None) == ("a2:name_and_contact", False)


def test_a_named_cause_is_confirmed_in_one_go(data: Path, site: SiteAuthor, capsys: Printed):
    """`accept --cause` links every proposal of the cause and says how many."""
    told(capsys, data, "master", "mode", "off", *BY)
    know(data, site, "first", "second", "third", full_name="赵小明", id_type="resident_id", id_no=ID_OF_ONE)

    answer = told(capsys, data, "master", "accept", "--cause", "a1:identity", *BY)

    assert (answer["confirmed"], answer["held"]) == (3, {})
    assert told(capsys, data, "master", "show", text_of("first"))["records"] == 3


def test_put_aside_is_out_of_the_queue_and_links_nothing(data: Path, site: SiteAuthor, capsys: Printed):
    """`reject --unsure` answers a proposal without deciding it."""
    told(capsys, data, "master", "mode", "off", *BY)
    know(data, site, "first", "second", full_name="赵小明", id_type="resident_id", id_no=ID_OF_ONE)

    told(capsys, data, "master", "reject", text_of("first"), text_of("second"), "--unsure", *BY)

    assert told(capsys, data, "master", "queue") == []
    assert told(capsys, data, "master", "show", text_of("first"))["records"] == 1


def test_the_mode_is_a_person_s_decision(data: Path, site: SiteAuthor, capsys: Printed):
    """The matcher links by equal documents until somebody says otherwise, and `mode` says what holds."""
    before = told(capsys, data, "master", "mode")
    changed = told(capsys, data, "master", "mode", "all", "--no-links-by-car", *BY)
    after = told(capsys, data, "master", "mode")

    assert before == {"mode": "a1", "links_by_car": True, "by": None, "at": None}
    assert changed == {"mode": "all", "links_by_car": False, "by": "st-7", "at": after["at"]}
    assert (after, told(capsys, data, "master", "stats")["mode"]) == (changed, "all")
    assert "st-7 said so at" in printed(capsys, data, "mode")


def test_nobody_changes_the_mode_without_a_code(data: Path, site: SiteAuthor, capsys: Printed):
    """Raising the mode needs the code of a person, like every decision; without one it stays as it was."""
    failure = refused(capsys, data, "master", "mode", "all")

    assert failure["code"] == "unusable"
    assert told(capsys, data, "master", "mode")["mode"] == "a1"


def test_an_explanation_says_what_was_compared_and_decided(data: Path, site: SiteAuthor, capsys: Printed):
    """`explain` names the tier, the cause, the keys and every decision, and prints them for people."""
    know(data, site, "first", "second", full_name="赵小明", id_type="resident_id", id_no=ID_OF_ONE)

    found = told(capsys, data, "master", "explain", text_of("first"), text_of("second"))
    text = printed(capsys, data, "explain", text_of("first"), text_of("second"))

    assert (found["tier"], found["cause"], found["is_one"]) == ("a1", "identity", True)
    assert "R" in found["shared_keys"]
    assert [one["effect"] for one in found["decisions"]] == ["link"]
    assert "tier a1, cause identity" in text
    assert "end of an identity number, document\n" in text


def test_a_pin_shows_one_customers_value(data: Path, site: SiteAuthor, capsys: Printed):
    """`pin` makes one customer's name the golden one, and says so in the history."""
    know(data, site, "first", full_name="赵小明")
    know(data, site, "second", full_name="赵晓明")
    told(capsys, data, "master", "merge", text_of("first"), text_of("second"), *BY)

    for name, expected in (("first", "赵小明"), ("second", "赵晓明")):
        told(capsys, data, "master", "pin", text_of(name), "name", *BY)
        assert told(capsys, data, "master", "show", text_of("first"), "--show-personal")["name"] == expected


LOOKING = ("show", "queue", "explain")
CASES = {
    "an unknown id": (("show", record_text(record("nobody"))), "unknown-customer"),
    "no id at all": (("show", "somebody"), "unusable"),
    "a merge with oneself": (("merge", text_of("first"), text_of("first")), "already-one"),
    "a merge of what is merged": (("merge", text_of("first"), text_of("second")), "already-one"),
    "an unmerge of what is apart": (("unmerge", text_of("first"), text_of("third")), "not-one"),
    "an unknown decision": (("unmerge", "--decision", record_text(record("none"))), "unknown-decision"),
    "an answer nobody asked for": (("accept", text_of("first"), text_of("third")), "not-waiting"),
    "a cause to be looked at": (("accept", "--cause", "identity_conflict"), "not-for-all"),
    "a merge of what was told apart": (("merge", text_of("first"), text_of("fourth")), "told-apart"),
    "a merge round what was told apart": (("merge", text_of("second"), text_of("fourth")), "kept-apart"),
    "a person and a company": (("merge", text_of("first"), text_of("company")), "kept-apart"),
    "one customer and a cause": (("accept", text_of("first"), "--cause", "homophone"), "unusable"),
    "a customer and a decision": (("unmerge", text_of("first"), "--decision", record_text(record("none"))), "unusable"),
    "a cause that there is not": (("accept", "--cause", "homofone"), "unusable"),
    "a list of a cause that there is not": (("queue", "--cause", "homofone"), "unusable"),
    "an explanation of one with itself": (("explain", text_of("first"), text_of("first")), "unusable"),
    "an explanation of one by two ids": (("explain", text_of("first"), record_text(named("second"))), "unusable"),
    "a field that cannot be pinned": (("pin", text_of("first"), "note"), "unusable"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_word_without_the_meant_effect_is_refused_by_name(data: Path, site: SiteAuthor, capsys: Printed, case: str):
    """Each refusal has a code and three sentences, and nothing was changed."""
    arguments, code = CASES[case]
    know(data, site, "first", "second", "third", "fourth")
    push(
        data,
        site,
        draft_of("customer", record("company"), {"party_kind": "company", "company_name": "测试汽车贸易有限公司"}),
    )
    told(capsys, data, "master", "merge", text_of("first"), text_of("second"), *BY)
    told(capsys, data, "master", "reject", text_of("first"), text_of("fourth"), *BY)
    before = decisions_of(capsys, data, "first")

    failure = refused(capsys, data, "master", *arguments, *(BY if arguments[0] not in LOOKING else ()))

    assert failure["code"] == code
    assert decisions_of(capsys, data, "first") == before


def test_a_name_is_no_code_of_a_steward(data: Path, site: SiteAuthor, capsys: Printed):
    """What stands in the log for ever names a steward by a code; a text in Chinese and nothing at all are refused."""
    know(data, site, "first", "second")

    codes = [
        refused(capsys, data, "master", "merge", text_of("first"), text_of("second"), *by)["code"]
        for by in (("--by", "张三"), ())
    ]

    assert codes == ["unusable", "unusable"]
