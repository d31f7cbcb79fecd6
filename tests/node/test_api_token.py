"""Programs prove themselves with a file that only the node's account may read; a page's cookie is no proof."""

from pathlib import Path

import pytest

from carnet_node.adapters.api_token import api_token
from carnet_node.adapters.system import DiskFiles
from support.api_node import TOKEN, ApiNode
from support.node_builder import TestEntropy, build_node

FORM = {"values": {"party_kind": "person", "full_name": "Test Person"}}


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node behind its API."""
    return ApiNode(build_node(tmp_path))


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param("Bearer another", id="another token"),
        pytest.param(f"Basic {TOKEN}", id="another scheme"),
        pytest.param(f"Bearer {TOKEN}x", id="a longer token"),
        pytest.param("Bearer \u00e9", id="no ASCII"),
    ],
)
def test_a_program_without_the_token_reads_and_saves_nothing(desk: ApiNode, proof: str):
    """Whatever is sent in the token's place, the answer is 401 and nothing is saved."""
    headers = {"Authorization": proof.encode("latin-1")}

    read = desk.refused("GET", "/api/customers", headers=headers)
    saved = desk.refused("POST", "/api/customers", FORM, headers=headers)

    assert [(one["status"], one["code"]) for one in (read, saved)] == [(401, "no-token")] * 2
    assert desk.get("/api/customers")["records"] == []


def test_the_answer_says_how_to_prove_oneself(desk: ApiNode):
    """A program learns the scheme from the answer."""
    answered = desk.ask("GET", "/api/status", headers={"Authorization": ""})

    assert answered.headers["www-authenticate"] == "Bearer"


def test_two_tokens_in_one_request_are_none(desk: ApiNode):
    """A second header does not slip past the first."""
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer another")]

    assert desk.refused("GET", "/api/status", headers=headers)["code"] == "no-token"


def test_a_session_of_a_page_is_no_proof(desk: ApiNode):
    """A browser that has a session is turned away from the API, so nobody can make it forge a request."""
    cookie = desk.ask("GET", "/").headers["set-cookie"].split(";")[0]

    assert desk.refused("GET", "/api/status", headers={"Authorization": "", "Cookie": cookie})["code"] == "no-token"


def test_health_asks_for_no_token(desk: ApiNode):
    """Who watches whether the program runs needs to know nothing."""
    assert desk.ask("GET", "/healthz", headers={"Authorization": ""}).status_code == 200


def test_the_token_is_kept_in_a_private_file(tmp_path: Path):
    """The same token is given out again, and nobody else may read its file."""
    first = api_token(tmp_path, DiskFiles(), TestEntropy(1))

    again = api_token(tmp_path, DiskFiles(), TestEntropy(2))

    assert (again, (tmp_path / "api.token").stat().st_mode & 0o777) == (first, 0o600)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 43, b"a" * 60])
def test_a_damaged_token_is_replaced(tmp_path: Path, content: bytes):
    """What is no token is never compared with."""
    (tmp_path / "api.token").write_bytes(content)

    assert len(api_token(tmp_path, DiskFiles(), TestEntropy(1))) == 43


def test_a_token_that_others_could_read_is_replaced(tmp_path: Path):
    """A file that was opened to others has lost its secret."""
    first = api_token(tmp_path, DiskFiles(), TestEntropy(1))
    (tmp_path / "api.token").chmod(0o644)

    assert api_token(tmp_path, DiskFiles(), TestEntropy(2)) != first
