"""Many at once: writers and readers of gitkb, and a person who commits, collects garbage, switches branches and edits by hand.

    python -m tests.crash.stress [--seconds N] [--writers N] [--readers N] [--seed N]

Everything is a real process on one knowledge base. Every read must see a whole commit that holds all that had been reported
before it began; at the end every document is there once, every word of the person is somewhere, and nothing is left over.
The last line counts what happened.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.signals import left_over

ROOT = Path(__file__).resolve().parent.parent.parent
PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
PATIENCE_SECONDS = 120
REMEDIES = ("git switch main, or start again", "was checked out meanwhile", "edited, staged or are not tracked", "kept moving")
TOPICS = ("lease", "quorum", "snapshot", "checkpoint", "heartbeat", "epoch", "shard", "witness")
SPELL = 200
"""Documents of one round speak of a topic and of a number, so that pages are shared and never the same."""


@dataclass
class Stress:
    """One knowledge base and all that is done to it until `deadline`."""

    top: Path
    deadline: float
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)
    unpruned: threading.Lock = field(default_factory=threading.Lock)
    """Held while git commits, and while it prunes without grace: git itself loses objects where these meet. gitkb must not."""
    unswitched: threading.Lock = field(default_factory=threading.Lock)
    """Held while a page is edited, and while git switches branches: git looks at a file and replaces it a moment later, so what
    is written in between is gone (3 of 2,189 edits beside 79 switches, in a repository without gitkb). gitkb must not do so."""

    @property
    def kb(self) -> Path:
        """The knowledge base."""
        return self.top / "kb"

    def gitkb(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """A finished command of gitkb."""
        command = [sys.executable, "-m", "gitkb", *map(str, arguments), "--kb", str(self.kb)]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=self.top)

    def git(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A finished command of git, as the person."""
        command = ["git", "-C", str(self.kb), "-c", "gc.auto=0", *arguments]
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=os.environ | PERSON)

    def going_on(self) -> bool:
        """Whether there is time left; on a slow machine there is until everything has happened once."""
        now = time.monotonic()
        happened = all(self.counts[what] for what in ("runs", "reads", "commits by hand"))
        return now < self.deadline or (not happened and now < self.deadline + PATIENCE_SECONDS)

    def fault(self, text: str) -> None:
        """Notes what must not be."""
        self.faults.append(text)
        print(f"FAULT {text}", flush=True)

    def writer(self, number: int) -> None:
        """Adds new documents of its own and changes old ones, again and again."""
        dice, docs, round_ = random.Random(f"{self.seed} writer {number}"), self.top / f"d{number}", 0
        docs.mkdir()
        while self.going_on():
            round_ += 1
            for name in (f"r{round_}-a", f"r{round_}-b"):
                (docs / f"{name}.md").write_text(_document(number, name, dice), encoding="utf-8")
            if round_ > 2 and dice.random() < 0.5:
                (docs / f"r{round_ - 1}-a.md").write_text(_document(number, f"r{round_ - 1}-a new", dice), encoding="utf-8")
            self._add(docs)

    def _add(self, docs: Path) -> None:
        while True:
            done = self.gitkb("add", docs, self.top / "shared", "--jobs", "1", "--json")
            for line in done.stdout.splitlines():
                event = json.loads(line)
                if event.get("outcome") in ("added", "updated"):
                    self.counts[event["outcome"]] += 1
                    self.reported.add(event["document"])
                elif event.get("outcome") == "failed":
                    self.fault(f"failed: {event}")
            if done.returncode == 0:
                self.counts["runs"] += 1
                return
            if any(remedy in done.stderr for remedy in REMEDIES):
                self.counts["refused with a remedy"] += 1
            else:
                self.fault(f"add ended with {done.returncode}: {done.stderr[-1500:]}")
            if not self.going_on():
                return

    def reader(self, number: int) -> None:
        """Reads in one way after the other."""
        dice = random.Random(f"{self.seed} reader {number}")
        ways: tuple[Callable[[], None], ...] = (self._list, self._check, self._search, self._log, self._objects)
        while self.going_on():
            dice.choice(ways)()
            self.counts["reads"] += 1

    def _read(self, *arguments: str) -> str:
        done = self.gitkb(*arguments)
        if done.returncode:
            self.fault(f"{arguments} ended with {done.returncode}: {done.stdout[-300:]} {done.stderr[-1500:]}")
            return "[]"
        return done.stdout

    def _list(self) -> None:
        before = set(self.reported)
        found = {row["document"] for row in json.loads(self._read("list", "--json", "--at", "main"))}
        if found and not before <= found:
            self.fault(f"reported and not listed: {sorted(before - found)[:5]}")

    def _check(self) -> None:
        self._read("check", "--at", "main")

    def _search(self) -> None:
        self._read("search", "lease", "--at", "main", "--json")

    def _log(self) -> None:
        self._read("log", "-n", "5", "--json")

    def _objects(self) -> None:
        commit = self.git("rev-parse", "main").stdout.strip()
        done = self.git("rev-list", "--objects", commit)
        if done.returncode:
            self.fault(f"git rev-list: {done.stderr[-500:]}")

    def committer(self) -> None:
        """Commits files of their own, staged alone or with all that was edited."""
        number = 0
        while self.going_on():
            number += 1
            word = f"note{number}x"
            (self.kb / f"{word}.txt").write_text(word, encoding="utf-8")
            self.words[word] = f"{word}.txt"
            with self.unpruned:
                if self.git("add", f"{word}.txt").returncode == 0:
                    done = self.git("commit", "-q", "-m", "mine", *(("-a",) if number % 3 == 0 else ()))
                    self.counts["commits by hand" if done.returncode == 0 else "commits that git refused"] += 1

    def editor(self) -> None:
        """Edits pages in place, or as editors save: a new file, renamed over the old one."""
        dice, number = random.Random(f"{self.seed} editor"), 0
        while self.going_on():
            pages = [*(self.kb / "wiki").glob("concepts/*.md"), *(self.kb / "wiki").glob("summaries/*/*.md")]
            pages = [page for page in pages if page.name != "index.md"]
            if not pages:
                continue
            number += 1
            page, word = dice.choice(pages), f"word{number}y"
            try:
                with self.unswitched:
                    text = page.read_text(encoding="utf-8")
                    new = page.with_name(f".{page.name}.new")
                    noted = f"{text}{word}\n" if "## Notes" in text else f"{text}\n## Notes\n\n{word}\n"
                    new.write_text(noted, encoding="utf-8")
                    new.replace(page)
            except FileNotFoundError:
                continue
            self.words[word] = page.relative_to(self.kb).as_posix()
            self.counts["edits"] += 1
            time.sleep(dice.random())

    def keeper(self) -> None:
        """Collects garbage and repacks in every way that people know."""
        dice = random.Random(f"{self.seed} keeper")
        now = (("gc", "-q", "--prune=now"), ("prune", "--expire=now"))
        ways = (("gc", "-q"), ("repack", "-q", "-ad"), ("pack-refs", "--all"), *now)
        while self.going_on():
            way = dice.choice(ways)
            with self.unpruned if way in now else nullcontext():
                done = self.git(*way)
            self.counts[f"git {way[0]}"] += done.returncode == 0
            time.sleep(dice.random())

    def switcher(self) -> None:
        """Checks another branch out, and main again."""
        dice = random.Random(f"{self.seed} switcher")
        while self.going_on():
            time.sleep(3 + 5 * dice.random())
            with self.unswitched:
                done = self.git("checkout", "-q", "other")
            if done.returncode == 0:
                self.counts["switches"] += 1
                time.sleep(dice.random())
            self._back()
        self._back()

    def _back(self) -> None:
        while self.git("symbolic-ref", "HEAD").stdout.strip() != "refs/heads/main":
            with self.unswitched:
                done = self.git("checkout", "-q", "main")
            if done.returncode and "index.lock" not in done.stderr and "overwritten" not in done.stderr:
                self.fault(f"git checkout main: {done.stderr[-500:]}")
                self.git("checkout", "-q", "-f", "main")
            elif "overwritten" in done.stderr:
                # An edit made while the other branch was out.
                with self.unpruned:
                    self.git("add", "-A")
                    self.git("commit", "-q", "-m", "edited while another branch was out")

    def run(self, writers: int, readers: int) -> None:
        """Starts everything, waits for its end, and looks."""
        work = [lambda number=number: self.writer(number) for number in range(writers)]
        work += [lambda number=number: self.reader(number) for number in range(readers)]
        work += [self.committer, self.editor, self.keeper, self.switcher]
        threads = [threading.Thread(target=self._guarded, args=(each,)) for each in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._at_the_end(writers)

    def _guarded(self, work: Callable[[], None]) -> None:
        """The boundary of a thread: what goes wrong in this program is a fault too."""
        try:
            work()
        except Exception as error:
            self.fault(f"{type(error).__name__}: {error}")

    def _at_the_end(self, writers: int) -> None:
        for number in range(writers):
            self._finish(self.top / f"d{number}")
        self._read("refresh")
        found = [row["document"] for row in json.loads(self._read("list", "--json"))]
        expected = {f"d{number}/{file.stem}" for number in range(writers) for file in (self.top / f"d{number}").glob("*.md")}
        expected |= {f"shared/{file.stem}" for file in (self.top / "shared").glob("*.md")}
        if sorted(found) != sorted(expected):
            self.fault(f"documents: {sorted(expected ^ set(found))[:10]}")
        added = Counter(line for line in self.git("log", "--format=%s").stdout.splitlines() if line.startswith("add "))
        twice = [subject for subject, count in added.items() if count > 1]
        if twice:
            self.fault(f"added twice: {twice[:5]}")
        done = self.gitkb("check", "--json")
        if '"whole"' not in done.stdout:
            self.fault(f"check: {done.stdout[-1500:]} {done.stderr[-500:]}")
        # `git prune` leaves commits in git's own commit graph that are gone.
        self.git("commit-graph", "write", "--reachable")
        fsck = self.git("fsck", "--strict", "--no-dangling")
        if fsck.returncode or "error" in fsck.stderr:
            self.fault(f"fsck: {fsck.stdout[-500:]} {fsck.stderr[-500:]}")
        if left := left_over(self.kb):
            self.fault(f"left over: {left}")
        self._words()

    def _finish(self, docs: Path) -> None:
        """The last add of a writer, when all others are still."""
        for _ in range(3):
            done = self.gitkb("add", docs, self.top / "shared", "--json")
            if done.returncode == 0:
                return
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "mine, at the end")
        self.fault(f"the last add ended with {done.returncode}: {done.stderr[-1000:]}")

    def _words(self) -> None:
        patches = self.git("log", "--all", "--format=", "-p", "--diff-merges=first-parent").stdout
        for word, path in self.words.items():
            file = self.kb / path
            if word not in patches and not (file.is_file() and word in file.read_text(encoding="utf-8", errors="replace")):
                self.fault(f"{word}, written into {path}, is nowhere")


