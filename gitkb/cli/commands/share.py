"""`gitkb merge`, `pull`, `push` and `pr`: what others have done comes here, and what is here goes to them; `skill` and `export`
write it for agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import AtOption, BranchOption, JsonOption, KbOption, VerboseOption
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.plain_parameters import PlainCommand
from gitkb.cli.summaries import pages_in_words, where
from gitkb.errors import ExitCode, InTheWay, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitkb import KnowledgeBase
    from gitkb.model.results import MergeSummary


OursOption = Annotated[
    list[str] | None,
    typer.Option("--ours", metavar="NAME", help="Of a conflict, keep what is here; may be repeated.", show_default=False),
]
TheirsOption = Annotated[
    list[str] | None,
    typer.Option("--theirs", metavar="NAME", help="Of a conflict, take what is there; may be repeated.", show_default=False),
]


BothOption = Annotated[
    list[str] | None,
    typer.Option("--both", metavar="NAME", help="Merge the texts of both originals; may be repeated.", show_default=False),
]


def merge(
    context: typer.Context,
    rev: Annotated[str, typer.Argument(metavar="REV", help="A branch or any other revision.", show_default=False)],
    ours: OursOption = None,
    theirs: TheirsOption = None,
    both: BothOption = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Merge a branch: the documents of both, everybody's edits, and the pages made of them.

    What both sides changed is named and nothing is done, until --ours, --theirs or --both settles it.
    """
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import MergeChoices

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.merge(rev, MergeChoices(tuple(ours or ()), tuple(theirs or ()), tuple(both or ())), Messages(), branch)
    tell_merge(summary, json)


