"""Runs jobs in worker processes that can be killed one by one, in parallel, with results in order.

The threads of this process only wait: each drives one worker process over a pipe, so a document that hangs, explodes or
crashes costs its own worker and nothing else. Invariant: when the pool is closed, no worker is left.
"""

import contextlib
import logging
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from gitkb.errors import ConversionError
from gitkb.formats.settings import ConvertSettings
from gitkb.intake.parallel import in_threads
from gitkb.intake.prepare.document import Job, Prepared, Workshop, discard
from gitkb.intake.prepare.office_program import saved_as
from gitkb.intake.prepare.typed_json import BEAT, loads
from gitkb.model.usage import Usage

_log = logging.getLogger(__name__)
_BEAT = BEAT + b"\n"
_MOST_BEATS = 50_000
_MAX_ANSWER = 64 * 1024**2
"""Bytes: a worker that says more has been taken over by its document."""
_TOO_SLOW = "its conversion took longer than {:g} s and was stopped."
_RAISE_TIMEOUT = "Raise convert.timeout in .gitkb/config.yaml if the file is sound."
_CRASHED = "its conversion crashed: it is damaged, or needs more memory than allowed."
_RAISE_MEMORY = "Save it again, or raise convert.memory in .gitkb/config.yaml if you trust the file."


