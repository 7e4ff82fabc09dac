"""What a person can approve: pages of concepts and entities, found as people call them, with the claims that they show.

Invariant: nothing can be approved that the person could not see: not a page that a refresh would change, nor one without claims,
nor one that only leads to another. Reads one tree and takes no lock.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitkb import approvals
from gitkb.approvals import Approval
from gitkb.catalog.records import RecordCorpus
from gitkb.errors import CannotApprove, NotFound
from gitkb.model import TopicKind, Tree
from gitkb.text.slugs import document_segment, topic_key
from gitkb.topics import FOLDERS, Evidence, TopicPage, topic_path
from gitkb.wiki.edits import edited_path, settle
from gitkb.wiki.generated import Seal, state, unsealed
from gitkb.wiki.pages import page_claims, topic_page
from gitkb.wiki.projection import is_page

MAX_CANDIDATES = 10
_KINDS: dict[str, TopicKind] = {folder: kind for kind, folder in FOLDERS.items()}
_VERIFIED = re.compile(r"^verified:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)


def named_pages(tree: Tree, names: Sequence[str]) -> list[str]:
    """The paths of the pages that a person names, each once; pages that are gone but are approved count too. `NotFound`."""
    paths = {path for folder in FOLDERS.values() for path, _ in tree.files(f"wiki/{folder}") if is_page(path)}
    paths |= {topic_path(*page) for path, _ in tree.files(approvals.APPROVED) if (page := approvals.page_of(path))}
    known = {_bare(path): path for path in sorted(paths)}
    return list(dict.fromkeys(_named(known, name) for name in names))


def _bare(path: str) -> str:
    return path.removeprefix("wiki/").removesuffix(".md")


def _named(known: dict[str, str], name: str) -> str:
    wanted = _bare(name.strip().removeprefix("./").strip("/"))
    if wanted in known:
        return known[wanted]
    part, slugged = wanted.casefold(), document_segment(wanted)
    found = [bare for bare in known if part and bare.partition("/")[2] in (part, slugged, topic_key(wanted))]
    if len(found) == 1:
        return known[found[0]]
    # Somebody puts their name to it, so a part of a name is not enough, however unique.
    found = found or [bare for bare in known if part and (part in bare or slugged in bare)]
    if not found:
        raise NotFound(f"There is no concept or entity {name!r}.", "gitkb list --pages shows them; no other page has claims.")
    more = [f"and {len(found) - MAX_CANDIDATES} more"] if len(found) > MAX_CANDIDATES else []
    raise NotFound(f"{name!r} may be: {', '.join(found[:MAX_CANDIDATES] + more)}.", "Give the whole name.")


@dataclass(frozen=True, slots=True)
class Approvable:
    """A page as one tree's records make it, `page` None where they make none; the claims that it shows; its approval."""

    kind: TopicKind
    key: str
    page: TopicPage | None
    projected: bytes | None
    claims: tuple[Evidence, ...]
    approval: Approval | None

    @property
    def path(self) -> str:
        return topic_path(self.kind, self.key)

    @property
    def file(self) -> str:
        """Where its approval stands."""
        return approvals.approval_path(self.kind, self.key)

    @property
    def title(self) -> str:
        return self.page.title if self.page else self.key

    @property
    def there(self) -> bool:
        """Whether it is a page that shows claims of its own."""
        return self.page is not None and not self.page.target

    def refuse(self, tree: Tree, base: Callable[[str], bytes | None], remedy: str) -> None:
        """Raises `CannotApprove` where there is nothing to confirm, or the tree's page is not (yet) what would be confirmed."""
        name = _bare(self.path)
        if self.page is not None and self.page.target:
            target = _bare(topic_path(self.page.target_kind, self.page.target))
            raise CannotApprove(f"{name} only leads to {target}.", f"Approve that one: gitkb approve {target}")
        if self.page is not None and not self.claims:
            raise CannotApprove(f"{name} shows no claim, so there is nothing to confirm.", f"gitkb show {name} prints it.")
        current = tree.read(self.path)
        if current is not None and state(current) is Seal.PERSON:
            raise CannotApprove(
                f"{name} is a page of a person's own, so gitkb does not know its claims.", "It needs no approval."
            )
        if self.page is None or current is None or self._is_pending(current, tree.read(edited_path(self.path)), base):
            raise CannotApprove(f"{name} is not up to date, so it does not show what would be approved.", remedy)

    def _is_pending(self, current: bytes, kept: bytes | None, base: Callable[[str], bytes | None]) -> bool:
        """Whether a refresh would change more of the page than who approved it."""
        settled = settle(self.path, current, self.projected, lambda: kept or base(self.path))
        return settled.content is None or _without_approval(settled.content) != _without_approval(current)


def approvable(corpus: RecordCorpus, path: str) -> Approvable:
    """The page at a path of `wiki/concepts/` or `wiki/entities/`."""
    folder, _, name = path.removeprefix("wiki/").partition("/")
    kind, key = _KINDS[folder], name.removesuffix(".md")
    page = corpus.page(kind, key)
    claims = page_claims(corpus, page) if page is not None and not page.target else ()
    projected = topic_page(corpus, page) if page is not None else None
    return Approvable(kind, key, page, projected, claims, corpus.approval(kind, key))


def _without_approval(content: bytes) -> str:
    return _VERIFIED.sub("", unsealed(content.decode("utf-8", "surrogateescape")), count=1)
