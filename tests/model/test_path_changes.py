"""Changes of paths: what wins where several concern one path, and what a tree holds afterwards."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkb.branch.overlay import Overlay
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from tests.support.memory_tree import FilesTree

TIP = FilesTree({"wiki/index.md": "# Home", ".gitkb/config.yaml": "format: 1"})
PATHS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(st.tuples(PATHS, st.sampled_from(["write", "name", "delete", "forget"]), st.binary(max_size=2)))


def _built(steps: list[tuple[str, str, bytes]]) -> PathChanges:
    builder = PathChangesBuilder()
    acts: dict[str, Callable[[str, bytes], None]] = {
        "write": builder.write,
        "name": lambda path, data: builder.name(path, data.hex()),
        "delete": lambda path, _: builder.delete(path),
        "forget": lambda path, _: builder.forget(path),
    }
    for path, act, data in steps:
        acts[act](path, data)
    return builder.result()


@given(STEPS, STEPS)
def test_a_path_has_one_kind_of_change_and_the_later_one_wins(
    first: list[tuple[str, str, bytes]], then: list[tuple[str, str, bytes]]
) -> None:
    earlier, later = _built(first), _built(then)
    both = later.over(earlier)
    builder = PathChangesBuilder()
    builder.add(earlier)
    builder.add(later)
    assert both == builder.result()
    assert len(both.written) + len(both.known) + len(both.deleted) == len(both.paths)
    assert both.only(later.paths) == later
    assert both.only(earlier.paths - later.paths) == earlier.only(earlier.paths - later.paths)
    assert bool(both) is bool(both.paths)


def test_a_tree_with_changes_holds_what_they_write_and_nothing_that_they_delete() -> None:
    changes = PathChanges.of([("wiki/index.md", None), ("wiki/new.md", b"old"), ("wiki/new.md", b"new")])
    assert [*changes.items()] == [("wiki/index.md", None), ("wiki/new.md", b"new")]
    tree = Overlay(TIP, changes)
    for path in ("wiki/index.md", "wiki/new.md", ".gitkb/config.yaml"):
        assert changes.read(path, TIP) == tree.read(path)
    assert changes.read("wiki/index.md", TIP) is None and changes.read("wiki/new.md", TIP) == b"new"
    assert {path for path, _ in tree.files()} == {path for path, _ in TIP.files()} - {"wiki/index.md"} | {"wiki/new.md"}


def test_only_what_a_tree_does_not_hold_yet_makes_a_difference() -> None:
    same = {path: TIP.read(path) or b"" for path, _ in TIP.files()}
    assert not PathChanges(same, frozenset({"wiki/none.md"})).differing(TIP)
    assert PathChanges({**same, "x": b""}, frozenset()).differing(TIP) == PathChanges({"x": b""})


def test_content_that_is_named_cannot_be_read() -> None:
    named = PathChanges(known={"raw/a.pdf": "0" * 40})
    assert named.coming == ("raw/a.pdf",) and "raw/a.pdf" in named
    with pytest.raises(KeyError):
        named.read("raw/a.pdf", TIP)
    with pytest.raises(ValueError, match=r"raw/a\.pdf"):
        dict(named.items())