class Pool:
    """At most `jobs` workers; a context manager."""

    def __init__(self, shop: Workshop, limits: ConvertSettings, lock: Path, jobs: int) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        # Never written to: it closes when this process dies, and the workers notice.
        self._lifeline, self._lifeline_writer = os.pipe()
        self._start = (shop, limits.memory, str(lock), self._lifeline if os.name == "posix" else -1)
        self._timeout = limits.timeout
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._places = threading.Semaphore(self.jobs)
        self._living: set[_Worker] = set()
        self._guard = threading.Lock()
        self._closed = False

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Kills every worker and waits for its end."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            living, self._living = self._living, set()
        for worker in living:
            worker.kill()
        for descriptor in (self._lifeline, self._lifeline_writer):
            os.close(descriptor)

    def prepare(self, jobs: Sequence[Job], each: Callable[[Job], Prepared] | None = None, threads: int = 0) -> Iterator[Prepared]:
        """Yields the result of `each` (by default `run`) for every job, in order, as they become ready; `threads` jobs at once,
        by default one a worker."""
        if not jobs:
            return
        results = in_threads(each or self.run, jobs, threads or self.jobs)
        try:
            yield from results
        finally:
            if not self._closed:
                results.close()

    def run(self, job: Job) -> Prepared:
        """Runs one job in an idle or new worker, as soon as there is a place. A worker that does not answer in time is killed."""
        started = time.perf_counter()
        with self._places:
            result = self._run(job)
            if result.office:
                result = self._through_office(job, result)
        if result.parts:
            result = self._by_parts(job, result.parts)
        if not result.error:
            return result
        self.drop(job)
        return replace(result, phases={"prepare": time.perf_counter() - started})

    def _by_parts(self, job: Job, count: int) -> Prepared:
        """The result of a job of which all workers together read the pages, range by range. Each takes a place, so this is called
        without one. A range that makes its worker die fails the document, as it would in one piece."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="parts-", dir=self._start[0].scratch))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            return Prepared(job.document, error=f"its pages could not be read apart: {reason}.", hint="Add it again.")

        has_failed = threading.Event()

        def read(part: int) -> Prepared:
            with self._places:
                if has_failed.is_set():  # ranges begin in order, so the one that failed stands before this one
                    return Prepared(job.document, error="another part of it could not be read.")
                result = self._run(replace(job, part=part, parts=folder))
            if result.error:
                has_failed.set()
            return result

        try:
            done = list(in_threads(read, range(count), self.jobs))
            failed = next((each for each in done if each.error), None)
            if failed is not None:
                return failed
            with self._places:
                return self._run(replace(job, parts=folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _through_office(self, job: Job, first: Prepared) -> Prepared:
        """The result of a job whose original LibreOffice has to save first."""
        shop, memory, *_ = self._start
        folder = Path(tempfile.mkdtemp(prefix="office-", dir=shop.scratch))
        try:
            saved = saved_as(shop.scratch / first.raw, first.office, folder, self._timeout, memory)
            return self._run(replace(job, saved=saved))
        except ConversionError as error:
            return Prepared(job.document, error=error.message, hint=error.hint)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            return Prepared(job.document, error=f"LibreOffice could not be started for it: {reason}.", hint="Add it again.")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self, job: Job) -> None:
        """Removes what a job that failed left in the scratch folder."""
        discard(job, self._start[0])

    def _run(self, job: Job) -> Prepared:
        """The answer of a worker. Where a worker that had done other documents runs out of memory or crashes, a new one tries:
        no document may fail because of another one.
        """
        result, used = self._attempt(job)
        if not used:
            return result
        _log.debug("%s goes to a new worker: the one before had done other documents", job.document)
        return self._attempt(job, anew=True)[0]

    def _attempt(self, job: Job, *, anew: bool = False) -> tuple[Prepared, bool]:
        """The result of a job, and whether it ended a worker that had done other documents before."""
        started = time.perf_counter()
        try:
            worker = self._take(anew=anew)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            hint = "Add it again when the machine has room for another process."
            return Prepared(job.document, error=f"no worker process could be started: {reason}.", hint=hint), False
        if worker is None:
            return Prepared(job.document, error="the run was interrupted."), False
        answer = worker.ask(job, self._timeout)
        if answer is not None and not answer.exhausted:
            seconds, kept = time.perf_counter() - started, ", ".join(answer.remembered) or "nothing"
            _log.debug("%s took worker %d %.2f s; from the cache: %s", job.document, worker.id, seconds, kept)
            self._idle.put(worker)
            return answer, False
        why = "has no memory left" if answer else "gave no answer"
        _log.debug("worker %d %s over %s after %.2f s", worker.id, why, job.document, time.perf_counter() - started)
        self._discard(worker)
        if answer is not None:
            return answer, worker.served > 1
        if self._closed:
            return Prepared(job.document, error="the run was interrupted."), False
        if worker.is_too_slow:
            return Prepared(job.document, error=_TOO_SLOW.format(self._timeout), hint=_RAISE_TIMEOUT), False
        return Prepared(job.document, error=_CRASHED, hint=_RAISE_MEMORY), worker.served > 0

    def _take(self, *, anew: bool) -> "_Worker | None":
        """An idle worker or a new one; None when the pool is closed."""
        with contextlib.suppress(queue.Empty):
            worker = self._idle.get_nowait()
            if not anew:
                return worker
            self._discard(worker)
        # Under the guard, so that no worker is born after `close` or gets a descriptor that it closed.
        with self._guard:
            if self._closed:
                return None
            worker = _Worker(self._start)
            self._living.add(worker)
        _log.debug("worker %d started", worker.id)
        return worker

    def _discard(self, worker: "_Worker") -> None:
        with self._guard:
            self._living.discard(worker)
        worker.kill()
        _log.debug("worker %d killed", worker.id)


class _Worker:
    """One worker process and its pipes; `served` counts the jobs that it answered. `is_too_slow`: it was killed for that."""

    def __init__(self, start: tuple[Workshop, int, str, int]) -> None:
        self.served = 0
        self.is_too_slow = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gitkb.intake.prepare.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(start[3],) if start[3] >= 0 else (),
        )
        self._send(start)

    @property
    def id(self) -> int:
        """The id of its process."""
        return self._process.pid

    def ask(self, job: Job, timeout: float) -> Prepared | None:
        """The answer to one job, None when the worker died or was killed after `timeout` seconds. They count anew when it says
        that it has read another page by OCR, which takes long; so many pages no document has that this has no end."""
        try:
            self._send(job)
            line = _BEAT
            for _ in range(_MOST_BEATS):
                line = self._line(timeout)
                if line != _BEAT:
                    break
        except (OSError, ValueError):
            return None
        answer = _parse(line)
        self.served += answer is not None
        return answer

    def _line(self, timeout: float) -> bytes:
        watchdog = threading.Timer(timeout, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            assert self._process.stdout is not None
            return self._process.stdout.readline(_MAX_ANSWER)
        finally:
            watchdog.cancel()

    def _expire(self) -> None:
        self.is_too_slow = True
        self._end()

    def _end(self) -> None:
        """Kills the process with everything that it has started: the worker leads a group of its own."""
        if os.name == "posix" and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def kill(self) -> None:
        """Ends the process at once and reaps it."""
        self._end()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(pickle.dumps(message))
            self._process.stdin.flush()


def _parse(line: bytes) -> Prepared | None:
    """The answer of a worker; None if the line is not one. The owner counts the model's cost, whatever the worker says."""
    try:
        return replace(loads(Prepared, line), usage=Usage())
    except ValueError:
        return None
