"""What is tried: small knowledge bases, each with one command that changes it, and the command that goes on after a crash.

A scene's folder holds everything: `kb`, `docs`, and `hub.git` where there is a remote, named by relative paths, so that a copy of
the folder is the same scene again.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.strace import Ran, Runner

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WORDS = "These words are a person's."
JOBS = ("--jobs", "1")


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The git program as a person."""
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
    }
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=os.environ | person, check=check)


@dataclass(frozen=True, slots=True)
class Scene:
    """`command` has `{top}` for the scene's folder. After a crash the same command goes on, or `then` where there is one; with
    `once` it is `refresh` where the documents are already as they should be. `edits` are pages that hold a person's words in the
    end, `stood` where such words stand before, uncommitted, when the command moves them to another page."""

    name: str
    make: Callable[[Runner, Path], None]
    command: tuple[str, ...]
    then: tuple[str, ...] = ()
    once: bool = False
    edits: tuple[str, ...] = ()
    stood: tuple[str, ...] = ()
    hub: bool = False
    bare: bool = False

    def arguments(self, top: Path) -> list[str]:
        """The words of the command in a folder."""
        return at(top, self.command)


def at(top: Path, words: Sequence[str]) -> list[str]:
    """A command's words in a folder."""
    return [word.replace("{top}", str(top)) for word in words]


def run(runner: Runner, top: Path, *arguments: str) -> Ran:
    """A command that prepares a scene and has to succeed."""
    ran = runner.run(at(top, arguments), top)
    assert ran.code == 0, (arguments, ran)
    (top / "out").unlink()
    return ran


_SAID = (
    "a file that holds every change of the database before the page does",
    "a sequence of records that only ever grows at its end",
    "the one place where a committed change is safe at once",
    "a diary of the server, read again after every crash",
)


def _document(number: int, more: str = "") -> str:
    return (
        f"# Case {number}\n\nA write-ahead log is {_SAID[number - 1]}.\n\n## Recovery from the write-ahead log\n\n"
        f"The recovery process of case {number} reads the write-ahead log from its last checkpoint.\n{more}"
    )


def _page(word: str) -> str:
    return (
        "<html><body><h1>Logs</h1><p>A checkpoint is a point in the write-ahead log from which recovery starts again.</p>"
        f'<p>See {word} <img alt="dot" src="data:image/png;base64,{PIXEL}"></p></body></html>'
    )


def _write(top: Path, name: str, text: str) -> None:
    file = top / "docs" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _documents(top: Path) -> None:
    _write(top, "case-1.md", _document(1))
    _write(top, "same.md", _document(1))
    _write(top, "case-2.md", _document(2))
    _write(top, "sub/logs.html", _page("this"))


def empty(runner: Runner, top: Path) -> None:
    """An empty knowledge base, and a folder with a picture, a duplicate, and a page that two documents share."""
    run(runner, top, "init", "{top}/kb")
    _documents(top)


def filled(runner: Runner, top: Path) -> None:
    """The same documents added."""
    empty(runner, top)
    run(runner, top, "add", "{top}/docs", "--kb", "{top}/kb", *JOBS)


def _edit(top: Path, page: str) -> None:
    file = top / "kb" / page
    file.write_text(file.read_text(encoding="utf-8") + f"\n## Notes\n\n{WORDS}\n", encoding="utf-8")


APPROVED = ("wiki/concepts/write-ahead-log.md", "wiki/index.md")
EDITED = ("wiki/concepts/write-ahead-log.md", "wiki/summaries/docs/case-2.md")


def changed(runner: Runner, top: Path) -> None:
    """A document changed, one lost its picture, one is new, and a person has edited a shared page and a summary."""
    filled(runner, top)
    _write(top, "case-2.md", _document(2, "\nA torn page is a page of which only a part was written.\n"))
    _write(top, "sub/logs.html", _page("that").replace("<img", "<i").replace("write-ahead log", "journal"))
    _write(top, "case-3.md", _document(3))
    for page in EDITED:
        _edit(top, page)


MOVED = ("wiki/summaries/docs/moved/case-2.md", "wiki/sources/docs/moved/case-2.md")
STOOD = "wiki/sources/docs/case-2.md"


def moved(runner: Runner, top: Path) -> None:
    """A folder was renamed and a file moved into it; a person has edited its pages, one committed and one not."""
    filled(runner, top)
    (top / "docs/sub").rename(top / "docs/moved")
    (top / "docs/case-2.md").rename(top / "docs/moved/case-2.md")
    _edit(top, "wiki/summaries/docs/case-2.md")
    git(top / "kb", "commit", "-qam", "mine")
    _edit(top, STOOD)


