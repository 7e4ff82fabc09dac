"""Shows that the oracle works: breaks gitkb on purpose in many ways, and tries points of the matrix until each is noticed.

    python -m tests.crash.mutants [NAME]...

A mutation is made in the processes that are disturbed and in those that go on after them, never in those that make a scene.
One that no rule notices is an error: exit code 1. (That nothing is flushed is for the power-loss check to notice.)
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from tests.crash import matrix, strace
from tests.crash.matrix import Matrix, Point, Trial, adopt_orphans
from tests.crash.oracle import Kind
from tests.crash.scenes import SCENES, git
from tests.support.isolation import isolate

MUTANTS: list["Mutant"] = []


@dataclass(frozen=True, slots=True)
class Mutant:
    """How gitkb is broken, in which scene, at which calls (by words of strace's lines) it is looked for, what must be said."""

    name: str
    apply: Callable[[], None]
    scene: str
    near: tuple[str, ...]
    kind: Kind
    by: str


def mutant(scene: str, near: str | tuple[str, ...], kind: Kind, by: str = "kill") -> Callable[[Callable[[], None]], None]:
    """Registers a mutation; `by` is the kind of point that brings it to light."""

    def register(apply: Callable[[], None]) -> None:
        words = (near,) if isinstance(near, str) else near
        MUTANTS.append(Mutant(apply.__name__.replace("_", " "), apply, scene, words, kind, by))

    return register


def _nothing(*_: Any, **__: Any) -> None:
    """Takes the place of a step that is left out."""


MAIN = '/kb/.git/refs/heads/main"'
WIKI = "/kb/wiki/"


@mutant("add", (".git/objects/pack", MAIN), Kind.BROKEN)
def the_ref_moves_before_its_pack_is_there() -> None:
    from gitkb.errors import RefMoved
    from gitkb.store.transaction import publish

    def swap(self: Any, journal: str, after: str) -> None:
        place = self._writer.place
        token = place.folder.ref_token
        if not publish.swap_ref(place.reader.repository, place.common, place.branch, self._ref_value, after, token, None):
            raise RefMoved("moved")
        with publish.kept_packs(place.folder.packs, place.common / "objects", place.folder.keep_note):
            self._writer.set_journal(journal)

    publish.Transaction._swap = swap  # type: ignore[method-assign]


@mutant("add", (WIKI, ".git/index"), Kind.LOST)
def the_index_is_not_locked() -> None:
    from gitkb.store.transaction import publish as follow

    follow.hold_index = _nothing  # type: ignore[assignment]


@mutant("add", (WIKI, ".git/index"), Kind.LEFT)
def recovery_leaves_the_lock_of_the_index() -> None:
    from gitkb.store.transaction import publish as follow
    from gitkb.store.transaction import recovery

    catch_up = follow.catch_up

    def caught_up(*arguments: Any) -> None:
        release, follow.release_git_lock = follow.release_git_lock, _nothing  # type: ignore[assignment]
        catch_up(*arguments)
        follow.release_git_lock = release

    recovery.catch_up, recovery.release_locks = caught_up, _nothing  # type: ignore[assignment]


@mutant("add", MAIN, Kind.LEFT)
def the_journal_stays() -> None:
    from gitkb.store.transaction import run

    run.delete_ref = _nothing  # type: ignore[assignment]


@mutant("add", WIKI, Kind.BROKEN)
def recovery_forgets_the_worktree() -> None:
    from gitkb.store.transaction import recovery

    recovery.catch_up = _nothing  # type: ignore[assignment]


@mutant("add", WIKI, Kind.BROKEN)
def nothing_says_that_the_worktree_lags() -> None:
    from gitkb.store.local.local_folder import RunFolder

    RunFolder.mark = _nothing  # type: ignore[method-assign]


@mutant("add", (".keep", MAIN), Kind.LEFT)
def packs_are_kept_for_ever() -> None:
    from gitkb.store import objects
    from gitkb.store.transaction import run

    objects.release_keep = run.release_keep = _nothing  # type: ignore[assignment]


@mutant("refresh", MAIN, Kind.LEFT)
def the_scratch_worktree_stays() -> None:
    from gitkb.store.transaction import run

    run.remove_worktree = _nothing  # type: ignore[assignment]


@mutant("refresh", MAIN, Kind.LEFT)
def the_folder_of_the_run_stays() -> None:
    from gitkb.store.local.local_folder import RunFolder

    RunFolder.remove = _nothing  # type: ignore[method-assign]


@mutant("add", "tmp_pack", Kind.LEFT)
def packs_are_written_in_gits_own_folder() -> None:
    from gitkb.store.transaction import run_context

    def spill(self: run_context.Writer) -> None:
        target = self.place.folder.packs
        target.mkdir(exist_ok=True)
        aside = self.place.common / "objects" / "pack" / "tmp_pack"
        aside.mkdir()
        self.buffer.drain(aside)
        for file in aside.iterdir():
            file.rename(target / file.name)
        aside.rmdir()

    run_context.Writer.spill = spill  # type: ignore[method-assign]


@mutant("add", ("packs/", WIKI), Kind.LOST)
def documents_are_reported_before_they_are_durable() -> None:
    from gitkb.commands.add.commit_loop import CommitLoop
    from gitkb.model.results import DocumentResult, Outcome

    publish = CommitLoop._publish

    def published(self: CommitLoop, group: Any) -> Any:
        for ready in group:
            item = ready.item
            self._context.listener.document(DocumentResult(item.document, item.source.path, Outcome.ADDED, "", "", 0.0))
        sys.stdout.flush()
        return publish(self, group)

    CommitLoop._publish = published  # type: ignore[method-assign]


@mutant("change", (WIKI, MAIN), Kind.LOST)
def a_persons_edits_are_overwritten() -> None:
    from gitkb.branch import stored_documents
    from gitkb.model.path_changes import PathChanges
    from gitkb.pages import refresh
    from gitkb.store.transaction import run_context, worktree

    def none(*_: Any) -> PathChanges:
        return PathChanges()

    stored_documents.own_edits = refresh.own_edits = none  # type: ignore[assignment]
    worktree.Worktree.check = _nothing  # type: ignore[method-assign]
    run_context.Place.rescue = _nothing  # type: ignore[method-assign]


@mutant("add", (MAIN, "publishing"), Kind.OTHER)
def pages_count_as_made_before_they_are() -> None:
    from gitkb.pages import refresh
    from gitkb.wiki.projection import PROJECTION

    project = refresh.project_tree

    def projected(store: Any, catalog: Any, tree: Any, **options: Any) -> Any:
        made = project(store, catalog, tree, **options)
        (store.local / "whole").write_text(f"{PROJECTION} {tree.oid}\n", encoding="ascii")
        return made

    refresh.project_tree = projected


@mutant("add", MAIN, Kind.BROKEN)
def a_document_comes_in_two_steps() -> None:
    from gitkb.store.transaction import publish

    whole = publish.Transaction.publish

    def halves(self: publish.Transaction, commits: Any, progress: str = "") -> list[str]:
        oids = []
        for commit in commits:
            names = sorted(commit.changes)
            for some in (names[:1], names[1:]):
                if some:
                    part = structs.replace(commit, changes={name: commit.changes[name] for name in some})
                    oid = whole(self, [part], progress)[0]
            oids.append(oid)
        return oids

    publish.Transaction.publish = halves  # type: ignore[method-assign]


@mutant("add", WIKI, Kind.LOST)
def recovery_takes_the_branch_back() -> None:
    from gitkb.store.transaction import recovery

    release = recovery.release_locks

    def released(place: Any) -> None:
        (place.common / place.branch).write_text(f"{git_first(place.common)}\n", encoding="ascii")
        release(place)

    recovery.release_locks = released


def git_first(common: Path) -> str:
    """The first commit of the branch."""
    return git(common, "rev-list", "--max-parents=0", "HEAD").stdout.split()[0]


@mutant("refresh", MAIN, Kind.LEFT)
def nobody_recovers() -> None:
    from gitkb.api.knowledge_base import KnowledgeBase

    KnowledgeBase.recover = lambda *_: False  # type: ignore[method-assign]


@mutant("add", "/out>", Kind.OTHER)
def conversions_are_not_remembered() -> None:
    from gitkb.intake.prepare import pool

    script = "from gitkb.intake.prepare.cache import Cache; Cache._store = lambda *_: None\n"
    script += "from gitkb.intake.prepare.worker import main; main()"

    class Forgetful(subprocess.Popen[bytes]):
        def __init__(self, command: Any, **options: Any) -> None:
            worker = "gitkb.intake.prepare.worker" in command
            super().__init__([*command[:2], "-c", script] if worker else command, **options)

    pool.subprocess.Popen = Forgetful  # type: ignore[misc]


@mutant("add", WIKI, Kind.BROKEN, by="error")
def errors_in_the_worktree_are_swallowed() -> None:
    from gitkb.store.transaction import worktree

    move = worktree.move_new

    def careless(source: Path, target: Path) -> None:
        try:
            move(source, target)
        except OSError:
            source.unlink()

    worktree.move_new = careless


@mutant("add", "packs/", Kind.WORDS, by="error")
def a_full_disk_is_a_traceback() -> None:
    from gitkb.cli import boundary

    def raw(error: OSError) -> str:
        raise RuntimeError(str(error)) from error

    boundary._os_reason = raw


@contextmanager
def workshop() -> Iterator[Matrix]:
    """A matrix in a folder of its own, with everything loaded and nothing made."""
    with tempfile.TemporaryDirectory(prefix="gitkb-mutants-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        isolate(folder / "home")
        matrix.keep_compiled(folder)
        adopt_orphans()
        yield Matrix(folder, matrix.runner_below(folder))


def hunt(made: Matrix, wanted: Mutant) -> tuple[Trial | None, int]:
    """The first trial in which the mutation is noticed as it should be, and how many were made."""
    scene = next(scene for scene in SCENES if scene.name == wanted.scene)
    if scene.name not in made.wanted:
        made.make(scene)
    mutated = Matrix(made.folder, replace(made.runner, prepare=wanted.apply), made.wanted, dict(made.calls))
    if wanted.near == ("tmp_pack",):
        # This mutation makes calls of its own.
        mutated.calls[scene.name] = mutated.calls_of(scene)
    points = [point for point in mutated.points(scene, [wanted.by], True) if any(near in point.call.line for near in wanted.near)]
    for number, point in enumerate(_spread(points), 1):
        trial = mutated.try_point(point)
        if any(kind == wanted.kind for kind, _ in trial.faults):
            return trial, number
    return None, len(points)


def _spread(points: list[Point]) -> list[Point]:
    """The points in an order that soon comes near all of them."""
    return [point for start in (0, 4, 2, 6, 1, 3, 5, 7) for point in points[start::8]]


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(each.name for each in MUTANTS))
    names = parser.parse_args().names
    if reason := strace.missing():
        print(f"The mutants cannot be tried: it {reason}.", file=sys.stderr)
        return 2
    started, missed, chosen = time.monotonic(), 0, [each for each in MUTANTS if not names or each.name in names]
    with workshop() as made:
        for each in chosen:
            trial, number = hunt(made, each)
            missed += trial is None
            said = next(said for kind, said in trial.faults if kind == each.kind) if trial is not None else ""
            found = (
                f"noticed after {number}: {each.kind}: {said[:100]!r}" if trial is not None else f"NOT NOTICED in {number} points"
            )
            print(f"{each.name}: {found}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} mutations noticed in {(time.monotonic() - started) / 60:.1f} min")
    return int(missed > 0)


if __name__ == "__main__":
    assert os.name == "posix"
    sys.exit(main())
