"""A person's world while a life is played: a folder of documents, a knowledge base, and what the person wrote in it.

Commands run in this process through gitkb's own command line; commits of the person are git's.
"""

import io
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from gitkb.__main__ import run
from gitkb.api.knowledge_base import KnowledgeBase
from tests.life.texts import FILES, text_of

ADA = ("Ada Tester", "ada@example.org")
SIDE = "side"
_CLAIM = re.compile(r"^(?:- )?(?P<claim>\w[^\n]*?)\s\[[^\n]*\]\([^\n]*\)\[\^[^\]\n]+\]$", re.MULTILINE)
_WORD = re.compile(r"q\d+q")


@dataclass(frozen=True)
class Ran:
    """What a command line gave."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Word:
    """A word that a person wrote on a page; `changed`: in place of one of a claim's. `gone`: into history."""

    text: str
    page: str
    changed: bool
    gone: bool = False


@dataclass
class World:
    """`top` holds `docs/`, the knowledge base `kb/`, and nothing else."""

    top: Path
    words: dict[str, Word] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)
    """How many claims the person has deleted, by page."""
    dirty: set[str] = field(default_factory=set)
    """Paths of the worktree with edits that nobody has committed yet."""

    @classmethod
    def make(cls, top: Path) -> "World":
        """A knowledge base of three documents."""
        world = cls(top)
        for number in (0, 2, 5):
            world.write(number, number, 0)
        assert world.run("init", bare=True).code == 0
        for key, value in zip(("user.name", "user.email"), ADA, strict=True):
            pygit2.Repository(str(world.kb)).config[key] = value
        assert world.add().code == 0
        return world

    def copy(self, top: Path) -> "World":
        """The same world elsewhere."""
        shutil.copytree(self.top, top, symlinks=True)
        return World(
            top,
            {name: Word(w.text, w.page, w.changed, w.gone) for name, w in self.words.items()},
            self.struck.copy(),
            set(self.dirty),
        )

    @property
    def kb(self) -> Path:
        return self.top / "kb"

    @property
    def docs(self) -> Path:
        return self.top / "docs"

    # The person's own hands.

    def file(self, number: int) -> Path:
        return self.docs / FILES[number % len(FILES)]

    def write(self, number: int, subject: int, version: int) -> None:
        """Writes a file of the folder."""
        self.file(number).parent.mkdir(parents=True, exist_ok=True)
        self.file(number).write_text(text_of(subject, version), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """The folder's files by source path ("docs/wal.md")."""
        found = (path for path in sorted(self.docs.rglob("*")) if path.is_file())
        return {path.relative_to(self.top).as_posix(): path.read_bytes() for path in found}

    def git(self, *arguments: str) -> str:
        """What the git program prints."""
        person = {
            f"GIT_{role}_{what}": v for role in ("AUTHOR", "COMMITTER") for what, v in zip(("NAME", "EMAIL"), ADA, strict=True)
        }
        command = ["git", "-C", str(self.kb), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | person, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def edit(self, page: str, line: int | None, word: str) -> bool:
        """Writes a word on a page of the worktree: in its Notes, or in a claim. False where there is none."""
        file = self.kb / page
        text = edited(file.read_text(encoding="utf-8"), line, word)
        if text is None:
            return False
        file.write_text(text, encoding="utf-8")
        self.words[word] = Word(word, page, line is not None)
        self.dirty.add(page)
        return True

    def strike(self, page: str, line: int) -> None:
        """Deletes a claim from a page of the worktree."""
        file = self.kb / page
        text = file.read_text(encoding="utf-8")
        claims = [claim for claim in _CLAIM.finditer(text) if not _WORD.search(claim[0])]
        claim = claims[line % len(claims)]
        file.write_text(text[: claim.start()] + text[claim.end() + 1 :], encoding="utf-8")
        self.struck[page] += 1
        self.dirty.add(page)

    def own(self, targets: Sequence[str], word: str) -> str:
        """Commits a page of the person's own that leads to others, and returns its path."""
        path = f"wiki/own-{word}.md"
        links = "".join(f"See [this]({target.removeprefix('wiki/')}).\n" for target in targets)
        (self.kb / path).write_text(f"# {word}\n\n{links}", encoding="utf-8")
        self.words[word] = Word(word, path, False)
        self.git("add", path)
        self.commit(path)
        return path

    def commit(self, path: str) -> None:
        """Commits one path, as a person does."""
        self.git("commit", "-q", "-m", f"note on {path}", "--", path)
        self.dirty.discard(path)

    def edit_on_side(self, page: str, line: int | None, word: str) -> bool:
        """The same on the branch, committed."""
        text = edited(self.tree(SIDE)[page].decode(), line, word)
        if text is None:
            return False
        repository = pygit2.Repository(str(self.kb))
        tip = repository.branches[SIDE].peel(pygit2.Commit)
        index = pygit2.Index()
        index.read_tree(tip.tree)
        index.add(pygit2.IndexEntry(page, repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB))
        person = pygit2.Signature(*ADA, tip.commit_time, 0)
        repository.create_commit(f"refs/heads/{SIDE}", person, person, f"note on {page}", index.write_tree(repository), [tip.id])
        self.words[word] = Word(word, page, line is not None)
        return True

    # What stands there.

    def run(self, *arguments: str, bare: bool = False) -> Ran:
        """A command on the knowledge base (`bare`: with the knowledge base as its argument)."""
        given = (*arguments, str(self.kb)) if bare else (*arguments, "--kb", str(self.kb))
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            code = int(run(given))
        out, err = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
        return Ran(given, code, out, err)

    def add(self, *options: str) -> Ran:
        """The folder is added."""
        return self.run("add", str(self.docs), "--older", "--jobs", "1", "--into", "docs", *options)

    def base(self) -> KnowledgeBase:
        return KnowledgeBase.open(self.kb)

    def tip(self, rev: str = "main") -> str:
        return str(pygit2.Repository(str(self.kb)).revparse_single(rev).peel(pygit2.Commit).id)

    def has(self, branch: str) -> bool:
        return branch in pygit2.Repository(str(self.kb)).branches

    def tree(self, rev: str = "main") -> dict[str, bytes]:
        """Every file of a revision."""
        repository = pygit2.Repository(str(self.kb))
        return dict(_files(repository.revparse_single(rev).peel(pygit2.Tree), ""))

    def status(self) -> set[str]:
        """git's own: a line for each path that is not as in the tip."""
        return set(self.git("status", "--porcelain", "-uall").splitlines())

    def outside(self) -> dict[str, bytes]:
        """All files that are not the knowledge base's."""
        places = [path for path in self.top.rglob("*") if self.kb not in (path, *path.parents)]
        home = list(Path(os.environ["HOME"]).rglob("*"))
        return {str(path): path.read_bytes() for path in (*places, *home) if path.is_file()}


def _files(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif isinstance(entry, pygit2.Blob):
            yield f"{prefix}{entry.name}", entry.data


def has_claims(text: str) -> bool:
    """Whether a page has a claim in which a word can be changed."""
    return any(not _WORD.search(claim[0]) for claim in _CLAIM.finditer(text))


def edited(text: str, line: int | None, word: str) -> str | None:
    """A page with a word of a person: at its end below `## Notes`, or in the claim of this number; None where it has none."""
    if line is None:
        notes = "" if "\n## Notes\n" in text else "\n## Notes\n"
        return f"{text}{notes}\nI wrote {word} here.\n"
    claims = [claim for claim in _CLAIM.finditer(text) if not _WORD.search(claim[0])]
    if not claims:
        return None
    claim = claims[line % len(claims)]
    words = claim["claim"].split(" ")
    middle = len(words) // 2
    changed = " ".join([*words[:middle], word, *words[middle + 1 :]])
    return text[: claim.start("claim")] + changed + text[claim.end("claim") :]
