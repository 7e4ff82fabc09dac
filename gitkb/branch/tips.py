"""The branch that a command writes to, its tip, and the tracked settings there.

Invariant: reads only. Nothing is checked out, and no branch is made before something is committed on it.
"""

from dataclasses import replace

from gitkb.errors import ConfigError, FormatError, NewerFormat, NotAKnowledgeBase, NotFound, UsageError
from gitkb.formats.glossary import glossary_at
from gitkb.formats.settings import CONFIG_PATH, Settings, format_of, parse_settings
from gitkb.formats.versions import FORMATS, Formats
from gitkb.model.documents import Tree
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot


def branch_tip(store: Store, name: str) -> Snapshot:
    """The tip of a local branch; `NotFound` if there is no branch of this name."""
    try:
        return store.snapshot(f"refs/heads/{name}")
    except NotFound as error:
        raise NotFound(f"There is no branch {name!r} here.", "git branch lists the branches.") from error


def settings_text(tree: Tree) -> str:
    """The file of tracked settings in a tree; `NotAKnowledgeBase` if it is missing."""
    content = tree.read(CONFIG_PATH)
    if content is None:
        hint = f"Take it back with: git checkout HEAD~ -- {CONFIG_PATH}"
        raise NotAKnowledgeBase(f"{CONFIG_PATH} is missing at the tip.", hint)
    return content.decode("utf-8", "replace")


def settings_at(tree: Tree) -> Settings:
    """The tracked settings in a tree, and its glossary; `NotAKnowledgeBase` without settings, `ConfigError` if they are wrong."""
    return replace(parse_settings(settings_text(tree)), glossary=glossary_at(tree))


def format_at(tree: Tree, formats: Formats = FORMATS) -> int | None:
    """The format number of a tree's settings; None if there are no readable settings. `NewerFormat` for a newer one."""
    content = tree.read(CONFIG_PATH)
    try:
        return None if content is None else format_of(content.decode("utf-8", "replace"), formats=formats)
    except NewerFormat:
        raise
    except (ConfigError, FormatError):
        return None  # whoever needs the settings says what is wrong with them


def refuse_newer_settings(tree: Tree) -> None:
    """Raises `NewerFormat` where a tree's settings are of a format that this version does not know."""
    format_at(tree)


def start_of(store: Store, branch: str, start: str) -> Snapshot:
    """The commit that new documents come on top of: the branch's tip ("" is the checked-out one); for a branch that is not
    there yet the revision `start`, by default the checked-out tip. `UsageError` where a start was named for one that is."""
    if start and not branch:
        raise UsageError("--from says where a new branch starts, so it needs --branch NAME.")
    if not branch:
        return store.snapshot()
    try:
        tip = branch_tip(store, branch)
    except NotFound:
        return store.snapshot(start or None)
    if start and store.snapshot(start).commit != tip.commit:
        raise UsageError(f"Branch {branch} is at {tip.commit[:7]} already, so it cannot start at {start}.", "Leave --from out.")
    return tip