def tell_merge(summary: MergeSummary, json: bool) -> None:
    """The end of a merge or pull."""
    if json:
        terminal.tell_json(json_shapes.fields(summary), indent=2)
        return
    for each in summary.dropped:
        terminal.say(f"Dropped from {each.page}: {' '.join(each.text.split())}")
    terminal.tell(f"{merged(summary)}{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def merged(summary: MergeSummary) -> str:
    """What came, in a sentence."""
    if not summary.moved:
        return f"{summary.branch} holds all of {summary.source}."
    kinds = (summary.added, summary.updated, summary.renamed, summary.removed)
    counts = dict(zip(("added", "updated", "renamed", "removed"), map(len, kinds), strict=True))
    return f"Merged {summary.source}: {terminal.listed(counts) or 'no document changed'}."


RemoteArgument = Annotated[
    str | None,
    typer.Argument(metavar="REMOTE", help="Default: the branch's own, else origin.", show_default=False),
]


def pull(
    context: typer.Context,
    remote: RemoteArgument = None,
    ours: OursOption = None,
    theirs: TheirsOption = None,
    both: BothOption = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Fetch from the remote and merge; the pages are brought up to date.

    What both sides changed is named and nothing is done, until --ours, --theirs or --both settles it.
    """
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import MergeChoices

    base = knowledge_base(context, kb)
    choices = MergeChoices(tuple(ours or ()), tuple(theirs or ()), tuple(both or ()))
    with resumable():
        summary = base.pull(choices, Messages(), branch=branch, remote=remote)
    tell_merge(summary, json)


def push(
    context: typer.Context,
    remote: RemoteArgument = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Push the branch; merge what others pushed meanwhile, as often as needed. Never forces."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.push(Messages(), branch=branch, remote=remote)
    if json:
        terminal.tell_json(json_shapes.fields(summary), indent=2)
        return
    first = f"{merged(summary.merged)}{pages_in_words(summary.merged.pages)} " if summary.merged.moved else ""
    done = f"{summary.target} is at" if summary.pushed else f"Nothing to push: {summary.target} is at"
    terminal.tell(f"{first}{done} {terminal.short(summary.commit)}.")


def pr(
    context: typer.Context,
    title: Annotated[str, typer.Option("--title", "-t", metavar="TITLE", help="Default: what it does.", show_default=False)] = "",
    branch: BranchOption = "",
    base: Annotated[
        str, typer.Option("--base", metavar="NAME", help="Merge into this; default: the pages branch.", show_default=False)
    ] = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Push a branch and open a pull or merge request whose text is the diff.

    Through gh, glab or tea where they are installed; else it prints the address to open and the text, and ends with 1
    (with 0 where the remote is at no hosting service).
    """
    from gitkb.cli.listeners import Messages

    found = knowledge_base(context, kb)
    with resumable():
        request = found.pull_request(Messages(), branch=branch, base=base, title=title)
    if json:
        terminal.tell_json(json_shapes.fields(request), indent=2)
    elif request.opened:
        terminal.tell(f"{request.title}: {request.address or 'opened, but the program did not print its address'}")
    else:
        terminal.say(
            f"Pushed {request.branch}. Open the request{f' at {request.address}' if request.address else ''} with this text:"
        )
        terminal.tell_text(f"# {request.title}\n\n{request.text}")
    raise typer.Exit(ExitCode.OK if request.opened or not request.hosted else ExitCode.ERROR)


ToOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write into.", show_default=False)]


def skill(
    context: typer.Context,
    to: ToOption = Path(),
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Write a skill that tells agents how to use the knowledge base: NAME/SKILL.md.

    Written again, it is brought up to date. A SKILL.md that somebody else wrote is left alone.
    """
    from gitkb.agents import exports

    base = knowledge_base(context, kb)
    text = exports.skill(base)
    file = to / exports.skill_name(base.folder.resolve().name) / "SKILL.md"
    if file.exists() and exports.MADE not in file.read_text(encoding="utf-8", errors="replace"):
        raise InTheWay(f"{file} was not made by gitkb.", "Move it away, or write elsewhere with --to.")
    _written({file: text}, json)


export = typer.Typer(
    no_args_is_help=True, help="Write the knowledge base for others, in other forms.", add_completion=False, rich_markup_mode=None
)


@export.callback()
def _forms() -> None:
    """Write the knowledge base for others, in other forms."""


@export.command("llms", cls=PlainCommand)
def export_llms(
    context: typer.Context,
    to: ToOption = Path(),
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Where the repository's files are served, for the links.", show_default=False),
    ] = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Write llms.txt, a list of what there is for agents, and llms-full.txt, the texts of the pages."""
    from gitkb.agents import exports

    base = knowledge_base(context, kb)
    _written({to / "llms.txt": exports.llms(base, url), to / "llms-full.txt": exports.llms_full(base)}, json)


@export.command("okf", cls=PlainCommand)
def export_okf(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new or empty folder, or an earlier bundle.")],
    at: AtOption = None,
    no_originals: Annotated[bool, typer.Option("--no-originals", help="Without the originals of the documents.")] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Write the wiki as a bundle of the Open Knowledge Format, for other programs.

    No link leads out of it, and every page says who made it and when.
    """
    done = knowledge_base(context, kb).export_bundle(to, at, originals=not no_originals)
    if json:
        terminal.tell_json(json_shapes.fields(done), indent=2)
        return
    terminal.tell(f"Wrote {done.pages:,} pages and {done.files:,} other files to {done.folder}")


@export.command("site", cls=PlainCommand)
def export_site(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder, or an earlier site.", show_default=False)],
    at: AtOption = None,
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="Where it will stand: adds a map of the site.", show_default=False)
    ] = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Write the pages as a folder of HTML with a search, for any host of static files.

    Originals are not published.
    """
    base = knowledge_base(context, kb)
    commit = base.commit(at)
    tell_site(base, base.revisions.wiki(commit), to, json, said="", base_url=base_url)


def tell_site(
    base: KnowledgeBase, files: Mapping[str, Callable[[], bytes]], to: Path, json: bool, *, said: str, base_url: str = ""
) -> None:
    """Writes a site and says where it is; `UsageError` where the web interface is not installed."""
    try:
        from gitkb.web.site.static_site import Site, write
    except ModuleNotFoundError as error:
        raise UsageError(f"A site needs the package {error.name}, which is not installed.", "pip install 'gitkb[web]'") from error
    done = write(Site(base.folder.resolve().name, files, said, base_url, base.revisions.memory), to)
    if json:
        terminal.tell_json(json_shapes.fields(done), indent=2)
        return
    terminal.tell(f"Wrote {terminal.counted(done.pages, 'page')} to {done.folder}. Open {Path(done.folder) / 'index.html'}")


def _written(files: dict[Path, str], json: bool) -> None:
    """Writes files and says which."""
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}.", "Choose another folder with --to.") from error
    if json:
        terminal.tell_json({"files": [str(file) for file in files]}, indent=2)
        return
    for file in files:
        terminal.tell(f"Wrote {file}")
