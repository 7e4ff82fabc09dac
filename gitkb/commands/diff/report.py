"""The result of a diff of two revisions as plain frozen data, with links to its files on the web.

Invariant: holds texts and paths of the repository, nothing of this machine and no time. Lists are sorted, the most important
first if they have an order of importance. Nothing here decides anything. A link names a commit, so it always shows what the
reviewer saw; it never contains credentials of a remote's address. An unknown host gets no links rather than wrong ones.
"""

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from urllib.parse import quote, urlsplit

from msgspec import Struct

from gitkb.model.documents import Place
from gitkb.store.snapshot import full_path

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)")
_FORMS = {
    "github": "https://{host}/{path}/blob/{commit}/",
    "gitlab": "https://{host}/{path}/-/blob/{commit}/",
    "gitea": "https://{host}/{path}/src/commit/{commit}/",
    "forgejo": "https://{host}/{path}/src/commit/{commit}/",
    "codeberg": "https://{host}/{path}/src/commit/{commit}/",
    "bitbucket": "https://{host}/{path}/src/{commit}/",
}
_COMPARED = {
    "github": "https://{host}/{path}/compare/{base}..{head}#diff-{sha256}",
    "gitlab": "https://{host}/{path}/-/compare/{base}...{head}?straight=true#{sha1}",
    "gitea": "https://{host}/{path}/compare/{base}..{head}#diff-{sha1}",
    "forgejo": "https://{host}/{path}/compare/{base}..{head}#diff-{sha1}",
    "codeberg": "https://{host}/{path}/compare/{base}..{head}#diff-{sha1}",
    "bitbucket": "https://{host}/{path}/branches/compare/{head}..{base}#diff",
}


class WebLinks(Struct, frozen=True):
    """The web addresses of files and of their differences; the forms have places for commits and for marks of a file's path.
    `inside` is the folder of the repository in which the knowledge base is."""

    form: str
    compared: str
    inside: str = ""

    def file(self, commit: str, path: str, anchor: str = "") -> str:
        """The address of a file at a commit, safe inside a Markdown link."""
        fragment = f"#{quote(anchor, safe='')}" if anchor else ""
        return (
            self.form.format(commit=commit)
            + quote(full_path(self.inside, path), safe="/-._~", errors="surrogateescape")
            + fragment
        )

    def text_diff(self, base: str, head: str, path: str) -> str:
        """The address of what differs in a file between two commits."""
        name = full_path(self.inside, path).encode("utf-8", "surrogateescape")
        sha1 = hashlib.sha1(name, usedforsecurity=False).hexdigest()
        return self.compared.format(base=base, head=head, sha1=sha1, sha256=hashlib.sha256(name).hexdigest())


def web_links(remote: str, service: str = "", inside: str = "") -> WebLinks | None:
    """The links for a remote's address; None if its host is of no known kind and `service` ("gitlab") does not name one."""
    found = project_of(remote.strip())
    if found is None:
        return None
    host, path = found
    kind = next((name for name in _FORMS if name == service or name in host.lower().split(":")[0]), None)
    if kind is None:
        return None
    form, compared = (form.replace("{host}", host).replace("{path}", path) for form in (_FORMS[kind], _COMPARED[kind]))
    return WebLinks(form, compared, inside)


def project_of(remote: str) -> tuple[str, str] | None:
    """(host, path of the project) of a remote's address in any form that git takes."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in ("https", "http", "ssh", "git"):
            return None
        if port is not None and parts.scheme in ("https", "http"):
            host = f"{host}:{port}"
        path = parts.path
    else:
        scp = _SCP.fullmatch(remote)
        if scp is None:
            return None
        host, path = scp["host"], scp["path"]
    path = path.strip("/").removesuffix(".git")
    if not host or "/" not in path or re.search(r"[{}\s()<>\"'?#]", path + host):
        return None
    return host, quote(path, safe="/-._~%")


class Change(StrEnum):
    """How a document or page changed."""

    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    REMOVED = "removed"


class Concern(StrEnum):
    """Why something deserves a reviewer's attention; the order is that of importance."""

    BAD_RECORD = "bad-record"
    ALTERED_RECORD = "altered-record"
    OLDER = "older"
    LOST_APPROVAL = "lost-approval"
    LOST_DEFINITION = "lost-definition"
    BROKEN_LINK = "broken-link"
    LIKELY_DUPLICATE = "likely-duplicate"
    HOMONYM = "homonym"
    BOILERPLATE = "boilerplate"
    DECIDED_NAMES = "decided-names"
    LITTLE_TEXT = "little-text"
    REMOVED_PAGE = "removed-page"
    CHANGED_DEFINITION = "changed-definition"
    NEW_APPROVAL = "new-approval"


