"""Checks that a tree is a whole knowledge base: records and files agree, pages are the projection or a person's, links resolve.

Invariant: reads only. *Broken* is what no refresh repairs; a page that a refresh would write is *pending*, which is a normal
state. A link's target is fine if the tree has it or the projection will make it. Links that a person wrote, or that are inside
converted texts, are their authors' and no problem of the knowledge base. Generated pages have links of a known shape and are
scanned, a person's are parsed. The check of what changed looks at the same things in the same way, but only at those that it is
given.
"""

import dataclasses
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from posixpath import dirname

from msgspec import Struct, field

from gitkb.errors import ConfigError, FormatError
from gitkb.formats import approvals
from gitkb.formats.decisions import DECISIONS, REMOVED, decode_removed
from gitkb.formats.decisions import decode as decode_decision
from gitkb.formats.declared_sources import SOURCES, SYNCED, decode_source, decode_synced
from gitkb.formats.glossary import GLOSSARY_PATH
from gitkb.formats.overviews import OVERVIEWS
from gitkb.formats.overviews import decode as decode_overview
from gitkb.formats.records import RECORDS, document_of, source_path, summary_path
from gitkb.formats.settings import CONFIG_PATH, parse_settings
from gitkb.model.documents import Record, Tree
from gitkb.model.findings import Problem
from gitkb.model.path_changes import PathChanges
from gitkb.model.rows import State
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.conflict_marks import conflict_line
from gitkb.text.markdown.links import anchors, heading_anchor, named_anchors, resolve
from gitkb.wiki.hand_edits import EDITED, Seal, edited_path, reconcile, state
from gitkb.wiki.indexes import OKF_VERSION
from gitkb.wiki.projection import MADE, read_note

