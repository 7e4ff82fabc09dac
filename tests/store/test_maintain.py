"""Many packs are rolled into few in the background, and nothing is lost."""

from gitkb.store import repack
from gitkb.store.local.locks import Liveness
from gitkb.store.repository import Store
from gitkb.store.values import PlannedCommit
from tests.store.scenes import Git, publish, root_of


def test_few_packs_are_left_alone(store: Store) -> None:
    assert not repack.repack_if_needed(store.git_dir, store.local)


def test_many_packs_become_few(store: Store, git: Git) -> None:
    publish(store, {f"raw/{number}": b"%d" % number for number in range(3)})
    with store.begin("add") as run:
        for number in range(repack.MANY_PACKS):
            with run.locked() as transaction:
                transaction.publish([PlannedCommit(f"{number}", {f"raw/more-{number}": b"more %d" % number})])
    packs = store.git_dir / "objects/pack"
    before = len(list(packs.glob("*.idx")))
    assert repack.repack_if_needed(store.git_dir, store.local)
    wait_until_free(store)
    assert len(list(packs.glob("*.idx"))) < before / 4
    assert store.snapshot().read("raw/more-0") == b"more 0"
    git(root_of(store), "fsck", "--strict", "--no-dangling")
    assert repack.has_graph(store.local)
    graphs = list((store.git_dir / "objects/info/commit-graphs").glob("*.graph"))
    assert len(graphs) == 1 and b"BDAT" in graphs[0].read_bytes()[:200], "filters of changed paths"
    publish(store, {"raw/more-7": b"again", "raw/new": b"new"}, "after the graph was written")
    for path in ("raw/more-7", "raw/new", "raw", "nowhere"):
        found = [commit.oid for commit in store.history(path)]
        assert found == git(root_of(store), "log", "--format=%H", "--", path).split()
    assert [commit.message for commit in store.history("raw/more-7")] == ["after the graph was written\n", "7\n"]


def wait_until_free(store: Store) -> None:
    """The repack holds this lock until it ends."""
    held = Liveness(store.local / "repack")
    held.release()
