"""The tracked settings of a knowledge base: `.gitkb/config.yaml`.

Invariant: every key has a default here and a line in `config.example.yaml`. Tracked settings are somebody else's data in a
clone, so none of them can name an endpoint, a command or a path outside the knowledge base, except `ci.install`, which gitkb
itself never follows: it writes it into a CI template. Unknown keys are an error that names them.
"""

import re
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Meta, ValidationError, convert

from gitkb.errors import ConfigError
from gitkb.formats.glossary import Term
from gitkb.formats.versions import FORMATS, Formats, shown
from gitkb.text.markdown import frontmatter

CONFIG_PATH = ".gitkb/config.yaml"
T = TypeVar("T")
_MAX_SHOWN = 60
_BARE = re.compile(r"(?:#[\x20-\x7e]*\n|\n)*format: ([1-9][0-9]{0,8})\n?")
"""The file as `init` writes it. Reading it needs no YAML, whose import alone takes a quarter of the time of a short command."""


def _below(most: float) -> Meta:
    return Meta(gt=0, lt=most, extra={"wanted": f"a positive number below {most:g}"})


def _one_of(*choices: str) -> Meta:
    return Meta(pattern=rf"\A(?:{'|'.join(choices)})\Z", extra={"wanted": " or ".join(choices)})


_BRANCH = Meta(
    pattern=r"\A(?:\*|(?!-)(?!.*\.\.)[^\0-\x20\x7f-\xa0~^:?*\[\\\"]+)\Z",
    extra={"wanted": "the name of a branch, or * for all"},
)
Number = Annotated[int, _below(10**15)]
Seconds = Annotated[float, _below(1e6)]
Words = Annotated[tuple[Annotated[str, Meta(pattern=r"\S")], ...], Meta(extra={"wanted": "a list of words"})]
_OCR = Annotated[str, _one_of("off", "auto", "all")]
_Switch = Annotated[str, _one_of("off", "on")]
_Language = Annotated[str, Meta(pattern=r"\A[a-z]{2,3}\Z")]
Languages = Annotated[tuple[_Language, ...], Meta(extra={"wanted": "a list of languages such as [en, ru]"})]
NamedTexts = Annotated[dict[str, str], Meta(extra={"wanted": "a mapping of names to texts"})]
"""The types of settings; `wanted` is what a message says of one, where that is more than the type's name."""


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """Limits for one conversion: seconds, bytes of memory, bytes of input; and how pictures of text are read.

    `ocr`: "off"; "auto" reads pages that are pictures, and files that are; "all" also the pictures in documents. `languages` are
    those to expect, by their ISO 639 codes; none for what the usual engine reads.
    """

    timeout: Seconds = 120.0
    memory: Number = 2 * 1024**3
    max_bytes: Number = 512 * 1024**2
    ocr: _OCR = "off"
    languages: Languages = ()


@dataclass(frozen=True, slots=True)
class ConversionSettings:
    """What of the settings every reader is told.

    Equal ones make equal conversions. So a field that changes what a reader makes takes part in comparison, and by that in
    `choices`; a limit, which only decides whether there is a conversion at all, does not.
    """

    max_bytes: int = field(default=512 * 1024**2, compare=False)
    ocr: str = "off"
    languages: tuple[str, ...] = ()
    drawn: bool = False
    """Whether pages that are pictures are drawn for a model that sees."""

    @property
    def choices(self) -> dict[str, object]:
        """The fields that change what a reader makes and are not at their defaults, by the names of their settings: they are
        part of the key of a cached conversion and of the record's fingerprint. Defaults leave no trace in either."""
        return {
            f"convert.{each.name}": value
            for each in fields(self)
            if each.compare and (value := getattr(self, each.name)) != each.default
        }


@dataclass(frozen=True, slots=True)
class RawSettings:
    """`storage`: where originals of more than `lfs_above` bytes are kept, in "git" itself or in Git LFS ("lfs")."""

    storage: Annotated[str, _one_of("git", "lfs")] = "git"
    lfs_above: Number = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """`branch`: the branch that carries pages commits, `*` for every branch."""

    branch: Annotated[str, _BRANCH] = "main"


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """The models of single tasks, "" for the usual one: who reads documents, who answers questions, who compares names and
    writes overviews, and who describes pictures."""

    digest: str = ""
    answer: str = ""
    overview: str = ""
    pictures: str = ""


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """`instructions`: what a model is told in addition, about the documents and how to write about them; `pictures`: "on" if a
    model describes those of documents; `models`: those that have a task of their own."""

    instructions: str = ""
    pictures: _Switch = "off"
    models: ModelsSettings = field(default_factory=ModelsSettings)


# It becomes a line of a shell in a CI template, so nothing in it may mean anything to a shell.
_HASH, _URL, _PATH = "sha256:[0-9a-f]{64}", "[A-Za-z0-9._~:/@%+=-]+?", r"(?![/.-])(?!\S*\.\.)[A-Za-z0-9_./-]+?"
_INSTALL = Meta(
    pattern=rf"\A(?:|gitkb==[0-9][0-9A-Za-z.+-]*(?: {_HASH})+|(?:https://{_URL}|{_PATH})\.whl {_HASH}"
    rf"|git\+https://{_URL}@[0-9a-f]{{40}}|{_PATH}\.txt)\Z",
    extra={
        "wanted": "a package (gitkb==1.2.3 sha256:...), a wheel (PATH.whl sha256:...), a repository (git+https://...@COMMIT) or a"
        " file of requirements with hashes (PATH.txt)"
    },
)


