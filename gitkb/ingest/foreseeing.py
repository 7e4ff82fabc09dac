"""What a run that was not made would have done to files and pages: for `--dry-run`.

Invariant: what is foreseen is what the run then does to the branch, path by path, as long as nobody writes meanwhile and no model
is asked. Writes no object, takes no lock.
"""

from collections.abc import Mapping

from gitkb.catalog.catalog import Catalog
from gitkb.config import Settings
from gitkb.events import Foreseen
from gitkb.ingest.pages import carries_pages, foresee_refresh, page_changes
from gitkb.ingest.preview import dead_links, uncommitted
from gitkb.model import PageChanges
from gitkb.store import Snapshot, Store
from gitkb.wiki.made import newer


def foresee_run(
    store: Store, catalog: Catalog, settings: Settings, branch: str, tip: Snapshot, noted: Mapping[str, bytes | None]
) -> tuple[PageChanges, Foreseen]:
    """The shared pages and the other files that a run on a branch would touch, whose documents change what is `noted`."""
    carried = carries_pages(settings, branch) and not newer(tip)
    writes = foresee_refresh(store, catalog, tip, noted, uncommitted(store, branch, tip)) if carried else {}
    contents = {path: content for path, content in writes.items() if isinstance(content, bytes | None)}
    files = {**noted, **{path: content for path, content in contents.items() if not path.startswith("wiki/")}}
    pages = page_changes(tip, contents)
    written, deleted = (tuple(sorted(path for path in files if (files[path] is None) is gone)) for gone in (False, True))
    links = tuple(dead_links(tip, {*deleted, *pages.removed}, {**noted, **contents}))
    return pages, Foreseen(written, deleted, links)
