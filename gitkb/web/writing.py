"""What people decide and write: approvals, names, edits, notes, removals, undoing, merges, and documents that are added.

Invariant: each change is one call of the library, which makes the commits, refuses with its own words, and shows beforehand what
would come of it. Nothing here writes into the repository itself. What runs long is a job that a page follows.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from starlette.datastructures import UploadFile

from gitkb.errors import ChangedSince, GitkbError, MergeConflict, NotFound, UsageError
from gitkb.model.listener import Listener
from gitkb.model.options import AddOptions, ApproveOptions, ChangeOptions, MergeChoices
from gitkb.web.view import counted, name_of, person

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.datastructures import FormData
    from starlette.responses import Response

    from gitkb.model.listener import Progress
    from gitkb.model.results import AddSummary, DocumentResult, PageChanges
    from gitkb.web.view import View

MOST_FILES = 500
_MOST_JOBS, _MOST_LINES = 50, 500
_SLUG = re.compile(r"[^\w]+")


def text_of(form: FormData, name: str, limit: int = 5_000_000) -> str:
    """A field of a form, "" where it is not sent."""
    value = form.get(name, "")
    return value.replace("\0", "").replace("\r\n", "\n")[:limit] if isinstance(value, str) else ""


def words_of(form: FormData, name: str) -> str:
    """A field of one line."""
    return " ".join(text_of(form, name, 2_000).split())


class Foreseen(Struct, frozen=True):
    """What a change would do, for the person who confirms it: sentences, and lists with their headings."""

    lines: tuple[str, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _pages(changes: PageChanges) -> list[tuple[str, tuple[str, ...]]]:
    named = (("Pages that come", changes.created), ("Pages that change", changes.changed), ("Pages that go", changes.removed))
    return [(heading, tuple(map(name_of, paths))) for heading, paths in named if paths]


def _told(changes: PageChanges) -> str:
    parts = ((changes.created, "new"), (changes.changed, "changed"), (changes.removed, "removed"))
    said = ", ".join(f"{len(paths)} {word}" for paths, word in parts if paths)
    return f" Pages: {said}." if said else ""


# Approvals and names.


def approve(view: View, form: FormData) -> Response:
    """A person confirms what a page claims, or takes that back."""
    page, withdraw = words_of(form, "page"), bool(text_of(form, "withdraw"))
    summary = view.base.approve([page], ApproveOptions(withdraw=withdraw))
    changed = [each for each in summary.approved if each.changed]
    claims = sum(each.claims for each in summary.approved)
    if withdraw:
        said = "Your approval is withdrawn." if changed else "There was no approval of yours to withdraw."
    else:
        said = f"Approved as {person(summary.by)}: {counted(claims, 'claim')}." if changed else "It was approved as it is."
    return view.done(view.to.page(page), said)


def deciding(view: View) -> Response:
    """The page on which somebody approves a page, or says what its name means; with another name, what would come of that."""
    page, other, how = view.query("page"), view.query("other", 300), view.query("how", 10) or "same"
    path = view.base.show(page, view.rev).path
    row = next((each for each in view.rows.pages if each.page == path), None)
    if row is None:
        raise UsageError("Only pages of concepts and names are decided about.", "Choose one from the list of pages.")
    foreseen = _decision(view, path, other, how) if other or how == "drop" else None
    names = sorted({each.title for each in view.rows.pages if each.page != path})[:2_000]
    mine = row.approved_by and person(row.approved_by) == view.base.revisions.person
    return view.render("decide.html", row=row, other=other, how=how, foreseen=foreseen, names=names, mine=mine)


def _decision(view: View, page: str, other: str, how: str) -> Foreseen:
    options = ChangeOptions(dry_run=True)
    if how == "drop":
        dropped = view.base.drop(name_of(page), options)
        return Foreseen((f"{dropped.name} gets no page, also with documents that come later.",), tuple(_pages(dropped.pages)))
    found = view.base.decide(name_of(page), other, options, same=how == "same")
    if not found.written and not found.deleted:
        return Foreseen(("Nothing would change: that is so already.",))
    line = f"{found.name} and {found.other} are {'the same thing' if how == 'same' else 'kept apart'}."
    words = (("Pages with a person's words whose claims go elsewhere", tuple(map(name_of, found.words))),) if found.words else ()
    return Foreseen((line,), (*_pages(found.pages), *words))


def decide(view: View, form: FormData) -> Response:
    """Decides that two names mean the same, or do not, or that a name gets no page."""
    page, other, how = words_of(form, "page"), words_of(form, "other"), words_of(form, "how")
    if how == "drop":
        dropped = view.base.drop(name_of(page))
        return view.done("/pages", f"{dropped.name} has no page any more.{_told(dropped.pages)}")
    found = view.base.decide(name_of(page), other, same=how == "same")
    said = f"{found.name} and {found.other} are {'the same' if how == 'same' else 'apart'}.{_told(found.pages)}"
    return view.done(view.to.page(found.page) if found.page.startswith("wiki/") else "/pages", said)


# Removing, undoing, merging.


def removing(view: View) -> Response:
    """What goes with a document, before it is removed."""
    name = view.query("name")
    found = view.base.remove([name], ChangeOptions(dry_run=True))
    titles = tuple(f"{each.document}: {each.title}" for each in found.documents)
    claims = tuple(f"{name_of(path)}: {counted(count, 'claim')}" for path, count in found.claims.items())
    links = tuple(f"{name_of(each.page)}, line {each.line}" for each in found.links)
    files = tuple(file for each in found.documents for file in each.files)
    lists = [("Documents", titles), ("Claims that go", claims), ("Links that would lead nowhere", links), ("Files", files)]
    foreseen = Foreseen((), tuple((heading, each) for heading, each in (*_pages(found.pages), *lists) if each))
    return view.render(
        "confirm.html",
        title=f"Remove {name}?",
        text="What remains is as if it had never come. It stays in the history and can be brought back.",
        foreseen=foreseen,
        action="/do/remove",
        fields={"name": name},
        button="Remove",
        back=view.to.page(f"wiki/summaries/{name}.md"),
    )


def remove(view: View, form: FormData) -> Response:
    """Removes documents."""
    found = view.base.remove([words_of(form, "name")])
    return view.done("/documents", f"Removed {', '.join(each.document for each in found.documents)}.{_told(found.pages)}")


def undoing(view: View) -> Response:
    """What would be taken back, before it is."""
    what, branch = view.query("what", 300), view.query("branch", 300)
    found = view.base.undo(what or None, ChangeOptions(branch=branch, dry_run=True))
    lists = [
        ("Documents", found.documents),
        ("Come back as they were", found.restored),
        ("Go", found.deleted),
        ("Stay", found.left),
    ]
    foreseen = Foreseen(
        (f"{found.undone[:7]}: {found.subject}",),
        tuple((heading, each) for heading, each in (*_pages(found.pages), *lists) if each),
    )
    return view.render(
        "confirm.html",
        title=f"Drop this document from {branch}?" if branch else "Take this change back?",
        text="It is taken back by a new commit with your name; what was there before comes back.",
        foreseen=foreseen,
        action="/do/undo",
        fields={"what": what, "branch": branch},
        button="Drop it" if branch else "Take it back",
        back=view.to.to("/review", head=branch) if branch else view.to.to("/commit", rev=what),
    )


def undo(view: View, form: FormData) -> Response:
    """Takes back a change, on a branch if one is named."""
    what, branch = words_of(form, "what"), words_of(form, "branch")
    found = view.base.undo(what or None, ChangeOptions(branch=branch))
    said = f"Taken back: {found.subject}. {found.branch} is at {found.commit[:7]}.{_told(found.pages)}"
    return view.done(view.to.to("/review", head=branch) if branch else "/history", said)


def merge(view: View, form: FormData) -> Response:
    """Merges a branch into the one that is checked out."""
    branch = words_of(form, "branch")
    choices = MergeChoices(tuple(text_of(form, "ours").split()), tuple(text_of(form, "theirs").split()))
    try:
        found = view.base.merge(branch, choices)
    except MergeConflict as error:
        return view.render("conflict.html", 409, branch=branch, here=view.base.revisions.branch, problem=error, choices=choices)
    counts = ((found.added, "added"), (found.updated, "changed"), (found.removed, "removed"))
    said = ", ".join(f"{len(each)} {word}" for each, word in counts if each)
    what = f"Merged {branch}: {said or 'no documents'}." if found.moved else f"There was nothing to merge in {branch}."
    return view.done("/branches", what + _told(found.pages))


def refresh(view: View, form: FormData) -> Response:
    """Brings the pages up to date."""
    found = view.base.refresh()
    back = words_of(form, "back")
    said = f"The pages are up to date.{_told(found.pages)}" if found.pages else "No pages were pending."
    return view.done(back if back in ("/branches", "/") else "/", said)


# Editing.


def editing(view: View) -> Response:
    """The plain editor of a page."""
    path = view.base.show(view.query("path"), view.rev).path if not view.query("path").endswith(".md") else view.query("path")
    text = view.base.revisions.file(path, view.rev).decode("utf-8", "replace")
    return _editor(view, path, text, view.base.revisions.blob(path))


def noting(view: View) -> Response:
    """The editor of a new page of one's own."""
    return view.render("note.html")


