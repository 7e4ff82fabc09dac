"""Eight clones, each with 25 documents of its own, push to one bare remote at the same time with `gitkb push`.

    python tests/benchmarks/eight_clones.py [file|http|ssh]... [--clones N] [--documents N]

All documents must land, nobody has to do anything, and the remote must be whole after a refresh of any clone. ssh needs an
installed sshd.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from make_markdown import make

from tests.support.git_servers import http, ssh, sshd

GITKB = [sys.executable, "-m", "gitkb"]


def gitkb(*arguments: str | Path) -> str:
    """What a command prints; it must succeed."""
    return subprocess.run([*GITKB, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@contextmanager
def address_of(transport: str, top: Path) -> Iterator[str]:
    """The address of the folder with the hub, over one of the transports."""
    if transport == "file":
        yield f"file://{top}"
    elif transport == "http":
        with http(top) as address:
            yield address
    else:
        with ssh(top / "ssh") as (address, command):
            os.environ["GIT_SSH_COMMAND"] = command
            yield f"{address}{top}"
            del os.environ["GIT_SSH_COMMAND"]


def measure(transport: str, clones: int, documents: int) -> None:
    """One round over one transport, and what came of it."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        gitkb("init", top / "first")
        subprocess.run(["git", "clone", "-q", "--bare", top / "first", top / "hub.git"], check=True)
        subprocess.run(["git", "-C", top / "hub.git", "config", "http.receivepack", "true"], check=True)
        with address_of(transport, top) as address:
            for number in range(clones):
                subprocess.run(["git", "clone", "-q", f"{address}/hub.git", top / f"kb{number}"], check=True)
                make(top / f"docs{number}", documents, size=2_000, seed=number)
                gitkb("add", top / f"docs{number}", "--kb", top / f"kb{number}", "--jobs", "1")
            started = time.perf_counter()
            commands = [[*GITKB, "push", "--json", "--kb", str(top / f"kb{number}")] for number in range(clones)]
            running = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for each in commands]
            ended = [(process.communicate(), process.returncode) for process in running]
            seconds = time.perf_counter() - started
            failed = [error for (_, error), code in ended if code]
            tries = [json.loads(out)["tries"] for (out, _), code in ended if not code]
            gitkb("pull", "--kb", top / "kb0")
            gitkb("refresh", "--kb", top / "kb0")
        landed = len(json.loads(gitkb("list", "--json", "--kb", top / "hub.git")))
        states = [json.loads(gitkb("check", "--json", "--kb", top / kb))["state"] for kb in ("hub.git", "kb0")]
        subprocess.run(["git", "-C", top / "hub.git", "fsck", "--strict", "--no-progress", "--no-dangling"], check=True)
        print(
            f"{transport}: {landed} of {clones * documents} documents landed in {seconds:.1f} s, tries {sorted(tries)},", end=" "
        )
        print(f"remote {states[0]}, clone {states[1]}, {len(failed)} pushes failed", *failed, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transports", nargs="*", metavar="TRANSPORT", help="file, http, ssh; default: all that work here")
    parser.add_argument("--clones", type=int, default=8)
    parser.add_argument("--documents", type=int, default=25)
    options = parser.parse_args()
    for transport in options.transports or ["file", "http", *(["ssh"] if sshd() else [])]:
        measure(transport, options.clones, options.documents)


if __name__ == "__main__":
    main()
