"""Which knowledge base a command works on, and the user's settings from their file and the environment.

Invariant: looking for one never creates anything. The proxy is chosen here, for the one server, as the environment says. The
library is imported when a command runs and not before, so that `--help` is quick.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from gitkb.cli import terminal
from gitkb.cli.common_options import Folders, common

if TYPE_CHECKING:
    from gitkb import KnowledgeBase
    from gitkb.api import UserSettings
    from gitkb.api.knowledge_bases import KnowledgeBases
    from gitkb.api.user_file import UserFile


def user_file() -> Path:
    """Where the user's settings are, whether or not there is a file."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "gitkb" / "config.yaml"
    chosen = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "gitkb" / "config.yaml"


def user_settings_file() -> UserFile:
    """The user's own settings, in their file and the environment."""
    from gitkb.api.user_file import UserFile

    file = user_file()
    return UserFile(file, shown(file), os.environ)


def read_user_settings(*, warn: bool = True, key: bool = False) -> UserSettings:
    """The effective settings of the user; says what a person should know before anything is sent. Where the `key` is needed, the
    command is run that prints it."""
    own = user_settings_file()
    found = own.with_key() if key else own.settings()
    if warn and found.warning:
        terminal.say(f"warning: {found.warning}")
    return replace(found, proxy=proxy(found.base_url))


def shown(file: Path) -> str:
    """A file below the home folder as people write it."""
    home = Path.home()
    return f"~/{file.relative_to(home).as_posix()}" if file.is_relative_to(home) else str(file)


def proxy(base_url: str) -> str:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY choose for one server, or the system where it has one."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(base_url)
    proxies = getproxies()
    found = proxies.get(parts.scheme, proxies.get("all", ""))
    return "" if found and proxy_bypass(parts.netloc) else found


VARIABLE = "GITKB_DIR"


def named(context: typer.Context, kb: Folders) -> Path | None:
    """The folder that the person named, by option or by variable; None where they named none. `UsageError` for several."""
    given = common(context, kb, False).kb
    if given is not None:
        return given
    variable = os.environ.get(VARIABLE, "")
    return Path(variable).expanduser() if variable else None


def several(context: typer.Context, kb: Folders) -> KnowledgeBases | None:
    """The knowledge bases to look at where the person named more than one; `NotAKnowledgeBase` names the folder of none."""
    folders = common(context, kb, False).kbs
    if len(folders) < 2:
        return None
    from gitkb.api.knowledge_bases import KnowledgeBases
    from gitkb.model.web_access import WebAccess

    return KnowledgeBases.open(folders, user=partial(read_user_settings, key=True), web=WebAccess(proxy))


def knowledge_base(context: typer.Context, kb: Folders) -> KnowledgeBase:
    """The knowledge base to work on; `NotAKnowledgeBase` where there is none."""
    from gitkb import KnowledgeBase
    from gitkb.model.web_access import WebAccess

    folder, web, user = named(context, kb), WebAccess(proxy), partial(read_user_settings, key=True)
    if folder is not None:
        return KnowledgeBase.open(folder, user=user, web=web)
    return KnowledgeBase.discover(Path.cwd(), user=user, web=web)
