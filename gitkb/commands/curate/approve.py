"""A person confirms the claims of pages, or takes that back: one commit of theirs, then the pages.

Invariant: nothing can be approved that the person could not see: not a page that a refresh would change, nor one without claims,
nor one that only leads to another. Reads one tree and takes no lock.

Invariant: what is confirmed is what could be seen: a page that a refresh would change is refused, under the lock too. The
approval of a page is one file; a person's uncommitted words on a page are committed as theirs before it is made anew, as ever.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.commit_messages import approval_message
from gitkb.branch.stored_documents import edit_commit, own_edits
from gitkb.catalog.queries import RecordCorpus
from gitkb.commands.change import ChangeContext
from gitkb.errors import CannotApprove, NotFound, UsageError
from gitkb.formats import approvals
from gitkb.formats.approvals import Approval, Confirmation
from gitkb.formats.topic_rows import FOLDERS, Evidence, TopicPage, topic_path
from gitkb.model.documents import TopicKind, Tree
from gitkb.model.options import ApproveOptions
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from gitkb.model.results import ApprovedPage, ApproveSummary, PageChanges
from gitkb.pages import refresh
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.text.names.name_parts import has_words, part_of_name
from gitkb.text.names.slugs import document_segment, topic_key
from gitkb.wiki.hand_edits import Seal, edited_path, reconcile, state, unsealed
from gitkb.wiki.projection import is_page, refuse_newer
from gitkb.wiki.topic_page import page_claims, topic_page

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
    # Somebody puts their name to it, so a part of a name alone is not enough, however unique.
    found = found or [bare for bare in known if has_words(bare, part) or has_words(bare, slugged)]
    if not found:
        raise NotFound(f"There is no concept or entity {name!r}.", "gitkb list --pages shows them; no other page has claims.")
    raise part_of_name(name, found)


class Approvable(Struct, frozen=True):
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
        """The path of its approval."""
        return approvals.approval_path(self.kind, self.key)

    @property
    def title(self) -> str:
        return self.page.title if self.page else self.key

    @property
    def there(self) -> bool:
        """Whether it is a page that shows claims of its own."""
        return self.page is not None and not self.page.target

    def refuse(self, tree: Tree, base: Callable[[str], bytes | None], remedy: str) -> None:
        """Raises `CannotApprove` if there is nothing to confirm, or if the tree's page is not (yet) the one that would be
        confirmed."""
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
        reconciled = reconcile(self.path, current, self.projected, lambda: kept or base(self.path))
        return reconciled.content is None or _without_approval(reconciled.content) != _without_approval(current)


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


_NOBODY = "git knows no e-mail address of yours, and an approval must say who gave it."
_SET = 'Tell git once: git config --global user.email "you@example.org" (and user.name).'


class _Planned(Struct, frozen=True):
    """The changes of one `approve` at one tip: the pages; the approvals to write or delete; and the claims of the
    pages that change."""

    approved: tuple[ApprovedPage, ...]
    files: PathChanges
    said: Mapping[str, Sequence[str]]


class ApproveRun(Struct, frozen=True):
    """One `approve`."""

    context: ChangeContext
    options: ApproveOptions

    def __call__(self, names: Sequence[str]) -> ApproveSummary:
        """Confirms pages by name or path. `NotFound` and `CannotApprove` leave everything as it was."""
        tip = self.context.tip()
        refuse_newer(tip)
        confirmation = self._confirmation()
        wanted = named_pages(tip, names)
        planned = self._plan(tip, wanted, confirmation)
        if self.options.dry_run:
            return self._foreseen(tip, planned, confirmation)
        with self.context.change(f"approve {len(wanted)} pages") as change:
            planned = change.transact(partial(self._transact, wanted=wanted, confirmation=confirmation))
        return self._summary(change.tip(), planned, confirmation, change.pages)

    def _confirmation(self) -> Confirmation:
        """A confirmation with the person and the time, without the claims, which are added later."""
        email = self.context.store.email()
        if not email:
            raise CannotApprove(_NOBODY, _SET)
        by = f"human:{email}"
        if not approvals.is_person(by):
            raise CannotApprove(f"git says that your e-mail address is {email!r}, which an approval cannot hold.", _SET)
        try:
            at = approvals.stamp(self.options.at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        except ValueError as error:
            raise UsageError(f"--date: {error}.") from error
        return Confirmation(by, at, ())

    def _plan(self, tip: Snapshot, wanted: Sequence[str], confirmation: Confirmation) -> _Planned:
        found: list[ApprovedPage] = []
        files = PathChangesBuilder()
        said: dict[str, Sequence[str]] = {}
        with self.context.records(tip) as corpus:
            corpus.refuse_newer()
            for path in wanted:
                page = approvable(corpus, path)
                new = self._withdrawn(page, confirmation) if self.options.withdraw else self._confirmed(tip, page, confirmation)
                changed = new != page.approval
                texts = () if self.options.withdraw else tuple(f"{each.text} ({each.document})" for each in page.claims)
                found.append(ApprovedPage(path, page.title, len(page.claims), changed, texts))
                if changed:
                    files.write(page.file, None if new is None else approvals.encode(new))
                    said[path] = texts
        return _Planned(tuple(found), files.result(), said)

    def _confirmed(self, tip: Snapshot, page: Approvable, confirmation: Confirmation) -> Approval:
        page.refuse(tip, refresh.history_base(self.context.store, tip.commit), self._remedy())
        marks = approvals.marks(page.claims)
        before = page.approval.by(confirmation.by) if page.approval else None
        if page.approval and before is not None and before.claims == marks and not self.options.at:
            return page.approval
        return approvals.confirmed(page.approval, page.kind, page.key, replace(confirmation, claims=marks))

    def _withdrawn(self, page: Approvable, confirmation: Confirmation) -> Approval | None:
        """The approval without the person's own; of a page that is gone nothing is left to confirm, so it goes whole."""
        if page.approval is None or not page.there:
            return None
        return approvals.withdrawn(page.approval, confirmation.by)

    def _remedy(self) -> str:
        branch = self.context.name
        if self.context.carries_pages:
            return f"Bring it up to date and look at it: gitkb refresh{'' if not self.context.branch else f' (on {branch})'}"
        return f"Pages are made on {self.context.settings.pages.branch}: merge {branch} there first, then approve it."

    def _transact(self, transaction: Transaction, wanted: Sequence[str], confirmation: Confirmation) -> _Planned:
        refuse_newer(transaction.tip)
        planned = self._plan(transaction.tip, wanted, confirmation)
        if planned.files:
            edits = own_edits(transaction, wanted)
            commits = [edit_commit(edits)] if edits else []
            message = approval_message(planned.said, confirmation.by, withdrawn=self.options.withdraw)
            commits.append(PlannedCommit(message, dict(planned.files.items())))
            transaction.publish(commits, f"{len(planned.files.paths)} pages")
            for path in sorted(edits.paths):
                self.context.listener.message(f"{path}: your uncommitted words were committed first, as yours.")
        return planned

    def _foreseen(self, tip: Snapshot, planned: _Planned, confirmation: Confirmation) -> ApproveSummary:
        if not self.context.carries_pages:
            return self._summary(tip, planned, confirmation, PageChanges())
        edits = self.context.uncommitted(tip)
        writes = refresh.foresee_refresh(self.context.store, self.context.catalog, tip, planned.files, edits)
        summary = self._summary(tip, planned, confirmation, refresh.page_changes(tip, writes))
        beside = (path for path in writes.paths if not path.startswith("wiki/"))
        touched = tuple(sorted(edits.paths & writes.paths))
        return replace(summary, files=tuple(sorted({*summary.files, *beside})), edits=touched)

    def _summary(self, tip: Snapshot, planned: _Planned, by: Confirmation, changes: PageChanges) -> ApproveSummary:
        branch, files = self.context.name, tuple(sorted(planned.files.paths))
        return ApproveSummary(branch, tip.commit, by.by, by.at, planned.approved, files, (), changes)
