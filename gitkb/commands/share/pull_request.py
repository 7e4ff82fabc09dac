"""Opens a pull request (or merge request) on the service that hosts the remote, with the diff as its text.

Invariant: the text is the diff of exactly what was pushed. No token is read or stored here: `gh`, `glab` and `tea` have their
own. If none of them is installed and knows the host, or it refuses, the result is the address where a person can open the
request.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.tips import branch_tip
from gitkb.commands.change import ChangeContext
from gitkb.commands.diff.as_markdown import markdown
from gitkb.commands.diff.report import Change, DiffReport, project_of
from gitkb.commands.diff.revisions import diff, links
from gitkb.commands.share.push_pull import RemoteBranch
from gitkb.errors import NotFound, RepositoryError, UsageError
from gitkb.model.results import PullRequest
from gitkb.store.history import Ancestors
from gitkb.store.remote import ask_service
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

_PROGRAMS = {"github": "gh", "gitlab": "glab", "gitea": "tea", "forgejo": "tea", "codeberg": "tea"}
_ADDRESSES = {
    "github": "https://{host}/{path}/compare/{base}...{branch}?expand=1",
    "gitlab": "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}"
    "&merge_request%5Btarget_branch%5D={base}",
    "gitea": "https://{host}/{path}/compare/{base}...{branch}",
    "forgejo": "https://{host}/{path}/compare/{base}...{branch}",
    "codeberg": "https://{host}/{path}/compare/{base}...{branch}",
    "bitbucket": "https://{host}/{path}/pull-requests/new?source={branch}&dest={base}",
}
_MAX_ARGUMENT = 120_000
"""Bytes of one argument of a program: Linux allows 131,072."""
_ADDRESS = re.compile(r"https?://\S+")


class Request(Struct, frozen=True):
    """A request to merge `branch` into `base` (names on the remote), with a title and a Markdown text."""

    branch: str
    base: str
    title: str
    text: str


class Attempt(Struct, frozen=True):
    """Result of trying to open a request: `opened`, with its `address` ("" if the program did not print one), or not opened, with
    the program's words as `refusal` ("" if no program was tried)."""

    opened: bool = False
    address: str = ""
    refusal: str = ""


def address_to_open(url: str, request: Request) -> str:
    """Address of the page where a person can open the request; "" if the remote's host is not of a known kind."""
    found = project_of(url)
    kind = _kind(found[0]) if found else ""
    if not found or not kind:
        return ""
    base, branch = (quote(name, safe="/" if kind in ("github", "gitea") else "") for name in (request.base, request.branch))
    return _ADDRESSES[kind].format(host=found[0], path=found[1], base=base, branch=branch)


def open_request(root: Path, url: str, request: Request) -> Attempt:
    """Opens the request with an installed program that knows the host; if it is open already, updates its text."""
    found = project_of(url)
    if found is None:
        return Attempt()
    known = _PROGRAMS.get(_kind(found[0]))
    refusals = []
    for name in [known] if known else dict.fromkeys(_PROGRAMS.values()):
        program = shutil.which(name)
        if program is None:
            continue
        attempt = _open(root, name, program, request)
        if attempt.opened:
            return attempt
        refusals.append(f"{name}: {attempt.refusal}")
    return Attempt(refusal="; ".join(refusals))


def _kind(host: str) -> str:
    return next((kind for kind in _ADDRESSES if kind in host.lower().split(":")[0]), "")


def _open(root: Path, name: str, program: str, request: Request) -> Attempt:
    said = ""
    for arguments, text in _calls(name, request):
        done = ask_service(root, [program, *arguments], text)
        out, error = (stream.decode("utf-8", "replace").strip() for stream in (done.stdout, done.stderr))
        found = _ADDRESS.findall(out) or _ADDRESS.findall(error)
        if not done.returncode:
            return Attempt(opened=True, address=found[-1].rstrip(".,)") if found else "")
        said = " ".join((error or out).split())
        if "already exists" not in said.lower():
            break
    return Attempt(refusal=said or "it failed without a word")


