"""The wiki as it would be after a merge, as a folder of HTML pages, without making the merge.

Invariant: changes nothing in the repository. The pages are what `merge` and the refresh after it would leave, path by path, as
long as no model is asked. A folder that holds anything but an earlier preview is left alone.
"""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from shlex import quote

from msgspec import Struct

from gitkb.branch.overlay import Overlay
from gitkb.catalog.catalog import Catalog
from gitkb.commands.merge.histories import Histories
from gitkb.commands.merge.remade import Remake
from gitkb.errors import InTheWay, RepositoryError
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener
from gitkb.model.options import MergeChoices
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import Preview
from gitkb.pages import refresh
from gitkb.pages.site import html_page, html_path, is_picture
from gitkb.store.history import Ancestors
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import Stored
from gitkb.wiki.hand_edits import edited_path, reconcile

Read = Callable[[], bytes]


MARK = ".gitkb-preview"
_START = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=wiki/index.html"><title>Wiki</title>\n'


def preview(
    store: Store, catalog: Catalog, listener: Listener, rev: str | None, to: Path | None, remake: Remake | None = None
) -> Preview:
    """Writes the pages into a folder, by default into gitkb's own in the git folder; `remake` as for a merge."""
    folder = to or store.local / "preview"
    found = merged(store, catalog, listener, rev, remake)
    _clear(folder)
    pages = [path for path in found.files if path.endswith(".md")]
    pictures = [path for path in found.files if is_picture(path)]
    published = {*pages, *pictures}
    for path in pages:
        text = html_page(path, found.files[path](), published.__contains__, found.said)
        _write(folder / html_path(path), text.encode("utf-8", "replace"))
    for path in pictures:
        _write(folder / path, found.files[path]())
    _write(folder / "index.html", _START.encode())
    _write(folder / ".nojekyll", b"")
    return Preview(str(folder), found.branch, found.source, len(pages), len(pictures))


class MergedWiki(Struct, frozen=True):
    """The wiki as it would be after a merge of `source` into `branch`: what reads each file, by path. `said` is a sentence about
    it for whoever sees its pages, `folder` where a site of it goes if nobody says."""

    folder: Path
    branch: str
    source: str
    said: str
    files: Mapping[str, Read]


def merged(store: Store, catalog: Catalog, listener: Listener, rev: str | None, remake: Remake | None = None) -> MergedWiki:
    """The wiki after a merge of a revision into what is checked out, by default after a refresh; `remake` as for a merge.
    `MergeConflict` as from the merge itself."""
    ours = store.snapshot()
    theirs = store.snapshot(rev)
    try:
        branch = store.branch()
    except RepositoryError:
        branch = "HEAD"
    source = rev or branch
    histories = Histories(store, listener, branch, MergeChoices(), f"gitkb merge {quote(source)}", remake)
    act = partial(previewed, store, catalog, histories, ours, theirs, source)
    found = histories.making(lambda: ours, theirs, act)
    into = f" with {source} ({theirs.commit[:10]}) merged into it" if rev else ""
    said = f"Preview: {branch} ({ours.commit[:10]}){into}. Nobody has made this change yet."
    return MergedWiki(store.local / "preview-site", branch, source, said, found)


def _clear(folder: Path) -> None:
    """Makes the folder ready: an earlier preview goes, and nothing else."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InTheWay(f"{folder} is no folder.", "Name a new one: --to DIR")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise InTheWay(f"{folder} holds something else than a preview.", "Name a new or empty folder: --to DIR")
        for name in ("wiki", "index.html", ".nojekyll"):
            old = folder / name
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink(missing_ok=True)
    _write(folder / MARK, b"")


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise RepositoryError(
            f"{file} could not be written: {error.strerror or error}.", "Name another folder: --to DIR"
        ) from error


def previewed(
    store: Store, catalog: Catalog, histories: Histories, ours: Snapshot, theirs: Snapshot, source: str
) -> dict[str, Read]:
    """What reads each file below `wiki/`, by path, as it would be on our branch after a merge of `source`; `MergeConflict` as
    from the merge itself."""
    graph = Ancestors(store.git_dir)
    if graph.holds(ours.commit, theirs.commit):
        tree: Tree = ours
    elif graph.holds(theirs.commit, ours.commit):
        tree = theirs
    else:
        tree = Overlay(ours, _contents(theirs, histories.unite(ours, theirs, source).changes))
    projected = refresh.project_tree(catalog, tree, keep=False)
    past = [refresh.history_base(store, side.commit) for side in (ours, theirs)]
    found: dict[str, Read] = {path: _reader(tree, oid) for path, oid in tree.files("wiki")}
    for path, content in projected.items():
        kept = tree.read(edited_path(path))

        def base(path: str = path, kept: bytes | None = kept) -> bytes | None:
            return kept or next((version for find in past if (version := find(path)) is not None), None)

        settled = reconcile(path, tree.read(path), content, base).content
        if settled is None:
            found.pop(path, None)
        else:
            found[path] = _constant(settled)
    return found


def _contents(theirs: Snapshot, changes: Mapping[str, bytes | Stored | None]) -> PathChanges:
    """The changes of a merge as bytes; no page is made of originals, so they are left out."""
    return PathChanges.of(
        (path, theirs.read_blob(content.oid) if isinstance(content, Stored) else content)
        for path, content in changes.items()
        if not path.startswith("raw/")
    )


def _reader(tree: Tree, oid: str) -> Read:
    return lambda: tree.read_blob(oid)


def _constant(content: bytes) -> Read:
    return lambda: content
