"""A save that is sent twice under one key happens once, whatever breaks in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from carnet_node.core import limits
from carnet_node.core.log.erasing import apply_erasures
from carnet_node.core.log.idempotency import AnswerGone, answer_once, claiming, keyed_request
from carnet_node.core.records import KeptAnswer
from carnet_protocol.ids import HubId, parse_record_text
from support.api_node import PERSONAL, ApiNode, Json, problem, said
from support.node_builder import build_node, rows_of, text_of

KEY = {"Idempotency-Key": "desk-1/000042"}
NAME = "Test Person"
FORM: Json = {"values": {"party_kind": "person", "full_name": NAME}}
REQUEST = keyed_request("key", b"POST", b"/somewhere")


class CountingStore:
    """`ports.NodeStore` that counts its writing transactions."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.read = inner.read
        self.scrub = inner.scrub
        self.written = 0

    @contextmanager
    def write(self) -> Iterator[Any]:
        """One transaction of the store inside."""
        self.written += 1
        with self.inner.write() as tx:
            yield tx


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


def record(desk: ApiNode, headers: Any = None, form: Json = FORM, path: str = "/api/customers") -> httpx.Response:
    """Ask for a customer to be recorded."""
    return desk.ask("POST", path, form, headers=KEY if headers is None else headers)


def customers(desk: ApiNode) -> int:
    """How many customers there are."""
    return len(desk.get("/api/customers")["records"])


def test_a_repeated_save_gets_the_first_answer(desk: ApiNode):
    """The second answer is the first one, headers included, and one customer is there."""
    first, second = record(desk), record(desk)

    assert (first.status_code, first.json(), first.headers["location"]) == (
        second.status_code,
        second.json(),
        second.headers["location"],
    )
    assert customers(desk) == 1


def test_without_a_key_a_save_is_a_new_one(desk: ApiNode):
    """Nothing is guessed from equal bodies: two people may have one name."""
    record(desk, {})
    record(desk, {})

    assert customers(desk) == 2


def test_a_repeated_edit_is_made_once(desk: ApiNode):
    """An edit sent again under its key is answered like the first, and stands beside nothing."""
    made = said(record(desk), 201)
    path = f"/api/customers/{made['id']}"
    edit = {"based_on": made["view"]["customer"]["heads"], "changes": {"segment": "taxi"}}
    sent = {"Idempotency-Key": "edit"}

    first, second = (desk.ask("PATCH", path, edit, headers=sent).json() for _ in range(2))

    assert (first, first["set"]) == (second, 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"form": {"values": {"party_kind": "person", "full_name": "Another"}}}, id="body"),
        pytest.param({"path": "/api/vehicles"}, id="address"),
        pytest.param({"path": "/api/customers?show=1"}, id="query"),
        pytest.param({"headers": {**KEY, **PERSONAL}}, id="presentation"),
    ],
)
def test_a_key_is_good_for_one_request(desk: ApiNode, change: Any):
    """The key of another request is refused, and nothing is saved."""
    said(record(desk), 201)
    form = {"vin": "LSVAA4182E2184847", "values": {}} if change.get("path") == "/api/vehicles" else FORM

    refused = problem(record(desk, **{"form": form, **change}))

    assert (refused["status"], refused["code"]) == (422, "idempotency-key-reused")
    assert customers(desk) == 1


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/api/kept-questions/reports", {"name": "mine", "parts": {"span": "month"}}),
        ("/api/kept-questions/reports/forget", {"name": "mine"}),
    ],
)
def test_a_kept_question_is_kept_once(desk: ApiNode, path: str, form: Json):
    """What is of this machine alone is saved under a key like everything else, and the next save finds no lock."""
    first, second = record(desk, path=path, form=form), record(desk, path=path, form=form)

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert record(desk, headers={}).status_code == 201


def test_what_only_asks_takes_no_key(desk: ApiNode):
    """A search under the key of a save is answered, and the save still happens."""
    assert desk.ask("POST", "/api/search", {"text": NAME}, headers=KEY).json() == {"hits": []}

    assert record(desk).status_code == 201


def test_a_save_outside_its_claim_is_a_fault(desk: ApiNode):
    """A handler that writes by way of a claim and never ends it would keep everybody else from writing."""
    claim = claiming(desk.node, REQUEST)

    with pytest.raises(RuntimeError, match="answer_once"):
        write(claim.node, "first", b"1")


def test_a_refused_request_leaves_its_key_free(desk: ApiNode):
    """Whoever corrects a form may send it under the key of the refused one."""
    refused = record(desk, form={"values": {"party_kind": "person", "no_such_field": "x"}})

    assert (refused.status_code, record(desk).status_code) == (422, 201)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param("k" * 129, id="too long"),
        pytest.param("two words", id="blank"),
    ],
)
def test_what_is_no_key_is_refused(desk: ApiNode, key: str):
    """A key that cannot be kept is refused before anything is saved."""
    assert problem(record(desk, {"Idempotency-Key": key}))["status"] == 422
    assert customers(desk) == 0


def test_two_keys_are_none(desk: ApiNode):
    """A request under two keys is refused, for nobody knows which one a repetition would carry."""
    assert problem(record(desk, [*KEY.items(), ("Idempotency-Key", "another")]))["status"] == 422


