"""What was typed and not saved is kept, for one person and one form."""

from pathlib import Path

import pytest

from carnet_node.core.desk_limits import DRAFT_BYTES_MAX, DRAFT_KEPT_MS, DRAFTS_PER_STAFF_MAX
from carnet_node.core.log.erasing import apply_erasures
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.form_drafts import draft_of, drafts_of, drop_draft, keep_draft, saving_draft
from carnet_node.core.store_failures import StoreBusy
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import CUSTOMER
from support.desk import problems_of, record
from support.node_builder import HUB, TestClock, build_node, close_node, rows_of, text_of

ME, OTHER = record(1), record(2)
TYPED = {"full_name": ("Typed Person",), "jobs.complaint": ("brakes squeal", "")}


def test_a_draft_survives_the_end_of_the_program(tmp_path: Path):
    """Another process finds the fields and the heads as they were kept."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED, heads="h1.00", record=record(9))
    close_node(node)

    draft = draft_of(build_node(tmp_path), ME, "check-in:1")

    assert draft is not None
    assert (draft.fields, draft.heads, draft.record) == (TYPED, "h1.00", record(9))


def test_a_draft_belongs_to_one_person_and_one_form(tmp_path: Path):
    """A colleague at the same form, and the same person at another, see nothing of it."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)

    assert draft_of(node, OTHER, "check-in:1") is None
    assert draft_of(node, ME, "check-in:2") is None


def test_the_last_keeping_counts(tmp_path: Path):
    """A form kept again replaces what was kept."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)
    keep_draft(node, ME, "check-in:1", {"full_name": ("Typed Anew",)})

    assert [draft.fields for draft in drafts_of(node, ME)] == [{"full_name": ("Typed Anew",)}]


def test_a_draft_is_encrypted(tmp_path: Path):
    """Nothing that was typed can be read in the database."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)

    assert "Typed Person" not in text_of(rows_of(tmp_path))


@pytest.mark.parametrize(("age_ms", "is_there"), [(DRAFT_KEPT_MS, True), (DRAFT_KEPT_MS + 1, False)])
def test_an_old_draft_is_forgotten(tmp_path: Path, age_ms: int, is_there: bool):
    """After two weeks it is not offered any more."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)
    assert isinstance(node.clock, TestClock)
    node.clock.ms += age_ms

    assert bool(drafts_of(node, ME)) is is_there


def test_the_oldest_draft_gives_way(tmp_path: Path):
    """One person keeps a bounded number of unsaved forms."""
    node = build_node(tmp_path)
    assert isinstance(node.clock, TestClock)
    for number in range(DRAFTS_PER_STAFF_MAX + 1):
        node.clock.ms += 1
        keep_draft(node, ME, f"check-in:{number}", TYPED)

    assert [draft.form for draft in drafts_of(node, ME)] == [
        f"check-in:{number}" for number in range(DRAFTS_PER_STAFF_MAX, 0, -1)
    ]


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("", TYPED),
        ("x" * 121, TYPED),
        ("check-in \ud800", TYPED),
        ("check-in:1", {"note": ("x" * (DRAFT_BYTES_MAX + 1),)}),
    ],
    ids=["no name", "long name", "odd name", "long text"],
)
def test_what_is_no_form_is_refused(tmp_path: Path, form: str, fields: dict):
    """A form without a bounded name and a bounded text is not kept, and what was kept stays."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)

    assert problems_of(lambda: keep_draft(node, ME, form, fields)) == [("form", ProblemCode.BAD_VALUE)]
    assert [draft.fields for draft in drafts_of(node, ME)] == [TYPED]


def test_half_a_character_is_left_out(tmp_path: Path):
    """What no database holds does not keep the rest from being kept."""
    node = build_node(tmp_path)

    keep_draft(node, ME, "check-in:1", {"note": ("calls\ud800 at noon",)})

    draft = draft_of(node, ME, "check-in:1")
    assert draft is not None
    assert draft.fields == {"note": ("calls at noon",)}
    assert draft_of(node, ME, "\ud800") is None


def test_a_draft_given_up_is_gone(tmp_path: Path):
    """Its author may throw it away."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "check-in:1", TYPED)
    drop_draft(node, ME, "check-in:1")

    assert drafts_of(node, ME) == ()


def test_saving_a_form_drops_its_draft(tmp_path: Path):
    """The save and the end of the draft are one commit; other drafts stay."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "customer", TYPED)
    keep_draft(node, ME, "check-in:1", TYPED)

    save(saving_draft(node, ME, "customer"), lambda new_id: (Draft(CUSTOMER, new_id(), {"party_kind": "person"}),))

    assert [draft.form for draft in drafts_of(node, ME)] == ["check-in:1"]


def test_a_refused_save_keeps_the_draft(tmp_path: Path):
    """What could not be saved is still there to be corrected."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "customer", TYPED)

    with pytest.raises((CommandRefused, StoreBusy)), saving_draft(node, ME, "customer").store.write():
        raise StoreBusy("the disk is busy")

    assert [draft.form for draft in drafts_of(node, ME)] == ["customer"]


def test_an_erasure_takes_drafts_about_the_record_along(tmp_path: Path):
    """What was typed about an erased customer goes, whoever typed it."""
    node = build_node(tmp_path)
    keep_draft(node, ME, "customer", TYPED, record=record(9))
    keep_draft(node, OTHER, "check-in:1", TYPED, record=record(8))

    with node.store.write() as tx:
        apply_erasures(tx, HUB, [(record(9), 1)])

    assert drafts_of(node, ME) == ()
    assert len(drafts_of(node, OTHER)) == 1
