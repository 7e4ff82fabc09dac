"""Work that waits rather than computes, for many documents at once: the one place that says how gitkb is parallel.

Threads are enough, and cheaper than joblib's own processes: they read files, or wait for a worker process that converts
(`gitkb.intake.prepare.pool`). Invariant: results come in the order of the items, whatever the number of threads.
"""

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(work: Callable[[T], R], items: Iterable[T], threads: int) -> Generator[R, None, None]:
    """Runs `work` on every item and yields the results, in order, as they become ready; `threads` items at once, 0 for one a
    processor.

    Items are taken only as they are needed, two a thread. Closing the generator ends the threads.
    """
    from joblib import Parallel, delayed

    run = Parallel(n_jobs=threads or -1, backend="threading", return_as="generator", pre_dispatch="2*n_jobs", batch_size=1)
    results: Generator[R, None, None] = run(delayed(work)(item) for item in items)
    return results
