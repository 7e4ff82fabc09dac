"""`gitkb hooks`: git hooks and CI templates that guard a knowledge base: install, list, remove; and what the hooks call.

Invariant: what a hook finds goes to stderr, where the person who commits or pushes sees it; a problem is exit code 4.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import Folders, JsonOption, KbOption, VerboseOption
from gitkb.cli.locate import knowledge_base, named
from gitkb.cli.plain_parameters import PlainCommand
from gitkb.errors import ExitCode, NotAKnowledgeBase, UsageError

if TYPE_CHECKING:
    from gitkb import KnowledgeBase
    from gitkb.model.findings import Problem, RefUpdate
    from gitkb.model.options import HookChoice
    from gitkb.model.rows import InstalledHook


SHOWN_PROBLEMS = 20
_NEEDS = {
    "github": "Make the check `review` required for the branch (Settings, Rules), also in the merge queue, and allow Actions to"
    " create pull requests (Settings, Actions): a protected branch gets its pages in a request of their own.",
    "gitlab": "Set the masked variables GITKB_COMMENT_TOKEN (scope api) and, protected, GITKB_TOKEN (api, write_repository); turn"
    " on pipelines for merged results, and `Pipelines must succeed`: a protected branch gets its pages in a request.",
    "forgejo": "Make the check `review` of the workflow required in the branch's protection, and let the runner's token write: a"
    " protected branch gets its pages in a request of their own.",
    "gitea": "Make the check `review` of the workflow required in the branch's protection, and let the runner's token write: a"
    " protected branch gets its pages in a request of their own.",
}
"""What else a hosting service needs, which no file of the repository can say."""
QUARANTINE = "GIT_QUARANTINE_PATH"

hooks = typer.Typer(
    help="Git hooks and CI templates that check commits, pushes and pull requests.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

ServerOption = Annotated[bool, typer.Option("--server", help="The hook of a repository that others push to.")]
CiOption = Annotated[
    Literal["github", "gitlab", "forgejo", "gitea"] | None, typer.Option("--ci", help="The CI template of this service.")
]


@hooks.command("install", cls=PlainCommand)
def install(
    context: typer.Context,
    server: ServerOption = False,
    ci: CiOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Put hooks in place: pre-commit and pre-push, with --server pre-receive, with --ci a template to commit."""
    done = _repository(context, kb).hooks.install(_choice(server, ci), sys.executable)
    _tell(done, "installed", json)
    if ci and not json:
        terminal.tell("Commit the template, and push it.")
        terminal.tell(_NEEDS[ci])


@hooks.command("list", cls=PlainCommand)
def list_hooks(context: typer.Context, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False) -> None:
    """Show the hooks and CI templates that stand, and whose they are."""
    found = _repository(context, kb).hooks.installed(sys.executable)
    _tell(found, "", json)
    if not found and not json:
        terminal.tell("No hooks. gitkb hooks install puts them in place.")


