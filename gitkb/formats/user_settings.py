"""The user's own settings, such as the key and the server of a model, and how one of them is changed in their file.

Invariant: pure, as `gitkb.cli` reads the file and the environment. No message and no `repr` shows a key, and every value tells
where it came from. A changed text means exactly the old settings with that one change; where that cannot be done line by line,
`ConfigError` says to edit the file by hand.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Meta

from gitkb.errors import ConfigError
from gitkb.formats.settings import NamedTexts, Number, Seconds, Words, build, parse_mapping

if TYPE_CHECKING:
    from typing import TypeGuard

    from yaml.nodes import MappingNode, Node


OPENAI = "https://api.openai.com/v1"
CA_VARIABLE = "SSL_CERT_FILE"
KEY_VARIABLE, URL_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"
DEFAULT = "default"
_HINT = "gitkb config lists every setting."
_LAST = 4
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


Price = Annotated[float, Meta(ge=0, lt=1e9, extra={"wanted": "a number, the price of a million tokens"})]
Share = Annotated[float, Meta(ge=0, le=1, extra={"wanted": "a share from 0 to 1"})]
Private = Annotated[str, Meta(pattern=r"\A(?:ask|send)\Z", extra={"wanted": "ask or send"})]
Effort = Annotated[str, Meta(pattern=r"\A[a-z]{0,20}\Z", extra={"wanted": "a word such as low, medium or high"})]


@dataclass(frozen=True, slots=True)
class LlmUserSettings:
    """How a server is asked: requests at once, seconds without a sign of life, tokens of a reply and of a question with its
    reply, how hard a model that reasons shall think ("" for its own choice), what a million tokens cost (0 for not known) and
    which share of that in a batch, the command that prints the key, headers besides the usual ones; whether documents that are
    likely private go to a server elsewhere without a question ("send")."""

    concurrency: Number = 16
    timeout: Seconds = 300.0
    max_output_tokens: Number = 4_096
    context_tokens: Number = 32_768
    reasoning_effort: Effort = ""
    price_in: Price = 0.0
    price_out: Price = 0.0
    batch_price: Share = 0.5
    api_key_command: str = ""
    private: Private = "ask"
    headers: NamedTexts = field(default_factory=dict, repr=False, metadata={"secret": True})


@dataclass(frozen=True, slots=True)
class ClusterUserSettings:
    """The address of the scheduler that `--backend dask` uses."""

    scheduler: str = ""


@dataclass(frozen=True, slots=True)
class WebUserSettings:
    """Who may use `gitkb web` where a proxy says who asks: the header with the user's name, the addresses from which it is
    believed, and the names that may read (all if empty) and write."""

    user_header: str = ""
    proxies: Words = ("127.0.0.1", "::1")
    readers: Words = ()
    writers: Words = ()


@dataclass(frozen=True, slots=True)
class UserFile:
    """What the user's file may hold."""

    api_key: str = field(default="", repr=False, metadata={"secret": True})
    base_url: str = field(default="", metadata={"secret": True})  # an address may hold a password
    llm: LlmUserSettings = field(default_factory=LlmUserSettings)
    web: WebUserSettings = field(default_factory=WebUserSettings)
    cluster: ClusterUserSettings = field(default_factory=ClusterUserSettings)

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
    reasoning_effort: str = ""
    price_in: float = 0.0
    price_out: float = 0.0
    batch_price: float = 0.5
    api_key_command: str = ""
    private: Private = "ask"
    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    web: WebUserSettings = field(default_factory=WebUserSettings)
    cluster: ClusterUserSettings = field(default_factory=ClusterUserSettings)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def reaches_a_model(self) -> bool:
        """Whether a server is configured: a key for OpenAI's, or another one, which may need none."""
        return bool(self.api_key or self.api_key_command) or self.base_url != OPENAI

    def cost(self, tokens_in: int, tokens_out: int, batch_in: int = 0, batch_out: int = 0) -> float:
        """What so many tokens cost at the prices of these settings, 0 where there are none; of them some went through batches."""
        spared = 1 - self.batch_price
        paid_in, paid_out = tokens_in - spared * batch_in, tokens_out - spared * batch_out
        return (paid_in * self.price_in + paid_out * self.price_out) / 1_000_000

    @property
    def is_near(self) -> bool:
        """Whether the server is on this machine or on a private network, as far as its name tells."""
        return near(self.base_url)

    @property
    def warning(self) -> str:
        """What a person should know before anything is sent, "" for nothing."""
        sends_secrets = bool(self.api_key or self.api_key_command or self.headers)
        if self.base_url.startswith("http://") and sends_secrets and not near(self.base_url):
            host = urlsplit(self.base_url).hostname
            return f"The key and the documents travel to {host} unencrypted: base_url begins with http://, not https://."
        return ""


