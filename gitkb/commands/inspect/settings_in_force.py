"""The tracked settings that are in force at a commit, and whether the file in the worktree says something else.

Invariant: takes no lock and changes nothing.
"""

from gitkb.branch.tips import settings_text
from gitkb.formats.settings import CONFIG_PATH, effective_settings
from gitkb.model.documents import Tree
from gitkb.model.rows import SettingRow
from gitkb.store.repository import Store


def setting_rows(tree: Tree) -> list[SettingRow]:
    """Every tracked setting of a tree, in the order of the example file; `ConfigError` where one is wrong."""
    from gitkb.formats.user_settings import DEFAULT

    found = effective_settings(settings_text(tree))
    return [SettingRow(each.name, each.value, CONFIG_PATH if each.written else DEFAULT) for each in found]


def settings_wait(store: Store) -> bool:
    """Whether the file of settings was edited and not committed, so that something else is in force than it says."""
    file = store.worktree / CONFIG_PATH if store.worktree is not None else None
    if file is None or not file.is_file():
        return False
    return file.read_bytes().replace(b"\r\n", b"\n").decode("utf-8", "replace") != settings_text(store.snapshot())
