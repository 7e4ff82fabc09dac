"""Repacking in the background: each group leaves one pack, and many packs make every look-up slower.

Invariant: nobody waits for it, one at a time, and never beside git's own gc. A geometric repack rolls small packs into
larger ones, leaves large and kept ones alone, and drops no unreachable object. Then git's commit-graph takes up the new commits
with filters of the paths that they changed, so that the history of one document is found without reading every commit. Only a
graph that was written here is used: what came with a copied repository may lie.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

from gitkb.store.git_program import command, environment
from gitkb.store.local.locks import Liveness

MANY_PACKS = 50
"""The number of packs above which a run that ends repacks: git's own gc.autoPackLimit."""


_GRAPH = "graph"
"""The file among the local ones that says that the commit-graph was written here."""


def has_graph(local: Path) -> bool:
    """Whether the history of a path is known to git's commit-graph."""
    return (local / _GRAPH).is_file()


def repack_if_needed(common: Path, local: Path) -> bool:
    """Start `git repack --geometric` detached where it is due; says whether it did."""
    packs = common / "objects" / "pack"
    count = sum(1 for index in packs.glob("pack-*.idx") if not index.with_suffix(".keep").exists())
    shell = shutil.which("sh")
    if count <= MANY_PACKS or shell is None or (common / "gc.pid").exists():
        return False
    guard = local / "repack"
    if Liveness.probe(guard):
        return False
    repack = shlex.join(command(common, ["repack", "--geometric=2", "-d", "-q"]))
    graph = shlex.join(command(common, ["commit-graph", "write", "--reachable", "--changed-paths", "--split", "--no-progress"]))
    work = f"{repack}; {graph} && : > {shlex.quote(str(local / _GRAPH))}"
    nice = ["nice", "-n", "19"] if shutil.which("nice") else []
    # The shell leaves the repack to itself and ends at once; flock on its descriptor ends with the repack.
    with guard.open("a") as held:
        try:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (ImportError, BlockingIOError):
            return False
        subprocess.run(
            [shell, "-c", '"$@" &', "sh", *nice, shell, "-c", work],
            cwd=common,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(held.fileno(),),
            start_new_session=True,
            check=False,
        )
    return True