def parse_user_file(text: str, where: str) -> UserFile:
    """The settings in the user's file; `ConfigError` names `where` and the key."""
    data = parse_mapping(text, where, "Correct the file.")
    return build(UserFile, data, where, _HINT)


def user_settings(text: str, where: str, environment: Mapping[str, str]) -> UserSettings:
    """The effective settings: the environment wins over the file, the file over the defaults."""
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
        api_key=checked_key(key, origins["api_key"]),
        base_url=_checked_url(base_url or OPENAI, origins["base_url"]),
        headers=_checked_headers(llm.headers, where),
        concurrency=llm.concurrency,
        timeout=llm.timeout,
        max_output_tokens=llm.max_output_tokens,
        context_tokens=llm.context_tokens,
        web=_checked_web(file.web, where),
        cluster=file.cluster,
        reasoning_effort=llm.reasoning_effort,
        price_in=llm.price_in,
        price_out=llm.price_out,
        batch_price=llm.batch_price,
        api_key_command=llm.api_key_command.strip() if not key else "",
        private=llm.private,
        ca_file=environment.get(CA_VARIABLE, ""),
        origins=origins,
    )


_SECTIONS: dict[str, type] = {"llm": LlmUserSettings, "web": WebUserSettings, "cluster": ClusterUserSettings}


def user_keys() -> tuple[str, ...]:
    """The name of every setting of the user, as it is written: `llm.timeout`."""
    own = [each.name for each in fields(UserFile) if each.name not in _SECTIONS]
    return (*own, *(f"{name}.{each.name}" for name, section in _SECTIONS.items() for each in fields(section)))


def user_values(settings: UserSettings) -> dict[str, Any]:
    """Every setting by its name, fit to be shown: of a secret only the end."""
    values = {name: _value(settings, name) for name in user_keys()}
    values["api_key"] = masked(settings.api_key)
    values["base_url"] = _without_secrets(settings.base_url)
    values["llm.headers"] = {
        name: masked(value) if _SECRET_HEADER.search(name) else value for name, value in settings.headers.items()
    }
    return values


def _value(settings: UserSettings, name: str) -> Any:
    section, _, key = name.rpartition(".")
    value = getattr(getattr(settings, section) if section in ("cluster", "web") else settings, key)
    return list(value) if isinstance(value, tuple) else value


def _checked_web(web: WebUserSettings, where: str) -> WebUserSettings:
    if web.user_header and not re.fullmatch(r"[A-Za-z0-9-]+", web.user_header):
        raise ConfigError(
            f"{where}: web.user_header: {web.user_header!r} is no name of a header.", "Write it as X-Forwarded-User."
        )
    return web


def _without_secrets(url: str) -> str:
    """An address as it may be shown: of a secret in its query only the end."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, masked(value) if _SECRET_HEADER.search(name) else value) for name, value in pairs])
    return urlunsplit((*parts[:3], query, ""))


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


def checked_key(key: str, origin: str) -> str:
    """A key goes into a header: a line break or a letter outside ASCII there is a mistake in copying."""
    stripped = key.strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigError(
            f"The api_key from {origin} holds characters that no key has, such as spaces or line breaks.", "Copy it again."
        )
    return stripped


_ASKING = "/chat/completions"


def _checked_url(url: str, origin: str) -> str:
    """The address without what is added to it when it is asked, and without a slash at the end; its query stays."""
    stripped = url.strip()
    parts = _split(stripped)
    if parts is None or parts[0] not in ("http", "https") or not parts[1]:
        raise ConfigError(f"The base_url from {origin} is no http or https address.", "It looks like https://host/v1.")
    if parts[2]:
        raise ConfigError(f"The base_url from {origin} holds a user name or a password.", "Put the key into api_key instead.")
    scheme, host, path, query, _ = urlsplit(stripped)
    path = path.rstrip("/").removesuffix(_ASKING).rstrip("/")
    return urlunsplit((scheme, host, path, query, ""))


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


def near(url: str) -> bool:
    """Whether a host is this machine or on a private network, as far as its name tells."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".lan", ".internal", ".home.arpa"))
    return address.is_loopback or address.is_private or address.is_link_local


_Path = tuple[str, ...]


