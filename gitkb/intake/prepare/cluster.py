"""A pool whose documents are converted and digested on the machines of a Dask cluster, and made into pages here.

Invariant: the cluster only fills the cache of this clone, and the pool of this machine takes the work from there; so what comes
out is what comes out without a cluster, in the same order, with the same errors. A worker that is killed, a machine that lacks a
program, a scheduler that is lost: the document is done here. Machines with other versions are refused.
"""

import contextlib
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gitkb.errors import UsageError
from gitkb.formats.settings import ConvertSettings
from gitkb.intake.hashing import open_document
from gitkb.intake.prepare.cache import Cache
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.far_worker import FarAnswer, FarTask, convert_far, packed_shop, versions
from gitkb.intake.prepare.pool import Pool
from gitkb.model.options import ClusterOptions

MOST_IN_FLIGHT = 256 * 1024**2
"""Bytes of originals that travel or wait at once."""
_CONNECT_SECONDS, _LOOK_SECONDS, _SLACK_SECONDS = 15, 1.0, 60.0
_AHEAD = 2
"""Documents under way for each core of the cluster, so that none waits for the next one to arrive."""


class _Lost(Exception):
    """The cluster does not answer any more."""


def pool_for(
    cluster: ClusterOptions | None, shop: Workshop, limits: ConvertSettings, lock: Path, jobs: int, say: Callable[[str], None]
) -> Pool:
    """The pool that prepares the documents of a run: of this machine alone, or with a cluster."""
    return Pool(shop, limits, lock, jobs) if cluster is None else ClusterPool(cluster, shop, limits, lock, jobs, say)


class ClusterPool(Pool):
    """A pool with the workers of a cluster before it; `say` is told when they are lost."""

    def __init__(
        self,
        cluster: ClusterOptions,
        shop: Workshop,
        limits: ConvertSettings,
        lock: Path,
        jobs: int,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(shop, limits, lock, jobs)
        self._options, self._say = cluster, say
        self._cache = Cache(shop.cache, shop.scratch)
        self._shared, self._seconds = packed_shop(shop, limits), limits.timeout
        self._room = _Room(MOST_IN_FLIGHT)
        self._lost, self._tells = False, threading.Lock()
        self._client = _connected(cluster.scheduler)
        self.jobs += _AHEAD * sum(self._client.ncores().values())

    def close(self) -> None:
        """Kills every worker of this machine, and leaves the cluster."""
        super().close()
        with contextlib.suppress(Exception):  # a scheduler that is gone cannot be told good-bye
            self._client.close(timeout=5)

    def run(self, job: Job) -> Prepared:
        """Runs one job; its conversion and digest are made on the cluster, if there is one still."""
        if self._lost or job.replies or job.saved:
            return super().run(job)
        started = time.perf_counter()
        try:
            entries = self._far(job)
        except _Lost as error:
            entries = {}
            with self._tells:
                if not self._lost and not self._closed:
                    where = self._options.scheduler
                    self._say(f"The cluster at {where} is lost ({error}); the rest is done on this machine.")
                self._lost = True
        for name, data in entries.items():
            self._cache.put(name, data)
        away = time.perf_counter() - started
        done = super().run(job)
        return msgspec.structs.replace(done, phases={"far": away, **(done.phases or {})}) if entries else done

    def _far(self, job: Job) -> dict[str, bytes]:
        """What a worker of the cluster made of a document, as entries of the cache; empty where it failed there."""
        try:
            data = None if self._options.shared and job.present is None else _read(job.source.file)
        except OSError:
            return {}  # the pool of this machine says why
        task = FarTask(self._shared, pickle.dumps(job), data, versions())
        with self._room.taken(len(data or b"")):
            answer = self._asked(msgspec.msgpack.encode(task))
        if answer.versions:
            raise differing(task.versions, answer)
        return answer.entries

    def _asked(self, packed: bytes) -> FarAnswer:
        """The answer of a worker; `_Lost` when the cluster is gone, or silent for longer than any document may take."""
        until = time.monotonic() + 2 * self._seconds + _SLACK_SECONDS
        try:
            future = self._client.submit(convert_far, packed, pure=False, retries=2)
            while True:
                try:
                    return msgspec.msgpack.decode(future.result(timeout=_LOOK_SECONDS), type=FarAnswer)
                except TimeoutError:
                    if self._closed or self._lost or self._client.status != "running":
                        raise _Lost("it does not answer") from None
                    if time.monotonic() > until:
                        raise _Lost("its workers say nothing") from None
        except _Lost:
            raise
        except Exception as error:  # whatever a library for clusters raises when one falls apart
            raise _Lost(_said(error)) from error


def _read(file: Path) -> bytes:
    with open_document(file) as original:
        return original.read()


def _connected(scheduler: str) -> Any:
    """A client of the cluster; `UsageError` where there is none."""
    try:
        import distributed
    except ImportError as error:
        hint = "Install it with: pip install 'gitkb[dask]'."
        raise UsageError("--backend dask needs gitkb[dask], which is not installed.", hint) from error
    client: Any = distributed.Client
    try:
        return client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        message = f"No Dask scheduler answers at {scheduler}: {_said(error)}."
        raise UsageError(message, "Start one (dask scheduler), or leave --backend out.") from error


def _said(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200].rstrip(".") or type(error).__name__


def differing(mine: dict[str, str], answer: FarAnswer) -> UsageError:
    """The error that names what is not alike here (`mine`) and there."""
    names = [name for name in sorted(mine.keys() | answer.versions.keys()) if mine.get(name) != answer.versions.get(name)]
    name = "gitkb" if "gitkb" in names else names[0]
    there, here = answer.versions.get(name, "none"), mine.get(name, "none")
    return UsageError(
        f"The worker on {answer.machine} has {name} {there}, this machine has {here}.",
        "Documents come out alike only where these are alike: install the same on both.",
    )


class _Room:
    """So many bytes may be under way; what is larger than all of them goes alone."""

    def __init__(self, most: int) -> None:
        self._most, self._used = most, 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Waits until there is room for so many bytes, and takes it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + size <= self._most)
            self._used += size
        try:
            yield
        finally:
            with self._changed:
                self._used -= size
                self._changed.notify_all()
