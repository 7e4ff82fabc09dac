"""`gitkb config`: every setting in force, its value and where it came from; the user's own can be changed.

Invariant: a key is never shown whole, and never taken from the command line, where other processes and the shell's history see
it. The tracked settings are a file of the knowledge base, which people edit and commit: it is not written here.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import Folders, JsonOption, KbOption, VerboseOption
from gitkb.cli.locate import knowledge_base, named, read_user_settings, user_settings_file
from gitkb.errors import NotAKnowledgeBase, UsageError

if TYPE_CHECKING:
    from gitkb.model.rows import SettingRow


_WIDEST = 44
_TRACKED = ".gitkb/config.yaml"


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
    The key is asked for, or read from stdin: gitkb config api_key. "gitkb config provider NAME" sets what a server wants (ollama,
    lmstudio, llamacpp, vllm, openrouter, azure:RESOURCE, gemini, anthropic, mistral, groq, deepseek, openai), and "gitkb config
    test [MODEL]" asks it two small questions.
    """
    if key in ("provider", "test") and not unset:
        (_choose_provider if key == "provider" else partial(_test, context, kb, json))(value or "")
        return
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
        terminal.tell_json(json_shapes.fields(found), indent=2)
    else:
        terminal.tell(_written(found.value))


def _choose_provider(name: str) -> None:
    """Writes what a server wants into the person's own file."""
    own = user_settings_file()
    if not name:
        for each, address in own.providers().items():
            terminal.tell(f"{each:11} {address}")
        return
    for key in own.choose(name):
        _tell_set(key)
    if own.wants_key(name):
        terminal.say("It wants a key: gitkb config api_key")


def _test(context: typer.Context, kb: Folders, json: bool, model: str) -> None:
    """Asks the server two small questions with the model that is named, or that of the knowledge base."""
    from gitkb.api.user_file import check_server

    if not model:
        model = str(next((row.value for row in _rows(context, kb) if row.name == "model"), ""))
    if not model:
        raise UsageError("No model is named.", "gitkb config test MODEL")
    found = check_server(read_user_settings(key=True), model, terminal.say)
    if json:
        terminal.tell_json(json_shapes.fields(found), indent=2)
        return
    rate = f", {found.tokens_a_second:,.1f} tokens a second" if found.tokens_a_second else ", it does not count tokens"
    terminal.tell(f"{found.model} at {found.server} answers after {found.seconds:.1f} s{rate}.")
    terminal.tell(f"streams   {'yes' if found.streams else 'no'}")
    terminal.tell(f"JSON      {found.json}")
    terminal.tell(f"tools     {found.tools}")
    terminal.tell(f"context   {f'{found.context:,} tokens' if found.context else 'it does not say'}")


def _rows(context: typer.Context, kb: Folders) -> list[SettingRow]:
    """The tracked settings where there is a knowledge base, and the user's."""
    read_user_settings()  # it says what a person should know of them
    own = user_settings_file().rows()
    try:
        base = knowledge_base(context, kb)
    except NotAKnowledgeBase:
        if named(context, kb) is not None:
            raise
        return own
    if base.settings_wait():
        terminal.say(f"{_TRACKED} is edited and not committed; shown is what is in force: what the commit says.")
    return base.settings() + own


def _tell_all(rows: list[SettingRow], json: bool) -> None:
    if json:
        terminal.tell_json(json_shapes.rows(rows), indent=2)
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
    _may_change(key, value, unset)
    own = user_settings_file()
    if not unset:
        _keep(key, _typed(key, value or ""))
    elif own.unset(key):
        terminal.tell(f"Took {key} out of {own.shown}.")
    else:
        terminal.tell(f"{key} is not set in {own.shown}.")


def _may_change(key: str, value: str | None, unset: bool) -> None:
    own = user_settings_file()
    if unset and (value is not None or not key):
        raise UsageError("--unset takes one KEY and no value.", "gitkb config lists every setting.")
    if key not in own.names():
        raise UsageError(
            f"{key} is none of your own settings.",
            f"These are {', '.join(own.names())}; to change a tracked one edit {_TRACKED} and commit it.",
        )
    if key == "api_key" and not unset:
        raise UsageError(
            "A key is not taken from the command line, where others see it.", "It is asked for by: gitkb config api_key"
        )
    if key == "llm.headers" and not unset:
        raise UsageError("Headers are not taken from the command line; they may hold keys.", f"Write them into {own.file}.")


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
    if sys.stdin.isatty():
        from getpass import getpass

        server = read_user_settings(warn=False).base_url
        given = getpass(f"Key for {server} (empty: leave it as it is): ").strip()
    else:
        given = sys.stdin.read().strip()
    if given:
        _keep("api_key", given)
    return bool(given)


def _keep(key: str, value: str | int | float) -> None:
    """Writes the setting, and says where another value is still in force."""
    user_settings_file().set(key, value)
    _tell_set(key)


def _tell_set(key: str) -> None:
    own = user_settings_file()
    terminal.tell(f"Set {key} in {own.shown}.")
    origin = own.settings().origins[key]
    if origin.startswith("environment"):
        terminal.say(f"The {origin} has another one, which stays in force where it is set.")