def with_setting(text: str, name: str, value: str | int | float, where: str) -> str:
    """The text with a setting (`llm.timeout`) added or replaced."""
    path = tuple(name.split("."))
    changed = _set(text, path, _scalar(value))
    return _checked(changed, _assigned(_data(text, where), path, value), where)


def without_setting(text: str, name: str, where: str) -> str:
    """The text without a setting; the same text where it is not set."""
    path = tuple(name.split("."))
    data = _data(text, where)
    if not _has_key(data, path):
        return text
    expected = _removed(data, path)
    while len(path) > 1 and not _has_key(expected, path[:-1]):
        path = path[:-1]
    return _checked(_unset(text, path), expected, where)


def _set(text: str, path: _Path, scalar: str) -> str:
    node, depth = _root(text), 0
    if node is None:
        return f"{_lines(text)}{_block(path, scalar)}\n"
    while (pair := _pair(node, path[depth])) is not None and depth + 1 < len(path) and _is_mapping(pair[1]) and pair[1].value:
        node, depth = pair[1], depth + 1
    if pair is not None:
        end = pair[1].end_mark.index if pair[1].value != "" else pair[0].end_mark.index + 1
        inner = scalar if depth + 1 == len(path) else f"{{{path[-1]}: {scalar}}}"
        return f"{text[: pair[0].end_mark.index]}: {inner}{text[end:]}"
    if depth == 0 and not node.flow_style:
        return f"{_lines(text)}{_block(path, scalar)}\n"
    first = node.value[0][0].start_mark if node.value else None
    if first is None:
        return f"{text[: node.start_mark.index]}{{{_flow(path[depth:], scalar)}}}{text[node.end_mark.index :]}"
    gap = ", " if node.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{_flow(path[depth:], scalar)}{gap}{text[first.index :]}"


def _unset(text: str, path: _Path) -> str:
    """The text without the lines of a setting. Where these lines hold other settings too (inside braces), `_checked` notices."""
    node = _root(text)
    for name in path[:-1]:
        pair = _pair(node, name) if node is not None else None
        node = pair[1] if pair is not None and _is_mapping(pair[1]) else None
    pair = _pair(node, path[-1]) if node is not None else None
    if pair is None:
        return text
    start = text.rfind("\n", 0, pair[0].start_mark.index) + 1
    last = max(pair[0].end_mark.index, pair[1].end_mark.index - 1)
    end = text.find("\n", last)
    return text[:start] + (text[end + 1 :] if end >= 0 else "")


def _root(text: str) -> "MappingNode | None":
    import yaml

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node if _is_mapping(node) else None


def _is_mapping(node: Any) -> "TypeGuard[MappingNode]":
    from yaml.nodes import MappingNode

    return isinstance(node, MappingNode)


def _pair(node: "MappingNode", name: str) -> "tuple[Node, Any] | None":
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _lines(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _block(path: _Path, scalar: str) -> str:
    *sections, last = path
    return "\n".join(
        [*(f"{'  ' * depth}{name}:" for depth, name in enumerate(sections)), f"{'  ' * len(sections)}{last}: {scalar}"]
    )


def _flow(path: _Path, scalar: str) -> str:
    return f"{path[0]}: {scalar}" if len(path) == 1 else f"{path[0]}: {{{_flow(path[1:], scalar)}}}"


def _scalar(value: str | int | float) -> str:
    import yaml

    return yaml.safe_dump(value, width=10_000, allow_unicode=True).removesuffix("...\n").strip()


def _data(text: str, where: str) -> dict[str, Any]:
    return parse_mapping(text, where, "Correct the file.")


def _has_key(data: Any, path: _Path) -> bool:
    for name in path:
        if not isinstance(data, dict) or name not in data:
            return False
        data = data[name]
    return True


def _assigned(data: dict[str, Any], path: _Path, value: Any) -> dict[str, Any]:
    inner = data.get(path[0])
    inside = inner if isinstance(inner, dict) else {}
    return data | {path[0]: value if len(path) == 1 else _assigned(inside, path[1:], value)}


def _removed(data: dict[str, Any], path: _Path) -> dict[str, Any]:
    """The data without the setting, and without a section that would be empty."""
    rest = {name: value for name, value in data.items() if name != path[0]}
    inner = _removed(data[path[0]], path[1:]) if len(path) > 1 else {}
    return data | {path[0]: inner} if inner else rest


def _checked(text: str, expected: dict[str, Any], where: str) -> str:
    try:
        same = parse_mapping(text, where, "") == expected
    except ConfigError:
        same = False
    if not same:
        raise ConfigError(f"{where} is written in a way that cannot be changed line by line.", "Edit it by hand.")
    return text
