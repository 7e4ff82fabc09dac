"""One of several processes that publish at once; started by test_together.py. Arguments: knowledge base, name, count."""

import sys
from pathlib import Path

from gitkb.store.repository import Store
from gitkb.store.values import PlannedCommit


def main() -> None:
    """Publish a document at a time, each with a line in a shared page."""
    root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = Store.open(root)
    store.recover(print)
    with store.begin(f"add {name}/") as run:
        for number in range(count):
            with run.locked() as transaction:
                shared = (transaction.tip.read("wiki/index.md") or b"") + f"{name}-{number}\n".encode()
                changes = {f"raw/{name}-{number}": b"x" * number, "wiki/index.md": shared}
                transaction.publish([PlannedCommit(f"{name}-{number}", changes)])


if __name__ == "__main__":
    main()
