"""Where a run writes, and what it keeps between its transactions.

Invariant: objects reach the repository as packs made in the run's folder, never loose and never under git's temporary
names. A `Writer` belongs to one run and one thread.
"""

import logging
import os
from pathlib import Path

import pygit2
from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.store.lfs import Originals
from gitkb.store.local.durable_files import Hardened, library_errors
from gitkb.store.local.local_folder import JOURNAL_FILE, Note, RunFolder
from gitkb.store.objects import ObjectBuffer
from gitkb.store.snapshot import ObjectReader
from gitkb.store.transaction.commit_group import Signers, make_commit
from gitkb.store.transaction.index_file import IndexFile, file_signature
from gitkb.store.transaction.refs import JOURNAL_REFS, keep_rescued
from gitkb.store.transaction.worktree import Worktree
from gitkb.store.tree_builder import EMPTY_TREE, TreeEditor
from gitkb.store.values import Rescued, Version

_log = logging.getLogger(__name__)
_TRIES = 4


class Place(Struct):
    """Where a run writes: the repository's folders, the branch, the worktree that shows it (None: none does), and the folder
    `inside` of the repository in which the knowledge base is ("": its top)."""

    common: Path
    git_dir: Path
    branch: str
    worktree: Worktree | None
    folder: RunFolder
    reader: ObjectReader
    originals: Originals
    who: str = ""
    inside: str = ""
    rescued: list[Rescued] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The folder that a person knows as the knowledge base: the worktree that shows the branch, else the repository."""
        return self.worktree.root if self.worktree is not None else self.git_dir

    @property
    def index_file(self) -> Path:
        return self.git_dir / "index"

    @property
    def index_lock(self) -> Path:
        return self.git_dir / "index.lock"

    @property
    def shown(self) -> bool:
        """Whether HEAD of this worktree (or of the bare repository) names the run's branch."""
        return self.reader.repository.lookup_reference("HEAD").target == self.branch

    def rescue(self, path: str, file: Path) -> None:
        """Keeps a person's file that stood where gitkb writes under a ref, and notes it for the report."""
        data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
        self.rescued.append(keep_rescued(self.reader.repository, self.common, self.folder, path, data, self.who))


class Writer:
    """What a run keeps between its transactions: the new objects, the decoded index, who commits."""

    def __init__(self, place: Place, note: Note, signers: Signers) -> None:
        self.place, self.note, self.signers = place, note, signers
        self.buffer = ObjectBuffer()
        self.index: IndexFile | None = None
        self.hardened = Hardened(place.common, place.folder.folder.parent.parent / "hardened", place.folder.folder)

    def spill(self) -> None:
        """Write the buffered objects as a pack into the run's folder."""
        self.place.folder.packs.mkdir(exist_ok=True)
        self.buffer.drain(self.place.folder.packs)

    def discard(self) -> None:
        """Forget a group that was not published."""
        self.buffer.clear()
        for file in self.place.folder.packs.glob("*"):
            file.unlink()

    def fresh_index(self) -> IndexFile:
        """The index as it is now; decoded anew only if somebody else wrote it."""
        if self.index is None or self.index.signature != file_signature(self.place.index_file):
            self.index = IndexFile(self.place.index_file, self.place.folder.index_draft)
        return self.index

    def journal(self, note: Note, parent: str) -> str:
        """Put a journal commit into the buffer: its parent keeps the last good commit from being collected."""
        editor = TreeEditor(lambda _: b"", self.buffer, EMPTY_TREE)
        editor.put(JOURNAL_FILE, Version(self.buffer.put("blob", note.encode())))
        parents = [parent] if parent else []
        # Nobody ever sees it, so no key is asked for it.
        signers = replace(self.signers, sign=None, trailer="")
        return make_commit(self.buffer, editor.write(), parents, signers, f"gitkb run {self.place.folder.id}")

    def set_journal(self, oid: str) -> None:
        """Point the journal ref at a durable commit."""
        ref = f"{JOURNAL_REFS}{self.place.folder.id}"
        with library_errors(f"write {ref}"):
            for _ in range(_TRIES):
                try:
                    self.place.reader.repository.references.create(ref, pygit2.Oid(hex=oid), force=True)
                    return
                except (pygit2.GitError, OSError) as error:
                    # `git pack-refs` takes an empty folder away between the moment it is made and that of the file in it.
                    _log.debug("the journal %s is written again: %s", ref, error)
            self.place.reader.repository.references.create(ref, pygit2.Oid(hex=oid), force=True)
