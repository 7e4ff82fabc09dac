"""The `Listener` that a caller passes to hear of the work while it goes on. The default one is silent and costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gitkb.model.results import AddSummary, DocumentResult, GoneDocument, Older, Private


class Progress(Struct, frozen=True):
    """How far an `add` is: numbers of sources."""

    total: int = 0
    prepared: int = 0
    committed: int = 0
    failed: int = 0


class Scanned(Struct, frozen=True):
    """What a scan found: `folder` as it will be named, supported files, and the paths of those not supported."""

    folder: str
    found: int
    unsupported: Sequence[str] = field(default=())


class Talking(Struct, frozen=True):
    """What models say now: how many questions are under way, about how many tokens have come in this run, and how many a
    second."""

    asked: int
    tokens: int
    rate: float


class Batching(Struct, frozen=True):
    """What waits at a server: so many batches, their questions, and how many of these are answered; all 0 when none does."""

    batches: int = 0
    questions: int = 0
    answered: int = 0


class Indexing(Struct, frozen=True):
    """How far the index of the search is, after the run's last commit: numbers of pages that came or changed."""

    pages: int
    done: int


class Listener:
    """Receives what happens; every method may be overridden.

    `message` and `talking` may be called from any thread, also while another method runs: threads that ask a model and those that
    watch folders speak, too. All other methods are called in the thread that called the library, one after another.
    """

    def message(self, text: str) -> None:
        """A sentence for the person, such as what recovery did."""

    def scanned(self, event: Scanned) -> None:
        """The scan of one root has ended."""

    def gone(self, documents: Sequence[GoneDocument]) -> None:
        """These documents are about to be removed, because their files are gone; called before anything is changed."""

    def staying(self, documents: Sequence[GoneDocument]) -> None:
        """The files of these documents are gone, and the documents stay, because they were not to be pruned."""

    def older(self, documents: Sequence[Older]) -> bool:
        """These sources are older than the knowledge base; whether to leave them out. Called before anything is changed."""
        return True

    def private(self, documents: Sequence[Private]) -> bool:
        """These sources look private; whether they may be sent to a model that is neither on this machine nor in its network.
        Called when all others are in."""
        return False

    def progress(self, event: Progress) -> None:
        """Counts have changed."""

    def indexing(self, event: Indexing) -> None:
        """More pages are in the index of the search; the documents are all committed by then."""

    def talking(self, event: Talking) -> None:
        """Models have said more, or were asked something."""

    def batching(self, event: Batching) -> None:
        """The batches that a run waits for were looked at; this may go on for hours."""

    def document(self, result: DocumentResult) -> None:
        """A source has its outcome; called in scan order, for an added one after its commit is published."""

    def unwritten(self, what: str) -> None:
        """A model has not answered for a page or a pair of names: "concepts/x: the reason". The pages were made without it."""

    def timing(self, document: str, phases: Mapping[str, float]) -> None:
        """Seconds by phase; `document` is empty for phases of the run. Only with `AddOptions.timings`."""


class WatchListener(Listener):
    """Receives besides what happens between the runs of a `watch`."""

    def ran(self, summary: AddSummary) -> None:
        """A run has ended, perhaps without a change."""

    def failed(self, message: str, hint: str) -> None:
        """A run could not be made, or was not ended; it will be tried again."""

    def missing_folder(self, folder: Path) -> None:
        """A folder is gone; it is waited for."""

    def idle(self, folders: Sequence[Path]) -> None:
        """Everything that is there is in; changes are waited for."""
