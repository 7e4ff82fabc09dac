"""How a knowledge base is shared: merges, remotes, pull requests, hooks, and what a push may bring."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitkb.errors import NotFound
from gitkb.events import (
    InstalledHook,
    Listener,
    MergeChoices,
    MergeSummary,
    PullRequest,
    PushSummary,
    RefUpdate,
    Refused,
)
from gitkb.ingest.notes import Note, noted, remember
from gitkb.kb.base import Base
from gitkb.store import Store

if TYPE_CHECKING:
    from gitkb.ingest.hooks import HookChoice


class Sharing(Base):
    """What connects a knowledge base with others."""

    def merge(self, rev: str, choices: MergeChoices, listener: Listener, branch: str = "") -> MergeSummary:
        """Merges a revision of this repository into a branch; `MergeConflict` names what both sides changed."""
        from gitkb.ingest.sharing import merge_revision

        self._begin(listener, branch)
        return merge_revision(self.store, self.catalog, rev, choices, listener, branch)

    def pull(self, choices: MergeChoices, listener: Listener, *, branch: str = "", remote: str | None = None) -> MergeSummary:
        """Fetches a branch from its remote and merges it; see `gitkb.ingest.sharing`."""
        from gitkb.ingest.sharing import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).pull(choices)

    def push(self, listener: Listener, *, branch: str = "", remote: str | None = None) -> PushSummary:
        """Sends a branch to its remote, merging what came there first; see `gitkb.ingest.sharing`."""
        from gitkb.ingest.sharing import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).push()

    def pull_request(self, listener: Listener, *, branch: str = "", base: str = "", title: str = "") -> PullRequest:
        """Pushes a branch and asks for its merge, with the diff as the text; see `gitkb.ingest.requesting`."""
        from gitkb.ingest.requesting import request_merge

        self.recover(listener)
        return request_merge(self.store, self.catalog, self.settings(), listener, branch=branch, base=base, title=title)

    def _begin(self, listener: Listener, branch: str) -> None:
        """Gets ready, and from now on keeps in mind what a merge changes, for the next command that asks a model."""
        from gitkb.ingest.branches import branch_tip

        branch_tip(self.store, branch or self.store.branch())
        self._ready(listener, branch)
        tip = self.store.snapshot()
        if self.settings(tip).compiler == "llm" and not noted(self.store, Note.TOLD):
            remember(self.store, Note.TOLD, tip)

    @classmethod
    def receiving(cls, path: Path, quarantine: Path | None) -> Self:
        """The repository at a path while git receives a push, whether or not it holds a knowledge base yet."""
        return cls(Store.receiving(path, quarantine))

    def judge_push(self, updates: Sequence[RefUpdate]) -> list[Refused]:
        """What of a push must be refused, and why; see `gitkb.ingest.receive`."""
        from gitkb.ingest.receive import judge_push

        return judge_push(self.store, self.catalog, updates)

    def check_push(self, remote: str, pushed: Sequence[tuple[str, str]]) -> list[Refused]:
        """The commits (`Refused.ref`) of a push, given as (new, old), that are broken in what the remote does not have."""
        from gitkb.ingest.receive import check_push

        return check_push(self.store, self.catalog, self.settings().pages.branch, remote, pushed)

    def bases_of_edits(self, commit: str) -> list[tuple[str, str]]:
        """(path, blob) of the projections to keep beneath the hand edits of a commit; see `gitkb.ingest.hooks`."""
        from gitkb.ingest.hooks import bases_of_edits

        return bases_of_edits(self.store.snapshot(f"{commit}^"), self.store.snapshot(commit))

    def install_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Puts hooks and CI templates in place that run gitkb with this Python; see `gitkb.ingest.hooks`."""
        from gitkb.ingest.hooks import install

        return install(self.store, choice, python, self._pages_branch())

    def installed_hooks(self, python: str) -> list[InstalledHook]:
        """The hooks and CI templates that stand."""
        from gitkb.ingest.hooks import installed

        return installed(self.store, python, self._pages_branch())

    def remove_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Takes hooks and CI templates away and returns them."""
        from gitkb.ingest.hooks import remove

        return remove(self.store, choice, python, self._pages_branch())

    def _pages_branch(self) -> str:
        """The branch on which CI refreshes the pages."""
        try:
            branch = self.settings().pages.branch
        except NotFound:
            return self.store.branch()
        return self.store.branch() if branch == "*" else branch
