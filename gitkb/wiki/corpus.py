"""What the projection asks of the set of records, whoever answers it.

Invariant: every answer is a function of the set of records, sorted, and local: it depends on no statistics of the whole. The
projection knows nothing else, neither files nor tables. A document's title is everywhere the one under which it is shown.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from gitkb.formats.approvals import Approval, Shown
from gitkb.formats.overviews import Overview
from gitkb.formats.topic_rows import Branch, Defined, DocumentEntry, Evidence, TopicPage
from gitkb.model.documents import Record, TopicKind


class Corpus(Protocol):
    """A set of records, with the names in them resolved to pages."""

    def affected(self, names: Collection[str]) -> set[str]:
        """The keys whose pages can differ when documents that speak of these names (or list them as aliases) changed."""

    def members(self, key: str) -> list[str]:
        """The names whose claims are on a key's page, its own first."""

    def page(self, kind: TopicKind, key: str) -> TopicPage | None:
        """The page there, None if there is none."""

    def overview(self, kind: TopicKind, key: str) -> Overview | None:
        """A model's text about a page, whatever claims the page had then."""

    def approval(self, kind: TopicKind, key: str) -> Approval | None:
        """The people who confirmed claims of a page, and which claims."""

    def approvals(self) -> list[Approval]:
        """All approvals, by kind and key of their pages, also of pages that there are no more."""

    def shown(self, kind: TopicKind, key: str) -> Shown:
        """The claims that an approved page shows; none of a page that is not there."""

    def other_senses(self, key: str) -> list[TopicPage]:
        """The pages of other things of the same name, from which documents were told apart by decision."""

    def all_pages(self) -> list[TopicPage]:
        """All pages, by kind and key."""

    def best_pages(self, kind: TopicKind, limit: int) -> list[TopicPage]:
        """The pages that most documents support; none that only lead elsewhere."""

    def pages(self, kind: TopicKind, prefix: str) -> list[TopicPage]:
        """The pages whose keys begin with a prefix, by key; none that only lead elsewhere."""

    def page_branches(self, kind: TopicKind, prefix: str) -> list[Branch]:
        """The next parts of the keys of those pages."""

    def aliases(self, key: str) -> list[str]:
        """The texts by which documents know a topic besides its title."""

    def entity_type(self, members: Sequence[str]) -> str:
        """The type that most documents give a thing, empty if none does."""

    def evidence(self, members: Sequence[str]) -> Iterator[Evidence]:
        """The claims about these names: the best definitions first, then others, by score, text and place."""

    def supporters(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name that speak of these names."""

    def about(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name whose title is one of these names."""

    def alike_in_title(self, records: Sequence[Record]) -> list[str]:
        """The documents besides these that may be shown under another title because these came, went or changed: of documents
        with one title each is shown with what tells it apart."""

    def spoken_of(self, documents: Sequence[str]) -> set[str]:
        """The names of which these documents speak."""

    def defined_by(self, documents: Sequence[str]) -> list[Defined]:
        """The names that these documents define."""

    def document_count(self, folder: str) -> int:
        """The number of documents in a folder and below it."""

    def folders(self) -> list[str]:
        """All folders of documents, the root ("") first."""

    def subfolders(self, folder: str, prefix: str, limit: int) -> list[str]:
        """The names of a folder's folders that begin with a prefix, the first by name."""

    def documents_in(self, folder: str, prefix: str, limit: int) -> list[DocumentEntry]:
        """A folder's own documents whose names begin with a prefix, the first by name."""

    def first_documents(self, limit: int) -> list[DocumentEntry]:
        """The first documents by name, of all folders."""

    def explorations(self, prefix: str, limit: int) -> list[DocumentEntry]:
        """The saved answers whose names begin with a prefix, the first by name."""

    def exploration_branches(self, prefix: str) -> list[Branch]:
        """The next parts of the names of saved answers."""

    def folder_branches(self, folder: str, prefix: str) -> list[Branch]:
        """The next parts of the names of a folder's documents and folders."""
