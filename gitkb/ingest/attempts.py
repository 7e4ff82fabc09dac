"""Tries again what was planned on a branch that then moved.

Invariant: what is tried plans anew on the tip that it finds, so that nothing of another writer is lost; and it is tried only so
often, whatever the others do.
"""

from collections.abc import Callable
from typing import TypeVar

from gitkb.errors import RefMoved, RepositoryError
from gitkb.events import Listener
from gitkb.store import Run, Transaction

ATTEMPTS = 50
T = TypeVar("T")


def in_transaction(run: Run, listener: Listener, act: Callable[[Transaction], T]) -> T:
    """What `act` returns, done under the lock and again where the branch moved; the listener hears of waiting."""

    def once() -> T:
        with run.locked(listener.message) as transaction:
            return act(transaction)

    return until_published(once)


def until_published(act: Callable[[], T]) -> T:
    """What `act` returns, done again where the branch moved; `RepositoryError` where it moved each time."""
    for _ in range(ATTEMPTS):
        try:
            return act()
        except RefMoved:
            continue
    raise RepositoryError(
        "The branch kept moving under every attempt to commit.", "Wait for the other writers, then run the command again."
    )
