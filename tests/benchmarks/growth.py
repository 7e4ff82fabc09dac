"""Whether anything grows with the knowledge base that should not: the same commands on bases of several sizes.

    python tests/benchmarks/growth.py [--sizes 1000 10000] [--keep FOLDER] [--rounds 3]

Builds a base of each size from `grown_documents` (with --keep they stay, and are found again), measures every command in turn and
prints a table with the ratio of each size to the smallest. Processor seconds, of the program and of all that it starts, are the
honest figure on a machine that others use; seconds on the clock stand beside them. Needs no network.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from grown_documents import COMMONEST, write

GITKB = [sys.executable, "-m", "gitkb"]
BUILD, ADD_100 = "build, a document", "add of 100, a document"


class Figures:
    """Seconds by what was done: (processor, clock) of each time; `peak` is the memory of the largest process (MB)."""

    def __init__(self) -> None:
        self.taken: dict[str, list[tuple[float, float]]] = {}
        self.peak = 0.0
        self.sizes: dict[str, float] = {}

    def run(self, what: str, *words: str | Path, share: int = 1) -> None:
        """Runs a program and notes what it took, for each of `share` documents."""
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{what}: {' '.join(map(str, words))}\n{said.decode()}")
        clock = time.perf_counter() - started
        self.taken.setdefault(what, []).append(((used.ru_utime + used.ru_stime) / share, clock / share))
        self.peak = max(self.peak, used.ru_maxrss / 1024)

    def of(self, what: str, at: int = 0) -> float:
        return median(each[at] for each in self.taken[what])


def build(top: Path, size: int, figures: Figures) -> Path:
    """The base of a size; one that is there already has its figures beside it."""
    kb, noted = top / f"kb-{size}", top / f"kb-{size}.txt"
    if not noted.exists():
        shutil.rmtree(kb, ignore_errors=True)
        write(top / f"documents-{size}", 0, size)
        subprocess.run([*GITKB, "init", str(kb)], check=True, stdout=subprocess.DEVNULL)
        figures.run(BUILD, *GITKB, "add", top / f"documents-{size}", "--into", "plants", "--kb", kb, share=size)
        cpu, clock = figures.taken[BUILD][0]
        noted.write_text(f"{cpu} {clock} {figures.peak}\n", encoding="ascii")
    cpu, clock, peak = map(float, noted.read_text(encoding="ascii").split())
    figures.taken[BUILD], figures.peak = [(cpu, clock)], peak
    return kb


def changes(kb: Path, top: Path, size: int, number: int, figures: Figures) -> None:
    """Adds, changes and removes one document, and adds a hundred; each time with the pages that follow from it."""
    one, many, first = top / f"one-{size}-{number}", top / f"many-{size}-{number}", 10_000_000 + 1_000 * number
    into = ["--into", f"new-{number}", "--kb", kb]
    write(one, first, 1)
    figures.run("add of one", *GITKB, "add", one, *into)
    write(one, first, 1, edition=2)
    figures.run("change of one", *GITKB, "add", one, *into)
    figures.run("refresh, nothing to do", *GITKB, "refresh", "--kb", kb)
    figures.run("status", *GITKB, "status", "--kb", kb)
    figures.run("remove of one", *GITKB, "remove", f"new-{number}", "--kb", kb)
    before = git(kb, "rev-parse", "HEAD")
    write(many, first + 100, 100)
    figures.run(ADD_100, *GITKB, "add", many, "--into", f"many-{number}", "--kb", kb, share=100)
    figures.run("first search after it", *GITKB, "search", COMMONEST, "--kb", kb)
    figures.run("diff of an ingest of 100", *GITKB, "diff", before, "HEAD", "--kb", kb)
    figures.run("check of that change", *GITKB, "check", "--changed", before, "--kb", kb)


def looks(kb: Path, figures: Figures) -> None:
    """What only reads."""
    page = COMMONEST.replace(" ", "-")
    for what, words in (
        ("list", ("list",)),
        ("show", ("show", f"concepts/{page}")),
        ("search", ("search", COMMONEST)),
        ("query", ("query", "--no-model", f"What is a {COMMONEST}?")),
        ("blame of the commonest topic", ("blame", f"concepts/{page}")),
        ("log of 20", ("log", "-n", "20")),
    ):
        figures.run(what, *GITKB, *words, "--kb", kb)


def shared(kb: Path, top: Path, size: int, number: int, figures: Figures) -> None:
    """One document goes to another clone by way of a hub; then a clone is made."""
    hub, other, third, document = (top / f"{name}-{size}" for name in ("hub.git", "other", "third", f"pushed-{number}"))
    if not hub.exists():
        subprocess.run(["git", "clone", "-q", "--bare", kb, hub], check=True)
        subprocess.run(["git", "-C", kb, "remote", "add", "origin", hub], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["git", "-C", kb, "remote", "set-url", "origin", hub], check=True)
        subprocess.run([*GITKB, "push", "--kb", kb], check=True, capture_output=True)
        subprocess.run(["git", "clone", "-q", hub, other], check=True)
        subprocess.run([*GITKB, "search", "anything", "--kb", other], check=True, stdout=subprocess.DEVNULL)
    write(document, 20_000_000 + number, 1)
    subprocess.run([*GITKB, "add", document, "--into", f"pushed-{number}", "--kb", kb], check=True, capture_output=True)
    figures.run("push of one", *GITKB, "push", "--kb", kb)
    figures.run("pull of one", *GITKB, "pull", "--kb", other)
    figures.run("git clone, a document", "git", "clone", "-q", hub, third, share=size)
    shutil.rmtree(third)


def git(kb: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", kb, *words], check=True, capture_output=True, text=True).stdout.strip()


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def measure(top: Path, size: int, rounds: int) -> Figures:
    """All figures of one size."""
    figures = Figures()
    kb = build(top, size, figures)
    figures.sizes = {".git/objects, kB a document": 1_000 * megabytes(kb / ".git" / "objects") / size}
    figures.sizes[".git without caches, kB a document"] = (
        1_000 * (megabytes(kb / ".git") - megabytes(kb / ".git" / "gitkb")) / size
    )
    figures.sizes["concepts/, pages"] = sum(1 for _ in (kb / "wiki" / "concepts").glob("*.md"))
    work = top / f"work-{size}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    copy = shutil.copytree(kb, work / "kb", symlinks=True)
    for words in (("search", "anything"), ("status",)):  # a copy makes its caches anew; that is no part of the figures
        subprocess.run([*GITKB, *words, "--kb", copy], check=True, stdout=subprocess.DEVNULL)
    for number in range(rounds):
        print(f"{size:,} documents, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        changes(copy, work, size, number, figures)
        looks(copy, figures)
        shared(copy, work, size, number, figures)
    shutil.rmtree(work)
    figures.sizes["memory of the largest process, MB"] = figures.peak
    return figures


def table(found: dict[int, Figures], rounds: int) -> str:
    """The figures in Markdown, with ratios to the smallest size."""
    smallest = min(found)
    heads = [f"{size:,}: CPU s (clock)" for size in found] + [f"{size:,} to {smallest:,}" for size in found if size != smallest]
    lines = [f"| what | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]

    def row(what: str, cells: list[str], value: Callable[[int], float]) -> None:
        ratios = [f"{value(size) / (value(smallest) or 1):.2f}" for size in found if size != smallest]
        lines.append(f"| {what} | {' | '.join(cells + ratios)} |")

    for what in found[smallest].taken:
        cells = [f"{each.of(what):.4g} ({each.of(what, 1):.4g})" for each in found.values()]
        row(what, cells, lambda size, what=what: found[size].of(what))  # type: ignore[misc]
    for what in found[smallest].sizes:
        row(what, [f"{each.sizes[what]:.4g}" for each in found.values()], lambda size, what=what: found[size].sizes[what])  # type: ignore[misc]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return "\n".join([f"{date.today().isoformat()}, {machine}, medians of {rounds}", "", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="where the bases are kept, and found again")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        top = options.keep or Path(name)
        top.mkdir(parents=True, exist_ok=True)
        found = {size: measure(top, size, options.rounds) for size in sorted(options.sizes)}
        print(table(found, options.rounds))


if __name__ == "__main__":
    main()
