"""Finds a document or page by what a person types: a name, a path, or a unique part of one."""

from gitkb import records
from gitkb.errors import NotFound
from gitkb.model import Tree

MAX_CANDIDATES = 10
_PAGE_FOLDERS = ("summaries", "concepts", "entities", "explorations", "sources", "")


def find_page(tree: Tree, name: str) -> tuple[str, str | None]:
    """(path of the page, document it belongs to) for a name; a document's page is its summary. Raises `NotFound`."""
    wanted = name.strip().removeprefix("./").strip("/")
    for path in _exact(wanted):
        if tree.blob(path):
            return path, _owner(path, tree)
    found = _matches(tree, wanted.casefold()) if wanted else []
    if len(found) == 1:
        return found[0], _owner(found[0], tree)
    if not found:
        raise NotFound(f"There is no document or page {name!r}.", "gitkb list shows the documents, gitkb search finds pages.")
    more = [f"and {len(found) - MAX_CANDIDATES} more"] if len(found) > MAX_CANDIDATES else []
    listed = ", ".join([path.removeprefix("wiki/").removesuffix(".md") for path in found[:MAX_CANDIDATES]] + more)
    raise NotFound(f"{name!r} may be: {listed}.", "Give more of the name.")


def page_names(tree: Tree) -> list[str]:
    """The names of all documents, then those of all pages that people look for, sorted."""
    documents = [document for path, _ in tree.files(records.RECORDS) if (document := records.document_of(path))]
    own = ("wiki/sources/", "wiki/summaries/")
    pages = [path for path, _ in tree.files("wiki") if path.endswith(".md") and not path.startswith(own)]
    kept = [path for path in pages if not path.rpartition("/")[2].startswith(("index.md", "index--"))]
    return [*sorted(documents), *sorted(path.removeprefix("wiki/").removesuffix(".md") for path in kept)]


def _exact(wanted: str) -> list[str]:
    bare = wanted.removeprefix("wiki/").removesuffix(".md")
    paths = [wanted] if wanted.startswith("wiki/") else []
    paths += [f"wiki/{folder}/{bare}.md" if folder else f"wiki/{bare}.md" for folder in _PAGE_FOLDERS]
    document = records.document_of(wanted)
    return [*paths, f"wiki/summaries/{document}.md"] if document else paths


def _matches(tree: Tree, part: str) -> list[str]:
    """Pages with this last segment, else those whose name holds the part; a document counts once, by its summary, also by
    its source's file name."""
    from gitkb.ingest.names import document_name

    part = part.removeprefix("wiki/").removesuffix(".md")
    slugged = document_name(part) if part else part
    pages = [path for path, _ in tree.files("wiki") if path.endswith(".md") and not path.startswith("wiki/sources/")]
    names = {path: _name(path) for path in pages if not path.endswith("/index.md")}
    same = [path for path, name in names.items() if name.rpartition("/")[2] in (part, slugged)]
    return same or [path for path, name in names.items() if part in name.casefold() or slugged in name]


def _name(path: str) -> str:
    """A page's name without the folder of its kind."""
    bare = path.removeprefix("wiki/").removesuffix(".md")
    return bare.partition("/")[2] if bare.split("/", 1)[0] in _PAGE_FOLDERS else bare


def _owner(path: str, tree: Tree) -> str | None:
    for folder in ("wiki/summaries/", "wiki/sources/"):
        if path.startswith(folder):
            document = path[len(folder) :].removesuffix(".md").split("--")[0]
            if tree.blob(records.record_path(document)):
                return document
    return None
