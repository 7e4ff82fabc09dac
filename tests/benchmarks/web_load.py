"""How long readers of `gitkb web` wait: many at once, first alone, then while documents are added one after another.

    python tests/benchmarks/web_load.py KB [--clients 50] [--seconds 30] [--add FOLDER]

KB is copied; FOLDER is added to the copy meanwhile. Each client asks for one page after another without a pause: the start
page, lists, pages, full texts, searches. Prints median, 95th percentile and worst time of an answer, answers per second, and
the load of the machine.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlsplit

from gitkb import KnowledgeBase

WORDS = ("team", "model", "metric", "release", "how to", "customer", "error", "page", "network", "query")


def places(kb: Path) -> list[str]:
    """What readers ask for."""
    base = KnowledgeBase.open(kb)
    pages = [f"/{quote(row.page)}" for row in base.pages()][:400]
    documents = [row.document for row in base.documents(commits=False)][:400]
    texts = [f"/wiki/{kind}/{quote(name)}.md" for name in documents for kind in ("summaries", "sources")]
    searches = [f"/search?q={quote(word)}&part=hits" for word in WORDS]
    return [*pages, *texts, *(searches * 20), *(["/", "/documents", "/pages", "/history"] * 20)]


class Reader(threading.Thread):
    """A client that asks for one page after another until it is told to stop."""

    def __init__(self, address: str, wanted: list[str], seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(address)
        self.host, self.first = parts.netloc, f"{parts.path}?{parts.query}"
        self.wanted, self.random, self.stop = wanted, random.Random(seed), stop
        self.took: list[float] = []
        self.failed = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection(self.host, timeout=300)
        connection.request("GET", self.first)
        answer = connection.getresponse()
        answer.read()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        while not self.stop.is_set():
            began = time.perf_counter()
            connection.request("GET", self.random.choice(self.wanted), headers={"cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            self.took.append(time.perf_counter() - began)
            self.failed += answer.status >= 400


def measured(what: str, address: str, wanted: list[str], clients: int, seconds: float) -> None:
    """Lets clients read for a while and prints how long they waited."""
    stop = threading.Event()
    readers = [Reader(address, wanted, seed, stop) for seed in range(clients)]
    began = time.perf_counter()
    for reader in readers:
        reader.start()
    stop.wait(seconds)
    stop.set()
    for reader in readers:
        reader.join()
    took = sorted(each for reader in readers for each in reader.took)
    lasted = time.perf_counter() - began
    failed = sum(reader.failed for reader in readers)
    print(
        f"{what}: {len(took)} answers, {len(took) / lasted:.0f} a second, {failed} failed; median {median(took) * 1000:.0f} ms, "
        f"p95 {took[int(len(took) * 0.95)] * 1000:.0f} ms, worst {took[-1] * 1000:.0f} ms (load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kb", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--add", type=Path, help="documents that are added meanwhile")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kb = Path(shutil.copytree(given.kb, Path(folder) / "kb", symlinks=True))
        command = [sys.executable, "-m", "gitkb"]
        subprocess.run([*command, "search", "page", "--kb", str(kb)], check=True, stdout=subprocess.DEVNULL)  # indexes the copy
        wanted = places(kb)
        server = subprocess.Popen(
            [*command, "web", "--kb", str(kb), "--no-open"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert server.stdout is not None
        address = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
        try:
            measured("one reader", address, wanted, 1, min(10.0, given.seconds))
            measured(f"{given.clients} readers", address, wanted, given.clients, given.seconds)
            if given.add:
                adding = subprocess.Popen(
                    [*command, "add", str(given.add), "--kb", str(kb), "--into", "more"], stdout=subprocess.DEVNULL
                )
                measured(f"{given.clients} readers while documents are added", address, wanted, given.clients, given.seconds)
                print("the add still runs" if adding.poll() is None else "the add has ended")
                adding.terminate()
                adding.wait()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
