"""The user's own settings: their file, what is in force, and how one of them is changed.

Invariant: a file that holds a key and that others can read is refused, and so is one that others can write: who may choose the
server gets the documents. It is replaced at once or not at all, and no message shows a key. Looking creates nothing.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gitkb.formats.user_settings import UserSettings
    from gitkb.model.rows import SettingRow
    from gitkb.pages.server_check import ServerReport


_COMMAND_SECONDS = 120.0


def check_server(user: UserSettings, model: str, say: Callable[[str], None]) -> ServerReport:
    """Asks the user's server two small questions, and says what it can do; `ModelError` where it cannot be used."""
    from gitkb.pages import server_check

    return server_check.check_server(user, model, say)


class UserFile(Struct, frozen=True):
    """The file in which a user's settings are, whether or not it exists; `shown` is how messages call it, and `environment` the
    variables that come before it."""

    file: Path
    shown: str
    environment: Mapping[str, str]

    def settings(self) -> UserSettings:
        """The settings in force, without a proxy; `ConfigError` for what is wrong in the file."""
        from gitkb.formats.user_settings import user_settings

        return user_settings(self._text(), self.shown, self.environment)

    def with_key(self) -> UserSettings:
        """The settings in force with the key that a command of the user's prints, where one is named; `ConfigError` where it
        gives none."""
        from dataclasses import replace

        from gitkb.formats.user_settings import checked_key

        found = self.settings()
        command = found.api_key_command
        return replace(found, api_key=checked_key(_printed(command), "llm.api_key_command")) if command else found

    def rows(self) -> list[SettingRow]:
        """Every setting in force, fit to be shown: of a secret only the end."""
        from gitkb.formats.user_settings import user_values
        from gitkb.model.rows import SettingRow

        found = self.settings()
        return [SettingRow(name, value, found.origins[name]) for name, value in user_values(found).items()]

    @staticmethod
    def names() -> tuple[str, ...]:
        """The name of every setting, as it is written: `llm.timeout`."""
        from gitkb.formats.user_settings import user_keys

        return user_keys()

    def set(self, name: str, value: str | int | float) -> None:
        """Writes a setting; `ConfigError` where the value does not fit, or the file cannot be changed line by line."""
        from gitkb.formats.user_settings import with_setting

        self._replace(with_setting(self._text(), name, value, self.shown))

    def choose(self, provider: str) -> tuple[str, ...]:
        """Writes what the server of a provider wants; returns the settings that were written. `UsageError` where none is of that
        name."""
        from gitkb.formats.providers import provider_named

        found = provider_named(provider)
        wanted = {"base_url": found.base_url, **found.settings}
        for name, value in wanted.items():
            self.set(name, value)
        return tuple(wanted)

    @staticmethod
    def providers() -> dict[str, str]:
        """The addresses of the servers that `choose` knows, by name; of a key none is told."""
        from gitkb.formats.providers import PROVIDERS

        return {name: each.base_url for name, each in PROVIDERS.items()}

    def wants_key(self, provider: str) -> bool:
        """Whether a provider answers nothing without a key, and there is none."""
        from gitkb.formats.providers import provider_named

        own = self.settings()
        return provider_named(provider).needs_key and not own.api_key and not own.api_key_command

    def unset(self, name: str) -> bool:
        """Takes a setting out; False where the file does not have it."""
        from gitkb.formats.user_settings import without_setting

        text = self._text()
        changed = without_setting(text, name, self.shown)
        if changed == text:
            return False
        self._replace(changed)
        return True

    def _text(self) -> str:
        """The text of the file, "" where there is none; `ConfigError` where others can read a key in it."""
        from gitkb.formats.user_settings import parse_user_file

        try:
            with self.file.open("rb") as opened:
                mode = os.fstat(opened.fileno()).st_mode
                text = opened.read().decode("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.shown} is not UTF-8 text.", "Save it again as UTF-8.") from error
        self._refuse_shared(mode, holds_a_secret=parse_user_file(text, self.shown).holds_a_secret)
        return text

    def _refuse_shared(self, mode: int, *, holds_a_secret: bool) -> None:
        """Windows keeps such rights elsewhere, and the folder is the user's own there."""
        if os.name == "nt":
            return
        remedy = f"Take them away with: chmod 600 {self.file}"
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(f"Others may write {self.shown}, and so choose where documents are sent.", remedy)
        if holds_a_secret and mode & (stat.S_IRGRP | stat.S_IROTH):
            raise ConfigError(f"{self.shown} holds a key, and others may read it.", remedy)

    def _replace(self, text: str) -> None:
        """Writes the file, readable by the user alone; `ConfigError` where the text does not fit."""
        from gitkb.formats.user_settings import user_settings
        from gitkb.store.local.whole_files import write_whole

        user_settings(text, self.shown, {})
        file = self.file.resolve()  # a link into a folder of dotfiles stays one
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, text.encode(), durable=True)


def _printed(command: str) -> str:
    """The first line that a command prints. It is run without a shell, and what it prints is in no message."""
    import shlex
    import subprocess

    try:
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, timeout=_COMMAND_SECONDS, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        why = "it takes too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise ConfigError(f"llm.api_key_command cannot be run: {why}.", "Correct it: gitkb config llm.api_key_command") from error
    key = done.stdout.decode("utf-8", "replace").strip().partition("\n")[0].strip()
    if done.returncode or not key:
        raise ConfigError(f"llm.api_key_command printed no key; it ended with {done.returncode}.", "Try it in your shell.")
    return key
