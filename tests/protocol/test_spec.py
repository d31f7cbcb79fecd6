"""The specification says what the code does."""

import re

import msgspec
import pytest
from tools.make_spec_tables import PAGES, SPEC

from carnet_node.core.refusals import ProblemCode
from carnet_protocol import cbor, limits
from carnet_protocol.changeset import EpochOrigin
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.state import Entry
from support.frames import EXAMPLES

GRAMMAR = re.sub(r";.*", "", (SPEC / "carnet.cddl").read_text(encoding="utf-8"))

RULE_NAMES = {"Header": "change-set", "Op": "record-op", "Entry": "record-entry", "Receipt": "delivery-receipt"}
FRAMES: list[type[msgspec.Struct]] = [*EXAMPLES, Op, Entry, EpochOrigin]


def rule_of(frame: type[msgspec.Struct]) -> str:
    """The name of a frame's rule in the grammar."""
    return RULE_NAMES.get(frame.__name__) or re.sub(r"(?<!^)(?=[A-Z])", "-", frame.__name__).lower()


def positions(rule: str) -> dict[str, str]:
    """Type by name of each position of an array rule."""
    start = GRAMMAR.index(f"\n{rule} = [") + len(f"\n{rule} = [")
    parts, depth = [""], 0
    for char in GRAMMAR[start:]:
        depth += (char in "[{(") - (char in "]})")
        if depth < 0:
            break
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return {name.strip(): of.strip() for name, _, of in (part.partition(":") for part in parts)}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_tables_is_current(name: str):
    """Limits, errors and registry on paper are those of the code."""
    assert (SPEC / name).read_text(encoding="utf-8") == PAGES[name]()


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_the_grammar_names_each_position_in_order(frame: type[msgspec.Struct]):
    """The positions of a frame are those of its rule, by name and order."""
    assert list(positions(rule_of(frame))) == list(frame.__struct_fields__)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_the_grammar_and_the_frame_agree_on_sizes(frame: type[msgspec.Struct]):
    """Where the grammar fixes the size of a byte string, the frame does too, and with the same number."""
    sizes = {"id16": 16, "bytes8": 8, "bytes14": 14, "key32": 32, "hash": 32}
    stated = {name: sizes[rule] for name, rule in positions(rule_of(frame)).items() if rule in sizes}
    types = {one.name: one.type for one in msgspec.inspect.type_info(frame).fields}  # type: ignore[attr-defined]

    found = {name: (types[name].min_length, types[name].max_length) for name in stated}

    assert found == {name: (size, size) for name, size in stated.items()}


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_the_grammar_and_the_frame_agree_on_ranges(frame: type[msgspec.Struct]):
    """Where the grammar bounds an integer, the frame does too, and with the same numbers."""
    words = {"count": "0..9007199254740992", "instant": "-9007199254740992..9007199254740992", "version": "1..1"}
    words |= {"epoch-reason": "0..3", "register-number": "0..255", "1": "1..1"}
    rules = {name: words.get(rule, rule) for name, rule in positions(rule_of(frame)).items()}
    ranges = {name: re.fullmatch(r"(-?\d+)\.\.(\d+)", rule) for name, rule in rules.items()}
    stated = {name: (int(ends[1]), int(ends[2])) for name, ends in ranges.items() if ends}
    types = {one.name: one.type for one in msgspec.inspect.type_info(frame).fields}  # type: ignore[attr-defined]

    found = {name: (types[name].ge, types[name].le) for name in stated}

    assert found == stated


def test_the_grammar_has_no_rule_twice_and_none_undefined():
    """Every word used is defined once."""
    defined = re.findall(r"^([a-z][\w-]*) = ", GRAMMAR, re.MULTILINE)
    body = re.sub(r'"[^"]*"|[\w]+:(?!:)|\.\w+|#\S+?\(|\b\d[\dx]*\b', " ", GRAMMAR)
    used = set(re.findall(r"[a-z][\w-]*", body))

    assert len(defined) == len(set(defined))
    assert used - set(defined) == {"bstr", "tstr", "int", "bool", "nil"}


def test_every_page_is_linked_from_the_index():
    """A reader finds each page from the first one."""
    index = (SPEC / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in sorted(SPEC.iterdir()) if page.name != "README.md" and page.name not in index] == []


@pytest.mark.parametrize("page", sorted(SPEC.glob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    """A relative link names a file that exists."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (SPEC / target).exists()] == []


@pytest.mark.parametrize("page", sorted(SPEC.glob("*.md")), ids=lambda page: page.name)
def test_reason_codes_on_a_page_exist(page):
    """A code that a page gives as a reason is in the catalogue, or a mistake in a form that the desk's API names."""
    of_forms = {code.value for code in ProblemCode} if page.name == "node-api.md" else set()
    named = re.findall(r"(?:reason|code) `([a-z]+(?:-[a-z]+)*)`", page.read_text(encoding="utf-8"))

    assert set(named) <= {reason.value for reason in Reason} | of_forms


def depth_of(value: object) -> int:
    """How many containers stand inside each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


def test_the_deepest_message_stays_below_the_bound():
    """A page with settled values uses seven of the eight levels."""
    deepest = max(depth_of(cbor.decode(cbor.encode_frame(example))) for example in EXAMPLES.values())

    assert deepest == 7 < limits.CBOR_DEPTH_MAX
