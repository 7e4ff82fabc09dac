"""`pr`: a branch goes to its remote, and becomes a request to merge it that says what it does to the knowledge base.

Invariant: the request's text is the diff of exactly what was pushed.
"""

from gitkb.catalog.catalog import Catalog
from gitkb.config import Settings
from gitkb.errors import NotFound, RepositoryError, UsageError
from gitkb.events import Listener, PullRequest
from gitkb.ingest.branches import branch_tip
from gitkb.ingest.compare import diff, links
from gitkb.ingest.forge import Request, address_to_open, open_request
from gitkb.ingest.sharing import Sharing
from gitkb.store import Ancestors, Snapshot, Store
from gitkb.wiki.diff_render import markdown
from gitkb.wiki.diff_report import Change, DiffReport

_WORDS = {Change.ADDED: "Add", Change.CHANGED: "Update", Change.RENAMED: "Rename", Change.REMOVED: "Remove"}


def request_merge(
    store: Store, catalog: Catalog, settings: Settings, listener: Listener, *, branch: str, base: str, title: str
) -> PullRequest:
    """Pushes a branch ("" for the checked-out one) and asks for its merge into `base` ("": the pages branch)."""
    branch = branch or store.branch()
    base = base or ("main" if settings.pages.branch == "*" else settings.pages.branch)
    if branch == base:
        raise UsageError(
            f"{branch} is the branch that a request would go to.",
            "Put documents on a branch of their own: gitkb add PATH --branch NAME, then: gitkb pr --branch NAME",
        )
    branch_tip(store, branch)
    sharing = Sharing(store, catalog, listener, branch if branch != _checked_out(store) else "")
    sharing.push()
    remote = sharing.remote_of(branch)
    tip = branch_tip(store, branch)
    # Where it left the pages branch is what a diff compares with by itself, and names in words.
    left = None if base == settings.pages.branch else _left(store, tip, remote.name, base)
    report = diff(store, catalog, settings, left, branch)
    if not report and not report.attention:
        raise UsageError(f"{branch} has nothing that {base} has not, so there is nothing to ask for.")
    request = Request(remote.branch, base, title or _title(report), markdown(report, links(store)))
    opened = open_request(store.worktree or store.git_dir, remote.url, request)
    if opened.refusal:
        listener.message(f"The request was not opened. {opened.refusal}")
    address = opened.address or address_to_open(remote.url, request)
    return PullRequest(branch, base, request.title, request.text, address, bool(opened.address))


def _checked_out(store: Store) -> str:
    try:
        return store.branch()
    except RepositoryError:
        return ""


def _left(store: Store, tip: Snapshot, remote: str, base: str) -> str:
    """The commit at which a branch left the one that it is to be merged into."""
    graph = Ancestors(store.git_dir)
    for ref in (f"refs/remotes/{remote}/{base}", f"refs/heads/{base}"):
        try:
            found = graph.bases(tip.commit, store.snapshot(ref).commit)
        except NotFound:
            continue
        if found:
            return found[0]
    raise NotFound(f"{base} and the branch have no history in common.", "Name the branch that it shall go to: --base NAME")


def _title(report: DiffReport) -> str:
    """ "Add 3 documents, remove 1", or the one document by its name."""
    if len(report.documents) == 1:
        only = report.documents[0]
        return f"{_WORDS[only.change]} {only.title or only.document}"
    counts = [(word, len(list(report.documents_by(change)))) for change, word in _WORDS.items()]
    parts = [f"{word.lower()} {count}" for word, count in counts if count]
    if not parts:
        return "Edit pages"
    listed = ", ".join([f"{parts[0]} documents", *parts[1:]])
    return f"{listed[0].upper()}{listed[1:]}"
