"""Which knowledge base a command works on, and the user's settings from their file and the environment.

Invariant: a file that holds a key and that others can read is refused, and so is one that others can write: who may choose the
server gets the documents. The proxy is chosen here, for the one server, as the environment says.

Invariant: looking for one never creates anything. The library is imported here and not before, so that `--help` is quick.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from gitkb.cli import terminal
from gitkb.cli.common_options import common
from gitkb.errors import ConfigError

if TYPE_CHECKING:
    from gitkb.api.knowledge_base import KnowledgeBase
    from gitkb.formats.user_settings import UserSettings


def user_file() -> Path:
    """Where the user's settings are, whether or not there is a file."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "gitkb" / "config.yaml"
    chosen = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "gitkb" / "config.yaml"


def read_user_settings(*, warn: bool = True) -> UserSettings:
    """The effective settings of the user; says what a person should know before anything is sent."""
    from gitkb.formats.user_settings import user_settings

    found = user_settings(read_user_file(), shown(user_file()), os.environ)
    if warn and found.warning:
        terminal.say(f"warning: {found.warning}")
    return replace(found, proxy=proxy(found.base_url))


def read_user_file() -> str:
    """The text of the user's file, "" where there is none; `ConfigError` where others can read a key in it."""
    from gitkb.formats.user_settings import parse_user_file

    file = user_file()
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown(file)} is not UTF-8 text.", "Save it again as UTF-8.") from error
    _refuse_shared(file, mode, holds_a_secret=parse_user_file(text, shown(file)).holds_a_secret)
    return text


def _refuse_shared(file: Path, mode: int, *, holds_a_secret: bool) -> None:
    """Windows keeps such rights elsewhere, and the folder is the user's own there."""
    if os.name == "nt":
        return
    remedy = f"Take them away with: chmod 600 {file}"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"Others may write {shown(file)}, and so choose where documents are sent.", remedy)
    if holds_a_secret and mode & (stat.S_IRGRP | stat.S_IROTH):
        raise ConfigError(f"{shown(file)} holds a key, and others may read it.", remedy)


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


def change_user_file(text: str) -> None:
    """Replaces the user's file, at once or not at all, readable by the user alone; `ConfigError` where the text does not fit."""
    import tempfile

    from gitkb.formats.user_settings import user_settings

    user_settings(text, shown(user_file()), {})
    file = user_file().resolve()  # a link into a folder of dotfiles stays one
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".config-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


VARIABLE = "GITKB_DIR"


def named(context: typer.Context, kb: Path | None) -> Path | None:
    """The folder that the person named, by option or by variable; None where they named none."""
    given = common(context, kb, False).kb
    if given is not None:
        return given
    variable = os.environ.get(VARIABLE, "")
    return Path(variable).expanduser() if variable else None


def knowledge_base(context: typer.Context, kb: Path | None) -> KnowledgeBase:
    """The knowledge base to work on; `NotAKnowledgeBase` where there is none."""
    from gitkb.api.knowledge_base import KnowledgeBase

    folder = named(context, kb)
    found = KnowledgeBase.open(folder) if folder is not None else KnowledgeBase.discover(Path.cwd())
    found.user = read_user_settings
    found.network = replace(found.network, proxy=proxy)
    return found
