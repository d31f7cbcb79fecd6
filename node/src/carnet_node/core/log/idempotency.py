"""Requests that may arrive twice: the second one gets the answer of the first and saves nothing.

Decides what a repeated request gets. Whoever asks names each request by a key of its own (`Idempotency-Key`); a line
that broke after the save then costs nothing but the same question again. Does not decide which requests carry a key.

Rules:
- A request is one transaction: its key, all it saves and its answer. A power cut leaves all of it or nothing, and it
  costs one durable commit. A refused request leaves its key free.
- The same key with anything else in the request is refused: it is a mistake of the asking program.
- Keys and answers are kept for a day, the newest thousand of them. An answer holds what a view shows, so it is
  encrypted at rest, and an erasure drops all of them; their keys stay taken.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from carnet_node.core.failures import NodeFailure
from carnet_node.core.limits import KEPT_ANSWER_BYTES_MAX, KEPT_ANSWERS_MAX, KEPT_ANSWERS_MS
from carnet_node.core.node import Node
from carnet_node.core.ports import NodeStore, ReadTransaction, WriteTransaction
from carnet_node.core.records import KeptAnswer

Json = dict[str, Any]

_LENGTH_BYTES: Final = 8


class KeyReused(NodeFailure):
    """The key belongs to another request; nothing was saved for this one.

    Attributes:
        first: the answer that the other request got; None when it is not to be had.
    """

    def __init__(self, first: Json | None = None) -> None:
        self.first = first
        super().__init__()


class AnswerGone(NodeFailure):
    """The request was carried out before, and its answer is not to be had: erased, or too long to be kept."""


class _AnsweredBefore(Exception):
    """Another request took the key since it was looked up: the transaction that would save again is rolled back."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with a key.

    Attributes:
        key: SHA-256 of the key as sent.
        asked: SHA-256 over everything that makes the request what it is.
    """

    key: bytes
    asked: bytes


def keyed_request(key: str, *parts: bytes) -> KeyedRequest:
    """A request by its key.

    Args:
        key: as sent.
        parts: method, address, headers that change the answer, body.
    """
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(_LENGTH_BYTES, "big") + part)
    return KeyedRequest(sha256(key.encode()).digest(), digest.digest())


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is about to be carried out.

    Attributes:
        node: to be worked through: what is saved by way of it, in however many blocks, is one transaction.
    """

    node: Node
    request: KeyedRequest
    joined: "_OneTransaction"


def claiming(node: Node, request: KeyedRequest) -> Claim:
    """The same node, for one request alone; its first transaction takes the key."""
    joined = _OneTransaction(node, request)
    return Claim(replace(node, store=joined), request, joined)


def answer_once(claim: Claim, work: Callable[[], Json]) -> Json:
    """Carry a request out, or give the answer it got before.

    Args:
        work: saves through the claim's node, lets every failure of it through, and returns a JSON object.

    Raises:
        KeyReused: the key belongs to another request; nothing was saved.
        AnswerGone: it was carried out before; nothing was saved again.
        Refused, NodeFailure: as `work`; nothing was saved and the key is free.
    """
    with claim.node.store.read() as tx:
        known = _fresh(tx, claim.request, claim.node.clock.now_ms())
    if known is not None:
        return _repeated(known, claim.request)
    try:
        with claim.joined.ended():
            answer = work()
            claim.joined.keep(answer)
    except _AnsweredBefore:
        return answer_once(claim, work)
    return answer


class _OneTransaction:
    """`ports.NodeStore` that joins every block of a request to the transaction its first writing block begins."""

    def __init__(self, node: Node, request: KeyedRequest) -> None:
        self._store: NodeStore = node.store
        self._clock = node.clock
        self._request = request
        self._tx: WriteTransaction | None = None
        self._open: ExitStack | None = None

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        """See `ports.NodeStore`; not while the transaction is open."""
        return self._store.scrub(is_asked=is_asked, is_quiet=is_quiet)

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        """See `ports.NodeStore`; what the request has written so far is seen."""
        if self._tx is not None:
            yield self._tx
            return
        with self._store.read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """See `ports.NodeStore`; committed when the request ends.

        Raises:
            _AnsweredBefore: the key is taken; nothing was written.
            RuntimeError: nobody would end the transaction: the request does not save by way of `answer_once`.
        """
        if self._open is None:
            raise RuntimeError("a request with a key saves by way of answer_once")
        if self._tx is None:
            self._tx = self._open.enter_context(self._store.write())
            self._require_free_key(self._tx)
        yield self._tx

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Commit when the block ends, roll everything back when it raises."""
        try:
            with ExitStack() as self._open:
                yield
        finally:
            self._open = self._tx = None

    def keep(self, answer: Json) -> None:
        """Take the key for this answer, beside what was saved; one that is too long is given once."""
        if self._tx is None:
            return
        packed = json.dumps(answer, ensure_ascii=False).encode()
        kept = packed if len(packed) <= KEPT_ANSWER_BYTES_MAX else None
        self._tx.keep_answer(KeptAnswer(self._request.key, self._request.asked, self._clock.now_ms(), kept))

    def _require_free_key(self, tx: WriteTransaction) -> None:
        now_ms = self._clock.now_ms()
        if _fresh(tx, self._request, now_ms) is not None:
            raise _AnsweredBefore
        tx.forget_answers(before_ms=now_ms - KEPT_ANSWERS_MS, newest_max=KEPT_ANSWERS_MAX - 1)


def is_taken(tx: ReadTransaction, key: str, now_ms: int) -> bool:
    """Whether a request of this key was carried out, as far as that is remembered."""
    return _fresh(tx, keyed_request(key), now_ms) is not None


def _fresh(tx: ReadTransaction, request: KeyedRequest, now_ms: int) -> KeptAnswer | None:
    known = tx.kept_answer(request.key)
    return known if known is not None and known.taken_ms >= now_ms - KEPT_ANSWERS_MS else None


def _repeated(known: KeptAnswer, request: KeyedRequest) -> Json:
    answer: Json | None = json.loads(known.answer) if known.answer else None
    if known.asked != request.asked:
        raise KeyReused(answer)
    if answer is None:
        raise AnswerGone
    return answer