@dataclass(frozen=True, slots=True)
class CiSettings:
    """`install`: how CI templates install gitkb, "" for not known."""

    install: Annotated[str, _INSTALL] = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All tracked settings.

    `compiler` is "extractive" or "llm", `model` what the server calls the model that "llm" asks; `language` is a hint ("" for
    detection in each document), `entity_types` are the kinds of named things to look for. `glossary` is no setting: it stands in
    a file of its own (`formats.glossary`).
    """

    format: Number = FORMATS.newest
    compiler: Annotated[str, _one_of("extractive", "llm")] = "extractive"
    model: str = ""
    language: str = ""
    entity_types: Words = ("person", "organisation", "place", "product", "event", "work")
    glossary: tuple[Term, ...] = field(default=(), metadata={"file": True})
    llm: LlmSettings = field(default_factory=LlmSettings)
    convert: ConvertSettings = field(default_factory=ConvertSettings)
    raw: RawSettings = field(default_factory=RawSettings)
    pages: PagesSettings = field(default_factory=PagesSettings)
    ci: CiSettings = field(default_factory=CiSettings)

    def model_for(self, task: str) -> str:
        """The model of a task: "digest", "answer", "overview" or "pictures"."""
        own: str = getattr(self.llm.models, task)
        return own or self.model

    def with_model(self, name: str) -> "Settings":
        """The settings with one model for every task; the same settings where it has no name."""
        return replace(self, model=name, llm=replace(self.llm, models=ModelsSettings())) if name else self

    @property
    def describes_pictures(self) -> bool:
        """Whether a model is asked what pictures show."""
        return self.compiler == "llm" and self.llm.pictures == "on"

    @property
    def conversion(self) -> ConversionSettings:
        """What the readers are told."""
        wanted = self.convert
        languages = wanted.languages if wanted.ocr != "off" else ()  # without OCR they change nothing
        return ConversionSettings(wanted.max_bytes, wanted.ocr, languages, self.describes_pictures)


def parse_settings(text: str, where: str = CONFIG_PATH, formats: Formats = FORMATS) -> Settings:
    """Settings from YAML text, also of an older format, whose number they keep; `ConfigError` names `where` and the key,
    `NewerFormat` and `FormatError` the format."""
    number = format_of(text, where, formats)
    data = parse_mapping(formats.settings(text, number), where, "Correct the file, or take it from git.")
    return build(Settings, {**data, "format": number}, where, "config.example.yaml lists every setting.")


def format_of(text: str, where: str = CONFIG_PATH, formats: Formats = FORMATS) -> int:
    """The format number of a knowledge base, from the text of its settings; 1 where it has no number."""
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
    for each in _in_file(settings):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            found += _effective(value, written.get(each.name, {}), f"{prefix}{each.name}.")
        else:
            found.append(Effective(f"{prefix}{each.name}", value, each.name in written))
    return found


def _in_file(settings: Any) -> list[Field[Any]]:
    """The fields that the file of settings may hold."""
    return [each for each in fields(settings) if not each.metadata.get("file")]


def parse_mapping(text: str, where: str, hint: str) -> dict[str, Any]:
    """The settings in YAML text as they stand; `ConfigError` where it is no mapping."""
    if bare := _BARE.fullmatch(text):
        return {"format": int(bare[1])}
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
    """A dataclass of settings from a mapping, each value of exactly the type of its field; `ConfigError` names the key, what it
    must be, and what it is. The metadata of a field says with `secret` that no message may show its value."""
    kinds = get_type_hints(cls, include_extras=True)
    known = {each.name: each for each in _in_file(cls)}
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            name = f"{prefix}{key}" if re.fullmatch(r"[\w.-]{1,60}", str(key)) else f"{prefix}{shown(key)}"
            raise ConfigError(f"{where} has an unknown setting {name[:_MAX_SHOWN]}.", hint)
        kind = kinds[key]
        try:
            if is_dataclass(kind) and isinstance(value, dict):
                values[key] = build(kind, value, where, hint, f"{prefix}{key}.")  # type: ignore[arg-type]
            else:
                values[key] = _converted(value, kind)
        except ValidationError:
            instead = "" if known[key].metadata.get("secret") else f", not {shown(value)}"
            # Its cause would show a value that may be a secret.
            raise ConfigError(f"{where}: {prefix}{key} must be {_wanted(kind, value)}{instead}.", hint) from None
    return cls(**values)


def _converted(value: Any, kind: Any) -> Any:
    """A value converted to its type. Words lose the blanks around them, and each is kept once."""
    if kind in (_OCR, _Switch) and isinstance(value, bool):
        value = "on" if value else "off"  # as YAML reads the words where they are not quoted
    if kind == Languages and isinstance(value, list):
        value = ["no" if each is False else each for each in value]  # Norwegian
    if isinstance(value, set):  # YAML has these, without an order
        raise ValidationError("a set is no list")
    made = convert(value, kind)
    return tuple(dict.fromkeys(word.strip() for word in made)) if isinstance(made, tuple) else made


def _wanted(kind: Any, value: Any) -> str:
    """What a value of a type must be, in words; less is said where already the type of `value` is wrong."""
    if is_dataclass(kind):
        return "a mapping"
    base = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if base in (str, int, float):
        right = isinstance(value, base | int if base is float else base) and not isinstance(value, bool)
        if base is kind or not right:
            return f"of type {base.__name__}"
    wanted: str = get_args(kind)[1].extra["wanted"]
    return wanted
