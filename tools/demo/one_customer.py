"""One customer at three dealers: linked by the hub, shown by every node, undone with nothing lost.

Decides nothing about the product; a step of `story`, on its own for its length.
"""

from typing import Any, Final

from tools.demo import world
from tools.demo.stage import Stage

CODES: Final = tuple(dealer.code for dealer in world.DEALERS)
NAME, PHONE = "赵晓明", "13712340003"
FAMILY: Final = (("钱大华", "13712340004"), ("孙丽", "13712340004"))
STEWARD: Final = ("--by", "demo-steward")


def join_customers(stage: Stage) -> None:
    """The operator lets the matcher link what is sure; three dealers meet one person, two meet a couple."""
    stage.hub.run("master", "mode", "all", *STEWARD)
    same = {code: _add(stage, code, NAME, PHONE) for code in CODES}
    couple = {code: _add(stage, code, *one) for code, one in zip(CODES, FAMILY, strict=False)}
    stage.sync(*CODES, *CODES[:2])  # what the last one brings the others get in their next round
    goldens = {code: _golden(stage, code, customer) for code, customer in same.items()}
    seen = {(one["record_count"], one["site_count"]) for one in goldens.values() if one}
    stage.facts.check("one person at three dealers is one customer at every node", seen, {(3, 3)})
    stage.facts.check("under one id", len({one["id"] for one in goldens.values() if one}), 1)
    found = stage.hub.run("master", "find", FAMILY[0][1])
    stage.facts.check("a couple with one phone stays two customers", [row["records"] for row in found], [1, 1])
    _undo_a_wrong_merge(stage, couple)


def _undo_a_wrong_merge(stage: Stage, couple: dict[str, str]) -> None:
    """A steward mixes two people up, a dealer works on, and the steward takes it back."""
    (_, first), (other, second) = couple.items()
    before = _at_hub(stage)
    merged = stage.hub.run("master", "merge", first, second, *STEWARD)
    stage.sync(*couple)
    shown = [bool(_golden(stage, code, customer)) for code, customer in couple.items()]
    stage.nodes[other].run("customers", "edit", second, "--set", "note=喜欢周末来店")
    stage.hub.run("master", "unmerge", "--decision", merged["decision"], *STEWARD)
    stage.sync(*couple)
    left = [_golden(stage, code, customer) for code, customer in couple.items()]
    stage.facts.check(
        "a wrong merge reaches both dealers, and so does its undoing", (shown, left), ([True] * 2, [None] * 2)
    )
    stage.facts.check("the hub shows them exactly as before", _at_hub(stage) == before, True)
    note = _card(stage, other, second)["customer"]["values"].get("note")
    stage.facts.check("what a dealer wrote in between is still there", note, "喜欢周末来店")
    names = [_card(stage, code, customer)["customer"]["values"]["full_name"] for code, customer in couple.items()]
    stage.facts.check("and both are who they were", names, [name for name, _ in FAMILY])


def _at_hub(stage: Stage) -> Any:
    """Whom the hub finds under the couple's telephone: ids, values, where each comes from and since when."""
    return stage.hub.run("master", "find", FAMILY[0][1], "--show-personal")


def _add(stage: Stage, code: str, name: str, phone: str) -> str:
    return str(stage.nodes[code].run("customers", "add", "--name", name, "--phone", phone)["id"])


def _card(stage: Stage, code: str, customer: str) -> dict[str, Any]:
    card: dict[str, Any] = stage.nodes[code].run("customers", "show", customer, "--show-personal")
    return card


def _golden(stage: Stage, code: str, customer: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _card(stage, code, customer)["golden"]
    return found
