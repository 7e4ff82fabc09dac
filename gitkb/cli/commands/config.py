"""`gitkb config`: every setting in force, its value and where it came from; the user's own can be changed.

Invariant: a key is never shown whole, and never taken from the command line, where other processes and the shell's history see
it. The tracked settings are a file of the knowledge base, which people edit and commit: it is not written here.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitkb.cli import terminal
from gitkb.cli.common_options import JsonOption, KbOption, VerboseOption
from gitkb.cli.locate import change_user_file, knowledge_base, named, read_user_file, read_user_settings, shown, user_file
from gitkb.errors import NotAKnowledgeBase, UsageError

if TYPE_CHECKING:
    from gitkb.formats.user_settings import UserSettings


_WIDEST = 44


@dataclass(frozen=True, slots=True)
class Row:
    """One setting in force."""

    name: str
    value: Any
    origin: str


def config(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="One setting, such as llm.concurrency.", show_default=False)] = "",
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="Its new value, in your own file.", show_default=False)
    ] = None,
    unset: Annotated[bool, typer.Option("--unset", help="Take KEY out of your own file.")] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show every setting and where it came from, or change one of your own.

    Your own are the key, the server and the limits of a model. The others are tracked: edit .gitkb/config.yaml and commit it.
    The key is asked for, or read from stdin: gitkb config api_key
    """
    if unset or value is not None:
        _change(key, value, unset)
        return
    if key == "api_key" and not json and _enter_key():
        return
    rows = _rows(context, kb)
    if not key:
        _tell_all(rows, json)
        return
    found = next((row for row in rows if row.name == key), None)
    if found is None:
        raise UsageError(f"There is no setting {key}.", "gitkb config lists every setting.")
    if json:
        terminal.tell_json(asdict(found), indent=2)
    else:
        terminal.tell(_written(found.value))


def _rows(context: typer.Context, kb: Path | None) -> list[Row]:
    """The tracked settings where there is a knowledge base, and the user's."""
    from gitkb.formats.settings import CONFIG_PATH
    from gitkb.formats.user_settings import DEFAULT, user_values

    settings = read_user_settings()
    own = [Row(name, value, settings.origins[name]) for name, value in user_values(settings).items()]
    try:
        base = knowledge_base(context, kb)
    except NotAKnowledgeBase:
        if named(context, kb) is not None:
            raise
        return own
    if base.settings_wait():
        terminal.say(f"{CONFIG_PATH} is edited and not committed; shown is what is in force: what the commit says.")
    tracked = base.effective_settings()
    return [Row(each.name, each.value, CONFIG_PATH if each.written else DEFAULT) for each in tracked] + own


def _tell_all(rows: list[Row], json: bool) -> None:
    if json:
        terminal.tell_json([asdict(row) for row in rows], indent=2)
        return
    names = max(len(row.name) for row in rows)
    values = min(max(len(_written(row.value)) for row in rows), _WIDEST)
    for row in rows:
        terminal.tell(f"{row.name:{names}}  {_written(row.value):{values}}  {row.origin}")


def _written(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _change(key: str, value: str | None, unset: bool) -> None:
    from gitkb.formats.user_settings import with_setting, without_setting

    _may_change(key, value, unset)
    where = shown(user_file())
    text = read_user_file()
    if unset:
        changed = without_setting(text, key, where)
        if changed == text:
            terminal.tell(f"{key} is not set in {where}.")
            return
        change_user_file(changed)
        terminal.tell(f"Took {key} out of {where}.")
    else:
        _keep(key, with_setting(text, key, _typed(key, value or ""), where))


def _may_change(key: str, value: str | None, unset: bool) -> None:
    from gitkb.formats.user_settings import user_keys

    if unset and (value is not None or not key):
        raise UsageError("--unset takes one KEY and no value.", "gitkb config lists every setting.")
    if key not in user_keys():
        raise UsageError(
            f"{key} is none of your own settings.",
            f"These are {', '.join(user_keys())}; to change a tracked one edit .gitkb/config.yaml and commit it.",
        )
    if key == "api_key" and not unset:
        raise UsageError(
            "A key is not taken from the command line, where others see it.", "It is asked for by: gitkb config api_key"
        )
    if key == "llm.headers" and not unset:
        raise UsageError("Headers are not taken from the command line; they may hold keys.", f"Write them into {user_file()}.")


def _typed(key: str, value: str) -> str | int | float:
    """A number where the setting is one; what fits is checked when the file is."""
    if not key.startswith("llm."):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _enter_key() -> bool:
    """Asks for the key without showing it, or reads it from stdin; whether one was given."""
    from gitkb.formats.user_settings import with_setting

    if sys.stdin.isatty():
        from getpass import getpass

        given = getpass(f"Key for {_settings().base_url} (empty: leave it as it is): ").strip()
    else:
        given = sys.stdin.read().strip()
    if given:
        _keep("api_key", with_setting(read_user_file(), "api_key", given, shown(user_file())))
    return bool(given)


def _settings() -> UserSettings:
    return read_user_settings(warn=False)


def _keep(key: str, text: str) -> None:
    """Writes the file, and says where another value is still in force."""
    change_user_file(text)
    terminal.tell(f"Set {key} in {shown(user_file())}.")
    origin = _settings().origins[key]
    if origin.startswith("environment"):
        terminal.say(f"The {origin} has another one, which stays in force where it is set.")
