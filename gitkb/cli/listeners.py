"""Listeners of the commands that write: what the library tells while it works, said to a person or printed for a program.

Invariant: a person's lines go to stderr and a program's objects to stdout, in the order in which they happen. Phases are said
only with -v.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.model.listener import Batching, Indexing, Listener, Progress, Scanned, Talking
from gitkb.model.results import DocumentResult, GoneDocument, Older, Outcome, Private, SkipReason
from gitkb.model.usage import Usage


def spent(usage: Usage, ungrounded: int = 0) -> str:
    """`Model: 24 calls (3 more from the cache), 52,100 tokens in, 6,400 out.`; empty where nothing was asked."""
    if usage == Usage():
        return ""
    cached = f" ({usage.cached:,} more from the cache)" if usage.cached else ""
    line = f"Model: {terminal.counted(usage.calls, 'call')}{cached}, {_tokens(usage)}."
    if ungrounded:
        line += f" Left out {terminal.counted(ungrounded, 'claim')} of the model that the text does not support."
    return line


def _tokens(usage: Usage) -> str:
    """The tokens, as far as the server counted them."""
    if usage.calls and usage.uncounted >= usage.calls:
        return "tokens not known: the server does not count them"
    rest = f"; of {terminal.counted(usage.uncounted, 'call')} not known" if usage.uncounted else ""
    return f"{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out{money(usage)}{rest}"


def money(usage: Usage) -> str:
    """` (0.42 at your prices)`; empty where the person's settings name no prices, or nothing was asked."""
    from gitkb.cli.locate import read_user_settings

    tokens = (usage.tokens_in, usage.tokens_out, usage.batch_in, usage.batch_out)
    cost = read_user_settings(warn=False).cost(*tokens) if any(tokens) else 0.0
    return f" ({cost:,.{2 if cost >= 1 else 4}f} at your prices)" if cost else ""


_NAMED_UNSUPPORTED = 3
_NAMED_OLDER = 20
_TOLD_AT_THE_END = (SkipReason.UNCHANGED, SkipReason.EMPTY, SkipReason.OLDER, SkipReason.REMOVED)


class Messages(Listener):
    """Says messages and, with -v, the seconds of each phase."""

    missing = 0
    """How many pages and pairs of names a model has not answered for."""

    def __init__(self, say: Callable[[str], None] = terminal.say) -> None:
        self.say = say

    def message(self, text: str) -> None:
        self.say(text)

    def unwritten(self, what: str) -> None:
        self.missing += 1
        self.say(f"  no text {what}")

    def timing(self, document: str, phases: Mapping[str, float]) -> None:
        seconds = "  ".join(f"{name} {value:.3f}" for name, value in phases.items())
        self.say(f"  time    {document or 'run'}: {seconds}")


class Skips(Struct):
    """Why sources were skipped, counted; of those that are empty, their paths, of those that people removed, what
    is to be said of them."""

    unchanged: int = 0
    duplicates: int = 0
    same_pages: int = 0
    older: int = 0
    private: int = 0
    empty: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclasses.dataclass
