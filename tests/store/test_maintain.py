"""Many packs are rolled into few in the background, and nothing is lost."""

from gitkb.store import repack
from gitkb.store.local.locks import Liveness
from gitkb.store.repository import Store
from gitkb.store.values import PlannedCommit
from tests.store.scenes import Git, publish, root_of


def test_few_packs_are_left_alone(store: Store) -> None:
    assert not repack.repack_if_needed(store.git_dir, store.local)


def test_a_large_clone_gets_its_commit_graph(store: Store) -> None:
    with (store.git_dir / "objects/pack/pack-large.idx").open("wb") as index:
        index.truncate(repack.LARGE_INDEXES + 1)
    assert repack.is_due(store.git_dir, store.local)
    (store.git_dir / "gc.pid").touch()
    assert not repack.is_due(store.git_dir, store.local)


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
    for count in (1, repack.MANY_PACKS):  # each path on its own, and all by way of their folder
        asked = [f"raw/more-{number}" for number in range(7, 7 + count)]
        known = store.all_changes(asked)
        (store.local / "graph").unlink()
        plain = store.all_changes(asked)
        (store.local / "graph").touch()
        assert {path: known.get(path) for path in asked} == {path: plain.get(path) for path in asked}
        assert len(known["raw/more-7"]) == 2


def test_what_a_path_was_does_not_depend_on_what_else_is_asked(store: Store, git: Git) -> None:
    root = root_of(store)
    publish(store, {"raw/kept": b"1", "raw/other": b"1"})
    git(root, "checkout", "-qb", "side")
    publish(store, {"raw/kept": None})
    git(root, "checkout", "-q", "main")
    publish(store, {"raw/other": b"2"})
    git(root, "merge", "-q", "-s", "ours", "-m", "as it is here", "side")
    (alone,) = [store.all_changes(["raw/kept"])["raw/kept"]]
    assert alone == store.all_changes(["raw/kept", "raw/other"])["raw/kept"]
    assert [change.new is None for change in alone] == [True, False]


def wait_until_free(store: Store) -> None:
    """The repack holds this lock until it ends."""
    held = Liveness(store.local / "repack")
    held.release()