def edit(view: View, form: FormData) -> Response:
    """Shows what an edit would come to, or makes it; where somebody else changed the page meanwhile, shows both."""
    path, text, seen = words_of(form, "path"), text_of(form, "text"), words_of(form, "seen")
    if text_of(form, "preview"):
        try:
            found = view.base.write_page(path, text, seen, ChangeOptions(dry_run=True))
        except ChangedSince as error:
            return _conflict(view, path, text, error)
        return _editor(view, path, text, seen, preview=found.text, kept=found.text != text)
    try:
        done = view.base.write_page(path, text, seen)
    except ChangedSince as error:
        return _conflict(view, path, text, error)
    return view.done(
        view.to.page(path), f"Saved as {done.commit[:7]}.{_told(done.pages)}" if done.written else "Nothing was changed."
    )


def _conflict(view: View, path: str, text: str, error: ChangedSince) -> Response:
    try:
        now = view.base.revisions.file(path).decode("utf-8", "replace")
    except NotFound:
        now = ""
    return _editor(view, path, text, view.base.revisions.blob(path), theirs=now, problem=error, code=409)


def _editor(view: View, path: str, text: str, seen: str, code: int = 200, **more: Any) -> Response:
    from markupsafe import Markup

    from gitkb.web.rendering import Links, rendered

    values: dict[str, Any] = {"preview": None, "kept": False, "theirs": None, "problem": None, **more}
    if values["preview"] is not None:
        body = re.sub(r"\A---\n.*?\n---\n", "", str(values["preview"]), flags=re.DOTALL)
        values["preview"] = Markup(rendered(path, body, 1, Links(view.to.page, view.to.file)).html)
    title = view.titles.get(path, name_of(path))
    return view.render("edit.html", code, path=path, text=text, seen=seen, title=title, **values)