def gone(runner: Runner, top: Path) -> None:
    """Files are gone, one of them a document's whose bytes another has; one is new; a person has edited a shared page."""
    filled(runner, top)
    for name in ("case-1.md", "case-2.md"):
        (top / "docs" / name).unlink()
    _write(top, "case-3.md", _document(3))
    _edit(top, EDITED[0])


def set_otherwise(runner: Runner, top: Path) -> None:
    """A setting changed that makes every document outdated; a person has edited a shared page and a summary."""
    filled(runner, top)
    config = top / "kb/.gitkb/config.yaml"
    config.write_text(f"{config.read_text(encoding='utf-8')}language: de\n", encoding="utf-8")
    git(top / "kb", "commit", "-qam", "settings")
    for page in EDITED:
        _edit(top, page)


def to_remove(runner: Runner, top: Path) -> None:
    """A knowledge base where a person has edited a page of the document to be removed, and a shared one."""
    filled(runner, top)
    for page in EDITED:
        _edit(top, page)
    git(top / "kb", "commit", "-qam", "mine")


NOTE, SPACE, MERGED = "wiki/team/note.md", "wiki/concepts/color-space.md", "wiki/concepts/colour-space.md"


def to_decide(runner: Runner, top: Path) -> None:
    """A knowledge base where a person has edited the page that is to go on another, and has not committed it."""
    _spaces(top)
    filled(runner, top)
    _edit(top, SPACE)


def _spaces(top: Path) -> None:
    """Two documents that spell one name differently."""
    _write(top, "colour.md", "# Colour space\n\nA colour space is a model of how the colours of a picture are numbered.\n")
    _write(top, "color.md", "# Color space\n\nA color space is a set of colors that a screen can show.\n")


def to_lint(runner: Runner, top: Path) -> None:
    """Two spellings of one name, a person's page with links to one of them and to a page that moved, and an edit of the
    other that is not committed."""
    _spaces(top)
    filled(runner, top)
    note = top / "kb" / NOTE
    (note.parent / "old").mkdir(parents=True)
    note.write_text(
        f"# Note\n\n{WORDS} See [spaces](../concepts/color-space.md) and [how](howto.md), not `[how](howto.md)`.\n", "utf-8"
    )
    (note.parent / "old" / "howto.md").write_text("# How to\n\nSee [the note](../note.md).\n", encoding="utf-8")
    git(top / "kb", "add", "wiki")
    git(top / "kb", "commit", "-qm", "notes")
    _edit(top, MERGED)


def pending(runner: Runner, top: Path) -> None:
    """Documents came by a merge of a branch: their pages are pending."""
    filled(runner, top)
    _write(top, "case-3.md", _document(3))
    run(runner, top, "add", "{top}/docs", "--kb", "{top}/kb", "--branch", "more", *JOBS)
    git(top / "kb", "merge", "-q", "more")
    git(top / "kb", "branch", "-q", "-d", "more")


def diverged(runner: Runner, top: Path) -> None:
    """Two branches with documents of their own."""
    filled(runner, top)
    shutil.copytree(top / "docs", top / "all")
    for number, branch in ((3, "side"), (4, "main")):
        shutil.rmtree(top / "docs")
        shutil.copytree(top / "all", top / "docs")
        _write(top, f"case-{number}.md", _document(number))
        run(runner, top, "add", "{top}/docs", "--kb", "{top}/kb", "--branch", branch, *JOBS)
    shutil.rmtree(top / "all")


def shared(runner: Runner, top: Path) -> None:
    """A hub where somebody has pushed a document, and a clone with another one to push."""
    diverged(runner, top)
    git(top, "clone", "-q", "--bare", "kb", "hub.git")
    git(top / "hub.git", "update-ref", "refs/heads/main", "refs/heads/side")
    git(top / "hub.git", "branch", "-q", "-D", "side")
    git(top / "hub.git", "remote", "remove", "origin")
    git(top / "kb", "branch", "-q", "-D", "side")
    git(top / "kb", "remote", "add", "origin", "../hub.git")


def approving(runner: Runner, top: Path) -> None:
    """A page to approve that a person has edited and not committed, like the root index, which approving leaves alone."""
    filled(runner, top)
    git(top / "kb", "config", "user.name", "Ada")
    git(top / "kb", "config", "user.email", "ada@example.org")
    for page in APPROVED:
        _edit(top, page)