def test_the_longest_key_is_taken(desk: ApiNode):
    """128 characters are a key."""
    assert record(desk, {"Idempotency-Key": "k" * 128}).status_code == 201


def write(node: Any, name: str, text: bytes) -> Json:
    """One block that writes, and an answer."""
    with node.store.write() as tx:
        tx.put_setting(name, text)
    return {"saved": text.decode()}


def test_what_breaks_before_its_answer_leaves_nothing(desk: ApiNode):
    """A request that dies between two blocks has saved neither, and its key is free for the repetition."""

    def breaks(node: Any) -> Json:
        write(node, "first", b"half")
        raise SystemExit

    claim = claiming(desk.node, REQUEST)
    with pytest.raises(SystemExit):
        answer_once(claim, lambda: breaks(claim.node))

    again = claiming(desk.node, REQUEST)
    with desk.node.store.read() as tx:
        assert tx.setting("first") is None
    assert answer_once(again, lambda: write(again.node, "first", b"whole")) == {"saved": "whole"}


def test_a_request_reads_what_it_has_written(desk: ApiNode):
    """A view that is made for the answer shows the save, which nobody else sees before the request has ended."""
    claim = claiming(desk.node, REQUEST)

    def save_and_look() -> Json:
        write(claim.node, "first", b"1")
        with claim.node.store.read() as mine, desk.node.store.read() as theirs:
            return {"mine": mine.setting("first") == b"1", "theirs": theirs.setting("first") is not None}

    assert answer_once(claim, save_and_look) == {"mine": True, "theirs": False}


def test_a_request_is_one_transaction(desk: ApiNode):
    """However many blocks a request writes in, the database commits once."""
    counted = CountingStore(desk.node.store)
    claim = claiming(replace(desk.node, store=counted), REQUEST)

    answer_once(claim, lambda: write(claim.node, "first", b"1") | write(claim.node, "second", b"2"))

    assert counted.written == 1


def test_an_answer_that_is_too_long_is_given_once(desk: ApiNode):
    """The repetition of a request with such an answer saves nothing and says that it was saved."""
    claim, again = claiming(desk.node, REQUEST), claiming(desk.node, REQUEST)
    long = {"text": "x" * limits.KEPT_ANSWER_BYTES_MAX}

    first = answer_once(claim, lambda: write(claim.node, "first", b"1") | long)

    with pytest.raises(AnswerGone):
        answer_once(again, lambda: pytest.fail("saved again"))
    assert first["text"] == long["text"]


def test_of_two_at_once_one_saves(desk: ApiNode):
    """A request that finds its key taken when it comes to save gives the other one's answer."""
    slow, quick = claiming(desk.node, REQUEST), claiming(desk.node, REQUEST)

    def overtaken() -> Json:
        answer_once(quick, lambda: write(quick.node, "saved", b"quick"))
        return write(slow.node, "saved", b"slow")

    answer = answer_once(slow, overtaken)

    with desk.node.store.read() as tx:
        assert (answer, tx.setting("saved")) == ({"saved": "quick"}, b"quick")


def test_a_kept_answer_is_encrypted(tmp_path: Path, desk: ApiNode):
    """What a view showed lies in no readable form beside the records."""
    record(desk, {**KEY, **PERSONAL})

    assert NAME not in text_of({"kept": rows_of(tmp_path)["kept_answer"]})


def test_an_erasure_drops_answers_and_keeps_keys(desk: ApiNode):
    """After an erasure no answer is kept, and a repetition still saves nothing."""
    customer = parse_record_text(said(record(desk), 201)["id"])

    with desk.node.store.write() as tx:
        apply_erasures(tx, HubId(desk.node.identity.hub_id), [(customer, 0b1111)])

    assert problem(record(desk))["code"] == "answer-gone"
    assert customers(desk) == 1


def test_a_page_without_an_erasure_keeps_answers(desk: ApiNode):
    """What the hub sends all day long takes no answer away."""
    record(desk)

    with desk.node.store.write() as tx:
        apply_erasures(tx, HubId(desk.node.identity.hub_id), [])

    assert record(desk).status_code == 201


@pytest.mark.parametrize(
    ("age_ms", "saved"),
    [
        pytest.param(limits.KEPT_ANSWERS_MS - 1, 1, id="inside"),
        pytest.param(limits.KEPT_ANSWERS_MS, 1, id="edge"),
        pytest.param(limits.KEPT_ANSWERS_MS + 1, 2, id="outside"),
    ],
)
def test_a_key_is_kept_for_a_day(desk: ApiNode, age_ms: int, saved: int):
    """For a day a repetition saves nothing; after that it is a new request."""
    record(desk)
    desk.node.clock.ms += age_ms  # type: ignore[attr-defined]

    record(desk)

    assert customers(desk) == saved


def test_the_newest_keys_are_kept(desk: ApiNode):
    """One more than the bound pushes out the oldest one, and only that."""
    with desk.node.store.write() as tx:
        for age in range(limits.KEPT_ANSWERS_MAX):
            key = age.to_bytes(32, "big")
            tx.keep_answer(KeptAnswer(key, key, desk.node.clock.now_ms() - age, None))

    record(desk)

    with desk.node.store.read() as tx:
        oldest, next_one = (tx.kept_answer((limits.KEPT_ANSWERS_MAX - back).to_bytes(32, "big")) for back in (1, 2))
    assert (oldest, next_one is not None) == (None, True)