class Adding(Messages):
    """Follows an `add` or a `recompile`. `advance` receives the counts for a progress display, `tell` what models say now,
    `index` how far the index is, `wait` what waits in batches, and `agreed` asks a person; `json` prints one object a source."""

    json: bool
    say: Callable[[str], None] = terminal.say
    advance: Callable[[Progress], None] | None = None
    tell: Callable[[Talking], None] | None = None
    index: Callable[[Indexing], None] | None = None
    wait: Callable[[Batching], None] | None = None
    dry_run: bool = False
    agreed: Callable[[str], bool] = terminal.agreed
    skips: Skips = dataclasses.field(default_factory=Skips)

    def scanned(self, event: Scanned) -> None:
        found = terminal.counted(event.found, "document")
        self.say(f"Found {found}{': ' if event.found == 1 else ' in '}{event.folder}{_unsupported(event)}.")

    def gone(self, documents: Sequence[GoneDocument]) -> None:
        for each in documents:
            if self.json:
                terminal.tell_json(json_shapes.gone_event(each, staying=False))
            else:
                terminal.tell(f"gone     {each.document}  ({each.source})")

    def staying(self, documents: Sequence[GoneDocument]) -> None:
        if self.json:
            for each in documents:
                terminal.tell_json(json_shapes.gone_event(each, staying=True))
        else:
            one = len(documents) == 1
            what = "1 document whose file is gone stays" if one else f"{len(documents):,} documents whose file is gone stay"
            self.say(f"{what}; --prune removes {'it' if one else 'them'}.")

    def older(self, documents: Sequence[Older]) -> bool:
        one = len(documents) == 1
        for each in documents if self.json else ():
            terminal.tell_json(json_shapes.older_event(each))
        self.say(f"{terminal.counted(len(documents), 'document')} here {'is' if one else 'are'} older than the knowledge base:")
        for each in documents[:_NAMED_OLDER]:
            self.say(f"  {each.document}  {each.said}")
        if len(documents) > _NAMED_OLDER:
            self.say(f"  and {len(documents) - _NAMED_OLDER:,} more")
        if sys.stdin.isatty() and sys.stderr.isatty() and not self.dry_run:
            return terminal.agreed(f"Leave {'it' if one else 'them'} out?", default=True)
        self.say(f"{'It is' if one else 'They are'} left out; --older adds {'it' if one else 'them'} nevertheless.")
        return True

    def private(self, documents: Sequence[Private]) -> bool:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        one = len(documents) == 1
        look = "1 document looks" if one else f"{len(documents):,} documents look"
        self.say(f"{look} private:")
        for each in documents:
            self.say(f"  {each.source}  ({each.kind})")
        return self.agreed(f"Send {'it' if one else 'them'} to the model's server, which is not on this machine?")

    def progress(self, event: Progress) -> None:
        if self.advance is not None:
            self.advance(event)

    def talking(self, event: Talking) -> None:
        if self.tell is not None:
            self.tell(event)

    def batching(self, event: Batching) -> None:
        if self.wait is not None:
            self.wait(event)

    def indexing(self, event: Indexing) -> None:
        if self.index is not None:
            self.index(event)

    def document(self, result: DocumentResult) -> None:
        if result.skipped is SkipReason.UNCHANGED:
            self.skips.unchanged += 1
        elif result.skipped is SkipReason.OLDER:
            self.skips.older += 1
        elif result.skipped is SkipReason.PRIVATE:
            self.skips.private += 1
        elif result.skipped is SkipReason.REMOVED:
            self.skips.removed.append(f"{result.document} {result.reason}")
        elif result.skipped is SkipReason.SAME_PAGE:
            self.skips.same_pages += 1
        elif result.skipped is SkipReason.EMPTY:
            self.skips.empty.append(result.url or result.source)
        elif result.outcome is Outcome.SKIPPED:
            self.skips.duplicates += 1
        if self.json:
            terminal.tell_json(json_shapes.document_event(result))
        else:
            self._say_outcome(result)

    def _say_outcome(self, result: DocumentResult) -> None:
        source = result.url or result.source
        told_at_the_end = result.skipped in _TOLD_AT_THE_END
        if result.outcome is Outcome.FAILED or (result.outcome is Outcome.SKIPPED and not told_at_the_end):
            self.say(f"  {result.outcome:7} {source}: {result.reason}")
        elif self.dry_run and result.outcome not in (Outcome.SKIPPED, Outcome.UNCHANGED, Outcome.REMOVED):
            name = f"{result.before} -> {result.document}" if result.before else result.document
            reason = f": {result.reason}" if result.reason else ""
            terminal.tell(f"{result.outcome}  {name}  ({source}){reason}")


def _unsupported(event: Scanned) -> str:
    if not event.unsupported:
        return ""
    names = ", ".join(event.unsupported[:_NAMED_UNSUPPORTED])
    more = ", ..." if len(event.unsupported) > _NAMED_UNSUPPORTED else ""
    return f" ({len(event.unsupported):,} not supported: {names}{more})"