def _document(number: int, name: str, dice: random.Random) -> str:
    topic, other = dice.choice(TOPICS), dice.choice(TOPICS)
    one, two = dice.randrange(SPELL), dice.randrange(SPELL)
    return (
        f"# On {topic} {number} {name}\n\nA {topic} is a promise of machine {one} that keeps the {other} in order for {name} of"
        f" {number}.\n\n## The {other}\n\nEach {other} of {name} survives the loss of {two} machines.\n"
    )


def stress(top: Path, seconds: float, writers: int, readers: int, seed: int) -> Stress:
    """Makes a knowledge base below an empty folder and lets everybody loose on it."""
    made = Stress(top, 0, seed)
    (top / "shared").mkdir()
    dice = random.Random(seed)
    for number in range(6):
        (top / f"shared/common-{number}.md").write_text(_document(99, f"common-{number}", dice), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "gitkb", "init", top / "kb"], check=True, capture_output=True, cwd=ROOT)
    made.git("branch", "other")
    made.deadline = time.monotonic() + seconds
    made.run(writers, readers)
    return made


def main() -> int:
    """The exit code: 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="leave the knowledge base where faults were found")
    options = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="stress-"))
    made = stress(top, options.seconds, options.writers, options.readers, options.seed)
    if not (made.faults and options.keep):
        subprocess.run(["rm", "-rf", str(top)], check=True)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(made.counts.items()))
    who = f"{options.seconds:.0f} s, {options.writers} writers, {options.readers} readers"
    print(f"stress: {who}: {counts}; {len(made.faults)} faults")
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main())