def note(view: View, form: FormData) -> Response:
    """Makes a page of one's own."""
    title, text = words_of(form, "title"), text_of(form, "text")
    slug = _SLUG.sub("-", title.casefold()).strip("-_")[:80]
    if not slug:
        raise UsageError("The note has no title.", "Give it one that has letters.")
    path = f"wiki/notes/{slug}.md"
    view.base.write_page(path, f"# {title}\n\n{text.strip()}\n", "")
    return view.done(view.to.page(path), f"Saved as {name_of(path)}.")


# Adding.


class Job(Listener):
    """An `add` that runs in a thread of its own; what it says is read while it runs."""

    def __init__(self, run: Callable[[Job], AddSummary], what: str) -> None:
        self.id, self.what = secrets.token_urlsafe(9), what
        self.results: list[DocumentResult] = []
        self.messages: list[str] = []
        self.reached: Progress | None = None
        self.summary: AddSummary | None = None
        self.error: GitkbError | None = None
        self.failed = ""
        self._run = run
        threading.Thread(target=self._work, name=f"add {self.id}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return bool(self.summary or self.error or self.failed)

    def _work(self) -> None:
        try:
            self.summary = self._run(self)
        except GitkbError as error:
            self.error = error
        except Exception as error:  # the boundary of the thread: whoever follows the job is told
            self.failed = f"gitkb failed where it should not have: {type(error).__name__}: {error}."

    def message(self, text: str) -> None:
        self.messages = [*self.messages[-20:], text]

    def progress(self, event: Progress) -> None:
        self.reached = event

    def document(self, result: DocumentResult) -> None:
        if len(self.results) < _MOST_LINES or result.outcome == "failed":
            self.results.append(result)


def adding(view: View) -> Response:
    """The form with which documents are added."""
    branches = [each.name for each in view.base.revisions.names() if each.kind == "branch"]
    return view.render("add.html", branches=branches, here=view.base.revisions.branch)


def add(view: View, form: FormData) -> Response:
    """Begins to add files and pages of the web, and leads to the page that follows the work."""
    files = [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]
    urls = tuple(text_of(form, "urls", 100_000).split())
    into = "/".join(part for part in map(_file_name, words_of(form, "into").split("/")) if part)
    if not files and not urls:
        raise UsageError("There is nothing to add.", "Choose files, or write an address.")
    folder = Path(tempfile.mkdtemp(prefix="gitkb-upload-"))
    paths = _stored(files, folder / (into.rpartition("/")[2] or "uploads"))
    options = AddOptions(
        into=into if paths else "",
        update=bool(text_of(form, "update")),
        branch=words_of(form, "branch"),
        urls=urls,
        older=False,
    )
    base = view.interface.open_base(view.who.user)

    def run(job: Job) -> AddSummary:
        try:
            return base.add(paths, options, job)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    job = Job(run, ", ".join([*(str(each.filename) for each in files[:5]), *urls[:5]]))
    jobs = view.interface.jobs
    while len(jobs) >= _MOST_JOBS:
        jobs.pop(next(iter(jobs)))
    jobs[job.id] = job
    return view.done(f"/jobs/{job.id}", "It has begun.")


def _stored(files: Sequence[UploadFile], folder: Path) -> list[Path]:
    """The uploaded files in a folder under their own names, as far as these are harmless."""
    for number, each in enumerate(files):
        folder.mkdir(exist_ok=True)
        name = _file_name(str(each.filename)) or f"file-{number}"
        with (folder / name).open("wb") as out:
            shutil.copyfileobj(each.file, out)
    return [folder] if files else []


def _file_name(name: str) -> str:
    bare = name.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(char for char in bare if char.isprintable()).lstrip(".")[:120]


def job(view: View) -> Response:
    """How far a job is; with `part=job` for a page that asks again and again."""
    found = view.interface.jobs.get(str(view.request.path_params["id"]))
    if found is None:
        raise NotFound("There is no such job any more.", "The history shows what was added.")
    return view.render("work.html" if view.query("part") == "job" else "job.html", job=found)
