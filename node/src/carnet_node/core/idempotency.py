"""Requests that may arrive twice: the second one gets the answer of the first and saves nothing.

Decides what a repeated request gets. Whoever asks names each request by a key of its own (`Idempotency-Key`); a line
that broke after the save then costs nothing but the same question again. Does not decide which requests carry a key.

Rules:
- The key is taken in the very transaction that saves, so a power cut leaves both or neither. A refused request leaves
  its key free.
- The same key with anything else in the request is refused: it is a mistake of the asking program.
- Keys and answers are kept for a day, the newest thousand of them. An answer holds what a view shows, so it is
  encrypted at rest, and an erasure drops all of them; their keys stay taken.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
    """The key belongs to another request; nothing was saved for this one."""


class AnswerGone(NodeFailure):
    """The request was carried out before, and its answer is not to be had: erased, too long, or still being made."""


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


def claiming(node: Node, request: KeyedRequest) -> Node:
    """The same node, whose next transaction takes the key together with what it saves."""
    return replace(node, store=_ClaimingStore(node, request))


def answer_once(node: Node, request: KeyedRequest, work: Callable[[], Json]) -> Json:
    """Carry a request out, or give the answer it got before.

    Args:
        node: from `claiming`.
        work: saves through that node and returns a JSON object.

    Raises:
        KeyReused: the key belongs to another request; nothing was saved.
        AnswerGone: it was carried out before; nothing was saved again.
        Refused, NodeFailure: as `work`; nothing was saved and the key is free.
    """
    with node.store.read() as tx:
        known = _fresh(tx, request, node.clock.now_ms())
    if known is not None:
        return _repeated(known, request)
    try:
        answer = work()
    except _AnsweredBefore:
        return answer_once(node, request, work)
    packed = json.dumps(answer, ensure_ascii=False).encode()
    if len(packed) <= KEPT_ANSWER_BYTES_MAX:
        with node.store.write() as tx:
            claimed = tx.kept_answer(request.key)
            if claimed is not None and claimed.answer is None:  # else an erasure came in between
                tx.keep_answer(replace(claimed, answer=packed))
    return answer


class _ClaimingStore:
    """`ports.NodeStore` whose first transaction takes the key of a request."""

    def __init__(self, node: Node, request: KeyedRequest) -> None:
        self._store: NodeStore = node.store
        self._clock = node.clock
        self._request = request
        self._is_claimed = False

    def scrub(self) -> None:
        """See `ports.NodeStore`."""
        self._store.scrub()

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """See `ports.NodeStore`."""
        return self._store.read()

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """See `ports.NodeStore`.

        Raises:
            _AnsweredBefore: the key is taken; nothing was written.
        """
        with self._store.write() as tx:
            if not self._is_claimed:
                self._claim(tx)
            yield tx
        self._is_claimed = True

    def _claim(self, tx: WriteTransaction) -> None:
        now_ms = self._clock.now_ms()
        if _fresh(tx, self._request, now_ms) is not None:
            raise _AnsweredBefore
        tx.forget_answers(before_ms=now_ms - KEPT_ANSWERS_MS, newest_max=KEPT_ANSWERS_MAX - 1)
        tx.keep_answer(KeptAnswer(self._request.key, self._request.asked, now_ms, None))


def _fresh(tx: ReadTransaction, request: KeyedRequest, now_ms: int) -> KeptAnswer | None:
    known = tx.kept_answer(request.key)
    return known if known is not None and known.taken_ms >= now_ms - KEPT_ANSWERS_MS else None


def _repeated(known: KeptAnswer, request: KeyedRequest) -> Json:
    if known.asked != request.asked:
        raise KeyReused
    if not known.answer:
        raise AnswerGone
    answer: Json = json.loads(known.answer)
    return answer
