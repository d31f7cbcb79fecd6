"""What may come of reading anything: a value or a typed refusal, soon, in little memory.

Decides when an input is a finding: a second of work, or 64 MB beyond the most that the process ever had. Work is what
the processor did for us, so that a busy machine finds nothing by being busy; the fuzzer itself watches the clock.
"""

import contextlib
import gc
import resource
import time
from collections.abc import Callable, Iterator
from typing import Final

from carnet_protocol.errors import Refused

SECONDS_MAX: Final = 1.0
GROWTH_BYTES_MAX: Final = 64 * 1024 * 1024


class Finding(Exception):
    """An input that a reader must not have trouble with; the message says which trouble."""


def examine(read: Callable[[bytes], object], data: bytes) -> bool:
    """Feed one input to a reader; whether it was refused.

    Raises:
        Finding: anything but a refusal came out, or it took too long or too much.
    """
    before_bytes, began = peak_bytes(), time.process_time()
    is_refused = False
    try:
        with _own_heap():
            read(data)
    except Refused:
        is_refused = True
    except Exception as error:
        raise Finding(f"{type(error).__name__} came out instead of a refusal") from error
    took_s, grown = time.process_time() - began, peak_bytes() - before_bytes
    if grown > GROWTH_BYTES_MAX:
        raise Finding(f"took {grown} bytes")
    if took_s > SECONDS_MAX and _seconds(read, data) > SECONDS_MAX:
        raise Finding(f"took {took_s:.1f} s")
    return is_refused


def _seconds(read: Callable[[bytes], object], data: bytes) -> float:
    """Work of one more try, without garbage: the first may have paid for collecting what the process had left."""
    gc.collect()
    began = time.process_time()
    with contextlib.suppress(Refused), _own_heap():
        read(data)
    return time.process_time() - began


@contextlib.contextmanager
def _own_heap() -> Iterator[None]:
    """What the process holds already is not looked through again for the reader's sake: a program has no tests."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def peak_bytes() -> int:
    """The most memory this process ever had (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
