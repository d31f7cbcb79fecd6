"""A bundle for the hub and its answer, by button in the sync centre."""

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_node.adapters.bundle_files import open_bundle, seal_bundle
from carnet_node.adapters.system import run_blocking
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.saving.desk import save
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.entrypoints.sticks import Sticks
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.bundle import PartKind, pack_bundle, unpack_bundle
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import NodeId
from carnet_protocol.messages import Page, sign_frame
from support.browsing import Visitor
from support.node_builder import HUB, HUB_EPOCH, HUB_SIGNER, START_MS
from support.protocol import NamedSigner, fixed, signer
from support.scripted_hub import FreeLock
from support.shared_api import shared_api
from support.staffed import Site, hire_with_password

OWN_KEY = X25519PrivateKey.from_private_bytes(fixed("node exchange key", 32))
HUB_KEY = X25519PrivateKey.from_private_bytes(fixed("hub", 32))
MAKE = "/sync/bundle"
TAKE = "/sync/bundle/take"


@pytest.fixture
def desk(site: Site) -> Visitor:
    """The administrator's browser, in English, at a node that makes bundles."""
    desk = Desk(site.node, run_blocking, hasher=site.hasher, sticks=Sticks(OWN_KEY, FreeLock()))
    api = shared_api(desk, hosts=LOOPBACK_NAMES, token="for programs")
    return Visitor(site.node, api).with_session(site.session.token).in_english()


def from_hub(receiver: NodeId, *parts: tuple[PartKind, bytes]) -> bytes:
    """An answer of the hub, without parts unless there are some."""
    by = signer(HUB_SIGNER)
    plain = pack_bundle(list(parts), sender=HUB, receiver=receiver, serial=1, created_ms=START_MS, hub=HUB, signer=by)
    return seal_bundle(plain, OWN_KEY.public_key().public_bytes_raw())


def last_page(site: Site) -> tuple[PartKind, bytes]:
    """All that the hub has for this node: nothing."""
    own = site.node.identity
    frame = Page(1, HUB_EPOCH, own.dealer_id, own.node_id, 0, 1, 1, True, [], [], [])
    return PartKind.PAGE, sign_frame(frame, Purpose.FEED, HUB, signer(HUB_SIGNER))


def taken(desk: Visitor, content: bytes) -> httpx.Response:
    """What the page says to a file."""
    token = desk.open("/sync").split('data-token="')[1].split('"')[0]
    return desk.ask("POST", TAKE, data={"token": token}, files={"file": ("answer.carnet", content)})


def test_a_bundle_for_the_hub_holds_what_waits(site: Site, desk: Visitor):
    """One press of a button gives a file that the hub can open, and the access log says who took it."""
    assert isinstance(site.node.signer, NamedSigner)
    save(
        site.as_admin, lambda new_id: add_customer(AddCustomer({"party_kind": "person", "full_name": "王小明"}), new_id)
    )

    answered = desk.submit(desk.open("/sync"), MAKE, {})

    plain = open_bundle(answered.content, HUB_KEY)
    _, parts = unpack_bundle(plain, site.node.signer.public_key, HUB, HUB)
    assert answered.headers["content-disposition"] == 'attachment; filename="SHA01-for-hub-260921.carnet"'
    assert [kind for kind, _ in parts] == ["hello", "batch"]
    noted = accesses_of(site.node, site.admin)
    assert [(one.access.value, one.subject, one.row_count) for one in noted] == [("exported", "bundle", 2)]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "accepted 0 change sets, 0 of them with two values; parked 0, refused 0; 0 are not answered yet."),
        ("zh_CN", "中心已接受 0 个变更集（其中 0 个有两个值）；搁置 0 个，拒绝 0 个；尚未答复 0 个。"),
    ],
)
def test_an_answer_of_the_hub_is_taken_and_told(site: Site, desk: Visitor, language: str, said: str):
    """The page counts what the bundle brought, and that it was taken is noted."""
    desk.submit(desk.open("/"), "/language", {"language": language})

    answered = taken(desk, from_hub(site.node.identity.node_id))

    assert (answered.status_code, said in answered.text) == (200, True)
    noted = accesses_of(site.node, site.admin)
    assert [(one.access.value, one.subject, one.row_count) for one in noted] == [("imported", "bundle", 0)]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "last sync just now by USB stick"), ("zh_CN", "最后同步 刚刚（U 盘）")],
)
def test_the_strip_says_that_the_last_exchange_came_by_stick(site: Site, desk: Visitor, language: str, words: str):
    """A node that never had a line does not say *never synced* once a stick of the hub was taken."""
    taken(desk, from_hub(site.node.identity.node_id, last_page(site)))
    desk.submit(desk.open("/"), "/language", {"language": language})

    strip = desk.open("/").split('class="strip-sync"')[1].split("</a>")[0]

    assert words in strip


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no bundle at all", id="another sort of file"),
        pytest.param(from_hub(NodeId(bytes(16))), id="for another node"),
        pytest.param(from_hub(NodeId(bytes(16)))[:-1], id="torn"),
    ],
)
def test_a_file_that_is_no_bundle_for_this_node_is_refused_in_words(site: Site, desk: Visitor, content: bytes):
    """The sync centre says what is wrong with the file; nothing was taken and nothing is noted."""
    answered = taken(desk, content)

    assert 400 <= answered.status_code < 500
    assert "<h1>Sync centre</h1>" in answered.text
    assert "bundle" in answered.text.split('class="notice warn"')[1].split("</div>")[0]
    assert accesses_of(site.node, None) == ()


def test_an_advisor_makes_and_takes_no_bundle(site: Site, desk: Visitor):
    """Neither the buttons nor the addresses."""
    advisor = desk.as_session(hire_with_password(site, "A20", "advisor").token)
    page = advisor.open("/sync")
    token = page.split('data-token="')[1].split('"')[0]

    made = advisor.ask("POST", MAKE, data={"token": token})
    sent = taken(advisor, from_hub(site.node.identity.node_id))

    assert MAKE not in page
    assert (made.status_code, sent.status_code) == (422, 422)
    assert accesses_of(site.node, None) == ()


def test_a_bundle_without_the_token_is_turned_away(site: Site, desk: Visitor):
    """A file is a write like any other."""
    answered = desk.ask("POST", TAKE, files={"file": ("answer.carnet", from_hub(site.node.identity.node_id))})

    assert (answered.status_code, accesses_of(site.node, None)) == (403, ())
