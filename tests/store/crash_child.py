"""A run that kills its own process before its n-th change of the file system; started by test_crash.py.

Arguments: knowledge base, when to die ("0": never), "add" or "recover".
"""

import os
import signal
import sys
from pathlib import Path

CHANGES = (
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.truncate",
    "shutil.rmtree",
    "subprocess.Popen",
)


def die_before(moment: str) -> None:
    """SIGKILL this process before its n-th change, or before the first one after the rename of "after:<end of a path>"."""
    number, _, end = moment.partition(":")
    seen, renamed = 0, False

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen, renamed
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            seen += 1
            if str(seen) == number or renamed:
                os.kill(os.getpid(), signal.SIGKILL)
            renamed = end != "" and event == "os.rename" and str(arguments[0]).endswith(end)

    sys.addaudithook(watch)


def add(root: Path) -> None:
    """Two groups of documents: new files, a changed page, a removed one, a file that replaces a folder."""
    from gitkb.store.repository import Store
    from gitkb.store.values import PlannedCommit

    store = Store.open(root)
    store.recover(lambda _: None)
    with store.begin("add docs/") as run:
        for number in range(2):
            with run.locked() as transaction:
                if transaction.tip.blob(f"raw/{number}.bin") is not None:
                    continue
                original = run.scratch / f"{number}.bin"
                original.write_bytes(b"original %d" % number)
                own = {f"raw/{number}.bin": original, f"wiki/sources/{number}/täxt.md": b"text %d\n" % number}
                shared = {"wiki/index.md": b"# Index %d\n" % number, f"wiki/old/{number}.md": None, "wiki/turn": None}
                shared |= {"wiki/turn/in.md": b"in\n"} if number == 0 else {"wiki/turn/in.md": None, "wiki/turn": b"out\n"}
                transaction.publish([PlannedCommit("document", own), PlannedCommit("pages", shared)], f"{number + 1} of 2")


def main() -> None:
    """Do what the arguments say."""
    root, moment, task = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    from gitkb.store.repository import Store

    die_before(moment)
    if task == "add":
        add(root)
    else:
        Store.open(root).recover(lambda _: None)


if __name__ == "__main__":
    main()
