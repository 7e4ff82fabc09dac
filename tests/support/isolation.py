"""No trace of the machine that tests run on: its people's settings, keys and variables.

HOME, the XDG folders, git's and libgit2's configuration point to empty places, and every variable that could steer git, gitkb or
a model is gone.
"""

import os
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parents[2]


def isolate(home: Path) -> None:
    """Let this process and its children see nothing of the machine's people: call it before gitkb is imported."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITKB_", "XDG_", "OPENAI_", "LC_")) or name.endswith("_API_KEY"):
            del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "120",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    levels = pygit2.enums.ConfigLevel
    for level in (levels.GLOBAL, levels.XDG, levels.SYSTEM, levels.PROGRAMDATA):
        pygit2.settings.search_path[level] = str(home)
