"""A real Dask scheduler with workers, each a process of its own on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.isolation import ROOT

PATIENCE = 120.0


class DaskCluster:
    """Started by `with`; `address` is the scheduler's. `lose_workers` and `kill_scheduler` do what a power cut does, and a cut
    network: the scheduler gives up a worker after a few seconds without a word of it."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder, self._wanted = folder, workers
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "DaskCluster":
        file = self._folder / "scheduler.json"
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        until = time.monotonic() + PATIENCE
        while not (file.is_file() and file.stat().st_size):
            assert time.monotonic() < until and self.scheduler.poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text("utf-8"))["address"]
        for _ in range(self._wanted):
            self.workers.append(self._started("worker", self.address, "--nthreads", "1", "--no-nanny"))
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def lose_workers(self) -> None:
        """Kills one worker, and silences another."""
        process = self.workers.pop(0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.workers[0].send_signal(signal.SIGSTOP)

    def kill_scheduler(self) -> None:
        """Kills the scheduler."""
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()

    def _started(self, what: str, *words: str) -> "subprocess.Popen[bytes]":
        patience = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}
        environment = {**os.environ, **patience, "PYTHONPATH": str(ROOT), "TMPDIR": str(self._folder)}
        command = [sys.executable, "-m", "dask", what, *words, "--no-dashboard"]
        with (self._folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self._folder)
