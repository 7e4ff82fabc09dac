"""The listener of `gitkb watch`: what each run did is told when it did something, for a person or a program.

Invariant: a run in which nothing happened says nothing; that watching has begun is said once.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitkb.cli import terminal
from gitkb.cli.add import summary_event, tell_summary
from gitkb.cli.listening import Adding, Skips
from gitkb.events import AddOptions, AddSummary, WatchListener
from gitkb.model import DocumentResult, Outcome


@dataclass
class Following(Adding, WatchListener):
    """Follows all runs of a `watch`: each one's documents and, where it did something, its end."""

    options: AddOptions = field(default_factory=AddOptions)
    kb: Path | None = None
    is_told: bool = False
    news: int = 0

    def document(self, result: DocumentResult) -> None:
        self.news += result.outcome is not Outcome.SKIPPED
        super().document(result)

    def ran(self, summary: AddSummary) -> None:
        skips, self.skips = self.skips, Skips()
        summary = replace(summary, skipped=skips.unchanged + skips.duplicates)
        did, self.news = bool(self.news or summary.pages or summary.skipped), 0
        if did and self.json:
            terminal.tell_json(summary_event(summary) | {"unwritten": self.missing})
        elif did:
            tell_summary(summary, skips, self.options, self.kb, next_step=False)
            sys.stdout.flush()
        self.missing = 0

    def failed(self, message: str, hint: str) -> None:
        if self.json:
            terminal.tell_json({"event": "error", "message": message, "hint": hint})
        self.say(f"error: {message} It is tried again.")
        if hint:
            self.say(f"hint:  {hint}")

    def missing_folder(self, folder: Path) -> None:
        self.say(f"{folder} is gone; it is waited for.")
        if self.json:
            terminal.tell_json({"event": "missing", "folder": folder.name})

    def idle(self, folders: Sequence[Path]) -> None:
        if self.is_told:
            return
        self.is_told = True
        if self.json:
            terminal.tell_json({"event": "watching", "folders": [folder.name for folder in folders]})
        names = ", ".join(f"{folder.name}/" for folder in folders)
        self.say(f"Watching {names}. Ctrl-C ends it.")
