"""The tracked settings of a knowledge base: `.gitkb/config.yaml`.

Invariant: every key has a default here and a line in `config.example.yaml`. Tracked settings are somebody else's data in a
clone, so none of them can name an endpoint, a command or a path outside the knowledge base; unknown keys are an error that
names them.
"""

import re
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from gitkb.errors import ConfigError, FormatError
from gitkb.model import FORMAT
from gitkb.text import plainyaml

CONFIG_PATH = ".gitkb/config.yaml"
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

    branch: str = field(default="main", metadata={"pattern": r"\*|(?!-)(?!.*\.\.)[^\0-\x20\x7f-\xa0~^:?*\[\\\"]+"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All tracked settings; `language` is a hint ("" for detection in each document)."""

    format: int = FORMAT
    language: str = ""
    convert: ConvertSettings = field(default_factory=ConvertSettings)
    raw: RawSettings = field(default_factory=RawSettings)
    pages: PagesSettings = field(default_factory=PagesSettings)


def parse_settings(text: str, where: str = CONFIG_PATH) -> Settings:
    """Settings from YAML text; `ConfigError` names `where` and the key, `FormatError` a format of another version."""
    try:
        data = plainyaml.load(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid YAML: {error}", "Correct the file, or take it from git.") from error
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise ConfigError(f"{where} must be a mapping of settings.", "See config.example.yaml.")
    number = data.get("format", FORMAT)
    if number != FORMAT:
        raise FormatError(
            f"{where} says format {_shown(number)}; this gitkb reads and writes format {FORMAT}.",
            "Install the version of gitkb that wrote this knowledge base.",
        )
    return _build(Settings, data, where, "")


def _shown(value: object) -> str:
    """A value that somebody else wrote, as it fits into a message."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _build(cls: type[T], data: dict[str, Any], where: str, prefix: str) -> T:
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            name = f"{prefix}{key}" if str(key).isidentifier() else f"{prefix}{_shown(key)}"
            raise ConfigError(f"{where} has an unknown setting {name[:_MAX_SHOWN]}.", "config.example.yaml lists every setting.")
        values[key] = _value(known[key], value, where, f"{prefix}{key}")
    return cls(**values)


def _value(spec: Any, value: Any, where: str, name: str) -> Any:
    default = spec.default_factory() if callable(spec.default_factory) else spec.default
    if is_dataclass(default):
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: {name} must be a mapping.", "See config.example.yaml.")
        return _build(type(default), value, where, f"{name}.")
    wanted = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        kind = type(default).__name__
        raise ConfigError(f"{where}: {name} must be of type {kind}, not {_shown(value)}.", "See config.example.yaml.")
    choices = spec.metadata.get("choices")
    if choices and value not in choices:
        raise ConfigError(f"{where}: {name} must be {' or '.join(choices)}, not {_shown(value)}.", "See config.example.yaml.")
    pattern = spec.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        raise ConfigError(f"{where}: {name} cannot be {_shown(value)}.", "See config.example.yaml.")
    most = spec.metadata.get("most", 1e15)
    if isinstance(default, int | float) and not isinstance(default, bool) and not 0 < value < most:
        hint = "See config.example.yaml."
        raise ConfigError(f"{where}: {name} must be a positive number below {most:g}, not {_shown(value)}.", hint)
    return type(default)(value)
