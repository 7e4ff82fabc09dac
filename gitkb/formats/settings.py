"""The tracked settings of a knowledge base: `.gitkb/config.yaml`.

Invariant: every key has a default here and a line in `config.example.yaml`. Tracked settings are somebody else's data in a
clone, so none of them can name an endpoint, a command or a path outside the knowledge base; unknown keys are an error that
names them.
"""

import re
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from gitkb.errors import ConfigError
from gitkb.formats.versions import FORMATS, Formats, shown
from gitkb.text.markdown import frontmatter

CONFIG_PATH = ".gitkb/config.yaml"
_BRANCH = {
    "pattern": r"\*|(?!-)(?!.*\.\.)[^\0-\x20\x7f-\xa0~^:?*\[\\\"]+",
    "meaning": "the name of a branch, or * for all",
}
T = TypeVar("T")
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """Limits for one conversion: seconds, bytes of memory, bytes of input."""

    timeout: float = field(default=120.0, metadata={"most": 1e6})
    memory: int = 2 * 1024**3
    max_bytes: int = 512 * 1024**2


@dataclass(frozen=True, slots=True)
class RawSettings:
    """`storage`: where originals of more than `lfs_above` bytes are kept, in "git" itself or in Git LFS ("lfs")."""

    storage: str = field(default="git", metadata={"choices": ("git", "lfs")})
    lfs_above: int = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """`branch`: the branch that carries pages commits, `*` for every branch."""

    branch: str = field(default="main", metadata=_BRANCH)


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """`instructions`: what a model is told besides, about the documents and how to write of them."""

    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All tracked settings.

    `compiler` is "extractive" or "llm", `model` what the server calls the model that "llm" asks; `language` is a hint ("" for
    detection in each document), `entity_types` are the kinds of named things to look for.
    """

    format: int = FORMATS.newest
    compiler: str = field(default="extractive", metadata={"choices": ("extractive", "llm")})
    model: str = ""
    language: str = ""
    entity_types: tuple[str, ...] = ("person", "organisation", "place", "product", "event", "work")
    llm: LlmSettings = field(default_factory=LlmSettings)
    convert: ConvertSettings = field(default_factory=ConvertSettings)
    raw: RawSettings = field(default_factory=RawSettings)
    pages: PagesSettings = field(default_factory=PagesSettings)


def parse_settings(text: str, where: str = CONFIG_PATH, formats: Formats = FORMATS) -> Settings:
    """Settings from YAML text, also of an older format, whose number they keep; `ConfigError` names `where` and the key,
    `NewerFormat` and `FormatError` the format."""
    number = format_of(text, where, formats)
    data = parse_mapping(formats.settings(text, number), where, "Correct the file, or take it from git.")
    return build(Settings, {**data, "format": number}, where, "config.example.yaml lists every setting.")


def format_of(text: str, where: str = CONFIG_PATH, formats: Formats = FORMATS) -> int:
    """The format number of a knowledge base, from the text of its settings; one that says none has the first."""
    data = parse_mapping(text, where, "Correct the file, or take it from git.")
    return formats.refuse_settings(data.get("format"), where)


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting in force: `name` as it is written (`raw.storage`), and whether the file holds it or it is a default."""

    name: str
    value: Any
    written: bool


def effective_settings(text: str, where: str = CONFIG_PATH) -> list[Effective]:
    """Every tracked setting, in the order of `config.example.yaml`; errors as from `parse_settings`."""
    settings = parse_settings(text, where)
    return _effective(settings, parse_mapping(text, where, ""), "")


def _effective(settings: Any, written: dict[str, Any], prefix: str) -> list[Effective]:
    found = []
    for each in fields(settings):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            found += _effective(value, written.get(each.name, {}), f"{prefix}{each.name}.")
        else:
            found.append(Effective(f"{prefix}{each.name}", value, each.name in written))
    return found


def parse_mapping(text: str, where: str, hint: str) -> dict[str, Any]:
    """The settings in YAML text as they stand; `ConfigError` where it is no mapping."""
    try:
        data = frontmatter.load(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid YAML: {_place(error.__cause__ or error)}", hint) from error
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise ConfigError(f"{where} must be a mapping of settings.", hint)
    return data


def _place(error: BaseException) -> str:
    """What is wrong and where, without the line itself, which may hold a key."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    return f"{problem} in line {mark.line + 1}." if problem and mark is not None else f"{str(error) or type(error).__name__}."


def build(cls: type[T], data: dict[str, Any], where: str, hint: str, prefix: str = "") -> T:
    """A dataclass of settings from a mapping, each value checked against the type of its default.

    The metadata of a field may hold `choices` and, for what no message may show, `secret`. `ConfigError` names the key.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            name = f"{prefix}{key}" if re.fullmatch(r"[\w.-]{1,60}", str(key)) else f"{prefix}{shown(key)}"
            raise ConfigError(f"{where} has an unknown setting {name[:_MAX_SHOWN]}.", hint)
        try:
            values[key] = _value(known[key], value, where, hint, f"{prefix}{key}")
        except _Wrong as wrong:
            instead = "" if known[key].metadata.get("secret") else f", not {shown(value)}"
            raise ConfigError(f"{where}: {prefix}{key} must be {wrong}{instead}.", hint) from None
    return cls(**values)


class _Wrong(Exception):
    """A value is not what this says it must be."""


def _value(spec: Any, value: Any, where: str, hint: str, name: str) -> Any:
    default = spec.default_factory() if callable(spec.default_factory) else spec.default
    if is_dataclass(default):
        if not isinstance(value, dict):
            raise _Wrong("a mapping")
        return build(type(default), value, where, hint, f"{name}.")
    if isinstance(default, tuple):
        return _texts(value)
    if isinstance(default, dict):
        return _named_texts(value)
    wanted = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise _Wrong(f"of type {type(default).__name__}")
    choices = spec.metadata.get("choices")
    if choices and value not in choices:
        raise _Wrong(" or ".join(choices))
    pattern = spec.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        raise _Wrong(spec.metadata["meaning"])
    most = spec.metadata.get("most", 1e15)
    if isinstance(default, int | float) and not isinstance(default, bool) and not 0 < value < most:
        raise _Wrong(f"a positive number below {most:g}")
    return type(default)(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise _Wrong("a list of words")
    return tuple(dict.fromkeys(item.strip() for item in value))


def _named_texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise _Wrong("a mapping of names to texts")
    return dict(value)