class Said(Struct, frozen=True):
    """A claim as a document makes it, with its place."""

    document: str
    title: str
    text: str
    place: Place
    defines: bool = False


class Reworded(Struct, frozen=True):
    """One claim in its old and new words, made by the same document."""

    old: Said
    new: Said


class ClaimChanges(Struct, frozen=True):
    """Claims that documents make now and did not before, make no more, or make in other words."""

    added: tuple[Said, ...] = ()
    lost: tuple[Said, ...] = ()
    reworded: tuple[Reworded, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.lost or self.reworded)


class Weight(StrEnum):
    """Why a change of a text matters; the gravest first."""

    NUMBER = "number"
    NEGATION = "negation"
    SECTION = "section"
    OBLIGATION = "obligation"
    NAME = "name"
    LINK = "link"
    WORDING = "wording"


class SentenceChange(Struct, frozen=True):
    """A sentence in its old and new words, "" where one side does not have it; `section` is the heading above it.

    A whole section that came or went is one change (`Weight.SECTION`) with its heading, the beginning of what it says, and the
    number of its `sentences`. Of a link to the web, `old` and `new` are the addresses.
    """

    weight: Weight
    old: str
    new: str
    section: str = ""
    sentences: int = 0


class TextChange(Struct, frozen=True):
    """What changed in a text: the `share` of its letters (0..1), the changes (the most important first), how many `more` there
    are, and how many sentences only `moved`."""

    share: float = 0.0
    changes: tuple[SentenceChange, ...] = ()
    more: int = 0
    moved: int = 0

    def __bool__(self) -> bool:
        return bool(self.changes or self.moved)


class DocumentChange(Struct, frozen=True):
    """A document that differs. `source` is its original as it was added, `source_pages` its pages there (0: it has none),
    `before` the old name of a renamed one, `touches` the number of shared pages whose claims differ because of it. `text` is what
    changed in the converted text at `path`. Of a new one, `best` are the claims that matter most, `form` are its headings, and
    `whole` is its text where that is short."""

    change: Change
    document: str
    title: str
    source: str
    source_pages: int
    claims: ClaimChanges
    touches: int = 0
    before: str = ""
    description: str = ""
    best: tuple[Said, ...] = ()
    text: TextChange = TextChange()
    path: str = ""
    form: tuple[str, ...] = ()
    whole: str = ""


class PageChange(Struct, frozen=True):
    """A concept's or entity's page that differs between the two projections.

    `committed`: it stands so at the head already, or (removed) at the base. `definition_before` and `definition` are its
    first defining sentences, empty for none. `shown` and `hidden` are claims that no document added or dropped: the page
    chooses others now. `before` is the old path of a page that became one of the other kind. `leads_to` is the page that a
    page without claims of its own points to.
    """

    change: Change
    path: str
    title: str
    claims: ClaimChanges
    definition_before: str = ""
    definition: str = ""
    shown: tuple[Said, ...] = ()
    hidden: tuple[Said, ...] = ()
    leads_to: str = ""
    committed: bool = False
    before: str = ""


class PersonChange(Struct, frozen=True):
    """A page that a person wrote or edited, or a file that is no page, by the lines it gained and lost and their `words`."""

    change: Change
    path: str
    gained: int = 0
    lost: int = 0
    words: TextChange = TextChange()


class LinkChange(Struct, frozen=True):
    """A link of a page whose target came or went."""

    page: str
    target: str


class Attention(Struct, frozen=True):
    """Something to look at first: the paths and documents concerned, and one plain sentence about them."""

    concern: Concern
    paths: tuple[str, ...]
    message: str


class SourceChange(Struct, frozen=True):
    """A declared source that differs: the commits of the source (hex, "" for none) from which its documents came, and where it
    was and is now, in words ("": it was or is no source)."""

    name: str
    before: str
    after: str
    was: str
    now: str


class DiffReport(Struct, frozen=True):
    """What differs between `base` and `head` (commits in hex), named as the person named them."""

    base: str
    head: str
    base_name: str
    head_name: str
    attention: tuple[Attention, ...] = ()
    documents: tuple[DocumentChange, ...] = ()
    pages: tuple[PageChange, ...] = ()
    edited: tuple[PersonChange, ...] = ()
    broken: tuple[LinkChange, ...] = ()
    mended: tuple[LinkChange, ...] = ()
    tokens: int = 0
    sources: tuple[SourceChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.documents or self.pages or self.edited or self.broken or self.mended)

    def documents_by(self, change: Change) -> Iterator[DocumentChange]:
        """The documents to which this happened."""
        return (item for item in self.documents if item.change is change)

    def pages_by(self, change: Change) -> Iterator[PageChange]:
        """The pages to which this happened."""
        return (item for item in self.pages if item.change is change)
