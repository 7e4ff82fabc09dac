"""What the tests of sharing stand on: a hub, clones of it, and people who write in them."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gitkb.__main__ import run
from tests.support.small_documents import write

SAID = {
    "Raft": "the sequence of commands that one elected leader dictates to its followers",
    "Paxos": "a record of ballots that a majority of acceptors has agreed upon",
    "Zab": "a history of broadcasts in which no message overtakes an earlier one",
    "Gossip": "a rumour book that peers fill in any order and sort afterwards",
    "Quorum": "a file that counts as durable when more than half of the disks have answered",
    "Lease": "a queue that its holder serves from memory while nobody else may append",
    "Epoch": "a chain of numbered reigns, each of which begins with a new term",
    "Snapshot": "a diary that an image of everything it led to replaces from time to time",
    "Heartbeat": "a stream that is silent when there is nothing to do, apart from small signs of life",
    "Replica": "a list that machines in several buildings copy against fire and flood",
    "Witness": "a ledger whose entries a third party counts without storing them",
    "Shard": "a table that is split by key ranges, so that each part has its own order",
}
TOPICS = tuple(SAID)


def text_of(topic: str, *, version: int = 1) -> str:
    """A document that defines its topic and speaks of the log as all others do, in words of its own."""
    return (
        f"# {topic} in version {version}\n\n{topic} is a mechanism of revision {version} that keeps the replicated log of a"
        f" cluster in order.\n\nReplicated log entries of {topic} survive a crash of the machine that wrote them.\n\n"
        f"## Replicated log\n\nA replicated log is {SAID[topic]}.\n\n"
        f"Every machine that speaks {topic} reads its replicated log again when it starts.\n"
    )


def gitkb(*arguments: str | Path, code: int = 0) -> None:
    """A command line in this process that must end with an exit code."""
    assert run([str(argument) for argument in arguments]) == code, arguments


def git(folder: Path, *arguments: str, code: int = 0, who: str = "Ada") -> str:
    """The git program as a person."""
    person = {
        f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", who), ("EMAIL", f"{who}@b"))
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, env=os.environ | person, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.strip()


def tree(kb: Path, rev: str = "HEAD") -> str:
    """The id of a revision's tree."""
    return git(kb, "rev-parse", f"{rev}^{{tree}}")


def documents(run: Callable[..., Any], kb: Path, *options: str) -> list[str]:
    """The names of the documents, sorted."""
    return sorted(row["document"] for row in json.loads(run("list", "--json", "--kb", kb, *options).out))


def state(run: Callable[..., Any], kb: Path, *options: str) -> str:
    """What `check` says."""
    return str(json.loads(run("check", "--json", "--kb", kb, *options).out)["state"])


def make_hub(top: Path, docs: Mapping[str, str]) -> Path:
    """A bare repository with a knowledge base of some documents in it."""
    gitkb("init", top / "first")
    gitkb("add", write(top / "base", docs), "--kb", top / "first", "--jobs", "1")
    git(top, "clone", "-q", "--bare", "first", "hub.git")
    return top / "hub.git"


def clone(hub: Path, name: str) -> Path:
    """A plain clone beside the hub."""
    git(hub.parent, "clone", "-q", str(hub), name)
    return hub.parent / name


def add(kb: Path, folder: Path, *options: str) -> None:
    """Adds a folder, whatever it holds."""
    gitkb("add", folder, "--kb", kb, "--jobs", "1", "--update", *options)


def edit(kb: Path, page: str, change: Callable[[str], str]) -> None:
    """A person edits a page and does not commit it."""
    file = kb / page
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
