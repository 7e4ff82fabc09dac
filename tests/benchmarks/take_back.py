"""What it costs to take documents back: `gitkb remove` of documents of a knowledge base one by one, then `gitkb undo` of all.

    python tests/benchmarks/take_back.py KNOWLEDGE_BASE [COUNT]

Works on a copy. The documents are a fixed random choice; they are undone in another order. Prints the seconds of each
operation, in a process that runs already and as a command of its own, and whether the tree is the one before.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from gitkb import KnowledgeBase
from gitkb.formats.records import RECORDS, document_of
from gitkb.model.listener import Listener
from gitkb.model.options import ChangeOptions
from gitkb.store.repository import Store

COMMANDS = 5


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def show(what: str, found: list[float]) -> None:
    tail = f", 95 % below {quantiles(found, n=20)[-1]:.3f} s" if len(found) > 1 else ""
    print(f"{what}: median {median(found):.3f} s{tail}, worst {max(found):.3f} s", flush=True)


def command(folder: Path, *arguments: str) -> float:
    line = [sys.executable, "-m", "gitkb", *arguments, "--kb", str(folder)]
    return seconds(lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL))


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "kb"
        shutil.copytree(sys.argv[1], folder, symlinks=True)
        kb, listener = KnowledgeBase.open(folder), Listener()
        kb.refresh(listener)
        store = Store.open(folder)
        tip = store.snapshot()
        documents = [document_of(path) or "" for path, _ in tip.files(RECORDS)]
        chosen = random.Random(1).sample(documents, min(count, len(documents)))
        print(f"{len(chosen)} of {len(documents)} documents")
        show("remove", [seconds(lambda d=d: kb.remove([d], ChangeOptions(), listener)) for d in chosen])
        random.Random(2).shuffle(chosen)
        show("undo", [seconds(lambda d=d: kb.undo(d, ChangeOptions(), listener)) for d in chosen])
        print("the tree is", "the one before" if store.snapshot().oid == tip.oid else "ANOTHER")
        show("remove, as a command", [command(folder, "remove", document) for document in chosen[:COMMANDS]])
        show("undo, as a command", [command(folder, "undo", document) for document in chosen[:COMMANDS]])
        show("remove --dry-run", [command(folder, "remove", "--dry-run", document) for document in chosen[:COMMANDS]])
        print("the tree is", "the one before" if store.snapshot().oid == tip.oid else "ANOTHER")


if __name__ == "__main__":
    main()
