"""The user's own settings: the key, the server and how to ask it. They come from the user's file and environment, never from a
knowledge base, which is somebody else's data in a clone.

Invariant: pure; `gitkb.cli` reads the file and the environment. No message and no `repr` shows a key. Every value tells where
it came from.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from gitkb.config import build, parse_mapping
from gitkb.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
KEY_VARIABLE, URL_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"
DEFAULT = "default"
_HINT = "gitkb config lists every setting."
_LAST = 4
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LlmUserSettings:
    """How a server is asked: requests at once, seconds without a sign of life, tokens of a reply and of a question with its
    reply, headers besides the usual ones."""

    concurrency: int = 16
    timeout: float = 300.0
    max_output_tokens: int = 4_096
    context_tokens: int = 32_768
    headers: dict[str, str] = field(default_factory=dict, repr=False, metadata={"secret": True})


@dataclass(frozen=True, slots=True)
class UserFile:
    """What the user's file may hold."""

    api_key: str = field(default="", repr=False, metadata={"secret": True})
    base_url: str = field(default="", metadata={"secret": True})  # an address may hold a password
    llm: LlmUserSettings = field(default_factory=LlmUserSettings)

    @property
    def holds_a_secret(self) -> bool:
        """Whether the file must not be read by others."""
        return bool(self.api_key) or any(_SECRET_HEADER.search(name) for name in self.llm.headers)


@dataclass(frozen=True, slots=True)
class UserSettings:
    """All of the user's settings. `proxy` is the address of the proxy to the server, "" for none; `origins` says for each key, as
    it is written in the file, where its value came from."""

    api_key: str = field(default="", repr=False)
    base_url: str = OPENAI
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    concurrency: int = 16
    timeout: float = 300.0
    max_output_tokens: int = 4_096
    context_tokens: int = 32_768
    proxy: str = field(default="", repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def reaches_a_model(self) -> bool:
        """Whether a server is configured: a key for OpenAI's, or another one, which may need none."""
        return bool(self.api_key) or self.base_url != OPENAI

    @property
    def warning(self) -> str:
        """What a person should know before anything is sent, "" for nothing."""
        if self.base_url.startswith("http://") and (self.api_key or self.headers) and not _near(self.base_url):
            host = urlsplit(self.base_url).hostname
            return f"The key and the documents travel to {host} unencrypted: base_url begins with http://, not https://."
        return ""


def parse_user_file(text: str, where: str) -> UserFile:
    """The settings in the user's file; `ConfigError` names `where` and the key."""
    data = parse_mapping(text, where, "Correct the file.")
    return build(UserFile, data, where, _HINT)


def user_settings(text: str, where: str, environment: Mapping[str, str]) -> UserSettings:
    """The effective settings: the environment's before the file's before the defaults."""
    written = parse_mapping(text, where, "Correct the file.")
    file = build(UserFile, written, where, _HINT)
    origins = {name: where if _holds(written, name) else DEFAULT for name in user_keys()}
    key, base_url = file.api_key, file.base_url
    if environment.get(KEY_VARIABLE, ""):
        key, origins["api_key"] = environment[KEY_VARIABLE], f"environment ({KEY_VARIABLE})"
    if environment.get(URL_VARIABLE, ""):
        base_url, origins["base_url"] = environment[URL_VARIABLE], f"environment ({URL_VARIABLE})"
    elif not base_url:
        origins["base_url"] = DEFAULT
    llm = file.llm
    return UserSettings(
        api_key=_checked_key(key, origins["api_key"]),
        base_url=_checked_url(base_url or OPENAI, origins["base_url"]),
        headers=_checked_headers(llm.headers, where),
        concurrency=llm.concurrency,
        timeout=llm.timeout,
        max_output_tokens=llm.max_output_tokens,
        context_tokens=llm.context_tokens,
        origins=origins,
    )


def user_keys() -> tuple[str, ...]:
    """The name of every setting of the user, as it is written: `llm.timeout`."""
    own = [each.name for each in fields(UserFile) if each.name != "llm"]
    return (*own, *(f"llm.{each.name}" for each in fields(LlmUserSettings)))


def user_values(settings: UserSettings) -> dict[str, Any]:
    """Every setting by its name, fit to be shown: of a secret only the end."""
    values = {name: getattr(settings, name.removeprefix("llm.")) for name in user_keys()}
    values["api_key"] = masked(settings.api_key)
    values["llm.headers"] = {
        name: masked(value) if _SECRET_HEADER.search(name) else value for name, value in settings.headers.items()
    }
    return values


def masked(secret: str) -> str:
    """What may be shown of a secret: `sk-...abcd`; nothing but dots where it is short."""
    if not secret:
        return ""
    start = "sk-" if secret.startswith("sk-") else ""
    return f"{start}...{secret[-_LAST:]}" if len(secret) >= 5 * _LAST else "..."


def _holds(written: Mapping[str, Any], name: str) -> bool:
    section, _, rest = name.rpartition(".")
    inner = written.get(section, {}) if section else written
    return isinstance(inner, dict) and (rest or name) in inner


def _checked_key(key: str, origin: str) -> str:
    """A key goes into a header: a line break or a letter outside ASCII there is a mistake in copying."""
    stripped = key.strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigError(
            f"The api_key from {origin} holds characters that no key has, such as spaces or line breaks.", "Copy it again."
        )
    return stripped


def _checked_url(url: str, origin: str) -> str:
    stripped = url.strip().rstrip("/")
    parts = _split(stripped)
    if parts is None or parts[0] not in ("http", "https") or not parts[1]:
        raise ConfigError(f"The base_url from {origin} is no http or https address.", "It looks like https://host/v1.")
    if parts[2]:
        raise ConfigError(f"The base_url from {origin} holds a user name or a password.", "Put the key into api_key instead.")
    return stripped


def _split(url: str) -> tuple[str, str, bool] | None:
    """Scheme, host, and whether there is a user name."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", "@" in parts.netloc
    except ValueError:
        return None


def _checked_headers(headers: Mapping[str, str], where: str) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isascii() or not value.isprintable():
            raise ConfigError(f"{where}: llm.headers: {name!r} is no header that can be sent.", "Use plain ASCII on one line.")
    return dict(headers)


def _near(url: str) -> bool:
    """Whether a host is this machine or on a private network, as far as its name tells."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".lan", ".internal", ".home.arpa"))
    return address.is_loopback or address.is_private or address.is_link_local
