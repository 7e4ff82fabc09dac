"""Keeps Ctrl-C, SIGTERM and SIGHUP out of what must end once it has begun: a group is published or not, a run is cleared or not.

Invariant: a signal that arrives meanwhile takes effect right after; a second one ends the process at once, which recovery can
deal with. Without it an exception could arise inside one of libgit2's callbacks, where it cannot pass.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gitkb.errors import STOP_SIGNALS


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within it the main thread is not stopped by a first SIGINT, SIGTERM or SIGHUP; other threads never are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if arrived:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        arrived.append(number)

    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    ours = [number for number, handler in handlers.items() if callable(handler)]
    for number in ours:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, handlers[number])
        if arrived:
            signal.raise_signal(arrived[0])