_LINK = re.compile(r"(?<!\\)\]\(([^()\s<>]+)\)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*\)|\[[^\[\]]*\])?|[*`\\]|(?<!\w)_+|_+(?!\w)")
_DEFINED = re.compile(r"^\[\^([^\]\n]+)\]:", re.MULTILINE)
_USED = re.compile(r"(?<!\\)\[\^([^\]\n]+)\](?!:)")
_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1|(`+)(?!`).+?\2(?!`)", re.MULTILINE | re.DOTALL)


def folders_of(files: Iterable[str]) -> set[str]:
    """The folders in which these files are, and those above them."""
    found: set[str] = set()
    for file in files:
        folder = dirname(file)
        while folder and folder not in found:
            found.add(folder)
            folder = dirname(folder)
    return found


class LinkCheck(Struct):
    """Collects what pages link to; `problems` then asks for each target once. `read` gives a page as it is or will be."""

    files: Container[str]
    folders: Container[str]
    read: Callable[[str], bytes | None]
    broken: list[Problem] = field(default_factory=list)
    wanted: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def page(self, path: str, body: str, resources: Iterator[str]) -> None:
        """Takes the links of a page that gitkb wrote: those of its body and the resources of its front matter."""
        for target in _LINK.findall(body):
            self._link(path, target)
        for resource in resources:
            self._link(path, resource)

    def footnotes(self, path: str, body: str, *, complete: bool) -> None:
        """Every footnote that is used is defined; with `complete` also the other way round."""
        text = body if complete else _CODE.sub("", body)
        used, defined = set(_USED.findall(text)), set(_DEFINED.findall(text))
        for label in sorted(used - defined):
            self._report("broken-footnote", path, f"Footnote [^{label}] is used but not defined.")
        for label in sorted(defined - used) if complete else ():
            self._report("broken-footnote", path, f"Footnote [^{label}] is defined but not used.")

    def problems(self) -> Iterator[Problem]:
        """The problems that were found, including anchors that do not exist on the pages that links lead to."""
        yield from self.broken
        for target in sorted(self.wanted):
            wanted = self.wanted[target]
            for anchor in sorted(self._missing(target, set(wanted))):
                for page in sorted(wanted[anchor]):
                    yield Problem("broken-anchor", page, f"Its link to {target}#{anchor} leads to no heading or anchor there.")

    def _link(self, page: str, target: str) -> None:
        found = resolve(page, target)
        if found is None:
            if ":" not in target.partition("/")[0] and not target.startswith("//"):
                self._report("broken-link", page, f"Its link {target} leaves the repository.")
            return
        path, anchor = found
        if path not in self.files:
            if path.rstrip("/") not in self.folders and path:
                self._report("broken-link", page, f"Its link to {path} leads to no file.")
        elif anchor and path.endswith(".md"):
            self.wanted.setdefault(path, {}).setdefault(anchor, set()).add(page)

    def _missing(self, target: str, wanted: set[str]) -> set[str]:
        """The anchors that a page does not have; it is parsed only when a quick look does not find them."""
        text = (self.read(target) or b"").decode("utf-8", "replace").replace("\r\n", "\n")
        wanted = wanted - named_anchors(text)
        if wanted:
            wanted -= {heading_anchor(_MARKUP.sub(r"\1", title)) for title in _HEADING.findall(text)}
        return wanted - anchors(text) if wanted else wanted

    def _report(self, code: str, path: str, message: str) -> None:
        self.broken.append(Problem(code, path, message))


_OWN_FOLDERS = ("raw/", "wiki/sources/", "wiki/summaries/")
_KNOWN_FOLDERS = (f"{RECORDS}/", f"{EDITED}/wiki/", f"{DECISIONS}/", f"{OVERVIEWS}/", f"{SOURCES}/", f"{SYNCED}/")
_NAMED = (
    *(("settings", CONFIG_PATH), ("note", MADE), ("approval", f"{approvals.APPROVED}/"), ("decision", f"{DECISIONS}/")),
    *(("source", f"{SOURCES}/"), ("source", f"{SYNCED}/")),
)
_AGAIN = "Take it back from git, or add its document again with --update."


class CheckOutcome(Struct, frozen=True):
    """The state of a tree, and every problem, sorted by path; there are problems only if it is broken."""

    state: State
    problems: tuple[Problem, ...]


Records = Mapping[str, Record | FormatError]
PageToBe = Callable[[str], bytes | None]


def check(tree: Tree, records: Records, projected: PathChanges) -> CheckOutcome:
    """The state of a tree; `records` by their paths, `projected` the full projection of this tree."""
    files = frozenset(path for path, _ in tree.files())
    to_be = projected.written.get
    return _outcome(_Check(tree, projected, files, files, folders_of((*files, *projected.written)), to_be), records)


def check_paths(tree: Tree, paths: Collection[str], records: Records, projected: PathChanges, to_be: PageToBe) -> CheckOutcome:
    """The state of a part of a tree: these paths, these records with their files, and these pages of the projection.

    `records` must have those of all documents that the paths can belong to, `projected` every shared page among the paths.
    `to_be` gives any other page of the full projection, None where it has none.
    """
    present = frozenset(path for path in paths if tree.blob(path) is not None)
    run = _Check(tree, projected, present, _Files(tree), _Folders(tree, to_be), to_be)
    if CONFIG_PATH in paths and CONFIG_PATH not in present:
        run.report("missing-file", CONFIG_PATH, "A knowledge base must have it. Take it back from git.")
    return _outcome(run, records)


def _outcome(run: "_Check", records: Records) -> CheckOutcome:
    run.records(records)
    run.pages()
    return with_problems(CheckOutcome(State.PENDING if run.pending else State.WHOLE, tuple(run.problems)), run.links.problems())


def with_problems(outcome: CheckOutcome, more: Iterable[Problem]) -> CheckOutcome:
    """The outcome with more problems: each once, sorted by path. Any makes a tree broken."""
    found = tuple(sorted({*outcome.problems, *more}, key=lambda p: (p.path, p.code, p.message)))
    return CheckOutcome(State.BROKEN if found else outcome.state, found)


class _Files(Struct, frozen=True):
    """The paths of a tree's files, asked for one by one."""

    tree: Tree

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.tree.blob(path) is not None


class _Folders(Struct, frozen=True):
    """The folders of a tree, asked for one by one, and those in which the projection has an index."""

    tree: Tree
    to_be: PageToBe

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and (self.to_be(f"{path}/index.md") is not None or any(True for _ in self.tree.files(path)))


class _Targets(Struct, frozen=True):
    """What a link may lead to: a file of the tree, or a page that the projection makes."""

    files: Container[str]
    projected: PathChanges
    to_be: PageToBe

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str) or path in self.files:
            return isinstance(path, str)
        return path in self.projected.written if path in self.projected else self.to_be(path) is not None


@dataclasses.dataclass(slots=True)
class _Check:
    """`paths` of the tree are looked at; `files` are all that it has, `folders` all that it has or will have."""

    tree: Tree
    projected: PathChanges
    paths: frozenset[str]
    files: Container[str]
    folders: Container[str]
    to_be: PageToBe
    problems: list[Problem] = dataclasses.field(default_factory=list)
    pending: bool = False
    owned: set[str] = dataclasses.field(default_factory=set)
    contents: set[str] = dataclasses.field(default_factory=set)
    links: LinkCheck = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.links = LinkCheck(_Targets(self.files, self.projected, self.to_be), self.folders, self.page_to_be)

    def report(self, code: str, path: str, message: str) -> None:
        self.problems.append(Problem(code, path, message))

    def page_to_be(self, path: str) -> bytes | None:
        """A page as links find it: in the tree, or as the projection will make it."""
        content = self.tree.read(path)
        if content is not None:
            return content
        return self.projected.written.get(path) if path in self.projected else self.to_be(path)

    def records(self, records: Records) -> None:
        for path, record in records.items():
            if isinstance(record, FormatError):
                self.report("bad-record", path, record.message)
                self.owned.update(self._files_of_unreadable(path))
                continue
            self.owned.update(record.files)
            main = source_path(record.document)
            if any(file.startswith(f"{main[:-3]}--") and file.endswith(".md") for file in record.files):
                self.contents.add(main)  # the text is in chapters, and this page links them
            for file in sorted(file for file in set(record.files) if file not in self.files):
                self.report("missing-file", file, f"{path} names it, but it is not there. {_AGAIN}")
            for part in _missing_parts(record):
                self.report("bad-record", path, f"It names no {part}. {_AGAIN}")

    def _files_of_unreadable(self, path: str) -> Iterator[str]:
        """The files of a document whose record cannot be read: one problem is enough for all of them."""
        document = document_of(path) or ""
        for folder in _OWN_FOLDERS:
            stem = f"{folder}{document}"
            yield from (file for file in self.paths if file.startswith((f"{stem}.", f"{stem}--")))

    def pages(self) -> None:
        for path in sorted(self.paths | self.projected.paths):
            if path.startswith((".gitkb/", "raw/")):
                self.own_file(path)
            elif path in self.projected:
                self.shared(path, self.projected.written.get(path))
            elif path in self.owned:
                self.own_page(path)
            elif path.startswith("wiki/"):
                self.other(path)

    def own_file(self, path: str) -> None:
        """A file of the folders in which only gitkb writes."""
        known = path in (CONFIG_PATH, GLOSSARY_PATH, MADE) or path in self.owned or path.startswith(_KNOWN_FOLDERS)
        if not known or (path.startswith(f"{RECORDS}/") and document_of(path) is None):
            self.report("stray-file", path, "It belongs to no document. Move it out of this folder, or delete it.")
        if path.startswith(f"{EDITED}/") and state(self.tree.read(path) or b"") is not Seal.GENERATED:
            self.report("bad-projection", path, f"It is not as gitkb made it. {_AGAIN}")
        try:
            self.read(path)
        except (ConfigError, FormatError) as error:
            kind = next((name for name, top in _NAMED if path.startswith(top)), "overview")
            self.report(f"bad-{kind}", path, f"{error.message} {error.hint}".strip())

    def read(self, path: str) -> None:
        """Reads a file of settings, a decision, an overview or the note beside the pages; raises what is wrong with it."""
        if path == CONFIG_PATH:
            parse_settings((self.tree.read(path) or b"").decode("utf-8", "replace"), path)
        elif path == MADE:
            read_note(self.tree.read(path) or b"")
        elif path.startswith(f"{approvals.APPROVED}/"):
            approvals.decode(self.tree.read(path) or b"", path)
        elif path.startswith(f"{REMOVED}/"):
            decode_removed(self.tree.read(path) or b"", path)
        elif path.startswith(f"{DECISIONS}/"):
            decode_decision(self.tree.read(path) or b"", path)
        elif path.startswith(f"{OVERVIEWS}/"):
            decode_overview(self.tree.read(path) or b"", path)
        elif path.startswith(f"{SOURCES}/"):
            decode_source(self.tree.read(path) or b"", path)
        elif path.startswith(f"{SYNCED}/"):
            decode_synced(self.tree.read(path) or b"", path)

    def shared(self, path: str, projected: bytes | None) -> None:
        """A page that the projection makes, or that it makes no more."""
        current = self.tree.read(path)
        kind = state(current) if current is not None else Seal.GENERATED
        if current is not None and self.conflicting(path, current, kind):
            return
        if current is None or kind is Seal.GENERATED:
            self.pending = self.pending or current != projected
            # What is pending is judged by what it will be: the page as it is may link what is gone.
            if projected is not None:
                self.written(path, projected, kind)
        elif kind is Seal.EDITED:
            kept = self.tree.read(edited_path(path))
            reconciled = reconcile(path, current, projected, lambda: kept) if kept is not None else None
            if reconciled is None or reconciled.content != current or reconciled.edited_base != kept:
                self.pending = True
            else:
                self.written(path, current, kind)

    def own_page(self, path: str) -> None:
        """A file of one document in the wiki: its converted text, its summary, a picture."""
        if path.endswith(".md"):
            content = self.tree.read(path) or b""
            kind = state(content)
            if not self.conflicting(path, content, kind) and kind is not Seal.PERSON:
                self.written(path, content, kind)

    def other(self, path: str) -> None:
        """A file of the wiki that no record and no projection knows: a person's, or left over."""
        content = self.tree.read(path) if path.endswith(".md") else None
        kind = state(content) if content is not None else Seal.PERSON
        if content is not None:
            self.conflicting(path, content, kind)
        if path.startswith(_OWN_FOLDERS) and (content is None or kind is not Seal.PERSON):
            self.report("stray-file", path, "It belongs to no document. Move it out of this folder, or delete it.")
        elif kind is not Seal.PERSON:
            self.pending = True

    def conflicting(self, path: str, content: bytes, kind: Seal) -> bool:
        """Whether a merge left the marks of a conflict on a page."""
        if kind is Seal.GENERATED:
            return False
        line = conflict_line(content, None if kind is Seal.PERSON else self.tree.read(edited_path(path)) or b"")
        if line:
            message = f"Line {line} is the mark of a conflict. Choose what stays, and take the marks out."
            self.report("conflict-mark", path, message)
        return bool(line)

    def written(self, path: str, content: bytes, kind: Seal) -> None:
        """A page that gitkb wrote: conforms to OKF, and its links and footnotes resolve."""
        try:
            meta, body = frontmatter.split(content.decode("utf-8", "replace"))
        except FormatError as error:
            self.report("okf-front-matter", path, f"{error.message} {error.hint}")
            return
        self.conformance(path, meta)
        if path.startswith("wiki/sources/") and path in self.owned and path not in self.contents:
            self.links.page(path, "", _resources(meta))
            return
        if kind is Seal.GENERATED:
            self.links.page(path, body, _resources(meta))
        if not path.startswith(_OWN_FOLDERS):
            self.links.footnotes(path, body, complete=kind is Seal.GENERATED)

    def conformance(self, path: str, meta: Mapping[str, object]) -> None:
        name = path.rpartition("/")[2]
        if name == "index.md":
            if path == "wiki/index.md" and meta.get("okf_version") != OKF_VERSION:
                self.report("okf-index", path, f'Its front matter must say okf_version: "{OKF_VERSION}".')
            elif path != "wiki/index.md" and meta:
                self.report("okf-index", path, "An index of a folder has no front matter in OKF.")
        elif name != "log.md" and not (isinstance(meta.get("type"), str) and meta["type"]):
            self.report("okf-type", path, "Its front matter has no type.")


def _missing_parts(record: Record) -> Iterator[str]:
    if not any(file.startswith("raw/") for file in record.files):
        yield "original"
    if source_path(record.document) not in record.files:
        yield "converted text"
    if summary_path(record.document) not in record.files:
        yield "summary"


def _resources(meta: Mapping[str, object]) -> Iterator[str]:
    """The paths that a front matter names: its own resource and those of its sources."""
    sources = meta.get("sources")
    for entry in [meta, *(sources if isinstance(sources, list) else [])]:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, str):
            yield resource
