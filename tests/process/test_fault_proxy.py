"""The misbehaving line does what it is told: each fault by itself, between two real sockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from support.fault_proxy import CLEAN, FaultProxy, Faults

ANSWER = bytes(range(256)) * 40


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one line, write it back with `ANSWER` behind it."""
    asked = await reader.readline()
    writer.write(asked + ANSWER)
    await writer.drain()
    writer.close()


async def _ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"question\n")
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def over(faults: Faults, asking: Callable[[FaultProxy], Awaitable[bytes]]) -> tuple[bytes, dict[str, int]]:
    """What comes back over a line with these faults, and what the line says it did."""

    async def run() -> tuple[bytes, dict[str, int]]:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        async with server, FaultProxy(server.sockets[0].getsockname()[1], seed=5) as line:
            line.faults = faults
            try:
                return await asking(line), dict(line.did)
            except ConnectionError:
                return b"", dict(line.did)

    return asyncio.run(run())


def ask_once(line: FaultProxy) -> Awaitable[bytes]:
    """One question over the line."""
    return _ask(line.port)


def test_a_clean_line_carries_every_byte():
    """Without faults both directions arrive whole and nothing is counted."""
    assert over(CLEAN, ask_once) == (b"question\n" + ANSWER, {})


def test_a_dropped_connection_answers_nothing():
    """A connection that is dropped is closed before the question is carried."""
    assert over(Faults(drop=1), ask_once) == (b"", {"drop": 1})


def test_one_way_loses_the_answer():
    """On a one-way line the question arrives and the answer does not."""
    answer, did = over(Faults(one_way=1), ask_once)

    assert (answer, list(did)) == (b"", ["one way"])


def test_a_cut_leaves_the_beginning_of_the_answer():
    """A line that is cut carries a true beginning and never the whole."""
    answer, did = over(Faults(cut=1), ask_once)

    assert (b"question\n" + ANSWER).startswith(answer)
    assert (len(answer) < len(ANSWER), did) == (True, {"cut": 1})


def test_a_spoiled_answer_differs_in_one_bit():
    """A line that spoils changes one bit of one direction and leaves the rest as it was."""

    async def ask_until_spoiled(line: FaultProxy) -> bytes:
        for _ in range(50):
            answer = await _ask(line.port)
            if answer != b"question\n" + ANSWER and len(answer) == len(ANSWER) + 9:
                return answer
        raise AssertionError("nothing was spoiled")

    answer, did = over(Faults(corrupt=1), ask_until_spoiled)

    flipped = int.from_bytes(answer) ^ int.from_bytes(b"question\n" + ANSWER)
    assert flipped.bit_count() == 1
    assert did["corrupt"] >= 1


def test_a_hole_gives_nothing_until_the_line_is_cut():
    """In a black hole a question waits, and ends as soon as the line is mended by cutting it."""

    async def wait_in_hole(line: FaultProxy) -> bytes:
        asking = asyncio.create_task(_ask(line.port))
        await asyncio.sleep(0.2)
        assert not asking.done()
        line.cut_all()
        return await asking

    assert over(Faults(hole=1), wait_in_hole) == (b"", {"hole": 1, "cut by hand": 1})


@pytest.mark.parametrize(
    ("faults", "name"),
    [
        pytest.param(Faults(bytes_per_s=40_000), "throttle", id="throttle"),
        pytest.param(Faults(delay_s=0.3), "delay", id="delay"),
    ],
)
def test_a_slow_line_is_late_and_whole(faults: Faults, name: str):
    """Delay and throttle cost time and not a byte."""

    async def timed(line: FaultProxy) -> bytes:
        began = asyncio.get_running_loop().time()
        answer = await _ask(line.port)
        assert asyncio.get_running_loop().time() - began > 0.05
        return answer

    answer, did = over(faults, timed)

    assert (answer, name in did) == (b"question\n" + ANSWER, True)
