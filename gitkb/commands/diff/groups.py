"""Puts together what a reviewer need not see one by one: the same change in many documents, new ones that are alike in form.

Invariant: pure; nothing is dropped: each document is in one group or stands alone, and a group names what its members share.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.commands.diff.report import Change, DocumentChange, PageChange, SentenceChange

SAME_CHANGE = 3
SAME_FOLDER = 4
_MOST, _SHARED_BY = 0.6, 0.8


class Repeated(Struct, frozen=True):
    """One change of a sentence that several documents have in the same words."""

    change: SentenceChange
    documents: tuple[str, ...]


class Group(Struct, frozen=True):
    """Documents of one folder to which the same happened; `before` is the folder that renamed ones were in. `form` are the
    headings that they share, empty where they are not alike."""

    change: Change
    folder: str
    documents: tuple[DocumentChange, ...]
    before: str = ""
    form: tuple[str, ...] = ()

    @property
    def single(self) -> DocumentChange | None:
        """The document where there is but one."""
        return self.documents[0] if len(self.documents) == 1 else None


def repeated(documents: Sequence[DocumentChange]) -> list[Repeated]:
    """The changes that at least `SAME_CHANGE` documents have in the same words, those of most documents first."""
    found: dict[SentenceChange, list[str]] = {}
    for document in documents:
        for change in dict.fromkeys(_bare(each) for each in document.text.changes):
            found.setdefault(change, []).append(document.document)
    many = [Repeated(change, tuple(names)) for change, names in found.items() if len(names) >= SAME_CHANGE]
    return sorted(many, key=lambda each: (-len(each.documents), each.documents))


def own_changes(document: DocumentChange, elsewhere: Sequence[Repeated]) -> list[SentenceChange]:
    """The changes of a document that others do not have, too."""
    known = {each.change for each in elsewhere}
    return [change for change in document.text.changes if _bare(change) not in known]


def _bare(change: SentenceChange) -> SentenceChange:
    return change if change.sentences else replace(change, section="")


def grouped(documents: Sequence[DocumentChange]) -> list[Group]:
    """The documents by what happened to them and by folder, in the order of the first of each; few of a folder stand alone."""
    folders: dict[tuple[Change, str, str], list[DocumentChange]] = {}
    for document in documents:
        folders.setdefault((document.change, _folder(document.document), _folder(document.before)), []).append(document)
    found: list[Group] = []
    done: set[tuple[Change, str, str]] = set()
    for document in documents:
        key = (document.change, _folder(document.document), _folder(document.before))
        members = folders[key]
        if len(members) < SAME_FOLDER:
            found.append(Group(document.change, key[1], (document,), key[2]))
        elif key not in done:
            done.add(key)
            found.append(Group(document.change, key[1], tuple(members), key[2], tuple(_form(members))))
    return found


def _form(documents: Sequence[DocumentChange]) -> Iterator[str]:
    """The headings that nearly all of these new documents have, where they make up most of what each has."""
    counts = Counter(heading for document in documents for heading in set(document.form))
    shared = [heading for heading in dict.fromkeys(documents[0].form) if counts[heading] >= _SHARED_BY * len(documents)]
    sizes = sorted(len(set(document.form)) for document in documents)
    if shared and len(shared) >= _MOST * sizes[len(sizes) // 2]:
        yield from shared


def _folder(document: str) -> str:
    return document.rpartition("/")[0]


def differs(page: PageChange) -> bool:
    """Whether a page says something else now; one that only chose others of the claims that were known does not."""
    return bool(page.change is not Change.CHANGED or page.claims or page.leads_to or page.definition != page.definition_before)
