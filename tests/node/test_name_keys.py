"""By which letters a name is found."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer, remove_part
from carnet_node.core.log.erasing import apply_erasures
from carnet_node.core.log.projecting import OwnWork, reproject
from carnet_node.core.log.rebuild import rebuild
from carnet_node.core.name_keys import name_keys, typed_key
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.searching import FoundBy, find
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER
from support.node_builder import build_node, rows_of


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("张三", {"zhangsan", "zs"}),
        ("欧阳 娜", {"ouyangna", "oyn", "ouyangnuo"}),
        ("单", {"s", "d", "shan", "dan"}),
        ("沈波", {"sb", "shenbo"}),
        ("陶冰", {"tb", "taobing"}),
        ("曾晟", {"zc", "zs", "cc", "cs", "zengcheng", "zengsheng", "cengcheng", "cengsheng"}),
        ("单于娜", {"cyn", "chanyuna", "chanyunuo"}),
        ("吕布", {"lb", "lvbu"}),
        ("John  Smith", {"johnsmith", "smith", "js"}),
        ("José", {"jose"}),
        ("Ｌｉ Na 李娜", {"ln", "lina", "linuo", "na"}),
        ("", set()),
        ("…", set()),
    ],
)
def test_a_name_has_these_keys(name: str, keys: set[str]):
    """Initials and syllables in every usual reading, the surname's own too, and Latin words as they are."""
    assert name_keys(name) == keys


def test_two_initials_find_nobody_by_a_reading_that_no_name_has():
    """沈 is shen: that a word in a hundred reads it tan brings no stranger to whoever types the initials of 陶冰."""
    found = {name for name in ("沈波", "陶冰", "覃冰", "汤宝") if "tb" in name_keys(name)}

    assert found == {"陶冰", "覃冰", "汤宝"}


@given(st.text(max_size=30))
def test_keys_are_letters_that_people_can_type(name: str):
    """Every key of every name is what somebody can type, folded already, and not too long."""
    for key in name_keys(name):
        assert typed_key(key) == key
        assert 0 < len(key) <= 40


def test_a_long_name_has_a_bounded_number_of_short_keys():
    """A company's name of many readings makes few keys, none of them long."""
    found = name_keys("单朴重行长乐" * 20, "x" * 500)

    assert len(found) <= 32
    assert max(map(len, found)) == 40


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ZS", "zs"),
        ("Zhang San", "zhangsan"),
        ("ＺＳ", "zs"),
        ("zhāng", "zhang"),
        ("张", None),
        ("'-", None),
        ("", None),
    ],
)
def test_a_typed_text_is_folded_like_a_key(typed: str, key: str | None):
    """Case, width, spaces and tone marks make no difference; Chinese is no key."""
    assert typed_key(typed) == key


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


def person(node: Node, name: str) -> RecordId:
    """A customer with this name."""
    command = AddCustomer({"party_kind": "person", "full_name": name})
    return save(node, partial(add_customer, command)).records[0]


def found(node: Node, text: str) -> list[RecordId]:
    """Customers a typed text leads to by name."""
    return [hit.view.id for hit in find(node, text) if hit.by is FoundBy.NAME]


@pytest.mark.parametrize(
    "typed", ["zs", "ZS", "ｚｓ", "zhang", "zhangsan", "Zhang San", "张", "张三", "张 三", "　张三", "张\ud800三"]
)
def test_the_box_finds_a_name(node: Node, typed: str):
    """By its beginning, by pinyin, by initials."""
    wanted = person(node, "张三")
    person(node, "李四")

    assert found(node, typed) == [wanted]


def test_shorter_names_come_first(node: Node):
    """Who has exactly these initials stands before who has more."""
    long, short = person(node, "张三丰"), person(node, "张三")

    assert found(node, "zs") == [short, long]


NEW_PROCESS = """
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.saving.desk import save
from support.node_builder import build_node

class Watching:
    def __init__(self, inner):
        self.inner, self.read = inner, inner.read
    @contextmanager
    def write(self):
        print("pypinyin" in sys.modules)
        with self.inner.write() as tx:
            yield tx

node = build_node(Path(sys.argv[1]))
command = AddCustomer({"party_kind": "person", "full_name": "\u5f20\u4e09"})
save(replace(node, store=Watching(node.store)), lambda new_id: add_customer(command, new_id))
"""


def test_readings_are_loaded_before_anybody_has_to_wait(tmp_path: Path):
    """A command that records its first customer has the dictionary before it locks the database."""
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, *sys.path])

    told = subprocess.run(
        [sys.executable, "-c", NEW_PROCESS, str(tmp_path)],
        check=False,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
    )

    assert told.stdout.split() == [b"True"], told.stderr.decode()


def test_a_new_name_replaces_the_old_keys(node: Node):
    """After a correction the old initials find nobody."""
    customer = person(node, "张三")
    view = one_record(node, CUSTOMER, customer)
    assert view is not None
    save(node, lambda _: edit_customer(EditCustomer(view.read(), {"full_name": "王五"})))

    assert (found(node, "zs"), found(node, "ww")) == ([], [customer])


def test_a_deleted_customer_is_not_found(node: Node, tmp_path: Path):
    """Keys go with the record."""
    customer = person(node, "张三")
    view = one_record(node, CUSTOMER, customer)
    assert view is not None
    save(node, lambda _: remove_part(CUSTOMER, view.read()))

    assert found(node, "zs") == []
    assert rows_of(tmp_path)["name_key"] == []


def test_an_erased_name_leaves_no_key(node: Node, tmp_path: Path):
    """What was derived from an erased name is gone with it."""
    customer = person(node, "张三")
    with node.store.write() as tx:
        touched = apply_erasures(tx, node.identity.hub_id, [(customer, 1)])
        reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(touched))

    assert rows_of(tmp_path)["name_key"] == []


def test_a_rebuild_makes_the_keys_again(node: Node, tmp_path: Path):
    """The keys after a rebuild are those before it."""
    person(node, "张三")
    person(node, "单雄信")
    before = rows_of(tmp_path)["name_key"]

    rebuild(node)

    assert rows_of(tmp_path)["name_key"] == before
    assert before
