"""A line that misbehaves: a TCP proxy on loopback between two real programs.

Decides what happens to the bytes of a connection; knows nothing of HTTP or Carnet. Faults are drawn per connection from
a seeded generator and can be changed while the proxy runs; connections that are open keep what they drew.

Rules:
- drop: accepted and closed before a byte was answered.
- black hole: bytes are taken and nothing comes back, until the line is mended.
- cut: both ends are reset after so many bytes of the answer.
- one way: what is asked arrives, what is answered does not.
- throttle: so many bytes a second, in both directions.
- delay: before each piece.
- corrupt: one bit of one byte of the answer, or of what is asked.

    async with FaultProxy(hub.port, seed=7) as line:
        line.faults = Faults(cut=0.5)
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

_PIECE_BYTES: Final = 16 * 1024
_CUT_WITHIN_BYTES: Final = 6_000
"""Most answers of the hub are shorter: a cut within this many bytes falls into heads as well as bodies."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What may happen to a connection.

    Attributes:
        drop, hole, cut, one_way, corrupt: chances, 0 to 1, that it happens to a connection.
        delay_s: before each piece, up to this long.
        bytes_per_s: 0 for no bound.
    """

    drop: float = 0.0
    hole: float = 0.0
    cut: float = 0.0
    one_way: float = 0.0
    corrupt: float = 0.0
    delay_s: float = 0.0
    bytes_per_s: int = 0


CLEAN: Final = Faults()


@dataclass(slots=True)
class _Fate:
    """What one connection drew.

    Attributes:
        cut_after: bytes of the answer; None for never.
        flip_in: direction and place of the byte that is spoiled; None for none.
    """

    faults: Faults
    is_hole: bool = False
    is_one_way: bool = False
    cut_after: int | None = None
    flip_in: tuple[str, int] | None = None


@dataclass
class FaultProxy:
    """The proxy; an async context manager.

    Attributes:
        target_port: on loopback, where the real server listens; it may come and go.
        faults: for connections that are opened from now on.
        did: how often each fault really happened.
    """

    target_port: int
    seed: int = 0
    faults: Faults = CLEAN
    did: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut everything."""
        self._server.close()
        self.cut_all()
        await asyncio.gather(*self._lines, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cut_all(self) -> None:
        """Cut every open connection; holes end so too."""
        for line in self._lines:
            line.cancel()

    def _draw(self) -> _Fate | None:
        """The fate of a new connection; None to drop it."""
        faults, rng = self.faults, self._rng
        if rng.random() < faults.drop:
            self.did["drop"] += 1
            return None
        fate = _Fate(faults, rng.random() < faults.hole, rng.random() < faults.one_way)
        if rng.random() < faults.cut:
            fate.cut_after = rng.randrange(_CUT_WITHIN_BYTES)
        if rng.random() < faults.corrupt:
            fate.flip_in = rng.choice(("asked", "answered")), rng.randrange(_CUT_WITHIN_BYTES)
        return fate

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end is done with it."""
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            fate = self._draw()
            if fate is not None:
                await self._carry(reader, writer, fate)
                writer.close()  # what was carried is still delivered; after a fault it is not
        except asyncio.CancelledError:
            self.did["cut by hand"] += 1
        except OSError:
            pass
        finally:
            self._lines.discard(line)
            _reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: _Fate) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        try:
            if fate.is_hole:
                self.did["hole"] += 1
                while await reader.read(_PIECE_BYTES):
                    continue
                return
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, there_writer, fate, "asked"))
                both.create_task(self._pump(there_reader, writer, fate, "answered"))
            there_writer.close()
        except* OSError:
            _reset(writer)
        finally:
            _reset(there_writer)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, fate: _Fate, direction: str
    ) -> None:
        """Carry one direction.

        Raises:
            ConnectionAbortedError: the line is cut here.
        """
        carried = 0
        while piece := await source.read(_PIECE_BYTES):
            await self._wait(fate.faults, len(piece))
            piece = self._spoil(piece, carried, fate, direction)
            carried += len(piece)
            if direction == "answered":
                if fate.is_one_way:
                    self.did["one way"] += 1
                    continue
                if fate.cut_after is not None and carried > fate.cut_after:
                    sink.write(piece[: max(len(piece) - (carried - fate.cut_after), 0)])
                    await sink.drain()
                    self.did["cut"] += 1
                    raise ConnectionAbortedError
            sink.write(piece)
            await sink.drain()
        with suppress(OSError):
            sink.write_eof()

    async def _wait(self, faults: Faults, size: int) -> None:
        if faults.delay_s:
            self.did["delay"] += 1
            await asyncio.sleep(self._rng.uniform(0, faults.delay_s))
        if faults.bytes_per_s:
            self.did["throttle"] += 1
            await asyncio.sleep(size / faults.bytes_per_s)

    def _spoil(self, piece: bytes, carried: int, fate: _Fate, direction: str) -> bytes:
        if fate.flip_in is None or fate.flip_in[0] != direction:
            return piece
        at = fate.flip_in[1] - carried
        if not 0 <= at < len(piece):
            return piece
        self.did["corrupt"] += 1
        return piece[:at] + bytes([piece[at] ^ (1 << self._rng.randrange(8))]) + piece[at + 1 :]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: the other end sees a reset."""
    transport = writer.transport
    if not transport.is_closing():
        transport.abort()