@hooks.command("remove", cls=PlainCommand)
def remove(
    context: typer.Context,
    server: ServerOption = False,
    ci: CiOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Take hooks away; those that were there before come back."""
    gone = _repository(context, kb).hooks.remove(_choice(server, ci), sys.executable)
    _tell(gone, "removed", json)
    if not gone and not json:
        terminal.tell("There was none of gitkb's.")


@hooks.command("where", cls=PlainCommand)
def where() -> None:
    """Print the folder of gitkb's hooks and CI scripts."""
    from gitkb.api.hooks import Hooks

    terminal.tell(str(Hooks.templates()))


@hooks.command("run", cls=PlainCommand, hidden=True)
def run(
    context: typer.Context,
    hook: Annotated[Literal["pre-commit", "pre-push", "pre-receive"], typer.Argument()],
    what: Annotated[str, typer.Argument(help="The commit to be made, or the remote's name.")] = "",
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """What the hooks call."""
    if hook == "pre-receive":
        sound = _receive(named(context, kb) or Path.cwd())
    elif hook == "pre-push":
        sound = _push(knowledge_base(context, kb), what)
    else:
        sound = _commit(knowledge_base(context, kb), what)
    raise typer.Exit(ExitCode.OK if sound else ExitCode.PROBLEMS)


def _commit(base: KnowledgeBase, commit: str) -> bool:
    """Checks a commit against its parent; prints lines for `git update-index --index-info`."""
    problems = base.check(commit, changed=f"{commit}^").problems
    _complain("This commit would break the knowledge base", problems)
    if not problems:
        for path, oid in base.hooks.bases_of_edits(commit):
            # For git to read, so not made harmless for a terminal.
            sys.stdout.write(f"100644 {oid}\t{path}\n")
    return not problems


def _push(base: KnowledgeBase, remote: str) -> bool:
    pushed = [(new, old) for _, new, _, old in _lines(4)]
    refused = base.hooks.check_push(remote, [(_oid(new), _oid(old)) for new, old in pushed])
    for each in refused:
        _complain(f"{terminal.short(each.ref)} is broken and was not pushed", each.problems)
    return not refused


def _receive(folder: Path) -> bool:
    from gitkb import KnowledgeBase

    quarantine = os.environ.get(QUARANTINE, "")
    base = KnowledgeBase.receiving(folder, Path(quarantine) if quarantine else None)
    refused = base.hooks.judge_push(_updates())
    for each in refused:
        _complain(f"gitkb refuses {each.ref}", each.problems)
    return not refused


def _updates() -> list[RefUpdate]:
    from gitkb.model.findings import RefUpdate

    return [RefUpdate(ref, _oid(old), _oid(new)) for old, new, ref in _lines(3)]


def _lines(fields: int) -> list[list[str]]:
    """What git tells a hook on stdin: lines of so many words."""
    found = [line.split(" ", fields - 1) for line in sys.stdin.read().splitlines() if line]
    if any(len(words) != fields for words in found):
        raise UsageError("This is for git's hooks, and stdin is not what git gives them.")
    return found


def _oid(text: str) -> str:
    """An object id, "" for git's row of zeros."""
    return text if text.strip("0") else ""


def _complain(title: str, problems: Sequence[Problem]) -> None:
    if problems:
        terminal.say(f"{title}:")
    for problem in problems[:SHOWN_PROBLEMS]:
        terminal.say(f"  {problem.path}: {problem.message} [{problem.code}]")
    if len(problems) > SHOWN_PROBLEMS:
        terminal.say(f"  and {len(problems) - SHOWN_PROBLEMS} more")


def _choice(server: bool, ci: str | None) -> HookChoice:
    from gitkb.model.options import HookChoice

    return HookChoice(server, ci or "")


def _repository(context: typer.Context, kb: Folders) -> KnowledgeBase:
    """The knowledge base, or the repository that was named although nothing was pushed to it yet."""
    from gitkb import KnowledgeBase

    folder = named(context, kb)
    if folder is not None and (folder / "HEAD").is_file():
        return KnowledgeBase.receiving(folder, None)
    try:
        return knowledge_base(context, kb)
    except NotAKnowledgeBase:
        here = Path.cwd()
        if folder is None and (here / "HEAD").is_file() and (here / "objects").is_dir():
            return KnowledgeBase.receiving(here, None)
        raise


def _tell(found: Sequence[InstalledHook], done: str, json: bool) -> None:
    if json:
        terminal.tell_json(json_shapes.rows(found), indent=2)
        return
    for hook in found:
        state = done or ("somebody else's" if not hook.ours else "gitkb's" if hook.current else "gitkb's, of another version")
        words = f"; {'is back' if done == 'removed' else 'runs first'}: {hook.before}" if hook.before else ""
        terminal.tell(f"{hook.name:<12}  {state}  {hook.file}{words}")
