"""One customer at three dealers: linked by the hub, shown by every node, undone with nothing lost.

Decides nothing about the product; a step of `story`, on its own for its length.
"""

from typing import TYPE_CHECKING, Any, Final

from tools.demo import world

if TYPE_CHECKING:
    from tools.demo.story import Story

CODES: Final = tuple(dealer.code for dealer in world.DEALERS)
NAME, PHONE = "赵晓明", "13712340003"
FAMILY: Final = (("钱大华", "13712340004"), ("孙丽", "13712340004"))
STEWARD: Final = ("--by", "demo-steward")


def join_customers(story: "Story") -> None:
    """The operator lets the matcher link what is sure; three dealers meet one person, two meet a couple."""
    story.hub.run("master", "mode", "all")
    same = {code: _add(story, code, NAME, PHONE) for code in CODES}
    couple = {code: _add(story, code, *one) for code, one in zip(CODES, FAMILY, strict=False)}
    story.sync(*CODES, *CODES[:2])  # what the last one brings the others get in their next round
    goldens = {code: _golden(story, code, customer) for code, customer in same.items()}
    seen = {(one["record_count"], one["site_count"]) for one in goldens.values() if one}
    story.facts.check("one person at three dealers is one customer at every node", seen, {(3, 3)})
    story.facts.check("under one id", len({one["id"] for one in goldens.values() if one}), 1)
    found = story.hub.run("master", "find", FAMILY[0][1])
    story.facts.check("a couple with one phone stays two customers", [row["records"] for row in found], [1, 1])
    _undo_a_wrong_merge(story, couple)


def _undo_a_wrong_merge(story: "Story", couple: dict[str, str]) -> None:
    """A steward mixes two people up, a dealer works on, and the steward takes it back."""
    (_, first), (other, second) = couple.items()
    before = _at_hub(story)
    merged = story.hub.run("master", "merge", first, second, *STEWARD)
    story.sync(*couple)
    shown = [bool(_golden(story, code, customer)) for code, customer in couple.items()]
    story.nodes[other].run("customers", "edit", second, "--set", "note=喜欢周末来店")
    story.hub.run("master", "unmerge", "--decision", merged["decision"], *STEWARD)
    story.sync(*couple)
    left = [_golden(story, code, customer) for code, customer in couple.items()]
    story.facts.check(
        "a wrong merge reaches both dealers, and so does its undoing", (shown, left), ([True] * 2, [None] * 2)
    )
    story.facts.check("the hub shows them exactly as before", _at_hub(story) == before, True)
    note = _card(story, other, second)["customer"]["values"].get("note")
    story.facts.check("what a dealer wrote in between is still there", note, "喜欢周末来店")
    names = [_card(story, code, customer)["customer"]["values"]["full_name"] for code, customer in couple.items()]
    story.facts.check("and both are who they were", names, [name for name, _ in FAMILY])


def _at_hub(story: "Story") -> Any:
    """Whom the hub finds under the couple's telephone: ids, values, where each comes from and since when."""
    return story.hub.run("master", "find", FAMILY[0][1], "--show-personal")


def _add(story: "Story", code: str, name: str, phone: str) -> str:
    return str(story.nodes[code].run("customers", "add", "--name", name, "--phone", phone)["id"])


def _card(story: "Story", code: str, customer: str) -> dict[str, Any]:
    card: dict[str, Any] = story.nodes[code].run("customers", "show", customer, "--show-personal")
    return card


def _golden(story: "Story", code: str, customer: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _card(story, code, customer)["golden"]
    return found
