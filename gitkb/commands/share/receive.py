"""Judges a push before a bare repository takes it: what its refs become, what its commits carry, whether its tips are sound.

Invariant: reads only, quarantine included, and needs no trust in what was pushed. Every new commit is looked through for
entries that could harm whoever checks it out; a branch's tip must be sound in all that the push changes.
"""

from collections.abc import Iterator, Sequence

from gitkb.catalog.catalog import Catalog
from gitkb.commands.inspect.check_revision import check_changed
from gitkb.errors import ConfigError, FormatError, NotFound
from gitkb.formats.settings import CONFIG_PATH, Settings, parse_settings
from gitkb.model.findings import Problem, RefUpdate, Refused
from gitkb.store.incoming_push import RawEntry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.harmful_entries import harm

_HEADS, _OWN_REFS = "refs/heads/", "refs/gitkb/"


def judge_push(store: Store, catalog: Catalog, updates: Sequence[RefUpdate]) -> list[Refused]:
    """The updates to refuse, each with all its reasons, in the order they came; none where the push is good."""
    judge = _Judge(store, catalog)
    judged = [Refused(update.ref, tuple(dict.fromkeys(judge.problems(update)))) for update in updates]
    return [refused for refused in judged if refused.problems]


def check_push(
    store: Store, catalog: Catalog, pages_branch: str, remote: str, pushed: Sequence[tuple[str, str]]
) -> list[Refused]:
    """The commits to be pushed (each with what it replaces there, "" for nothing) that are broken, before they leave.

    What the remote has of a new branch is what this repository last saw of the pages branch there.
    """
    received, found = store.received(), []
    for new, old in pushed:
        commit = received.commit(new) if new else None
        if commit is not None:
            known = received.commit(old) if old else None
            known = known or received.shared(commit, f"refs/remotes/{remote}/{pages_branch}")
            base, tip = store.snapshot(known) if known is not None else None, store.snapshot(commit)
            if tip.blob(CONFIG_PATH) is not None or (base is not None and base.blob(CONFIG_PATH) is not None):
                found.append(Refused(commit, check_changed(store, catalog, base, tip).problems))
    return [refused for refused in found if refused.problems]


def _harm(entry: RawEntry, inside: bytes) -> str | None:
    """The reason why an entry could do harm, in the repository or in the folder of the knowledge base there."""
    reason = harm(entry.above, entry.name, entry.mode, entry.beside)
    if reason is None and inside and entry.above.startswith(inside):
        return harm(entry.above[len(inside) :], entry.name, entry.mode, entry.beside)
    return reason


class _Judge:
    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store, self._catalog = store, catalog
        self._received = store.received()
        try:
            self._head: Snapshot | None = store.snapshot()
        except NotFound:
            self._head = None
        self._seen: dict[str, list[Problem]] = {}

    def problems(self, update: RefUpdate) -> Iterator[Problem]:
        if update.ref.startswith(_OWN_REFS):
            yield Problem("own-ref", update.ref, "Refs below refs/gitkb/ are each clone's own and are never pushed.")
            return
        if update.ref == self._protected():
            yield from self._rewound(update)
        commit = self._received.commit(update.new) if update.new else None
        if commit is None:
            return
        harmful = list(self._harmful(commit))
        yield from harmful
        if update.ref.startswith(_HEADS) and not harmful:
            yield from self._unsound(update, commit)

    def _protected(self) -> str:
        """The pages branch, which only moves forward; where every branch carries pages, the one that HEAD names."""
        content = self._head.read(CONFIG_PATH) if self._head is not None else None
        branch = "*"
        if content is not None:
            try:
                branch = parse_settings(content.decode("utf-8", "replace")).pages.branch
            except (ConfigError, FormatError):
                branch = Settings().pages.branch
        return self._received.head() if branch == "*" else f"{_HEADS}{branch}"

    def _rewound(self, update: RefUpdate) -> Iterator[Problem]:
        name = update.ref.removeprefix(_HEADS)
        if update.old and not update.new:
            yield Problem("deleted-branch", update.ref, f"{name} is the pages branch and cannot be deleted.")
        elif update.old and not self._received.holds(update.new, update.old):
            message = f"{name} is the pages branch and only moves forward. Merge what it has (gitkb pull), then push again."
            yield Problem("rewound-branch", update.ref, message)

    def _harmful(self, tip: str) -> Iterator[Problem]:
        for commit in self._received.commits(tip):
            if commit not in self._seen:
                inside = self._store.snapshot(commit).inside
                self._seen[commit] = [
                    Problem("harmful-path", entry.path.decode("utf-8", "backslashreplace"), reason)
                    for entry in self._received.entries(commit)
                    if (reason := _harm(entry, f"{inside}/".encode() if inside else b"")) is not None
                ]
            yield from self._seen[commit]

    def _unsound(self, update: RefUpdate, commit: str) -> Iterator[Problem]:
        tip = self._store.snapshot(commit)
        base = self._store.snapshot(update.old) if update.old else self._head
        if tip.blob(CONFIG_PATH) is None and (base is None or base.blob(CONFIG_PATH) is None):
            return  # no knowledge base, and none before: not ours to judge
        yield from check_changed(self._store, self._catalog, base, tip).problems
