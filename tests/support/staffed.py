"""A site with people: who they are, and how tests log them in without the slow hash.

site = build_site(tmp_path)
advisor = hire(site, "A07", "advisor")
node = acting_for(site.node, advisor)
"""

from dataclasses import dataclass
from pathlib import Path

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.core.staff.browser_sessions import OpenedSession
from carnet_node.core.staff.login import begin_with_code
from carnet_node.core.staff.staff import add_member, set_up
from carnet_protocol.ids import RecordId
from support.node_builder import TestClock, build_node

PASSWORD = "correct horse battery"
ADMIN_NO = "B01"


@dataclass
class TestHasher:
    """Passwords in the clear, behind the port of the slow hash; counts what it was asked."""

    __test__ = False
    parameters: str = "v1"
    verified: int = 0

    def hash(self, password: str) -> str:
        """The password itself, with the parameters in front."""
        return f"{self.parameters}${password}"

    def verify(self, encoded: str, password: str) -> bool:
        """Whether they are equal."""
        self.verified += 1
        return encoded.partition("$")[2] == password

    def is_outdated(self, encoded: str) -> bool:
        """Whether other parameters stand in front."""
        return not encoded.startswith(f"{self.parameters}$")

    @property
    def nobody(self) -> str:
        """No password equals a line break."""
        return "v1$\n"


@dataclass
class Site:
    """A node whose site has an administrator, who is logged in."""

    node: Node
    hasher: TestHasher
    session: OpenedSession

    @property
    def admin(self) -> RecordId:
        """The administrator."""
        return self.session.staff

    @property
    def as_admin(self) -> Node:
        """The node as it acts for the administrator."""
        return acting_for(self.node, self.admin)

    def pass_ms(self, ms: int) -> None:
        """Let time go by."""
        assert isinstance(self.node.clock, TestClock)
        self.node.clock.ms += ms


def build_site(folder: Path, *, seed: int = 1) -> Site:
    """A site that has just been set up."""
    node, hasher = build_node(folder, seed=seed), TestHasher()
    session = set_up(node, hasher, {"staff_no": ADMIN_NO, "full_name": "Admin Example"}, PASSWORD)
    return Site(node, hasher, session)


def hire(site: Site, staff_no: str, role: str) -> RecordId:
    """Somebody new, without a password yet."""
    staff, _ = add_member(site.as_admin, {"staff_no": staff_no, "full_name": f"Person {staff_no}", "role": role})
    return staff


def hire_with_password(site: Site, staff_no: str, role: str) -> OpenedSession:
    """Somebody new who has chosen `PASSWORD` and is logged in."""
    values = {"staff_no": staff_no, "full_name": f"Person {staff_no}", "role": role}
    _, code = add_member(site.as_admin, values)
    return begin_with_code(site.node, site.hasher, staff_no, code, PASSWORD)


def add_somebody(node: Node) -> RecordId:
    """A customer of the site."""
    command = AddCustomer({"party_kind": "person", "full_name": "Some Body"})
    return save(node, lambda new_id: add_customer(command, new_id)).records[0]
