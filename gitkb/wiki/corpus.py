"""What the projection asks of the set of records, whoever answers it.

Invariant: every answer is a function of the set of records, sorted, and local: it depends on no statistics of the whole. The
projection knows nothing else, neither files nor tables.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from gitkb.formats.approvals import Approval, Shown
from gitkb.formats.overviews import Overview
from gitkb.formats.topic_rows import Branch, Defined, DocumentEntry, Evidence, TopicPage
from gitkb.model.documents import TopicKind


class Corpus(Protocol):
    """A set of records, with the names in them resolved to pages."""

    def affected(self, names: Collection[str]) -> set[str]:
        """The keys whose pages can differ when documents that speak of these names (or list them as aliases) changed."""

    def members(self, key: str) -> list[str]:
        """The names whose claims stand on a key's page, its own first."""

    def page(self, kind: TopicKind, key: str) -> TopicPage | None:
        """The page there, None where there is none."""

    def overview(self, kind: TopicKind, key: str) -> Overview | None:
        """What a model wrote about a page, for whatever claims it had then."""

    def approval(self, kind: TopicKind, key: str) -> Approval | None:
        """Who has confirmed which claims of a page."""

    def approvals(self) -> list[Approval]:
        """All approvals, by kind and key of their pages, also of pages that there are no more."""

    def shown(self, kind: TopicKind, key: str) -> Shown:
        """The claims that an approved page shows; none of a page that is not there."""

    def all_pages(self) -> list[TopicPage]:
        """All pages, by kind and key."""

    def best_pages(self, kind: TopicKind, limit: int) -> list[TopicPage]:
        """The pages that most documents support; none that only lead elsewhere."""

    def pages(self, kind: TopicKind, prefix: str) -> list[TopicPage]:
        """The pages whose keys begin with a prefix, by key; none that only lead elsewhere."""

    def page_branches(self, kind: TopicKind, prefix: str) -> list[Branch]:
        """How the keys of those pages go on."""

    def aliases(self, key: str) -> list[str]:
        """The texts by which documents know a topic besides its title."""

    def entity_type(self, members: Sequence[str]) -> str:
        """What kind of thing most documents say it is, empty where none does."""

    def evidence(self, members: Sequence[str]) -> Iterator[Evidence]:
        """The claims about these names: the best definitions first, then others, by score, text and place."""

    def supporters(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name that speak of these names."""

    def about(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name whose title is one of these names."""

    def defined_by(self, documents: Sequence[str]) -> list[Defined]:
        """What these documents define."""

    def document_count(self, folder: str) -> int:
        """How many documents are in a folder and below it."""

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
        """How the names of the saved answers go on."""

    def folder_branches(self, folder: str, prefix: str) -> list[Branch]:
        """How the names of a folder's documents and folders go on."""
