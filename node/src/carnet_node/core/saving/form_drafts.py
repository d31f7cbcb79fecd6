"""What somebody has typed into a form and not saved: kept on the node, offered again.

Decides how long a draft lives and to whom it belongs: to one person and one form. It survives a closed browser, a
locked screen and a killed node, because it is in the database. With it stand the heads that its form was rendered
from, so a save from it still names what its author had read, and a change made meanwhile by somebody else comes up as a
conflict.
A draft goes in the very transaction that saves its form (`saving_draft`): never both, never neither. What a page that
was saved sends late, words that were on their way, is kept no more: over the heads from before its own save it would
come up as a conflict of a person with themselves.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from carnet_node.core.commands.cleaning import whole_characters
from carnet_node.core.desk_limits import DRAFT_BYTES_MAX, DRAFT_KEPT_MS, DRAFTS_PER_STAFF_MAX, FORM_CHARS_MAX
from carnet_node.core.local_facts import FormDraft
from carnet_node.core.log.idempotency import KeyReused, is_taken
from carnet_node.core.node import Node
from carnet_node.core.ports import NodeStore, ReadTransaction, WriteTransaction
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_protocol.ids import RecordId

Fields = Mapping[str, tuple[str, ...]]
"""Names and values as a browser sends them."""


def keep_draft(
    node: Node,
    staff: RecordId,
    form: str,
    fields: Fields,
    *,
    heads: str = "",
    record: RecordId | None = None,
    saved_as: str = "",
) -> None:
    """Keep what was typed so far, in place of what was kept before.

    Args:
        form: name of the form, and which of several; nothing personal.
        record: the record it is about, so that its erasure takes the draft along.
        saved_as: the key under which its page saves; empty for one that is not known.

    Raises:
        CommandRefused: longer than a form can be; what was kept before is unchanged.
        KeyReused: the page was saved already; nothing is kept.
    """
    size = sum(len(name) + sum(map(len, values)) for name, values in fields.items())
    if size + len(heads) > DRAFT_BYTES_MAX or not _is_name(form):
        raise refuse("form", ProblemCode.BAD_VALUE, "This form is too long to be kept unsaved.", "Save it in parts.")
    now_ms = node.clock.now_ms()
    with node.store.write() as tx:
        if saved_as and is_taken(tx, saved_as, now_ms):
            raise KeyReused
        tx.local.drop_drafts_before(now_ms - DRAFT_KEPT_MS)
        others = [one for one in tx.local.drafts_of(staff) if one.form != form]
        for surplus in others[DRAFTS_PER_STAFF_MAX - 1 :]:
            tx.local.drop_draft(staff, surplus.form)
        tx.local.put_draft(FormDraft(staff, form, record, _whole(fields), whole_characters(heads), now_ms))


def draft_of(node: Node, staff: RecordId, form: str) -> FormDraft | None:
    """What somebody has typed into a form; None when nothing is kept, or it is too old."""
    if not _is_name(form):
        return None
    with node.store.read() as tx:
        draft = tx.local.draft(staff, form)
    return draft if draft is not None and _is_fresh(node, draft) else None


def drafts_of(node: Node, staff: RecordId) -> tuple[FormDraft, ...]:
    """Everything somebody has typed and not saved, newest first."""
    with node.store.read() as tx:
        return tuple(one for one in tx.local.drafts_of(staff) if _is_fresh(node, one))


def drop_draft(node: Node, staff: RecordId, form: str) -> None:
    """Its author gives it up."""
    if not _is_name(form):
        return
    with node.store.write() as tx:
        tx.local.drop_draft(staff, form)


def hand_over_drafts(tx: WriteTransaction, staff: RecordId, to: RecordId) -> int:
    """Give a departing person's unsaved forms to a colleague; returns how many."""
    drafts = tx.local.drafts_of(staff)
    for draft in drafts:
        tx.local.drop_draft(staff, draft.form)
        if tx.local.draft(to, draft.form) is None:
            tx.local.put_draft(replace(draft, staff=to))
    return len(drafts)


def saving_draft(node: Node, staff: RecordId, form: str) -> Node:
    """The same node, whose transactions drop a draft together with what they save; for the save alone."""
    return replace(node, store=_DroppingStore(node.store, staff, form))


class _DroppingStore:
    """`ports.NodeStore` whose transactions drop a draft as they save."""

    def __init__(self, store: NodeStore, staff: RecordId, form: str) -> None:
        self._store = store
        self._staff = staff
        self._form = form

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        """See `ports.NodeStore`."""
        return self._store.scrub(is_asked=is_asked, is_quiet=is_quiet)

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """See `ports.NodeStore`."""
        return self._store.read()

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """See `ports.NodeStore`."""
        with self._store.write() as tx:
            yield tx
            tx.local.drop_draft(self._staff, self._form)


def _is_name(form: str) -> bool:
    """Whether this can be a form: its name is the program's own, in letters everybody has."""
    return 0 < len(form) <= FORM_CHARS_MAX and form.isascii() and form.isprintable()


def _whole(fields: Fields) -> Fields:
    return {whole_characters(name): tuple(map(whole_characters, values)) for name, values in fields.items()}


def _is_fresh(node: Node, draft: FormDraft) -> bool:
    return node.clock.now_ms() - draft.saved_ms <= DRAFT_KEPT_MS