def _calls(name: str, request: Request) -> Iterator[tuple[list[str], str]]:
    """(arguments, standard input) of the call that opens a request, then of the one that updates it."""
    title, text = request.title, request.text
    # A branch of such a name would be taken for the number or the address of another request.
    named = not re.match(r"-|[#!]?\d+\Z|\w+://", request.branch)
    short = text.encode()[:_MAX_ARGUMENT].decode("utf-8", "ignore")
    sides = {"gh": ("--head", "--base"), "glab": ("--source-branch", "--target-branch"), "tea": ("--head", "--base")}[name]
    # With "=", so that no name or title is taken for an option.
    ends = [f"{sides[0]}={request.branch}", f"{sides[1]}={request.base}", f"--title={title}"]
    if name == "gh":
        yield ["pr", "create", *ends, "--body-file", "-"], text
        if named:
            yield ["pr", "edit", request.branch, "--body-file", "-"], text
    elif name == "glab":
        yield ["mr", "create", *ends, f"--description={short}", "--yes"], ""
        if named:
            yield ["mr", "update", request.branch, f"--description={short}"], ""
    else:
        yield ["pulls", "create", *ends, f"--description={short}"], ""


_WORDS = {Change.ADDED: "Add", Change.CHANGED: "Update", Change.RENAMED: "Rename", Change.REMOVED: "Remove"}


def request_merge(context: ChangeContext, *, base: str, title: str) -> PullRequest:
    """Pushes a branch and opens a request to merge it into `base` ("": the pages branch)."""
    store, catalog, settings, branch = context.store, context.catalog, context.settings, context.name
    base = base or ("main" if settings.pages.branch == "*" else settings.pages.branch)
    if branch == base:
        raise UsageError(
            f"{branch} is the branch that a request would go to.",
            "Put documents on a branch of their own: gitkb add PATH --branch NAME, then: gitkb pr --branch NAME",
        )
    branch_tip(store, branch)
    shared = RemoteBranch(replace(context, branch=branch if branch != _checked_out(store) else ""))
    shared.push()
    remote = shared.remote_of(branch)
    tip = branch_tip(store, branch)
    # For the pages branch the diff finds the fork point itself, on the remote, and names it in words.
    fork = None if base == settings.pages.branch else _fork_point(store, tip, remote.name, base)
    report = diff(store, catalog, settings, fork, branch)
    if not report and not report.attention:
        raise UsageError(f"{branch} has nothing that {base} has not, so there is nothing to ask for.")
    request = Request(remote.branch, base, title or _title(report), markdown(report, links(store)))
    attempt = open_request(store.top or store.git_dir, remote.url, request)
    if attempt.refusal:
        context.listener.message(f"The request was not opened. {attempt.refusal}")
    address = attempt.address if attempt.opened else address_to_open(remote.url, request)
    return PullRequest(branch, base, request.title, request.text, address, attempt.opened, project_of(remote.url) is not None)


def _checked_out(store: Store) -> str:
    try:
        return store.branch()
    except RepositoryError:
        return ""


def _fork_point(store: Store, tip: Snapshot, remote: str, base: str) -> str:
    """The commit where the branch forked from `base`."""
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
    """The request's title: counts by kind, or, for a single document, `Add NAME`."""
    if len(report.documents) == 1:
        only = report.documents[0]
        return f"{_WORDS[only.change]} {only.title or only.document}"
    counts = [(word, len(list(report.documents_by(change)))) for change, word in _WORDS.items()]
    parts = [f"{word.lower()} {count}" for word, count in counts if count]
    if not parts:
        return "Edit pages"
    listed = ", ".join([f"{parts[0]} documents", *parts[1:]])
    return f"{listed[0].upper()}{listed[1:]}"