def older(runner: Runner, top: Path) -> None:
    """A knowledge base of format 1, as the last version that wrote it left it, with an edit and a document to add."""
    changed(runner, top)
    config = top / "kb" / ".gitkb" / "config.yaml"
    config.write_text("format: 1\n", encoding="utf-8")
    git(top / "kb", "rm", "-q", ".gitkb/pages.json")
    git(top / "kb", "commit", "-qm", "as it was", "--", ".gitkb")


def bare(runner: Runner, top: Path) -> None:
    """A bare knowledge base."""
    empty(runner, top)
    git(top, "clone", "-q", "--bare", "kb", "bare.git")
    shutil.rmtree(top / "kb")
    (top / "bare.git").rename(top / "kb")
    git(top / "kb", "remote", "remove", "origin")


def killed(at_line: str, scene: Scene, nth: int = 0) -> Callable[[Runner, Path], None]:
    """The scene that a kill leaves at the `nth` call whose line holds some words."""

    def make(runner: Runner, top: Path) -> None:
        scene.make(runner, top)
        copy = top.with_name(f"{top.name}-copy")
        shutil.copytree(top, copy, symlinks=True)
        calls, _ = runner.calls(scene.arguments(copy), copy)
        shutil.rmtree(copy)
        call = [call for call in calls if at_line in call.line][nth]
        ran = runner.kill(scene.arguments(top), top, call)
        assert ran.killed, ran
        (top / "out").unlink()

    return make


def typed_after(make: Callable[[Runner, Path], None], page: str) -> Callable[[Runner, Path], None]:
    """A scene in which a person then edits a page that recovery is about to write."""

    def typed(runner: Runner, top: Path) -> None:
        make(runner, top)
        _edit(top, page)

    return typed


ADD = ("add", "{top}/docs", "--kb", "{top}/kb", "--json", *JOBS)
RECOVER = ("recover", "--kb", "{top}/kb")
SWAP = '"/kb/.git/refs/heads/main.lock", "/kb/.git/refs/heads/main"'
INDEX = "wiki/index.md"
LINTED = ("--only", "near-duplicate", "--only", "dead-link")
ADDING = Scene("add", empty, ADD)
CHANGING = Scene("change", changed, ADD, edits=EDITED)
SCENES = (
    ADDING,
    CHANGING,
    Scene("rename", moved, ADD, edits=MOVED, stood=(STOOD,)),
    Scene("prune", gone, (*ADD, "--prune"), edits=EDITED[:1]),
    Scene("recompile", set_otherwise, ("recompile", "--outdated", "--kb", "{top}/kb", "--json", *JOBS), edits=EDITED),
    Scene("remove", to_remove, ("remove", "docs/case-2", "--kb", "{top}/kb", "--json"), once=True, edits=EDITED[:1]),
    Scene("undo", to_remove, ("undo", "docs/sub/logs", "--kb", "{top}/kb", "--json"), once=True, edits=EDITED),
    Scene("refresh", pending, ("refresh", "--kb", "{top}/kb", "--json")),
    Scene(
        "same",
        to_decide,
        ("same", "concepts/color-space", "concepts/colour-space", "--kb", "{top}/kb", "--json"),
        edits=(SPACE,),
    ),
    Scene("lint --fix", to_lint, ("lint", "--fix", *LINTED, "--kb", "{top}/kb", "--json"), edits=(NOTE, MERGED)),
    Scene("merge", diverged, ("merge", "side", "--kb", "{top}/kb", "--json")),
    Scene("pull", shared, ("pull", "--kb", "{top}/kb", "--json"), hub=True),
    Scene("push", shared, ("push", "--kb", "{top}/kb", "--json"), hub=True),
    Scene(
        "approve",
        approving,
        ("approve", "write-ahead-log", "--date", "2026-11-24", "--kb", "{top}/kb", "--json"),
        edits=APPROVED,
    ),
    Scene("migrate", older, ADD, edits=EDITED),
    Scene("bare", bare, ADD, bare=True),
    Scene("recover before the swap", killed(SWAP, ADDING), RECOVER, ADD),
    Scene("recover new files", killed("RENAME_NOREPLACE", ADDING, 3), RECOVER, ADD),
    Scene("recover beside an edit", typed_after(killed("RENAME_NOREPLACE", ADDING, -1), INDEX), RECOVER, ADD, edits=(INDEX,)),
    Scene("recover changed files", killed("RENAME_EXCHANGE", CHANGING, -2), RECOVER, ADD, edits=EDITED),
)
